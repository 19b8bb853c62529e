/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "future/cf-call-private.h"
#include "future/cf-future-owner-private.h"
#include "future/cf-future-private.h"

G_BEGIN_DECLS

gboolean cf_future_set_owner    (CfFuture      *self,
                                 CfFutureOwner *owner,
                                 guint          epoch);
guint    cf_future_get_epoch    (CfFuture      *self);
void     cf_future_set_epoch    (CfFuture      *self,
                                 guint          epoch);
gboolean cf_future_claim        (CfFuture      *self,
                                 gboolean       is_short,
                                 CfCall        *call);
void     cf_future_end_call     (CfFuture      *self,
                                 CfCall        *call);
void     cf_future_begin_remote (CfFuture      *self);

G_END_DECLS
