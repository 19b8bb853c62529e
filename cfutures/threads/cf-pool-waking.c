/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waking: sees to it that a thread searches for calls as long as there are any and there is room for it.
 *
 * **The problem.** Waking a sleeping thread takes some 20 µs, starting one more. A pool that wakes a thread for every
 * call spends more on waking than on short calls; one that wakes too few leaves CPUs idle; and one that decides not to
 * wake one a moment before the last thread falls asleep hangs.
 *
 * **The words.** A thread is *active* unless it sleeps in the idle list or blocks in a call; there is *room* while
 * fewer than `max_workers` are. (More are when threads come back from blocking: they finish their call, then sleep.) It
 * is *searching* while it is active and has no call. A call is *awaited* if a thread of the pool blocks until it is
 * done and it has not begun; it is *untouched* as long as none of the calls that this thread waits for was taken.
 *
 * **The protocol.** A submitter that finds a searching thread does nothing more. Otherwise, if there is room, it wakes
 * one, or starts one, and counts it as searching there and then, so that the next submitter does not wake another. A
 * searching thread that finds a call stops searching, and wakes the next one if there is more to do. So threads wake
 * one after the other, as many as are needed. For untouched calls there is always room: a thread that blocks leaves its
 * place to the one that runs the call it waits for, though that place may be one too many already. Otherwise the pool
 * would hang when all who have the places wait for a lock that the blocked thread holds. The scheme is that of Go's
 * scheduler (runtime/proc.go, "Worker thread parking/unparking").
 *
 * **No wake-up is lost.** All accesses named here are sequentially consistent, that is, in one order. A submitter (1)
 * pushes the call, (2) reads n_searching and n_active. A thread that goes to sleep (a) takes itself out of n_searching,
 * (b) takes itself out of n_active, (c) looks at all queues again.
 *
 * - *Submitting against falling asleep.* If (2) comes before (a) or (b), the push came before (c), and the thread finds
 *   the call. If (2) comes after both, the submitter sees that nobody searches and that there is room, and wakes one.
 * - *No room.* If the submitter sees no room, others are active, and each of those goes through (a) to (c) in turn.
 * - *Blocking.* A thread that blocks registers the calls that it waits for and takes itself out of n_active, then
 *   looks. That is (1) for the awaited calls, and (b), (c) for all others.
 * - *Found by somebody else.* A thread that takes one out of n_searching, itself because it has found a call
 *   or the one that it could not wake, looks at the queues afterwards: a submitter may have relied on it.
 * - *Moving.* A thread that moves calls from the shared queue into its deque, where nobody saw them for a moment, is a
 *   submitter of them.
 * - *Ending.* A thread ends only from the idle list, where nobody has roused it: it has been through (a) to (c). With
 *   the same step it gives its place to the next thread.
 * - *No thread to be had.* One that could neither wake nor start a thread looks, after it has taken that one out of
 *   n_searching and n_active, whether there is now an idle thread, a place for another one, or a blocked thread that can
 *   be called back: it tries again.
 *
 * **When no thread can be started.** At `max_substitutes`, or when the system refuses to start a thread, the call stays
 * where it is. Threads that come back look at the queues anyhow, and each later submission tries again. That is not
 * enough if all threads block: so those that wait for untouched calls are *called back*, to run these themselves, as
 * they would have done had they not been given a timeout; and after a refusal one of the blocked threads *tries again*
 * every RETRY_USEC (cf-pool-substitutes.c) until a thread has been started. If the pool has no thread at all, what is
 * pending fails, so that nobody waits for ever; the next submission tries again. */

#include "config.h"

#include "threads/cf-pool-waking-private.h"

#include <glib/gi18n-lib.h>

#include "threads/cf-pool-emptying-private.h"

/**
 * cf_pool_has_work:
 * @pool: a `CfThreadPool`
 *
 * Returns: whether any call waits to be made
 */
gboolean
cf_pool_has_work (gpointer pool)
{
  CfThreadPool *self = pool;
  guint n_made;

  if (!cf_shared_queue_is_empty (&self->queue) || cf_thread_roster_has_awaited (&self->roster))
    return TRUE;

  n_made = cf_thread_roster_get_n_made (&self->roster);
  for (guint i = 0; i < n_made; i++)
    {
      if (!cf_deque_is_empty (&self->roster.threads[i]->deque))
        return TRUE;
    }

  return FALSE;
}

static gboolean
has_room (CfThreadPool *pool)
{
  return atomic_load_explicit (&pool->n_active, memory_order_seq_cst) < pool->config.max_workers;
}

/**
 * cf_pool_is_overcrowded:
 * @pool: a pool
 *
 * Returns: whether more threads are active than there are workers
 */
gboolean
cf_pool_is_overcrowded (CfThreadPool *pool)
{
  return atomic_load_explicit (&pool->n_active, memory_order_seq_cst) > pool->config.max_workers;
}

