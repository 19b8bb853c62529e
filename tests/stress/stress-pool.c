/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread pools that many threads use at once, that nest, and that go away while they are busy. What is asserted is
 * bookkeeping: every call submitted runs once, or fails for the one reason that is allowed; every future gets done;
 * nothing runs after the end.
 */

#include <cfutures.h>

#include "../await-error.h"
#include "../gates.h"
#include "draining.h"
#include "race.h"
#include "stress-scale.h"

/* Many submitters on one pool */

#define N_SUBMITTERS 8

typedef struct
{
  CfExecutor   *executor;
  guint         n_calls;
  atomic_uint   n_ran;
  atomic_uint   n_destroyed;
  atomic_ullong sum;
} Load;

typedef struct
{
  Load  *load;
  guint  number;
} Item;

static gboolean
run_item (CfFuture  *future,
          GValue    *result,
          gpointer   user_data,
          GError   **error)
{
  Item *item = user_data;

  atomic_fetch_add (&item->load->n_ran, 1);
  atomic_fetch_add (&item->load->sum, item->number);
  g_value_init (result, G_TYPE_UINT);
  g_value_set_uint (result, item->number);

  return TRUE;
}

static void
item_free (gpointer user_data)
{
  Item *item = user_data;

  atomic_fetch_add (&item->load->n_destroyed, 1);
  g_free (item);
}

static GVariant *
double_number (CfFuture  *future,
               GVariant  *args,
               GError   **error)
{
  return g_variant_new_uint32 (2 * g_variant_get_uint32 (args));
}

static gpointer
submit_load (gpointer data)
{
  Load *load = data;

  for (guint i = 0; i < load->n_calls; i++)
    {
      Item *item = g_new (Item, 1);
      g_autoptr (CfFuture) local = NULL;
      g_autoptr (CfFuture) portable = NULL;
      g_autoptr (GError) error = NULL;

      *item = (Item) { load, i };
      local = cf_executor_submit_local (load->executor, run_item, item, item_free);
      portable = cf_executor_submit (load->executor, double_number, g_variant_new_uint32 (i));

      if (race_random () % 8 != 0)
        continue;

      g_assert_cmpint (cf_future_await_int64 (portable, &error), ==, 2 * (gint64) i);
      g_assert_no_error (error);
      g_assert_cmpint (cf_future_await_int64 (local, &error), ==, i);
      g_assert_no_error (error);
    }

  return NULL;
}

static void
test_many_submitters (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (4);
  Load load = { .executor = executor, .n_calls = stress_scale (20000) };
  guint64 n_per_submitter = load.n_calls;
  GThread *threads[N_SUBMITTERS];

  for (guint i = 0; i < N_SUBMITTERS; i++)
    threads[i] = g_thread_new ("submitter", submit_load, &load);
  for (guint i = 0; i < N_SUBMITTERS; i++)
    g_thread_join (threads[i]);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  g_assert_cmpuint (atomic_load (&load.n_ran), ==, N_SUBMITTERS * n_per_submitter);
  g_assert_cmpuint (atomic_load (&load.n_destroyed), ==, N_SUBMITTERS * n_per_submitter);
  g_assert_cmpuint (atomic_load (&load.sum), ==, N_SUBMITTERS * n_per_submitter * (n_per_submitter - 1) / 2);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);
  g_assert_cmpuint (cf_executor_get_n_running (executor), ==, 0);
  g_assert_cmpuint (cf_executor_get_n_completed (executor), ==, 2 * N_SUBMITTERS * n_per_submitter);
}

/* Nested fork–join, in which strangers cancel each other's calls */

static _Atomic (CfFuture *) last_spawned;
static atomic_uint n_spawns_cancelled;

typedef struct
{
  CfExecutor *executor;
  guint       n;
} Fibonacci;

static gint64 fibonacci (CfExecutor *executor,
                         guint       n);

