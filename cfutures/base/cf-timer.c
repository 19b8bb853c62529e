/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Timers: functions that are called at a given time, in a thread that is there for that.
 *
 * One thread, "cf-timer", serves the whole process: the *leader*. It starts with the first timer and ends when there has
 * been none for some seconds. The timers are in a tree ordered by time, under one mutex; the leader sleeps until the
 * earliest of them, and is unparked when an earlier one is added. Calls without a timeout never come here.
 *
 * A function may take its time, as it runs callbacks. So before the leader calls one it hands over to another thread, if
 * there are further timers: to a *follower*, or to a new one. When it comes back it calls what is due, then follows, and
 * ends as the leader does:
 *
 *      leader ──a timer is due──→ calls its function ──nobody leads──→ leader
 *        ↑                                           └─somebody does─→ follower ──for some seconds──→ end
 *        └──────────────────the leader has a timer that is due──────────┘
 *
 * (D. C. Schmidt et al., "Leader/Followers", PLoP 2000.) If no thread can be started, timers wait for the function.
 *
 * A forked child begins anew: the timers of its parent are the parent's, and so are the threads.
 *
 * A timer belongs to the tree until it is due or removed. The caller that added it holds a pointer to it, which
 * stays valid until cf_timer_remove(): that is why it is counted. */

#include "config.h"

#include "base/cf-timer-private.h"

#include <string.h>

#include "base/cf-deadline-private.h"
#include "base/cf-fork-private.h"
#include "base/cf-mutex-private.h"
#include "base/cf-parker-private.h"
#include "base/cf-sanitizer-private.h"

#define LINGER_USEC (5 * G_USEC_PER_SEC)

struct _CfTimer
{
  gatomicrefcount ref_count;
  gint64          time;
  CfTimerFunc     func;
  gpointer        data;
  GDestroyNotify  destroy;
};

static struct
{
  CfMutex   mutex;
  GTree    *tree;
  CfParker *leader;       /* of the thread that sleeps until the next timer, or is about to; NULL if there is none */
  GSList   *followers;    /* the parkers of threads that could lead */
  gboolean  is_starting;  /* a thread that will lead */
  gboolean  has_warned;
} timers;

static void
timer_unref (CfTimer *self)
{
  CF_TSAN_RELEASE (self);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  self->destroy (self->data);
  g_free (self);
}

static int
compare_timers (gconstpointer a,
                gconstpointer b)
{
  const CfTimer *first = a;
  const CfTimer *second = b;

  if (first->time != second->time)
    return first->time < second->time ? -1 : 1;

  return (first > second) - (first < second);
}

/* Takes the earliest timer out if it is due, otherwise says until when to sleep. With the mutex held. */
static CfTimer *
take_due (gint64 *next)
{
  GTreeNode *node = g_tree_node_first (timers.tree);
  gint64 now = g_get_monotonic_time ();
  CfTimer *earliest;

  if (node == NULL)
    {
      *next = now + LINGER_USEC;
      return NULL;
    }

  earliest = g_tree_node_key (node);
  *next = earliest->time;
  if (earliest->time > now)
    return NULL;

  g_tree_remove (timers.tree, earliest);
  return earliest;
}

static gpointer timer_thread (gpointer unused);

/* With the mutex held. Returns what to say if no thread can be started, the first time. */
static GError *
ensure_leader (void)
{
  GError *error = NULL;
  GThread *thread;

  if (timers.leader != NULL || timers.is_starting)
    return NULL;

  if (timers.followers != NULL)
    {
      timers.leader = timers.followers->data;
      timers.followers = g_slist_delete_link (timers.followers, timers.followers);
      cf_parker_unpark (timers.leader);
      return NULL;
    }

  thread = g_thread_try_new ("cf-timer", timer_thread, NULL, &error);
  timers.is_starting = thread != NULL;
  g_clear_pointer (&thread, g_thread_unref);
  if (error != NULL && timers.has_warned)
    g_clear_error (&error);
  timers.has_warned |= error != NULL;

  return error;
}

