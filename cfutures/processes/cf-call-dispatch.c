/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which worker runs which call.
 *
 *      enqueue ──→ [queue] ──dispatch──→ worker ──→ match              by a thread that submits or receives
 *                   │   ↑                 │  │
 *                   │   └────take back────┘  │
 *                   └─────────→ withdraw ←───┘                         by a thread that cancels
 *
 * **Which worker.** An idle one first. If there is none, another one is wanted, up to the limit, and the manager
 * starts it. And if calls have turned out to be short, a worker is given more of them than one, so that neither side
 * has to be woken for each: as many as it should make in PIPELINE_USEC. If that was a mistake, because a long call
 * came among them, the calls that have not begun are taken back as soon as another worker is idle, or when they are
 * cancelled, or when one of higher priority comes, or when the worker has been busy with one call for a while: until
 * a worker has claimed a call, it is pending in every respect (cf-channel.c).
 *
 * Everything here is done with the pool's mutex held, by any thread, and takes a moment. No user code runs: nothing is
 * settled here. What the manager has to do it is *kicked* to do. */

#include "config.h"

#include "processes/cf-call-dispatch-private.h"

#include <glib/gi18n-lib.h>

#include "cf-error.h"

/* How much work a worker is given in advance. */
#define PIPELINE_USEC 200

/* When a worker has not answered for so long its calls are no longer short. */
#define STUCK_USEC    1000

/* How late it is noticed at most that a call has begun. */
#define MAX_LOOK_USEC (8 * 1000)

/* Which worker. */

/* How many calls a busy worker may have. */
static guint
pipeline_depth (CfProcessPoolState *self)
{
  guint usec = self->call_nsec / 1000;

  if (usec > CF_SHORT_CALL_USEC)
    return 1;

  return CLAMP (PIPELINE_USEC / (usec + 1), 2, CF_CHANNEL_N_SLOTS);
}

static CfRemoteWorker *
find_worker (CfProcessPoolState *self,
             CfRemoteCall       *call)
{
  CfRemoteWorker *worker = cf_worker_set_find_idle (&self->workers);

  if (worker != NULL || call->is_large)
    return worker;

  return cf_worker_set_find_busy (&self->workers, pipeline_depth (self), g_get_monotonic_time () - STUCK_USEC);
}

/* Has the manager come soon, if it does not do so anyway. */
static void
plan_look (CfProcessPoolState *self)
{
  self->look_usec = CF_LOOK_USEC;
  if (self->look_at >= 0)
    return;

  self->look_at = g_get_monotonic_time () + CF_LOOK_USEC;
  cf_manager_wakeup_kick_once (self->wakeup);
}

/**
 * cf_call_dispatch_give:
 * @self: a pool's state
 * @worker: one of its workers
 * @call: a call that is in no list
 *
 * Returns: %FALSE if the worker has no room now
 */
gboolean
cf_call_dispatch_give (CfProcessPoolState *self,
                       CfRemoteWorker     *worker,
                       CfRemoteCall       *call)
{
  plan_look (self);
  if (!cf_remote_worker_give (worker, call, ++self->last_id, self->workers.n_pollers == 0))
    return FALSE;

  if (cf_remote_worker_is_used_up (worker))
    cf_manager_wakeup_kick_once (self->wakeup);

  return TRUE;
}

/* Puts a call that has not begun back into the queue. Returns whether it did. */
static gboolean
take_back (CfProcessPoolState *self,
           CfRemoteWorker     *worker,
           CfRemoteCall       *call)
{
  if (call->is_initializer || !cf_remote_worker_take_back (worker, call))
    return FALSE;

  cf_call_queue_push_front (&self->queue, call);
  return TRUE;
}

/* Takes calls that have not begun away from the worker with most of them, for an idle one. Returns whether there
 * are any to give out now. */
static gboolean
take_back_for_idle (CfProcessPoolState *self)
{
  guint n_unbegun;
  CfRemoteWorker *victim = cf_worker_set_find_laden (&self->workers, &n_unbegun);

  for (guint i = 0; i < (n_unbegun + 1) / 2 && victim->calls.tail != NULL; i++)
    {
      if (!take_back (self, victim, victim->calls.tail->data))
        break;
    }

  return self->queue.n_calls > 0;
}

