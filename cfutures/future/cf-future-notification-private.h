/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "future/cf-future-private.h"

G_BEGIN_DECLS

void cf_future_notify_later (CfFuture *self,
                             guint     changed);
void cf_future_notify_state (CfFuture *self);
void cf_future_notify_done  (CfFuture *self,
                             gboolean  has_failed);

G_END_DECLS