static gboolean
run_fibonacci (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  Fibonacci *call = user_data;

  g_value_init (result, G_TYPE_INT64);
  g_value_set_int64 (result, fibonacci (call->executor, call->n));

  return TRUE;
}

/* Takes the place of the call that was spawned last, anywhere, and cancels that one now and then. */
static void
disturb (CfFuture *spawned)
{
  g_autoptr (CfFuture) stranger = atomic_exchange (&last_spawned, g_object_ref (spawned));

  if (stranger != NULL && race_random () % 8 == 0)
    cf_future_cancel (stranger);
}

static gint64
fibonacci (CfExecutor *executor,
           guint       n)
{
  Fibonacci call = { executor, n - 1 };
  g_autoptr (CfFuture) spawned = NULL;
  g_autoptr (GError) error = NULL;
  gint64 second;
  gint64 first;

  if (n < 2)
    return n;

  spawned = cf_executor_submit_local (executor, run_fibonacci, &call, NULL);
  disturb (spawned);
  second = fibonacci (executor, n - 2);
  if (race_random () % 16 == 0)
    cf_future_cancel (spawned);
  first = cf_future_await_int64 (spawned, &error);

  if (error != NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      atomic_fetch_add (&n_spawns_cancelled, 1);
      first = fibonacci (executor, n - 1);
    }

  return first + second;
}

static void
test_fork_join (gconstpointer data)
{
  guint max_workers = GPOINTER_TO_UINT (data);
  guint n_rounds = stress_scale (60);
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (max_workers);

  atomic_store (&n_spawns_cancelled, 0);

  for (guint i = 0; i < n_rounds; i++)
    {
      Fibonacci call = { executor, 16 };
      g_autoptr (CfFuture) future = cf_executor_submit_local (executor, run_fibonacci, &call, NULL);
      g_autoptr (GError) error = NULL;
      gint64 result = cf_future_await_int64 (future, &error);
      CfFuture *spawned = atomic_exchange (&last_spawned, NULL);

      g_assert_no_error (error);
      g_assert_cmpint (result, ==, 987);
      g_clear_object (&spawned);
    }

  g_test_message ("%u calls were cancelled and made again", atomic_load (&n_spawns_cancelled));
}

/* Calls of two pools that wait for calls of the other one: each pool has to make up for its blocked threads. */

typedef struct
{
  CfExecutor *executors[2];
  guint       depth;
} Ladder;

static gboolean
climb (CfFuture  *future,
       GValue    *result,
       gpointer   user_data,
       GError   **error)
{
  Ladder *ladder = user_data;
  Ladder rest = { { ladder->executors[1], ladder->executors[0] }, ladder->depth - 1 };
  g_autoptr (CfFuture) next = NULL;

  g_value_init (result, G_TYPE_INT64);
  if (ladder->depth == 0)
    return TRUE;

  next = cf_executor_submit_local (ladder->executors[1], climb, &rest, NULL);
  g_value_set_int64 (result, 1 + cf_future_await_int64 (next, error));

  return *error == NULL;
}

static void
test_two_pools (void)
{
  enum { N_LADDERS = 4 };
  guint n_rounds = stress_scale (100);
  g_autoptr (CfExecutor) first = cf_thread_pool_executor_new (1);
  g_autoptr (CfExecutor) second = cf_thread_pool_executor_new (1);

  for (guint round = 0; round < n_rounds; round++)
    {
      Ladder ladder = { { first, second }, 20 };
      CfFuture *futures[N_LADDERS];

      for (guint i = 0; i < N_LADDERS; i++)
        futures[i] = cf_executor_submit_local (i % 2 == 0 ? first : second, climb, &ladder, NULL);

      for (guint i = 0; i < N_LADDERS; i++)
        {
          g_autoptr (GError) error = NULL;

          g_assert_cmpint (cf_future_await_int64 (futures[i], &error), ==, 20);
          g_assert_no_error (error);
          g_object_unref (futures[i]);
        }
    }
}

