/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The interface that all executors have in common: one suite, run over a table of executors.
 *
 * The table of tests has two parts. Portable tests use portable functions only. What happens in a call they learn from
 * its result, or from gates that lead from one process to another: they hold for executors that run calls in other
 * processes too. Local tests pass pointers, and use gates to decide when calls end.
 *
 * An executor is described by how many calls fill it: with so many of them running, the next one stays pending. */

#include <cfutures.h>

#include "await-error.h"
#include "blocker.h"
#include "criticals.h"
#include "gates.h"
#include "process-gates.h"
#include "threads.h"

/* Long enough never to pass in a test that does not hang. */
#define LONG_TIME (3600 * G_TIME_SPAN_SECOND)

/* An executor that starts a thread for each call, written with the public API alone. */

#define EAGER_TYPE_EXECUTOR (eager_executor_get_type ())
G_DECLARE_FINAL_TYPE (EagerExecutor, eager_executor, EAGER, EXECUTOR, CfExecutor)

struct _EagerExecutor
{
  CfExecutor       parent_instance;

  pthread_mutex_t  mutex;
  GPtrArray       *threads;
};

G_DEFINE_FINAL_TYPE (EagerExecutor, eager_executor, CF_TYPE_EXECUTOR)

/* The last call may hold the last reference to the executor, and so end it in its own thread. */
static void
join_other_thread (gpointer data)
{
  if (data == g_thread_self ())
    g_thread_unref (data);
  else
    g_thread_join (data);
}

static gpointer
eager_run (gpointer data)
{
  g_autoptr(CfFuture) future = data;

  cf_future_run (future);

  return NULL;
}

static void
eager_executor_execute (CfExecutor *executor,
                        CfFuture   *future)
{
  EagerExecutor *self = EAGER_EXECUTOR (executor);

  pthread_mutex_lock (&self->mutex);
  g_ptr_array_add (self->threads, g_thread_new ("eager", eager_run, g_object_ref (future)));
  pthread_mutex_unlock (&self->mutex);
}

static void
eager_executor_shutdown (CfExecutor      *executor,
                         CfShutdownFlags  flags)
{
  EagerExecutor *self = EAGER_EXECUTOR (executor);

  CF_EXECUTOR_CLASS (eager_executor_parent_class)->shutdown (executor, flags);

  if ((flags & CF_SHUTDOWN_WAIT) == 0)
    return;

  pthread_mutex_lock (&self->mutex);
  g_ptr_array_set_size (self->threads, 0);
  pthread_mutex_unlock (&self->mutex);
}

static void
eager_executor_finalize (GObject *object)
{
  EagerExecutor *self = EAGER_EXECUTOR (object);

  g_ptr_array_unref (self->threads);
  pthread_mutex_destroy (&self->mutex);

  G_OBJECT_CLASS (eager_executor_parent_class)->finalize (object);
}

static void
eager_executor_class_init (EagerExecutorClass *klass)
{
  CF_EXECUTOR_CLASS (klass)->execute = eager_executor_execute;
  CF_EXECUTOR_CLASS (klass)->shutdown = eager_executor_shutdown;
  G_OBJECT_CLASS (klass)->finalize = eager_executor_finalize;
}

static void
eager_executor_init (EagerExecutor *self)
{
  pthread_mutex_init (&self->mutex, NULL);
  self->threads = g_ptr_array_new_with_free_func (join_other_thread);
}

/* The table of executors. */

typedef struct
{
  CfExecutor *executor;
  LoopThread *loop;
} Fixture;

typedef struct
{
  const char *name;
  CfExecutor *(*create) (Fixture *fixture);
  guint       n_fill;       /* how many running calls fill it; 0 if it cannot be filled */
  gboolean    in_submit;    /* calls run before submit() returns */
  gboolean    is_remote;    /* calls run in other processes: local functions cannot be submitted */
} ExecutorKind;

static CfExecutor *
create_one_thread (Fixture *fixture)
{
  return cf_thread_pool_executor_new (1);
}

static CfExecutor *
create_two_threads (Fixture *fixture)
{
  return cf_thread_pool_executor_new (2);
}

static CfExecutor *
create_eight_threads (Fixture *fixture)
{
  return cf_thread_pool_executor_new (8);
}

static CfExecutor *
create_inline (Fixture *fixture)
{
  return cf_inline_executor_new ();
}

static CfExecutor *
create_main_context (Fixture *fixture)
{
  fixture->loop = loop_thread_new ();

  return cf_main_context_executor_new (fixture->loop->context);
}

static CfExecutor *
create_eager (Fixture *fixture)
{
  return g_object_new (EAGER_TYPE_EXECUTOR, NULL);
}

static CfExecutor *
create_one_process (Fixture *fixture)
{
  return cf_process_pool_executor_new (1);
}

static CfExecutor *
create_two_processes (Fixture *fixture)
{
  return cf_process_pool_executor_new (2);
}

static const ExecutorKind kinds[] =
  {
    { "one-thread", create_one_thread, .n_fill = 1 },
    { "two-threads", create_two_threads, .n_fill = 2 },
    { "eight-threads", create_eight_threads, .n_fill = 8 },
    { "inline", create_inline, .in_submit = TRUE },
    { "main-context", create_main_context, .n_fill = 1 },
    { "subclass", create_eager },
    { "one-process", create_one_process, .n_fill = 1, .is_remote = TRUE },
    { "two-processes", create_two_processes, .n_fill = 2, .is_remote = TRUE },
  };

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  const ExecutorKind *kind = data;

  fixture->executor = kind->create (fixture);
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  if (fixture->executor != NULL)
    cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_clear_object (&fixture->executor);
  g_clear_pointer (&fixture->loop, loop_thread_free);
  yield_until (count_threads ("cf-pool") == 0 && count_threads ("cf-processes") == 0);
}

/* The functions that portable tests submit. */

static GVariant *
twice (CfFuture  *future,
       GVariant  *args,
       GError   **error)
{
  return g_variant_new_int64 (2 * g_variant_get_int64 (args));
}

static GVariant *
echo (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  return g_variant_ref (args);
}

static GVariant *
expect_no_args (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  if (args != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "There are arguments");

  return NULL;
}

static GVariant *
fail (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No such café");

  return NULL;
}

static GVariant *
report_progress (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  cf_future_report_progress (future, 0.25, "begun");
  cf_future_report_progress (future, 0.75, "nearly there");

  return NULL;
}

static GVariant *
has_live_cancellable (CfFuture  *future,
                      GVariant  *args,
                      GError   **error)
{
  GCancellable *cancellable = cf_future_get_cancellable (future);

  return g_variant_new_boolean (G_IS_CANCELLABLE (cancellable) && !g_cancellable_is_cancelled (cancellable));
}

/* Waits until its own cancellable is cancelled, and nothing else. */
static GVariant *
wait_to_be_cancelled (CfFuture  *future,
                      GVariant  *args,
                      GError   **error)
{
  GCancellable *cancellable = cf_future_get_cancellable (future);
  GPollFD descriptor;

  if (g_cancellable_make_pollfd (cancellable, &descriptor))
    {
      while (!g_cancellable_is_cancelled (cancellable))
        g_poll (&descriptor, 1, -1);
      g_cancellable_release_fd (cancellable);
    }

  g_cancellable_set_error_if_cancelled (cancellable, error);

  return NULL;
}

/* Says how far it has come, and ends when it is let go. */
static GVariant *
report_progress_and_block (CfFuture  *future,
                           GVariant  *args,
                           GError   **error)
{
  cf_future_report_progress (future, 0.5, "half of it");

  return block_remotely (future, args, error);
}

/* Leaves the first letter of its name in a gate. */
static GVariant *
leave_letter (CfFuture  *future,
              GVariant  *args,
              GError   **error)
{
  const char *letter;
  const char *path;
  int descriptor;

  g_variant_get (args, "(&s&s)", &letter, &path);
  descriptor = process_gate_open_path (path);
  process_gate_write (descriptor, letter[0]);
  g_close (descriptor, NULL);

  return NULL;
}

static GVariant *
twice_unless_negative (CfFuture  *future,
                       GVariant  *args,
                       GError   **error)
{
  if (g_variant_get_int64 (args) >= 0)
    return twice (future, args, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "negative");
  return NULL;
}

G_MODULE_EXPORT GVariant *test_executors_negate (CfFuture  *future,
                                                 GVariant  *args,
                                                 GError   **error);

GVariant *
test_executors_negate (CfFuture  *future,
                       GVariant  *args,
                       GError   **error)
{
  return g_variant_new_int64 (-g_variant_get_int64 (args));
}

/* Portable tests. */

static void
test_result (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (21));
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (cf_future_await_int64 (future, &error), ==, 42);
  g_assert_no_error (error);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_FINISHED);
}

static void
test_args (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GVariant) args = g_variant_ref_sink (g_variant_new_parsed ("(1, 0.5, 'maçã', {'k': <[byte 1, 2]>})"));
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, echo, args);
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;

  result = cf_future_await_variant (future, &error);
  g_assert_no_error (error);
  g_assert_cmpvariant (result, args);
}

static void
test_large_args (Fixture       *fixture,
                 gconstpointer  data)
{
  const gsize size = 4 << 20;
  guint8 *memory = g_malloc (size);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GBytes) result = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;

  for (gsize i = 0; i < size; i++)
    memory[i] = i % 251;
  bytes = g_bytes_new_take (memory, size);

  future = cf_executor_submit (fixture->executor, echo,
                               g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
  result = cf_future_await_bytes (future, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (bytes, result));
}

static void
test_no_args (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, expect_no_args, NULL);
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;

  result = cf_future_await_variant (future, &error);
  g_assert_no_error (error);
  g_assert_null (result);
}

static void
test_error (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, fail, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_future_await_variant (future, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "No such café");
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_FINISHED);
}

static void
test_many (Fixture       *fixture,
           gconstpointer  data)
{
  enum { N_CALLS = 1000 };
  CfFuture *futures[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (i));

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, 2 * i);
      g_object_unref (futures[i]);
    }
}

