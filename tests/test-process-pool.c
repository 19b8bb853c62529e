/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The process pool when all goes well: when its processes come and go, how they are started, what crosses over to
 * them, and what futures tell. Which worker runs which call is tested by test-process-scheduling, what all executors
 * have in common by test-executors, what goes wrong by test-process-failure and test-process-protocol. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "await-error.h"
#include "criticals.h"
#include "pool-fixture.h"
#include "process-gates.h"

#define MEBIBYTE ((gsize) 1 << 20)

static char *program;

/* Processes come and go. */

static void
test_lazy (Fixture       *fixture,
           gconstpointer  data)
{
  int pid;

  g_assert_cmpuint (count_workers (fixture->executor), ==, 0);
  g_assert_cmpuint (count_children (), ==, 0);

  pid = ask_for_pid (fixture->executor);
  g_assert_cmpuint (count_children (), ==, 1);
  g_assert_cmpint (get_only_worker (fixture->executor), ==, pid);
}

static void
test_reuse (Fixture       *fixture,
            gconstpointer  data)
{
  int pid = ask_for_pid (fixture->executor);

  g_assert_cmpint (pid, !=, getpid ());
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (ask_for_pid (fixture->executor), ==, pid);
}

static void
test_max_workers (Fixture       *fixture,
                  gconstpointer  data)
{
  enum { N_CALLS = 8 };
  guint max_workers = GPOINTER_TO_UINT (data);
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(GHashTable) pids = g_hash_table_new (NULL, NULL);
  CfFuture *futures[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = remote_blocker_submit (blocker, fixture->executor);

  process_gate_wait_for (blocker->begun, max_workers);
  g_assert_cmpuint (count_workers (fixture->executor), ==, max_workers);
  g_assert_cmpuint (cf_executor_get_n_running (fixture->executor), ==, max_workers);
  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, N_CALLS - max_workers);

  process_gate_open_for (blocker->go_on, N_CALLS);
  for (guint i = 0; i < N_CALLS; i++)
    g_hash_table_add (pids, GINT_TO_POINTER (cf_future_await_int64 (futures[i], NULL)));
  g_assert_cmpuint (g_hash_table_size (pids), ==, max_workers);
  unref_all (futures, N_CALLS);
}

static void
test_max_workers_of_none (void)
{
  g_autoptr(CfExecutor) by_default = cf_process_pool_executor_new (0);
  g_autoptr(CfExecutor) threads = cf_thread_pool_executor_new (0);
  g_autoptr(CfExecutor) many = cf_process_pool_executor_new (G_MAXUINT);

  /* Threads by default are four more than there are CPUs, up to a limit. */
  g_assert_cmpuint (cf_executor_get_max_workers (by_default), >=, 1);
  g_assert_cmpuint (MIN (32, cf_executor_get_max_workers (by_default) + 4), ==, cf_executor_get_max_workers (threads));
  g_assert_cmpuint (cf_executor_get_max_workers (many), ==, 32767);
}

static void
test_pids (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autofree int *pids = NULL;
  CfFuture *futures[2];
  gsize n_pids;

  for (guint i = 0; i < 2; i++)
    futures[i] = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait_for (blocker->begun, 2);

  pids = cf_process_pool_executor_get_worker_pids (fixture->pool, &n_pids);
  g_assert_cmpuint (n_pids, ==, 2);
  g_assert_cmpint (pids[0], !=, pids[1]);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *pid = g_strdup_printf ("%d", pids[i]);

      g_assert_cmpint (read_process_status (pid, "\nPPid:"), ==, getpid ());
    }

  process_gate_open_for (blocker->go_on, 2);
  for (guint i = 0; i < 2; i++)
    {
      int pid = cf_future_await_int64 (futures[i], NULL);

      g_assert_true (pid == pids[0] || pid == pids[1]);
    }
  unref_all (futures, 2);
}

static void
test_max_tasks (Fixture       *fixture,
                gconstpointer  data)
{
  enum { MAX_TASKS = 3, N_CALLS = 12 };
  int pid = 0;

  cf_process_pool_executor_set_max_tasks_per_worker (fixture->pool, MAX_TASKS);

  for (guint i = 0; i < N_CALLS; i++)
    {
      int now = ask_for_pid (fixture->executor);

      if (i % MAX_TASKS == 0)
        g_assert_cmpint (now, !=, pid);
      else
        g_assert_cmpint (now, ==, pid);
      pid = now;
    }
}

static void
test_max_tasks_in_bulk (Fixture       *fixture,
                        gconstpointer  data)
{
  enum { MAX_TASKS = 4, N_CALLS = 40 };
  g_autoptr(GHashTable) n_of_pids = g_hash_table_new (NULL, NULL);
  CfFuture *futures[N_CALLS];

  cf_process_pool_executor_set_max_tasks_per_worker (fixture->pool, MAX_TASKS);

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, return_pid, NULL);

  for (guint i = 0; i < N_CALLS; i++)
    {
      gpointer pid = GINT_TO_POINTER (cf_future_await_int64 (futures[i], NULL));
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (n_of_pids, pid)) + 1;

      g_assert_cmpuint (n, <=, MAX_TASKS);
      g_hash_table_insert (n_of_pids, pid, GUINT_TO_POINTER (n));
    }
  unref_all (futures, N_CALLS);
}

static void
test_idle_timeout (Fixture       *fixture,
                   gconstpointer  data)
{
  int pid;

  cf_process_pool_executor_set_idle_timeout (fixture->pool, 1000);
  pid = ask_for_pid (fixture->executor);
  yield_until (count_workers (fixture->executor) == 0);
  g_assert_false (process_exists (pid));

  g_assert_cmpint (ask_for_pid (fixture->executor), !=, pid);
}

