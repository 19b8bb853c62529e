/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfTask: what it says about itself, what it owns, and that it can be submitted again and again. What its options
 * do to a call is tested with the executors, over all of them. */

#include <cfutures.h>

#include "await-error.h"
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
  g_assert_null (cf_task_get_source_object (task));
  g_assert_null (cf_task_get_source_tag (task));
  g_assert_cmpint (cf_task_get_check_cancellable (task), ==, CF_CANCELLABLE_CHECK_DEFAULT);
  g_assert_false (cf_task_get_return_on_cancel (task));
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
  cf_task_set_source_object (task, G_OBJECT (cancellable));
  cf_task_set_source_tag (task, test_options);
  cf_task_set_check_cancellable (task, CF_CANCELLABLE_CHECK_ALWAYS);
  cf_task_set_return_on_cancel (task, 2);

  g_assert_cmpstr (cf_task_get_name (task), ==, "counting words");
  g_assert_cmpint (cf_task_get_priority (task), ==, G_PRIORITY_LOW);
  g_assert_cmpint (cf_task_get_timeout (task), ==, 5);
  g_assert_true (cf_task_get_cancellable (task) == cancellable);
  g_assert_true (cf_task_get_context (task) == context);
  g_assert_true (cf_task_get_source_object (task) == G_OBJECT (cancellable));
  g_assert_true (cf_task_get_source_tag (task) == GSIZE_TO_POINTER (test_options));
  g_assert_cmpint (cf_task_get_check_cancellable (task), ==, CF_CANCELLABLE_CHECK_ALWAYS);
  g_assert_cmpint (cf_task_get_return_on_cancel (task), ==, TRUE);

  cf_task_set_name (task, NULL);
  cf_task_set_timeout (task, -1);
  cf_task_set_cancellable (task, NULL);
  cf_task_set_context (task, NULL);
  cf_task_set_priority (task, G_PRIORITY_DEFAULT);
  cf_task_set_source_object (task, NULL);
  (cf_task_set_source_tag) (task, NULL);
  cf_task_set_check_cancellable (task, CF_CANCELLABLE_CHECK_DEFAULT);
  cf_task_set_return_on_cancel (task, FALSE);

  assert_defaults (task);
}

static void
test_named_after_tag (void)
{
  g_autoptr(CfTask) task = cf_task_new (echo, NULL);

  cf_task_set_source_tag (task, test_named_after_tag);
  g_assert_cmpstr (cf_task_get_name (task), ==, "test_named_after_tag");

  cf_task_set_source_tag (task, test_options);
  g_assert_cmpstr (cf_task_get_name (task), ==, "test_named_after_tag");
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
  g_autoptr(GObject) source_object = NULL;
  g_autofree char *name = NULL;
  CfCancellableCheck check_cancellable;
  gboolean return_on_cancel;
  gint64 timeout;
  int priority;

  g_object_set (task,
                "name", "counting",
                "priority", -5,
                "timeout", G_GINT64_CONSTANT (7),
                "cancellable", cancellable,
                "source-object", cancellable,
                "check-cancellable", CF_CANCELLABLE_CHECK_NEVER,
                "return-on-cancel", TRUE,
                NULL);
  g_object_get (task,
                "name", &name,
                "priority", &priority,
                "timeout", &timeout,
                "cancellable", &read_back,
                "source-object", &source_object,
                "check-cancellable", &check_cancellable,
                "return-on-cancel", &return_on_cancel,
                NULL);

  g_assert_cmpstr (name, ==, "counting");
  g_assert_cmpint (priority, ==, -5);
  g_assert_cmpint (timeout, ==, 7);
  g_assert_true (read_back == cancellable);
  g_assert_true (source_object == G_OBJECT (cancellable));
  g_assert_cmpint (check_cancellable, ==, CF_CANCELLABLE_CHECK_NEVER);
  g_assert_true (return_on_cancel);
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
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
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

  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  yield_until (g_cancellable_is_cancelled (cf_future_get_cancellable (future)));
  gate_open (&overdue.time_is_over);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
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

  g_assert_cmpint (cf_future_await_int64 (of_one, NULL), ==, 5);
  g_assert_cmpint (cf_future_await_int64 (of_other, NULL), ==, 5);
  cf_executor_shutdown (one, CF_SHUTDOWN_WAIT);
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
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 5);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_clear_object (&future);
  g_clear_object (&task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* Data that tell in which thread they were freed. */
typedef struct
{
  GThread    *owner;
  atomic_uint n_at_home;
  atomic_uint n_elsewhere;
} Tally;

static void
count_thread (gpointer user_data)
{
  Tally *tally = user_data;

  atomic_fetch_add (g_thread_self () == tally->owner ? &tally->n_at_home : &tally->n_elsewhere, 1);
}

static gboolean
do_nothing (CfFuture  *future,
            GValue    *result,
            gpointer   user_data,
            GError   **error)
{
  return TRUE;
}

static gboolean
fail (CfFuture  *future,
      GValue    *result,
      gpointer   user_data,
      GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "No");
  return FALSE;
}

