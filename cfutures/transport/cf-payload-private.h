/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

int       cf_payload_create (GVariant            *value,
                             GError             **error);
GVariant *cf_payload_map    (int                  descriptor,
                             const GVariantType  *type,
                             gsize                size,
                             GError             **error);

/* Payloads that have come before the frames that they belong to: call id → descriptor. */
GHashTable *cf_payload_table_new    (void);
gboolean    cf_payload_table_insert (GHashTable *table,
                                     guint64     id,
                                     int         descriptor);
int         cf_payload_table_steal  (GHashTable *table,
                                     guint64     id);

G_END_DECLS
