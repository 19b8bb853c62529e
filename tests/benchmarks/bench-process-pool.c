/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The process pool's speed, beside that of Python's concurrent.futures.ProcessPoolExecutor on the same work, which
 * bench-process-pool.py does. The aims are those of the design.
 */

#include <cfutures.h>
#include <stdlib.h>

#include "bench-table.h"

#define CHUNK_SIZE    100
#define ECHO_SIZE     (64 * 1024 * 1024)

/* The slides' */
#define CPU_N_ITEMS   10
#define CPU_N_WORKERS 5

static GVariant *
return_arguments (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  return g_variant_ref (args);
}

static void
consume (CfFuture *future,
         guint     number)
{
  g_autoptr (GError) error = NULL;
  gint64 result = cf_future_await_int64 (future, &error);

  g_assert_no_error (error);
  g_assert_cmpint (result, ==, number);
  g_object_unref (future);
}

/* Submits @n calls and takes their results, never having more than @window outstanding. */
static void
run_calls (CfExecutor *executor,
           guint       n,
           guint       window)
{
  g_autofree CfFuture **futures = g_new (CfFuture *, window);

  for (guint i = 0; i < n; i++)
    {
      if (i >= window)
        consume (futures[i % window], i - window);

      futures[i % window] = cf_executor_submit (executor, return_arguments, g_variant_new_uint32 (i));
    }

  for (guint i = n > window ? n - window : 0; i < n; i++)
    consume (futures[i % window], i);
}

static CfExecutor *
new_warm_pool (guint n_workers)
{
  CfExecutor *executor = cf_process_pool_executor_new (n_workers);

  run_calls (executor, BENCH_N_WARM_UP, BENCH_N_WARM_UP);

  return executor;
}

static double
measure_calls (guint n,
               guint n_workers,
               guint window)
{
  g_autoptr (CfExecutor) executor = new_warm_pool (n_workers);
  guint64 start = bench_now ();
  double result;

  run_calls (executor, n, window);
  result = bench_per_operation (start, n);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return result;
}

static double
measure_round_trip (guint n,
                    guint n_workers)
{
  return measure_calls (n, n_workers, 1);
}

static double
measure_bulk (guint n,
              guint n_workers)
{
  return measure_calls (n, n_workers, n);
}

static double
measure_asleep (guint n,
                guint n_workers)
{
  g_autoptr (CfExecutor) executor = new_warm_pool (n_workers);
  double total = 0.0;

  for (guint i = 0; i < n; i++)
    {
      guint64 start;

      g_usleep (BENCH_SLEEP_USEC);
      start = bench_now ();
      run_calls (executor, 1, 1);
      total += bench_per_operation (start, n);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return total;
}

static double
measure_chunks (guint n,
                guint n_workers)
{
  g_autoptr (CfExecutor) executor = new_warm_pool (n_workers);
  g_autofree guint32 *numbers = g_new (guint32, n);
  g_autoptr (CfMapIterator) results = NULL;
  g_autoptr (GVariant) items = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *result;
  guint64 start;
  double duration;

  for (guint i = 0; i < n; i++)
    numbers[i] = i;

  items = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, numbers, n, sizeof (guint32)));
  start = bench_now ();
  results = cf_executor_map (executor, return_arguments, items, CHUNK_SIZE, 0);

  for (guint i = 0; cf_map_iterator_next (results, NULL, &result, &error); i++)
    {
      g_assert_cmpuint (g_variant_get_uint32 (result), ==, i);
      g_variant_unref (result);
    }

  g_assert_no_error (error);
  duration = bench_per_operation (start, n);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return duration;
}

/* Large values. The times are in microseconds. */

static guint64
add_bytes (GVariant *data)
{
  gsize n_words;
  const guint64 *words = g_variant_get_fixed_array (data, &n_words, sizeof (guint64));
  guint64 sum = 0;

  for (gsize i = 0; i < n_words; i++)
    sum += words[i];

  return sum;
}

static GVariant *
return_data (CfFuture  *future,
             GVariant  *args,
             GError   **error)
{
  return g_variant_ref (args);
}

static GVariant *
return_read_data (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  g_assert_cmpuint (add_bytes (args), !=, 0);

  return g_variant_ref (args);
}

static double
measure_echo (CfFunc func,
              guint  n)
{
  g_autoptr (CfExecutor) executor = new_warm_pool (1);
  g_autofree guint64 *words = g_new (guint64, ECHO_SIZE / sizeof (guint64));
  g_autoptr (GVariant) data = NULL;
  guint64 start;
  double result;

  memset (words, 1, ECHO_SIZE);
  data = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, words, ECHO_SIZE / sizeof (guint64),
                                                        sizeof (guint64)));
  start = bench_now ();
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (CfFuture) future = cf_executor_submit (executor, func, data);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) echo = cf_future_await_variant (future, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (g_variant_get_size (echo), ==, ECHO_SIZE);
      if (func == return_read_data)
        g_assert_cmpuint (add_bytes (echo), ==, add_bytes (data));
    }

  result = bench_per_operation (start, n) / 1000.0;
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return result;
}

