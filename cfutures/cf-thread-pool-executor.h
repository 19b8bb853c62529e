/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-executor.h>

G_BEGIN_DECLS

#define CF_TYPE_THREAD_POOL_EXECUTOR (cf_thread_pool_executor_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfThreadPoolExecutorClass:
 * @parent_class: the class of its parent
 *
 * The class of thread pools, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfThreadPoolExecutor, cf_thread_pool_executor, CF, THREAD_POOL_EXECUTOR, CfExecutor)

/**
 * CfThreadInitializer:
 * @user_data: what was given to [method@Cf.ThreadPoolExecutor.set_initializer]
 * @error: return location for the error that breaks the pool
 *
 * Prepares a thread of a pool, in that thread, before its first call.
 *
 * Returns: %TRUE if the thread is ready, %FALSE if @error is set
 *
 * Since: 1.0
 */
typedef gboolean (*CfThreadInitializer) (gpointer   user_data,
                                         GError   **error);

CF_AVAILABLE_IN_ALL
CfExecutor *cf_thread_pool_executor_new                    (guint                 max_workers);
CF_AVAILABLE_IN_ALL
void        cf_thread_pool_executor_set_initializer        (CfThreadPoolExecutor *self,
                                                            CfThreadInitializer   initializer,
                                                            gpointer              user_data,
                                                            GDestroyNotify        destroy);
CF_AVAILABLE_IN_ALL
const char *cf_thread_pool_executor_get_thread_name_prefix (CfThreadPoolExecutor *self);
CF_AVAILABLE_IN_ALL
gint64      cf_thread_pool_executor_get_idle_timeout       (CfThreadPoolExecutor *self);
CF_AVAILABLE_IN_ALL
void        cf_thread_pool_executor_set_idle_timeout       (CfThreadPoolExecutor *self,
                                                            gint64                idle_timeout_usec);
CF_AVAILABLE_IN_ALL
guint       cf_thread_pool_executor_get_max_substitutes    (CfThreadPoolExecutor *self);
CF_AVAILABLE_IN_ALL
void        cf_thread_pool_executor_set_max_substitutes    (CfThreadPoolExecutor *self,
                                                            guint                 max_substitutes);

G_END_DECLS
