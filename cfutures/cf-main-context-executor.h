/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cfutures/cf-executor.h>

G_BEGIN_DECLS

#define CF_TYPE_MAIN_CONTEXT_EXECUTOR (cf_main_context_executor_get_type ())

CF_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CfMainContextExecutor, cf_main_context_executor, CF, MAIN_CONTEXT_EXECUTOR, CfExecutor)

CF_AVAILABLE_IN_ALL
CfExecutor   *cf_main_context_executor_new         (GMainContext          *context);
CF_AVAILABLE_IN_ALL
GMainContext *cf_main_context_executor_get_context (CfMainContextExecutor *self);

G_END_DECLS
