/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Settling a promise, raced against everything that somebody may be doing to it at that moment: adding callbacks,
 * waiting with and without a limit, iterating over completions, and settling it too. Each test is a race (race.h)
 * whose scene is one promise or a small set of them.
 */

#include <cfutures.h>

#include "../await-error.h"
#include "../gates.h"
#include "race.h"
#include "stress-scale.h"

#define N_IN_SET 8
#define N_CALLBACKS 3

typedef struct
{
  CfFuture     *future;
  gint64        number;
  gboolean      won[2];
  gboolean      waited;
  GError       *wait_error;
  GCancellable *cancellable;
  gboolean      callback_added;
  atomic_uint   n_called;
  atomic_uint   n_destroyed;
} Promise;

static void
promise_set_up (gpointer scene)
{
  Promise *promise = scene;

  promise->future = cf_future_new ();
  promise->number++;
  promise->won[0] = promise->won[1] = FALSE;
  promise->waited = FALSE;
  promise->callback_added = FALSE;
  atomic_init (&promise->n_called, 0);
  atomic_init (&promise->n_destroyed, 0);
}

static void
promise_tear_down (Promise *promise)
{
  g_clear_object (&promise->future);
  g_clear_object (&promise->cancellable);
  g_clear_error (&promise->wait_error);
}

static gboolean
promise_settle (Promise  *promise,
                gint64    number,
                GError  **error)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT64);
  g_value_set_int64 (&value, number);

  return cf_future_set_value (promise->future, &value, error);
}

static void
promise_assert_number (Promise *promise,
                       gint64   number)
{
  g_autoptr (GError) error = NULL;
  gint64 result = cf_future_await_int64 (promise->future, &error);

  g_assert_no_error (error);
  g_assert_cmpint (result, ==, number);
}

static void
leg_settle (gpointer scene)
{
  Promise *promise = scene;
  g_autoptr (GError) error = NULL;

  promise->won[0] = promise_settle (promise, promise->number, &error);
  g_assert_no_error (error);
}

/* Callbacks on the main context */

static void
on_done (CfFuture *future,
         gpointer  user_data)
{
  Promise *promise = user_data;

  g_assert_true (future == promise->future);
  g_assert_true (cf_future_is_done (future));
  g_assert_true (g_main_context_is_owner (g_main_context_default ()));
  g_assert_true (promise->callback_added);

  atomic_fetch_add (&promise->n_called, 1);
}

static void
on_destroyed (gpointer user_data)
{
  Promise *promise = user_data;

  atomic_fetch_add (&promise->n_destroyed, 1);
}

static void
leg_add_callback (gpointer scene)
{
  Promise *promise = scene;

  cf_future_add_done_callback (promise->future, on_done, promise, on_destroyed);
  promise->callback_added = TRUE;
}

static void
check_called_once (gpointer scene)
{
  Promise *promise = scene;

  while (atomic_load (&promise->n_destroyed) == 0)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    continue;

  g_assert_cmpuint (atomic_load (&promise->n_called), ==, 1);
  g_assert_cmpuint (atomic_load (&promise->n_destroyed), ==, 1);
  g_assert_true (promise->won[0]);
  promise_tear_down (promise);
}

static void
test_callback (void)
{
  const Race race = { promise_set_up, { leg_add_callback, leg_settle }, check_called_once };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (100000));
}

/* Callbacks in the completing thread, several from two threads at once */

typedef struct
{
  CfFuture   *future;
  atomic_uint n_called;
  atomic_uint n_destroyed;
} Crowd;

static void
crowd_set_up (gpointer scene)
{
  Crowd *crowd = scene;

  crowd->future = cf_future_new ();
  atomic_init (&crowd->n_called, 0);
  atomic_init (&crowd->n_destroyed, 0);
}

static void
on_crowd_done (CfFuture *future,
               gpointer  user_data)
{
  Crowd *crowd = user_data;

  g_assert_true (future == crowd->future);
  g_assert_true (cf_future_is_done (future));
  atomic_fetch_add (&crowd->n_called, 1);
}

