/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of an executor that have not finished.
 *
 * Each future that is handed to an executor is entered here, with an observer that strikes it out when it is done. So
 * the executor can tell how many calls wait and run, can wait for them, and can cancel them when it is shut down. Pools,
 * whose calls are short, own and count them themselves.
 *
 * It is counted: by the executor, and by each entry. The mutex guards the list and the number of completed
 * calls. An entry is struck out under its future's lock, so nothing takes a future's lock while it has the
 * mutex. */

#include "config.h"

#include "executors/cf-unfinished-calls-private.h"

#include "base/cf-mutex-private.h"
#include "base/cf-sanitizer-private.h"
#include "delivery/cf-delivery-private.h"
#include "future/cf-future-claim-private.h"
#include "future/cf-future-observers-private.h"

struct _CfUnfinishedCalls
{
  CfFutureOwner     list_owner;   /* first, so that the owner leads here */
  gatomicrefcount   ref_count;
  CfCountsNotifier *notifier;
  CfFutureOwner    *owner;        /* of the executor's calls: the above, or a pool that counts them itself */
  GMainContext     *context;      /* whose owner runs the calls, if that is so; not a reference */

  CfMutex           mutex;
  GQueue            entries;      /* in the order of submission */
  guint64           n_completed;
  gboolean          is_closed;
};

typedef struct
{
  CfFutureObserver   observer;
  CfUnfinishedCalls *unfinished;
  CfFuture          *future;
  GList              link;
} Entry;

static GMainContext *
acquire_context (CfFutureOwner *owner)
{
  GMainContext *context = ((CfUnfinishedCalls *) owner)->context;

  return context == cf_main_context_get_own () && g_main_context_acquire (context) ? context : NULL;
}

/**
 * cf_unfinished_calls_new:
 * @notifier: (transfer none): whom to tell that the counts have changed
 *
 * Returns: (transfer full): an empty list of calls
 */
CfUnfinishedCalls *
cf_unfinished_calls_new (CfCountsNotifier *notifier)
{
  CfUnfinishedCalls *self = g_new0 (CfUnfinishedCalls, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->notifier = cf_counts_notifier_ref (notifier);
  self->owner = &self->list_owner;
  g_queue_init (&self->entries);

  return self;
}

void
cf_unfinished_calls_unref (CfUnfinishedCalls *self)
{
  CF_TSAN_RELEASE (self);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  cf_counts_notifier_unref (self->notifier);
  cf_mutex_clear (&self->mutex);
  g_free (self);
}

/**
 * cf_unfinished_calls_set_context:
 * @self: an empty list of calls
 * @context: a main context
 *
 * Says that calls are made in iterations of @context only, so that its owner had better not wait for one that
 * has not begun. The context is not kept alive: calls that are queued there hold the list, and would keep it
 * alive for ever.
 */
void
cf_unfinished_calls_set_context (CfUnfinishedCalls *self,
                                 GMainContext      *context)
{
  self->context = context;
  self->list_owner.acquire_context = acquire_context;
}

/**
 * cf_unfinished_calls_set_owner:
 * @self: an empty list of calls
 * @owner: who owns the calls, and counts them itself
 *
 * Says whose calls they are, of which none is entered here.
 */
void
cf_unfinished_calls_set_owner (CfUnfinishedCalls *self,
                               CfFutureOwner     *owner)
{
  self->owner = owner;
}

CfFutureOwner *
cf_unfinished_calls_get_owner (CfUnfinishedCalls *self)
{
  return self->owner;
}

static void
strike_out (CfFutureObserver *observer,
            CfFuture         *future)
{
  Entry *entry = (Entry *) observer;
  CfUnfinishedCalls *self = entry->unfinished;

  cf_mutex_lock (&self->mutex);
  g_queue_unlink (&self->entries, &entry->link);
  if (!cf_future_is_cancelled (future))
    self->n_completed++;
  cf_mutex_unlock (&self->mutex);

  cf_counts_notifier_changed (self->notifier);
  CF_TSAN_RELEASE (future);
  g_object_unref (future);
  g_free (entry);
  cf_unfinished_calls_unref (self);
}

static const CfObserverInterface entry_interface = {
  .kind = CF_OBSERVER_SIGNAL,
  .fire = strike_out,
};

/**
 * cf_unfinished_calls_add:
 * @self: a list of calls
 * @future: a pending future
 *
 * Enters a call until it is done.
 *
 * Returns: %FALSE if the list is closed
 */
gboolean
cf_unfinished_calls_add (CfUnfinishedCalls *self,
                         CfFuture          *future)
{
  Entry *entry = NULL;

  cf_mutex_lock (&self->mutex);
  if (!self->is_closed)
    {
      entry = g_new0 (Entry, 1);
      entry->observer.interface = &entry_interface;
      entry->unfinished = self;
      entry->future = g_object_ref (future);
      g_atomic_ref_count_inc (&self->ref_count);
      entry->link.data = entry;
      g_queue_push_tail_link (&self->entries, &entry->link);
    }
  cf_mutex_unlock (&self->mutex);

  if (entry == NULL)
    return FALSE;

  cf_future_set_owner (future, &self->list_owner, 0);
  if (!cf_future_link_observer (future, &entry->observer))
    strike_out (&entry->observer, future);

  cf_counts_notifier_changed (self->notifier);
  return TRUE;
}

/**
 * cf_unfinished_calls_close:
 * @self: a list of calls
 *
 * Enters no more calls.
 */
void
cf_unfinished_calls_close (CfUnfinishedCalls *self)
{
  cf_mutex_lock (&self->mutex);
  self->is_closed = TRUE;
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_unfinished_calls_list:
 * @self: a list of calls
 *
 * Returns: (transfer full): the futures of the calls that are not done, in the order of their submission
 */
GPtrArray *
cf_unfinished_calls_list (CfUnfinishedCalls *self)
{
  GPtrArray *futures = g_ptr_array_new_with_free_func (g_object_unref);

  cf_mutex_lock (&self->mutex);
  for (GList *link = self->entries.head; link != NULL; link = link->next)
    g_ptr_array_add (futures, g_object_ref (((Entry *) link->data)->future));
  cf_mutex_unlock (&self->mutex);

  return futures;
}

/**
 * cf_unfinished_calls_get_counts:
 * @self: a list of calls
 * @n_pending: (out): how many calls have not begun
 * @n_running: (out): how many are running
 * @n_completed: (out): how many have ended
 */
void
cf_unfinished_calls_get_counts (CfUnfinishedCalls *self,
                                guint64           *n_pending,
                                guint64           *n_running,
                                guint64           *n_completed)
{
  g_autoptr(GPtrArray) futures = cf_unfinished_calls_list (self);

  *n_pending = 0;
  *n_running = 0;

  /* Without the mutex: to ask a future that a process pool has takes its lock. */
  for (guint i = 0; i < futures->len; i++)
    {
      CfFutureState state = cf_future_get_state (g_ptr_array_index (futures, i));

      *n_pending += state == CF_FUTURE_STATE_PENDING;
      *n_running += state == CF_FUTURE_STATE_RUNNING;
    }

  cf_mutex_lock (&self->mutex);
  *n_completed = self->n_completed;
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_unfinished_calls_cancel:
 * @self: a list of calls
 *
 * Cancels the calls that have not begun.
 */
void
cf_unfinished_calls_cancel (CfUnfinishedCalls *self)
{
  g_autoptr(GPtrArray) futures = cf_unfinished_calls_list (self);

  for (guint i = 0; i < futures->len; i++)
    cf_future_cancel (g_ptr_array_index (futures, i));
}
