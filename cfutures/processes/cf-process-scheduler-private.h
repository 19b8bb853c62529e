/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "delivery/cf-counts-notifier-private.h"
#include "cf-future.h"
#include "future/cf-future-owner-private.h"
#include "processes/cf-process-pool-config-private.h"

G_BEGIN_DECLS

typedef struct _CfProcessScheduler CfProcessScheduler;

CfProcessScheduler  *cf_process_scheduler_new              (CfCountsNotifier   *notifier);
void                 cf_process_scheduler_unref            (CfProcessScheduler *self);
CfProcessPoolConfig *cf_process_scheduler_get_config       (CfProcessScheduler *self);
CfFutureOwner       *cf_process_scheduler_get_owner        (CfProcessScheduler *self);
gboolean             cf_process_scheduler_is_own_thread    (CfProcessScheduler *self);
gboolean             cf_process_scheduler_has_begun        (CfProcessScheduler *self);
gint64               cf_process_scheduler_get_idle_timeout (CfProcessScheduler *self);
void                 cf_process_scheduler_set_idle_timeout (CfProcessScheduler *self,
                                                            gint64              idle_timeout_usec);

guint64   cf_process_scheduler_submit         (CfProcessScheduler *self,
                                               CfFuture           *future);
CfFuture *cf_process_scheduler_when_drained   (CfProcessScheduler *self);
void      cf_process_scheduler_close          (CfProcessScheduler *self);
void      cf_process_scheduler_cancel_pending (CfProcessScheduler *self);
gboolean  cf_process_scheduler_wait_for_end   (CfProcessScheduler *self,
                                               gint64              timeout_usec);
gboolean  cf_process_scheduler_await_closed   (gint64              timeout_usec);
void      cf_process_scheduler_join           (CfProcessScheduler *self);
void      cf_process_scheduler_signal_workers (CfProcessScheduler *self,
                                               int                 signal_number);
int      *cf_process_scheduler_get_pids       (CfProcessScheduler *self,
                                               gsize              *n_pids);
void      cf_process_scheduler_get_counts     (CfProcessScheduler *self,
                                               guint64            *n_pending,
                                               guint64            *n_running,
                                               guint64            *n_completed);
void      cf_process_scheduler_describe       (CfProcessScheduler *self,
                                               GVariantDict       *description);

G_END_DECLS
