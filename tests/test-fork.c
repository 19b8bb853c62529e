/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a forked child can do with the executors and the calls of its parent: be told that it cannot. And what it does with
 * its own, whatever its parent did before. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "await-error.h"
#include "blocker.h"
#include "process-gates.h"
#include "processes.h"

/* Such a child hangs if it fails. */
#define PATIENCE_SECONDS 60

typedef void (*ChildFunc) (CfExecutor *executor,
                           GString    *said);

/* For tests whose child starts threads. */
static gboolean
is_skipped_for_sanitizers (void)
{
  if (IS_SANITIZED)
    g_test_skip ("ThreadSanitizer ends a forked child that starts a thread");

  return IS_SANITIZED;
}

/* Appends how often each of the other threads has gone to sleep. Returns whether all of them sleep. */
static gboolean
append_sleep (GString *text)
{
  g_autoptr(GDir) threads = g_dir_open ("/proc/self/task", 0, NULL);
  gboolean all_sleep = TRUE;
  const char *name;

  g_assert_nonnull (threads);
  while ((name = g_dir_read_name (threads)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "status", NULL);
      g_autofree char *status = NULL;
      const char *switches;

      if (atoi (name) == gettid () || !g_file_get_contents (path, &status, NULL, NULL))
        continue;

      all_sleep = all_sleep && strstr (status, "\nState:\tS") != NULL;
      switches = strstr (status, "voluntary_ctxt_switches:");
      g_string_append_printf (text, "%s %s", name, switches != NULL ? switches : "");
    }

  return all_sleep;
}

/* Until no other thread does anything: one that has just locked something of GLib's would leave it locked in the child. */
static void
await_rest (void)
{
  gboolean is_at_rest = FALSE;

  while (!is_at_rest)
    {
      g_autoptr(GString) before = g_string_new (NULL);
      g_autoptr(GString) after = g_string_new (NULL);

      is_at_rest = append_sleep (before) && append_sleep (after) && g_string_equal (before, after);
      g_thread_yield ();
    }
}

/* Runs a function in a child. Returns what it says, or what it has not said. */
static char *
run_in_child (ChildFunc   func,
              CfExecutor *executor)
{
  char text[4096] = "";
  gsize size = 0;
  gssize n;
  int ends[2];
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  await_rest ();
  child = fork ();
  if (child == 0)
    {
      g_autoptr(GString) said = g_string_new (NULL);

      alarm (PATIENCE_SECONDS);
      func (executor, said);
      g_assert_cmpint (write (ends[1], said->str, said->len), ==, (gssize) said->len);

      /* So that nobody looks for leaks: of threads that are not there everything has leaked. */
      execlp ("true", "true", NULL);
      _exit (EXIT_FAILURE);
    }

  close (ends[1]);
  while ((n = read (ends[0], text + size, sizeof (text) - 1 - size)) > 0)
    size += n;
  close (ends[0]);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);

  return g_strdup (text);
}

static void
say_error (GString      *said,
           const char   *what,
           const GError *error)
{
  gboolean is_told = g_error_matches (error, CF_ERROR, CF_ERROR_BROKEN_EXECUTOR) &&
                     strstr (error->message, "fork()") != NULL;

  g_string_append_printf (said, "%s:%s ", what, is_told ? "told" : error != NULL ? error->message : "no error");
}

static GVariant *
return_nothing (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  return NULL;
}

static void
on_ended (GObject      *executor,
          GAsyncResult *result,
          gpointer      data)
{
  GAsyncResult **kept = data;

  *kept = g_object_ref (result);
}

static GAsyncResult *
await_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return *result;
}