static gboolean
wants_searcher (CfThreadPool *pool)
{
  return cf_thread_roster_has_untouched (&pool->roster) || (has_room (pool) && cf_pool_has_work (pool));
}

void
cf_pool_add_active (CfThreadPool *pool,
                    int           n)
{
  atomic_fetch_add_explicit (&pool->n_active, (guint) n, memory_order_seq_cst);
}

static void
add_searching (CfThreadPool *pool,
               int           n)
{
  atomic_fetch_add_explicit (&pool->n_searching, (guint) n, memory_order_seq_cst);
}

static void
warn_of_limit (CfThreadPool *pool)
{
  if (atomic_exchange_explicit (&pool->has_warned, TRUE, memory_order_relaxed))
    return;

  g_warning ("The thread pool \"%s\" has calls waiting, but all its threads are blocked inside calls, and its "
             "max-substitutes property lets no more than %u other threads stand in for them. It goes on as soon as a "
             "thread is free. Set max-substitutes higher, or let fewer calls block.",
             pool->config.thread_name_prefix, pool->config.max_substitutes);
}

/* No thread can be started: because of `error`, or because there are as many as there may be. */
static void
do_without (CfThreadPool *pool,
            const GError *error)
{
  g_autoptr(GError) failure = NULL;

  if (error == NULL)
    {
      warn_of_limit (pool);
    }
  else if (cf_thread_roster_get_n_threads (&pool->roster) == 0)
    {
      failure = g_error_new (error->domain, error->code, _("Could not start a thread for the call: %s"), error->message);
      cf_pool_fail_pending (pool, failure);
      return;
    }

  if (error != NULL)
    atomic_store_explicit (&pool->is_short, TRUE, memory_order_relaxed);
  cf_thread_roster_call_back (&pool->roster, error != NULL);
}

/* Makes one more thread active and searching: wakes an idle one, or else starts one. The caller has counted it
 * already. Sets `is_refused` if the system refuses to start one. */
static gboolean
rouse_thread (CfThreadPool *pool,
              gboolean     *is_refused)
{
  g_autoptr(GError) error = NULL;

  if (cf_thread_roster_wake_idle (&pool->roster))
    return TRUE;

  /* Before it tries: afterwards somebody else may have been refused one meanwhile. */
  atomic_store_explicit (&pool->is_short, FALSE, memory_order_relaxed);
  cf_thread_pool_ref (pool);
  if (cf_thread_roster_start (&pool->roster, pool, pool->config.thread_name_prefix, pool->config.thread_func, &error))
    return TRUE;

  cf_thread_pool_unref (pool);

  *is_refused = error != NULL;
  do_without (pool, error);
  return FALSE;
}

/**
 * cf_pool_wake_one:
 * @pool: a pool, which the caller keeps alive
 *
 * Sees to it that a thread searches, if there is something to do and room for it.
 */
void
cf_pool_wake_one (CfThreadPool *pool)
{
  gboolean is_refused = FALSE;

  do
    {
      guint nobody = 0;

      if (!wants_searcher (pool) ||
          !atomic_compare_exchange_strong_explicit (&pool->n_searching, &nobody, 1,
                                                    memory_order_seq_cst, memory_order_seq_cst))
        return;

      cf_pool_add_active (pool, 1);
      if (rouse_thread (pool, &is_refused))
        return;

      /* A thread that went to sleep, ended, or began to block just now may have relied on this one. */
      cf_pool_add_active (pool, -1);
      add_searching (pool, -1);
    }
  while (cf_thread_roster_can_help (&pool->roster, !is_refused));
}

/**
 * cf_pool_notice_calls:
 * @pool: a pool, which the caller keeps alive
 *
 * Does what a submitter has to do after it has pushed calls.
 */
void
cf_pool_notice_calls (CfThreadPool *pool)
{
  if (atomic_load_explicit (&pool->n_searching, memory_order_seq_cst) == 0 && has_room (pool))
    cf_pool_wake_one (pool);
}

void
cf_pool_start_searching (CfPoolThread *thread)
{
  thread->is_searching = TRUE;
  add_searching (thread->pool, 1);
}

void
cf_pool_stop_searching (CfPoolThread *thread)
{
  thread->is_searching = FALSE;
  add_searching (thread->pool, -1);
  cf_pool_wake_one (thread->pool);
}

/**
 * cf_pool_begin_idle:
 * @thread: the calling thread, which is active and has no call
 *
 * Puts the thread into the idle list.
 */
void
cf_pool_begin_idle (CfPoolThread *thread)
{
  CfThreadPool *pool = thread->pool;
  gboolean was_searching = thread->is_searching;

  /* In this order: a submitter that finds nobody searching finds this thread idle, and does not start another. */
  thread->is_searching = FALSE;
  cf_thread_roster_begin_idle (&pool->roster, thread);
  if (was_searching)
    add_searching (pool, -1);
  cf_pool_add_active (pool, -1);

  /* What was submitted until here was perhaps left to this thread. It, or another one, is roused. */
  cf_pool_wake_one (pool);
}