static void
test_idle_timeout_set_late (Fixture       *fixture,
                            gconstpointer  data)
{
  ask_for_pid (fixture->executor);
  g_assert_cmpint (cf_process_pool_executor_get_idle_timeout (fixture->pool), ==, -1);

  cf_process_pool_executor_set_idle_timeout (fixture->pool, 0);
  g_assert_cmpint (cf_process_pool_executor_get_idle_timeout (fixture->pool), ==, 0);
  yield_until (count_workers (fixture->executor) == 0);
}

/* One that has not even started is not dismissed, and taken for the sign that none ever will. */
static void
test_idle_timeout_when_starting (Fixture       *fixture,
                                 gconstpointer  data)
{
  enum { N_ROUNDS = 8 };

  cf_process_pool_executor_set_idle_timeout (fixture->pool, 0);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, return_pid, NULL);

      yield_until (count_workers (fixture->executor) > 0 || cf_future_is_done (future));
      cf_future_cancel (future);
      yield_until (count_workers (fixture->executor) == 0);
    }
  ask_for_pid (fixture->executor);
}

static void
assert_ends_workers (Fixture    *fixture,
                     void      (*end) (CfProcessPoolExecutor *self),
                     const char *how)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) ran = process_gate_new ();
  g_autoptr(CfFuture) running = NULL;
  g_autoptr(CfFuture) pending = NULL;
  g_autoptr(CfFuture) late = NULL;

  running = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait (blocker->begun);
  pending = cf_executor_submit (fixture->executor, open_gate_remotely, process_gate_to_variant (ran));

  end (fixture->pool);
  g_assert_true (cf_executor_is_shut_down (fixture->executor));
  g_assert_true (cf_future_is_cancelled (pending));
  g_assert_error (await_error (running), CF_ERROR, CF_ERROR_WORKER_DIED);
  assert_message (await_error (running), how);

  late = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_assert_error (await_error (late), CF_ERROR, CF_ERROR_SHUT_DOWN);
  yield_until (count_workers (fixture->executor) == 0);
  g_assert_cmpuint (process_gate_count (ran), ==, 0);
}

static void
test_terminate (Fixture       *fixture,
                gconstpointer  data)
{
  assert_ends_workers (fixture, cf_process_pool_executor_terminate_workers, "signal 15");
}

static GVariant *
describe_signals (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  static const struct { int number; const char *name; } signals[] = {
    { SIGTERM, "TERM" }, { SIGCHLD, "CHLD" }, { SIGINT, "INT" }, { SIGHUP, "HUP" },
  };
  GString *text = g_string_new (NULL);
  sigset_t mask;

  sigprocmask (SIG_SETMASK, NULL, &mask);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      struct sigaction action;

      sigaction (signals[i].number, NULL, &action);
      g_string_append_printf (text, "%s%s%s ", signals[i].name,
                              sigismember (&mask, signals[i].number) ? " blocked" : "",
                              action.sa_handler == SIG_IGN ? " ignored" : "");
    }

  return g_variant_new_take_string (g_string_free (text, FALSE));
}

static void
assert_signals (CfExecutor *executor,
                const char *expected)
{
  g_autoptr(CfFuture) future = cf_executor_submit (executor, describe_signals, NULL);
  g_autofree char *text = cf_future_await_string (future, NULL);

  g_assert_cmpstr (text, ==, expected);
}

