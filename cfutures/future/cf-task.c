/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfTask: a call with options, to be submitted as often as one likes.
 *
 * It is made and set up in one thread, then submitted; what was submitted does not see later changes. Each
 * submission makes a future of its own, with a copy of the call; the data of a local call stay the task's,
 * which the future keeps alive until it is done. */

#include "config.h"

#include "future/cf-task-private.h"

#include "base/cf-sanitizer-private.h"
#include "cf-enum-types.h"
#include "future/cf-call-private.h"
#include "future/cf-future-cancel-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-private.h"

/**
 * CfTask:
 *
 * A call with options.
 *
 * [method@Cf.Executor.submit] and its siblings are for plain calls. What needs a name, a priority, a timeout, a
 * cancellable or a certain main context is described by a task first:
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
  GObject             parent_instance;

  CfCall              call;
  char               *name;
  int                 priority;
  gint64              timeout_usec;
  GCancellable       *cancellable;
  GMainContext       *context;
  gboolean            free_in_worker;
  GObject            *source_object;
  gpointer            source_tag;
  CfCancellableCheck  check_cancellable;
  gboolean            return_on_cancel;
};

G_DEFINE_FINAL_TYPE (CfTask, cf_task, G_TYPE_OBJECT)

enum
{
  PROP_NAME = 1,
  PROP_PRIORITY,
  PROP_TIMEOUT,
  PROP_CANCELLABLE,
  PROP_CONTEXT,
  PROP_FREE_IN_WORKER,
  PROP_SOURCE_OBJECT,
  PROP_CHECK_CANCELLABLE,
  PROP_RETURN_ON_CANCEL,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* A copy of the task's call, with other arguments. */
static void
init_call_with (CfCall   *call,
                CfTask   *self,
                GVariant *args)
{
  cf_call_init_copy (call, &self->call);
  g_clear_pointer (&call->args, g_variant_unref);
  call->args = g_variant_ref (args);
}

/* Where things are dropped. What the task holds is the user's if it has data or a source object. */
static CfTaskTraits
get_freeing_traits (CfTask *self)
{
  gboolean is_local = self->call.kind == CF_CALL_LOCAL;
  CfTaskTraits traits = CF_TASK_TRAIT_NONE;

  if (self->free_in_worker)
    return traits;

  if ((is_local && self->call.destroy != NULL) || self->source_object != NULL)
    traits |= CF_TASK_TRAIT_GIVE_BACK_TASK;
  if (is_local)
    traits |= CF_TASK_TRAIT_GIVE_BACK_RESULT;

  return traits;
}

/* A call that returns on cancel is checked in any case: it is not to depend on which comes first, the cancelling or the
 * end of the function, whether there is a result after the cancellable was cancelled. */
static CfTaskTraits
get_cancelling_traits (CfTask   *self,
                       gboolean  checks_by_default)
{
  if (self->return_on_cancel)
    return CF_TASK_TRAIT_RETURN_ON_CANCEL | CF_TASK_TRAIT_CHECK;

  if (self->check_cancellable == CF_CANCELLABLE_CHECK_ALWAYS ||
      (self->check_cancellable == CF_CANCELLABLE_CHECK_DEFAULT && checks_by_default))
    return CF_TASK_TRAIT_CHECK;

  return CF_TASK_TRAIT_NONE;
}

static CfFuture *
make_future (CfTask       *self,
             CfCall       *call,
             gint64        timeout_usec,
             GCancellable *cancellable,
             CfTaskTraits  cancelling)
{
  CfFuture *future;

  call->since = cf_stamp_now ();
  future = cf_future_new_call (call);
  cf_future_set_task_options (future, self->name, self->priority, timeout_usec,
                              self->context != NULL ? self->context : g_main_context_get_thread_default (),
                              self,
                              get_freeing_traits (self) | cancelling);
  if (cancellable != NULL)
    cf_future_follow_cancellable (future, cancellable);

  return future;
}

