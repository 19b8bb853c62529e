/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cancelling a call, raced against its start. Whoever comes first wins, alone: either the function runs, or
 * cf_future_cancel() returns TRUE, never both and never neither; and what was submitted with the call is destroyed
 * once in either case.
 */

#include <cfutures.h>

#include "../gates.h"
#include "race.h"
#include "stress-scale.h"

typedef struct
{
  CfExecutor   *executor;
  CfFuture     *future;
  GCancellable *cancellable;
  gboolean      cancelled[2];
  gboolean      claimed;
  atomic_uint   n_ran;
  atomic_uint   n_destroyed;
  guint         n_won_by_cancel;
  guint         n_rounds;
} Call;

static gboolean
run_call (CfFuture  *future,
          GValue    *result,
          gpointer   user_data,
          GError   **error)
{
  Call *call = user_data;

  g_assert_true (cf_future_is_running (future));
  g_assert_cmpuint (atomic_load (&call->n_destroyed), ==, 0);
  atomic_fetch_add (&call->n_ran, 1);
  g_value_init (result, G_TYPE_INT64);
  g_value_set_int64 (result, 42);

  return TRUE;
}

static void
call_destroyed (gpointer user_data)
{
  Call *call = user_data;

  atomic_fetch_add (&call->n_destroyed, 1);
}

static void
call_reset (Call *call)
{
  call->cancelled[0] = call->cancelled[1] = FALSE;
  call->claimed = FALSE;
  atomic_init (&call->n_ran, 0);
  atomic_init (&call->n_destroyed, 0);
  call->n_rounds++;
}

/* Whoever won, the call is over and tells one story. */
static void
call_assert_one_outcome (Call     *call,
                         gboolean  cancelled)
{
  g_autoptr (GError) error = NULL;
  gint64 result = cf_future_await_int64 (call->future, &error);

  g_assert_true (cf_future_is_done (call->future));
  g_assert_cmpuint (atomic_load (&call->n_ran), ==, cancelled ? 0 : 1);
  g_assert_true (cf_future_is_cancelled (call->future) == cancelled);
  g_assert_true (cf_future_cancel (call->future) == cancelled);

  if (cancelled)
    {
      call->n_won_by_cancel++;
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  else
    {
      g_assert_no_error (error);
      g_assert_cmpint (result, ==, 42);
    }

  g_clear_object (&call->future);
}

static void
call_assert_one_winner (Call     *call,
                        gboolean  cancelled)
{
  call_assert_one_outcome (call, cancelled);
  g_assert_cmpuint (atomic_load (&call->n_destroyed), ==, 1);
}

static void
call_report (Call *call)
{
  g_test_message ("%u of %u calls were cancelled in time", call->n_won_by_cancel, call->n_rounds);
}

/* In a thread pool */

static void
test_start (void)
{
  guint n_rounds = stress_scale (100000);
  Call call = { .executor = cf_thread_pool_executor_new (2) };

  for (guint i = 0; i < n_rounds; i++)
    {
      gboolean cancelled;

      call_reset (&call);
      call.future = cf_executor_submit_local (call.executor, run_call, &call, call_destroyed);
      race_delay (4000);
      cancelled = cf_future_cancel (call.future);

      if (cancelled)
        {
          g_assert_cmpuint (atomic_load (&call.n_destroyed), ==, 1);
        }

      call_assert_one_winner (&call, cancelled);
    }

  call_report (&call);
  g_object_unref (call.executor);
}

static void
call_set_up_submit (gpointer scene)
{
  Call *call = scene;

  call_reset (call);
  call->future = cf_executor_submit_local (call->executor, run_call, call, call_destroyed);
}

static void
leg_cancel_first (gpointer scene)
{
  Call *call = scene;

  call->cancelled[0] = cf_future_cancel (call->future);
}

static void
leg_cancel_second (gpointer scene)
{
  Call *call = scene;

  call->cancelled[1] = cf_future_cancel_full (call->future, CF_CANCEL_COOPERATE);
}

static void
check_both_cancels_agree (gpointer scene)
{
  Call *call = scene;

  g_assert_true (call->cancelled[0] == call->cancelled[1]);
  call_assert_one_winner (call, call->cancelled[0]);
}

static void
test_two_cancel (void)
{
  const Race race = { call_set_up_submit, { leg_cancel_first, leg_cancel_second }, check_both_cancels_agree };
  Call call = { .executor = cf_thread_pool_executor_new (2) };

  race_run (&race, &call, stress_scale (50000));
  call_report (&call);
  g_object_unref (call.executor);
}

static void
test_cancellable (void)
{
  guint n_rounds = stress_scale (50000);
  Call call = { .executor = cf_thread_pool_executor_new (2) };

  for (guint i = 0; i < n_rounds; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (CfTask) task = cf_task_new_local (run_call, &call, call_destroyed);
      g_autoptr (GError) error = NULL;

      call_reset (&call);
      cf_task_set_cancellable (task, cancellable);
      call.future = cf_executor_submit_task (call.executor, task);
      g_clear_object (&task);

      race_delay (4000);
      g_cancellable_cancel (cancellable);

      g_assert_true (cf_future_wait (call.future, -1, NULL, &error));
      g_assert_no_error (error);
      call_assert_one_outcome (&call, cf_future_is_cancelled (call.future));

      /* The data belongs to the task, which goes when the call is over. */
      race_await (&call.n_destroyed, 1);
      g_assert_cmpuint (atomic_load (&call.n_destroyed), ==, 1);
    }

  call_report (&call);
  g_object_unref (call.executor);
}

/* Returning on cancel: the cancelling settles the future, or the end of the call does, in either case once. */

typedef struct
{
  CfFuture     *future;
  GCancellable *cancellable;
  atomic_uint   n_calls_back;
  atomic_uint   n_ran;
  atomic_uint   n_results_freed;
  atomic_uint   n_data_freed;
} Abandoned;

static void
count_freed (gpointer counter)
{
  atomic_fetch_add ((atomic_uint *) counter, 1);
}

static void
on_result_freed (gpointer  counter,
                 GObject  *result)
{
  count_freed (counter);
}

static gboolean
return_late (CfFuture  *future,
             GValue    *result,
             gpointer   user_data,
             GError   **error)
{
  Abandoned *abandoned = user_data;
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);

  atomic_fetch_add (&abandoned->n_ran, 1);
  g_object_weak_ref (object, on_result_freed, &abandoned->n_results_freed);
  g_value_init (result, G_TYPE_OBJECT);
  g_value_take_object (result, object);
  race_linger (20);
  g_assert_cmpuint (atomic_load (&abandoned->n_data_freed), ==, 0);

  return TRUE;
}

