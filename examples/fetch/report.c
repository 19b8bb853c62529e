/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table at the end, and the time that fetching concurrently has saved:
 *
 *   URL                              STATUS     BYTES  FIRST BYTE     TOTAL
 *   http://127.0.0.1:41205/steady       200   1000000     0.201 s   0.950 s
 *   http://127.0.0.1:45537/missing      404         -           -   0.003 s  HTTP 404 Not Found
 *
 *   Wall time                  0.952 s
 *   Sum of the single times    0.953 s
 */

#include "report.h"

#include "units.h"

static int
url_column_width (GPtrArray *entries)
{
  gsize width = strlen ("URL");

  for (guint i = 0; i < entries->len; i++)
    {
      FetchEntry *entry = g_ptr_array_index (entries, i);

      width = MAX (width, strlen (entry->label));
    }

  return MIN (width, G_MAXINT);
}

static char *
format_status (FetchEntry *entry)
{
  if (entry->outcome == FETCH_CANCELLED)
    return g_strdup ("cancelled");

  if (entry->status == 0)
    return g_strdup ("failed");

  return g_strdup_printf ("%u", entry->status);
}

static void
print_row (FetchEntry *entry,
           int         url_width)
{
  gboolean fetched = entry->outcome == FETCH_FETCHED;
  g_autofree char *status = format_status (entry);
  g_autofree char *bytes = fetched ? g_strdup_printf ("%" G_GUINT64_FORMAT, entry->n_bytes) : g_strdup ("-");
  g_autofree char *first_byte = fetched ? fetch_format_seconds (entry->first_byte_usec) : g_strdup ("-");
  g_autofree char *total = entry->total_usec > 0 ? fetch_format_seconds (entry->total_usec) : g_strdup ("-");
  gboolean has_reason = entry->outcome == FETCH_FAILED;

  g_print ("%-*s  %9s  %12s  %10s  %10s%s%s\n", url_width, entry->label, status, bytes, first_byte, total,
           has_reason ? "  " : "", has_reason ? entry->reason : "");
}

void
fetch_report_print (FetchBatch *batch)
{
  GPtrArray *entries = fetch_batch_get_entries (batch);
  int url_width = url_column_width (entries);
  g_autofree char *wall = fetch_format_seconds (fetch_batch_get_wall_usec (batch));
  g_autofree char *sum = NULL;
  gint64 sum_usec = 0;

  g_print ("\n%-*s  %9s  %12s  %10s  %10s\n", url_width, "URL", "STATUS", "BYTES", "FIRST BYTE", "TOTAL");

  for (guint i = 0; i < entries->len; i++)
    {
      FetchEntry *entry = g_ptr_array_index (entries, i);

      print_row (entry, url_width);
      sum_usec += entry->total_usec;
    }

  sum = fetch_format_seconds (sum_usec);

  g_print ("\n%u fetched, %u failed, %u cancelled\n",
           fetch_batch_count (batch, FETCH_FETCHED),
           fetch_batch_count (batch, FETCH_FAILED),
           fetch_batch_count (batch, FETCH_CANCELLED));
  g_print ("Wall time                %12s\n", wall);
  g_print ("Sum of the single times  %12s\n", sum);
}