static void
assert_all_at_home (Tally *tally,
                    guint  n)
{
  g_assert_cmpuint (atomic_load (&tally->n_elsewhere), ==, 0);
  g_assert_cmpuint (atomic_load (&tally->n_at_home), ==, n);
}

enum { N_SUBMITTED = 500 };

static void
look_at_error (CfFuture *future,
               gpointer  user_data)
{
  cf_future_get_error (future);
}

static void
submit_of_each_kind (CfExecutor *executor,
                     Tally      *tally)
{
  for (guint i = 0; i < N_SUBMITTED; i += 4)
    {
      g_autoptr(CfTask) task = cf_task_new_local (do_nothing, tally, count_thread);
      g_autoptr(CfFuture) failed = cf_executor_submit_local (executor, fail, tally, count_thread);
      g_autoptr(CfFuture) cancelled = cf_executor_submit_local (executor, do_nothing, tally, count_thread);

      g_object_unref (cf_executor_submit_local (executor, do_nothing, tally, count_thread));
      g_object_unref (cf_executor_submit_task (executor, task));
      cf_future_add_done_callback_full (failed, NULL, look_at_error, NULL, NULL);
      cf_future_cancel (cancelled);
    }
}

static void
test_freed_in_the_main_loop (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Tally tally = { .owner = g_thread_self () };

  submit_of_each_kind (executor, &tally);
  loop_until (NULL, atomic_load (&tally.n_at_home) + atomic_load (&tally.n_elsewhere) == N_SUBMITTED);
  assert_all_at_home (&tally, N_SUBMITTED);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_freed_by_shutdown (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Tally tally = { .owner = g_thread_self () };

  submit_of_each_kind (executor, &tally);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  assert_all_at_home (&tally, N_SUBMITTED);
}

static void
test_freed_by_waiting (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Tally tally = { .owner = g_thread_self () };

  for (guint i = 1; i <= N_SUBMITTED; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit_local (executor, do_nothing, &tally, count_thread);

      g_assert_true (cf_future_wait (future, -1, NULL, NULL));
      assert_all_at_home (&tally, i);
    }
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_freed_by_cancelling (void)
{
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (NULL);
  g_autoptr(CfFuture) future = NULL;
  Tally tally = { .owner = g_thread_self () };

  future = cf_executor_submit_local (executor, do_nothing, &tally, count_thread);
  g_assert_true (cf_future_cancel (future));
  assert_all_at_home (&tally, 1);
  loop_while_ready (NULL);
}

static void
test_freed_when_not_portable (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) future = NULL;
  Tally tally = { .owner = g_thread_self () };

  future = cf_executor_submit_local (executor, do_nothing, &tally, count_thread);
  g_assert_error (await_error (future), CF_ERROR, CF_ERROR_NOT_PORTABLE);
  assert_all_at_home (&tally, 1);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static gboolean
wait_for_gate (CfFuture  *future,
               GValue    *result,
               gpointer   gate,
               GError   **error)
{
  gate_wait (gate);
  return TRUE;
}

/* The context lives as long as calls that were submitted in it run, and then frees what it was given back. */
static void
test_freed_with_the_context (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  GMainContext *context = g_main_context_new ();
  g_autoptr(CfFuture) blocker = NULL;
  Gate gate = GATE_INIT;
  Tally tally = { .owner = g_thread_self () };

  blocker = cf_executor_submit_local (executor, wait_for_gate, &gate, NULL);
  g_main_context_push_thread_default (context);
  g_object_unref (cf_executor_submit_local (executor, do_nothing, &tally, count_thread));
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);

  g_assert_cmpuint (atomic_load (&tally.n_at_home) + atomic_load (&tally.n_elsewhere), ==, 0);
  gate_open (&gate);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&tally.n_at_home) + atomic_load (&tally.n_elsewhere), ==, 1);
}

