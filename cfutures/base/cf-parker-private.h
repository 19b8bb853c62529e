/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CfParker CfParker;

CfParker *cf_parker_get    (void);
void      cf_parker_unpark (CfParker *self);
gboolean  cf_parker_park   (CfParker *self,
                            gint64    deadline);

G_END_DECLS
