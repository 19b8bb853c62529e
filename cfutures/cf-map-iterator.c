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
 * The iterator is used by one thread at a time, and owns all it has. When it is over, for whatever reason, it
 * cancels what has not begun. */

#include "config.h"

#include "cf-map-iterator.h"

#include "cf-executor-private.h"
#include "cf-future-private.h"
#include "cf-parking-private.h"

/**
 * CfMapIterator:
 *
 * Yields the results of a function for each of many inputs, in the order of the inputs.
 * [method@Cf.Executor.map] makes one.
 *
 * ```c
 * g_autoptr(CfMapIterator) results = cf_executor_map (executor, square, numbers, 0, 0, -1);
 * GVariant *result;
 *
 * while (cf_map_iterator_next (results, &result, &error))
 *   {
 *     …
 *     g_clear_pointer (&result, g_variant_unref);
 *   }
 * ```
 *
 * An iterator is used by one thread at a time. Dropping it, or disposing of it, cancels the calls that have not
 * begun.
 *
 * Since: 1.0
 */

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
  CfMapGenerator  generator;        /* NULL when there are no more inputs */
  gpointer        generator_data;
  GDestroyNotify  generator_destroy;
  guint           chunk_size;
  guint           window_size;      /* how many futures */
  gint64          deadline;

  GQueue          window;           /* of futures, oldest first */
  GVariant       *chunk;            /* the one whose results are being yielded */
  gsize           chunk_next;
  gboolean        is_busy;          /* an asynchronous operation is under way */
};

G_DEFINE_FINAL_TYPE (CfMapIterator, cf_map_iterator, G_TYPE_OBJECT)

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
      atomic_store_explicit (&future->looked_at, TRUE, memory_order_relaxed);
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
cf_map_iterator_finalize (GObject *object)
{
  CfMapIterator *self = CF_MAP_ITERATOR (object);

  cf_call_clear (&self->call);
  g_object_unref (self->executor);

  G_OBJECT_CLASS (cf_map_iterator_parent_class)->finalize (object);
}

static void
cf_map_iterator_class_init (CfMapIteratorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = cf_map_iterator_dispose;
  object_class->finalize = cf_map_iterator_finalize;
}

