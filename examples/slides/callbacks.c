/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' listing on callbacks: a function that is called when a future is done, for whatever
 * reason, and finds out which.
 *
 *   def task(n):
 *       print("%s: sleeping" % n)
 *       time.sleep(0.5)
 *       print("%s: done" % n)
 *       return n / 10
 *
 *   def done(fn):
 *       if fn.cancelled():
 *           print("%s: canceled " % fn.arg)
 *       elif fn.done():
 *           error = fn.exception()
 *           if error:
 *               print("%s: error returned: %s" % (fn.arg, error))
 *           else:
 *               result = fn.result()
 *               print("%s: value returned: %s" % (fn.arg, result))
 *
 *   if __name__ == '__main__':
 *       ex = futures.ThreadPoolExecutor(max_workers=2)
 *       print("main: starting")
 *       f = ex.submit(task, 5)
 *       f.arg = 5
 *       f.add_done_callback(done)
 *       result = f.result()
 *       print(result)
 *
 * The callback runs in the thread that added it. Here that thread waits for the result, so the callback
 * runs just before the wait ends; in a program with a main loop, the main loop runs it.
 */

#include <cfutures.h>

static GVariant *
task (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  gint32 n = g_variant_get_int32 (args);

  g_print ("%d: sleeping\n", n);
  g_usleep (G_USEC_PER_SEC / 2);
  g_print ("%d: done\n", n);

  return g_variant_new_double (n / 10.0);
}

static void
done (CfFuture *future,
      gpointer  user_data)
{
  int arg = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (future), "arg"));
  const GError *failure;

  if (cf_future_is_cancelled (future))
    {
      g_print ("%d: canceled\n", arg);
      return;
    }

  failure = cf_future_get_error (future);

  if (failure != NULL)
    g_print ("%d: error returned: %s\n", arg, failure->message);
  else
    g_print ("%d: value returned: %g\n", arg, cf_future_await_double (future, NULL));
}

int
main (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;
  double result;

  g_print ("main: starting\n");

  future = cf_executor_submit (executor, task, g_variant_new_int32 (5));
  g_object_set_data (G_OBJECT (future), "arg", GINT_TO_POINTER (5));
  cf_future_add_done_callback (future, done, NULL, NULL);

  result = cf_future_await_double (future, &error);

  if (error != NULL)
    {
      g_printerr ("main: %s\n", error->message);
      return 1;
    }

  g_print ("%g\n", result);

  return 0;
}
