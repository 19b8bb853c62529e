/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What cf_executor_describe() tells of each kind of executor. */

#include <string.h>

#include <cfutures.h>

#include "blocker.h"
#include "gates.h"
#include "process-gates.h"
#include "threads.h"

#define MANY 10000

/* Reading a description. */

static GVariant *
get_list (GVariant   *description,
          const char *key)
{
  GVariant *list = g_variant_lookup_value (description, key, G_VARIANT_TYPE ("aa{sv}"));

  g_assert_nonnull (list);
  return list;
}

static guint
count (GVariant   *description,
       const char *key)
{
  g_autoptr(GVariant) list = get_list (description, key);

  return g_variant_n_children (list);
}

static GVariant *
get_nth (GVariant   *description,
         const char *key,
         guint       i)
{
  g_autoptr(GVariant) list = get_list (description, key);

  g_assert_cmpuint (i, <, g_variant_n_children (list));
  return g_variant_get_child_value (list, i);
}

static void
assert_string (GVariant   *description,
               const char *key,
               const char *expected)
{
  const char *value = NULL;

  g_variant_lookup (description, key, "&s", &value);
  g_assert_cmpstr (value, ==, expected);
}

static guint64
get_count (GVariant   *description,
           const char *key)
{
  guint64 value = 0;

  g_assert_true (g_variant_lookup (description, key, "t", &value));
  return value;
}

static gint64
get_age (GVariant *call)
{
  gint64 age = -1;

  g_variant_lookup (call, "age", "x", &age);
  return age;
}

/* The call that some worker is in the middle of, or NULL. */
static GVariant *
find_running (GVariant   *description,
              const char *name)
{
  g_autoptr(GVariant) workers = get_list (description, "workers");

  for (gsize i = 0; i < g_variant_n_children (workers); i++)
    {
      g_autoptr(GVariant) worker = g_variant_get_child_value (workers, i);
      g_autoptr(GVariant) calls = get_list (worker, "calls");

      for (gsize j = 0; j < g_variant_n_children (calls); j++)
        {
          g_autoptr(GVariant) call = g_variant_get_child_value (calls, j);
          const char *found = NULL;

          if (g_variant_lookup (call, "name", "&s", &found) && g_str_equal (found, name))
            return g_steal_pointer (&call);
        }
    }

  return NULL;
}

static CfFuture *
submit_named (CfExecutor  *executor,
              const char  *name,
              int          priority,
              CfLocalFunc  func,
              gpointer     data)
{
  g_autoptr(CfTask) task = cf_task_new_local (func, data, NULL);

  cf_task_set_name (task, name);
  cf_task_set_priority (task, priority);
  return cf_executor_submit_task (executor, task);
}

static gboolean
do_nothing (CfFuture  *future,
            GValue    *result,
            gpointer   user_data,
            GError   **error)
{
  return TRUE;
}

/* Threads. */

static void
test_idle (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(GVariant) description = cf_executor_describe (executor);
  guint max_workers = 0;

  g_assert_true (g_variant_is_of_type (description, G_VARIANT_TYPE_VARDICT));
  assert_string (description, "type", "CfThreadPoolExecutor");
  assert_string (description, "state", "open");
  assert_string (description, "thread-name-prefix", "cf-pool");
  g_assert_true (g_variant_lookup (description, "max-workers", "u", &max_workers));
  g_assert_cmpuint (max_workers, ==, 2);
  g_assert_cmpuint (get_count (description, "n-pending"), ==, 0);
  g_assert_cmpuint (count (description, "workers"), ==, 0);
  g_assert_cmpuint (count (description, "waiting"), ==, 0);
}

static gboolean
report_and_block (CfFuture  *future,
                  GValue    *result,
                  gpointer   user_data,
                  GError   **error)
{
  cf_future_report_progress (future, 0.25, "a quarter");
  return block (future, result, user_data, error);
}