static void
on_abandoned_data_freed (gpointer user_data)
{
  Abandoned *abandoned = user_data;

  count_freed (&abandoned->n_data_freed);
}

static void
count_call_back (CfFuture *future,
                 gpointer  user_data)
{
  Abandoned *abandoned = user_data;

  count_freed (&abandoned->n_calls_back);
}

static void
test_return_on_cancel (void)
{
  guint n_rounds = stress_scale (50000);
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  guint n_abandoned = 0;

  for (guint i = 0; i < n_rounds; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Abandoned abandoned = { .cancellable = cancellable };
      CfTask *task = cf_task_new_local (return_late, &abandoned, on_abandoned_data_freed);
      gboolean is_cancelled;

      cf_task_set_cancellable (task, cancellable);
      cf_task_set_return_on_cancel (task, TRUE);
      abandoned.future = cf_executor_submit_task (executor, task);
      g_object_unref (task);
      cf_future_add_done_callback_full (abandoned.future, NULL, count_call_back, &abandoned, NULL);

      /* While the function runs, or at any time. */
      if (i % 2 == 0)
        race_await (&abandoned.n_ran, 1);
      race_linger (20);
      g_cancellable_cancel (cancellable);

      g_assert_true (cf_future_wait (abandoned.future, -1, NULL, NULL));
      is_cancelled = cf_future_is_cancelled (abandoned.future);
      loop_until (NULL, atomic_load (&abandoned.n_data_freed) == 1);
      g_assert_true (cf_future_is_cancelled (abandoned.future) == is_cancelled);
      n_abandoned += is_cancelled && atomic_load (&abandoned.n_ran) == 1;

      /* The last reference to a result that is not dropped is the future's, which the worker may hold for longer. */
      g_clear_object (&abandoned.future);
      while (atomic_load (&abandoned.n_results_freed) < atomic_load (&abandoned.n_ran))
        {
          loop_while_ready (NULL);
          g_thread_yield ();
        }
      g_assert_cmpuint (atomic_load (&abandoned.n_results_freed), ==, atomic_load (&abandoned.n_ran));
      race_await (&abandoned.n_calls_back, 1);
      g_assert_cmpuint (atomic_load (&abandoned.n_calls_back), ==, 1);
    }

  g_test_message ("%u of %u calls were abandoned", n_abandoned, n_rounds);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* The cancellable is cancelled before the pool knows the call, while it gets to know it, or afterwards. */

static void
task_set_up (gpointer scene)
{
  Call *call = scene;

  call_reset (call);
  call->cancellable = g_cancellable_new ();
}

static void
leg_submit_task (gpointer scene)
{
  Call *call = scene;
  g_autoptr (CfTask) task = cf_task_new_local (run_call, call, call_destroyed);

  cf_task_set_cancellable (task, call->cancellable);
  call->future = cf_executor_submit_task (call->executor, task);
}

static void
leg_cancel_cancellable (gpointer scene)
{
  Call *call = scene;

  race_delay (4000);
  g_cancellable_cancel (call->cancellable);
}

static void
check_nothing_is_pending (gpointer scene)
{
  Call *call = scene;

  g_assert_true (cf_future_wait (call->future, -1, NULL, NULL));
  call_assert_one_outcome (call, cf_future_is_cancelled (call->future));
  race_await (&call->n_destroyed, 1);
  g_clear_object (&call->cancellable);

  /* A call that is counted for ever hangs the test here. */
  yield_until (cf_executor_get_n_pending (call->executor) == 0);
}

static void
test_cancellable_while_submitting (void)
{
  const Race race = { task_set_up, { leg_submit_task, leg_cancel_cancellable }, check_nothing_is_pending };
  Call call = { .executor = cf_thread_pool_executor_new (1) };

  race_run (&race, &call, stress_scale (30000));
  call_report (&call);
  cf_executor_shutdown (call.executor, CF_SHUTDOWN_WAIT);
  g_object_unref (call.executor);
}

/* What a pool's queue holds is cancelled from behind while the pool eats it from the front. */
static void
test_queue (void)
{
  guint n_rounds = stress_scale (200);
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  enum { N_CALLS = 500 };
  g_autofree Call *calls = g_new0 (Call, N_CALLS);

  for (guint round = 0; round < n_rounds; round++)
    {
      for (guint i = 0; i < N_CALLS; i++)
        {
          call_reset (&calls[i]);
          calls[i].future = cf_executor_submit_local (executor, run_call, &calls[i], call_destroyed);
        }

      for (guint i = N_CALLS; i > 0; i--)
        calls[i - 1].cancelled[0] = cf_future_cancel (calls[i - 1].future);

      for (guint i = 0; i < N_CALLS; i++)
        call_assert_one_winner (&calls[i], calls[i].cancelled[0]);
    }
}

/* The same by shutting down: what has not begun by then, never begins. Each thread may be about to begin one. */

typedef struct
{
  atomic_bool is_shut_down;
  atomic_uint n_late;
} Closing;

static gboolean
count_late (CfFuture  *future,
            GValue    *result,
            gpointer   user_data,
            GError   **error)
{
  Closing *closing = user_data;

  if (atomic_load (&closing->is_shut_down))
    atomic_fetch_add (&closing->n_late, 1);

  return TRUE;
}

static void
test_shutdown (void)
{
  enum { MAX_WORKERS = 2, N_CALLS = 3000 };
  guint n_rounds = stress_scale (300);

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (MAX_WORKERS);
      Closing closing = { false, 0 };

      for (guint i = 0; i < N_CALLS; i++)
        g_object_unref (cf_executor_submit_local (executor, count_late, &closing, NULL));

      cf_executor_shutdown (executor, CF_SHUTDOWN_CANCEL_PENDING);
      atomic_store (&closing.is_shut_down, true);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
      g_assert_cmpuint (atomic_load (&closing.n_late), <=, MAX_WORKERS);
    }
}

