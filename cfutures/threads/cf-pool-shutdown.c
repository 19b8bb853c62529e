/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Shutting a pool down: its threads end when there is nothing left to do.
 *
 * A closing pool takes no calls from outside, but from its own calls it does. An idle thread of it ends instead of
 * sleeping; one that blocks in a call comes back first. The thread that shuts the pool down may wait for all that, and
 * joins the threads, so that nothing of them is left when a program unloads what they ran. */

#include "config.h"

#include "threads/cf-pool-shutdown-private.h"

#include "base/cf-trace-private.h"
#include "future/cf-future-callbacks-private.h"
#include "threads/cf-pool-counts-private.h"
#include "threads/cf-pool-emptying-private.h"

static gboolean
has_no_pending (gpointer pool)
{
  return cf_pool_get_n_pending (pool) == 0;
}

/* If this is a thread of another pool, that one is told that it blocks. */
static void
join_threads (CfThreadPool    *pool,
              CfBlockingHooks *hooks)
{
  if (hooks != NULL)
    hooks->begin_blocking (hooks, NULL);

  cf_thread_roster_join (&pool->roster, has_no_pending, pool);

  if (hooks != NULL)
    hooks->end_blocking (hooks);
}

/**
 * cf_pool_shut_down:
 * @pool: a pool
 * @flags: whether to wait, and whether to cancel the calls that have not begun
 *
 * Ends the threads when there is nothing left to do. A thread of the pool does not wait, because it would wait
 * for itself.
 */
void
cf_pool_shut_down (CfThreadPool    *pool,
                   CfShutdownFlags  flags)
{
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();

  cf_trace (CF_TRACE_POOL, "pool: “%s” is shut down", pool->config.thread_name_prefix);
  atomic_store_explicit (&pool->is_closing, TRUE, memory_order_seq_cst);
  if ((flags & CF_SHUTDOWN_CANCEL_PENDING) != 0)
    cf_pool_cancel_pending (pool);
  cf_thread_roster_wake_all_idle (&pool->roster);

  if ((flags & CF_SHUTDOWN_WAIT) == 0 || (hooks != NULL && hooks->owner == pool))
    return;

  join_threads (pool, hooks);
  cf_future_deliver_own_of (&pool->owner);
}