static void
test_progress (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, report_progress, NULL);
  g_autofree char *message = NULL;

  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_assert_no_error (await_error (future));
  message = cf_future_dup_message (future);
  g_assert_cmpstr (message, ==, "nearly there");
  g_assert_cmpfloat (cf_future_get_progress (future), ==, 0.75);
}

static void
test_cancellable (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, has_live_cancellable, NULL);

  g_assert_true (cf_future_await_boolean (future, NULL));
}

static void
test_cooperate (Fixture       *fixture,
                gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(CfFuture) future = NULL;

  if (kind->in_submit)
    {
      g_test_skip ("Nobody can cancel a call that runs in submit()");
      return;
    }

  future = cf_executor_submit (fixture->executor, wait_to_be_cancelled, NULL);
  yield_until (cf_future_is_running (future));
  g_assert_false (cf_future_cancel (future));
  g_assert_false (cf_future_is_done (future));
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));

  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (cf_future_is_cancelled (future));

  /* It did run. */
  g_assert_false (cf_future_cancel (future));
}

static void
test_task_timeout (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(CfTask) task = cf_task_new (wait_to_be_cancelled, NULL);
  g_autoptr(CfFuture) future = NULL;

  cf_task_set_timeout (task, 1000);
  future = cf_executor_submit_task (fixture->executor, task);

  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_task_cancellable (Fixture       *fixture,
                       gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfTask) task = cf_task_new (wait_to_be_cancelled, NULL);
  g_autoptr(CfFuture) running = NULL;
  g_autoptr(CfFuture) late = NULL;

  cf_task_set_cancellable (task, cancellable);

  if (!kind->in_submit)
    {
      running = cf_executor_submit_task (fixture->executor, task);
      yield_until (cf_future_is_running (running));
      g_cancellable_cancel (cancellable);
      g_assert_error (await_error (running), G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_true (cf_future_is_cancelled (running));
    }

  g_cancellable_cancel (cancellable);
  late = cf_executor_submit_task (fixture->executor, task);
  g_assert_true (cf_future_wait (late, -1, NULL, NULL));
  g_assert_true (cf_future_is_cancelled (late));
}

static void
test_task (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(CfTask) task = cf_task_new (twice, g_variant_new_int64 (4));
  g_autoptr(CfFuture) first = NULL;
  g_autoptr(CfFuture) second = NULL;

  cf_task_set_name (task, "doubling");
  cf_task_set_priority (task, -1);
  first = cf_executor_submit_task (fixture->executor, task);
  second = cf_executor_submit_task (fixture->executor, task);

  g_assert_true (first != second);
  g_assert_cmpint (cf_future_await_int64 (first, NULL), ==, 8);
  g_assert_cmpint (cf_future_await_int64 (second, NULL), ==, 8);
}

static void
test_name (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfFuture) unknown = NULL;
  g_autoptr(GError) error = NULL;

  future = cf_executor_submit_by_name (fixture->executor, ":test_executors_negate", g_variant_new_int64 (5));
  g_assert_cmpint (cf_future_await_int64 (future, &error), ==, -5);
  g_assert_no_error (error);

  unknown = cf_executor_submit_by_name (fixture->executor, ":test_executors_no_such_function", NULL);
  g_assert_error (await_error (unknown), CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION);
}

static void
test_map (Fixture       *fixture,
          gconstpointer  data)
{
  const guint chunk_sizes[] = { 0, 1, 3, 100 };

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfMapIterator) iterator = NULL;
      g_autoptr(GVariant) result = NULL;
      g_autoptr(GError) error = NULL;

      iterator = cf_executor_map (fixture->executor, twice, g_variant_new_parsed ("[int64 5, 4, 3, 2, 1]"),
                                  chunk_sizes[i], 0);

      for (gint64 expected = 10; expected > 0; expected -= 2)
        {
          g_assert_true (cf_map_iterator_next (iterator, NULL, &result, &error));
          g_assert_no_error (error);
          g_assert_cmpint (g_variant_get_int64 (result), ==, expected);
          g_clear_pointer (&result, g_variant_unref);
        }

      g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
      g_assert_no_error (error);
      g_assert_null (result);
    }
}

static void
test_map_by_name (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(CfMapIterator) iterator = NULL;
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;

  iterator = cf_executor_map_by_name (fixture->executor, ":test_executors_negate", g_variant_new_parsed ("[int64 1, 2]"),
                                      1, 0);

  for (gint64 expected = -1; expected >= -2; expected--)
    {
      g_assert_true (cf_map_iterator_next (iterator, NULL, &result, &error));
      g_assert_no_error (error);
      g_assert_cmpint (g_variant_get_int64 (result), ==, expected);
      g_clear_pointer (&result, g_variant_unref);
    }

  g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
  g_assert_no_error (error);
}

static void
test_as_completed (Fixture       *fixture,
                   gconstpointer  data)
{
  enum { N_CALLS = 10 };
  CfFuture *futures[N_CALLS];
  g_autoptr(CfCompletionIterator) iterator = NULL;
  gint64 sum = 0;

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (i));

  iterator = cf_as_completed (futures, N_CALLS, -1);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autoptr(CfFuture) future = cf_completion_iterator_next (iterator, NULL, NULL);

      g_assert_nonnull (future);
      g_assert_true (cf_future_is_done (future));
      sum += cf_future_await_int64 (future, NULL);
    }

  g_assert_null (cf_completion_iterator_next (iterator, NULL, NULL));
  g_assert_cmpint (sum, ==, N_CALLS * (N_CALLS - 1));

  for (guint i = 0; i < N_CALLS; i++)
    g_object_unref (futures[i]);
}

static void
test_wait (Fixture       *fixture,
           gconstpointer  data)
{
  enum { N_CALLS = 10 };
  CfFuture *futures[N_CALLS];
  g_autoptr(GPtrArray) done = NULL;
  g_autoptr(GPtrArray) not_done = NULL;

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (i));

  g_assert_true (cf_wait (futures, N_CALLS, CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, &done, &not_done, NULL));
  g_assert_cmpuint (done->len, ==, N_CALLS);
  g_assert_cmpuint (not_done->len, ==, 0);

  for (guint i = 0; i < N_CALLS; i++)
    g_object_unref (futures[i]);
}

static void
count_call (CfFuture *future,
            gpointer  user_data)
{
  guint *n_calls = user_data;

  g_assert_true (cf_future_is_done (future));
  (*n_calls)++;
}

static void
test_done_callback (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (1));
  guint n_calls = 0;

  cf_future_add_done_callback (future, count_call, &n_calls, NULL);
  g_assert_cmpuint (n_calls, ==, 0);
  loop_until (NULL, n_calls > 0);
  loop_while_ready (NULL);
  g_assert_cmpuint (n_calls, ==, 1);
}

/* What came of submit_async(), or of shutdown_async(). */
typedef struct
{
  CfExecutor *executor;
  gboolean    called;
  gboolean    success;
  GValue      value;
  GError     *error;
} Answer;

static void
on_submitted (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Answer *answer = user_data;

  g_assert_true (source == G_OBJECT (answer->executor));
  g_assert_true (CF_IS_FUTURE (result));
  g_assert_true (g_async_result_get_user_data (result) == user_data);

  answer->success = cf_executor_submit_finish (answer->executor, result, &answer->value, &answer->error);
  answer->called = TRUE;
}

static void
test_submit_async (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(CfTask) good = cf_task_new (twice, g_variant_new_int64 (4));
  g_autoptr(CfTask) bad = cf_task_new (fail, NULL);
  Answer of_good = { .executor = fixture->executor };
  Answer of_bad = { .executor = fixture->executor };

  cf_executor_submit_async (fixture->executor, good, NULL, on_submitted, &of_good);
  cf_executor_submit_async (fixture->executor, bad, NULL, on_submitted, &of_bad);
  g_assert_false (of_good.called);
  g_assert_false (of_bad.called);

  loop_until (NULL, of_good.called && of_bad.called);
  g_assert_true (of_good.success);
  g_assert_no_error (of_good.error);
  g_assert_cmpint (g_value_get_int64 (&of_good.value), ==, 8);
  g_value_unset (&of_good.value);

  g_assert_false (of_bad.success);
  g_assert_error (of_bad.error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&of_bad.error);
}

static void
test_submit_async_cancelled (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autoptr(CfTask) task = cf_task_new (twice, g_variant_new_int64 (4));
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { .executor = fixture->executor };

  g_cancellable_cancel (cancellable);
  cf_executor_submit_async (fixture->executor, task, cancellable, on_submitted, &answer);
  g_assert_false (answer.called);

  loop_until (NULL, answer.called);
  g_assert_false (answer.success);
  g_assert_nonnull (answer.error);
  g_assert_true (g_error_matches (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
                 g_error_matches (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_clear_error (&answer.error);
}

static void
test_submit_async_without_callback (Fixture       *fixture,
                                    gconstpointer  data)
{
  g_autoptr(CfTask) task = cf_task_new (twice, g_variant_new_int64 (4));

  cf_executor_submit_async (fixture->executor, task, NULL, NULL, NULL);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (cf_executor_get_n_completed (fixture->executor), ==, 1);
}

static void
on_submitted_unread (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  Answer *answer = user_data;

  /* Who wants to know only whether it succeeded passes no value. */
  answer->success = cf_executor_submit_finish (CF_EXECUTOR (source), result, NULL, &answer->error);
  answer->called = TRUE;
}

static void
test_submit_async_context (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CfTask) task = cf_task_new (twice, g_variant_new_int64 (4));
  Answer answer = { .executor = fixture->executor };

  g_main_context_push_thread_default (context);
  cf_executor_submit_async (fixture->executor, task, NULL, on_submitted_unread, &answer);
  g_main_context_pop_thread_default (context);

  loop_while_ready (NULL);
  g_assert_false (answer.called);
  loop_until (context, answer.called);
  g_assert_true (answer.success);
  g_assert_no_error (answer.error);
}

static void
assert_shut_down (CfExecutor *executor)
{
  g_autoptr(CfTask) task = cf_task_new (twice, g_variant_new_int64 (1));
  g_autoptr(CfFuture) of_function = cf_executor_submit (executor, twice, g_variant_new_int64 (1));
  g_autoptr(CfFuture) of_name = cf_executor_submit_by_name (executor, ":test_executors_negate", g_variant_new_int64 (1));
  g_autoptr(CfFuture) of_task = cf_executor_submit_task (executor, task);
  CfFuture *futures[] = { of_function, of_name, of_task };

  g_assert_true (cf_executor_is_shut_down (executor));

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      g_assert_cmpint (cf_future_get_state (futures[i]), ==, CF_FUTURE_STATE_FINISHED);
      g_assert_error (await_error (futures[i]), CF_ERROR, CF_ERROR_SHUT_DOWN);
    }
}

static void
test_shutdown (Fixture       *fixture,
               gconstpointer  data)
{
  enum { N_CALLS = 100 };
  CfFuture *futures[N_CALLS];

  g_assert_false (cf_executor_is_shut_down (fixture->executor));
  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (i));

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_true (cf_future_is_done (futures[i]));
      g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, 2 * i);
      g_object_unref (futures[i]);
    }
  assert_shut_down (fixture->executor);
}