/* A program that deals with its signals in its own way has workers like any other's: they can be ended. */
static void
test_signals (Fixture       *fixture,
              gconstpointer  data)
{
  sigset_t all;
  sigset_t old_mask;

  sigfillset (&all);
  pthread_sigmask (SIG_BLOCK, &all, &old_mask);
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  assert_signals (fixture->executor, "TERM CHLD INT ignored HUP ignored ");
  test_terminate (fixture, data);

  signal (SIGTERM, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
  pthread_sigmask (SIG_SETMASK, &old_mask, NULL);
}

static void
test_kill (Fixture       *fixture,
           gconstpointer  data)
{
  assert_ends_workers (fixture, cf_process_pool_executor_kill_workers, "signal 9");
}

static void
test_end_of_nothing (Fixture       *fixture,
                     gconstpointer  data)
{
  cf_process_pool_executor_terminate_workers (fixture->pool);
  cf_process_pool_executor_kill_workers (fixture->pool);
  g_assert_true (cf_executor_is_shut_down (fixture->executor));
}

/* How processes are started. */

static GVariant *
return_command_line (CfFuture  *future,
                     GVariant  *args,
                     GError   **error)
{
  g_autofree char *text = NULL;
  gsize size;

  if (!g_file_get_contents ("/proc/self/cmdline", &text, &size, error))
    return NULL;

  for (gsize i = 0; i + 1 < size; i++)
    text[i] = text[i] == '\0' ? ' ' : text[i];
  return g_variant_new_string (text);
}

static GVariant *
return_variable (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  const char *value = g_getenv (g_variant_get_string (args, NULL));

  return g_variant_new_string (value != NULL ? value : "(unset)");
}

static GVariant *
return_niceness (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  return g_variant_new_int32 (getpriority (PRIO_PROCESS, 0));
}

static GVariant *
return_directory (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  g_autofree char *directory = g_get_current_dir ();

  return g_variant_new_string (directory);
}

static void
assert_returns_string (CfExecutor *executor,
                       CfFunc      func,
                       GVariant   *args,
                       const char *expected)
{
  g_autoptr(CfFuture) future = cf_executor_submit (executor, func, args);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = cf_future_await_string (future, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_argv (Fixture       *fixture,
           gconstpointer  data)
{
  const char *argv[] = { program, "--of-its-own", NULL };
  g_autofree char *expected = g_strdup_printf ("%s --of-its-own --cf-worker=3", program);

  use_argv (fixture, argv);
  assert_returns_string (fixture->executor, return_command_line, NULL, expected);
}

static void
test_prefix_argv (Fixture       *fixture,
                  gconstpointer  data)
{
  const char *argv[] = { "env", "CF_TEST_LAUNCHED=by env", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_prefix_argv (launcher, argv);
  use_launcher (fixture, launcher);
  assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_LAUNCHED"), "by env");
}

static void
test_launcher_nice (Fixture       *fixture,
                    gconstpointer  data)
{
  const char *argv[] = { "nice", "-n", "2", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
  g_autoptr(CfFuture) future = NULL;

  cf_worker_launcher_set_prefix_argv (launcher, argv);
  use_launcher (fixture, launcher);
  future = cf_executor_submit (fixture->executor, return_niceness, NULL);
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, MIN (19, getpriority (PRIO_PROCESS, 0) + 2));
}

static void
test_environ (Fixture       *fixture,
              gconstpointer  data)
{
  const char *environment[] = { "CF_TEST_VARIABLE=a value", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  g_setenv ("CF_TEST_INHERITED", "inherited", TRUE);
  cf_worker_launcher_set_environ (launcher, environment);
  use_launcher (fixture, launcher);
  assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_VARIABLE"), "a value");
  assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_INHERITED"), "(unset)");
}

static void
test_environ_inherited (Fixture       *fixture,
                        gconstpointer  data)
{
  g_setenv ("CF_TEST_INHERITED", "inherited", TRUE);
  assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_INHERITED"), "inherited");
}

static void
test_setenv (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  g_setenv ("CF_TEST_INHERITED", "inherited", TRUE);
  g_setenv ("CF_TEST_REMOVED", "still here", TRUE);
  cf_worker_launcher_setenv (launcher, "CF_TEST_VARIABLE", "a value", TRUE);
  cf_worker_launcher_unsetenv (launcher, "CF_TEST_REMOVED");
  use_launcher (fixture, launcher);
  assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_INHERITED"), "inherited");
  assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_VARIABLE"), "a value");
  assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_REMOVED"), "(unset)");
}

static void
test_cwd (Fixture       *fixture,
          gconstpointer  data)
{
  g_autofree char *directory = g_get_current_dir ();
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  g_assert_cmpstr (directory, !=, "/");
  cf_worker_launcher_set_cwd (launcher, "/");
  use_launcher (fixture, launcher);
  assert_returns_string (fixture->executor, return_directory, NULL, "/");
}

static void
test_cwd_inherited (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *directory = g_get_current_dir ();

  assert_returns_string (fixture->executor, return_directory, NULL, directory);
}

static void
test_properties (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_PYTHON);
  g_autoptr(CfExecutor) executor = g_object_new (CF_TYPE_PROCESS_POOL_EXECUTOR,
                                                 "max-workers", 3,
                                                 "launcher", launcher,
                                                 "max-tasks-per-worker", 5,
                                                 "idle-timeout", G_GINT64_CONSTANT (6),
                                                 NULL);
  CfProcessPoolExecutor *pool = CF_PROCESS_POOL_EXECUTOR (executor);
  g_autoptr(CfWorkerLauncher) own_launcher = NULL;
  gint64 idle_timeout;
  guint max_tasks;

  g_object_get (executor,
                "launcher", &own_launcher,
                "max-tasks-per-worker", &max_tasks,
                "idle-timeout", &idle_timeout,
                NULL);
  g_assert_cmpuint (cf_executor_get_max_workers (executor), ==, 3);
  g_assert_true (own_launcher == cf_process_pool_executor_get_launcher (pool));
  g_assert_cmpint (cf_worker_launcher_get_kind (own_launcher), ==, CF_WORKER_KIND_PYTHON);
  g_assert_cmpuint (max_tasks, ==, cf_process_pool_executor_get_max_tasks_per_worker (pool));
  g_assert_cmpuint (max_tasks, ==, 5);
  g_assert_cmpint (idle_timeout, ==, 6);
}

/* A launcher that is changed after a pool was made with it. */
static void
test_launcher_is_copied (Fixture       *fixture,
                         gconstpointer  data)
{
  const char *first[] = { "env", "CF_TEST_LAUNCHED=first", NULL };
  const char *second[] = { "env", "CF_TEST_LAUNCHED=second", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_prefix_argv (launcher, first);
  use_launcher (fixture, launcher);
  cf_worker_launcher_set_prefix_argv (launcher, second);
  cf_worker_launcher_set_kind (launcher, CF_WORKER_KIND_PYTHON);
  cf_worker_launcher_set_cwd (launcher, "/nonexistent/cfutures-directory");

  g_assert_true (cf_process_pool_executor_get_launcher (fixture->pool) != launcher);
  assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_LAUNCHED"), "first");
}

static void
test_launcher_of_several_pools (Fixture       *fixture,
                                gconstpointer  data)
{
  const char *argv[] = { "env", "CF_TEST_LAUNCHED=by env", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_prefix_argv (launcher, argv);
  for (guint i = 0; i < 2; i++)
    {
      use_launcher (fixture, launcher);
      assert_returns_string (fixture->executor, return_variable, g_variant_new_string ("CF_TEST_LAUNCHED"), "by env");
    }
}

static void
test_settled (Fixture       *fixture,
              gconstpointer  data)
{
  assert_critical (cf_process_pool_executor_new_with_launcher (1, NULL));
  assert_critical (cf_process_pool_executor_set_idle_timeout (fixture->pool, -2));
  assert_critical (cf_process_pool_executor_set_initializer (fixture->pool, NULL, NULL));

  ask_for_pid (fixture->executor);
  assert_critical (cf_process_pool_executor_set_initializer (fixture->pool, echo, NULL));
  assert_critical (cf_process_pool_executor_set_initializer_by_name (fixture->pool, ":f", NULL));
  assert_critical (cf_process_pool_executor_set_max_tasks_per_worker (fixture->pool, 1));
  ask_for_pid (fixture->executor);
}

/* The standard streams. */

static GVariant *
print_line (CfFuture  *future,
            GVariant  *args,
            GError   **error)
{
  printf ("%s\n", g_variant_get_string (args, NULL));

  return NULL;
}

static GVariant *
print_error_line (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  fprintf (stderr, "%s\n", g_variant_get_string (args, NULL));

  return NULL;
}

static GVariant *
read_standard_input (CfFuture  *future,
                     GVariant  *args,
                     GError   **error)
{
  char byte;

  return g_variant_new_int64 (read (STDIN_FILENO, &byte, 1));
}

static char *
read_file (const char *path)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* Whether the file has these lines. If not, somebody else gets the chance to write them. */
static gboolean
file_contains (const char *path,
               const char *expected)
{
  g_autofree char *text = read_file (path);

  return g_str_equal (text, expected);
}

static void
test_stdout (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *path = NULL;
  int descriptor = g_file_open_tmp ("cfutures-stdout-XXXXXX", &path, NULL);
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_take_stdout_fd (launcher, descriptor);
  use_launcher (fixture, launcher);

  /* What a call prints is there when its result is. */
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, print_line, g_variant_new_string ("maçã"));
      const char *const expected[] = { "maçã\n", "maçã\nmaçã\n", "maçã\nmaçã\nmaçã\n" };

      assert_succeeds (future);
      g_assert_true (file_contains (path, expected[i]));
    }
  g_unlink (path);
}

static void
test_stderr (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *path = NULL;
  int descriptor = g_file_open_tmp ("cfutures-stderr-XXXXXX", &path, NULL);
  g_autoptr(CfFuture) future = NULL;

  use_stderr_fd (fixture, descriptor);
  future = cf_executor_submit (fixture->executor, print_error_line, g_variant_new_string ("a warning"));
  assert_succeeds (future);

  /* It comes through the pool, which may take a moment. */
  yield_until (file_contains (path, "a warning\n"));
  g_unlink (path);
}

static void
test_stdin (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, read_standard_input, NULL);

  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 0);
}

/* Descriptors. */

static GVariant *
list_descriptors (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  g_autoptr(GDir) folder = g_dir_open ("/proc/self/fd", 0, error);
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    g_ptr_array_add (names, (gpointer) g_intern_string (name));

  return folder != NULL ? g_variant_new_strv ((const char *const *) names->pdata, names->len) : NULL;
}

static void
test_descriptors (Fixture       *fixture,
                  gconstpointer  data)
{
  enum { N_DESCRIPTORS = 20 };
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) running = NULL;
  g_autoptr(CfFuture) listing = NULL;
  g_autoptr(GVariant) names = NULL;
  const char *const expected[] = { "0", "1", "2", "3" };
  int descriptors[N_DESCRIPTORS];
  guint n_found = 0;

  /* What this process has open and would pass on. */
  for (guint i = 0; i < N_DESCRIPTORS; i++)
    {
      descriptors[i] = dup (STDERR_FILENO);
      g_assert_cmpint (descriptors[i], >=, 0);
    }

  running = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait (blocker->begun);
  listing = cf_executor_submit (fixture->executor, list_descriptors, NULL);
  names = cf_future_await_variant (listing, NULL);
  g_assert_cmpuint (count_workers (fixture->executor), ==, 2);

  /* The standard streams, the socket, and that of the folder itself. */
  g_assert_nonnull (names);
  g_assert_cmpuint (g_variant_n_children (names), ==, 5);
  for (gsize i = 0; i < g_variant_n_children (names); i++)
    {
      const char *name;

      g_variant_get_child (names, i, "&s", &name);
      for (guint k = 0; k < G_N_ELEMENTS (expected); k++)
        n_found += g_str_equal (name, expected[k]);
    }
  g_assert_cmpuint (n_found, ==, G_N_ELEMENTS (expected));

  process_gate_open (blocker->go_on);
  assert_succeeds (running);
  for (guint i = 0; i < N_DESCRIPTORS; i++)
    g_close (descriptors[i], NULL);
}

/* Forks while the pool works, as a library that the program uses may. */
static gpointer
fork_and_wait (gpointer stop)
{
  while (!atomic_load ((atomic_bool *) stop))
    {
      pid_t child = fork ();

      if (child == 0)
        _exit (EXIT_SUCCESS);
      g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
    }

  return NULL;
}

static void
test_fork (Fixture       *fixture,
           gconstpointer  data)
{
  enum { N_CALLS = 500 };
  CfFuture *futures[N_CALLS];
  atomic_bool stop = false;
  GThread *thread = g_thread_new ("fork", fork_and_wait, &stop);

  for (gint64 i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, echo, g_variant_new_int64 (i));
  for (gint64 i = 0; i < N_CALLS; i++)
    g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, i);

  atomic_store (&stop, true);
  g_thread_join (thread);
  unref_all (futures, N_CALLS);
}

