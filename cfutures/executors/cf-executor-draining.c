/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Draining an executor: waiting until all calls that were submitted so far are over, while it takes further ones.
 *
 * What is waited for is a list of futures, made at the beginning: those of the unfinished calls, or, where these are not
 * listed, one promise that the pool settles (cf-pool-epochs.c). */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "base/cf-error-private.h"
#include "cf-bindings-private.h"
#include "cf-error.h"
#include "cf-executor.h"
#include "cf-wait.h"
#include "executors/cf-executor-private.h"
#include "executors/cf-unfinished-calls-private.h"
#include "future/cf-future-callbacks-private.h"

/* The futures that are all done once the calls are over that were submitted so far. */
static GPtrArray *
list_unfinished (CfExecutor *self)
{
  const CfExecutorThreads *threads = cf_executor_get_threads (self);
  GPtrArray *futures;

  if (threads == NULL)
    return cf_unfinished_calls_list (cf_executor_get_unfinished (self));

  futures = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (futures, threads->when_drained (self));
  return futures;
}

static gboolean
is_call_of (CfExecutor *self,
            GPtrArray  *unfinished)
{
  const CfExecutorThreads *threads = cf_executor_get_threads (self);

  if (threads != NULL)
    return threads->is_own_thread (self);

  for (guint i = 0; i < unfinished->len; i++)
    {
      if (cf_call_is_running_here (g_ptr_array_index (unfinished, i)))
        return TRUE;
    }

  return FALSE;
}

static gboolean
wait_for_all (CfExecutor    *self,
              GPtrArray     *unfinished,
              gint64         timeout_usec,
              GCancellable  *cancellable,
              GError       **error)
{
  if (is_call_of (self, unfinished))
    {
      g_set_error_literal (error, CF_ERROR, CF_ERROR_INVALID_STATE,
                           _("A call cannot wait until its own executor is drained"));
      return FALSE;
    }

  if (!cf_wait ((CfFuture **) unfinished->pdata, unfinished->len, CF_RETURN_WHEN_ALL_COMPLETED, timeout_usec,
                cancellable, NULL, NULL, error))
    return FALSE;

  cf_future_deliver_own_of (cf_unfinished_calls_get_owner (cf_executor_get_unfinished (self)));
  return TRUE;
}

/*
 * cf_executor_drain_within:
 * @self: an executor
 * @unfinished: (inout): what is waited for: %NULL to begin with, and %NULL when there is nothing more to wait for
 * @timeout_usec: how long to wait, in µs; less than 0 for ever
 * @cancellable: (nullable): ends the wait early
 * @error: return location for an error; after a `G_IO_ERROR_TIMED_OUT` one can go on waiting
 *
 * Does as cf_executor_drain(), bit by bit. This is for a binding that looks for signals of the system now and then.
 *
 * Returns: whether the calls are over
 */
