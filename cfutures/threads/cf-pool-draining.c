/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Draining: waiting until all calls that were submitted so far are over, while others come.
 *
 * Those are the calls of an epoch (cf-pool-epochs.c), which each future keeps. There is no list of them, and nothing that
 * all threads write to: each thread counts for itself, by epoch, what it has submitted, and what is over. The thread that
 * drains the pool adds it all up.
 *
 * **The sums.** Those that are over are read first: the others can only have grown meanwhile, so that equal sums mean
 * that there was a moment without an unfinished call.
 *
 * **No call is overlooked.** A submission reads the epoch, counts, and reads it again; a thread that drains changes it, then
 * adds up. Either the sum has the call in it, or the submission sees that the epoch has changed, and counts for the new one.
 * Otherwise a call could be counted for an epoch that is over already, and the next drain, of the other epoch, would
 * miss it.
 *
 * **No wake-up is lost.** A thread counts a call that is over, lets its future go, which is a full barrier, then looks
 * whether the epoch is awaited; the thread that drains sets that, then adds up. So one of the two sees the other. */

#include "config.h"

#include "threads/cf-pool-draining-private.h"

#include "cf-bindings-private.h"
#include "future/cf-future-claim-private.h"
#include "threads/cf-pool-counts-private.h"

/* The epoch of calls that nobody waits for. */
#define EXEMPT 2

static gboolean
is_epoch_over (gpointer data,
               guint    epoch)
{
  CfThreadPool *pool = data;
  CfPoolThread **threads = pool->roster.threads;
  guint n_made = cf_thread_roster_get_n_made (&pool->roster);
  guint64 n_over = atomic_load_explicit (&pool->n_withdrawn[epoch], memory_order_seq_cst);
  guint64 n_submitted;

  for (guint i = 0; i < n_made; i++)
    n_over += atomic_load_explicit (&threads[i]->n_over[epoch], memory_order_seq_cst);

  n_submitted = atomic_load_explicit (&pool->n_submitted[epoch], memory_order_seq_cst);
  n_made = cf_thread_roster_get_n_made (&pool->roster);
  for (guint i = 0; i < n_made; i++)
    n_submitted += atomic_load_explicit (&threads[i]->n_submitted[epoch], memory_order_seq_cst);

  return n_over == n_submitted;
}

/**
 * cf_pool_when_drained:
 * @pool: a pool
 *
 * Returns: (transfer full): a promise that is settled when all calls that were submitted so far are over
 */
CfFuture *
cf_pool_when_drained (CfThreadPool *pool)
{
  CfFuture *promise = cf_pool_epochs_end (&pool->epochs);

  cf_pool_check_drained (pool);
  return promise;
}

/**
 * cf_pool_check_drained:
 * @pool: a pool
 *
 * Tells those who drain the pool if what they wait for is over: to be called when a call is over and has been counted.
 */
void
cf_pool_check_drained (CfThreadPool *pool)
{
  if (cf_pool_epochs_are_awaited (&pool->epochs))
    cf_pool_epochs_check (&pool->epochs, is_epoch_over, pool);
}

/**
 * cf_pool_count_in:
 * @pool: a pool
 * @thread: (nullable): the calling thread, if it is one of the pool's
 *
 * Counts a call that is about to be queued.
 *
 * Returns: the epoch that it belongs to
 */
guint
cf_pool_count_in (CfThreadPool *pool,
                  CfPoolThread *thread)
{
  guint epoch = cf_pool_epochs_get_current (&pool->epochs);
  guint current;

  while (TRUE)
    {
      if (thread != NULL)
        cf_pool_count_visibly (&thread->n_submitted[epoch], 1);
      else
        atomic_fetch_add_explicit (&pool->n_submitted[epoch], 1, memory_order_seq_cst);

      current = cf_pool_epochs_get_current (&pool->epochs);
      if (current == epoch)
        return epoch;

      cf_pool_count_out (pool, thread, epoch);
      epoch = current;
    }
}

/**
 * cf_pool_count_out:
 * @pool: a pool
 * @thread: (nullable): as for cf_pool_count_in()
 * @epoch: what that has returned
 *
 * Says that a call is not queued after all.
 */
void
cf_pool_count_out (CfThreadPool *pool,
                   CfPoolThread *thread,
                   guint         epoch)
{
  if (thread != NULL)
    cf_pool_count (&thread->n_submitted[epoch], -1);
  else
    atomic_fetch_sub_explicit (&pool->n_submitted[epoch], 1, memory_order_seq_cst);

  cf_pool_check_drained (pool);
}

static void
begin_withdrawal (CfFutureOwner *owner)
{
  cf_thread_pool_ref ((CfThreadPool *) owner);
}

static void
end_withdrawal (CfFutureOwner *owner,
                CfFuture      *future)
{
  CfThreadPool *pool = (CfThreadPool *) owner;

  atomic_fetch_add_explicit (&pool->n_withdrawn[cf_future_get_epoch (future)], 1, memory_order_seq_cst);
  cf_pool_check_drained (pool);
  cf_thread_pool_unref (pool);
}

/**
 * cf_pool_count_withdrawals:
 * @pool: a new pool
 *
 * Has those calls counted that are over and have not begun: when their futures are settled.
 */
void
cf_pool_count_withdrawals (CfThreadPool *pool)
{
  pool->owner.begin_withdrawal = begin_withdrawal;
  pool->owner.end_withdrawal = end_withdrawal;
}

/*
 * cf_future_exempt:
 * @self: the future of the call that the calling thread makes, for a pool of threads
 *
 * Has cf_executor_drain() no longer wait for this call. This is for a binding that makes many calls of its language in
 * one of the pool's, and waits for those itself.
 */
void
cf_future_exempt (CfFuture *self)
{
  CfPoolThread *thread = (CfPoolThread *) cf_blocking_get_hooks ();

  g_return_if_fail (thread != NULL);

  cf_pool_count (&thread->n_over[cf_future_get_epoch (self)], 1);
  cf_future_set_epoch (self, EXEMPT);
  cf_pool_check_drained (thread->pool);
}
