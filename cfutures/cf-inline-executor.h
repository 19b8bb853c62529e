/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-executor.h>

G_BEGIN_DECLS

#define CF_TYPE_INLINE_EXECUTOR (cf_inline_executor_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfInlineExecutorClass:
 * @parent_class: the class of its parent
 *
 * The class of inline executors, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfInlineExecutor, cf_inline_executor, CF, INLINE_EXECUTOR, CfExecutor)

CF_AVAILABLE_IN_ALL
CfExecutor *cf_inline_executor_new (void);

G_END_DECLS
