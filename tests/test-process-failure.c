/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The process pool when something goes wrong: workers that die, hang, or never were workers; programs that forget to
 * be their own workers, or are killed. */

#include <link.h>
#include <stdio.h>
#include <stdlib.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <gmodule.h>

#include "await-error.h"
#include "pool-fixture.h"
#include "process-gates.h"

static char *program;

/* Death. */

static GVariant *
exit_in_order (CfFuture  *future,
               GVariant  *args,
               GError   **error)
{
  exit (g_variant_get_int32 (args));
}

static void
assert_died (CfFuture   *future,
             const char *how)
{
  const GError *error = await_error (future);

  g_assert_error (error, CF_ERROR, CF_ERROR_WORKER_DIED);
  assert_message (error, how);
}

/* Nothing is logged for it. */
static void
assert_cancelled (CfFuture *future)
{
  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (cf_future_is_cancelled (future));
  g_assert_false (cf_future_cancel (future));
}

static void
assert_dies (Fixture    *fixture,
             CfFunc      func,
             int         argument,
             const char *how)
{
  g_autoptr(CfFuture) future = NULL;
  int pid = ask_for_pid (fixture->executor);
  g_autofree char *number = g_strdup_printf ("%d", pid);

  future = cf_executor_submit (fixture->executor, func, g_variant_new_int32 (argument));
  assert_died (future, how);
  assert_message (await_error (future), number);

  /* Another one takes its place. */
  g_assert_cmpint (ask_for_pid (fixture->executor), !=, pid);
  g_assert_false (process_exists (pid));
}

static void
test_death (Fixture       *fixture,
            gconstpointer  data)
{
  assert_dies (fixture, die_by_signal, SIGSEGV, "signal 11");
  assert_dies (fixture, die_by_signal, SIGABRT, "signal 6");
  assert_dies (fixture, die_by_signal, SIGKILL, "signal 9");
  assert_dies (fixture, die_by_signal, SIGTERM, g_strsignal (SIGTERM));
  assert_dies (fixture, exit_with_status, 3, "exit status 3");
  assert_dies (fixture, exit_with_status, 0, "exit status 0");
  assert_dies (fixture, exit_in_order, 4, "exit status 4");
}

/* Errors say which of many calls they are of. */
static void
test_name (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(CfTask) deadly = cf_task_new (die_by_signal, g_variant_new_int32 (SIGKILL));
  g_autoptr(CfTask) endless = cf_task_new (hang, NULL);
  g_autoptr(CfFuture) died = NULL;
  g_autoptr(CfFuture) timed_out = NULL;
  g_autoptr(CfFuture) nameless = NULL;

  cf_task_set_name (deadly, "thumbnail 7");
  died = cf_executor_submit_task (fixture->executor, deadly);
  assert_died (died, "The call “thumbnail 7” was not finished: worker process ");

  cf_task_set_name (endless, "thumbnail 8");
  cf_task_set_timeout (endless, 20 * G_TIME_SPAN_MILLISECOND);
  timed_out = cf_executor_submit_task (fixture->executor, endless);
  g_assert_error (await_error (timed_out), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_message (await_error (timed_out), "“thumbnail 8”");

  nameless = cf_executor_submit (fixture->executor, die_by_signal, g_variant_new_int32 (SIGKILL));
  assert_died (nameless, "The call was not finished: worker process ");
}

/* Other code of the program sees to it that nobody can wait for a child. */
static void
test_death_without_status (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;
  int pid = ask_for_pid (fixture->executor);

  signal (SIGCHLD, SIG_IGN);
  future = cf_executor_submit (fixture->executor, die_by_signal, g_variant_new_int32 (SIGKILL));
  assert_died (future, "other code of this program");
  g_assert_null (strstr (await_error (future)->message, "exit status"));
  signal (SIGCHLD, SIG_DFL);

  g_assert_cmpint (ask_for_pid (fixture->executor), !=, pid);
}

static GVariant *
say_last_words (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  for (guint i = 1; i <= 8; i++)
    fprintf (stderr, "word %u\n", i);
  die_of (SIGSEGV);

  return NULL;
}

/* A descriptor that takes everything. */
static int
open_nowhere (void)
{
  int descriptor = g_open ("/dev/null", O_WRONLY | O_CLOEXEC, 0);

  g_assert_cmpint (descriptor, >=, 0);
  return descriptor;
}

static void
test_last_words (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;

  use_stderr_fd (fixture, open_nowhere ());
  future = cf_executor_submit (fixture->executor, say_last_words, NULL);
  assert_died (future, "word 4\nword 5\nword 6\nword 7\nword 8");
  g_assert_null (strstr (await_error (future)->message, "word 3"));
}

static void
test_death_is_alone (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) running = NULL;
  g_autoptr(CfFuture) deadly = NULL;
  enum { N_CALLS = 50 };
  CfFuture *behind[N_CALLS];

  make_short_calls (fixture->executor);
  running = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait (blocker->begun);
  deadly = cf_executor_submit (fixture->executor, die_by_signal, g_variant_new_int32 (SIGKILL));
  for (gint64 i = 0; i < N_CALLS; i++)
    behind[i] = cf_executor_submit (fixture->executor, echo, g_variant_new_int64 (i));

  assert_died (deadly, "signal 9");
  for (gint64 i = 0; i < N_CALLS; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (cf_future_await_int64 (behind[i], &error), ==, i);
      g_assert_no_error (error);
    }

  g_assert_true (cf_future_is_running (running));
  process_gate_open (blocker->go_on);
  g_assert_no_error (await_error (running));
  unref_all (behind, N_CALLS);
}