static void
test_running (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfFuture) future G_GNUC_UNUSED = submit_named (executor, "load", -5, report_and_block, &blocker);
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GVariant) worker = NULL;
  g_autoptr(GVariant) call = NULL;
  double progress = 0.0;
  int priority = 0;
  int id = 0;

  gate_wait (&blocker.begun);
  description = cf_executor_describe (executor);
  worker = get_nth (description, "workers", 0);
  call = get_nth (worker, "calls", 0);

  assert_string (worker, "name", "cf-pool-1");
  assert_string (worker, "state", "running");
  g_assert_true (g_variant_lookup (worker, "thread", "i", &id));
  g_assert_cmpint (id, >, 0);
  assert_string (call, "name", "load");
  assert_string (call, "state", "running");
  assert_string (call, "message", "a quarter");
  g_assert_true (g_variant_lookup (call, "progress", "d", &progress));
  g_assert_cmpfloat (progress, ==, 0.25);
  g_assert_true (g_variant_lookup (call, "priority", "i", &priority));
  g_assert_cmpint (priority, ==, -5);
  g_assert_cmpint (get_age (call), >=, 0);
  g_assert_cmpuint (get_count (description, "n-running"), ==, 1);

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* The age of a call that was submitted before anybody looked: in a process in which nobody has. */
static void
in_fresh_process (void)
{
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

static void
test_age (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  gint64 begin = g_get_monotonic_time ();
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GVariant) worker = NULL;
  g_autoptr(GVariant) call = NULL;

  if (!g_test_subprocess ())
    {
      in_fresh_process ();
      return;
    }

  future = cf_executor_submit_local (executor, block, &blocker, NULL);
  gate_wait (&blocker.begun);
  yield_until (g_get_monotonic_time () > begin + 50 * 1000);
  description = cf_executor_describe (executor);
  worker = get_nth (description, "workers", 0);
  call = get_nth (worker, "calls", 0);
  g_assert_cmpint (get_age (call), >, 0);
  g_assert_cmpint (get_age (call), <=, g_get_monotonic_time () - begin + 20 * 1000);

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_waiting (void)
{
  static const struct
  {
    const char *name;
    int         priority;
  } tasks[] = { { "later", 10 }, { "usual", 0 }, { "urgent", -10 }, { "next", 0 }, { "last", 20 } };
  static const char *const expected[] = { "urgent", "usual", "next", "later", "last" };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfFuture) first G_GNUC_UNUSED = cf_executor_submit_local (executor, block, &blocker, NULL);
  g_autoptr(GVariant) description = NULL;

  gate_wait (&blocker.begun);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    g_object_unref (submit_named (executor, tasks[i].name, tasks[i].priority, do_nothing, NULL));

  description = cf_executor_describe (executor);
  g_assert_cmpuint (get_count (description, "n-pending"), ==, G_N_ELEMENTS (tasks));
  g_assert_cmpuint (count (description, "waiting"), ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr(GVariant) call = get_nth (description, "waiting", i);

      assert_string (call, "name", expected[i]);
      assert_string (call, "state", "pending");
      g_assert_cmpint (get_age (call), >=, 0);
    }

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_bounded (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfFuture) first G_GNUC_UNUSED = cf_executor_submit_local (executor, block, &blocker, NULL);
  g_autoptr(GVariant) description = NULL;

  gate_wait (&blocker.begun);
  for (guint i = 0; i < MANY; i++)
    g_object_unref (cf_executor_submit_local (executor, do_nothing, NULL, NULL));

  description = cf_executor_describe (executor);
  g_assert_cmpuint (get_count (description, "n-pending"), ==, MANY);
  g_assert_cmpuint (count (description, "waiting"), ==, 100);

  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* A call that waits for another one of its pool, which its thread makes meanwhile. */

typedef struct
{
  CfExecutor *executor;
  Blocker     inner;
} Nest;

static gboolean
wait_for_inner (CfFuture  *future,
                GValue    *result,
                gpointer   user_data,
                GError   **error)
{
  Nest *nest = user_data;
  g_autoptr(CfFuture) inner = submit_named (nest->executor, "inner", 0, block, &nest->inner);

  return cf_future_wait (inner, -1, NULL, error);
}

static void
test_nested (void)
{
  Nest nest = { cf_thread_pool_executor_new (1), BLOCKER_INIT };
  g_autoptr(CfFuture) future G_GNUC_UNUSED = submit_named (nest.executor, "outer", 0, wait_for_inner, &nest);
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GVariant) worker = NULL;
  g_autoptr(GVariant) inner = NULL;
  g_autoptr(GVariant) outer = NULL;

  gate_wait (&nest.inner.begun);
  description = cf_executor_describe (nest.executor);
  worker = get_nth (description, "workers", 0);
  inner = get_nth (worker, "calls", 0);
  outer = get_nth (worker, "calls", 1);
  assert_string (inner, "name", "inner");
  assert_string (outer, "name", "outer");

  gate_open (&nest.inner.go_on);
  cf_executor_shutdown (nest.executor, CF_SHUTDOWN_WAIT);
  g_object_unref (nest.executor);
}

