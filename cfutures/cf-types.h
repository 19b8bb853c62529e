/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The types that refer to one another, and the functions that callers write. */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <gio/gio.h>

#include <cfutures/cf-version-macros.h>

G_BEGIN_DECLS

typedef struct _CfFuture   CfFuture;
typedef struct _CfTask     CfTask;
typedef struct _CfExecutor CfExecutor;

/**
 * CfFunc:
 * @future: the future that this call will settle; it carries the cancellable and takes progress reports
 * @args: (nullable): the arguments
 * @error: return location for a `GError`
 *
 * A portable function: it runs in a thread, in another process, one day on another machine. It uses
 * nothing but its arguments, and returns its result or fails.
 *
 * Returns: (transfer full) (nullable): the result, which may be floating, or %NULL if there is none or @error is set
 *
 * Since: 1.0
 */
typedef GVariant *(*CfFunc)      (CfFuture  *future,
                                  GVariant  *args,
                                  GError   **error);

/**
 * CfLocalFunc:
 * @future: the future that this call will settle; it carries the cancellable and takes progress reports
 * @result: (out caller-allocates): where the result goes: call `g_value_init()` and set it, or leave it alone
 *   if there is none
 * @user_data: what was submitted with the function
 * @error: return location for a `GError`
 *
 * A local function: it runs in this process only, takes any pointer and returns any value.
 *
 * Returns: %TRUE if the call succeeded, %FALSE if @error is set
 *
 * Since: 1.0
 */
typedef gboolean  (*CfLocalFunc) (CfFuture  *future,
                                  GValue    *result,
                                  gpointer   user_data,
                                  GError   **error);

/**
 * CfDoneCallback:
 * @future: the future that is done
 * @user_data: what was given with the callback
 *
 * Called once when a future is done: finished, failed or cancelled.
 *
 * Since: 1.0
 */
typedef void      (*CfDoneCallback) (CfFuture *future,
                                     gpointer  user_data);

G_END_DECLS
