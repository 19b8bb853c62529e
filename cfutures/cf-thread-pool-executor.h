/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cfutures/cf-executor.h>

G_BEGIN_DECLS

#define CF_TYPE_THREAD_POOL_EXECUTOR (cf_thread_pool_executor_get_type ())

CF_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CfThreadPoolExecutor, cf_thread_pool_executor, CF, THREAD_POOL_EXECUTOR, CfExecutor)

/**
 * CfThreadInitializer:
 * @user_data: what was given with the function
 * @error: return location for a `GError`
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

G_END_DECLS
