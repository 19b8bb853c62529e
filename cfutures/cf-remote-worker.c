/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker and the calls that it has.
 *
 *      give() ──frame──→ ring ──→ worker            slots[]: call by call, as the worker names them
 *      find() ←──result── ring ←── worker
 *
 * A call that was given holds a slot until its result has come or it was taken back. What a worker says is
 * checked against the slots: a result for a call that it does not have, or has not begun, is a fault, and a worker
 * with a fault is killed.
 *
 * Two locks of the pool's guard this, and which one is said below: the dispatcher's *mutex* guards the calls and the
 * slots, the receiver's lock what comes from the worker (the ring of results, the socket, the payloads). */

#include "config.h"

#include "cf-remote-worker-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "cf-error-private.h"
#include "cf-error.h"
#include "cf-payload-private.h"

/* More descriptors than calls nobody needs. */
#define MAX_PAYLOADS CF_CHANNEL_N_SLOTS

/* How many messages are read at a time: more than a socket holds. */
#define MAX_MESSAGES 1024

CfRemoteWorker *
cf_remote_worker_new (gpointer         supervisor,
                      CfWorkerProcess *process,
                      guint            max_tasks)
{
  CfRemoteWorker *self = g_new0 (CfRemoteWorker, 1);

  self->supervisor = supervisor;
  self->process = process;
  self->max_tasks = max_tasks;
  self->since = g_get_monotonic_time ();
  self->end_by = -1;
  self->full_since = -1;
  self->payloads = cf_payload_table_new ();

  self->n_free_slots = CF_CHANNEL_N_SLOTS;
  for (guint i = 0; i < CF_CHANNEL_N_SLOTS; i++)
    self->free_slots[i] = i;

  return self;
}

void
cf_remote_worker_free (CfRemoteWorker *self)
{
  g_assert (self->calls.length == 0);

  g_clear_pointer (&self->process, cf_worker_process_free);
  g_hash_table_unref (self->payloads);
  g_clear_error (&self->fault);
  g_free (self);
}

static CfChannel *
get_channel (CfRemoteWorker *self)
{
  return cf_worker_process_get_channel (self->process);
}

/* Calls: under the mutex. */

static gboolean
note_full (CfRemoteWorker *self)
{
  self->is_full = TRUE;
  if (self->full_since < 0)
    self->full_since = g_get_monotonic_time ();
  return FALSE;
}

/**
 * cf_remote_worker_give:
 * @self: a worker
 * @call: a call that is in no list
 * @id: a number that no other call has had
 * @arm: whether the worker has to tell when there is a result
 *
 * Gives a call to the worker, and wakes it if need be.
 *
 * Returns: %FALSE if the worker has no room now: it has not got past the frames of calls that were taken back
 */
gboolean
cf_remote_worker_give (CfRemoteWorker *self,
                       CfRemoteCall   *call,
                       guint64         id,
                       gboolean        arm)
{
  CfChannel *channel = get_channel (self);
  CfFrame frame = {
    .kind = CF_FRAME_CALL,
    .flags = call->frame_flags,
    .id = id,
    .function = call->function,
    .value = call->call.args,
  };

  if (self->n_free_slots == 0)
    return note_full (self);

  frame.slot = self->free_slots[self->n_free_slots - 1];
  if (arm)
    cf_remote_worker_set_armed (self, TRUE);
  cf_channel_offer (channel, frame.slot, id);
  if (!cf_ring_write (&channel->calls, &frame))
    return note_full (self);

  self->full_since = -1;
  if (self->calls.length == 0)
    self->since = g_get_monotonic_time ();
  self->n_free_slots--;
  self->n_given += !call->is_initializer;
  self->slots[frame.slot] = call;
  g_queue_push_tail_link (&self->calls, &call->link);

  call->state = CF_REMOTE_CALL_HANDED;
  call->worker = self;
  call->slot = frame.slot;
  call->id = id;

  cf_channel_wake_worker (channel);
  if (call->is_large && !cf_channel_send (channel, CF_MESSAGE_PAYLOAD, 0, id, NULL, call->payload))
    cf_remote_worker_take_fault (self, g_error_new_literal (CF_ERROR, CF_ERROR_WORKER_DIED,
                                                            _("The worker does not read its messages")));
  return TRUE;
}

/**
 * cf_remote_worker_remove:
 * @self: a worker
 * @call: one of its calls
 *
 * Takes the call off the worker's list, and its slot with it.
 */
void
cf_remote_worker_remove (CfRemoteWorker *self,
                         CfRemoteCall   *call)
{
  g_assert (self->slots[call->slot] == call);

  self->slots[call->slot] = NULL;
  self->free_slots[self->n_free_slots++] = call->slot;
  g_queue_unlink (&self->calls, &call->link);
  call->worker = NULL;
}

/**
 * cf_remote_worker_take_back:
 * @self: a worker
 * @call: one of its calls
 *
 * Returns: whether the call, which had not begun, is the pool's again
 */