/* Maps, of which most are given up before their end */

#define N_MAPPERS 3

static void
map_and_leave (CfExecutor *executor,
               GVariant   *items)
{
  gsize n_items = g_variant_n_children (items);
  guint n_wanted = race_random () % 4 == 0 ? G_MAXUINT : race_random () % n_items;
  g_autoptr (CfMapIterator) iterator =
    cf_executor_map (executor, double_number, items, race_random () % 4, race_random () % 8);
  guint i = 0;

  while (i < n_wanted)
    {
      g_autoptr (GVariant) result = NULL;
      g_autoptr (GError) error = NULL;

      if (!cf_map_iterator_next (iterator, NULL, &result, &error))
        {
          g_assert_no_error (error);
          g_assert_cmpuint (i, ==, n_items);
          return;
        }

      g_assert_cmpuint (g_variant_get_uint32 (result), ==, 2 * i);
      i++;
    }
}

typedef struct
{
  CfExecutor *executor;
  GVariant   *items;
  guint       n_maps;
} Mapping;

static gpointer
map_over_and_over (gpointer data)
{
  Mapping *mapping = data;

  for (guint i = 0; i < mapping->n_maps; i++)
    map_and_leave (mapping->executor, mapping->items);

  return NULL;
}

static void
test_maps (void)
{
  enum { N_ITEMS = 40 };
  guint32 numbers[N_ITEMS];
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr (GVariant) items = NULL;
  Mapping mapping;
  GThread *threads[N_MAPPERS];

  for (guint i = 0; i < N_ITEMS; i++)
    numbers[i] = i;

  items = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, numbers, N_ITEMS, sizeof (guint32)));
  mapping = (Mapping) { executor, items, stress_scale (3000) };

  for (guint i = 0; i < N_MAPPERS; i++)
    threads[i] = g_thread_new ("mapper", map_over_and_over, &mapping);
  for (guint i = 0; i < N_MAPPERS; i++)
    g_thread_join (threads[i]);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);
}

/* Executors dropped while busy */

static gboolean
run_briefly (CfFuture  *future,
             GValue    *result,
             gpointer   user_data,
             GError   **error)
{
  atomic_uint *n_ran = user_data;

  race_delay (2000);
  atomic_fetch_add (n_ran, 1);

  return TRUE;
}

static void
assert_finished (CfFuture *future)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_wait (future, -1, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_FINISHED);
  g_assert_no_error (await_error (future));
}

static void
test_dropped_while_busy (void)
{
  enum { N_CALLS = 50 };
  guint n_rounds = stress_scale (1000);

  for (guint round = 0; round < n_rounds; round++)
    {
      CfExecutor *executor = cf_thread_pool_executor_new (1 + round % 3);
      CfFuture *futures[N_CALLS];
      atomic_uint n_ran = 0;

      for (guint i = 0; i < N_CALLS; i++)
        futures[i] = cf_executor_submit_local (executor, run_briefly, &n_ran, NULL);
      g_object_unref (executor);

      for (guint i = 0; i < N_CALLS; i++)
        {
          assert_finished (futures[i]);
          g_object_unref (futures[i]);
        }

      g_assert_cmpuint (atomic_load (&n_ran), ==, N_CALLS);
    }
}

typedef struct
{
  CfExecutor *executor;
  Gate        dropped_elsewhere;
  atomic_bool is_over;
} LastReference;

static gboolean
drop_last_reference (CfFuture  *future,
                     GValue    *result,
                     gpointer   user_data,
                     GError   **error)
{
  LastReference *last = user_data;

  gate_wait (&last->dropped_elsewhere);
  g_clear_object (&last->executor);

  return TRUE;
}

