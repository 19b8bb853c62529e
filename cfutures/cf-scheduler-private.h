/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-counts-notifier-private.h"
#include "cf-future-private.h"
#include "cf-thread-pool-executor.h"

G_BEGIN_DECLS

typedef struct _CfScheduler CfScheduler;

/* What every thread of a pool has in common; set before the first call. */
typedef struct
{
  guint                max_workers;
  char                *thread_name_prefix;
  CfThreadInitializer  initializer;
  gpointer             initializer_data;
  GDestroyNotify       initializer_destroy;
} CfSchedulerConfig;

CfScheduler       *cf_scheduler_new              (guint             max_workers,
                                                  const char       *thread_name_prefix,
                                                  CfCountsNotifier *notifier);
void               cf_scheduler_unref            (CfScheduler      *self);
CfSchedulerConfig *cf_scheduler_get_config       (CfScheduler      *self);
gboolean           cf_scheduler_has_begun        (CfScheduler      *self);
void               cf_scheduler_set_idle_timeout (CfScheduler      *self,
                                                  gint64            idle_timeout_usec);

guint64            cf_scheduler_submit           (CfScheduler      *self,
                                                  CfFuture         *future);
void               cf_scheduler_shutdown         (CfScheduler      *self,
                                                  gboolean          wait,
                                                  gboolean          cancel_futures);
void               cf_scheduler_get_counts       (CfScheduler      *self,
                                                  guint64          *n_pending,
                                                  guint64          *n_running,
                                                  guint64          *n_completed);

G_END_DECLS
