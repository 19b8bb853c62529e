/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The thread pool's speed, beside that of others on the same work.
 *
 * All measurements are taken in one run, because only ratios carry over from one machine and one hour to another: the
 * whole list is gone through once for each repetition, so that a disturbance hits everybody, and the medians are
 * compared. What is measured is in bench-cfutures.c, bench-glib.c and bench-tbb.cpp; this file has the list, the aims
 * (those of the design) and the table.
 */

#include <gio/gio.h>
#include <locale.h>
#include <stdlib.h>

#include "bench.h"

#define MAX_REPETITIONS 101
#define MAX_AIMS 2

/* At most @factor times what the measurement called @peer takes, or at most @factor itself if there is no peer. */
typedef struct
{
  const char *peer;
  double      factor;
} Aim;

typedef struct
{
  const char *name;
  const char *title;
  BenchFunc   measure;
  guint       n;
  guint       n_quick;
  Aim         aims[MAX_AIMS];
  gboolean    is_weight;
} Measurement;

typedef struct
{
  const char        *title;
  const char        *unit;
  const Measurement *measurements;
  guint              n_measurements;
} Group;

static const Measurement bulk[] = {
  { "bulk/cfutures-local", "CFutures, local function", bench_cfutures_local, 1000000, 100000,
    { { "bulk/tbb", 0.5 }, { "bulk/gtask", 0.25 } } },
  { "bulk/cfutures-window", "CFutures, local, 1,024 at a time", bench_cfutures_local_window, 1000000, 100000,
    { { "bulk/tbb", 0.5 }, { "bulk/gtask", 0.25 } } },
  { "bulk/cfutures-portable", "CFutures, portable function (a GVariant each)", bench_cfutures_portable, 1000000, 100000,
    { { "bulk/tbb", 0.5 }, { "bulk/gtask", 0.25 } } },
#ifdef BENCH_HAVE_TBB
  { "bulk/tbb", "TBB arena and std::future", bench_tbb_futures, 1000000, 100000, { { NULL } } },
#endif
  { "bulk/gthreadpool", "GThreadPool, no result", bench_glib_thread_pool, 1000000, 100000, { { NULL } } },
  { "bulk/gtask", "GTask in a thread, result on the main loop", bench_glib_task, 50000, 10000, { { NULL } } },
  { "bulk/gobject", "yardstick: g_object_new and g_object_unref", bench_glib_object, 1000000, 100000, { { NULL } } },
};

static const Measurement round_trip[] = {
  { "round-trip/cfutures", "CFutures", bench_cfutures_round_trip, 100000, 10000, { { "round-trip/tbb", 0.25 } } },
#ifdef BENCH_HAVE_TBB
  { "round-trip/tbb", "TBB arena and std::future", bench_tbb_round_trip, 10000, 1000, { { NULL } } },
#endif
  { "round-trip/gthreadpool", "GThreadPool and GAsyncQueue", bench_glib_thread_pool_round_trip, 10000, 1000,
    { { NULL } } },
  { "round-trip/gtask", "GTask and the main loop", bench_glib_task_round_trip, 5000, 1000, { { NULL } } },
};

static const Measurement asleep[] = {
  { "asleep/cfutures", "CFutures", bench_cfutures_round_trip_asleep, 200, 50, { { NULL } } },
#ifdef BENCH_HAVE_TBB
  { "asleep/tbb", "TBB arena and std::future", bench_tbb_round_trip_asleep, 200, 50, { { NULL } } },
#endif
  { "asleep/gthreadpool", "GThreadPool and GAsyncQueue", bench_glib_thread_pool_asleep, 200, 50, { { NULL } } },
  { "asleep/gtask", "GTask and the main loop", bench_glib_task_asleep, 200, 50, { { NULL } } },
};

static const Measurement callbacks[] = {
  { "callbacks/cfutures", "CFutures, submit and add_done_callback", bench_cfutures_callbacks, 200000, 20000,
    { { "callbacks/gtask", 0.25 } } },
  { "callbacks/cfutures-delivery", "CFutures, promises settled by a thread", bench_cfutures_delivery, 200000, 20000,
    { { "callbacks/gtask", 0.25 } } },
  { "callbacks/gtask", "GTask in a thread", bench_glib_task, 50000, 10000, { { NULL } } },
  { "callbacks/idle", "g_idle_add from a thread", bench_glib_idle_add, 200000, 20000, { { NULL } } },
};

static const Measurement fork_join[] = {
  { "fork-join/cfutures", "CFutures, a future each", bench_cfutures_fork_join, 27, 20,
    { { "fork-join/tbb", 6.0 } } },
#ifdef BENCH_HAVE_TBB
  { "fork-join/tbb", "TBB task_group", bench_tbb_fork_join, 27, 20, { { NULL } } },
#endif
};

