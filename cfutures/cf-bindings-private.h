/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the library exports for its own bindings alone. This header is not installed, and nothing of it is in the
 * introspection data: a binding that comes with the library looks the symbol up by itself.
 *
 *      python/Cf/library.py    all of it, through ctypes
 */

#pragma once

#include "cf-types.h"

G_BEGIN_DECLS

/* Tells how many calls of an executor wait, run, and have ended. It is called in whatever thread asks. */
typedef void (*CfCountsFunc) (CfExecutor *executor,
                              guint64    *n_pending,
                              guint64    *n_running,
                              guint64    *n_completed,
                              gpointer    user_data);

_CF_EXTERN
gboolean cf_future_hand_over         (CfFuture       *self,
                                      gint64          spin_usec);

_CF_EXTERN
gint64   cf_future_get_age           (CfFuture       *self);

_CF_EXTERN
void     cf_future_exempt            (CfFuture       *self);

_CF_EXTERN
void     cf_future_ignore_error      (CfFuture       *self);

_CF_EXTERN
void     cf_executor_set_counts_func (CfExecutor     *self,
                                      CfCountsFunc    func,
                                      gpointer        user_data,
                                      GDestroyNotify  destroy);
_CF_EXTERN
gboolean cf_executor_drain_within    (CfExecutor     *self,
                                      GPtrArray     **unfinished,
                                      gint64          timeout_usec,
                                      GCancellable   *cancellable,
                                      GError        **error);
_CF_EXTERN
gboolean cf_executor_notify_counts   (CfExecutor     *self);

_CF_EXTERN
void     cf_thread_pool_executor_set_stack_size (CfExecutor *self,
                                                 gsize       stack_size);

_CF_EXTERN
gboolean cf_process_pool_executor_await_end (CfExecutor *self,
                                             gint64      timeout_usec);

_CF_EXTERN
gboolean cf_process_pool_executor_await_closed (gint64 timeout_usec);

G_END_DECLS
