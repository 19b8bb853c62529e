/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfProcessPoolExecutor: an executor over a process scheduler, which has the processes and all that is difficult
 * (cf-process-scheduler.c). The scheduler outlives the executor for as long as there are calls to be made. */

#include "config.h"

#include "cf-process-pool-executor.h"

#include <signal.h>

#include "base/cf-cpu-count-private.h"
#include "cf-bindings-private.h"
#include "executors/cf-executor-private.h"
#include "processes/cf-process-scheduler-private.h"

/* Every how many submissions to look whether anything has begun to listen to the counts. */
#define LOOK_INTERVAL 64

/**
 * CfProcessPoolExecutor:
 *
 * An executor that runs calls in a pool of worker processes.
 *
 * It has the same interface as a [class@Cf.ThreadPoolExecutor]. What differs is where functions run: each call has
 * a process of its own while it runs, which may crash, leak, hold a global lock or run another language without
 * harm to this one. So only *portable* functions can be submitted: arguments and result are `GVariant`s, which
 * are sent to the worker and back.
 *
 * ```c
 * static GVariant *
 * count_primes (CfFuture *future, GVariant *args, GError **error)
 * {
 *   guint64 n_primes = 0;
 *
 *   for (guint64 n = 2; n < g_variant_get_uint64 (args); n++)
 *     n_primes += is_prime (n);
 *   return g_variant_new_uint64 (n_primes);
 * }
 *
 * int
 * main (int argc, char **argv)
 * {
 *   cf_worker_main (&argc, &argv);    // first: in a worker it never returns
 *
 *   g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (0);
 *   g_autoptr(CfFuture) future = cf_executor_submit (executor, count_primes, g_variant_new_uint64 (1000000));
 *
 *   g_print ("%" G_GINT64_FORMAT "\n", cf_future_await_int64 (future, NULL));
 * }
 * ```
 *
 * Workers are started when they are needed, and reused before another one is started. Those that run functions of the
 * program, `static` ones too, are the program itself, started once more: its `main()` calls [func@Cf.Worker.main]
 * first. Functions of shared libraries run in a program that comes with CFutures. A [class@Cf.WorkerLauncher] tells how
 * else workers are started, in a sandbox for example; those of other kinds run Python or JavaScript, by name:
 *
 * ```c
 * g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_PYTHON);
 *
 * executor = cf_process_pool_executor_new_with_launcher (0, launcher);
 * mean = cf_executor_submit_by_name (executor, "statistics:mean", g_variant_new_parsed ("([1, 2, 4],)"));
 * ```
 *
 * The launcher is given to the pool when it is made, and copied. The initializer and
 * [property@Cf.ProcessPoolExecutor:max-tasks-per-worker] are set before the first call is submitted,
 * [property@Cf.ProcessPoolExecutor:idle-timeout] at any time.
 *
 * Calls begin by priority, and within one in the order of submission. Short calls are sent in batches; a call
 * that has been sent to a worker but has not begun is still pending: it can be cancelled, and moves on to another
 * worker that has nothing to do. Large values are written once, into shared memory that the other side maps; one that
 * has come that way and goes on is not written again.
 *
 * If a worker dies, only the call that it was making fails, with `CF_ERROR_WORKER_DIED`; its message says how the
 * process ended and what it said last on standard error. Another worker takes its place. A task's timeout, and
 * `CF_CANCEL_KILL`, kill the worker that runs the call. If workers die again and again before they have done anything
 * the pool is broken, and calls fail with `CF_ERROR_BROKEN_EXECUTOR`; one that has worked before goes on trying for as
 * long as the [property@Cf.WorkerLauncher:start-timeout].
 *
 * After `fork()`, the pools of the parent are the parent's: what the child submits to one fails with
 * `CF_ERROR_BROKEN_EXECUTOR`. It can make pools of its own.
 *
 * Workers have signals of their own: they block and handle none, whatever this process does, and ignore `SIGINT`, so that
 * Ctrl-C is for this process alone. Those for Python interrupt the call that they run.
 *
 * Workers die with this process, however it ends. When the pool is shut down they are asked to end, after five
 * seconds told to by `SIGTERM`, and killed after two more.
 *
 * Since: 1.0
 */