static void
use_executor (CfExecutor *executor,
              GString    *said)
{
  g_autoptr(CfFuture) future = cf_executor_submit (executor, return_nothing, NULL);
  g_autoptr(CfTask) task = cf_task_new (return_nothing, NULL);
  g_autoptr(CfFuture) other = cf_executor_submit_task (executor, task);
  g_autoptr(GAsyncResult) drained = NULL;
  g_autoptr(GAsyncResult) ended = NULL;
  g_autoptr(GError) drain_error = NULL;
  g_autoptr(GError) drained_error = NULL;
  g_autoptr(GError) ended_error = NULL;

  say_error (said, "submit", await_error (future));
  say_error (said, "task", await_error (other));
  cf_executor_drain (executor, NULL, &drain_error);
  say_error (said, "drain", drain_error);
  cf_executor_drain_async (executor, NULL, on_ended, &drained);
  cf_executor_drain_finish (executor, await_result (&drained), &drained_error);
  say_error (said, "drain_async", drained_error);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT | CF_SHUTDOWN_CANCEL_PENDING);
  cf_executor_shutdown_async (executor, CF_SHUTDOWN_DEFAULT, NULL, on_ended, &ended);
  cf_executor_shutdown_finish (executor, await_result (&ended), &ended_error);
  say_error (said, "shutdown_async", ended_error);

  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);
  if (CF_IS_PROCESS_POOL_EXECUTOR (executor))
    {
      cf_process_pool_executor_kill_workers (CF_PROCESS_POOL_EXECUTOR (executor));
      g_assert_cmpuint (count_workers (executor), ==, 0);
    }
  g_clear_object (&drained);
  g_clear_object (&ended);
  g_object_unref (executor);
  g_string_append (said, "end");
}

static void
assert_child_is_told (CfExecutor *executor)
{
  g_autofree char *said = run_in_child (use_executor, executor);

  g_assert_cmpstr (said, ==, "submit:told task:told drain:told drain_async:told shutdown_async:told end");
}

static void
test_threads (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfFuture) future = cf_executor_submit (executor, return_nothing, NULL);

  g_assert_no_error (await_error (future));
  assert_child_is_told (executor);
  ask_for_pid (executor);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_unused (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);

  assert_child_is_told (executor);
  ask_for_pid (executor);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_processes (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  int pid = ask_for_pid (executor);

  assert_child_is_told (executor);
  g_assert_cmpint (ask_for_pid (executor), ==, pid);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
make_new_executors (CfExecutor *unused,
                    GString    *said)
{
  g_autoptr(CfExecutor) threads = cf_thread_pool_executor_new (1);
  g_autoptr(CfExecutor) processes = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) thread_call = cf_executor_submit (threads, return_pid, NULL);
  g_autoptr(CfFuture) process_call = cf_executor_submit (processes, return_pid, NULL);

  g_assert_cmpint (cf_future_await_int64 (thread_call, NULL), ==, getpid ());
  g_assert_cmpint (cf_future_await_int64 (process_call, NULL), !=, getpid ());
  cf_executor_shutdown (threads, CF_SHUTDOWN_WAIT);
  cf_executor_shutdown (processes, CF_SHUTDOWN_WAIT);
  g_string_append (said, "end");
}

