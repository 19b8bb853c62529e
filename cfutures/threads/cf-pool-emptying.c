/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Taking all calls out of the queues of a pool, without making them.
 *
 * That happens when the pool breaks (an initializer failed), which is for good; when it is shut down with the flag to
 * cancel what is pending; and when there is no thread and none can be started, which fails the calls that are there but
 * not the pool. Calls that a thread is just moving from one queue to another are not seen here: that thread does the
 * same to them, when it finds them next. */

#include "config.h"

#include "threads/cf-pool-emptying-private.h"

#include <glib/gi18n-lib.h>

#include "base/cf-trace-private.h"
#include "cf-error.h"
#include "cf-future.h"
#include "future/cf-future-settle-private.h"

typedef void (*CallFunc) (CfThreadPool *pool,
                          CfFuture     *future,
                          const GError *error);

static void
empty (CfThreadPool *pool,
       CallFunc      func,
       const GError *error)
{
  CfFuture *futures[CF_SHARED_QUEUE_MAX_BATCH];
  CfFuture *future;
  guint n_made;
  guint n;

  while ((n = cf_shared_queue_take (&pool->queue, G_MAXINT, G_N_ELEMENTS (futures), 1, futures)) > 0)
    {
      for (guint i = 0; i < n; i++)
        func (pool, futures[i], error);
    }

  n_made = cf_thread_roster_get_n_made (&pool->roster);
  for (guint i = 0; i < n_made; i++)
    {
      while ((future = cf_deque_steal (&pool->roster.threads[i]->deque)) != NULL)
        func (pool, future, error);
    }
}

static void
fail (CfThreadPool *pool,
      CfFuture     *future,
      const GError *error)
{
  cf_future_fail (future, g_error_copy (error));
  cf_pool_let_go (pool, future);
}

static void
cancel (CfThreadPool *pool,
        CfFuture     *future,
        const GError *unused)
{
  cf_future_cancel (future);
  cf_pool_let_go (pool, future);
}

/**
 * cf_pool_dup_broken:
 * @pool: a pool that is broken
 *
 * Returns: (transfer full): why
 */
GError *
cf_pool_dup_broken (CfThreadPool *pool)
{
  return g_error_copy (atomic_load_explicit (&pool->broken, memory_order_acquire));
}

/**
 * cf_pool_break:
 * @pool: a pool
 * @cause: why
 *
 * Breaks the pool: it runs no more calls.
 */
void
cf_pool_break (CfThreadPool *pool,
               const GError *cause)
{
  GError *error = g_error_new (CF_ERROR, CF_ERROR_BROKEN_EXECUTOR, _("The thread pool is broken: %s"), cause->message);
  GError *none = NULL;

  if (!atomic_compare_exchange_strong_explicit (&pool->broken, &none, error,
                                                memory_order_acq_rel, memory_order_acquire))
    g_error_free (error);
  cf_trace (CF_TRACE_POOL, "pool: “%s” is broken: %s", pool->config.thread_name_prefix, cause->message);

  empty (pool, fail, atomic_load_explicit (&pool->broken, memory_order_acquire));
}

/**
 * cf_pool_fail_pending:
 * @pool: a pool
 * @error: what to fail the calls with
 *
 * Fails the calls that have not begun.
 */
void
cf_pool_fail_pending (CfThreadPool *pool,
                      const GError *error)
{
  empty (pool, fail, error);
}

/**
 * cf_pool_cancel_pending:
 * @pool: a pool
 *
 * Cancels the calls that have not begun, and has threads cancel those that they find later.
 */
void
cf_pool_cancel_pending (CfThreadPool *pool)
{
  atomic_store_explicit (&pool->is_cancelling, TRUE, memory_order_seq_cst);
  empty (pool, cancel, NULL);
}

/**
 * cf_pool_fail_or_cancel:
 * @pool: a pool that runs no calls
 * @future: (transfer full): a call that was found late
 *
 * Does to one call what was done to the others.
 */
void
cf_pool_fail_or_cancel (CfThreadPool *pool,
                        CfFuture     *future)
{
  if (cf_thread_pool_is_broken (pool))
    fail (pool, future, atomic_load_explicit (&pool->broken, memory_order_acquire));
  else
    cancel (pool, future, NULL);
}
