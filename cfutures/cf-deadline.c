/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Deadlines: functions that are called at a given time, in a thread that is there for that.
 *
 * One thread serves the whole process. It starts with the first deadline and ends when there has been none
 * for some seconds. The deadlines are in a tree ordered by time, under one mutex; the thread sleeps until the
 * earliest of them, and is unparked when an earlier one is added. Calls that have no time limit never come
 * here.
 *
 * A deadline belongs to the tree until it is due or removed. Whoever added it holds a pointer to it, which
 * stays valid until cf_deadline_remove(): that is why it is counted. */

#include "config.h"

#include "cf-deadline-private.h"

#include "cf-mutex-private.h"
#include "cf-parking-private.h"

#define LINGER_USEC (5 * G_USEC_PER_SEC)

struct _CfDeadline
{
  gatomicrefcount ref_count;
  gint64          time;
  CfDeadlineFunc  func;
  gpointer        data;
  GDestroyNotify  destroy;
};

static struct
{
  CfMutex   mutex;
  GTree    *deadlines;
  gboolean  running;
  CfParker *parker;     /* the thread's, once it has begun */
} timer;

static void
deadline_unref (CfDeadline *self)
{
  CF_TSAN_RELEASE (self);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  self->destroy (self->data);
  g_free (self);
}

static int
compare_deadlines (gconstpointer a,
                   gconstpointer b)
{
  const CfDeadline *first = a;
  const CfDeadline *second = b;

  if (first->time != second->time)
    return first->time < second->time ? -1 : 1;

  return (first > second) - (first < second);
}

/* Takes the earliest deadline out if it is due, otherwise says until when to sleep. With the mutex held. */
static CfDeadline *
take_due (gint64 *sleep_until)
{
  GTreeNode *node = g_tree_node_first (timer.deadlines);
  gint64 now = g_get_monotonic_time ();
  CfDeadline *earliest;

  if (node == NULL)
    {
      *sleep_until = now + LINGER_USEC;
      return NULL;
    }

  earliest = g_tree_node_key (node);
  *sleep_until = earliest->time;
  if (earliest->time > now)
    return NULL;

  g_tree_remove (timer.deadlines, earliest);
  return earliest;
}

static gpointer
timer_thread (gpointer unused)
{
  CfParker *parker = cf_parker_get ();

  cf_mutex_lock (&timer.mutex);
  timer.parker = parker;

  while (TRUE)
    {
      gint64 sleep_until;
      CfDeadline *due = take_due (&sleep_until);
      gboolean woken = TRUE;

      cf_mutex_unlock (&timer.mutex);
      if (due != NULL)
        {
          due->func (due->data);
          deadline_unref (due);
        }
      else
        {
          woken = cf_parker_park (parker, sleep_until);
        }
      cf_mutex_lock (&timer.mutex);

      if (!woken && g_tree_nnodes (timer.deadlines) == 0)
        break;
    }

  timer.running = FALSE;
  timer.parker = NULL;
  cf_mutex_unlock (&timer.mutex);
  return NULL;
}

/**
 * cf_deadline_add:
 * @time: a monotonic time
 * @func: what to call then, in the thread of the deadlines, where others wait for it to return
 * @data: passed to @func
 * @destroy: called when @data is not needed any more
 *
 * Returns: the deadline, to be removed once, whether or not it has passed
 */
CfDeadline *
cf_deadline_add (gint64         time,
                 CfDeadlineFunc func,
                 gpointer       data,
                 GDestroyNotify destroy)
{
  CfDeadline *self = g_new (CfDeadline, 1);

  /* One reference is the tree's, one the caller's. */
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  self->time = time;
  self->func = func;
  self->data = data;
  self->destroy = destroy;

  cf_mutex_lock (&timer.mutex);

  if (timer.deadlines == NULL)
    timer.deadlines = g_tree_new (compare_deadlines);
  g_tree_insert (timer.deadlines, self, self);

  if (!timer.running)
    {
      timer.running = TRUE;
      g_thread_unref (g_thread_new ("cf-deadlines", timer_thread, NULL));
    }
  else if (timer.parker != NULL && g_tree_node_key (g_tree_node_first (timer.deadlines)) == self)
    {
      cf_parker_unpark (timer.parker);
    }

  cf_mutex_unlock (&timer.mutex);

  return self;
}

/**
 * cf_deadline_remove:
 * @self: (transfer full): a deadline
 *
 * Gives a deadline up. If it is just passing, its function may still be running when this returns.
 */
void
cf_deadline_remove (CfDeadline *self)
{
  gboolean found;

  cf_mutex_lock (&timer.mutex);
  found = g_tree_remove (timer.deadlines, self);
  cf_mutex_unlock (&timer.mutex);

  if (found)
    deadline_unref (self);
  deadline_unref (self);
}