/* Values. */

static void
assert_same_bytes (GVariant *a,
                   GVariant *b)
{
  g_assert_nonnull (a);
  g_assert_cmpstr (g_variant_get_type_string (a), ==, g_variant_get_type_string (b));
  g_assert_cmpuint (g_variant_get_size (a), ==, g_variant_get_size (b));
  g_assert_true (g_variant_get_size (a) == 0 ||
                 memcmp (g_variant_get_data (a), g_variant_get_data (b), g_variant_get_size (a)) == 0);
}

static void
assert_echoed (CfExecutor *executor,
               GVariant   *value)
{
  g_autoptr(GVariant) args = g_variant_ref_sink (value);
  g_autoptr(CfFuture) future = cf_executor_submit (executor, echo, args);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) result = cf_future_await_variant (future, &error);

  g_assert_no_error (error);
  assert_same_bytes (result, args);
}

static void
test_sizes (Fixture       *fixture,
            gconstpointer  data)
{
  const gsize sizes[] = { 0, 1, 7, 8, 65535, 65536, 65537, 131072, MEBIBYTE, 16 * MEBIBYTE };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    assert_echoed (fixture->executor, make_bytes (sizes[i]));
}

static void
test_sizes_at_once (Fixture       *fixture,
                    gconstpointer  data)
{
  enum { N_CALLS = 60 };
  CfFuture *futures[N_CALLS];
  GVariant *args[N_CALLS];

  /* Large ones, small ones, and those just below and above what fits into the ring. */
  for (guint i = 0; i < N_CALLS; i++)
    {
      args[i] = g_variant_ref_sink (make_bytes (i % 3 == 0 ? 300000 + i : i % 3 == 1 ? i : 65530 + i % 13));
      futures[i] = cf_executor_submit (fixture->executor, echo, args[i]);
    }

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autoptr(GVariant) result = cf_future_await_variant (futures[i], NULL);

      assert_same_bytes (result, args[i]);
      g_variant_unref (args[i]);
    }
  unref_all (futures, N_CALLS);
}

