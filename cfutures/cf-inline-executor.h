/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cfutures/cf-executor.h>

G_BEGIN_DECLS

#define CF_TYPE_INLINE_EXECUTOR (cf_inline_executor_get_type ())

CF_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CfInlineExecutor, cf_inline_executor, CF, INLINE_EXECUTOR, CfExecutor)

CF_AVAILABLE_IN_ALL
CfExecutor *cf_inline_executor_new (void);

G_END_DECLS
