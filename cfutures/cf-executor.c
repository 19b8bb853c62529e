/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfExecutor: what all executors have in common.
 *
 * A submission makes a future with the call in it, and hands it to the subclass, whose `execute()` sees to it
 * that cf_future_run() is called on it in the right place. So an executor is little more than the decision
 * where and when. The thread pool counts its calls itself; the calls of other executors are counted here, by a
 * CfOutstanding.
 *
 * `is_shut_down` is set once, by anybody. A submission that has seen it unset may still come too late: then the
 * list of calls, or the subclass that counts its calls itself, turns it away. */

#include "config.h"

#include "cf-executor-private.h"

#include <stdatomic.h>

#include "cf-error-private.h"
#include "cf-outstanding-private.h"
#include "cf-task-private.h"

/**
 * CfExecutor:
 *
 * Something that makes calls: a pool of threads, of processes, the main loop, the calling thread.
 *
 * All executors have the same interface. `submit` and its siblings take a function and return a
 * [class@Cf.Future] at once; `map` calls a function for each of many inputs; `shutdown` ends the executor.
 *
 * ```c
 * g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (4);
 * g_autoptr(CfFuture) future = cf_executor_submit (executor, fibonacci, g_variant_new_int32 (30));
 *
 * g_print ("%" G_GINT64_FORMAT "\n", cf_future_get_int64 (future, NULL));
 * ```
 *
 * Functions are *portable* ([callback@Cf.Func]: a `GVariant` in, a `GVariant` out, for all executors) or
 * *local* ([callback@Cf.LocalFunc]: any pointer in, any `GValue` out, for those that stay in this process).
 *
 * Dropping the last reference to an executor shuts it down without waiting: what was submitted still runs.
 *
 * Executors can be used from any thread.
 *
 * # Executors of one's own
 *
 * A subclass implements [vfunc@Cf.Executor.execute] and nothing else:
 *
 * ```c
 * static void
 * idle_executor_execute (CfExecutor *executor,
 *                        CfFuture   *future)
 * {
 *   g_idle_add_once ((GSourceOnceFunc) run_and_unref, g_object_ref (future));   // cf_future_run (future)
 * }
 * ```
 *
 * Since: 1.0
 */

/* Who tells the counts in the place of the class. */
typedef struct
{
  CfCountsFunc   func;
  gpointer       user_data;
  GDestroyNotify destroy;
} CountsSource;

typedef struct
{
  guint                   max_workers;
  _Atomic gboolean        is_shut_down;
  CfCountsNotifier       *notifier;
  CfOutstanding          *outstanding;
  _Atomic(CountsSource *) counts_source;    /* set once, at most */
} CfExecutorPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (CfExecutor, cf_executor, G_TYPE_OBJECT)