static double
measure_echo_unread (guint n,
                     guint n_workers)
{
  return measure_echo (return_data, n);
}

static double
measure_echo_read (guint n,
                   guint n_workers)
{
  return measure_echo (return_read_data, n);
}

/* Starting. The times are in microseconds. */

static double
measure_start (guint n,
               guint n_workers)
{
  double total = 0.0;

  for (guint i = 0; i < n; i++)
    {
      guint64 start = bench_now ();
      g_autoptr (CfExecutor) executor = cf_process_pool_executor_new (1);

      run_calls (executor, 1, 1);
      total += bench_per_operation (start, n) / 1000.0;
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }

  return total;
}

/* The slides' benchmark: ten calls, each of which counts to @n, in a pool that is started and ended with them. The
 * times are in milliseconds. */

static GVariant *
count (CfFuture  *future,
       GVariant  *args,
       GError   **error)
{
  guint32 n = g_variant_get_uint32 (args);
  volatile gint64 i = 0;

  while (i < n)
    i = i + 1;

  return g_variant_new_int64 (i);
}

static double
measure_cpu (CfExecutor *executor_to_consume,
             guint       n)
{
  g_autoptr (CfExecutor) executor = executor_to_consume;
  guint64 start = bench_now ();

  {
    CF_EXECUTOR_AUTO_SHUTDOWN (executor, scope);

    for (guint i = 0; i < CPU_N_ITEMS; i++)
      g_object_unref (cf_executor_submit (executor, count, g_variant_new_uint32 (n)));
  }

  return bench_per_operation (start, 1) / 1e6;
}

static double
measure_cpu_sequential (guint n,
                        guint n_workers)
{
  return measure_cpu (cf_inline_executor_new (), n);
}

static double
measure_cpu_threads (guint n,
                     guint n_workers)
{
  return measure_cpu (cf_thread_pool_executor_new (CPU_N_WORKERS), n);
}

static double
measure_cpu_processes (guint n,
                       guint n_workers)
{
  return measure_cpu (cf_process_pool_executor_new (CPU_N_WORKERS), n);
}

static gpointer
count_half (gpointer data)
{
  for (guint i = 0; i < CPU_N_ITEMS / 2; i++)
    g_variant_unref (g_variant_ref_sink (count (NULL, data, NULL)));

  return NULL;
}

/* What two CPUs can do at best: half each, with nothing to be handed over. */
static double
measure_cpu_halves (guint n,
                    guint n_workers)
{
  g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new_uint32 (n));
  guint64 start = bench_now ();
  GThread *other = g_thread_new ("other-half", count_half, args);

  count_half (args);
  g_thread_join (other);

  return bench_per_operation (start, 1) / 1e6;
}

/* Python. Measures the same in the same unit. */

static double
measure_in_python (const char *name,
                   guint       n,
                   guint       n_workers)
{
  g_autofree char *count_text = g_strdup_printf ("%u", n);
  g_autofree char *workers_text = g_strdup_printf ("%u", n_workers);
  const char *argv[] = { BENCH_PYTHON, BENCH_PYTHON_SCRIPT, name, count_text, workers_text, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, NULL, &error))
    g_error ("Could not measure %s in Python: %s", name, error->message);

  return g_ascii_strtod (output, NULL);
}

#define DEFINE_PYTHON(function, name) \
static double                         \
function (guint n,                    \
          guint n_workers)            \
{                                     \
  return measure_in_python (name, n, n_workers); \
}

DEFINE_PYTHON (measure_python_round_trip, "round-trip")
DEFINE_PYTHON (measure_python_asleep, "asleep")
DEFINE_PYTHON (measure_python_bulk, "bulk")
DEFINE_PYTHON (measure_python_chunks, "chunks")
DEFINE_PYTHON (measure_python_echo, "echo")
DEFINE_PYTHON (measure_python_start_fork, "start-fork")
DEFINE_PYTHON (measure_python_start_spawn, "start-spawn")
DEFINE_PYTHON (measure_python_cpu_sequential, "cpu-sequential")
DEFINE_PYTHON (measure_python_cpu_processes, "cpu-processes")

/* The list */

static const BenchMeasurement round_trip[] = {
  { "round-trip/cfutures", "CFutures", measure_round_trip, 50000, 5000, { { "round-trip/python", 0.05 } } },
  { "round-trip/python", "Python", measure_python_round_trip, 2000, 500, { { NULL } } },
};

