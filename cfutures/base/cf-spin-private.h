/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a thread waits for: quick, without side effects, and safe to call at any time. */
typedef gboolean (*CfCondition) (gpointer data);

gboolean cf_spin_until   (CfCondition condition,
                          gpointer    data);
void     cf_spin_learn   (void);
void     cf_spin_for     (gint64      usec);
void     cf_spin_backoff (guint       round);

/* Tells the processor that this is a spin loop. */
static inline void
cf_spin_relax (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#elif defined (__aarch64__) || defined (__arm__)
  __asm__ __volatile__ ("yield" ::: "memory");
#else
  __asm__ __volatile__ ("" ::: "memory");
#endif
}

G_END_DECLS
