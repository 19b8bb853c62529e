/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A C program that has Python and JavaScript run. Run by `meson test`; WORKER_FUNCTIONS is the folder with the
 * functions that it calls. */

#include <gio/gio.h>

#include <cfutures.h>

#include "../await-error.h"

static CfExecutor *
new_pool (CfWorkerKind kind)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (kind);

  return cf_process_pool_executor_new_with_launcher (1, launcher);
}

static char *
function_name (const char *prefix,
               const char *file,
               const char *function)
{
  return g_strdup_printf ("%s%s/%s:%s", prefix, g_getenv ("WORKER_FUNCTIONS"), file, function);
}

static void
assert_halves (CfWorkerKind  kind,
               const char   *prefix,
               const char   *file)
{
  g_autoptr(CfExecutor) pool = new_pool (kind);
  CF_EXECUTOR_AUTO_SHUTDOWN (pool, scope);
  g_autofree char *name = function_name (prefix, file, "halve");
  g_autoptr(CfFuture) future = cf_executor_submit_by_name (pool, name, g_variant_new ("(i)", 5));
  g_autoptr(GError) error = NULL;

  g_assert_cmpfloat (cf_future_await_double (future, &error), ==, 2.5);
  g_assert_no_error (error);
}

static void
assert_fails (CfWorkerKind  kind,
              const char   *prefix,
              const char   *file,
              const char   *beginning)
{
  g_autoptr(CfExecutor) pool = new_pool (kind);
  CF_EXECUTOR_AUTO_SHUTDOWN (pool, scope);
  g_autofree char *name = function_name (prefix, file, "fail");
  g_autoptr(CfFuture) future = cf_executor_submit_by_name (pool, name, NULL);
  const GError *error = await_error (future);

  g_assert_error (error, CF_ERROR, CF_ERROR_REMOTE);
  g_assert_true (g_str_has_prefix (error->message, beginning));
}

static void
test_python_function (void)
{
  assert_halves (CF_WORKER_KIND_PYTHON, "", "worker-functions.py");
}

static void
test_python_exception (void)
{
  assert_fails (CF_WORKER_KIND_PYTHON, "", "worker-functions.py", "ValueError: no such luck\n\nTraceback ");
}

static void
test_gjs_function (void)
{
  assert_halves (CF_WORKER_KIND_GJS, "file://", "worker-functions.js");
}

static void
test_gjs_error (void)
{
  assert_fails (CF_WORKER_KIND_GJS, "file://", "worker-functions.js", "RangeError: no such luck\n\nfail@");
}

static void
add_gjs_test (const char *path,
              GTestFunc   function)
{
  g_autofree char *gjs = g_find_program_in_path ("gjs");

  if (gjs != NULL)
    g_test_add_func (path, function);
}

int
main (int    argc,
      char **argv)
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/workers/python/function", test_python_function);
  g_test_add_func ("/workers/python/exception", test_python_exception);
  add_gjs_test ("/workers/gjs/function", test_gjs_function);
  add_gjs_test ("/workers/gjs/error", test_gjs_error);

  return g_test_run ();
}
