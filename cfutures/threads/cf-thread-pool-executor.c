/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfThreadPoolExecutor: the public type over a CfThreadPool, which has the threads and all that is difficult
 * (cf-thread-pool.c). The pool outlives the executor for as long as there are calls to be made. */

#include "config.h"

#include "cf-thread-pool-executor.h"

#include "base/cf-cpu-count-private.h"
#include "cf-bindings-private.h"
#include "executors/cf-executor-private.h"
#include "threads/cf-pool-counts-private.h"
#include "threads/cf-pool-description-private.h"
#include "threads/cf-pool-draining-private.h"
#include "threads/cf-pool-loop-private.h"
#include "threads/cf-pool-shutdown-private.h"
#include "threads/cf-pool-submission-private.h"
#include "threads/cf-thread-pool-private.h"

#define DEFAULT_THREAD_NAME_PREFIX "cf-pool"
#define DEFAULT_MAX_SUBSTITUTES    256

/* Every how many submissions to look whether anything has begun to listen to the counts. */
#define LOOK_INTERVAL 64

/**
 * CfThreadPoolExecutor:
 *
 * An executor that runs calls in a pool of threads.
 *
 * ```c
 * g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (0);
 * g_autoptr(CfFuture) future = cf_executor_submit_local (executor, load_image, path, g_free);
 * ```
 *
 * Threads are started when they are needed, and reused before another one is started; they end when the
 * executor is shut down, or after [property@Cf.ThreadPoolExecutor:idle-timeout]. Calls begin by priority, and
 * within one in the order in which they were submitted; those that a call submits are made by the same thread
 * first, unless another one is free. If the system refuses to start the only thread of a pool, the calls that wait for
 * it fail with a `G_THREAD_ERROR`; later ones try again.
 *
 * ## Calls that wait
 *
 * A call may wait for other calls of the same pool: one that has not begun is made right there, by the thread
 * that waits for it, so that even a pool of one thread never deadlocks. While a thread waits for something else
 * in a function of this library, or with a timeout or a cancellable, another one stands in for it, so that
 * [property@Cf.Executor:max-workers] of them are working. It first runs the calls that the waiting one waits for; so
 * these do not wait for others of the pool, which may want a lock that the waiting thread holds. When that thread goes
 * on, one too many may be working for the rest of a call; substitutes that are no longer needed end after a second.
 *
 * [property@Cf.ThreadPoolExecutor:max-substitutes] says how many threads may stand in. With more calls waiting than
 * that, waits with a timeout or a cancellable make the call themselves too, and may take longer than their timeout.
 *
 * Since: 1.0
 */
struct _CfThreadPoolExecutor
{
  CfExecutor    parent_instance;

  CfThreadPool *pool;
  char         *thread_name_prefix;
  guint         max_substitutes;
  gint64        idle_timeout_usec;
};

G_DEFINE_FINAL_TYPE (CfThreadPoolExecutor, cf_thread_pool_executor, CF_TYPE_EXECUTOR)

