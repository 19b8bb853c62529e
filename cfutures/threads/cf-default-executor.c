/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pool of threads that the whole process shares. It is made when it is first asked for, and stays: nobody can tell
 * when the last library is done with it. Its threads come and go with the work. */

#include "config.h"

#include "executors/cf-executor-private.h"

#include "cf-thread-pool-executor.h"

/* Long enough for what comes in bursts; a program that is done with the pool keeps no threads for it. */
#define IDLE_TIMEOUT_USEC (10 * G_USEC_PER_SEC)

static CfExecutor *
make_default_executor (void)
{
  CfExecutor *executor = g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                                       "thread-name-prefix", "cf-default",
                                       "idle-timeout", (gint64) IDLE_TIMEOUT_USEC,
                                       NULL);

  cf_executor_set_shared (executor);
  return executor;
}

/**
 * cf_executor_get_default:
 *
 * Returns the default executor: one pool of threads for the whole process, so that a library need not keep one of its
 * own.
 *
 * ```c
 * g_autoptr(CfFuture) future = cf_executor_submit_local (cf_executor_get_default (), load_image, path, g_free);
 * ```
 *
 * It is a [class@Cf.ThreadPoolExecutor] with as many threads as [ctor@Cf.ThreadPoolExecutor.new] chooses. They are
 * started when there is something to do, and end after ten seconds without work.
 *
 * Others use it too. So it cannot be shut down: [method@Cf.Executor.shutdown] refuses with a critical warning, and
 * [method@Cf.Executor.shutdown_async] with `CF_ERROR_INVALID_STATE`. Calls that take long, or block, may delay those of
 * others; they are better off in a pool of their own.
 *
 * Any thread may call this.
 *
 * Returns: (transfer none): the default executor
 *
 * Since: 1.0
 */
CfExecutor *
cf_executor_get_default (void)
{
  static CfExecutor *default_executor;

  if (g_once_init_enter (&default_executor))
    g_once_init_leave (&default_executor, make_default_executor ());

  return default_executor;
}
