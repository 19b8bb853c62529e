/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' first listing: map() over a pool of two threads. The calls run concurrently and end in
 * any order; the results come in the order of the arguments.
 *
 *   def task(n):
 *       print("%s: sleeping %s" % (threading.current_thread().name, n))
 *       time.sleep(n / 10)
 *       print("%s: done with %s" % (threading.current_thread().name, n))
 *       return n / 10
 *
 *   ex = futures.ThreadPoolExecutor(max_workers=2)
 *   print('main: starting')
 *   results = ex.map(task, range(5, 0, -1))
 *   print("main: unprocessed results %s " % results)
 *   print("main: waiting for real results")
 *   real_results = list(results)
 *   print("main: results: %s" % real_results)
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
  g_autoptr(CfMapIterator) results = NULL;
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) real_results = g_string_new (NULL);

  executor = g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                           "max-workers", 2,
                           "thread-name-prefix", "Thread",
                           NULL);

  g_print ("main: starting\n");
  results = cf_executor_map (executor, task, g_variant_new_parsed ("[5, 4, 3, 2, 1]"), 1, 0);

  g_print ("main: unprocessed results <%s at %p>\n", G_OBJECT_TYPE_NAME (results), (void *) results);
  g_print ("main: waiting for real results\n");

  while (cf_map_iterator_next (results, NULL, &result, &error))
    {
      g_string_append_printf (real_results, "%s%g",
                              real_results->len > 0 ? ", " : "", g_variant_get_double (result));
      g_clear_pointer (&result, g_variant_unref);
    }

  if (error != NULL)
    {
      g_printerr ("main: %s\n", error->message);
      return 1;
    }

  g_print ("main: results: [%s]\n", real_results->str);

  return 0;
}
