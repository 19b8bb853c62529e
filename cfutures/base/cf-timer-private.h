/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CfTimer CfTimer;

typedef void (*CfTimerFunc) (gpointer data);

CfTimer *cf_timer_add    (gint64          time,
                          CfTimerFunc     func,
                          gpointer        data,
                          GDestroyNotify  destroy);
void     cf_timer_remove (CfTimer        *self);

G_END_DECLS
