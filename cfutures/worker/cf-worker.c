/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfWorker: the side of a process pool that runs the calls.
 *
 *      pool ══ring══→ main thread: claim → handler → result ══ring══→ pool
 *           ──socket─→ control thread: payloads, cancelling, the pool's death
 *
 * Calls are made one after the other, in the thread that called cf_worker_run(): a process that runs somebody's
 * functions should have them in its main thread. It spins a moment for the next call before it sleeps, as the
 * threads of a thread pool do.
 *
 * The control thread sleeps in the socket. It lays payloads down for the main thread, under the mutex, trips the
 * cancellable of the call that is running, and ends the process at once when the socket is closed: then the pool
 * is gone, whatever killed it, and nobody waits for the results.
 *
 * The ring of results has one writer at a time, under the mutex `writing`, which comes before `mutex`: progress is
 * reported by any thread. */

#include "config.h"

#include "cf-worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "transport/cf-channel-private.h"
#include "base/cf-error-private.h"
#include "cf-error.h"
#include "future/cf-call-private.h"
#include "future/cf-chunk-private.h"
#include "transport/cf-function-reference-private.h"
#include "future/cf-future-cancellable-private.h"
#include "future/cf-future-claim-private.h"
#include "future/cf-future-private.h"
#include "future/cf-future-remote-private.h"
#include "base/cf-fork-private.h"
#include "base/cf-mutex-private.h"
#include "base/cf-spin-private.h"
#include "transport/cf-nesting-private.h"
#include "transport/cf-payload-private.h"
#include "transport/cf-worker-command-private.h"

#define ARGUMENT_PREFIX  "--cf-worker="
#define MAX_TYPE_LENGTH  (32 * 1024)

/* How long to wait for the pool to make room. */
#define FULL_USEC        50

/**
 * CfWorker:
 *
 * The worker side of a process pool.
 *
 * A C program that is to run its own functions in worker processes calls [func@Cf.Worker.main] and needs nothing
 * of this class. It is there to teach workers other languages: a worker for Python is a script that makes a
 * `CfWorker` from its last argument and asks it for calls:
 *
 * ```python
 * worker = Cf.Worker.new(sys.argv[-1])
 * while future := worker.next():
 *     function = resolve(future.dup_function())
 *     future.set_variant(to_variant(function(*from_variant(future.dup_arguments()))))
 * ```
 *
 * Such a script is what [property@Cf.WorkerLauncher:argv] names.
 *
 * What the functions write to standard output and standard error goes where the pool's user wants
 * it.
 *
 * Since: 1.0
 */
struct _CfWorker
{
  GObject          parent_instance;

  CfFutureOwner    owner;
  CfChannel        channel;
  GThread         *control;
  guint            fork_count;    /* as it was when the worker began: a forked child has another one */

  /* Of the main thread: what was handed out by cf_worker_next(), and the chunk of a map that it is an item of. */
  CfFuture        *future;
  char            *function;
  CfFrame          frame;
  struct timespec  begin;
  GVariantIter    *items;
  GPtrArray       *results;       /* of the items */

  CfMutex          writing;

  CfMutex          mutex;         /* guards what follows */
  GHashTable      *payloads;      /* call id → descriptor */
  guint64          current_id;    /* of the call that is running, or 0 */
  guint64          cancelled_id;  /* of the call that was last asked to give up; it may be about to begin */
  CfFuture        *current;
  guint            current_slot;
};

G_DEFINE_FINAL_TYPE (CfWorker, cf_worker, G_TYPE_OBJECT)

/* Sending. */

/* With `writing` held. */
static void
write_frame_locked (CfWorker      *self,
                    const CfFrame *frame)
{
  while (!cf_ring_write (&self->channel.results, frame))
    {
      cf_channel_wake_pool (&self->channel);
      g_usleep (FULL_USEC);
    }
  cf_channel_wake_pool (&self->channel);
}

