/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfTask: what "check-cancellable" and "return-on-cancel" do to a call that ends all the same, or not soon; in threads,
 * in the submitting thread, on a main context, in processes and in maps. */

#include "await-error.h"
#include "blocker.h"
#include "pool-fixture.h"
#include "process-gates.h"

/* A call that returns an object, or fails, when it is let go. Its data and its result tell where they are freed. */
typedef struct
{
  Blocker       blocker;
  GThread      *home;
  GCancellable *to_cancel;            /* by the function itself */
  gboolean      fails;
  gboolean      saw_request;
  atomic_uint   n_data_freed;
  atomic_uint   n_results_freed;
  atomic_uint   n_freed_elsewhere;
  guint         n_freed_while_running;
} Scene;

#define SCENE_INIT { .blocker = BLOCKER_INIT, .home = g_thread_self () }

static void
note_freed (Scene       *scene,
            atomic_uint *counter)
{
  if (g_thread_self () != scene->home)
    atomic_fetch_add (&scene->n_freed_elsewhere, 1);
  atomic_fetch_add (counter, 1);
}

static void
free_data (gpointer data)
{
  Scene *scene = data;

  note_freed (scene, &scene->n_data_freed);
}

static void
on_result_finalized (gpointer  data,
                     GObject  *result)
{
  Scene *scene = data;

  note_freed (scene, &scene->n_results_freed);
}

static gboolean
return_object (CfFuture  *future,
               GValue    *result,
               gpointer   data,
               GError   **error)
{
  Scene *scene = data;
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);

  g_object_weak_ref (object, on_result_finalized, scene);
  g_value_init (result, G_TYPE_OBJECT);
  g_value_take_object (result, object);

  if (scene->to_cancel != NULL)
    g_cancellable_cancel (scene->to_cancel);
  else
    block (future, NULL, &scene->blocker, NULL);

  scene->saw_request = g_cancellable_is_cancelled (cf_future_get_cancellable (future));
  scene->n_freed_while_running = atomic_load (&scene->n_data_freed) + atomic_load (&scene->n_results_freed);
  if (scene->fails)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "No");

  return !scene->fails;
}

static CfTask *
make_task (Scene        *scene,
           GCancellable *cancellable)
{
  CfTask *task = cf_task_new_local (return_object, scene, free_data);

  cf_task_set_cancellable (task, cancellable);
  return task;
}

static CfFuture *
submit_and_drop (CfExecutor *executor,
                 CfTask     *task)
{
  CfFuture *future = cf_executor_submit_task (executor, task);

  g_object_unref (task);
  return future;
}

static void
assert_freed_at_home (Scene *scene)
{
  g_assert_cmpuint (atomic_load (&scene->n_data_freed), ==, 1);
  g_assert_cmpuint (atomic_load (&scene->n_results_freed), ==, 1);
  g_assert_cmpuint (atomic_load (&scene->n_freed_elsewhere), ==, 0);
  g_assert_cmpuint (scene->n_freed_while_running, ==, 0);
}

static void
assert_cancelled (CfFuture *future)
{
  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (cf_future_is_cancelled (future));
  /* Its function has run. */
  g_assert_false (cf_future_cancel (future));
}

/* Checking. */

static CfFuture *
run_while_cancelled (CfExecutor *executor,
                     Scene      *scene,
                     CfTask     *task)
{
  g_autoptr(GCancellable) cancellable = g_object_ref (cf_task_get_cancellable (task));
  CfFuture *future = submit_and_drop (executor, task);

  gate_wait (&scene->blocker.begun);
  g_cancellable_cancel (cancellable);
  gate_open (&scene->blocker.go_on);

  return future;
}