static void
test_death_when_idle (Fixture       *fixture,
                      gconstpointer  data)
{
  for (guint i = 0; i < 20; i++)
    {
      int pid = ask_for_pid (fixture->executor);

      /* The next call may still be handed to it. */
      g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
      g_assert_cmpint (ask_for_pid (fixture->executor), !=, pid);
    }
}

/* Again and again, but always in the middle of a call: that is the fault of the calls. */
static void
test_death_of_many (Fixture       *fixture,
                    gconstpointer  data)
{
  enum { N_CALLS = 20 };
  CfFuture *futures[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, exit_with_status, g_variant_new_int32 (7));
  for (guint i = 0; i < N_CALLS; i++)
    assert_died (futures[i], "exit status 7");
  ask_for_pid (fixture->executor);
  unref_all (futures, N_CALLS);
}

static GVariant *
die_in_initializer (CfFuture  *future,
                    GVariant  *args,
                    GError   **error)
{
  fputs ("no licence\n", stderr);
  _exit (5);
}

static void
assert_broken (CfFuture   *future,
               const char *why)
{
  const GError *error = await_error (future);

  g_assert_error (error, CF_ERROR, CF_ERROR_BROKEN_EXECUTOR);
  assert_message (error, why);
}

static void
test_death_in_initializer (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;

  use_stderr_fd (fixture, open_nowhere ());
  cf_process_pool_executor_set_initializer (fixture->pool, die_in_initializer, NULL);
  future = cf_executor_submit (fixture->executor, return_pid, NULL);
  assert_broken (future, "exit status 5");
  assert_message (await_error (future), "no licence");
}

/* Whoever reads standard error does not. */
static GVariant *
fill_standard_error (CfFuture  *future,
                     GVariant  *args,
                     GError   **error)
{
  g_autofree char *line = g_strnfill (100000, 'x');

  process_gate_open_at (g_variant_get_string (args, NULL));
  for (;;)
    fputs (line, stderr);

  return NULL;
}

static void
test_standard_error_is_full (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autoptr(ProcessGate) begun = process_gate_new ();
  g_autoptr(CfFuture) future = NULL;
  int ends[2];

  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  use_stderr_fd (fixture, ends[1]);
  future = cf_executor_submit (fixture->executor, fill_standard_error, process_gate_to_variant (begun));
  process_gate_wait (begun);

  for (guint i = 0; i < 20; i++)
    ask_for_pid (fixture->executor);
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_KILL));
  assert_cancelled (future);
  ask_for_pid (fixture->executor);
  g_close (ends[0], NULL);
}

/* Nobody is there to read it. */
static void
test_standard_error_is_closed (Fixture       *fixture,
                               gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;
  int ends[2];

  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  g_close (ends[0], NULL);
  use_stderr_fd (fixture, ends[1]);
  future = cf_executor_submit (fixture->executor, say_last_words, NULL);
  assert_died (future, "word 8");
}

/* Broken pools. */

static void
assert_stays_broken (Fixture    *fixture,
                     const char *why)
{
  g_autoptr(CfFuture) first = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_autoptr(CfFuture) second = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_autoptr(CfFuture) late = NULL;

  assert_broken (first, why);
  assert_broken (second, why);

  late = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_assert_true (cf_future_is_done (late));
  assert_broken (late, why);
  yield_until (count_workers (fixture->executor) == 0);
}

static void
test_no_such_program (Fixture       *fixture,
                      gconstpointer  data)
{
  const char *argv[] = { "/nonexistent/cfutures-program", NULL };

  use_argv (fixture, argv);
  assert_stays_broken (fixture, "could not start a worker process: ");
  assert_stays_broken (fixture, "“/nonexistent/cfutures-program --cf-worker=3”; check the CfWorkerLauncher of the pool");
}

static void
test_no_such_directory (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_cwd (launcher, "/nonexistent/cfutures-directory");
  use_launcher (fixture, launcher);
  assert_stays_broken (fixture, "/nonexistent/cfutures-directory");
}

static void
test_program_fails (Fixture       *fixture,
                    gconstpointer  data)
{
  const char *argv[] = { "false", NULL };

  use_argv (fixture, argv);
  assert_stays_broken (fixture, "exit status 1");
}

