/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Submitting: how calls come into a pool.
 *
 * A call of the pool itself pushes to the deque of its thread; all others push to the shared queue. So do calls of
 * another than the default priority, which a deque has no order for.
 *
 * **Submitting against shutting down.** A thread that closes the pool sets `is_closing`, then counts what was
 * submitted; a submitter counts its call, then looks at `is_closing`. So a call that gets in is waited for. Calls that
 * calls submit get in until the last one has ended. */

#include "config.h"

#include "threads/cf-pool-submission-private.h"

#include "base/cf-error-private.h"
#include "future/cf-future-claim-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-settle-private.h"
#include "threads/cf-pool-counts-private.h"
#include "threads/cf-pool-draining-private.h"
#include "threads/cf-pool-emptying-private.h"
#include "threads/cf-pool-waking-private.h"

static guint64
submit_from_inside (CfPoolThread *thread,
                    CfFuture     *future)
{
  CfThreadPool *pool = thread->pool;
  guint epoch = cf_pool_count_in (pool, thread);

  /* It was counted first: somebody may withdraw it as soon as it has an owner. */
  if (!cf_future_set_owner (future, &pool->owner, epoch))
    {
      cf_pool_count_out (pool, thread, epoch);
      return 0;
    }

  cf_deque_push (&thread->deque, g_object_ref (future));
  cf_pool_notice_calls (pool);

  return atomic_load_explicit (&thread->n_submitted[epoch], memory_order_relaxed);
}

static guint64
submit_from_outside (CfThreadPool *pool,
                     CfFuture     *future)
{
  guint epoch = cf_pool_count_in (pool, NULL);
  guint64 nth;

  /* After it was counted: a pool that is closing waits for what is. */
  if (cf_thread_pool_is_closing (pool))
    {
      cf_pool_count_out (pool, NULL, epoch);
      cf_future_fail (future, cf_error_new_shut_down ());
      return 0;
    }

  if (!cf_future_set_owner (future, &pool->owner, epoch))
    {
      cf_pool_count_out (pool, NULL, epoch);
      return 0;
    }

  nth = atomic_load_explicit (&pool->n_submitted[epoch], memory_order_relaxed);

  cf_shared_queue_push (&pool->queue, g_object_ref (future));
  cf_pool_notice_calls (pool);

  return nth;
}

/**
 * cf_pool_submit:
 * @pool: a pool, which the caller keeps alive
 * @future: a pending future
 *
 * Has the future's call made by one of the threads.
 *
 * Returns: about how many calls have been submitted by the same thread of the pool, or from outside
 */
guint64
cf_pool_submit (CfThreadPool *pool,
                CfFuture     *future)
{
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();

  if (cf_thread_pool_is_broken (pool))
    {
      cf_future_fail (future, cf_pool_dup_broken (pool));
      return 0;
    }

  if (hooks != NULL && hooks->owner == pool && cf_future_get_priority (future) == G_PRIORITY_DEFAULT)
    return submit_from_inside ((CfPoolThread *) hooks, future);

  return submit_from_outside (pool, future);
}