static void
test_dropped_by_own_thread (void)
{
  guint n_rounds = stress_scale (1000);

  for (guint round = 0; round < n_rounds; round++)
    {
      CfExecutor *executor = cf_thread_pool_executor_new (1 + round % 2);
      LastReference last = { .executor = g_object_ref (executor), .dropped_elsewhere = GATE_INIT };
      atomic_uint n_ran = 0;
      g_autoptr (CfFuture) dropper = cf_executor_submit_local (executor, drop_last_reference, &last, NULL);
      g_autoptr (CfFuture) later = cf_executor_submit_local (executor, run_briefly, &n_ran, NULL);

      g_object_unref (executor);
      gate_open (&last.dropped_elsewhere);

      assert_finished (dropper);
      assert_finished (later);
      g_assert_cmpuint (atomic_load (&n_ran), ==, 1);
    }
}

static void
on_done_drop (CfFuture *future,
              gpointer  user_data)
{
  LastReference *last = user_data;

  g_clear_object (&last->executor);
}

static void
on_done_destroyed (gpointer user_data)
{
  LastReference *last = user_data;

  atomic_store (&last->is_over, TRUE);
}

static void
test_dropped_by_callback (void)
{
  guint n_rounds = stress_scale (1000);

  for (guint round = 0; round < n_rounds; round++)
    {
      CfExecutor *executor = cf_thread_pool_executor_new (1 + round % 2);
      LastReference last = { .executor = g_object_ref (executor), .dropped_elsewhere = GATE_INIT };
      atomic_uint n_ran = 0;
      g_autoptr (CfFuture) first = cf_executor_submit_local (executor, run_briefly, &n_ran, NULL);
      g_autoptr (CfFuture) later = cf_executor_submit_local (executor, run_briefly, &n_ran, NULL);

      cf_future_add_done_callback_full (first, NULL, on_done_drop, &last, on_done_destroyed);
      g_object_unref (executor);

      assert_finished (first);
      assert_finished (later);
      g_assert_cmpuint (atomic_load (&n_ran), ==, 2);
      yield_until (atomic_load (&last.is_over));
    }
}

/* Shutdown, raced against submitters */

#define N_PER_SUBMITTER 40

typedef struct
{
  CfExecutor *executor;
  CfFuture   *futures[2][N_PER_SUBMITTER];
  gboolean    cancel_futures;
  atomic_uint n_submitted;
  atomic_uint n_ran;
  atomic_uint n_destroyed;
  atomic_bool has_ended;
  guint       n_in_time;
  guint       n_cancelled;
  guint       n_too_late;
} Closing;

static gboolean
run_before_end (CfFuture  *future,
                GValue    *result,
                gpointer   user_data,
                GError   **error)
{
  Closing *closing = user_data;

  race_delay (200);
  atomic_fetch_add (&closing->n_ran, 1);
  g_assert_false (atomic_load (&closing->has_ended));

  return TRUE;
}

static void
closing_destroyed (gpointer user_data)
{
  Closing *closing = user_data;

  atomic_fetch_add (&closing->n_destroyed, 1);
}

static void
closing_set_up (gpointer scene)
{
  Closing *closing = scene;

  closing->executor = cf_thread_pool_executor_new (1 + race_random () % 3);
  closing->cancel_futures = race_random () % 2 == 0;
  atomic_init (&closing->n_submitted, 0);
  atomic_init (&closing->n_ran, 0);
  atomic_init (&closing->n_destroyed, 0);
  atomic_init (&closing->has_ended, FALSE);
}

static void
closing_submit (Closing *closing,
                guint    submitter)
{
  for (guint i = 0; i < N_PER_SUBMITTER; i++)
    {
      closing->futures[submitter][i] =
        cf_executor_submit_local (closing->executor, run_before_end, closing, closing_destroyed);
      g_assert_nonnull (closing->futures[submitter][i]);
      atomic_fetch_add (&closing->n_submitted, 1);
    }

  /* What was given is freed in this thread. */
  for (guint i = 0; i < N_PER_SUBMITTER; i++)
    await_error (closing->futures[submitter][i]);
}