static void
test_program_is_no_worker (Fixture       *fixture,
                           gconstpointer  data)
{
  const char *argv[] = { "cat", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  /* It says itself what it does not know. */
  cf_worker_launcher_set_argv (launcher, argv);
  cf_worker_launcher_take_stderr_fd (launcher, open_nowhere ());
  use_launcher (fixture, launcher);
  assert_stays_broken (fixture, "cf-worker");
}

static void
test_program_hangs (Fixture       *fixture,
                    gconstpointer  data)
{
  const char *argv[] = { "sh", "-c", "exec sleep 3600", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_argv (launcher, argv);
  cf_worker_launcher_set_start_timeout (launcher, 20 * G_TIME_SPAN_MILLISECOND);
  use_launcher (fixture, launcher);
  assert_stays_broken (fixture, "cf_worker_main()");
}

/* Those that end at once may be gone before anybody knows their numbers. */
static void
test_numbers_of_failing (void)
{
  const char *argv[] = { "true", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_argv (launcher, argv);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(CfExecutor) executor = cf_process_pool_executor_new_with_launcher (4, launcher);
      CfProcessPoolExecutor *pool = CF_PROCESS_POOL_EXECUTOR (executor);
      g_autoptr(CfFuture) future = cf_executor_submit (executor, return_pid, NULL);

      while (!cf_future_is_done (future))
        {
          gsize n_pids;
          g_autofree int *pids = cf_process_pool_executor_get_worker_pids (pool, &n_pids);

          for (gsize k = 0; k < n_pids; k++)
            g_assert_cmpint (pids[k], >, 0);
        }

      assert_broken (future, "exit status 0");
      g_assert_null (strstr (await_error (future)->message, "process 0"));
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }
  await_end_of_pools ();
}

static GVariant *
refuse_the_second_time (CfFuture  *future,
                        GVariant  *args,
                        GError   **error)
{
  int descriptor = g_open (g_variant_get_string (args, NULL), O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (descriptor >= 0)
    g_close (descriptor, NULL);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "Only one");

  return NULL;
}

/* Returns when it is. */
static void
await_breakdown (Fixture *fixture)
{
  gboolean is_broken = FALSE;

  while (!is_broken)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, return_pid, NULL);

      is_broken = !cf_future_cancel (future) && await_error (future) != NULL;
    }
}

/* Calls that one worker has been handed, and has not begun, when another one breaks the pool. */
static void
test_broken_when_busy (Fixture       *fixture,
                       gconstpointer  data)
{
  enum { N_CALLS = 50 };
  g_autofree char *folder = g_dir_make_tmp ("cfutures-broken-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "initialized", NULL);
  CfFuture *futures[N_CALLS];
  int pid;

  cf_process_pool_executor_set_initializer (fixture->pool, refuse_the_second_time, g_variant_new_string (path));
  make_short_calls (fixture->executor);
  pid = get_only_worker (fixture->executor);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  for (gint64 i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, echo, g_variant_new_int64 (i));
  await_breakdown (fixture);

  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  for (guint i = 0; i < N_CALLS; i++)
    assert_broken (futures[i], "Only one");
  unref_all (futures, N_CALLS);
  g_unlink (path);
  g_rmdir (folder);
}

/* Returns what it was before. */
static rlim_t
limit_descriptors (rlim_t limit)
{
  struct rlimit limits;
  rlim_t before;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limits), ==, 0);
  before = limits.rlim_cur;
  limits.rlim_cur = limit;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limits), ==, 0);

  return before;
}

/* Descriptors run out for a moment: the pool tries again. */
static void
test_descriptors_run_out (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) running = NULL;
  g_autoptr(CfFuture) waiting = NULL;
  int lowest = dup (STDERR_FILENO);
  rlim_t limit;

  running = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait (blocker->begun);

  limit = limit_descriptors (lowest);
  waiting = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_assert_false (cf_future_wait (waiting, 200 * G_TIME_SPAN_MILLISECOND, NULL, NULL));
  g_assert_cmpuint (count_workers (fixture->executor), ==, 1);

  limit_descriptors (limit);
  g_assert_no_error (await_error (waiting));
  g_assert_true (cf_future_is_running (running));
  process_gate_open (blocker->go_on);
  g_assert_no_error (await_error (running));
  g_close (lowest, NULL);
}

/* A call that comes while no worker may be started, to a manager that sleeps because there was nothing to do. */
static void
test_call_after_descriptors_ran_out (Fixture       *fixture,
                                     gconstpointer  data)
{
  int lowest = dup (STDERR_FILENO);

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
      g_autoptr(CfFuture) cancelled = NULL;
      g_autoptr(CfFuture) future = NULL;
      rlim_t limit = limit_descriptors (lowest);

      cancelled = cf_executor_submit (executor, return_pid, NULL);
      g_assert_false (cf_future_wait (cancelled, 10 * G_TIME_SPAN_MILLISECOND, NULL, NULL));
      g_assert_true (cf_future_cancel (cancelled));
      limit_descriptors (limit);

      /* Has the manager see that there is nothing to do. If it takes longer the call finds it awake, and succeeds. */
      cf_process_pool_executor_set_idle_timeout (CF_PROCESS_POOL_EXECUTOR (executor), G_TIME_SPAN_HOUR);
      g_usleep (i * G_TIME_SPAN_MILLISECOND);
      future = cf_executor_submit (executor, return_pid, NULL);
      g_assert_true (cf_future_wait (future, 60 * G_TIME_SPAN_SECOND, NULL, NULL));
      g_assert_no_error (await_error (future));
    }

  g_close (lowest, NULL);
}

/* Files of a limited size: what is over the limit fails, where the system would kill the program by SIGXFSZ. */

/* Returns what it was before. */
static rlim_t
limit_file_size (rlim_t limit)
{
  struct rlimit limits;
  rlim_t before;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limits), ==, 0);
  before = limits.rlim_cur;
  limits.rlim_cur = limit;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limits), ==, 0);

  return before;
}

static void
test_small_files (Fixture       *fixture,
                  gconstpointer  data)
{
  rlim_t limit = limit_file_size (100 * 1024);

  assert_stays_broken (fixture, "ulimit -f");
  limit_file_size (limit);
}

