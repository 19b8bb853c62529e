/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thread pool: what its threads, its submitters and its executor share. This file makes, counts and frees it; the
 * others of this folder are what happens in it, each using those below:
 *
 *      cf-default-executor       the one that the whole process shares
 *      cf-thread-pool-executor   the public type
 *      cf-pool-shutdown          ends the threads when nothing is left to do
 *      cf-pool-submission        takes calls in
 *      cf-pool-loop              what a thread does from its beginning to its end
 *      cf-pool-substitutes       what a thread does when one of its calls blocks
 *      cf-pool-running           runs a call
 *      cf-pool-search            finds the next one
 *      cf-pool-waking            sees to it that somebody searches: the argument that no wake-up is lost
 *      cf-pool-emptying          takes all calls out of the queues, when none will be made
 *      cf-pool-draining          tells when all calls that were submitted so far are over
 *      cf-pool-counts            counts them
 *      cf-thread-pool            (this file)
 *      cf-thread-roster          the threads, under their mutex
 *      cf-shared-queue, cf-deque the queues
 *      cf-pool-epochs            when calls were submitted, and who waits for those
 *
 * The path of a call:
 *
 *      other threads ──submit──→ [shared queue, by priority]
 *                                       │ one, or a share of many short ones
 *                                       ↓
 *      a thread's own calls ──→ [its deque] ──first in, first out──→ the thread
 *                                   ↑   └────────steal──────→ threads that have nothing to do
 *                     a nested wait takes back what was pushed last
 *
 * The pool is counted: by its executor and by each of its threads, so that what was submitted still runs when the
 * executor is gone. Queues own a reference to each future in them. */

#include "config.h"

#include "threads/cf-thread-pool-private.h"

#include "base/cf-cpu-count-private.h"
#include "base/cf-sanitizer-private.h"

/**
 * cf_thread_pool_new:
 * @max_workers: how many calls to run at a time
 * @max_substitutes: how many threads may stand in for those that block
 * @thread_name_prefix: what the threads' names begin with
 * @thread_func: what each thread does, given its `CfPoolThread`
 * @notifier: (transfer none): told that the counts have changed
 *
 * Returns: (transfer full): a pool without any thread
 */
CfThreadPool *
cf_thread_pool_new (guint             max_workers,
                    guint             max_substitutes,
                    const char       *thread_name_prefix,
                    GThreadFunc       thread_func,
                    CfCountsNotifier *notifier)
{
  CfThreadPool *self = g_aligned_alloc0 (1, sizeof (CfThreadPool), CF_THREAD_POOL_CACHE_LINE);

  g_atomic_ref_count_init (&self->ref_count);
  self->config.max_workers = max_workers;
  self->config.max_substitutes = max_substitutes;
  self->config.thread_name_prefix = g_strdup (thread_name_prefix);
  self->config.thread_func = thread_func;
  self->owner.has_threads = TRUE;
  self->notifier = cf_counts_notifier_ref (notifier);
  self->max_searching = MAX (1, cf_cpu_count_cached () / 2);
  atomic_init (&self->idle_timeout_usec, -1);
  cf_shared_queue_init (&self->queue);
  cf_thread_roster_init (&self->roster, max_workers + max_substitutes);

  return self;
}

CfThreadPool *
cf_thread_pool_ref (CfThreadPool *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
clear_initializer (CfThreadPoolConfig *config)
{
  if (config->initializer_destroy != NULL)
    config->initializer_destroy (config->initializer_data);
}

void
cf_thread_pool_unref (CfThreadPool *self)
{
  GError *broken;

  CF_TSAN_RELEASE (self);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  cf_thread_roster_clear (&self->roster);
  clear_initializer (&self->config);
  g_free (self->config.thread_name_prefix);
  broken = atomic_load_explicit (&self->broken, memory_order_relaxed);
  g_clear_error (&broken);
  cf_shared_queue_clear (&self->queue);
  cf_pool_epochs_clear (&self->epochs);
  cf_counts_notifier_unref (self->notifier);
  g_aligned_free (self);
}

/**
 * cf_thread_pool_has_begun:
 * @self: a pool
 *
 * Returns: whether a thread was ever started, after which the configuration is fixed
 */
gboolean
cf_thread_pool_has_begun (CfThreadPool *self)
{
  return cf_thread_roster_get_n_made (&self->roster) > 0;
}

/**
 * cf_thread_pool_set_max_substitutes:
 * @self: a pool that has not begun
 * @max_substitutes: how many threads may stand in for those that block
 *
 * Sets how many threads may stand in for those that block.
 */
void
cf_thread_pool_set_max_substitutes (CfThreadPool *self,
                                    guint         max_substitutes)
{
  self->config.max_substitutes = max_substitutes;
  cf_thread_roster_set_max_threads (&self->roster, self->config.max_workers + max_substitutes);
}

/**
 * cf_thread_pool_set_initializer:
 * @self: a pool that has not begun
 * @initializer: (nullable): what each thread calls first
 * @data: passed to @initializer
 * @destroy: (nullable): frees @data
 *
 * Sets what each thread calls before its first call.
 */
void
cf_thread_pool_set_initializer (CfThreadPool    *self,
                                gboolean       (*initializer) (gpointer   data,
                                                               GError   **error),
                                gpointer         data,
                                GDestroyNotify   destroy)
{
  clear_initializer (&self->config);
  self->config.initializer = initializer;
  self->config.initializer_data = data;
  self->config.initializer_destroy = destroy;
}
