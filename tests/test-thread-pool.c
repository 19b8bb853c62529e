/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The thread pool: when its threads start and end and what they are called, that waiting in a call never deadlocks,
 * in which order calls run, timeouts, and all the ways to shut it down.
 *
 * A test that counts threads gives its pool a prefix of its own. */

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>

#include <cfutures.h>

#include "await-error.h"
#include "blocker.h"
#include "criticals.h"
#include "gates.h"
#include "return-nothing.h"
#include "threads.h"

static CfExecutor *
new_pool (guint       max_workers,
          const char *prefix)
{
  return g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                       "max-workers", max_workers,
                       "thread-name-prefix", prefix,
                       NULL);
}

static gboolean
has_thread (const char *name)
{
  g_autoptr(GPtrArray) names = list_threads (name);

  return g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL);
}

static gboolean
skip_without_proc (void)
{
  if (g_file_test ("/proc/self/task", G_FILE_TEST_IS_DIR))
    return FALSE;

  g_test_skip ("There is no /proc to count threads in");
  return TRUE;
}

static gboolean
return_thread (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  g_value_init (result, G_TYPE_POINTER);
  g_value_set_pointer (result, g_thread_self ());

  return TRUE;
}

static gboolean
count_call (CfFuture  *future,
            GValue    *result,
            gpointer   n_calls,
            GError   **error)
{
  atomic_fetch_add ((atomic_uint *) n_calls, 1);

  return TRUE;
}

/* A call that says that it has begun, ends when it is let go, and says that it has ended. */
static void
submit_and_forget (CfExecutor  *executor,
                   CfLocalFunc  func,
                   gpointer     user_data)
{
  g_object_unref (cf_executor_submit_local (executor, func, user_data, NULL));
}

/* Keeps every thread of the pool busy until the gate is opened. */
static void
occupy (CfExecutor *executor,
        Blocker    *blocker)
{
  guint max_workers = cf_executor_get_max_workers (executor);

  for (guint i = 0; i < max_workers; i++)
    submit_and_forget (executor, block, blocker);
  gate_wait_for (&blocker->begun, max_workers);
}

/* Threads. */