static GVariant *
return_bytes (CfFuture  *future,
              GVariant  *args,
              GError   **error)
{
  return make_bytes (g_variant_get_uint64 (args));
}

static void
test_large_one_way (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(GVariant) bytes = g_variant_ref_sink (make_bytes (5 * MEBIBYTE));
  g_autoptr(CfFuture) there = cf_executor_submit (fixture->executor, return_size, bytes);
  g_autoptr(CfFuture) back = cf_executor_submit (fixture->executor, return_bytes,
                                                 g_variant_new_uint64 (5 * MEBIBYTE));
  g_autoptr(GVariant) result = cf_future_await_variant (back, NULL);

  g_assert_cmpuint (cf_future_await_uint64 (there, NULL), ==, 5 * MEBIBYTE);
  assert_same_bytes (result, bytes);
}

/* A large value outlives the worker that has made it. */
static void
test_large_result_stays (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr(GVariant) expected = g_variant_ref_sink (make_bytes (MEBIBYTE));
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, return_bytes, g_variant_new_uint64 (MEBIBYTE));
  g_autoptr(GVariant) result = cf_future_await_variant (future, NULL);

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (count_children (), ==, 0);
  assert_same_bytes (result, expected);
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(GVariant) small = g_variant_ref_sink (g_variant_new_parsed (
    "{'a': <(byte 1, uint16 2, [(int64 3, 'quatro')], @ms nothing)>, 'b': <{uint32 5: <just 'seis'>}>, 'c': <@as []>}"));
  GVariantBuilder builder;
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, echo, small);
  g_autoptr(GVariant) result = cf_future_await_variant (future, NULL);

  g_assert_cmpvariant (result, small);

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sa{sv})"));
  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *name = g_strdup_printf ("number %u", i);

      g_variant_builder_add (&builder, "(s@a{sv})", name, small);
    }
  assert_echoed (fixture->executor, g_variant_builder_end (&builder));
}

/* GLib reads 128 levels of what comes from another process: so many variants, and what the innermost one contains. */
#define MOST_VARIANTS 127

/* A number in a variant in a variant and so on. */
static GVariant *
make_variants (guint n)
{
  GVariant *value = g_variant_new_int32 (5);

  for (guint i = 0; i < n; i++)
    value = g_variant_new_variant (value);

  return value;
}

static GVariant *
return_variants (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  return make_variants (g_variant_get_uint32 (args));
}

/* How many variants there are around the number, or 0 if that is not there. */
static guint
count_variants (GVariant *value)
{
  g_autoptr(GVariant) inner = NULL;
  guint n;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    return 0;

  inner = g_variant_get_variant (value);
  n = count_variants (inner);
  return n > 0 || g_variant_is_of_type (inner, G_VARIANT_TYPE_INT32) ? n + 1 : 0;
}

static GVariant *
return_n_variants (CfFuture  *future,
                   GVariant  *args,
                   GError   **error)
{
  return g_variant_new_uint32 (count_variants (args));
}

static void
assert_too_deep (CfFuture *future)
{
  g_assert_error (await_error (future), CF_ERROR, CF_ERROR_NOT_PORTABLE);
  assert_message (await_error (future), "nested more than 128 deep");
}

static void
test_deep (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(CfFuture) there = cf_executor_submit (fixture->executor, return_n_variants, make_variants (MOST_VARIANTS));
  g_autoptr(CfFuture) back = cf_executor_submit (fixture->executor, return_variants,
                                                 g_variant_new_uint32 (MOST_VARIANTS));
  g_autoptr(GVariant) result = cf_future_await_variant (back, NULL);

  g_assert_cmpuint (cf_future_await_uint64 (there, NULL), ==, MOST_VARIANTS);
  g_assert_cmpuint (count_variants (result), ==, MOST_VARIANTS);
}

/* Some that are not deep, and in the middle one that is. */
static GVariant *
make_array_around (GVariant *deep)
{
  GVariant *values[100];

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = i == G_N_ELEMENTS (values) / 2 ? deep : make_variants (1 + i % 30);

  return g_variant_new_array (G_VARIANT_TYPE_VARIANT, values, G_N_ELEMENTS (values));
}

/* What would arrive without its innermost part does not arrive, wherever the depth comes from. */
static void
test_too_deep (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *arrays = g_strnfill (MOST_VARIANTS, 'a');
  g_autofree char *type = g_strconcat (arrays, "i", NULL);
  GVariant *values[] = {
    make_variants (MOST_VARIANTS + 1),
    g_variant_new ("(v)", make_variants (MOST_VARIANTS)),
    g_variant_new ("(s@a{sv}v)", "a", g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0), make_variants (MOST_VARIANTS)),
    g_variant_new ("(@ayv)", make_bytes (MEBIBYTE), make_variants (MOST_VARIANTS)),
    make_array_around (make_variants (MOST_VARIANTS)),
    g_variant_new_variant (g_variant_new_array (G_VARIANT_TYPE (type + 1), NULL, 0)),
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, return_size, values[i]);

      assert_too_deep (future);
    }
  assert_echoed (fixture->executor, g_variant_new_variant (g_variant_new_array (G_VARIANT_TYPE (type + 2), NULL, 0)));
  assert_echoed (fixture->executor, make_array_around (make_variants (MOST_VARIANTS - 1)));
  assert_echoed (fixture->executor, g_variant_new_array (G_VARIANT_TYPE_VARIANT, NULL, 0));
}

