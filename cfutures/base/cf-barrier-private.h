/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean cf_barrier_is_shared (void);
void     cf_barrier_issue     (void);

G_END_DECLS
