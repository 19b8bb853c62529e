/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <glib.h>

#include <cfutures/cf-version-macros.h>

G_BEGIN_DECLS

/**
 * CF_ERROR:
 *
 * The domain of the errors that CFutures itself raises. An error raised by a call keeps its own.
 *
 * Since: 1.0
 */
#define CF_ERROR (cf_error_quark ())

/**
 * CfError:
 * @CF_ERROR_INVALID_STATE: the future is already settled
 * @CF_ERROR_SHUT_DOWN: the executor takes no more calls
 * @CF_ERROR_BROKEN_EXECUTOR: the executor can no longer run calls
 * @CF_ERROR_WORKER_DIED: the process that ran the call ended before it was done
 * @CF_ERROR_NOT_PORTABLE: the call cannot leave this process
 * @CF_ERROR_NO_SUCH_FUNCTION: no function has the name that was submitted
 * @CF_ERROR_REMOTE: the call failed in another process with something that is not a `GError`
 * @CF_ERROR_PROTOCOL: another process sent invalid data
 * @CF_ERROR_WRONG_TYPE: the result is of another type than the one asked for
 *
 * What can go wrong with a future or an executor. A call that was cancelled fails with `G_IO_ERROR_CANCELLED`, and a
 * wait or a call that took longer than its timeout with `G_IO_ERROR_TIMED_OUT`.
 *
 * Since: 1.0
 */
typedef enum
{
  CF_ERROR_INVALID_STATE,
  CF_ERROR_SHUT_DOWN,
  CF_ERROR_BROKEN_EXECUTOR,
  CF_ERROR_WORKER_DIED,
  CF_ERROR_NOT_PORTABLE,
  CF_ERROR_NO_SUCH_FUNCTION,
  CF_ERROR_REMOTE,
  CF_ERROR_PROTOCOL,
  CF_ERROR_WRONG_TYPE,
} CfError;

CF_AVAILABLE_IN_ALL
GQuark   cf_error_quark        (void);
CF_AVAILABLE_IN_ALL
gboolean cf_error_is_cancelled (const GError *error);

G_END_DECLS
