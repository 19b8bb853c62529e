/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Not for programs in C: what cfutures-1.vapi calls in place of, or besides, the interface of C.
 *
 * valac includes this header in the C code that it writes, for it declares nothing itself that a vapi has. Programs in
 * C include <cfutures.h>, which does not include this; the introspection data does not have it either. The functions
 * have the form in which valac calls them: a type argument T arrives as its GType and as the functions that copy and
 * free one, a closure as a function, its target, and the function that frees the target. They are part of the ABI. */

#pragma once

#include <cfutures/cfutures.h>

G_BEGIN_DECLS

/* A closure that returns a GValue that valac has allocated, or NULL for nothing. */
typedef GValue *(*CfValaLocalFunc)         (CfFuture  *future,
                                            gpointer   target,
                                            GError   **error);
typedef void    (*CfValaThreadInitializer) (gpointer   target,
                                            GError   **error);

/* Where a foreach over the results of a map stands. */
typedef struct _CfValaMapCursor CfValaMapCursor;

CF_AVAILABLE_IN_ALL
CfFuture        *cf_vala_executor_submit_local                (CfExecutor               *self,
                                                               CfValaLocalFunc           func,
                                                               gpointer                  target,
                                                               GDestroyNotify            target_destroy);
CF_AVAILABLE_IN_ALL
CfTask          *cf_vala_task_new_local                       (CfValaLocalFunc           func,
                                                               gpointer                  target,
                                                               GDestroyNotify            target_destroy);
CF_AVAILABLE_IN_ALL
CfExecutor      *cf_vala_thread_pool_executor_new             (guint                     max_workers,
                                                               const char               *thread_name_prefix);
CF_AVAILABLE_IN_ALL
void             cf_vala_thread_pool_executor_set_initializer (CfThreadPoolExecutor     *self,
                                                               CfValaThreadInitializer   initializer,
                                                               gpointer                  target,
                                                               GDestroyNotify            target_destroy);

CF_AVAILABLE_IN_ALL
gpointer         cf_vala_future_result                        (CfFuture                 *self,
                                                               GType                     t_type,
                                                               GBoxedCopyFunc            t_dup_func,
                                                               GDestroyNotify            t_destroy_func,
                                                               gint64                    timeout_usec,
                                                               GCancellable             *cancellable,
                                                               GError                  **error);
CF_AVAILABLE_IN_ALL
void             cf_vala_future_result_async                  (CfFuture                 *self,
                                                               GType                     t_type,
                                                               GBoxedCopyFunc            t_dup_func,
                                                               GDestroyNotify            t_destroy_func,
                                                               gint64                    timeout_usec,
                                                               GCancellable             *cancellable,
                                                               GAsyncReadyCallback       callback,
                                                               gpointer                  user_data);
CF_AVAILABLE_IN_ALL
gpointer         cf_vala_future_result_finish                 (CfFuture                 *self,
                                                               GAsyncResult             *result,
                                                               GError                  **error);

CF_AVAILABLE_IN_ALL
CfFuture        *cf_vala_completion_iterator_next_value       (CfCompletionIterator     *self,
                                                               GError                  **error);

CF_AVAILABLE_IN_ALL
CfValaMapCursor *cf_vala_map_cursor_new                       (CfMapIterator            *results);
CF_AVAILABLE_IN_ALL
void             cf_vala_map_cursor_free                      (CfValaMapCursor          *cursor);
CF_AVAILABLE_IN_ALL
gboolean         cf_vala_map_cursor_next                      (CfValaMapCursor          *cursor,
                                                               GError                  **error);
CF_AVAILABLE_IN_ALL
GVariant        *cf_vala_map_cursor_dup_current               (CfValaMapCursor          *cursor);

G_END_DECLS