static void
check (CfCancellableCheck check_cancellable,
       gboolean           fails,
       gboolean           is_dropped)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfFuture) future = NULL;
  Scene scene = SCENE_INIT;
  CfTask *task = make_task (&scene, cancellable);

  scene.fails = fails;
  cf_task_set_check_cancellable (task, check_cancellable);
  future = run_while_cancelled (executor, &scene, task);

  if (is_dropped)
    assert_cancelled (future);
  else if (fails)
    g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_FAILED);
  else
    assert_succeeds (future);

  g_assert_cmpuint (atomic_load (&scene.n_results_freed), ==, is_dropped || fails ? 1 : 0);
  g_clear_object (&future);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  if (!fails)
    assert_freed_at_home (&scene);
}

static void
test_checked (void)
{
  check (CF_CANCELLABLE_CHECK_ALWAYS, FALSE, TRUE);
  check (CF_CANCELLABLE_CHECK_ALWAYS, TRUE, TRUE);
}

static void
test_unchecked (void)
{
  check (CF_CANCELLABLE_CHECK_NEVER, FALSE, FALSE);
  check (CF_CANCELLABLE_CHECK_NEVER, TRUE, FALSE);
  check (CF_CANCELLABLE_CHECK_DEFAULT, FALSE, FALSE);
  check (CF_CANCELLABLE_CHECK_DEFAULT, TRUE, FALSE);
}

static void
test_checked_in_peace (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GObject) result = NULL;
  g_autoptr(CfFuture) future = NULL;
  Scene scene = SCENE_INIT;
  CfTask *task = make_task (&scene, cancellable);

  cf_task_set_check_cancellable (task, CF_CANCELLABLE_CHECK_ALWAYS);
  gate_open (&scene.blocker.go_on);
  future = submit_and_drop (executor, task);
  result = cf_future_await_object (future, NULL);
  g_assert_nonnull (result);

  /* It is over: what is cancelled now changes nothing. */
  g_cancellable_cancel (cancellable);
  g_assert_false (cf_future_is_cancelled (future));
  g_assert_null (await_error (future));
  g_clear_object (&result);
  g_clear_object (&future);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_checked_after_cancel_full (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = NULL;
  Scene scene = SCENE_INIT;
  CfTask *task = make_task (&scene, NULL);

  cf_task_set_check_cancellable (task, CF_CANCELLABLE_CHECK_ALWAYS);
  future = submit_and_drop (executor, task);
  gate_wait (&scene.blocker.begun);
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));
  gate_open (&scene.blocker.go_on);

  assert_cancelled (future);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  assert_freed_at_home (&scene);
}

/* The function cancels itself, so that this works with an executor that has no thread but the test's. */
static void
check_in_this_thread (CfExecutor *executor,
                      gboolean    returns_on_cancel)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfFuture) future = NULL;
  Scene scene = SCENE_INIT;
  CfTask *task = make_task (&scene, cancellable);

  scene.to_cancel = cancellable;
  cf_task_set_check_cancellable (task, CF_CANCELLABLE_CHECK_ALWAYS);
  cf_task_set_return_on_cancel (task, returns_on_cancel);
  future = submit_and_drop (executor, task);

  assert_cancelled (future);
  g_assert_true (scene.saw_request);
  assert_freed_at_home (&scene);
}

static void
test_inline (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();

  check_in_this_thread (executor, FALSE);
  check_in_this_thread (executor, TRUE);
}

static void
test_main_context (void)
{
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (NULL);

  check_in_this_thread (executor, FALSE);
  check_in_this_thread (executor, TRUE);
}

/* Asynchronous submission. */

typedef struct
{
  CfExecutor   *executor;
  GCancellable *to_cancel;
  gboolean      called;
  GError       *error;
} Answer;

static void
on_submitted (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Answer *answer = data;

  if (answer->to_cancel != NULL)
    {
      g_assert_false (cf_future_is_cancelled (CF_FUTURE (result)));
      g_cancellable_cancel (answer->to_cancel);
    }
  cf_executor_submit_finish (answer->executor, result, NULL, &answer->error);
  answer->called = TRUE;
}

