/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cfutures/cf-types.h>

G_BEGIN_DECLS

#define CF_TYPE_TASK (cf_task_get_type ())

CF_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CfTask, cf_task, CF, TASK, GObject)

CF_AVAILABLE_IN_ALL
CfTask       *cf_task_new             (CfFunc          func,
                                       GVariant       *args);
CF_AVAILABLE_IN_ALL
CfTask       *cf_task_new_by_name        (const char     *function,
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

G_END_DECLS
