/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker: its life, and the calls that it has.
 *
 *      STARTING ──→ STARTED ──→ INITIALIZING ──→ READY ⇄ SUSPECT
 *          └─────────(no initializer)──────────────↑ │
 *                                                    │ dismiss
 *                                                    ↓
 *                               DISMISSED ──→ FINISHING ──→ TERMINATED
 *                                   └──────────────────────────↑
 *      any of these ──→ CONDEMNED ──→ KILLED
 *
 * It begins when the process has been started and is over when that has ended, which may be in any state. enter() alone
 * changes the state, and knows which ways there are. A worker with a *fault*, one that cannot be believed or waited for
 * any longer, is condemned, and its calls say why.
 *
 *      give() ──frame──→ ring ──→ worker            slots[]: call by call, as the worker names them
 *      find() ←──result── ring ←── worker           (cf-result-reader.c)
 *
 * A call that was given holds a slot until its result has come or it was taken back. What a worker says is
 * checked against the slots: a result for a call that it does not have, or has not begun, is a fault.
 *
 * The pool's mutex guards all of this, but for the reader, which the receiver's lock guards. */

#include "config.h"

#include "processes/cf-remote-worker-private.h"

#include <errno.h>
#include <signal.h>

#include <glib/gi18n-lib.h>

#include "cf-error.h"

/* How long a worker that was dismissed may take to end, and then how long it may take after SIGTERM. */
#define FINISH_USEC    (5 * G_USEC_PER_SEC)
#define TERMINATE_USEC (2 * G_USEC_PER_SEC)

/**
 * cf_remote_worker_new:
 * @process: (transfer full): its process, which has just been started
 * @max_tasks: how many calls it may be given, or 0 for no limit
 * @start_timeout_usec: how long it may take to get ready, or -1
 *
 * Returns: (transfer full): a worker that is starting
 */
CfRemoteWorker *
cf_remote_worker_new (CfWorkerProcess *process,
                      guint            max_tasks,
                      gint64           start_timeout_usec)
{
  CfRemoteWorker *self = g_new0 (CfRemoteWorker, 1);

  self->process = process;
  self->state = CF_REMOTE_WORKER_STARTING;
  self->max_tasks = max_tasks;
  self->since = g_get_monotonic_time ();
  self->start_timeout_usec = start_timeout_usec;
  cf_patience_begin (&self->ending, start_timeout_usec, self->since);
  cf_patience_begin (&self->claiming, start_timeout_usec, self->since);
  cf_result_reader_init (&self->reader, process);

  self->n_free_slots = CF_CHANNEL_N_SLOTS;
  for (guint i = 0; i < CF_CHANNEL_N_SLOTS; i++)
    self->free_slots[i] = i;

  return self;
}

void
cf_remote_worker_free (CfRemoteWorker *self)
{
  g_assert (self->calls.length == 0);

  cf_result_reader_clear (&self->reader);
  g_clear_pointer (&self->process, cf_worker_process_free);
  g_clear_error (&self->fault);
  g_free (self);
}

static CfChannel *
get_channel (CfRemoteWorker *self)
{
  return cf_worker_process_get_channel (self->process);
}

/* Its life. */

static gboolean
may_enter (CfRemoteWorkerState from,
           CfRemoteWorkerState to)
{
  switch (from)
    {
    case CF_REMOTE_WORKER_STARTING:
      return to == CF_REMOTE_WORKER_STARTED || to == CF_REMOTE_WORKER_READY || to == CF_REMOTE_WORKER_CONDEMNED;

    case CF_REMOTE_WORKER_STARTED:
      return to == CF_REMOTE_WORKER_INITIALIZING || to == CF_REMOTE_WORKER_CONDEMNED;

    case CF_REMOTE_WORKER_INITIALIZING:
    case CF_REMOTE_WORKER_SUSPECT:
      return to == CF_REMOTE_WORKER_READY || to == CF_REMOTE_WORKER_CONDEMNED;

    case CF_REMOTE_WORKER_READY:
      return to == CF_REMOTE_WORKER_SUSPECT || to == CF_REMOTE_WORKER_DISMISSED || to == CF_REMOTE_WORKER_CONDEMNED;

    case CF_REMOTE_WORKER_DISMISSED:
      return to == CF_REMOTE_WORKER_FINISHING || to == CF_REMOTE_WORKER_TERMINATED || to == CF_REMOTE_WORKER_CONDEMNED;

    case CF_REMOTE_WORKER_FINISHING:
      return to == CF_REMOTE_WORKER_TERMINATED || to == CF_REMOTE_WORKER_CONDEMNED;

    case CF_REMOTE_WORKER_TERMINATED:
      return to == CF_REMOTE_WORKER_CONDEMNED;

    case CF_REMOTE_WORKER_CONDEMNED:
      return to == CF_REMOTE_WORKER_KILLED;

    case CF_REMOTE_WORKER_KILLED:
    default:
      return FALSE;
    }
}

static void
enter (CfRemoteWorker      *self,
       CfRemoteWorkerState  state)
{
  g_assert (may_enter (self->state, state));

  self->state = state;
}

/**
 * cf_remote_worker_note_started:
 * @self: a worker
 * @has_initializer: whether it is to be given an initializer before it is ready
 *
 * Notes that the worker has said that it is there; it may say so again, and means nothing by it.
 */
void
cf_remote_worker_note_started (CfRemoteWorker *self,
                               gboolean        has_initializer)
{
  if (self->state != CF_REMOTE_WORKER_STARTING)
    return;

  enter (self, has_initializer ? CF_REMOTE_WORKER_STARTED : CF_REMOTE_WORKER_READY);
  self->since = g_get_monotonic_time ();
  cf_patience_begin (&self->ending, -1, self->since);
}

