/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfWorkerLauncher: its settings, and what becomes of them when a pool is made. What they do to workers is in
 * test-process-pool. */

#include <errno.h>
#include <fcntl.h>

#include <cfutures.h>

#include "criticals.h"

static const char *const some_argv[] = { "program", "argument", NULL };
static const char *const other_argv[] = { "program", "another argument", NULL };
static const char *const empty[] = { NULL };

static void
assert_strv (const char *const *strv,
             const char *const *expected)
{
  g_assert_nonnull (strv);
  g_assert_true (g_strv_equal (strv, expected));
}

static int
open_null (void)
{
  int fd = open ("/dev/null", O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static gboolean
is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0 || errno != EBADF;
}

static void
test_new (void)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_GJS);

  g_assert_cmpint (cf_worker_launcher_get_kind (launcher), ==, CF_WORKER_KIND_GJS);
  g_assert_null (cf_worker_launcher_get_argv (launcher));
  g_assert_null (cf_worker_launcher_get_interpreter_argv (launcher));
  g_assert_null (cf_worker_launcher_get_prefix_argv (launcher));
  g_assert_null (cf_worker_launcher_get_cwd (launcher));
  g_assert_null (cf_worker_launcher_get_environ (launcher));
  g_assert_cmpint (cf_worker_launcher_get_start_timeout (launcher), ==, 10 * G_USEC_PER_SEC);
}

static void
test_properties (void)
{
  static const char *const env[] = { "A=b", NULL };
  g_autoptr(CfWorkerLauncher) launcher = g_object_new (CF_TYPE_WORKER_LAUNCHER,
                                                       "kind", CF_WORKER_KIND_PYTHON,
                                                       "argv", some_argv,
                                                       "interpreter-argv", other_argv,
                                                       "prefix-argv", some_argv,
                                                       "cwd", "/tmp",
                                                       "environ", env,
                                                       "start-timeout", G_GINT64_CONSTANT (7),
                                                       NULL);
  CfWorkerKind kind;
  g_auto(GStrv) argv = NULL;
  g_auto(GStrv) interpreter_argv = NULL;
  g_auto(GStrv) prefix_argv = NULL;
  g_autofree char *cwd = NULL;
  g_auto(GStrv) environment = NULL;
  gint64 start_timeout;

  g_object_get (launcher,
                "kind", &kind,
                "argv", &argv,
                "interpreter-argv", &interpreter_argv,
                "prefix-argv", &prefix_argv,
                "cwd", &cwd,
                "environ", &environment,
                "start-timeout", &start_timeout,
                NULL);
  g_assert_cmpint (kind, ==, CF_WORKER_KIND_PYTHON);
  assert_strv ((const char *const *) argv, some_argv);
  assert_strv ((const char *const *) interpreter_argv, other_argv);
  assert_strv ((const char *const *) prefix_argv, some_argv);
  g_assert_cmpstr (cwd, ==, "/tmp");
  assert_strv ((const char *const *) environment, env);
  g_assert_cmpint (start_timeout, ==, 7);
}

/* Some languages have an empty array where C has NULL. */
static void
test_empty_commands (void)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_argv (launcher, empty);
  cf_worker_launcher_set_interpreter_argv (launcher, empty);
  cf_worker_launcher_set_prefix_argv (launcher, empty);
  g_assert_null (cf_worker_launcher_get_argv (launcher));
  g_assert_null (cf_worker_launcher_get_interpreter_argv (launcher));
  g_assert_null (cf_worker_launcher_get_prefix_argv (launcher));
}

static void
count_notification (GObject    *object,
                    GParamSpec *pspec,
                    gpointer    count)
{
  ++*(guint *) count;
}

/* Each setting says once that it has changed, and not when it has not. */
static void
test_notify (void)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
  guint n_changes = 0;

  g_signal_connect (launcher, "notify", G_CALLBACK (count_notification), &n_changes);
  for (guint i = 0; i < 2; i++)
    {
      cf_worker_launcher_set_kind (launcher, CF_WORKER_KIND_PYTHON);
      cf_worker_launcher_set_argv (launcher, some_argv);
      cf_worker_launcher_set_interpreter_argv (launcher, some_argv);
      cf_worker_launcher_set_prefix_argv (launcher, some_argv);
      cf_worker_launcher_set_cwd (launcher, "/tmp");
      cf_worker_launcher_setenv (launcher, "CF_TEST_VARIABLE", "a value", TRUE);
      cf_worker_launcher_set_start_timeout (launcher, 1);
    }
  g_assert_cmpuint (n_changes, ==, 7);
}