static void
test_shutdown_without_waiting (Fixture       *fixture,
                               gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (4));

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_DEFAULT);
  assert_shut_down (fixture->executor);
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 8);
}

static void
test_shutdown_again (Fixture       *fixture,
                     gconstpointer  data)
{
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_DEFAULT);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_CANCEL_PENDING);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT | CF_SHUTDOWN_CANCEL_PENDING);
  assert_shut_down (fixture->executor);
}

static void
on_shut_down (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Answer *answer = user_data;

  g_assert_true (g_async_result_is_tagged (result, GSIZE_TO_POINTER (cf_executor_shutdown_async)));
  g_assert_true (source == G_OBJECT (answer->executor));
  answer->success = cf_executor_shutdown_finish (answer->executor, result, &answer->error);
  answer->called = TRUE;
}

static void
test_shutdown_async (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (4));
  Answer answer = { .executor = fixture->executor };
  Answer again = { .executor = fixture->executor };

  cf_executor_shutdown_async (fixture->executor, CF_SHUTDOWN_DEFAULT, NULL, on_shut_down, &answer);
  g_assert_false (answer.called);
  assert_shut_down (fixture->executor);

  loop_until (NULL, answer.called);
  g_assert_true (answer.success);
  g_assert_no_error (answer.error);
  g_assert_true (cf_future_is_done (future));
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 8);

  cf_executor_shutdown_async (fixture->executor, CF_SHUTDOWN_CANCEL_PENDING, NULL, on_shut_down, &again);
  loop_until (NULL, again.called);
  g_assert_true (again.success);
}

static void
test_drain (Fixture       *fixture,
            gconstpointer  data)
{
  enum { N_CALLS = 100 };
  CfFuture *futures[N_CALLS];
  g_autoptr(CfFuture) later = NULL;
  g_autoptr(GError) error = NULL;
  guint n_callbacks = 0;

  for (guint i = 0; i < N_CALLS; i++)
    {
      futures[i] = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (i));
      cf_future_add_done_callback (futures[i], count_call, &n_callbacks, NULL);
    }
  cf_future_cancel (futures[N_CALLS - 1]);

  g_assert_true (cf_executor_drain (fixture->executor, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_callbacks, ==, N_CALLS);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_true (cf_future_is_done (futures[i]));
      g_object_unref (futures[i]);
    }

  g_assert_false (cf_executor_is_shut_down (fixture->executor));
  later = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (4));
  g_assert_true (cf_executor_drain (fixture->executor, NULL, NULL));
  g_assert_true (cf_future_is_done (later));
  g_assert_cmpint (cf_future_await_int64 (later, NULL), ==, 8);
}

static void
test_drain_nothing (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;

  g_assert_true (cf_executor_drain (fixture->executor, NULL, NULL));
  future = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (4));
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_DEFAULT);
  g_assert_true (cf_executor_drain (fixture->executor, NULL, NULL));
  g_assert_true (cf_future_is_done (future));
  g_assert_true (cf_executor_drain (fixture->executor, NULL, NULL));
}

static void
on_drained (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Answer *answer = user_data;

  g_assert_true (g_async_result_is_tagged (result, GSIZE_TO_POINTER (cf_executor_drain_async)));
  g_assert_true (source == G_OBJECT (answer->executor));
  answer->success = cf_executor_drain_finish (answer->executor, result, &answer->error);
  answer->called = TRUE;
}

static void
test_drain_async (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CfFuture) first = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (4));
  g_autoptr(CfFuture) second = cf_executor_submit (fixture->executor, fail, NULL);
  Answer answer = { .executor = fixture->executor };

  g_main_context_push_thread_default (context);
  cf_executor_drain_async (fixture->executor, NULL, on_drained, &answer);
  g_main_context_pop_thread_default (context);
  g_assert_false (answer.called);

  loop_until (context, answer.called);
  g_assert_true (answer.success);
  g_assert_no_error (answer.error);
  g_assert_true (cf_future_is_done (first));
  g_assert_error (await_error (second), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_shutdown_nothing (Fixture       *fixture,
                       gconstpointer  data)
{
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  assert_shut_down (fixture->executor);
}

static void
test_counts (Fixture       *fixture,
             gconstpointer  data)
{
  enum { N_CALLS = 50 };

  for (guint i = 0; i < N_CALLS; i++)
    g_object_unref (cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (i)));
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);

  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, 0);
  g_assert_cmpuint (cf_executor_get_n_running (fixture->executor), ==, 0);
  g_assert_cmpuint (cf_executor_get_n_completed (fixture->executor), ==, N_CALLS);
}

static void
test_max_workers (Fixture       *fixture,
                  gconstpointer  data)
{
  const ExecutorKind *kind = data;

  if (kind->n_fill > 0)
    g_assert_cmpuint (cf_executor_get_max_workers (fixture->executor), ==, kind->n_fill);
  else if (kind->in_submit)
    g_assert_cmpuint (cf_executor_get_max_workers (fixture->executor), ==, 1);
  else
    g_test_skip ("It has no limit");
}

static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  enum { N_CALLS = 100 };
  CfFuture *futures[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (i));

  g_clear_object (&fixture->executor);

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, 2 * i);
      g_object_unref (futures[i]);
    }
}

/* Local tests. */

static gboolean
add_one (CfFuture  *future,
         GValue    *result,
         gpointer   user_data,
         GError   **error)
{
  int *number = user_data;

  g_value_init (result, G_TYPE_INT);
  g_value_set_int (result, *number + 1);

  return TRUE;
}

static void
test_local (Fixture       *fixture,
            gconstpointer  data)
{
  int number = 41;
  g_autoptr(CfFuture) future = cf_executor_submit_local (fixture->executor, add_one, &number, NULL);
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_future_await_value (future, &value, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_value_get_int (&value), ==, 42);
}

static gboolean
drain_own_executor (CfFuture  *future,
                    GValue    *result,
                    gpointer   user_data,
                    GError   **error)
{
  return cf_executor_drain (user_data, NULL, error);
}

static void
test_local_drain_inside (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit_local (fixture->executor, drain_own_executor, fixture->executor, NULL);

  g_assert_error (await_error (future), CF_ERROR, CF_ERROR_INVALID_STATE);
}

static gboolean
fail_locally (CfFuture  *future,
              GValue    *result,
              gpointer   user_data,
              GError   **error)
{
  /* A value that was set before the call failed is dropped. */
  g_value_init (result, G_TYPE_STRING);
  g_value_set_string (result, "half of a result");
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "busy");

  return FALSE;
}

static void
test_local_error (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit_local (fixture->executor, fail_locally, NULL, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_future_await_string (future, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, "busy");
}

static gboolean
fail_without_a_word (CfFuture  *future,
                     GValue    *result,
                     gpointer   user_data,
                     GError   **error)
{
  return FALSE;
}

static void
test_local_error_unset (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit_local (fixture->executor, fail_without_a_word, NULL, NULL);

  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_assert_nonnull (await_error (future));
  g_assert_nonnull (await_error (future)->message);
}

static gboolean
return_itself (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  g_assert_true (cf_future_is_running (future));
  g_value_init (result, G_TYPE_POINTER);
  g_value_set_pointer (result, future);

  return TRUE;
}

static void
test_local_future (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(CfFuture) future = cf_executor_submit_local (fixture->executor, return_itself, NULL, NULL);

  g_assert_true (cf_future_await_pointer (future, NULL) == future);
}

/* Something submitted with a call: how often the call ran, and how often this was destroyed. */
typedef struct
{
  atomic_uint n_ran;
  atomic_uint n_destroyed;
  Gate        destroyed;
} Cargo;

#define CARGO_INIT { 0, 0, GATE_INIT }

static gboolean
use_cargo (CfFuture  *future,
           GValue    *result,
           gpointer   user_data,
           GError   **error)
{
  Cargo *cargo = user_data;

  g_assert_cmpuint (atomic_load (&cargo->n_destroyed), ==, 0);
  atomic_fetch_add (&cargo->n_ran, 1);

  return TRUE;
}

static void
destroy_cargo (gpointer user_data)
{
  Cargo *cargo = user_data;

  atomic_fetch_add (&cargo->n_destroyed, 1);
  gate_open (&cargo->destroyed);
}

static void
assert_cargo (Cargo *cargo,
              guint  n_ran)
{
  g_assert_cmpuint (atomic_load (&cargo->n_ran), ==, n_ran);
  g_assert_cmpuint (atomic_load (&cargo->n_destroyed), ==, 1);
}

static void
test_destroy (Fixture       *fixture,
              gconstpointer  data)
{
  Cargo cargo = CARGO_INIT;
  g_autoptr(CfFuture) future = cf_executor_submit_local (fixture->executor, use_cargo, &cargo, destroy_cargo);

  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  assert_cargo (&cargo, 1);

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  assert_cargo (&cargo, 1);
}

static void
test_destroy_after_shutdown (Fixture       *fixture,
                             gconstpointer  data)
{
  Cargo cargo = CARGO_INIT;
  g_autoptr(CfFuture) future = NULL;

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  future = cf_executor_submit_local (fixture->executor, use_cargo, &cargo, destroy_cargo);
  assert_cargo (&cargo, 0);
  g_assert_error (await_error (future), CF_ERROR, CF_ERROR_SHUT_DOWN);
}

static void
test_dropped_future (Fixture       *fixture,
                     gconstpointer  data)
{
  Cargo cargo = CARGO_INIT;
  CfFuture *future = cf_executor_submit_local (fixture->executor, use_cargo, &cargo, destroy_cargo);

  g_object_unref (future);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  assert_cargo (&cargo, 1);
}

static void
count_variant_freed (gpointer user_data)
{
  atomic_uint *n_freed = user_data;

  atomic_fetch_add (n_freed, 1);
}

static void
test_args_are_freed (Fixture       *fixture,
                     gconstpointer  data)
{
  static const guint8 bytes[] = { 1, 2, 3 };
  atomic_uint n_freed = 0;
  GVariant *floating = g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, sizeof bytes, TRUE,
                                                count_variant_freed, &n_freed);
  CfFuture *future = cf_executor_submit (fixture->executor, echo, floating);

  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&n_freed), ==, 0);

  g_object_unref (future);
  g_assert_cmpuint (atomic_load (&n_freed), ==, 1);
}

