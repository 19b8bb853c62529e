/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose queue a future is in: what the executors implement, and a future calls. */

#pragma once

#include "cf-types.h"
#include "future/cf-call-private.h"

G_BEGIN_DECLS

typedef struct _CfFutureOwner     CfFutureOwner;
typedef struct _CfRemoteInterface CfRemoteInterface;
typedef struct _CfRemoteCall      CfRemoteCall;     /* the owner's */
typedef struct _CfRemotePoller    CfRemotePoller;   /* the owner's */

/* Whose queue a pending future is in. Its functions are called under the lock of a pending future, which is
 * still in the queue then, so that the owner is alive.
 *
 * - begin_withdrawal: (nullable): hears of those that are about to be settled, or begun, by somebody else; keeps itself
 *   alive
 * - end_withdrawal: (nullable): hears of them again when they are, without the lock; also of those that were remote, and
 *   that `take_back` has given back
 * - acquire_context: (nullable): if pending calls are made in iterations of a main context that is the calling
 *   thread's own, makes it the owner and returns the context, for the caller to release */
struct _CfFutureOwner
{
  void          (*begin_withdrawal) (CfFutureOwner *self);
  void          (*end_withdrawal)   (CfFutureOwner *self,
                                     CfFuture      *future);
  GMainContext *(*acquire_context) (CfFutureOwner *self);
  const CfRemoteInterface *remote;    /* (nullable) */
  gboolean has_threads;               /* which make the calls, and which a forked child lacks */
};

/* What an owner is asked to do to a call that runs in another process. */
typedef enum
{
  CF_INTERRUPT_COOPERATE,   /* to ask it to give up */
  CF_INTERRUPT_KILL,        /* to end that process */
} CfInterruption;

/* How an owner takes part in the life of a future whose call is made in another process: it is told as long as
 * the future is remote. Its functions are called under the future's lock, but for `poll` and those beside it.
 *
 * - take_back: gives the call back if it has not begun, and forgets the future; keeps the owner alive until
 *   `end_withdrawal`
 * - has_begun: whether the call of a pending future has begun, though nobody has come to say so yet
 * - interrupt: (nullable)
 * - report: (nullable): takes a progress report on to that other process; without the lock
 * - acquire_poller: (nullable): returns what the next two are given; a thread that waits for the future may look
 *   for results itself, which is quicker than being told
 * - poll: looks for results, and settles their futures
 * - release_poller: */
struct _CfRemoteInterface
{
  gboolean (*take_back)      (CfFutureOwner  *self,
                              CfFuture       *future,
                              CfCall         *call);
  gboolean (*has_begun)      (CfFutureOwner  *self,
                              CfFuture       *future);
  void     (*interrupt)      (CfFutureOwner  *self,
                              CfFuture       *future,
                              CfInterruption  how);
  void     (*report)         (CfFutureOwner  *self,
                              CfFuture       *future,
                              double          fraction,
                              const char     *message);
  CfRemotePoller *(*acquire_poller) (CfFutureOwner *self);
  void     (*poll)           (CfRemotePoller *poller);
  void     (*release_poller) (CfRemotePoller *poller);
};

G_END_DECLS
