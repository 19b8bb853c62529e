/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfTask: a call with options, to be submitted as often as one likes.
 *
 * It is made and set up in one thread, then submitted; what was submitted does not see later changes. Each
 * submission makes a future of its own, with a copy of the call; the data of a local call stay the task's,
 * which the future keeps alive until it is done. */

#include "config.h"

#include "cf-task-private.h"

/**
 * CfTask:
 *
 * A call with options.
 *
 * [method@Cf.Executor.submit] and its siblings are for plain calls. What needs a name, a priority, a time
 * limit, a cancellable or a certain main context is described by a task first:
 *
 * ```c
 * g_autoptr(CfTask) task = cf_task_new_local (read_page, page, g_object_unref);
 *
 * cf_task_set_name (task, "page 17");
 * cf_task_set_priority (task, G_PRIORITY_LOW);
 * cf_task_set_timeout (task, 10 * G_USEC_PER_SEC);
 * cf_task_set_cancellable (task, window_closed);
 *
 * future = cf_executor_submit_task (executor, task);
 * ```
 *
 * A task may be submitted several times, to try a call again for example. Set it up in one thread, and do not
 * change it while another submits it.
 *
 * Since: 1.0
 */
struct _CfTask
{
  GObject       parent_instance;

  CfCall        call;
  char         *name;
  int           priority;
  gint64        timeout_usec;
  GCancellable *cancellable;
  GMainContext *context;
};

G_DEFINE_FINAL_TYPE (CfTask, cf_task, G_TYPE_OBJECT)