static void
test_lazy (void)
{
  g_autoptr(CfExecutor) executor = new_pool (8, "lazy");
  Blocker blocker = BLOCKER_INIT;

  if (skip_without_proc ())
    return;

  g_assert_cmpuint (count_threads ("lazy"), ==, 0);

  submit_and_forget (executor, block, &blocker);
  gate_wait (&blocker.begun);
  g_assert_cmpuint (count_threads ("lazy"), ==, 1);

  submit_and_forget (executor, block, &blocker);
  gate_wait_for (&blocker.begun, 2);
  g_assert_cmpuint (count_threads ("lazy"), ==, 2);

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_reuse (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (8);
  g_autoptr(GHashTable) threads = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit_local (executor, return_thread, NULL, NULL);

      g_hash_table_add (threads, cf_future_await_pointer (future, NULL));
      yield_until (cf_executor_get_n_running (executor) == 0);
    }

  g_assert_cmpuint (g_hash_table_size (threads), ==, 1);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_parallel (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (8);
  Blocker blocker = BLOCKER_INIT;

  /* Returns only when eight calls run at the same time. */
  occupy (executor, &blocker);
  g_assert_cmpuint (cf_executor_get_n_running (executor), ==, 8);

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

typedef struct
{
  atomic_uint n_running;
  atomic_uint n_most;
} Crowd;

static gboolean
join_crowd (CfFuture  *future,
            GValue    *result,
            gpointer   user_data,
            GError   **error)
{
  Crowd *crowd = user_data;
  guint n_running = atomic_fetch_add (&crowd->n_running, 1) + 1;
  guint n_most = atomic_load (&crowd->n_most);

  while (n_running > n_most && !atomic_compare_exchange_weak (&crowd->n_most, &n_most, n_running))
    ;
  g_thread_yield ();
  atomic_fetch_sub (&crowd->n_running, 1);

  return TRUE;
}

static void
test_never_more (void)
{
  enum { MAX_WORKERS = 3 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (MAX_WORKERS);
  Crowd crowd = { 0, 0 };

  for (guint i = 0; i < 1000; i++)
    submit_and_forget (executor, join_crowd, &crowd);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  g_assert_cmpuint (atomic_load (&crowd.n_most), >=, 1);
  g_assert_cmpuint (atomic_load (&crowd.n_most), <=, MAX_WORKERS);
}

static void
test_names (void)
{
  g_autoptr(CfExecutor) executor = new_pool (2, "fetch");
  Blocker blocker = BLOCKER_INIT;

  g_assert_cmpstr (cf_thread_pool_executor_get_thread_name_prefix (CF_THREAD_POOL_EXECUTOR (executor)), ==, "fetch");
  if (skip_without_proc ())
    return;

  occupy (executor, &blocker);
  g_assert_true (has_thread ("fetch-1"));
  g_assert_true (has_thread ("fetch-2"));

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_long_name (void)
{
  g_autoptr(CfExecutor) executor = new_pool (1, "an-unusually-long-prefix");
  Blocker blocker = BLOCKER_INIT;

  if (skip_without_proc ())
    return;

  occupy (executor, &blocker);
  g_assert_true (has_thread ("an-unusually--1"));

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_default_name (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autofree char *prefix = NULL;
  Blocker blocker = BLOCKER_INIT;

  g_object_get (executor, "thread-name-prefix", &prefix, NULL);
  g_assert_cmpstr (prefix, ==, "cf-pool");
  g_assert_cmpstr (cf_thread_pool_executor_get_thread_name_prefix (CF_THREAD_POOL_EXECUTOR (executor)), ==, "cf-pool");
  if (skip_without_proc ())
    return;

  occupy (executor, &blocker);
  g_assert_true (has_thread ("cf-pool-1"));

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_null_name (void)
{
  g_autoptr(CfExecutor) executor = new_pool (1, NULL);

  g_assert_cmpstr (cf_thread_pool_executor_get_thread_name_prefix (CF_THREAD_POOL_EXECUTOR (executor)), ==, "cf-pool");
}

static void
test_threads_end (void)
{
  CfExecutor *executor = new_pool (4, "ending");
  Blocker blocker = BLOCKER_INIT;

  if (skip_without_proc ())
    {
      g_object_unref (executor);
      return;
    }

  occupy (executor, &blocker);
  g_assert_cmpuint (count_threads ("ending"), ==, 4);
  gate_open (&blocker.go_on);
  gate_wait_for (&blocker.ended, 4);

  g_object_unref (executor);
  yield_until (count_threads ("ending") == 0);
}

static void
test_idle_timeout (void)
{
  g_autoptr(CfExecutor) executor = new_pool (4, "idle");
  CfThreadPoolExecutor *pool = CF_THREAD_POOL_EXECUTOR (executor);
  Blocker blockers[3] = { BLOCKER_INIT, BLOCKER_INIT, BLOCKER_INIT };
  gint64 idle_timeout;

  if (skip_without_proc ())
    return;

  cf_thread_pool_executor_set_idle_timeout (pool, 1000);
  g_assert_cmpint (cf_thread_pool_executor_get_idle_timeout (pool), ==, 1000);
  g_object_get (pool, "idle-timeout", &idle_timeout, NULL);
  g_assert_cmpint (idle_timeout, ==, 1000);

  for (guint i = 0; i < 2; i++)
    {
      occupy (executor, &blockers[i]);
      g_assert_cmpuint (count_threads ("idle"), ==, 4);
      gate_open (&blockers[i].go_on);
      gate_wait_for (&blockers[i].ended, 4);
      yield_until (count_threads ("idle") == 0);
    }

  cf_thread_pool_executor_set_idle_timeout (pool, -1);
  g_assert_cmpint (cf_thread_pool_executor_get_idle_timeout (pool), ==, -1);
  occupy (executor, &blockers[2]);
  gate_open (&blockers[2].go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_idle_timeout_while_idle (void)
{
  g_autoptr(CfExecutor) executor = new_pool (4, "resting");
  Blocker blocker = BLOCKER_INIT;

  if (skip_without_proc ())
    return;

  occupy (executor, &blocker);
  gate_open (&blocker.go_on);
  yield_until (cf_executor_get_n_running (executor) == 0);
  g_assert_cmpuint (count_threads ("resting"), ==, 4);

  /* Threads that are idle already hear of it. */
  cf_thread_pool_executor_set_idle_timeout (CF_THREAD_POOL_EXECUTOR (executor), 1000);
  yield_until (count_threads ("resting") == 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* A thread that has begun to end takes its time: what is local to it is destroyed. It may outlive the test. */
static Gate end_begun = GATE_INIT;
static Gate end_go_on = GATE_INIT;

static void
end_slowly (gpointer data)
{
  gate_open (&end_begun);
  gate_wait (&end_go_on);
}

static GPrivate slow_end = G_PRIVATE_INIT (end_slowly);

static gboolean
end_slowly_afterwards (CfFuture  *future,
                       GValue    *result,
                       gpointer   user_data,
                       GError   **error)
{
  g_private_set (&slow_end, &end_begun);

  return TRUE;
}

static void
test_ending_thread_holds_up_nobody (void)
{
  g_autoptr(CfExecutor) executor = new_pool (1, "slow-end");
  g_autoptr(CfFuture) future = NULL;

  cf_thread_pool_executor_set_idle_timeout (CF_THREAD_POOL_EXECUTOR (executor), 1000);
  submit_and_forget (executor, end_slowly_afterwards, NULL);
  gate_wait (&end_begun);

  future = cf_executor_submit_local (executor, return_nothing, NULL, NULL);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));

  gate_open (&end_go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  yield_until (count_threads ("slow-end") == 0);
}

/* The number of workers by default. */

static void
test_default_size (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (0);

  /* One CPU and four more at least. */
  g_assert_cmpuint (cf_executor_get_max_workers (executor), >=, 5);
  g_assert_cmpuint (cf_executor_get_max_workers (executor), <=, MIN (32, g_get_num_processors () + 4));
}

/* In a process of its own, which looks at its CPUs for the first time when it may use only one. */
static void
test_default_size_on_one_cpu (void)
{
#ifdef __linux__
  g_autoptr(CfExecutor) executor = NULL;
  cpu_set_t all;
  cpu_set_t one;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  g_assert_cmpint (sched_getaffinity (0, sizeof all, &all), ==, 0);
  CPU_ZERO (&one);
  for (guint cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT (&one) == 0; cpu++)
    {
      if (CPU_ISSET (cpu, &all))
        CPU_SET (cpu, &one);
    }
  g_assert_cmpint (sched_setaffinity (0, sizeof one, &one), ==, 0);

  executor = cf_thread_pool_executor_new (0);
  g_assert_cmpuint (cf_executor_get_max_workers (executor), ==, 5);
#else
  g_test_skip ("The CPUs that a process may use cannot be set");
#endif
}

/* The initializer. */

typedef struct
{
  atomic_uint n_calls;
  atomic_uint n_destroyed;
} Initializer;

static _Thread_local gboolean thread_is_ready;

static gboolean
prepare_thread (gpointer   user_data,
                GError   **error)
{
  Initializer *initializer = user_data;

  g_assert_false (thread_is_ready);
  thread_is_ready = TRUE;
  atomic_fetch_add (&initializer->n_calls, 1);

  return TRUE;
}

static void
destroy_initializer (gpointer user_data)
{
  Initializer *initializer = user_data;

  atomic_fetch_add (&initializer->n_destroyed, 1);
}

static gboolean
is_thread_ready (CfFuture  *future,
                 GValue    *result,
                 gpointer   user_data,
                 GError   **error)
{
  g_value_init (result, G_TYPE_BOOLEAN);
  g_value_set_boolean (result, thread_is_ready);

  return TRUE;
}

static void
test_initializer (void)
{
  CfExecutor *executor = new_pool (3, "ready");
  Initializer initializer = { 0, 0 };
  Blocker blocker = BLOCKER_INIT;

  cf_thread_pool_executor_set_initializer (CF_THREAD_POOL_EXECUTOR (executor),
                                           prepare_thread, &initializer, destroy_initializer);
  g_assert_cmpuint (atomic_load (&initializer.n_calls), ==, 0);

  occupy (executor, &blocker);
  gate_open (&blocker.go_on);
  g_assert_cmpuint (atomic_load (&initializer.n_calls), ==, 3);

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit_local (executor, is_thread_ready, NULL, NULL);

      g_assert_true (cf_future_await_boolean (future, NULL));
    }
  g_assert_cmpuint (atomic_load (&initializer.n_calls), ==, 3);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&initializer.n_destroyed), ==, 0);
  g_object_unref (executor);
  g_assert_cmpuint (atomic_load (&initializer.n_destroyed), ==, 1);
}

static void
test_initializer_replaced (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Initializer first = { 0, 0 };
  Initializer second = { 0, 0 };
  g_autoptr(CfFuture) future = NULL;

  cf_thread_pool_executor_set_initializer (CF_THREAD_POOL_EXECUTOR (executor),
                                           prepare_thread, &first, destroy_initializer);
  cf_thread_pool_executor_set_initializer (CF_THREAD_POOL_EXECUTOR (executor),
                                           prepare_thread, &second, destroy_initializer);
  g_assert_cmpuint (atomic_load (&first.n_destroyed), ==, 1);

  future = cf_executor_submit_local (executor, is_thread_ready, NULL, NULL);
  g_assert_true (cf_future_await_boolean (future, NULL));
  g_assert_cmpuint (atomic_load (&first.n_calls), ==, 0);
  g_assert_cmpuint (atomic_load (&second.n_calls), ==, 1);

  /* Too late: a thread has begun with the second one. */
  assert_critical (cf_thread_pool_executor_set_initializer (CF_THREAD_POOL_EXECUTOR (executor),
                                                            prepare_thread, &first, NULL));
  g_assert_cmpuint (atomic_load (&second.n_destroyed), ==, 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* Fails when the test lets it, so that it is known which calls are pending then. */
static gboolean
fail_to_prepare (gpointer   user_data,
                 GError   **error)
{
  gate_wait (user_data);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No such café");

  return FALSE;
}

static void
test_initializer_fails (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  atomic_uint n_calls = 0;
  Gate fail = GATE_INIT;
  CfFuture *futures[10];
  g_autoptr(CfFuture) late = NULL;

  cf_thread_pool_executor_set_initializer (CF_THREAD_POOL_EXECUTOR (executor), fail_to_prepare, &fail, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    futures[i] = cf_executor_submit_local (executor, count_call, &n_calls, NULL);
  gate_open (&fail);

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      const GError *error = await_error (futures[i]);

      g_assert_error (error, CF_ERROR, CF_ERROR_BROKEN_EXECUTOR);
      g_assert_nonnull (strstr (error->message, "No such café"));
      g_object_unref (futures[i]);
    }

  late = cf_executor_submit_local (executor, count_call, &n_calls, NULL);
  g_assert_error (await_error (late), CF_ERROR, CF_ERROR_BROKEN_EXECUTOR);
  g_assert_nonnull (strstr (await_error (late)->message, "No such café"));

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&n_calls), ==, 0);
}

/* Nested waiting. */

typedef struct
{
  CfExecutor *executor;
  guint       depth;
  gboolean  (*wait) (CfFuture *future);
} Nest;

static gboolean
wait_plainly (CfFuture *future)
{
  return cf_future_wait (future, -1, NULL, NULL);
}

static gboolean
wait_in_set (CfFuture *future)
{
  CfFuture *futures[] = { future, future };

  return cf_wait (futures, G_N_ELEMENTS (futures), CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL);
}

static gboolean
wait_in_iterator (CfFuture *future)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (&future, 1, -1);
  g_autoptr(CfFuture) completed = cf_completion_iterator_next (iterator, NULL, NULL);

  return completed == future;
}

static gboolean
wait_with_limit (CfFuture *future)
{
  return cf_future_wait (future, 3600 * G_TIME_SPAN_SECOND, NULL, NULL);
}

/* Returns how deep it has come. */
static gboolean
descend (CfFuture  *future,
         GValue    *result,
         gpointer   user_data,
         GError   **error)
{
  Nest *nest = user_data;
  g_autoptr(CfFuture) inner = NULL;
  Nest next = *nest;

  g_value_init (result, G_TYPE_INT64);
  if (nest->depth == 0)
    return TRUE;

  next.depth--;
  inner = cf_executor_submit_local (nest->executor, descend, &next, NULL);
  if (!nest->wait (inner))
    return FALSE;

  g_assert_true (cf_future_is_done (inner));
  g_value_set_int64 (result, cf_future_await_int64 (inner, error) + 1);

  return TRUE;
}

static void
expect_warning_of_limit (void)
{
  g_test_expect_message ("CFutures", G_LOG_LEVEL_WARNING, "*max-substitutes*");
}

static void
assert_descends (guint      max_workers,
                 gboolean (*wait) (CfFuture *future))
{
  enum { DEPTH = 1000 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (max_workers);
  Nest nest = { executor, DEPTH, wait };
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, descend, &nest, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (cf_future_await_int64 (future, &error), ==, DEPTH);
  g_assert_no_error (error);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_nested_wait (void)
{
  assert_descends (1, wait_plainly);
  assert_descends (2, wait_plainly);
}

static void
test_nested_wait_with_limit (void)
{
  expect_warning_of_limit ();
  assert_descends (1, wait_with_limit);
  g_test_assert_expected_messages ();
}

static void
test_nested_set (void)
{
  assert_descends (1, wait_in_set);
  assert_descends (2, wait_in_set);
}

static void
test_nested_iterator (void)
{
  assert_descends (1, wait_in_iterator);
  assert_descends (2, wait_in_iterator);
}

static GVariant *
twice (CfFuture  *future,
       GVariant  *args,
       GError   **error)
{
  return g_variant_new_int64 (2 * g_variant_get_int64 (args));
}

static gboolean
map_in_call (CfFuture  *future,
             GValue    *result,
             gpointer   executor,
             GError   **error)
{
  g_autoptr(CfMapIterator) iterator = NULL;
  GVariant *item;
  gint64 sum = 0;

  iterator = cf_executor_map (executor, twice, g_variant_new_parsed ("[int64 1, 2, 3, 4, 5]"), 1, 2);
  while (cf_map_iterator_next (iterator, NULL, &item, error))
    {
      sum += g_variant_get_int64 (item);
      g_variant_unref (item);
    }

  g_value_init (result, G_TYPE_INT64);
  g_value_set_int64 (result, sum);

  return TRUE;
}

static void
test_nested_map (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, map_in_call, executor, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (cf_future_await_int64 (future, &error), ==, 30);
  g_assert_no_error (error);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static gboolean
submit_and_compare_threads (CfFuture  *future,
                            GValue    *result,
                            gpointer   executor,
                            GError   **error)
{
  g_autoptr(CfFuture) inner = cf_executor_submit_local (executor, return_thread, NULL, NULL);

  g_value_init (result, G_TYPE_BOOLEAN);
  g_value_set_boolean (result, cf_future_await_pointer (inner, error) == g_thread_self ());

  return TRUE;
}

static void
test_nested_runs_here (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, submit_and_compare_threads, executor, NULL);

  g_assert_true (cf_future_await_boolean (future, NULL));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* fib (n), each call a future of its own. */
typedef struct
{
  CfExecutor *executor;
  guint       n;
} Fibonacci;

static gboolean
fibonacci (CfFuture  *future,
           GValue    *result,
           gpointer   user_data,
           GError   **error)
{
  Fibonacci *self = user_data;
  Fibonacci left = { self->executor, self->n - 1 };
  Fibonacci right = { self->executor, self->n - 2 };
  g_autoptr(CfFuture) of_left = NULL;
  g_autoptr(CfFuture) of_right = NULL;

  g_value_init (result, G_TYPE_INT64);
  if (self->n < 2)
    {
      g_value_set_int64 (result, self->n);
      return TRUE;
    }

  of_left = cf_executor_submit_local (self->executor, fibonacci, &left, NULL);
  of_right = cf_executor_submit_local (self->executor, fibonacci, &right, NULL);
  g_value_set_int64 (result, cf_future_await_int64 (of_left, error) + cf_future_await_int64 (of_right, error));

  return TRUE;
}

static void
test_fork_and_join (void)
{
  const guint max_workers[] = { 1, 2, 8 };

  for (guint i = 0; i < G_N_ELEMENTS (max_workers); i++)
    {
      g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (max_workers[i]);
      Fibonacci call = { executor, 15 };
      g_autoptr(CfFuture) future = cf_executor_submit_local (executor, fibonacci, &call, NULL);

      g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 610);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }
}

static gboolean
wait_for_future (CfFuture  *future,
                 GValue    *result,
                 gpointer   other,
                 GError   **error)
{
  return cf_future_wait (other, -1, NULL, error);
}

static gboolean
settle_promise (CfFuture  *future,
                GValue    *result,
                gpointer   promise,
                GError   **error)
{
  return cf_future_set_variant (promise, NULL, error);
}

static void
test_makes_up_for_blocked_threads (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfFuture) promise = cf_future_new ();
  g_autoptr(CfFuture) settling = NULL;
  CfFuture *waiting[2];

  /* Both threads wait for what only a third one can do. */
  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    {
      waiting[i] = cf_executor_submit_local (executor, wait_for_future, promise, NULL);
      yield_until (cf_future_is_running (waiting[i]));
    }
  settling = cf_executor_submit_local (executor, settle_promise, promise, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    {
      g_assert_true (cf_future_wait (waiting[i], -1, NULL, NULL));
      g_assert_no_error (await_error (waiting[i]));
      g_object_unref (waiting[i]);
    }
  g_assert_no_error (await_error (settling));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static gboolean
wait_for_set (CfFuture  *future,
              GValue    *result,
              gpointer   other,
              GError   **error)
{
  CfFuture *futures[] = { other };

  return cf_wait (futures, 1, CF_RETURN_WHEN_FIRST_COMPLETED, -1, NULL, NULL, NULL, error);
}

static gboolean
wait_for_next (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  CfFuture *other = user_data;

  return wait_in_iterator (other);
}

static void
test_makes_up_for_threads_blocked_on_sets (void)
{
  const CfLocalFunc waits[] = { wait_for_set, wait_for_next };

  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
      g_autoptr(CfFuture) promise = cf_future_new ();
      g_autoptr(CfFuture) waiting = cf_executor_submit_local (executor, waits[i], promise, NULL);
      g_autoptr(CfFuture) settling = NULL;

      yield_until (cf_future_is_running (waiting));
      settling = cf_executor_submit_local (executor, settle_promise, promise, NULL);
      g_assert_true (cf_future_wait (waiting, -1, NULL, NULL));
      g_assert_no_error (await_error (waiting));
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }
}

typedef struct
{
  CfExecutor *one;
  CfExecutor *other;
  guint       depth;
} PingPong;

static gboolean
play (CfFuture  *future,
      GValue    *result,
      gpointer   user_data,
      GError   **error)
{
  PingPong *here = user_data;
  PingPong there = { here->other, here->one, here->depth - 1 };
  g_autoptr(CfFuture) inner = NULL;

  if (here->depth == 0)
    return TRUE;

  inner = cf_executor_submit_local (there.one, play, &there, NULL);
  return cf_future_wait (inner, -1, NULL, error);
}

static void
test_two_pools (void)
{
  g_autoptr(CfExecutor) one = cf_thread_pool_executor_new (1);
  g_autoptr(CfExecutor) other = cf_thread_pool_executor_new (1);
  PingPong game = { one, other, 50 };
  g_autoptr(CfFuture) future = cf_executor_submit_local (one, play, &game, NULL);

  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_assert_no_error (await_error (future));
  cf_executor_shutdown (one, CF_SHUTDOWN_WAIT);
  cf_executor_shutdown (other, CF_SHUTDOWN_WAIT);
}

/* Calls that each take one lock, submit others, and wait for these with a timeout while they hold it. */

typedef struct
{
  CfExecutor *executor;
  GMutex      lock;
  gboolean  (*wait) (CfFuture **futures);
} Locking;

enum { N_LEAVES = 3 };

static gboolean
wait_for_each (CfFuture **futures)
{
  for (guint i = 0; i < N_LEAVES; i++)
    {
      if (!wait_with_limit (futures[i]))
        return FALSE;
    }

  return TRUE;
}

static gboolean
wait_for_all (CfFuture **futures)
{
  return cf_wait (futures, N_LEAVES, CF_RETURN_WHEN_ALL_COMPLETED, 3600 * G_TIME_SPAN_SECOND, NULL, NULL, NULL, NULL);
}

static gboolean
iterate_to_the_end (CfFuture **futures)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (futures, N_LEAVES, -1);
  CfFuture *completed;
  guint n = 0;

  while ((completed = cf_completion_iterator_next (iterator, NULL, NULL)) != NULL)
    {
      g_object_unref (completed);
      n++;
    }

  return n == N_LEAVES;
}

static gboolean
wait_with_lock (CfFuture  *future,
                GValue    *result,
                gpointer   user_data,
                GError   **error)
{
  Locking *self = user_data;
  CfFuture *leaves[N_LEAVES];

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_LEAVES; i++)
    leaves[i] = cf_executor_submit_local (self->executor, return_nothing, NULL, NULL);
  g_assert_true (self->wait (leaves));
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < N_LEAVES; i++)
    g_object_unref (leaves[i]);

  return TRUE;
}

static void
assert_waits_with_lock (gboolean (*wait) (CfFuture **futures),
                        guint      max_substitutes)
{
  enum { N_CALLS = 40 };
  g_autoptr(CfExecutor) executor = g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                                                 "max-workers", 4,
                                                 "max-substitutes", max_substitutes,
                                                 NULL);
  Locking locking = { .executor = executor, .wait = wait };
  CfFuture *futures[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit_local (executor, wait_with_lock, &locking, NULL);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_no_error (await_error (futures[i]));
      g_object_unref (futures[i]);
    }
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_mutex_clear (&locking.lock);
}

static void
test_wait_with_lock (void)
{
  for (guint i = 0; i < 20; i++)
    {
      assert_waits_with_lock (wait_for_each, 256);
      assert_waits_with_lock (wait_for_all, 256);
      assert_waits_with_lock (iterate_to_the_end, 256);
    }
}

static void
test_wait_with_lock_without_substitutes (void)
{
  for (guint i = 0; i < 3; i++)
    expect_warning_of_limit ();

  assert_waits_with_lock (wait_for_each, 0);
  assert_waits_with_lock (wait_for_all, 0);
  assert_waits_with_lock (iterate_to_the_end, 0);
  g_test_assert_expected_messages ();
}

/* Substitutes. */

static void
note_warning (const char     *domain,
              GLogLevelFlags  level,
              const char     *message,
              gpointer        warned)
{
  g_assert_nonnull (strstr (message, "\"limited\""));
  g_assert_nonnull (strstr (message, "max-substitutes"));
  gate_open (warned);
}

static void
test_substitutes_are_limited (void)
{
  enum { N_CALLS = 20 };
  g_autoptr(CfExecutor) executor = g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                                                 "max-workers", 2,
                                                 "thread-name-prefix", "limited",
                                                 NULL);
  CfThreadPoolExecutor *pool = CF_THREAD_POOL_EXECUTOR (executor);
  g_autoptr(CfFuture) promise = cf_future_new ();
  Gate warned = GATE_INIT;
  GLogLevelFlags always_fatal;
  guint handler;

  if (skip_without_proc ())
    return;

  g_assert_cmpuint (cf_thread_pool_executor_get_max_substitutes (pool), ==, 256);
  cf_thread_pool_executor_set_max_substitutes (pool, 3);
  g_assert_cmpuint (cf_thread_pool_executor_get_max_substitutes (pool), ==, 3);

  always_fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  handler = g_log_set_handler ("CFutures", G_LOG_LEVEL_WARNING, note_warning, &warned);
  for (guint i = 0; i < N_CALLS; i++)
    submit_and_forget (executor, wait_for_future, promise);
  yield_until (cf_executor_get_n_running (executor) == 5);
  gate_wait (&warned);
  yield_until (count_threads ("limited") == 5);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, N_CALLS - 5);

  assert_critical (cf_thread_pool_executor_set_max_substitutes (pool, 4));

  g_assert_true (cf_future_set_variant (promise, NULL, NULL));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (cf_executor_get_n_completed (executor), ==, N_CALLS);
  g_assert_cmpuint (warned.n_opened, ==, 1);
  g_log_remove_handler ("CFutures", handler);
  g_log_set_always_fatal (always_fatal);
}

static void
test_substitutes_go_home (void)
{
  enum { N_CALLS = 20 };
  g_autoptr(CfExecutor) executor = new_pool (2, "homing");
  g_autoptr(CfFuture) promise = cf_future_new ();

  if (skip_without_proc ())
    return;

  for (guint i = 0; i < N_CALLS; i++)
    submit_and_forget (executor, wait_for_future, promise);
  yield_until (cf_executor_get_n_running (executor) == N_CALLS);
  g_assert_cmpuint (count_threads ("homing"), >=, N_CALLS);

  g_assert_true (cf_future_set_variant (promise, NULL, NULL));
  yield_until (count_threads ("homing") == 2);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* When the system refuses to start threads. GLib calls this function instead of the system's. */

typedef int (*CreateThread) (pthread_t            *thread,
                             const pthread_attr_t *attributes,
                             void               *(*func) (void *),
                             void                 *data);

static atomic_int n_refusals;

int
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attributes,
                void               *(*func) (void *),
                void                 *data)
{
  /* A sanitizer has to know of the thread. */
  void *symbol = dlsym (RTLD_DEFAULT, "__interceptor_pthread_create");
  CreateThread create;

  if (symbol == NULL)
    symbol = dlsym (RTLD_NEXT, "pthread_create");
  /* ISO C knows no cast from one to the other. */
  *(void **) &create = symbol;

  if (atomic_fetch_sub (&n_refusals, 1) > 0)
    return EAGAIN;

  return create (thread, attributes, func, data);
}

static void
test_refused_thread_fails_the_call (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfFuture) first = NULL;
  g_autoptr(CfFuture) second = NULL;

  atomic_store (&n_refusals, 1);
  first = cf_executor_submit_local (executor, return_nothing, NULL, NULL);
  g_assert_error (await_error (first), G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);

  second = cf_executor_submit_local (executor, return_nothing, NULL, NULL);
  g_assert_no_error (await_error (second));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static gboolean
keep_promise (CfFuture  *future,
              GValue    *result,
              gpointer   promise,
              GError   **error)
{
  return cf_future_set_variant (promise, NULL, error);
}

static void
test_refused_substitute_is_tried_again (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) promise = cf_future_new ();
  g_autoptr(CfFuture) waiting = NULL;
  g_autoptr(CfFuture) keeping = NULL;

  waiting = cf_executor_submit_local (executor, wait_for_future, promise, NULL);
  yield_until (cf_future_is_running (waiting));
  atomic_store (&n_refusals, 5);
  keeping = cf_executor_submit_local (executor, keep_promise, promise, NULL);

  g_assert_no_error (await_error (waiting));
  g_assert_no_error (await_error (keeping));
  g_assert_cmpint (atomic_load (&n_refusals), <=, 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static gboolean
refuse_and_wait (CfFuture  *future,
                 GValue    *result,
                 gpointer   executor,
                 GError   **error)
{
  g_autoptr(CfFuture) inner = NULL;

  atomic_store (&n_refusals, G_MAXINT);
  inner = cf_executor_submit_local (executor, return_nothing, NULL, NULL);
  return cf_future_wait (inner, 3600 * G_TIME_SPAN_SECOND, NULL, error);
}

static void
test_refused_substitute_is_not_needed (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, refuse_and_wait, executor, NULL);

  g_assert_no_error (await_error (future));
  atomic_store (&n_refusals, 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* A call that waits for the first of two others, of which one needs what the call does afterwards. */
typedef struct
{
  CfExecutor *executor;
  CfFuture   *promise;
  gboolean  (*wait) (CfFuture **futures);
} Chooser;

static gboolean
wait_for_first (CfFuture **futures)
{
  return cf_wait (futures, 2, CF_RETURN_WHEN_FIRST_COMPLETED, -1, NULL, NULL, NULL, NULL);
}

static gboolean
iterate_to_first (CfFuture **futures)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (futures, 2, -1);
  g_autoptr(CfFuture) completed = cf_completion_iterator_next (iterator, NULL, NULL);

  return completed == futures[1];
}

static gboolean
wait_and_keep_promise (CfFuture  *future,
                       GValue    *result,
                       gpointer   user_data,
                       GError   **error)
{
  Chooser *chooser = user_data;
  g_autoptr(CfFuture) slow = NULL;
  g_autoptr(CfFuture) quick = NULL;

  slow = cf_executor_submit_local (chooser->executor, wait_for_future, chooser->promise, NULL);
  quick = cf_executor_submit_local (chooser->executor, return_nothing, NULL, NULL);
  g_assert_true (chooser->wait ((CfFuture *[]) { slow, quick }));

  return cf_future_set_variant (chooser->promise, NULL, error);
}

static void
assert_chooses (gboolean (*wait) (CfFuture **futures))
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) promise = cf_future_new ();
  Chooser chooser = { executor, promise, wait };
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, wait_and_keep_promise, &chooser, NULL);

  g_assert_no_error (await_error (future));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_first_is_not_behind_another (void)
{
  assert_chooses (wait_for_first);
}