static void
test_future_is_freed (Fixture       *fixture,
                      gconstpointer  data)
{
  CfFuture *future = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (1));

  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_finalize_object (future);
}

/* Occupies the executor, so that calls submitted from now on stay pending until the gate is opened. */
static gboolean
fill (Fixture            *fixture,
      const ExecutorKind *kind,
      Blocker            *blocker)
{
  if (kind->n_fill == 0)
    {
      g_test_skip ("Nothing can be pending in it");
      return FALSE;
    }

  for (guint i = 0; i < kind->n_fill; i++)
    g_object_unref (cf_executor_submit_local (fixture->executor, block, blocker, NULL));
  gate_wait_for (&blocker->begun, kind->n_fill);

  return TRUE;
}

static void
test_local_cancel_pending (Fixture       *fixture,
                           gconstpointer  data)
{
  Blocker blocker = BLOCKER_INIT;
  Cargo cancelled_cargo = CARGO_INIT;
  Cargo other_cargo = CARGO_INIT;
  g_autoptr(CfFuture) cancelled = NULL;
  g_autoptr(CfFuture) other = NULL;

  if (!fill (fixture, data, &blocker))
    return;

  cancelled = cf_executor_submit_local (fixture->executor, use_cargo, &cancelled_cargo, destroy_cargo);
  other = cf_executor_submit_local (fixture->executor, use_cargo, &other_cargo, destroy_cargo);
  g_assert_cmpint (cf_future_get_state (cancelled), ==, CF_FUTURE_STATE_PENDING);
  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, 2);

  g_assert_true (cf_future_cancel (cancelled));
  assert_cargo (&cancelled_cargo, 0);
  g_assert_true (cf_future_is_cancelled (cancelled));

  gate_open (&blocker.go_on);
  g_assert_true (cf_future_wait (other, -1, NULL, NULL));
  assert_cargo (&other_cargo, 1);

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  assert_cargo (&cancelled_cargo, 0);
  g_assert_finalize_object (g_steal_pointer (&cancelled));
}

static void
test_local_task_cancellable_pending (Fixture       *fixture,
                                     gconstpointer  data)
{
  Blocker blocker = BLOCKER_INIT;
  Cargo cargo = CARGO_INIT;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfTask) task = NULL;
  g_autoptr(CfFuture) future = NULL;

  if (!fill (fixture, data, &blocker))
    return;

  task = cf_task_new_local (use_cargo, &cargo, NULL);
  cf_task_set_cancellable (task, cancellable);
  future = cf_executor_submit_task (fixture->executor, task);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);

  g_cancellable_cancel (cancellable);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_assert_true (cf_future_is_cancelled (future));

  gate_open (&blocker.go_on);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&cargo.n_ran), ==, 0);
}

static void
test_local_shutdown_cancels (Fixture       *fixture,
                             gconstpointer  data)
{
  enum { N_CALLS = 10 };
  Blocker blocker = BLOCKER_INIT;
  Cargo cargos[N_CALLS];
  CfFuture *futures[N_CALLS];

  if (!fill (fixture, data, &blocker))
    return;

  for (guint i = 0; i < N_CALLS; i++)
    {
      cargos[i] = (Cargo) CARGO_INIT;
      futures[i] = cf_executor_submit_local (fixture->executor, use_cargo, &cargos[i], destroy_cargo);
    }

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_CANCEL_PENDING);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_true (cf_future_is_cancelled (futures[i]));
      assert_cargo (&cargos[i], 0);
    }

  gate_open (&blocker.go_on);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  for (guint i = 0; i < N_CALLS; i++)
    {
      assert_cargo (&cargos[i], 0);
      g_object_unref (futures[i]);
    }
}

static void
test_local_dropped_when_full (Fixture       *fixture,
                              gconstpointer  data)
{
  enum { N_CALLS = 10 };
  const ExecutorKind *kind = data;
  Blocker blocker = BLOCKER_INIT;
  Cargo cargos[N_CALLS];

  if (!fill (fixture, kind, &blocker))
    return;

  for (guint i = 0; i < N_CALLS; i++)
    {
      cargos[i] = (Cargo) CARGO_INIT;
      g_object_unref (cf_executor_submit_local (fixture->executor, use_cargo, &cargos[i], destroy_cargo));
    }

  g_clear_object (&fixture->executor);
  gate_open (&blocker.go_on);

  for (guint i = 0; i < N_CALLS; i++)
    {
      loop_until (NULL, gate_is_open (&cargos[i].destroyed));
      assert_cargo (&cargos[i], 1);
    }
  gate_wait_for (&blocker.ended, kind->n_fill);
}

static gboolean
submit_and_wait (CfFuture  *future,
                 GValue    *result,
                 gpointer   executor,
                 GError   **error)
{
  g_autoptr(CfFuture) inner = cf_executor_submit (executor, twice, g_variant_new_int64 (4));

  g_value_init (result, G_TYPE_INT64);
  g_value_set_int64 (result, cf_future_await_int64 (inner, error));

  return TRUE;
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  enum { N_CALLS = 20 };
  CfFuture *futures[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit_local (fixture->executor, submit_and_wait, fixture->executor, NULL);

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, 8);
      g_object_unref (futures[i]);
    }
}

static void
test_bad_arguments (Fixture       *fixture,
                    gconstpointer  data)
{
  CfExecutor *executor = fixture->executor;
  g_autoptr(CfFuture) future = cf_future_new ();

  assert_critical (g_assert_null (cf_executor_submit (executor, NULL, NULL)));
  assert_critical (g_assert_null (cf_executor_submit_by_name (executor, NULL, NULL)));
  assert_critical (g_assert_null (cf_executor_submit_local (executor, NULL, NULL, NULL)));
  assert_critical (g_assert_null (cf_executor_submit_task (executor, NULL)));
  assert_critical (cf_executor_submit_async (executor, NULL, NULL, NULL, NULL));
  assert_critical (g_assert_false (cf_executor_submit_finish (executor, NULL, NULL, NULL)));
  assert_critical (g_assert_false (cf_executor_submit_finish (executor, G_ASYNC_RESULT (future), NULL, NULL)));
  assert_critical (g_assert_null (cf_executor_map (executor, twice, NULL, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_generator (executor, NULL, NULL, NULL, NULL, 1, 0)));
  assert_critical (g_assert_false (cf_executor_shutdown_finish (executor, NULL, NULL)));
  assert_critical (g_assert_false (cf_executor_shutdown_finish (executor, G_ASYNC_RESULT (future), NULL)));
}

static void
test_no_executor (void)
{
  CfExecutor *none = NULL;
  g_autoptr(CfTask) task = cf_task_new (twice, g_variant_new_int64 (1));
  g_autoptr(GVariant) items = g_variant_ref_sink (g_variant_new_parsed ("[int64 1]"));
  g_autoptr(CfFuture) future = cf_future_new ();

  assert_critical (g_assert_null (cf_executor_submit (none, twice, NULL)));
  assert_critical (g_assert_null (cf_executor_submit_by_name (none, ":f", NULL)));
  assert_critical (g_assert_null (cf_executor_submit_local (none, add_one, NULL, NULL)));
  assert_critical (g_assert_null (cf_executor_submit_task (none, task)));
  assert_critical (cf_executor_submit_async (none, task, NULL, NULL, NULL));
  assert_critical (g_assert_false (cf_executor_submit_finish (none, G_ASYNC_RESULT (future), NULL, NULL)));
  assert_critical (g_assert_null (cf_executor_map (none, twice, items, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_by_name (none, ":f", items, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_generator (none, NULL, NULL, NULL, NULL, 1, 0)));
  assert_critical (cf_executor_shutdown (none, CF_SHUTDOWN_DEFAULT));
  assert_critical (cf_executor_shutdown_async (none, CF_SHUTDOWN_DEFAULT, NULL, NULL, NULL));
  assert_critical (g_assert_false (cf_executor_shutdown_finish (none, G_ASYNC_RESULT (future), NULL)));
  assert_critical (g_assert_false (cf_executor_drain (none, NULL, NULL)));
  assert_critical (cf_executor_drain_async (none, NULL, NULL, NULL));
  assert_critical (g_assert_false (cf_executor_drain_finish (none, G_ASYNC_RESULT (future), NULL)));
  assert_critical (cf_executor_is_shut_down (none));
  assert_critical (g_assert_cmpuint (cf_executor_get_max_workers (none), ==, 0));
  assert_critical (g_assert_cmpuint (cf_executor_get_n_pending (none), ==, 0));
  assert_critical (g_assert_cmpuint (cf_executor_get_n_running (none), ==, 0));
  assert_critical (g_assert_cmpuint (cf_executor_get_n_completed (none), ==, 0));
}

/* Portable tests that decide when calls end. */

/* Occupies the executor, so that calls submitted from now on stay pending until the blocker is let go. */
static gboolean
fill_remotely (Fixture            *fixture,
               const ExecutorKind *kind,
               RemoteBlocker      *blocker)
{
  if (kind->n_fill == 0)
    {
      g_test_skip ("Nothing can be pending in it");
      return FALSE;
    }

  for (guint i = 0; i < kind->n_fill; i++)
    g_object_unref (remote_blocker_submit (blocker, fixture->executor));
  process_gate_wait_for (blocker->begun, kind->n_fill);

  return TRUE;
}

static void
let_go (const ExecutorKind *kind,
        RemoteBlocker      *blocker)
{
  process_gate_open_for (blocker->go_on, kind->n_fill);
}

static void
test_cancel_pending (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) cancelled_ran = process_gate_new ();
  g_autoptr(ProcessGate) other_ran = process_gate_new ();
  g_autoptr(CfFuture) cancelled = NULL;
  g_autoptr(CfFuture) other = NULL;

  if (!fill_remotely (fixture, data, blocker))
    return;

  cancelled = cf_executor_submit (fixture->executor, open_gate_remotely, process_gate_to_variant (cancelled_ran));
  other = cf_executor_submit (fixture->executor, open_gate_remotely, process_gate_to_variant (other_ran));
  g_assert_cmpint (cf_future_get_state (cancelled), ==, CF_FUTURE_STATE_PENDING);
  g_assert_false (cf_future_is_running (other));

  g_assert_true (cf_future_cancel (cancelled));
  g_assert_true (cf_future_cancel (cancelled));
  g_assert_true (cf_future_is_cancelled (cancelled));
  g_assert_true (cf_future_is_done (cancelled));
  g_assert_error (await_error (cancelled), G_IO_ERROR, G_IO_ERROR_CANCELLED);

  let_go (data, blocker);
  g_assert_no_error (await_error (other));
  g_assert_false (cf_future_cancel (other));
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (process_gate_count (cancelled_ran), ==, 0);
  g_assert_cmpuint (process_gate_count (other_ran), ==, 1);
  g_assert_finalize_object (g_steal_pointer (&cancelled));
}

static void
test_cancel_running (Fixture       *fixture,
                     gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) future = NULL;

  if (kind->in_submit)
    {
      g_test_skip ("Nobody can cancel a call that runs in submit()");
      return;
    }

  future = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait (blocker->begun);
  g_assert_false (cf_future_cancel (future));
  g_assert_true (cf_future_is_running (future));
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_RUNNING);

  process_gate_open (blocker->go_on);
  g_assert_no_error (await_error (future));
  g_assert_false (cf_future_is_cancelled (future));
}