/* A call that waits for something else, and one that submits others, which stand in the deque of its thread. */

static gboolean
wait_for_promise (CfFuture  *future,
                  GValue    *result,
                  gpointer   user_data,
                  GError   **error)
{
  return cf_future_wait (user_data, -1, NULL, error);
}

static gboolean
submit_and_block (CfFuture  *future,
                  GValue    *result,
                  gpointer   user_data,
                  GError   **error)
{
  Nest *nest = user_data;

  for (guint i = 0; i < 3; i++)
    g_object_unref (submit_named (nest->executor, "child", 0, do_nothing, NULL));

  return block (future, result, &nest->inner, error);
}

static gboolean
is_blocked (CfExecutor *executor)
{
  g_autoptr(GVariant) description = cf_executor_describe (executor);
  g_autoptr(GVariant) worker = get_nth (description, "workers", 0);
  const char *state;

  g_assert_true (g_variant_lookup (worker, "state", "&s", &state));
  return g_str_equal (state, "blocked");
}

static void
test_blocked (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) promise = cf_future_new ();
  g_autoptr(CfFuture) future = submit_named (executor, "patient", 0, wait_for_promise, promise);

  yield_until (cf_future_get_state (future) == CF_FUTURE_STATE_RUNNING);
  yield_until (is_blocked (executor));

  cf_future_set_value (promise, NULL, NULL);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_deque (void)
{
  Nest nest = { cf_thread_pool_executor_new (1), BLOCKER_INIT };
  g_autoptr(CfFuture) future G_GNUC_UNUSED = submit_named (nest.executor, "parent", 0, submit_and_block, &nest);
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GVariant) call = NULL;

  gate_wait (&nest.inner.begun);
  description = cf_executor_describe (nest.executor);
  g_assert_cmpuint (count (description, "waiting"), ==, 3);
  call = get_nth (description, "waiting", 0);
  assert_string (call, "name", "child");

  gate_open (&nest.inner.go_on);
  cf_executor_shutdown (nest.executor, CF_SHUTDOWN_WAIT);
  g_object_unref (nest.executor);
}

static gboolean
describe_own (CfFuture  *future,
              GValue    *result,
              gpointer   user_data,
              GError   **error)
{
  g_autoptr(GVariant) description = cf_executor_describe (user_data);

  g_value_init (result, G_TYPE_VARIANT);
  g_value_set_variant (result, description);
  return TRUE;
}