static void
test_next_is_not_behind_another (void)
{
  assert_chooses (iterate_to_first);
}

/* A call that gives up waiting for another one, which ends only after that. */
typedef struct
{
  CfExecutor   *executor;
  gint64        timeout;
  GCancellable *cancellable;
  Blocker       inner;
} Impatient;

static gboolean
give_up (CfFuture  *future,
         GValue    *result,
         gpointer   user_data,
         GError   **error)
{
  Impatient *impatient = user_data;
  g_autoptr(CfFuture) inner = cf_executor_submit_local (impatient->executor, block, &impatient->inner, NULL);
  gboolean is_done = cf_future_wait (inner, impatient->timeout, impatient->cancellable, error);

  gate_open (&impatient->inner.go_on);

  return is_done;
}

static void
test_time_limit_holds_in_a_call (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Impatient impatient = { executor, 1000, NULL, BLOCKER_INIT };
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, give_up, &impatient, NULL);

  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_cancellable_holds_in_a_call (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Impatient impatient = { executor, -1, cancellable, BLOCKER_INIT };
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, give_up, &impatient, NULL);

  /* Another thread makes it, for the only one waits. */
  gate_wait (&impatient.inner.begun);
  g_cancellable_cancel (cancellable);
  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* What a thread of the pool does for a call besides running it may take long, or wait for another call. */
