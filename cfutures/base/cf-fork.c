/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Noticing that this process was forked from another one. Threads are not forked, and what they had locked stays locked:
 * what was made before and needs them is of no use here, and must be left alone. */

#include "config.h"

#include "base/cf-fork-private.h"

#include <pthread.h>

_Atomic guint cf_fork_counter;

/* In the child. */
static void
count_fork (void)
{
  atomic_fetch_add_explicit (&cf_fork_counter, 1, memory_order_relaxed);
}

/**
 * cf_fork_call_in_child:
 * @once: a static variable of the caller's, which begins with 0
 * @func: forgets what was the parent's threads'
 *
 * Has @func called in each child that is forked from now on, in its only thread and before fork() returns. It takes no
 * lock: somebody may have held it.
 */
void
cf_fork_call_in_child (gsize  *once,
                       void  (*func) (void))
{
  if (!g_once_init_enter (once))
    return;

  pthread_atfork (NULL, NULL, func);
  g_once_init_leave (once, 1);
}

/**
 * cf_fork_watch:
 *
 * Has forks counted from now on.
 */
void
cf_fork_watch (void)
{
  static gsize is_watching;

  cf_fork_call_in_child (&is_watching, count_fork);
}
