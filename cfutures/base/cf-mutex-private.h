/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfMutex: a GMutex that spins a moment before it sleeps, and that ThreadSanitizer can see.
 *
 * What it protects is held for some tens of nanoseconds, while putting a thread to sleep and waking it
 * costs thousands: a short spin nearly always gets the lock. Never held while user code runs. */

#pragma once

#include <glib.h>

#include "base/cf-sanitizer-private.h"
#include "base/cf-spin-private.h"

typedef struct
{
  GMutex mutex;
} CfMutex;

#define CF_MUTEX_SPINS 64

static inline void
cf_mutex_lock (CfMutex *self)
{
  gboolean locked = g_mutex_trylock (&self->mutex);

  for (guint i = 0; !locked && i < CF_MUTEX_SPINS; i++)
    {
      cf_spin_relax ();
      locked = g_mutex_trylock (&self->mutex);
    }

  if (!locked)
    g_mutex_lock (&self->mutex);

  CF_TSAN_ACQUIRE (self);
}

static inline gboolean
cf_mutex_trylock (CfMutex *self)
{
  gboolean locked = g_mutex_trylock (&self->mutex);

  if (locked)
    CF_TSAN_ACQUIRE (self);

  return locked;
}

static inline void
cf_mutex_unlock (CfMutex *self)
{
  CF_TSAN_RELEASE (self);
  g_mutex_unlock (&self->mutex);
}

static inline void
cf_mutex_clear (CfMutex *self)
{
  g_mutex_clear (&self->mutex);
}