static void
write_frame (CfWorker      *self,
             const CfFrame *frame)
{
  cf_mutex_lock (&self->writing);
  write_frame_locked (self, frame);
  cf_mutex_unlock (&self->writing);
}

/* The pool reads its messages: it is only a matter of time until there is room. */
static void
send_message (CfWorker      *self,
              CfMessageKind  kind,
              guint          value,
              guint64        id,
              const char    *text,
              int            descriptor)
{
  while (!cf_channel_send (&self->channel, kind, value, id, text, descriptor) &&
         (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS))
    g_usleep (FULL_USEC);
}

static void
send_error (CfWorker     *self,
            CfFrame      *frame,
            const GError *error)
{
  g_autoptr(GVariant) value = g_variant_ref_sink (cf_error_to_variant (error));

  frame->flags |= CF_FRAME_FLAG_ERROR;
  frame->value = value;
  if (g_variant_get_size (value) <= CF_CHANNEL_MAX_INLINE)
    {
      write_frame (self, frame);
    }
  else
    {
      g_autofree char *beginning = g_strndup (error->message, CF_CHANNEL_MAX_INLINE / 2);
      g_autoptr(GError) shorter = g_error_new_literal (error->domain, error->code, beginning);

      send_error (self, frame, shorter);
    }
}

static void
send_large (CfWorker *self,
            CfFrame  *frame)
{
  g_autoptr(GError) error = NULL;
  int payload = cf_payload_create (frame->value, &error);

  if (payload < 0)
    {
      send_error (self, frame, error);
      return;
    }

  send_message (self, CF_MESSAGE_PAYLOAD, 0, frame->id, NULL, payload);
  g_close (payload, NULL);
  frame->flags |= CF_FRAME_FLAG_PAYLOAD;
  write_frame (self, frame);
}

static void
send_value (CfWorker *self,
            CfFrame  *frame,
            GVariant *value)
{
  g_autoptr(GError) error = NULL;

  frame->value = value;
  if (value == NULL)
    {
      write_frame (self, frame);
    }
  else if (strlen (g_variant_get_type_string (value)) > MAX_TYPE_LENGTH)
    {
      error = g_error_new_literal (CF_ERROR, CF_ERROR_NOT_PORTABLE, _("The type of the result is too long"));
      send_error (self, frame, error);
    }
  else if (!cf_nesting_is_portable (value))
    {
      error = g_error_new (CF_ERROR, CF_ERROR_NOT_PORTABLE,
                           _("The result is nested more than %d deep, and would arrive cut off in another process"),
                           CF_NESTING_MAX);
      send_error (self, frame, error);
    }
  else if (g_variant_get_size (value) > CF_CHANNEL_MAX_INLINE)
    {
      send_large (self, frame);
    }
  else
    {
      write_frame (self, frame);
    }
}

static void
report (CfFutureOwner *owner,
        CfFuture      *future,
        double         fraction,
        const char    *message)
{
  CfWorker *self = (CfWorker *) (gpointer) ((guint8 *) owner - G_STRUCT_OFFSET (CfWorker, owner));
  g_autoptr(GVariant) value = g_variant_ref_sink (g_variant_new ("(dm^ay)", fraction, message));
  CfFrame frame = { .kind = CF_FRAME_PROGRESS, .value = value };

  if (g_variant_get_size (value) > CF_CHANNEL_MAX_INLINE)
    return;

  cf_mutex_lock (&self->writing);
  cf_mutex_lock (&self->mutex);
  frame.id = self->current == future ? self->current_id : 0;
  frame.slot = self->current_slot;
  cf_mutex_unlock (&self->mutex);

  if (frame.id != 0)
    write_frame_locked (self, &frame);
  cf_mutex_unlock (&self->writing);
}

static gboolean
give_back_nothing (CfFutureOwner *owner,
                   CfFuture      *future,
                   CfCall        *call)
{
  return TRUE;
}

static gboolean
has_begun (CfFutureOwner *owner,
           CfFuture      *future)
{
  return TRUE;
}

