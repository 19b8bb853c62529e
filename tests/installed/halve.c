/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program and a module in one, for the checks of an installed copy: as a program it has halve() called by a pool;
 * as a module it is what programs in other languages submit by name.
 */

#include <cfutures.h>

G_MODULE_EXPORT GVariant *halve (CfFuture  *future,
                                 GVariant  *args,
                                 GError   **error);

GVariant *
halve (CfFuture  *future,
       GVariant  *args,
       GError   **error)
{
  return g_variant_new_double (g_variant_get_int32 (args) / 2.0);
}

int
main (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr (CfFuture) future = cf_executor_submit (executor, halve, g_variant_new_int32 (5));

  g_print ("%g\n", cf_future_await_double (future, NULL));
  return 0;
}