enum
{
  PROP_MAX_WORKERS = 1,
  PROP_N_PENDING,
  PROP_N_RUNNING,
  PROP_N_COMPLETED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static CfExecutorPrivate *
get_private (CfExecutor *self)
{
  return cf_executor_get_instance_private (self);
}

static gboolean
is_shut_down (CfExecutor *self)
{
  return atomic_load_explicit (&get_private (self)->is_shut_down, memory_order_acquire);
}

/* What a subclass that does not count its calls has instead. */

static void
cf_executor_real_execute (CfExecutor *self,
                          CfFuture   *future)
{
  g_critical ("%s does not implement CfExecutorClass.execute", G_OBJECT_TYPE_NAME (self));
  cf_future_cancel (future);
}

static void
cf_executor_real_get_counts (CfExecutor *self,
                             guint64    *n_pending,
                             guint64    *n_running,
                             guint64    *n_completed)
{
  cf_outstanding_get_counts (get_private (self)->outstanding, n_pending, n_running, n_completed);
}

static gboolean
keeps_outstanding (CfExecutor *self)
{
  return CF_EXECUTOR_GET_CLASS (self)->get_counts == cf_executor_real_get_counts;
}

static void
cf_executor_real_shutdown (CfExecutor *self,
                           gboolean    wait,
                           gboolean    cancel_futures)
{
  CfOutstanding *outstanding = get_private (self)->outstanding;
  g_autoptr(GPtrArray) futures = NULL;

  cf_outstanding_close (outstanding);
  futures = cf_outstanding_list (outstanding);

  for (guint i = 0; cancel_futures && i < futures->len; i++)
    cf_future_cancel (g_ptr_array_index (futures, i));

  if (!wait)
    return;

  /* A call that shuts its own executor down cannot wait for itself. */
  for (guint i = 0; i < futures->len; i++)
    {
      CfFuture *future = g_ptr_array_index (futures, i);

      if (!cf_call_is_running_here (future))
        cf_future_wait (future, -1, NULL, NULL);
    }

  cf_future_deliver_own_of (cf_outstanding_get_owner (outstanding));
}

/* Submission. */

static void
execute (CfExecutor *self,
         CfFuture   *future)
{
  if (keeps_outstanding (self) && !cf_outstanding_add (get_private (self)->outstanding, future))
    cf_future_fail (future, cf_error_new_shut_down ());
  else
    CF_EXECUTOR_GET_CLASS (self)->execute (self, future);
}

/**
 * cf_executor_submit_call:
 * @self: an executor
 * @call: (transfer full): what to call
 *
 * Returns: (transfer full): its future
 */
CfFuture *
cf_executor_submit_call (CfExecutor *self,
                         CfCall     *call)
{
  CfFuture *future;

  if (is_shut_down (self))
    {
      cf_call_clear (call);
      return cf_future_new_failed (cf_error_new_shut_down ());
    }

  future = cf_future_new_call (call);
  cf_future_set_thread_context (future);
  execute (self, future);
  return future;
}

static void
submit_prepared (CfExecutor *self,
                 CfFuture   *future)
{
  if (is_shut_down (self))
    cf_future_fail (future, cf_error_new_shut_down ());
  else if (!cf_future_is_done (future))
    execute (self, future);
}

/**
 * cf_executor_get_notifier:
 * @self: an executor
 *
 * Returns: (transfer none): whom to tell that the counts have changed
 */
CfCountsNotifier *
cf_executor_get_notifier (CfExecutor *self)
{
  return get_private (self)->notifier;
}

/**
 * cf_executor_set_max_workers:
 * @self: an executor that is being constructed
 * @max_workers: how many calls it makes at a time
 */
void
cf_executor_set_max_workers (CfExecutor *self,
                             guint       max_workers)
{
  get_private (self)->max_workers = max_workers;
}

/**
 * cf_executor_set_context:
 * @self: an executor that is being constructed
 * @context: the main context in whose iterations it makes its calls
 */
void
cf_executor_set_context (CfExecutor   *self,
                         GMainContext *context)
{
  cf_outstanding_set_context (get_private (self)->outstanding, context);
}

/* The numbers are zeros for a function that fails to set them, as one of a binding that throws does.
 *
 * Who finds the source acquires what was released when it was set: the source is complete, and stays. */
static void
get_counts (CfExecutor *self,
            guint64    *n_pending,
            guint64    *n_running,
            guint64    *n_completed)
{
  CfExecutorPrivate *priv = get_private (self);
  CountsSource *source = atomic_load_explicit (&priv->counts_source, memory_order_acquire);

  *n_pending = 0;
  *n_running = 0;
  *n_completed = 0;

  cf_counts_notifier_expect (priv->notifier);
  if (source != NULL)
    source->func (self, n_pending, n_running, n_completed, source->user_data);
  else
    CF_EXECUTOR_GET_CLASS (self)->get_counts (self, n_pending, n_running, n_completed);
}

static void
counts_source_free (CountsSource *source)
{
  if (source->destroy != NULL)
    source->destroy (source->user_data);
  g_free (source);
}

/* GObject. */

static void
cf_executor_get_property (GObject    *object,
                          guint       property_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  CfExecutor *self = CF_EXECUTOR (object);

  switch (property_id)
    {
    case PROP_MAX_WORKERS:
      g_value_set_uint (value, cf_executor_get_max_workers (self));
      break;

    case PROP_N_PENDING:
      g_value_set_uint64 (value, cf_executor_get_n_pending (self));
      break;

    case PROP_N_RUNNING:
      g_value_set_uint64 (value, cf_executor_get_n_running (self));
      break;

    case PROP_N_COMPLETED:
      g_value_set_uint64 (value, cf_executor_get_n_completed (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_executor_set_property (GObject      *object,
                          guint         property_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  CfExecutor *self = CF_EXECUTOR (object);

  switch (property_id)
    {
    case PROP_MAX_WORKERS:
      cf_executor_set_max_workers (self, g_value_get_uint (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_executor_dispose (GObject *object)
{
  CfExecutor *self = CF_EXECUTOR (object);

  cf_counts_notifier_detach (get_private (self)->notifier);
  cf_executor_shutdown (self, FALSE, FALSE);

  G_OBJECT_CLASS (cf_executor_parent_class)->dispose (object);
}

static void
cf_executor_finalize (GObject *object)
{
  CfExecutorPrivate *priv = get_private (CF_EXECUTOR (object));
  CountsSource *source = atomic_load (&priv->counts_source);

  if (source != NULL)
    counts_source_free (source);
  cf_outstanding_unref (priv->outstanding);
  cf_counts_notifier_unref (priv->notifier);

  G_OBJECT_CLASS (cf_executor_parent_class)->finalize (object);
}

static void
cf_executor_class_init (CfExecutorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags count_flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = cf_executor_get_property;
  object_class->set_property = cf_executor_set_property;
  object_class->dispose = cf_executor_dispose;
  object_class->finalize = cf_executor_finalize;

  klass->execute = cf_executor_real_execute;
  klass->shutdown = cf_executor_real_shutdown;
  klass->get_counts = cf_executor_real_get_counts;

  /**
   * CfExecutor:max-workers: (getter get_max_workers)
   *
   * How many calls are made at a time.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_WORKERS] =
    g_param_spec_uint ("max-workers", NULL, NULL,
                       0, G_MAXINT16, 0,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CfExecutor:n-pending: (getter get_n_pending)
   *
   * How many calls have not begun. Changes are notified on the main context that was the default of the thread
   * in which the executor was made, as are those of the other counts; several changes may be notified as one.
   *
   * Since: 1.0
   */
  properties[PROP_N_PENDING] =
    g_param_spec_uint64 ("n-pending", NULL, NULL, 0, G_MAXUINT64, 0, count_flags);

  /**
   * CfExecutor:n-running: (getter get_n_running)
   *
   * How many calls are being made.
   *
   * Since: 1.0
   */
  properties[PROP_N_RUNNING] =
    g_param_spec_uint64 ("n-running", NULL, NULL, 0, G_MAXUINT64, 0, count_flags);

  /**
   * CfExecutor:n-completed: (getter get_n_completed)
   *
   * How many calls have ended, with a result or an error.
   *
   * Since: 1.0
   */
  properties[PROP_N_COMPLETED] =
    g_param_spec_uint64 ("n-completed", NULL, NULL, 0, G_MAXUINT64, 0, count_flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_executor_init (CfExecutor *self)
{
  CfExecutorPrivate *priv = get_private (self);

  priv->notifier = cf_counts_notifier_new (G_OBJECT (self), &properties[PROP_N_PENDING], N_PROPS - PROP_N_PENDING);
  priv->outstanding = cf_outstanding_new (priv->notifier);
}

/**
 * CfExecutorClass::get_counts:
 * @self: an executor
 * @n_pending: (out): how many calls have not begun
 * @n_running: (out): how many are being made
 * @n_completed: (out): how many have ended
 *
 * Tells how many calls wait, run, and have ended. Those that do not override it have their calls counted for
 * them.
 *
 * Since: 1.0
 */

/**
 * cf_executor_submit:
 * @self: an executor
 * @func: (scope async): a portable function
 * @args: (nullable): its arguments, whose floating reference is taken
 *
 * Has @func called with @args.
 *
 * If the executor cannot take the call, because it was shut down or is broken, the future has failed already.
 *
 * Returns: (transfer full): the future of the call
 *
 * Since: 1.0
 */
CfFuture *
cf_executor_submit (CfExecutor *self,
                    CfFunc      func,
                    GVariant   *args)
{
  CfCall call;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  cf_call_init_func (&call, func, args);
  return cf_executor_submit_call (self, &call);
}

/**
 * cf_executor_submit_name:
 * @self: an executor
 * @function: the name of a portable function, `MODULE:FUNCTION`
 * @args: (nullable): its arguments, whose floating reference is taken
 *
 * Has a function called by name: a [callback@Cf.Func] with the symbol FUNCTION in MODULE, which is a shared
 * library or a plug-in, as `g_module_open()` finds it (`libfoo.so`, or a path), or nothing for the program
 * itself.
 *
 * In a process pool whose workers run another language the name means what it means there:
 * see [enum@Cf.WorkerKind].
 *
 * If there is no such function the future fails with `CF_ERROR_NO_SUCH_FUNCTION`.
 *
 * Returns: (transfer full): the future of the call
 *
 * Since: 1.0
 */
CfFuture *
cf_executor_submit_name (CfExecutor *self,
                         const char *function,
                         GVariant   *args)
{
  CfCall call;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (function != NULL, NULL);

  cf_call_init_name (&call, function, args);
  return cf_executor_submit_call (self, &call);
}

/**
 * cf_executor_submit_local:
 * @self: an executor
 * @func: (scope notified): a local function
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data, before the future is done, or when the call is cancelled
 *
 * Has @func called with @user_data.
 *
 * An executor that makes calls in other processes cannot: the future fails with `CF_ERROR_NOT_PORTABLE`.
 *
 * Returns: (transfer full): the future of the call
 *
 * Since: 1.0
 */
CfFuture *
cf_executor_submit_local (CfExecutor     *self,
                          CfLocalFunc     func,
                          gpointer        user_data,
                          GDestroyNotify  destroy)
{
  CfCall call;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  cf_call_init_local (&call, func, user_data, destroy);
  return cf_executor_submit_call (self, &call);
}

/**
 * cf_executor_submit_task:
 * @self: an executor
 * @task: a call with options
 *
 * Has the call made that @task describes.
 *
 * Returns: (transfer full): the future of the call
 *
 * Since: 1.0
 */
CfFuture *
cf_executor_submit_task (CfExecutor *self,
                         CfTask     *task)
{
  CfFuture *future;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (CF_IS_TASK (task), NULL);

  future = cf_task_make_future (task, NULL);
  submit_prepared (self, future);
  return future;
}

/* The callback of an asynchronous submission. */
typedef struct
{
  GAsyncReadyCallback callback;
  gpointer            user_data;
} ReadyCallback;

static void
call_ready_callback (CfFuture *future,
                     gpointer  data)
{
  ReadyCallback *ready = data;

  ready->callback (cf_future_get_source_object (future), G_ASYNC_RESULT (future), ready->user_data);
}

/**
 * cf_executor_submit_async:
 * @self: an executor
 * @task: a call with options
 * @cancellable: (nullable): cancels the call, in place of the task's own cancellable
 * @callback: (scope async) (nullable): called in the thread's default main context when the call has ended
 * @user_data: passed to @callback
 *
 * Has a call made, in the manner of GIO: the `GAsyncResult` that @callback is given is the [class@Cf.Future] of
 * the call.
 *
 * Since: 1.0
 */
void
cf_executor_submit_async (CfExecutor          *self,
                          CfTask              *task,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(CfFuture) future = NULL;

  g_return_if_fail (CF_IS_EXECUTOR (self));
  g_return_if_fail (CF_IS_TASK (task));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  future = cf_task_make_future (task, cancellable);
  cf_future_set_source (future, G_OBJECT (self), user_data);

  if (callback != NULL)
    {
      ReadyCallback *ready = g_new (ReadyCallback, 1);

      ready->callback = callback;
      ready->user_data = user_data;
      cf_future_add_done_callback (future, call_ready_callback, ready, g_free);
    }

  submit_prepared (self, future);
}

/**
 * cf_executor_submit_finish:
 * @self: an executor
 * @result: what the callback was given
 * @value: (out caller-allocates) (optional): where the result goes, as with [method@Cf.Future.get_value]
 * @error: return location for the error of the call, or `CF_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Ends what [method@Cf.Executor.submit_async] began.
 *
 * Returns: %TRUE if the call succeeded, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_executor_submit_finish (CfExecutor    *self,
                           GAsyncResult  *result,
                           GValue        *value,
                           GError       **error)
{
  g_auto(GValue) unused = G_VALUE_INIT;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), FALSE);
  g_return_val_if_fail (CF_IS_FUTURE (result), FALSE);
  g_return_val_if_fail (cf_future_get_source_object (CF_FUTURE (result)) == (gpointer) self, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return cf_future_get_value (CF_FUTURE (result), value != NULL ? value : &unused, error);
}

/**
 * cf_executor_shutdown:
 * @self: an executor
 * @wait: whether to wait until everything that was submitted has ended
 * @cancel_futures: whether to cancel the calls that have not begun
 *
 * Ends the executor: it takes no more calls. Those submitted before are made, unless they are cancelled. It may
 * be called again, for example to wait.
 *
 * If this waits, callbacks of the executor's futures that are due in this thread's own main context run before
 * it returns. Called from one of the executor's own calls it does not wait for that call; a pool's thread does
 * not wait at all.
 *
 * Since: 1.0
 */
void
cf_executor_shutdown (CfExecutor *self,
                      gboolean    wait,
                      gboolean    cancel_futures)
{
  g_return_if_fail (CF_IS_EXECUTOR (self));

  atomic_store_explicit (&get_private (self)->is_shut_down, TRUE, memory_order_release);
  CF_EXECUTOR_GET_CLASS (self)->shutdown (self, wait, cancel_futures);
}

static void
wait_for_shutdown (GTask        *task,
                   gpointer      executor,
                   gpointer      unused,
                   GCancellable *cancellable)
{
  CF_TSAN_ACQUIRE (executor);
  cf_executor_shutdown (executor, TRUE, FALSE);
  CF_TSAN_RELEASE (executor);
  g_task_return_boolean (task, TRUE);
}

/**
 * cf_executor_shutdown_async:
 * @self: an executor
 * @cancel_futures: whether to cancel the calls that have not begun
 * @cancellable: (nullable): ends the wait, not the shutdown
 * @callback: (scope async) (nullable): called in the thread's default main context when everything has ended
 * @user_data: passed to @callback
 *
 * Ends the executor as [method@Cf.Executor.shutdown] does, and waits on the main loop.
 *
 * Since: 1.0
 */
void
cf_executor_shutdown_async (CfExecutor          *self,
                            gboolean             cancel_futures,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (CF_IS_EXECUTOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  cf_executor_shutdown (self, FALSE, cancel_futures);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_return_on_cancel (task, TRUE);
  CF_TSAN_RELEASE (self);
  g_task_run_in_thread (task, wait_for_shutdown);
}

/**
 * cf_executor_shutdown_finish:
 * @self: an executor
 * @result: what the callback was given
 * @error: return location for a `G_IO_ERROR_CANCELLED`
 *
 * Ends what [method@Cf.Executor.shutdown_async] began.
 *
 * Returns: %TRUE if everything has ended, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_executor_shutdown_finish (CfExecutor    *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  CF_TSAN_ACQUIRE (self);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * cf_executor_is_shut_down:
 * @self: an executor
 *
 * Returns: whether the executor was shut down, and takes no more calls
 *
 * Since: 1.0
 */
gboolean
cf_executor_is_shut_down (CfExecutor *self)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), TRUE);

  return is_shut_down (self);
}

/**
 * cf_executor_get_max_workers:
 * @self: an executor
 *
 * Returns: how many calls it makes at a time
 *
 * Since: 1.0
 */
guint
cf_executor_get_max_workers (CfExecutor *self)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), 0);

  return get_private (self)->max_workers;
}

/**
 * cf_executor_get_n_pending:
 * @self: an executor
 *
 * Returns: how many calls have not begun
 *
 * Since: 1.0
 */
guint64
cf_executor_get_n_pending (CfExecutor *self)
{
  guint64 n_pending, n_running, n_completed;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), 0);

  get_counts (self, &n_pending, &n_running, &n_completed);
  return n_pending;
}

/**
 * cf_executor_get_n_running:
 * @self: an executor
 *
 * Returns: how many calls are being made
 *
 * Since: 1.0
 */
guint64
cf_executor_get_n_running (CfExecutor *self)
{
  guint64 n_pending, n_running, n_completed;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), 0);

  get_counts (self, &n_pending, &n_running, &n_completed);
  return n_running;
}

/**
 * cf_executor_get_n_completed:
 * @self: an executor
 *
 * Returns: how many calls have ended, with a result or an error
 *
 * Since: 1.0
 */
guint64
cf_executor_get_n_completed (CfExecutor *self)
{
  guint64 n_pending, n_running, n_completed;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), 0);