/**
 * cf_task_make_future:
 * @self: a task
 * @cancellable: (nullable): takes the place of the task's own
 * @checks_by_default: whether the cancellable is checked at the end unless the task says otherwise
 *
 * Returns: (transfer full): a future for one submission of the task, which is done already if it is cancelled
 */
CfFuture *
cf_task_make_future (CfTask       *self,
                     GCancellable *cancellable,
                     gboolean      checks_by_default)
{
  CF_TSAN_READS (self);
  CfCall call;

  cf_call_init_copy (&call, &self->call);
  return make_future (self, &call, self->timeout_usec, cancellable != NULL ? cancellable : self->cancellable,
                      get_cancelling_traits (self, checks_by_default));
}

/**
 * cf_task_set_source_of:
 * @self: a task
 * @future: a future of it that nobody else knows yet
 * @submitter: the executor, which is the source object if the task has none
 * @user_data: what was given with the callback
 *
 * Makes a future the complete `GAsyncResult` of an operation.
 */
void
cf_task_set_source_of (CfTask   *self,
                       CfFuture *future,
                       GObject  *submitter,
                       gpointer  user_data)
{
  gboolean has_source = self->source_object != NULL;

  cf_future_set_source (future, has_source ? self->source_object : submitter, self->source_tag, user_data,
                        !has_source || self->free_in_worker, submitter);
}

/**
 * cf_task_make_item_future:
 * @self: a portable task
 * @item: (transfer none): what its function is called with, in place of the task's own arguments
 *
 * Nobody sees this future but the iterator over the results, which ends by itself when the task's cancellable is
 * cancelled. So it is neither checked, nor does it return on cancel.
 *
 * Returns: (transfer full): the future of one call of a map
 */
CfFuture *
cf_task_make_item_future (CfTask   *self,
                          GVariant *item)
{
  CF_TSAN_READS (self);
  CfCall call;

  init_call_with (&call, self, item);
  return make_future (self, &call, self->timeout_usec, self->cancellable, CF_TASK_TRAIT_NONE);
}

/**
 * cf_task_make_chunk_future:
 * @self: a portable task
 * @items: (transfer none): an array of variants, with each of which its function is called
 *
 * Runs one call of many. It may take as long as they may take together.
 *
 * Returns: (transfer full): the future of a chunk of a map
 */
CfFuture *
cf_task_make_chunk_future (CfTask   *self,
                           GVariant *items)
{
  CF_TSAN_READS (self);
  gsize n_items = MAX (1, g_variant_n_children (items));
  gint64 timeout_usec = self->timeout_usec;
  CfCall call;

  if (timeout_usec > 0)
    timeout_usec = timeout_usec <= G_MAXINT64 / (gint64) n_items ? timeout_usec * (gint64) n_items : G_MAXINT64;

  init_call_with (&call, self, items);
  cf_call_make_chunk (&call);
  return make_future (self, &call, timeout_usec, self->cancellable, CF_TASK_TRAIT_NONE);
}

