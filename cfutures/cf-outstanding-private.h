/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-counts-notifier-private.h"
#include "cf-future-private.h"

G_BEGIN_DECLS

typedef struct _CfOutstanding CfOutstanding;

CfOutstanding *cf_outstanding_new         (CfCountsNotifier *notifier);
void           cf_outstanding_unref       (CfOutstanding    *self);
void           cf_outstanding_set_context (CfOutstanding    *self,
                                           GMainContext     *context);
gboolean       cf_outstanding_add         (CfOutstanding    *self,
                                           CfFuture         *future);
void           cf_outstanding_close       (CfOutstanding    *self);
GPtrArray     *cf_outstanding_list        (CfOutstanding    *self);
CfFutureOwner *cf_outstanding_get_owner   (CfOutstanding    *self);
void           cf_outstanding_get_counts  (CfOutstanding    *self,
                                           guint64          *n_pending,
                                           guint64          *n_running,
                                           guint64          *n_completed);

G_END_DECLS
