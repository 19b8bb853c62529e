/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Progress where nobody looks at a terminal: one line for each thing that happens to a transfer. */

#include "lines.h"

#include "units.h"

static void
print_end (FetchEntry *entry)
{
  g_autofree char *size = fetch_format_bytes (entry->n_bytes);
  g_autofree char *total = fetch_format_seconds (entry->total_usec);

  switch (entry->outcome)
    {
    case FETCH_FETCHED:
      g_print ("fetched %s: %s in %s\n", entry->label, size, total);
      break;

    case FETCH_FAILED:
      g_print ("failed %s: %s\n", entry->label, entry->reason);
      break;

    case FETCH_CANCELLED:
      g_print ("cancelled %s\n", entry->label);
      break;

    case FETCH_UNDECIDED:
    default:
      g_assert_not_reached ();
    }
}

/* A FetchObserver that needs no data. */
void
fetch_lines_observe (FetchEntry *entry,
                     FetchEvent  event,
                     gpointer    user_data)
{
  if (event == FETCH_EVENT_RETRY)
    g_print ("will retry %s: %s\n", entry->label, entry->reason);
  else
    print_end (entry);
}