struct _CfProcessPoolExecutor
{
  CfExecutor          parent_instance;

  CfProcessScheduler *scheduler;
};

G_DEFINE_FINAL_TYPE (CfProcessPoolExecutor, cf_process_pool_executor, CF_TYPE_EXECUTOR)

enum
{
  PROP_LAUNCHER = 1,
  PROP_MAX_TASKS_PER_WORKER,
  PROP_IDLE_TIMEOUT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static CfProcessPoolConfig *
get_config (CfProcessPoolExecutor *self)
{
  return cf_process_scheduler_get_config (self->scheduler);
}

static gboolean
has_begun (CfProcessPoolExecutor *self)
{
  return cf_process_scheduler_has_begun (self->scheduler);
}

/* Once, while the pool is constructed. */
static void
init_launcher (CfProcessPoolExecutor *self,
               CfWorkerLauncher      *launcher)
{
  g_autoptr(CfWorkerLauncher) usual = NULL;

  if (launcher == NULL)
    launcher = usual = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
  get_config (self)->launcher = cf_worker_launcher_copy_for_pool (launcher);
}

static void
cf_process_pool_executor_execute (CfExecutor *executor,
                                  CfFuture   *future)
{
  guint64 nth = cf_process_scheduler_submit (CF_PROCESS_POOL_EXECUTOR (executor)->scheduler, future);

  cf_counts_notifier_changed_in (cf_executor_get_notifier (executor), G_OBJECT (executor), nth % LOOK_INTERVAL == 0);
}

static void
cf_process_pool_executor_shutdown (CfExecutor      *executor,
                                   CfShutdownFlags  flags)
{
  CfProcessScheduler *scheduler = CF_PROCESS_POOL_EXECUTOR (executor)->scheduler;

  cf_process_scheduler_close (scheduler);
  if ((flags & CF_SHUTDOWN_CANCEL_PENDING) != 0)
    cf_process_scheduler_cancel_pending (scheduler);
  if ((flags & CF_SHUTDOWN_WAIT) != 0)
    cf_process_scheduler_join (scheduler);
}

static void
cf_process_pool_executor_get_counts (CfExecutor *executor,
                                     guint64    *n_pending,
                                     guint64    *n_running,
                                     guint64    *n_completed)
{
  cf_process_scheduler_get_counts (CF_PROCESS_POOL_EXECUTOR (executor)->scheduler, n_pending, n_running, n_completed);
}

static void
cf_process_pool_executor_add_description (CfExecutor   *executor,
                                          GVariantDict *description)
{
  cf_process_scheduler_describe (CF_PROCESS_POOL_EXECUTOR (executor)->scheduler, description);
}

static gboolean
cf_process_pool_executor_is_own_thread (CfExecutor *executor)
{
  return cf_process_scheduler_is_own_thread (CF_PROCESS_POOL_EXECUTOR (executor)->scheduler);
}

static CfFuture *
cf_process_pool_executor_when_drained (CfExecutor *executor)
{
  return cf_process_scheduler_when_drained (CF_PROCESS_POOL_EXECUTOR (executor)->scheduler);
}

static void
cf_process_pool_executor_constructed (GObject *object)
{
  static const CfExecutorThreads threads = {
    .is_own_thread = cf_process_pool_executor_is_own_thread,
    .when_drained = cf_process_pool_executor_when_drained,
  };
  CfProcessPoolExecutor *self = CF_PROCESS_POOL_EXECUTOR (object);
  CfExecutor *executor = CF_EXECUTOR (object);

  G_OBJECT_CLASS (cf_process_pool_executor_parent_class)->constructed (object);

  if (cf_executor_get_max_workers (executor) == 0)
    cf_executor_set_max_workers (executor, cf_cpu_count ());
  get_config (self)->max_workers = cf_executor_get_max_workers (executor);
  cf_executor_set_threads (executor, &threads, cf_process_scheduler_get_owner (self->scheduler));
}

static void
cf_process_pool_executor_get_property (GObject    *object,
                                       guint       property_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  CfProcessPoolExecutor *self = CF_PROCESS_POOL_EXECUTOR (object);

  switch (property_id)
    {
    case PROP_LAUNCHER:
      g_value_set_object (value, get_config (self)->launcher);
      break;

    case PROP_MAX_TASKS_PER_WORKER:
      g_value_set_uint (value, cf_process_pool_executor_get_max_tasks_per_worker (self));
      break;

    case PROP_IDLE_TIMEOUT:
      g_value_set_int64 (value, cf_process_pool_executor_get_idle_timeout (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_process_pool_executor_set_property (GObject      *object,
                                       guint         property_id,
                                       const GValue *value,
                                       GParamSpec   *pspec)
{
  CfProcessPoolExecutor *self = CF_PROCESS_POOL_EXECUTOR (object);

  switch (property_id)
    {
    case PROP_LAUNCHER:
      init_launcher (self, g_value_get_object (value));
      break;

    case PROP_MAX_TASKS_PER_WORKER:
      cf_process_pool_executor_set_max_tasks_per_worker (self, g_value_get_uint (value));
      break;

    case PROP_IDLE_TIMEOUT:
      cf_process_pool_executor_set_idle_timeout (self, g_value_get_int64 (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_process_pool_executor_finalize (GObject *object)
{
  cf_process_scheduler_unref (CF_PROCESS_POOL_EXECUTOR (object)->scheduler);

  G_OBJECT_CLASS (cf_process_pool_executor_parent_class)->finalize (object);
}

static void
cf_process_pool_executor_class_init (CfProcessPoolExecutorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CfExecutorClass *executor_class = CF_EXECUTOR_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->constructed = cf_process_pool_executor_constructed;
  object_class->get_property = cf_process_pool_executor_get_property;
  object_class->set_property = cf_process_pool_executor_set_property;
  object_class->finalize = cf_process_pool_executor_finalize;

  executor_class->execute = cf_process_pool_executor_execute;
  executor_class->shutdown = cf_process_pool_executor_shutdown;
  executor_class->get_counts = cf_process_pool_executor_get_counts;
  executor_class->add_description = cf_process_pool_executor_add_description;

  /**
   * CfProcessPoolExecutor:launcher: (getter get_launcher)
   *
   * How the workers are started.
   *
   * The pool keeps a copy of the launcher that it is made with, and has one for native workers if it is made with none.
   * Changing that launcher later does not change the pool.
   *
   * Since: 1.0
   */
  properties[PROP_LAUNCHER] =
    g_param_spec_object ("launcher", NULL, NULL, CF_TYPE_WORKER_LAUNCHER,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CfProcessPoolExecutor:max-tasks-per-worker: (getter get_max_tasks_per_worker) (setter set_max_tasks_per_worker)
   *
   * How many calls a worker makes before another one takes its place, or 0 if there is no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_TASKS_PER_WORKER] =
    g_param_spec_uint ("max-tasks-per-worker", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * CfProcessPoolExecutor:idle-timeout: (getter get_idle_timeout) (setter set_idle_timeout)
   *
   * After how many microseconds without work a worker ends, or -1 if it stays until the executor is shut down.
   *
   * Since: 1.0
   */
  properties[PROP_IDLE_TIMEOUT] =
    g_param_spec_int64 ("idle-timeout", NULL, NULL, -1, G_MAXINT64, -1, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_process_pool_executor_init (CfProcessPoolExecutor *self)
{
  self->scheduler = cf_process_scheduler_new (cf_executor_get_notifier (CF_EXECUTOR (self)));
}

/**
 * cf_process_pool_executor_new:
 * @max_workers: how many processes there may be, at most 32,767; 0 for the number of CPUs that this process may use
 *
 * Makes a pool whose workers run C functions. It has no processes yet.
 *
 * Returns: (transfer full) (type CfProcessPoolExecutor): an executor
 *
 * Since: 1.0
 */
CfExecutor *
cf_process_pool_executor_new (guint max_workers)
{
  return g_object_new (CF_TYPE_PROCESS_POOL_EXECUTOR,
                       "max-workers", MIN (max_workers, G_MAXINT16),
                       NULL);
}

/**
 * cf_process_pool_executor_new_with_launcher:
 * @max_workers: how many processes there may be, at most 32,767; 0 for the number of CPUs that this process may use
 * @launcher: (transfer none): describes how the workers are started; it is copied
 *
 * Makes a pool whose workers are started in a certain way. It has no processes yet.
 *
 * Returns: (transfer full) (type CfProcessPoolExecutor): an executor
 *
 * Since: 1.0
 */
CfExecutor *
cf_process_pool_executor_new_with_launcher (guint             max_workers,
                                            CfWorkerLauncher *launcher)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (launcher), NULL);

  return g_object_new (CF_TYPE_PROCESS_POOL_EXECUTOR,
                       "max-workers", MIN (max_workers, G_MAXINT16),
                       "launcher", launcher,
                       NULL);
}

/**
 * cf_process_pool_executor_get_launcher:
 * @self: a pool
 *
 * Gets how the workers are started.
 *
 * Returns: (transfer none): the pool's own launcher, which cannot be changed; [method@Cf.WorkerLauncher.copy] makes one
 *   that can
 *
 * Since: 1.0
 */
CfWorkerLauncher *
cf_process_pool_executor_get_launcher (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), NULL);

  return get_config (self)->launcher;
}

/**
 * cf_process_pool_executor_set_initializer:
 * @self: a pool to which nothing has been submitted yet
 * @initializer: (scope forever): what each worker calls before its first call
 * @args: (nullable): its arguments, whose floating reference is taken
 *
 * Sets a function that prepares each worker.
 *
 * What @initializer returns is dropped. If it fails, in any worker, the pool is broken: calls that have not begun, and
 * those that are submitted later, fail with `CF_ERROR_BROKEN_EXECUTOR` and its message.
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_initializer (CfProcessPoolExecutor *self,
                                          CfFunc                 initializer,
                                          GVariant              *args)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (initializer != NULL);
  g_return_if_fail (!has_begun (self));

  cf_call_clear (&get_config (self)->initializer);
  cf_call_init_func (&get_config (self)->initializer, initializer, args);
}

/**
 * cf_process_pool_executor_set_initializer_by_name:
 * @self: a pool to which nothing has been submitted yet
 * @function: the name of what each worker calls before its first call
 * @args: (nullable): its arguments, whose floating reference is taken
 *
 * Sets a function that prepares each worker, by its name: see [method@Cf.ProcessPoolExecutor.set_initializer].
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_initializer_by_name (CfProcessPoolExecutor *self,
                                                  const char            *function,
                                                  GVariant              *args)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (function != NULL);
  g_return_if_fail (!has_begun (self));

  cf_call_clear (&get_config (self)->initializer);
  cf_call_init_name (&get_config (self)->initializer, function, args);
}

/**
 * cf_process_pool_executor_get_max_tasks_per_worker:
 * @self: a pool
 *
 * Gets how many calls a worker makes before another one takes its place.
 *
 * Returns: the number of calls, or 0 if there is no limit
 *
 * Since: 1.0
 */
guint
cf_process_pool_executor_get_max_tasks_per_worker (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), 0);

  return get_config (self)->max_tasks_per_worker;
}

/**
 * cf_process_pool_executor_set_max_tasks_per_worker:
 * @self: a pool to which nothing has been submitted yet
 * @max_tasks: the number of calls, or 0 for no limit
 *
 * Sets how many calls a worker makes before another one takes its place.
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_max_tasks_per_worker (CfProcessPoolExecutor *self,
                                                   guint                  max_tasks)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (!has_begun (self));

  if (get_config (self)->max_tasks_per_worker == max_tasks)
    return;

  get_config (self)->max_tasks_per_worker = max_tasks;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_TASKS_PER_WORKER]);
}

/**
 * cf_process_pool_executor_get_idle_timeout:
 * @self: a pool
 *
 * Gets after how long without work a worker ends.
 *
 * Returns: the timeout in microseconds, or -1 if workers stay until the pool is shut down
 *
 * Since: 1.0
 */
gint64
cf_process_pool_executor_get_idle_timeout (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), -1);

  return cf_process_scheduler_get_idle_timeout (self->scheduler);
}

/**
 * cf_process_pool_executor_set_idle_timeout:
 * @self: a pool
 * @idle_timeout_usec: the timeout in microseconds, or -1 if workers are to stay until the pool is shut down
 *
 * Sets after how long without work a worker ends. That holds for workers that are idle now, too. It can be set at any
 * time, from any thread.
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_idle_timeout (CfProcessPoolExecutor *self,
                                           gint64                 idle_timeout_usec)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (idle_timeout_usec >= -1);

  if (cf_process_pool_executor_get_idle_timeout (self) == idle_timeout_usec)
    return;

  cf_process_scheduler_set_idle_timeout (self->scheduler, idle_timeout_usec);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IDLE_TIMEOUT]);
}

/**
 * cf_process_pool_executor_get_worker_pids:
 * @self: a pool
 * @n_pids: (out): return location for the number of processes
 *
 * Lists the processes that the pool has now, as it has started them. They come and go.
 *
 * Returns: (transfer full) (array length=n_pids): their process IDs
 *
 * Since: 1.0
 */
int *
cf_process_pool_executor_get_worker_pids (CfProcessPoolExecutor *self,
                                          gsize                 *n_pids)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), NULL);
  g_return_val_if_fail (n_pids != NULL, NULL);

  *n_pids = 0;
  if (cf_executor_is_left_behind (CF_EXECUTOR (self)))
    return g_new (int, 1);

  return cf_process_scheduler_get_pids (self->scheduler, n_pids);
}

/**
 * cf_process_pool_executor_await_end:
 * @self: a process pool that was shut down
 * @timeout_usec: how long to wait at most, in µs
 *
 * Waits for what cf_executor_shutdown() waits for, bit by bit. This is for a binding that looks for signals of the system
 * now and then.
 *
 * Returns: whether that is over
 */
gboolean
cf_process_pool_executor_await_end (CfExecutor *self,
                                    gint64      timeout_usec)
{
  return cf_executor_is_left_behind (self) ||
         cf_process_scheduler_wait_for_end (CF_PROCESS_POOL_EXECUTOR (self)->scheduler, timeout_usec);
}

/**
 * cf_process_pool_executor_await_closed:
 * @timeout_usec: how long to wait at most, in µs
 *
 * Waits until process pools that were shut down, or dropped, have no threads any more. This is for a binding whose
 * interpreter ends: those threads may free objects of its language.
 *
 * Returns: whether there are no such pools; otherwise, ask again
 */
gboolean
cf_process_pool_executor_await_closed (gint64 timeout_usec)
{
  return cf_process_scheduler_await_closed (timeout_usec);
}

static void
end_workers (CfProcessPoolExecutor *self,
             int                    signal_number)
{
  cf_executor_shutdown (CF_EXECUTOR (self), CF_SHUTDOWN_CANCEL_PENDING);

  /* The workers are the parent's. */
  if (cf_executor_is_left_behind (CF_EXECUTOR (self)))
    return;

  cf_process_scheduler_signal_workers (self->scheduler, signal_number);
}

/**
 * cf_process_pool_executor_terminate_workers:
 * @self: a pool
 *
 * Shuts the pool down, cancels the calls that have not begun, and ends the workers with `SIGTERM`, so that running
 * calls fail with `CF_ERROR_WORKER_DIED`. Does not wait.
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_terminate_workers (CfProcessPoolExecutor *self)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));

  end_workers (self, SIGTERM);
}

/**
 * cf_process_pool_executor_kill_workers:
 * @self: a pool
 *
 * Does what [method@Cf.ProcessPoolExecutor.terminate_workers] does, with `SIGKILL`.
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_kill_workers (CfProcessPoolExecutor *self)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));

  end_workers (self, SIGKILL);
}
