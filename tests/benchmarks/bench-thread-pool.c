/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The thread pool's speed, beside that of others on the same work. What is measured is in bench-cfutures.c,
 * bench-glib.c and bench-tbb.cpp; this file has the list, and the aims, which are those of the design.
 */

#include "bench-table.h"

static const BenchMeasurement bulk[] = {
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

static const BenchMeasurement round_trip[] = {
  { "round-trip/cfutures", "CFutures", bench_cfutures_round_trip, 100000, 10000, { { "round-trip/tbb", 0.25 } } },
#ifdef BENCH_HAVE_TBB
  { "round-trip/tbb", "TBB arena and std::future", bench_tbb_round_trip, 10000, 1000, { { NULL } } },
#endif
  { "round-trip/gthreadpool", "GThreadPool and GAsyncQueue", bench_glib_thread_pool_round_trip, 10000, 1000,
    { { NULL } } },
  { "round-trip/gtask", "GTask and the main loop", bench_glib_task_round_trip, 5000, 1000, { { NULL } } },
};

static const BenchMeasurement asleep[] = {
  { "asleep/cfutures", "CFutures", bench_cfutures_round_trip_asleep, 200, 50, { { NULL } } },
#ifdef BENCH_HAVE_TBB
  { "asleep/tbb", "TBB arena and std::future", bench_tbb_round_trip_asleep, 200, 50, { { NULL } } },
#endif
  { "asleep/gthreadpool", "GThreadPool and GAsyncQueue", bench_glib_thread_pool_asleep, 200, 50, { { NULL } } },
  { "asleep/gtask", "GTask and the main loop", bench_glib_task_asleep, 200, 50, { { NULL } } },
};

static const BenchMeasurement callbacks[] = {
  { "callbacks/cfutures", "CFutures, submit and add_done_callback", bench_cfutures_callbacks, 200000, 20000,
    { { "callbacks/gtask", 0.25 } } },
  { "callbacks/cfutures-delivery", "CFutures, promises settled by a thread", bench_cfutures_delivery, 200000, 20000,
    { { "callbacks/gtask", 0.25 } } },
  { "callbacks/gtask", "GTask in a thread", bench_glib_task, 50000, 10000, { { NULL } } },
  { "callbacks/idle", "g_idle_add from a thread", bench_glib_idle_add, 200000, 20000, { { NULL } } },
};

static const BenchMeasurement fork_join[] = {
  { "fork-join/cfutures", "CFutures, a future each", bench_cfutures_fork_join, 27, 20,
    { { "fork-join/tbb", 6.0 } } },
#ifdef BENCH_HAVE_TBB
  { "fork-join/tbb", "TBB task_group", bench_tbb_fork_join, 27, 20, { { NULL } } },
#endif
};

static const BenchMeasurement memory[] = {
  { "memory/cfutures-local", "CFutures, local function", bench_cfutures_memory_local, 100000, 10000,
    { { NULL, 256.0 } }, TRUE },
  { "memory/cfutures-portable", "CFutures, portable function without arguments", bench_cfutures_memory_portable, 100000,
    10000, { { NULL, 256.0 } }, TRUE },
  { "memory/gtask", "GTask in a thread", bench_glib_memory_task, 20000, 5000, { { NULL } }, TRUE },
};

static const BenchGroup groups[] = {
  { "Small calls from one submitter: submit, settle, result", "ns per call", bulk, G_N_ELEMENTS (bulk) },
  { "Submit and wait for the result, one call after the other", "ns per call", round_trip, G_N_ELEMENTS (round_trip) },
  { "The same with a pause of 1 ms before each, so that all threads sleep", "ns per call", asleep,
    G_N_ELEMENTS (asleep) },
  { "Completions as callbacks on the main loop", "ns per callback", callbacks, G_N_ELEMENTS (callbacks) },
  { "Nested fork–join: a Fibonacci number, cut off at 2", "ns per spawn", fork_join, G_N_ELEMENTS (fork_join) },
  { "Memory of a pending future", "bytes", memory, G_N_ELEMENTS (memory) },
};

#ifdef BENCH_HAVE_TBB
#define NOTE NULL
#else
#define NOTE "This build is without TBB: the aims that compare with it cannot be judged."
#endif

int
main (int    argc,
      char **argv)
{
  const BenchTable table = {
    .summary = "- measure the thread pool and its peers",
    .workers = "threads",
    .note = NOTE,
    .groups = groups,
    .n_groups = G_N_ELEMENTS (groups),
  };

  return bench_table_main (&table, argc, argv);
}