static void
test_drain_leaves_later_calls (Fixture       *fixture,
                               gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(RemoteBlocker) later_blocker = remote_blocker_new ();
  g_autoptr(CfFuture) pending = NULL;
  g_autoptr(CfFuture) later = NULL;
  Answer answers[2] = { { .executor = fixture->executor }, { .executor = fixture->executor } };

  if (!fill_remotely (fixture, kind, blocker))
    return;

  pending = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (1));
  cf_executor_drain_async (fixture->executor, NULL, on_drained, &answers[0]);
  later = remote_blocker_submit (later_blocker, fixture->executor);
  cf_executor_drain_async (fixture->executor, NULL, on_drained, &answers[1]);
  loop_while_ready (NULL);
  g_assert_false (answers[0].called);

  let_go (kind, blocker);
  loop_until (NULL, answers[0].called);
  g_assert_true (answers[0].success);
  g_assert_true (cf_future_is_done (pending));
  g_assert_false (cf_future_is_done (later));
  g_assert_false (answers[1].called);

  process_gate_open (later_blocker->go_on);
  loop_until (NULL, answers[1].called);
  g_assert_true (answers[1].success);
  g_assert_true (cf_future_is_done (later));
}

static void
test_drain_cancelled (Fixture       *fixture,
                      gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfFuture) pending = NULL;
  g_autoptr(GError) error = NULL;
  Answer answer = { .executor = fixture->executor };

  if (!fill_remotely (fixture, kind, blocker))
    return;

  pending = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (1));
  cf_executor_drain_async (fixture->executor, cancellable, on_drained, &answer);
  g_cancellable_cancel (cancellable);
  g_assert_false (cf_executor_drain (fixture->executor, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  loop_until (NULL, answer.called);
  g_assert_false (answer.success);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&answer.error);
  g_assert_false (cf_future_is_done (pending));

  let_go (kind, blocker);
  g_assert_cmpint (cf_future_await_int64 (pending, NULL), ==, 2);
}

static void
test_drain_passes_withdrawn_calls (Fixture       *fixture,
                                   gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) cancelled_before = NULL;
  g_autoptr(CfFuture) cancelled_meanwhile = NULL;
  Answer answer = { .executor = fixture->executor };

  if (!fill_remotely (fixture, kind, blocker))
    return;

  cancelled_before = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (1));
  cancelled_meanwhile = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (1));
  g_assert_true (cf_future_cancel (cancelled_before));
  cf_executor_drain_async (fixture->executor, NULL, on_drained, &answer);
  g_assert_true (cf_future_cancel (cancelled_meanwhile));

  let_go (kind, blocker);
  loop_until (NULL, answer.called);
  g_assert_true (answer.success);
}

static void
test_counts_of_full (Fixture       *fixture,
                     gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) pending = NULL;
  g_autoptr(CfFuture) cancelled = NULL;

  if (!fill_remotely (fixture, kind, blocker))
    return;

  pending = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (1));
  cancelled = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (1));
  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, 2);
  g_assert_cmpuint (cf_executor_get_n_running (fixture->executor), ==, kind->n_fill);
  g_assert_cmpuint (cf_executor_get_n_completed (fixture->executor), ==, 0);

  g_assert_true (cf_future_cancel (cancelled));
  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, 1);

  let_go (kind, blocker);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, 0);
  g_assert_cmpuint (cf_executor_get_n_running (fixture->executor), ==, 0);
}

static void
test_progress_while_running (Fixture       *fixture,
                             gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) future = NULL;
  g_autofree char *message = NULL;

  if (kind->in_submit)
    {
      g_test_skip ("Nobody can look at a call that runs in submit()");
      return;
    }

  future = cf_executor_submit (fixture->executor, report_progress_and_block, remote_blocker_to_variant (blocker));
  yield_until (cf_future_get_progress (future) > 0.0);
  g_assert_cmpfloat (cf_future_get_progress (future), ==, 0.5);
  message = cf_future_dup_message (future);
  g_assert_cmpstr (message, ==, "half of it");
  g_assert_true (cf_future_is_running (future));

  process_gate_open (blocker->go_on);
  g_assert_no_error (await_error (future));
}

static CfFuture *
submit_letter (Fixture     *fixture,
               ProcessGate *order,
               const char  *letter,
               int          priority)
{
  g_autoptr(CfTask) task = cf_task_new (leave_letter, g_variant_new ("(ss)", letter, order->path));

  cf_task_set_name (task, letter);
  cf_task_set_priority (task, priority);

  return cf_executor_submit_task (fixture->executor, task);
}

static void
test_task_priority (Fixture       *fixture,
                    gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) order = process_gate_new ();
  CfFuture *futures[5];

  if (!fill_remotely (fixture, kind, blocker))
    return;

  /* A process whose call has begun but now may be given another one, in case the first is short. */
  g_usleep (20 * G_TIME_SPAN_MILLISECOND);

  futures[0] = submit_letter (fixture, order, "d", G_PRIORITY_LOW);
  futures[1] = submit_letter (fixture, order, "b", G_PRIORITY_DEFAULT);
  futures[2] = submit_letter (fixture, order, "c", G_PRIORITY_DEFAULT);
  futures[3] = submit_letter (fixture, order, "e", G_PRIORITY_LOW);
  futures[4] = submit_letter (fixture, order, "a", G_PRIORITY_HIGH);

  /* The calls come one by one where one blocker has made room. */
  process_gate_open (blocker->go_on);
  for (char letter = 'a'; letter <= 'e'; letter++)
    g_assert_cmpint (process_gate_read (order->descriptor), ==, letter);

  process_gate_open_for (blocker->go_on, kind->n_fill - 1);
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      g_assert_no_error (await_error (futures[i]));
      g_object_unref (futures[i]);
    }
}

static void
test_task_timeout_of_one (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(CfTask) slow = cf_task_new (wait_to_be_cancelled, NULL);
  g_autoptr(CfTask) quick = cf_task_new (twice, g_variant_new_int64 (4));
  g_autoptr(CfFuture) before = NULL;
  g_autoptr(CfFuture) late = NULL;
  g_autoptr(CfFuture) after = NULL;

  cf_task_set_timeout (slow, 1000);
  cf_task_set_timeout (quick, LONG_TIME);
  before = cf_executor_submit_task (fixture->executor, quick);
  late = cf_executor_submit_task (fixture->executor, slow);
  after = cf_executor_submit_task (fixture->executor, quick);

  g_assert_cmpint (cf_future_await_int64 (before, NULL), ==, 8);
  g_assert_error (await_error (late), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (cf_future_await_int64 (after, NULL), ==, 8);
}

static void
test_task_cancellable_pending (Fixture       *fixture,
                               gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) ran = process_gate_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfTask) task = NULL;
  g_autoptr(CfFuture) future = NULL;

  if (!fill_remotely (fixture, data, blocker))
    return;

  task = cf_task_new (open_gate_remotely, process_gate_to_variant (ran));
  cf_task_set_cancellable (task, cancellable);
  future = cf_executor_submit_task (fixture->executor, task);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);

  g_cancellable_cancel (cancellable);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_assert_true (cf_future_is_cancelled (future));

  let_go (data, blocker);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (process_gate_count (ran), ==, 0);
}