static void
test_setenv (void)
{
  static const char *const env[] = { "A=1", "B=2", NULL };
  static const char *const changed[] = { "A=3", "C=4", NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_environ (launcher, env);
  g_assert_cmpstr (cf_worker_launcher_getenv (launcher, "A"), ==, "1");
  g_assert_null (cf_worker_launcher_getenv (launcher, "C"));

  cf_worker_launcher_setenv (launcher, "A", "9", FALSE);
  cf_worker_launcher_setenv (launcher, "A", "3", TRUE);
  cf_worker_launcher_unsetenv (launcher, "B");
  cf_worker_launcher_unsetenv (launcher, "none");
  cf_worker_launcher_setenv (launcher, "C", "4", FALSE);
  assert_strv (cf_worker_launcher_get_environ (launcher), changed);

  cf_worker_launcher_set_environ (launcher, NULL);
  g_assert_null (cf_worker_launcher_get_environ (launcher));
}

/* What is inherited is taken as it is when the first variable is changed. */
static void
test_setenv_inherited (void)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  g_setenv ("CF_TEST_INHERITED", "inherited", TRUE);
  g_assert_cmpstr (cf_worker_launcher_getenv (launcher, "CF_TEST_INHERITED"), ==, "inherited");
  cf_worker_launcher_setenv (launcher, "CF_TEST_INHERITED", "of its own", FALSE);
  g_assert_null (cf_worker_launcher_get_environ (launcher));

  cf_worker_launcher_setenv (launcher, "CF_TEST_VARIABLE", "a value", TRUE);
  g_setenv ("CF_TEST_INHERITED", "changed", TRUE);
  g_assert_cmpstr (cf_worker_launcher_getenv (launcher, "CF_TEST_INHERITED"), ==, "inherited");
  g_assert_null (g_getenv ("CF_TEST_VARIABLE"));
}

static void
test_copy (void)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_PYTHON);
  g_autoptr(CfWorkerLauncher) copy = NULL;

  cf_worker_launcher_set_argv (launcher, some_argv);
  cf_worker_launcher_set_interpreter_argv (launcher, some_argv);
  cf_worker_launcher_set_prefix_argv (launcher, some_argv);
  cf_worker_launcher_set_cwd (launcher, "/tmp");
  cf_worker_launcher_set_environ (launcher, empty);
  cf_worker_launcher_set_start_timeout (launcher, -1);
  copy = cf_worker_launcher_copy (launcher);

  cf_worker_launcher_set_kind (launcher, CF_WORKER_KIND_GJS);
  cf_worker_launcher_set_argv (launcher, NULL);
  cf_worker_launcher_set_interpreter_argv (launcher, NULL);
  cf_worker_launcher_set_prefix_argv (launcher, NULL);
  cf_worker_launcher_set_cwd (launcher, NULL);
  cf_worker_launcher_set_environ (launcher, NULL);
  cf_worker_launcher_set_start_timeout (launcher, 1);

  g_assert_cmpint (cf_worker_launcher_get_kind (copy), ==, CF_WORKER_KIND_PYTHON);
  assert_strv (cf_worker_launcher_get_argv (copy), some_argv);
  assert_strv (cf_worker_launcher_get_interpreter_argv (copy), some_argv);
  assert_strv (cf_worker_launcher_get_prefix_argv (copy), some_argv);
  g_assert_cmpstr (cf_worker_launcher_get_cwd (copy), ==, "/tmp");
  assert_strv (cf_worker_launcher_get_environ (copy), empty);
  g_assert_cmpint (cf_worker_launcher_get_start_timeout (copy), ==, -1);
}

/* A descriptor is closed with the last launcher or pool that has it. */
static void
test_descriptors (void)
{
  int stdout_fd = open_null ();
  int stderr_fd = open_null ();
  CfWorkerLauncher *launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
  CfExecutor *pool;

  cf_worker_launcher_take_stdout_fd (launcher, stdout_fd);
  cf_worker_launcher_take_stderr_fd (launcher, stderr_fd);
  pool = cf_process_pool_executor_new_with_launcher (1, launcher);

  cf_worker_launcher_take_stdout_fd (launcher, -1);
  g_object_unref (launcher);
  g_assert_true (is_open (stdout_fd));
  g_assert_true (is_open (stderr_fd));

  g_object_unref (pool);
  g_assert_false (is_open (stdout_fd));
  g_assert_false (is_open (stderr_fd));
}

