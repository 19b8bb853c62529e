/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-enums.h>
#include <cfutures/cf-types.h>

G_BEGIN_DECLS

#define CF_TYPE_TASK (cf_task_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfTaskClass:
 * @parent_class: the class of its parent
 *
 * The class of tasks, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfTask, cf_task, CF, TASK, GObject)

CF_AVAILABLE_IN_ALL
CfTask       *cf_task_new             (CfFunc          func,
                                       GVariant       *args);
CF_AVAILABLE_IN_ALL
CfTask       *cf_task_new_by_name     (const char     *function,
                                       GVariant       *args);
CF_AVAILABLE_IN_ALL
CfTask       *cf_task_new_local       (CfLocalFunc     func,
                                       gpointer        user_data,
                                       GDestroyNotify  destroy);

CF_AVAILABLE_IN_ALL
const char   *cf_task_get_name        (CfTask         *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_name        (CfTask         *self,
                                       const char     *name);
CF_AVAILABLE_IN_ALL
int           cf_task_get_priority    (CfTask         *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_priority    (CfTask         *self,
                                       int             priority);
CF_AVAILABLE_IN_ALL
gint64        cf_task_get_timeout     (CfTask         *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_timeout     (CfTask         *self,
                                       gint64          timeout_usec);
CF_AVAILABLE_IN_ALL
GCancellable *cf_task_get_cancellable (CfTask         *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_cancellable (CfTask         *self,
                                       GCancellable   *cancellable);
CF_AVAILABLE_IN_ALL
GMainContext *cf_task_get_context     (CfTask         *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_context     (CfTask         *self,
                                       GMainContext   *context);
CF_AVAILABLE_IN_ALL
gboolean      cf_task_get_free_in_worker (CfTask      *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_free_in_worker (CfTask      *self,
                                          gboolean     free_in_worker);
CF_AVAILABLE_IN_ALL
GObject      *cf_task_get_source_object (CfTask       *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_source_object (CfTask       *self,
                                         GObject      *source_object);
CF_AVAILABLE_IN_ALL
gpointer      cf_task_get_source_tag  (CfTask         *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_source_tag  (CfTask         *self,
                                       gpointer        source_tag);
CF_AVAILABLE_IN_ALL
CfCancellableCheck cf_task_get_check_cancellable (CfTask             *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_check_cancellable (CfTask             *self,
                                             CfCancellableCheck  check_cancellable);
CF_AVAILABLE_IN_ALL
gboolean      cf_task_get_return_on_cancel (CfTask    *self);
CF_AVAILABLE_IN_ALL
void          cf_task_set_return_on_cancel (CfTask    *self,
                                            gboolean   return_on_cancel);
CF_AVAILABLE_IN_ALL
gboolean      cf_task_is_valid        (GAsyncResult   *result,
                                       gpointer        source_object);

/* Takes a function for a tag without a cast, and names the task after it, as g_task_set_source_tag() does. */
#define cf_task_set_source_tag(self, source_tag)                                  \
  G_STMT_START                                                                    \
    {                                                                             \
      CfTask *cf_tagged_task = (self);                                            \
                                                                                  \
      (cf_task_set_source_tag) (cf_tagged_task, GSIZE_TO_POINTER (source_tag));   \
      if (cf_task_get_name (cf_tagged_task) == NULL)                              \
        cf_task_set_name (cf_tagged_task, #source_tag);                           \
    }                                                                             \
  G_STMT_END

G_END_DECLS