static void
test_free_in_worker (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  CfTask *task;
  Tally tally = { .owner = g_thread_self () };

  task = cf_task_new_local (do_nothing, &tally, count_thread);
  g_assert_false (cf_task_get_free_in_worker (task));
  cf_task_set_free_in_worker (task, TRUE);
  g_assert_true (cf_task_get_free_in_worker (task));

  {
    Gate gate = GATE_INIT;

    g_object_unref (cf_executor_submit_local (executor, wait_for_gate, &gate, NULL));
    g_object_unref (cf_executor_submit_task (executor, task));
    g_object_unref (task);
    gate_open (&gate);
    cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  }
  g_assert_cmpuint (atomic_load (&tally.n_elsewhere), ==, 1);
}

/* What an operation that stands on submit_async() is told. */
typedef struct
{
  CfExecutor   *executor;
  GObject      *source;
  gpointer      tag;
  GAsyncResult *result;
} Operation;

static void
on_operation_done (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Operation *operation = user_data;
  g_autoptr(GObject) source_of_result = g_async_result_get_source_object (result);
  g_autoptr(GObject) other = g_object_new (G_TYPE_OBJECT, NULL);
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  g_assert_true (source == operation->source);
  g_assert_true (source_of_result == operation->source);
  g_assert_true (g_async_result_get_user_data (result) == operation);
  g_assert_true (g_async_result_is_tagged (result, operation->tag));
  g_assert_false (g_async_result_is_tagged (result, operation));
  g_assert_true (cf_task_is_valid (result, operation->source));
  g_assert_false (cf_task_is_valid (result, other));

  g_assert_true (cf_executor_submit_finish (operation->executor, result, &value, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_value_get_int64 (&value), ==, 5);
  g_set_object (&operation->result, result);
}

static void
test_source (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfExecutor) other = cf_inline_executor_new ();
  g_autoptr(CfTask) task = cf_task_new (echo, g_variant_new_int64 (5));
  GObject *source = g_object_new (G_TYPE_OBJECT, NULL);
  Operation operation = { executor, source, GSIZE_TO_POINTER (test_source), NULL };

  cf_task_set_source_object (task, source);
  cf_task_set_source_tag (task, test_source);
  cf_executor_submit_async (executor, task, NULL, on_operation_done, &operation);
  cf_task_set_source_object (task, NULL);
  loop_until (NULL, operation.result != NULL);
  assert_critical (g_assert_false (cf_executor_submit_finish (other, operation.result, NULL, NULL)));

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_clear_object (&operation.result);
  g_clear_object (&task);
  g_assert_finalize_object (source);
}

static void
test_no_source (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfTask) task = cf_task_new (echo, g_variant_new_int64 (5));
  g_autoptr(CfFuture) future = cf_executor_submit_task (executor, task);
  g_autoptr(GTask) of_another_kind = g_task_new (executor, NULL, NULL, NULL);
  Operation operation = { executor, G_OBJECT (executor), NULL, NULL };

  cf_executor_submit_async (executor, task, NULL, on_operation_done, &operation);
  loop_until (NULL, operation.result != NULL);
  g_clear_object (&operation.result);

  g_assert_false (cf_task_is_valid (G_ASYNC_RESULT (future), executor));
  g_assert_true (g_async_result_is_tagged (G_ASYNC_RESULT (future), NULL));
  g_assert_false (cf_task_is_valid (G_ASYNC_RESULT (of_another_kind), executor));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
on_source_finalized (gpointer  tally,
                     GObject  *source)
{
  count_thread (tally);
}

static GObject *
make_source (Tally *tally)
{
  GObject *source = g_object_new (G_TYPE_OBJECT, NULL);

  g_object_weak_ref (source, on_source_finalized, tally);
  return source;
}

static void
count_done (GObject      *source,
            GAsyncResult *result,
            gpointer      n_done)
{
  (*(guint *) n_done)++;
}

