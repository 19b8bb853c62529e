/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdatomic.h>

#include <glib.h>

#include "transport/cf-frame-private.h"

G_BEGIN_DECLS

/* How much has ever been written and read, each on a cache line of its own. In shared memory. */
typedef struct
{
  _Alignas (64) _Atomic guint64 written;
  _Alignas (64) _Atomic guint64 read;
} CfRingEnds;

/* One side's view of a ring. */
typedef struct
{
  CfRingEnds     *ends;
  guint8         *data;
  gsize           size;       /* a power of two */
  _Atomic guint64 position;   /* of this side: the writer's or the reader's; the shared one is for the other side */
  _Atomic gboolean is_closed; /* nothing more is read, whatever the writer says */
} CfRing;

void     cf_ring_init     (CfRing         *self,
                           CfRingEnds     *ends,
                           guint8         *data,
                           gsize           size);
gboolean cf_ring_write    (CfRing         *self,
                           const CfFrame  *frame);
void     cf_ring_close    (CfRing         *self);
gboolean cf_ring_read     (CfRing         *self,
                           guint8        **memory,
                           gsize          *size,
                           GError        **error);

static inline guint64
cf_ring_get_position (CfRing *self)
{
  return atomic_load_explicit (&self->position, memory_order_relaxed);
}

/* Whether there is nothing to read: quick, for any thread that waits, also while another one reads. */
static inline gboolean
cf_ring_is_empty (CfRing *self)
{
  return atomic_load_explicit (&self->ends->written, memory_order_acquire) == cf_ring_get_position (self) ||
         atomic_load_explicit (&self->is_closed, memory_order_relaxed);
}

/* On the writer's side: whether the other has read all that was written. */
static inline gboolean
cf_ring_is_read (CfRing *self)
{
  return atomic_load_explicit (&self->ends->read, memory_order_acquire) == cf_ring_get_position (self);
}

G_END_DECLS
