/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sizes and times as text of plain ASCII: one byte is one column on the screen, in every locale.
 * (g_format_size() puts a no-break space before the unit.)
 */

#include "units.h"

char *
fetch_format_bytes (guint64 n_bytes)
{
  static const char *units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
  double size = n_bytes / 1000.0;
  guint unit = 0;

  if (n_bytes < 1000)
    return g_strdup_printf ("%u B", (guint) n_bytes);

  for (; size >= 999.95 && unit < G_N_ELEMENTS (units) - 1; unit++)
    size /= 1000.0;

  return g_strdup_printf ("%.1f %s", size, units[unit]);
}

char *
fetch_format_seconds (gint64 usec)
{
  return g_strdup_printf ("%.3f s", (double) usec / G_USEC_PER_SEC);
}