static void
test_result_too_deep (Fixture       *fixture,
                      gconstpointer  data)
{
  int pid = ask_for_pid (fixture->executor);
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, return_variants,
                                                   g_variant_new_uint32 (MOST_VARIANTS + 1));

  assert_too_deep (future);
  g_assert_cmpint (ask_for_pid (fixture->executor), ==, pid);
}

static void
test_nothing (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, echo, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_future_await_variant (future, &error));
  g_assert_no_error (error);

  /* Something that takes no room is not nothing. */
  assert_echoed (fixture->executor, g_variant_new_parsed ("()"));
  assert_echoed (fixture->executor, g_variant_new_parsed ("@as []"));
  assert_echoed (fixture->executor, g_variant_new_parsed ("@mi nothing"));
}

static gsize
read_available_memory (void)
{
  g_autofree char *text = NULL;
  const char *found;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return 0;

  found = strstr (text, "MemAvailable:");
  return found != NULL ? g_ascii_strtoull (found + strlen ("MemAvailable:"), NULL, 10) * 1024 : 0;
}

static void
test_gibibyte (Fixture       *fixture,
               gconstpointer  data)
{
  const gsize size = 1024 * MEBIBYTE + 1;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;
  guint8 *bytes;

  if (IS_SANITIZED || is_in_valgrind () || read_available_memory () < 6 * 1024 * MEBIBYTE)
    {
      g_test_skip ("It takes memory that is not there");
      return;
    }

  bytes = g_malloc0 (size);
  future = cf_executor_submit (fixture->executor, return_size,
                               g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, size, TRUE, g_free, bytes));
  g_assert_cmpuint (cf_future_await_uint64 (future, &error), ==, size);
  g_assert_no_error (error);
}

static GVariant *
fail_at_length (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  g_autofree char *message = g_strnfill (g_variant_get_uint32 (args), 'x');

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, message);
  return NULL;
}

static void
test_long_message (Fixture       *fixture,
                   gconstpointer  data)
{
  const guint lengths[] = { 0, 1000, 30000, 65000, 65536, 70000, 1000000 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, fail_at_length,
                                                       g_variant_new_uint32 (lengths[i]));
      const GError *error = await_error (future);

      /* One that is very long may be cut. */
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_assert_cmpuint (strlen (error->message), >=, MIN (lengths[i], 30000));
      g_assert_cmpuint (strlen (error->message), <=, lengths[i]);
      g_assert_cmpuint (strspn (error->message, "x"), ==, strlen (error->message));
    }
}

/* What futures tell while their calls run elsewhere. */

static GVariant *
report_often (CfFuture  *future,
              GVariant  *args,
              GError   **error)
{
  guint n = g_variant_get_uint32 (args);

  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *message = g_strdup_printf ("%u of %u", i, n);

      cf_future_report_progress (future, (double) i / n, message);
    }

  return NULL;
}

static void
test_progress_often (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, report_often, g_variant_new_uint32 (10000));
  g_autofree char *message = NULL;
  double before = 0.0;

  while (!cf_future_is_done (future))
    {
      double now = cf_future_get_progress (future);

      g_assert_cmpfloat (now, >=, before);
      before = now;
      g_thread_yield ();
    }

  assert_succeeds (future);
  g_assert_cmpfloat (cf_future_get_progress (future), ==, 1.0);
  message = cf_future_dup_message (future);
  g_assert_cmpstr (message, ==, "10000 of 10000");
}

/* Reports without end. */
static GVariant *
report_until_cancelled (CfFuture  *future,
                        GVariant  *args,
                        GError   **error)
{
  GCancellable *cancellable = cf_future_get_cancellable (future);

  process_gate_open_at (g_variant_get_string (args, NULL));
  for (guint i = 0; !g_cancellable_is_cancelled (cancellable); i++)
    cf_future_report_progress (future, (i % 1000) / 1000.0, "still at it");

  return NULL;
}

static void
test_progress_flood (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(ProcessGate) begun = process_gate_new ();
  g_autoptr(CfFuture) chatty = NULL;

  chatty = cf_executor_submit (fixture->executor, report_until_cancelled, process_gate_to_variant (begun));
  process_gate_wait (begun);

  /* Others get their turn meanwhile. */
  for (gint64 i = 0; i < 20; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, echo, g_variant_new_int64 (i));

      g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, i);
    }

  cf_future_cancel_full (chatty, CF_CANCEL_COOPERATE);
  assert_succeeds (chatty);
}

typedef struct
{
  GThread *thread;
  guint    n_states;
  guint    n_progresses;
  gboolean saw_running;
  gboolean saw_finished;
} Notifications;

static void
on_state (GObject    *object,
          GParamSpec *pspec,
          gpointer    user_data)
{
  Notifications *notifications = user_data;
  CfFutureState state = cf_future_get_state (CF_FUTURE (object));

  g_assert_true (g_thread_self () == notifications->thread);
  notifications->n_states++;
  notifications->saw_running = notifications->saw_running || state == CF_FUTURE_STATE_RUNNING;
  notifications->saw_finished = notifications->saw_finished || state == CF_FUTURE_STATE_FINISHED;
}

static void
on_progress (GObject    *object,
             GParamSpec *pspec,
             gpointer    user_data)
{
  Notifications *notifications = user_data;

  g_assert_true (g_thread_self () == notifications->thread);
  notifications->n_progresses++;
}

static GVariant *
report_and_block (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  cf_future_report_progress (future, 0.5, "half of it");

  return block_remotely (future, args, error);
}

