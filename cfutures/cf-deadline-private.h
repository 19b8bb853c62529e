/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CfDeadline CfDeadline;

typedef void (*CfDeadlineFunc) (gpointer data);

CfDeadline *cf_deadline_add    (gint64          time,
                                CfDeadlineFunc  func,
                                gpointer        data,
                                GDestroyNotify  destroy);
void        cf_deadline_remove (CfDeadline     *self);

G_END_DECLS