static void
on_crowd_destroyed (gpointer user_data)
{
  Crowd *crowd = user_data;

  atomic_fetch_add (&crowd->n_destroyed, 1);
}

static void
leg_crowd_add (gpointer scene)
{
  Crowd *crowd = scene;

  for (guint i = 0; i < N_CALLBACKS; i++)
    cf_future_add_done_callback_full (crowd->future, NULL, on_crowd_done, crowd, on_crowd_destroyed);
}

static void
leg_crowd_settle (gpointer scene)
{
  Crowd *crowd = scene;
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_set_variant (crowd->future, NULL, &error));
  g_assert_no_error (error);
}

static void
check_crowd (gpointer scene)
{
  Crowd *crowd = scene;

  g_assert_cmpuint (atomic_load (&crowd->n_called), ==, 2 * N_CALLBACKS);
  g_assert_cmpuint (atomic_load (&crowd->n_destroyed), ==, 2 * N_CALLBACKS);
  g_clear_object (&crowd->future);
}

static void
test_callback_in_completing_thread (void)
{
  const Race race = { crowd_set_up, { leg_crowd_settle, leg_crowd_add, leg_crowd_add }, check_crowd };
  Crowd crowd = { 0 };

  race_run (&race, &crowd, stress_scale (30000));
}

/* Waiting */

static void
leg_wait (gpointer scene)
{
  Promise *promise = scene;
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_wait (promise->future, -1, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (cf_future_is_done (promise->future));
  promise_assert_number (promise, promise->number);
}

static void
check_settled (gpointer scene)
{
  Promise *promise = scene;

  g_assert_true (promise->won[0]);
  promise_assert_number (promise, promise->number);
  promise_tear_down (promise);
}

static void
test_wait (void)
{
  const Race race = { promise_set_up, { leg_wait, leg_settle }, check_settled };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (100000));
}

/* Settles at about the moment in which the one who waits has spun long enough and goes to sleep. */
static void
leg_settle_late (gpointer scene)
{
  race_linger (100);
  leg_settle (scene);
}

static void
test_wait_longer (void)
{
  const Race race = { promise_set_up, { leg_wait, leg_settle_late }, check_settled };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (30000));
}

static void
test_wait_in_many_threads (void)
{
  const Race race = { promise_set_up, { leg_settle, leg_wait, leg_wait, leg_wait }, check_settled };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (20000));
}

static void
leg_wait_briefly (gpointer scene)
{
  Promise *promise = scene;

  promise->waited = cf_future_wait (promise->future, race_random () % 20, NULL, &promise->wait_error);
}

static void
check_waited_briefly (gpointer scene)
{
  Promise *promise = scene;

  if (promise->waited)
    g_assert_no_error (promise->wait_error);
  else
    g_assert_error (promise->wait_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  check_settled (promise);
}

static void
test_wait_with_timeout (void)
{
  const Race race = { promise_set_up, { leg_wait_briefly, leg_settle }, check_waited_briefly };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (50000));
}

static void
promise_set_up_cancellable (gpointer scene)
{
  Promise *promise = scene;

  promise_set_up (promise);
  promise->cancellable = g_cancellable_new ();
}

static void
leg_wait_cancellable (gpointer scene)
{
  Promise *promise = scene;

  promise->waited = cf_future_wait (promise->future, -1, promise->cancellable, &promise->wait_error);
}

static void
leg_cancel_wait (gpointer scene)
{
  Promise *promise = scene;

  g_cancellable_cancel (promise->cancellable);
}

static void
check_waited_cancellable (gpointer scene)
{
  Promise *promise = scene;

  if (promise->waited)
    g_assert_no_error (promise->wait_error);
  else
    g_assert_error (promise->wait_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  check_settled (promise);
}

static void
test_wait_with_cancellable (void)
{
  const Race race = {
    promise_set_up_cancellable, { leg_wait_cancellable, leg_settle, leg_cancel_wait }, check_waited_cancellable
  };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (20000));
}