typedef struct
{
  CfExecutor *executor;
  CfFuture   *promise;
  Gate        submitted;
  Gate        second_begun;
  Gate        begun;
  Gate        other_ran;
} Aside;

static gboolean
run_aside_submitted (CfFuture  *future,
                     GValue    *result,
                     gpointer   user_data,
                     GError   **error)
{
  Aside *aside = user_data;

  gate_wait (&aside->submitted);

  return TRUE;
}

static gboolean
run_other (CfFuture  *future,
           GValue    *result,
           gpointer   user_data,
           GError   **error)
{
  Aside *aside = user_data;

  gate_open (&aside->other_ran);

  return TRUE;
}

static void
await_other (gpointer user_data)
{
  Aside *aside = user_data;

  gate_open (&aside->begun);
  gate_wait (&aside->other_ran);
}

/* Lets the first call end, and submits another when its thread has come to what it does besides. */
static void
assert_other_runs (Aside *aside)
{
  gate_open (&aside->submitted);
  gate_wait (&aside->begun);
  submit_and_forget (aside->executor, run_other, aside);
  gate_wait (&aside->other_ran);
  if (aside->promise != NULL)
    g_assert_true (cf_future_set_variant (aside->promise, NULL, NULL));
  cf_executor_shutdown (aside->executor, CF_SHUTDOWN_WAIT);
}

