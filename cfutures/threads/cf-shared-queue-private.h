/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdatomic.h>

#include "base/cf-inbox-private.h"
#include "base/cf-mutex-private.h"
#include "cf-future.h"

G_BEGIN_DECLS

/* How many calls are taken at once at most. */
#define CF_SHARED_QUEUE_MAX_BATCH 64

typedef struct
{
  CfInbox              inbox;           /* of the default priority */
  char                 padding[64 - sizeof (CfInbox)];
  CfMutex              mutex;           /* guards what follows; the counts are written under it */
  _Atomic guint        n_ready;
  _Atomic guint        n_urgent;
  CfFuture            *first;           /* of the default priority, oldest first */
  CfFuture            *last;
  GArray              *others;          /* a heap of those of other priorities */
  guint                sweep_at;        /* how long it may become before it is swept */
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
void     cf_shared_queue_list     (CfSharedQueue  *self,
                                   guint           max,
                                   GPtrArray      *futures);

/* Any thread; true for the moment in which it looks. In this order: a call that has just left the inbox is counted. */
static inline gboolean
cf_shared_queue_is_empty (CfSharedQueue *self)
{
  return cf_inbox_is_empty (&self->inbox) &&
         atomic_load_explicit (&self->n_ready, memory_order_seq_cst) == 0;
}

static inline gboolean
cf_shared_queue_has_urgent (CfSharedQueue *self)
{
  return atomic_load_explicit (&self->n_urgent, memory_order_relaxed) != 0;
}

G_END_DECLS
