/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The epochs of a pool's calls, and who waits for the end of one.
 *
 * Each call belongs to the *epoch* in which it was submitted: 0 or 1, by turns. To wait for the calls that were submitted
 * so far is to begin the other epoch, and to wait until all calls of the old one are over. Who comes meanwhile waits for
 * the next change:
 *
 *      epoch      0 0 0 0 │ 1 1 1 1 1 1 1 │ 0 0 0 …
 *      drain()            A   B           │
 *                         └─ 0 is over: A ┘ 1 is over: B
 *
 * That is how Sleepable RCU waits for its readers (P. E. McKenney, "Sleepable Read-Copy Update", 2006).
 *
 * How many calls there are of each is for the pool to count.
 *
 * The mutex guards the promises, and the epoch is written under it. No other lock is held with it, and promises are
 * settled without it. */

#include "config.h"

#include "executors/cf-pool-epochs-private.h"

void
cf_pool_epochs_clear (CfPoolEpochs *self)
{
  g_assert (self->ending == NULL && self->next == NULL);

  cf_mutex_clear (&self->mutex);
}

/* With the mutex held. */
static void
begin_epoch (CfPoolEpochs *self)
{
  self->ending = g_steal_pointer (&self->next);
  if (self->ending != NULL)
    atomic_store_explicit (&self->current, self->current ^ 1, memory_order_seq_cst);
  atomic_store_explicit (&self->is_awaited, self->ending != NULL, memory_order_seq_cst);
}

/**
 * cf_pool_epochs_end:
 * @self: the epochs of a pool
 *
 * Ends the current epoch, as soon as the one before is over. The caller checks then whether it is over.
 *
 * Returns: (transfer full): a promise that is settled when it is over
 */
CfFuture *
cf_pool_epochs_end (CfPoolEpochs *self)
{
  CfFuture *promise = cf_future_new ();

  cf_mutex_lock (&self->mutex);
  self->next = g_slist_prepend (self->next, g_object_ref (promise));
  if (self->ending == NULL)
    begin_epoch (self);
  cf_mutex_unlock (&self->mutex);

  return promise;
}

/**
 * cf_pool_epochs_check:
 * @self: the epochs of a pool
 * @is_over: tells whether all calls of an epoch are over; called with a lock held
 * @data: passed to @is_over
 *
 * Settles the promises of those who have waited for the last call of an epoch, if that is over. Any thread.
 */
void
cf_pool_epochs_check (CfPoolEpochs *self,
                      gboolean    (*is_over) (gpointer data,
                                              guint    epoch),
                      gpointer      data)
{
  GSList *promises = NULL;

  cf_mutex_lock (&self->mutex);
  while (self->ending != NULL && is_over (data, self->current ^ 1))
    {
      promises = g_slist_concat (self->ending, promises);
      begin_epoch (self);
    }
  cf_mutex_unlock (&self->mutex);

  while (promises != NULL)
    {
      g_autoptr(CfFuture) promise = promises->data;

      promises = g_slist_delete_link (promises, promises);
      cf_future_set_value (promise, NULL, NULL);
    }
}
