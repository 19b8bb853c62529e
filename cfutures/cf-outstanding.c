/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of an executor that are not done yet.
 *
 * An executor that does not count its calls itself, such as one that an application has made, has them counted
 * here. Each future that is handed to it is entered, with an observer that strikes it out when it is done. So
 * the executor can tell how many calls wait and run, and can cancel them or wait for them when it is shut down.
 *
 * It is counted: by the executor, and by each entry. The mutex guards the list and the number of completed
 * calls. An entry is struck out under its future's lock, so nothing takes a future's lock while it has the
 * mutex. */

#include "config.h"

#include "cf-outstanding-private.h"

#include "cf-mutex-private.h"

struct _CfOutstanding
{
  CfFutureOwner     owner;        /* first, so that the owner leads here */
  gatomicrefcount   ref_count;
  CfCountsNotifier *notifier;
  GMainContext     *context;      /* whose owner makes the calls, if that is so; not a reference */

  CfMutex           mutex;
  GQueue            entries;      /* in the order of submission */
  guint64           n_completed;
  gboolean          is_closed;
};

typedef struct
{
  CfFutureObserver observer;
  CfOutstanding   *outstanding;
  CfFuture        *future;
  GList            link;
} Entry;

static GMainContext *
acquire_context (CfFutureOwner *owner)
{
  GMainContext *context = ((CfOutstanding *) owner)->context;

  return context == cf_main_context_get_own () && g_main_context_acquire (context) ? context : NULL;
}

/**
 * cf_outstanding_new:
 * @notifier: (transfer none): whom to tell that the counts have changed
 *
 * Returns: (transfer full): an empty list of calls
 */
CfOutstanding *
cf_outstanding_new (CfCountsNotifier *notifier)
{
  CfOutstanding *self = g_new0 (CfOutstanding, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->notifier = cf_counts_notifier_ref (notifier);
  g_queue_init (&self->entries);

  return self;
}

void
cf_outstanding_unref (CfOutstanding *self)
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
 * cf_outstanding_set_context:
 * @self: an empty list of calls
 * @context: a main context
 *
 * Says that calls are made in iterations of @context only, so that its owner had better not wait for one that
 * has not begun. The context is not kept alive: calls that are queued there hold the list, and would keep it
 * alive for ever.
 */
void
cf_outstanding_set_context (CfOutstanding *self,
                            GMainContext  *context)
{
  self->context = context;
  self->owner.acquire_context = acquire_context;
}

CfFutureOwner *
cf_outstanding_get_owner (CfOutstanding *self)
{
  return &self->owner;
}

static void
strike_out (CfFutureObserver *observer,
            CfFuture         *future)
{
  Entry *entry = (Entry *) observer;
  CfOutstanding *self = entry->outstanding;

  cf_mutex_lock (&self->mutex);
  g_queue_unlink (&self->entries, &entry->link);
  if (!cf_future_is_cancelled (future))
    self->n_completed++;
  cf_mutex_unlock (&self->mutex);

  cf_counts_notifier_changed (self->notifier);
  CF_TSAN_RELEASE (future);
  g_object_unref (future);
  g_free (entry);
  cf_outstanding_unref (self);
}

/**
 * cf_outstanding_add:
 * @self: a list of calls
 * @future: a pending future
 *
 * Enters a call until it is done.
 *
 * Returns: %FALSE if the list is closed
 */
gboolean
cf_outstanding_add (CfOutstanding *self,
                    CfFuture      *future)
{
  Entry *entry = NULL;

  cf_mutex_lock (&self->mutex);
  if (!self->is_closed)
    {
      entry = g_new0 (Entry, 1);
      entry->observer.kind = CF_OBSERVER_SIGNAL;
      entry->observer.fire = strike_out;
      entry->outstanding = self;
      entry->future = g_object_ref (future);
      g_atomic_ref_count_inc (&self->ref_count);
      entry->link.data = entry;
      g_queue_push_tail_link (&self->entries, &entry->link);
    }
  cf_mutex_unlock (&self->mutex);

  if (entry == NULL)
    return FALSE;

  cf_future_set_owner (future, &self->owner);
  if (!cf_future_link_observer (future, &entry->observer))
    strike_out (&entry->observer, future);

  cf_counts_notifier_changed (self->notifier);
  return TRUE;
}

/**
 * cf_outstanding_close:
 * @self: a list of calls
 *
 * Enters no more calls.
 */
void
cf_outstanding_close (CfOutstanding *self)
{
  cf_mutex_lock (&self->mutex);
  self->is_closed = TRUE;
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_outstanding_list:
 * @self: a list of calls
 *
 * Returns: (transfer full): the futures of the calls that are not done, in the order of their submission
 */
GPtrArray *
cf_outstanding_list (CfOutstanding *self)
{
  GPtrArray *futures = g_ptr_array_new_with_free_func (g_object_unref);

  cf_mutex_lock (&self->mutex);
  for (GList *link = self->entries.head; link != NULL; link = link->next)
    g_ptr_array_add (futures, g_object_ref (((Entry *) link->data)->future));
  cf_mutex_unlock (&self->mutex);

  return futures;
}

/**
 * cf_outstanding_get_counts:
 * @self: a list of calls
 * @n_pending: (out): how many calls have not begun
 * @n_running: (out): how many are being made
 * @n_completed: (out): how many have ended
 */
void
cf_outstanding_get_counts (CfOutstanding *self,
                           guint64       *n_pending,
                           guint64       *n_running,
                           guint64       *n_completed)
{
  *n_pending = 0;
  *n_running = 0;

  cf_mutex_lock (&self->mutex);
  for (GList *link = self->entries.head; link != NULL; link = link->next)
    {
      CfFutureState state = cf_future_get_state (((Entry *) link->data)->future);

      *n_pending += state == CF_FUTURE_STATE_PENDING;
      *n_running += state == CF_FUTURE_STATE_RUNNING;
    }
  *n_completed = self->n_completed;
  cf_mutex_unlock (&self->mutex);
}
