/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-future-private.h"
#include "cf-mutex-private.h"

G_BEGIN_DECLS

/* How many calls are taken at once at most. */
#define CF_SHARED_QUEUE_MAX_BATCH 64

typedef struct
{
  _Atomic (CfFuture *) inbox;           /* of the default priority, newest first */
  char                 padding[64 - sizeof (gpointer)];
  CfMutex              mutex;           /* guards what follows; the counts are written under it */
  _Atomic guint        n_ready;
  _Atomic guint        n_urgent;
  CfFuture            *first;           /* of the default priority, oldest first */
  CfFuture            *last;
  GArray              *others;          /* a heap of those of other priorities */
  guint64              sequence;
} CfSharedQueue;

void     cf_shared_queue_init     (CfSharedQueue  *self);
void     cf_shared_queue_clear    (CfSharedQueue  *self);
void     cf_shared_queue_push     (CfSharedQueue  *self,
                                   CfFuture       *future);
guint    cf_shared_queue_take     (CfSharedQueue  *self,
                                   int             max_priority,
                                   guint           max,
                                   guint           n_takers,
                                   CfFuture      **futures);

/* Any thread; true for the moment in which it looks. In this order: a call that has just left the inbox is counted. */
static inline gboolean
cf_shared_queue_is_empty (CfSharedQueue *self)
{
  return atomic_load_explicit (&self->inbox, memory_order_seq_cst) == NULL &&
         atomic_load_explicit (&self->n_ready, memory_order_seq_cst) == 0;
}

static inline gboolean
cf_shared_queue_has_urgent (CfSharedQueue *self)
{
  return atomic_load_explicit (&self->n_urgent, memory_order_relaxed) != 0;
}

G_END_DECLS