static const CfRemoteInterface remote_interface = {
  .take_back = give_back_nothing,
  .has_begun = has_begun,
  .report = report,
};

/* The control thread. */

static void
take_payload (CfWorker *self,
              guint64   id,
              int       descriptor)
{
  cf_mutex_lock (&self->mutex);
  cf_payload_table_insert (self->payloads, id, descriptor);
  cf_mutex_unlock (&self->mutex);

  cf_channel_wake_worker (&self->channel);
}

static void
cancel_call (CfWorker *self,
             guint64   id)
{
  g_autoptr(CfFuture) future = NULL;

  cf_mutex_lock (&self->mutex);
  self->cancelled_id = id;
  if (id == self->current_id && self->current != NULL)
    future = g_object_ref (self->current);
  cf_mutex_unlock (&self->mutex);

  if (future != NULL)
    cf_future_trip_cancellable (future);
}

static gpointer
control_main (gpointer data)
{
  CfWorker *self = data;

  for (;;)
    {
      g_autofree char *text = NULL;
      CfMessage message;
      int descriptor;

      if (cf_channel_receive (&self->channel, TRUE, &message, &text, &descriptor, NULL) != CF_RECEIVE_MESSAGE)
        _exit (EXIT_FAILURE);

      if (message.kind == CF_MESSAGE_PAYLOAD)
        take_payload (self, message.id, descriptor);
      else if (message.kind == CF_MESSAGE_CANCEL)
        cancel_call (self, message.id);
    }

  return NULL;
}

/* Receiving. */

static gboolean
has_call (gpointer data)
{
  return !cf_ring_is_empty (&((CfWorker *) data)->channel.calls);
}

/* Waits for the next frame. */
static guint8 *
next_frame (CfWorker *self,
            CfFrame  *frame)
{
  g_autoptr(GError) error = NULL;
  guint8 *memory = NULL;
  gsize size;

  while (!cf_ring_read (&self->channel.calls, &memory, &size, &error))
    {
      if (error != NULL)
        g_error ("%s", error->message);

      if (!cf_spin_until (has_call, self))
        {
          cf_channel_sleep_worker (&self->channel, has_call, self);
          cf_spin_learn ();
        }
    }

  if (!cf_frame_parse (frame, memory, size, &error))
    g_error ("%s", error->message);

  return memory;
}

typedef struct
{
  CfWorker *worker;
  guint64   id;
  int       descriptor;
} AwaitedPayload;

static gboolean
take_awaited (gpointer data)
{
  AwaitedPayload *awaited = data;
  CfWorker *self = awaited->worker;

  if (awaited->descriptor >= 0)
    return TRUE;

  cf_mutex_lock (&self->mutex);
  awaited->descriptor = cf_payload_table_steal (self->payloads, awaited->id);
  cf_mutex_unlock (&self->mutex);

  return awaited->descriptor >= 0;
}

/* The payload of a call, which may still be under way. */
static int
await_payload (CfWorker *self,
               guint64   id)
{
  AwaitedPayload awaited = { self, id, -1 };

  cf_channel_sleep_worker (&self->channel, take_awaited, &awaited);
  return awaited.descriptor;
}

/* Takes the memory in any case. */
static GVariant *
take_arguments (CfWorker       *self,
                const CfFrame  *frame,
                guint8         *memory,
                GError        **error)
{
  g_autofree guint8 *owned = memory;
  GVariant *args;
  int payload;

  if (frame->type == NULL)
    return NULL;

  if ((frame->flags & CF_FRAME_FLAG_PAYLOAD) == 0)
    return cf_frame_take_value (frame, g_steal_pointer (&owned));

  payload = await_payload (self, frame->id);
  args = cf_payload_map (payload, G_VARIANT_TYPE (frame->type), frame->data_size, error);
  g_close (payload, NULL);
  return args;
}

/* Calls. */

