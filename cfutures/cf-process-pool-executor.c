/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfProcessPoolExecutor: an executor over a process scheduler, which has the processes and all that is difficult
 * (cf-process-scheduler.c). The scheduler outlives the executor for as long as there are calls to be made. */

#include "config.h"

#include "cf-process-pool-executor.h"

#include <signal.h>

#include <glib/gstdio.h>

#include "cf-cpu-count-private.h"
#include "cf-enum-types.h"
#include "cf-executor-private.h"
#include "cf-process-scheduler-private.h"

#define DEFAULT_START_TIMEOUT (10 * G_USEC_PER_SEC)

/* Every how many submissions to look whether anybody has begun to listen to the counts. */
#define LOOK_INTERVAL 64

/**
 * CfProcessPoolExecutor:
 *
 * An executor that makes calls in a pool of worker processes.
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
 *   …
 * }
 *
 * int
 * main (int argc, char **argv)
 * {
 *   cf_worker_init (&argc, &argv);    // first: in a worker it never returns
 *
 *   g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (0);
 *   g_autoptr(CfFuture) future = cf_executor_submit (executor, count_primes, g_variant_new_uint64 (1000000));
 *
 *   g_print ("%" G_GINT64_FORMAT "\n", cf_future_get_int64 (future, NULL));
 * }
 * ```
 *
 * Workers are started when they are needed, and reused before another one is started. Those that run functions of the
 * program, `static` ones too, are the program itself, started once more: its `main()` calls [func@Cf.Worker.init]
 * first. Functions of shared libraries run in a program that comes with CFutures. Other kinds of worker
 * ([property@Cf.ProcessPoolExecutor:worker-kind]) run Python or JavaScript, by name:
 *
 * ```c
 * cf_process_pool_executor_set_worker_kind (pool, CF_WORKER_KIND_PYTHON);
 * mean = cf_executor_submit_name (executor, "statistics:mean", g_variant_new_parsed ("([1, 2, 4],)"));
 * ```
 *
 * Calls begin by priority, and within one in the order of submission. Short calls are sent in batches; a call
 * that has been sent to a worker but has not begun is still pending: it can be cancelled, and moves on to another
 * worker that has nothing to do. Large values are written once, into shared memory that the other side maps; one that
 * has come that way and goes on is not written again.
 *
 * If a worker dies, only the call that it was making fails, with `CF_ERROR_WORKER_DIED`; its message says how the
 * process ended and what it said last on standard error. Another worker takes its place. A task's time limit, and
 * `CF_CANCEL_KILL`, kill the worker that makes the call. If workers die again and again before they have done anything
 * the pool is broken, and calls fail with `CF_ERROR_BROKEN_EXECUTOR`.
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
  PROP_WORKER_KIND = 1,
  PROP_WORKER_ARGV,
  PROP_INTERPRETER_ARGV,
  PROP_LAUNCHER_ARGV,
  PROP_ENVIRONMENT,
  PROP_WORKING_DIRECTORY,
  PROP_MAX_TASKS_PER_WORKER,
  PROP_IDLE_TIMEOUT,
  PROP_START_TIMEOUT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static CfProcessSchedulerConfig *
get_config (CfProcessPoolExecutor *self)
{
  return cf_process_scheduler_get_config (self->scheduler);
}

static gboolean
has_begun (CfProcessPoolExecutor *self)
{
  return cf_process_scheduler_has_begun (self->scheduler);
}

static void
cf_process_pool_executor_execute (CfExecutor *executor,
                                  CfFuture   *future)
{
  guint64 nth = cf_process_scheduler_submit (CF_PROCESS_POOL_EXECUTOR (executor)->scheduler, future);

  cf_counts_notifier_changed_in (cf_executor_get_notifier (executor), G_OBJECT (executor), nth % LOOK_INTERVAL == 0);
}

static void
cf_process_pool_executor_shutdown (CfExecutor *executor,
                                   gboolean    wait,
                                   gboolean    cancel_futures)
{
  cf_process_scheduler_shutdown (CF_PROCESS_POOL_EXECUTOR (executor)->scheduler, wait, cancel_futures);
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
cf_process_pool_executor_constructed (GObject *object)
{
  CfProcessPoolExecutor *self = CF_PROCESS_POOL_EXECUTOR (object);
  CfExecutor *executor = CF_EXECUTOR (object);

  G_OBJECT_CLASS (cf_process_pool_executor_parent_class)->constructed (object);

  if (cf_executor_get_max_workers (executor) == 0)
    cf_executor_set_max_workers (executor, cf_cpu_count ());
  get_config (self)->max_workers = cf_executor_get_max_workers (executor);
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
    case PROP_WORKER_KIND:
      g_value_set_enum (value, cf_process_pool_executor_get_worker_kind (self));
      break;

    case PROP_WORKER_ARGV:
      g_value_set_boxed (value, cf_process_pool_executor_get_worker_argv (self));
      break;

    case PROP_INTERPRETER_ARGV:
      g_value_set_boxed (value, cf_process_pool_executor_get_interpreter_argv (self));
      break;

    case PROP_LAUNCHER_ARGV:
      g_value_set_boxed (value, cf_process_pool_executor_get_launcher_argv (self));
      break;

    case PROP_ENVIRONMENT:
      g_value_set_boxed (value, cf_process_pool_executor_get_environment (self));
      break;

    case PROP_WORKING_DIRECTORY:
      g_value_set_string (value, cf_process_pool_executor_get_working_directory (self));
      break;

    case PROP_MAX_TASKS_PER_WORKER:
      g_value_set_uint (value, cf_process_pool_executor_get_max_tasks_per_worker (self));
      break;

    case PROP_IDLE_TIMEOUT:
      g_value_set_int64 (value, cf_process_pool_executor_get_idle_timeout (self));
      break;

    case PROP_START_TIMEOUT:
      g_value_set_int64 (value, cf_process_pool_executor_get_start_timeout (self));
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
    case PROP_WORKER_KIND:
      cf_process_pool_executor_set_worker_kind (self, g_value_get_enum (value));
      break;

    case PROP_WORKER_ARGV:
      cf_process_pool_executor_set_worker_argv (self, g_value_get_boxed (value));
      break;

    case PROP_INTERPRETER_ARGV:
      cf_process_pool_executor_set_interpreter_argv (self, g_value_get_boxed (value));
      break;

    case PROP_LAUNCHER_ARGV:
      cf_process_pool_executor_set_launcher_argv (self, g_value_get_boxed (value));
      break;

    case PROP_ENVIRONMENT:
      cf_process_pool_executor_set_environment (self, g_value_get_boxed (value));
      break;

    case PROP_WORKING_DIRECTORY:
      cf_process_pool_executor_set_working_directory (self, g_value_get_string (value));
      break;

    case PROP_MAX_TASKS_PER_WORKER:
      cf_process_pool_executor_set_max_tasks_per_worker (self, g_value_get_uint (value));
      break;

    case PROP_IDLE_TIMEOUT:
      cf_process_pool_executor_set_idle_timeout (self, g_value_get_int64 (value));
      break;

    case PROP_START_TIMEOUT:
      cf_process_pool_executor_set_start_timeout (self, g_value_get_int64 (value));
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

  /**
   * CfProcessPoolExecutor:worker-kind: (getter get_worker_kind) (setter set_worker_kind)
   *
   * What the workers are.
   *
   * Since: 1.0
   */
  properties[PROP_WORKER_KIND] =
    g_param_spec_enum ("worker-kind", NULL, NULL, CF_TYPE_WORKER_KIND, CF_WORKER_KIND_NATIVE, flags);

  /**
   * CfProcessPoolExecutor:worker-argv: (getter get_worker_argv) (setter set_worker_argv)
   *
   * The command that a worker is started with, instead of the one that [property@Cf.ProcessPoolExecutor:worker-kind]
   * stands for; one more argument is added, which [ctor@Cf.Worker.new] takes. A native worker that is to run functions
   * of this program has to be the same build of it.
   *
   * Since: 1.0
   */
  properties[PROP_WORKER_ARGV] =
    g_param_spec_boxed ("worker-argv", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * CfProcessPoolExecutor:interpreter-argv: (getter get_interpreter_argv) (setter set_interpreter_argv)
   *
   * The command that runs the script of workers for Python or JavaScript, instead of the system's Python or `gjs`: the
   * Python of a virtual environment, with options. It has to find GObject Introspection and CFutures.
   *
   * A Python program need not set it: its workers run the Python that runs the program.
   *
   * Since: 1.0
   */
  properties[PROP_INTERPRETER_ARGV] =
    g_param_spec_boxed ("interpreter-argv", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * CfProcessPoolExecutor:launcher-argv: (getter get_launcher_argv) (setter set_launcher_argv)
   *
   * A command that goes before that of the worker and starts it: a sandbox, `nice`, a debugger. It has to pass
   * on the descriptors that it inherits, and to end when the worker does. What is said of the worker's process (its
   * number, how it ended) is then said of the launcher's, unless that becomes the worker as `nice` does.
   *
   * Since: 1.0
   */
  properties[PROP_LAUNCHER_ARGV] =
    g_param_spec_boxed ("launcher-argv", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * CfProcessPoolExecutor:environment: (getter get_environment) (setter set_environment)
   *
   * The environment of the workers, as `VARIABLE=value`, or %NULL for that of this process.
   *
   * Since: 1.0
   */
  properties[PROP_ENVIRONMENT] =
    g_param_spec_boxed ("environment", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * CfProcessPoolExecutor:working-directory: (getter get_working_directory) (setter set_working_directory)
   *
   * The working directory of the workers, or %NULL for that of this process.
   *
   * Since: 1.0
   */
  properties[PROP_WORKING_DIRECTORY] =
    g_param_spec_string ("working-directory", NULL, NULL, NULL, flags);

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

  /**
   * CfProcessPoolExecutor:start-timeout: (getter get_start_timeout) (setter set_start_timeout)
   *
   * How many microseconds a worker may take to get ready, or to begin a call when it has no other: one that takes longer
   * hangs, and is killed. -1 if there is no limit.
   *
   * Since: 1.0
   */
  properties[PROP_START_TIMEOUT] =
    g_param_spec_int64 ("start-timeout", NULL, NULL, -1, G_MAXINT64, DEFAULT_START_TIMEOUT, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_process_pool_executor_init (CfProcessPoolExecutor *self)
{
  self->scheduler = cf_process_scheduler_new (cf_executor_get_notifier (CF_EXECUTOR (self)));
  get_config (self)->start_timeout_usec = DEFAULT_START_TIMEOUT;
}

/**
 * cf_process_pool_executor_new:
 * @max_workers: how many processes there may be, at most 32,767; 0 for the number of CPUs that this process may use
 *
 * Makes a pool, which has no processes yet.
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
 * cf_process_pool_executor_get_worker_kind:
 * @self: a pool
 *
 * Returns: what its workers are
 *
 * Since: 1.0
 */
CfWorkerKind
cf_process_pool_executor_get_worker_kind (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), CF_WORKER_KIND_NATIVE);

  return get_config (self)->worker.kind;
}

/**
 * cf_process_pool_executor_set_worker_kind:
 * @self: a pool to which nothing has been submitted yet
 * @kind: what its workers are
 *
 * Sets [property@Cf.ProcessPoolExecutor:worker-kind].
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_worker_kind (CfProcessPoolExecutor *self,
                                          CfWorkerKind           kind)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (!has_begun (self));

  if (get_config (self)->worker.kind == kind)
    return;

  get_config (self)->worker.kind = kind;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WORKER_KIND]);
}

static void
set_strv (CfProcessPoolExecutor  *self,
          char                 ***field,
          const char *const      *strv,
          guint                   property)
{
  g_strfreev (*field);
  *field = g_strdupv ((char **) strv);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/**
 * cf_process_pool_executor_get_worker_argv:
 * @self: a pool
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the command that a worker is started with, or %NULL for
 *   that of the pool's kind
 *
 * Since: 1.0
 */
const char * const *
cf_process_pool_executor_get_worker_argv (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), NULL);

  return (const char *const *) get_config (self)->worker.worker_argv;
}

