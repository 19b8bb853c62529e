/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' second listing: submit one call, and look at its future before and after.
 *
 *   executor = futures.ThreadPoolExecutor(max_workers=2)
 *   print("main: starting")
 *   f = executor.submit(task, 5)
 *   print("main: future: %s", f)
 *   print("main: waiting for results")
 *   result = f.result()
 *   print("main: result: %s", result)
 *   print("main: future after result: %s", f)
 *
 * where task() is the one of the first listing.
 */

#include <sys/prctl.h>

#include <cfutures.h>

/* Linux keeps at most 15 characters of a thread's name. */
#define THREAD_NAME_SIZE 16

static GVariant *
task (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  gint32 n = g_variant_get_int32 (args);
  char thread_name[THREAD_NAME_SIZE];

  prctl (PR_GET_NAME, thread_name);

  g_print ("%s: sleeping %d\n", thread_name, n);
  g_usleep (n * G_USEC_PER_SEC / 10);
  g_print ("%s: done with %d\n", thread_name, n);

  return g_variant_new_double (n / 10.0);
}

int
main (void)
{
  g_autoptr(CfExecutor) executor = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  double result;

  executor = g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                           "max-workers", 2,
                           "thread-name-prefix", "Thread",
                           NULL);

  g_print ("main: starting\n");
  future = cf_executor_submit (executor, task, g_variant_new_int32 (5));

  before = cf_future_to_string (future);
  g_print ("main: future: %s\n", before);

  g_print ("main: waiting for results\n");
  result = cf_future_await_double (future, &error);

  if (error != NULL)
    {
      g_printerr ("main: %s\n", error->message);
      return 1;
    }

  g_print ("main: result: %g\n", result);

  after = cf_future_to_string (future);
  g_print ("main: future after result: %s\n", after);

  return 0;
}