static void
test_notify (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(RemoteBlocker) first_blocker = remote_blocker_new ();
  g_autoptr(CfFuture) first = NULL;
  g_autoptr(CfFuture) future = NULL;
  Notifications notifications = { .thread = g_thread_self () };

  /* Pending for as long as it takes to connect. */
  first = remote_blocker_submit (first_blocker, fixture->executor);
  process_gate_wait (first_blocker->begun);
  future = cf_executor_submit (fixture->executor, report_and_block, remote_blocker_to_variant (blocker));
  g_signal_connect (future, "notify::state", G_CALLBACK (on_state), &notifications);
  g_signal_connect (future, "notify::progress", G_CALLBACK (on_progress), &notifications);

  process_gate_open (first_blocker->go_on);
  loop_until (NULL, notifications.saw_running && notifications.n_progresses > 0);
  g_assert_cmpfloat (cf_future_get_progress (future), ==, 0.5);
  g_assert_false (notifications.saw_finished);

  process_gate_open (blocker->go_on);
  loop_until (NULL, notifications.saw_finished);
  loop_while_ready (NULL);
  g_assert_cmpuint (notifications.n_states, ==, 2);
  assert_succeeds (future);
  assert_succeeds (first);
}

/* Without anything else that would make the pool look: running is noticed, and told. */
static void
test_notify_running (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) future = NULL;
  Notifications notifications = { .thread = g_thread_self () };

  future = remote_blocker_submit (blocker, fixture->executor);
  g_signal_connect (future, "notify::state", G_CALLBACK (on_state), &notifications);
  loop_until (NULL, notifications.saw_running);

  process_gate_open (blocker->go_on);
  loop_until (NULL, notifications.saw_finished);
  assert_succeeds (future);
}

static gpointer
wait_for_result (gpointer data)
{
  CfFuture *future = data;

  return GINT_TO_POINTER (cf_future_await_int64 (future, NULL));
}

static void
test_many_waiters (Fixture       *fixture,
                   gconstpointer  data)
{
  enum { N_THREADS = 6, N_ROUNDS = 20 };

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
      g_autoptr(CfFuture) future = NULL;
      GThread *threads[N_THREADS];
      int pid;

      future = remote_blocker_submit (blocker, fixture->executor);
      for (guint i = 0; i < N_THREADS; i++)
        threads[i] = g_thread_new ("waiter", wait_for_result, future);
      process_gate_wait (blocker->begun);
      pid = get_only_worker (fixture->executor);

      process_gate_open (blocker->go_on);
      for (guint i = 0; i < N_THREADS; i++)
        g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (threads[i])), ==, pid);
    }
}

typedef struct
{
  CfExecutor *executor;
  gint64      first;
} Range;

static gpointer
submit_and_wait (gpointer data)
{
  Range *range = data;

  for (gint64 i = range->first; i < range->first + 200; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (range->executor, echo, g_variant_new_int64 (i));

      g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, i);
    }

  return NULL;
}