enum
{
  PROP_NAME = 1,
  PROP_PRIORITY,
  PROP_TIMEOUT,
  PROP_CANCELLABLE,
  PROP_CONTEXT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/**
 * cf_task_make_future:
 * @self: a task
 * @cancellable: (nullable): takes the place of the task's own
 *
 * Returns: (transfer full): a future for one submission of the task, which is done already if it is cancelled
 */
CfFuture *
cf_task_make_future (CfTask       *self,
                     GCancellable *cancellable)
{
  CF_TSAN_READS (self);
  CfCall call;
  CfFuture *future;

  cf_call_init_copy (&call, &self->call);
  future = cf_future_new_call (&call);
  cf_future_set_task_options (future, self->name, self->priority, self->timeout_usec,
                              cancellable != NULL ? cancellable : self->cancellable,
                              self->context != NULL ? self->context : g_main_context_get_thread_default (),
                              self);
  return future;
}

static void
cf_task_get_property (GObject    *object,
                      guint       property_id,
                      GValue     *value,
                      GParamSpec *pspec)
{
  CfTask *self = CF_TASK (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;

    case PROP_PRIORITY:
      g_value_set_int (value, self->priority);
      break;

    case PROP_TIMEOUT:
      g_value_set_int64 (value, self->timeout_usec);
      break;

    case PROP_CANCELLABLE:
      g_value_set_object (value, self->cancellable);
      break;

    case PROP_CONTEXT:
      g_value_set_boxed (value, self->context);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_task_set_property (GObject      *object,
                      guint         property_id,
                      const GValue *value,
                      GParamSpec   *pspec)
{
  CfTask *self = CF_TASK (object);

  switch (property_id)
    {
    case PROP_NAME:
      cf_task_set_name (self, g_value_get_string (value));
      break;

    case PROP_PRIORITY:
      cf_task_set_priority (self, g_value_get_int (value));
      break;

    case PROP_TIMEOUT:
      cf_task_set_timeout (self, g_value_get_int64 (value));
      break;

    case PROP_CANCELLABLE:
      cf_task_set_cancellable (self, g_value_get_object (value));
      break;

    case PROP_CONTEXT:
      cf_task_set_context (self, g_value_get_boxed (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_task_finalize (GObject *object)
{
  CfTask *self = CF_TASK (object);

  CF_TSAN_ACQUIRE (self);
  cf_call_clear (&self->call);
  g_free (self->name);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->context, g_main_context_unref);

  G_OBJECT_CLASS (cf_task_parent_class)->finalize (object);
}

static void
cf_task_class_init (CfTaskClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = cf_task_get_property;
  object_class->set_property = cf_task_set_property;
  object_class->finalize = cf_task_finalize;

  /**
   * CfTask:name: (getter get_name) (setter set_name)
   *
   * What to call the task in messages for people.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * CfTask:priority: (getter get_priority) (setter set_priority)
   *
   * Which calls go first: those with the lower number, as in GLib. Calls of the same priority begin in the
   * order in which they were submitted.
   *
   * Since: 1.0
   */
  properties[PROP_PRIORITY] = g_param_spec_int ("priority", NULL, NULL,
                                                G_MININT, G_MAXINT, G_PRIORITY_DEFAULT, flags);

  /**
   * CfTask:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How long the call may run, in microseconds from its beginning, or -1.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] = g_param_spec_int64 ("timeout", NULL, NULL,
                                                 -1, G_MAXINT64, -1, flags);

  /**
   * CfTask:cancellable: (getter get_cancellable) (setter set_cancellable)
   *
   * What cancels the call.
   *
   * Since: 1.0
   */
  properties[PROP_CANCELLABLE] = g_param_spec_object ("cancellable", NULL, NULL,
                                                      G_TYPE_CANCELLABLE, flags);

  /**
   * CfTask:context: (getter get_context) (setter set_context)
   *
   * The main context in which the properties of the future are notified.
   *
   * Since: 1.0
   */
  properties[PROP_CONTEXT] = g_param_spec_boxed ("context", NULL, NULL,
                                                 G_TYPE_MAIN_CONTEXT, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_task_init (CfTask *self)
{
  self->priority = G_PRIORITY_DEFAULT;
  self->timeout_usec = -1;
}

/**
 * cf_task_new:
 * @func: (scope forever): a portable function
 * @args: (nullable): its arguments, whose floating reference is taken
 *
 * Describes a call of a portable function.
 *
 * Returns: (transfer full): a task
 *
 * Since: 1.0
 */
CfTask *
cf_task_new (CfFunc    func,
             GVariant *args)
{
  CfTask *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_object_new (CF_TYPE_TASK, NULL);
  cf_call_init_func (&self->call, func, args);
  return self;
}

/**
 * cf_task_new_by_name:
 * @function: the name of a portable function, `MODULE:FUNCTION`
 * @args: (nullable): its arguments, whose floating reference is taken
 *
 * Describes a call of a function by name. See [method@Cf.Executor.submit_name].
 *
 * Returns: (transfer full): a task
 *
 * Since: 1.0
 */
CfTask *
cf_task_new_by_name (const char *function,
                     GVariant   *args)
{
  CfTask *self;

  g_return_val_if_fail (function != NULL, NULL);

  self = g_object_new (CF_TYPE_TASK, NULL);
  cf_call_init_name (&self->call, function, args);
  return self;
}

/**
 * cf_task_new_local:
 * @func: (scope notified): a local function
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data when the task and all calls of it are gone
 *
 * Describes a call of a local function.
 *
 * Returns: (transfer full): a task
 *
 * Since: 1.0
 */
CfTask *
cf_task_new_local (CfLocalFunc    func,
                   gpointer       user_data,
                   GDestroyNotify destroy)
{
  CfTask *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_object_new (CF_TYPE_TASK, NULL);
  cf_call_init_local (&self->call, func, user_data, destroy);
  return self;
}

/**
 * cf_task_get_name:
 * @self: a task
 *
 * Returns: (nullable): what to call the task in messages
 *
 * Since: 1.0
 */
const char *
cf_task_get_name (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), NULL);

  return self->name;
}

/**
 * cf_task_set_name:
 * @self: a task
 * @name: (nullable): what to call the task in messages
 *
 * Sets [property@Cf.Task:name].
 *
 * Since: 1.0
 */
void
cf_task_set_name (CfTask     *self,
                  const char *name)
{
  g_return_if_fail (CF_IS_TASK (self));

  if (g_strcmp0 (self->name, name) == 0)
    return;

  g_free (self->name);
  self->name = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NAME]);
}

/**
 * cf_task_get_priority:
 * @self: a task
 *
 * Returns: the priority, lower numbers going first
 *
 * Since: 1.0
 */
int
cf_task_get_priority (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), G_PRIORITY_DEFAULT);

  return self->priority;
}

/**
 * cf_task_set_priority:
 * @self: a task
 * @priority: the priority, for example `G_PRIORITY_LOW`
 *
 * Sets [property@Cf.Task:priority].
 *
 * Since: 1.0
 */
void
cf_task_set_priority (CfTask *self,
                      int     priority)
{
  g_return_if_fail (CF_IS_TASK (self));

  if (self->priority == priority)
    return;

  self->priority = priority;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PRIORITY]);
}