/* The promise side */

static void
promise_set_up (gpointer scene)
{
  Call *call = scene;

  call_reset (call);
  call->future = cf_future_new ();
}

static void
leg_claim (gpointer scene)
{
  Call *call = scene;

  call->claimed = cf_future_set_running_or_notify_cancel (call->future);
}

static void
check_claimed_or_cancelled (gpointer scene)
{
  Call *call = scene;
  CfFutureState expected = call->claimed ? CF_FUTURE_STATE_RUNNING : CF_FUTURE_STATE_CANCELLED;

  g_assert_true (call->claimed != call->cancelled[0]);
  g_assert_cmpint (cf_future_get_state (call->future), ==, expected);
  call->n_won_by_cancel += call->cancelled[0];
  g_clear_object (&call->future);
}

static void
test_claim (void)
{
  const Race race = { promise_set_up, { leg_claim, leg_cancel_first }, check_claimed_or_cancelled };
  Call call = { 0 };

  race_run (&race, &call, stress_scale (100000));
  call_report (&call);
}

static void
leg_settle (gpointer scene)
{
  Call *call = scene;
  g_autoptr (GError) error = NULL;

  call->claimed = cf_future_set_variant (call->future, g_variant_new_int64 (42), &error);
  if (!call->claimed)
    g_assert_error (error, CF_ERROR, CF_ERROR_INVALID_STATE);
}

