/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-enums.h>
#include <cfutures/cf-types.h>

G_BEGIN_DECLS

#define CF_TYPE_FUTURE (cf_future_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfFutureClass:
 * @parent_class: the class of its parent
 *
 * The class of futures, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfFuture, cf_future, CF, FUTURE, GObject)

/* What has become of it */

CF_AVAILABLE_IN_ALL
CfFutureState  cf_future_get_state                 (CfFuture             *self);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_is_cancelled              (CfFuture             *self);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_is_running                (CfFuture             *self);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_is_done                   (CfFuture             *self);
CF_AVAILABLE_IN_ALL
const GError  *cf_future_get_error                 (CfFuture             *self);
CF_AVAILABLE_IN_ALL
const char    *cf_future_get_name                  (CfFuture             *self);
CF_AVAILABLE_IN_ALL
int            cf_future_get_priority              (CfFuture             *self);
CF_AVAILABLE_IN_ALL
char          *cf_future_to_string                 (CfFuture             *self);

CF_AVAILABLE_IN_ALL
gboolean       cf_future_cancel                    (CfFuture             *self);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_cancel_full               (CfFuture             *self,
                                                    CfCancelFlags         flags);

/* Waiting */

CF_AVAILABLE_IN_ALL
gboolean       cf_future_wait                      (CfFuture             *self,
                                                    gint64                timeout_usec,
                                                    GCancellable         *cancellable,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
void           cf_future_wait_async                (CfFuture             *self,
                                                    gint64                timeout_usec,
                                                    GCancellable         *cancellable,
                                                    GAsyncReadyCallback   callback,
                                                    gpointer              user_data);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_wait_finish               (CfFuture             *self,
                                                    GAsyncResult         *result,
                                                    GError              **error);

CF_AVAILABLE_IN_ALL
void           cf_future_add_done_callback         (CfFuture             *self,
                                                    CfDoneCallback        callback,
                                                    gpointer              user_data,
                                                    GDestroyNotify        destroy);
CF_AVAILABLE_IN_ALL
void           cf_future_add_done_callback_full    (CfFuture             *self,
                                                    GMainContext         *context,
                                                    CfDoneCallback        callback,
                                                    gpointer              user_data,
                                                    GDestroyNotify        destroy);

/* The result: each await blocks until the call is done */

CF_AVAILABLE_IN_ALL
gboolean       cf_future_await_value               (CfFuture             *self,
                                                    GValue               *value,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
GVariant      *cf_future_await_variant             (CfFuture             *self,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_await_boolean             (CfFuture             *self,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gint64         cf_future_await_int64               (CfFuture             *self,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
guint64        cf_future_await_uint64              (CfFuture             *self,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
double         cf_future_await_double              (CfFuture             *self,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
char          *cf_future_await_string              (CfFuture             *self,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
GBytes        *cf_future_await_bytes               (CfFuture             *self,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gpointer       cf_future_await_object              (CfFuture             *self,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gpointer       cf_future_await_boxed               (CfFuture             *self,
                                                    GType                 boxed_type,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gpointer       cf_future_await_pointer             (CfFuture             *self,
                                                    GError              **error);

/* From inside the call */

CF_AVAILABLE_IN_ALL
GCancellable  *cf_future_get_cancellable           (CfFuture             *self);
CF_AVAILABLE_IN_ALL
void           cf_future_report_progress           (CfFuture             *self,
                                                    double                fraction,
                                                    const char           *message);
CF_AVAILABLE_IN_ALL
double         cf_future_get_progress              (CfFuture             *self);
CF_AVAILABLE_IN_ALL
char          *cf_future_dup_message               (CfFuture             *self);

/* The promise side, and what an executor of one's own needs */

CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new                       (void);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_running_or_notify_cancel (CfFuture          *self);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_value                 (CfFuture             *self,
                                                    const GValue         *value,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_variant               (CfFuture             *self,
                                                    GVariant             *variant,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_boolean               (CfFuture             *self,
                                                    gboolean              result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_int64                 (CfFuture             *self,
                                                    gint64                result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_uint64                (CfFuture             *self,
                                                    guint64               result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_double                (CfFuture             *self,
                                                    double                result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_string                (CfFuture             *self,
                                                    const char           *result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_bytes                 (CfFuture             *self,
                                                    GBytes               *result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_object                (CfFuture             *self,
                                                    gpointer              result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_boxed                 (CfFuture             *self,
                                                    GType                 boxed_type,
                                                    gconstpointer         result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_pointer               (CfFuture             *self,
                                                    gpointer              result,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
gboolean       cf_future_set_error                 (CfFuture             *self,
                                                    const GError         *failure,
                                                    GError              **error);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_value             (const GValue         *value);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_variant           (GVariant             *variant);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_boolean           (gboolean              result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_int64             (gint64                result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_uint64            (guint64               result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_double            (double                result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_string            (const char           *result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_bytes             (GBytes               *result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_object            (gpointer              result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_boxed             (GType                 boxed_type,
                                                    gconstpointer         result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_pointer           (gpointer              result);
CF_AVAILABLE_IN_ALL
CfFuture      *cf_future_new_for_error             (const GError         *failure);
CF_AVAILABLE_IN_ALL
void           cf_future_run                       (CfFuture             *self);
CF_AVAILABLE_IN_ALL
char          *cf_future_dup_function              (CfFuture             *self);
CF_AVAILABLE_IN_ALL
GVariant      *cf_future_dup_arguments             (CfFuture             *self);

G_END_DECLS
