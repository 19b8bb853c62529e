/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a thread of a pool does when one of its calls blocks, and who stands in for it.
 *
 * A thread that waits for a call of its own pool, without a timeout and without a cancellable, runs that call itself if
 * it has not begun: often the one that it has pushed last. If too little of its stack is left it declines.
 *
 * In all other cases it blocks. It is not active then, and another thread takes its place: an idle one, or one more, up
 * to `max_substitutes` beyond `max_workers`. That one begins with the calls that the blocked thread waits for
 * (cf-pool-search.c). If no thread can be started the blocked one is called back, runs the call after all, and may
 * overrun its timeout, which is better than to wait for something that nobody does.
 *
 * A substitute is a thread like any other. When the blocked thread is back there is one too many: whichever of them has
 * nothing to do first becomes idle, and ends when it has been surplus for a while (cf-pool-loop.c). */

#include "config.h"

#include "threads/cf-pool-substitutes-private.h"

#include <pthread.h>

#include "base/cf-deadline-private.h"
#include "cf-future.h"
#include "threads/cf-pool-running-private.h"
#include "threads/cf-pool-waking-private.h"

/* How long a blocked thread sleeps before it tries again to start a thread. */
#define RETRY_USEC 20000

static CfPoolThread *
thread_of (CfBlockingHooks *hooks)
{
  return (CfPoolThread *) hooks;
}

/* Where a quarter of the stack is left. */
static char *
get_stack_limit (void)
{
#ifdef __GLIBC__
  pthread_attr_t attributes;
  void *lowest;
  size_t size;

  if (pthread_getattr_np (pthread_self (), &attributes) == 0)
    {
      pthread_attr_getstack (&attributes, &lowest, &size);
      pthread_attr_destroy (&attributes);
      return (char *) lowest + size / 4;
    }
#endif

  return (char *) __builtin_frame_address (0) - 128 * 1024;
}

static gboolean
has_stack (CfPoolThread *thread)
{
  return (char *) __builtin_frame_address (0) >= thread->stack_limit;
}

static void
run_here (CfBlockingHooks *hooks,
          gpointer         call)
{
  CfPoolThread *thread = thread_of (hooks);
  CfFuture *future;

  if (!has_stack (thread))
    return;

  /* What was pushed last is usually what is waited for. Calls that were made elsewhere are swept out on the
   * way, so that they do not pile up below. */
  while ((future = cf_deque_pop (&thread->deque)) != NULL && future != call)
    {
      if (!cf_future_is_done (future))
        {
          cf_deque_push (&thread->deque, future);
          cf_pool_notice_calls (thread->pool);
          future = NULL;
          break;
        }

      cf_pool_let_go (thread->pool, future);
    }

  thread->depth++;
  cf_pool_run_call (thread, future != NULL ? future : g_object_ref (call));
  thread->depth--;
}

static void
begin_blocking (CfBlockingHooks *hooks,
                CfAwaitedCalls  *awaited)
{
  CfPoolThread *thread = thread_of (hooks);
  CfThreadPool *pool = thread->pool;

  if (thread->is_searching)
    cf_pool_stop_searching (thread);

  cf_thread_roster_begin_blocking (&pool->roster, thread, awaited, has_stack (thread));
  cf_pool_add_active (pool, -1);
  cf_pool_wake_one (pool);
}

static gboolean
keep_blocking (CfBlockingHooks *hooks,
               gint64          *deadline)
{
  CfPoolThread *thread = thread_of (hooks);
  CfThreadPool *pool = thread->pool;

  if (atomic_load_explicit (&pool->is_short, memory_order_relaxed))
    cf_pool_wake_one (pool);
  if (atomic_load_explicit (&pool->is_short, memory_order_relaxed))
    *deadline = cf_deadline_earlier (*deadline, cf_deadline_after (RETRY_USEC));

  return !atomic_exchange_explicit (&thread->is_called_back, FALSE, memory_order_acquire);
}

static void
end_blocking (CfBlockingHooks *hooks)
{
  CfPoolThread *thread = thread_of (hooks);

  cf_thread_roster_end_blocking (&thread->pool->roster, thread);
  cf_pool_add_active (thread->pool, 1);
}

/**
 * cf_pool_set_blocking_hooks:
 * @thread: the calling thread
 *
 * Has the pool told when the thread blocks.
 */
void
cf_pool_set_blocking_hooks (CfPoolThread *thread)
{
  thread->hooks.owner = thread->pool;
  thread->hooks.run_here = run_here;
  thread->hooks.begin_blocking = begin_blocking;
  thread->hooks.keep_blocking = keep_blocking;
  thread->hooks.end_blocking = end_blocking;
  thread->stack_limit = get_stack_limit ();
  cf_blocking_set_hooks (&thread->hooks);
}
