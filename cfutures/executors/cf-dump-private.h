/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

void cf_dump_add    (GObject     *executor,
                     GVariant *(*describe) (GObject *executor));
void cf_dump_remove (GObject     *executor);

G_END_DECLS
