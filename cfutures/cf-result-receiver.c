/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Receiving what the workers send.
 *
 *      collect ←══ring══ processes            under the receiving lock
 *         │
 *         ├── progress ──→ future             under that as well, so that it does not come after the end
 *       match ──→ dispatch                    under the mutex: the calls are off their workers, others are handed out
 *         │
 *      complete ──→ future                    without a lock
 *
 * Results are received by a thread that waits for one and spins (so that a round trip needs no other thread), or else
 * by the manager. Threads that mean to do so say that they *poll*, so that the workers need not wake the manager
 * (cf-worker-set.c). One thread receives at a time, a batch of results, and settles their futures when it has let the
 * next one in.
 *
 * The *receiving lock* is taken before a future's lock and before the mutex. It guards what comes from the workers. The
 * list of workers is changed with it and the mutex, and read with either. */

#include "config.h"

#include "cf-result-receiver-private.h"

#include <glib/gi18n-lib.h>

#include "cf-error.h"

#define BATCH 64

/* What was received at a time. */
typedef struct
{
  CfRemoteResult results[BATCH];
  guint          n;
  GQueue         log;           /* CfRemoteLogLine */
} Batch;

void
cf_result_receiver_init (CfResultReceiver *self,
                         CfCallDispatcher *dispatcher,
                         CfCallSettler    *settler,
                         CfCountsNotifier *notifier)
{
  self->dispatcher = dispatcher;
  self->settler = settler;
  self->notifier = notifier;
}

void
cf_result_receiver_clear (CfResultReceiver *self)
{
  cf_mutex_clear (&self->receiving);
}

/* Matching: with the mutex held. */

/* Finds the call of a result, which it is taken off if this is its last word. Returns FALSE if there is none. */
static gboolean
match_result (CfResultReceiver *self,
              CfRemoteResult   *result)
{
  CfRemoteWorker *worker = result->worker;
  CfRemoteCall *call = cf_remote_worker_find (worker, &result->frame);

  if (call == NULL)
    {
      cf_remote_worker_take_fault (worker,
                                   g_error_new_literal (CF_ERROR, CF_ERROR_PROTOCOL,
                                                        _("The worker sent the result of a call that it does not "
                                                          "have")));
      cf_call_dispatcher_kick_once (self->dispatcher);
      return FALSE;
    }

  result->call = call;
  if (result->frame.kind != CF_FRAME_RESULT)
    return TRUE;

  cf_call_dispatcher_end_call (self->dispatcher, call, result->frame.duration_nsec);
  if (call->is_initializer && (result->frame.flags & CF_FRAME_FLAG_ERROR) == 0 &&
      worker->state == CF_REMOTE_WORKER_INITIALIZING)
    worker->state = CF_REMOTE_WORKER_READY;

  return TRUE;
}

static void
match_batch (CfResultReceiver *self,
             Batch            *batch)
{
  cf_mutex_lock (&self->dispatcher->mutex);
  for (guint i = 0; i < batch->n; i++)
    match_result (self, &batch->results[i]);
  self->n_completing += batch->n;
  cf_call_dispatcher_dispatch (self->dispatcher);
  cf_mutex_unlock (&self->dispatcher->mutex);
}

/* Collecting: with the receiving lock held. */

static void
report_progress (CfResultReceiver *self,
                 CfRemoteResult   *result)
{
  g_autoptr(GVariant) value = cf_frame_take_value (&result->frame, g_steal_pointer (&result->memory));
  g_autoptr(GVariant) message_value = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autofree char *message = NULL;
  double fraction;

  cf_mutex_lock (&self->dispatcher->mutex);
  if (match_result (self, result) && !result->call->is_initializer)
    {
      future = g_object_ref (result->call->future);
      result->call->is_begun = TRUE;
    }
  cf_mutex_unlock (&self->dispatcher->mutex);

  g_variant_get (value, "(dm@ay)", &fraction, &message_value);
  if (future == NULL || !(fraction >= 0.0 && fraction <= 1.0))
    return;

  if (message_value != NULL)
    message = g_utf8_make_valid (g_variant_get_bytestring (message_value), -1);
  cf_future_begin_remote (future);
  cf_future_report_progress (future, fraction, message);
}

static void
note_fault (CfResultReceiver *self,
            CfRemoteWorker   *worker,
            GError           *fault)
{
  cf_mutex_lock (&self->dispatcher->mutex);
  cf_remote_worker_take_fault (worker, fault);
  cf_call_dispatcher_kick_once (self->dispatcher);
  cf_mutex_unlock (&self->dispatcher->mutex);
}

/* Reads what a worker has sent, but not so much of it that the others would have to wait. Returns how many frames
 * that was. */
static guint
collect_from (CfResultReceiver *self,
              CfRemoteWorker   *worker,
              Batch            *batch)
{
  GError *fault = NULL;
  guint n_frames = 0;

  while (n_frames < BATCH / 2 && batch->n < BATCH &&
         cf_remote_worker_read (worker, &batch->results[batch->n], &batch->log, &fault))
    {
      n_frames++;
      if (batch->results[batch->n].frame.kind == CF_FRAME_PROGRESS)
        report_progress (self, &batch->results[batch->n]);
      else
        batch->n++;
    }

  if (fault != NULL)
    note_fault (self, worker, fault);

  return n_frames;
}

