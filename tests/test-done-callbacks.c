/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Done callbacks: where and when they run, in which order, how blocking calls deliver them, what they may do,
 * and what becomes of them when their context goes away.
 *
 * Most tests settle promises, in the test's own thread or in another one, and iterate main contexts by hand, so that
 * it is known at each line which callbacks can have run. */

#include <cfutures.h>

#include "await-error.h"
#include "blocker.h"
#include "gates.h"
#include "threads.h"

static void
settle (CfFuture *future)
{
  g_assert_true (cf_future_set_variant (future, g_variant_new_int32 (1), NULL));
}

static gpointer
settle_in_thread (gpointer future)
{
  settle (future);

  return g_thread_self ();
}

static CfFuture *
new_settled (void)
{
  CfFuture *future = cf_future_new ();

  settle (future);

  return future;
}

/* What is known about one callback. */
typedef struct
{
  guint        n_calls;
  atomic_uint  n_destroyed;  /* a context may go in a thread of a pool */
  GThread     *thread;
  CfFuture    *future;       /* only compared */
  GPtrArray   *order;        /* the records whose callbacks were called, if anybody wants to know */
} Record;

static void
on_done (CfFuture *future,
         gpointer  user_data)
{
  Record *record = user_data;

  g_assert_true (CF_IS_FUTURE (future));
  g_assert_true (cf_future_is_done (future));
  g_assert_cmpuint (record->n_destroyed, ==, 0);

  record->n_calls++;
  record->thread = g_thread_self ();
  record->future = future;
  if (record->order != NULL)
    g_ptr_array_add (record->order, record);
}

static void
on_destroy (gpointer user_data)
{
  Record *record = user_data;

  atomic_fetch_add (&record->n_destroyed, 1);
}

static void
watch (CfFuture *future,
       Record   *record)
{
  cf_future_add_done_callback (future, on_done, record, on_destroy);
}

static void
watch_in (CfFuture     *future,
          GMainContext *context,
          Record       *record)
{
  cf_future_add_done_callback_full (future, context, on_done, record, on_destroy);
}

static void
assert_called (const Record *record)
{
  g_assert_cmpuint (record->n_calls, ==, 1);
  g_assert_cmpuint (record->n_destroyed, ==, 1);
}

static void
assert_not_called (const Record *record)
{
  g_assert_cmpuint (record->n_calls, ==, 0);
  g_assert_cmpuint (record->n_destroyed, ==, 0);
}

static void
test_runs_in_an_iteration (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Record record = { 0 };

  watch (future, &record);
  loop_while_ready (NULL);
  assert_not_called (&record);

  settle (future);
  assert_not_called (&record);

  loop_until (NULL, record.n_calls > 0);
  assert_called (&record);
  g_assert_true (record.future == future);

  loop_while_ready (NULL);
  assert_called (&record);
}

static void
test_runs_in_the_thread_that_added (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Record record = { 0 };
  GThread *thread;

  watch (future, &record);
  thread = g_thread_new ("settler", settle_in_thread, future);

  loop_until (NULL, record.n_calls > 0);
  g_assert_true (record.thread == g_thread_self ());
  g_thread_join (thread);
}

static void
test_thread_default_context (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GMainContext) context = g_main_context_new ();
  Record record = { 0 };

  g_main_context_push_thread_default (context);
  watch (future, &record);
  g_main_context_pop_thread_default (context);

  settle (future);
  loop_while_ready (NULL);
  assert_not_called (&record);

  loop_until (context, record.n_calls > 0);
  assert_called (&record);
}

static void
test_already_done (void)
{
  g_autoptr(CfFuture) future = new_settled ();
  Record record = { 0 };

  watch (future, &record);
  assert_not_called (&record);

  loop_until (NULL, record.n_calls > 0);
  assert_called (&record);
}

static void
test_every_end (void)
{
  g_autoptr(CfFuture) cancelled = cf_future_new ();
  g_autoptr(CfFuture) failed = cf_future_new ();
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");
  Record of_cancelled = { 0 };
  Record of_failed = { 0 };

  watch (cancelled, &of_cancelled);
  g_assert_true (cf_future_cancel (cancelled));
  g_assert_true (cf_future_cancel (cancelled));
  assert_not_called (&of_cancelled);
  loop_until (NULL, of_cancelled.n_calls > 0);
  assert_called (&of_cancelled);

  watch (failed, &of_failed);
  g_assert_true (cf_future_set_error (failed, failure, NULL));
  assert_not_called (&of_failed);
  loop_until (NULL, of_failed.n_calls > 0);
  assert_called (&of_failed);
  g_assert_nonnull (await_error (failed));

  loop_while_ready (NULL);
  assert_called (&of_cancelled);
  assert_called (&of_failed);
}

static void
test_claiming_is_not_done (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Record record = { 0 };

  watch (future, &record);
  g_assert_true (cf_future_set_running_or_notify_cancel (future));
  loop_while_ready (NULL);
  assert_not_called (&record);

  settle (future);
  loop_until (NULL, record.n_calls > 0);
  assert_called (&record);
}

#define N_FUTURES 1000

