/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _CfParker CfParker;

/* How a thread's wait ended. */
typedef enum
{
  CF_WAIT_DONE,
  CF_WAIT_TIMED_OUT,
  CF_WAIT_CANCELLED,
} CfWaitOutcome;

/* What a thread waits for: quick, without side effects, and safe to call at any time. */
typedef gboolean (*CfCondition) (gpointer data);

/* What a pool wants to know of its own threads: that one is about to sleep, and that it is back. Before that,
 * one that waits for a call of the same `owner` offers to run it, which the pool may decline; one that would rather
 * not asks whether the pool has another thread to do so. */
typedef struct _CfBlockingHooks CfBlockingHooks;

struct _CfBlockingHooks
{
  gpointer owner;
  gboolean (*has_substitute) (CfBlockingHooks *hooks);
  void     (*run_here)       (CfBlockingHooks *hooks,
                              gpointer         call);
  void     (*begin_blocking) (CfBlockingHooks *hooks);
  void     (*end_blocking)   (CfBlockingHooks *hooks);
};

void             cf_blocking_set_hooks (CfBlockingHooks *hooks);
CfBlockingHooks *cf_blocking_get_hooks (void);

CfParker        *cf_parker_get         (void);
void             cf_parker_unpark      (CfParker        *self);
gboolean         cf_parker_park        (CfParker        *self,
                                        gint64           deadline);
void             cf_parker_learn       (CfParker        *self);

gint64           cf_deadline_from      (gint64           begin,
                                        gint64           timeout_usec);
gint64           cf_deadline_after     (gint64           timeout_usec);

gboolean         cf_wait_spin          (CfCondition      condition,
                                        gpointer         data);
void             cf_wait_linger        (gint64           usec);
CfWaitOutcome    cf_wait_park          (CfCondition      condition,
                                        gpointer         data,
                                        gint64           deadline,
                                        GCancellable    *cancellable);
gboolean         cf_wait_outcome_to_error (CfWaitOutcome   outcome,
                                           const char     *what,
                                           GError        **error);

/* Tells the processor that this is a spin loop. */
static inline void
cf_cpu_relax (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#elif defined (__aarch64__) || defined (__arm__)
  __asm__ __volatile__ ("yield" ::: "memory");
#else
  __asm__ __volatile__ ("" ::: "memory");
#endif
}

/* Waits a little for a lock that is held for some instructions only; `round` counts the attempts. The
 * holder may have lost its processor: after a while it is given one, and in the end (a real-time thread
 * that waits for an ordinary one) the time to use it. */
void             cf_lock_backoff       (guint            round);

G_END_DECLS
