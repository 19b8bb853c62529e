/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the programs that measure have in common.
 *
 * All measurements are taken in one run, because only ratios carry over from one machine and one hour to another: the
 * whole list is gone through once for each repetition, so that a disturbance hits everybody, and the medians are
 * compared.
 */

#include <gio/gio.h>
#include <locale.h>
#include <stdlib.h>

#include "bench-table.h"

#define MAX_REPETITIONS 101

/* What was measured: a name, and the values of all repetitions in ascending order once they are complete. */

typedef struct
{
  const BenchMeasurement *measurement;
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
is_wanted (const BenchMeasurement *measurement,
           const char        *only)
{
  return only == NULL || strstr (measurement->name, only) != NULL;
}

static GPtrArray *
list_wanted (const BenchTable *table,
             const char       *only)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < table->n_groups; i++)
    {
      for (guint j = 0; j < table->groups[i].n_measurements; j++)
        {
          Result *result;

          if (!is_wanted (&table->groups[i].measurements[j], only))
            continue;

          result = g_new0 (Result, 1);
          result->measurement = &table->groups[i].measurements[j];
          g_ptr_array_add (results, result);
        }
    }

  return g_steal_pointer (&results);
}

/* Weighs in a process of its own, where no memory lies about that others have freed, and with GLib's slices taken from
 * malloc(), as they are in later versions: so each byte counts, and the allocator's overhead with it. */
static double
weigh_apart (const BenchMeasurement *measurement,
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
measure (const BenchMeasurement *measurement,
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
            const BenchAim    *aim,
            const Result *result,
            GPtrArray    *results)
{
  double factor = aim->is_shared_by_cpus ? aim->factor / g_get_num_processors () : aim->factor;
  const Result *peer;
  double ratio;

  if (factor == 0.0)
    return;

  if (text->len > 0)
    g_string_append (text, "; ");

  if (aim->peer == NULL)
    {
      g_string_append_printf (text, "≤ %g: %s", factor,
                              result_get_median (result) <= factor ? "met" : "MISSED");
      return;
    }

  peer = find_result (results, aim->peer);
  if (peer == NULL)
    {
      g_string_append_printf (text, "≤ %.3g × %s: not measured", factor, aim->peer);
      return;
    }

  ratio = result_get_median (result) / result_get_median (peer);
  g_string_append_printf (text, "≤ %.3g × %s: %.3g ×, %s", factor, aim->peer, ratio,
                          ratio <= factor ? "met" : "MISSED");
}

static void
print_result (const Result *result,
              GPtrArray    *results)
{
  g_autoptr (GString) aims = g_string_new (NULL);

  for (guint i = 0; i < BENCH_MAX_AIMS; i++)
    append_aim (aims, &result->measurement->aims[i], result, results);

  g_print ("  %-46s %10.0f %10.0f   %s\n", result->measurement->title, result_get_median (result), result->values[0],
           aims->str);
}

static void
print_group (const BenchGroup *group,
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
weigh (const BenchTable *table,
       const char       *name,
       guint             n)
{
  g_autoptr (GPtrArray) results = list_wanted (table, name);
  const Result *result = find_result (results, name);

  if (result == NULL)
    return EXIT_FAILURE;

  g_print ("%.0f\n", result->measurement->measure (n, 1));
  return EXIT_SUCCESS;
}

static void
print_names (const BenchTable *table)
{
  for (guint i = 0; i < table->n_groups; i++)
    {
      for (guint j = 0; j < table->groups[i].n_measurements; j++)
        g_print ("%s\n", table->groups[i].measurements[j].name);
    }
}

typedef struct
{
  gboolean  quick;
  gboolean  list;
  int       n_repetitions;
  int       n_workers;
  char     *only;
  char     *weighed;
  int       count;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->only);
  g_free (self->weighed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
options_parse (Options           *self,
               const BenchTable  *table,
               int                argc,
               char             **argv)
{
  const GOptionEntry entries[] = {
    { "quick", 'q', 0, G_OPTION_ARG_NONE, &self->quick, "Do a tenth of the work or less", NULL },
    { "repeat", 'r', 0, G_OPTION_ARG_INT, &self->n_repetitions, "Take the medians of N repetitions", "N" },
    { "workers", 'w', 0, G_OPTION_ARG_INT, &self->n_workers, "Give each pool N workers (default: one per CPU)", "N" },
    { "only", 'o', 0, G_OPTION_ARG_STRING, &self->only, "Measure only what has NAME in its name", "NAME" },
    { "list", 'l', 0, G_OPTION_ARG_NONE, &self->list, "List the names and exit", NULL },
    { "weigh", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &self->weighed, NULL, NULL },
    { "count", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &self->count, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (table->summary);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }

  self->n_repetitions = CLAMP (self->n_repetitions, 1, MAX_REPETITIONS);
  self->n_workers = MAX (self->n_workers, 1);
  self->count = MAX (self->count, 1);
  return TRUE;
}

static void
print_conditions (const BenchTable *table,
                  const Options    *options)
{
#ifndef __OPTIMIZE__
  g_print ("This build is not optimised: the numbers mean little.\n");
#endif
  if (table->note != NULL)
    g_print ("%s\n", table->note);

  g_print ("%u CPUs, ", g_get_num_processors ());
  if (table->workers != NULL)
    g_print ("%d %s in each pool, ", options->n_workers, table->workers);
  g_print ("%d repetitions%s, GLib %u.%u.%u\n", options->n_repetitions, options->quick ? ", quick" : "",
           glib_major_version, glib_minor_version, glib_micro_version);
}

/* The program: parses the command line, measures, and prints the table. */
int
bench_table_main (const BenchTable  *table,
                  int                argc,
                  char             **argv)
{
  g_auto (Options) options = { .n_repetitions = 5, .n_workers = (int) g_get_num_processors () };
  g_autoptr (GPtrArray) results = NULL;

  setlocale (LC_ALL, "");
  if (!options_parse (&options, table, argc, argv))
    return EXIT_FAILURE;

  if (options.weighed != NULL)
    return weigh (table, options.weighed, (guint) options.count);

  if (options.list)
    {
      print_names (table);
      return EXIT_SUCCESS;
    }

  results = list_wanted (table, options.only);
  if (results->len == 0)
    {
      g_printerr ("Nothing has “%s” in its name; --list shows the names.\n", options.only);
      return EXIT_FAILURE;
    }

  print_conditions (table, &options);
  measure_all (results, (guint) options.n_repetitions, options.quick, (guint) options.n_workers);

  for (guint i = 0; i < table->n_groups; i++)
    print_group (&table->groups[i], results);

  return EXIT_SUCCESS;
}