static void
test_order_of_completion (void)
{
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  CfFuture *futures[N_FUTURES];
  Record records[N_FUTURES];

  for (guint i = 0; i < N_FUTURES; i++)
    {
      futures[i] = cf_future_new ();
      records[i] = (Record) { .order = order };
      watch (futures[i], &records[i]);
    }

  /* 7 and N_FUTURES have no common divisor: each index comes once. */
  for (guint i = 0; i < N_FUTURES; i++)
    settle (futures[i * 7 % N_FUTURES]);

  loop_until (NULL, order->len == N_FUTURES);

  for (guint i = 0; i < N_FUTURES; i++)
    {
      g_assert_true (g_ptr_array_index (order, i) == &records[i * 7 % N_FUTURES]);
      assert_called (&records[i]);
      g_object_unref (futures[i]);
    }
}

static void
test_order_of_adding (void)
{
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  g_autoptr(CfFuture) future = cf_future_new ();
  Record records[N_FUTURES];

  for (guint i = 0; i < N_FUTURES; i++)
    {
      records[i] = (Record) { .order = order };
      watch (future, &records[i]);
    }

  settle (future);
  loop_until (NULL, order->len == N_FUTURES);

  for (guint i = 0; i < N_FUTURES; i++)
    g_assert_true (g_ptr_array_index (order, i) == &records[i]);
}

static void
test_batches (void)
{
  CfFuture *futures[N_FUTURES];
  Record records[N_FUTURES];
  guint n_iterations = 0;

  for (guint i = 0; i < N_FUTURES; i++)
    {
      futures[i] = cf_future_new ();
      records[i] = (Record) { 0 };
      watch (futures[i], &records[i]);
    }

  for (guint i = 0; i < N_FUTURES; i++)
    settle (futures[i]);

  while (records[N_FUTURES - 1].n_calls == 0)
    {
      g_main_context_iteration (NULL, TRUE);
      n_iterations++;
    }

  g_assert_cmpuint (n_iterations, <, N_FUTURES / 10);

  for (guint i = 0; i < N_FUTURES; i++)
    {
      assert_called (&records[i]);
      g_object_unref (futures[i]);
    }
}

/* Keeps the thread busy for longer than any one dispatch may last. */
static void
burn (CfFuture *future,
      gpointer  user_data)
{
  guint *n_calls = user_data;
  gint64 end = g_get_monotonic_time () + 20 * G_TIME_SPAN_MILLISECOND;

  yield_until (g_get_monotonic_time () >= end);
  (*n_calls)++;
}

static gboolean
note_n_calls (gpointer user_data)
{
  guint *counters = user_data;

  counters[1] = counters[0];

  return G_SOURCE_REMOVE;
}

static void
test_dispatch_is_bounded (void)
{
  enum { N_SLOW = 10 };
  guint counters[2] = { 0, N_SLOW };
  CfFuture *futures[N_SLOW];

  for (guint i = 0; i < N_SLOW; i++)
    {
      futures[i] = new_settled ();
      cf_future_add_done_callback (futures[i], burn, &counters[0], NULL);
    }
  g_idle_add (note_n_calls, counters);

  loop_until (NULL, counters[0] == N_SLOW);
  g_assert_cmpuint (counters[1], <, N_SLOW);

  for (guint i = 0; i < N_SLOW; i++)
    g_object_unref (futures[i]);
}

static void
test_no_context_runs_in_the_completing_thread (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Record record = { 0 };
  GThread *thread;

  watch_in (future, NULL, &record);
  assert_not_called (&record);

  thread = g_thread_new ("settler", settle_in_thread, future);
  g_thread_join (thread);

  assert_called (&record);
  g_assert_true (record.thread == thread);
}

static void
test_no_context_already_done (void)
{
  g_autoptr(CfFuture) future = new_settled ();
  Record record = { 0 };

  watch_in (future, NULL, &record);
  assert_called (&record);
  g_assert_true (record.thread == g_thread_self ());
}

static void
test_no_context_cancelled (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Record record = { 0 };

  watch_in (future, NULL, &record);
  g_assert_true (cf_future_cancel (future));
  assert_called (&record);
}

static void
test_no_context_order (void)
{
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  g_autoptr(CfFuture) future = cf_future_new ();
  Record records[3] = { { .order = order }, { .order = order }, { .order = order } };

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    watch_in (future, NULL, &records[i]);
  settle (future);

  g_assert_cmpuint (order->len, ==, G_N_ELEMENTS (records));
  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    g_assert_true (g_ptr_array_index (order, i) == &records[i]);
}

static void
test_explicit_context (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(LoopThread) other = loop_thread_new ();
  Record record = { 0 };

  watch_in (future, other->context, &record);
  settle (future);

  g_clear_pointer (&other, loop_thread_free);
  g_assert_cmpuint (record.n_destroyed, ==, 1);
  if (record.n_calls > 0)
    g_assert_true (record.thread != g_thread_self ());
}

static void
open_gate (CfFuture *future,
           gpointer  gate)
{
  gate_open (gate);
}

typedef struct
{
  Gate     gate;
  GThread *thread;
} Meeting;

static void
meet (CfFuture *future,
      gpointer  user_data)
{
  Meeting *meeting = user_data;

  meeting->thread = g_thread_self ();
  gate_open (&meeting->gate);
}

