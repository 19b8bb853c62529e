/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfExecutor: what all executors have in common.
 *
 * A submission makes a future with the call in it, and hands it to the subclass, whose `execute()` sees to it
 * that cf_future_run() is called on it in the right place. So an executor is little more than the decision
 * where and when. The calls are listed in a CfUnfinishedCalls until they are over, but for those of the thread pool, which
 * are too short for that.
 *
 * `is_shut_down` is set once, by any thread. A submission that has seen it unset may still come too late: then the
 * list of calls, or the subclass that counts its calls itself, turns it away. */

#include "config.h"

#include "executors/cf-executor-private.h"

#include <stdatomic.h>

#include <glib/gi18n-lib.h>

#include "base/cf-error-private.h"
#include "base/cf-fork-private.h"
#include "base/cf-sanitizer-private.h"
#include "base/cf-stamp-private.h"
#include "base/cf-trace-private.h"
#include "cf-bindings-private.h"
#include "executors/cf-description-private.h"
#include "executors/cf-dump-private.h"
#include "executors/cf-unfinished-calls-private.h"
#include "future/cf-future-callbacks-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-private.h"
#include "future/cf-future-settle-private.h"
#include "future/cf-future-trace-private.h"
#include "future/cf-task-private.h"

/**
 * CfExecutor:
 *
 * Something that runs calls: a pool of threads, of processes, the main loop, the calling thread.
 *
 * All executors have the same interface. `submit` and its siblings take a function and return a
 * [class@Cf.Future] at once; `map` calls a function for each of many inputs; `shutdown` ends the executor.
 *
 * ```c
 * g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (4);
 * g_autoptr(CfFuture) future = cf_executor_submit (executor, fibonacci, g_variant_new_int32 (30));
 *
 * g_print ("%" G_GINT64_FORMAT "\n", cf_future_await_int64 (future, NULL));
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
  guint                   fork_count;       /* in which process it was made */
  gboolean                is_shared;        /* set before anybody else has the executor */
  CfCountsNotifier       *notifier;
  CfUnfinishedCalls      *unfinished;
  const CfExecutorThreads *threads;         /* set while it is constructed, if at all */
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
  cf_unfinished_calls_get_counts (get_private (self)->unfinished, n_pending, n_running, n_completed);
}

static void
cf_executor_real_add_description (CfExecutor   *self,
                                  GVariantDict *description)
{
  cf_unfinished_calls_describe (get_private (self)->unfinished, description);
}

static gboolean
keeps_unfinished (CfExecutor *self)
{
  return get_private (self)->threads == NULL;
}

static void
cf_executor_real_shutdown (CfExecutor      *self,
                           CfShutdownFlags  flags)
{
  CfUnfinishedCalls *unfinished = get_private (self)->unfinished;
  g_autoptr(GPtrArray) futures = NULL;

  cf_unfinished_calls_close (unfinished);
  if ((flags & CF_SHUTDOWN_CANCEL_PENDING) != 0)
    cf_unfinished_calls_cancel (unfinished);
  if ((flags & CF_SHUTDOWN_WAIT) == 0)
    return;

  futures = cf_unfinished_calls_list (unfinished);

  /* A call that shuts its own executor down cannot wait for itself. */
  for (guint i = 0; i < futures->len; i++)
    {
      CfFuture *future = g_ptr_array_index (futures, i);

      if (!cf_call_is_running_here (future))
        cf_future_wait (future, -1, NULL, NULL);
    }

  cf_future_deliver_own_of (cf_unfinished_calls_get_owner (unfinished));
}

/* Submission. */

/* Returns why no call is taken, or NULL if one is. */
static GError *
refuse (CfExecutor *self)
{
  if (cf_executor_is_left_behind (self))
    return cf_error_new_forked ();
  if (is_shut_down (self))
    return cf_error_new_shut_down ();

  return NULL;
}

