/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A set of futures that are taken out in the order in which they are done.
 *
 * Each distinct future has a member, with an observer; all members are in one block of memory. When a future is
 * done its member is pushed to a stack, and whoever consumes the set is woken if it waits. The consumer takes
 * the whole stack at once and turns it round:
 *
 *      completing threads:  → [completed, newest first]
 *                                  │ taken whole, turned round
 *      the consumer:               └→ [queue, oldest first] → take()
 *
 * The stack is a Treiber stack from which everything is taken at once (no ABA): a push is a release, taking an
 * acquire. Each step costs the same however many futures there are, so that a set is linear in their number.
 *
 * The consumer is one thread at a time, or a notification on behalf of one that waits on the main loop. It
 * announces itself under the mutex (`parker`, `notify`), sets `is_awaited`, then looks at the stack again; a
 * completing thread pushes, then looks at `is_awaited`. All four are sequentially consistent, so one of the two
 * sees the other. Only the consumer takes its announcement back. Waking happens under the mutex too, so that a
 * consumer that has done so is not touched any more. */

#include "config.h"

#include "cf-completion-set-private.h"

#include "cf-mutex-private.h"

typedef struct _Member Member;

struct _Member
{
  CfFutureObserver observer;
  CfCompletionSet *set;
  CfFuture        *future;      /* a reference */
  Member          *next;
};

struct _CfCompletionSet
{
  _Atomic (Member *)  completed;
  _Atomic gboolean    is_awaited;

  CfMutex             mutex;
  CfParker           *parker;
  CfCompletionNotify  notify;
  gpointer            notify_data;

  Member             *queue_first;
  Member             *queue_last;

  gsize               helped;     /* up to which member this thread has looked for calls that it could make itself */
  gsize               n_members;
  Member              members[];
};

static void
push_completed (Member *member)
{
  CfCompletionSet *self = member->set;
  Member *newest = atomic_load_explicit (&self->completed, memory_order_relaxed);

  do
    member->next = newest;
  while (!atomic_compare_exchange_weak_explicit (&self->completed, &newest, member,
                                                 memory_order_seq_cst, memory_order_relaxed));
}

static void
wake_consumer (CfCompletionSet *self)
{
  CfCompletionNotify notify;

  cf_mutex_lock (&self->mutex);

  if (self->parker != NULL)
    cf_parker_unpark (self->parker);

  /* What was just pushed may have been taken already, by a consumer that has asked again since. */
  notify = self->notify;
  if (notify != NULL && atomic_load_explicit (&self->completed, memory_order_relaxed) != NULL)
    {
      self->notify = NULL;
      notify (self->notify_data);
    }

  cf_mutex_unlock (&self->mutex);
}

/* Under the future's lock. */
static void
on_done (CfFutureObserver *observer,
         CfFuture         *future)
{
  Member *member = (Member *) observer;
  CfCompletionSet *self = member->set;

  push_completed (member);
  if (atomic_load_explicit (&self->is_awaited, memory_order_seq_cst))
    wake_consumer (self);
}

/**
 * cf_are_futures:
 * @futures: (array length=n_futures) (nullable): an array
 * @n_futures: its length
 *
 * Returns: whether the array holds futures and nothing else
 */
gboolean
cf_are_futures (CfFuture *const *futures,
                gsize            n_futures)
{
  if (futures == NULL)
    return n_futures == 0;

  for (gsize i = 0; i < n_futures; i++)
    {
      if (!CF_IS_FUTURE (futures[i]))
        return FALSE;
    }

  return TRUE;
}

/**
 * cf_completion_set_new:
 * @futures: (array length=n_futures): futures
 * @n_futures: how many they are
 *
 * Begins to watch the futures. One that occurs several times is one member. Those that are done already come in
 * the order of the array.
 *
 * Returns: (transfer full): a set
 */
CfCompletionSet *
cf_completion_set_new (CfFuture *const *futures,
                       gsize            n_futures)
{
  CfCompletionSet *self = g_malloc0 (sizeof (CfCompletionSet) + n_futures * sizeof (Member));
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (gsize i = 0; i < n_futures; i++)
    {
      Member *member = &self->members[self->n_members];

      if (!g_hash_table_add (seen, futures[i]))
        continue;

      self->n_members++;
      member->observer.kind = CF_OBSERVER_SIGNAL;
      member->observer.fire = on_done;
      member->set = self;
      member->future = g_object_ref (futures[i]);
      if (!cf_future_link_observer (member->future, &member->observer))
        push_completed (member);
    }

  return self;
}

void
cf_completion_set_free (CfCompletionSet *self)
{
  for (gsize i = 0; i < self->n_members; i++)
    {
      Member *member = &self->members[i];

      cf_future_unlink_observer (member->future, &member->observer);
      CF_TSAN_RELEASE (member->future);
      g_object_unref (member->future);
    }

  cf_mutex_clear (&self->mutex);
  g_free (self);
}