static void
test_context_of_another_thread (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(LoopThread) other = loop_thread_new ();
  Meeting meeting = { GATE_INIT, NULL };

  cf_future_add_done_callback_full (future, other->context, meet, &meeting, NULL);
  settle (future);

  gate_wait (&meeting.gate);
  g_assert_true (meeting.thread == other->thread);
}

static void
test_many_contexts (void)
{
  enum { N_CONTEXTS = 8 };
  g_autoptr(CfFuture) future = cf_future_new ();
  LoopThread *others[N_CONTEXTS];
  Meeting meetings[N_CONTEXTS];

  for (guint i = 0; i < N_CONTEXTS; i++)
    {
      others[i] = loop_thread_new ();
      meetings[i] = (Meeting) { GATE_INIT, NULL };
      cf_future_add_done_callback_full (future, others[i]->context, meet, &meetings[i], NULL);
    }

  settle (future);

  for (guint i = 0; i < N_CONTEXTS; i++)
    {
      gate_wait (&meetings[i].gate);
      g_assert_true (meetings[i].thread == others[i]->thread);
      loop_thread_free (others[i]);
    }
}

static void
test_context_destroyed_after_done (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  GMainContext *context = g_main_context_new ();
  Record record = { 0 };

  watch_in (future, context, &record);
  settle (future);
  assert_not_called (&record);

  g_main_context_unref (context);
  g_clear_object (&future);
  g_assert_cmpuint (record.n_calls, ==, 0);
  g_assert_cmpuint (record.n_destroyed, ==, 1);
}

static GVariant *
return_nothing (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  return NULL;
}

static void
test_context_dropped_with_its_calls (void)
{
  g_autoptr(CfExecutor) pool = cf_thread_pool_executor_new (1);

  for (guint i = 0; i < 100; i++)
    {
      GMainContext *context = g_main_context_new ();
      CfFuture *future;
      GWeakRef weak;
      Record record = { 0 };

      g_main_context_push_thread_default (context);
      future = cf_executor_submit (pool, return_nothing, NULL);
      g_weak_ref_init (&weak, future);
      watch (future, &record);
      yield_until (cf_future_is_done (future));
      g_main_context_pop_thread_default (context);

      /* The pool has a reference until it has got over the call. */
      g_object_unref (future);
      g_main_context_unref (context);
      yield_until (atomic_load (&record.n_destroyed) == 1);
      for (gpointer alive = g_weak_ref_get (&weak); alive != NULL; alive = g_weak_ref_get (&weak))
        {
          g_object_unref (alive);
          g_thread_yield ();
        }

      g_assert_cmpuint (record.n_calls, ==, 0);
      g_weak_ref_clear (&weak);
    }
}

static void
test_context_at_the_address_of_another (void)
{
  g_autoptr(CfFuture) future = new_settled ();
  g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func ((GDestroyNotify) g_main_context_unref);
  GMainContext *context = g_main_context_new ();
  g_autoptr(GSource) source = NULL;
  gpointer address = context;
  Record old_record = { 0 };
  Record record = { 0 };

  watch_in (future, context, &old_record);
  source = g_source_ref (g_main_context_find_source_by_id (context, 1));
  g_main_context_unref (context);
  g_assert_true (g_source_is_destroyed (source));

  /* Most allocators give the address away again at once. */
  do
    {
      context = g_main_context_new ();
      g_ptr_array_add (others, context);
    }
  while (context != address && others->len < 1000);

  watch_in (future, context, &record);
  loop_until (context, record.n_calls > 0);
  assert_called (&record);
  assert_not_called (&old_record);

  g_clear_pointer (&source, g_source_unref);
  g_assert_cmpuint (old_record.n_calls, ==, 0);
  g_assert_cmpuint (old_record.n_destroyed, ==, 1);
}

/* A future that is done, of a call of a certain priority. */
static CfFuture *
new_settled_with_priority (int priority)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfTask) task = cf_task_new (return_nothing, NULL);

  cf_task_set_priority (task, priority);
  return cf_executor_submit_task (executor, task);
}

static gboolean
note_idle (gpointer record)
{
  g_ptr_array_add (((Record *) record)->order, record);
  return G_SOURCE_REMOVE;
}

static void
test_urgent_first (void)
{
  const int priorities[] = { G_PRIORITY_LOW, G_PRIORITY_DEFAULT, G_PRIORITY_HIGH, G_PRIORITY_DEFAULT };
  const guint expected[] = { 2, 1, 3, 4, 0 };
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  Record records[5] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    records[i].order = order;

  for (guint i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autoptr(CfFuture) future = new_settled_with_priority (priorities[i]);

      watch (future, &records[i]);
    }
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, note_idle, &records[4], NULL);

  loop_until (NULL, order->len == 5);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_true (g_ptr_array_index (order, i) == &records[expected[i]]);
}

typedef struct
{
  GPtrArray *order;
  Record     urgent;
} Alarm;

static void
raise_alarm (CfFuture *future,
             gpointer  user_data)
{
  Alarm *alarm = user_data;
  g_autoptr(CfFuture) urgent = new_settled_with_priority (G_PRIORITY_HIGH);

  alarm->urgent.order = alarm->order;
  watch (urgent, &alarm->urgent);
}

