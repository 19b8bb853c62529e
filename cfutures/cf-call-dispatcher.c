/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which worker makes which call.
 *
 *      enqueue ──→ [queue] ──dispatch──→ worker ──→ end_call          by whoever submits or receives
 *                   │   ↑                 │  │
 *                   │   └────take back────┘  │
 *                   └─────────→ withdraw ←───┘                         by whoever cancels
 *
 * **Which worker.** An idle one first. If there is none, another one is wanted, up to the limit, and the manager
 * starts it. And if calls have turned out to be short, a worker is given more of them than one, so that neither side
 * has to be woken for each: as many as it should make in PIPELINE_USEC. If that was a mistake, because a long call
 * came among them, the calls that have not begun are taken back as soon as another worker is idle, or when they are
 * cancelled, or when one of higher priority comes, or when the worker has been busy with one call for a while: until
 * a worker has claimed a call, it is pending in every respect (cf-channel.c).
 *
 * The *mutex* guards the queue, the workers with their calls, and the counts; the floors above keep under it what has
 * to agree with these. Any thread takes it, for moments. No user code runs under it: nothing is settled here. What the
 * manager has to do it is *kicked* to do. */

#include "config.h"

#include "cf-call-dispatcher-private.h"

#include <glib/gi18n-lib.h>

#include "cf-payload-private.h"

/* How much work a worker is given in advance. */
#define PIPELINE_USEC 200

/* When a worker has not answered for so long its calls are not short any more. */
#define STUCK_USEC    1000

/* How late it is noticed at most that a call has begun. */
#define MAX_LOOK_USEC (8 * 1000)

void
cf_call_dispatcher_init (CfCallDispatcher *self)
{
  self->config.worker.stdout_descriptor = -1;
  self->config.worker.stderr_descriptor = -1;
  self->context = g_main_context_new ();
  self->call_nsec = G_MAXUINT;
  self->look_at = -1;
  self->look_usec = CF_LOOK_USEC;
  cf_worker_set_init (&self->workers);
  cf_remote_queue_init (&self->queue);
}

void
cf_call_dispatcher_clear (CfCallDispatcher *self)
{
  cf_worker_settings_clear (&self->config.worker);
  cf_call_clear (&self->config.initializer);
  g_main_context_unref (self->context);
  cf_worker_set_clear (&self->workers);
  cf_remote_queue_clear (&self->queue);
  cf_call_ledger_clear (&self->ledger);
  cf_mutex_clear (&self->mutex);
}

/**
 * cf_call_dispatcher_kick:
 * @self: a dispatcher
 *
 * Has the manager look at what there is to do.
 */
void
cf_call_dispatcher_kick (CfCallDispatcher *self)
{
  atomic_store_explicit (&self->is_kicked, TRUE, memory_order_relaxed);
  g_main_context_wakeup (self->context);
}

/**
 * cf_call_dispatcher_note_kicks:
 * @self: a dispatcher
 *
 * The manager is about to do what it was kicked to do. Under the mutex, so that it sees what came before the kicks.
 */
void
cf_call_dispatcher_note_kicks (CfCallDispatcher *self)
{
  cf_mutex_lock (&self->mutex);
  atomic_store_explicit (&self->is_kicked, FALSE, memory_order_relaxed);
  cf_mutex_unlock (&self->mutex);
}

/* Dispatching: with the mutex held. */

/* How many calls a busy worker may have. */
static guint
pipeline_depth (CfCallDispatcher *self)
{
  guint usec = self->call_nsec / 1000;

  if (usec > CF_SHORT_CALL_USEC)
    return 1;

  return CLAMP (PIPELINE_USEC / (usec + 1), 2, CF_CHANNEL_N_SLOTS);
}

static CfRemoteWorker *
find_worker (CfCallDispatcher *self,
             CfRemoteCall     *call)
{
  CfRemoteWorker *worker = cf_worker_set_find_idle (&self->workers);

  if (worker != NULL || call->is_large)
    return worker;

  return cf_worker_set_find_busy (&self->workers, pipeline_depth (self), g_get_monotonic_time () - STUCK_USEC);
}

/* Has the manager come soon, if it does not do so anyway. */
static void
plan_look (CfCallDispatcher *self)
{
  self->look_usec = CF_LOOK_USEC;
  if (self->look_at >= 0)
    return;

  self->look_at = g_get_monotonic_time () + CF_LOOK_USEC;
  cf_call_dispatcher_kick_once (self);
}

