/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' third listing: wait for the calls in the order in which they end, whatever that is.
 *
 *   def task(n):
 *       time.sleep(random.random())
 *       return (n, n / 10)
 *
 *   ex = futures.ThreadPoolExecutor(max_workers=5)
 *   print("main: starting")
 *   wait_for = [ex.submit(task, i) for i in range(5, 0, -1)]
 *   for f in futures.as_completed(wait_for):
 *       print("main: result: ", f.result())
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

static gboolean
print_result (CfFuture  *future,
              GError   **error)
{
  g_autoptr(GVariant) result = cf_future_await_variant (future, error);
  gint32 n;
  double tenth;

  if (result == NULL)
    return FALSE;

  g_variant_get (result, "(id)", &n, &tenth);
  g_print ("main: result: (%d, %g)\n", n, tenth);

  return TRUE;
}

int
main (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (N_CALLS);
  g_autoptr(GPtrArray) wait_for = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(CfCompletionIterator) completed = NULL;
  g_autoptr(GError) error = NULL;
  CfFuture *next;

  g_print ("main: starting\n");

  for (int i = N_CALLS; i > 0; i--)
    g_ptr_array_add (wait_for, cf_executor_submit (executor, task, g_variant_new_int32 (i)));

  completed = cf_as_completed ((CfFuture **) wait_for->pdata, wait_for->len, -1);

  while ((next = cf_completion_iterator_next (completed, NULL, &error)) != NULL)
    {
      g_autoptr(CfFuture) future = next;

      if (!print_result (future, &error))
        break;
    }

  if (error != NULL)
    {
      g_printerr ("main: %s\n", error->message);
      return 1;
    }

  return 0;
}