static const Measurement memory[] = {
  { "memory/cfutures-local", "CFutures, local function", bench_cfutures_memory_local, 100000, 10000,
    { { NULL, 256.0 } }, TRUE },
  { "memory/cfutures-portable", "CFutures, portable function without arguments", bench_cfutures_memory_portable, 100000,
    10000, { { NULL, 256.0 } }, TRUE },
  { "memory/gtask", "GTask in a thread", bench_glib_memory_task, 20000, 5000, { { NULL } }, TRUE },
};

static const Group groups[] = {
  { "Small calls from one submitter: submit, settle, result", "ns per call", bulk, G_N_ELEMENTS (bulk) },
  { "Submit and wait for the result, one call after the other", "ns per call", round_trip, G_N_ELEMENTS (round_trip) },
  { "The same with a pause of 1 ms before each, so that all threads sleep", "ns per call", asleep,
    G_N_ELEMENTS (asleep) },
  { "Completions as callbacks on the main loop", "ns per callback", callbacks, G_N_ELEMENTS (callbacks) },
  { "Nested fork–join: a Fibonacci number, cut off at 2", "ns per spawn", fork_join, G_N_ELEMENTS (fork_join) },
  { "Memory of a pending future", "bytes", memory, G_N_ELEMENTS (memory) },
};

/* What was measured: a name, and the values of all repetitions in ascending order once they are complete. */

typedef struct
{
  const Measurement *measurement;
  double             values[MAX_REPETITIONS];
  guint              n_values;
} Result;

static int
compare_values (gconstpointer a,
                gconstpointer b)
{
  double first = *(const double *) a;
  double second = *(const double *) b;

  return (first > second) - (first < second);
}

static double
result_get_median (const Result *result)
{
  guint middle = result->n_values / 2;

  if (result->n_values % 2 == 1)
    return result->values[middle];

  return (result->values[middle - 1] + result->values[middle]) / 2.0;
}

static const Result *
find_result (GPtrArray  *results,
             const char *name)
{
  for (guint i = 0; i < results->len; i++)
    {
      const Result *result = g_ptr_array_index (results, i);

      if (g_str_equal (result->measurement->name, name))
        return result;
    }

  return NULL;
}

static gboolean
is_wanted (const Measurement *measurement,
           const char        *only)
{
  return only == NULL || strstr (measurement->name, only) != NULL;
}

static GPtrArray *
list_wanted (const char *only)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      for (guint j = 0; j < groups[i].n_measurements; j++)
        {
          Result *result;

          if (!is_wanted (&groups[i].measurements[j], only))
            continue;

          result = g_new0 (Result, 1);
          result->measurement = &groups[i].measurements[j];
          g_ptr_array_add (results, result);
        }
    }

  return g_steal_pointer (&results);
}

/* Weighs in a process of its own, where no memory lies about that others have freed, and with GLib's slices taken from
 * malloc(), as they are in later versions: so each byte counts, and the allocator's overhead with it. */
static double
weigh_apart (const Measurement *measurement,
             guint              n)
{
  g_autofree char *count = g_strdup_printf ("%u", n);
  const char *argv[] = { "/proc/self/exe", "--weigh", measurement->name, "--count", count, NULL };
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "G_SLICE", "always-malloc", TRUE);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_spawn_sync (NULL, (char **) argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, NULL, &error))
    g_error ("Could not weigh %s: %s", measurement->name, error->message);

  return g_ascii_strtod (output, NULL);
}

static double
measure (const Measurement *measurement,
         gboolean           quick,
         guint              n_workers)
{
  guint n = quick ? measurement->n_quick : measurement->n;

  return measurement->is_weight ? weigh_apart (measurement, n) : measurement->measure (n, n_workers);
}

static void
measure_all (GPtrArray *results,
             guint      n_repetitions,
             gboolean   quick,
             guint      n_workers)
{
  for (guint i = 0; i < n_repetitions; i++)
    {
      for (guint j = 0; j < results->len; j++)
        {
          Result *result = g_ptr_array_index (results, j);

          result->values[result->n_values++] = measure (result->measurement, quick, n_workers);
        }
    }

  for (guint j = 0; j < results->len; j++)
    {
      Result *result = g_ptr_array_index (results, j);

      qsort (result->values, result->n_values, sizeof (double), compare_values);
    }
}

/* The table */

