/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "delivery/cf-counts-notifier-private.h"
#include "future/cf-future-owner-private.h"

G_BEGIN_DECLS

typedef struct _CfUnfinishedCalls CfUnfinishedCalls;

CfUnfinishedCalls *cf_unfinished_calls_new         (CfCountsNotifier  *notifier);
void               cf_unfinished_calls_unref       (CfUnfinishedCalls *self);
void               cf_unfinished_calls_set_context (CfUnfinishedCalls *self,
                                                    GMainContext      *context);
void               cf_unfinished_calls_set_owner   (CfUnfinishedCalls *self,
                                                    CfFutureOwner     *owner);
gboolean           cf_unfinished_calls_add         (CfUnfinishedCalls *self,
                                                    CfFuture          *future);
void               cf_unfinished_calls_close       (CfUnfinishedCalls *self);
GPtrArray         *cf_unfinished_calls_list        (CfUnfinishedCalls *self);
void               cf_unfinished_calls_cancel      (CfUnfinishedCalls *self);
CfFutureOwner     *cf_unfinished_calls_get_owner   (CfUnfinishedCalls *self);
void               cf_unfinished_calls_get_counts  (CfUnfinishedCalls *self,
                                                    guint64           *n_pending,
                                                    guint64           *n_running,
                                                    guint64           *n_completed);

G_END_DECLS
