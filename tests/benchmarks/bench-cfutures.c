/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The measurements of this library. The clock runs from the first submission to the last result. */

#include <cfutures.h>

#include "../gates.h"
#include "bench.h"

static gboolean
return_number (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  g_value_init (result, G_TYPE_UINT);
  g_value_set_uint (result, GPOINTER_TO_UINT (user_data));

  return TRUE;
}

static GVariant *
return_arguments (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  return g_variant_ref (args);
}

static CfFuture *
submit_local (CfExecutor *executor,
              guint       number)
{
  return cf_executor_submit_local (executor, return_number, GUINT_TO_POINTER (number), NULL);
}

static CfFuture *
submit_portable (CfExecutor *executor,
                 guint       number)
{
  return cf_executor_submit (executor, return_arguments, g_variant_new_uint32 (number));
}

typedef CfFuture *(*SubmitFunc) (CfExecutor *executor,
                                 guint       number);

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
           SubmitFunc  submit,
           guint       n,
           guint       window)
{
  g_autofree CfFuture **futures = g_new (CfFuture *, window);

  for (guint i = 0; i < n; i++)
    {
      if (i >= window)
        consume (futures[i % window], i - window);

      futures[i % window] = submit (executor, i);
    }

  for (guint i = n > window ? n - window : 0; i < n; i++)
    consume (futures[i % window], i);
}

static CfExecutor *
new_warm_pool (guint n_workers)
{
  CfExecutor *executor = cf_thread_pool_executor_new (n_workers);

  run_calls (executor, submit_local, BENCH_N_WARM_UP, BENCH_N_WARM_UP);

  return executor;
}

static double
measure_calls (SubmitFunc submit,
               guint      n,
               guint      n_workers,
               guint      window)
{
  g_autoptr (CfExecutor) executor = new_warm_pool (n_workers);
  guint64 start = bench_now ();
  double result;

  run_calls (executor, submit, n, window);
  result = bench_per_operation (start, n);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return result;
}

double
bench_cfutures_local (guint n,
                      guint n_workers)
{
  return measure_calls (submit_local, n, n_workers, n);
}

double
bench_cfutures_local_window (guint n,
                             guint n_workers)
{
  return measure_calls (submit_local, n, n_workers, BENCH_WINDOW);
}

double
bench_cfutures_portable (guint n,
                         guint n_workers)
{
  return measure_calls (submit_portable, n, n_workers, n);
}

double
bench_cfutures_round_trip (guint n,
                           guint n_workers)
{
  return measure_calls (submit_local, n, n_workers, 1);
}

double
bench_cfutures_round_trip_asleep (guint n,
                                  guint n_workers)
{
  g_autoptr (CfExecutor) executor = new_warm_pool (n_workers);
  double total = 0.0;

  for (guint i = 0; i < n; i++)
    {
      guint64 start;

      g_usleep (BENCH_SLEEP_USEC);
      start = bench_now ();
      consume (submit_local (executor, i), i);
      total += bench_per_operation (start, n);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return total;
}

/* Callbacks on the main loop */

static void
on_done (CfFuture *future,
         gpointer  user_data)
{
  guint *n_called = user_data;

  (*n_called)++;
}

double
bench_cfutures_callbacks (guint n,
                          guint n_workers)
{
  g_autoptr (CfExecutor) executor = new_warm_pool (n_workers);
  guint n_called = 0;
  guint64 start = bench_now ();
  double result;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (CfFuture) future = submit_local (executor, i);

      cf_future_add_done_callback (future, on_done, &n_called, NULL);
    }

  loop_until (NULL, n_called == n);
  result = bench_per_operation (start, n);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return result;
}

typedef struct
{
  CfFuture **futures;
  guint      n;
} Promises;

static gpointer
settle_all (gpointer data)
{
  Promises *promises = data;

  for (guint i = 0; i < promises->n; i++)
    {
      g_autoptr (GError) error = NULL;

      cf_future_set_variant (promises->futures[i], NULL, &error);
      g_assert_no_error (error);
    }

  return NULL;
}