static CfFuture *
begin_call (CfWorker      *self,
            CfCall        *call,
            const CfFrame *frame)
{
  CfFuture *future = cf_future_new_call (call);
  gboolean is_cancelled;

  cf_future_set_remote_reporter (future, &self->owner);
  cf_future_begin_remote (future);

  cf_mutex_lock (&self->mutex);
  self->current = future;
  self->current_id = frame->id;
  self->current_slot = frame->slot;
  is_cancelled = self->cancelled_id == frame->id;
  cf_mutex_unlock (&self->mutex);

  if (is_cancelled)
    cf_future_trip_cancellable (future);
  return future;
}

/* A call has forked, and returned in the child as well, which has neither the memory nor the threads for replying. */
G_NORETURN static void
end_child (void)
{
  g_printerr ("A call has forked this process and returned in it: a child of a worker should end by itself, with _exit()\n");
  _exit (EXIT_FAILURE);
}

static void
end_call (CfWorker *self)
{
  if (cf_fork_count () != self->fork_count)
    end_child ();

  /* No report that another thread is about to write may come after the result. */
  cf_mutex_lock (&self->writing);
  cf_mutex_lock (&self->mutex);
  self->current = NULL;
  self->current_id = 0;
  cf_mutex_unlock (&self->mutex);
  cf_mutex_unlock (&self->writing);

  /* So that what the call has printed comes before what its submitter prints about the result. */
  fflush (stdout);
}

static guint
nsec_since (const struct timespec *begin)
{
  struct timespec now;
  gint64 nsec;

  clock_gettime (CLOCK_MONOTONIC, &now);
  nsec = (gint64) (now.tv_sec - begin->tv_sec) * G_GINT64_CONSTANT (1000000000) + now.tv_nsec - begin->tv_nsec;

  return (guint) CLAMP (nsec, 0, G_MAXUINT - 1);
}

/* C functions. */

static void
make_native_call (CfWorker      *self,
                  const CfFrame *frame,
                  CfCall        *call,
                  CfOutcome     *outcome)
{
  CfCall nothing = { CF_CALL_NONE };
  g_autoptr(CfFuture) future = begin_call (self, &nothing, frame);

  cf_call_invoke (call, future, outcome);
  end_call (self);
}

static void
run_native (CfWorker      *self,
            const CfFrame *frame,
            GVariant      *args,
            CfOutcome     *outcome)
{
  GError *error = NULL;
  CfCall call;

  if ((frame->flags & CF_FRAME_FLAG_REFERENCE) != 0)
    {
      CfFunc func = cf_function_reference_resolve (frame->function, &error);

      if (func == NULL)
        {
          cf_outcome_take_error (outcome, error);
          return;
        }
      cf_call_init_func (&call, func, args);
    }
  else
    {
      cf_call_init_name (&call, frame->function, args);
    }

  if ((frame->flags & CF_FRAME_FLAG_CHUNK) != 0)
    cf_call_make_chunk (&call);
  make_native_call (self, frame, &call, outcome);
  cf_call_clear (&call);
}

static void
send_outcome (CfWorker  *self,
              CfFrame   *result,
              CfOutcome *outcome)
{
  if (outcome->kind == CF_OUTCOME_ERROR)
    send_error (self, result, outcome->error);
  else
    send_value (self, result, outcome->kind == CF_OUTCOME_VARIANT ? outcome->variant : NULL);

  cf_outcome_clear (outcome);
}

/* Takes the memory of the frame. */
static void
serve_native (CfWorker      *self,
              const CfFrame *frame,
              guint8        *memory)
{
  g_autofree char *function = g_strdup (frame->function);
  g_autoptr(GVariant) args = NULL;
  CfOutcome outcome = { CF_OUTCOME_NOTHING };
  CfFrame call = *frame;
  CfFrame result = { .kind = CF_FRAME_RESULT, .id = frame->id, .slot = frame->slot };
  struct timespec begin;
  GError *error = NULL;

  clock_gettime (CLOCK_MONOTONIC, &begin);
  call.function = function;
  args = take_arguments (self, frame, memory, &error);

  if (error != NULL)
    cf_outcome_take_error (&outcome, error);
  else
    run_native (self, &call, args, &outcome);

  g_clear_pointer (&args, g_variant_unref);
  result.duration_nsec = nsec_since (&begin);
  send_outcome (self, &result, &outcome);
}

