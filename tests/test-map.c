/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* map: results in the order of the inputs, no more calls in flight than the buffer allows, chunks, errors and
 * timeouts half-way, inputs without end, and iterators that are dropped early. */

#include <cfutures.h>

#include "criticals.h"
#include "gates.h"
#include "threads.h"

/* Long enough never to pass in a test that does not hang. */
#define LONG_TIME (3600 * G_TIME_SPAN_SECOND)

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
return_nothing (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  return NULL;
}

static GVariant *
fail_for_three (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  if (g_variant_get_int64 (args) == 3)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No three");
      return NULL;
    }

  return g_variant_ref (args);
}

/* Calls that the test counts and lets go. Portable functions take no pointers, so these are global. */
static atomic_uint n_begun;
static Gate *begun_gate;
static Gate *go_on_gate;

static GVariant *
count_and_echo (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  atomic_fetch_add (&n_begun, 1);

  return g_variant_ref (args);
}

static GVariant *
block (CfFuture  *future,
       GVariant  *args,
       GError   **error)
{
  atomic_fetch_add (&n_begun, 1);
  gate_open (begun_gate);
  gate_wait (go_on_gate);

  return g_variant_ref (args);
}

static void
reset_gates (Gate *begun,
             Gate *go_on)
{
  atomic_store (&n_begun, 0);
  begun_gate = begun;
  go_on_gate = go_on;
}

static GVariant *
new_numbers (guint n_numbers)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("ax"));
  for (guint i = 0; i < n_numbers; i++)
    g_variant_builder_add (&builder, "x", (gint64) i);

  return g_variant_builder_end (&builder);
}

static void
assert_next (CfMapIterator *iterator,
             gint64         expected)
{
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_map_iterator_next (iterator, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_nonnull (result);
  g_assert_cmpint (g_variant_get_int64 (result), ==, expected);
}

static void
assert_end (CfMapIterator *iterator)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GVariant) result = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
      g_assert_no_error (error);
      g_assert_null (result);
    }
}

static void
assert_fails (CfMapIterator *iterator,
              GQuark         domain,
              int            code)
{
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
  g_assert_error (error, domain, code);
  g_assert_null (result);
}

static void
test_order (void)
{
  const guint max_workers[] = { 1, 2, 8 };
  const guint chunk_sizes[] = { 0, 1, 2, 7, 99, 100, 101, G_MAXUINT };
  const guint buffer_sizes[] = { 0, 1, 3, 1000, G_MAXUINT };

  for (guint i = 0; i < G_N_ELEMENTS (max_workers); i++)
    {
      g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (max_workers[i]);

      for (guint j = 0; j < G_N_ELEMENTS (chunk_sizes); j++)
        {
          for (guint k = 0; k < G_N_ELEMENTS (buffer_sizes); k++)
            {
              g_autoptr(CfMapIterator) iterator = NULL;

              iterator = cf_executor_map (executor, twice, new_numbers (100), chunk_sizes[j], buffer_sizes[k]);
              for (guint number = 0; number < 100; number++)
                assert_next (iterator, 2 * number);
              assert_end (iterator);
            }
        }

      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }
}

static void
test_empty (void)
{
  const char *texts[] = { "@ax []", "()", "@a{sv} {}", "@ms nothing" };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(CfMapIterator) iterator = NULL;

      iterator = cf_executor_map (executor, twice, g_variant_new_parsed (texts[i]), 1, 0);
      assert_end (iterator);
    }

  g_assert_cmpuint (cf_executor_get_n_completed (executor), ==, 0);
}