gboolean
cf_task_is_portable (CfTask *self)
{
  return self->call.kind != CF_CALL_LOCAL;
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

    case PROP_FREE_IN_WORKER:
      g_value_set_boolean (value, self->free_in_worker);
      break;

    case PROP_SOURCE_OBJECT:
      g_value_set_object (value, self->source_object);
      break;

    case PROP_CHECK_CANCELLABLE:
      g_value_set_enum (value, self->check_cancellable);
      break;

    case PROP_RETURN_ON_CANCEL:
      g_value_set_boolean (value, self->return_on_cancel);
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

    case PROP_FREE_IN_WORKER:
      cf_task_set_free_in_worker (self, g_value_get_boolean (value));
      break;

    case PROP_SOURCE_OBJECT:
      cf_task_set_source_object (self, g_value_get_object (value));
      break;

    case PROP_CHECK_CANCELLABLE:
      cf_task_set_check_cancellable (self, g_value_get_enum (value));
      break;

    case PROP_RETURN_ON_CANCEL:
      cf_task_set_return_on_cancel (self, g_value_get_boolean (value));
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
  g_clear_object (&self->source_object);
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
   * It is also the priority at which the main context calls the callbacks of the future, and notifies its properties:
   * with `G_PRIORITY_LOW` for example they wait until a GTK program has drawn its window.
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

  /**
   * CfTask:free-in-worker: (getter get_free_in_worker) (setter set_free_in_worker)
   *
   * Whether the user data of a local function may be freed in the thread that runs the call.
   *
   * Otherwise they are freed in the context in which the task was submitted, see [method@Cf.Executor.submit_local].
   *
   * Since: 1.0
   */
  properties[PROP_FREE_IN_WORKER] = g_param_spec_boolean ("free-in-worker", NULL, NULL, FALSE, flags);

  /**
   * CfTask:source-object: (getter get_source_object) (setter set_source_object)
   *
   * The object whose operation the call is, as the callback of [method@Cf.Executor.submit_async] is told.
   *
   * Since: 1.0
   */
  properties[PROP_SOURCE_OBJECT] = g_param_spec_object ("source-object", NULL, NULL, G_TYPE_OBJECT, flags);

  /**
   * CfTask:check-cancellable: (getter get_check_cancellable) (setter set_check_cancellable)
   *
   * Whether what comes of the call is dropped if it was cancelled meanwhile.
   *
   * Since: 1.0
   */
  properties[PROP_CHECK_CANCELLABLE] = g_param_spec_enum ("check-cancellable", NULL, NULL,
                                                          CF_TYPE_CANCELLABLE_CHECK,
                                                          CF_CANCELLABLE_CHECK_DEFAULT, flags);

  /**
   * CfTask:return-on-cancel: (getter get_return_on_cancel) (setter set_return_on_cancel)
   *
   * Whether the future is done as soon as the cancellable is cancelled, though the function still runs.
   *
   * Since: 1.0
   */
  properties[PROP_RETURN_ON_CANCEL] = g_param_spec_boolean ("return-on-cancel", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_task_init (CfTask *self)
{
  self->priority = G_PRIORITY_DEFAULT;
  self->timeout_usec = -1;
  self->check_cancellable = CF_CANCELLABLE_CHECK_DEFAULT;
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
 * Describes a call of a function by name. See [method@Cf.Executor.submit_by_name].
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
 * @destroy: (nullable): frees @user_data when the task and all calls of it are gone, in the context of the thread that
 *   submitted the last, see [property@Cf.Task:free-in-worker]
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
 * Returns what the call is named in messages: [property@Cf.Task:name].
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
 * @name: (nullable): the name of the task in messages
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
 * Returns the priority of the call: [property@Cf.Task:priority].
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
 * Returns how long the call may run: [property@Cf.Task:timeout].
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
 * Limits the time that the call may take. When it is over the future fails with `G_IO_ERROR_TIMED_OUT` at once, and
 * the call's cancellable is cancelled. In a thread the function goes on until it notices that, and its result is
 * dropped; a worker process is killed.
 *
 * One thread watches the timeouts of the whole process. Callbacks without a context, and handlers of the call's
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
 * Returns what cancels the call: [property@Cf.Task:cancellable].
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
 * Returns where the properties of the future are notified: [property@Cf.Task:context].
 *
 * Returns: (transfer none) (nullable): where the properties of the future are notified, or %NULL for the default
 *   context of the thread that submits the task
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

/**
 * cf_task_get_free_in_worker:
 * @self: a task
 *
 * Returns whether the user data may be freed in the thread that runs the call.
 *
 * Returns: [property@Cf.Task:free-in-worker]
 *
 * Since: 1.0
 */
gboolean
cf_task_get_free_in_worker (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), FALSE);

  return self->free_in_worker;
}

/**
 * cf_task_set_free_in_worker:
 * @self: a task
 * @free_in_worker: whether the user data may be freed in the thread that runs the call
 *
 * Sets [property@Cf.Task:free-in-worker]. This is for programs that neither run a main loop nor wait for their calls,
 * and for data that are safe in any thread.
 *
 * Since: 1.0
 */
void
cf_task_set_free_in_worker (CfTask   *self,
                            gboolean  free_in_worker)
{
  g_return_if_fail (CF_IS_TASK (self));

  free_in_worker = !!free_in_worker;
  if (self->free_in_worker == free_in_worker)
    return;

  self->free_in_worker = free_in_worker;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FREE_IN_WORKER]);
}

