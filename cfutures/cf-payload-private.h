/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

int       cf_payload_create (GVariant            *value,
                             guint64             *offset,
                             GError             **error);
GVariant *cf_payload_map    (int                  descriptor,
                             const GVariantType  *type,
                             guint64              offset,
                             gsize                size,
                             gboolean             is_trusted,
                             GError             **error);

G_END_DECLS