/* A wait that nobody ends but the cancellable: a lost cancellation hangs here. */
static void
check_wait_was_cancelled (gpointer scene)
{
  Promise *promise = scene;

  g_assert_false (promise->waited);
  g_assert_error (promise->wait_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  promise_tear_down (promise);
}

static void
test_wait_ended_by_cancellable (void)
{
  const Race race = {
    promise_set_up_cancellable, { leg_wait_cancellable, leg_cancel_wait }, check_wait_was_cancelled
  };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (20000));
}

/* Waiting without blocking */

static void
on_waited (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Promise *promise = user_data;

  promise->waited = cf_future_wait_finish (CF_FUTURE (source), result, &promise->wait_error);
  atomic_fetch_add (&promise->n_called, 1);
}

static void
leg_wait_async (gpointer scene)
{
  Promise *promise = scene;
  gint64 timeout = race_random () % 2 == 0 ? -1 : (gint64) (race_random () % 20);

  cf_future_wait_async (promise->future, timeout, promise->cancellable, on_waited, promise);
}

static void
check_waited_async (gpointer scene)
{
  Promise *promise = scene;

  while (atomic_load (&promise->n_called) == 0)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    continue;

  g_assert_cmpuint (atomic_load (&promise->n_called), ==, 1);

  if (promise->waited)
    g_assert_no_error (promise->wait_error);
  else if (!g_error_matches (promise->wait_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_assert_error (promise->wait_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  check_settled (promise);
}

static void
test_wait_async (void)
{
  const Race race = {
    promise_set_up_cancellable, { leg_wait_async, leg_settle, leg_cancel_wait }, check_waited_async
  };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (20000));
}

/* Two that settle */

static void
leg_settle_with_error (gpointer scene)
{
  Promise *promise = scene;
  g_autoptr (GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "settled with an error");
  g_autoptr (GError) error = NULL;

  promise->won[1] = cf_future_set_error (promise->future, failure, &error);
  if (!promise->won[1])
    g_assert_error (error, CF_ERROR, CF_ERROR_INVALID_STATE);
}

static void
leg_settle_with_number (gpointer scene)
{
  Promise *promise = scene;
  g_autoptr (GError) error = NULL;

  promise->won[0] = promise_settle (promise, promise->number, &error);
  if (!promise->won[0])
    g_assert_error (error, CF_ERROR, CF_ERROR_INVALID_STATE);
}

static void
check_one_settled (gpointer scene)
{
  Promise *promise = scene;
  const GError *failure = await_error (promise->future);

  g_assert_true (promise->won[0] != promise->won[1]);

  if (promise->won[0])
    {
      g_assert_null (failure);
      promise_assert_number (promise, promise->number);
    }
  else
    {
      g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_FAILED);
    }

  promise_tear_down (promise);
}

static void
test_two_settle (void)
{
  const Race race = { promise_set_up, { leg_settle_with_number, leg_settle_with_error }, check_one_settled };
  Promise promise = { 0 };

  race_run (&race, &promise, stress_scale (100000));
}

/* Sets: two threads settle half of the promises each, in order, while a third consumes them */

typedef struct
{
  CfFuture             *futures[N_IN_SET];
  CfCompletionIterator *iterator;
  CfFuture             *received[N_IN_SET];
  guint                 n_received;
} Set;

static void
set_set_up (gpointer scene)
{
  Set *set = scene;

  for (guint i = 0; i < N_IN_SET; i++)
    set->futures[i] = cf_future_new ();
  set->n_received = 0;
}

static void
set_set_up_iterator (gpointer scene)
{
  Set *set = scene;

  set_set_up (set);
  set->iterator = cf_as_completed (set->futures, N_IN_SET, -1);
}

static void
set_settle (Set   *set,
            guint  first,
            guint  end)
{
  for (guint i = first; i < end; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (cf_future_set_variant (set->futures[i], g_variant_new_uint32 (i), &error));
      g_assert_no_error (error);
      race_delay (200);
    }
}

static void
leg_settle_lower_half (gpointer scene)
{
  set_settle (scene, 0, N_IN_SET / 2);
}

static void
leg_settle_upper_half (gpointer scene)
{
  set_settle (scene, N_IN_SET / 2, N_IN_SET);
}

static guint
set_index_of (Set      *set,
              CfFuture *future)
{
  guint i = 0;

  while (set->futures[i] != future)
    g_assert_cmpuint (++i, <, N_IN_SET);

  return i;
}

static void
set_receive (Set      *set,
             CfFuture *future)
{
  g_assert_true (cf_future_is_done (future));
  g_assert_cmpuint (set->n_received, <, N_IN_SET);
  set->received[set->n_received++] = future;
}

static void
leg_iterate (gpointer scene)
{
  Set *set = scene;
  CfFuture *next;
  g_autoptr (GError) error = NULL;

  if (set->iterator == NULL)
    set->iterator = cf_as_completed (set->futures, N_IN_SET, -1);

  while ((next = cf_completion_iterator_next (set->iterator, NULL, &error)) != NULL)
    {
      set_receive (set, next);
      g_object_unref (next);
    }

  g_assert_no_error (error);
}

static void
set_assert_each_once (Set *set)
{
  gboolean seen[N_IN_SET] = { FALSE };

  g_assert_cmpuint (set->n_received, ==, N_IN_SET);

  for (guint i = 0; i < N_IN_SET; i++)
    {
      guint index = set_index_of (set, set->received[i]);

      g_assert_false (seen[index]);
      seen[index] = TRUE;
    }
}

static void
set_tear_down (Set *set)
{
  g_clear_object (&set->iterator);

  for (guint i = 0; i < N_IN_SET; i++)
    g_clear_object (&set->futures[i]);
}

static void
check_each_once (gpointer scene)
{
  set_assert_each_once (scene);
  set_tear_down (scene);
}

/* What one thread settled comes out in the order in which it did so. */
static void
check_each_once_in_order (gpointer scene)
{
  Set *set = scene;
  guint next[2] = { 0, N_IN_SET / 2 };

  set_assert_each_once (set);

  for (guint i = 0; i < N_IN_SET; i++)
    {
      guint index = set_index_of (set, set->received[i]);
      guint half = index < N_IN_SET / 2 ? 0 : 1;

      g_assert_cmpuint (index, ==, next[half]);
      next[half]++;
    }

  set_tear_down (set);
}

static void
test_as_completed (void)
{
  const Race race = {
    set_set_up_iterator, { leg_iterate, leg_settle_lower_half, leg_settle_upper_half }, check_each_once_in_order
  };
  Set set = { 0 };

  race_run (&race, &set, stress_scale (20000));
}

static void
test_as_completed_begins_late (void)
{
  const Race race = { set_set_up, { leg_iterate, leg_settle_lower_half, leg_settle_upper_half }, check_each_once };
  Set set = { 0 };

  race_run (&race, &set, stress_scale (20000));
}

static void
on_next (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Set *set = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (CfFuture) future = cf_completion_iterator_next_finish (CF_COMPLETION_ITERATOR (source), result, &error);

  g_assert_no_error (error);
  g_assert_nonnull (future);
  set_receive (set, future);
}

static void
leg_iterate_async (gpointer scene)
{
  Set *set = scene;

  for (guint i = 0; i < N_IN_SET; i++)
    {
      cf_completion_iterator_next_async (set->iterator, NULL, on_next, set);
      while (set->n_received == i)
        g_main_context_iteration (NULL, TRUE);
    }
}

static void
test_as_completed_async (void)
{
  const Race race = {
    set_set_up_iterator, { leg_iterate_async, leg_settle_lower_half, leg_settle_upper_half }, check_each_once_in_order
  };
  Set set = { 0 };

  race_run (&race, &set, stress_scale (10000));
}

static void
leg_abandon_iterator (gpointer scene)
{
  Set *set = scene;
  guint n_wanted = race_random () % N_IN_SET;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n_wanted; i++)
    {
      g_autoptr (CfFuture) next = cf_completion_iterator_next (set->iterator, NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (next);
    }

  g_clear_object (&set->iterator);
}

static void
check_all_done (gpointer scene)
{
  Set *set = scene;

  for (guint i = 0; i < N_IN_SET; i++)
    g_assert_true (cf_future_is_done (set->futures[i]));

  set_tear_down (set);
}

static void
test_as_completed_abandoned (void)
{
  const Race race = {
    set_set_up_iterator, { leg_abandon_iterator, leg_settle_lower_half, leg_settle_upper_half }, check_all_done
  };
  Set set = { 0 };

  race_run (&race, &set, stress_scale (20000));
}

/* Waits for the first of those left over until none are, sometimes with a limit that runs out. */
static void
leg_wait_for_first (gpointer scene)
{
  Set *set = scene;
  g_autoptr (GPtrArray) left = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N_IN_SET; i++)
    g_ptr_array_add (left, g_object_ref (set->futures[i]));

  while (left->len > 0)
    {
      g_autoptr (GPtrArray) done = NULL;
      g_autoptr (GPtrArray) not_done = NULL;
      g_autoptr (GError) error = NULL;
      gint64 timeout = race_random () % 4 == 0 ? (gint64) (race_random () % 10) : -1;
      gboolean holds = cf_wait ((CfFuture *const *) left->pdata, left->len, CF_RETURN_WHEN_FIRST_COMPLETED, timeout, NULL,
                                &done, &not_done, &error);

      if (holds)
        {
          g_assert_no_error (error);
          g_assert_cmpuint (done->len, >, 0);
        }
      else
        {
          g_assert_cmpint (timeout, >=, 0);
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
        }

      g_assert_cmpuint (done->len + not_done->len, ==, left->len);
      for (guint i = 0; i < done->len; i++)
        set_receive (set, g_ptr_array_index (done, i));

      g_ptr_array_unref (left);
      left = g_steal_pointer (&not_done);
    }
}