static void
test_descriptor_replaced (void)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
  int first = open_null ();
  int second = open_null ();

  cf_worker_launcher_take_stdout_fd (launcher, first);
  cf_worker_launcher_take_stdout_fd (launcher, second);
  g_assert_false (is_open (first));
  g_assert_true (is_open (second));

  cf_worker_launcher_take_stdout_fd (launcher, -1);
  g_assert_false (is_open (second));
}

static void
assert_cannot_be_changed (CfWorkerLauncher *launcher)
{
  assert_critical (cf_worker_launcher_set_kind (launcher, CF_WORKER_KIND_GJS));
  assert_critical (cf_worker_launcher_set_argv (launcher, some_argv));
  assert_critical (cf_worker_launcher_set_interpreter_argv (launcher, some_argv));
  assert_critical (cf_worker_launcher_set_prefix_argv (launcher, some_argv));
  assert_critical (cf_worker_launcher_set_cwd (launcher, "/"));
  assert_critical (cf_worker_launcher_set_environ (launcher, empty));
  assert_critical (cf_worker_launcher_setenv (launcher, "A", "b", TRUE));
  assert_critical (cf_worker_launcher_unsetenv (launcher, "A"));
  assert_critical (cf_worker_launcher_take_stdout_fd (launcher, -1));
  assert_critical (cf_worker_launcher_take_stderr_fd (launcher, -1));
  assert_critical (cf_worker_launcher_set_start_timeout (launcher, 1));
}

static void
test_of_a_pool (void)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_PYTHON);
  g_autoptr(CfExecutor) pool = cf_process_pool_executor_new_with_launcher (1, launcher);
  CfWorkerLauncher *of_pool = cf_process_pool_executor_get_launcher (CF_PROCESS_POOL_EXECUTOR (pool));
  g_autoptr(CfExecutor) second_pool = cf_process_pool_executor_new_with_launcher (1, of_pool);
  g_autoptr(CfWorkerLauncher) copy = cf_worker_launcher_copy (of_pool);

  assert_cannot_be_changed (of_pool);
  assert_cannot_be_changed (cf_process_pool_executor_get_launcher (CF_PROCESS_POOL_EXECUTOR (second_pool)));

  cf_worker_launcher_set_kind (launcher, CF_WORKER_KIND_GJS);
  cf_worker_launcher_set_kind (copy, CF_WORKER_KIND_NATIVE);
  g_assert_cmpint (cf_worker_launcher_get_kind (of_pool), ==, CF_WORKER_KIND_PYTHON);
}

static void
test_of_a_pool_made_without (void)
{
  g_autoptr(CfExecutor) pool = cf_process_pool_executor_new (1);
  CfWorkerLauncher *launcher = cf_process_pool_executor_get_launcher (CF_PROCESS_POOL_EXECUTOR (pool));

  g_assert_cmpint (cf_worker_launcher_get_kind (launcher), ==, CF_WORKER_KIND_NATIVE);
  assert_cannot_be_changed (launcher);
}

static void
test_bad_arguments (void)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  assert_critical (cf_worker_launcher_setenv (launcher, "A=b", "c", TRUE));
  assert_critical (cf_worker_launcher_setenv (launcher, "A", NULL, TRUE));
  assert_critical (cf_worker_launcher_unsetenv (launcher, "A="));
  assert_critical (cf_worker_launcher_set_start_timeout (launcher, -2));
  g_assert_null (cf_worker_launcher_get_environ (launcher));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/worker-launcher/new-launcher-is-the-usual", test_new);
  g_test_add_func ("/worker-launcher/settings-are-properties", test_properties);
  g_test_add_func ("/worker-launcher/empty-commands-are-none", test_empty_commands);
  g_test_add_func ("/worker-launcher/settings-notify-when-they-change", test_notify);
  g_test_add_func ("/worker-launcher/setenv/changes-single-variables", test_setenv);
  g_test_add_func ("/worker-launcher/setenv/starts-from-what-is-inherited", test_setenv_inherited);
  g_test_add_func ("/worker-launcher/copy-has-the-same-settings", test_copy);
  g_test_add_func ("/worker-launcher/descriptors/live-as-long-as-who-has-them", test_descriptors);
  g_test_add_func ("/worker-launcher/descriptors/are-closed-when-replaced", test_descriptor_replaced);
  g_test_add_func ("/worker-launcher/of-a-pool/cannot-be-changed", test_of_a_pool);
  g_test_add_func ("/worker-launcher/of-a-pool/made-without-one", test_of_a_pool_made_without);
  g_test_add_func ("/worker-launcher/bad-arguments-are-criticals", test_bad_arguments);

  return g_test_run ();
}