gboolean
cf_executor_drain_within (CfExecutor    *self,
                          GPtrArray    **unfinished,
                          gint64         timeout_usec,
                          GCancellable  *cancellable,
                          GError       **error)
{
  GError *failure = NULL;

  if (cf_executor_is_left_behind (self))
    {
      g_propagate_error (error, cf_error_new_forked ());
      return FALSE;
    }

  if (*unfinished == NULL)
    *unfinished = list_unfinished (self);

  if (wait_for_all (self, *unfinished, timeout_usec, cancellable, &failure))
    {
      g_clear_pointer (unfinished, g_ptr_array_unref);
      return TRUE;
    }

  if (!g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_clear_pointer (unfinished, g_ptr_array_unref);
  g_propagate_error (error, failure);
  return FALSE;
}

/**
 * cf_executor_drain:
 * @self: an executor
 * @cancellable: (nullable): ends the wait early, and does not touch the calls
 * @error: return location for a `G_IO_ERROR_CANCELLED`, a `CF_ERROR_INVALID_STATE`, or a `CF_ERROR_BROKEN_EXECUTOR` in
 *   a process that was forked from the one whose executor it is
 *
 * Blocks until all calls that were submitted so far are over: with a result, an error, or cancelled.
 *
 * The executor stays open. What is submitted meanwhile is not waited for, so that this ends also if there is always
 * something to do. It may be called after [method@Cf.Executor.shutdown] too.
 *
 * ```c
 * for (guint i = 0; i < n_paths; i++)
 *   g_object_unref (cf_executor_submit_local (executor, write_thumbnail, g_strdup (paths[i]), g_free));
 *
 * if (cf_executor_drain (executor, cancellable, &error))
 *   g_print ("All thumbnails are there.\n");
 * ```
 *
 * Callbacks of the executor's futures that are due in this thread's own main context run before this returns. Calls that
 * are to be made in that context, by a [class@Cf.MainContextExecutor], are made right here.
 *
 * A call is over when its future is done. Functions whose futures are done before they return, because of a timeout or
 * of [property@Cf.Task:return-on-cancel], are waited for by a thread pool alone;
 * [method@Cf.Executor.shutdown] of a pool of processes waits for them too.
 *
 * A call cannot wait for itself: called in a call of this executor, or in another function that runs in one of the
 * executor's own threads, this fails with `CF_ERROR_INVALID_STATE`. [method@Cf.Executor.drain_async] can be used there.
 *
 * Any thread may call this.
 *
 * Returns: %TRUE if the calls are over, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_executor_drain (CfExecutor    *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  GPtrArray *unfinished = NULL;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return cf_executor_drain_within (self, &unfinished, -1, cancellable, error);
}

static void wait_for_next (GTask *task);

static void
on_waited (GObject      *future,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GTask) task = data;
  GMainContext *context = g_task_get_context (task);
  GError *error = NULL;

  /* It need not be the default one of the thread that iterates it. */
  g_main_context_push_thread_default (context);
  if (cf_future_wait_finish (CF_FUTURE (future), result, &error))
    wait_for_next (task);
  else
    g_task_return_error (task, error);
  g_main_context_pop_thread_default (context);
}

/* Waits for the futures one by one: the others go on meanwhile, and those that are done by then are passed over. */
static void
wait_for_next (GTask *task)
{
  GPtrArray *futures = g_task_get_task_data (task);

  while (futures->len > 0)
    {
      g_autoptr(CfFuture) future = g_ptr_array_steal_index_fast (futures, futures->len - 1);

      if (!cf_future_is_done (future))
        {
          cf_future_wait_async (future, -1, g_task_get_cancellable (task), on_waited, g_object_ref (task));
          return;
        }
    }

  g_task_return_boolean (task, TRUE);
}

/**
 * cf_executor_drain_async:
 * @self: an executor
 * @cancellable: (nullable): ends the wait early, and does not touch the calls
 * @callback: (scope async) (nullable): called in the thread's default main context when the calls are over
 * @user_data: passed to @callback
 *
 * Waits on the main loop until all calls that were submitted so far are over, as [method@Cf.Executor.drain] does in a
 * blocking way. [method@Cf.Executor.drain_finish] tells how the wait ended.
 *
 * Calls of the executor itself may use it: the one that does is waited for like the others.
 *
 * Since: 1.0
 */
void
cf_executor_drain_async (CfExecutor          *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (CF_IS_EXECUTOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, GSIZE_TO_POINTER (cf_executor_drain_async));
  if (cf_executor_is_left_behind (self))
    {
      g_task_return_error (task, cf_error_new_forked ());
      return;
    }

  g_task_set_task_data (task, list_unfinished (self), (GDestroyNotify) g_ptr_array_unref);
  wait_for_next (task);
}

/**
 * cf_executor_drain_finish:
 * @self: an executor
 * @result: what the callback was given
 * @error: return location for a `G_IO_ERROR_CANCELLED`, or a `CF_ERROR_BROKEN_EXECUTOR` in a process that was forked
 *   from the one whose executor it is
 *
 * Ends what [method@Cf.Executor.drain_async] began.
 *
 * Returns: %TRUE if the calls are over, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_executor_drain_finish (CfExecutor    *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
