/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdatomic.h>

#include <glib.h>

G_BEGIN_DECLS

extern _Atomic guint cf_fork_counter;

void cf_fork_watch         (void);
void cf_fork_call_in_child (gsize  *once,
                            void  (*func) (void));

/* A number that is another one in a forked child. Quick, and needs no lock. */
static inline guint
cf_fork_count (void)
{
  return atomic_load_explicit (&cf_fork_counter, memory_order_relaxed);
}

G_END_DECLS
