/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-executor.h>
#include <cfutures/cf-worker-launcher.h>

G_BEGIN_DECLS

#define CF_TYPE_PROCESS_POOL_EXECUTOR (cf_process_pool_executor_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfProcessPoolExecutorClass:
 * @parent_class: the class of its parent
 *
 * The class of process pools, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfProcessPoolExecutor, cf_process_pool_executor, CF, PROCESS_POOL_EXECUTOR, CfExecutor)

CF_AVAILABLE_IN_ALL
CfExecutor       *cf_process_pool_executor_new                      (guint                   max_workers);
CF_AVAILABLE_IN_ALL
CfExecutor       *cf_process_pool_executor_new_with_launcher        (guint                   max_workers,
                                                                     CfWorkerLauncher       *launcher);
CF_AVAILABLE_IN_ALL
CfWorkerLauncher *cf_process_pool_executor_get_launcher             (CfProcessPoolExecutor  *self);

/* What is set before the first call */

CF_AVAILABLE_IN_ALL
void              cf_process_pool_executor_set_initializer          (CfProcessPoolExecutor  *self,
                                                                     CfFunc                  initializer,
                                                                     GVariant               *args);
CF_AVAILABLE_IN_ALL
void              cf_process_pool_executor_set_initializer_by_name  (CfProcessPoolExecutor  *self,
                                                                     const char             *function,
                                                                     GVariant               *args);
CF_AVAILABLE_IN_ALL
guint             cf_process_pool_executor_get_max_tasks_per_worker (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void              cf_process_pool_executor_set_max_tasks_per_worker (CfProcessPoolExecutor  *self,
                                                                     guint                   max_tasks);

/* What can be set at any time */

CF_AVAILABLE_IN_ALL
gint64            cf_process_pool_executor_get_idle_timeout         (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void              cf_process_pool_executor_set_idle_timeout         (CfProcessPoolExecutor  *self,
                                                                     gint64                  idle_timeout_usec);

/* The processes */

CF_AVAILABLE_IN_ALL
int              *cf_process_pool_executor_get_worker_pids          (CfProcessPoolExecutor  *self,
                                                                     gsize                  *n_pids);
CF_AVAILABLE_IN_ALL
void              cf_process_pool_executor_terminate_workers        (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void              cf_process_pool_executor_kill_workers             (CfProcessPoolExecutor  *self);

G_END_DECLS