/* What has a higher priority comes before calls that were given to a worker and have not begun. */
static void
take_back_for_urgent (CfProcessPoolState *self,
                      CfRemoteCall       *urgent)
{
  for (guint i = 0; i < self->workers.members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (&self->workers, i);
      GList *previous;

      for (GList *link = worker->calls.tail; link != NULL; link = previous)
        {
          CfRemoteCall *call = link->data;

          previous = link->prev;
          if (!call->is_initializer && call->priority > urgent->priority)
            take_back (self, worker, call);
        }
    }
}

/**
 * cf_call_dispatch_take_back_all:
 * @self: a pool's state
 * @worker: one of its workers
 *
 * Takes all calls that have not begun away from @worker.
 */
void
cf_call_dispatch_take_back_all (CfProcessPoolState *self,
                                CfRemoteWorker     *worker)
{
  GList *previous;

  for (GList *link = worker->calls.tail; link != NULL; link = previous)
    {
      previous = link->prev;
      take_back (self, worker, link->data);
    }
}

/**
 * cf_call_dispatch:
 * @self: a pool's state
 *
 * Hands calls to workers, as far as it pays.
 */
void
cf_call_dispatch (CfProcessPoolState *self)
{
  CfRemoteCall *call;

  while ((call = cf_call_queue_peek (&self->queue)) != NULL)
    {
      CfRemoteWorker *worker = find_worker (self, call);

      if (worker == NULL || (call->is_large && call->payload < 0))
        {
          if (worker != NULL || cf_process_pool_state_lacks_worker (self))
            cf_manager_wakeup_kick_once (self->wakeup);
          return;
        }

      cf_call_queue_remove (&self->queue, call);
      if (!cf_call_dispatch_give (self, worker, call))
        {
          cf_call_queue_push_front (&self->queue, call);
          continue;
        }

      if (self->queue.n_calls > 0 && cf_process_pool_state_lacks_worker (self))
        cf_manager_wakeup_kick_once (self->wakeup);
    }

  if (self->workers.members->len > 1 && cf_worker_set_find_idle (&self->workers) != NULL && take_back_for_idle (self))
    cf_call_dispatch (self);
}

/* Calls that come, and calls that end. */

/**
 * cf_call_dispatch_enqueue:
 * @self: a pool's state, whose ledger refuses nothing
 * @call: (transfer full): a call, ready to be given to a worker
 *
 * Has the call made.
 */
void
cf_call_dispatch_enqueue (CfProcessPoolState *self,
                          CfRemoteCall       *call)
{
  if (call->priority != G_PRIORITY_DEFAULT)
    self->uses_priorities = TRUE;

  cf_call_ledger_enter (&self->ledger);
  cf_call_queue_push (&self->queue, call);
  if (self->uses_priorities)
    take_back_for_urgent (self, call);
  cf_call_dispatch (self);
}

static void
learn_duration (CfProcessPoolState *self,
                guint               nsec)
{
  if (self->call_nsec == G_MAXUINT)
    self->call_nsec = nsec;
  else if (nsec > self->call_nsec)
    self->call_nsec += (nsec - self->call_nsec) / 8;
  else
    self->call_nsec -= (self->call_nsec - nsec) / 8;
}

/* Takes a call that has been made off its worker. */
static void
end_call (CfProcessPoolState *self,
          CfRemoteCall       *call,
          guint               duration_nsec)
{
  CfRemoteWorker *worker = call->worker;

  cf_remote_worker_end_call (worker, call);
  cf_call_ledger_strike_out (&self->ledger, call);
  if (call->is_initializer)
    return;

  cf_call_ledger_note_useful (&self->ledger);
  learn_duration (self, duration_nsec);
}