static void
execute (CfExecutor *self,
         CfFuture   *future)
{
  cf_future_trace_submit (future);
  if (keeps_unfinished (self) && !cf_unfinished_calls_add (get_private (self)->unfinished, future))
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
  GError *error = refuse (self);
  CfFuture *future;

  if (error != NULL)
    {
      cf_call_clear (call);
      return cf_future_new_failed (error);
    }

  if (keeps_unfinished (self))
    call->since = cf_stamp_now ();
  future = cf_future_new_call (call);
  cf_future_set_thread_context (future);
  execute (self, future);
  return future;
}

/**
 * cf_executor_submit_future:
 * @self: an executor
 * @future: a future with a call, which may be done already because it was cancelled
 *
 * Has the call made.
 */
void
cf_executor_submit_future (CfExecutor *self,
                           CfFuture   *future)
{
  GError *error = refuse (self);

  if (error != NULL)
    cf_future_fail (future, error);
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
 * @max_workers: how many calls it runs at a time
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
 * @context: the main context in whose iterations it runs its calls
 */
void
cf_executor_set_context (CfExecutor   *self,
                         GMainContext *context)
{
  cf_unfinished_calls_set_context (get_private (self)->unfinished, context);
}

/**
 * cf_executor_set_threads:
 * @self: an executor that is being constructed
 * @threads: what there is to know of them; static
 * @owner: the owner of its futures
 *
 * Says that the executor has threads of its own, and counts its calls itself.
 */
void
cf_executor_set_threads (CfExecutor              *self,
                         const CfExecutorThreads *threads,
                         CfFutureOwner           *owner)
{
  get_private (self)->threads = threads;
  cf_unfinished_calls_set_owner (get_private (self)->unfinished, owner);
}

const CfExecutorThreads *
cf_executor_get_threads (CfExecutor *self)
{
  return get_private (self)->threads;
}

CfUnfinishedCalls *
cf_executor_get_unfinished (CfExecutor *self)
{
  return get_private (self)->unfinished;
}

/**
 * cf_executor_set_shared:
 * @self: an executor that nobody else has yet
 *
 * Says that the executor belongs to the whole process, and refuses to be shut down.
 */
void
cf_executor_set_shared (CfExecutor *self)
{
  get_private (self)->is_shared = TRUE;
}

/**
 * cf_executor_is_left_behind:
 * @self: an executor
 *
 * Returns: whether this process was forked from the one that the executor's threads are in
 */
gboolean
cf_executor_is_left_behind (CfExecutor *self)
{
  CfExecutorPrivate *priv = get_private (self);

  return priv->threads != NULL && priv->fork_count != cf_fork_count ();
}

/* The numbers are zeros for a function that fails to set them, as one of a binding that throws does.
 *
 * Who finds the source acquires what was released when it was set: the source is complete, and stays. */
static void
get_counts (CfExecutor *self,
            gboolean    may_ask_binding,
            guint64    *n_pending,
            guint64    *n_running,
            guint64    *n_completed)
{
  CfExecutorPrivate *priv = get_private (self);
  CountsSource *source = atomic_load_explicit (&priv->counts_source, memory_order_acquire);

  *n_pending = 0;
  *n_running = 0;
  *n_completed = 0;

  if (cf_executor_is_left_behind (self))
    return;

  cf_counts_notifier_expect (priv->notifier);
  if (source != NULL && may_ask_binding)
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

static void
shut_down (CfExecutor      *self,
           CfShutdownFlags  flags)
{
  atomic_store_explicit (&get_private (self)->is_shut_down, TRUE, memory_order_release);
  if (cf_executor_is_left_behind (self))
    return;

  CF_EXECUTOR_GET_CLASS (self)->shutdown (self, flags);
  CF_TSAN_RELEASE (self);
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

  CF_TSAN_ACQUIRE (self);

  /* Its threads could not end here, and may have locked anything: it is kept as it is. */
  if (cf_executor_is_left_behind (self))
    {
      g_object_ref (self);
      return;
    }

  cf_counts_notifier_detach (get_private (self)->notifier);
  shut_down (self, CF_SHUTDOWN_DEFAULT);

  G_OBJECT_CLASS (cf_executor_parent_class)->dispose (object);
}

static void
cf_executor_finalize (GObject *object)
{
  CfExecutorPrivate *priv = get_private (CF_EXECUTOR (object));
  CountsSource *source = atomic_load (&priv->counts_source);

  cf_dump_remove (object);
  if (source != NULL)
    counts_source_free (source);
  cf_unfinished_calls_unref (priv->unfinished);
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
  klass->add_description = cf_executor_real_add_description;

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
   * How many calls are running.
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
add_counts (CfExecutor   *self,
            gboolean      may_ask_binding,
            GVariantDict *description)
{
  guint64 n_pending, n_running, n_completed;

  get_counts (self, may_ask_binding, &n_pending, &n_running, &n_completed);
  g_variant_dict_insert (description, "n-pending", "t", n_pending);
  g_variant_dict_insert (description, "n-running", "t", n_running);
  g_variant_dict_insert (description, "n-completed", "t", n_completed);
}

static GVariant *
describe (CfExecutor *self,
          gboolean    may_ask_binding)
{
  GVariantDict description;

  cf_stamp_watch ();
  g_variant_dict_init (&description, NULL);
  g_variant_dict_insert (&description, "type", "s", G_OBJECT_TYPE_NAME (self));
  g_variant_dict_insert (&description, "max-workers", "u", cf_executor_get_max_workers (self));
  if (cf_executor_is_left_behind (self))
    {
      g_variant_dict_insert (&description, "state", "s", "left-behind");
    }
  else
    {
      g_variant_dict_insert (&description, "state", "s", is_shut_down (self) ? "shut-down" : "open");
      add_counts (self, may_ask_binding, &description);
      CF_EXECUTOR_GET_CLASS (self)->add_description (self, &description);
    }

  return g_variant_ref_sink (g_variant_dict_end (&description));
}

/* A binding may need a lock of its language to count the calls, which a thread that is stuck may have. */
static GVariant *
describe_without_binding (GObject *executor)
{
  return describe (CF_EXECUTOR (executor), FALSE);
}

static void
cf_executor_init (CfExecutor *self)
{
  CfExecutorPrivate *priv = get_private (self);

  cf_fork_watch ();
  cf_trace_init ();
  priv->fork_count = cf_fork_count ();
  priv->notifier = cf_counts_notifier_new (G_OBJECT (self), &properties[PROP_N_PENDING], N_PROPS - PROP_N_PENDING);
  priv->unfinished = cf_unfinished_calls_new (priv->notifier);
  cf_dump_add (G_OBJECT (self), describe_without_binding);
}

/**
 * CfExecutorClass::execute:
 * @self: an executor
 * @future: a pending future, to which the executor takes a reference of its own
 *
 * Takes a call, and sees to it that [method@Cf.Future.run] is called on @future, here or elsewhere, now or later, or
 * that @future is settled in another way. It is called in whatever thread submits, by several at once.
 *
 * Since: 1.0
 */

/**
 * CfExecutorClass::get_counts:
 * @self: an executor
 * @n_pending: (out): how many calls have not begun
 * @n_running: (out): how many are running
 * @n_completed: (out): how many have ended
 *
 * Tells how many calls wait, run, and have ended. An executor that does not override this has its calls counted.
 *
 * Since: 1.0
 */

/**
 * CfExecutorClass::add_description:
 * @self: an executor
 * @description: what is described so far; a key that is there already may be changed
 *
 * Adds what this kind of executor has to [method@Cf.Executor.describe], under the keys that are documented there and
 * further ones. Any thread may call it at any time, and it must not wait for a call. An executor that does not override
 * this has its calls told of.
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
 * cf_executor_submit_by_name:
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
cf_executor_submit_by_name (CfExecutor *self,
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
 * @destroy: (nullable): frees @user_data when the call has ended or is cancelled
 *
 * Has @func called with @user_data.
 *
 * @user_data is freed by the thread that submits the call, in an iteration of its default main context (see
 * [func@GLib.MainContext.ref_thread_default]), so that nothing of a window dies in a worker; or if that context is
 * finalized first, then. If that thread waits for the future instead, @user_data is freed before the wait returns, and
 * [method@Cf.Executor.shutdown] with `CF_SHUTDOWN_WAIT` frees the data of all calls. In a program that neither iterates
 * the context nor ever waits in that thread, data pile up: it uses a [class@Cf.Task] with
 * [property@Cf.Task:free-in-worker].
 *
 * An executor that runs calls in other processes cannot: the future fails with `CF_ERROR_NOT_PORTABLE`.
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

  future = cf_task_make_future (task, NULL, FALSE);
  cf_executor_submit_future (self, future);
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
 * the call. Its source object and its tag are those of @task; a task without a source object has the executor.
 *
 * So an asynchronous function of one's own can be made of this one: [method@Cf.Task.set_source_object] shows how. As
 * with a `GTask` the cancellable is checked when the call ends, unless [property@Cf.Task:check-cancellable] says
 * otherwise.
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

  future = cf_task_make_future (task, cancellable, TRUE);
  cf_task_set_source_of (task, future, G_OBJECT (self), user_data);

  if (callback != NULL)
    {
      ReadyCallback *ready = g_new (ReadyCallback, 1);

      ready->callback = callback;
      ready->user_data = user_data;
      cf_future_add_done_callback (future, call_ready_callback, ready, g_free);
    }

  cf_executor_submit_future (self, future);
}

/**
 * cf_executor_submit_finish:
 * @self: the executor that [method@Cf.Executor.submit_async] was called on
 * @result: the asynchronous result that the callback was given
 * @value: (out caller-allocates) (optional): where the result goes, as with [method@Cf.Future.await_value]
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Ends what [method@Cf.Executor.submit_async] began. If the call's cancellable is checked, see
 * [property@Cf.Task:check-cancellable], and is cancelled by now, @error is `G_IO_ERROR_CANCELLED` also if the call
 * ended before that.
 *
 * @result has to come from @self, whatever source object and tag it has. These are for the caller to check:
 * [func@Cf.Task.is_valid], [method@Gio.AsyncResult.is_tagged].
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
  g_return_val_if_fail (cf_future_was_submitted_by (CF_FUTURE (result), self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (cf_future_is_done (CF_FUTURE (result)) && cf_future_is_cancel_requested (CF_FUTURE (result)))
    {
      cf_future_ignore_error (CF_FUTURE (result));
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("The call was cancelled"));
      return FALSE;
    }

  return cf_future_await_value (CF_FUTURE (result), value != NULL ? value : &unused, error);
}

/**
 * cf_executor_shutdown:
 * @self: an executor
 * @flags: whether to wait, and whether to cancel the calls that have not begun
 *
 * Ends the executor: it takes no more calls. Those submitted before are made, unless they are cancelled. It may
 * be called again, for example to wait.
 *
 * If this waits, callbacks of the executor's futures that are due in this thread's own main context run before
 * it returns. Called from one of the executor's own calls it does not wait for that call; a pool's thread does
 * not wait at all. In a process that was forked from the one whose executor it is there is nothing to wait for.
 *
 * The default executor, which belongs to the whole process, cannot be shut down.
 *
 * Since: 1.0
 */
void
cf_executor_shutdown (CfExecutor      *self,
                      CfShutdownFlags  flags)
{
  g_return_if_fail (CF_IS_EXECUTOR (self));

  if (get_private (self)->is_shared)
    g_critical ("The default executor cannot be shut down: it belongs to the whole process");
  else
    shut_down (self, flags);
}

static gpointer
do_nothing (gpointer unused)
{
  return NULL;
}

/* GLib never makes a task for which it could not start a thread, and does not say so. */
static gboolean
check_thread (GError **error)
{
  g_autoptr(GError) refusal = NULL;
  GThread *thread = g_thread_try_new ("cf-check", do_nothing, NULL, &refusal);

  if (thread != NULL)
    {
      g_thread_join (thread);
      return TRUE;
    }

  g_set_error (error, refusal->domain, refusal->code,
               _("The executor is shut down, but there is no thread to wait for its end: %s"), refusal->message);
  return FALSE;
}

static void
wait_for_shutdown (GTask        *task,
                   gpointer      executor,
                   gpointer      unused,
                   GCancellable *cancellable)
{
  CF_TSAN_ACQUIRE (executor);
  shut_down (executor, CF_SHUTDOWN_WAIT);
  g_task_return_boolean (task, TRUE);
}

/**
 * cf_executor_shutdown_async:
 * @self: an executor
 * @flags: whether to cancel the calls that have not begun; the wait is implied
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
                            CfShutdownFlags      flags,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (CF_IS_EXECUTOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, GSIZE_TO_POINTER (cf_executor_shutdown_async));

  if (get_private (self)->is_shared)
    {
      g_task_return_error (task, g_error_new_literal (CF_ERROR, CF_ERROR_INVALID_STATE,
                                                      _("The default executor cannot be shut down")));
      return;
    }

  if (cf_executor_is_left_behind (self))
    {
      g_task_return_error (task, cf_error_new_forked ());
      return;
    }

  shut_down (self, flags & ~CF_SHUTDOWN_WAIT);
  if (!check_thread (&error))
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, wait_for_shutdown);
}

/**
 * cf_executor_shutdown_finish:
 * @self: an executor
 * @result: the asynchronous result that the callback was given
 * @error: return location for a `G_IO_ERROR_CANCELLED`, or a `CF_ERROR_INVALID_STATE` from the default executor, or a
 *   `CF_ERROR_BROKEN_EXECUTOR` in a process that was forked from the one whose executor it is, or a `G_THREAD_ERROR` if
 *   the system has no thread for the wait
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
 * Returns whether [method@Cf.Executor.shutdown] was called. Submitting returns futures that have failed with
 * `CF_ERROR_SHUT_DOWN` from then on.
 *
 * Any thread may call this. Unless the answer is %TRUE, another thread may shut the executor down at any moment.
 *
 * Returns: %TRUE if it was shut down
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
 * Returns how many calls are made at a time: [property@Cf.Executor:max-workers].
 *
 * Returns: the number of calls
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
 * Counts the calls that have not begun: [property@Cf.Executor:n-pending]. Any thread may call this.
 *
 * Returns: the number of calls
 *
 * Since: 1.0
 */
guint64
cf_executor_get_n_pending (CfExecutor *self)
{
  guint64 n_pending, n_running, n_completed;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), 0);

  get_counts (self, TRUE, &n_pending, &n_running, &n_completed);
  return n_pending;
}

/**
 * cf_executor_get_n_running:
 * @self: an executor
 *
 * Counts the calls that are running: [property@Cf.Executor:n-running]. Any thread may call this.
 *
 * Returns: the number of calls
 *
 * Since: 1.0
 */
guint64
cf_executor_get_n_running (CfExecutor *self)
{
  guint64 n_pending, n_running, n_completed;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), 0);

  get_counts (self, TRUE, &n_pending, &n_running, &n_completed);
  return n_running;
}