/**
 * cf_call_dispatcher_give:
 * @self: a dispatcher
 * @worker: one of its workers
 * @call: a call that is in no list
 *
 * Returns: %FALSE if the worker has no room now
 */
gboolean
cf_call_dispatcher_give (CfCallDispatcher *self,
                         CfRemoteWorker   *worker,
                         CfRemoteCall     *call)
{
  plan_look (self);
  if (!cf_remote_worker_give (worker, call, ++self->last_id, self->workers.n_pollers == 0))
    return FALSE;

  if (cf_remote_worker_is_used_up (worker))
    cf_call_dispatcher_kick_once (self);

  return TRUE;
}

/* Puts a call that has not begun back into the queue. Returns whether it did. */
static gboolean
take_back (CfCallDispatcher *self,
           CfRemoteWorker   *worker,
           CfRemoteCall     *call)
{
  if (call->is_initializer || !cf_remote_worker_take_back (worker, call))
    return FALSE;

  cf_remote_queue_push_front (&self->queue, call);
  return TRUE;
}

/* Takes calls that have not begun away from the worker with most of them, for an idle one. Returns whether there
 * are any to give out now. */
static gboolean
take_back_for_idle (CfCallDispatcher *self)
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
take_back_for_urgent (CfCallDispatcher *self,
                      CfRemoteCall     *urgent)
{
  int priority = cf_future_get_priority (urgent->future);

  for (guint i = 0; i < self->workers.members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (&self->workers, i);
      GList *previous;

      for (GList *link = worker->calls.tail; link != NULL; link = previous)
        {
          CfRemoteCall *call = link->data;

          previous = link->prev;
          if (!call->is_initializer && cf_future_get_priority (call->future) > priority)
            take_back (self, worker, call);
        }
    }
}

/**
 * cf_call_dispatcher_take_back_all:
 * @self: a dispatcher
 * @worker: one of its workers
 *
 * Takes all calls that have not begun away from @worker.
 */
void
cf_call_dispatcher_take_back_all (CfCallDispatcher *self,
                                  CfRemoteWorker   *worker)
{
  GList *previous;

  for (GList *link = worker->calls.tail; link != NULL; link = previous)
    {
      previous = link->prev;
      take_back (self, worker, link->data);
    }
}

/**
 * cf_call_dispatcher_lacks_worker:
 * @self: a dispatcher
 *
 * As long as there is one lacking the manager sleeps until `start_after` at most: whoever finds that one is wakes it,
 * whether or not it may be started now.
 *
 * Returns: whether one more worker should be started, at `start_after`
 */
gboolean
cf_call_dispatcher_lacks_worker (CfCallDispatcher *self)
{
  return self->ledger.broken == NULL &&
         self->queue.n_calls > cf_worker_set_count_available (&self->workers) &&
         cf_worker_set_count_living (&self->workers) < self->config.max_workers;
}

/**
 * cf_call_dispatcher_dispatch:
 * @self: a dispatcher
 *
 * Hands calls to workers, as far as it pays.
 */
void
cf_call_dispatcher_dispatch (CfCallDispatcher *self)
{
  CfRemoteCall *call;

  while ((call = cf_remote_queue_peek (&self->queue)) != NULL)
    {
      CfRemoteWorker *worker = find_worker (self, call);

      if (worker == NULL || (call->is_large && call->payload < 0))
        {
          if (worker != NULL || cf_call_dispatcher_lacks_worker (self))
            cf_call_dispatcher_kick_once (self);
          return;
        }

      cf_remote_queue_remove (&self->queue, call);
      if (!cf_call_dispatcher_give (self, worker, call))
        {
          cf_remote_queue_push_front (&self->queue, call);
          continue;
        }

      if (self->queue.n_calls > 0 && cf_call_dispatcher_lacks_worker (self))
        cf_call_dispatcher_kick_once (self);
    }

  if (self->workers.members->len > 1 && cf_worker_set_find_idle (&self->workers) != NULL && take_back_for_idle (self))
    cf_call_dispatcher_dispatch (self);
}

/* Calls that come, and calls that end: with the mutex held. */

/**
 * cf_call_dispatcher_enqueue:
 * @self: a dispatcher, whose ledger refuses nothing
 * @call: (transfer full): a call, ready to be given to a worker
 *
 * Has the call made.
 */
