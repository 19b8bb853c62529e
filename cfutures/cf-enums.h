/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * CfFutureState:
 * @CF_FUTURE_STATE_PENDING: the call has not begun
 * @CF_FUTURE_STATE_RUNNING: the call is being executed
 * @CF_FUTURE_STATE_CANCELLED: the call was cancelled before it began, and will never run
 * @CF_FUTURE_STATE_FINISHED: the call returned its result or failed
 *
 * Where a [class@Cf.Future] stands. It only ever moves from pending to running to finished, or from
 * pending to cancelled.
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
 * CfReturnWhen:
 * @CF_ALL_COMPLETED: when every future is done
 * @CF_FIRST_COMPLETED: when any future is done
 * @CF_FIRST_EXCEPTION: when any future has failed, or every future is done
 *
 * When [func@Cf.wait] returns.
 *
 * Since: 1.0
 */
typedef enum
{
  CF_ALL_COMPLETED,
  CF_FIRST_COMPLETED,
  CF_FIRST_EXCEPTION,
} CfReturnWhen;

/**
 * CfWorkerKind:
 * @CF_WORKER_KIND_NATIVE: runs C functions: the program itself if its `main()` calls [func@Cf.Worker.init], else a
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
