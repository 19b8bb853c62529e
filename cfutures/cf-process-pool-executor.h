/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cfutures/cf-enums.h>
#include <cfutures/cf-executor.h>

G_BEGIN_DECLS

#define CF_TYPE_PROCESS_POOL_EXECUTOR (cf_process_pool_executor_get_type ())

CF_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CfProcessPoolExecutor, cf_process_pool_executor, CF, PROCESS_POOL_EXECUTOR, CfExecutor)

CF_AVAILABLE_IN_ALL
CfExecutor  *cf_process_pool_executor_new                      (guint                   max_workers);

/* What workers are, and how they are started: to be set before the first call */

CF_AVAILABLE_IN_ALL
CfWorkerKind cf_process_pool_executor_get_worker_kind          (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_worker_kind          (CfProcessPoolExecutor  *self,
                                                                CfWorkerKind            kind);
CF_AVAILABLE_IN_ALL
const char * const *
             cf_process_pool_executor_get_worker_argv          (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_worker_argv          (CfProcessPoolExecutor  *self,
                                                                const char * const     *argv);
CF_AVAILABLE_IN_ALL
const char * const *
             cf_process_pool_executor_get_interpreter_argv     (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_interpreter_argv     (CfProcessPoolExecutor  *self,
                                                                const char * const     *argv);
CF_AVAILABLE_IN_ALL
const char * const *
             cf_process_pool_executor_get_launcher_argv        (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_launcher_argv        (CfProcessPoolExecutor  *self,
                                                                const char * const     *argv);
CF_AVAILABLE_IN_ALL
const char * const *
             cf_process_pool_executor_get_environment          (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_environment          (CfProcessPoolExecutor  *self,
                                                                const char * const     *environment);
CF_AVAILABLE_IN_ALL
const char  *cf_process_pool_executor_get_working_directory    (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_working_directory    (CfProcessPoolExecutor  *self,
                                                                const char             *path);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_take_stdout_fd           (CfProcessPoolExecutor  *self,
                                                                int                     descriptor);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_take_stderr_fd           (CfProcessPoolExecutor  *self,
                                                                int                     descriptor);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_initializer          (CfProcessPoolExecutor  *self,
                                                                CfFunc                  initializer,
                                                                GVariant               *args);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_initializer_name     (CfProcessPoolExecutor  *self,
                                                                const char             *function,
                                                                GVariant               *args);

/* Limits */

CF_AVAILABLE_IN_ALL
guint        cf_process_pool_executor_get_max_tasks_per_worker (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_max_tasks_per_worker (CfProcessPoolExecutor  *self,
                                                                guint                   max_tasks);
CF_AVAILABLE_IN_ALL
gint64       cf_process_pool_executor_get_idle_timeout         (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_idle_timeout         (CfProcessPoolExecutor  *self,
                                                                gint64                  idle_timeout_usec);
CF_AVAILABLE_IN_ALL
gint64       cf_process_pool_executor_get_start_timeout        (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_set_start_timeout        (CfProcessPoolExecutor  *self,
                                                                gint64                  start_timeout_usec);

/* The processes */

CF_AVAILABLE_IN_ALL
int         *cf_process_pool_executor_get_worker_pids          (CfProcessPoolExecutor  *self,
                                                                gsize                  *n_pids);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_terminate_workers        (CfProcessPoolExecutor  *self);
CF_AVAILABLE_IN_ALL
void         cf_process_pool_executor_kill_workers             (CfProcessPoolExecutor  *self);

G_END_DECLS