/**
 * cf_executor_get_n_completed:
 * @self: an executor
 *
 * Counts the calls that have ended, with a result or an error: [property@Cf.Executor:n-completed]. Any thread may call
 * this.
 *
 * Returns: the number of calls
 *
 * Since: 1.0
 */
guint64
cf_executor_get_n_completed (CfExecutor *self)
{
  guint64 n_pending, n_running, n_completed;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), 0);

  get_counts (self, TRUE, &n_pending, &n_running, &n_completed);
  return n_completed;
}

/*
 * cf_executor_set_counts_func:
 * @self: an executor that has no such function yet
 * @func: tells the counts of calls
 * @user_data: passed to @func
 * @destroy: frees @user_data, with the executor
 *
 * Has the counts told by @func in the place of the get_counts() of its class, which it may call in turn: by
 * cf_executor_get_n_pending() and its siblings, and by the properties.
 *
 * This is for those who run calls in a way of their own that the executor counts otherwise or not at all, as a
 * binding does that puts many calls of its language into one of the executor's. When its numbers change it says
 * so by cf_executor_notify_counts().
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

/*
 * cf_executor_notify_counts:
 * @self: an executor
 *
 * Says that the counts have changed that a `CfCountsFunc` tells. If anybody listens to the properties
 * they are notified in an iteration of the main context, once for all changes until then.
 *
 * As long as nobody listens one need not say so each time: it is enough to do it now and then, when there is nothing
 * left to do, and once the function has been asked, as those who begin to listen do.
 *
 * Any thread may call this.
 *
 * Returns: whether anybody listens
 */
