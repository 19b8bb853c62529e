/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A module with functions that are submitted by name: what a program or a script would find in some library. */

#include <cfutures.h>

G_MODULE_EXPORT GVariant *submitted_sum          (CfFuture  *future,
                                                  GVariant  *args,
                                                  GError   **error);
G_MODULE_EXPORT GVariant *submitted_failure      (CfFuture  *future,
                                                  GVariant  *args,
                                                  GError   **error);

GVariant *
submitted_sum (CfFuture  *future,
               GVariant  *args,
               GError   **error)
{
  GVariantIter iter;
  gint64 number;
  gint64 sum = 0;

  g_variant_iter_init (&iter, args);
  while (g_variant_iter_next (&iter, "x", &number))
    sum += number;

  return g_variant_new_int64 (sum);
}

GVariant *
submitted_failure (CfFuture  *future,
                   GVariant  *args,
                   GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "The module is busy");

  return NULL;
}