static void
cf_map_iterator_init (CfMapIterator *self)
{
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

static void
fill_window (CfMapIterator *self)
{
  while (self->window.length < self->window_size)
    {
      g_autoptr(GVariant) arguments = next_arguments (self);
      CfCall call;

      if (arguments == NULL)
        return;

      cf_call_init_copy (&call, &self->call);
      call.args = g_steal_pointer (&arguments);
      if (self->chunk_size > 1)
        cf_call_make_chunk (&call);

      g_queue_push_tail (&self->window, cf_executor_submit_call (self->executor, &call));
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
                  CfMapGenerator  generator,
                  gpointer        generator_data,
                  GDestroyNotify  generator_destroy,
                  guint           chunk_size,
                  guint           buffer_size,
                  gint64          timeout_usec)
{
  CfMapIterator *self = g_object_new (CF_TYPE_MAP_ITERATOR, NULL);

  self->executor = g_object_ref (executor);
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
  self->deadline = cf_deadline_after (timeout_usec);

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
               GVariant   *items,
               guint       chunk_size,
               guint       buffer_size,
               gint64      timeout_usec)
{
  ContainerReader *reader = g_new0 (ContainerReader, 1);

  reader->container = g_variant_ref_sink (items);
  return map_iterator_new (executor, call, read_container, reader, container_reader_free,
                           chunk_size, buffer_size, timeout_usec);
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

  value = cf_future_get_variant (oldest, &failure);
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

/* Yields what is at hand: TRUE with a result, FALSE with an error, or FALSE without if the oldest future has to
 * be waited for first, or there is none. */
static gboolean
next_at_hand (CfMapIterator  *self,
              GVariant      **result,
              GError        **error)
{
  GError *failure = NULL;

  *result = NULL;

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
  return self->deadline >= 0 ? MAX (0, self->deadline - g_get_monotonic_time ()) : -1;
}

/**
 * cf_map_iterator_next:
 * @self: an iterator
 * @result: (out) (transfer full) (nullable): the next result; %NULL if the function returned none
 * @error: return location for the error of the call, or `CF_ERROR_TIMED_OUT`
 *
 * Blocks until the call for the next input has ended, and returns its result. If that call failed, the error is
 * returned in its place, the calls that have not begun are cancelled, and there are no more results.
 *
 * Returns: %TRUE if there is a result; %FALSE when there are no more, or if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_map_iterator_next (CfMapIterator  *self,
                      GVariant      **result,
                      GError        **error)
{
  GError *failure = NULL;

  g_return_val_if_fail (CF_IS_MAP_ITERATOR (self), FALSE);
  g_return_val_if_fail (!self->is_busy, FALSE);
  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  while (!next_at_hand (self, result, &failure))
    {
      if (failure == NULL && self->window.head == NULL)
        return FALSE;

      if (failure == NULL && !cf_future_wait (self->window.head->data, get_time_left (self), NULL, &failure))
        finish (self);

      if (failure != NULL)
        {
          g_propagate_error (error, failure);
          return FALSE;
        }
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
      next_result_free (next);
      cf_future_wait_async (self->window.head->data, get_time_left (self), g_task_get_cancellable (operation),
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

  if (cf_future_wait_finish (CF_FUTURE (oldest), result, &error))
    {
      next_operation_continue (self, g_steal_pointer (&task));
      return;
    }

  /* Who gives up waiting may come back; when the time is up it is up for all. */
  self->is_busy = FALSE;
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    finish (self);
  g_task_return_error (task, error);
}

/**
 * cf_map_iterator_next_async:
 * @self: an iterator
 * @cancellable: (nullable): ends the wait early, and does not touch the calls
 * @callback: (scope async) (nullable): called in the thread's default main context when there is a result
 * @user_data: passed to @callback
 *
 * Waits on the main loop until the call for the next input has ended.
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
  g_task_set_check_cancellable (task, FALSE);
  next_operation_continue (self, task);
}

/**
 * cf_map_iterator_next_finish:
 * @self: an iterator
 * @async_result: what the callback was given
 * @result: (out) (transfer full) (nullable): the next result; %NULL if the function returned none
 * @error: return location for the error of the call, or `CF_ERROR_TIMED_OUT` or `G_IO_ERROR_CANCELLED`
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

/**
 * cf_executor_map:
 * @self: an executor
 * @func: (scope forever): a portable function
 * @items: a container: an array or a tuple, whose floating reference is taken
 * @chunk_size: how many items to hand over at a time; 0 or 1 for one
 * @buffer_size: how many items may be ahead of the results that were taken, chunks being no larger than that; 0 for
 *   twice as many chunks as the executor handles at a time
 * @timeout_usec: how long the whole iteration may take, in microseconds from now; -1 for ever
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
                 guint       buffer_size,
                 gint64      timeout_usec)
{
  CfCall call;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (items != NULL && g_variant_is_container (items), NULL);

  cf_call_init_func (&call, func, NULL);
  return map_container (self, &call, items, chunk_size, buffer_size, timeout_usec);
}

/**
 * cf_executor_map_name:
 * @self: an executor
 * @function: the name of a portable function, `MODULE:FUNCTION`
 * @items: a container: an array or a tuple, whose floating reference is taken
 * @chunk_size: how many items to hand over at a time; 0 or 1 for one
 * @buffer_size: how many items may be ahead of the results that were taken, chunks being no larger than that; 0 for
 *   twice as many chunks as the executor handles at a time
 * @timeout_usec: how long the whole iteration may take, in microseconds from now; -1 for ever
 *
 * Like [method@Cf.Executor.map], for a function with a name. See [method@Cf.Executor.submit_name].
 *
 * Returns: (transfer full): an iterator over the results
 *
 * Since: 1.0
 */
CfMapIterator *
cf_executor_map_name (CfExecutor *self,
                      const char *function,
                      GVariant   *items,
                      guint       chunk_size,
                      guint       buffer_size,
                      gint64      timeout_usec)
{
  CfCall call;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (function != NULL, NULL);
  g_return_val_if_fail (items != NULL && g_variant_is_container (items), NULL);

  cf_call_init_name (&call, function, NULL);
  return map_container (self, &call, items, chunk_size, buffer_size, timeout_usec);
}

/**
 * cf_executor_map_generator:
 * @self: an executor
 * @func: (scope forever): a portable function
 * @generator: (scope notified): makes the inputs
 * @user_data: passed to @generator
 * @destroy: (nullable): frees @user_data when no more inputs are needed
 * @chunk_size: how many items to hand over at a time; 0 or 1 for one
 * @buffer_size: how many items may be ahead of the results that were taken, chunks being no larger than that; 0 for
 *   twice as many chunks as the executor handles at a time
 * @timeout_usec: how long the whole iteration may take, in microseconds from now; -1 for ever
 *
 * Like [method@Cf.Executor.map], for inputs that are made when they are needed, and need not end. @generator is
 * called in the thread that asks for results, and by this function.
 *
 * Returns: (transfer full): an iterator over the results
 *
 * Since: 1.0
 */
CfMapIterator *
cf_executor_map_generator (CfExecutor     *self,
                           CfFunc          func,
                           CfMapGenerator  generator,
                           gpointer        user_data,
                           GDestroyNotify  destroy,
                           guint           chunk_size,
                           guint           buffer_size,
                           gint64          timeout_usec)
{
  CfCall call;

  g_return_val_if_fail (CF_IS_EXECUTOR (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (generator != NULL, NULL);

  cf_call_init_func (&call, func, NULL);
  return map_iterator_new (self, &call, generator, user_data, destroy, chunk_size, buffer_size, timeout_usec);
}