void
cf_call_dispatcher_enqueue (CfCallDispatcher *self,
                            CfRemoteCall     *call)
{
  if (cf_future_get_priority (call->future) != G_PRIORITY_DEFAULT)
    self->uses_priorities = TRUE;

  cf_call_ledger_enter (&self->ledger);
  cf_remote_queue_push (&self->queue, call);
  if (self->uses_priorities)
    take_back_for_urgent (self, call);
  cf_call_dispatcher_dispatch (self);
}

static void
learn_duration (CfCallDispatcher *self,
                guint             nsec)
{
  if (self->call_nsec == G_MAXUINT)
    self->call_nsec = nsec;
  else if (nsec > self->call_nsec)
    self->call_nsec += (nsec - self->call_nsec) / 8;
  else
    self->call_nsec -= (self->call_nsec - nsec) / 8;
}

/**
 * cf_call_dispatcher_end_call:
 * @self: a dispatcher
 * @call: a call that its worker has made
 * @duration_nsec: how long that took
 *
 * Takes the call off its worker: it is the caller's, to complete it.
 */
void
cf_call_dispatcher_end_call (CfCallDispatcher *self,
                             CfRemoteCall     *call,
                             guint             duration_nsec)
{
  CfRemoteWorker *worker = call->worker;

  worker->since = g_get_monotonic_time ();
  cf_remote_worker_remove (worker, call);
  cf_call_ledger_strike_out (&self->ledger, call);
  if (call->is_initializer)
    return;

  worker->has_worked = TRUE;
  cf_call_ledger_note_useful (&self->ledger);
  learn_duration (self, duration_nsec);
}

/**
 * cf_call_dispatcher_take_from_dead:
 * @self: a dispatcher
 * @worker: a worker that has ended
 *
 * Sorts its calls: those that had begun are the caller's, to complete them, and the others move on.
 *
 * Returns: (transfer full) (element-type CfRemoteCall): the former
 */
GList *
cf_call_dispatcher_take_from_dead (CfCallDispatcher *self,
                                   CfRemoteWorker   *worker)
{
  GList *begun = NULL;

  cf_call_dispatcher_take_back_all (self, worker);
  while (worker->calls.tail != NULL)
    {
      CfRemoteCall *call = worker->calls.tail->data;

      if (!call->is_initializer)
        worker->has_worked = TRUE;
      cf_remote_worker_remove (worker, call);
      cf_call_ledger_strike_out (&self->ledger, call);
      begun = g_list_prepend (begun, call);
    }

  return begun;
}

/* From outside. */

/**
 * cf_call_dispatcher_close:
 * @self: a dispatcher
 *
 * Takes no call any more, and has the manager end when all are over.
 */
void
cf_call_dispatcher_close (CfCallDispatcher *self)
{
  cf_mutex_lock (&self->mutex);
  cf_call_ledger_close (&self->ledger);
  cf_call_dispatcher_kick (self);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_call_dispatcher_withdraw:
 * @self: a dispatcher
 * @call: a call that is not over
 * @call_to_free: (out caller-allocates): what was to be called, if it is for the caller to free
 *
 * Takes the call back, if it has not begun. If somebody else has it in his hands it is left for him to free.
 *
 * Returns: whether the call will never be made
 */
gboolean
cf_call_dispatcher_withdraw (CfCallDispatcher *self,
                             CfRemoteCall     *call,
                             CfCall           *call_to_free)
{
  gboolean is_known;

  cf_mutex_lock (&self->mutex);
  if (call->state == CF_REMOTE_CALL_ENDED ||
      (call->state == CF_REMOTE_CALL_HANDED && !cf_remote_worker_take_back (call->worker, call)))
    {
      cf_mutex_unlock (&self->mutex);
      return FALSE;
    }

  if (call->state == CF_REMOTE_CALL_QUEUED)
    cf_remote_queue_remove (&self->queue, call);

  is_known = call->state == CF_REMOTE_CALL_QUEUED || call->state == CF_REMOTE_CALL_HANDED;
  if (call->state != CF_REMOTE_CALL_NEW)
    {
      cf_call_ledger_withdraw (&self->ledger);
      *call_to_free = call->call;
      call->call.kind = CF_CALL_NONE;
    }
  if (cf_call_ledger_is_over (&self->ledger))
    cf_call_dispatcher_kick_once (self);
  call->state = CF_REMOTE_CALL_WITHDRAWN;
  cf_mutex_unlock (&self->mutex);

  if (is_known)
    cf_remote_call_free (call);
  return TRUE;
}

gboolean
cf_call_dispatcher_has_begun (CfCallDispatcher *self,
                              CfRemoteCall     *call)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = call->state == CF_REMOTE_CALL_ENDED ||
           (call->state == CF_REMOTE_CALL_HANDED && cf_remote_worker_has_begun (call->worker, call));
  cf_mutex_unlock (&self->mutex);

  return answer;
}

