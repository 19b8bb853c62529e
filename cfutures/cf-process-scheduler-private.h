/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-counts-notifier-private.h"
#include "cf-future-private.h"
#include "cf-process-scheduler-config-private.h"

G_BEGIN_DECLS

typedef struct _CfProcessScheduler CfProcessScheduler;

CfProcessScheduler       *cf_process_scheduler_new              (CfCountsNotifier    *notifier);
void                      cf_process_scheduler_unref            (CfProcessScheduler  *self);
CfProcessSchedulerConfig *cf_process_scheduler_get_config       (CfProcessScheduler  *self);
gboolean                  cf_process_scheduler_has_begun        (CfProcessScheduler  *self);
gint64                    cf_process_scheduler_get_idle_timeout (CfProcessScheduler  *self);
void                      cf_process_scheduler_set_idle_timeout (CfProcessScheduler  *self,
                                                                 gint64               idle_timeout_usec);

guint64                   cf_process_scheduler_submit           (CfProcessScheduler  *self,
                                                                 CfFuture            *future);
void                      cf_process_scheduler_shutdown         (CfProcessScheduler  *self,
                                                                 gboolean             wait,
                                                                 gboolean             cancel_futures);
void                      cf_process_scheduler_signal_workers   (CfProcessScheduler  *self,
                                                                 int                  signal_number);
int                      *cf_process_scheduler_get_pids         (CfProcessScheduler  *self,
                                                                 gsize               *n_pids);
void                      cf_process_scheduler_get_counts       (CfProcessScheduler  *self,
                                                                 guint64             *n_pending,
                                                                 guint64             *n_running,
                                                                 guint64             *n_completed);

G_END_DECLS