enum
{
  PROP_THREAD_NAME_PREFIX = 1,
  PROP_IDLE_TIMEOUT,
  PROP_MAX_SUBSTITUTES,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
cf_thread_pool_executor_execute (CfExecutor *executor,
                                 CfFuture   *future)
{
  guint64 nth = cf_pool_submit (CF_THREAD_POOL_EXECUTOR (executor)->pool, future);

  cf_counts_notifier_changed_in (cf_executor_get_notifier (executor), G_OBJECT (executor),
                                 nth % LOOK_INTERVAL == 0);
}

static void
cf_thread_pool_executor_shutdown (CfExecutor      *executor,
                                  CfShutdownFlags  flags)
{
  cf_pool_shut_down (CF_THREAD_POOL_EXECUTOR (executor)->pool, flags);
}

static void
cf_thread_pool_executor_get_counts (CfExecutor *executor,
                                    guint64    *n_pending,
                                    guint64    *n_running,
                                    guint64    *n_completed)
{
  cf_pool_get_counts (CF_THREAD_POOL_EXECUTOR (executor)->pool, n_pending, n_running, n_completed);
}

static void
cf_thread_pool_executor_add_description (CfExecutor   *executor,
                                         GVariantDict *description)
{
  cf_pool_describe (CF_THREAD_POOL_EXECUTOR (executor)->pool, description);
}

static gboolean
cf_thread_pool_executor_is_own_thread (CfExecutor *executor)
{
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();

  return hooks != NULL && hooks->owner == CF_THREAD_POOL_EXECUTOR (executor)->pool;
}

static CfFuture *
cf_thread_pool_executor_when_drained (CfExecutor *executor)
{
  return cf_pool_when_drained (CF_THREAD_POOL_EXECUTOR (executor)->pool);
}

static void
set_idle_timeout (CfThreadPoolExecutor *self,
                  gint64                idle_timeout_usec)
{
  atomic_store_explicit (&self->pool->idle_timeout_usec, idle_timeout_usec, memory_order_relaxed);
  cf_thread_roster_wake_all_idle (&self->pool->roster);
}

static void
cf_thread_pool_executor_constructed (GObject *object)
{
  static const CfExecutorThreads threads = {
    .is_own_thread = cf_thread_pool_executor_is_own_thread,
    .when_drained = cf_thread_pool_executor_when_drained,
  };
  CfThreadPoolExecutor *self = CF_THREAD_POOL_EXECUTOR (object);
  CfExecutor *executor = CF_EXECUTOR (object);

  G_OBJECT_CLASS (cf_thread_pool_executor_parent_class)->constructed (object);

  if (cf_executor_get_max_workers (executor) == 0)
    cf_executor_set_max_workers (executor, MIN (32, cf_cpu_count () + 4));

  if (self->thread_name_prefix == NULL)
    self->thread_name_prefix = g_strdup (DEFAULT_THREAD_NAME_PREFIX);

  self->pool = cf_thread_pool_new (cf_executor_get_max_workers (executor), self->max_substitutes,
                                   self->thread_name_prefix, cf_pool_loop,
                                   cf_executor_get_notifier (executor));
  cf_pool_count_withdrawals (self->pool);
  set_idle_timeout (self, self->idle_timeout_usec);
  cf_executor_set_threads (executor, &threads, &self->pool->owner);
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

    case PROP_MAX_SUBSTITUTES:
      g_value_set_uint (value, self->max_substitutes);
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

    case PROP_MAX_SUBSTITUTES:
      cf_thread_pool_executor_set_max_substitutes (self, g_value_get_uint (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_thread_pool_executor_finalize (GObject *object)
{
  CfThreadPoolExecutor *self = CF_THREAD_POOL_EXECUTOR (object);

  cf_thread_pool_unref (self->pool);
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
  executor_class->add_description = cf_thread_pool_executor_add_description;

  /**
   * CfThreadPoolExecutor:thread-name-prefix: (getter get_thread_name_prefix)
   *
   * What the names of the threads begin with, as debuggers, `top -H` and `ps -L` show them.
   *
   * A dash and a number follow. As Linux shows 15 characters of a thread's name, the prefix is cut to leave room for
   * them.
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
   * The time in microseconds after which a thread without work ends, or -1 if it stays until the executor is shut down.
   *
   * Threads that stand in for others that wait, and are no longer needed, end after a second in any case.
   *
   * Since: 1.0
   */
  properties[PROP_IDLE_TIMEOUT] =
    g_param_spec_int64 ("idle-timeout", NULL, NULL,
                        -1, G_MAXINT64, -1,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CfThreadPoolExecutor:max-substitutes: (getter get_max_substitutes) (setter set_max_substitutes)
   *
   * How many threads may stand in for threads whose calls wait, beyond [property@Cf.Executor:max-workers].
   *
   * There are never more threads than both together. When that many are waiting, and there is something else to do, a
   * warning says so once; the pool goes on when one of them comes back. Calls may then wait for each other for ever, if
   * they wait for something other than calls of the same pool; so a small limit is right where calls seldom wait.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_SUBSTITUTES] =
    g_param_spec_uint ("max-substitutes", NULL, NULL,
                       0, G_MAXINT16, DEFAULT_MAX_SUBSTITUTES,
                       G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_thread_pool_executor_init (CfThreadPoolExecutor *self)
{
  self->idle_timeout_usec = -1;
  self->max_substitutes = DEFAULT_MAX_SUBSTITUTES;
}

/**
 * cf_thread_pool_executor_new:
 * @max_workers: how many calls may run at a time, at most 32,767; 0 for the number of CPUs that this process may
 *   use plus 4, but not more than 32
 *
 * Creates a pool of threads, which has no threads yet.
 *
 * Give other properties than @max_workers to [ctor@GObject.Object.new].
 *
 * Returns: (transfer full) (type CfThreadPoolExecutor): the executor
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
 * @self: a thread pool to which nothing has been submitted yet
 * @initializer: (scope notified) (nullable): the function that each thread runs before its first call, in that thread
 * @user_data: passed to @initializer
 * @destroy: (nullable): frees @user_data when the last thread has ended
 *
 * Sets a function that prepares each thread of the pool. If @initializer fails, in any thread, the pool is broken:
 * calls that have not begun, and those that are submitted later, fail with `CF_ERROR_BROKEN_EXECUTOR` and its message.
 *
 * Since: 1.0
 */
void
cf_thread_pool_executor_set_initializer (CfThreadPoolExecutor *self,
                                         CfThreadInitializer   initializer,
                                         gpointer              user_data,
                                         GDestroyNotify        destroy)
{
  g_return_if_fail (CF_IS_THREAD_POOL_EXECUTOR (self));
  g_return_if_fail (!cf_thread_pool_has_begun (self->pool));

  cf_thread_pool_set_initializer (self->pool, initializer, user_data, destroy);
}

/**
 * cf_thread_pool_executor_get_thread_name_prefix:
 * @self: a thread pool
 *
 * Returns what the names of the threads begin with: [property@Cf.ThreadPoolExecutor:thread-name-prefix].
 *
 * Returns: the prefix, owned by the pool
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
 * @self: a thread pool
 *
 * Returns the time after which a thread without work ends: [property@Cf.ThreadPoolExecutor:idle-timeout].
 *
 * Returns: the timeout in microseconds, or -1 if threads stay until the executor is shut down
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
 * @self: a thread pool
 * @idle_timeout_usec: the timeout in microseconds, or -1 for threads that stay until the executor is shut down
 *
 * Sets the time after which a thread without work ends, also for threads that are idle now. Any thread may call this.
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
  if (self->pool != NULL)
    set_idle_timeout (self, idle_timeout_usec);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IDLE_TIMEOUT]);
}

/**
 * cf_thread_pool_executor_get_max_substitutes:
 * @self: a thread pool
 *
 * Returns how many threads may stand in for threads whose calls wait: [property@Cf.ThreadPoolExecutor:max-substitutes].
 *
 * Returns: the number of threads
 *
 * Since: 1.0
 */
guint
cf_thread_pool_executor_get_max_substitutes (CfThreadPoolExecutor *self)
{
  g_return_val_if_fail (CF_IS_THREAD_POOL_EXECUTOR (self), 0);

  return self->max_substitutes;
}

/**
 * cf_thread_pool_executor_set_max_substitutes:
 * @self: a thread pool to which nothing has been submitted yet
 * @max_substitutes: the number of threads, at most 32,767
 *
 * Sets how many threads may stand in for threads whose calls wait: [property@Cf.ThreadPoolExecutor:max-substitutes].
 *
 * Since: 1.0
 */
void
cf_thread_pool_executor_set_max_substitutes (CfThreadPoolExecutor *self,
                                             guint                 max_substitutes)
{
  g_return_if_fail (CF_IS_THREAD_POOL_EXECUTOR (self));
  g_return_if_fail (max_substitutes <= G_MAXINT16);
  g_return_if_fail (self->pool == NULL || !cf_thread_pool_has_begun (self->pool));

  if (self->max_substitutes == max_substitutes)
    return;

  self->max_substitutes = max_substitutes;
  if (self->pool != NULL)
    cf_thread_pool_set_max_substitutes (self->pool, max_substitutes);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_SUBSTITUTES]);
}

/*
 * cf_thread_pool_executor_set_stack_size:
 * @self: a thread pool
 * @stack_size: a number of bytes, or 0 for the default
 *
 * Sets how large the stacks are of the threads that are started from now on. This is for a binding whose language lets
 * programs choose that.
 */
void
cf_thread_pool_executor_set_stack_size (CfExecutor *self,
                                        gsize       stack_size)
{
  g_return_if_fail (CF_IS_THREAD_POOL_EXECUTOR (self));

  cf_thread_roster_set_stack_size (&CF_THREAD_POOL_EXECUTOR (self)->pool->roster, stack_size);
}