/**
 * cf_process_pool_executor_set_worker_argv:
 * @self: a pool to which nothing has been submitted yet
 * @argv: (nullable) (array zero-terminated=1): the command that a worker is started with, or %NULL
 *
 * Sets [property@Cf.ProcessPoolExecutor:worker-argv].
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_worker_argv (CfProcessPoolExecutor *self,
                                          const char * const    *argv)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (argv == NULL || argv[0] != NULL);
  g_return_if_fail (!has_begun (self));

  set_strv (self, &get_config (self)->worker.worker_argv, argv, PROP_WORKER_ARGV);
}

/**
 * cf_process_pool_executor_get_interpreter_argv:
 * @self: a pool
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the command that runs the script of workers for Python or
 *   JavaScript, or %NULL for the system's
 *
 * Since: 1.0
 */
const char * const *
cf_process_pool_executor_get_interpreter_argv (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), NULL);

  return (const char *const *) get_config (self)->worker.interpreter_argv;
}

/**
 * cf_process_pool_executor_set_interpreter_argv:
 * @self: a pool to which nothing has been submitted yet
 * @argv: (nullable) (array zero-terminated=1): the command that runs the script of workers for Python or JavaScript, or
 *   %NULL
 *
 * Sets [property@Cf.ProcessPoolExecutor:interpreter-argv].
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_interpreter_argv (CfProcessPoolExecutor *self,
                                               const char * const    *argv)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (argv == NULL || argv[0] != NULL);
  g_return_if_fail (!has_begun (self));

  set_strv (self, &get_config (self)->worker.interpreter_argv, argv, PROP_INTERPRETER_ARGV);
}

/**
 * cf_process_pool_executor_get_launcher_argv:
 * @self: a pool
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the command that starts the workers' own
 *
 * Since: 1.0
 */