/**
 * cf_call_dispatch_take_from_dead:
 * @self: a pool's state
 * @worker: a worker that has ended
 *
 * Sorts its calls: those that had begun are the caller's, to complete them, and the others move on.
 *
 * Returns: (transfer full) (element-type CfRemoteCall): the former
 */
GList *
cf_call_dispatch_take_from_dead (CfProcessPoolState *self,
                                 CfRemoteWorker     *worker)
{
  GList *begun = NULL;

  cf_call_dispatch_take_back_all (self, worker);
  while (worker->calls.tail != NULL)
    {
      CfRemoteCall *call = worker->calls.tail->data;

      cf_remote_worker_remove (worker, call);
      cf_call_ledger_strike_out (&self->ledger, call);
      begun = g_list_prepend (begun, call);
    }

  return begun;
}

/**
 * cf_call_dispatch_match:
 * @self: a pool's state
 * @result: what a worker has sent
 *
 * Finds the call that @result is about. If this is the last word about it, it is the caller's, to complete it. A worker
 * that has no such call has a fault.
 */
void
cf_call_dispatch_match (CfProcessPoolState *self,
                        CfRemoteResult     *result)
{
  CfRemoteWorker *worker = result->worker;
  CfRemoteCall *call = cf_remote_worker_find (worker, &result->frame);

  if (call == NULL)
    {
      cf_remote_worker_take_fault (worker,
                                   g_error_new_literal (CF_ERROR, CF_ERROR_PROTOCOL,
                                                        _("The worker sent a result for a call that it was not "
                                                          "given")));
      cf_manager_wakeup_kick_once (self->wakeup);
      return;
    }

  result->call = call;
  if (result->frame.kind != CF_FRAME_RESULT)
    return;

  end_call (self, call, result->frame.duration_nsec);
  if (call->is_initializer && (result->frame.flags & CF_FRAME_FLAG_ERROR) == 0)
    cf_remote_worker_note_initialized (worker);
}

/**
 * cf_call_dispatch_withdraw:
 * @self: a pool's state
 * @call: a call that is not over
 * @call_to_free: (out caller-allocates): what was to be called, if it is for the caller to free
 * @is_known: (out): whether @call itself is; if not, the thread that has taken it settles it
 *
 * Takes the call back, if it has not begun.
 *
 * Returns: whether the call will never be made
 */
gboolean
cf_call_dispatch_withdraw (CfProcessPoolState *self,
                           CfRemoteCall       *call,
                           CfCall             *call_to_free,
                           gboolean           *is_known)
{
  if (call->state == CF_REMOTE_CALL_ENDED ||
      (call->state == CF_REMOTE_CALL_HANDED && !cf_remote_worker_take_back (call->worker, call)))
    return FALSE;

  if (call->state == CF_REMOTE_CALL_QUEUED)
    cf_call_queue_remove (&self->queue, call);

  *is_known = call->state == CF_REMOTE_CALL_QUEUED || call->state == CF_REMOTE_CALL_HANDED;
  if (call->state != CF_REMOTE_CALL_NEW)
    {
      cf_call_ledger_withdraw (&self->ledger);
      *call_to_free = call->call;
      call->call.kind = CF_CALL_NONE;
    }
  if (cf_call_ledger_is_over (&self->ledger))
    cf_manager_wakeup_kick_once (self->wakeup);
  call->state = CF_REMOTE_CALL_WITHDRAWN;

  return TRUE;
}

/**
 * cf_call_dispatch_interrupt:
 * @self: a pool's state
 * @call: a call that is not over
 * @how: whether to ask it to give up, or to kill the worker that makes it
 *
 * Has the manager do so.
 */
void
cf_call_dispatch_interrupt (CfProcessPoolState *self,
                            CfRemoteCall       *call,
                            CfInterruption      how)
{
  if (how == CF_INTERRUPT_COOPERATE)
    {
      call->is_cancel_requested = TRUE;
      self->look_at = 0;
    }
  else if (call->worker != NULL)
    {
      call->is_condemned = TRUE;
      cf_remote_worker_suspect (call->worker);
    }
  cf_manager_wakeup_kick_once (self->wakeup);
}

/* Looking, and large arguments: when the manager comes by. */