static void
submit_async_while_cancelled (CfCancellableCheck check_cancellable,
                              gboolean           is_late,
                              gboolean           fails,
                              gboolean           is_dropped)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Scene scene = SCENE_INIT;
  g_autoptr(CfTask) task = make_task (&scene, NULL);
  Answer answer = { .executor = executor };

  scene.fails = fails;
  cf_task_set_check_cancellable (task, check_cancellable);
  cf_executor_submit_async (executor, task, cancellable, on_submitted, &answer);
  g_clear_object (&task);
  gate_wait (&scene.blocker.begun);
  if (is_late)
    answer.to_cancel = cancellable;
  else
    g_cancellable_cancel (cancellable);
  gate_open (&scene.blocker.go_on);

  loop_until (NULL, answer.called);
  if (is_dropped)
    g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else if (fails)
    g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_FAILED);
  else
    g_assert_no_error (answer.error);
  g_clear_error (&answer.error);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_submit_async_checks (void)
{
  submit_async_while_cancelled (CF_CANCELLABLE_CHECK_DEFAULT, FALSE, FALSE, TRUE);
  submit_async_while_cancelled (CF_CANCELLABLE_CHECK_DEFAULT, FALSE, TRUE, TRUE);
  submit_async_while_cancelled (CF_CANCELLABLE_CHECK_ALWAYS, FALSE, FALSE, TRUE);
}

static void
test_submit_async_does_not_check (void)
{
  submit_async_while_cancelled (CF_CANCELLABLE_CHECK_NEVER, FALSE, FALSE, FALSE);
  submit_async_while_cancelled (CF_CANCELLABLE_CHECK_NEVER, FALSE, TRUE, FALSE);
  submit_async_while_cancelled (CF_CANCELLABLE_CHECK_NEVER, TRUE, FALSE, FALSE);
}

/* Who cancels never gets a result, though it was there before. An error that was dropped is not logged. */
static void
test_submit_finish_checks (void)
{
  submit_async_while_cancelled (CF_CANCELLABLE_CHECK_DEFAULT, TRUE, FALSE, TRUE);
  submit_async_while_cancelled (CF_CANCELLABLE_CHECK_DEFAULT, TRUE, TRUE, TRUE);
}

/* Returning on cancel. */

static CfTask *
make_impatient_task (Scene        *scene,
                     GCancellable *cancellable)
{
  CfTask *task = make_task (scene, cancellable);

  cf_task_set_return_on_cancel (task, TRUE);
  return task;
}

static void
test_returns_on_cancel (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfFuture) future = NULL;
  Scene scene = SCENE_INIT;

  future = submit_and_drop (executor, make_impatient_task (&scene, cancellable));
  gate_wait (&scene.blocker.begun);
  g_cancellable_cancel (cancellable);

  /* The function still runs, and has all that it needs. */
  assert_cancelled (future);
  g_assert_false (gate_is_open (&scene.blocker.ended));
  loop_while_ready (NULL);
  g_assert_cmpuint (atomic_load (&scene.n_data_freed), ==, 0);

  gate_open (&scene.blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_true (scene.saw_request);
  g_assert_true (cf_future_is_cancelled (future));
  assert_freed_at_home (&scene);
}