/* Appends "≤ 0.5 × bulk/tbb: 0.41 ×, met" or "≤ 256: met" to @text. */
static void
append_aim (GString      *text,
            const Aim    *aim,
            const Result *result,
            GPtrArray    *results)
{
  const Result *peer;
  double ratio;

  if (aim->factor == 0.0)
    return;

  if (text->len > 0)
    g_string_append (text, "; ");

  if (aim->peer == NULL)
    {
      g_string_append_printf (text, "≤ %g: %s", aim->factor,
                              result_get_median (result) <= aim->factor ? "met" : "MISSED");
      return;
    }

  peer = find_result (results, aim->peer);
  if (peer == NULL)
    {
      g_string_append_printf (text, "≤ %g × %s: not measured", aim->factor, aim->peer);
      return;
    }

  ratio = result_get_median (result) / result_get_median (peer);
  g_string_append_printf (text, "≤ %g × %s: %.2f ×, %s", aim->factor, aim->peer, ratio,
                          ratio <= aim->factor ? "met" : "MISSED");
}

static void
print_result (const Result *result,
              GPtrArray    *results)
{
  g_autoptr (GString) aims = g_string_new (NULL);

  for (guint i = 0; i < MAX_AIMS; i++)
    append_aim (aims, &result->measurement->aims[i], result, results);

  g_print ("  %-46s %10.0f %10.0f   %s\n", result->measurement->title, result_get_median (result), result->values[0],
           aims->str);
}

static void
print_group (const Group *group,
             GPtrArray   *results)
{
  gboolean has_heading = FALSE;

  for (guint i = 0; i < group->n_measurements; i++)
    {
      const Result *result = find_result (results, group->measurements[i].name);

      if (result == NULL)
        continue;

      if (!has_heading)
        g_print ("\n%s (%s)\n  %-46s %10s %10s   %s\n", group->title, group->unit, "", "median", "least", "aim");

      has_heading = TRUE;
      print_result (result, results);
    }
}

/* What weigh_apart() starts */
static int
weigh (const char *name,
       int         n)
{
  for (guint i = 0; i < G_N_ELEMENTS (memory); i++)
    {
      if (g_str_equal (memory[i].name, name))
        {
          g_print ("%.0f\n", memory[i].measure ((guint) n, 1));
          return EXIT_SUCCESS;
        }
    }

  return EXIT_FAILURE;
}

static void
print_names (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      for (guint j = 0; j < groups[i].n_measurements; j++)
        g_print ("%s\n", groups[i].measurements[j].name);
    }
}

int
main (int    argc,
      char **argv)
{
  gboolean quick = FALSE;
  gboolean list = FALSE;
  int n_repetitions = 5;
  int n_workers = (int) g_get_num_processors ();
  int count = 0;
  g_autofree char *only = NULL;
  g_autofree char *weighed = NULL;
  const GOptionEntry entries[] = {
    { "quick", 'q', 0, G_OPTION_ARG_NONE, &quick, "Do a tenth of the work or less", NULL },
    { "repeat", 'r', 0, G_OPTION_ARG_INT, &n_repetitions, "Take the medians of N repetitions", "N" },
    { "workers", 'w', 0, G_OPTION_ARG_INT, &n_workers, "Give each pool N threads (default: one per CPU)", "N" },
    { "only", 'o', 0, G_OPTION_ARG_STRING, &only, "Measure only what has NAME in its name", "NAME" },
    { "list", 'l', 0, G_OPTION_ARG_NONE, &list, "List the names and exit", NULL },
    { "weigh", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &weighed, NULL, NULL },
    { "count", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &count, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- measure the thread pool and its peers");
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }

  if (weighed != NULL)
    return weigh (weighed, MAX (count, 1));

  if (list)
    {
      print_names ();
      return EXIT_SUCCESS;
    }

  n_repetitions = CLAMP (n_repetitions, 1, MAX_REPETITIONS);
  n_workers = MAX (n_workers, 1);
  results = list_wanted (only);

  if (results->len == 0)
    {
      g_printerr ("Nothing has “%s” in its name; --list shows the names.\n", only);
      return EXIT_FAILURE;
    }

#ifndef __OPTIMIZE__
  g_print ("This build is not optimised: the numbers mean little.\n");
#endif
#ifndef BENCH_HAVE_TBB
  g_print ("This build is without TBB: the aims that compare with it cannot be judged.\n");
#endif
  g_print ("%u CPUs, %d threads in each pool, %d repetitions%s, GLib %u.%u.%u\n", g_get_num_processors (), n_workers,
           n_repetitions, quick ? ", quick" : "", glib_major_version, glib_minor_version, glib_micro_version);

  measure_all (results, (guint) n_repetitions, quick, (guint) n_workers);

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    print_group (&groups[i], results);

  return EXIT_SUCCESS;
}