gboolean
cf_executor_notify_counts (CfExecutor *self)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), FALSE);

  return cf_counts_notifier_changed (get_private (self)->notifier);
}

/**
 * cf_executor_describe:
 * @self: an executor
 *
 * Describes what the executor is doing: who runs which call, for how long, and what waits.
 *
 * This is for people who debug a program. It can be called from any thread at any time, also in a call of the executor
 * and while that is shut down, and does not wait for any call. What it tells was true at some moment; calls that begin
 * and end meanwhile may be told of twice, or not at all.
 *
 * The description is a dictionary:
 *
 * | Key           | Type     | What it is                                                                              |
 * | ------------- | -------- | --------------------------------------------------------------------------------------- |
 * | `type`        | `s`      | the name of the executor's class                                                        |
 * | `state`       | `s`      | *open*, *shut-down*, *broken*, or *left-behind*: after `fork()` it belongs to the parent |
 * | `max-workers` | `u`      | how many calls it makes at a time                                                       |
 * | `n-pending`, `n-running`, `n-completed` | `t` | the counts, as the properties                                      |
 * | `workers`     | `aa{sv}` | the threads or processes                                                                |
 * | `waiting`     | `aa{sv}` | the calls that have not begun, in about the order in which they will, a hundred at most |
 *
 * A pool of threads has its `thread-name-prefix` (`s`) and `max-substitutes` (`u`) there too. A worker is a dictionary
 * again; the executors that have no workers have one here for each call that runs:
 *
 * | Key           | Type     | What it is                                                                              |
 * | ------------- | -------- | --------------------------------------------------------------------------------------- |
 * | `state`       | `s`      | of a thread: *running*, *blocked* (its call waits for something of this library), *searching*, *idle*; of a process: *starting*, *initializing*, *idle*, *running*, *ending* |
 * | `name`        | `s`      | the name of the thread                                                                  |
 * | `thread`      | `i`      | its number, as `top -H` and debuggers show it                                            |
 * | `pid`         | `i`      | the number of the process                                                               |
 * | `calls`       | `aa{sv}` | the calls that it is in the middle of: those that wait for others of its own come later |
 *
 * And so is a call:
 *
 * | Key           | Type     | What it is                                                                              |
 * | ------------- | -------- | --------------------------------------------------------------------------------------- |
 * | `state`       | `s`      | *pending*, *running*; *finished* or *cancelled* if its thread has not let go of it yet  |
 * | `name`        | `s`      | that of its [class@Cf.Task], if it has one                                              |
 * | `function`    | `s`      | the name of the function, if it was submitted by name, and in a pool of threads has not begun |
 * | `priority`    | `i`      | its priority                                                                            |
 * | `age`         | `x`      | for how many microseconds it has run, or waited, if that is known                       |
 * | `progress`    | `d`      | what it has reported, if anything                                                       |
 * | `message`     | `s`      | the same                                                                                |
 *
 * A key that says nothing is left out. Ages are right to some milliseconds, with two exceptions in a pool of threads,
 * whose calls are too short to look at the clock for each: a call that was not submitted with a task tells how long it
 * has waited, and one that was submitted by another call how long it has run, only if an executor of the process was
 * described before it was submitted, or `CFUTURES_DEBUG` is set; and a call that runs may be some younger than it says if
 * it belongs to a row of short ones.
 *
 * Returns: (transfer full): an `a{sv}`
 *
 * Since: 1.0
 */
GVariant *
cf_executor_describe (CfExecutor *self)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);

  return describe (self, TRUE);
}