/* Returns how many frames there were. */
static guint
collect (CfResultReceiver *self,
         Batch            *batch)
{
  CfWorkerSet *workers = &self->dispatcher->workers;
  guint n_workers = workers->members->len;
  guint first = n_workers > 0 ? self->next_worker++ % n_workers : 0;
  guint n_frames = 0;

  for (guint i = 0; i < n_workers; i++)
    n_frames += collect_from (self, cf_worker_set_nth (workers, (first + i) % n_workers), batch);

  return n_frames;
}

/* Completing: without a lock. */

static void
complete_result (CfResultReceiver *self,
                 CfRemoteResult   *result)
{
  CfRemoteCall *call = result->call;
  CfOutcome outcome;

  if (call != NULL)
    {
      cf_remote_result_to_outcome (result, &outcome);
      if (call->is_initializer && outcome.kind == CF_OUTCOME_ERROR)
        cf_call_dispatcher_fail_initializer (self->dispatcher, outcome.error);
      cf_call_settler_complete (self->settler, call, result->frame.duration_nsec < CF_SHORT_CALL_USEC * 1000u,
                                &outcome);
    }
  cf_remote_result_clear (result);
}

static void
complete_batch (CfResultReceiver *self,
                Batch            *batch)
{
  for (guint i = 0; i < batch->n; i++)
    complete_result (self, &batch->results[i]);
  cf_counts_notifier_changed (self->notifier);

  cf_mutex_lock (&self->dispatcher->mutex);
  self->n_completing -= batch->n;
  if (cf_call_ledger_is_over (&self->dispatcher->ledger))
    cf_call_dispatcher_kick_once (self->dispatcher);
  cf_mutex_unlock (&self->dispatcher->mutex);
}

/* Receiving. */

/* Takes results out of the rings, hands out new calls, and settles the futures. With the receiving lock held, which
 * it lets go. Returns how many frames there were. */
static guint
receive_locked (CfResultReceiver *self)
{
  Batch batch;
  guint n_frames;

  batch.n = 0;
  g_queue_init (&batch.log);
  n_frames = collect (self, &batch);
  if (batch.n > 0)
    match_batch (self, &batch);
  cf_mutex_unlock (&self->receiving);

  cf_call_settler_emit_log (self->settler, &batch.log);
  if (batch.n > 0)
    complete_batch (self, &batch);

  return n_frames;
}

/**
 * cf_result_receiver_receive:
 * @self: a receiver
 *
 * Receives what has come by now, up to a limit.
 *
 * Returns: how many frames there were
 */
guint
cf_result_receiver_receive (CfResultReceiver *self)
{
  cf_mutex_lock (&self->receiving);
  return receive_locked (self);
}

/**
 * cf_result_receiver_try:
 * @self: a receiver
 *
 * Receives what has come by now, unless another thread is about to.
 */
void
cf_result_receiver_try (CfResultReceiver *self)
{
  if (!cf_mutex_trylock (&self->receiving))
    return;

  if (cf_worker_set_has_results (&self->dispatcher->workers))
    receive_locked (self);
  else
    cf_mutex_unlock (&self->receiving);
}

/**
 * cf_result_receiver_read_messages:
 * @self: a receiver
 * @worker: a worker
 * @is_ready: (inout): set if it says that it is ready
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Reads what is on the worker's socket.
 *
 * Returns: %FALSE if that is closed, or if @error is set
 */
gboolean
cf_result_receiver_read_messages (CfResultReceiver  *self,
                                  CfRemoteWorker    *worker,
                                  gboolean          *is_ready,
                                  GError           **error)
{
  GQueue log = G_QUEUE_INIT;
  gboolean is_open;

  cf_mutex_lock (&self->receiving);
  is_open = cf_remote_worker_read_messages (worker, is_ready, &log, error);
  cf_mutex_unlock (&self->receiving);

  cf_call_settler_emit_log (self->settler, &log);
  return is_open;
}

/* Polling. */

/**
 * cf_result_receiver_begin_polling:
 * @self: a receiver
 *
 * Says that the calling thread will receive results until it ends polling.
 */
void
cf_result_receiver_begin_polling (CfResultReceiver *self)
{
  cf_mutex_lock (&self->dispatcher->mutex);
  cf_worker_set_begin_polling (&self->dispatcher->workers);
  cf_mutex_unlock (&self->dispatcher->mutex);
}

void
cf_result_receiver_end_polling (CfResultReceiver *self)
{
  cf_mutex_lock (&self->dispatcher->mutex);
  if (cf_worker_set_end_polling (&self->dispatcher->workers))
    cf_call_dispatcher_kick (self->dispatcher);
  cf_mutex_unlock (&self->dispatcher->mutex);
}
