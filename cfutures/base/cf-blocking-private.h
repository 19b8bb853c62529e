/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "base/cf-parker-private.h"
#include "base/cf-spin-private.h"

G_BEGIN_DECLS

/* How a thread's wait ended. */
typedef enum
{
  CF_BLOCKING_DONE,
  CF_BLOCKING_TIMED_OUT,
  CF_BLOCKING_CANCELLED,
  CF_BLOCKING_LEFT_BEHIND,    /* what is waited for belongs to the process that this one was forked from */
  CF_BLOCKING_CALLED_BACK,    /* by its pool, to make an awaited call itself and then to wait again */
} CfBlockingOutcome;

typedef struct _CfBlockingHooks CfBlockingHooks;
typedef struct _CfAwaitedCalls  CfAwaitedCalls;

/* The calls that a blocked thread waits for.
 *
 * - take: returns a reference to one of those that belong to `owner` and have not begun, each once; %NULL if there are
 *   no more. Any thread, under a lock: quick, without user code. */
struct _CfAwaitedCalls
{
  gpointer (*take) (CfAwaitedCalls *self,
                    gpointer        owner);
};

/* What a pool wants to know of its own threads.
 *
 * - run_here: one that waits for a call of the same `owner` offers to make it; the pool may decline
 * - begin_blocking: one is about to sleep, until some of the `awaited` calls (nullable) are done
 * - keep_blocking: it sleeps next, until `deadline`, which the pool may move forward to be asked again; returns FALSE
 *   if it is called back
 * - end_blocking: it is back */
struct _CfBlockingHooks
{
  gpointer owner;
  void     (*run_here)       (CfBlockingHooks *self,
                              gpointer         call);
  void     (*begin_blocking) (CfBlockingHooks *self,
                              CfAwaitedCalls  *awaited);
  gboolean (*keep_blocking)  (CfBlockingHooks *self,
                              gint64          *deadline);
  void     (*end_blocking)   (CfBlockingHooks *self);
};

/* What a thread that belongs to no pool does while it sleeps, because nobody else can.
 *
 * - work: does what is there to do, and has `parker` unparked when there is more; returns whether it has done anything.
 *   It may run the user's code.
 * - leave: the thread is about to be back */
typedef struct
{
  gboolean (*work)  (CfParker *parker);
  void     (*leave) (void);
} CfBlockingDuty;

void              cf_blocking_set_hooks        (CfBlockingHooks    *hooks);
CfBlockingHooks  *cf_blocking_get_hooks        (void);
void              cf_blocking_set_duty         (const CfBlockingDuty *duty);

CfBlockingOutcome cf_blocking_wait             (CfCondition         condition,
                                                gpointer            data,
                                                gint64              deadline,
                                                GCancellable       *cancellable,
                                                CfAwaitedCalls     *awaited);
void              cf_blocking_park             (CfParker           *parker,
                                                gint64              deadline);
gboolean          cf_blocking_outcome_to_error (CfBlockingOutcome   outcome,
                                                const char         *what,
                                                GError            **error);

G_END_DECLS