const char * const *
cf_process_pool_executor_get_launcher_argv (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), NULL);

  return (const char *const *) get_config (self)->worker.launcher_argv;
}

/**
 * cf_process_pool_executor_set_launcher_argv:
 * @self: a pool to which nothing has been submitted yet
 * @argv: (nullable) (array zero-terminated=1): the command that starts the workers' own, or %NULL
 *
 * Sets [property@Cf.ProcessPoolExecutor:launcher-argv].
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_launcher_argv (CfProcessPoolExecutor *self,
                                            const char * const    *argv)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (!has_begun (self));

  set_strv (self, &get_config (self)->worker.launcher_argv, argv, PROP_LAUNCHER_ARGV);
}

/**
 * cf_process_pool_executor_get_environment:
 * @self: a pool
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the environment of its workers, or %NULL for that of
 *   this process
 *
 * Since: 1.0
 */
const char * const *
cf_process_pool_executor_get_environment (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), NULL);

  return (const char *const *) get_config (self)->worker.environment;
}

/**
 * cf_process_pool_executor_set_environment:
 * @self: a pool to which nothing has been submitted yet
 * @environment: (nullable) (array zero-terminated=1): `VARIABLE=value` strings, or %NULL
 *
 * Sets [property@Cf.ProcessPoolExecutor:environment].
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_environment (CfProcessPoolExecutor *self,
                                          const char * const    *environment)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (!has_begun (self));

  set_strv (self, &get_config (self)->worker.environment, environment, PROP_ENVIRONMENT);
}

/**
 * cf_process_pool_executor_get_working_directory:
 * @self: a pool
 *
 * Returns: (nullable): the working directory of its workers, or %NULL for that of this process
 *
 * Since: 1.0
 */
