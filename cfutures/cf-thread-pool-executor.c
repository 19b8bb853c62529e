/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfThreadPoolExecutor: an executor over a scheduler, which has the threads and all that is difficult
 * (cf-scheduler.c). The scheduler outlives the executor for as long as there are calls to be made. */

#include "config.h"

#include "cf-thread-pool-executor.h"

#include "cf-cpu-count-private.h"
#include "cf-executor-private.h"
#include "cf-scheduler-private.h"

#define DEFAULT_THREAD_NAME_PREFIX "cf-pool"

/* Every how many submissions to look whether anybody has begun to listen to the counts. */
#define LOOK_INTERVAL 64

/**
 * CfThreadPoolExecutor:
 *
 * An executor that makes calls in a pool of threads.
 *
 * ```c
 * g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (0);
 * g_autoptr(CfFuture) future = cf_executor_submit_local (executor, load_image, path, g_free);
 * ```
 *
 * Threads are started when they are needed, and reused before another one is started; they end when the
 * executor is shut down, or after [property@Cf.ThreadPoolExecutor:idle-timeout]. Calls begin by priority, and
 * within one in the order in which they were submitted; those that a call submits are made by the same thread
 * first, unless another one is free.
 *
 * A call may wait for other calls of the same pool: one that has not begun is made right there, by the thread
 * that waits for it, so that even a pool of one thread never deadlocks. While a thread waits for something else
 * in a function of this library another one takes its place, so that [property@Cf.Executor:max-workers] of them
 * are working; when the first one goes on, one too many may be working for the rest of a call. There are at
 * most 256 such substitutes; with more calls waiting than that, waits that have a limit make the call
 * themselves too.
 *
 * Since: 1.0
 */
struct _CfThreadPoolExecutor
{
  CfExecutor   parent_instance;

  CfScheduler *scheduler;
  char        *thread_name_prefix;
  gint64       idle_timeout_usec;
};

G_DEFINE_FINAL_TYPE (CfThreadPoolExecutor, cf_thread_pool_executor, CF_TYPE_EXECUTOR)