#define FILE_LIMIT (4 * 1024 * 1024)

static GVariant *
return_too_much (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  return make_bytes (2 * FILE_LIMIT);
}

static void
assert_too_large (CfFuture *future)
{
  g_assert_error (await_error (future), G_IO_ERROR, (gint) g_io_error_from_errno (EFBIG));
  assert_message (await_error (future), g_strerror (EFBIG));
}

static void
test_values_larger_than_files (Fixture       *fixture,
                               gconstpointer  data)
{
  rlim_t limit = limit_file_size (FILE_LIMIT);
  g_autoptr(CfFuture) argument = cf_executor_submit (fixture->executor, return_size, make_bytes (2 * FILE_LIMIT));
  g_autoptr(CfFuture) result = cf_executor_submit (fixture->executor, return_too_much, NULL);

  assert_too_large (argument);
  assert_too_large (result);
  ask_for_pid (fixture->executor);
  limit_file_size (limit);
}

static GVariant *
say_too_much (CfFuture  *future,
              GVariant  *args,
              GError   **error)
{
  g_autofree char *line = g_strnfill (FILE_LIMIT / 2, 'x');

  for (guint i = 0; i < 3; i++)
    fputs (line, stderr);

  return NULL;
}

static void
test_standard_error_larger_than_files (Fixture       *fixture,
                                       gconstpointer  data)
{
  g_autofree char *path = NULL;
  int descriptor = g_file_open_tmp ("cfutures-stderr-XXXXXX", &path, NULL);
  g_autoptr(CfFuture) future = NULL;
  rlim_t limit = limit_file_size (FILE_LIMIT);

  use_stderr_fd (fixture, descriptor);
  future = cf_executor_submit (fixture->executor, say_too_much, NULL);
  assert_succeeds (future);
  ask_for_pid (fixture->executor);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);

  limit_file_size (limit);
  g_unlink (path);
}

/* Workers that are started by a shell, which runs that script first: $0 is a path, "$@" the worker's command. */
static void
use_script (Fixture    *fixture,
            const char *script,
            const char *path,
            gint64      start_timeout_usec)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
  const char *argv[] = { "sh", "-c", script, path, NULL };

  cf_worker_launcher_set_prefix_argv (launcher, argv);
  if (start_timeout_usec > 0)
    cf_worker_launcher_set_start_timeout (launcher, start_timeout_usec);
  use_launcher (fixture, launcher);
}

/* The process of a pool that is to have one, and has not that one. */
static int
await_other_worker (Fixture  *fixture,
                    CfFuture *pending,
                    int       pid)
{
  for (;;)
    {
      gsize n_pids;
      g_autofree int *pids = cf_process_pool_executor_get_worker_pids (fixture->pool, &n_pids);

      g_assert_false (cf_future_is_done (pending));
      if (n_pids == 1 && pids[0] != pid)
        return pids[0];

      g_thread_yield ();
    }
}

/* Somebody kills each worker before it gets ready, and stops doing so: that is no fault of the workers. */
static void
test_killed_while_starting (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr(ProcessGate) gate = process_gate_new ();
  g_autoptr(CfFuture) future = NULL;
  int pid = 0;

  use_script (fixture, "read line < $0 && exec \"$@\"", gate->path, 0);
  future = cf_executor_submit (fixture->executor, return_pid, NULL);
  for (guint i = 0; i < 8; i++)
    {
      pid = await_other_worker (fixture, future, pid);
      g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
    }

  /* One that is about to die must not take the line away from the next. */
  await_other_worker (fixture, future, pid);
  process_gate_write (gate->descriptor, '\n');
  assert_succeeds (future);
}

/* Becomes a worker as long as the gate is there. */
#define SCRIPT_THAT_NEEDS_A_GATE "test -p $0 && exec \"$@\""

static void
lose_worker_and_gate (Fixture     *fixture,
                      ProcessGate *gate)
{
  int pid = ask_for_pid (fixture->executor);

  g_assert_cmpint (g_unlink (gate->path), ==, 0);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  yield_until (!process_exists (pid));
}

/* For a moment workers fail to start. A pool that has worked before works again afterwards. */
static void
test_program_fails_for_a_moment (Fixture       *fixture,
                                 gconstpointer  data)
{
  g_autoptr(ProcessGate) gate = process_gate_new ();
  g_autoptr(CfFuture) future = NULL;

  use_script (fixture, SCRIPT_THAT_NEEDS_A_GATE, gate->path, 0);
  lose_worker_and_gate (fixture, gate);
  future = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_assert_false (cf_future_wait (future, 2 * G_TIME_SPAN_SECOND, NULL, NULL));

  g_assert_cmpint (mkfifo (gate->path, 0600), ==, 0);
  assert_succeeds (future);
}

/* But not for ever. */
static void
test_program_fails_one_day (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr(ProcessGate) gate = process_gate_new ();

  use_script (fixture, SCRIPT_THAT_NEEDS_A_GATE, gate->path, G_TIME_SPAN_SECOND);
  lose_worker_and_gate (fixture, gate);
  assert_stays_broken (fixture, "exit status 1");
}

/* Workers that hang. */