/**
 * cf_task_get_timeout:
 * @self: a task
 *
 * Returns: how long the call may run, in microseconds, or -1
 *
 * Since: 1.0
 */
gint64
cf_task_get_timeout (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), -1);

  return self->timeout_usec;
}

/**
 * cf_task_set_timeout:
 * @self: a task
 * @timeout_usec: how long the call may run, in microseconds from its beginning, or -1
 *
 * Limits the time that the call may take. When it is over the future fails with `CF_ERROR_TIMED_OUT` at once, and
 * the call's cancellable is cancelled. In a thread the function goes on until it notices that, and its result is
 * dropped; a worker process is killed.
 *
 * One thread watches the time limits of the whole process. Callbacks without a context, and handlers of the call's
 * cancellable, run in it when the time is up, and delay other limits if they are not quick.
 *
 * Since: 1.0
 */
void
cf_task_set_timeout (CfTask *self,
                     gint64  timeout_usec)
{
  g_return_if_fail (CF_IS_TASK (self));
  g_return_if_fail (timeout_usec >= -1);

  if (self->timeout_usec == timeout_usec)
    return;

  self->timeout_usec = timeout_usec;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

/**
 * cf_task_get_cancellable:
 * @self: a task
 *
 * Returns: (transfer none) (nullable): what cancels the call
 *
 * Since: 1.0
 */
GCancellable *
cf_task_get_cancellable (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), NULL);

  return self->cancellable;
}

/**
 * cf_task_set_cancellable:
 * @self: a task
 * @cancellable: (nullable): what cancels the call
 *
 * Cancelling @cancellable cancels a call that has not begun, and asks one that runs to give up, through
 * [method@Cf.Future.get_cancellable]. Several tasks may share a cancellable.
 *
 * Since: 1.0
 */
void
cf_task_set_cancellable (CfTask       *self,
                         GCancellable *cancellable)
{
  g_return_if_fail (CF_IS_TASK (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (g_set_object (&self->cancellable, cancellable))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CANCELLABLE]);
}

/**
 * cf_task_get_context:
 * @self: a task
 *
 * Returns: (transfer none) (nullable): where the properties of the future are notified, or %NULL for the default context of
 *   the thread that submits the task
 *
 * Since: 1.0
 */
GMainContext *
cf_task_get_context (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), NULL);

  return self->context;
}

/**
 * cf_task_set_context:
 * @self: a task
 * @context: (nullable): a main context
 *
 * Sets [property@Cf.Task:context].
 *
 * Since: 1.0
 */
void
cf_task_set_context (CfTask       *self,
                     GMainContext *context)
{
  g_return_if_fail (CF_IS_TASK (self));

  if (self->context == context)
    return;

  g_clear_pointer (&self->context, g_main_context_unref);
  self->context = context != NULL ? g_main_context_ref (context) : NULL;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONTEXT]);
}
