/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a thread of a pool does from its beginning to its end: find a call, make it, and sleep while there is none.
 *
 *      begin → initializer → find a call ──→ make it ─┐
 *                              ↑   │none              │
 *                              │   spin, then idle ──→ end, after the idle timeout, as a surplus thread, or
 *                              └──────────────────────┘     when the pool is shut down
 */

#include "config.h"

#include "threads/cf-pool-loop-private.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "base/cf-deadline-private.h"
#include "base/cf-parker-private.h"
#include "base/cf-spin-private.h"
#include "base/cf-trace-private.h"
#include "cf-error.h"
#include "threads/cf-pool-emptying-private.h"
#include "threads/cf-pool-running-private.h"
#include "threads/cf-pool-search-private.h"
#include "threads/cf-pool-substitutes-private.h"
#include "threads/cf-pool-waking-private.h"

/* How long a thread stays idle while there are more than are needed: calls that block often do so again soon. */
#define SURPLUS_USEC G_USEC_PER_SEC

/* Runs the user's initializer. It may take long: the thread does not count as searching meanwhile. */
static void
initialize (CfPoolThread *thread)
{
  CfThreadPool *pool = thread->pool;
  g_autoptr(GError) error = NULL;

  if (pool->config.initializer == NULL || cf_thread_pool_is_broken (pool))
    return;

  cf_pool_stop_searching (thread);
  if (!pool->config.initializer (pool->config.initializer_data, &error))
    {
      if (error == NULL)
        g_set_error_literal (&error, CF_ERROR, CF_ERROR_BROKEN_EXECUTOR,
                             _("the initializer of a thread failed without setting an error"));
      cf_pool_break (pool, error);
    }
  cf_pool_start_searching (thread);
}

/* Sleeps until the thread is roused: taken out of the idle list by another one that has counted it as active and
 * searching. Returns FALSE if instead it is to end. */
static gboolean
sleep_idle (CfPoolThread *thread)
{
  CfThreadPool *pool = thread->pool;
  gint64 begin = g_get_monotonic_time ();
  gint64 surplus_until = cf_deadline_from (begin, SURPLUS_USEC);

  while (TRUE)
    {
      gint64 timeout = atomic_load_explicit (&pool->idle_timeout_usec, memory_order_relaxed);
      gint64 until = cf_deadline_from (begin, timeout);

      switch (cf_thread_roster_check_idle (&pool->roster, thread,
                                           cf_thread_pool_is_closing (pool) || cf_deadline_has_passed (until),
                                           cf_deadline_has_passed (surplus_until),
                                           pool->config.max_workers))
        {
        case CF_IDLE_ROUSED:
          cf_spin_learn ();
          thread->clock = g_get_monotonic_time ();
          return TRUE;

        case CF_IDLE_OVER:
          return FALSE;

        case CF_IDLE_SURPLUS:
          until = cf_deadline_earlier (until, surplus_until);
          break;

        case CF_IDLE_SLEEP:
        default:
          break;
        }

      cf_parker_park (cf_parker_get (), until);
    }
}

static gboolean
is_worth_spinning (CfThreadPool *pool)
{
  return !cf_thread_pool_is_closing (pool) &&
         atomic_load_explicit (&pool->n_searching, memory_order_relaxed) <= pool->max_searching;
}

/* Looks for a call until there is one, spinning and then sleeping. Returns NULL if the thread is to end. */
static CfFuture *
next_call (CfPoolThread *thread)
{
  CfThreadPool *pool = thread->pool;

  while (TRUE)
    {
      CfFuture *future = cf_pool_find_call (thread);

      if (future != NULL)
        {
          if (thread->is_searching)
            cf_pool_stop_searching (thread);
          return future;
        }

      if (!cf_pool_is_overcrowded (pool))
        {
          if (!thread->is_searching)
            cf_pool_start_searching (thread);
          if (is_worth_spinning (pool) && cf_spin_until (cf_pool_has_work, pool))
            continue;
        }

      cf_counts_notifier_changed (pool->notifier);
      cf_pool_begin_idle (thread);
      if (!sleep_idle (thread))
        return NULL;
    }
}

/**
 * cf_pool_loop:
 * @thread: a `CfPoolThread` of a pool, to which it has a reference
 *
 * Does what a thread of a pool does, from its beginning to its end.
 *
 * Returns: %NULL
 */
gpointer
cf_pool_loop (gpointer thread)
{
  CfPoolThread *self = thread;
  CfThreadPool *pool = self->pool;
  CfFuture *future;

  atomic_store_explicit (&self->id, (int) syscall (SYS_gettid), memory_order_relaxed);
  pthread_setname_np (pthread_self (), self->name);
  self->clock = g_get_monotonic_time ();
  self->random = g_random_int () | 1;
  self->batch = 1;
  cf_pool_set_blocking_hooks (self);
  cf_trace (CF_TRACE_POOL, "pool: the thread “%s” begins", self->name);
  initialize (self);

  while ((future = next_call (self)) != NULL)
    {
      if (cf_pool_makes_no_calls (pool))
        cf_pool_fail_or_cancel (pool, future);
      else
        cf_pool_run_call (self, future);
    }

  cf_trace (CF_TRACE_POOL, "pool: a thread of “%s” ends", pool->config.thread_name_prefix);

  /* It is struck off the roster, and `self` is no longer its own. */
  cf_blocking_set_hooks (NULL);
  cf_thread_pool_unref (pool);
  return NULL;
}
