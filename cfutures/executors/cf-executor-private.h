/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "delivery/cf-counts-notifier-private.h"
#include "executors/cf-unfinished-calls-private.h"
#include "future/cf-call-private.h"
#include "future/cf-future-owner-private.h"
#include "cf-executor.h"

G_BEGIN_DECLS

/* What an executor tells of threads of its own that make its calls.
 *
 * - is_own_thread: whether the calling thread is one of them; it would wait for itself
 * - when_drained: returns a promise that is settled when all calls that were submitted so far are over; they are not
 *   listed */
typedef struct
{
  gboolean  (*is_own_thread) (CfExecutor *self);
  CfFuture *(*when_drained)  (CfExecutor *self);
} CfExecutorThreads;

CfFuture                *cf_executor_submit_call     (CfExecutor              *self,
                                                      CfCall                  *call);
void                     cf_executor_submit_future   (CfExecutor              *self,
                                                      CfFuture                *future);
CfCountsNotifier        *cf_executor_get_notifier    (CfExecutor              *self);
void                     cf_executor_set_max_workers (CfExecutor              *self,
                                                      guint                    max_workers);
void                     cf_executor_set_context     (CfExecutor              *self,
                                                      GMainContext            *context);
void                     cf_executor_set_threads     (CfExecutor              *self,
                                                      const CfExecutorThreads *threads,
                                                      CfFutureOwner           *owner);
const CfExecutorThreads *cf_executor_get_threads     (CfExecutor              *self);
CfUnfinishedCalls       *cf_executor_get_unfinished  (CfExecutor              *self);
void                     cf_executor_set_shared      (CfExecutor              *self);
gboolean                 cf_executor_is_left_behind  (CfExecutor              *self);

G_END_DECLS