enum
{
  PROP_THREAD_NAME_PREFIX = 1,
  PROP_IDLE_TIMEOUT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
cf_thread_pool_executor_execute (CfExecutor *executor,
                                 CfFuture   *future)
{
  guint64 nth = cf_scheduler_submit (CF_THREAD_POOL_EXECUTOR (executor)->scheduler, future);

  cf_counts_notifier_changed_in (cf_executor_get_notifier (executor), G_OBJECT (executor),
                                 nth % LOOK_INTERVAL == 0);
}

static void
cf_thread_pool_executor_shutdown (CfExecutor *executor,
                                  gboolean    wait,
                                  gboolean    cancel_futures)
{
  cf_scheduler_shutdown (CF_THREAD_POOL_EXECUTOR (executor)->scheduler, wait, cancel_futures);
}

static void
cf_thread_pool_executor_get_counts (CfExecutor *executor,
                                    guint64    *n_pending,
                                    guint64    *n_running,
                                    guint64    *n_completed)
{
  cf_scheduler_get_counts (CF_THREAD_POOL_EXECUTOR (executor)->scheduler, n_pending, n_running, n_completed);
}

static void
cf_thread_pool_executor_constructed (GObject *object)
{
  CfThreadPoolExecutor *self = CF_THREAD_POOL_EXECUTOR (object);
  CfExecutor *executor = CF_EXECUTOR (object);

  G_OBJECT_CLASS (cf_thread_pool_executor_parent_class)->constructed (object);

  if (cf_executor_get_max_workers (executor) == 0)
    cf_executor_set_max_workers (executor, MIN (32, cf_cpu_count () + 4));

  if (self->thread_name_prefix == NULL)
    self->thread_name_prefix = g_strdup (DEFAULT_THREAD_NAME_PREFIX);

  self->scheduler = cf_scheduler_new (cf_executor_get_max_workers (executor),
                                      self->thread_name_prefix,
                                      cf_executor_get_notifier (executor));
  cf_scheduler_set_idle_timeout (self->scheduler, self->idle_timeout_usec);
}

static void
cf_thread_pool_executor_get_property (GObject    *object,
                                      guint       property_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  CfThreadPoolExecutor *self = CF_THREAD_POOL_EXECUTOR (object);

  switch (property_id)
    {
    case PROP_THREAD_NAME_PREFIX:
      g_value_set_string (value, cf_thread_pool_executor_get_thread_name_prefix (self));
      break;

    case PROP_IDLE_TIMEOUT:
      g_value_set_int64 (value, self->idle_timeout_usec);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_thread_pool_executor_set_property (GObject      *object,
                                      guint         property_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  CfThreadPoolExecutor *self = CF_THREAD_POOL_EXECUTOR (object);

  switch (property_id)
    {
    case PROP_THREAD_NAME_PREFIX:
      self->thread_name_prefix = g_value_dup_string (value);
      break;

    case PROP_IDLE_TIMEOUT:
      cf_thread_pool_executor_set_idle_timeout (self, g_value_get_int64 (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_thread_pool_executor_finalize (GObject *object)
{
  CfThreadPoolExecutor *self = CF_THREAD_POOL_EXECUTOR (object);

  cf_scheduler_unref (self->scheduler);
  g_free (self->thread_name_prefix);

  G_OBJECT_CLASS (cf_thread_pool_executor_parent_class)->finalize (object);
}

static void
cf_thread_pool_executor_class_init (CfThreadPoolExecutorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CfExecutorClass *executor_class = CF_EXECUTOR_CLASS (klass);

  object_class->constructed = cf_thread_pool_executor_constructed;
  object_class->get_property = cf_thread_pool_executor_get_property;
  object_class->set_property = cf_thread_pool_executor_set_property;
  object_class->finalize = cf_thread_pool_executor_finalize;

  executor_class->execute = cf_thread_pool_executor_execute;
  executor_class->shutdown = cf_thread_pool_executor_shutdown;
  executor_class->get_counts = cf_thread_pool_executor_get_counts;

  /**
   * CfThreadPoolExecutor:thread-name-prefix: (getter get_thread_name_prefix)
   *
   * What the names of the threads begin with. A dash and a number follow; as Linux shows 15 characters of
   * a thread's name, the prefix is cut to leave room for them.
   *
   * Since: 1.0
   */
  properties[PROP_THREAD_NAME_PREFIX] =
    g_param_spec_string ("thread-name-prefix", NULL, NULL,
                         DEFAULT_THREAD_NAME_PREFIX,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CfThreadPoolExecutor:idle-timeout: (getter get_idle_timeout) (setter set_idle_timeout)
   *
   * After how many microseconds without work a thread ends, or -1 if it stays until the executor is shut down.
   *
   * Since: 1.0
   */
  properties[PROP_IDLE_TIMEOUT] =
    g_param_spec_int64 ("idle-timeout", NULL, NULL,
                        -1, G_MAXINT64, -1,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_thread_pool_executor_init (CfThreadPoolExecutor *self)
{
  self->idle_timeout_usec = -1;
}

/**
 * cf_thread_pool_executor_new:
 * @max_workers: how many calls may run at a time, at most 32,767; 0 for the number of CPUs that this process may
 *   use plus 4, but not more than 32
 *
 * Makes a pool, which has no threads yet.
 *
 * Returns: (transfer full) (type CfThreadPoolExecutor): an executor
 *
 * Since: 1.0
 */
CfExecutor *
cf_thread_pool_executor_new (guint max_workers)
{
  return g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                       "max-workers", MIN (max_workers, G_MAXINT16),
                       NULL);
}

/**
 * cf_thread_pool_executor_set_initializer:
 * @self: a pool to which nothing has been submitted yet
 * @initializer: (scope notified) (nullable): what each thread calls before its first call
 * @user_data: passed to @initializer
 * @destroy: (nullable): frees @user_data
 *
 * Has each thread prepared. If @initializer fails, in any thread, the pool is broken: calls that have not
 * begun, and those that are submitted later, fail with `CF_ERROR_BROKEN_EXECUTOR` and its message.
 *
 * Since: 1.0
 */
void
cf_thread_pool_executor_set_initializer (CfThreadPoolExecutor *self,
                                         CfThreadInitializer   initializer,
                                         gpointer              user_data,
                                         GDestroyNotify        destroy)
{
  CfSchedulerConfig *config;

  g_return_if_fail (CF_IS_THREAD_POOL_EXECUTOR (self));
  g_return_if_fail (!cf_scheduler_has_begun (self->scheduler));

  config = cf_scheduler_get_config (self->scheduler);
  if (config->initializer_destroy != NULL)
    config->initializer_destroy (config->initializer_data);

  config->initializer = initializer;
  config->initializer_data = user_data;
  config->initializer_destroy = destroy;
}

/**
 * cf_thread_pool_executor_get_thread_name_prefix:
 * @self: a pool
 *
 * Returns: what the names of the threads begin with
 *
 * Since: 1.0
 */
const char *
cf_thread_pool_executor_get_thread_name_prefix (CfThreadPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_THREAD_POOL_EXECUTOR (self), NULL);

  return self->thread_name_prefix;
}

/**
 * cf_thread_pool_executor_get_idle_timeout:
 * @self: a pool
 *
 * Returns: after how many microseconds without work a thread ends, or -1
 *
 * Since: 1.0
 */
gint64
cf_thread_pool_executor_get_idle_timeout (CfThreadPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_THREAD_POOL_EXECUTOR (self), -1);

  return self->idle_timeout_usec;
}

/**
 * cf_thread_pool_executor_set_idle_timeout:
 * @self: a pool
 * @idle_timeout_usec: after how many microseconds without work a thread ends, or -1
 *
 * Sets [property@Cf.ThreadPoolExecutor:idle-timeout], also for threads that are idle now.
 *
 * Since: 1.0
 */
void
cf_thread_pool_executor_set_idle_timeout (CfThreadPoolExecutor *self,
                                          gint64                idle_timeout_usec)
{
  g_return_if_fail (CF_IS_THREAD_POOL_EXECUTOR (self));
  g_return_if_fail (idle_timeout_usec >= -1);

  if (self->idle_timeout_usec == idle_timeout_usec)
    return;

  self->idle_timeout_usec = idle_timeout_usec;
  if (self->scheduler != NULL)
    cf_scheduler_set_idle_timeout (self->scheduler, idle_timeout_usec);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IDLE_TIMEOUT]);
}