static void
leg_submit_first (gpointer scene)
{
  closing_submit (scene, 0);
}

static void
leg_submit_second (gpointer scene)
{
  closing_submit (scene, 1);
}

/* In the middle of the submissions, somewhere. */
static void
leg_shut_down (gpointer scene)
{
  Closing *closing = scene;

  race_await (&closing->n_submitted, race_random () % (2 * N_PER_SUBMITTER));
  cf_executor_shutdown (closing->executor, CF_SHUTDOWN_WAIT | (closing->cancel_futures ? CF_SHUTDOWN_CANCEL_PENDING : 0));
  atomic_store (&closing->has_ended, TRUE);
}

static void
leg_shut_down_too (gpointer scene)
{
  Closing *closing = scene;

  race_await (&closing->n_submitted, race_random () % (2 * N_PER_SUBMITTER));
  cf_executor_shutdown (closing->executor, race_random () % 2 == 0 ? CF_SHUTDOWN_WAIT : CF_SHUTDOWN_DEFAULT);
}

static void
check_all_accounted_for (gpointer scene)
{
  Closing *closing = scene;
  guint n_finished = 0;

  for (guint i = 0; i < 2 * N_PER_SUBMITTER; i++)
    {
      g_autoptr (CfFuture) future = closing->futures[i / N_PER_SUBMITTER][i % N_PER_SUBMITTER];
      const GError *failure;

      g_assert_true (cf_future_is_done (future));
      failure = await_error (future);

      if (failure == NULL)
        n_finished++;
      else if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        closing->n_cancelled++;
      else if (g_error_matches (failure, CF_ERROR, CF_ERROR_SHUT_DOWN))
        closing->n_too_late++;
      else
        g_assert_no_error (failure);

      g_assert_true (closing->cancel_futures || !cf_future_is_cancelled (future));
    }

  g_assert_cmpuint (atomic_load (&closing->n_ran), ==, n_finished);
  g_assert_cmpuint (atomic_load (&closing->n_destroyed), ==, 2 * N_PER_SUBMITTER);
  closing->n_in_time += n_finished;
  g_clear_object (&closing->executor);
}

static void
test_shutdown_races_submit (void)
{
  const Race race = {
    closing_set_up, { leg_shut_down, leg_submit_first, leg_submit_second, leg_shut_down_too }, check_all_accounted_for
  };
  Closing closing = { 0 };

  race_run (&race, &closing, stress_scale (1500));
  g_test_message ("%u calls ran, %u were cancelled, %u came too late", closing.n_in_time, closing.n_cancelled,
                  closing.n_too_late);
}

/* A pool that breaks while it is being fed */

static gboolean
initialize_twice (gpointer   user_data,
                  GError   **error)
{
  atomic_uint *n_initialized = user_data;

  if (atomic_fetch_add (n_initialized, 1) < 2)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "no third thread");

  return FALSE;
}

/* Long enough for a pool to want a third thread. */
static gboolean
run_for_a_while (CfFuture  *future,
                 GValue    *result,
                 gpointer   user_data,
                 GError   **error)
{
  atomic_uint *n_ran = user_data;

  race_delay (100000);
  atomic_fetch_add (n_ran, 1);

  return TRUE;
}

