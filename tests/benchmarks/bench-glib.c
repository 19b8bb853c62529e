/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The measurements of what GLib itself offers: GThreadPool, GTask and idle sources, and the price of a GObject. */

#include <gio/gio.h>

#include "../gates.h"
#include "bench.h"

double
bench_glib_object (guint n,
                   guint n_workers)
{
  guint64 start = bench_now ();

  for (guint i = 0; i < n; i++)
    g_object_unref (g_object_new (G_TYPE_OBJECT, NULL));

  return bench_per_operation (start, n);
}

/* GThreadPool */

static void
count_call (gpointer data,
            gpointer user_data)
{
  atomic_uint *n_ran = user_data;

  atomic_fetch_add_explicit (n_ran, 1, memory_order_relaxed);
}

/* There are no results: the clock stops when the pool has run dry. */
double
bench_glib_thread_pool (guint n,
                        guint n_workers)
{
  atomic_uint n_ran = 0;
  GThreadPool *pool = g_thread_pool_new (count_call, &n_ran, (int) n_workers, TRUE, NULL);
  guint64 start;

  for (guint i = 0; i < BENCH_N_WARM_UP; i++)
    g_thread_pool_push (pool, GUINT_TO_POINTER (i + 1), NULL);
  yield_until (atomic_load (&n_ran) == BENCH_N_WARM_UP);

  start = bench_now ();
  for (guint i = 0; i < n; i++)
    g_thread_pool_push (pool, GUINT_TO_POINTER (i + 1), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);

  return bench_per_operation (start, n);
}

static void
send_back (gpointer data,
           gpointer user_data)
{
  g_async_queue_push (user_data, data);
}

static double
measure_thread_pool_trips (guint n,
                           guint n_workers,
                           guint sleep_usec)
{
  g_autoptr (GAsyncQueue) results = g_async_queue_new ();
  GThreadPool *pool = g_thread_pool_new (send_back, results, (int) n_workers, TRUE, NULL);
  double total = 0.0;

  for (guint i = 0; i < n; i++)
    {
      guint64 start;

      if (sleep_usec > 0)
        g_usleep (sleep_usec);

      start = bench_now ();
      g_thread_pool_push (pool, GUINT_TO_POINTER (i + 1), NULL);
      g_assert_cmpuint (GPOINTER_TO_UINT (g_async_queue_pop (results)), ==, i + 1);
      total += bench_per_operation (start, n);
    }

  g_thread_pool_free (pool, FALSE, TRUE);

  return total;
}

double
bench_glib_thread_pool_round_trip (guint n,
                                   guint n_workers)
{
  return measure_thread_pool_trips (n, n_workers, 0);
}

double
bench_glib_thread_pool_asleep (guint n,
                               guint n_workers)
{
  return measure_thread_pool_trips (n, n_workers, BENCH_SLEEP_USEC);
}

/* GTask, whose threads are its own and whose callback runs on the main loop */

static void
return_number_in_thread (GTask        *task,
                         gpointer      source_object,
                         gpointer      task_data,
                         GCancellable *cancellable)
{
  g_task_return_int (task, GPOINTER_TO_INT (task_data));
}

static void
on_task_done (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  guint *n_done = user_data;

  g_task_propagate_int (G_TASK (result), NULL);
  (*n_done)++;
}

static GTask *
start_task (guint  number,
            guint *n_done)
{
  GTask *task = g_task_new (NULL, NULL, on_task_done, n_done);

  g_task_set_task_data (task, GUINT_TO_POINTER (number), NULL);
  g_task_run_in_thread (task, return_number_in_thread);

  return task;
}

static void
run_tasks (guint n)
{
  guint n_done = 0;

  for (guint i = 0; i < n; i++)
    g_object_unref (start_task (i, &n_done));

  loop_until (NULL, n_done == n);
}

double
bench_glib_task (guint n,
                 guint n_workers)
{
  guint64 start;

  run_tasks (BENCH_N_WARM_UP);
  start = bench_now ();
  run_tasks (n);

  return bench_per_operation (start, n);
}

static double
measure_task_trips (guint n,
                    guint sleep_usec)
{
  double total = 0.0;

  for (guint i = 0; i < n; i++)
    {
      guint64 start;

      if (sleep_usec > 0)
        g_usleep (sleep_usec);

      start = bench_now ();
      run_tasks (1);
      total += bench_per_operation (start, n);
    }

  return total;
}

double
bench_glib_task_round_trip (guint n,
                            guint n_workers)
{
  return measure_task_trips (n, 0);
}

double
bench_glib_task_asleep (guint n,
                        guint n_workers)
{
  return measure_task_trips (n, BENCH_SLEEP_USEC);
}

/* A task holds a thread each until ten do; only those after them are pending and weighed. */
static void
wait_in_thread (GTask        *task,
                gpointer      source_object,
                gpointer      task_data,
                GCancellable *cancellable)
{
  gate_wait (task_data);
  g_task_return_int (task, 0);
}

double
bench_glib_memory_task (guint n,
                        guint n_workers)
{
  Gate gate = GATE_INIT;
  guint n_done = 0;
  gsize n_bytes_before = bench_bytes_in_use ();
  double result;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, on_task_done, &n_done);

      g_task_set_task_data (task, &gate, NULL);
      g_task_run_in_thread (task, wait_in_thread);
    }

  result = (double) (bench_bytes_in_use () - n_bytes_before) / n;
  gate_open (&gate);
  loop_until (NULL, n_done == n);

  return result;
}

/* Idle sources, one for each completion */

typedef struct
{
  guint n;
  guint n_called;
} Idles;

static gboolean
on_idle (gpointer user_data)
{
  Idles *idles = user_data;

  idles->n_called++;

  return G_SOURCE_REMOVE;
}

static gpointer
add_idles (gpointer data)
{
  Idles *idles = data;

  for (guint i = 0; i < idles->n; i++)
    g_idle_add (on_idle, idles);

  return NULL;
}

double
bench_glib_idle_add (guint n,
                     guint n_workers)
{
  Idles idles = { .n = n };
  guint64 start = bench_now ();
  GThread *thread = g_thread_new ("idler", add_idles, &idles);
  double result;

  loop_until (NULL, idles.n_called == n);
  result = bench_per_operation (start, n);
  g_thread_join (thread);

  return result;
}