  get_counts (self, &n_pending, &n_running, &n_completed);
  return n_completed;
}

/**
 * cf_executor_set_counts_func:
 * @self: an executor that has no such function yet
 * @func: (scope notified): tells the counts of calls
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data, with the executor
 *
 * Has the counts told by @func in the place of [vfunc@Cf.Executor.get_counts], which it may call in turn: by
 * [method@Cf.Executor.get_n_pending] and its siblings, and by the properties.
 *
 * This is for those who make calls in a way of their own that the executor counts otherwise or not at all, as a
 * binding does that puts many calls of its language into one of the executor's. When its numbers change it says
 * so by [method@Cf.Executor.notify_counts].
 *
 * Since: 1.0
 */
void
cf_executor_set_counts_func (CfExecutor     *self,
                             CfCountsFunc    func,
                             gpointer        user_data,
                             GDestroyNotify  destroy)
{
  CfExecutorPrivate *priv;
  CountsSource *unset = NULL;
  CountsSource *source;

  g_return_if_fail (CF_IS_EXECUTOR (self));
  g_return_if_fail (func != NULL);

  priv = get_private (self);
  source = g_new (CountsSource, 1);
  source->func = func;
  source->user_data = user_data;
  source->destroy = destroy;

  /* Nobody can tell when another thread is done with one that was there before. */
  if (!atomic_compare_exchange_strong (&priv->counts_source, &unset, source))
    {
      counts_source_free (source);
      g_critical ("An executor keeps the function that tells its counts, and takes no other");
    }
}

/**
 * cf_executor_notify_counts:
 * @self: an executor
 *
 * Says that the counts have changed that a [callback@Cf.CountsFunc] tells. If anybody listens to the properties
 * they are notified in an iteration of the main context, once for all changes until then.
 *
 * As long as nobody listens one need not say so each time: it is enough to do it now and then, when there is nothing
 * left to do, and once the function has been asked, as those who begin to listen do.
 *
 * Any thread may call this.
 *
 * Returns: whether anybody listens
 *
 * Since: 1.0
 */
gboolean
cf_executor_notify_counts (CfExecutor *self)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), FALSE);

  return cf_counts_notifier_changed (get_private (self)->notifier);
}