/* Slow is not dead: it works, and nobody kills it for it. */
static void
test_slow_start (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(ProcessGate) gate = process_gate_new ();
  g_autoptr(CfFuture) future = NULL;
  int pid;

  use_script (fixture, "while test -p $0; do :; done; exec \"$@\"", gate->path, G_TIME_SPAN_SECOND / 2);
  future = cf_executor_submit (fixture->executor, return_pid, NULL);
  yield_until (count_workers (fixture->executor) == 1);
  pid = get_only_worker (fixture->executor);
  g_assert_false (cf_future_wait (future, 4 * G_TIME_SPAN_SECOND, NULL, NULL));

  g_assert_cmpint (g_unlink (gate->path), ==, 0);
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, pid);
}

static GVariant *
stop_itself (CfFuture  *future,
             GVariant  *args,
             GError   **error)
{
  raise (SIGSTOP);

  return NULL;
}

static void
assert_times_out (Fixture *fixture,
                  CfFunc   func)
{
  g_autoptr(CfTask) task = cf_task_new (func, NULL);
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfFuture) next = NULL;
  int pid = ask_for_pid (fixture->executor);

  cf_task_set_timeout (task, 20 * G_TIME_SPAN_MILLISECOND);
  future = cf_executor_submit_task (fixture->executor, task);
  next = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  g_assert_cmpint (cf_future_await_int64 (next, NULL), !=, pid);
  yield_until (!process_exists (pid));
}

static void
test_timeout (Fixture       *fixture,
              gconstpointer  data)
{
  assert_times_out (fixture, hang);
  assert_times_out (fixture, hang);
}

static void
test_timeout_when_stopped (Fixture       *fixture,
                           gconstpointer  data)
{
  assert_times_out (fixture, stop_itself);
}

/* Only the time that the call takes itself counts. */
static void
test_timeout_of_waiting_call (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfTask) task = cf_task_new (return_pid, NULL);
  g_autoptr(CfFuture) running = NULL;
  g_autoptr(CfFuture) waiting = NULL;

  make_short_calls (fixture->executor);
  running = remote_blocker_submit (blocker, fixture->executor);
  cf_task_set_timeout (task, 5 * G_TIME_SPAN_SECOND);
  waiting = cf_executor_submit_task (fixture->executor, task);
  g_assert_false (cf_future_wait (waiting, 50 * G_TIME_SPAN_MILLISECOND, NULL, NULL));
  g_assert_cmpint (cf_future_get_state (waiting), ==, CF_FUTURE_STATE_PENDING);

  process_gate_open (blocker->go_on);
  g_assert_no_error (await_error (running));
  g_assert_no_error (await_error (waiting));
}

static void
test_stopped_when_idle (Fixture       *fixture,
                        gconstpointer  data)
{
  enum { N_CALLS = 3 };
  CfFuture *futures[N_CALLS];
  int pid;

  use_start_timeout (fixture, G_TIME_SPAN_SECOND);
  pid = ask_for_pid (fixture->executor);
  kill (pid, SIGSTOP);

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, return_pid, NULL);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (cf_future_await_int64 (futures[i], &error), !=, pid);
      g_assert_no_error (error);
    }
  yield_until (!process_exists (pid));
  unref_all (futures, N_CALLS);
}

/* Asked, told, and killed: that takes its time, but not for ever. */
static void
test_stopped_when_shut_down (Fixture       *fixture,
                             gconstpointer  data)
{
  int pid = ask_for_pid (fixture->executor);

  kill (pid, SIGSTOP);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_false (process_exists (pid));
}

static void
test_kill_running (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfFuture) next = NULL;
  int pid = ask_for_pid (fixture->executor);

  future = cf_executor_submit (fixture->executor, hang, NULL);
  next = cf_executor_submit (fixture->executor, return_pid, NULL);
  yield_until (cf_future_is_running (future));
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_KILL));
  assert_cancelled (future);

  g_assert_cmpint (cf_future_await_int64 (next, NULL), !=, pid);
  g_assert_false (process_exists (pid));
}

/* Again and again, each one a new worker's first call. */
static void
test_kill_many (Fixture       *fixture,
                gconstpointer  data)
{
  enum { N_CALLS = 8 };

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, hang, NULL);

      yield_until (cf_future_is_running (future));
      g_assert_false (cf_future_cancel_full (future, CF_CANCEL_KILL));
      assert_cancelled (future);
    }
  ask_for_pid (fixture->executor);
}

static void
test_kill_stopped (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, stop_itself, NULL);

  yield_until (cf_future_is_running (future));
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_KILL));
  assert_cancelled (future);
}

static void
test_kill_pending (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) ran = process_gate_new ();
  g_autoptr(CfFuture) running = NULL;
  g_autoptr(CfFuture) pending = NULL;

  running = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait (blocker->begun);
  pending = cf_executor_submit (fixture->executor, open_gate_remotely, process_gate_to_variant (ran));
  g_assert_true (cf_future_cancel_full (pending, CF_CANCEL_KILL));
  g_assert_true (cf_future_is_cancelled (pending));

  /* Nothing was killed for it. */
  process_gate_open (blocker->go_on);
  g_assert_no_error (await_error (running));
  ask_for_pid (fixture->executor);
  g_assert_cmpuint (process_gate_count (ran), ==, 0);
}

/* A call that has ended by then is not killed, nor is the one after it. */
static void
test_kill_ended (Fixture       *fixture,
                 gconstpointer  data)
{
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, return_pid, NULL);
      g_autoptr(CfFuture) next = cf_executor_submit (fixture->executor, return_pid, NULL);
      const GError *error;

      cf_future_cancel_full (future, CF_CANCEL_KILL);
      error = await_error (future);
      if (error != NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_no_error (await_error (next));
    }
}