static void
wait_and_await_other (CfFuture *future,
                      gpointer  user_data)
{
  Aside *aside = user_data;
  g_autoptr(CfFuture) inner = cf_executor_submit_local (aside->executor, return_thread, NULL, NULL);

  g_assert_true (cf_future_await_pointer (inner, NULL) == g_thread_self ());
  await_other (aside);
}

/* Keeps the second thread busy until the callback has come as far as it can, then makes room for a third. */
static gboolean
make_room_for_other (CfFuture  *future,
                     GValue    *result,
                     gpointer   user_data,
                     GError   **error)
{
  Aside *aside = user_data;

  gate_open (&aside->second_begun);
  gate_wait (&aside->begun);

  return cf_future_wait (aside->promise, -1, NULL, error);
}

static void
test_callback_leaves_others_running (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfFuture) promise = cf_future_new ();
  Aside aside = { executor, promise, GATE_INIT, GATE_INIT, GATE_INIT, GATE_INIT };
  g_autoptr(CfFuture) first = cf_executor_submit_local (executor, run_aside_submitted, &aside, NULL);
  g_autoptr(CfFuture) second = cf_executor_submit_local (executor, make_room_for_other, &aside, NULL);

  cf_future_add_done_callback_full (first, NULL, wait_and_await_other, &aside, NULL);
  gate_wait (&aside.second_begun);
  assert_other_runs (&aside);
  g_assert_no_error (await_error (second));
}

static void
test_attached_data_leaves_others_running (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Aside aside = { executor, NULL, GATE_INIT, GATE_INIT, GATE_INIT, GATE_INIT };
  CfFuture *future = cf_executor_submit_local (executor, run_aside_submitted, &aside, NULL);

  g_object_set_data_full (G_OBJECT (future), "argument", &aside, await_other);
  g_object_unref (future);
  assert_other_runs (&aside);
}

static gboolean
return_bytes (CfFuture  *future,
              GValue    *result,
              gpointer   user_data,
              GError   **error)
{
  static const char bytes[64];
  Aside *aside = user_data;

  gate_wait (&aside->submitted);
  g_value_init (result, G_TYPE_VARIANT);
  g_value_set_variant (result, g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, sizeof bytes, TRUE,
                                                        await_other, aside));

  return TRUE;
}

static void
test_result_leaves_others_running (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Aside aside = { executor, NULL, GATE_INIT, GATE_INIT, GATE_INIT, GATE_INIT };

  submit_and_forget (executor, return_bytes, &aside);
  assert_other_runs (&aside);
}

/* Order. */

typedef struct
{
  GPtrArray  *order;    /* only the one thread of the pool writes it */
  const char *name;
} Turn;

static gboolean
take_turn (CfFuture  *future,
           GValue    *result,
           gpointer   user_data,
           GError   **error)
{
  Turn *turn = user_data;

  g_ptr_array_add (turn->order, (gpointer) turn->name);

  return TRUE;
}

