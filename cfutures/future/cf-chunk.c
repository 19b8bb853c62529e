/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a chunk of a map returns: the results of its items, up to the first that failed, and that one's error. */

#include "config.h"

#include "future/cf-chunk-private.h"

#include "base/cf-error-private.h"

#define CHUNK_TYPE "(amvm" CF_SERIALIZED_ERROR_TYPE ")"

/**
 * cf_chunk_new:
 * @results: (element-type GVariant): the results of a chunk's items, whose references are taken; some may be %NULL
 * @error: (transfer full) (nullable): why the one after them failed
 *
 * Returns: (transfer full): what a chunk returns
 */
GVariant *
cf_chunk_new (GPtrArray *results,
              GError    *error)
{
  g_autoptr(GError) owned_error G_GNUC_UNUSED = error;
  GVariantBuilder builder;
  GVariant *failure = NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("amv"));
  for (guint i = 0; i < results->len; i++)
    {
      g_autoptr(GVariant) result = g_ptr_array_index (results, i);

      g_variant_builder_add (&builder, "mv", result);
    }

  if (error != NULL)
    failure = cf_error_to_variant (error);

  return g_variant_ref_sink (g_variant_new ("(@amv@m(siay))",
                                            g_variant_builder_end (&builder),
                                            g_variant_new_maybe (G_VARIANT_TYPE (CF_SERIALIZED_ERROR_TYPE), failure)));
}

/**
 * cf_chunk_fits:
 * @chunk: what somebody says that a chunk has returned
 * @items: the arguments of the chunk
 *
 * Returns: whether that can be
 */
gboolean
cf_chunk_fits (GVariant *chunk,
               GVariant *items)
{
  g_autoptr(GError) error = NULL;
  gsize n_results;

  if (!g_variant_is_of_type (chunk, G_VARIANT_TYPE (CHUNK_TYPE)))
    return FALSE;

  error = cf_chunk_dup_error (chunk);
  n_results = cf_chunk_n_results (chunk);

  return error != NULL ? n_results < g_variant_n_children (items) : n_results == g_variant_n_children (items);
}

gsize
cf_chunk_n_results (GVariant *chunk)
{
  g_autoptr(GVariant) results = NULL;

  g_assert (g_variant_is_of_type (chunk, G_VARIANT_TYPE (CHUNK_TYPE)));

  results = g_variant_get_child_value (chunk, 0);
  return g_variant_n_children (results);
}

GVariant *
cf_chunk_dup_result (GVariant *chunk,
                     gsize     i)
{
  g_autoptr(GVariant) results = g_variant_get_child_value (chunk, 0);
  GVariant *result = NULL;

  g_variant_get_child (results, i, "mv", &result);
  return result;
}

GError *
cf_chunk_dup_error (GVariant *chunk)
{
  g_autoptr(GVariant) maybe = g_variant_get_child_value (chunk, 1);
  g_autoptr(GVariant) failure = g_variant_get_maybe (maybe);

  return failure != NULL ? cf_error_from_variant (failure) : NULL;
}
