/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions by name: those of a module that is built beside this test, those of the program itself, and names
 * that lead nowhere. */

#include <cfutures.h>

#include "await-error.h"

static char *
name_in_module (const char *function)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "submitted-functions." G_MODULE_SUFFIX, NULL);

  return g_strdup_printf ("%s:%s", path, function);
}

G_MODULE_EXPORT GVariant *test_submit_by_name_exported (CfFuture  *future,
                                                     GVariant  *args,
                                                     GError   **error);

GVariant *
test_submit_by_name_exported (CfFuture  *future,
                              GVariant  *args,
                              GError   **error)
{
  return g_variant_new_string ("from the program");
}

static void
test_module (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autofree char *sum = name_in_module ("submitted_sum");
  g_autofree char *failure = name_in_module ("submitted_failure");
  g_autoptr(CfFuture) good = cf_executor_submit_by_name (executor, sum, g_variant_new_parsed ("[int64 1, 2, 3]"));
  g_autoptr(CfFuture) bad = cf_executor_submit_by_name (executor, failure, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (cf_future_await_int64 (good, &error), ==, 6);
  g_assert_no_error (error);

  g_assert_error (await_error (bad), G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (await_error (bad)->message, ==, "The module is busy");
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_program (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = cf_executor_submit_by_name (executor, ":test_submit_by_name_exported", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = cf_future_await_string (future, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "from the program");
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_task (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autofree char *sum = name_in_module ("submitted_sum");
  g_autoptr(CfTask) task = cf_task_new_by_name (sum, g_variant_new_parsed ("[int64 4, 5]"));

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit_task (executor, task);

      g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 9);
    }
}

static void
test_map (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autofree char *sum = name_in_module ("submitted_sum");
  g_autoptr(CfMapIterator) iterator = NULL;
  g_autoptr(GVariant) last = NULL;

  iterator = cf_executor_map_by_name (executor, sum, g_variant_new_parsed ("[[int64 1], [1, 1], [1, 1, 1]]"), 2, 0);
  for (gint64 expected = 1; expected <= 3; expected++)
    {
      g_autoptr(GVariant) result = NULL;

      g_assert_true (cf_map_iterator_next (iterator, NULL, &result, NULL));
      g_assert_cmpint (g_variant_get_int64 (result), ==, expected);
    }
  g_assert_false (cf_map_iterator_next (iterator, NULL, &last, NULL));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_many (void)
{
  enum { N_CALLS = 1000 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (8);
  g_autofree char *sum = name_in_module ("submitted_sum");
  CfFuture *futures[N_CALLS];

  for (gint64 i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit_by_name (executor, sum, g_variant_new_parsed ("[%x]", i));

  for (gint64 i = 0; i < N_CALLS; i++)
    {
      g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, i);
      g_object_unref (futures[i]);
    }
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
assert_no_such_function (const char *name,
                         const char *mentioned)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfFuture) future = cf_executor_submit_by_name (executor, name, NULL);
  const GError *error = await_error (future);

  g_assert_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION);
  g_assert_nonnull (strstr (error->message, mentioned));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_unknown (void)
{
  g_autofree char *unknown = name_in_module ("submitted_product");

  assert_no_such_function (unknown, "submitted_product");
  assert_no_such_function (":test_submit_by_name_unknown", "test_submit_by_name_unknown");
  assert_no_such_function ("libcfutures-no-such-module.so:count", "libcfutures-no-such-module.so");
}

static void
test_malformed (void)
{
  assert_no_such_function ("", "MODULE:FUNCTION");
  assert_no_such_function ("submitted_sum", "submitted_sum");
  assert_no_such_function (":", "MODULE:FUNCTION");
  assert_no_such_function ("libfoo.so:", "libfoo.so:");
}

/* A static function has no name that could be found. */
static GVariant *
test_submit_by_name_hidden (CfFuture  *future,
                            GVariant  *args,
                            GError   **error)
{
  return g_variant_new_string ("not to be found");
}

static void
test_static (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfFuture) by_pointer = cf_executor_submit (executor, test_submit_by_name_hidden, NULL);

  g_assert_no_error (await_error (by_pointer));
  assert_no_such_function (":test_submit_by_name_hidden", "test_submit_by_name_hidden");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/submit-by-name/finds-functions-of-a-module", test_module);
  g_test_add_func ("/submit-by-name/finds-functions-of-the-program", test_program);
  g_test_add_func ("/submit-by-name/of-a-task-works-again-and-again", test_task);
  g_test_add_func ("/submit-by-name/of-a-map-works-for-every-item", test_map);
  g_test_add_func ("/submit-by-name/is-looked-up-in-many-threads", test_many);
  g_test_add_func ("/submit-by-name/unknown-names-fail", test_unknown);
  g_test_add_func ("/submit-by-name/malformed-names-fail", test_malformed);
  g_test_add_func ("/submit-by-name/static-functions-have-no-name", test_static);

  return g_test_run ();
}
