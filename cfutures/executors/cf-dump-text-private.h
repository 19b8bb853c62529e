/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void cf_dump_text_append (GString  *text,
                          GVariant *description);

G_END_DECLS