/* Functions of another language. */

static void
begin_one (CfWorker *self,
           GVariant *args)
{
  CfCall call;

  cf_call_init_name (&call, self->function, args);
  self->future = begin_call (self, &call, &self->frame);
}

static gboolean
begin_item (CfWorker *self)
{
  g_autoptr(GVariant) item = NULL;

  if (!g_variant_iter_next (self->items, "v", &item))
    return FALSE;

  begin_one (self, item);
  return TRUE;
}

static void
reply (CfWorker  *self,
       CfOutcome *outcome)
{
  CfFrame result = { .kind = CF_FRAME_RESULT, .id = self->frame.id, .slot = self->frame.slot };

  g_clear_pointer (&self->function, g_free);
  result.duration_nsec = nsec_since (&self->begin);
  send_outcome (self, &result, outcome);
}

static void
reply_error (CfWorker *self,
             GError   *error)
{
  CfOutcome outcome;

  cf_outcome_take_error (&outcome, error);
  reply (self, &outcome);
}

/* With the results of the items up to the first that has failed, if any has. */
static void
reply_items (CfWorker *self,
             GError   *error)
{
  CfOutcome outcome = { CF_OUTCOME_VARIANT };

  outcome.variant = cf_chunk_new (self->results, error);
  g_clear_pointer (&self->items, g_variant_iter_free);
  g_clear_pointer (&self->results, g_ptr_array_unref);
  reply (self, &outcome);
}

/* Takes the memory of the frame. */
static void
begin_serving (CfWorker      *self,
               const CfFrame *frame,
               guint8        *memory)
{
  g_autoptr(GVariant) args = NULL;
  GError *error = NULL;

  clock_gettime (CLOCK_MONOTONIC, &self->begin);
  self->function = g_strdup (frame->function);
  self->frame = *frame;
  args = take_arguments (self, frame, memory, &error);

  if (error == NULL && (frame->flags & CF_FRAME_FLAG_REFERENCE) != 0)
    error = g_error_new_literal (CF_ERROR, CF_ERROR_NOT_PORTABLE, _("This worker does not run C functions"));
  if (error != NULL)
    {
      reply_error (self, error);
      return;
    }

  if ((frame->flags & CF_FRAME_FLAG_CHUNK) == 0)
    {
      begin_one (self, args);
      return;
    }

  self->items = g_variant_iter_new (args);
  self->results = g_ptr_array_new ();
  if (!begin_item (self))
    reply_items (self, NULL);
}

static void
on_done (CfFuture *future,
         gpointer  data)
{
}

static void
wait_until_done (CfFuture *future)
{
  /* The callback does nothing but wake the main loop. */
  if (!cf_future_is_done (future))
    cf_future_add_done_callback (future, on_done, NULL, NULL);
  while (!cf_future_is_done (future))
    g_main_context_iteration (NULL, TRUE);
}

/* Ends the call that was handed out last; if it was an item of a chunk, the next may begin. */
static void
end_one (CfWorker *self)
{
  g_autoptr(CfFuture) future = g_steal_pointer (&self->future);
  CfOutcome outcome = { CF_OUTCOME_VARIANT };
  GError *error = NULL;

  wait_until_done (future);
  end_call (self);
  outcome.variant = cf_future_await_variant (future, &error);

  if (self->items != NULL)
    {
      if (error == NULL)
        g_ptr_array_add (self->results, outcome.variant);
      if (error != NULL || !begin_item (self))
        reply_items (self, error);
      return;
    }

  if (error != NULL)
    {
      reply_error (self, error);
      return;
    }

  if (outcome.variant == NULL)
    outcome.kind = CF_OUTCOME_NOTHING;
  reply (self, &outcome);
}