static void
test_urgent_ends_a_batch (void)
{
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  g_autoptr(CfFuture) first = new_settled ();
  g_autoptr(CfFuture) second = new_settled ();
  Alarm alarm = { order, { 0 } };
  Record later = { .order = order };

  cf_future_add_done_callback (first, raise_alarm, &alarm, NULL);
  watch (second, &later);
  loop_until (NULL, order->len == 2);

  g_assert_true (g_ptr_array_index (order, 0) == &alarm.urgent);
  g_assert_true (g_ptr_array_index (order, 1) == &later);
}

/* More than there are sources for. */
#define N_PRIORITIES 40

static void
watch_many_priorities (Record    *records,
                       GPtrArray *order,
                       GPtrArray *futures)
{
  for (guint i = 0; i < N_PRIORITIES; i++)
    {
      guint mixed = (i * 7) % N_PRIORITIES;

      g_ptr_array_add (futures, new_settled_with_priority (G_PRIORITY_LOW + (int) mixed));
      records[mixed].order = order;
      watch (g_ptr_array_index (futures, i), &records[mixed]);
    }
}

static void
assert_in_order_of_priority (const Record *records,
                             GPtrArray    *order)
{
  g_assert_cmpuint (order->len, ==, N_PRIORITIES);
  for (guint i = 0; i < N_PRIORITIES; i++)
    g_assert_true (g_ptr_array_index (order, i) == &records[i]);
}

static void
test_many_priorities (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  g_autoptr(GPtrArray) futures = g_ptr_array_new_with_free_func (g_object_unref);
  Record records[N_PRIORITIES] = { 0 };

  g_main_context_push_thread_default (context);
  watch_many_priorities (records, order, futures);
  loop_until (context, order->len == N_PRIORITIES);
  g_main_context_pop_thread_default (context);

  assert_in_order_of_priority (records, order);
}

static void
test_blocking_delivers_urgent_first (void)
{
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  g_autoptr(GPtrArray) futures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GError) error = NULL;
  Record records[N_PRIORITIES] = { 0 };

  watch_many_priorities (records, order, futures);
  g_assert_true (cf_wait ((CfFuture **) futures->pdata, futures->len, CF_RETURN_WHEN_ALL_COMPLETED, -1,
                          NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  assert_in_order_of_priority (records, order);
}

static void
test_context_destroyed_before_done (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  GMainContext *context = g_main_context_new ();
  Record record = { 0 };

  watch_in (future, context, &record);
  g_main_context_unref (context);
  settle (future);
  g_clear_object (&future);

  g_assert_cmpuint (record.n_calls, ==, 0);
  g_assert_cmpuint (record.n_destroyed, ==, 1);
}

static void
test_never_done (void)
{
  CfFuture *future = cf_future_new ();
  Record in_context = { 0 };
  Record without_context = { 0 };

  watch (future, &in_context);
  watch_in (future, NULL, &without_context);
  g_object_unref (future);
  loop_while_ready (NULL);

  g_assert_cmpuint (in_context.n_calls, ==, 0);
  g_assert_cmpuint (in_context.n_destroyed, ==, 1);
  g_assert_cmpuint (without_context.n_calls, ==, 0);
  g_assert_cmpuint (without_context.n_destroyed, ==, 1);
}

static void
test_holds_the_future (void)
{
  CfFuture *future = cf_future_new ();
  Record record = { 0 };
  GWeakRef watched;

  g_weak_ref_init (&watched, future);
  watch (future, &record);
  settle (future);
  g_object_unref (future);

  loop_until (NULL, record.n_calls > 0);
  g_assert_true (record.future == future);
  loop_while_ready (NULL);
  g_assert_null (g_weak_ref_get (&watched));
  g_weak_ref_clear (&watched);
}

static void
test_no_destroy (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Record record = { 0 };

  cf_future_add_done_callback (future, on_done, &record, NULL);
  settle (future);
  loop_until (NULL, record.n_calls > 0);
  g_assert_cmpuint (record.n_destroyed, ==, 0);
}

/* Blocking calls. The promise is settled by another thread where the call could otherwise not block. */

static void
test_wait_delivers (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Record before = { 0 };
  Record after = { 0 };
  GThread *thread;

  watch (future, &before);
  thread = g_thread_new ("settler", settle_in_thread, future);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  assert_called (&before);
  g_assert_true (before.thread == g_thread_self ());
  g_thread_join (thread);

  watch (future, &after);
  assert_not_called (&after);
  g_assert_true (cf_future_wait (future, 0, NULL, NULL));
  assert_called (&after);

  loop_while_ready (NULL);
  assert_called (&before);
  assert_called (&after);
}

static void
test_every_getter_delivers (void)
{
  for (guint i = 0; i < 12; i++)
    {
      g_autoptr(CfFuture) future = new_settled ();
      g_auto(GValue) value = G_VALUE_INIT;
      g_autoptr(GVariant) variant = NULL;
      Record record = { 0 };

      watch (future, &record);
      assert_not_called (&record);

      switch (i)
        {
        case 0:
          g_assert_true (cf_future_await_value (future, &value, NULL));
          break;
        case 1:
          variant = cf_future_await_variant (future, NULL);
          break;
        case 2:
          cf_future_await_boolean (future, NULL);
          break;
        case 3:
          cf_future_await_int64 (future, NULL);
          break;
        case 4:
          cf_future_await_uint64 (future, NULL);
          break;
        case 5:
          cf_future_await_double (future, NULL);
          break;
        case 6:
          g_assert_null (cf_future_await_string (future, NULL));
          break;
        case 7:
          g_assert_null (cf_future_await_bytes (future, NULL));
          break;
        case 8:
          g_assert_null (cf_future_await_object (future, NULL));
          break;
        case 9:
          g_assert_null (cf_future_await_boxed (future, G_TYPE_STRV, NULL));
          break;
        case 10:
          g_assert_null (cf_future_await_pointer (future, NULL));
          break;
        default:
          g_assert_null (await_error (future));
          break;
        }

      assert_called (&record);
    }
}

static void
test_cf_wait_delivers (void)
{
  g_autoptr(CfFuture) one = new_settled ();
  g_autoptr(CfFuture) other = cf_future_new ();
  CfFuture *futures[] = { one, other };
  Record records[2] = { { 0 } };
  GThread *thread;

  watch (one, &records[0]);
  watch (other, &records[1]);
  thread = g_thread_new ("settler", settle_in_thread, other);
  g_assert_true (cf_wait (futures, 2, CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL));
  assert_called (&records[0]);
  assert_called (&records[1]);
  g_thread_join (thread);
}

static void
test_cf_wait_delivers_in_order (void)
{
  static const guint completed[] = { 2, 0, 3, 1 };
  g_autoptr(GPtrArray) order = g_ptr_array_new ();
  g_autoptr(CfFuture) stranger = cf_future_new ();
  CfFuture *futures[G_N_ELEMENTS (completed)];
  Record records[G_N_ELEMENTS (completed)];
  Record of_stranger = { .order = order };

  watch (stranger, &of_stranger);
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      records[i] = (Record) { .order = order };
      futures[i] = cf_future_new ();
      watch (futures[i], &records[i]);
    }

  settle (stranger);
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    settle (futures[completed[i]]);
  g_assert_true (cf_wait (futures, G_N_ELEMENTS (futures), CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL));

  g_assert_cmpuint (order->len, ==, G_N_ELEMENTS (futures));
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    g_assert_true (g_ptr_array_index (order, i) == &records[completed[i]]);

  loop_until (NULL, of_stranger.n_calls == 1);
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    g_object_unref (futures[i]);
}

