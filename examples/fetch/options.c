/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command line: parsed by GOption, then checked, so that the rest of the program can rely on every
 * value. `--help` is answered here too.
 */

#include "options.h"

#define DEFAULT_JOBS 8
#define MOST_JOBS 1024
#define DEFAULT_TIMEOUT_SECONDS 60
#define MOST_TIMEOUT_SECONDS 1e6
#define DEFAULT_RETRIES 2
#define MOST_RETRIES 100

static const char *summary =
  "Fetches all URLs concurrently, and reports on each of them. Without a URL it starts\n"
  "five small HTTP servers of its own and fetches from these.";

static const char *description =
  "Refused or broken connections, time-outs and HTTP 5xx answers are retried, after a delay\n"
  "that grows. Anything else fails at once. One URL's failure does not affect the others.\n"
  "\n"
  "With -o every body goes to a file of its own, named after the last part of its URL. A file\n"
  "appears when it is complete, and takes the place of one that was there before this run.\n"
  "\n"
  "Exit status:\n"
  "  0    everything was fetched\n"
  "  1    something could not be fetched\n"
  "  2    the command line is invalid\n"
  "  130  interrupted with Ctrl-C (143: by SIGTERM)\n"
  "\n"
  "Examples:\n"
  "  cf-fetch\n"
  "  cf-fetch -j 64 --timeout 10 -o pages http://example.org/ http://example.net/\n";

static gboolean
check_range (const char  *option,
             double       value,
             double       least,
             double       most,
             GError     **error)
{
  if (value >= least && value <= most)
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "%s has to be between %g and %g, and not %g", option, least, most, value);

  return FALSE;
}

static gint64
timeout_from_seconds (double seconds)
{
  if (seconds <= 0)
    return -1;

  return MAX (1, (gint64) (seconds * G_USEC_PER_SEC));
}

/* `arguments` is the whole NULL-terminated vector, the name of the program first; it is not changed. */
FetchOptions *
fetch_options_parse (char   **arguments,
                     GError **error)
{
  g_autoptr(FetchOptions) self = g_new0 (FetchOptions, 1);
  g_autoptr(GOptionContext) context = g_option_context_new ("[URL...]");
  g_auto(GStrv) remaining = g_strdupv (arguments);
  double timeout_seconds = DEFAULT_TIMEOUT_SECONDS;
  const GOptionEntry entries[] =
  {
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &self->n_jobs,
      "Fetch up to N URLs at a time (default: " G_STRINGIFY (DEFAULT_JOBS) ")", "N" },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &timeout_seconds,
      "Give up an attempt after S seconds; 0 for no limit (default: " G_STRINGIFY (DEFAULT_TIMEOUT_SECONDS) ")", "S" },
    { "retries", 0, 0, G_OPTION_ARG_INT, &self->n_retries,
      "Try up to N times again after a failure that may pass (default: " G_STRINGIFY (DEFAULT_RETRIES) ")", "N" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->directory,
      "Write the bodies to files in DIR, which is created if need be", "DIR" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->urls, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };

  self->n_jobs = DEFAULT_JOBS;
  self->n_retries = DEFAULT_RETRIES;

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);

  if (!g_option_context_parse_strv (context, &remaining, error))
    return NULL;

  if (!check_range ("--jobs", self->n_jobs, 1, MOST_JOBS, error) ||
      !check_range ("--timeout", timeout_seconds, 0, MOST_TIMEOUT_SECONDS, error) ||
      !check_range ("--retries", self->n_retries, 0, MOST_RETRIES, error))
    return NULL;

  self->timeout_usec = timeout_from_seconds (timeout_seconds);

  return g_steal_pointer (&self);
}

void
fetch_options_free (FetchOptions *self)
{
  g_free (self->directory);
  g_strfreev (self->urls);
  g_free (self);
}