/* Other programs. */

/* Starts a program of these tests. */
static GSubprocess *
start_program (const char *path,
               const char *first,
               const char *second,
               const char *worker_folder)
{
  g_autoptr(GSubprocessLauncher) launcher = NULL;
  g_autoptr(GError) error = NULL;
  GSubprocess *subprocess;

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  if (worker_folder != NULL)
    g_subprocess_launcher_setenv (launcher, "CFUTURES_WORKER_DIR", worker_folder, TRUE);
  subprocess = g_subprocess_launcher_spawn (launcher, &error, path, first, second, NULL);
  g_assert_no_error (error);

  return subprocess;
}

static char *
run_forgetful_program (const char *what,
                       const char *worker_folder)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "forgetful-program", NULL);
  g_autofree char *module = g_test_build_filename (G_TEST_BUILT, "submitted-functions." G_MODULE_SUFFIX, NULL);
  g_autoptr(GSubprocess) subprocess = start_program (path, what, module, worker_folder);
  g_autoptr(GError) error = NULL;
  char *output = NULL;

  g_subprocess_communicate_utf8 (subprocess, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (subprocess));

  return output;
}

static void
test_forgot_init (void)
{
  g_autofree char *output = run_forgetful_program ("own", NULL);
  g_autofree char *beginning = g_strdup_printf ("begun\ncf-error-quark %d: ", CF_ERROR_NOT_PORTABLE);

  g_assert_true (g_str_has_prefix (output, beginning));
  g_assert_nonnull (strstr (output, "cf_worker_main()"));
  g_assert_null (strstr (output + 1, "begun"));
}

static void
test_library_by_pointer (void)
{
  g_autofree char *output = run_forgetful_program ("pointer", NULL);

  g_assert_cmpstr (output, ==, "begun\nsum 6\n");
}

static void
test_library_by_name (void)
{
  g_autofree char *output = run_forgetful_program ("name", NULL);

  g_assert_cmpstr (output, ==, "begun\nsum 6\n");
}

static void
test_worker_folder (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_BUILT, "..", "cfutures", "worker", NULL);
  g_autofree char *output = run_forgetful_program ("name", folder);

  g_assert_cmpstr (output, ==, "begun\nsum 6\n");
}

static void
test_worker_folder_is_empty (void)
{
  g_autofree char *output = run_forgetful_program ("name", "/nonexistent/cfutures-folder");
  g_autofree char *beginning = g_strdup_printf ("begun\ncf-error-quark %d: ", CF_ERROR_BROKEN_EXECUTOR);

  g_assert_true (g_str_has_prefix (output, beginning));
  g_assert_nonnull (strstr (output, "/nonexistent/cfutures-folder/cfutures-worker"));
}

static char *
read_line (GSubprocess *subprocess)
{
  g_autoptr(GDataInputStream) stream = g_data_input_stream_new (g_subprocess_get_stdout_pipe (subprocess));
  g_autoptr(GError) error = NULL;
  char *line;

  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (stream), FALSE);
  line = g_data_input_stream_read_line (stream, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (line);

  return line;
}

