/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-future.h"
#include "future/cf-future-owner-private.h"

G_BEGIN_DECLS

typedef struct _CfFutureCallback CfFutureCallback;

CfFutureCallback *cf_future_connect_done       (CfFuture         *self,
                                                GMainContext     *context,
                                                CfDoneCallback    callback,
                                                gpointer          user_data,
                                                GDestroyNotify    destroy);
void              cf_future_disconnect_done    (CfFuture         *self,
                                                CfFutureCallback *done);

void              cf_future_deliver_own        (CfFuture         *self);
void              cf_future_deliver_own_of     (CfFutureOwner    *owner);
void              cf_future_deliver_own_of_all (GPtrArray        *futures);

G_END_DECLS