static void
test_wait_for_first (void)
{
  const Race race = {
    set_set_up, { leg_wait_for_first, leg_settle_lower_half, leg_settle_upper_half }, check_each_once
  };
  Set set = { 0 };

  race_run (&race, &set, stress_scale (20000));
}

static void
leg_wait_for_all (gpointer scene)
{
  Set *set = scene;
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_wait (set->futures, N_IN_SET, CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, &error));
  g_assert_no_error (error);

  for (guint i = 0; i < N_IN_SET; i++)
    g_assert_true (cf_future_is_done (set->futures[i]));
}

static void
test_wait_for_all (void)
{
  const Race race = {
    set_set_up, { leg_wait_for_all, leg_settle_lower_half, leg_settle_upper_half, leg_wait_for_all }, check_all_done
  };
  Set set = { 0 };

  race_run (&race, &set, stress_scale (20000));
}

/* Completion against the limit of a call */

typedef struct
{
  atomic_uint n_ran;
  atomic_uint n_destroyed;
  atomic_uint n_done;
} Limited;

static gboolean
run_for_a_moment (CfFuture  *future,
                  GValue    *result,
                  gpointer   user_data,
                  GError   **error)
{
  Limited *limited = user_data;

  race_delay (200000);
  atomic_fetch_add (&limited->n_ran, 1);
  g_value_init (result, G_TYPE_INT64);
  g_value_set_int64 (result, 42);

  return TRUE;
}