static void
test_new_executors (void)
{
  g_autoptr(CfExecutor) executor = NULL;
  g_autofree char *said = NULL;

  if (is_skipped_for_sanitizers ())
    return;

  executor = cf_process_pool_executor_new (1);
  ask_for_pid (executor);
  said = run_in_child (make_new_executors, NULL);
  g_assert_cmpstr (said, ==, "end");
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* Calls of the parent. */

/* In the parent one of them runs and the other waits. */
typedef struct
{
  CfFuture *running;
  CfFuture *pending;
} Calls;

static Calls calls_of_parent;

static void
say_vain_wait (GString  *said,
               CfFuture *future)
{
  g_autoptr(GError) wait_error = NULL;
  g_autoptr(GError) limited_error = NULL;
  g_autoptr(GError) look_error = NULL;
  g_autoptr(GError) await_error = NULL;
  g_autoptr(GError) bytes_error = NULL;
  g_autoptr(GError) async_error = NULL;
  g_autoptr(GAsyncResult) waited = NULL;

  g_assert_false (cf_future_wait (future, -1, NULL, &wait_error));
  say_error (said, "wait", wait_error);
  g_assert_false (cf_future_wait (future, G_TIME_SPAN_HOUR, NULL, &limited_error));
  say_error (said, "limited", limited_error);
  g_assert_false (cf_future_wait (future, 0, NULL, &look_error));
  say_error (said, "look", look_error);
  cf_future_await_int64 (future, &await_error);
  say_error (said, "await", await_error);
  g_assert_null (cf_future_await_bytes (future, &bytes_error));
  say_error (said, "bytes", bytes_error);

  cf_future_wait_async (future, -1, NULL, on_ended, &waited);
  cf_future_wait_finish (future, await_result (&waited), &async_error);
  say_error (said, "wait_async", async_error);
}

static void
say_vain_wait_for_several (GString *said)
{
  CfFuture *futures[] = { calls_of_parent.running, calls_of_parent.pending };
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (futures, 2, -1);
  g_autoptr(GPtrArray) not_done = NULL;
  g_autoptr(GAsyncResult) waited = NULL;
  g_autoptr(GError) wait_error = NULL;
  g_autoptr(GError) next_error = NULL;
  g_autoptr(GError) async_error = NULL;

  g_assert_false (cf_wait (futures, 2, CF_RETURN_WHEN_FIRST_COMPLETED, -1, NULL, NULL, &not_done, &wait_error));
  g_assert_cmpuint (not_done->len, ==, 2);
  say_error (said, "several", wait_error);

  g_assert_null (cf_completion_iterator_next (iterator, NULL, &next_error));
  say_error (said, "next", next_error);
  cf_completion_iterator_next_async (iterator, NULL, on_ended, &waited);
  g_assert_null (cf_completion_iterator_next_finish (iterator, await_result (&waited), &async_error));
  say_error (said, "next_async", async_error);
}

/* They are the parent's: they stay as they were. */
static void
try_to_cancel (CfFuture *future)
{
  g_assert_false (cf_future_cancel (future));
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE | CF_CANCEL_KILL));
  g_assert_false (cf_future_is_done (future));
  g_assert_cmpint (cf_future_get_state (future), <=, CF_FUTURE_STATE_RUNNING);
}

static void
use_calls (CfExecutor *executor,
           GString    *said)
{
  say_vain_wait (said, calls_of_parent.running);
  say_vain_wait (said, calls_of_parent.pending);
  say_vain_wait_for_several (said);
  try_to_cancel (calls_of_parent.running);
  try_to_cancel (calls_of_parent.pending);
  g_string_append (said, "end");
}

static void
assert_child_waits_for_nothing (CfFuture *running,
                                CfFuture *pending)
{
  const char *told = "wait:told limited:told look:told await:told bytes:told wait_async:told ";
  g_autofree char *expected = g_strconcat (told, told, "several:told next:told next_async:told end", NULL);
  g_autofree char *said = NULL;

  calls_of_parent = (Calls) { running, pending };
  g_assert_true (cf_future_is_running (running));
  said = run_in_child (use_calls, NULL);
  g_assert_cmpstr (said, ==, expected);
}

static void
test_calls_of_threads (void)
{
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) running = cf_executor_submit_local (executor, block, &blocker, NULL);
  g_autoptr(CfFuture) pending = cf_executor_submit (executor, return_pid, NULL);

  gate_wait (&blocker.begun);
  assert_child_waits_for_nothing (running, pending);
  gate_open (&blocker.go_on);
  g_assert_cmpint (cf_future_await_int64 (pending, NULL), ==, getpid ());
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_calls_of_processes (void)
{
  RemoteBlocker *blocker = remote_blocker_new ();
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) running = cf_executor_submit (executor, block_remotely, remote_blocker_to_variant (blocker));
  g_autoptr(CfFuture) pending = cf_executor_submit (executor, return_pid, NULL);

  process_gate_wait (blocker->begun);
  assert_child_waits_for_nothing (running, pending);
  process_gate_open (blocker->go_on);
  g_assert_cmpint (cf_future_await_int64 (pending, NULL), ==, cf_future_await_int64 (running, NULL));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  remote_blocker_free (blocker);
}