static void
test_order (void)
{
  enum { N_CALLS = 100 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  Blocker blocker = BLOCKER_INIT;
  Turn turns[N_CALLS];
  char names[N_CALLS];

  occupy (executor, &blocker);
  for (guint i = 0; i < N_CALLS; i++)
    {
      turns[i] = (Turn) { order, &names[i] };
      submit_and_forget (executor, take_turn, &turns[i]);
    }
  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  g_assert_cmpuint (order->len, ==, N_CALLS);
  for (guint i = 0; i < N_CALLS; i++)
    g_assert_true (g_ptr_array_index (order, i) == &names[i]);
}

static void
test_priorities (void)
{
  const struct
  {
    const char *name;
    int         priority;
  } calls[] =
    {
      { "low 1", G_PRIORITY_LOW },
      { "default 1", G_PRIORITY_DEFAULT },
      { "high 1", G_PRIORITY_HIGH },
      { "lowest", G_MAXINT },
      { "default 2", G_PRIORITY_DEFAULT },
      { "high 2", G_PRIORITY_HIGH },
      { "low 2", G_PRIORITY_LOW },
      { "highest", G_MININT },
    };
  const char *expected[] =
    {
      "highest", "high 1", "high 2", "default 1", "default 2", "low 1", "low 2", "lowest",
    };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  Blocker blocker = BLOCKER_INIT;
  Turn turns[G_N_ELEMENTS (calls)];

  occupy (executor, &blocker);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr(CfTask) task = cf_task_new_local (take_turn, &turns[i], NULL);

      turns[i] = (Turn) { order, calls[i].name };
      cf_task_set_priority (task, calls[i].priority);
      g_object_unref (cf_executor_submit_task (executor, task));
    }
  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  g_assert_cmpuint (order->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (g_ptr_array_index (order, i), ==, expected[i]);
}

enum { N_PASSED_OVER = 10000, MAX_HELD = 1000 };

/* The futures that are still there. Each is dropped by the test, and by the pool at a time of its own. */
static atomic_uint n_held;

static void
note_dropped (gpointer  unused,
              GObject  *unused_future)
{
  atomic_fetch_sub (&n_held, 1);
}

static CfFuture *
submit_with_priority (CfExecutor *executor,
                      int         priority)
{
  g_autoptr(CfTask) task = cf_task_new_local (return_nothing, NULL, NULL);
  CfFuture *future;

  cf_task_set_priority (task, priority);
  future = cf_executor_submit_task (executor, task);
  atomic_fetch_add (&n_held, 1);
  g_object_weak_ref (G_OBJECT (future), note_dropped, NULL);

  return future;
}

/* They are in the pool's queue, and this thread makes them before their turn. */
static gboolean
wait_for_many_of_other_priorities (CfFuture  *future,
                                   GValue    *result,
                                   gpointer   executor,
                                   GError   **error)
{
  for (guint i = 0; i < N_PASSED_OVER; i++)
    {
      g_autoptr(CfFuture) call = submit_with_priority (executor, i % 2 == 0 ? G_PRIORITY_HIGH : G_PRIORITY_LOW);

      cf_future_wait (call, -1, NULL, NULL);
    }

  g_assert_cmpuint (n_held, <, MAX_HELD);
  return TRUE;
}

static void
test_lets_go_of_what_its_waiter_made (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, wait_for_many_of_other_priorities, executor, NULL);

  cf_future_wait (future, -1, NULL, NULL);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (n_held, ==, 0);
}

static void
test_lets_go_of_what_was_cancelled (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) waiting = NULL;
  Blocker blocker = BLOCKER_INIT;

  occupy (executor, &blocker);
  waiting = submit_with_priority (executor, G_PRIORITY_LOW);
  for (guint i = 0; i < N_PASSED_OVER; i++)
    {
      g_autoptr(CfFuture) call = submit_with_priority (executor, i % 2 == 0 ? G_PRIORITY_HIGH : G_PRIORITY_LOW);

      g_assert_true (cf_future_cancel (call));
    }
  g_assert_cmpuint (n_held, <, MAX_HELD);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 1);

  gate_open (&blocker.go_on);
  g_assert_true (cf_future_wait (waiting, -1, NULL, NULL));
  g_clear_object (&waiting);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (n_held, ==, 0);
}

/* Time limits. */

static void
test_timeout_at_once (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfTask) task = cf_task_new_local (block, &blocker, NULL);
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfFuture) next = NULL;

  cf_task_set_timeout (task, 1000);
  future = cf_executor_submit_task (executor, task);

  /* The function does not look at its cancellable, but the future does not wait for it. */
  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gate_wait (&blocker.begun);
  yield_until (g_cancellable_is_cancelled (cf_future_get_cancellable (future)));

  /* Its late result is dropped, and the thread is free again. */
  gate_open (&blocker.go_on);
  next = cf_executor_submit_local (executor, return_nothing, NULL, NULL);
  g_assert_true (cf_future_wait (next, -1, NULL, NULL));
  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

enum { N_TIMED_OUT = 5 };

/* In the thread that ends calls at their timeout: waits until the next one has timed out, too. */
static void
wait_for_next_timeout (CfFuture *future,
                       gpointer  next)
{
  cf_future_wait (next, -1, NULL, NULL);
}

/* A callback without a context that takes its time keeps no other call from timing out. */
static void
test_timeout_of_others (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (N_TIMED_OUT);
  Blocker blocker = BLOCKER_INIT;
  CfFuture *futures[N_TIMED_OUT];

  for (int i = N_TIMED_OUT - 1; i >= 0; i--)
    {
      g_autoptr(CfTask) task = cf_task_new_local (block, &blocker, NULL);

      cf_task_set_timeout (task, 1000 * (i + 1));
      futures[i] = cf_executor_submit_task (executor, task);
      if (i + 1 < N_TIMED_OUT)
        cf_future_add_done_callback_full (futures[i], NULL, wait_for_next_timeout,
                                          g_object_ref (futures[i + 1]), g_object_unref);
    }

  for (guint i = 0; i < N_TIMED_OUT; i++)
    g_assert_error (await_error (futures[i]), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  for (guint i = 0; i < N_TIMED_OUT; i++)
    g_object_unref (futures[i]);
}

static void
test_timeout_counts_from_the_start (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfTask) task = cf_task_new_local (block, &blocker, NULL);
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;

  occupy (executor, &blocker);
  cf_task_set_timeout (task, 1000);
  future = cf_executor_submit_task (executor, task);

  /* Ten times its limit passes while it is pending. */
  g_assert_false (cf_future_wait (future, 10000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);

  g_assert_true (cf_future_cancel (future));
  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_timeout_long_enough (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfTask) task = cf_task_new_local (return_nothing, NULL, NULL);
  g_autoptr(CfFuture) future = NULL;

  cf_task_set_timeout (task, 3600 * G_TIME_SPAN_SECOND);
  future = cf_executor_submit_task (executor, task);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_assert_no_error (await_error (future));
  g_assert_false (g_cancellable_is_cancelled (cf_future_get_cancellable (future)));

  /* Nothing waits for the hour to pass. */
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_finalize_object (g_steal_pointer (&future));
}

/* Shutting down. */

static void
test_shutdown_without_waiting (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  atomic_uint n_calls = 0;
  g_autoptr(CfFuture) running = cf_executor_submit_local (executor, block, &blocker, NULL);
  g_autoptr(CfFuture) pending = cf_executor_submit_local (executor, count_call, &n_calls, NULL);

  gate_wait (&blocker.begun);
  cf_executor_shutdown (executor, CF_SHUTDOWN_DEFAULT);
  g_assert_true (cf_executor_is_shut_down (executor));
  g_assert_true (cf_future_is_running (running));
  g_assert_cmpint (cf_future_get_state (pending), ==, CF_FUTURE_STATE_PENDING);

  gate_open (&blocker.go_on);
  g_assert_true (cf_future_wait (pending, -1, NULL, NULL));
  g_assert_cmpuint (atomic_load (&n_calls), ==, 1);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static gpointer
shut_down_in_thread (gpointer executor)
{
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return GUINT_TO_POINTER (cf_executor_get_n_running (executor));
}

static void
test_shutdown_waits (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  GThread *threads[4];

  occupy (executor, &blocker);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("closer", shut_down_in_thread, executor);
  yield_until (cf_executor_is_shut_down (executor));
  g_assert_cmpuint (cf_executor_get_n_running (executor), ==, 1);

  gate_open (&blocker.go_on);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (threads[i])), ==, 0);
}

