/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A module of native functions, which the smoke tests of the bindings submit by name: code that a thread pool can run
 * for a language whose own functions cannot leave its main thread.
 */

#include <cfutures.h>

GVariant *smoke_halve (CfFuture  *future,
                       GVariant  *args,
                       GError   **error);
GVariant *smoke_fail  (CfFuture  *future,
                       GVariant  *args,
                       GError   **error);

G_MODULE_EXPORT GVariant *
smoke_halve (CfFuture  *future,
             GVariant  *args,
             GError   **error)
{
  cf_future_report_progress (future, 0.5, "halving");

  return g_variant_new_double (g_variant_get_int32 (args) / 2.0);
}

G_MODULE_EXPORT GVariant *
smoke_fail (CfFuture  *future,
            GVariant  *args,
            GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "nothing to halve");

  return NULL;
}
