/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfTask: what it says about itself, what it owns, and that it can be submitted again and again. What its options
 * do to a call is tested with the executors, over all of them. */

#include <cfutures.h>

#include "criticals.h"
#include "gates.h"

static GVariant *
echo (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  return args != NULL ? g_variant_ref (args) : NULL;
}

static gboolean
count_run (CfFuture  *future,
           GValue    *result,
           gpointer   user_data,
           GError   **error)
{
  atomic_uint *counters = user_data;

  g_assert_cmpuint (atomic_load (&counters[1]), ==, 0);
  atomic_fetch_add (&counters[0], 1);

  return TRUE;
}

static void
count_destroyed (gpointer user_data)
{
  atomic_uint *counters = user_data;

  atomic_fetch_add (&counters[1], 1);
}

static void
assert_defaults (CfTask *task)
{
  g_assert_null (cf_task_get_name (task));
  g_assert_cmpint (cf_task_get_priority (task), ==, 0);
  g_assert_cmpint (cf_task_get_timeout (task), ==, -1);
  g_assert_null (cf_task_get_cancellable (task));
  g_assert_null (cf_task_get_context (task));
}

static void
test_defaults (void)
{
  g_autoptr(CfTask) portable = cf_task_new (echo, NULL);
  g_autoptr(CfTask) named = cf_task_new_by_name ("libfoo.so:count", NULL);
  g_autoptr(CfTask) local = cf_task_new_local (count_run, NULL, NULL);

  assert_defaults (portable);
  assert_defaults (named);
  assert_defaults (local);
}

static void
test_options (void)
{
  g_autoptr(CfTask) task = cf_task_new (echo, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GMainContext) context = g_main_context_new ();

  cf_task_set_name (task, "counting words");
  cf_task_set_priority (task, G_PRIORITY_LOW);
  cf_task_set_timeout (task, 5);
  cf_task_set_cancellable (task, cancellable);
  cf_task_set_context (task, context);

  g_assert_cmpstr (cf_task_get_name (task), ==, "counting words");
  g_assert_cmpint (cf_task_get_priority (task), ==, G_PRIORITY_LOW);
  g_assert_cmpint (cf_task_get_timeout (task), ==, 5);
  g_assert_true (cf_task_get_cancellable (task) == cancellable);
  g_assert_true (cf_task_get_context (task) == context);

  cf_task_set_name (task, NULL);
  cf_task_set_timeout (task, -1);
  cf_task_set_cancellable (task, NULL);
  cf_task_set_context (task, NULL);

  g_assert_null (cf_task_get_name (task));
  g_assert_cmpint (cf_task_get_timeout (task), ==, -1);
  g_assert_null (cf_task_get_cancellable (task));
  g_assert_null (cf_task_get_context (task));
}

static void
test_name_is_a_copy (void)
{
  g_autoptr(CfTask) task = cf_task_new (echo, NULL);
  char name[] = "counting";

  cf_task_set_name (task, name);
  name[0] = 'C';
  g_assert_cmpstr (cf_task_get_name (task), ==, "counting");
}

static void
test_properties (void)
{
  g_autoptr(CfTask) task = cf_task_new (echo, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GCancellable) read_back = NULL;
  g_autofree char *name = NULL;
  gint64 timeout;
  int priority;

  g_object_set (task,
                "name", "counting",
                "priority", -5,
                "timeout", G_GINT64_CONSTANT (7),
                "cancellable", cancellable,
                NULL);
  g_object_get (task,
                "name", &name,
                "priority", &priority,
                "timeout", &timeout,
                "cancellable", &read_back,
                NULL);

  g_assert_cmpstr (name, ==, "counting");
  g_assert_cmpint (priority, ==, -5);
  g_assert_cmpint (timeout, ==, 7);
  g_assert_true (read_back == cancellable);
}

static void
test_owns_options (void)
{
  CfTask *task = cf_task_new (echo, NULL);
  GCancellable *cancellable = g_cancellable_new ();

  cf_task_set_cancellable (task, cancellable);
  g_object_unref (cancellable);
  g_assert_false (g_cancellable_is_cancelled (cf_task_get_cancellable (task)));

  g_object_ref (cancellable);
  g_object_unref (task);
  g_assert_finalize_object (cancellable);
}

static void
test_destroys_data (void)
{
  CfTask *task;
  atomic_uint counters[2] = { 0, 0 };

  task = cf_task_new_local (count_run, counters, count_destroyed);
  g_object_unref (task);
  g_assert_cmpuint (atomic_load (&counters[0]), ==, 0);
  g_assert_cmpuint (atomic_load (&counters[1]), ==, 1);
}

static void
test_submitted_often (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  CfTask *task;
  atomic_uint counters[2] = { 0, 0 };

  task = cf_task_new_local (count_run, counters, count_destroyed);
  for (guint i = 0; i < 100; i++)
    g_object_unref (cf_executor_submit_task (executor, task));

  /* The calls keep what they need. */
  g_object_unref (task);
  cf_executor_shutdown (executor, TRUE, FALSE);
  g_assert_cmpuint (atomic_load (&counters[0]), ==, 100);
  g_assert_cmpuint (atomic_load (&counters[1]), ==, 1);
}

/* A call whose time is over while its function runs. */
typedef struct
{
  Gate        time_is_over;
  atomic_uint n_destroyed;
  guint       n_destroyed_while_running;
} Overdue;

