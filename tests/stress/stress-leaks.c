/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is left behind, and what a pending future costs. Threads and file descriptors are counted in /proc, bytes are
 * those that the C library's allocator has handed out and not got back. GLib's slices are cut from that memory too, but
 * are given back late; the test runner therefore runs this program also with G_SLICE=always-malloc, where every byte
 * shows.
 */

#include <cfutures.h>
#include <malloc.h>

#include "../gates.h"
#include "race.h"
#include "stress-scale.h"

/* Caches of the C library and of GLib come and go by less than this. A leak of one byte in each of a thousand rounds
 * of a test that allocates 16 bytes at least is more. */
#define BYTES_OF_NOISE (8 * 1024)

typedef struct
{
  guint n_threads;
  guint n_descriptors;
  gsize n_bytes;
} Usage;

static guint
count_entries (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) directory = g_dir_open (path, 0, &error);
  guint n = 0;

  g_assert_no_error (error);
  while (g_dir_read_name (directory) != NULL)
    n++;

  return n;
}

static gsize
count_bytes (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static void
measure (Usage *usage)
{
  usage->n_threads = count_entries ("/proc/self/task");
  usage->n_descriptors = count_entries ("/proc/self/fd");
  usage->n_bytes = count_bytes ();
}

/* Waits until this thread is the only one. Another one is in /proc for a moment longer than it takes to join it. */
static void
await_end_of_threads (void)
{
  yield_until (count_entries ("/proc/self/task") <= 1 + STRESS_N_SANITIZER_THREADS);
}

typedef void (*RoundFunc) (guint round);

/* Does @n_rounds rounds three times: the first two fill the caches, the third has to leave nothing behind. */
static void
assert_nothing_left (RoundFunc do_round,
                     guint     n_rounds)
{
  Usage before;
  Usage after;

  for (guint i = 0; i < 2 * n_rounds; i++)
    do_round (i);

  await_end_of_threads ();
  measure (&before);

  for (guint i = 0; i < n_rounds; i++)
    do_round (i);

  await_end_of_threads ();
  measure (&after);

  g_test_message ("%u rounds: %u threads, %u descriptors, %" G_GSIZE_FORMAT " bytes before; %u, %u, %" G_GSIZE_FORMAT
                  " after", n_rounds, before.n_threads, before.n_descriptors, before.n_bytes, after.n_threads,
                  after.n_descriptors, after.n_bytes);

  g_assert_cmpuint (after.n_threads, ==, before.n_threads);
  g_assert_cmpuint (after.n_descriptors, ==, before.n_descriptors);
  g_assert_cmpuint (after.n_bytes, <=, before.n_bytes + BYTES_OF_NOISE);
}

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

/* Pools */

#define N_CALLS_PER_POOL 20

/* Some pools are waited for, some are dropped with calls in them, and some are never used. */
static void
use_pool (guint round)
{
  CfExecutor *executor = cf_thread_pool_executor_new (1 + round % 4);
  guint n_calls = round % 5 == 4 ? 0 : N_CALLS_PER_POOL;
  CfFuture *futures[N_CALLS_PER_POOL];

  for (guint i = 0; i < n_calls; i++)
    {
      if (i % 2 == 0)
        futures[i] = cf_executor_submit_local (executor, return_number, GUINT_TO_POINTER (i), NULL);
      else
        futures[i] = cf_executor_submit (executor, return_arguments, g_variant_new_uint32 (i));
    }

  if (round % 2 == 0)
    cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT | (round % 3 == 0 ? CF_SHUTDOWN_CANCEL_PENDING : 0));
  else if (round % 3 == 0)
    cf_executor_shutdown (executor, CF_SHUTDOWN_CANCEL_PENDING);

  g_object_unref (executor);

  for (guint i = 0; i < n_calls; i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 number = cf_future_await_int64 (futures[i], &error);

      if (!cf_future_is_cancelled (futures[i]))
        g_assert_cmpint (number, ==, i);

      g_object_unref (futures[i]);
    }
}

static void
test_pools (void)
{
  assert_nothing_left (use_pool, stress_scale (1000));
}

/* Main contexts */

static void
on_done (CfFuture *future,
         gpointer  user_data)
{
  gboolean *called = user_data;

  *called = TRUE;
}

/* Every other context goes away with a call in it, with a completion on its way and with another one still to come. */
static void
use_context (guint round)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (CfExecutor) executor = cf_main_context_executor_new (context);
  g_autoptr (CfFuture) call = cf_executor_submit_local (executor, return_number, GUINT_TO_POINTER (round), NULL);
  g_autoptr (CfFuture) promise = cf_future_new ();
  g_autoptr (CfFuture) left_pending = cf_future_new ();
  g_autoptr (GError) error = NULL;
  gboolean called = FALSE;

  g_main_context_push_thread_default (context);
  cf_future_add_done_callback (promise, on_done, &called, NULL);
  cf_future_add_done_callback (left_pending, on_done, &called, NULL);
  g_assert_true (cf_future_set_variant (promise, NULL, &error));
  g_assert_no_error (error);

  if (round % 2 == 0)
    {
      loop_until (context, called && cf_future_is_done (call));
    }

  g_main_context_pop_thread_default (context);
}

