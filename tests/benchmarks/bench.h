/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is measured. Each function does @n operations with pools of @n_workers threads, made and warmed up before the
 * clock starts, and returns nanoseconds per operation, or bytes per future where its name says memory. The functions of
 * one group do the same work, each with the means of its library.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef double (*BenchFunc) (guint n,
                             guint n_workers);

/* How many operations of each kind warm up a pool: enough for all its threads to run. */
#define BENCH_N_WARM_UP 2000

/* How many results are outstanding in the variants that do not keep all of them. */
#define BENCH_WINDOW 1024

/* How long a pool is left alone before a round trip that finds it asleep. */
#define BENCH_SLEEP_USEC 1000

double  bench_cfutures_local              (guint n,
                                           guint n_workers);
double  bench_cfutures_local_window       (guint n,
                                           guint n_workers);
double  bench_cfutures_portable           (guint n,
                                           guint n_workers);
double  bench_cfutures_round_trip         (guint n,
                                           guint n_workers);
double  bench_cfutures_round_trip_asleep  (guint n,
                                           guint n_workers);
double  bench_cfutures_callbacks          (guint n,
                                           guint n_workers);
double  bench_cfutures_delivery           (guint n,
                                           guint n_workers);
double  bench_cfutures_fork_join          (guint n,
                                           guint n_workers);
double  bench_cfutures_memory_local       (guint n,
                                           guint n_workers);
double  bench_cfutures_memory_portable    (guint n,
                                           guint n_workers);

double  bench_glib_object                 (guint n,
                                           guint n_workers);
double  bench_glib_thread_pool            (guint n,
                                           guint n_workers);
double  bench_glib_thread_pool_round_trip (guint n,
                                           guint n_workers);
double  bench_glib_thread_pool_asleep     (guint n,
                                           guint n_workers);
double  bench_glib_task                   (guint n,
                                           guint n_workers);
double  bench_glib_task_round_trip        (guint n,
                                           guint n_workers);
double  bench_glib_task_asleep            (guint n,
                                           guint n_workers);
double  bench_glib_idle_add               (guint n,
                                           guint n_workers);
double  bench_glib_memory_task            (guint n,
                                           guint n_workers);

#ifdef BENCH_HAVE_TBB
double  bench_tbb_futures                 (guint n,
                                           guint n_workers);
double  bench_tbb_round_trip              (guint n,
                                           guint n_workers);
double  bench_tbb_round_trip_asleep       (guint n,
                                           guint n_workers);
double  bench_tbb_fork_join               (guint n,
                                           guint n_workers);
#endif

guint64 bench_now                         (void);
double  bench_per_operation               (guint64 since,
                                           guint64 n_operations);
gsize   bench_bytes_in_use                (void);
guint64 bench_fibonacci                   (guint   n);
guint64 bench_n_spawns                    (guint   n);

G_END_DECLS