static void
test_from_inside (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = submit_named (executor, "curious", 0, describe_own, executor);
  g_autoptr(GVariant) description = cf_future_await_variant (future, NULL);
  g_autoptr(GVariant) call = NULL;

  g_assert_nonnull (description);
  call = find_running (description, "curious");
  g_assert_nonnull (call);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* While a pool is shut down somebody may well want to know what it waits for. */

static gpointer
shut_down (gpointer executor)
{
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  return NULL;
}

static void
test_shutdown (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfFuture) future G_GNUC_UNUSED = submit_named (executor, "slow", 0, block, &blocker);
  g_autoptr(GVariant) during = NULL;
  g_autoptr(GVariant) after = NULL;
  g_autoptr(GVariant) call = NULL;
  GThread *thread;

  gate_wait (&blocker.begun);
  thread = g_thread_new ("shutdown", shut_down, executor);
  yield_until (cf_executor_is_shut_down (executor));
  during = cf_executor_describe (executor);
  assert_string (during, "state", "shut-down");
  call = find_running (during, "slow");
  g_assert_nonnull (call);

  gate_open (&blocker.go_on);
  g_thread_join (thread);
  after = cf_executor_describe (executor);
  g_assert_cmpuint (count (after, "workers"), ==, 0);
  g_assert_cmpuint (get_count (after, "n-completed"), ==, 1);
}

/* Somebody looks all the time, while calls come and go, are nested, stolen and cancelled. */

static gboolean
submit_children (CfFuture  *future,
                 GValue    *result,
                 gpointer   user_data,
                 GError   **error)
{
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr(CfFuture) child = cf_executor_submit_local (user_data, do_nothing, NULL, NULL);

      if (i == 1)
        cf_future_cancel (child);
      if (i == 2)
        cf_future_wait (child, -1, NULL, NULL);

      /* The pool may have been shut down. */
      cf_future_get_error (child);
    }

  return TRUE;
}

static gpointer
look_all_the_time (gpointer executor)
{
  while (!cf_executor_is_shut_down (executor))
    g_variant_unref (cf_executor_describe (executor));

  return NULL;
}

static void
test_race (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (3);
  GThread *thread = g_thread_new ("onlooker", look_all_the_time, executor);

  for (guint i = 0; i < MANY; i++)
    {
      g_autoptr(CfFuture) future = i % 16 == 0 ? submit_named (executor, "parent", i % 3, submit_children, executor)
                                               : cf_executor_submit_local (executor, submit_children, executor, NULL);

      if (i % 7 == 0)
        cf_future_cancel (future);
      if (i % 1000 == 0)
        g_assert_true (cf_executor_drain (executor, NULL, NULL));
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT | CF_SHUTDOWN_CANCEL_PENDING);
  g_thread_join (thread);
}

/* Other executors. */

static void
test_inline (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfFuture) future = submit_named (executor, "curious", 0, describe_own, executor);
  g_autoptr(GVariant) description = cf_future_await_variant (future, NULL);
  g_autoptr(GVariant) call = NULL;

  g_assert_nonnull (description);
  assert_string (description, "type", "CfInlineExecutor");
  call = find_running (description, "curious");
  g_assert_nonnull (call);
  g_assert_cmpint (get_age (call), >=, 0);
}

