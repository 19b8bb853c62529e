/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' listing on executors as context managers: at the end of the block every call has ended
 * and the pool is gone.
 *
 *   def task(n):
 *       print(n)
 *
 *   with futures.ThreadPoolExecutor(max_workers=2) as ex:
 *       print('main: starting')
 *       ex.submit(task, 1)
 *       ex.submit(task, 2)
 *       ex.submit(task, 3)
 *       ex.submit(task, 4)
 *
 *   print('main: done')
 */

#include <cfutures.h>

static GVariant *
task (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  g_print ("%d\n", g_variant_get_int32 (args));

  return NULL;
}

int
main (void)
{
  {
    g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
    CF_EXECUTOR_AUTO_SHUTDOWN (executor, scope);

    g_print ("main: starting\n");

    for (int i = 1; i <= 4; i++)
      g_object_unref (cf_executor_submit (executor, task, g_variant_new_int32 (i)));
  }

  g_print ("main: done\n");

  return 0;
}