/* Notes which calls of a worker have begun, and asks those to give up that are to. Returns whether others wait to
 * begin, or to be asked. */
static gboolean
look_at_worker (CfProcessPoolState *self,
                CfRemoteWorker     *worker,
                gint64              now,
                GPtrArray          *begun)
{
  GList *link = worker->calls.head;
  gboolean is_to_be_asked = FALSE;

  cf_remote_worker_try_again (worker);
  for (; link != NULL && cf_remote_worker_has_begun (worker, link->data); link = link->next)
    {
      CfRemoteCall *call = link->data;

      if (!call->is_begun && !call->is_initializer)
        g_ptr_array_add (begun, g_object_ref (call->future));
      if (call->is_cancel_requested)
        call->is_cancel_requested = !cf_remote_worker_ask_to_give_up (worker, call);
      is_to_be_asked = is_to_be_asked || call->is_cancel_requested;
      call->is_begun = TRUE;
    }

  /* They were given to it before those that are in the queue, and are not to wait longer than these. */
  if (link != NULL && link != worker->calls.head && now - worker->since > STUCK_USEC)
    cf_call_dispatch_take_back_all (self, worker);

  return link != NULL || is_to_be_asked;
}

/**
 * cf_call_dispatch_look:
 * @self: a pool's state
 * @begun: (element-type CfFuture): where the futures go whose calls are found to have begun
 *
 * Asks calls to give up whose futures want them to, and sees which calls have begun, if it is time to. It is time
 * again while calls are being given, or wait to begin: so the manager is not kicked for each that is given.
 *
 * Returns: when it is time again, or -1
 */
gint64
cf_call_dispatch_look (CfProcessPoolState *self,
                       GPtrArray          *begun)
{
  gint64 now = g_get_monotonic_time ();

  if (self->look_at >= 0 && now >= self->look_at)
    {
      gboolean is_waiting = self->last_id != self->looked_id;

      for (guint i = 0; i < self->workers.members->len; i++)
        is_waiting = look_at_worker (self, cf_worker_set_nth (&self->workers, i), now, begun) || is_waiting;

      self->look_at = is_waiting ? now + self->look_usec : -1;
      self->look_usec = MIN (self->look_usec * 2, MAX_LOOK_USEC);
      self->looked_id = self->last_id;
    }

  return self->look_at;
}

/**
 * cf_call_dispatch_begin_preparing:
 * @self: a pool's state
 * @args: (out): what the payload is to be made of
 *
 * Returns: (transfer none) (nullable): the next call, if a payload is all it waits for; it is out of the queue then
 */
CfRemoteCall *
cf_call_dispatch_begin_preparing (CfProcessPoolState  *self,
                                  GVariant           **args)
{
  CfRemoteCall *call = cf_call_queue_peek (&self->queue);

  if (call == NULL || !call->is_large || call->payload >= 0 || cf_worker_set_find_idle (&self->workers) == NULL)
    return NULL;

  cf_call_queue_remove (&self->queue, call);
  call->state = CF_REMOTE_CALL_PREPARED;
  self->prepared = call;
  *args = g_variant_ref (call->call.args);
  return call;
}

/**
 * cf_call_dispatch_end_preparing:
 * @self: a pool's state
 * @call: what begin_preparing() has returned
 * @payload: what was made, or -1
 *
 * Returns: what has become of the call: if it is `WITHDRAWN` or, without a payload, `ENDED`, it is the caller's
 */
CfRemoteCallState
cf_call_dispatch_end_preparing (CfProcessPoolState *self,
                                CfRemoteCall       *call,
                                int                 payload)
{
  CfRemoteCallState state;

  self->prepared = NULL;
  call->payload = payload;
  if (call->state == CF_REMOTE_CALL_PREPARED && payload < 0)
    cf_call_ledger_strike_out (&self->ledger, call);
  else if (call->state == CF_REMOTE_CALL_PREPARED)
    cf_call_queue_push_front (&self->queue, call);
  state = call->state;
  cf_call_dispatch (self);

  return state;
}
