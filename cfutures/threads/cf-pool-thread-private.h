/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thread of a pool: what it is made of, and who may touch which field. */

#pragma once

#include <stdatomic.h>

#include "base/cf-blocking-private.h"
#include "cf-types.h"
#include "threads/cf-deque-private.h"

G_BEGIN_DECLS

typedef struct _CfPoolThread CfPoolThread;
typedef struct _CfThreadPool CfThreadPool;

/* A call that a thread is in the middle of: on its stack. */
typedef struct _CfPoolRun CfPoolRun;

struct _CfPoolRun
{
  CfFuture  *future;
  CfPoolRun *outer;     /* the one that waits for it */
  gint64     since;     /* when it began at the earliest, or -1 */
};

struct _CfPoolThread
{
  CfBlockingHooks  hooks;           /* first, so that the hooks lead to the thread */
  CfThreadPool    *pool;            /* the thread has a reference while it runs */
  CfDeque          deque;           /* pushed and popped by this thread, stolen from by any */

  /* The thread's own. */
  char            *stack_limit;     /* it makes no nested calls beyond this address */
  guint            depth;           /* of nested calls */
  guint            random;
  guint            tick;
  guint            batch;           /* how many calls it takes from the shared queue at once */
  guint            batch_taken;
  gint64           batch_end;       /* where in the deque the last batch ends */
  gint64           batch_begin;
  gint64           clock;           /* when it looked at the clock last */

  /* The thread's own while it is awake; otherwise it is written by the thread that wakes or starts it. */
  gboolean         is_searching;

  /* Written by the thread, read by any. */
  _Atomic guint64  n_submitted[2];  /* by epoch */
  _Atomic guint64  n_begun;
  _Atomic guint64  n_ended;
  _Atomic guint64  n_over[3];       /* by epoch: ended, and settled; and those that are exempt from draining */
  _Atomic (CfPoolRun *) innermost;  /* read as cf-pool-description.c says */
  _Atomic int      id;              /* the kernel's, once the thread has begun */

  /* The roster's: under its mutex, but for `is_called_back`, which is set under it and taken by the thread. */
  CfParker        *parker;          /* once the thread has begun */
  GThread         *thread;
  gboolean         has_exited;
  char             name[16];
  CfPoolThread    *next_idle;
  gboolean         is_idle;
  GList            blocked_link;    /* in the roster's `blocked` */
  GList            awaiting_link;   /* in its `awaiting` */
  CfAwaitedCalls  *awaited;         /* not NULL while it is in `awaiting` */
  gboolean         is_untouched;    /* none of the awaited calls was taken yet */
  gboolean         may_run_here;    /* there is stack left to make one of them */
  _Atomic gboolean is_called_back;
};

G_END_DECLS
