/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How old something is that has a stamp, and whether everything gets one. */

#include "config.h"

#include "base/cf-stamp-private.h"

_Atomic gboolean cf_stamp_is_watched;

/**
 * cf_stamp_watch:
 *
 * Has each call stamped from now on, for good.
 */
void
cf_stamp_watch (void)
{
  atomic_store_explicit (&cf_stamp_is_watched, TRUE, memory_order_relaxed);
}

static gint64
to_usec (CfStamp stamp)
{
  return (gint64) (stamp >> 8) * G_USEC_PER_SEC + ((gint64) (stamp & 0xff) << 22) / 1000;
}

/**
 * cf_stamp_get_age:
 * @self: a stamp
 *
 * Returns: how long ago it was taken, in µs, or -1 if that is unknown
 */
gint64
cf_stamp_get_age (CfStamp self)
{
  gint64 age;

  if (self == CF_STAMP_UNKNOWN)
    return -1;

  age = to_usec (cf_stamp_now ()) - to_usec (self);
  return age >= 0 ? age : age + ((gint64) 1 << 24) * G_USEC_PER_SEC;
}