static void
warn (const GError *error)
{
  if (error != NULL)
    g_warning ("Could not start the thread that ends calls at their timeout: %s. Calls may run longer than their "
               "timeouts until a later call can start it.", error->message);
}

/* With the mutex held, but for the call. */
static void
call (CfTimer  *due,
      CfParker *parker)
{
  g_autoptr(GError) error = NULL;

  if (timers.leader == parker)
    timers.leader = NULL;
  if (g_tree_nnodes (timers.tree) > 0)
    error = ensure_leader ();
  cf_mutex_unlock (&timers.mutex);

  warn (error);
  due->func (due->data);
  timer_unref (due);

  cf_mutex_lock (&timers.mutex);
}

/* Sleeps as the leader, until the next timer, or as a follower. With the mutex held, but for the sleep. Returns whether
 * the thread is of use. */
static gboolean
sleep_until (gint64    time,
             CfParker *parker)
{
  gboolean is_woken;

  if (timers.leader == NULL && !timers.is_starting)
    timers.leader = parker;
  if (timers.leader != parker)
    {
      timers.followers = g_slist_prepend (timers.followers, parker);
      time = cf_deadline_after (LINGER_USEC);
    }
  cf_mutex_unlock (&timers.mutex);

  is_woken = cf_parker_park (parker, time);

  cf_mutex_lock (&timers.mutex);
  timers.followers = g_slist_remove (timers.followers, parker);
  if (is_woken || (timers.leader == parker && g_tree_nnodes (timers.tree) > 0))
    return TRUE;

  if (timers.leader == parker)
    timers.leader = NULL;
  return FALSE;
}

static gpointer
timer_thread (gpointer unused)
{
  CfParker *parker = cf_parker_get ();
  gboolean is_of_use = TRUE;

  cf_mutex_lock (&timers.mutex);
  timers.is_starting = FALSE;
  timers.leader = parker;

  while (is_of_use)
    {
      gint64 next;
      CfTimer *due = take_due (&next);

      if (due != NULL)
        call (due, parker);
      else
        is_of_use = sleep_until (next, parker);
    }

  cf_mutex_unlock (&timers.mutex);
  return NULL;
}

/* In a forked child. What is in the tree is the parent's, and stays where it is. */
static void
begin_anew (void)
{
  memset (&timers, 0, sizeof (timers));
}

/**
 * cf_timer_add:
 * @time: a monotonic time
 * @func: what to call then, in a thread of the timers; it may take its time
 * @data: passed to @func
 * @destroy: called when @data is no longer needed
 *
 * Has @func called at @time.
 *
 * Returns: the timer, to be removed once, whether or not it has passed
 */
CfTimer *
cf_timer_add (gint64         time,
              CfTimerFunc    func,
              gpointer       data,
              GDestroyNotify destroy)
{
  static gsize is_watching;
  CfTimer *self = g_new (CfTimer, 1);
  g_autoptr(GError) error = NULL;

  cf_fork_call_in_child (&is_watching, begin_anew);

  /* One reference is the tree's, one the caller's. */
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  self->time = time;
  self->func = func;
  self->data = data;
  self->destroy = destroy;

  cf_mutex_lock (&timers.mutex);

  if (timers.tree == NULL)
    timers.tree = g_tree_new (compare_timers);
  g_tree_insert (timers.tree, self, self);

  error = ensure_leader ();
  if (timers.leader != NULL && g_tree_node_key (g_tree_node_first (timers.tree)) == self)
    cf_parker_unpark (timers.leader);

  cf_mutex_unlock (&timers.mutex);

  warn (error);
  return self;
}

/**
 * cf_timer_remove:
 * @self: (transfer full): a timer
 *
 * Removes a timer. If it is due just now, its function may still be running when this returns. One of the parent's that a
 * forked child removes is not freed.
 */
void
cf_timer_remove (CfTimer *self)
{
  gboolean found;

  cf_mutex_lock (&timers.mutex);
  found = timers.tree != NULL && g_tree_remove (timers.tree, self);
  cf_mutex_unlock (&timers.mutex);

  if (found)
    timer_unref (self);
  timer_unref (self);
}