static void
test_broken (void)
{
  enum { N_CALLS = 100 };
  guint n_rounds = stress_scale (300);
  guint n_failed = 0;

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (4);
      CfFuture *futures[N_CALLS];
      atomic_uint n_initialized = 0;
      atomic_uint n_ran = 0;
      guint n_finished = 0;

      cf_thread_pool_executor_set_initializer (CF_THREAD_POOL_EXECUTOR (executor), initialize_twice, &n_initialized,
                                               NULL);

      for (guint i = 0; i < N_CALLS; i++)
        futures[i] = cf_executor_submit_local (executor, run_for_a_while, &n_ran, NULL);

      for (guint i = 0; i < N_CALLS; i++)
        {
          g_autoptr (CfFuture) future = futures[i];
          const GError *failure = await_error (future);

          if (failure == NULL)
            {
              n_finished++;
              continue;
            }

          g_assert_error (failure, CF_ERROR, CF_ERROR_BROKEN_EXECUTOR);
          g_assert_nonnull (strstr (failure->message, "no third thread"));
          n_failed++;
        }

      g_assert_cmpuint (atomic_load (&n_ran), ==, n_finished);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
    }

  g_test_message ("%u of %u calls met a broken pool", n_failed, n_rounds * N_CALLS);
}

/* Priorities under load */

#define N_PRIORITIES 7

typedef struct
{
  GArray *order;
} Record;

typedef struct
{
  Record *record;
  int     priority;
  guint   number;
} Ranked;

static gboolean
run_ranked (CfFuture  *future,
            GValue    *result,
            gpointer   user_data,
            GError   **error)
{
  Ranked *ranked = user_data;

  g_array_append_val (ranked->record->order, *ranked);

  return TRUE;
}

static gboolean
hold_thread (CfFuture  *future,
             GValue    *result,
             gpointer   user_data,
             GError   **error)
{
  gate_wait (user_data);

  return TRUE;
}

static CfFuture *
submit_ranked (CfExecutor *executor,
               Record     *record,
               int         priority,
               guint       number)
{
  Ranked *ranked = g_new (Ranked, 1);
  g_autoptr (CfTask) task = NULL;

  *ranked = (Ranked) { record, priority, number };
  task = cf_task_new_local (run_ranked, ranked, g_free);
  cf_task_set_priority (task, priority);

  return cf_executor_submit_task (executor, task);
}

/* The only thread of the pool is held until everything is queued: then nothing excuses another order. */
static void
test_priorities (void)
{
  guint n_calls = stress_scale (50000);
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (Ranked));
  Record record = { order };
  Gate gate = GATE_INIT;
  g_autoptr (CfFuture) holder = cf_executor_submit_local (executor, hold_thread, &gate, NULL);

  yield_until (cf_future_is_running (holder));

  for (guint i = 0; i < n_calls; i++)
    {
      int priority = (int) (race_random () % N_PRIORITIES) * 10 - 30;

      g_object_unref (submit_ranked (executor, &record, priority, i));
    }

  gate_open (&gate);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (order->len, ==, n_calls);

  for (guint i = 1; i < n_calls; i++)
    {
      Ranked *earlier = &g_array_index (order, Ranked, i - 1);
      Ranked *later = &g_array_index (order, Ranked, i);

      g_assert_cmpint (earlier->priority, <=, later->priority);
      if (earlier->priority == later->priority)
        g_assert_cmpuint (earlier->number, <, later->number);
    }
}

static gboolean
submit_urgent (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  gpointer *arguments = user_data;

  g_object_unref (submit_ranked (arguments[0], arguments[1], -100, 0));

  return TRUE;
}

/* What is urgent overtakes what was queued before it, also when a call of the pool submits it. */
static void
test_urgent_from_inside (void)
{
  enum { N_CALLS = 1000 };
  guint n_rounds = stress_scale (50);

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (1);
      g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (Ranked));
      Record record = { order };
      gpointer arguments[] = { executor, &record };
      Gate gate = GATE_INIT;
      g_autoptr (CfFuture) holder = cf_executor_submit_local (executor, hold_thread, &gate, NULL);
      g_autoptr (CfFuture) submitter = cf_executor_submit_local (executor, submit_urgent, arguments, NULL);

      g_assert_false (cf_future_is_done (holder));

      for (guint i = 1; i <= N_CALLS; i++)
        g_object_unref (submit_ranked (executor, &record, 0, i));

      gate_open (&gate);
      assert_finished (submitter);
      cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

      g_assert_cmpuint (order->len, ==, N_CALLS + 1);
      g_assert_cmpint (g_array_index (order, Ranked, 0).priority, ==, -100);
    }
}

