/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* cf-fetch: fetches all the URLs of its command line concurrently.
 *
 *   options ──▶ batch ──▶ transfer (in the pool's threads) ──▶ output-file
 *      │          │ entries
 *   servers       ├──▶ bars ──▶ terminal   while it runs, on a terminal
 *   (without      ├──▶ lines               while it runs, elsewhere
 *   a URL)        └──▶ report              at the end
 *
 * What it shows of CFutures: blocking code made concurrent by a pool of threads; done callbacks, progress and
 * time-outs that arrive in the main loop; one cancellable for everything; a promise (in servers.c).
 */

#include <errno.h>
#include <locale.h>

#include <glib-unix.h>

#include "bars.h"
#include "batch.h"
#include "lines.h"
#include "options.h"
#include "report.h"
#include "servers.h"
#include "terminal.h"

#define EXIT_ALL_FETCHED 0
#define EXIT_SOME_FAILED 1
#define EXIT_BAD_USAGE 2
#define EXIT_SIGNAL_BASE 128

typedef struct
{
  FetchBatch *batch;
  int         number;
  guint       source;
  gboolean    arrived;
} Signal;

/* The source goes with the first signal, so a second one ends the program at once. */
static gboolean
on_signal (gpointer user_data)
{
  Signal *signal = user_data;

  signal->arrived = TRUE;
  signal->source = 0;
  fetch_batch_cancel (signal->batch);

  return G_SOURCE_REMOVE;
}

static void
watch_signal (Signal *signal)
{
  signal->source = g_unix_signal_add (signal->number, on_signal, signal);
}

static void
show_progress_and_run (FetchBatch *batch)
{
  g_autoptr(FetchBars) bars = NULL;

  if (fetch_terminal_is_there ())
    bars = fetch_bars_new (batch);
  else
    fetch_batch_set_observer (batch, fetch_lines_observe, NULL);

  fetch_batch_run (batch);
}

static int
fetch (const FetchOptions  *options,
       char               **urls)
{
  g_autoptr(FetchBatch) batch = fetch_batch_new (options, urls);
  Signal interrupt = { batch, SIGINT, 0, FALSE };
  Signal termination = { batch, SIGTERM, 0, FALSE };

  watch_signal (&interrupt);
  watch_signal (&termination);

  show_progress_and_run (batch);
  fetch_report_print (batch);

  g_clear_handle_id (&interrupt.source, g_source_remove);
  g_clear_handle_id (&termination.source, g_source_remove);

  if (interrupt.arrived)
    return EXIT_SIGNAL_BASE + interrupt.number;

  if (termination.arrived)
    return EXIT_SIGNAL_BASE + termination.number;

  return fetch_batch_count (batch, FETCH_FAILED) > 0 ? EXIT_SOME_FAILED : EXIT_ALL_FETCHED;
}

static int
fetch_from_own_servers (const FetchOptions *options)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FetchServers) servers = fetch_servers_start (&error);
  g_auto(GStrv) urls = NULL;

  if (servers == NULL)
    {
      g_printerr ("cf-fetch: cannot start the servers: %s\n", error->message);
      return EXIT_SOME_FAILED;
    }

  urls = fetch_servers_dup_urls (servers);

  return fetch (options, urls);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(FetchOptions) options = NULL;
  g_autoptr(GError) error = NULL;

  setlocale (LC_ALL, "");

  options = fetch_options_parse (argv, &error);

  if (options == NULL)
    {
      g_printerr ("cf-fetch: %s\nTry 'cf-fetch --help'.\n", error->message);
      return EXIT_BAD_USAGE;
    }

  if (options->directory != NULL && g_mkdir_with_parents (options->directory, 0777) != 0)
    {
      g_printerr ("cf-fetch: cannot create %s: %s\n", options->directory, g_strerror (errno));
      return EXIT_BAD_USAGE;
    }

  if (options->urls == NULL)
    return fetch_from_own_servers (options);

  return fetch (options, options->urls);
}
