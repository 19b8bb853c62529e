/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfPatience: how long somebody may still be waited for, in time that counts.
 *
 * The manager comes by and *spends* it, a portion at a time. Time in which the manager itself did not come although it
 * meant to does not count: the program was stopped (Ctrl-Z, the freezer, a paused machine) or had no turn, and so had
 * those that it waits for. Nor does what the caller excuses. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CF_PATIENCE_PORTION_USEC (G_USEC_PER_SEC / 4)

typedef struct
{
  gint64 left_usec;     /* or -1 for ever */
  gint64 spent_at;      /* when some was spent last */
} CfPatience;

static inline void
cf_patience_begin (CfPatience *self,
                   gint64      usec,
                   gint64      now)
{
  self->left_usec = usec;
  self->spent_at = now;
}

/* When the next portion is over, or -1. */
static inline gint64
cf_patience_get_next (const CfPatience *self)
{
  return self->left_usec >= 0 ? self->spent_at + MIN (self->left_usec, CF_PATIENCE_PORTION_USEC) : -1;
}

static inline gboolean
cf_patience_is_over (const CfPatience *self)
{
  return self->left_usec == 0;
}

static inline void
cf_patience_spend (CfPatience *self,
                   gint64      excused_usec,
                   gint64      now)
{
  gint64 next = cf_patience_get_next (self);

  if (next >= 0 && now < next + CF_PATIENCE_PORTION_USEC)
    self->left_usec -= CLAMP (now - self->spent_at - excused_usec, 0, self->left_usec);
  self->spent_at = now;
}

G_END_DECLS