const char *
cf_process_pool_executor_get_working_directory (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), NULL);

  return get_config (self)->worker.working_directory;
}

/**
 * cf_process_pool_executor_set_working_directory:
 * @self: a pool to which nothing has been submitted yet
 * @path: (nullable) (type filename): a directory, or %NULL
 *
 * Sets [property@Cf.ProcessPoolExecutor:working-directory].
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_working_directory (CfProcessPoolExecutor *self,
                                                const char            *path)
{
  CfWorkerSettings *settings;

  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (!has_begun (self));

  settings = &get_config (self)->worker;
  if (g_strcmp0 (settings->working_directory, path) == 0)
    return;

  g_free (settings->working_directory);
  settings->working_directory = g_strdup (path);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WORKING_DIRECTORY]);
}

static void
replace_descriptor (int *field,
                    int  descriptor)
{
  if (*field >= 0)
    g_close (*field, NULL);
  *field = descriptor;
}

/**
 * cf_process_pool_executor_take_stdout_fd:
 * @self: a pool to which nothing has been submitted yet
 * @descriptor: where the standard output of the workers goes, or -1 to let them inherit that of this
 *   process
 *
 * Sends the standard output of the workers somewhere else. The pool owns @descriptor then.
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_take_stdout_fd (CfProcessPoolExecutor *self,
                                         int                    descriptor)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (!has_begun (self));

  replace_descriptor (&get_config (self)->worker.stdout_descriptor, descriptor);
}

/**
 * cf_process_pool_executor_take_stderr_fd:
 * @self: a pool to which nothing has been submitted yet
 * @descriptor: where the standard error of the workers goes, or -1 to let them inherit that of this
 *   process
 *
 * Sends the standard error of the workers somewhere else. The pool owns @descriptor then. It passes the text on, in
 * order to keep a worker's last words.
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_take_stderr_fd (CfProcessPoolExecutor *self,
                                         int                    descriptor)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (!has_begun (self));

  replace_descriptor (&get_config (self)->worker.stderr_descriptor, descriptor);
}

/**
 * cf_process_pool_executor_set_initializer:
 * @self: a pool to which nothing has been submitted yet
 * @initializer: (scope forever): what each worker calls before its first call
 * @args: (nullable): its arguments, whose floating reference is taken
 *
 * Has each worker prepared. What @initializer returns is dropped; if it fails, in any worker, the pool is broken: calls that have not begun, and
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
 * cf_process_pool_executor_set_initializer_name:
 * @self: a pool to which nothing has been submitted yet
 * @function: the name of what each worker calls before its first call
 * @args: (nullable): its arguments, whose floating reference is taken
 *
 * Has each worker prepared, as [method@Cf.ProcessPoolExecutor.set_initializer] does, by a function that is called by
 * name.
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_initializer_name (CfProcessPoolExecutor *self,
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
 * Returns: how many calls a worker makes before another one takes its place, or 0
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
 * @max_tasks: how many calls a worker makes before another one takes its place, or 0
 *
 * Sets [property@Cf.ProcessPoolExecutor:max-tasks-per-worker].
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
 * Returns: after how many microseconds without work a worker ends, or -1
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
 * @idle_timeout_usec: after how many microseconds without work a worker ends, or -1
 *
 * Sets [property@Cf.ProcessPoolExecutor:idle-timeout], also for workers that are idle now.
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
 * cf_process_pool_executor_get_start_timeout:
 * @self: a pool
 *
 * Returns: how many microseconds a worker may take to get ready or to begin a call, or -1
 *
 * Since: 1.0
 */
