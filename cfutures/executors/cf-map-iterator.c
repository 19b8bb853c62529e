/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfMapIterator: the results of a function for each of many inputs, in the order of the inputs.
 *
 *      inputs ──a chunk at a time──→ submit → [window of futures, oldest first] → next(): wait for the oldest,
 *         ↑                                       at most buffer_size calls           yield its results, refill
 *         └──────────────── read only as far as the window reaches ────────────────────────┘
 *
 * With a chunk size of one each call has a future of its own; otherwise each future stands for a chunk, a call
 * that makes several and returns all their results (cf-call.c).
 *
 * What is called is a function alone, or that of a task, whose options each call has then. The task's cancellable
 * ends the map; a wait for the next result ends when either that or the caller's own is cancelled.
 *
 * The iterator is used by one thread at a time, and owns all it has. When it is over, for whatever reason, it
 * cancels what has not begun. */

#include "config.h"

#include "cf-map-iterator.h"

#include "base/cf-blocking-private.h"
#include "base/cf-deadline-private.h"
#include "base/cf-sanitizer-private.h"
#include "cf-bindings-private.h"
#include "executors/cf-executor-private.h"
#include "future/cf-call-private.h"
#include "future/cf-chunk-private.h"
#include "future/cf-future-private.h"
#include "future/cf-task-private.h"

/**
 * CfMapIterator:
 *
 * Yields the results of a function for each of many inputs, in the order of the inputs.
 * [method@Cf.Executor.map] makes one.
 *
 * ```c
 * g_autoptr(CfMapIterator) results = cf_executor_map (executor, square, numbers, 1, 0);
 * GVariant *result;
 *
 * while (cf_map_iterator_next (results, NULL, &result, &error))
 *   {
 *     use (result);
 *     g_clear_pointer (&result, g_variant_unref);
 *   }
 * ```
 *
 * An iterator is used by one thread at a time. Dropping it, or disposing of it, cancels the calls that have not
 * begun.
 *
 * Since: 1.0
 */

/* What ends a wait: the caller's cancellable, or the task's, or, while it is connected to both, a third one. */
typedef struct
{
  GCancellable *cancellable;
  GCancellable *sources[2];
  gulong        handlers[2];
} Stopper;

/* A generator that reads a container. */
typedef struct
{
  GVariant *container;
  gsize     next;
} ContainerReader;

struct _CfMapIterator
{
  GObject         parent_instance;

  CfExecutor     *executor;
  CfCall          call;             /* with the function, and without arguments */
  CfTask         *task;             /* in place of `call`, or NULL */
  CfMapGenerator  generator;        /* NULL when there are no more inputs */
  gpointer        generator_data;
  GDestroyNotify  generator_destroy;
  guint           chunk_size;
  guint           window_size;      /* how many futures */
  gint64          begin;
  gint64          timeout_usec;

  GQueue          window;           /* of futures, oldest first */
  GVariant       *chunk;            /* the one whose results are being yielded */
  gsize           chunk_next;
  gboolean        is_busy;          /* an asynchronous operation is under way */
};

G_DEFINE_FINAL_TYPE (CfMapIterator, cf_map_iterator, G_TYPE_OBJECT)