static void
test_shutdown_cancels_and_waits (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  atomic_uint n_calls = 0;
  g_autoptr(CfFuture) running = cf_executor_submit_local (executor, block, &blocker, NULL);
  g_autoptr(CfFuture) pending = cf_executor_submit_local (executor, count_call, &n_calls, NULL);

  gate_wait (&blocker.begun);
  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT | CF_SHUTDOWN_CANCEL_PENDING);

  g_assert_cmpint (cf_future_get_state (running), ==, CF_FUTURE_STATE_FINISHED);
  g_assert_true (cf_future_is_done (pending));
  g_assert_cmpuint (atomic_load (&n_calls), ==, cf_future_is_cancelled (pending) ? 0 : 1);
}

typedef struct
{
  gboolean  called;
  gboolean  success;
  GError   *error;
} Answer;

static void
on_shut_down (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Answer *answer = user_data;

  answer->success = cf_executor_shutdown_finish (CF_EXECUTOR (source), result, &answer->error);
  answer->called = TRUE;
}

static void
test_shutdown_async (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  atomic_uint n_calls = 0;
  Answer keeping = { 0 };
  Answer cancelling = { 0 };
  g_autoptr(CfFuture) pending = NULL;

  occupy (executor, &blocker);
  pending = cf_executor_submit_local (executor, count_call, &n_calls, NULL);

  cf_executor_shutdown_async (executor, CF_SHUTDOWN_DEFAULT, NULL, on_shut_down, &keeping);
  loop_while_ready (NULL);
  g_assert_false (keeping.called);
  g_assert_cmpint (cf_future_get_state (pending), ==, CF_FUTURE_STATE_PENDING);

  cf_executor_shutdown_async (executor, CF_SHUTDOWN_CANCEL_PENDING, NULL, on_shut_down, &cancelling);
  g_assert_true (cf_future_is_cancelled (pending));
  loop_while_ready (NULL);
  g_assert_false (keeping.called);
  g_assert_false (cancelling.called);

  gate_open (&blocker.go_on);
  loop_until (NULL, keeping.called && cancelling.called);
  g_assert_true (keeping.success);
  g_assert_no_error (keeping.error);
  g_assert_true (cancelling.success);
  g_assert_no_error (cancelling.error);
  g_assert_cmpuint (atomic_load (&n_calls), ==, 0);
}

static void
test_shutdown_async_cancelled (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Blocker blocker = BLOCKER_INIT;
  Answer answer = { 0 };

  occupy (executor, &blocker);
  cf_executor_shutdown_async (executor, CF_SHUTDOWN_DEFAULT, cancellable, on_shut_down, &answer);
  g_cancellable_cancel (cancellable);
  loop_until (NULL, answer.called);
  g_assert_false (answer.success);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&answer.error);

  /* Only the wait was given up. */
  g_assert_true (cf_executor_is_shut_down (executor));
  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* GLib would wait for ever for a thread in which to wait. */