static void
test_map_failure (Fixture       *fixture,
                  gconstpointer  data)
{
  const guint chunk_sizes[] = { 1, 2, 100 };

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfMapIterator) iterator = NULL;
      g_autoptr(GError) error = NULL;
      GVariant *result = NULL;

      iterator = cf_executor_map (fixture->executor, twice_unless_negative,
                                  g_variant_new_parsed ("[int64 1, 2, 3, -1, 5]"), chunk_sizes[i], 0);

      for (gint64 expected = 2; expected <= 6; expected += 2)
        {
          g_assert_true (cf_map_iterator_next (iterator, NULL, &result, &error));
          g_assert_no_error (error);
          g_assert_cmpint (g_variant_get_int64 (result), ==, expected);
          g_variant_unref (result);
        }

      g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (error->message, ==, "negative");

      g_clear_error (&error);
      g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
      g_assert_no_error (error);
    }
}

static void
test_map_timeout (Fixture       *fixture,
                  gconstpointer  data)
{
  const ExecutorKind *kind = data;
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfMapIterator) iterator = NULL;
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;

  if (!fill_remotely (fixture, kind, blocker))
    return;

  iterator = cf_executor_map (fixture->executor, twice, g_variant_new_parsed ("[int64 1, 2]"), 1, 0);
  cf_map_iterator_set_timeout (iterator, 1000);
  g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_null (result);

  /* What had not begun never does. */
  let_go (kind, blocker);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, 0);
}

enum { N_PENDING = 10 };

static void
submit_pending (Fixture      *fixture,
                ProcessGate  *ran,
                CfFuture    **futures)
{
  for (guint i = 0; i < N_PENDING; i++)
    futures[i] = cf_executor_submit (fixture->executor, open_gate_remotely, process_gate_to_variant (ran));
}

static void
assert_cancelled (ProcessGate  *ran,
                  CfFuture    **futures)
{
  for (guint i = 0; i < N_PENDING; i++)
    {
      g_assert_true (cf_future_is_cancelled (futures[i]));
      g_object_unref (futures[i]);
    }
  g_assert_cmpuint (process_gate_count (ran), ==, 0);
}

static void
test_shutdown_cancels (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) ran = process_gate_new ();
  CfFuture *futures[N_PENDING];

  if (!fill_remotely (fixture, data, blocker))
    return;

  submit_pending (fixture, ran, futures);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_CANCEL_PENDING);
  for (guint i = 0; i < N_PENDING; i++)
    g_assert_true (cf_future_is_cancelled (futures[i]));

  let_go (data, blocker);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  assert_cancelled (ran, futures);
  assert_shut_down (fixture->executor);
}

/* Lets the running calls go when the pending ones have been cancelled. */
typedef struct
{
  const ExecutorKind *kind;
  RemoteBlocker      *blocker;
  CfFuture           *pending;
} Release;

static gpointer
release_when_cancelled (gpointer data)
{
  Release *release = data;

  yield_until (cf_future_is_cancelled (release->pending));
  let_go (release->kind, release->blocker);

  return NULL;
}

static void
test_shutdown_cancels_and_waits (Fixture       *fixture,
                                 gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) ran = process_gate_new ();
  CfFuture *futures[N_PENDING];
  Release release = { data, blocker, NULL };
  GThread *thread;

  if (!fill_remotely (fixture, data, blocker))
    return;

  submit_pending (fixture, ran, futures);
  release.pending = futures[N_PENDING - 1];
  thread = g_thread_new ("release", release_when_cancelled, &release);
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT | CF_SHUTDOWN_CANCEL_PENDING);

  g_assert_cmpuint (process_gate_count (blocker->go_on), ==, 0);
  g_assert_cmpuint (cf_executor_get_n_running (fixture->executor), ==, 0);
  g_thread_join (thread);
  assert_cancelled (ran, futures);
  assert_shut_down (fixture->executor);
}

static void
test_shutdown_async_cancels (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) ran = process_gate_new ();
  CfFuture *futures[N_PENDING];
  Answer answer = { .executor = fixture->executor };

  if (!fill_remotely (fixture, data, blocker))
    return;

  submit_pending (fixture, ran, futures);
  cf_executor_shutdown_async (fixture->executor, CF_SHUTDOWN_CANCEL_PENDING, NULL, on_shut_down, &answer);
  g_assert_false (answer.called);

  let_go (data, blocker);
  loop_until (NULL, answer.called);
  g_assert_true (answer.success);
  g_assert_no_error (answer.error);
  g_assert_cmpuint (cf_executor_get_n_running (fixture->executor), ==, 0);
  assert_cancelled (ran, futures);
}

static void
test_dropped_when_full (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(ProcessGate) ran = process_gate_new ();
  CfFuture *futures[N_PENDING];

  if (!fill_remotely (fixture, data, blocker))
    return;

  submit_pending (fixture, ran, futures);
  for (guint i = 0; i < N_PENDING; i++)
    g_object_unref (futures[i]);
  g_clear_object (&fixture->executor);

  let_go (data, blocker);
  process_gate_wait_for (ran, N_PENDING);
}

/* Executors whose calls run elsewhere. */

static void
test_local_is_not_portable (Fixture       *fixture,
                            gconstpointer  data)
{
  Cargo cargo = CARGO_INIT;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfFuture) other = NULL;

  future = cf_executor_submit_local (fixture->executor, use_cargo, &cargo, destroy_cargo);
  g_assert_true (cf_future_is_done (future));
  g_assert_error (await_error (future), CF_ERROR, CF_ERROR_NOT_PORTABLE);
  assert_cargo (&cargo, 0);

  other = cf_executor_submit (fixture->executor, twice, g_variant_new_int64 (4));
  g_assert_cmpint (cf_future_await_int64 (other, NULL), ==, 8);
}

/* What only one kind of executor promises. */

static gboolean
return_thread (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  g_value_init (result, G_TYPE_POINTER);
  g_value_set_pointer (result, g_thread_self ());

  return TRUE;
}

static gpointer
get_default (gpointer unused)
{
  return cf_executor_get_default ();
}

static void
test_default_is_one (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("asker", get_default, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_true (g_thread_join (threads[i]) == cf_executor_get_default ());
}

static void
test_default_makes_calls (void)
{
  g_autoptr(CfFuture) future = cf_executor_submit (cf_executor_get_default (), twice, g_variant_new_int64 (4));

  g_assert_true (CF_IS_THREAD_POOL_EXECUTOR (cf_executor_get_default ()));
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 8);
}

static void
test_default_shutdown (void)
{
  assert_critical (cf_executor_shutdown (cf_executor_get_default (), CF_SHUTDOWN_WAIT));
  g_assert_false (cf_executor_is_shut_down (cf_executor_get_default ()));
  test_default_makes_calls ();
}

static void
test_default_shutdown_async (void)
{
  Answer answer = { .executor = cf_executor_get_default () };

  cf_executor_shutdown_async (answer.executor, CF_SHUTDOWN_DEFAULT, NULL, on_shut_down, &answer);
  loop_until (NULL, answer.called);
  g_assert_false (answer.success);
  g_assert_error (answer.error, CF_ERROR, CF_ERROR_INVALID_STATE);
  g_clear_error (&answer.error);
  test_default_makes_calls ();
}

static void
test_inline_thread (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, return_thread, NULL, NULL);

  g_assert_true (CF_IS_INLINE_EXECUTOR (executor));
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_FINISHED);
  g_assert_true (cf_future_await_pointer (future, NULL) == g_thread_self ());
}

static void
test_main_context_thread (void)
{
  g_autoptr(LoopThread) loop = loop_thread_new ();
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (loop->context);
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, return_thread, NULL, NULL);

  g_assert_true (cf_main_context_executor_get_context (CF_MAIN_CONTEXT_EXECUTOR (executor)) == loop->context);
  g_assert_true (cf_future_await_pointer (future, NULL) == loop->thread);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_main_context_default (void)
{
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (NULL);
  g_autoptr(CfFuture) future = NULL;

  g_assert_true (cf_main_context_executor_get_context (CF_MAIN_CONTEXT_EXECUTOR (executor)) ==
                 g_main_context_default ());

  future = cf_executor_submit_local (executor, return_thread, NULL, NULL);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);
  loop_until (NULL, cf_future_is_done (future));
  g_assert_true (cf_future_await_pointer (future, NULL) == g_thread_self ());
  cf_executor_shutdown (executor, CF_SHUTDOWN_DEFAULT);
}

static void
test_main_context_waits_for_itself (void)
{
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (NULL);
  Cargo cargo = CARGO_INIT;
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, use_cargo, &cargo, destroy_cargo);

  /* Nobody iterates the context meanwhile. */
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  assert_cargo (&cargo, 1);

  loop_while_ready (NULL);
  assert_cargo (&cargo, 1);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* How the main thread waits for a worker that waits for the main thread. */
typedef enum
{
  FOR_RESULT,
  FOR_RESULT_WITH_TIMEOUT,
  FOR_SET,
  FOR_NEXT_TO_COMPLETE,
  FOR_DRAIN,
  FOR_SHUTDOWN,
} MainWait;

typedef struct
{
  CfExecutor *main_context;
  GThread    *main_thread;
} Question;

static gboolean
tell_whether_here (CfFuture  *future,
                   GValue    *result,
                   gpointer   thread,
                   GError   **error)
{
  g_value_init (result, G_TYPE_BOOLEAN);
  g_value_set_boolean (result, g_thread_self () == thread);
  return TRUE;
}

static gboolean
ask_main_thread (CfFuture  *future,
                 GValue    *result,
                 gpointer   user_data,
                 GError   **error)
{
  Question *question = user_data;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(CfFuture) answer = cf_executor_submit_local (question->main_context, tell_whether_here,
                                                             question->main_thread, NULL);

      g_assert_true (cf_future_await_boolean (answer, error));
    }

  return TRUE;
}

