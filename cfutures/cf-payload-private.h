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

G_END_DECLS