gboolean
cf_remote_worker_take_back (CfRemoteWorker *self,
                            CfRemoteCall   *call)
{
  if (!cf_channel_take_back (get_channel (self), call->slot, call->id))
    return FALSE;

  self->n_given--;
  cf_remote_worker_remove (self, call);
  return TRUE;
}

gboolean
cf_remote_worker_has_begun (CfRemoteWorker *self,
                            CfRemoteCall   *call)
{
  return cf_channel_is_claimed (get_channel (self), call->slot, call->id);
}

/**
 * cf_remote_worker_count_unbegun:
 * @self: a worker
 *
 * Returns: how many of its calls have not begun
 */
guint
cf_remote_worker_count_unbegun (CfRemoteWorker *self)
{
  guint n = 0;

  for (GList *link = self->calls.tail; link != NULL && !cf_remote_worker_has_begun (self, link->data); link = link->prev)
    n++;

  return n;
}

/**
 * cf_remote_worker_ask_to_give_up:
 * @self: a worker
 * @call: one of its calls, which has begun
 *
 * Has the call's cancellable cancelled there.
 *
 * Returns: %FALSE if there is no room to say so now
 */
gboolean
cf_remote_worker_ask_to_give_up (CfRemoteWorker *self,
                                 CfRemoteCall   *call)
{
  return cf_channel_send (get_channel (self), CF_MESSAGE_CANCEL, 0, call->id, NULL, -1);
}

/**
 * cf_remote_worker_finish:
 * @self: a worker
 *
 * Tells the worker that it gets no more calls.
 *
 * Returns: %FALSE if there is no room to say so now
 */
gboolean
cf_remote_worker_finish (CfRemoteWorker *self)
{
  CfFrame frame = { .kind = CF_FRAME_FINISH };

  if (!cf_ring_write (&get_channel (self)->calls, &frame))
    return FALSE;

  self->is_told = TRUE;
  cf_channel_wake_worker (get_channel (self));
  return TRUE;
}

/**
 * cf_remote_worker_take_fault:
 * @self: a worker
 * @fault: (transfer full): why it has to be killed
 *
 * Nothing that it sends is believed any more.
 */
void
cf_remote_worker_take_fault (CfRemoteWorker *self,
                             GError         *fault)
{
  cf_ring_close (&get_channel (self)->results);

  if (self->fault == NULL)
    self->fault = fault;
  else
    g_error_free (fault);
}

/**
 * cf_remote_worker_find:
 * @self: a worker
 * @frame: what it has sent
 *
 * Returns: (transfer none) (nullable): the call that @frame is about, if it has that and has begun it
 */
CfRemoteCall *
cf_remote_worker_find (CfRemoteWorker *self,
                       const CfFrame  *frame)
{
  CfRemoteCall *call = frame->slot < CF_CHANNEL_N_SLOTS ? self->slots[frame->slot] : NULL;

  return call != NULL && call->id == frame->id && cf_remote_worker_has_begun (self, call) ? call : NULL;
}

/* What comes from the worker: under the receiving lock. */

static gboolean
set_fault (GError **error)
{
  g_set_error_literal (error, CF_ERROR, CF_ERROR_PROTOCOL, _("The worker sent a message that makes no sense there"));
  return FALSE;
}

/* Takes the descriptor in any case. */
static gboolean
take_message (CfRemoteWorker   *self,
              const CfMessage  *message,
              char             *text,
              int               descriptor,
              gboolean         *is_ready,
              GQueue           *log,
              GError          **error)
{
  gboolean is_payload = message->kind == CF_MESSAGE_PAYLOAD;
  CfRemoteLogLine *line;

  if (is_payload && descriptor >= 0 && g_hash_table_size (self->payloads) < MAX_PAYLOADS)
    return cf_payload_table_insert (self->payloads, message->id, descriptor) || set_fault (error);

  if (descriptor >= 0)
    {
      g_close (descriptor, NULL);
      return set_fault (error);
    }

  switch (message->kind)
    {
    case CF_MESSAGE_READY:
      *is_ready = TRUE;
      return TRUE;

    case CF_MESSAGE_WAKE:
      return TRUE;

    case CF_MESSAGE_LOG:
      line = g_new (CfRemoteLogLine, 1);
      line->pid = cf_worker_process_get_pid (self->process);
      line->level = message->value;
      line->text = g_strdup (text != NULL ? text : "");
      g_queue_push_tail (log, line);
      return TRUE;

    default:
      return set_fault (error);
    }
}

/**
 * cf_remote_worker_read_messages:
 * @self: a worker
 * @is_ready: (inout): set if it says that it is ready
 * @log: (element-type CfRemoteLogLine): where lines to be logged go
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Reads what is on the socket, up to a limit, so that a worker that never stops sending holds up nobody.
 *
 * Returns: %FALSE if the socket is closed, or if @error is set
 */
