/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' listing on processes: map() over a pool of two of them, which are used for one call after another. Only
 * the executor's constructor tells that there are processes: the interface is that of the pool of threads.
 *
 *   from concurrent import futures
 *   import os
 *
 *   def task(n):
 *       return (n, os.getpid())
 *
 *   if __name__ == '__main__':
 *       ex = futures.ProcessPoolExecutor(max_workers=2)
 *       results = ex.map(task, range(5, 0, -1))
 *       for n, pid in results:
 *           print("run task %s in process %s" % (n, pid))
 *
 * A worker is this program, started once more. cf_worker_main() is what the line with `__name__` is in Python: in a
 * worker it makes the pool's calls and never returns.
 */

#include <unistd.h>

#include <cfutures.h>

static GVariant *
task (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  return g_variant_new ("(ii)", g_variant_get_int32 (args), (gint32) getpid ());
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(CfExecutor) executor = NULL;
  g_autoptr(CfMapIterator) results = NULL;
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;

  cf_worker_main (&argc, &argv);

  executor = cf_process_pool_executor_new (2);
  results = cf_executor_map (executor, task, g_variant_new_parsed ("[5, 4, 3, 2, 1]"), 1, 0);

  while (cf_map_iterator_next (results, NULL, &result, &error))
    {
      gint32 n, pid;

      g_variant_get (result, "(ii)", &n, &pid);
      g_print ("run task %d in process %d\n", n, pid);
      g_clear_pointer (&result, g_variant_unref);
    }

  if (error != NULL)
    {
      g_printerr ("main: %s\n", error->message);
      return 1;
    }

  return 0;
}
