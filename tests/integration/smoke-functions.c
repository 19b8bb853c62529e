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
GVariant *smoke_echo  (CfFuture  *future,
                       GVariant  *args,
                       GError   **error);
GVariant *smoke_print (CfFuture  *future,
                       GVariant  *args,
                       GError   **error);
GVariant *count_primes (CfFuture  *future,
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

G_MODULE_EXPORT GVariant *
smoke_echo (CfFuture  *future,
            GVariant  *args,
            GError   **error)
{
  return args != NULL ? g_variant_ref (args) : NULL;
}

/* What a function of C gets, with its type. */
G_MODULE_EXPORT GVariant *
smoke_print (CfFuture  *future,
             GVariant  *args,
             GError   **error)
{
  return g_variant_new_take_string (args != NULL ? g_variant_print (args, TRUE) : g_strdup ("no value"));
}

/* The one of docs/values-across-languages.md. */
G_MODULE_EXPORT GVariant *
count_primes (CfFuture  *future,
              GVariant  *args,
              GError   **error)
{
  gint64 n_primes = 0;
  gint64 limit;

  if (!g_variant_is_of_type (args, G_VARIANT_TYPE_INT64))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "count_primes() takes an integer, not “%s”",
                   g_variant_get_type_string (args));
      return NULL;
    }

  limit = g_variant_get_int64 (args);
  for (gint64 number = 2; number < limit; number++)
    {
      gint64 divisor = 2;

      while (divisor * divisor <= number && number % divisor != 0)
        divisor++;
      n_primes += divisor * divisor > number;
    }
  return g_variant_new_int64 (n_primes);
}
