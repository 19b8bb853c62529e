/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Deadlines: a point in monotonic time, in microseconds, until which something waits; -1 for never. */

#pragma once

#include <glib.h>

/* When a timeout that began at `begin` is over. */
static inline gint64
cf_deadline_from (gint64 begin,
                  gint64 timeout_usec)
{
  return timeout_usec >= 0 && timeout_usec < G_MAXINT64 - begin ? begin + timeout_usec : -1;
}

/* When a timeout that begins now is over. */
static inline gint64
cf_deadline_after (gint64 timeout_usec)
{
  return timeout_usec >= 0 ? cf_deadline_from (g_get_monotonic_time (), timeout_usec) : -1;
}

static inline gint64
cf_deadline_earlier (gint64 a,
                     gint64 b)
{
  if (a < 0 || b < 0)
    return MAX (a, b);

  return MIN (a, b);
}

static inline gboolean
cf_deadline_has_passed (gint64 deadline)
{
  return deadline >= 0 && g_get_monotonic_time () >= deadline;
}