static void
test_late_result_without_data (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfFuture) future = NULL;
  Scene scene = SCENE_INIT;
  CfTask *task = cf_task_new_local (return_object, &scene, NULL);

  cf_task_set_cancellable (task, cancellable);
  cf_task_set_return_on_cancel (task, TRUE);
  future = submit_and_drop (executor, task);
  gate_wait (&scene.blocker.begun);
  g_cancellable_cancel (cancellable);
  g_clear_object (&future);
  gate_open (&scene.blocker.go_on);

  loop_until (NULL, atomic_load (&scene.n_results_freed) == 1);
  g_assert_cmpuint (atomic_load (&scene.n_freed_elsewhere), ==, 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* The context of the submitter lives until it has freed what the function returns. */
static void
test_late_result_of_another_context (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  GMainContext *context = g_main_context_new ();
  Scene scene = SCENE_INIT;

  g_main_context_push_thread_default (context);
  g_object_unref (submit_and_drop (executor, make_impatient_task (&scene, cancellable)));
  gate_wait (&scene.blocker.begun);
  g_cancellable_cancel (cancellable);
  gate_open (&scene.blocker.go_on);

  loop_until (context, atomic_load (&scene.n_results_freed) + atomic_load (&scene.n_data_freed) == 2);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  assert_freed_at_home (&scene);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_late_result_freed_in_the_worker (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Scene scene = SCENE_INIT;
  CfTask *task = make_impatient_task (&scene, cancellable);

  cf_task_set_free_in_worker (task, TRUE);
  g_object_unref (submit_and_drop (executor, task));
  gate_wait (&scene.blocker.begun);
  g_cancellable_cancel (cancellable);
  gate_open (&scene.blocker.go_on);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&scene.n_results_freed), ==, 1);
  g_assert_cmpuint (atomic_load (&scene.n_data_freed), ==, 1);
  g_assert_cmpuint (atomic_load (&scene.n_freed_elsewhere), ==, 2);
}

/* The result of a call that its timeout has overtaken goes the same way. */
static void
test_late_result_after_the_timeout (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = NULL;
  Scene scene = SCENE_INIT;
  CfTask *task = make_task (&scene, NULL);

  cf_task_set_timeout (task, 1000);
  future = submit_and_drop (executor, task);
  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gate_wait (&scene.blocker.begun);
  gate_open (&scene.blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  assert_freed_at_home (&scene);
}

static void
test_returns_before_it_begins (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfFuture) blocking = NULL;
  g_autoptr(CfFuture) future = NULL;
  Blocker blocker = BLOCKER_INIT;
  Scene scene = SCENE_INIT;

  blocking = cf_executor_submit_local (executor, block, &blocker, NULL);
  gate_wait (&blocker.begun);
  future = submit_and_drop (executor, make_impatient_task (&scene, cancellable));
  g_cancellable_cancel (cancellable);

  /* Cancelled like any call that has not begun. */
  g_assert_true (cf_future_is_cancelled (future));
  g_assert_true (cf_future_cancel (future));
  g_assert_cmpuint (atomic_load (&scene.n_data_freed), ==, 1);
  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_false (gate_is_open (&scene.blocker.begun));
}

/* That is a request, which the function may take its time for: only the task's cancellable ends the future. */
static void
test_cancel_full_does_not_return (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfFuture) future = NULL;
  Scene scene = SCENE_INIT;

  future = submit_and_drop (executor, make_impatient_task (&scene, cancellable));
  gate_wait (&scene.blocker.begun);
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));
  g_assert_true (cf_future_is_running (future));
  gate_open (&scene.blocker.go_on);
  assert_cancelled (future);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  assert_freed_at_home (&scene);
}

/* The callback comes while the function runs. */
static void
test_submit_async_returns_on_cancel (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Scene scene = SCENE_INIT;
  CfTask *task = make_impatient_task (&scene, cancellable);
  Answer answer = { .executor = executor };

  /* It is never taken for one that does not check. */
  cf_task_set_check_cancellable (task, CF_CANCELLABLE_CHECK_NEVER);
  cf_executor_submit_async (executor, task, NULL, on_submitted, &answer);
  g_object_unref (task);
  gate_wait (&scene.blocker.begun);
  g_cancellable_cancel (cancellable);
  loop_until (NULL, answer.called);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&answer.error);
  g_assert_false (gate_is_open (&scene.blocker.ended));

  gate_open (&scene.blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  assert_freed_at_home (&scene);
}

/* Processes. */

static CfTask *
make_remote_task (RemoteBlocker *blocker,
                  GCancellable  *cancellable)
{
  CfTask *task = cf_task_new (block_remotely, remote_blocker_to_variant (blocker));

  cf_task_set_cancellable (task, cancellable);
  return task;
}