static void
test_contexts (void)
{
  assert_nothing_left (use_context, stress_scale (1000));
}

/* Sets, abandoned and used up */

static void
use_set (guint round)
{
  enum { N_FUTURES = 16 };
  CfFuture *futures[N_FUTURES];
  g_autoptr (CfCompletionIterator) iterator = NULL;
  g_autoptr (GPtrArray) done = NULL;
  g_autoptr (GPtrArray) not_done = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_FUTURES; i++)
    futures[i] = cf_future_new ();

  iterator = cf_as_completed (futures, N_FUTURES, -1);

  for (guint i = 0; i < N_FUTURES / 2; i++)
    {
      g_assert_true (cf_future_set_variant (futures[i], NULL, &error));
      g_assert_no_error (error);
    }

  for (guint i = 0; i < round % (N_FUTURES / 2); i++)
    {
      g_autoptr (CfFuture) next = cf_completion_iterator_next (iterator, NULL, &error);

      g_assert_no_error (error);
      g_assert_true (next == futures[i]);
    }

  g_assert_false (cf_wait (futures, N_FUTURES, CF_RETURN_WHEN_ALL_COMPLETED, 0, NULL, &done, &not_done, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpuint (done->len, ==, N_FUTURES / 2);

  for (guint i = 0; i < N_FUTURES; i++)
    g_object_unref (futures[i]);
}

static void
test_sets (void)
{
  assert_nothing_left (use_set, stress_scale (1000));
}

/* Nothing runs out of control while futures are made and dropped for long. */

static void
use_future (guint round)
{
  g_autoptr (CfExecutor) executor = cf_inline_executor_new ();

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (CfFuture) future = cf_executor_submit_local (executor, return_number, GUINT_TO_POINTER (i), NULL);
      g_autofree char *text = cf_future_to_string (future);

      g_assert_nonnull (text);
    }
}

static void
test_futures (void)
{
  assert_nothing_left (use_future, stress_scale (1000));
}

/* Memory per pending future */

#define N_PENDING 100000
#define MAX_BYTES_PER_FUTURE 256

static gboolean
hold_thread (CfFuture  *future,
             GValue    *result,
             gpointer   user_data,
             GError   **error)
{
  gate_wait (user_data);

  return TRUE;
}

typedef CfFuture *(*SubmitFunc) (CfExecutor *executor,
                                 guint       number);

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
  return cf_executor_submit (executor, return_arguments, NULL);
}

static CfFuture **
submit_and_weigh (CfExecutor *executor,
                  SubmitFunc  submit,
                  guint       n_pending,
                  gsize      *n_bytes_per_future)
{
  CfFuture **futures = g_new (CfFuture *, n_pending);
  gsize n_bytes_before = count_bytes ();

  for (guint i = 0; i < n_pending; i++)
    futures[i] = submit (executor, i);

  *n_bytes_per_future = (count_bytes () - n_bytes_before) / n_pending;

  return futures;
}

static void
cancel_and_free (CfFuture **futures,
                 guint      n_pending)
{
  for (guint i = 0; i < n_pending; i++)
    {
      g_assert_true (cf_future_cancel (futures[i]));
      g_object_unref (futures[i]);
    }

  g_free (futures);
}

/* All are kept until all are weighed, so that none comes from memory that another one has left. */
static void
test_memory_per_future (void)
{
  guint n_pending = stress_scale (N_PENDING);
  g_autoptr (CfExecutor) executor = NULL;
  g_autoptr (CfFuture) holder = NULL;
  Gate gate = GATE_INIT;
  CfFuture **local;
  CfFuture **portable;
  gsize n_bytes_local;
  gsize n_bytes_portable;

  if (STRESS_IS_INSTRUMENTED)
    {
      g_test_skip ("the allocator of an instrumented build does not tell");
      return;
    }

  executor = cf_thread_pool_executor_new (1);
  holder = cf_executor_submit_local (executor, hold_thread, &gate, NULL);
  yield_until (cf_future_is_running (holder));

  local = submit_and_weigh (executor, submit_local, n_pending, &n_bytes_local);
  portable = submit_and_weigh (executor, submit_portable, n_pending, &n_bytes_portable);
  g_test_message ("bytes per pending future: %" G_GSIZE_FORMAT " of a local call, %" G_GSIZE_FORMAT
                  " of a portable one", n_bytes_local, n_bytes_portable);

  cancel_and_free (local, n_pending);
  cancel_and_free (portable, n_pending);
  gate_open (&gate);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  g_assert_cmpuint (n_bytes_local, <=, MAX_BYTES_PER_FUTURE);
  g_assert_cmpuint (n_bytes_portable, <=, MAX_BYTES_PER_FUTURE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/leaks/pools", test_pools);
  g_test_add_func ("/stress/leaks/contexts", test_contexts);
  g_test_add_func ("/stress/leaks/sets", test_sets);
  g_test_add_func ("/stress/leaks/futures", test_futures);
  g_test_add_func ("/stress/leaks/memory-per-pending-future", test_memory_per_future);

  return g_test_run ();
}