/**
 * cf_call_dispatcher_interrupt:
 * @self: a dispatcher
 * @call: a call that is not over
 * @how: whether to ask it to give up, or to kill the worker that makes it
 *
 * Has the manager do so.
 */
void
cf_call_dispatcher_interrupt (CfCallDispatcher *self,
                              CfRemoteCall     *call,
                              CfInterruption    how)
{
  cf_mutex_lock (&self->mutex);
  if (how == CF_INTERRUPT_COOPERATE)
    {
      call->is_cancel_requested = TRUE;
      self->look_at = 0;
    }
  else if (call->worker != NULL)
    {
      call->worker->is_suspect = call->is_condemned = TRUE;
    }
  cf_call_dispatcher_kick_once (self);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_call_dispatcher_list_futures:
 * @self: a dispatcher
 *
 * Returns: (transfer full) (element-type CfFuture): the futures of all calls that are not over
 */
GPtrArray *
cf_call_dispatcher_list_futures (CfCallDispatcher *self)
{
  GPtrArray *futures;

  cf_mutex_lock (&self->mutex);
  futures = cf_remote_queue_list (&self->queue);
  if (self->prepared != NULL)
    g_ptr_array_add (futures, g_object_ref (self->prepared->future));
  for (guint i = 0; i < self->workers.members->len; i++)
    {
      for (GList *link = cf_worker_set_nth (&self->workers, i)->calls.head; link != NULL; link = link->next)
        {
          CfRemoteCall *call = link->data;

          if (!call->is_initializer)
            g_ptr_array_add (futures, g_object_ref (call->future));
        }
    }
  cf_mutex_unlock (&self->mutex);

  return futures;
}

void
cf_call_dispatcher_get_counts (CfCallDispatcher *self,
                               guint64          *n_pending,
                               guint64          *n_running,
                               guint64          *n_completed)
{
  guint64 n_begun = 0;

  cf_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->workers.members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (&self->workers, i);

      for (GList *link = worker->calls.head; link != NULL && cf_remote_worker_has_begun (worker, link->data);
           link = link->next)
        n_begun += !((CfRemoteCall *) link->data)->is_initializer;
    }
  *n_pending = self->ledger.n_outstanding - n_begun;
  *n_running = n_begun;
  *n_completed = self->ledger.n_completed;
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_call_dispatcher_fail_initializer:
 * @self: a dispatcher
 * @error: why the pool's initializer has failed in a worker
 *
 * Breaks the pool.
 */
void
cf_call_dispatcher_fail_initializer (CfCallDispatcher *self,
                                     const GError     *error)
{
  g_autofree char *reason = g_strdup_printf (_("its initializer failed: %s"), error->message);

  cf_mutex_lock (&self->mutex);
  cf_call_ledger_break (&self->ledger, reason);
  cf_call_dispatcher_kick_once (self);
  cf_mutex_unlock (&self->mutex);
}

/* For the manager. */

/* Notes which calls of a worker have begun, and asks those to give up that are to. Returns whether others wait to begin,
 * or to be asked. */
static gboolean
look_at_worker (CfCallDispatcher *self,
                CfRemoteWorker   *worker,
                gint64            now,
                GPtrArray        *begun)
{
  GList *link = worker->calls.head;
  gboolean is_to_be_asked = FALSE;

  worker->is_full = FALSE;
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
    cf_call_dispatcher_take_back_all (self, worker);

  return link != NULL || is_to_be_asked;
}

/**
 * cf_call_dispatcher_look:
 * @self: a dispatcher
 * @begun: (element-type CfFuture): where the futures go whose calls are found to have begun
 *
 * Asks calls to give up whose futures want them to, and sees which calls have begun, if it is time to. It is time
 * again while calls are being given, or wait to begin: so the manager is not kicked for each that is given.
 *
 * Returns: when it is time again, or -1
 */
gint64
cf_call_dispatcher_look (CfCallDispatcher *self,
                         GPtrArray        *begun)
{
  gint64 now = g_get_monotonic_time ();
  gint64 look_at;

  cf_mutex_lock (&self->mutex);
  if (self->look_at >= 0 && now >= self->look_at)
    {
      gboolean is_waiting = self->last_id != self->looked_id;

      for (guint i = 0; i < self->workers.members->len; i++)
        is_waiting = look_at_worker (self, cf_worker_set_nth (&self->workers, i), now, begun) || is_waiting;

      self->look_at = is_waiting ? now + self->look_usec : -1;
      self->look_usec = MIN (self->look_usec * 2, MAX_LOOK_USEC);
      self->looked_id = self->last_id;
    }
  look_at = self->look_at;
  cf_mutex_unlock (&self->mutex);

  return look_at;
}

/* The next call, if a payload is all it waits for; it is out of the queue then. */
static CfRemoteCall *
begin_preparing (CfCallDispatcher  *self,
                 GVariant         **args)
{
  CfRemoteCall *call;

  cf_mutex_lock (&self->mutex);
  call = cf_remote_queue_peek (&self->queue);
  if (call == NULL || !call->is_large || call->payload >= 0 || cf_worker_set_find_idle (&self->workers) == NULL)
    {
      cf_mutex_unlock (&self->mutex);
      return NULL;
    }

  cf_remote_queue_remove (&self->queue, call);
  call->state = CF_REMOTE_CALL_PREPARED;
  self->prepared = call;
  *args = g_variant_ref (call->call.args);
  cf_mutex_unlock (&self->mutex);

  return call;
}

/* Returns what has become of the call. */
static CfRemoteCallState
end_preparing (CfCallDispatcher *self,
               CfRemoteCall     *call,
               int               payload)
{
  CfRemoteCallState state;

  cf_mutex_lock (&self->mutex);
  self->prepared = NULL;
  call->payload = payload;
  if (call->state == CF_REMOTE_CALL_PREPARED && payload < 0)
    cf_call_ledger_strike_out (&self->ledger, call);
  else if (call->state == CF_REMOTE_CALL_PREPARED)
    cf_remote_queue_push_front (&self->queue, call);
  state = call->state;
  cf_call_dispatcher_dispatch (self);
  cf_mutex_unlock (&self->mutex);

  return state;
}

/**
 * cf_call_dispatcher_prepare_payload:
 * @self: a dispatcher
 * @failed: (out) (transfer full): a call whose payload cannot be made, for the caller to complete, or %NULL
 * @error: return location for why, if @failed is set
 *
 * Makes the payload of the next call, if that is all it waits for.
 *
 * Returns: whether there was such a call
 */
gboolean
cf_call_dispatcher_prepare_payload (CfCallDispatcher  *self,
                                    CfRemoteCall     **failed,
                                    GError           **error)
{
  g_autoptr(GVariant) args = NULL;
  g_autoptr(GError) own_error = NULL;
  CfRemoteCall *call = begin_preparing (self, &args);
  CfRemoteCallState state;

  *failed = NULL;
  if (call == NULL)
    return FALSE;

  state = end_preparing (self, call, cf_payload_create (args, &own_error));
  if (state == CF_REMOTE_CALL_WITHDRAWN)
    {
      cf_remote_call_free (call);
    }
  else if (state == CF_REMOTE_CALL_ENDED)
    {
      *failed = call;
      g_propagate_error (error, g_steal_pointer (&own_error));
    }

  return TRUE;
}

/**
 * cf_call_dispatcher_take_doomed:
 * @self: a dispatcher
 * @error: return location for why the pool is broken, if it is
 *
 * A broken pool makes no more calls.
 *
 * Returns: (transfer full) (nullable): a call that is still in the queue of a broken pool, for the caller to complete
 */
CfRemoteCall *
cf_call_dispatcher_take_doomed (CfCallDispatcher  *self,
                                GError           **error)
{
  CfRemoteCall *call;

  cf_mutex_lock (&self->mutex);
  call = self->ledger.broken != NULL ? cf_remote_queue_peek (&self->queue) : NULL;
  if (call != NULL)
    {
      cf_remote_queue_remove (&self->queue, call);
      cf_call_ledger_strike_out (&self->ledger, call);
      g_propagate_error (error, g_error_copy (self->ledger.broken));
    }
  cf_mutex_unlock (&self->mutex);

  return call;
}