static void
test_shutdown_async_without_threads (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  Answer answer = { 0 };

  /* Has GLib start its own thread while it can. */
  g_type_class_unref (g_type_class_ref (G_TYPE_TASK));

  atomic_store (&n_refusals, G_MAXINT);
  cf_executor_shutdown_async (executor, CF_SHUTDOWN_DEFAULT, NULL, on_shut_down, &answer);
  atomic_store (&n_refusals, 0);
  loop_until (NULL, answer.called);
  g_assert_false (answer.success);
  g_assert_error (answer.error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_clear_error (&answer.error);
  g_assert_true (cf_executor_is_shut_down (executor));
}

typedef struct
{
  CfExecutor *executor;
  gboolean    wait;
} Closing;

static gboolean
shut_down_in_call (CfFuture  *future,
                   GValue    *result,
                   gpointer   user_data,
                   GError   **error)
{
  Closing *closing = user_data;
  g_autoptr(CfFuture) late = NULL;

  cf_executor_shutdown (closing->executor, closing->wait ? CF_SHUTDOWN_WAIT : CF_SHUTDOWN_DEFAULT);
  late = cf_executor_submit_local (closing->executor, return_nothing, NULL, NULL);
  if (!g_error_matches (await_error (late), CF_ERROR, CF_ERROR_SHUT_DOWN))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The call was taken");

  return *error == NULL;
}

static void
test_shutdown_from_a_call (void)
{
  for (guint wait = FALSE; wait <= TRUE; wait++)
    {
      g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
      Closing closing = { executor, wait };
      g_autoptr(CfFuture) future = cf_executor_submit_local (executor, shut_down_in_call, &closing, NULL);

      g_assert_true (cf_future_wait (future, -1, NULL, NULL));
      g_assert_no_error (await_error (future));
      g_assert_true (cf_executor_is_shut_down (executor));
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }
}

typedef struct
{
  CfExecutor  *executor;
  atomic_uint *n_calls;
} Fork;

static gboolean
submit_one_more (CfFuture  *future,
                 GValue    *result,
                 gpointer   user_data,
                 GError   **error)
{
  Fork *forked = user_data;

  submit_and_forget (forked->executor, count_call, forked->n_calls);

  return TRUE;
}

static void
test_shutdown_waits_for_what_calls_submitted (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  atomic_uint n_calls = 0;
  Fork forked = { executor, &n_calls };
  CfFuture *futures[100];

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    futures[i] = cf_executor_submit_local (executor, submit_one_more, &forked, NULL);
  g_assert_true (cf_wait (futures, G_N_ELEMENTS (futures), CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  g_assert_cmpuint (atomic_load (&n_calls), ==, G_N_ELEMENTS (futures));
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    g_object_unref (futures[i]);
}

static void
test_scope (void)
{
  g_autoptr(CfExecutor) kept = NULL;
  atomic_uint n_calls = 0;

  {
    g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
    CF_EXECUTOR_AUTO_SHUTDOWN (executor, scope);

    kept = g_object_ref (executor);
    for (guint i = 0; i < 4; i++)
      submit_and_forget (executor, count_call, &n_calls);
    g_assert_false (cf_executor_is_shut_down (executor));
  }

  g_assert_true (cf_executor_is_shut_down (kept));
  g_assert_cmpuint (atomic_load (&n_calls), ==, 4);
}

static void
test_dropped (void)
{
  enum { N_CALLS = 100 };
  CfExecutor *executor = cf_thread_pool_executor_new (2);
  Blocker blocker = BLOCKER_INIT;
  atomic_uint n_calls = 0;
  CfFuture *futures[N_CALLS];

  occupy (executor, &blocker);
  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit_local (executor, count_call, &n_calls, NULL);
  g_object_unref (executor);
  gate_open (&blocker.go_on);
  gate_wait_for (&blocker.ended, 2);

  g_assert_true (cf_wait (futures, N_CALLS, CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL));
  g_assert_cmpuint (atomic_load (&n_calls), ==, N_CALLS);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_cmpint (cf_future_get_state (futures[i]), ==, CF_FUTURE_STATE_FINISHED);
      g_object_unref (futures[i]);
    }
  yield_until (count_threads ("cf-pool") == 0);
}

typedef struct
{
  CfExecutor *executor;
  Gate       *dropped;
} LastReference;

static void
drop_last_reference (gpointer user_data)
{
  LastReference *last = user_data;

  g_object_unref (last->executor);
  gate_open (last->dropped);
}

static void
test_dropped_by_its_own_thread (void)
{
  CfExecutor *executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  Gate dropped = GATE_INIT;
  LastReference last = { executor, &dropped };
  CfTask *task;
  atomic_uint n_calls = 0;
  g_autoptr(CfFuture) after = NULL;

  /* The data of the second call are the last reference to the executor that runs it. */
  occupy (executor, &blocker);
  task = cf_task_new_local (return_nothing, &last, drop_last_reference);
  cf_task_set_free_in_worker (task, TRUE);
  g_object_unref (cf_executor_submit_task (executor, task));
  g_clear_object (&task);
  after = cf_executor_submit_local (executor, count_call, &n_calls, NULL);

  gate_open (&blocker.go_on);
  gate_wait (&dropped);
  g_assert_true (cf_future_wait (after, -1, NULL, NULL));
  g_assert_cmpuint (atomic_load (&n_calls), ==, 1);
  yield_until (count_threads ("cf-pool") == 0);
}

static void
test_bad_arguments (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  CfThreadPoolExecutor *none = NULL;

  assert_critical (cf_thread_pool_executor_set_initializer (none, prepare_thread, NULL, NULL));
  assert_critical (g_assert_null (cf_thread_pool_executor_get_thread_name_prefix (none)));
  assert_critical (cf_thread_pool_executor_get_idle_timeout (none));
  assert_critical (cf_thread_pool_executor_set_idle_timeout (none, 1));
  assert_critical (cf_thread_pool_executor_set_idle_timeout (CF_THREAD_POOL_EXECUTOR (executor), -2));
  g_assert_cmpint (cf_thread_pool_executor_get_idle_timeout (CF_THREAD_POOL_EXECUTOR (executor)), ==, -1);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/thread-pool/threads/start-when-they-are-needed", test_lazy);
  g_test_add_func ("/thread-pool/threads/idle-ones-are-used-before-new-ones-start", test_reuse);
  g_test_add_func ("/thread-pool/threads/run-as-many-calls-at-once-as-there-are-workers", test_parallel);
  g_test_add_func ("/thread-pool/threads/never-run-more-calls-than-there-are-workers", test_never_more);
  g_test_add_func ("/thread-pool/threads/have-names", test_names);
  g_test_add_func ("/thread-pool/threads/long-names-show-the-number", test_long_name);
  g_test_add_func ("/thread-pool/threads/have-names-by-default", test_default_name);
  g_test_add_func ("/thread-pool/threads/have-names-though-the-prefix-is-null", test_null_name);
  g_test_add_func ("/thread-pool/threads/end-with-the-pool", test_threads_end);
  g_test_add_func ("/thread-pool/threads/end-when-idle-for-long", test_idle_timeout);
  g_test_add_func ("/thread-pool/threads/end-when-they-learn-that-they-may", test_idle_timeout_while_idle);
  g_test_add_func ("/thread-pool/threads/one-that-is-slow-to-end-holds-up-nobody", test_ending_thread_holds_up_nobody);
  g_test_add_func ("/thread-pool/size/has-a-default", test_default_size);
  g_test_add_func ("/thread-pool/size/by-default-follows-the-cpus-of-the-process", test_default_size_on_one_cpu);

  g_test_add_func ("/thread-pool/initializer/runs-once-in-each-thread-before-its-first-call", test_initializer);
  g_test_add_func ("/thread-pool/initializer/can-be-replaced-until-a-thread-has-begun", test_initializer_replaced);
  g_test_add_func ("/thread-pool/initializer/that-fails-breaks-the-pool", test_initializer_fails);

  g_test_add_func ("/thread-pool/nested/wait-1000-deep", test_nested_wait);
  g_test_add_func ("/thread-pool/nested/wait-with-a-limit-1000-deep", test_nested_wait_with_limit);
  g_test_add_func ("/thread-pool/nested/wait-for-a-set-1000-deep", test_nested_set);
  g_test_add_func ("/thread-pool/nested/as-completed-1000-deep", test_nested_iterator);
  g_test_add_func ("/thread-pool/nested/map", test_nested_map);
  g_test_add_func ("/thread-pool/nested/runs-the-call-in-the-thread-that-waits", test_nested_runs_here);
  g_test_add_func ("/thread-pool/nested/fork-and-join", test_fork_and_join);
  g_test_add_func ("/thread-pool/nested/another-thread-takes-the-place-of-one-that-waits",
                   test_makes_up_for_blocked_threads);
  g_test_add_func ("/thread-pool/nested/another-thread-takes-the-place-of-one-that-waits-for-a-set",
                   test_makes_up_for_threads_blocked_on_sets);
  g_test_add_func ("/thread-pool/nested/the-first-to-complete-need-not-wait-for-another",
                   test_first_is_not_behind_another);
  g_test_add_func ("/thread-pool/nested/the-next-to-complete-need-not-wait-for-another",
                   test_next_is_not_behind_another);
  g_test_add_func ("/thread-pool/nested/a-time-limit-ends-the-wait-for-a-call-that-runs-on",
                   test_time_limit_holds_in_a_call);
  g_test_add_func ("/thread-pool/nested/a-cancellable-ends-the-wait-for-a-call-that-runs-on",
                   test_cancellable_holds_in_a_call);
  g_test_add_func ("/thread-pool/nested/two-pools-may-wait-for-each-other", test_two_pools);

  g_test_add_func ("/thread-pool/nested/wait-with-a-timeout-and-a-lock", test_wait_with_lock);
  g_test_add_func ("/thread-pool/nested/wait-with-a-timeout-and-a-lock-without-substitutes",
                   test_wait_with_lock_without_substitutes);

  g_test_add_func ("/thread-pool/substitutes/are-limited", test_substitutes_are_limited);
  g_test_add_func ("/thread-pool/substitutes/end-when-they-are-no-longer-needed", test_substitutes_go_home);
  g_test_add_func ("/thread-pool/refused/the-first-thread-fails-the-call-but-not-the-pool",
                   test_refused_thread_fails_the_call);
  g_test_add_func ("/thread-pool/refused/a-substitute-is-tried-again", test_refused_substitute_is_tried_again);
  g_test_add_func ("/thread-pool/refused/a-thread-that-waits-makes-the-call-itself",
                   test_refused_substitute_is_not_needed);
  g_test_add_func ("/thread-pool/refused/the-asynchronous-shutdown-says-so", test_shutdown_async_without_threads);

  g_test_add_func ("/thread-pool/aside/a-callback-does-not-hold-up-other-calls", test_callback_leaves_others_running);
  g_test_add_func ("/thread-pool/aside/attached-data-does-not-hold-up-other-calls",
                   test_attached_data_leaves_others_running);
  g_test_add_func ("/thread-pool/aside/a-result-does-not-hold-up-other-calls", test_result_leaves_others_running);

  g_test_add_func ("/thread-pool/order/is-that-of-submission", test_order);
  g_test_add_func ("/thread-pool/order/follows-priorities", test_priorities);
  g_test_add_func ("/thread-pool/order/lets-go-of-calls-that-their-waiter-has-made", test_lets_go_of_what_its_waiter_made);
  g_test_add_func ("/thread-pool/order/lets-go-of-calls-that-were-cancelled", test_lets_go_of_what_was_cancelled);

  g_test_add_func ("/thread-pool/timeout/fails-the-future-at-once", test_timeout_at_once);
  g_test_add_func ("/thread-pool/timeout/waits-for-no-callback-of-another-call", test_timeout_of_others);
  g_test_add_func ("/thread-pool/timeout/counts-from-the-start-of-the-call", test_timeout_counts_from_the_start);
  g_test_add_func ("/thread-pool/timeout/does-nothing-to-a-call-that-is-fast-enough", test_timeout_long_enough);

  g_test_add_func ("/thread-pool/shutdown/need-not-wait", test_shutdown_without_waiting);
  g_test_add_func ("/thread-pool/shutdown/waits-in-several-threads", test_shutdown_waits);
  g_test_add_func ("/thread-pool/shutdown/cancels-and-waits", test_shutdown_cancels_and_waits);
  g_test_add_func ("/thread-pool/shutdown/async-answers-when-the-last-call-has-ended", test_shutdown_async);
  g_test_add_func ("/thread-pool/shutdown/async-cancelled-gives-up-only-the-wait", test_shutdown_async_cancelled);
  g_test_add_func ("/thread-pool/shutdown/from-a-call-does-not-wait-for-itself", test_shutdown_from_a_call);
  g_test_add_func ("/thread-pool/shutdown/waits-for-what-calls-submitted",
                   test_shutdown_waits_for_what_calls_submitted);
  g_test_add_func ("/thread-pool/shutdown/at-the-end-of-a-scope", test_scope);
  g_test_add_func ("/thread-pool/drop/runs-what-was-submitted", test_dropped);
  g_test_add_func ("/thread-pool/drop/by-its-own-thread", test_dropped_by_its_own_thread);

  g_test_add_func ("/thread-pool/arguments/nonsense-is-rejected", test_bad_arguments);

  return g_test_run ();
}