/* A call that was taken back has left its payload here. */
static void
discard_call (CfWorker      *self,
              const CfFrame *frame)
{
  if ((frame->flags & CF_FRAME_FLAG_PAYLOAD) != 0)
    g_close (await_payload (self, frame->id), NULL);
}

/* Returns FALSE if the pool needs the worker no more. */
static gboolean
next_call (CfWorker  *self,
           CfFrame   *frame,
           guint8   **memory)
{
  for (;;)
    {
      *memory = next_frame (self, frame);

      if (frame->kind == CF_FRAME_CALL && frame->slot < CF_CHANNEL_N_SLOTS &&
          cf_channel_claim (&self->channel, frame->slot, frame->id))
        return TRUE;

      if (frame->kind == CF_FRAME_CALL)
        discard_call (self, frame);
      g_free (*memory);
      if (frame->kind != CF_FRAME_CALL)
        return FALSE;
    }
}

/* GObject. */

/* The control thread never ends, and has a reference: a worker lives as long as its process. */
static void
cf_worker_class_init (CfWorkerClass *klass)
{
}

static void
cf_worker_init (CfWorker *self)
{
  self->owner.remote = &remote_interface;
  self->channel.socket = -1;
  self->payloads = cf_payload_table_new ();
  cf_fork_watch ();
  self->fork_count = cf_fork_count ();
}

static int
parse_argument (const char  *argument,
                GError     **error)
{
  guint64 descriptor;

  if (g_str_has_prefix (argument, ARGUMENT_PREFIX) &&
      g_ascii_string_to_unsigned (argument + strlen (ARGUMENT_PREFIX), 10, 0, G_MAXINT, &descriptor, NULL))
    return (int) descriptor;

  g_set_error (error, CF_ERROR, CF_ERROR_PROTOCOL,
               _("“%s” is not the argument that a process pool starts its workers with (%sDESCRIPTOR): workers are "
                 "started by a pool, not by hand"), argument, ARGUMENT_PREFIX);
  return -1;
}

static gboolean
start_control (CfWorker  *self,
               GError   **error)
{
  g_autoptr(GError) refusal = NULL;

  self->control = g_thread_try_new ("cf-control", control_main, self, &refusal);
  if (self->control != NULL)
    {
      g_object_ref (self);
      return TRUE;
    }

  g_set_error (error, refusal->domain, refusal->code, _("Could not start a thread in the worker process: %s"),
               refusal->message);
  return FALSE;
}

/**
 * cf_worker_new:
 * @argument: the last argument that the process was started with
 * @error: return location for a `CF_ERROR_PROTOCOL`, a `GIOErrorEnum` or a `G_THREAD_ERROR`
 *
 * Makes the process a worker of the pool that has started it. There is one in a process, and it stays for as long as
 * the process lives: when the pool is gone, the process ends.
 *
 * Returns: (transfer full): the worker
 *
 * Since: 1.0
 */