/* Each of several threads drains the pool that all of them, and the calls themselves, keep busy. */

typedef struct
{
  CfExecutor *executor;
  guint       n_rounds;
} Draining;

static GVariant *
do_nothing (CfFuture  *future,
            GVariant  *args,
            GError   **error)
{
  return NULL;
}

static gboolean
submit_one_more (CfFuture  *future,
                 GValue    *result,
                 gpointer   executor,
                 GError   **error)
{
  g_object_unref (cf_executor_submit (executor, do_nothing, NULL));
  return TRUE;
}

static gpointer
submit_and_drain (gpointer user_data)
{
  enum { N_CALLS = 20 };
  Draining *draining = user_data;
  CfFuture *futures[N_CALLS];

  for (guint round = 0; round < draining->n_rounds; round++)
    {
      for (guint i = 0; i < N_CALLS; i++)
        futures[i] = cf_executor_submit_local (draining->executor, submit_one_more, draining->executor, NULL);
      cf_future_cancel (futures[round % N_CALLS]);

      g_assert_true (cf_executor_drain (draining->executor, NULL, NULL));
      for (guint i = 0; i < N_CALLS; i++)
        {
          g_assert_true (cf_future_is_done (futures[i]));
          g_object_unref (futures[i]);
        }
    }

  return NULL;
}

static void
test_drained_while_busy (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (3);
  Draining draining = { .executor = executor, .n_rounds = stress_scale (500) };
  GThread *threads[N_SUBMITTERS];

  for (guint i = 0; i < N_SUBMITTERS; i++)
    threads[i] = g_thread_new ("drainer", submit_and_drain, &draining);
  for (guint i = 0; i < N_SUBMITTERS; i++)
    g_thread_join (threads[i]);

  g_assert_true (cf_executor_drain (executor, NULL, NULL));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* A thread that drains the pool while its last call is cancelled finds that call done. */

static CfFuture *
submit_last_call (CfExecutor *executor)
{
  return cf_executor_submit_local (executor, submit_one_more, executor, NULL);
}

static void
test_drained_while_cancelled (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (1);

  race_drain_with_cancel (executor, submit_last_call, stress_scale (50000));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/pool/many-submitters", test_many_submitters);
  g_test_add_data_func ("/stress/pool/fork-join/1-worker", GUINT_TO_POINTER (1), test_fork_join);
  g_test_add_data_func ("/stress/pool/fork-join/2-workers", GUINT_TO_POINTER (2), test_fork_join);
  g_test_add_data_func ("/stress/pool/fork-join/4-workers", GUINT_TO_POINTER (4), test_fork_join);
  g_test_add_func ("/stress/pool/two-pools-wait-for-each-other", test_two_pools);
  g_test_add_func ("/stress/pool/maps-given-up", test_maps);
  g_test_add_func ("/stress/pool/dropped-while-busy", test_dropped_while_busy);
  g_test_add_func ("/stress/pool/dropped-by-own-thread", test_dropped_by_own_thread);
  g_test_add_func ("/stress/pool/dropped-by-callback", test_dropped_by_callback);
  g_test_add_func ("/stress/pool/shutdown-races-submit", test_shutdown_races_submit);
  g_test_add_func ("/stress/pool/broken-while-fed", test_broken);
  g_test_add_func ("/stress/pool/drained-while-busy", test_drained_while_busy);
  g_test_add_func ("/stress/pool/drained-while-the-last-call-is-cancelled", test_drained_while_cancelled);
  g_test_add_func ("/stress/pool/priorities", test_priorities);
  g_test_add_func ("/stress/pool/urgent-from-inside", test_urgent_from_inside);

  return g_test_run ();
}