gsize
cf_completion_set_get_size (CfCompletionSet *self)
{
  return self->n_members;
}

/**
 * cf_completion_set_get:
 * @self: a set
 * @i: a number below its size
 *
 * Returns: (transfer none): the future that came at place @i of the distinct ones
 */
CfFuture *
cf_completion_set_get (CfCompletionSet *self,
                       gsize            i)
{
  return self->members[i].future;
}

static void
collect_completed (CfCompletionSet *self)
{
  Member *newest = atomic_exchange_explicit (&self->completed, NULL, memory_order_acquire);
  Member *oldest = NULL;

  for (Member *member = newest; member != NULL;)
    {
      Member *older = member->next;

      member->next = oldest;
      oldest = member;
      member = older;
    }

  if (oldest == NULL)
    return;

  if (self->queue_last != NULL)
    self->queue_last->next = oldest;
  else
    self->queue_first = oldest;
  self->queue_last = newest;
}

/**
 * cf_completion_set_take:
 * @self: a set
 *
 * Returns: (transfer none) (nullable): the future that was done first of those not taken yet; %NULL if there is none
 *   at the moment
 */
CfFuture *
cf_completion_set_take (CfCompletionSet *self)
{
  Member *member;

  if (self->queue_first == NULL)
    collect_completed (self);

  member = self->queue_first;
  if (member == NULL)
    return NULL;

  self->queue_first = member->next;
  if (self->queue_first == NULL)
    self->queue_last = NULL;

  return member->future;
}

static gboolean
has_completed (gpointer data)
{
  CfCompletionSet *self = data;

  return self->queue_first != NULL ||
         atomic_load_explicit (&self->completed, memory_order_seq_cst) != NULL;
}

static void
set_consumer (CfCompletionSet    *self,
              CfParker           *parker,
              CfCompletionNotify  notify,
              gpointer            data)
{
  cf_mutex_lock (&self->mutex);
  self->parker = parker;
  self->notify = notify;
  self->notify_data = data;
  atomic_store_explicit (&self->is_awaited, parker != NULL || notify != NULL, memory_order_seq_cst);
  cf_mutex_unlock (&self->mutex);
}

/* Makes calls of the set that have not begun, if this thread is one of those that would make them, until one is
 * done. Where any call is waited for, making one of them might be in the way of another: an impatient thread leaves
 * that to the others of its pool. */
static gboolean
help (CfCompletionSet *self,
      gboolean         is_patient)
{
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();

  if (!is_patient && hooks != NULL && cf_main_context_get_own () == NULL && hooks->has_substitute (hooks))
    return FALSE;

  while (!has_completed (self) && self->helped < self->n_members)
    cf_future_try_run_here (self->members[self->helped++].future, TRUE);

  return has_completed (self);
}

/**
 * cf_completion_set_wait:
 * @self: a set
 * @for_all: whether the caller goes on waiting until all futures are done, whichever is first
 * @deadline: a monotonic time, or -1
 * @cancellable: (nullable): ends the wait early
 *
 * Blocks until there is a future to be taken.
 *
 * Returns: how the wait ended
 */
CfWaitOutcome
cf_completion_set_wait (CfCompletionSet *self,
                        gboolean         for_all,
                        gint64           deadline,
                        GCancellable    *cancellable)
{
  CfWaitOutcome outcome;

  if (has_completed (self))
    return CF_WAIT_DONE;

  if (g_cancellable_is_cancelled (cancellable))
    return CF_WAIT_CANCELLED;

  if (deadline >= 0 && deadline <= g_get_monotonic_time ())
    return CF_WAIT_TIMED_OUT;

  if (help (self, for_all && deadline < 0 && cancellable == NULL))
    return CF_WAIT_DONE;

  if (cf_wait_spin (has_completed, self))
    return CF_WAIT_DONE;

  set_consumer (self, cf_parker_get (), NULL, NULL);
  outcome = cf_wait_park (has_completed, self, deadline, cancellable);
  set_consumer (self, NULL, NULL, NULL);

  return outcome;
}

/**
 * cf_completion_set_notify:
 * @self: a set
 * @notify: (nullable): called once, in any thread, when there is a future to be taken: quick, without user code
 * @data: passed to @notify
 *
 * Asks to be told when there is a future to be taken, or no more to be told.
 *
 * Returns: %FALSE if there is one already, and @notify is not going to be called
 */
gboolean
cf_completion_set_notify (CfCompletionSet    *self,
                          CfCompletionNotify  notify,
                          gpointer            data)
{
  set_consumer (self, NULL, notify, data);
  if (notify == NULL || !has_completed (self))
    return TRUE;

  /* It may have been called in between. */
  cf_mutex_lock (&self->mutex);
  notify = self->notify;
  self->notify = NULL;
  cf_mutex_unlock (&self->mutex);

  return notify == NULL;
}