static void
test_as_completed_delivers (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (&future, 1, -1);
  g_autoptr(CfFuture) completed = NULL;
  Record record = { 0 };
  GThread *thread;

  watch (future, &record);
  thread = g_thread_new ("settler", settle_in_thread, future);
  completed = cf_completion_iterator_next (iterator, NULL, NULL);
  g_assert_true (completed == future);
  assert_called (&record);
  g_thread_join (thread);
}

static gboolean
return_true (CfFuture  *future,
             GValue    *result,
             gpointer   user_data,
             GError   **error)
{
  g_value_init (result, G_TYPE_BOOLEAN);
  g_value_set_boolean (result, TRUE);

  return TRUE;
}

static void
test_shutdown_delivers (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  CfFuture *futures[10];
  Record records[10];

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      records[i] = (Record) { 0 };
      futures[i] = cf_executor_submit_local (executor, return_true, NULL, NULL);
      watch (futures[i], &records[i]);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      assert_called (&records[i]);
      g_assert_true (records[i].thread == g_thread_self ());
      g_object_unref (futures[i]);
    }
}

static void
test_own_context_of_a_thread_delivers (void)
{
  g_autoptr(CfFuture) future = new_settled ();
  g_autoptr(GMainContext) context = g_main_context_new ();
  Record record = { 0 };

  g_main_context_push_thread_default (context);
  watch (future, &record);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  assert_called (&record);
  g_main_context_pop_thread_default (context);
}

static void
test_other_context_is_left_alone (void)
{
  g_autoptr(CfFuture) future = new_settled ();
  g_autoptr(GMainContext) context = g_main_context_new ();
  Record record = { 0 };

  watch_in (future, context, &record);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  assert_not_called (&record);

  loop_until (context, record.n_calls > 0);
  assert_called (&record);
}

static gpointer
wait_in_thread (gpointer future)
{
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));

  return NULL;
}

static void
test_other_thread_does_not_deliver (void)
{
  g_autoptr(CfFuture) future = new_settled ();
  Record record = { 0 };

  watch (future, &record);
  g_thread_join (g_thread_new ("waiter", wait_in_thread, future));
  assert_not_called (&record);

  loop_until (NULL, record.n_calls > 0);
  g_assert_true (record.thread == g_thread_self ());
}

static void
test_timed_out_wait_delivers_nothing (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Record record = { 0 };

  watch (future, &record);
  g_assert_false (cf_future_wait (future, 0, NULL, NULL));
  g_assert_false (cf_future_wait (future, 1000, NULL, NULL));
  assert_not_called (&record);

  settle (future);
  g_assert_true (cf_future_wait (future, 0, NULL, NULL));
  assert_called (&record);
}

