/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which call a thread makes next.
 *
 * It looks in this order: for calls that a blocked thread of the pool waits for; urgent ones in the shared queue; its
 * own deque; the default priority in the shared queue; other threads' deques; the rest of the shared queue. Every so
 * often the shared queue comes before its own deque, so that calls that submit calls do not keep all others out.
 *
 * Awaited calls come first because the thread that waits may hold what others need. A pool of 4 whose calls each take
 * one mutex, submit a call and wait for it stands still if the thread that stands in for the first of them takes the
 * next such call, which waits for the mutex, and not the one that the first waits for. While more threads are active
 * than there are workers, awaited calls are the only ones that are taken.
 *
 * As long as calls turn out to be short a thread takes several at once into its deque, where others can steal them;
 * otherwise one at a time, so that calls begin in the order of their submission. */

#include "config.h"

#include "threads/cf-pool-search-private.h"

#include "threads/cf-pool-waking-private.h"

/* Every how many calls a thread looks at the shared queue first. */
#define FAIRNESS_INTERVAL 61

/* A batch of calls is short if it took less than this in all, and long if it took more than that. */
#define SHORT_BATCH_USEC 20
#define LONG_BATCH_USEC  80

/* As long as batches of calls are over quickly the next one is larger, otherwise smaller. */
static void
adapt_batch (CfPoolThread *thread)
{
  gint64 now = g_get_monotonic_time ();
  gint64 usec = now - thread->batch_begin;

  if (thread->batch_taken >= thread->batch && usec < SHORT_BATCH_USEC)
    thread->batch = MIN (thread->batch * 2, CF_SHARED_QUEUE_MAX_BATCH);
  else if (usec > LONG_BATCH_USEC)
    thread->batch = 1;

  thread->batch_begin = now;
  thread->clock = now;
}

/* Takes from the shared queue: one call to run, the others into the deque. */
static CfFuture *
take_shared (CfPoolThread *thread,
             int           max_priority)
{
  CfThreadPool *pool = thread->pool;
  CfFuture *futures[CF_SHARED_QUEUE_MAX_BATCH];
  guint max;

  if (cf_shared_queue_is_empty (&pool->queue))
    return NULL;

  adapt_batch (thread);
  max = max_priority == G_PRIORITY_DEFAULT ? thread->batch : 1;
  thread->batch_taken = cf_shared_queue_take (&pool->queue, max_priority, max,
                                              pool->config.max_workers, futures);
  if (thread->batch_taken == 0)
    return NULL;

  for (guint i = 1; i < thread->batch_taken; i++)
    cf_deque_push (&thread->deque, futures[i]);
  thread->batch_end = cf_deque_get_bottom (&thread->deque);

  /* For a moment nobody else could see them. */
  if (thread->batch_taken > 1)
    cf_pool_notice_calls (pool);

  cf_counts_notifier_changed (pool->notifier);
  return futures[0];
}

/* G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003): whom to steal from first. */
static guint
next_random (CfPoolThread *thread)
{
  thread->random ^= thread->random << 13;
  thread->random ^= thread->random >> 17;
  thread->random ^= thread->random << 5;
  return thread->random;
}

static CfFuture *
steal (CfPoolThread *thread)
{
  CfThreadPool *pool = thread->pool;
  guint n_made = cf_thread_roster_get_n_made (&pool->roster);
  guint begin = next_random (thread) % n_made;

  for (guint i = 0; i < n_made; i++)
    {
      CfFuture *future = cf_deque_steal (&pool->roster.threads[(begin + i) % n_made]->deque);

      if (future != NULL)
        {
          cf_counts_notifier_changed (pool->notifier);
          return future;
        }
    }

  return NULL;
}

/**
 * cf_pool_find_call:
 * @thread: the calling thread
 *
 * Looks for a call to run, in all queues, once.
 *
 * Returns: (transfer full) (nullable): a call; it may have been made or cancelled already
 */
CfFuture *
cf_pool_find_call (CfPoolThread *thread)
{
  CfThreadPool *pool = thread->pool;
  CfFuture *future = cf_thread_roster_take_awaited (&pool->roster, pool);

  if (future != NULL || cf_pool_is_overcrowded (pool))
    return future;

  if (cf_shared_queue_has_urgent (&pool->queue))
    future = take_shared (thread, G_PRIORITY_DEFAULT - 1);

  /* What came from the shared queue itself is not overtaken. */
  if (future == NULL && ++thread->tick % FAIRNESS_INTERVAL == 0 &&
      cf_deque_get_top (&thread->deque) >= thread->batch_end)
    future = take_shared (thread, G_PRIORITY_DEFAULT);

  if (future == NULL)
    future = cf_deque_steal (&thread->deque);

  if (future == NULL)
    future = take_shared (thread, G_PRIORITY_DEFAULT);

  if (future == NULL)
    future = steal (thread);

  if (future == NULL)
    future = take_shared (thread, G_MAXINT);

  return future;
}