/**
 * cf_task_get_source_object:
 * @self: a task
 *
 * Returns whose operation the call is: [property@Cf.Task:source-object].
 *
 * Returns: (transfer none) (nullable): the object, or %NULL for the executor
 *
 * Since: 1.0
 */
GObject *
cf_task_get_source_object (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), NULL);

  return self->source_object;
}

/**
 * cf_task_set_source_object:
 * @self: a task
 * @source_object: (nullable): the object whose operation the call is, or %NULL for the executor
 *
 * Sets the source object, with which [method@Cf.Executor.submit_async] calls its callback, as that of a `GTask`. So an
 * asynchronous function of an object needs nothing but a task:
 *
 * ```c
 * void
 * my_document_load_async (MyDocument          *self,
 *                         GCancellable        *cancellable,
 *                         GAsyncReadyCallback  callback,
 *                         gpointer             user_data)
 * {
 *   g_autoptr(CfTask) task = cf_task_new_local (load, g_strdup (self->path), g_free);
 *
 *   cf_task_set_source_object (task, G_OBJECT (self));
 *   cf_task_set_source_tag (task, my_document_load_async);
 *   cf_executor_submit_async (self->executor, task, cancellable, callback, user_data);
 * }
 * ```
 *
 * The task and the result hold a reference to the object. The last of these is dropped in the context in which the call
 * was submitted, unless [property@Cf.Task:free-in-worker] allows another thread to.
 *
 * Since: 1.0
 */
void
cf_task_set_source_object (CfTask  *self,
                           GObject *source_object)
{
  g_return_if_fail (CF_IS_TASK (self));
  g_return_if_fail (source_object == NULL || G_IS_OBJECT (source_object));

  if (g_set_object (&self->source_object, source_object))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SOURCE_OBJECT]);
}

/**
 * cf_task_get_source_tag:
 * @self: a task
 *
 * Returns what says which operation the call is, see [method@Cf.Task.set_source_tag].
 *
 * Returns: (transfer none) (nullable): the tag
 *
 * Since: 1.0
 */
gpointer
cf_task_get_source_tag (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), NULL);

  return self->source_tag;
}

/**
 * cf_task_set_source_tag:
 * @self: a task
 * @source_tag: (nullable): the function that begins the operation, for example; it is only compared
 *
 * Says which operation the call is. The result of [method@Cf.Executor.submit_async] has the tag, for
 * [method@Gio.AsyncResult.is_tagged] to find.
 *
 * In C this is also a macro that names the task after @source_tag if it has no name yet.
 *
 * Since: 1.0
 */
void
(cf_task_set_source_tag) (CfTask   *self,
                          gpointer  source_tag)
{
  g_return_if_fail (CF_IS_TASK (self));

  self->source_tag = source_tag;
}

/**
 * cf_task_get_check_cancellable:
 * @self: a task
 *
 * Returns whether what comes of a cancelled call is dropped: [property@Cf.Task:check-cancellable].
 *
 * Returns: whether, or that the way of submitting decides
 *
 * Since: 1.0
 */