static void
test_process_checked (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  CfTask *task = make_remote_task (blocker, cancellable);
  g_autoptr(CfFuture) future = NULL;

  cf_task_set_check_cancellable (task, CF_CANCELLABLE_CHECK_ALWAYS);
  future = submit_and_drop (fixture->executor, task);
  process_gate_wait (blocker->begun);
  g_cancellable_cancel (cancellable);
  process_gate_open (blocker->go_on);
  assert_cancelled (future);
}

static void
test_process_unchecked (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfFuture) future = submit_and_drop (fixture->executor, make_remote_task (blocker, cancellable));

  process_gate_wait (blocker->begun);
  g_cancellable_cancel (cancellable);
  process_gate_open (blocker->go_on);
  assert_succeeds (future);
}

/* Submits a task that returns on cancel, and cancels it when its call has opened @begun, which then goes on. */
static CfFuture *
submit_and_abandon (CfExecutor   *executor,
                    CfTask       *task,
                    GCancellable *cancellable,
                    ProcessGate  *begun)
{
  CfFuture *future;

  cf_task_set_return_on_cancel (task, TRUE);
  future = submit_and_drop (executor, task);
  process_gate_wait (begun);
  g_cancellable_cancel (cancellable);
  assert_cancelled (future);

  return future;
}

/* The worker runs its call to the end, and then the next. */
static void
test_process_returns_on_cancel (Fixture       *fixture,
                                gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  CfTask *task = make_remote_task (blocker, cancellable);
  g_autoptr(CfFuture) future = NULL;
  int pid = ask_for_pid (fixture->executor);

  future = submit_and_abandon (fixture->executor, task, cancellable, blocker->begun);
  g_assert_cmpuint (cf_executor_get_n_running (fixture->executor), ==, 1);

  process_gate_open (blocker->go_on);
  g_assert_cmpint (ask_for_pid (fixture->executor), ==, pid);
  g_assert_true (cf_future_is_cancelled (future));
  g_assert_cmpuint (cf_executor_get_n_running (fixture->executor), ==, 0);
}

static GVariant *
run_until_asked (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  GCancellable *cancellable = cf_future_get_cancellable (future);

  process_gate_open_at (g_variant_get_string (args, NULL));
  yield_until (g_cancellable_is_cancelled (cancellable));
  process_gate_open_at (g_variant_get_string (args, NULL));

  return NULL;
}

static void
test_process_is_asked (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr(ProcessGate) gate = process_gate_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  CfTask *task = cf_task_new (run_until_asked, process_gate_to_variant (gate));
  g_autoptr(CfFuture) future = NULL;

  cf_task_set_cancellable (task, cancellable);
  future = submit_and_abandon (fixture->executor, task, cancellable, gate);
  process_gate_wait (gate);
}

static void
test_process_is_killed (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  CfTask *task = make_remote_task (blocker, cancellable);
  g_autoptr(CfFuture) future = NULL;
  int pid = ask_for_pid (fixture->executor);

  future = submit_and_abandon (fixture->executor, task, cancellable, blocker->begun);

  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_KILL));
  g_assert_cmpint (ask_for_pid (fixture->executor), !=, pid);
  assert_cancelled (future);
}

/* A worker that nobody waits for does not hang for ever. */
static void
test_process_times_out (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  CfTask *task = make_remote_task (blocker, cancellable);
  g_autoptr(CfFuture) future = NULL;
  int pid = ask_for_pid (fixture->executor);

  cf_task_set_timeout (task, G_USEC_PER_SEC / 5);
  cf_task_set_return_on_cancel (task, TRUE);
  future = submit_and_drop (fixture->executor, task);
  process_gate_wait (blocker->begun);
  g_cancellable_cancel (cancellable);

  g_assert_cmpint (ask_for_pid (fixture->executor), !=, pid);
  g_assert_nonnull (await_error (future));
}

/* Maps. */

