/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A set of futures that are taken out in the order in which they are done.
 *
 * Each distinct future has a member, with an observer; all members are in one block of memory. When a future is
 * done its member is pushed to an inbox, and the thread that consumes the set is woken if it waits. The consumer takes
 * everything at once:
 *
 *      completing threads:  → [completed, an inbox]
 *                                  │ taken whole
 *      the consumer:               └→ [queue, oldest first] → take()
 *
 * Each step costs the same however many futures there are, so that a set is linear in their number.
 *
 * The consumer is one thread at a time, or a notification on behalf of one that waits on the main loop. It
 * announces itself under the mutex (`parker`, `notify`), sets `is_awaited`, then looks into the inbox again; a
 * completing thread pushes, then looks at `is_awaited`. All four are sequentially consistent, so one of the two
 * sees the other. Only the consumer takes its announcement back. Waking happens under the mutex too, so that a
 * consumer that has done so is no longer touched. */

#include "config.h"

#include "executors/cf-completion-set-private.h"

#include "base/cf-fork-private.h"
#include "base/cf-inbox-private.h"
#include "base/cf-mutex-private.h"
#include "delivery/cf-delivery-private.h"
#include "future/cf-future-observers-private.h"
#include "future/cf-future-state-private.h"
#include "future/cf-future-wait-private.h"

typedef struct _Member Member;

struct _Member
{
  CfFutureObserver observer;
  CfCompletionSet *set;
  CfFuture        *future;      /* a reference */
  CfInboxLink      link;
};

struct _CfCompletionSet
{
  CfInbox             completed;
  _Atomic gboolean    is_awaited;

  CfMutex             mutex;
  CfParker           *parker;
  CfCompletionNotify  notify;
  gpointer            notify_data;

  CfInboxLink        *queue;      /* the consumer's: those that it has taken from the inbox, oldest first */

  CfAwaitedCalls      awaited;    /* for the pool of the consumer's thread, while that blocks */
  gsize               offered;    /* up to which member the calls were given to it */
  gsize               helped;     /* up to which member this thread has looked for calls that it could make itself */
  gsize               n_members;
  Member              members[];
};

static void
wake_consumer (CfCompletionSet *self)
{
  CfCompletionNotify notify;

  cf_mutex_lock (&self->mutex);

  if (self->parker != NULL)
    cf_parker_unpark (self->parker);

  /* What was just pushed may have been taken already, by a consumer that has asked again since. */
  notify = self->notify;
  if (notify != NULL && !cf_inbox_is_empty (&self->completed))
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

  cf_inbox_push (&self->completed, &member->link);
  if (atomic_load_explicit (&self->is_awaited, memory_order_seq_cst))
    wake_consumer (self);
}

static const CfObserverInterface member_interface = {
  .kind = CF_OBSERVER_SIGNAL,
  .fire = on_done,
};

static gpointer take_awaited (CfAwaitedCalls *awaited,
                              gpointer        owner);

/**
 * cf_are_futures:
 * @futures: (array length=n_futures) (nullable): an array
 * @n_futures: the number of @futures
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
 * @n_futures: the number of @futures
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

  self->awaited.take = take_awaited;

  for (gsize i = 0; i < n_futures; i++)
    {
      Member *member = &self->members[self->n_members];

      if (!g_hash_table_add (seen, futures[i]))
        continue;

      self->n_members++;
      member->observer.interface = &member_interface;
      member->set = self;
      member->future = g_object_ref (futures[i]);
      if (!cf_future_is_left_behind (member->future) && !cf_future_link_observer (member->future, &member->observer))
        cf_inbox_push (&self->completed, &member->link);
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
  CfInboxLink *link;

  if (self->queue == NULL)
    self->queue = cf_inbox_take (&self->completed, CF_INBOX_UNATTENDED);

  link = self->queue;
  if (link == NULL)
    return NULL;

  self->queue = link->next;
  return CF_INBOX_ENTRY (link, Member, link)->future;
}

static gboolean
has_completed (gpointer data)
{
  CfCompletionSet *self = data;

  return self->queue != NULL || !cf_inbox_is_empty (&self->completed);
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
  while (!has_completed (self) && self->helped < self->n_members)
    cf_future_try_run_here (self->members[self->helped++].future, is_patient);

  return has_completed (self);
}

/* Called by the pool of a consumer that blocks. */
static gpointer
take_awaited (CfAwaitedCalls *awaited,
              gpointer        owner)
{
  CfCompletionSet *self = (CfCompletionSet *) (void *) ((char *) awaited - G_STRUCT_OFFSET (CfCompletionSet, awaited));

  while (self->offered < self->n_members)
    {
      CfFuture *future = self->members[self->offered++].future;

      if (cf_future_is_pending_with (future, owner))
        return g_object_ref (future);
    }

  return NULL;
}

/* The pool has no other thread to make one of the calls. */
static void
make_awaited_call (CfCompletionSet *self)
{
  g_autoptr(CfFuture) future = take_awaited (&self->awaited, cf_blocking_get_hooks ()->owner);

  if (future != NULL)
    cf_future_try_run_here (future, TRUE);
}

/**
 * cf_completion_set_is_left_behind:
 * @self: a set
 *
 * Returns: whether all that is still to come are calls that a forked child waits for in vain
 */
gboolean
cf_completion_set_is_left_behind (CfCompletionSet *self)
{
  if (cf_fork_count () == 0)
    return FALSE;

  for (gsize i = 0; i < self->n_members; i++)
    {
      CfFuture *future = self->members[i].future;

      if (!cf_word_is_done (cf_future_get_word (future)) && !cf_future_is_left_behind (future))
        return FALSE;
    }

  return !has_completed (self);
}

static CfBlockingOutcome
wait_parked (CfCompletionSet *self,
             gint64           deadline,
             GCancellable    *cancellable)
{
  gboolean may_be_made = cf_blocking_get_hooks () != NULL && self->offered < self->n_members;
  CfBlockingOutcome outcome;

  set_consumer (self, cf_parker_get (), NULL, NULL);
  outcome = cf_blocking_wait (has_completed, self, deadline, cancellable, may_be_made ? &self->awaited : NULL);
  set_consumer (self, NULL, NULL, NULL);

  return outcome;
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
CfBlockingOutcome
cf_completion_set_wait (CfCompletionSet *self,
                        gboolean         for_all,
                        gint64           deadline,
                        GCancellable    *cancellable)
{
  CfBlockingOutcome outcome;

  if (has_completed (self))
    return CF_BLOCKING_DONE;

  if (cf_completion_set_is_left_behind (self))
    return CF_BLOCKING_LEFT_BEHIND;

  if (g_cancellable_is_cancelled (cancellable))
    return CF_BLOCKING_CANCELLED;

  if (deadline >= 0 && deadline <= g_get_monotonic_time ())
    return CF_BLOCKING_TIMED_OUT;

  if (help (self, for_all && deadline < 0 && cancellable == NULL))
    return CF_BLOCKING_DONE;

  if (cf_spin_until (has_completed, self))
    return CF_BLOCKING_DONE;

  while ((outcome = wait_parked (self, deadline, cancellable)) == CF_BLOCKING_CALLED_BACK)
    make_awaited_call (self);

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