enum
{
  PROP_TIMEOUT = 1,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
drop_generator (CfMapIterator *self)
{
  GDestroyNotify destroy = self->generator_destroy;

  self->generator = NULL;
  self->generator_destroy = NULL;
  if (destroy != NULL)
    destroy (self->generator_data);
}

/* No more results. */
static void
finish (CfMapIterator *self)
{
  CfFuture *future;

  drop_generator (self);
  g_clear_pointer (&self->chunk, g_variant_unref);

  while ((future = g_queue_pop_head (&self->window)) != NULL)
    {
      cf_future_cancel (future);
      cf_future_ignore_error (future);
      g_object_unref (future);
    }
}

/* Languages whose garbage is collected later say by g_object_run_dispose() that they need no more results. */
static void
cf_map_iterator_dispose (GObject *object)
{
  CfMapIterator *self = CF_MAP_ITERATOR (object);

  CF_TSAN_ACQUIRE (self);
  finish (self);

  G_OBJECT_CLASS (cf_map_iterator_parent_class)->dispose (object);
}

static void
cf_map_iterator_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  switch (property_id)
    {
    case PROP_TIMEOUT:
      g_value_set_int64 (value, cf_map_iterator_get_timeout (CF_MAP_ITERATOR (object)));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_map_iterator_set_property (GObject      *object,
                              guint         property_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  switch (property_id)
    {
    case PROP_TIMEOUT:
      cf_map_iterator_set_timeout (CF_MAP_ITERATOR (object), g_value_get_int64 (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_map_iterator_finalize (GObject *object)
{
  CfMapIterator *self = CF_MAP_ITERATOR (object);

  cf_call_clear (&self->call);
  g_clear_object (&self->task);
  g_object_unref (self->executor);

  G_OBJECT_CLASS (cf_map_iterator_parent_class)->finalize (object);
}

static void
cf_map_iterator_class_init (CfMapIteratorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = cf_map_iterator_get_property;
  object_class->set_property = cf_map_iterator_set_property;
  object_class->dispose = cf_map_iterator_dispose;
  object_class->finalize = cf_map_iterator_finalize;

  /**
   * CfMapIterator:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How long the whole map may take, in microseconds from when it began, or -1 if there is no limit. When the time is
   * over, asking for a result that is not there fails with `G_IO_ERROR_TIMED_OUT`, and the map ends.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_int64 ("timeout", NULL, NULL,
                        -1, G_MAXINT64, -1,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_map_iterator_init (CfMapIterator *self)
{
  self->begin = g_get_monotonic_time ();
  self->timeout_usec = -1;
  g_queue_init (&self->window);
}

/* Submission. */

static GVariant *
next_input (CfMapIterator *self)
{
  GVariant *input = self->generator != NULL ? self->generator (self->generator_data) : NULL;

  if (input == NULL)
    {
      drop_generator (self);
      return NULL;
    }

  return g_variant_take_ref (input);
}

/* The arguments of the next call: an input, or a chunk of them (as `av`), or NULL. */
static GVariant *
next_arguments (CfMapIterator *self)
{
  GVariantBuilder inputs;
  GVariant *input;
  guint n = 0;

  if (self->chunk_size == 1)
    return next_input (self);

  g_variant_builder_init (&inputs, G_VARIANT_TYPE ("av"));
  while (n < self->chunk_size && (input = next_input (self)) != NULL)
    {
      g_variant_builder_add (&inputs, "v", input);
      g_variant_unref (input);
      n++;
    }

  if (n == 0)
    {
      g_variant_builder_clear (&inputs);
      return NULL;
    }

  return g_variant_ref_sink (g_variant_builder_end (&inputs));
}

static CfFuture *
submit_call (CfMapIterator *self,
             GVariant      *arguments)
{
  CfCall call;

  cf_call_init_copy (&call, &self->call);
  call.args = g_variant_ref (arguments);
  if (self->chunk_size > 1)
    cf_call_make_chunk (&call);

  return cf_executor_submit_call (self->executor, &call);
}

static CfFuture *
submit_task (CfMapIterator *self,
             GVariant      *arguments)
{
  CfFuture *future = self->chunk_size > 1 ? cf_task_make_chunk_future (self->task, arguments)
                                          : cf_task_make_item_future (self->task, arguments);

  cf_executor_submit_future (self->executor, future);
  return future;
}

static void
fill_window (CfMapIterator *self)
{
  while (self->window.length < self->window_size)
    {
      g_autoptr(GVariant) arguments = next_arguments (self);

      if (arguments == NULL)
        return;

      g_queue_push_tail (&self->window,
                         self->task != NULL ? submit_task (self, arguments) : submit_call (self, arguments));
    }
}

static guint
default_window_size (CfExecutor *executor)
{
  return 2 * MAX (1, cf_executor_get_max_workers (executor));
}

static CfMapIterator *
map_iterator_new (CfExecutor     *executor,
                  CfCall         *call,
                  CfTask         *task,
                  CfMapGenerator  generator,
                  gpointer        generator_data,
                  GDestroyNotify  generator_destroy,
                  guint           chunk_size,
                  guint           buffer_size)
{
  CfMapIterator *self = g_object_new (CF_TYPE_MAP_ITERATOR, NULL);

  self->executor = g_object_ref (executor);
  if (task != NULL)
    self->task = g_object_ref (task);
  else
    self->call = *call;
  self->generator = generator;
  self->generator_data = generator_data;
  self->generator_destroy = generator_destroy;
  self->chunk_size = MAX (1, chunk_size);
  self->window_size = default_window_size (executor);
  if (buffer_size > 0)
    {
      self->chunk_size = MIN (self->chunk_size, buffer_size);
      self->window_size = buffer_size / self->chunk_size;
    }

  fill_window (self);
  return self;
}

/* Inputs from a container. */

static GVariant *
read_container (gpointer user_data)
{
  ContainerReader *reader = user_data;

  if (reader->next == g_variant_n_children (reader->container))
    return NULL;

  return g_variant_get_child_value (reader->container, reader->next++);
}

static void
container_reader_free (gpointer user_data)
{
  ContainerReader *reader = user_data;

  g_variant_unref (reader->container);
  g_free (reader);
}

static CfMapIterator *
map_container (CfExecutor *executor,
               CfCall     *call,
               CfTask     *task,
               GVariant   *items,
               guint       chunk_size,
               guint       buffer_size)
{
  ContainerReader *reader = g_new0 (ContainerReader, 1);

  reader->container = g_variant_ref_sink (items);
  return map_iterator_new (executor, call, task, read_container, reader, container_reader_free,
                           chunk_size, buffer_size);
}

/* Results. */

/* Yields the next result of the chunk at hand. Returns FALSE without an error when there is none left. */
static gboolean
next_of_chunk (CfMapIterator  *self,
               GVariant      **result,
               GError        **error)
{
  GError *failure;

  if (self->chunk_next < cf_chunk_n_results (self->chunk))
    {
      *result = cf_chunk_dup_result (self->chunk, self->chunk_next++);
      return TRUE;
    }

  failure = cf_chunk_dup_error (self->chunk);
  g_clear_pointer (&self->chunk, g_variant_unref);
  if (failure != NULL)
    {
      finish (self);
      g_propagate_error (error, failure);
    }

  return FALSE;
}

/* Takes the result of the oldest future, which is done. */
static gboolean
next_of_window (CfMapIterator  *self,
                GVariant      **result,
                GError        **error)
{
  g_autoptr(CfFuture) oldest = g_queue_pop_head (&self->window);
  g_autoptr(GVariant) value = NULL;
  GError *failure = NULL;

  value = cf_future_await_variant (oldest, &failure);
  if (failure != NULL)
    {
      finish (self);
      g_propagate_error (error, failure);
      return FALSE;
    }

  fill_window (self);

  if (self->chunk_size > 1)
    {
      self->chunk = g_steal_pointer (&value);
      self->chunk_next = 0;
      return next_of_chunk (self, result, error);
    }

  *result = g_steal_pointer (&value);
  return TRUE;
}

/* The task's cancellable ends the map. */
static gboolean
is_cancelled (CfMapIterator *self)
{
  return self->task != NULL && g_cancellable_is_cancelled (cf_task_get_cancellable (self->task));
}

/* Yields what is at hand: TRUE with a result, FALSE with an error, or FALSE without if the oldest future has to
 * be waited for first, or there is none. */
static gboolean
next_at_hand (CfMapIterator  *self,
              GVariant      **result,
              GError        **error)
{
  GError *failure = NULL;

  *result = NULL;

  if (is_cancelled (self) && (self->chunk != NULL || self->window.head != NULL))
    {
      finish (self);
      return cf_blocking_outcome_to_error (CF_BLOCKING_CANCELLED, NULL, error);
    }

  if (self->chunk != NULL && next_of_chunk (self, result, &failure))
    return TRUE;

  while (failure == NULL && self->window.head != NULL && cf_future_is_done (self->window.head->data))
    {
      if (next_of_window (self, result, &failure))
        return TRUE;
    }

  if (failure != NULL)
    g_propagate_error (error, failure);
  return FALSE;
}

static gint64
get_time_left (CfMapIterator *self)
{
  gint64 deadline = cf_deadline_from (self->begin, self->timeout_usec);

  return deadline >= 0 ? MAX (0, deadline - g_get_monotonic_time ()) : -1;
}

/* Waiting for the oldest future. */

static void
cancel_other (GCancellable *cancellable,
              gpointer      other)
{
  g_cancellable_cancel (other);
}

static Stopper *
stopper_new (CfMapIterator *self,
             GCancellable  *of_caller)
{
  Stopper *stopper = g_new0 (Stopper, 1);
  GCancellable *of_task = self->task != NULL ? cf_task_get_cancellable (self->task) : NULL;
  GCancellable *only = of_task == NULL ? of_caller : of_caller == NULL ? of_task : NULL;

  if (only != NULL || of_task == NULL)
    {
      stopper->cancellable = only != NULL ? g_object_ref (only) : NULL;
      return stopper;
    }

  stopper->cancellable = g_cancellable_new ();
  stopper->sources[0] = g_object_ref (of_caller);
  stopper->sources[1] = g_object_ref (of_task);
  for (guint i = 0; i < G_N_ELEMENTS (stopper->sources); i++)
    stopper->handlers[i] = g_cancellable_connect (stopper->sources[i], G_CALLBACK (cancel_other),
                                                  stopper->cancellable, NULL);

  return stopper;
}

static void
stopper_free (gpointer data)
{
  Stopper *stopper = data;

  for (guint i = 0; i < G_N_ELEMENTS (stopper->sources); i++)
    {
      g_cancellable_disconnect (stopper->sources[i], stopper->handlers[i]);
      g_clear_object (&stopper->sources[i]);
    }
  g_clear_object (&stopper->cancellable);
  g_free (stopper);
}

/* A thread that gives up waiting may come back. When the time is up it is up for all, and so is what the task's
 * cancellable has ended. */
static void
finish_unless_caller_gave_up (CfMapIterator *self,
                              const GError  *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || is_cancelled (self))
    finish (self);
}

static gboolean
wait_for_oldest (CfMapIterator  *self,
                 GCancellable   *cancellable,
                 GError        **error)
{
  Stopper *stopper = stopper_new (self, cancellable);
  GError *failure = NULL;

  cf_future_wait (self->window.head->data, get_time_left (self), stopper->cancellable, &failure);
  stopper_free (stopper);
  if (failure == NULL)
    return TRUE;

  finish_unless_caller_gave_up (self, failure);
  g_propagate_error (error, failure);
  return FALSE;
}

/* Maps. */

/**
 * cf_executor_map:
 * @self: an executor
 * @func: (scope forever): a portable function
 * @items: a container: an array or a tuple, whose floating reference is taken
 * @chunk_size: how many items one call takes; 0 or 1 for one
 * @buffer_size: how many items may be ahead of the results that were taken, chunks being no larger than that; 0 for
 *   twice as many chunks as the executor handles at a time
 *
 * Calls @func for each item of @items, and yields the results in the order of the items.
 *
 * Calls begin at once, but only as many as @buffer_size allows; the others follow as results are taken. Larger
 * chunks cost less per item, if items are many and calls are short.
 *
 * Returns: (transfer full): an iterator over the results
 *
 * Since: 1.0
 */
CfMapIterator *
cf_executor_map (CfExecutor *self,
                 CfFunc      func,
                 GVariant   *items,
                 guint       chunk_size,
                 guint       buffer_size)
{
  CfCall call;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (items != NULL && g_variant_is_container (items), NULL);

  cf_call_init_func (&call, func, NULL);
  return map_container (self, &call, NULL, items, chunk_size, buffer_size);
}

/**
 * cf_executor_map_by_name:
 * @self: an executor
 * @function: the name of a portable function, `MODULE:FUNCTION`
 * @items: a container: an array or a tuple, whose floating reference is taken
 * @chunk_size: how many items one call takes; 0 or 1 for one
 * @buffer_size: how many items may be ahead of the results that were taken, chunks being no larger than that; 0 for
 *   twice as many chunks as the executor handles at a time
 *
 * Calls a function, which is found by its name, for each item of @items. It is like [method@Cf.Executor.map]; what
 * the name means is said at [method@Cf.Executor.submit_by_name].
 *
 * Returns: (transfer full): an iterator over the results
 *
 * Since: 1.0
 */
CfMapIterator *
cf_executor_map_by_name (CfExecutor *self,
                         const char *function,
                         GVariant   *items,
                         guint       chunk_size,
                         guint       buffer_size)
{
  CfCall call;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (function != NULL, NULL);
  g_return_val_if_fail (items != NULL && g_variant_is_container (items), NULL);

  cf_call_init_name (&call, function, NULL);
  return map_container (self, &call, NULL, items, chunk_size, buffer_size);
}

/**
 * cf_executor_map_task:
 * @self: an executor
 * @task: a portable function and the options of its calls; it is not changed while the map goes on
 * @items: a container: an array or a tuple, whose floating reference is taken
 * @chunk_size: how many items one call takes; 0 or 1 for one
 * @buffer_size: how many items may be ahead of the results that were taken, chunks being no larger than that; 0 for
 *   twice as many chunks as the executor handles at a time
 *
 * Calls the function of @task for each item of @items, with the task's options. The task's own arguments are not
 * used.
 *
 * - Name, priority and main context are those of each call.
 * - The timeout is that of each call; a chunk may take as many times that as it has items. For a limit on the map
 *   there is [property@Cf.MapIterator:timeout].
 * - The cancellable ends the map: the calls that have not begun are cancelled, those that run are asked to give up,
 *   and [method@Cf.MapIterator.next] fails with `G_IO_ERROR_CANCELLED` at once. No result of a call that ends later is
 *   seen. So [property@Cf.Task:check-cancellable] and [property@Cf.Task:return-on-cancel] make no difference.
 *
 * ```c
 * g_autoptr(CfTask) task = cf_task_new (make_thumbnail, NULL);
 *
 * cf_task_set_priority (task, G_PRIORITY_LOW);
 * cf_task_set_cancellable (task, window_closed);
 * thumbnails = cf_executor_map_task (executor, task, paths, 1, 0);
 * ```
 *
 * Returns: (transfer full): an iterator over the results
 *
 * Since: 1.0
 */
CfMapIterator *
cf_executor_map_task (CfExecutor *self,
                      CfTask     *task,
                      GVariant   *items,
                      guint       chunk_size,
                      guint       buffer_size)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (CF_IS_TASK (task), NULL);
  g_return_val_if_fail (cf_task_is_portable (task), NULL);
  g_return_val_if_fail (items != NULL && g_variant_is_container (items), NULL);

  return map_container (self, NULL, task, items, chunk_size, buffer_size);
}

/**
 * cf_executor_map_generator:
 * @self: an executor
 * @task: a portable function and the options of its calls; it is not changed while the map goes on
 * @generator: (scope notified): makes the inputs
 * @user_data: passed to @generator
 * @destroy: (nullable): frees @user_data when no more inputs are needed
 * @chunk_size: how many items one call takes; 0 or 1 for one
 * @buffer_size: how many items may be ahead of the results that were taken, chunks being no larger than that; 0 for
 *   twice as many chunks as the executor handles at a time
 *
 * Does as [method@Cf.Executor.map_task] does, for inputs that are made when they are needed, and need not end.
 * @generator is called in the thread that asks for results, and by this function.
 *
 * Returns: (transfer full): an iterator over the results
 *
 * Since: 1.0
 */
CfMapIterator *
cf_executor_map_generator (CfExecutor     *self,
                           CfTask         *task,
                           CfMapGenerator  generator,
                           gpointer        user_data,
                           GDestroyNotify  destroy,
                           guint           chunk_size,
                           guint           buffer_size)
{
  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (CF_IS_TASK (task), NULL);
  g_return_val_if_fail (cf_task_is_portable (task), NULL);
  g_return_val_if_fail (generator != NULL, NULL);

  return map_iterator_new (self, NULL, task, generator, user_data, destroy, chunk_size, buffer_size);
}

/* The iterator. */

/**
 * cf_map_iterator_get_timeout:
 * @self: an iterator
 *
 * Returns how long the whole map may take.
 *
 * Returns: a time in microseconds from when the map began, or -1 if there is no limit
 *
 * Since: 1.0
 */
gint64
cf_map_iterator_get_timeout (CfMapIterator *self)
{
  g_return_val_if_fail (CF_IS_MAP_ITERATOR (self), -1);

  return self->timeout_usec;
}

/**
 * cf_map_iterator_set_timeout:
 * @self: an iterator
 * @timeout_usec: how long the whole map may take, in microseconds from when it began; -1 for ever
 *
 * Sets [property@Cf.MapIterator:timeout]. It counts from the next [method@Cf.MapIterator.next] on.
 *
 * Since: 1.0
 */
void
cf_map_iterator_set_timeout (CfMapIterator *self,
                             gint64         timeout_usec)
{
  g_return_if_fail (CF_IS_MAP_ITERATOR (self));
  g_return_if_fail (timeout_usec >= -1);

  if (self->timeout_usec == timeout_usec)
    return;

  self->timeout_usec = timeout_usec;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

/**
 * cf_map_iterator_next:
 * @self: an iterator
 * @cancellable: (nullable): ends the wait early, and does not touch the calls
 * @result: (out) (transfer full) (nullable): the next result; %NULL if the function returned none
 * @error: return location for the error of the call, or `G_IO_ERROR_TIMED_OUT` or `G_IO_ERROR_CANCELLED`
 *
 * Blocks until the call for the next input has ended, and returns its result. If that call failed, the error is
 * returned in its place, the calls that have not begun are cancelled, and there are no more results.
 *
 * A wait that @cancellable has ended loses nothing: the next one goes on where it was.
 *
 * Returns: %TRUE if there is a result; %FALSE when there are no more, or if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_map_iterator_next (CfMapIterator  *self,
                      GCancellable   *cancellable,
                      GVariant      **result,
                      GError        **error)
{
  GError *failure = NULL;

  g_return_val_if_fail (CF_IS_MAP_ITERATOR (self), FALSE);
  g_return_val_if_fail (!self->is_busy, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  while (!next_at_hand (self, result, &failure))
    {
      if (failure == NULL && self->window.head == NULL)
        return FALSE;

      if (failure != NULL)
        {
          g_propagate_error (error, failure);
          return FALSE;
        }

      if (!wait_for_oldest (self, cancellable, error))
        return FALSE;
    }

  return TRUE;
}

/* The result of an operation: a result that may be NULL, or the end. */
typedef struct
{
  gboolean  is_end;
  GVariant *result;
} NextResult;

static void
next_result_free (gpointer data)
{
  NextResult *next = data;

  g_clear_pointer (&next->result, g_variant_unref);
  g_free (next);
}

static void
on_oldest_done (GObject      *oldest,
                GAsyncResult *result,
                gpointer      data);

/* Returns the operation if there is something at hand or nothing more to come, otherwise waits. */
static void
next_operation_continue (CfMapIterator *self,
                         GTask         *operation)
{
  g_autoptr(GTask) task = operation;
  NextResult *next = g_new0 (NextResult, 1);
  GError *error = NULL;
  gboolean has_result = next_at_hand (self, &next->result, &error);

  if (!has_result && error == NULL && self->window.head != NULL)
    {
      Stopper *stopper = stopper_new (self, g_task_get_cancellable (operation));

      next_result_free (next);
      g_task_set_task_data (operation, stopper, stopper_free);
      cf_future_wait_async (self->window.head->data, get_time_left (self), stopper->cancellable,
                            on_oldest_done, g_steal_pointer (&task));
      return;
    }

  self->is_busy = FALSE;
  next->is_end = !has_result;
  if (error == NULL)
    {
      g_task_return_pointer (task, next, next_result_free);
      return;
    }

  next_result_free (next);
  g_task_return_error (task, error);
}

static void
on_oldest_done (GObject      *oldest,
                GAsyncResult *result,
                gpointer      data)
{
  g_autoptr(GTask) task = data;
  CfMapIterator *self = g_task_get_source_object (task);
  CF_TSAN_READS (self);
  GError *error = NULL;

  CF_TSAN_ACQUIRE (self);
  g_task_set_task_data (task, NULL, NULL);

  if (cf_future_wait_finish (CF_FUTURE (oldest), result, &error))
    {
      next_operation_continue (self, g_steal_pointer (&task));
      return;
    }

  self->is_busy = FALSE;
  finish_unless_caller_gave_up (self, error);
  g_task_return_error (task, error);
}

/**
 * cf_map_iterator_next_async:
 * @self: an iterator
 * @cancellable: (nullable): ends the wait early, and does not touch the calls
 * @callback: (scope async) (nullable): called in the thread's default main context when there is a result
 * @user_data: passed to @callback
 *
 * Waits on the main loop until the call for the next input has ended. A wait that was cancelled loses nothing.
 *
 * Since: 1.0
 */
void
cf_map_iterator_next_async (CfMapIterator       *self,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (CF_IS_MAP_ITERATOR (self));
  g_return_if_fail (!self->is_busy);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  self->is_busy = TRUE;
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, GSIZE_TO_POINTER (cf_map_iterator_next_async));
  g_task_set_check_cancellable (task, FALSE);
  next_operation_continue (self, task);
}

/**
 * cf_map_iterator_next_finish:
 * @self: an iterator
 * @async_result: the result that the callback was given
 * @result: (out) (transfer full) (nullable): the next result; %NULL if the function returned none
 * @error: return location for the error of the call, or `G_IO_ERROR_TIMED_OUT` or `G_IO_ERROR_CANCELLED`
 *
 * Ends what [method@Cf.MapIterator.next_async] began.
 *
 * Returns: %TRUE if there is a result; %FALSE when there are no more, or if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_map_iterator_next_finish (CfMapIterator  *self,
                             GAsyncResult   *async_result,
                             GVariant      **result,
                             GError        **error)
{
  NextResult *next;
  gboolean has_result;

  g_return_val_if_fail (CF_IS_MAP_ITERATOR (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (async_result, self), FALSE);
  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  *result = NULL;
  next = g_task_propagate_pointer (G_TASK (async_result), error);
  if (next == NULL)
    return FALSE;

  has_result = !next->is_end;
  *result = g_steal_pointer (&next->result);
  next_result_free (next);

  return has_result;
}
