/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-executor.h>

G_BEGIN_DECLS

#define CF_TYPE_MAIN_CONTEXT_EXECUTOR (cf_main_context_executor_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfMainContextExecutorClass:
 * @parent_class: the class of its parent
 *
 * The class of main context executors, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfMainContextExecutor, cf_main_context_executor, CF, MAIN_CONTEXT_EXECUTOR, CfExecutor)

CF_AVAILABLE_IN_ALL
CfExecutor   *cf_main_context_executor_new         (GMainContext          *context);
CF_AVAILABLE_IN_ALL
GMainContext *cf_main_context_executor_get_context (CfMainContextExecutor *self);

G_END_DECLS