/* It is about to be given the pool's initializer. */
void
cf_remote_worker_begin_initializing (CfRemoteWorker *self)
{
  enter (self, CF_REMOTE_WORKER_INITIALIZING);
}

/* The initializer has returned, and not failed. */
void
cf_remote_worker_note_initialized (CfRemoteWorker *self)
{
  if (self->state == CF_REMOTE_WORKER_INITIALIZING)
    enter (self, CF_REMOTE_WORKER_READY);
}

/* One of its calls is to be stopped by force: it is given no others until that has been looked into. */
void
cf_remote_worker_suspect (CfRemoteWorker *self)
{
  if (self->state == CF_REMOTE_WORKER_READY)
    enter (self, CF_REMOTE_WORKER_SUSPECT);
}

/* The call that it was suspected for has ended by itself. */
void
cf_remote_worker_acquit (CfRemoteWorker *self)
{
  enter (self, CF_REMOTE_WORKER_READY);
}

/**
 * cf_remote_worker_dismiss:
 * @self: a worker that has no calls and is not suspected
 * @now: the time
 *
 * Has the worker end that is not needed: by itself if it is ready, or else by force.
 */
void
cf_remote_worker_dismiss (CfRemoteWorker *self,
                          gint64          now)
{
  g_assert (self->calls.length == 0);

  if (self->state != CF_REMOTE_WORKER_READY)
    {
      cf_remote_worker_condemn (self);
      return;
    }

  enter (self, CF_REMOTE_WORKER_DISMISSED);
  cf_patience_begin (&self->ending, FINISH_USEC, now);
}

/**
 * cf_remote_worker_finish:
 * @self: a worker that is dismissed
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

  enter (self, CF_REMOTE_WORKER_FINISHING);
  cf_channel_wake_worker (get_channel (self));
  return TRUE;
}

/* It is dismissed or finishing, and has not ended in time. */
void
cf_remote_worker_terminate (CfRemoteWorker *self,
                            gint64          now)
{
  enter (self, CF_REMOTE_WORKER_TERMINATED);
  cf_patience_begin (&self->ending, TERMINATE_USEC, now);
  cf_worker_process_send_signal (self->process, SIGTERM);
}

/* It is to be killed. */
void
cf_remote_worker_condemn (CfRemoteWorker *self)
{
  if (self->state >= CF_REMOTE_WORKER_CONDEMNED)
    return;

  enter (self, CF_REMOTE_WORKER_CONDEMNED);
  self->ending.left_usec = -1;
}

/**
 * cf_remote_worker_take_fault:
 * @self: a worker
 * @fault: (transfer full): why it has to be killed
 *
 * Condemns the worker. Nothing that it sends is believed from then on.
 */
void
cf_remote_worker_take_fault (CfRemoteWorker *self,
                             GError         *fault)
{
  cf_ring_close (&get_channel (self)->results);
  cf_remote_worker_condemn (self);

  if (self->fault == NULL)
    self->fault = fault;
  else
    g_error_free (fault);
}

/* It has closed its socket, which it must not before it ends: that may take a moment. */
void
cf_remote_worker_note_closed (CfRemoteWorker *self)
{
  if (self->ending.left_usec < 0 && self->state < CF_REMOTE_WORKER_CONDEMNED)
    cf_patience_begin (&self->ending, TERMINATE_USEC, g_get_monotonic_time ());
}

/* A message could not be sent to it. If that is because it has died, its calls are to fail with how it died. */
static void
note_unsent (CfRemoteWorker *self,
             int             reason)
{
  if (reason == EPIPE || reason == ECONNRESET)
    cf_remote_worker_note_closed (self);
  else
    cf_remote_worker_take_fault (self, g_error_new_literal (CF_ERROR, CF_ERROR_WORKER_DIED,
                                                            _("The worker stopped reading its messages")));
}

/* It is condemned. */
void
cf_remote_worker_kill (CfRemoteWorker *self)
{
  enter (self, CF_REMOTE_WORKER_KILLED);
  cf_worker_process_send_signal (self->process, SIGKILL);
}

/**
 * cf_remote_worker_measure_work:
 * @self: a worker
 *
 * Returns: for how many microseconds the worker has worked since it was last asked; if it would work now and has to wait
 *   for its turn, very many
 */
gint64
cf_remote_worker_measure_work (CfRemoteWorker *self)
{
  gint64 before_usec = self->worked_usec;

  if (cf_worker_process_is_at_work (self->process, &self->worked_usec))
    return G_MAXINT32;

  return self->worked_usec - before_usec;
}

/* Its calls. */

/* It has made progress, or has something new to make progress with. */
static void
renew_patience (CfRemoteWorker *self)
{
  self->since = g_get_monotonic_time ();
  cf_patience_begin (&self->claiming, self->start_timeout_usec, self->since);
}

static gboolean
note_full (CfRemoteWorker *self)
{
  self->is_full = TRUE;
  if (!self->is_stuffed)
    cf_patience_begin (&self->claiming, self->start_timeout_usec, g_get_monotonic_time ());
  self->is_stuffed = TRUE;
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

  self->is_stuffed = FALSE;
  if (self->calls.length == 0)
    renew_patience (self);
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
    note_unsent (self, errno);
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
 * cf_remote_worker_end_call:
 * @self: a worker
 * @call: one of its calls, whose result has come
 *
 * Takes the call off the worker's list.
 */
void
cf_remote_worker_end_call (CfRemoteWorker *self,
                           CfRemoteCall   *call)
{
  renew_patience (self);
  cf_remote_worker_remove (self, call);
}

/* There may be room again for a call. */
void
cf_remote_worker_try_again (CfRemoteWorker *self)
{
  self->is_full = FALSE;
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