/* Only the way from a thread that settles to the callback: making the promises is not counted. */
double
bench_cfutures_delivery (guint n,
                         guint n_workers)
{
  g_autofree CfFuture **futures = g_new (CfFuture *, n);
  Promises promises = { futures, n };
  guint n_called = 0;
  guint64 start;
  double result;
  GThread *thread;

  for (guint i = 0; i < n; i++)
    {
      futures[i] = cf_future_new ();
      cf_future_add_done_callback (futures[i], on_done, &n_called, NULL);
    }

  start = bench_now ();
  thread = g_thread_new ("settler", settle_all, &promises);
  loop_until (NULL, n_called == n);
  result = bench_per_operation (start, n);
  g_thread_join (thread);

  for (guint i = 0; i < n; i++)
    g_object_unref (futures[i]);

  return result;
}

/* Nested fork–join */

typedef struct
{
  CfExecutor *executor;
  guint       n;
} Fibonacci;

static guint64
fibonacci (CfExecutor *executor,
           guint       n);

static gboolean
run_fibonacci (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  Fibonacci *call = user_data;

  g_value_init (result, G_TYPE_UINT64);
  g_value_set_uint64 (result, fibonacci (call->executor, call->n));

  return TRUE;
}

static guint64
fibonacci (CfExecutor *executor,
           guint       n)
{
  Fibonacci call = { executor, n - 1 };
  g_autoptr (CfFuture) spawned = NULL;
  guint64 second;

  if (n < 2)
    return n;

  spawned = cf_executor_submit_local (executor, run_fibonacci, &call, NULL);
  second = fibonacci (executor, n - 2);

  return cf_future_await_uint64 (spawned, NULL) + second;
}

double
bench_cfutures_fork_join (guint n,
                          guint n_workers)
{
  g_autoptr (CfExecutor) executor = new_warm_pool (n_workers);
  Fibonacci call = { executor, n };
  guint64 start = bench_now ();
  g_autoptr (CfFuture) future = cf_executor_submit_local (executor, run_fibonacci, &call, NULL);
  guint64 number = cf_future_await_uint64 (future, NULL);
  double result = bench_per_operation (start, bench_n_spawns (n));

  g_assert_cmpuint (number, ==, bench_fibonacci (n));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return result;
}

/* Memory per pending future */

static gboolean
hold_thread (CfFuture  *future,
             GValue    *result,
             gpointer   user_data,
             GError   **error)
{
  gate_wait (user_data);

  return TRUE;
}

static CfFuture *
submit_portable_without_arguments (CfExecutor *executor,
                                   guint       number)
{
  return cf_executor_submit (executor, return_arguments, NULL);
}

/* The only thread is held, so that all calls stay pending while they are weighed. */
static double
measure_memory (SubmitFunc submit,
                guint      n)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autofree CfFuture **futures = g_new (CfFuture *, n);
  Gate gate = GATE_INIT;
  g_autoptr (CfFuture) holder = cf_executor_submit_local (executor, hold_thread, &gate, NULL);
  gsize n_bytes_before;
  double result;

  yield_until (cf_future_is_running (holder));
  n_bytes_before = bench_bytes_in_use ();

  for (guint i = 0; i < n; i++)
    futures[i] = submit (executor, i);

  result = (double) (bench_bytes_in_use () - n_bytes_before) / n;

  for (guint i = 0; i < n; i++)
    {
      cf_future_cancel (futures[i]);
      g_object_unref (futures[i]);
    }

  gate_open (&gate);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return result;
}

double
bench_cfutures_memory_local (guint n,
                             guint n_workers)
{
  return measure_memory (submit_local, n);
}

double
bench_cfutures_memory_portable (guint n,
                                guint n_workers)
{
  return measure_memory (submit_portable_without_arguments, n);
}