/* Nothing but the call holds the source, and a worker may be the last to let the future go. */
static void
test_source_freed_at_home (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Tally tally = { .owner = g_thread_self () };
  guint n_done = 0;

  for (guint i = 0; i < N_SUBMITTED; i++)
    {
      g_autoptr(CfTask) task = cf_task_new (echo, NULL);
      g_autoptr(GObject) source = make_source (&tally);

      cf_task_set_source_object (task, source);
      if (i % 4 == 0)
        g_object_unref (cf_executor_submit_task (executor, task));
      else
        cf_executor_submit_async (executor, task, NULL, i % 4 == 1 ? NULL : count_done, &n_done);
    }

  loop_until (NULL, atomic_load (&tally.n_at_home) + atomic_load (&tally.n_elsewhere) == N_SUBMITTED);
  assert_all_at_home (&tally, N_SUBMITTED);
  g_assert_cmpuint (n_done, ==, N_SUBMITTED / 2);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* The context is gone when the future is: then the source goes with the future. */
static void
test_source_outlives_the_context (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  GMainContext *context = g_main_context_new ();
  g_autoptr(CfTask) task = cf_task_new (echo, g_variant_new_int64 (5));
  Tally tally = { .owner = g_thread_self () };
  g_autoptr(GObject) source = make_source (&tally);
  Operation operation = { executor, source, NULL, NULL };

  cf_task_set_source_object (task, source);
  g_main_context_push_thread_default (context);
  cf_executor_submit_async (executor, task, NULL, on_operation_done, &operation);
  loop_until (context, operation.result != NULL);
  g_main_context_pop_thread_default (context);
  g_clear_object (&task);
  g_clear_object (&source);
  loop_while_ready (context);
  g_main_context_unref (context);

  g_assert_cmpuint (atomic_load (&tally.n_at_home), ==, 0);
  g_clear_object (&operation.result);
  assert_all_at_home (&tally, 1);
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
  assert_critical (g_assert_null (cf_task_get_source_object (none)));
  assert_critical (cf_task_set_source_object (none, NULL));
  assert_critical (g_assert_null (cf_task_get_source_tag (none)));
  assert_critical ((cf_task_set_source_tag) (none, NULL));
  assert_critical (g_assert_cmpint (cf_task_get_check_cancellable (none), ==, CF_CANCELLABLE_CHECK_DEFAULT));
  assert_critical (cf_task_set_check_cancellable (none, CF_CANCELLABLE_CHECK_NEVER));
  assert_critical (g_assert_false (cf_task_get_return_on_cancel (none)));
  assert_critical (cf_task_set_return_on_cancel (none, TRUE));
  assert_critical (g_assert_false (cf_task_is_valid (NULL, task)));

  assert_critical (cf_task_set_timeout (task, -2));
  assert_critical (cf_task_set_cancellable (task, (GCancellable *) task));
  assert_critical (cf_task_set_check_cancellable (task, 2));
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
  g_test_add_func ("/task/options/name-is-that-of-the-tag-if-there-is-none", test_named_after_tag);
  g_test_add_func ("/task/owns/its-options", test_owns_options);
  g_test_add_func ("/task/owns/its-data-though-it-is-never-submitted", test_destroys_data);
  g_test_add_func ("/task/owns/its-data-until-the-function-returns-though-its-time-is-over",
                   test_data_outlives_the_time_limit);
  g_test_add_func ("/task/submit/as-often-as-one-likes", test_submitted_often);
  g_test_add_func ("/task/submit/to-several-executors", test_submitted_to_several);
  g_test_add_func ("/task/cancellable/does-nothing-to-a-finished-call", test_cancellable_of_a_finished_call);
  g_test_add_func ("/task/data/freed-in-the-main-loop-of-the-submitter", test_freed_in_the_main_loop);
  g_test_add_func ("/task/data/freed-by-the-submitter-when-it-shuts-down", test_freed_by_shutdown);
  g_test_add_func ("/task/data/freed-by-the-submitter-when-it-waits", test_freed_by_waiting);
  g_test_add_func ("/task/data/freed-by-the-submitter-when-it-cancels", test_freed_by_cancelling);
  g_test_add_func ("/task/data/freed-by-the-submitter-if-not-portable", test_freed_when_not_portable);
  g_test_add_func ("/task/data/freed-with-the-context-of-the-submitter", test_freed_with_the_context);
  g_test_add_func ("/task/data/freed-in-the-worker-if-it-may-be", test_free_in_worker);
  g_test_add_func ("/task/source/is-that-of-the-result", test_source);
  g_test_add_func ("/task/source/is-the-executor-if-there-is-none", test_no_source);
  g_test_add_func ("/task/source/freed-in-the-main-loop-of-the-submitter", test_source_freed_at_home);
  g_test_add_func ("/task/source/outlives-the-context-of-the-submitter", test_source_outlives_the_context);
  g_test_add_func ("/task/arguments/nonsense-is-rejected", test_bad_arguments);

  return g_test_run ();
}
