/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The asynchronous functions of an executor as promises, for the overrides for gjs: what is asynchronous reaches JavaScript
 * by futures alone (cf-future-listener.c says why). */

#include "config.h"

#include "cf-gjs-private.h"

#include "cf-executor.h"
#include "cf-future.h"

/* Takes the reference to the promise. */
static void
settle (CfFuture *promise,
        GError   *error)
{
  if (error != NULL)
    cf_future_set_error (promise, error, NULL);
  else
    cf_future_set_variant (promise, NULL, NULL);

  g_clear_error (&error);
  g_object_unref (promise);
}

static void
on_shut_down (GObject      *executor,
              GAsyncResult *result,
              gpointer      promise)
{
  GError *error = NULL;

  cf_executor_shutdown_finish (CF_EXECUTOR (executor), result, &error);
  settle (promise, error);
}

/**
 * cf_executor_begin_shutdown:
 * @self: an executor
 * @flags: which pending calls are cancelled
 * @cancellable: (nullable): ends the wait
 *
 * [method@Cf.Executor.shutdown_async] with a future for its end.
 *
 * Returns: (transfer full): the end, without a value
 *
 * Since: 1.0
 */
CfFuture *
cf_executor_begin_shutdown (CfExecutor      *self,
                            CfShutdownFlags  flags,
                            GCancellable    *cancellable)
{
  CfFuture *promise = cf_future_new ();

  cf_executor_shutdown_async (self, flags, cancellable, on_shut_down, g_object_ref (promise));
  return promise;
}

static void
on_drained (GObject      *executor,
            GAsyncResult *result,
            gpointer      promise)
{
  GError *error = NULL;

  cf_executor_drain_finish (CF_EXECUTOR (executor), result, &error);
  settle (promise, error);
}

/**
 * cf_executor_begin_drain:
 * @self: an executor
 * @cancellable: (nullable): ends the wait
 *
 * [method@Cf.Executor.drain_async] with a future for its end.
 *
 * Returns: (transfer full): the end, without a value
 *
 * Since: 1.0
 */
CfFuture *
cf_executor_begin_drain (CfExecutor   *self,
                         GCancellable *cancellable)
{
  CfFuture *promise = cf_future_new ();

  cf_executor_drain_async (self, cancellable, on_drained, g_object_ref (promise));
  return promise;
}