CfCancellableCheck
cf_task_get_check_cancellable (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), CF_CANCELLABLE_CHECK_DEFAULT);

  return self->check_cancellable;
}

/**
 * cf_task_set_check_cancellable:
 * @self: a task
 * @check_cancellable: whether, or that the way of submitting decides
 *
 * Sets whether the cancellable is checked when the call ends, as `g_task_set_check_cancellable()` does. If it is, and
 * the call was asked to give up, the future is cancelled whatever the function has returned, a result or an error, and
 * its error is `G_IO_ERROR_CANCELLED`. Otherwise only a call that has thrown that error is.
 *
 * It was asked to give up if the task's cancellable is cancelled, or by [method@Cf.Future.cancel_full]. A result that
 * is dropped is freed where the user data are, see [property@Cf.Task:free-in-worker].
 *
 * A future that is done stays as it is. But [method@Cf.Executor.submit_finish] checks the cancellable once more: after
 * a program has cancelled an operation, its callback never gets a result, though the call may have ended before.
 *
 * Since: 1.0
 */
void
cf_task_set_check_cancellable (CfTask             *self,
                               CfCancellableCheck  check_cancellable)
{
  g_return_if_fail (CF_IS_TASK (self));
  g_return_if_fail (check_cancellable >= CF_CANCELLABLE_CHECK_DEFAULT &&
                    check_cancellable <= CF_CANCELLABLE_CHECK_ALWAYS);

  if (self->check_cancellable == check_cancellable)
    return;

  self->check_cancellable = check_cancellable;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CHECK_CANCELLABLE]);
}

/**
 * cf_task_get_return_on_cancel:
 * @self: a task
 *
 * Returns whether the future is done as soon as the cancellable is cancelled: [property@Cf.Task:return-on-cancel].
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
cf_task_get_return_on_cancel (CfTask *self)
{
  g_return_val_if_fail (CF_IS_TASK (self), FALSE);

  return self->return_on_cancel;
}

/**
 * cf_task_set_return_on_cancel:
 * @self: a task
 * @return_on_cancel: whether the future is done as soon as the cancellable is cancelled
 *
 * Sets whether a call that runs is waited for after the task's cancellable was cancelled, as
 * `g_task_set_return_on_cancel()` does. If not, the future is cancelled at once. The function is asked to give up, but
 * goes on until it returns, and keeps its thread or its process busy until then. So this is for functions that cannot
 * look at a cancellable.
 *
 * What the function returns later is dropped, and freed where the user data are; these are freed when it has returned,
 * not before. Shutting a pool down waits for the function. In another process [method@Cf.Future.cancel_full] with
 * `CF_CANCEL_KILL` still ends it, and so does the timeout.
 *
 * The cancellable is checked in any case then, whatever [property@Cf.Task:check-cancellable] says.
 *
 * Since: 1.0
 */
void
cf_task_set_return_on_cancel (CfTask   *self,
                              gboolean  return_on_cancel)
{
  g_return_if_fail (CF_IS_TASK (self));

  return_on_cancel = !!return_on_cancel;
  if (self->return_on_cancel == return_on_cancel)
    return;

  self->return_on_cancel = return_on_cancel;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RETURN_ON_CANCEL]);
}

/**
 * cf_task_is_valid:
 * @result: what a callback was given
 * @source_object: (type GObject.Object): the object whose operation it is to be
 *
 * Returns whether @result comes from [method@Cf.Executor.submit_async] with a task whose source object was
 * @source_object. If the task had none, that is the executor. A function that ends an asynchronous operation checks
 * this as it would `g_task_is_valid()`, together with [method@Gio.AsyncResult.is_tagged].
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
cf_task_is_valid (GAsyncResult *result,
                  gpointer      source_object)
{
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (G_IS_OBJECT (source_object), FALSE);

  return CF_IS_FUTURE (result) && cf_future_get_source_object (CF_FUTURE (result)) == source_object;
}
