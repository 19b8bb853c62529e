/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "future/cf-future-private.h"
#include "future/cf-future-owner-private.h"

G_BEGIN_DECLS

gboolean cf_future_make_remote         (CfFuture       *self,
                                        CfFutureOwner  *owner,
                                        CfRemoteCall   *remote_call,
                                        CfCall         *call,
                                        guint           epoch);
void     cf_future_set_remote_reporter (CfFuture       *self,
                                        CfFutureOwner  *owner);
void     cf_future_end_remote          (CfFuture       *self,
                                        gboolean        is_short);
gboolean cf_future_interrupt           (CfFuture       *self,
                                        CfInterruption  how);

G_END_DECLS