static void
limited_destroyed (gpointer user_data)
{
  Limited *limited = user_data;

  atomic_fetch_add (&limited->n_destroyed, 1);
}

static void
limited_done (CfFuture *future,
              gpointer  user_data)
{
  Limited *limited = user_data;

  g_assert_true (cf_future_is_done (future));
  atomic_fetch_add (&limited->n_done, 1);
}

static void
test_timeout_of_call (void)
{
  guint n_rounds = stress_scale (10000);
  guint n_timed_out = 0;
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autofree Limited *limits = g_new0 (Limited, n_rounds);

  for (guint i = 0; i < n_rounds; i++)
    {
      Limited *limited = &limits[i];
      g_autoptr (CfTask) task = cf_task_new_local (run_for_a_moment, limited, limited_destroyed);
      g_autoptr (CfFuture) future = NULL;
      g_autoptr (GError) error = NULL;
      gint64 result;

      cf_task_set_timeout (task, 1 + race_random () % 40);
      future = cf_executor_submit_task (executor, task);
      cf_future_add_done_callback_full (future, NULL, limited_done, limited, NULL);
      g_clear_object (&task);
      result = cf_future_await_int64 (future, &error);

      if (error == NULL)
        {
          g_assert_cmpint (result, ==, 42);
          continue;
        }

      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (result, ==, 0);
      n_timed_out++;
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  for (guint i = 0; i < n_rounds; i++)
    {
      g_assert_cmpuint (atomic_load (&limits[i].n_ran), ==, 1);
      g_assert_cmpuint (atomic_load (&limits[i].n_destroyed), ==, 1);
      yield_until (atomic_load (&limits[i].n_done) == 1);
    }

  g_test_message ("%u of %u calls ran out of time", n_timed_out, n_rounds);
}

/* Many calls time out at about the same moment, and the threads that end them are held up by callbacks. */

static gboolean
run_until_cancelled (CfFuture  *future,
                     GValue    *result,
                     gpointer   user_data,
                     GError   **error)
{
  GCancellable *cancellable = cf_future_get_cancellable (future);

  while (!g_cancellable_is_cancelled (cancellable))
    g_thread_yield ();

  return TRUE;
}

static void
linger_and_count (CfFuture *future,
                  gpointer  n_done)
{
  g_assert_error (cf_future_get_error (future), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  race_linger (200);
  atomic_fetch_add ((atomic_uint *) n_done, 1);
}

static void
test_timeouts_of_many (void)
{
  enum { N_CALLS = 16 };
  guint n_rounds = stress_scale (200);
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (4);
  atomic_uint n_done = 0;

  for (guint round = 1; round <= n_rounds; round++)
    {
      for (guint i = 0; i < N_CALLS; i++)
        {
          g_autoptr (CfTask) task = cf_task_new_local (run_until_cancelled, NULL, NULL);
          g_autoptr (CfFuture) future = NULL;

          cf_task_set_timeout (task, 1 + race_random () % 300);
          future = cf_executor_submit_task (executor, task);
          cf_future_add_done_callback_full (future, NULL, linger_and_count, &n_done, NULL);
        }
      yield_until (atomic_load (&n_done) == round * N_CALLS);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/settle/races-add-done-callback", test_callback);
  g_test_add_func ("/stress/settle/races-callbacks-in-completing-thread", test_callback_in_completing_thread);
  g_test_add_func ("/stress/settle/races-wait", test_wait);
  g_test_add_func ("/stress/settle/races-wait-that-goes-to-sleep", test_wait_longer);
  g_test_add_func ("/stress/settle/races-wait-in-many-threads", test_wait_in_many_threads);
  g_test_add_func ("/stress/settle/races-wait-with-timeout", test_wait_with_timeout);
  g_test_add_func ("/stress/settle/races-wait-with-cancellable", test_wait_with_cancellable);
  g_test_add_func ("/stress/settle/wait-ended-by-cancellable", test_wait_ended_by_cancellable);
  g_test_add_func ("/stress/settle/races-wait-async", test_wait_async);
  g_test_add_func ("/stress/settle/two-settle-one-wins", test_two_settle);
  g_test_add_func ("/stress/settle/races-as-completed", test_as_completed);
  g_test_add_func ("/stress/settle/races-as-completed-that-begins-late", test_as_completed_begins_late);
  g_test_add_func ("/stress/settle/races-as-completed-async", test_as_completed_async);
  g_test_add_func ("/stress/settle/races-abandoned-as-completed", test_as_completed_abandoned);
  g_test_add_func ("/stress/settle/races-wait-for-first", test_wait_for_first);
  g_test_add_func ("/stress/settle/races-wait-for-all", test_wait_for_all);
  g_test_add_func ("/stress/settle/timeout-races-completion", test_timeout_of_call);
  g_test_add_func ("/stress/settle/timeouts-of-many-calls", test_timeouts_of_many);

  return g_test_run ();
}
