/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' benchmark: ten calls that do nothing but count, on one executor after the other.
 *
 *   number_list = [1,2,3,4,5,6,7,8,9,10]
 *
 *   def evaluate_item(x):
 *       result_item = count(x)
 *       print("item " + str(x) + " result " + str(result_item))
 *
 *   def count(number):
 *       for i in range(0,10000000):
 *           i=i+1
 *       return i*number
 *
 *   start_time = time.clock()
 *   for item in number_list:
 *       evaluate_item(item)
 *   print("Sequential execution in " + str(time.clock() - start_time), "seconds")
 *
 *   start_time_1 = time.clock()
 *   with concurrent.futures.ThreadPoolExecutor(max_workers=5) as executor:
 *       for item in number_list:
 *           executor.submit(evaluate_item, item)
 *   print("Thread pool execution in " + str(time.clock() - start_time_1), "seconds")
 *
 *   start_time_2 = time.clock()
 *   with concurrent.futures.ProcessPoolExecutor(max_workers=5) as executor:
 *       for item in number_list:
 *           executor.submit(evaluate_item, item)
 *   print("Process pool execution in " + str(time.clock() - start_time_2), "seconds")
 *
 * All executors have the same interface, so one function measures any of them. The sequential run is an
 * executor too: one that runs each call at once, in the thread that submits it.
 */

#include <cfutures.h>

#define N_ITEMS 10
#define N_ITERATIONS 10000000

/* C counts some two hundred times as fast as the slides' Python. So that a call takes a time like theirs, and not as
 * little as it takes to start a process, it counts over and over again. */
#define N_ROUNDS 50

static gint64
count (gint64 number)
{
  /* Volatile, for the compiler would otherwise see through the loop and remove it. */
  volatile gint64 i = 0;

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      i = 0;
      while (i < N_ITERATIONS)
        i = i + 1;
    }

  return i * number;
}

static GVariant *
evaluate_item (CfFuture  *future,
               GVariant  *args,
               GError   **error)
{
  gint64 item = g_variant_get_int64 (args);

  g_print ("item %" G_GINT64_FORMAT " result %" G_GINT64_FORMAT "\n", item, count (item));

  return NULL;
}

static void
measure (const char *kind,
         CfExecutor *executor_to_consume)
{
  g_autoptr(CfExecutor) executor = executor_to_consume;
  gint64 start = g_get_monotonic_time ();

  {
    CF_EXECUTOR_AUTO_SHUTDOWN (executor, scope);

    for (gint64 item = 1; item <= N_ITEMS; item++)
      g_object_unref (cf_executor_submit (executor, evaluate_item, g_variant_new_int64 (item)));
  }

  g_print ("%s execution in %f seconds\n", kind,
           (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
}

int
main (int    argc,
      char **argv)
{
  cf_worker_main (&argc, &argv);

  measure ("Sequential", cf_inline_executor_new ());
  measure ("Thread pool", cf_thread_pool_executor_new (5));
  measure ("Process pool", cf_process_pool_executor_new (5));

  return 0;
}