CfWorker *
cf_worker_new (const char  *argument,
               GError     **error)
{
  g_autoptr(CfWorker) self = NULL;
  int descriptor;

  g_return_val_if_fail (argument != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  descriptor = parse_argument (argument, error);
  if (descriptor < 0)
    return NULL;

  self = g_object_new (CF_TYPE_WORKER, NULL);

  /* Also if the process is stopped, and its control thread with it. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (!cf_channel_init_worker (&self->channel, descriptor, error))
    return NULL;

  if (!start_control (self, error))
    {
      cf_channel_clear (&self->channel);
      return NULL;
    }

  return g_steal_pointer (&self);
}

/**
 * cf_worker_next:
 * @self: a worker
 *
 * Waits for the next call that the pool wants made. [method@Cf.Future.dup_function] and
 * [method@Cf.Future.dup_arguments] say what is to be called, and the result is what the future is settled with, by
 * [method@Cf.Future.set_variant] or [method@Cf.Future.set_error].
 *
 * Calls are made one after the other. If the last is not settled yet, the default main context is iterated until it is.
 *
 * Returns: (transfer full) (nullable): a call that has begun, or %NULL if the pool needs the worker no more: then the
 *   process should end
 *
 * Since: 1.0
 */
CfFuture *
cf_worker_next (CfWorker *self)
{
  CfFrame frame;
  guint8 *memory;

  g_return_val_if_fail (CF_IS_WORKER (self), NULL);

  if (self->future != NULL)
    end_one (self);

  while (self->future == NULL)
    {
      if (!next_call (self, &frame, &memory))
        return NULL;

      begin_serving (self, &frame, memory);
    }

  return g_object_ref (self->future);
}

/**
 * cf_worker_run:
 * @self: a worker
 * @handler: (scope call) (nullable): runs the calls, or %NULL to run C functions
 * @user_data: passed to @handler
 *
 * Serves the pool: runs its calls one by one, in this thread, and returns when the pool needs the worker no more.
 * The process should end then.
 *
 * A handler is given what [method@Cf.Worker.next] returns, and may return before it has settled it. Not every
 * language can be called at any time: gjs refuses while it collects garbage. There, ask for calls one by one.
 *
 * Since: 1.0
 */
void
cf_worker_run (CfWorker        *self,
               CfWorkerHandler  handler,
               gpointer         user_data)
{
  CfFrame frame;
  guint8 *memory;
  CfFuture *future;

  g_return_if_fail (CF_IS_WORKER (self));

  while (handler == NULL && next_call (self, &frame, &memory))
    serve_native (self, &frame, memory);

  while (handler != NULL && (future = cf_worker_next (self)) != NULL)
    {
      handler (self, future, user_data);
      g_object_unref (future);
    }
}

/**
 * cf_worker_log:
 * @self: a worker
 * @level: the log level; what is fatal or an error is logged as a message
 * @message: a line of text, of which the first 4096 bytes are sent
 *
 * Has a line logged by the process whose pool it is, with this process's number. Any thread.
 *
 * Since: 1.0
 */
void
cf_worker_log (CfWorker       *self,
               GLogLevelFlags  level,
               const char     *message)
{
  g_return_if_fail (CF_IS_WORKER (self));
  g_return_if_fail (message != NULL);

  send_message (self, CF_MESSAGE_LOG, level, 0, message, -1);
}

/**
 * cf_worker_main:
 * @argc: (inout): `main()`'s number of arguments
 * @argv: (array length=argc) (inout): `main()`'s arguments
 *
 * Lets the program be its own worker: to be called first in `main()` of a program that runs functions of its own in
 * a [class@Cf.ProcessPoolExecutor].
 *
 * The pool starts the program once more for each worker. There this function serves the pool and never returns;
 * otherwise it returns at once. What comes before it runs in each worker too. It is what
 * `if __name__ == '__main__'` is in Python.
 *
 * ```c
 * int
 * main (int    argc,
 *       char **argv)
 * {
 *   cf_worker_main (&argc, &argv);
 *
 *   return g_application_run (G_APPLICATION (my_app_new ()), argc, argv);
 * }
 * ```
 *
 * Since: 1.0
 */
void
cf_worker_main (int    *argc,
                char ***argv)
{
  g_autoptr(CfWorker) worker = NULL;
  g_autoptr(GError) error = NULL;

  g_return_if_fail (argc != NULL && argv != NULL);

  cf_worker_program_set_ready ();
  if (*argc < 2 || !g_str_has_prefix ((*argv)[*argc - 1], ARGUMENT_PREFIX))
    return;

  worker = cf_worker_new ((*argv)[*argc - 1], &error);
  if (worker == NULL)
    {
      g_printerr ("%s\n", error->message);
      exit (EXIT_FAILURE);
    }

  cf_worker_run (worker, NULL, NULL);
  exit (EXIT_SUCCESS);
}