/* Returns the path of a copy, which is to be deleted. */
static char *
copy_program (const char *name)
{
  /* Beside the original, so that it finds its libraries. */
  g_autofree char *original = g_test_build_filename (G_TEST_BUILT, name, NULL);
  g_autofree char *copy = g_strdup_printf ("%s-%d", original, getpid ());
  g_autoptr(GFile) from = g_file_new_for_path (original);
  g_autoptr(GFile) to = g_file_new_for_path (copy);
  g_autoptr(GError) error = NULL;

  g_file_copy (from, to, G_FILE_COPY_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  return g_steal_pointer (&copy);
}

/* Runs a copy of a program that is late, by a command if that is not NULL, and deletes it before it has any workers.
 * Returns the path of the copy, and what the program says then. */
static char *
delete_running (const char  *command,
                char       **output)
{
  g_autofree char *copy = copy_program ("pool-program");
  g_autofree char *ready = NULL;
  g_autoptr(GSubprocess) subprocess = NULL;
  g_autoptr(GError) error = NULL;

  subprocess = command != NULL ? start_program (command, copy, "late", NULL) : start_program (copy, "late", NULL, NULL);
  ready = read_line (subprocess);
  g_assert_cmpstr (ready, ==, "ready");

  g_assert_cmpint (g_unlink (copy), ==, 0);
  g_subprocess_communicate_utf8 (subprocess, "\n", NULL, output, NULL, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&copy);
}

/* What was started goes on, as in an upgrade of the program. */
static void
test_program_deleted (void)
{
  g_autofree char *output = NULL;

  g_free (delete_running (NULL, &output));
  g_assert_cmpstr (output, ==, "answered\n");
}

/* Whoever runs a set-uid program must not have it run other programs. */
static void
test_program_set_uid (void)
{
  const uid_t nobody = 65534;
  g_autofree char *copy = NULL;
  g_autofree char *output = NULL;
  g_autoptr(GSubprocessLauncher) launcher = NULL;
  g_autoptr(GSubprocess) subprocess = NULL;
  g_autoptr(GError) error = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("Nobody but root can make a set-uid program of another user");
      return;
    }

  copy = copy_program ("set-uid-program");
  g_assert_cmpint (chown (copy, nobody, -1), ==, 0);
  g_assert_cmpint (g_chmod (copy, 04755), ==, 0);

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_setenv (launcher, "CFUTURES_WORKER_DIR", "/nonexistent/worker", TRUE);
  g_subprocess_launcher_setenv (launcher, "CFUTURES_DEBUG", "call", TRUE);
  g_subprocess_launcher_setenv (launcher, "PYTHONPATH", "/nonexistent/python", TRUE);
  g_subprocess_launcher_setenv (launcher, "GI_TYPELIB_PATH", "/nonexistent/typelibs", TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_TIME", "C", TRUE);
  subprocess = g_subprocess_launcher_spawn (launcher, &error, copy, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (subprocess, NULL, NULL, &output, NULL, &error);
  g_unlink (copy);
  g_assert_no_error (error);
  if (g_str_has_prefix (output, "ordinary\n"))
    {
      g_test_skip ("This file system has no set-uid programs");
      return;
    }

  g_assert_true (g_str_has_prefix (output, "privileged\nquiet\n"));
  g_assert_nonnull (strstr (output, "/cfutures-worker.js"));
  g_assert_null (strstr (output, "/nonexistent"));
  g_assert_null (strstr (output, "\ngjs "));
  g_assert_nonnull (strstr (output, "\nLC_TIME=C\n"));
}

static int
copy_interpreter (struct dl_phdr_info *object,
                  size_t               size,
                  void                *data)
{
  char **path = data;

  for (guint i = 0; i < object->dlpi_phnum; i++)
    {
      if (object->dlpi_phdr[i].p_type == PT_INTERP)
        *path = g_strdup ((const char *) (object->dlpi_addr + object->dlpi_phdr[i].p_vaddr));
    }

  return 1;
}

/* As `ld.so --inhibit-cache program` is: then the loader is what the system thinks is running. */
static void
test_program_run_by_loader (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "pool-program", NULL);
  g_autofree char *loader = NULL;
  g_autofree char *output = NULL;
  g_autoptr(GSubprocess) subprocess = NULL;
  g_autoptr(GError) error = NULL;

  if (IS_SANITIZED)
    {
      g_test_skip ("Sanitizers may start a program once more, and do not do so with the loader");
      return;
    }

  dl_iterate_phdr (copy_interpreter, &loader);
  g_assert_nonnull (loader);
  subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                 loader, "--inhibit-cache", path, "late", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (subprocess, "\n", NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (output, ==, "ready\nanswered\n");
}

/* There the loader is what runs, and cannot get at the file any longer. */
static void
test_program_run_by_loader_deleted (void)
{
  g_autofree char *beginning = g_strdup_printf ("cf-error-quark %d: ", CF_ERROR_BROKEN_EXECUTOR);
  g_autofree char *loader = NULL;
  g_autofree char *output = NULL;
  g_autofree char *copy = NULL;

  if (IS_SANITIZED)
    {
      g_test_skip ("Sanitizers may start a program once more, and do not do so with the loader");
      return;
    }

  dl_iterate_phdr (copy_interpreter, &loader);
  copy = delete_running (loader, &output);
  g_assert_true (g_str_has_prefix (output, beginning));
  g_assert_nonnull (strstr (output, copy));
  g_assert_nonnull (strstr (output, "deleted"));
}

/* On a system without pidfds GLib sees the end of a child by SIGCHLD alone, and other code may handle that. */
static void
test_program_without_pidfd (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "pool-program", NULL);
  g_autoptr(GSubprocess) subprocess = start_program (path, "without-pidfd", NULL, NULL);
  g_autofree char *output = NULL;
  g_autoptr(GError) error = NULL;

  g_subprocess_communicate_utf8 (subprocess, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  if (g_str_equal (output, "no filter\n"))
    {
      g_test_skip ("The system does not let a program filter its system calls");
      return;
    }

  g_assert_nonnull (strstr (output, "was killed by signal 9"));
  g_assert_true (g_str_has_suffix (output, "\nshut down\n"));
}

/* One that nobody has waited for is a zombie, and as good as gone. */
static gboolean
is_gone (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "status", NULL);
  g_autofree char *status = NULL;

  return !g_file_get_contents (path, &status, NULL, NULL) || strstr (status, "\nState:\tZ") != NULL;
}

static void
test_parent_killed (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "pool-program", NULL);
  g_autoptr(GSubprocess) subprocess = start_program (path, "family", NULL, NULL);
  g_autofree char *line = read_line (subprocess);
  g_auto(GStrv) pids = g_strsplit (g_strstrip (line), " ", -1);

  g_assert_cmpuint (g_strv_length (pids), ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_false (is_gone (pids[i]));

  /* Busy or idle or, as one of them is now, stopped. */
  g_assert_cmpint (kill (atoi (pids[0]), SIGSTOP), ==, 0);
  g_subprocess_force_exit (subprocess);
  g_assert_true (g_subprocess_wait (subprocess, NULL, NULL));
  for (guint i = 0; i < 3; i++)
    yield_until (is_gone (pids[i]));
}

/* A worker that was started by hand says so, and does nothing. */
static void
test_started_by_hand (void)
{
  const char *const arguments[] = { "--cf-worker=", "--cf-worker=x", "--cf-worker=0" };

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      g_autoptr(GSubprocess) subprocess = NULL;
      g_autofree char *output = NULL;
      g_autofree char *complaint = NULL;
      g_autoptr(GError) error = NULL;

      subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error,
                                     program, arguments[i], NULL);
      g_assert_no_error (error);
      g_subprocess_communicate_utf8 (subprocess, NULL, NULL, &output, &complaint, &error);
      g_assert_no_error (error);
      g_assert_true (g_subprocess_get_if_exited (subprocess));
      g_assert_cmpint (g_subprocess_get_exit_status (subprocess), !=, 0);
      g_assert_cmpstr (output, ==, "");
      g_assert_cmpuint (strlen (complaint), >, 0);
    }
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  forbid_cores ();
  program = g_file_read_link ("/proc/self/exe", NULL);

