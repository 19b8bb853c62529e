/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-call-private.h"
#include "cf-counts-notifier-private.h"
#include "cf-executor.h"

G_BEGIN_DECLS

CfFuture         *cf_executor_submit_call     (CfExecutor   *self,
                                               CfCall       *call);
CfCountsNotifier *cf_executor_get_notifier    (CfExecutor   *self);
void              cf_executor_set_max_workers (CfExecutor   *self,
                                               guint         max_workers);
void              cf_executor_set_context     (CfExecutor   *self,
                                               GMainContext *context);

G_END_DECLS