/* The callback listing of the slides: the callback has printed before the result is. */
static gboolean
divide_by_ten (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  g_value_init (result, G_TYPE_DOUBLE);
  g_value_set_double (result, GPOINTER_TO_INT (user_data) / 10.0);

  return TRUE;
}

static void
print_value (CfFuture *future,
             gpointer  user_data)
{
  GString *output = user_data;

  g_string_append_printf (output, "%d: value returned: %.1f\n",
                          GPOINTER_TO_INT (g_object_get_data (G_OBJECT (future), "arg")),
                          cf_future_await_double (future, NULL));
}

static void
test_slide (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(GString) output = g_string_new (NULL);
  g_autoptr(CfFuture) future = NULL;
  double result;

  future = cf_executor_submit_local (executor, divide_by_ten, GINT_TO_POINTER (5), NULL);
  g_object_set_data (G_OBJECT (future), "arg", GINT_TO_POINTER (5));
  cf_future_add_done_callback (future, print_value, output, NULL);

  result = cf_future_await_double (future, NULL);
  g_string_append_printf (output, "%.1f\n", result);

  g_assert_cmpstr (output->str, ==, "5: value returned: 0.5\n0.5\n");
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* What callbacks may do. */

typedef struct
{
  CfFuture *inner;
  gboolean  called;
  Record    record;
} Nested;

static void
loop_inside (CfFuture *future,
             gpointer  user_data)
{
  Nested *nested = user_data;

  settle (nested->inner);
  loop_until (NULL, nested->record.n_calls > 0);
  nested->called = TRUE;
}

static void
test_nested_loop (void)
{
  g_autoptr(CfFuture) outer = cf_future_new ();
  g_autoptr(CfFuture) inner = cf_future_new ();
  Nested nested = { .inner = inner };

  cf_future_add_done_callback (outer, loop_inside, &nested, NULL);
  watch (inner, &nested.record);
  settle (outer);

  loop_until (NULL, nested.called);
  assert_called (&nested.record);
}

static void
loop_inside_for_the_rest (CfFuture *future,
                          gpointer  user_data)
{
  Record *last = user_data;

  loop_until (NULL, last->n_calls > 0);
}

static void
test_nested_loop_within_a_batch (void)
{
  CfFuture *futures[10];
  Record records[10] = { { 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    futures[i] = new_settled ();

  cf_future_add_done_callback (futures[0], loop_inside_for_the_rest, &records[9], NULL);
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    watch (futures[i], &records[i]);

  loop_until (NULL, records[9].n_calls > 0);

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    assert_called (&records[i]);
  loop_while_ready (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      assert_called (&records[i]);
      g_clear_object (&futures[i]);
    }
}

static void
wait_inside (CfFuture *future,
             gpointer  user_data)
{
  Nested *nested = user_data;

  g_assert_true (cf_future_wait (nested->inner, -1, NULL, NULL));
  g_assert_cmpuint (nested->record.n_calls, ==, 1);
  nested->called = TRUE;
}

static void
test_nested_wait (void)
{
  g_autoptr(CfFuture) outer = new_settled ();
  g_autoptr(CfFuture) inner = new_settled ();
  Nested nested = { .inner = inner };

  cf_future_add_done_callback (outer, wait_inside, &nested, NULL);
  watch (inner, &nested.record);
  g_assert_true (cf_future_wait (outer, -1, NULL, NULL));
  g_assert_true (nested.called);
  assert_called (&nested.record);
}

static void
wait_for_itself (CfFuture *future,
                 gpointer  user_data)
{
  Record *after = user_data;

  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
  g_assert_cmpuint (after->n_calls, ==, 1);
}

static void
test_wait_for_itself (void)
{
  g_autoptr(CfFuture) future = new_settled ();
  Record after = { 0 };

  cf_future_add_done_callback (future, wait_for_itself, &after, NULL);
  watch (future, &after);
  loop_until (NULL, after.n_calls > 0);
  loop_while_ready (NULL);
  assert_called (&after);
}

static void
drop_last_reference (CfFuture *future,
                     gpointer  user_data)
{
  CfFuture **owner = user_data;

  g_assert_true (*owner == future);
  g_clear_object (owner);
  g_assert_true (cf_future_is_done (future));
}

static void
test_drops_last_reference (void)
{
  GMainContext *contexts[] = { NULL, g_main_context_default () };

  for (guint i = 0; i < G_N_ELEMENTS (contexts); i++)
    {
      CfFuture *future = cf_future_new ();
      g_autoptr(CfFuture) kept_while_settling = NULL;
      GWeakRef watched;

      g_weak_ref_init (&watched, future);
      cf_future_add_done_callback_full (future, contexts[i], drop_last_reference, &future, NULL);
      if (contexts[i] == NULL)
        kept_while_settling = g_object_ref (future);
      settle (future);
      loop_until (NULL, future == NULL);
      loop_while_ready (NULL);

      g_clear_object (&kept_while_settling);
      g_assert_null (g_weak_ref_get (&watched));
      g_weak_ref_clear (&watched);
    }
}

static void
watch_again (CfFuture *future,
             gpointer  user_data)
{
  Nested *nested = user_data;

  watch (future, &nested->record);
  assert_not_called (&nested->record);
  nested->called = TRUE;
}

static void
test_adds_a_callback (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Nested nested = { 0 };

  cf_future_add_done_callback (future, watch_again, &nested, NULL);
  settle (future);
  loop_until (NULL, nested.record.n_calls > 0);
  assert_called (&nested.record);
}

static void
test_adds_a_callback_without_context (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Nested nested = { 0 };

  cf_future_add_done_callback_full (future, NULL, watch_again, &nested, NULL);
  settle (future);
  g_assert_true (nested.called);
  assert_not_called (&nested.record);
  loop_until (NULL, nested.record.n_calls > 0);
  assert_called (&nested.record);
}

/* Submits the next of a row of calls, each from the callback of the one before. */
typedef struct
{
  CfExecutor *executor;
  guint       n_left;
  Gate       *last;
} Chain;

static void
submit_next (CfFuture *future,
             gpointer  user_data)
{
  Chain *chain = user_data;
  g_autoptr(CfFuture) next = NULL;

  if (chain->n_left == 0)
    {
      gate_open (chain->last);
      return;
    }

  chain->n_left--;
  next = cf_executor_submit_local (chain->executor, return_true, NULL, NULL);
  cf_future_add_done_callback (next, submit_next, chain, NULL);
}

static void
test_submits (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Gate last = GATE_INIT;
  Chain chain = { executor, 100, &last };

  submit_next (NULL, &chain);
  loop_until (NULL, gate_is_open (&last));
  g_assert_cmpuint (chain.n_left, ==, 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
shut_down (CfFuture *future,
           gpointer  executor)
{
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_shuts_down (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, return_true, NULL, NULL);

  cf_future_add_done_callback (future, shut_down, executor, NULL);
  loop_until (NULL, cf_executor_is_shut_down (executor));
}

static void
test_shuts_down_from_the_completing_thread (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  Blocker blocker = BLOCKER_INIT;
  Gate done = GATE_INIT;
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, block, &blocker, NULL);

  cf_future_add_done_callback_full (future, NULL, shut_down, executor, NULL);
  cf_future_add_done_callback_full (future, NULL, open_gate, &done, NULL);
  gate_open (&blocker.go_on);
  gate_wait (&done);
  g_assert_true (cf_executor_is_shut_down (executor));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
drop_executor (CfFuture *future,
               gpointer  user_data)
{
  CfExecutor **executor = user_data;

  g_clear_object (executor);
}

static void
test_drops_the_executor (void)
{
  CfExecutor *executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, return_true, NULL, NULL);

  cf_future_add_done_callback (future, drop_executor, &executor, NULL);
  loop_until (NULL, executor == NULL);
  g_assert_true (cf_future_await_boolean (future, NULL));
  yield_until (count_threads ("cf-pool") == 0);
}

/* A source that blocks while it is prepared, when the loop is about to poll, and then settles a future. */
typedef struct
{
  GSource   source;
  CfFuture *done;       /* what it waits for; NULL when it has */
  CfFuture *late;       /* what it settles */
} BlockingSource;

static gboolean
prepare_by_blocking (GSource *source,
                     int     *timeout)
{
  BlockingSource *self = (BlockingSource *) source;

  *timeout = -1;
  if (self->done != NULL)
    {
      g_assert_true (cf_future_wait (self->done, -1, NULL, NULL));
      self->done = NULL;
      settle (self->late);
    }

  return FALSE;
}

static void
test_blocks_before_polling (void)
{
  GSourceFuncs funcs = { .prepare = prepare_by_blocking };
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(CfFuture) first = cf_future_new ();
  g_autoptr(CfFuture) done = cf_future_new ();
  g_autoptr(CfFuture) late = cf_future_new ();
  g_autoptr(GSource) source = g_source_new (&funcs, sizeof (BlockingSource));
  Record record_of_first = { 0 };
  Record record_of_done = { 0 };
  Record record_of_late = { 0 };

  g_main_context_push_thread_default (context);

  /* What delivers to the context is there before the source, and prepared before it. */
  watch (first, &record_of_first);
  settle (first);
  loop_until (context, record_of_first.n_calls == 1);

  /* Somebody else's callback: one that is due here would keep the loop from polling. */
  watch_in (done, other, &record_of_done);
  settle (done);
  watch (late, &record_of_late);
  ((BlockingSource *) source)->done = done;
  ((BlockingSource *) source)->late = late;
  g_source_attach (source, context);
  loop_until (context, record_of_late.n_calls == 1);

  g_source_destroy (source);
  g_main_context_pop_thread_default (context);
  g_main_context_iteration (other, FALSE);
  assert_called (&record_of_done);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/done-callbacks/run-in-an-iteration-of-the-main-context", test_runs_in_an_iteration);
  g_test_add_func ("/done-callbacks/run-in-the-thread-that-added-them", test_runs_in_the_thread_that_added);
  g_test_add_func ("/done-callbacks/run-in-the-thread-default-context", test_thread_default_context);
  g_test_add_func ("/done-callbacks/of-a-future-already-done-do-not-run-at-once", test_already_done);
  g_test_add_func ("/done-callbacks/run-for-whatever-reason-it-is-done", test_every_end);
  g_test_add_func ("/done-callbacks/do-not-run-when-the-call-begins", test_claiming_is_not_done);
  g_test_add_func ("/done-callbacks/run-in-the-order-of-completion", test_order_of_completion);
  g_test_add_func ("/done-callbacks/of-one-future-run-in-the-order-of-adding", test_order_of_adding);
  g_test_add_func ("/done-callbacks/run-in-batches", test_batches);
  g_test_add_func ("/done-callbacks/leave-room-for-other-sources", test_dispatch_is_bounded);
  g_test_add_func ("/done-callbacks/hold-the-future-until-they-have-run", test_holds_the_future);
  g_test_add_func ("/done-callbacks/need-no-destroy-notify", test_no_destroy);

  g_test_add_func ("/done-callbacks/no-context/run-in-the-completing-thread",
                   test_no_context_runs_in_the_completing_thread);
  g_test_add_func ("/done-callbacks/no-context/already-done-run-at-once", test_no_context_already_done);
  g_test_add_func ("/done-callbacks/no-context/cancelled-run-in-cancel", test_no_context_cancelled);
  g_test_add_func ("/done-callbacks/no-context/run-in-the-order-of-adding", test_no_context_order);

  g_test_add_func ("/done-callbacks/context/run-once-or-not-at-all-when-its-loop-ends", test_explicit_context);
  g_test_add_func ("/done-callbacks/context/run-in-the-thread-that-iterates-it", test_context_of_another_thread);
  g_test_add_func ("/done-callbacks/context/many-contexts-get-each-its-own", test_many_contexts);
  g_test_add_func ("/done-callbacks/context/destroyed-after-done-only-destroys", test_context_destroyed_after_done);
  g_test_add_func ("/done-callbacks/context/destroyed-before-done-only-destroys", test_context_destroyed_before_done);
  g_test_add_func ("/done-callbacks/context/dropped-with-its-calls-frees-them", test_context_dropped_with_its_calls);
  g_test_add_func ("/done-callbacks/context/at-the-address-of-another", test_context_at_the_address_of_another);
  g_test_add_func ("/done-callbacks/future-dropped-before-done-only-destroys", test_never_done);

  g_test_add_func ("/done-callbacks/priority/urgent-ones-come-first", test_urgent_first);
  g_test_add_func ("/done-callbacks/priority/urgent-ones-do-not-wait-for-a-batch", test_urgent_ends_a_batch);
  g_test_add_func ("/done-callbacks/priority/many-priorities-keep-their-order", test_many_priorities);
  g_test_add_func ("/done-callbacks/priority/blocking-delivers-urgent-ones-first", test_blocking_delivers_urgent_first);

  g_test_add_func ("/done-callbacks/blocking/wait-delivers", test_wait_delivers);
  g_test_add_func ("/done-callbacks/blocking/every-getter-delivers", test_every_getter_delivers);
  g_test_add_func ("/done-callbacks/blocking/waiting-for-a-set-delivers", test_cf_wait_delivers);
  g_test_add_func ("/done-callbacks/blocking/waiting-for-a-set-delivers-in-the-order-of-completion",
                   test_cf_wait_delivers_in_order);
  g_test_add_func ("/done-callbacks/blocking/as-completed-delivers", test_as_completed_delivers);
  g_test_add_func ("/done-callbacks/blocking/shutdown-delivers", test_shutdown_delivers);
  g_test_add_func ("/done-callbacks/blocking/delivers-in-the-thread-default-context",
                   test_own_context_of_a_thread_delivers);
  g_test_add_func ("/done-callbacks/blocking/leaves-other-contexts-alone", test_other_context_is_left_alone);
  g_test_add_func ("/done-callbacks/blocking/leaves-other-threads-alone", test_other_thread_does_not_deliver);
  g_test_add_func ("/done-callbacks/blocking/timed-out-delivers-nothing", test_timed_out_wait_delivers_nothing);
  g_test_add_func ("/done-callbacks/blocking/before-polling-loses-no-wake-up", test_blocks_before_polling);
  g_test_add_func ("/done-callbacks/blocking/prints-what-the-slide-prints", test_slide);

  g_test_add_func ("/done-callbacks/may/run-a-nested-loop", test_nested_loop);
  g_test_add_func ("/done-callbacks/may/run-a-nested-loop-for-the-rest-of-their-batch",
                   test_nested_loop_within_a_batch);
  g_test_add_func ("/done-callbacks/may/wait-for-another-future", test_nested_wait);
  g_test_add_func ("/done-callbacks/may/wait-for-their-own-future", test_wait_for_itself);
  g_test_add_func ("/done-callbacks/may/drop-the-last-reference", test_drops_last_reference);
  g_test_add_func ("/done-callbacks/may/add-another-callback", test_adds_a_callback);
  g_test_add_func ("/done-callbacks/may/add-another-callback-without-context", test_adds_a_callback_without_context);
  g_test_add_func ("/done-callbacks/may/submit-another-call", test_submits);
  g_test_add_func ("/done-callbacks/may/shut-the-pool-down", test_shuts_down);
  g_test_add_func ("/done-callbacks/may/shut-the-pool-down-from-its-own-thread",
                   test_shuts_down_from_the_completing_thread);
  g_test_add_func ("/done-callbacks/may/drop-the-executor", test_drops_the_executor);

  return g_test_run ();
}
