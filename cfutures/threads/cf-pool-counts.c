/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many calls of a pool wait, run and have ended.
 *
 * Each thread counts for itself what it has submitted, begun and ended, so that counting costs no more than a store;
 * the pool counts what came from other threads, and what was withdrawn before it began. Adding it all up is left to
 * those who ask. */

#include "config.h"

#include "threads/cf-pool-counts-private.h"

/**
 * cf_pool_get_counts:
 * @pool: a pool
 * @n_pending: (out): how many calls have not begun
 * @n_running: (out): how many are running
 * @n_completed: (out): how many have ended
 *
 * Counts the calls. Each number is right at some moment during the call.
 */
void
cf_pool_get_counts (CfThreadPool *pool,
                    guint64      *n_pending,
                    guint64      *n_running,
                    guint64      *n_completed)
{
  guint64 n_ended = 0;
  guint64 n_begun = atomic_load_explicit (&pool->n_withdrawn[0], memory_order_relaxed) +
                    atomic_load_explicit (&pool->n_withdrawn[1], memory_order_relaxed);
  guint64 n_submitted;
  guint64 n_withdrawn = n_begun;
  guint n_made = cf_thread_roster_get_n_made (&pool->roster);
  CfPoolThread **threads = pool->roster.threads;

  /* In this order, so that no call that is counted as ended is missing among those begun, and so on. */
  for (guint i = 0; i < n_made; i++)
    n_ended += atomic_load_explicit (&threads[i]->n_ended, memory_order_acquire);
  for (guint i = 0; i < n_made; i++)
    n_begun += atomic_load_explicit (&threads[i]->n_begun, memory_order_acquire);

  n_submitted = atomic_load_explicit (&pool->n_submitted[0], memory_order_seq_cst) +
                atomic_load_explicit (&pool->n_submitted[1], memory_order_seq_cst);
  for (guint i = 0; i < n_made; i++)
    n_submitted += atomic_load_explicit (&threads[i]->n_submitted[0], memory_order_acquire) +
                   atomic_load_explicit (&threads[i]->n_submitted[1], memory_order_acquire);

  *n_pending = n_submitted > n_begun ? n_submitted - n_begun : 0;
  *n_running = n_begun - n_withdrawn > n_ended ? n_begun - n_withdrawn - n_ended : 0;
  *n_completed = n_ended;
}

guint64
cf_pool_get_n_pending (CfThreadPool *pool)
{
  guint64 n_pending, n_running, n_completed;

  cf_pool_get_counts (pool, &n_pending, &n_running, &n_completed);
  return n_pending;
}