/* The child's own calls are waited for while there are any, also among those of its parent. */
static void
wait_for_mixed_calls (CfExecutor *executor,
                      GString    *said)
{
  g_autoptr(CfExecutor) own = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) own_call = cf_executor_submit (own, return_pid, NULL);
  CfFuture *futures[] = { calls_of_parent.running, own_call };
  g_autoptr(GPtrArray) done = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (cf_wait (futures, 2, CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, &done, NULL, &error));
  g_assert_cmpuint (done->len, ==, 1);
  say_error (said, "mixed", error);
  cf_executor_shutdown (own, CF_SHUTDOWN_WAIT);
}

static void
test_mixed_calls (void)
{
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfExecutor) executor = NULL;
  g_autoptr(CfFuture) running = NULL;
  g_autofree char *said = NULL;

  if (is_skipped_for_sanitizers ())
    return;

  executor = cf_thread_pool_executor_new (1);
  running = cf_executor_submit_local (executor, block, &blocker, NULL);
  gate_wait (&blocker.begun);
  calls_of_parent.running = running;
  said = run_in_child (wait_for_mixed_calls, NULL);
  g_assert_cmpstr (said, ==, "mixed:told ");
  gate_open (&blocker.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* A promise is nobody's: the child keeps its own copy of it. */
static void
keep_promise (CfExecutor *executor,
              GString    *said)
{
  CfFuture *promise = calls_of_parent.pending;
  g_autoptr(GError) error = NULL;

  g_assert_false (cf_future_wait (promise, 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  cf_future_set_variant (promise, g_variant_new_int64 (42), NULL);
  g_assert_cmpint (cf_future_await_int64 (promise, NULL), ==, 42);
  g_string_append (said, "end");
}

static void
test_promise (void)
{
  g_autoptr(CfFuture) promise = cf_future_new ();
  g_autofree char *said = NULL;

  calls_of_parent.pending = promise;
  said = run_in_child (keep_promise, NULL);
  g_assert_cmpstr (said, ==, "end");
  g_assert_false (cf_future_is_done (promise));
}

/* Timeouts. */

static CfFuture *
submit_late (CfExecutor *executor,
             Blocker    *blocker,
             gint64      timeout_usec)
{
  g_autoptr(CfTask) task = cf_task_new_local (block, blocker, NULL);

  cf_task_set_timeout (task, timeout_usec);
  return cf_executor_submit_task (executor, task);
}

static void
run_into_timeouts (CfExecutor *unused,
                   GString    *said)
{
  g_autoptr(CfExecutor) threads = cf_thread_pool_executor_new (1);
  g_autoptr(CfExecutor) processes = cf_process_pool_executor_new (1);
  g_autoptr(CfTask) task = cf_task_new (hang, NULL);
  g_autoptr(CfFuture) process_call = NULL;
  g_autoptr(CfFuture) thread_call = NULL;
  g_autoptr(CfFuture) other_call = NULL;
  g_autoptr(GError) error = NULL;
  Blocker blocker = BLOCKER_INIT;

  thread_call = submit_late (threads, &blocker, 1);
  g_assert_error (await_error (thread_call), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  cf_task_set_timeout (task, 1);
  process_call = cf_executor_submit_task (processes, task);
  g_assert_error (await_error (process_call), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  other_call = cf_executor_submit (threads, return_pid, NULL);
  g_assert_false (cf_future_wait (other_call, 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gate_open (&blocker.go_on);
  g_assert_true (cf_future_wait (other_call, G_TIME_SPAN_HOUR, NULL, NULL));

  cf_executor_shutdown (threads, CF_SHUTDOWN_WAIT);
  cf_executor_shutdown (processes, CF_SHUTDOWN_WAIT);
  g_string_append (said, "end");
}

/* The parent has a thread for timers, and a timer to come. */
static void
test_timeouts (void)
{
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfExecutor) executor = NULL;
  g_autoptr(CfFuture) late = NULL;
  g_autofree char *said = NULL;

  if (is_skipped_for_sanitizers ())
    return;

  executor = cf_thread_pool_executor_new (1);
  late = submit_late (executor, &blocker, G_TIME_SPAN_HOUR);
  gate_wait (&blocker.begun);
  yield_until (count_threads ("cf-timer") == 1);
  said = run_in_child (run_into_timeouts, NULL);
  g_assert_cmpstr (said, ==, "end");

  gate_open (&blocker.go_on);
  g_assert_no_error (await_error (late));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* In a call. */

static void
wait_for_own_call (CfExecutor *unused,
                   GString    *said)
{
  g_autoptr(CfExecutor) own = cf_thread_pool_executor_new (1);
  Blocker blocker = BLOCKER_INIT;
  g_autoptr(CfFuture) call = cf_executor_submit_local (own, block, &blocker, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (cf_future_wait (call, 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gate_open (&blocker.go_on);
  g_assert_true (cf_future_wait (call, -1, NULL, NULL));
  g_assert_cmpuint (count_threads ("cf-pool-2"), ==, 0);
  cf_executor_shutdown (own, CF_SHUTDOWN_WAIT);
  g_string_append (said, "end");
}

static gboolean
fork_in_call (CfFuture  *future,
              GValue    *result,
              gpointer   user_data,
              GError   **error)
{
  gate_wait (user_data);
  g_value_init (result, G_TYPE_STRING);
  g_value_take_string (result, run_in_child (wait_for_own_call, NULL));

  return TRUE;
}

/* The pool has another call, for which it would start a thread in the place of one that blocks. */
static void
test_fork_in_call (void)
{
  Gate may_fork = GATE_INIT;
  g_autoptr(CfFuture) pending = NULL;
  g_autoptr(CfExecutor) executor = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autofree char *said = NULL;

  if (is_skipped_for_sanitizers ())
    return;

  executor = cf_thread_pool_executor_new (1);
  future = cf_executor_submit_local (executor, fork_in_call, &may_fork, NULL);
  pending = cf_executor_submit (executor, return_pid, NULL);
  gate_open (&may_fork);
  said = cf_future_await_string (future, NULL);
  g_assert_cmpstr (said, ==, "end");
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  forbid_cores ();

  /* The type of GTask starts a thread, which ThreadSanitizer does not let a forked child do. */
  g_type_ensure (G_TYPE_TASK);

  g_test_add_func ("/fork/child-is-told-of-its-parents-threads", test_threads);
  g_test_add_func ("/fork/child-is-told-of-an-executor-that-was-never-used", test_unused);
  g_test_add_func ("/fork/child-is-told-of-its-parents-processes", test_processes);
  g_test_add_func ("/fork/child-makes-executors-of-its-own", test_new_executors);

  g_test_add_func ("/fork/child-waits-for-no-call-of-its-parents-threads", test_calls_of_threads);
  g_test_add_func ("/fork/child-waits-for-no-call-of-its-parents-processes", test_calls_of_processes);
  g_test_add_func ("/fork/child-waits-for-its-own-among-its-parents", test_mixed_calls);
  g_test_add_func ("/fork/child-keeps-a-promise", test_promise);
  g_test_add_func ("/fork/child-has-timeouts", test_timeouts);
  g_test_add_func ("/fork/child-of-a-call-belongs-to-no-pool", test_fork_in_call);

  return g_test_run ();
}