static void
check_settled_or_cancelled (gpointer scene)
{
  Call *call = scene;
  CfFutureState expected = call->claimed ? CF_FUTURE_STATE_FINISHED : CF_FUTURE_STATE_CANCELLED;

  g_assert_true (call->claimed != call->cancelled[0]);
  g_assert_cmpint (cf_future_get_state (call->future), ==, expected);
  call->n_won_by_cancel += call->cancelled[0];
  g_clear_object (&call->future);
}

static void
test_settle (void)
{
  const Race race = { promise_set_up, { leg_settle, leg_cancel_first }, check_settled_or_cancelled };
  Call call = { 0 };

  race_run (&race, &call, stress_scale (100000));
  call_report (&call);
}

/* An executor of one's own, which leaves it to the test when and where its calls run */

#define TEST_TYPE_HOLDING_EXECUTOR (test_holding_executor_get_type ())
G_DECLARE_FINAL_TYPE (TestHoldingExecutor, test_holding_executor, TEST, HOLDING_EXECUTOR, CfExecutor)

struct _TestHoldingExecutor
{
  CfExecutor parent_instance;
  CfFuture  *held;
};

G_DEFINE_FINAL_TYPE (TestHoldingExecutor, test_holding_executor, CF_TYPE_EXECUTOR)

static void
test_holding_executor_execute (CfExecutor *executor,
                               CfFuture   *future)
{
  TestHoldingExecutor *self = TEST_HOLDING_EXECUTOR (executor);

  g_set_object (&self->held, future);
}

static void
test_holding_executor_dispose (GObject *object)
{
  TestHoldingExecutor *self = TEST_HOLDING_EXECUTOR (object);

  g_clear_object (&self->held);

  G_OBJECT_CLASS (test_holding_executor_parent_class)->dispose (object);
}

static void
test_holding_executor_class_init (TestHoldingExecutorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = test_holding_executor_dispose;
  CF_EXECUTOR_CLASS (klass)->execute = test_holding_executor_execute;
}

static void
test_holding_executor_init (TestHoldingExecutor *self)
{
}

static void
leg_run (gpointer scene)
{
  Call *call = scene;

  cf_future_run (call->future);
}

static void
check_cancelled_or_ran (gpointer scene)
{
  Call *call = scene;

  call_assert_one_winner (call, call->cancelled[0]);
}

static void
test_run (void)
{
  const Race race = { call_set_up_submit, { leg_run, leg_cancel_first }, check_cancelled_or_ran };
  Call call = { .executor = g_object_new (TEST_TYPE_HOLDING_EXECUTOR, NULL) };

  race_run (&race, &call, stress_scale (50000));
  call_report (&call);
  g_object_unref (call.executor);
}

static void
check_ran (gpointer scene)
{
  call_assert_one_winner (scene, FALSE);
}

static void
test_two_run (void)
{
  const Race race = { call_set_up_submit, { leg_run, leg_run }, check_ran };
  Call call = { .executor = g_object_new (TEST_TYPE_HOLDING_EXECUTOR, NULL) };

  race_run (&race, &call, stress_scale (50000));
  g_object_unref (call.executor);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/cancel/races-start", test_start);
  g_test_add_func ("/stress/cancel/two-that-cancel-agree", test_two_cancel);
  g_test_add_func ("/stress/cancel/cancellable-races-start", test_cancellable);
  g_test_add_func ("/stress/cancel/returning-on-cancel-races-the-end", test_return_on_cancel);
  g_test_add_func ("/stress/cancel/cancellable-races-submission", test_cancellable_while_submitting);
  g_test_add_func ("/stress/cancel/queue-from-behind", test_queue);
  g_test_add_func ("/stress/cancel/shutdown-leaves-nothing-to-run", test_shutdown);
  g_test_add_func ("/stress/cancel/promise-claimed-or-cancelled", test_claim);
  g_test_add_func ("/stress/cancel/promise-settled-or-cancelled", test_settle);
  g_test_add_func ("/stress/cancel/races-run", test_run);
  g_test_add_func ("/stress/cancel/two-that-run-run-once", test_two_run);

  return g_test_run ();
}
