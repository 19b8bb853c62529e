/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A ring of frames in memory that two processes share: one writes, the other reads.
 *
 *            read            written
 *             ↓                ↓
 *      ┌──────┬───────┬────────┬──────────────┐
 *      │ free │ frame │ frame  │ free         │
 *      └──────┴───────┴────────┴──────────────┘
 *
 * The classic queue of one producer and one consumer (L. Lamport, "Proving the Correctness of Multiprocess
 * Programs", IEEE TSE 1977): the writer alone advances `written`, the reader alone `read`. Storing `written` is a
 * release, loading it an acquire, so the reader sees the bytes of each frame that it is told of; `read` likewise
 * tells the writer that the bytes may be written over.
 *
 * Each side keeps its own position to itself and believes nothing that the other one says: a number that cannot
 * be is an error, and a frame is copied out before it is looked at, so that it cannot change under the reader. Frames
 * are contiguous: what does not fit at the end of the ring goes to its beginning, and the rest is padded.
 *
 * Within a process a lock lets one thread at a time write, or read: for calls the pool's mutex, for results the
 * receiver's lock in the program, and `writing` in a worker. */

#include "config.h"

#include "transport/cf-ring-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "cf-error.h"

/**
 * cf_ring_init:
 * @self: a ring
 * @ends: its shared counters, both 0
 * @data: its shared memory
 * @size: of @data, a power of two
 */
void
cf_ring_init (CfRing     *self,
              CfRingEnds *ends,
              guint8     *data,
              gsize       size)
{
  self->ends = ends;
  self->data = data;
  self->size = size;
  atomic_init (&self->position, 0);
  atomic_init (&self->is_closed, FALSE);
}

/**
 * cf_ring_write:
 * @self: the writer's side of a ring
 * @frame: a frame
 *
 * Returns: %FALSE if there is no room for it now
 */
gboolean
cf_ring_write (CfRing        *self,
               const CfFrame *frame)
{
  gsize size = cf_frame_get_size (frame);
  guint64 position = cf_ring_get_position (self);
  gsize offset = position & (self->size - 1);
  gsize until_end = self->size - offset;
  gsize padding = size > until_end ? until_end : 0;
  guint64 used = position - atomic_load_explicit (&self->ends->read, memory_order_acquire);

  if (used > self->size || padding + size > self->size - used)
    return FALSE;

  if (padding > 0)
    cf_frame_write_padding (self->data + offset, padding);
  cf_frame_write (frame, self->data + (padding > 0 ? 0 : offset));

  position += padding + size;
  atomic_store_explicit (&self->position, position, memory_order_relaxed);
  atomic_store_explicit (&self->ends->written, position, memory_order_release);
  return TRUE;
}

/**
 * cf_ring_close:
 * @self: the reader's side of a ring
 *
 * Has the ring be empty from now on.
 */
void
cf_ring_close (CfRing *self)
{
  atomic_store_explicit (&self->is_closed, TRUE, memory_order_relaxed);
}

static void
advance (CfRing *self,
         gsize   size)
{
  guint64 position = cf_ring_get_position (self) + size;

  atomic_store_explicit (&self->position, position, memory_order_relaxed);
  atomic_store_explicit (&self->ends->read, position, memory_order_release);
}

/**
 * cf_ring_read:
 * @self: the reader's side of a ring
 * @memory: (out) (transfer full): a copy of the next frame
 * @size: (out): its size
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Returns: %FALSE if there is none now, or if @error is set; the caller closes the ring then
 */
gboolean
cf_ring_read (CfRing   *self,
              guint8  **memory,
              gsize    *size,
              GError  **error)
{
  guint64 available;

  if (cf_ring_is_empty (self))
    return FALSE;

  while ((available = atomic_load_explicit (&self->ends->written, memory_order_acquire) -
                      cf_ring_get_position (self)) > 0)
    {
      gsize offset = cf_ring_get_position (self) & (self->size - 1);
      gboolean is_padding = FALSE;
      gsize frame_size = 0;

      if (available <= self->size && available % 8 == 0)
        frame_size = cf_frame_peek_size (self->data + offset, MIN (available, self->size - offset), &is_padding);

      if (frame_size == 0 || (is_padding && (offset == 0 || frame_size != self->size - offset)))
        {
          g_set_error_literal (error, CF_ERROR, CF_ERROR_PROTOCOL, _("The memory shared with a worker is corrupt"));
          return FALSE;
        }

      if (!is_padding)
        {
          *memory = g_memdup2 (self->data + offset, frame_size);
          *size = frame_size;
          advance (self, frame_size);
          return TRUE;
        }

      advance (self, frame_size);
    }

  return FALSE;
}