static void
test_main_context (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (context);
  g_autoptr(CfFuture) future = submit_named (executor, "ask", 0, do_nothing, NULL);
  g_autoptr(GVariant) before = cf_executor_describe (executor);
  g_autoptr(GVariant) after = NULL;
  g_autoptr(GVariant) call = get_nth (before, "waiting", 0);

  assert_string (call, "name", "ask");
  g_assert_cmpint (get_age (call), >=, 0);
  loop_until (context, cf_future_is_done (future));
  after = cf_executor_describe (executor);
  g_assert_cmpuint (count (after, "waiting"), ==, 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* Processes. */

static CfFuture *
submit_named_remotely (CfExecutor *executor,
                       const char *name,
                       CfFunc      func,
                       GVariant   *args)
{
  g_autoptr(CfTask) task = cf_task_new (func, args);

  cf_task_set_name (task, name);
  return cf_executor_submit_task (executor, task);
}

static void
test_processes (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) future = submit_named_remotely (executor, "parse", block_remotely,
                                                      remote_blocker_to_variant (blocker));
  g_autoptr(CfFuture) next = NULL;
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GVariant) worker = NULL;
  g_autoptr(GVariant) running = NULL;
  g_autoptr(GVariant) waiting = NULL;
  int pid = 0;

  process_gate_wait (blocker->begun);
  next = submit_named_remotely (executor, "next", open_gate_remotely, process_gate_to_variant (blocker->begun));

  description = cf_executor_describe (executor);
  assert_string (description, "type", "CfProcessPoolExecutor");
  assert_string (description, "state", "open");
  worker = get_nth (description, "workers", 0);
  running = get_nth (worker, "calls", 0);
  waiting = get_nth (description, "waiting", 0);
  assert_string (worker, "state", "running");
  assert_string (running, "name", "parse");
  assert_string (running, "state", "running");
  g_assert_cmpint (get_age (running), >=, 0);
  assert_string (waiting, "name", "next");
  g_assert_cmpint (get_age (waiting), >=, 0);
  g_assert_true (g_variant_lookup (worker, "pid", "i", &pid));

  process_gate_open (blocker->go_on);
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, pid);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_variant_unref (cf_executor_describe (executor));
}

static void
test_processes_age (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfFuture) next = NULL;
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GVariant) worker = NULL;
  g_autoptr(GVariant) running = NULL;
  g_autoptr(GVariant) waiting = NULL;

  if (!g_test_subprocess ())
    {
      in_fresh_process ();
      return;
    }

  future = remote_blocker_submit (blocker, executor);
  process_gate_wait (blocker->begun);
  next = cf_executor_submit (executor, open_gate_remotely, process_gate_to_variant (blocker->begun));

  description = cf_executor_describe (executor);
  worker = get_nth (description, "workers", 0);
  running = get_nth (worker, "calls", 0);
  waiting = get_nth (description, "waiting", 0);
  g_assert_cmpint (get_age (running), >=, 0);
  g_assert_cmpint (get_age (waiting), >=, 0);

  process_gate_open (blocker->go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_broken (void)
{
  const char *argv[] = { "/nonexistent", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
  g_autoptr(CfExecutor) executor = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GVariant) description = NULL;

  cf_worker_launcher_set_argv (launcher, argv);
  executor = cf_process_pool_executor_new_with_launcher (1, launcher);
  future = submit_named_remotely (executor, "vain", open_gate_remotely, g_variant_new_string (""));
  cf_future_wait (future, -1, NULL, NULL);
  g_assert_error (cf_future_get_error (future), CF_ERROR, CF_ERROR_BROKEN_EXECUTOR);

  description = cf_executor_describe (executor);
  assert_string (description, "state", "broken");
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/description/threads/age-before-anybody-has-looked", test_age);
  g_test_add_func ("/description/threads/idle", test_idle);
  g_test_add_func ("/description/threads/running", test_running);
  g_test_add_func ("/description/threads/waiting-in-their-order", test_waiting);
  g_test_add_func ("/description/threads/list-is-bounded-count-is-not", test_bounded);
  g_test_add_func ("/description/threads/nested", test_nested);
  g_test_add_func ("/description/threads/blocked", test_blocked);
  g_test_add_func ("/description/threads/submitted-by-a-call", test_deque);
  g_test_add_func ("/description/threads/from-inside", test_from_inside);
  g_test_add_func ("/description/threads/while-shut-down", test_shutdown);
  g_test_add_func ("/description/threads/at-any-time", test_race);
  g_test_add_func ("/description/inline", test_inline);
  g_test_add_func ("/description/main-context", test_main_context);
  g_test_add_func ("/description/processes/running-and-waiting", test_processes);
  g_test_add_func ("/description/processes/age-before-anybody-has-looked", test_processes_age);
  g_test_add_func ("/description/processes/broken", test_broken);

  return g_test_run ();
}
