/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-future.h>
#include <cfutures/cf-task.h>

G_BEGIN_DECLS

#define CF_TYPE_EXECUTOR (cf_executor_get_type ())

CF_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CfExecutor, cf_executor, CF, EXECUTOR, GObject)

/**
 * CfExecutorClass:
 * @parent_class: the class of its parent
 * @execute: takes a pending future and sees to it that [method@Cf.Future.run] is called on it, here or elsewhere,
 *   now or later, or that it is settled in another way; the only function that an executor must have
 * @shutdown: ends the executor; overrides chain up
 * @get_counts: tells how many calls wait, run, and have ended. Those that do not override it have their calls
 *   counted for them
 * @add_description: adds to a description what the executor has beyond what all have, see [method@Cf.Executor.describe]. Those
 *   that do not override it have their calls told of
 *
 * What a kind of executor decides: where and when its calls run.
 *
 * Since: 1.0
 */
struct _CfExecutorClass
{
  GObjectClass parent_class;

  void (*execute)    (CfExecutor *self,
                      CfFuture   *future);
  void (*shutdown)   (CfExecutor      *self,
                      CfShutdownFlags  flags);
  void (*get_counts) (CfExecutor *self,
                      guint64    *n_pending,
                      guint64    *n_running,
                      guint64    *n_completed);
  void (*add_description) (CfExecutor   *self,
                           GVariantDict *description);

  /*< private >*/
  gpointer reserved[8];
};

CF_AVAILABLE_IN_ALL
CfExecutor    *cf_executor_get_default     (void);

CF_AVAILABLE_IN_ALL
CfFuture      *cf_executor_submit          (CfExecutor           *self,
                                            CfFunc                func,
                                            GVariant             *args);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_executor_submit_by_name  (CfExecutor           *self,
                                            const char           *function,
                                            GVariant             *args);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_executor_submit_local    (CfExecutor           *self,
                                            CfLocalFunc           func,
                                            gpointer              user_data,
                                            GDestroyNotify        destroy);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_executor_submit_task     (CfExecutor           *self,
                                            CfTask               *task);
CF_AVAILABLE_IN_ALL
void           cf_executor_submit_async    (CfExecutor           *self,
                                            CfTask               *task,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
CF_AVAILABLE_IN_ALL
gboolean       cf_executor_submit_finish   (CfExecutor           *self,
                                            GAsyncResult         *result,
                                            GValue               *value,
                                            GError              **error);

CF_AVAILABLE_IN_ALL
void           cf_executor_shutdown        (CfExecutor           *self,
                                            CfShutdownFlags       flags);
CF_AVAILABLE_IN_ALL
void           cf_executor_shutdown_async  (CfExecutor           *self,
                                            CfShutdownFlags       flags,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
CF_AVAILABLE_IN_ALL
gboolean       cf_executor_shutdown_finish (CfExecutor           *self,
                                            GAsyncResult         *result,
                                            GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_executor_drain           (CfExecutor           *self,
                                            GCancellable         *cancellable,
                                            GError              **error);
CF_AVAILABLE_IN_ALL
void           cf_executor_drain_async     (CfExecutor           *self,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
CF_AVAILABLE_IN_ALL
gboolean       cf_executor_drain_finish    (CfExecutor           *self,
                                            GAsyncResult         *result,
                                            GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_executor_is_shut_down    (CfExecutor           *self);

CF_AVAILABLE_IN_ALL
guint          cf_executor_get_max_workers (CfExecutor           *self);
CF_AVAILABLE_IN_ALL
guint64        cf_executor_get_n_pending   (CfExecutor           *self);
CF_AVAILABLE_IN_ALL
guint64        cf_executor_get_n_running   (CfExecutor           *self);
CF_AVAILABLE_IN_ALL
guint64        cf_executor_get_n_completed (CfExecutor           *self);
CF_AVAILABLE_IN_ALL
GVariant      *cf_executor_describe        (CfExecutor           *self);

/**
 * CfExecutorScope: (skip)
 *
 * What [func@Cf.EXECUTOR_AUTO_SHUTDOWN] declares.
 *
 * Since: 1.0
 */
typedef void CfExecutorScope;

/**
 * cf_executor_scope_new: (skip)
 * @executor: an executor, which has to outlive the scope
 *
 * Begins a scope that ends with `cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT)`.
 *
 * Returns: the scope
 *
 * Since: 1.0
 */
static inline CfExecutorScope *
cf_executor_scope_new (CfExecutor *executor)
{
  return (CfExecutorScope *) executor;
}

/**
 * cf_executor_scope_free: (skip)
 * @scope: what [func@Cf.executor_scope_new] returned
 *
 * Ends the scope: no more calls are taken, and those submitted are waited for.
 *
 * Since: 1.0
 */
static inline void
cf_executor_scope_free (CfExecutorScope *scope)
{
  cf_executor_shutdown ((CfExecutor *) scope, CF_SHUTDOWN_WAIT);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CfExecutorScope, cf_executor_scope_free)

/**
 * CF_EXECUTOR_AUTO_SHUTDOWN: (skip)
 * @executor: an executor, which has to outlive the scope
 * @scope: a name for the scope
 *
 * Declares a scope at whose end @executor is shut down and waited for, as at the end of Python's
 * `with` block and in the manner of `G_MUTEX_AUTO_LOCK()`:
 *
 * ```c
 * {
 *   g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
 *   CF_EXECUTOR_AUTO_SHUTDOWN (executor, scope);
 *
 *   for (guint i = 0; i < n_paths; i++)
 *     g_ptr_array_add (futures, cf_executor_submit_local (executor, load_image, g_strdup (paths[i]), g_free));
 * }
 * // every call has ended
 * ```
 *
 * Since: 1.0
 */
#define CF_EXECUTOR_AUTO_SHUTDOWN(executor, scope) \
  g_autoptr (CfExecutorScope) G_GNUC_UNUSED scope = cf_executor_scope_new (executor)

G_END_DECLS