static gboolean
run_overdue (CfFuture  *future,
             GValue    *result,
             gpointer   user_data,
             GError   **error)
{
  Overdue *overdue = user_data;

  gate_wait (&overdue->time_is_over);
  overdue->n_destroyed_while_running = atomic_load (&overdue->n_destroyed);

  return TRUE;
}

static void
destroy_overdue (gpointer user_data)
{
  Overdue *overdue = user_data;

  atomic_fetch_add (&overdue->n_destroyed, 1);
}

static void
test_data_outlives_the_time_limit (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Overdue overdue = { GATE_INIT, 0, 0 };
  CfTask *task = cf_task_new_local (run_overdue, &overdue, destroy_overdue);
  g_autoptr(CfFuture) future = NULL;

  cf_task_set_timeout (task, 1000);
  future = cf_executor_submit_task (executor, task);
  g_object_unref (task);

  g_assert_error (cf_future_get_error (future), CF_ERROR, CF_ERROR_TIMED_OUT);
  yield_until (g_cancellable_is_cancelled (cf_future_get_cancellable (future)));
  gate_open (&overdue.time_is_over);

  cf_executor_shutdown (executor, TRUE, FALSE);
  g_clear_object (&future);
  g_assert_cmpuint (overdue.n_destroyed_while_running, ==, 0);
  g_assert_cmpuint (atomic_load (&overdue.n_destroyed), ==, 1);
}

static void
test_submitted_to_several (void)
{
  g_autoptr(CfExecutor) one = cf_thread_pool_executor_new (1);
  g_autoptr(CfExecutor) other = cf_inline_executor_new ();
  g_autoptr(CfTask) task = cf_task_new (echo, g_variant_new_int64 (5));
  g_autoptr(CfFuture) of_one = cf_executor_submit_task (one, task);
  g_autoptr(CfFuture) of_other = cf_executor_submit_task (other, task);

  g_assert_cmpint (cf_future_get_int64 (of_one, NULL), ==, 5);
  g_assert_cmpint (cf_future_get_int64 (of_other, NULL), ==, 5);
  cf_executor_shutdown (one, TRUE, FALSE);
}

static void
test_name_in_the_log (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfTask) task = cf_task_new_by_name (":test_task_no_such_function", NULL);
  g_autoptr(CfFuture) future = NULL;

  cf_task_set_name (task, "counting words");
  future = cf_executor_submit_task (executor, task);

  g_test_expect_message ("CFutures", G_LOG_LEVEL_WARNING,
                         "A call failed and nobody looked at its error: *counting words*");
  g_clear_object (&future);
  g_test_assert_expected_messages ();
}

static void
test_cancellable_of_a_finished_call (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfTask) task = cf_task_new (echo, g_variant_new_int64 (5));
  g_autoptr(CfFuture) future = NULL;

  cf_task_set_cancellable (task, cancellable);
  future = cf_executor_submit_task (executor, task);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (cf_future_get_int64 (future, NULL), ==, 5);

  cf_executor_shutdown (executor, TRUE, FALSE);
  g_clear_object (&future);
  g_clear_object (&task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static void
test_bad_arguments (void)
{
  g_autoptr(CfTask) task = cf_task_new (echo, NULL);
  CfTask *none = NULL;

  assert_critical (g_assert_null (cf_task_new (NULL, NULL)));
  assert_critical (g_assert_null (cf_task_new_by_name (NULL, NULL)));
  assert_critical (g_assert_null (cf_task_new_local (NULL, NULL, NULL)));

  assert_critical (g_assert_null (cf_task_get_name (none)));
  assert_critical (cf_task_set_name (none, "name"));
  assert_critical (g_assert_cmpint (cf_task_get_priority (none), ==, 0));
  assert_critical (cf_task_set_priority (none, 1));
  assert_critical (cf_task_get_timeout (none));
  assert_critical (cf_task_set_timeout (none, 1));
  assert_critical (g_assert_null (cf_task_get_cancellable (none)));
  assert_critical (cf_task_set_cancellable (none, NULL));
  assert_critical (g_assert_null (cf_task_get_context (none)));
  assert_critical (cf_task_set_context (none, NULL));

  assert_critical (cf_task_set_timeout (task, -2));
  assert_critical (cf_task_set_cancellable (task, (GCancellable *) task));
  assert_defaults (task);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/task/options/have-defaults", test_defaults);
  g_test_add_func ("/task/options/are-what-was-set", test_options);
  g_test_add_func ("/task/options/are-properties", test_properties);
  g_test_add_func ("/task/options/name-is-a-copy", test_name_is_a_copy);
  g_test_add_func ("/task/options/name-appears-in-the-log", test_name_in_the_log);
  g_test_add_func ("/task/owns/its-options", test_owns_options);
  g_test_add_func ("/task/owns/its-data-though-it-is-never-submitted", test_destroys_data);
  g_test_add_func ("/task/owns/its-data-until-the-function-returns-though-its-time-is-over",
                   test_data_outlives_the_time_limit);
  g_test_add_func ("/task/submit/as-often-as-one-likes", test_submitted_often);
  g_test_add_func ("/task/submit/to-several-executors", test_submitted_to_several);
  g_test_add_func ("/task/cancellable/does-nothing-to-a-finished-call", test_cancellable_of_a_finished_call);
  g_test_add_func ("/task/arguments/nonsense-is-rejected", test_bad_arguments);

  return g_test_run ();
}
