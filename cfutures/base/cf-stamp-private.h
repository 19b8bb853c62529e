/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfStamp: since when a call waits, or runs, in steps of four milliseconds or so.
 *
 * Even the coarse clock would cost a short call some per cent of its time. So what is hot takes a stamp only while
 * somebody looks: since an executor was described for the first time, or CFUTURES_DEBUG is set. */

#pragma once

#include <stdatomic.h>
#include <time.h>

#include <glib.h>

G_BEGIN_DECLS

/* Seconds of the monotonic clock and 1/256 of a second's billionths, in turn; 0 is unknown. It wraps after half a year. */
typedef guint32 CfStamp;

#define CF_STAMP_UNKNOWN 0

extern _Atomic gboolean cf_stamp_is_watched;

void   cf_stamp_watch   (void);
gint64 cf_stamp_get_age (CfStamp self);

static inline CfStamp
cf_stamp_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC_COARSE, &now);
  return MAX (1, (guint32) now.tv_sec << 8 | (guint32) now.tv_nsec >> 22);
}

/* Of a time as g_get_monotonic_time() tells it, or -1. */
static inline CfStamp
cf_stamp_of (gint64 usec)
{
  if (usec < 0)
    return CF_STAMP_UNKNOWN;

  return MAX (1, (guint32) (usec / G_USEC_PER_SEC) << 8 | ((guint32) (usec % G_USEC_PER_SEC) * 1000) >> 22);
}

static inline CfStamp
cf_stamp_if_watched (void)
{
  return G_UNLIKELY (atomic_load_explicit (&cf_stamp_is_watched, memory_order_relaxed)) ? cf_stamp_now ()
                                                                                        : CF_STAMP_UNKNOWN;
}

G_END_DECLS
