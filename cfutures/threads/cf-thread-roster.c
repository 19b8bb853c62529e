/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The roster: which threads a pool has, and which of them sleep, block or have ended.
 *
 *                 start                    begin_idle
 *      (place) ─────────→ working ⇄──────────────────── idle, the last one first
 *         ↑                 ⇅ begin_blocking, end_blocking │
 *         │               blocked                          │ idle for too long, or one too many
 *         └──────────────────── ended ←────────────────────┘
 *
 * It owns the mutex of the threads, and all that this guards (the shared queue has its own); nothing here runs a call or
 * looks into a queue. When to start, wake and end threads is decided in cf-pool-waking.c and cf-pool-loop.c.
 *
 * A place in `threads` that was used once stays: a thread that ends leaves its struct to the next one. So any thread
 * can walk over the first `n_made` of them without a lock.
 *
 * **Blocked threads** are in `blocked`; those that wait for calls of this pool that have not begun are in
 * `awaiting` too, until their calls have run out. Their `awaited` lives on the stack of the blocked thread, and is
 * used under the mutex only. It names each call once: the thread that takes a call runs it. */

#include "config.h"

#include "threads/cf-thread-roster-private.h"

#include <string.h>

#include "base/cf-barrier-private.h"
#include "base/cf-blocking-private.h"
#include "base/cf-deadline-private.h"
#include "base/cf-parker-private.h"

/**
 * cf_thread_roster_init:
 * @self: a roster, zeroed
 * @max_threads: how many threads there may be
 *
 * Prepares a roster without any thread.
 */
void
cf_thread_roster_init (CfThreadRoster *self,
                       guint           max_threads)
{
  g_queue_init (&self->blocked);
  g_queue_init (&self->awaiting);
  if (!cf_barrier_is_shared ())
    atomic_init (&self->onlookers, CF_ROSTER_NEEDS_FENCES);
  cf_thread_roster_set_max_threads (self, max_threads);
}

/**
 * cf_thread_roster_set_max_threads:
 * @self: a roster that has never had a thread
 * @max_threads: how many threads there may be
 *
 * Sets how many threads there may be.
 */
void
cf_thread_roster_set_max_threads (CfThreadRoster *self,
                                  guint           max_threads)
{
  g_assert (cf_thread_roster_get_n_made (self) == 0);

  g_free (self->threads);
  self->threads = g_new0 (CfPoolThread *, max_threads);
  self->max_threads = max_threads;
}

/**
 * cf_thread_roster_set_stack_size:
 * @self: a roster
 * @stack_size: a number of bytes, or 0 for the default
 *
 * Sets how large the stacks are of the threads that are started from now on.
 */