#define add(path, max_workers, function) \
  g_test_add ("/process-failure/" path, Fixture, GUINT_TO_POINTER (max_workers), set_up, function, tear_down)

  add ("death/is-told-in-words", 1, test_death);
  add ("death/is-told-with-the-last-words", 1, test_last_words);
  add ("death/is-told-with-the-name-of-the-call", 1, test_name);
  add ("death/whose-status-is-lost-is-told-so", 1, test_death_without_status);
  add ("death/harms-no-other-call", 2, test_death_is_alone);
  add ("death/of-an-idle-worker-harms-no-call", 1, test_death_when_idle);
  add ("death/in-many-calls-does-not-break-the-pool", 2, test_death_of_many);
  add ("death/in-the-initializer-breaks-the-pool", 2, test_death_in_initializer);

  add ("standard-error/that-nobody-reads-holds-up-one-worker", 2, test_standard_error_is_full);
  add ("standard-error/that-is-closed-harms-nobody", 1, test_standard_error_is_closed);

  add ("broken/no-such-program", 2, test_no_such_program);
  add ("broken/no-such-directory", 2, test_no_such_directory);
  add ("broken/program-fails", 2, test_program_fails);
  add ("broken/program-is-no-worker", 2, test_program_is_no_worker);
  add ("broken/program-hangs", 2, test_program_hangs);
  add ("broken/leaves-no-call-behind", 2, test_broken_when_busy);
  g_test_add_func ("/process-failure/broken/has-no-workers-without-numbers", test_numbers_of_failing);
  add ("broken/not-by-a-lack-of-descriptors", 2, test_descriptors_run_out);
  add ("broken/not-for-calls-after-a-lack-of-descriptors", 1, test_call_after_descriptors_ran_out);

  add ("small-files/break-the-pool-in-words", 1, test_small_files);
  add ("small-files/fail-calls-with-larger-values", 1, test_values_larger_than_files);
  add ("small-files/end-no-program-whose-workers-say-much", 1, test_standard_error_larger_than_files);

  add ("broken/not-by-workers-killed-while-they-start", 1, test_killed_while_starting);
  add ("broken/not-by-a-program-that-fails-for-a-moment", 1, test_program_fails_for_a_moment);
  add ("broken/by-a-program-that-fails-one-day", 1, test_program_fails_one_day);

  add ("hanging/slow-worker-is-waited-for", 1, test_slow_start);
  add ("hanging/call-times-out", 1, test_timeout);
  add ("hanging/call-times-out-when-stopped", 1, test_timeout_when_stopped);
  add ("hanging/call-that-has-not-begun-does-not-time-out", 1, test_timeout_of_waiting_call);
  add ("hanging/idle-worker-is-replaced", 1, test_stopped_when_idle);
  add ("hanging/idle-worker-does-not-hold-up-shutdown", 1, test_stopped_when_shut_down);

  add ("kill/running-call-dies", 1, test_kill_running);
  add ("kill/running-calls-does-not-break-the-pool", 1, test_kill_many);
  add ("kill/stopped-call-dies", 1, test_kill_stopped);
  add ("kill/pending-call-is-cancelled", 1, test_kill_pending);
  add ("kill/hits-no-other-call", 1, test_kill_ended);
#undef add

  g_test_add_func ("/process-failure/program/that-forgot-to-be-a-worker-is-told", test_forgot_init);
  g_test_add_func ("/process-failure/program/has-functions-of-a-library-called", test_library_by_pointer);
  g_test_add_func ("/process-failure/program/has-functions-of-a-library-called-by-name", test_library_by_name);
  g_test_add_func ("/process-failure/program/says-where-workers-are", test_worker_folder);
  g_test_add_func ("/process-failure/program/is-told-where-workers-are-not", test_worker_folder_is_empty);
  g_test_add_func ("/process-failure/program/that-was-deleted-has-workers", test_program_deleted);
  g_test_add_func ("/process-failure/program/that-is-set-uid-is-not-told-what-to-run", test_program_set_uid);
  g_test_add_func ("/process-failure/program/sees-workers-end-without-pidfds", test_program_without_pidfd);
  g_test_add_func ("/process-failure/program/that-the-loader-runs-has-workers", test_program_run_by_loader);
  g_test_add_func ("/process-failure/program/that-the-loader-runs-and-was-deleted-is-told",
                   test_program_run_by_loader_deleted);
  g_test_add_func ("/process-failure/program/that-is-killed-leaves-no-workers", test_parent_killed);
  g_test_add_func ("/process-failure/program/is-no-worker-of-nobody", test_started_by_hand);

  return g_test_run ();
}