static void
test_main_thread_blocks (gconstpointer how)
{
  g_autoptr(CfExecutor) main_context = cf_main_context_executor_new (NULL);
  g_autoptr(CfExecutor) pool = cf_thread_pool_executor_new (2);
  Question question = { main_context, g_thread_self () };
  g_autoptr(CfFuture) future = cf_executor_submit_local (pool, ask_main_thread, &question, NULL);
  g_autoptr(CfCompletionIterator) iterator = NULL;
  g_autoptr(CfFuture) next = NULL;

  switch ((MainWait) GPOINTER_TO_UINT (how))
    {
    case FOR_RESULT:
      g_assert_no_error (await_error (future));
      break;

    case FOR_RESULT_WITH_TIMEOUT:
      g_assert_true (cf_future_wait (future, G_TIME_SPAN_HOUR, NULL, NULL));
      break;

    case FOR_SET:
      g_assert_true (cf_wait (&future, 1, CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL));
      break;

    case FOR_NEXT_TO_COMPLETE:
      iterator = cf_as_completed (&future, 1, -1);
      next = cf_completion_iterator_next (iterator, NULL, NULL);
      g_assert_true (next == future);
      break;

    case FOR_DRAIN:
      g_assert_true (cf_executor_drain (pool, NULL, NULL));
      break;

    case FOR_SHUTDOWN:
    default:
      break;
    }

  cf_executor_shutdown (pool, CF_SHUTDOWN_WAIT);
  g_assert_true (cf_future_is_done (future));
  g_assert_no_error (cf_future_get_error (future));
}

static void
test_main_context_drains_itself (void)
{
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Cargo cargo = CARGO_INIT;

  g_object_unref (cf_executor_submit_local (executor, use_cargo, &cargo, destroy_cargo));
  g_assert_true (cf_executor_drain (executor, cancellable, NULL));
  assert_cargo (&cargo, 1);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

typedef struct
{
  GPtrArray *order;
  guint      number;
} Turn;

static gboolean
take_turn (CfFuture  *future,
           GValue    *result,
           gpointer   user_data,
           GError   **error)
{
  Turn *turn = user_data;

  g_ptr_array_add (turn->order, GUINT_TO_POINTER (turn->number));

  return TRUE;
}

static void
test_main_context_order (void)
{
  enum { N_CALLS = 100 };
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (context);
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  Turn turns[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    {
      turns[i] = (Turn) { order, i };
      g_object_unref (cf_executor_submit_local (executor, take_turn, &turns[i], NULL));
    }
  loop_until (context, order->len == N_CALLS);

  for (guint i = 0; i < N_CALLS; i++)
    g_assert_cmpuint (GPOINTER_TO_UINT (g_ptr_array_index (order, i)), ==, i);
}

static void
test_main_context_order_of_shutdown (void)
{
  enum { N_CALLS = 100 };
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (NULL);
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  Turn turns[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    {
      turns[i] = (Turn) { order, i };
      g_object_unref (cf_executor_submit_local (executor, take_turn, &turns[i], NULL));
    }
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  g_assert_cmpuint (order->len, ==, N_CALLS);
  for (guint i = 0; i < N_CALLS; i++)
    g_assert_cmpuint (GPOINTER_TO_UINT (g_ptr_array_index (order, i)), ==, i);
}

static gboolean
hold_loop (CfFuture  *future,
           GValue    *result,
           gpointer   gate,
           GError   **error)
{
  gate_wait (gate);

  return TRUE;
}

static void
test_main_context_default_elsewhere (void)
{
  g_autoptr(LoopThread) loop = loop_thread_new_for_context (NULL);
  g_autoptr(CfExecutor) executor = cf_main_context_executor_new (NULL);
  g_autoptr(CfFuture) holding = NULL;
  g_autoptr(CfFuture) future = NULL;
  Gate gate = GATE_INIT;

  loop_thread_await (loop);
  holding = cf_executor_submit_local (executor, hold_loop, &gate, NULL);
  yield_until (cf_future_is_running (holding));

  /* The main thread, to which the default context mostly belongs, has no part in it here. */
  future = cf_executor_submit_local (executor, return_thread, NULL, NULL);
  g_assert_false (cf_future_wait (future, 1000, NULL, NULL));
  gate_open (&gate);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_assert_true (cf_future_await_pointer (future, NULL) == loop->thread);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* Waits that might give up, or return before all is done, in the only thread that can run the calls. */

#define N_OWN_CALLS 3

static void
wait_with_cancellable (CfFuture **futures)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < N_OWN_CALLS; i++)
    g_assert_true (cf_future_wait (futures[i], -1, cancellable, NULL));
}

static void
wait_with_limit (CfFuture **futures)
{
  for (guint i = 0; i < N_OWN_CALLS; i++)
    g_assert_true (cf_future_wait (futures[i], LONG_TIME, NULL, NULL));
}

static void
wait_for_first (CfFuture **futures)
{
  g_assert_true (cf_wait (futures, N_OWN_CALLS, CF_RETURN_WHEN_FIRST_COMPLETED, -1, NULL, NULL, NULL, NULL));
}

static void
wait_for_first_exception (CfFuture **futures)
{
  g_assert_true (cf_wait (futures, N_OWN_CALLS, CF_RETURN_WHEN_FIRST_EXCEPTION, -1, NULL, NULL, NULL, NULL));
}

static void
wait_for_all_with_limit (CfFuture **futures)
{
  g_assert_true (cf_wait (futures, N_OWN_CALLS, CF_RETURN_WHEN_ALL_COMPLETED, LONG_TIME, NULL, NULL, NULL, NULL));
}

static void
iterate (CfFuture **futures)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (futures, N_OWN_CALLS, -1);

  for (guint i = 0; i < N_OWN_CALLS; i++)
    {
      g_autoptr(CfFuture) completed = cf_completion_iterator_next (iterator, NULL, NULL);

      g_assert_nonnull (completed);
    }
}

static void
test_main_context_waits_that_may_give_up (void)
{
  void (*waits[]) (CfFuture **futures) =
    {
      wait_with_cancellable, wait_with_limit, wait_for_first, wait_for_first_exception, wait_for_all_with_limit,
      iterate,
    };

  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr(CfExecutor) executor = cf_main_context_executor_new (NULL);
      CfFuture *futures[N_OWN_CALLS];

      for (guint j = 0; j < N_OWN_CALLS; j++)
        futures[j] = cf_executor_submit_local (executor, return_thread, NULL, NULL);

      /* Nobody iterates the context meanwhile. */
      waits[i] (futures);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

      for (guint j = 0; j < N_OWN_CALLS; j++)
        {
          g_assert_true (cf_future_await_pointer (futures[j], NULL) == g_thread_self ());
          g_object_unref (futures[j]);
        }
    }
}

static void
test_main_context_destroyed (void)
{
  GMainContext *context = g_main_context_new ();
  CfExecutor *executor = cf_main_context_executor_new (context);
  Cargo cargo = CARGO_INIT;
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, use_cargo, &cargo, destroy_cargo);

  g_object_unref (executor);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);

  /* Nobody will ever run the call. */
  g_main_context_unref (context);
  g_assert_true (cf_future_is_cancelled (future));
  assert_cargo (&cargo, 0);
  g_assert_finalize_object (g_steal_pointer (&future));
}

static void
test_main_context_bad_arguments (void)
{
  assert_critical (g_assert_null (cf_main_context_executor_get_context (NULL)));
}

/* A subclass sees what it is to run. */

#define CURIOUS_TYPE_EXECUTOR (curious_executor_get_type ())
G_DECLARE_FINAL_TYPE (CuriousExecutor, curious_executor, CURIOUS, EXECUTOR, CfExecutor)

struct _CuriousExecutor
{
  CfExecutor  parent_instance;

  CfFuture   *future;
  char       *function;
  GVariant   *arguments;
};

G_DEFINE_FINAL_TYPE (CuriousExecutor, curious_executor, CF_TYPE_EXECUTOR)

static void
curious_executor_execute (CfExecutor *executor,
                          CfFuture   *future)
{
  CuriousExecutor *self = CURIOUS_EXECUTOR (executor);

  g_set_object (&self->future, future);
  self->function = cf_future_dup_function (future);
  self->arguments = cf_future_dup_arguments (future);
}

static void
curious_executor_finalize (GObject *object)
{
  CuriousExecutor *self = CURIOUS_EXECUTOR (object);

  g_clear_object (&self->future);
  g_free (self->function);
  g_clear_pointer (&self->arguments, g_variant_unref);

  G_OBJECT_CLASS (curious_executor_parent_class)->finalize (object);
}

static void
curious_executor_class_init (CuriousExecutorClass *klass)
{
  CF_EXECUTOR_CLASS (klass)->execute = curious_executor_execute;
  G_OBJECT_CLASS (klass)->finalize = curious_executor_finalize;
}

static void
curious_executor_init (CuriousExecutor *self)
{
}

static void
test_subclass_sees_the_call (void)
{
  g_autoptr(CuriousExecutor) executor = g_object_new (CURIOUS_TYPE_EXECUTOR, NULL);
  g_autoptr(GVariant) args = g_variant_ref_sink (g_variant_new_parsed ("(1, 's')"));
  g_autoptr(CfFuture) future = cf_executor_submit_by_name (CF_EXECUTOR (executor), "libfoo.so:count", args);

  g_assert_true (executor->future == future);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);
  g_assert_cmpstr (executor->function, ==, "libfoo.so:count");
  g_assert_cmpvariant (executor->arguments, args);

  g_assert_true (cf_future_cancel (future));
}

static void
test_subclass_settles_itself (void)
{
  g_autoptr(CuriousExecutor) executor = g_object_new (CURIOUS_TYPE_EXECUTOR, NULL);
  g_autoptr(CfFuture) future = cf_executor_submit (CF_EXECUTOR (executor), twice, g_variant_new_int64 (4));
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_future_set_running_or_notify_cancel (future));
  g_assert_true (cf_future_is_running (future));
  g_assert_true (cf_future_set_variant (future, g_variant_new_int64 (9), &error));
  g_assert_no_error (error);
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 9);
}