static GVariant *
wait_for_gate (CfFuture  *future,
               GVariant  *args,
               GError   **error)
{
  Blocker *blocker = GSIZE_TO_POINTER (g_variant_get_uint64 (args));

  block (future, NULL, blocker, NULL);
  return NULL;
}

static void
test_map (gconstpointer chunk_size)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfTask) task = cf_task_new (wait_for_gate, NULL);
  g_autoptr(CfMapIterator) results = NULL;
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;
  Blocker blocker = BLOCKER_INIT;
  guint64 items[2] = { GPOINTER_TO_SIZE (&blocker), GPOINTER_TO_SIZE (&blocker) };

  cf_task_set_cancellable (task, cancellable);
  cf_task_set_check_cancellable (task, CF_CANCELLABLE_CHECK_ALWAYS);
  cf_task_set_return_on_cancel (task, TRUE);
  results = cf_executor_map_task (executor, task,
                                  g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, items, 2, sizeof (guint64)),
                                  GPOINTER_TO_UINT (chunk_size), 0);
  gate_wait (&blocker.begun);
  g_cancellable_cancel (cancellable);

  g_assert_false (cf_map_iterator_next (results, NULL, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (gate_is_open (&blocker.ended));
  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_false (cf_map_iterator_next (results, NULL, &result, NULL));
}

static void
add_with_process (const char *path,
                  void      (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, GUINT_TO_POINTER (1), set_up, test, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/task/check/drops-what-a-cancelled-call-returns", test_checked);
  g_test_add_func ("/task/check/off-keeps-it", test_unchecked);
  g_test_add_func ("/task/check/changes-nothing-without-a-request", test_checked_in_peace);
  g_test_add_func ("/task/check/counts-a-request-by-cancel-full", test_checked_after_cancel_full);
  g_test_add_func ("/task/check/inline-and-returning-on-cancel", test_inline);
  g_test_add_func ("/task/check/on-a-main-context-and-returning-on-cancel", test_main_context);
  g_test_add_func ("/task/check/on-for-submit-async", test_submit_async_checks);
  g_test_add_func ("/task/check/off-for-submit-async-if-asked", test_submit_async_does_not_check);
  g_test_add_func ("/task/check/again-by-submit-finish", test_submit_finish_checks);
  g_test_add_func ("/task/return-on-cancel/while-the-function-runs", test_returns_on_cancel);
  g_test_add_func ("/task/return-on-cancel/before-the-function-runs", test_returns_before_it_begins);
  g_test_add_func ("/task/return-on-cancel/not-by-cancel-full", test_cancel_full_does_not_return);
  g_test_add_func ("/task/return-on-cancel/calls-back-at-once", test_submit_async_returns_on_cancel);
  g_test_add_func ("/task/late-result/freed-at-home-though-there-are-no-data", test_late_result_without_data);
  g_test_add_func ("/task/late-result/freed-in-the-context-of-the-submitter", test_late_result_of_another_context);
  g_test_add_func ("/task/late-result/freed-in-the-worker-if-it-may-be", test_late_result_freed_in_the_worker);
  g_test_add_func ("/task/late-result/freed-at-home-after-the-timeout", test_late_result_after_the_timeout);
  add_with_process ("/task/processes/check-drops-the-result", test_process_checked);
  add_with_process ("/task/processes/no-check-keeps-the-result", test_process_unchecked);
  add_with_process ("/task/processes/return-on-cancel-drops-the-late-answer", test_process_returns_on_cancel);
  add_with_process ("/task/processes/return-on-cancel-asks-the-worker", test_process_is_asked);
  add_with_process ("/task/processes/abandoned-call-can-be-killed", test_process_is_killed);
  add_with_process ("/task/processes/abandoned-call-times-out", test_process_times_out);
  g_test_add_data_func ("/task/map/ends-at-once", GUINT_TO_POINTER (1), test_map);
  g_test_add_data_func ("/task/map/ends-at-once-in-chunks", GUINT_TO_POINTER (2), test_map);

  return g_test_run ();
}