gboolean
cf_remote_worker_read_messages (CfRemoteWorker  *self,
                                gboolean        *is_ready,
                                GQueue          *log,
                                GError         **error)
{
  for (guint i = 0; i < MAX_MESSAGES; i++)
    {
      g_autofree char *text = NULL;
      CfMessage message;
      int descriptor;

      switch (cf_channel_receive (get_channel (self), FALSE, &message, &text, &descriptor, error))
        {
        case CF_RECEIVE_MESSAGE:
          if (!take_message (self, &message, text, descriptor, is_ready, log, error))
            return FALSE;
          break;

        case CF_RECEIVE_NOTHING:
          return TRUE;

        case CF_RECEIVE_CLOSED:
        case CF_RECEIVE_FAULT:
          return FALSE;

        default:
          g_assert_not_reached ();
        }
    }

  return TRUE;
}

static gboolean
find_payload (CfRemoteWorker  *self,
              CfRemoteResult  *result,
              GQueue          *log,
              GError         **error)
{
  GError *fault = NULL;
  gboolean is_ready = FALSE;

  /* It was sent before the frame was written. */
  if (!g_hash_table_contains (self->payloads, &result->frame.id))
    cf_remote_worker_read_messages (self, &is_ready, log, &fault);

  if (fault != NULL)
    {
      g_propagate_error (error, fault);
      return FALSE;
    }

  result->payload = cf_payload_table_steal (self->payloads, result->frame.id);
  return result->payload >= 0 || set_fault (error);
}

static gboolean
check_frame (const CfFrame  *frame,
             GError        **error)
{
  const char *type = frame->type;

  if (frame->kind == CF_FRAME_PROGRESS && (frame->flags & CF_FRAME_FLAG_PAYLOAD) == 0)
    return g_strcmp0 (type, CF_FRAME_PROGRESS_TYPE) == 0 || set_fault (error);

  if (frame->kind != CF_FRAME_RESULT)
    return set_fault (error);

  if ((frame->flags & CF_FRAME_FLAG_ERROR) != 0)
    return g_strcmp0 (type, CF_ERROR_VARIANT_TYPE) == 0 || set_fault (error);

  return type != NULL || (frame->flags & CF_FRAME_FLAG_PAYLOAD) == 0 || set_fault (error);
}

/**
 * cf_remote_worker_read:
 * @self: a worker
 * @result: (out caller-allocates): what it has sent about a call
 * @log: (element-type CfRemoteLogLine): where lines to be logged go
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Reads the next frame.
 *
 * Returns: %FALSE if there is none now, or if @error is set
 */
gboolean
cf_remote_worker_read (CfRemoteWorker  *self,
                       CfRemoteResult  *result,
                       GQueue          *log,
                       GError         **error)
{
  GError *fault = NULL;
  guint8 *memory;
  gsize size;

  *result = (CfRemoteResult) { .worker = self, .payload = -1 };

  if (cf_ring_read (&get_channel (self)->results, &memory, &size, &fault))
    {
      result->memory = memory;
      if (cf_frame_parse (&result->frame, memory, size, &fault) &&
          check_frame (&result->frame, &fault) &&
          ((result->frame.flags & CF_FRAME_FLAG_PAYLOAD) == 0 || find_payload (self, result, log, &fault)))
        return TRUE;
    }

  cf_remote_result_clear (result);
  if (fault != NULL)
    g_propagate_error (error, fault);
  return FALSE;
}

/* Results: nobody else's any more. */

void
cf_remote_result_clear (CfRemoteResult *self)
{
  g_clear_pointer (&self->memory, g_free);
  if (self->payload >= 0)
    g_close (g_steal_fd (&self->payload), NULL);
}

static gboolean
is_chunk (const CfRemoteCall *call)
{
  return call->call.kind == CF_CALL_FUNC_ITEMS || call->call.kind == CF_CALL_NAME_ITEMS;
}

static GVariant *
take_value (CfRemoteResult  *self,
            GError         **error)
{
  if (self->frame.type == NULL)
    {
      set_fault (error);
      return NULL;
    }

  if ((self->frame.flags & CF_FRAME_FLAG_PAYLOAD) != 0)
    return cf_payload_map (self->payload, G_VARIANT_TYPE (self->frame.type), self->frame.data_size, error);

  return cf_frame_take_value (&self->frame, g_steal_pointer (&self->memory));
}

/**
 * cf_remote_result_to_outcome:
 * @self: the result of a call, which is known
 * @outcome: (out caller-allocates): what came of the call
 */
void
cf_remote_result_to_outcome (CfRemoteResult *self,
                             CfOutcome      *outcome)
{
  g_autoptr(GVariant) value = NULL;
  GError *error = NULL;

  outcome->kind = CF_OUTCOME_NOTHING;
  if (self->frame.type == NULL && !is_chunk (self->call))
    return;

  value = take_value (self, &error);
  if (value != NULL && (self->frame.flags & CF_FRAME_FLAG_ERROR) != 0)
    {
      error = cf_error_from_variant (value);
    }
  else if (value != NULL && is_chunk (self->call) && !cf_chunk_fits (value, self->call->call.args))
    {
      set_fault (&error);
    }

  if (error != NULL)
    {
      cf_outcome_take_error (outcome, error);
      return;
    }

  outcome->kind = CF_OUTCOME_VARIANT;
  outcome->variant = g_steal_pointer (&value);
}
