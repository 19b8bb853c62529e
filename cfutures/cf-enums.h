/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * CfFutureState:
 * @CF_FUTURE_STATE_PENDING: the call has not begun
 * @CF_FUTURE_STATE_RUNNING: the call is being executed
 * @CF_FUTURE_STATE_CANCELLED: the call was cancelled before it began and will never run, or it ended because
 *   somebody asked it to
 * @CF_FUTURE_STATE_FINISHED: the call returned its result or failed
 *
 * Where a [class@Cf.Future] stands. It only ever moves from pending to running, and from either to finished or
 * cancelled: a call finishes without having run if it could not be made, and a promise need not be set running.
 *
 * Since: 1.0
 */
typedef enum
{
  CF_FUTURE_STATE_PENDING,
  CF_FUTURE_STATE_RUNNING,
  CF_FUTURE_STATE_CANCELLED,
  CF_FUTURE_STATE_FINISHED,
} CfFutureState;

/**
 * CfCancelFlags:
 * @CF_CANCEL_DEFAULT: cancel the call only if it has not begun
 * @CF_CANCEL_COOPERATE: if it runs, cancel its `GCancellable` too, so that the function can give up early
 * @CF_CANCEL_KILL: if it runs in a worker process, kill that process
 *
 * How far [method@Cf.Future.cancel_full] goes.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  CF_CANCEL_DEFAULT   = 0,
  CF_CANCEL_COOPERATE = 1 << 0,
  CF_CANCEL_KILL      = 1 << 1,
} CfCancelFlags;

/**
 * CfCancellableCheck:
 * @CF_CANCELLABLE_CHECK_DEFAULT: as is usual for the way in which the call is submitted: always for
 *   [method@Cf.Executor.submit_async], never for the others
 * @CF_CANCELLABLE_CHECK_NEVER: a call that returns all the same keeps its result
 * @CF_CANCELLABLE_CHECK_ALWAYS: what a cancelled call returns is dropped
 *
 * What becomes of a call that ends normally though it was asked to give up: [property@Cf.Task:check-cancellable]. Never
 * and always have the values of %FALSE and %TRUE.
 *
 * Since: 1.0
 */
typedef enum
{
  CF_CANCELLABLE_CHECK_DEFAULT = -1,
  CF_CANCELLABLE_CHECK_NEVER,
  CF_CANCELLABLE_CHECK_ALWAYS,
} CfCancellableCheck;

/**
 * CfShutdownFlags:
 * @CF_SHUTDOWN_DEFAULT: take no more calls, and return at once
 * @CF_SHUTDOWN_WAIT: block until everything that was submitted has ended: all futures are done, and in a pool all
 *   functions have returned, also those whose futures were done before, by a timeout for example
 * @CF_SHUTDOWN_CANCEL_PENDING: cancel the calls that have not begun
 *
 * What [method@Cf.Executor.shutdown] does besides refusing further calls.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  CF_SHUTDOWN_DEFAULT        = 0,
  CF_SHUTDOWN_WAIT           = 1 << 0,
  CF_SHUTDOWN_CANCEL_PENDING = 1 << 1,
} CfShutdownFlags;

/**
 * CfReturnWhen:
 * @CF_RETURN_WHEN_ALL_COMPLETED: when every future is done
 * @CF_RETURN_WHEN_FIRST_COMPLETED: when any future is done
 * @CF_RETURN_WHEN_FIRST_EXCEPTION: when any future has failed, as one that was cancelled has not, or every future is done
 *
 * When [func@Cf.wait] returns.
 *
 * Since: 1.0
 */
typedef enum
{
  CF_RETURN_WHEN_ALL_COMPLETED,
  CF_RETURN_WHEN_FIRST_COMPLETED,
  CF_RETURN_WHEN_FIRST_EXCEPTION,
} CfReturnWhen;

/**
 * CfWorkerKind:
 * @CF_WORKER_KIND_NATIVE: runs C functions: the program itself if its `main()` calls [func@Cf.Worker.main], else a
 *   program that comes with the library and runs functions of shared libraries
 * @CF_WORKER_KIND_PYTHON: runs Python functions, by name: `MODULE:QUALNAME`
 * @CF_WORKER_KIND_GJS: runs JavaScript functions with gjs, by name: `MODULE-URL:EXPORT`
 *
 * What the workers of a [class@Cf.ProcessPoolExecutor] are.
 *
 * Since: 1.0
 */
typedef enum
{
  CF_WORKER_KIND_NATIVE,
  CF_WORKER_KIND_PYTHON,
  CF_WORKER_KIND_GJS,
} CfWorkerKind;

G_END_DECLS