static void
test_subclass_run_is_idempotent (void)
{
  g_autoptr(CuriousExecutor) executor = g_object_new (CURIOUS_TYPE_EXECUTOR, NULL);
  Cargo cargo = CARGO_INIT;
  Cargo cancelled_cargo = CARGO_INIT;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfFuture) cancelled = NULL;

  future = cf_executor_submit_local (CF_EXECUTOR (executor), use_cargo, &cargo, destroy_cargo);
  cf_future_run (future);
  g_assert_true (cf_future_is_done (future));
  cf_future_run (future);
  assert_cargo (&cargo, 1);

  cancelled = cf_executor_submit_local (CF_EXECUTOR (executor), use_cargo, &cancelled_cargo, destroy_cargo);
  g_assert_true (cf_future_cancel (cancelled));
  cf_future_run (cancelled);
  assert_cargo (&cancelled_cargo, 0);
}

/* The tables of tests. */

typedef struct
{
  const char *name;
  void      (*run) (Fixture       *fixture,
                    gconstpointer  kind);
} ExecutorTest;

static const ExecutorTest portable_tests[] =
  {
    { "submit/returns-what-the-function-returns", test_result },
    { "submit/passes-arguments-of-any-type", test_args },
    { "submit/passes-large-arguments", test_large_args },
    { "submit/needs-no-arguments-and-no-result", test_no_args },
    { "submit/errors-arrive-intact", test_error },
    { "submit/runs-each-of-many-calls", test_many },
    { "submit/keeps-no-reference-to-a-future-that-is-done", test_future_is_freed },
    { "submit-by-name/finds-the-function", test_name },
    { "submit-task/runs-a-task-as-often-as-it-is-submitted", test_task },
    { "submit-task/timeout-fails-the-call", test_task_timeout },
    { "submit-task/timeout-harms-no-other-call", test_task_timeout_of_one },
    { "submit-task/cancellable-reaches-the-call", test_task_cancellable },
    { "submit-task/cancellable-cancels-a-pending-call", test_task_cancellable_pending },
    { "submit-task/priority-decides-what-comes-first", test_task_priority },
    { "submit-async/finish-gives-the-result-or-the-error", test_submit_async },
    { "submit-async/cancelled-before-fails", test_submit_async_cancelled },
    { "submit-async/needs-no-callback", test_submit_async_without_callback },
    { "submit-async/answers-in-the-context-that-asked", test_submit_async_context },
    { "call/reports-progress", test_progress },
    { "call/reports-progress-while-it-runs", test_progress_while_running },
    { "call/has-a-cancellable", test_cancellable },
    { "call/cooperates-when-cancelled", test_cooperate },
    { "cancel/pending-call-never-runs", test_cancel_pending },
    { "cancel/running-call-goes-on", test_cancel_running },
    { "callback/runs-on-the-main-context", test_done_callback },
    { "map/results-come-in-the-order-of-the-items", test_map },
    { "map/finds-the-function-by-name", test_map_by_name },
    { "map/ends-with-the-first-call-that-fails", test_map_failure },
    { "map/times-out", test_map_timeout },
    { "as-completed/gives-every-future", test_as_completed },
    { "wait/waits-for-every-future", test_wait },
    { "shutdown/waits-and-takes-no-more-calls", test_shutdown },
    { "shutdown/without-waiting-runs-what-was-submitted", test_shutdown_without_waiting },
    { "shutdown/cancels-pending-calls", test_shutdown_cancels },
    { "shutdown/cancels-pending-calls-and-waits-for-the-others", test_shutdown_cancels_and_waits },
    { "shutdown/can-be-repeated", test_shutdown_again },
    { "shutdown/of-an-executor-that-never-ran-anything", test_shutdown_nothing },
    { "shutdown/async-answers-when-every-call-has-ended", test_shutdown_async },
    { "shutdown/async-cancels-pending-calls", test_shutdown_async_cancels },
    { "drain/waits-and-takes-further-calls", test_drain },
    { "drain/of-nothing-and-after-shutdown", test_drain_nothing },
    { "drain/async-answers-in-the-context-that-asked", test_drain_async },
    { "drain/waits-for-no-later-call", test_drain_leaves_later_calls },
    { "drain/passes-over-what-was-cancelled", test_drain_passes_withdrawn_calls },
    { "drain/cancelled-gives-up-only-the-wait", test_drain_cancelled },
    { "counts/say-that-every-call-has-ended", test_counts },
    { "counts/tell-what-is-pending-and-what-is-running", test_counts_of_full },
    { "max-workers/is-how-many-calls-run-at-once", test_max_workers },
    { "drop/runs-what-was-submitted", test_dropped },
    { "drop/runs-what-is-pending", test_dropped_when_full },
    { "arguments/nonsense-is-rejected", test_bad_arguments },
  };

static const ExecutorTest local_tests[] =
  {
    { "submit-local/passes-a-pointer-and-returns-a-value", test_local },
    { "submit-local/errors-arrive-intact", test_local_error },
    { "submit-local/failing-without-a-word-is-an-error", test_local_error_unset },
    { "submit-local/passes-the-future-that-submit-returns", test_local_future },
    { "submit-local/destroys-the-data-before-the-future-is-done", test_destroy },
    { "submit-local/destroys-the-data-when-shut-down", test_destroy_after_shutdown },
    { "submit-local/runs-though-nobody-keeps-the-future", test_dropped_future },
    { "submit/drops-arguments-and-result-with-the-future", test_args_are_freed },
    { "cancel/pending-local-call-never-runs", test_local_cancel_pending },
    { "cancel/cancellable-of-a-task-cancels-a-pending-local-call", test_local_task_cancellable_pending },
    { "shutdown/cancels-pending-local-calls", test_local_shutdown_cancels },
    { "drain/in-a-call-of-the-executor-fails", test_local_drain_inside },
    { "drop/runs-what-is-pending-and-local", test_local_dropped_when_full },
    { "nested/a-call-may-wait-for-another", test_nested },
  };

static const ExecutorTest remote_tests[] =
  {
    { "submit-local/fails-because-it-is-not-portable", test_local_is_not_portable },
  };

static void
add_tests (const ExecutorKind *kind,
           const ExecutorTest *tests,
           guint               n_tests)
{
  for (guint i = 0; i < n_tests; i++)
    {
      g_autofree char *path = g_strdup_printf ("/executors/%s/%s", kind->name, tests[i].name);

      g_test_add (path, Fixture, kind, fixture_set_up, tests[i].run, fixture_tear_down);
    }
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      add_tests (&kinds[i], portable_tests, G_N_ELEMENTS (portable_tests));
      if (kinds[i].is_remote)
        add_tests (&kinds[i], remote_tests, G_N_ELEMENTS (remote_tests));
      else
        add_tests (&kinds[i], local_tests, G_N_ELEMENTS (local_tests));
    }

  g_test_add_func ("/executors/arguments/null-is-rejected-by-every-function", test_no_executor);
  g_test_add_func ("/executors/default/is-one-for-all-threads", test_default_is_one);
  g_test_add_func ("/executors/default/makes-calls", test_default_makes_calls);
  g_test_add_func ("/executors/default/cannot-be-shut-down", test_default_shutdown);
  g_test_add_func ("/executors/default/cannot-be-shut-down-asynchronously", test_default_shutdown_async);
  g_test_add_func ("/executors/inline/runs-in-the-thread-that-submits", test_inline_thread);
  g_test_add_func ("/executors/main-context/runs-in-the-thread-that-iterates-the-context", test_main_context_thread);
  g_test_add_func ("/executors/main-context/null-is-the-default-context", test_main_context_default);
  g_test_add_func ("/executors/main-context/makes-the-call-when-its-own-thread-waits",
                   test_main_context_waits_for_itself);
  g_test_add_data_func ("/executors/main-context/answers-while-its-thread-waits/for-a-result",
                        GUINT_TO_POINTER (FOR_RESULT), test_main_thread_blocks);
  g_test_add_data_func ("/executors/main-context/answers-while-its-thread-waits/for-a-result-with-a-timeout",
                        GUINT_TO_POINTER (FOR_RESULT_WITH_TIMEOUT), test_main_thread_blocks);
  g_test_add_data_func ("/executors/main-context/answers-while-its-thread-waits/for-a-set",
                        GUINT_TO_POINTER (FOR_SET), test_main_thread_blocks);
  g_test_add_data_func ("/executors/main-context/answers-while-its-thread-waits/for-the-next-to-complete",
                        GUINT_TO_POINTER (FOR_NEXT_TO_COMPLETE), test_main_thread_blocks);
  g_test_add_data_func ("/executors/main-context/answers-while-its-thread-waits/for-a-drain",
                        GUINT_TO_POINTER (FOR_DRAIN), test_main_thread_blocks);
  g_test_add_data_func ("/executors/main-context/answers-while-its-thread-waits/for-a-shutdown",
                        GUINT_TO_POINTER (FOR_SHUTDOWN), test_main_thread_blocks);
  g_test_add_func ("/executors/main-context/makes-the-calls-when-its-own-thread-drains-it",
                   test_main_context_drains_itself);
  g_test_add_func ("/executors/main-context/makes-calls-in-the-order-of-submission", test_main_context_order);
  g_test_add_func ("/executors/main-context/makes-calls-in-the-order-of-submission-when-shut-down",
                   test_main_context_order_of_shutdown);
  g_test_add_func ("/executors/main-context/leaves-calls-to-the-thread-that-iterates-the-default-context",
                   test_main_context_default_elsewhere);
  g_test_add_func ("/executors/main-context/makes-the-calls-when-its-own-thread-waits-in-whatever-way",
                   test_main_context_waits_that_may_give_up);
  g_test_add_func ("/executors/main-context/destroyed-cancels-what-is-pending", test_main_context_destroyed);
  g_test_add_func ("/executors/main-context/null-is-rejected", test_main_context_bad_arguments);
  g_test_add_func ("/executors/subclass/sees-the-function-and-its-arguments", test_subclass_sees_the_call);
  g_test_add_func ("/executors/subclass/may-settle-a-future-itself", test_subclass_settles_itself);
  g_test_add_func ("/executors/subclass/runs-a-call-only-once", test_subclass_run_is_idempotent);

  return g_test_run ();
}