gint64
cf_process_pool_executor_get_start_timeout (CfProcessPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), -1);

  return get_config (self)->start_timeout_usec;
}

/**
 * cf_process_pool_executor_set_start_timeout:
 * @self: a pool to which nothing has been submitted yet
 * @start_timeout_usec: how many microseconds a worker may take to get ready or to begin a call, or -1
 *
 * Sets [property@Cf.ProcessPoolExecutor:start-timeout].
 *
 * Since: 1.0
 */
void
cf_process_pool_executor_set_start_timeout (CfProcessPoolExecutor *self,
                                            gint64                 start_timeout_usec)
{
  g_return_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self));
  g_return_if_fail (start_timeout_usec >= -1);
  g_return_if_fail (!has_begun (self));

  if (get_config (self)->start_timeout_usec == start_timeout_usec)
    return;

  get_config (self)->start_timeout_usec = start_timeout_usec;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_START_TIMEOUT]);
}

/**
 * cf_process_pool_executor_get_worker_pids:
 * @self: a pool
 * @n_pids: (out): how many there are
 *
 * The processes that the pool has now, as it has started them. They come and go.
 *
 * Returns: (transfer full) (array length=n_pids): their numbers
 *
 * Since: 1.0
 */
int *
cf_process_pool_executor_get_worker_pids (CfProcessPoolExecutor *self,
                                          gsize                 *n_pids)
{
  g_return_val_if_fail (CF_IS_PROCESS_POOL_EXECUTOR (self), NULL);
  g_return_val_if_fail (n_pids != NULL, NULL);

  return cf_process_scheduler_get_pids (self->scheduler, n_pids);
}

static void
end_workers (CfProcessPoolExecutor *self,
             int                    signal_number)
{
  cf_executor_shutdown (CF_EXECUTOR (self), FALSE, TRUE);
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