static const BenchMeasurement asleep[] = {
  { "asleep/cfutures", "CFutures", measure_asleep, 200, 50, { { NULL } } },
  { "asleep/python", "Python", measure_python_asleep, 200, 50, { { NULL } } },
};

static const BenchMeasurement bulk[] = {
  { "bulk/cfutures", "CFutures", measure_bulk, 200000, 20000, { { "bulk/python", 0.025 } } },
  { "bulk/python", "Python", measure_python_bulk, 10000, 2000, { { NULL } } },
};

static const BenchMeasurement chunks[] = {
  { "chunks/cfutures", "CFutures", measure_chunks, 500000, 50000, { { NULL } } },
  { "chunks/python", "Python", measure_python_chunks, 100000, 20000, { { NULL } } },
};

static const BenchMeasurement echo[] = {
  { "echo/cfutures", "CFutures, mapped and not read", measure_echo_unread, 5, 1, { { "echo/python", 0.1 } } },
  { "echo/cfutures-read", "CFutures, read on both sides", measure_echo_read, 5, 1, { { "echo/python", 0.1 } } },
  { "echo/python", "Python", measure_python_echo, 2, 1, { { NULL } } },
};

static const BenchMeasurement start[] = {
  { "start/cfutures", "CFutures", measure_start, 20, 5, { { NULL } } },
  { "start/python-fork", "Python, forked", measure_python_start_fork, 20, 5, { { NULL } } },
  { "start/python-spawn", "Python, started anew", measure_python_start_spawn, 3, 1, { { NULL } } },
};

static const BenchMeasurement cpu[] = {
  { "cpu/sequential", "one call after the other", measure_cpu_sequential, 10000000, 1000000, { { NULL } } },
  { "cpu/halves", "yardstick: two bare threads, half each", measure_cpu_halves, 10000000, 1000000, { { NULL } } },
  { "cpu/threads", "CFutures, five threads", measure_cpu_threads, 10000000, 1000000,
    { { "cpu/sequential", 1 / 0.95, TRUE } } },
  { "cpu/processes", "CFutures, five processes", measure_cpu_processes, 10000000, 1000000,
    { { "cpu/sequential", 1 / 0.95, TRUE } } },
};

static const BenchMeasurement long_cpu[] = {
  { "cpu-long/sequential", "one call after the other", measure_cpu_sequential, 200000000, 20000000, { { NULL } } },
  { "cpu-long/halves", "yardstick: two bare threads, half each", measure_cpu_halves, 200000000, 20000000, { { NULL } } },
  { "cpu-long/threads", "CFutures, five threads", measure_cpu_threads, 200000000, 20000000,
    { { "cpu-long/sequential", 1 / 0.95, TRUE } } },
  { "cpu-long/processes", "CFutures, five processes", measure_cpu_processes, 200000000, 20000000,
    { { "cpu-long/sequential", 1 / 0.95, TRUE } } },
};

static const BenchMeasurement python_cpu[] = {
  { "cpu-python/sequential", "one call after the other", measure_python_cpu_sequential, 10000000, 1000000, { { NULL } } },
  { "cpu-python/processes", "Python, five processes", measure_python_cpu_processes, 10000000, 1000000,
    { { "cpu-python/sequential", 1 / 0.95, TRUE } } },
};

static const BenchGroup groups[] = {
  { "Submit and wait for the result, one call after the other", "ns per call", round_trip, G_N_ELEMENTS (round_trip) },
  { "The same with a pause of 1 ms before each, so that everybody sleeps", "ns per call", asleep,
    G_N_ELEMENTS (asleep) },
  { "Small calls in bulk: submit all, then take all results", "ns per call", bulk, G_N_ELEMENTS (bulk) },
  { "map() over many small items, 100 in a chunk", "ns per item", chunks, G_N_ELEMENTS (chunks) },
  { "64 MiB sent to a worker and back", "µs per call", echo, G_N_ELEMENTS (echo) },
  { "A new pool, until its first result", "µs", start, G_N_ELEMENTS (start) },
  { "The slides' benchmark: ten calls that count to 10 million, with the pool's start and end", "ms", cpu,
    G_N_ELEMENTS (cpu) },
  { "The same with calls that count to 200 million", "ms", long_cpu, G_N_ELEMENTS (long_cpu) },
  { "The slides' benchmark in Python", "ms", python_cpu, G_N_ELEMENTS (python_cpu) },
};

int
main (int    argc,
      char **argv)
{
  const BenchTable table = {
    .summary = "- measure the process pool and Python's",
    .workers = "processes",
    .groups = groups,
    .n_groups = G_N_ELEMENTS (groups),
  };

  cf_worker_main (&argc, &argv);

  return bench_table_main (&table, argc, argv);
}