static void
test_many_submitters (Fixture       *fixture,
                      gconstpointer  data)
{
  enum { N_THREADS = 6 };
  GThread *threads[N_THREADS];
  Range ranges[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    {
      ranges[i] = (Range) { fixture->executor, 1000 * i };
      threads[i] = g_thread_new ("submitter", submit_and_wait, &ranges[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (cf_executor_get_n_completed (fixture->executor), ==, N_THREADS * 200);
}

/* Callbacks and the like for futures that nobody waits for: the manager receives the result. */
static void
on_done (CfFuture *future,
         gpointer  gate)
{
  gate_open (gate);
}

static void
test_nobody_waits (Fixture       *fixture,
                   gconstpointer  data)
{
  Gate done = GATE_INIT;

  for (guint i = 1; i <= 100; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, return_pid, NULL);

      cf_future_add_done_callback_full (future, NULL, on_done, &done, NULL);
      gate_wait_for (&done, i);
      g_assert_true (cf_future_is_done (future));
    }
}

/* Workers with a handler of their own. */

static void
test_handler (Fixture       *fixture,
              gconstpointer  data)
{
  const char *const names[] = { "scripted:echo", "scripted:later", "scripted:echo" };
  g_autoptr(CfFuture) failing = NULL;

  use_scripted_worker (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit_by_name (fixture->executor, names[i], g_variant_new_string ("maçã"));
      g_autofree char *text = cf_future_await_string (future, NULL);

      g_assert_cmpstr (text, ==, "maçã");
    }

  failing = cf_executor_submit_by_name (fixture->executor, "scripted:fail", NULL);
  g_assert_error (await_error (failing), G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpstr (await_error (failing)->message, ==, "The script says no");
}

static void
test_handler_map (Fixture       *fixture,
                  gconstpointer  data)
{
  const guint chunk_sizes[] = { 1, 3 };

  use_scripted_worker (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfMapIterator) iterator = NULL;

      iterator = cf_executor_map_by_name (fixture->executor, "scripted:later", g_variant_new_parsed ("[int64 0, 1, 2, 3, 4]"),
                                          chunk_sizes[i], 0);
      for (gint64 expected = 0; expected < 5; expected++)
        {
          g_autoptr(GVariant) result = NULL;

          g_assert_true (cf_map_iterator_next (iterator, NULL, &result, NULL));
          g_assert_cmpint (g_variant_get_int64 (result), ==, expected);
        }
    }
}

static void
test_handler_pointer (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;

  use_scripted_worker (fixture);
  future = cf_executor_submit (fixture->executor, echo, NULL);
  g_assert_error (await_error (future), CF_ERROR, CF_ERROR_NOT_PORTABLE);
}

/* What was logged last, and by whom. */
typedef struct
{
  Gate           logged;
  GLogLevelFlags level;
  char          *line;
} Log;

static void
on_log (const char     *domain,
        GLogLevelFlags  level,
        const char     *message,
        gpointer        user_data)
{
  Log *log = user_data;

  log->level = level;
  g_free (log->line);
  log->line = g_strdup (message);
  gate_open (&log->logged);
}

static void
test_log (Fixture       *fixture,
          gconstpointer  data)
{
  Log log = { GATE_INIT };
  guint handler = g_log_set_handler ("CFutures", G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO, on_log, &log);
  const struct
  {
    GLogLevelFlags asked;
    GLogLevelFlags got;
  } levels[] = {
    { G_LOG_LEVEL_MESSAGE, G_LOG_LEVEL_MESSAGE },
    { G_LOG_LEVEL_INFO, G_LOG_LEVEL_INFO },
    { G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL, G_LOG_LEVEL_MESSAGE },
  };

  use_scripted_worker (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      g_autofree char *line = g_strdup_printf ("a line about maçãs, %u", i);
      g_autofree char *expected = NULL;
      g_autoptr(CfFuture) future = NULL;

      future = cf_executor_submit_by_name (fixture->executor, "scripted:log",
                                           g_variant_new ("(us)", (guint) levels[i].asked, line));
      assert_succeeds (future);
      gate_wait_for (&log.logged, i + 1);

      expected = g_strdup_printf ("[%d] %s", get_only_worker (fixture->executor), line);
      g_assert_cmpint (log.level, ==, levels[i].got);
      g_assert_cmpstr (log.line, ==, expected);
    }

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_log_remove_handler ("CFutures", handler);
  g_free (log.line);
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  program = g_file_read_link ("/proc/self/exe", NULL);

#define add(path, max_workers, function) \
  g_test_add ("/process-pool/" path, Fixture, GUINT_TO_POINTER (max_workers), set_up, function, tear_down)

  add ("workers/start-with-the-first-call", 4, test_lazy);
  add ("workers/are-reused", 4, test_reuse);
  add ("workers/are-as-many-as-needed-up-to-the-limit", 3, test_max_workers);
  g_test_add_func ("/process-pool/workers/are-as-many-as-there-are-cpus-by-default", test_max_workers_of_none);
  add ("workers/have-numbers", 2, test_pids);
  add ("workers/end-after-so-many-calls", 1, test_max_tasks);
  add ("workers/end-after-so-many-calls-in-bulk", 2, test_max_tasks_in_bulk);
  add ("workers/end-when-they-are-idle", 1, test_idle_timeout);
  add ("workers/that-are-idle-heed-a-new-idle-timeout", 1, test_idle_timeout_set_late);
  add ("workers/may-start-with-the-shortest-idle-timeout", 1, test_idle_timeout_when_starting);
  add ("workers/can-be-terminated", 1, test_terminate);
  add ("workers/have-signals-of-their-own", 1, test_signals);
  add ("workers/can-be-killed", 1, test_kill);
  add ("workers/can-be-ended-before-there-are-any", 1, test_end_of_nothing);

  add ("start/argv-is-the-command", 1, test_argv);
  add ("start/prefix-argv-goes-before-the-command", 1, test_prefix_argv);
  add ("start/prefix-argv-may-be-nice", 1, test_launcher_nice);
  add ("start/environ-is-that-given", 1, test_environ);
  add ("start/environ-is-inherited", 1, test_environ_inherited);
  add ("start/setenv-changes-one-variable", 1, test_setenv);
  add ("start/cwd-is-that-given", 1, test_cwd);
  add ("start/cwd-is-inherited", 1, test_cwd_inherited);
  add ("start/settings-are-properties", 1, test_properties);
  add ("start/settings-do-not-change-after-the-first-call", 1, test_settled);
  add ("start/launcher-that-changes-does-not-change-the-pool", 1, test_launcher_is_copied);
  add ("start/launcher-makes-several-pools", 1, test_launcher_of_several_pools);

  add ("streams/standard-output-goes-where-it-is-told", 1, test_stdout);
  add ("streams/standard-error-goes-where-it-is-told", 1, test_stderr);
  add ("streams/standard-input-is-empty", 1, test_stdin);

  add ("descriptors/are-not-inherited", 2, test_descriptors);
  add ("descriptors/do-not-mind-a-fork", 2, test_fork);

  add ("values/of-any-size-arrive", 1, test_sizes);
  add ("values/of-any-size-arrive-at-once", 2, test_sizes_at_once);
  add ("values/that-are-deep-arrive-whole", 1, test_deep);
  add ("values/that-are-too-deep-are-refused", 1, test_too_deep);
  add ("values/that-are-too-deep-are-refused-as-results", 1, test_result_too_deep);
  add ("values/may-be-large-one-way", 1, test_large_one_way);
  add ("values/that-are-large-outlive-the-worker", 1, test_large_result_stays);
  add ("values/of-nested-types-arrive", 1, test_nested);
  add ("values/that-are-nothing-arrive", 1, test_nothing);
  add ("values/of-a-gibibyte-arrive", 1, test_gibibyte);
  add ("values/of-long-error-messages-arrive", 1, test_long_message);

  add ("futures/progress-is-in-order", 1, test_progress_often);
  add ("futures/progress-without-end-holds-up-nobody", 2, test_progress_flood);
  add ("futures/notify-on-the-main-context", 1, test_notify);
  add ("futures/notify-that-the-call-runs", 1, test_notify_running);
  add ("futures/may-be-waited-for-by-many-threads", 1, test_many_waiters);
  add ("futures/may-be-made-by-many-threads", 2, test_many_submitters);
  add ("futures/are-done-though-nobody-waits", 1, test_nobody_waits);

  add ("handler/makes-calls-at-once-or-later", 1, test_handler);
  add ("handler/makes-the-calls-of-a-map", 1, test_handler_map);
  add ("handler/has-no-c-functions", 1, test_handler_pointer);
  add ("handler/has-lines-logged", 1, test_log);
#undef add

  return g_test_run ();
}
