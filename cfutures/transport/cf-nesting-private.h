/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CF_NESTING_MAX 128

gboolean cf_nesting_is_portable (GVariant *value);

G_END_DECLS
