/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "future/cf-future-state-private.h"

G_BEGIN_DECLS

/* When somebody is told that a future is done. */
typedef enum
{
  CF_OBSERVER_SIGNAL,     /* fired under the future's lock: quick, without user code, and unlinked then */
  CF_OBSERVER_CONTEXT,    /* a callback that belongs to a main context: linked until it has run */
  CF_OBSERVER_IMMEDIATE,  /* a callback that the completing thread runs, after it has let the lock go */
} CfObserverKind;

/* What an observer is. It is linked into the list of its future, and embedded in what it is about.
 *
 * - fire: tells it
 * - steal_context: (nullable): gives up its reference to its main context, if it has one: under the lock, right
 *   before it is fired
 * - discard: frees it when the future is finalized undone; threads that wait hold a reference to the future, so that a
 *   SIGNAL never sees that */
typedef struct
{
  CfObserverKind kind;
  void           (*fire)          (CfFutureObserver *self,
                                   CfFuture         *future);
  GMainContext *(*steal_context) (CfFutureObserver *self);
  void           (*discard)       (CfFutureObserver *self);
} CfObserverInterface;

struct _CfFutureObserver
{
  CfFutureObserver          *next;
  CfFutureObserver          *previous;
  const CfObserverInterface *interface;
};

gboolean cf_future_link_observer      (CfFuture          *self,
                                       CfFutureObserver  *observer);
void     cf_future_unlink_observer    (CfFuture          *self,
                                       CfFutureObserver  *observer);
gboolean cf_future_fire_observers     (CfFuture          *self,
                                       CfFutureObserver **immediate,
                                       GSList           **contexts);
void     cf_future_run_immediate      (CfFuture          *self,
                                       CfFutureObserver  *callbacks);
void     cf_future_discard_observers  (CfFuture          *self);

/* The list itself, with the lock held */
void     cf_future_link_last          (CfFuture          *self,
                                       CfFutureObserver  *observer);
void     cf_future_unlink             (CfFuture          *self,
                                       CfFutureObserver  *observer);

G_END_DECLS