void
cf_thread_roster_set_stack_size (CfThreadRoster *self,
                                 gsize           stack_size)
{
  cf_mutex_lock (&self->mutex);
  self->stack_size = stack_size;
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_thread_roster_clear:
 * @self: a roster whose threads have ended, or end just now
 *
 * Frees what the roster has.
 */
void
cf_thread_roster_clear (CfThreadRoster *self)
{
  guint n_made = cf_thread_roster_get_n_made (self);

  for (guint i = 0; i < n_made; i++)
    {
      g_clear_pointer (&self->threads[i]->thread, g_thread_unref);
      cf_deque_clear (&self->threads[i]->deque);
      g_aligned_free (self->threads[i]);
    }

  g_free (self->threads);
  cf_mutex_clear (&self->mutex);
  g_mutex_clear (&self->join_mutex);
}

/* Starting and ending. */

/* A place for one more thread, or NULL if there are enough. With the mutex held. */
static CfPoolThread *
get_free_place (CfThreadRoster *self,
                CfThreadPool   *pool)
{
  guint n_made = atomic_load_explicit (&self->n_made, memory_order_relaxed);
  CfPoolThread *thread;

  if (self->n_threads >= self->max_threads)
    return NULL;

  for (guint i = 0; i < n_made; i++)
    {
      thread = self->threads[i];
      if (!thread->has_exited)
        continue;

      g_clear_pointer (&thread->thread, g_thread_unref);
      thread->has_exited = FALSE;
      return thread;
    }

  g_assert (n_made < self->max_threads);

  thread = g_aligned_alloc0 (1, sizeof (CfPoolThread), CF_DEQUE_CACHE_LINE);
  thread->pool = pool;
  thread->blocked_link.data = thread;
  thread->awaiting_link.data = thread;
  cf_deque_init (&thread->deque);
  self->threads[n_made] = thread;
  atomic_store_explicit (&self->n_made, n_made + 1, memory_order_seq_cst);

  return thread;
}

/* PREFIX-N, in the 15 characters that Linux shows. */
static void
name_thread (CfThreadRoster *self,
             CfPoolThread   *thread,
             const char     *prefix)
{
  char number[12];

  g_snprintf (number, sizeof (number), "-%u", ++self->n_started);
  g_snprintf (thread->name, sizeof (thread->name), "%.*s%s",
              (int) (sizeof (thread->name) - 1 - strlen (number)), prefix, number);
}

/* Only a deprecated function of GLib takes the size of the stack. It takes no name: the thread names itself. */
static GThread *
start_thread (CfThreadRoster  *self,
              CfPoolThread    *thread,
              GThreadFunc      func,
              GError         **error)
{
  if (self->stack_size == 0)
    return g_thread_try_new (thread->name, func, thread, error);

  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  return g_thread_create_full (func, thread, self->stack_size, TRUE, FALSE, G_THREAD_PRIORITY_NORMAL, error);
  G_GNUC_END_IGNORE_DEPRECATIONS
}

/**
 * cf_thread_roster_start:
 * @self: a roster
 * @pool: what the thread belongs to; if a thread is started, it takes over a reference
 * @name_prefix: what the thread's name begins with
 * @func: what it does, given its `CfPoolThread`
 * @error: return location for a `G_THREAD_ERROR`; not set if there are as many threads as there may be
 *
 * Starts one more thread, which begins its life searching.
 *
 * Returns: whether a thread was started
 */
gboolean
cf_thread_roster_start (CfThreadRoster  *self,
                        CfThreadPool    *pool,
                        const char      *name_prefix,
                        GThreadFunc      func,
                        GError         **error)
{
  CfPoolThread *thread;
  gboolean has_started = FALSE;

  cf_mutex_lock (&self->mutex);

  thread = get_free_place (self, pool);
  if (thread != NULL)
    {
      name_thread (self, thread, name_prefix);
      thread->is_searching = TRUE;
      thread->thread = start_thread (self, thread, func, error);
      has_started = thread->thread != NULL;
      thread->has_exited = !has_started;
      self->n_threads += has_started;
    }

  cf_mutex_unlock (&self->mutex);

  return has_started;
}

/**
 * cf_thread_roster_get_n_threads:
 * @self: a roster
 *
 * Returns: how many threads there are
 */
guint
cf_thread_roster_get_n_threads (CfThreadRoster *self)
{
  guint n_threads;

  cf_mutex_lock (&self->mutex);
  n_threads = self->n_threads;
  cf_mutex_unlock (&self->mutex);

  return n_threads;
}

static void
join_thread (gpointer thread)
{
  g_thread_join (thread);
}

/* Waits until the last thread has ended. */
static void
wait_for_end (CfThreadRoster  *self,
              gboolean       (*is_over) (gpointer data),
              gpointer         data)
{
  CfParker *parker = cf_parker_get ();

  cf_mutex_lock (&self->mutex);

  self->joiners = g_slist_prepend (self->joiners, parker);
  while (self->n_threads > 0 || !is_over (data))
    {
      /* Without any thread there is a submission that got in just before, and is about to start one. */
      gint64 deadline = self->n_threads > 0 ? -1 : cf_deadline_after (100);

      cf_mutex_unlock (&self->mutex);
      cf_blocking_park (parker, deadline);
      cf_mutex_lock (&self->mutex);
    }
  self->joiners = g_slist_remove (self->joiners, parker);

  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_thread_roster_join:
 * @self: a roster whose threads are going to end
 * @is_over: whether no more threads are going to be started; quick
 * @data: passed to @is_over
 *
 * Waits until all threads have ended, and joins them, so that nothing of them is left.
 */
void
cf_thread_roster_join (CfThreadRoster  *self,
                       gboolean       (*is_over) (gpointer data),
                       gpointer         data)
{
  g_autoptr(GPtrArray) threads = g_ptr_array_new_with_free_func (join_thread);
  guint n_made;

  wait_for_end (self, is_over, data);

  g_mutex_lock (&self->join_mutex);
  cf_mutex_lock (&self->mutex);
  n_made = cf_thread_roster_get_n_made (self);
  for (guint i = 0; i < n_made; i++)
    {
      GThread *thread = g_steal_pointer (&self->threads[i]->thread);

      if (thread != NULL)
        g_ptr_array_add (threads, thread);
    }
  cf_mutex_unlock (&self->mutex);

  g_clear_pointer (&threads, g_ptr_array_unref);
  g_mutex_unlock (&self->join_mutex);
}

/* Looking on. */

/**
 * cf_thread_roster_look:
 * @self: a roster
 * @func: looks at the threads, with the mutex held
 * @data: passed to @func
 *
 * Has somebody look at what the threads run. As long as that lasts no future is freed that a thread had begun, or had in
 * its deque, at the beginning or since.
 */
void
cf_thread_roster_look (CfThreadRoster  *self,
                       void           (*func) (CfThreadRoster *self,
                                               gpointer        data),
                       gpointer         data)
{
  cf_mutex_lock (&self->mutex);
  atomic_fetch_or_explicit (&self->onlookers, CF_ROSTER_IS_LOOKED_AT, memory_order_seq_cst);
  cf_barrier_issue ();

  func (self, data);

  atomic_fetch_and_explicit (&self->onlookers, ~CF_ROSTER_IS_LOOKED_AT, memory_order_release);
  cf_mutex_unlock (&self->mutex);
}

/* While somebody looks. */
gboolean
cf_thread_roster_is_blocked (CfThreadRoster *self,
                             CfPoolThread   *thread)
{
  return thread->blocked_link.prev != NULL || self->blocked.head == &thread->blocked_link;
}

/**
 * cf_thread_roster_heed:
 * @self: a roster with onlookers
 *
 * Returns when nobody looks any longer at what the calling thread is about to free.
 */
void
cf_thread_roster_heed (CfThreadRoster *self)
{
  guint onlookers;

  atomic_thread_fence (memory_order_seq_cst);
  onlookers = atomic_load_explicit (&self->onlookers, memory_order_acquire);
  if ((onlookers & CF_ROSTER_IS_LOOKED_AT) == 0)
    return;

  cf_mutex_lock (&self->mutex);
  cf_mutex_unlock (&self->mutex);
}

/* Idle threads. */

/**
 * cf_thread_roster_begin_idle:
 * @self: a roster
 * @thread: the calling thread
 *
 * Puts a thread into the idle list, from where it may be roused at once.
 */
void
cf_thread_roster_begin_idle (CfThreadRoster *self,
                             CfPoolThread   *thread)
{
  cf_mutex_lock (&self->mutex);
  thread->parker = cf_parker_get ();
  thread->is_idle = TRUE;
  thread->next_idle = self->idle;
  self->idle = thread;
  cf_mutex_unlock (&self->mutex);
}

/* With the mutex held. */
static void
leave_idle_list (CfThreadRoster *self,
                 CfPoolThread   *thread)
{
  CfPoolThread **link = &self->idle;

  while (*link != thread)
    link = &(*link)->next_idle;

  *link = thread->next_idle;
  thread->is_idle = FALSE;
}

/* Strikes an idle thread, which does nothing more, off the roster: its place is free for another one. With the mutex
 * held. */
static void
end (CfThreadRoster *self,
     CfPoolThread   *thread)
{
  leave_idle_list (self, thread);
  thread->has_exited = TRUE;
  self->n_threads--;
  for (GSList *link = self->joiners; self->n_threads == 0 && link != NULL; link = link->next)
    cf_parker_unpark (link->data);
}

/**
 * cf_thread_roster_check_idle:
 * @self: a roster
 * @thread: the calling thread, which has begun to be idle
 * @wants_to_end: whether it has been idle for as long as threads may be
 * @ends_if_surplus: whether it has been idle for as long as substitutes that nobody needs may be
 * @max_workers: how many threads the pool has without substitutes
 *
 * Strikes an idle thread off the roster if it is to end. That is one step: who finds it no longer idle finds its place
 * free.
 *
 * Returns: what the thread is to do; if it is to end, its `CfPoolThread` may be another thread's by now
 */
CfIdleState
cf_thread_roster_check_idle (CfThreadRoster *self,
                             CfPoolThread   *thread,
                             gboolean        wants_to_end,
                             gboolean        ends_if_surplus,
                             guint           max_workers)
{
  CfIdleState state = CF_IDLE_SLEEP;

  cf_mutex_lock (&self->mutex);

  if (self->n_threads > max_workers + self->blocked.length)
    state = CF_IDLE_SURPLUS;

  if (!thread->is_idle)
    {
      state = CF_IDLE_ROUSED;
    }
  else if (wants_to_end || (ends_if_surplus && state == CF_IDLE_SURPLUS))
    {
      end (self, thread);
      state = CF_IDLE_OVER;
    }

  cf_mutex_unlock (&self->mutex);

  return state;
}

/**
 * cf_thread_roster_wake_idle:
 * @self: a roster
 *
 * Rouses the thread that went to sleep last: it is searching from now on.
 *
 * Returns: %FALSE if there is none
 */
gboolean
cf_thread_roster_wake_idle (CfThreadRoster *self)
{
  CfPoolThread *thread;

  cf_mutex_lock (&self->mutex);

  thread = self->idle;
  if (thread != NULL)
    {
      self->idle = thread->next_idle;
      thread->is_idle = FALSE;
      thread->is_searching = TRUE;
      cf_parker_unpark (thread->parker);
    }

  cf_mutex_unlock (&self->mutex);

  return thread != NULL;
}

/**
 * cf_thread_roster_wake_all_idle:
 * @self: a roster
 *
 * Has all idle threads check whether they are to end.
 */
void
cf_thread_roster_wake_all_idle (CfThreadRoster *self)
{
  cf_mutex_lock (&self->mutex);
  for (CfPoolThread *thread = self->idle; thread != NULL; thread = thread->next_idle)
    cf_parker_unpark (thread->parker);
  cf_mutex_unlock (&self->mutex);
}

/* Blocked threads. */

/* With the mutex held. */
static void
touch (CfThreadRoster *self,
       CfPoolThread   *thread)
{
  if (!thread->is_untouched)
    return;

  thread->is_untouched = FALSE;
  atomic_fetch_sub_explicit (&self->n_untouched, 1, memory_order_seq_cst);
}

/* With the mutex held. */
static void
stop_awaiting (CfThreadRoster *self,
               CfPoolThread   *thread)
{
  if (thread->awaited == NULL)
    return;

  touch (self, thread);
  thread->awaited = NULL;
  g_queue_unlink (&self->awaiting, &thread->awaiting_link);
  atomic_fetch_sub_explicit (&self->n_awaiting, 1, memory_order_seq_cst);
}

/**
 * cf_thread_roster_begin_blocking:
 * @self: a roster
 * @thread: the calling thread
 * @awaited: (nullable): calls that have not begun and that it waits for; valid until it ends blocking
 * @may_run_here: whether the thread can be called back to make one of them itself
 *
 * Notes that a thread blocks.
 */
void
cf_thread_roster_begin_blocking (CfThreadRoster *self,
                                 CfPoolThread   *thread,
                                 CfAwaitedCalls *awaited,
                                 gboolean        may_run_here)
{
  atomic_store_explicit (&thread->is_called_back, FALSE, memory_order_relaxed);

  cf_mutex_lock (&self->mutex);

  thread->parker = cf_parker_get ();
  g_queue_push_tail_link (&self->blocked, &thread->blocked_link);
  if (awaited != NULL)
    {
      thread->awaited = awaited;
      thread->is_untouched = TRUE;
      thread->may_run_here = may_run_here;
      g_queue_push_tail_link (&self->awaiting, &thread->awaiting_link);
      atomic_fetch_add_explicit (&self->n_awaiting, 1, memory_order_seq_cst);
      atomic_fetch_add_explicit (&self->n_untouched, 1, memory_order_seq_cst);
    }

  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_thread_roster_end_blocking:
 * @self: a roster
 * @thread: the calling thread
 *
 * Notes that a thread no longer blocks.
 */
void
cf_thread_roster_end_blocking (CfThreadRoster *self,
                               CfPoolThread   *thread)
{
  cf_mutex_lock (&self->mutex);
  stop_awaiting (self, thread);
  g_queue_unlink (&self->blocked, &thread->blocked_link);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_thread_roster_take_awaited:
 * @self: a roster
 * @owner: whose calls are asked for
 *
 * Takes a call that a blocked thread waits for. The caller makes it.
 *
 * Returns: (transfer full) (nullable): the call, or %NULL if none is left that has not begun
 */
gpointer
cf_thread_roster_take_awaited (CfThreadRoster *self,
                               gpointer        owner)
{
  gpointer call = NULL;

  if (!cf_thread_roster_has_awaited (self))
    return NULL;

  cf_mutex_lock (&self->mutex);

  while (call == NULL && self->awaiting.head != NULL)
    {
      CfPoolThread *thread = self->awaiting.head->data;

      call = thread->awaited->take (thread->awaited, owner);
      if (call != NULL)
        touch (self, thread);
      else
        stop_awaiting (self, thread);
    }

  cf_mutex_unlock (&self->mutex);

  return call;
}

/* Whether a blocked thread waits for calls that nobody has taken, and can make them. With the mutex held. */
static gboolean
can_be_called_back (CfPoolThread *thread)
{
  return thread->is_untouched && thread->may_run_here;
}

/**
 * cf_thread_roster_call_back:
 * @self: a roster
 * @will_try_again: whether one of the blocked threads is to wake up, to try again to start a thread
 *
 * Has blocked threads make the calls themselves that they wait for, as nobody else can.
 */
void
cf_thread_roster_call_back (CfThreadRoster *self,
                            gboolean        will_try_again)
{
  cf_mutex_lock (&self->mutex);

  for (GList *link = self->awaiting.head; link != NULL; link = link->next)
    {
      CfPoolThread *thread = link->data;

      if (!can_be_called_back (thread))
        continue;

      atomic_store_explicit (&thread->is_called_back, TRUE, memory_order_release);
      cf_parker_unpark (thread->parker);
    }

  if (will_try_again && self->blocked.head != NULL)
    cf_parker_unpark (((CfPoolThread *) self->blocked.head->data)->parker);

  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_thread_roster_can_help:
 * @self: a roster
 * @may_start: whether one more thread would help, rather than that none can be started
 *
 * Returns: whether a thread that could be neither woken nor started can be now, or be called back
 */
gboolean
cf_thread_roster_can_help (CfThreadRoster *self,
                           gboolean        may_start)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);

  answer = self->idle != NULL || (may_start && self->n_threads < self->max_threads);
  for (GList *link = self->awaiting.head; link != NULL && !answer; link = link->next)
    {
      CfPoolThread *thread = link->data;

      answer = can_be_called_back (thread) && !atomic_load_explicit (&thread->is_called_back, memory_order_relaxed);
    }

  cf_mutex_unlock (&self->mutex);

  return answer;
}
