/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' variant of the third listing: the calls end in any order, but their results are asked
 * for in the order in which they were submitted.
 *
 *   def task(n):
 *       time.sleep(random.random())
 *       return (n, n / 10)
 *
 *   ex = futures.ThreadPoolExecutor(max_workers=5)
 *   print("main: starting")
 *   wait_for = [ex.submit(task, i) for i in range(5, 0, -1)]
 *   for i in wait_for:
 *       print(i.result())
 */

#include <cfutures.h>

#define N_CALLS 5

static GVariant *
task (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  gint32 n = g_variant_get_int32 (args);

  g_usleep (g_random_double () * G_USEC_PER_SEC);

  return g_variant_new ("(id)", n, n / 10.0);
}

int
main (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (N_CALLS);
  g_autoptr(GPtrArray) wait_for = g_ptr_array_new_with_free_func (g_object_unref);

  g_print ("main: starting\n");

  for (int i = N_CALLS; i > 0; i--)
    g_ptr_array_add (wait_for, cf_executor_submit (executor, task, g_variant_new_int32 (i)));

  for (guint i = 0; i < wait_for->len; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) result = cf_future_await_variant (g_ptr_array_index (wait_for, i), &error);
      gint32 n;
      double tenth;

      if (result == NULL)
        {
          g_printerr ("main: %s\n", error->message);
          return 1;
        }

      g_variant_get (result, "(id)", &n, &tenth);
      g_print ("(%d, %g)\n", n, tenth);
    }

  return 0;
}
