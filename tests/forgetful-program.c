/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that uses a process pool and does not call cf_worker_main(). What it prints tells whether it was started
 * again by accident.
 *
 *   forgetful-program own                  submits a function of its own
 *   forgetful-program pointer MODULE       submits a function of a shared library
 *   forgetful-program name MODULE          does so by its name
 */

#include <stdio.h>
#include <stdlib.h>

#include <cfutures.h>
#include <gmodule.h>

static GVariant *
sum_of_its_own (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  return g_variant_new_int64 (6);
}

static CfFunc
find_function (const char *path)
{
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
  CfFunc function = NULL;

  if (module == NULL || !g_module_symbol (module, "submitted_sum", (gpointer *) &function))
    g_error ("%s", g_module_error ());

  return function;
}

static CfFuture *
submit (CfExecutor *executor,
        const char *what,
        const char *module)
{
  g_autofree char *name = g_strdup_printf ("%s:submitted_sum", module);
  GVariant *args = g_variant_new_parsed ("[int64 1, 2, 3]");

  if (g_str_equal (what, "own"))
    return cf_executor_submit (executor, sum_of_its_own, args);
  if (g_str_equal (what, "pointer"))
    return cf_executor_submit (executor, find_function (module), args);

  return cf_executor_submit_by_name (executor, name, args);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;
  gint64 sum;

  puts ("begun");
  fflush (stdout);

  future = submit (executor, argv[1], argc > 2 ? argv[2] : "");
  sum = cf_future_await_int64 (future, &error);
  if (error == NULL)
    printf ("sum %d\n", (int) sum);
  else
    printf ("%s %d: %s\n", g_quark_to_string (error->domain), error->code, error->message);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  return EXIT_SUCCESS;
}