static void
test_containers (void)
{
  const struct
  {
    const char *items;
    const char *children[3];
  } cases[] =
    {
      { "[1, 2, 3]", { "1", "2", "3" } },
      { "['a', 'b', 'c']", { "'a'", "'b'", "'c'" } },
      { "(1, 'b', <0.5>)", { "1", "'b'", "<0.5>" } },
      { "[<1>, <'b'>, <(2, 3)>]", { "<1>", "<'b'>", "<(2, 3)>" } },
      { "{'a': 1, 'b': 2, 'c': 3}", { "{'a', 1}", "{'b', 2}", "{'c', 3}" } },
      { "[(1, 2), (3, 4), (5, 6)]", { "(1, 2)", "(3, 4)", "(5, 6)" } },
      { "[b'a', b'b', b'c']", { "b'a'", "b'b'", "b'c'" } },
      { "[byte 1, 2, 3]", { "byte 1", "byte 2", "byte 3" } },
    };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(CfMapIterator) iterator = NULL;

      iterator = cf_executor_map (executor, echo, g_variant_new_parsed (cases[i].items), i % 3, 0);
      for (guint j = 0; j < 3; j++)
        {
          g_autoptr(GVariant) expected = g_variant_ref_sink (g_variant_new_parsed (cases[i].children[j]));
          g_autoptr(GVariant) result = NULL;
          g_autoptr(GError) error = NULL;

          g_assert_true (cf_map_iterator_next (iterator, NULL, &result, &error));
          g_assert_no_error (error);
          g_assert_cmpvariant (result, expected);
        }
      assert_end (iterator);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_no_results (void)
{
  const guint chunk_sizes[] = { 1, 2 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfMapIterator) iterator = NULL;

      iterator = cf_executor_map (executor, return_nothing, new_numbers (3), chunk_sizes[i], 0);
      for (guint j = 0; j < 3; j++)
        {
          g_autoptr(GVariant) result = NULL;

          g_assert_true (cf_map_iterator_next (iterator, NULL, &result, NULL));
          g_assert_null (result);
        }
      assert_end (iterator);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* Counts upwards, until `end` if that is not negative, and how often it was asked. */
typedef struct
{
  gint64  next;
  gint64  end;
  guint   n_asked;
  guint   n_destroyed;
} Counter;

static GVariant *
count_up (gpointer user_data)
{
  Counter *counter = user_data;

  g_assert_cmpuint (counter->n_destroyed, ==, 0);
  counter->n_asked++;
  if (counter->end >= 0 && counter->next >= counter->end)
    return NULL;

  return g_variant_new_int64 (counter->next++);
}

static void
destroy_counter (gpointer user_data)
{
  Counter *counter = user_data;

  counter->n_destroyed++;
}

static CfMapIterator *
map_counter (CfExecutor *executor,
             CfFunc      func,
             Counter    *counter,
             guint       chunk_size,
             guint       buffer_size)
{
  g_autoptr(CfTask) task = cf_task_new (func, NULL);

  return cf_executor_map_generator (executor, task, count_up, counter, destroy_counter, chunk_size, buffer_size);
}

static void
test_generator (void)
{
  const guint chunk_sizes[] = { 0, 1, 3, 10, 11 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      Counter counter = { 0, 10, 0, 0 };
      g_autoptr(CfMapIterator) iterator = map_counter (executor, twice, &counter, chunk_sizes[i], 0);

      for (guint number = 0; number < 10; number++)
        assert_next (iterator, 2 * number);
      assert_end (iterator);

      /* It has said that there are no more, and is not asked again. */
      g_assert_cmpuint (counter.n_asked, ==, 11);
      g_clear_object (&iterator);
      g_assert_cmpuint (counter.n_destroyed, ==, 1);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_endless (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Counter counter = { 0, -1, 0, 0 };
  CfMapIterator *iterator = map_counter (executor, twice, &counter, 1, 4);

  for (guint number = 0; number < 10000; number++)
    {
      assert_next (iterator, 2 * number);
      g_assert_cmpuint (counter.n_asked, <=, number + 1 + 4);
    }

  g_assert_cmpuint (counter.n_destroyed, ==, 0);
  g_assert_finalize_object (iterator);
  g_assert_cmpuint (counter.n_destroyed, ==, 1);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_endless_in_chunks (void)
{
  enum { CHUNK_SIZE = 10, BUFFER_SIZE = 3 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Counter counter = { 0, -1, 0, 0 };
  g_autoptr(CfMapIterator) iterator = map_counter (executor, twice, &counter, CHUNK_SIZE, BUFFER_SIZE);

  for (guint number = 0; number < 1000; number++)
    {
      assert_next (iterator, 2 * number);
      g_assert_cmpuint (counter.n_asked, <=, number + 1 + CHUNK_SIZE * (BUFFER_SIZE + 1));
    }

  g_clear_object (&iterator);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static GVariant *
fail_in_latin_1 (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No caf\xe9");

  return NULL;
}

static void
test_error_of_any_bytes (void)
{
  const guint chunk_sizes[] = { 1, 2 };

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
      g_autoptr(CfMapIterator) iterator = NULL;
      g_autoptr(GVariant) result = NULL;
      g_autoptr(GError) error = NULL;

      iterator = cf_executor_map (executor, fail_in_latin_1, new_numbers (4), chunk_sizes[i], 0);
      g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_cmpstr (error->message, ==, "No caf\xe9");
    }
}

/* All that may be in flight is, and no more: the pool is large enough to run more. */
static void
test_buffer (void)
{
  enum { BUFFER_SIZE = 3 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (8);
  g_autoptr(CfMapIterator) iterator = NULL;
  Counter counter = { 0, -1, 0, 0 };
  Gate begun = GATE_INIT;
  Gate go_on = GATE_INIT;

  reset_gates (&begun, &go_on);
  iterator = map_counter (executor, block, &counter, 1, BUFFER_SIZE);
  gate_wait_for (&begun, BUFFER_SIZE);
  g_assert_cmpuint (counter.n_asked, ==, BUFFER_SIZE);
  g_assert_cmpuint (atomic_load (&n_begun), ==, BUFFER_SIZE);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);

  gate_open (&go_on);
  for (guint number = 0; number < 10; number++)
    {
      assert_next (iterator, number);
      g_assert_cmpuint (counter.n_asked, <=, number + 1 + BUFFER_SIZE);
    }

  g_clear_object (&iterator);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_default_buffer (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (3);
  g_autoptr(CfMapIterator) iterator = NULL;
  Counter counter = { 0, -1, 0, 0 };

  iterator = map_counter (executor, twice, &counter, 1, 0);
  for (guint number = 0; number < 100; number++)
    {
      assert_next (iterator, 2 * number);
      g_assert_cmpuint (counter.n_asked, >=, number + 1);
      g_assert_cmpuint (counter.n_asked, <=, number + 1 + 2 * 3);
    }

  g_clear_object (&iterator);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_lazy (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfMapIterator) iterator = NULL;
  Gate gate = GATE_INIT;

  reset_gates (&gate, &gate);
  iterator = cf_executor_map (executor, count_and_echo, new_numbers (100), 1, 5);

  for (guint number = 0; number < 100; number++)
    {
      g_assert_cmpuint (atomic_load (&n_begun), <=, number + 5);
      assert_next (iterator, number);
    }
  g_assert_cmpuint (atomic_load (&n_begun), ==, 100);
}

static void
test_chunks_are_one_call (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfMapIterator) iterator = cf_executor_map (executor, twice, new_numbers (100), 10, 0);

  for (guint number = 0; number < 100; number++)
    assert_next (iterator, 2 * number);
  assert_end (iterator);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (cf_executor_get_n_completed (executor), ==, 10);
}

static void
test_error (void)
{
  const guint chunk_sizes[] = { 1, 2, 4, 100 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfMapIterator) iterator = NULL;
      g_autoptr(GVariant) result = NULL;
      g_autoptr(GError) error = NULL;

      iterator = cf_executor_map (executor, fail_for_three, new_numbers (100), chunk_sizes[i], 0);
      for (guint number = 0; number < 3; number++)
        assert_next (iterator, number);

      g_assert_false (cf_map_iterator_next (iterator, NULL, &result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_cmpstr (error->message, ==, "No three");
      g_assert_null (result);

      /* After an error the map is over. */
      assert_end (iterator);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static GVariant *
fail_at_once (CfFuture  *future,
              GVariant  *args,
              GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no");

  return NULL;
}

static GVariant *
fail_for_zero_and_block (CfFuture  *future,
                         GVariant  *args,
                         GError   **error)
{
  if (g_variant_get_int64 (args) == 0)
    return fail_at_once (future, args, error);

  return block (future, args, error);
}

static void
test_error_cancels_the_rest (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfMapIterator) iterator = NULL;
  Gate begun = GATE_INIT;
  Gate go_on = GATE_INIT;

  reset_gates (&begun, &go_on);
  iterator = cf_executor_map (executor, fail_for_zero_and_block, new_numbers (10), 1, 10);
  assert_fails (iterator, G_IO_ERROR, G_IO_ERROR_FAILED);
  assert_end (iterator);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);

  gate_open (&go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&n_begun), <=, 1);
}

static void
test_unread_errors_are_not_logged (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfMapIterator) iterator = cf_executor_map (executor, fail_at_once, new_numbers (10), 1, 10);

  /* Whoever gets the first error cannot look at the others. */
  assert_fails (iterator, G_IO_ERROR, G_IO_ERROR_FAILED);
}

static void
test_dropped (void)
{
  enum { BUFFER_SIZE = 10 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  CfMapIterator *iterator;
  Counter counter = { 0, -1, 0, 0 };
  Gate begun = GATE_INIT;
  Gate go_on = GATE_INIT;

  reset_gates (&begun, &go_on);
  iterator = map_counter (executor, block, &counter, 1, BUFFER_SIZE);
  gate_wait (&begun);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, BUFFER_SIZE - 1);

  g_assert_finalize_object (iterator);
  g_assert_cmpuint (counter.n_destroyed, ==, 1);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);

  gate_open (&go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&n_begun), ==, 1);
}

static void
test_disposed (void)
{
  enum { BUFFER_SIZE = 10 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfMapIterator) iterator = NULL;
  Counter counter = { 0, -1, 0, 0 };
  Gate begun = GATE_INIT;
  Gate go_on = GATE_INIT;

  reset_gates (&begun, &go_on);
  iterator = map_counter (executor, block, &counter, 1, BUFFER_SIZE);
  gate_wait (&begun);

  g_object_run_dispose (G_OBJECT (iterator));
  g_assert_cmpuint (counter.n_destroyed, ==, 1);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);
  assert_end (iterator);

  gate_open (&go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (atomic_load (&n_begun), ==, 1);
}

static void
test_timeout (void)
{
  const gint64 timeouts[] = { 0, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
      g_autoptr(CfMapIterator) iterator = NULL;
      Gate begun = GATE_INIT;
      Gate go_on = GATE_INIT;

      reset_gates (&begun, &go_on);
      iterator = cf_executor_map (executor, block, new_numbers (10), 1, 5);
      cf_map_iterator_set_timeout (iterator, timeouts[i]);
      assert_fails (iterator, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_clear_object (&iterator);

      gate_open (&go_on);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }
}

static void
test_long_timeout (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfMapIterator) iterator = cf_executor_map (executor, twice, new_numbers (10), 1, 0);

  g_assert_cmpint (cf_map_iterator_get_timeout (iterator), ==, -1);
  g_object_set (iterator, "timeout", (gint64) LONG_TIME, NULL);
  g_assert_cmpint (cf_map_iterator_get_timeout (iterator), ==, LONG_TIME);

  for (guint number = 0; number < 10; number++)
    assert_next (iterator, 2 * number);
  assert_end (iterator);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* The function is the task's, its arguments are not. */
static void
test_task_function (void)
{
  const guint chunk_sizes[] = { 1, 2 };

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
      g_autoptr(CfTask) task = cf_task_new (twice, g_variant_new_int64 (77));
      g_autoptr(CfMapIterator) iterator = NULL;

      iterator = cf_executor_map_task (executor, task, new_numbers (3), chunk_sizes[i], 0);
      for (gint64 number = 0; number < 3; number++)
        assert_next (iterator, 2 * number);
      assert_end (iterator);
    }
}

static GVariant *
get_n_begun (CfFuture  *future,
             GVariant  *args,
             GError   **error)
{
  return g_variant_new_int64 (atomic_load (&n_begun));
}

/* Those of a low priority begin after what was submitted later. */
static void
test_task_priority (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfMapIterator) blocked = NULL;
  g_autoptr(CfMapIterator) iterator = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfTask) task = cf_task_new (count_and_echo, NULL);
  Gate begun = GATE_INIT;
  Gate go_on = GATE_INIT;

  reset_gates (&begun, &go_on);
  blocked = cf_executor_map (executor, block, new_numbers (1), 1, 0);
  gate_wait (&begun);

  atomic_store (&n_begun, 0);
  cf_task_set_priority (task, G_PRIORITY_LOW);
  iterator = cf_executor_map_task (executor, task, new_numbers (1), 1, 0);
  future = cf_executor_submit (executor, get_n_begun, NULL);
  gate_open (&go_on);

  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 0);
  assert_next (iterator, 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* The timeout of a task is that of a call: of a chunk, as many times that as it has items. */
static void
test_task_timeout (void)
{
  const guint chunk_sizes[] = { 1, 2 };

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
      g_autoptr(CfTask) task = cf_task_new (block, NULL);
      g_autoptr(CfMapIterator) iterator = NULL;
      Gate begun = GATE_INIT;
      Gate go_on = GATE_INIT;
      gint64 begin = g_get_monotonic_time ();

      reset_gates (&begun, &go_on);
      cf_task_set_timeout (task, 20 * 1000);
      iterator = cf_executor_map_task (executor, task, new_numbers (4), chunk_sizes[i], 0);
      assert_fails (iterator, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (g_get_monotonic_time () - begin, >=, (gint64) chunk_sizes[i] * 20 * 1000);

      gate_open (&go_on);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }
}

static gpointer
cancel_when_begun (gpointer data)
{
  gate_wait (begun_gate);
  g_cancellable_cancel (data);
  return NULL;
}

/* Although the call that runs does not notice. */
static void
test_task_cancelled (void)
{
  for (guint n_cancellables = 1; n_cancellables <= 2; n_cancellables++)
    {
      g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GCancellable) other = n_cancellables > 1 ? g_cancellable_new () : NULL;
      g_autoptr(CfTask) task = cf_task_new (block, NULL);
      g_autoptr(CfMapIterator) iterator = NULL;
      g_autoptr(GError) error = NULL;
      Counter counter = { 0, -1, 0, 0 };
      Gate begun = GATE_INIT;
      Gate go_on = GATE_INIT;
      GThread *thread;
      GVariant *result;

      reset_gates (&begun, &go_on);
      cf_task_set_cancellable (task, cancellable);
      iterator = cf_executor_map_generator (executor, task, count_up, &counter, destroy_counter, 1, 5);
      thread = g_thread_new (NULL, cancel_when_begun, cancellable);

      g_assert_false (cf_map_iterator_next (iterator, other, &result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpuint (counter.n_destroyed, ==, 1);
      g_thread_join (thread);
      g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);
      assert_end (iterator);

      gate_open (&go_on);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
      g_assert_cmpuint (atomic_load (&n_begun), ==, 1);
    }
}

/* Results that are there already are not yielded after that. */
static void
test_task_cancelled_before (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(CfTask) task = cf_task_new (twice, NULL);
  g_autoptr(CfMapIterator) iterator = NULL;

  cf_task_set_cancellable (task, cancellable);
  iterator = cf_executor_map_task (executor, task, new_numbers (4), 2, 0);
  assert_next (iterator, 0);
  g_cancellable_cancel (cancellable);
  assert_fails (iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_next_cancelled (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GCancellable) of_task = g_cancellable_new ();
  g_autoptr(CfTask) task = cf_task_new (block, NULL);
  g_autoptr(CfMapIterator) iterator = NULL;
  g_autoptr(GError) error = NULL;
  Gate begun = GATE_INIT;
  Gate go_on = GATE_INIT;
  GThread *thread;
  GVariant *result;

  reset_gates (&begun, &go_on);
  cf_task_set_cancellable (task, of_task);
  iterator = cf_executor_map_task (executor, task, new_numbers (2), 1, 0);
  thread = g_thread_new (NULL, cancel_when_begun, cancellable);
  g_assert_false (cf_map_iterator_next (iterator, cancellable, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);

  gate_open (&go_on);
  assert_next (iterator, 0);
  assert_next (iterator, 1);
  assert_end (iterator);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_shut_down (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfMapIterator) late = NULL;
  g_autoptr(CfMapIterator) early = cf_executor_map (executor, twice, new_numbers (3), 1, 3);

  cf_executor_shutdown (executor, CF_SHUTDOWN_DEFAULT);
  for (guint number = 0; number < 3; number++)
    assert_next (early, 2 * number);
  assert_end (early);

  late = cf_executor_map (executor, twice, new_numbers (3), 1, 0);
  assert_fails (late, CF_ERROR, CF_ERROR_SHUT_DOWN);
  assert_end (late);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_holds_what_it_needs (void)
{
  CfExecutor *executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfMapIterator) iterator = cf_executor_map (executor, twice, new_numbers (100), 1, 2);

  g_object_unref (executor);
  for (guint number = 0; number < 100; number++)
    assert_next (iterator, 2 * number);
  assert_end (iterator);

  g_clear_object (&iterator);
  yield_until (count_threads ("cf-pool") == 0);
}

static void
count_freed (gpointer user_data)
{
  atomic_uint *n_freed = user_data;

  atomic_fetch_add (n_freed, 1);
}

static void
test_items_are_freed (void)
{
  static const gint64 numbers[] = { 0, 1, 2, 3 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  atomic_uint n_freed = 0;
  CfMapIterator *iterator;

  iterator = cf_executor_map (executor, twice,
                              g_variant_new_from_data (G_VARIANT_TYPE ("ax"), numbers, sizeof numbers, TRUE,
                                                       count_freed, &n_freed),
                              1, 0);
  for (guint number = 0; number < 4; number++)
    assert_next (iterator, 2 * number);
  assert_end (iterator);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_finalize_object (iterator);
  g_assert_cmpuint (atomic_load (&n_freed), ==, 1);
}

/* next_async() */

typedef struct
{
  CfMapIterator *iterator;
  gboolean       called;
  gboolean       success;
  GVariant      *result;
  GError        *error;
} Answer;

static void
on_next (GObject      *source,
         GAsyncResult *async_result,
         gpointer      user_data)
{
  Answer *answer = user_data;

  g_assert_true (source == G_OBJECT (answer->iterator));
  g_assert_false (answer->called);
  answer->success = cf_map_iterator_next_finish (answer->iterator, async_result, &answer->result, &answer->error);
  answer->called = TRUE;
}

static void
ask (CfMapIterator *iterator,
     GCancellable  *cancellable,
     Answer        *answer)
{
  *answer = (Answer) { .iterator = iterator };
  cf_map_iterator_next_async (iterator, cancellable, on_next, answer);
  g_assert_false (answer->called);
}

static void
assert_answer (Answer *answer,
               gint64  expected)
{
  loop_until (NULL, answer->called);
  g_assert_no_error (answer->error);
  g_assert_true (answer->success);
  g_assert_cmpint (g_variant_get_int64 (answer->result), ==, expected);
  g_clear_pointer (&answer->result, g_variant_unref);
}

static void
assert_answer_end (Answer *answer)
{
  loop_until (NULL, answer->called);
  g_assert_no_error (answer->error);
  g_assert_false (answer->success);
  g_assert_null (answer->result);
}

static void
assert_answer_fails (Answer *answer,
                     GQuark  domain,
                     int     code)
{
  loop_until (NULL, answer->called);
  g_assert_false (answer->success);
  g_assert_null (answer->result);
  g_assert_error (answer->error, domain, code);
  g_clear_error (&answer->error);
}

static void
test_async (void)
{
  const guint chunk_sizes[] = { 1, 3 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr(CfMapIterator) iterator = NULL;
      Answer answer;

      iterator = cf_executor_map (executor, twice, new_numbers (10), chunk_sizes[i], 0);
      for (guint number = 0; number < 10; number++)
        {
          ask (iterator, NULL, &answer);
          assert_answer (&answer, 2 * number);
        }

      ask (iterator, NULL, &answer);
      assert_answer_end (&answer);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_async_error (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfMapIterator) iterator = cf_executor_map (executor, fail_for_three, new_numbers (10), 1, 0);
  Answer answer;

  for (guint number = 0; number < 3; number++)
    {
      ask (iterator, NULL, &answer);
      assert_answer (&answer, number);
    }

  ask (iterator, NULL, &answer);
  assert_answer_fails (&answer, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  ask (iterator, NULL, &answer);
  assert_answer_end (&answer);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_async_timeout (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfMapIterator) iterator = NULL;
  Gate begun = GATE_INIT;
  Gate go_on = GATE_INIT;
  Answer answer;

  reset_gates (&begun, &go_on);
  iterator = cf_executor_map (executor, block, new_numbers (10), 1, 2);
  cf_map_iterator_set_timeout (iterator, 1000);
  ask (iterator, NULL, &answer);
  assert_answer_fails (&answer, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  g_clear_object (&iterator);
  gate_open (&go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_async_cancelled (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(CfMapIterator) iterator = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Gate begun = GATE_INIT;
  Gate go_on = GATE_INIT;
  Answer answer;

  reset_gates (&begun, &go_on);
  iterator = cf_executor_map (executor, block, new_numbers (2), 1, 0);
  ask (iterator, cancellable, &answer);
  loop_while_ready (NULL);
  g_assert_false (answer.called);
  g_cancellable_cancel (cancellable);
  assert_answer_fails (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* The result that did not come then comes later. */
  gate_open (&go_on);
  ask (iterator, NULL, &answer);
  assert_answer (&answer, 0);
  ask (iterator, NULL, &answer);
  assert_answer (&answer, 1);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_async_task_cancelled (void)
{
  for (guint n_cancellables = 1; n_cancellables <= 2; n_cancellables++)
    {
      g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GCancellable) other = n_cancellables > 1 ? g_cancellable_new () : NULL;
      g_autoptr(CfTask) task = cf_task_new (block, NULL);
      g_autoptr(CfMapIterator) iterator = NULL;
      Gate begun = GATE_INIT;
      Gate go_on = GATE_INIT;
      Answer answer;

      reset_gates (&begun, &go_on);
      cf_task_set_cancellable (task, cancellable);
      iterator = cf_executor_map_task (executor, task, new_numbers (2), 1, 0);
      ask (iterator, other, &answer);
      gate_wait (&begun);
      loop_while_ready (NULL);
      g_assert_false (answer.called);
      g_cancellable_cancel (cancellable);
      assert_answer_fails (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      ask (iterator, other, &answer);
      assert_answer_end (&answer);

      gate_open (&go_on);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }
}

static gboolean
return_true (CfFuture  *future,
             GValue    *result,
             gpointer   user_data,
             GError   **error)
{
  return TRUE;
}

static void
test_bad_arguments (void)
{
  g_autoptr(CfTask) task = cf_task_new (twice, NULL);
  g_autoptr(CfTask) local = cf_task_new_local (return_true, NULL, NULL);
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GVariant) not_a_container = g_variant_ref_sink (g_variant_new_int64 (5));
  g_autoptr(GVariant) items = g_variant_ref_sink (new_numbers (1));
  g_autoptr(CfMapIterator) iterator = cf_executor_map (executor, twice, items, 1, 0);
  CfMapIterator *none = NULL;
  GVariant *result;

  assert_critical (g_assert_null (cf_executor_map (executor, NULL, items, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map (executor, twice, not_a_container, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_by_name (executor, NULL, items, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_by_name (executor, ":f", not_a_container, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_generator (executor, NULL, count_up, NULL, NULL, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_generator (executor, local, count_up, NULL, NULL, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_generator (executor, task, NULL, NULL, NULL, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_task (executor, NULL, items, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_task (executor, local, items, 1, 0)));
  assert_critical (g_assert_null (cf_executor_map_task (executor, task, not_a_container, 1, 0)));

  assert_critical (cf_map_iterator_set_timeout (iterator, -2));
  assert_critical (cf_map_iterator_set_timeout (none, -1));
  assert_critical (g_assert_cmpint (cf_map_iterator_get_timeout (none), ==, -1));
  assert_critical (g_assert_false (cf_map_iterator_next (none, NULL, &result, NULL)));
  assert_critical (g_assert_false (cf_map_iterator_next (iterator, NULL, NULL, NULL)));
  assert_critical (cf_map_iterator_next_async (none, NULL, NULL, NULL));
  assert_critical (g_assert_false (cf_map_iterator_next_finish (none, NULL, &result, NULL)));
  assert_critical (g_assert_false (cf_map_iterator_next_finish (iterator, NULL, &result, NULL)));
  assert_critical (g_assert_false (cf_map_iterator_next_finish (iterator, G_ASYNC_RESULT (future), &result, NULL)));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/map/results-come-in-the-order-of-the-items", test_order);
  g_test_add_func ("/map/of-nothing-ends-at-once", test_empty);
  g_test_add_func ("/map/takes-containers-of-all-kinds", test_containers);
  g_test_add_func ("/map/results-may-be-missing", test_no_results);
  g_test_add_func ("/map/holds-what-it-needs", test_holds_what_it_needs);
  g_test_add_func ("/map/frees-the-items", test_items_are_freed);

  g_test_add_func ("/map/buffer/no-more-calls-are-in-flight", test_buffer);
  g_test_add_func ("/map/buffer/defaults-to-twice-the-workers", test_default_buffer);
  g_test_add_func ("/map/buffer/the-rest-is-not-begun-before-it-is-needed", test_lazy);
  g_test_add_func ("/map/chunks/are-one-call-each", test_chunks_are_one_call);

  g_test_add_func ("/map/generator/is-asked-until-it-has-no-more", test_generator);
  g_test_add_func ("/map/generator/need-never-end", test_endless);
  g_test_add_func ("/map/chunks/errors-arrive-intact-whatever-their-bytes", test_error_of_any_bytes);
  g_test_add_func ("/map/generator/need-never-end-in-chunks", test_endless_in_chunks);

  g_test_add_func ("/map/error/comes-in-its-turn-and-ends-the-map", test_error);
  g_test_add_func ("/map/error/cancels-what-is-pending", test_error_cancels_the_rest);
  g_test_add_func ("/map/error/of-calls-after-the-first-that-failed-are-not-logged", test_unread_errors_are_not_logged);
  g_test_add_func ("/map/dropped/cancels-what-is-pending", test_dropped);
  g_test_add_func ("/map/disposed/cancels-what-is-pending", test_disposed);
  g_test_add_func ("/map/timeout/gives-up-when-the-time-is-over", test_timeout);
  g_test_add_func ("/map/timeout/does-not-matter-when-there-is-time", test_long_timeout);
  g_test_add_func ("/map/task/lends-its-function-not-its-arguments", test_task_function);
  g_test_add_func ("/map/task/has-a-priority", test_task_priority);
  g_test_add_func ("/map/task/has-a-timeout-for-each-call", test_task_timeout);
  g_test_add_func ("/map/task/cancelled-ends-the-map", test_task_cancelled);
  g_test_add_func ("/map/task/cancelled-yields-no-more-results", test_task_cancelled_before);
  g_test_add_func ("/map/next/cancelled-loses-nothing", test_next_cancelled);
  g_test_add_func ("/map/shutdown/runs-what-was-submitted-and-refuses-the-rest", test_shut_down);

  g_test_add_func ("/map/async/answers-with-each-result", test_async);
  g_test_add_func ("/map/async/answers-with-the-error", test_async_error);
  g_test_add_func ("/map/async/gives-up-when-the-time-is-over", test_async_timeout);
  g_test_add_func ("/map/async/cancelled-loses-nothing", test_async_cancelled);

  g_test_add_func ("/map/async/the-task-s-cancellable-ends-the-map", test_async_task_cancelled);

  g_test_add_func ("/map/arguments/nonsense-is-rejected", test_bad_arguments);

  return g_test_run ();
}
