/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-types.h>

G_BEGIN_DECLS

#define CF_TYPE_WORKER (cf_worker_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfWorkerClass:
 * @parent_class: the class of its parent
 *
 * The class of workers, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfWorker, cf_worker, CF, WORKER, GObject)

/**
 * CfWorkerHandler:
 * @worker: the worker
 * @future: a call that has begun: [method@Cf.Future.dup_function] and [method@Cf.Future.dup_arguments] say what is
 *   to be called
 * @user_data: what was given with the handler
 *
 * Runs a call. The result is sent when @future is settled, which the handler does with
 * [method@Cf.Future.set_variant] or [method@Cf.Future.set_error], before it returns or later.
 *
 * Since: 1.0
 */
typedef void (*CfWorkerHandler) (CfWorker *worker,
                                 CfFuture *future,
                                 gpointer  user_data);

CF_AVAILABLE_IN_ALL
void      cf_worker_main (int              *argc,
                          char           ***argv);

CF_AVAILABLE_IN_ALL
CfWorker *cf_worker_new  (const char       *argument,
                          GError          **error);
CF_AVAILABLE_IN_ALL
CfFuture *cf_worker_next (CfWorker         *self);
CF_AVAILABLE_IN_ALL
void      cf_worker_run  (CfWorker         *self,
                          CfWorkerHandler   handler,
                          gpointer          user_data);
CF_AVAILABLE_IN_ALL
void      cf_worker_log  (CfWorker         *self,
                          GLogLevelFlags    level,
                          const char       *message);

G_END_DECLS
