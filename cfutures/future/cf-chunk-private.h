/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GVariant *cf_chunk_new        (GPtrArray *results,
                               GError    *error);
gboolean  cf_chunk_fits       (GVariant  *chunk,
                               GVariant  *items);
gsize     cf_chunk_n_results  (GVariant  *chunk);
GVariant *cf_chunk_dup_result (GVariant  *chunk,
                               gsize      i);
GError   *cf_chunk_dup_error  (GVariant  *chunk);

G_END_DECLS
