/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hunt for lost wake-ups: somebody goes to sleep at the very moment in which there is something for him. Each test
 * does the least that needs a wake-up, over and over, with random delays that sweep across the moment in which the
 * other side spins, parks, or (with a short idle timeout) ends. A wake-up that gets lost hangs the test, and the test
 * runner's timeout ends it.
 */

#include <cfutures.h>

#include "../gates.h"
#include "../return-nothing.h"
#include "race.h"
#include "stress-scale.h"

static gboolean
return_at_once (CfFuture  *future,
                GValue    *result,
                gpointer   user_data,
                GError   **error)
{
  return TRUE;
}

static void
submit_and_wait (CfExecutor *executor)
{
  g_autoptr (CfFuture) future = cf_executor_submit_local (executor, return_at_once, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_wait (future, -1, NULL, &error));
  g_assert_no_error (error);
}

/* Mostly shorter than the library spins, now and then about as long, until everybody goes to sleep. */
static void
linger (void)
{
  if (race_random () % 4 == 0)
    race_linger (100);
  else
    race_delay (4000);
}

static void
test_one (gconstpointer data)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (GPOINTER_TO_UINT (data));
  guint n_rounds = stress_scale (60000);

  for (guint i = 0; i < n_rounds; i++)
    {
      submit_and_wait (executor);
      linger ();
    }
}

static void
leg_submit_and_wait (gpointer scene)
{
  submit_and_wait (scene);
}

static void
do_nothing (gpointer scene)
{
}

static void
test_two_threads (gconstpointer data)
{
  const Race race = { do_nothing, { leg_submit_and_wait, leg_submit_and_wait }, do_nothing };
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (GPOINTER_TO_UINT (data));

  race_run (&race, executor, stress_scale (60000));
}

/* Two calls of which each needs a thread: neither ends before both run. */

static gboolean
meet (CfFuture  *future,
      GValue    *result,
      gpointer   user_data,
      GError   **error)
{
  atomic_uint *n_present = user_data;

  atomic_fetch_add (n_present, 1);
  race_await (n_present, 2);

  return TRUE;
}

static void
test_both_threads_needed (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  guint n_rounds = stress_scale (50000);

  for (guint i = 0; i < n_rounds; i++)
    {
      atomic_uint n_present = 0;
      g_autoptr (CfFuture) first = cf_executor_submit_local (executor, meet, &n_present, NULL);
      g_autoptr (CfFuture) second = NULL;
      g_autoptr (GError) error = NULL;

      race_delay (2000);
      second = cf_executor_submit_local (executor, meet, &n_present, NULL);
      g_assert_true (cf_future_wait (first, -1, NULL, &error));
      g_assert_true (cf_future_wait (second, -1, NULL, &error));
      linger ();
    }
}

/* The same at the head of a long queue, to which both threads come at about the same time. */

typedef struct
{
  Gate        gate;
  atomic_uint n_held;
  atomic_uint n_present;
} Backlog;

static gboolean
hold_and_linger (CfFuture  *future,
                 GValue    *result,
                 gpointer   user_data,
                 GError   **error)
{
  Backlog *backlog = user_data;

  atomic_fetch_add (&backlog->n_held, 1);
  gate_wait (&backlog->gate);
  race_linger (500);

  return TRUE;
}

static void
test_both_threads_needed_for_a_backlog (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  guint n_rounds = stress_scale (10);
  guint n_calls = stress_scale (60000);

  for (guint round = 0; round < n_rounds; round++)
    {
      Backlog backlog = { GATE_INIT, 0, 0 };
      CfFuture *meetings[2];
      g_autoptr (GError) error = NULL;
      g_autoptr (CfFuture) last = NULL;

      for (guint i = 0; i < 2; i++)
        g_object_unref (cf_executor_submit_local (executor, hold_and_linger, &backlog, NULL));
      race_await (&backlog.n_held, 2);

      for (guint i = 0; i < 2; i++)
        meetings[i] = cf_executor_submit_local (executor, meet, &backlog.n_present, NULL);
      for (guint i = 0; i < n_calls; i++)
        g_object_unref (cf_executor_submit_local (executor, return_at_once, NULL, NULL));
      last = cf_executor_submit_local (executor, return_at_once, NULL, NULL);

      gate_open (&backlog.gate);
      for (guint i = 0; i < 2; i++)
        {
          g_assert_true (cf_future_wait (meetings[i], -1, NULL, &error));
          g_assert_no_error (error);
          g_object_unref (meetings[i]);
        }
      g_assert_true (cf_future_wait (last, -1, NULL, &error));
      g_assert_no_error (error);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* A call that is submitted from within another one, which goes on computing: another thread has to take it. */

typedef struct
{
  CfExecutor *executor;
  atomic_uint n_taken;
} Offer;

static gboolean
take_offer (CfFuture  *future,
            GValue    *result,
            gpointer   user_data,
            GError   **error)
{
  Offer *offer = user_data;

  atomic_fetch_add (&offer->n_taken, 1);

  return TRUE;
}

static gboolean
offer_and_compute (CfFuture  *future,
                   GValue    *result,
                   gpointer   user_data,
                   GError   **error)
{
  Offer *offer = user_data;

  race_delay (2000);
  g_object_unref (cf_executor_submit_local (offer->executor, take_offer, offer, NULL));
  race_await (&offer->n_taken, 1);

  return TRUE;
}

static void
test_stolen_from_busy_thread (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  guint n_rounds = stress_scale (50000);
  g_autofree Offer *offers = g_new0 (Offer, n_rounds);

  for (guint i = 0; i < n_rounds; i++)
    {
      g_autoptr (CfFuture) future = NULL;
      g_autoptr (GError) error = NULL;

      offers[i].executor = executor;
      future = cf_executor_submit_local (executor, offer_and_compute, &offers[i], NULL);
      g_assert_true (cf_future_wait (future, -1, NULL, &error));
      g_assert_no_error (error);
      linger ();
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* A chain of calls, each of which submits the next one and ends. */

typedef struct
{
  CfExecutor *executor;
  CfFuture   *end;
  guint       n_left;
} Chain;

static gboolean
run_link (CfFuture  *future,
          GValue    *result,
          gpointer   user_data,
          GError   **error)
{
  Chain *chain = user_data;

  race_delay (1000);

  if (chain->n_left == 0)
    return cf_future_set_variant (chain->end, NULL, error);

  chain->n_left--;
  g_object_unref (cf_executor_submit_local (chain->executor, run_link, chain, NULL));

  return TRUE;
}

static void
test_chains (void)
{
  enum { N_CHAINS = 3 };
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  Chain chains[N_CHAINS];

  for (guint i = 0; i < N_CHAINS; i++)
    {
      chains[i] = (Chain) { executor, cf_future_new (), stress_scale (100000) };
      g_object_unref (cf_executor_submit_local (executor, run_link, &chains[i], NULL));
    }

  for (guint i = 0; i < N_CHAINS; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (cf_future_wait (chains[i].end, -1, NULL, &error));
      g_assert_no_error (error);
      g_object_unref (chains[i].end);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* What a task has freed in the worker when a call is over may take its time, and even need another call of the same
 * pool: here it does. */

typedef struct
{
  CfExecutor *executor;
  atomic_uint n_dropped;
  atomic_uint n_taken;
  atomic_uint n_freed;
} Burden;

static gboolean
relieve (CfFuture  *future,
         GValue    *result,
         gpointer   user_data,
         GError   **error)
{
  Burden *burden = user_data;

  atomic_fetch_add (&burden->n_taken, 1);

  return TRUE;
}

static void
free_burden (gpointer user_data)
{
  Burden *burden = user_data;

  race_await (&burden->n_taken, 1);
  atomic_fetch_add (&burden->n_freed, 1);
}

static void
burden_carry (Burden   *burden,
              CfFuture *future)
{
  g_autoptr (CfFuture) reliever = NULL;
  g_autoptr (GError) error = NULL;

  reliever = cf_executor_submit_local (burden->executor, relieve, burden, NULL);
  g_assert_true (cf_future_wait (reliever, -1, NULL, &error));
  g_assert_no_error (error);
  race_await (&burden->n_freed, 1);

  g_assert_true (cf_future_wait (future, -1, NULL, &error));
  g_assert_no_error (error);
  g_object_unref (future);
}

static gboolean
end_once_dropped (CfFuture  *future,
                  GValue    *result,
                  gpointer   user_data,
                  GError   **error)
{
  Burden *burden = user_data;

  race_await (&burden->n_dropped, 1);

  return TRUE;
}

static void
test_slow_destroy (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  guint n_rounds = stress_scale (10000);

  for (guint i = 0; i < n_rounds; i++)
    {
      Burden burden = { .executor = executor };
      CfTask *task = cf_task_new_local (end_once_dropped, &burden, free_burden);
      CfFuture *future;

      cf_task_set_free_in_worker (task, TRUE);
      future = cf_executor_submit_task (executor, task);
      g_object_unref (task);
      atomic_fetch_add (&burden.n_dropped, 1);

      burden_carry (&burden, future);
      linger ();
    }
}

static gpointer
share_burden (gpointer boxed)
{
  return boxed;
}

static GType
burden_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_boxed_type_register_static ("TestBurden", share_burden, free_burden));

  return type;
}

static gboolean
return_burden (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  Burden *burden = user_data;

  race_await (&burden->n_dropped, 1);
  g_value_init (result, burden_get_type ());
  g_value_take_boxed (result, burden);

  return TRUE;
}

/* A result whose future nobody else keeps is freed by the thread that has computed it. */
static void
test_slow_result (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  guint n_rounds = stress_scale (10000);

  for (guint i = 0; i < n_rounds; i++)
    {
      Burden burden = { .executor = executor };
      g_autoptr (CfFuture) reliever = NULL;
      g_autoptr (GError) error = NULL;

      g_object_unref (cf_executor_submit_local (executor, return_burden, &burden, NULL));
      atomic_fetch_add (&burden.n_dropped, 1);
      linger ();
      reliever = cf_executor_submit_local (executor, relieve, &burden, NULL);
      g_assert_true (cf_future_wait (reliever, -1, NULL, &error));
      g_assert_no_error (error);
      race_await (&burden.n_freed, 1);
    }
}

/* Threads that end of boredom at about the time at which the next call comes */

static void
test_idle_timeout (gconstpointer data)
{
  guint n_rounds = stress_scale (20000);
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (GPOINTER_TO_UINT (data));

  for (guint i = 0; i < n_rounds; i++)
    {
      if (i % 16 == 0)
        cf_thread_pool_executor_set_idle_timeout (CF_THREAD_POOL_EXECUTOR (executor), race_random () % 100);

      submit_and_wait (executor);
      race_linger (100);
    }
}

static void
leg_submit_and_wait_late (gpointer scene)
{
  race_linger (60);
  submit_and_wait (scene);
}

static void
test_idle_timeout_two_threads (void)
{
  const Race race = { do_nothing, { leg_submit_and_wait_late, leg_submit_and_wait_late }, do_nothing };
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);

  cf_thread_pool_executor_set_idle_timeout (CF_THREAD_POOL_EXECUTOR (executor), 30);
  race_run (&race, executor, stress_scale (20000));
}

/* Completions for a main loop that is about to sleep */

static void
on_done (CfFuture *future,
         gpointer  user_data)
{
  gboolean *called = user_data;

  *called = TRUE;
}

static void
test_main_loop (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  guint n_rounds = stress_scale (50000);

  for (guint i = 0; i < n_rounds; i++)
    {
      g_autoptr (CfFuture) future = cf_executor_submit_local (executor, return_at_once, NULL, NULL);
      gboolean called = FALSE;

      cf_future_add_done_callback (future, on_done, &called, NULL);
      race_delay (4000);
      loop_until (NULL, called);
    }
}

typedef struct
{
  CfFuture *promise;
  gboolean  called;
} Appointment;

static void
appointment_set_up (gpointer scene)
{
  Appointment *appointment = scene;

  appointment->promise = cf_future_new ();
  appointment->called = FALSE;
  cf_future_add_done_callback (appointment->promise, on_done, &appointment->called, NULL);
}

static void
leg_iterate (gpointer scene)
{
  Appointment *appointment = scene;

  loop_until (NULL, appointment->called);
}

static void
leg_keep_appointment (gpointer scene)
{
  Appointment *appointment = scene;
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_set_variant (appointment->promise, NULL, &error));
  g_assert_no_error (error);
}

static void
appointment_tear_down (gpointer scene)
{
  Appointment *appointment = scene;

  g_clear_object (&appointment->promise);
}

static void
test_main_loop_and_promise (void)
{
  const Race race = { appointment_set_up, { leg_iterate, leg_keep_appointment }, appointment_tear_down };
  Appointment appointment = { 0 };

  race_run (&race, &appointment, stress_scale (60000));
}

/* Two threads that hand promises to each other */

typedef struct
{
  CfFuture *ping;
  CfFuture *pong;
} Rally;

static void
rally_set_up (gpointer scene)
{
  Rally *rally = scene;

  rally->ping = cf_future_new ();
  rally->pong = cf_future_new ();
}

static void
rally_settle (CfFuture *future)
{
  g_autoptr (GError) error = NULL;

  linger ();
  g_assert_true (cf_future_set_variant (future, NULL, &error));
  g_assert_no_error (error);
}

static void
rally_await (CfFuture *future)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_wait (future, -1, NULL, &error));
  g_assert_no_error (error);
}

static void
leg_serve (gpointer scene)
{
  Rally *rally = scene;

  rally_settle (rally->ping);
  rally_await (rally->pong);
}

static void
leg_return (gpointer scene)
{
  Rally *rally = scene;

  rally_await (rally->ping);
  rally_settle (rally->pong);
}

static void
rally_tear_down (gpointer scene)
{
  Rally *rally = scene;

  g_clear_object (&rally->ping);
  g_clear_object (&rally->pong);
}

static void
test_rally (void)
{
  const Race race = { rally_set_up, { leg_serve, leg_return }, rally_tear_down };
  Rally rally = { 0 };

  race_run (&race, &rally, stress_scale (30000));
}

/* Calls ask the test's thread something again and again, while that blocks for them in one way or another. */

static gboolean
ask_again_and_again (CfFuture  *future,
                     GValue    *result,
                     gpointer   main_context,
                     GError   **error)
{
  guint n_questions = 1 + race_random () % 4;

  for (guint i = 0; i < n_questions; i++)
    {
      g_autoptr (CfFuture) answer = NULL;

      race_delay (50);
      answer = cf_executor_submit_local (main_context, return_nothing, NULL, NULL);
      g_assert_true (cf_future_wait (answer, -1, NULL, NULL));
    }

  return TRUE;
}

static void
test_asked_while_blocking (void)
{
  enum { N_CALLS = 4 };
  guint n_rounds = stress_scale (3000);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (CfExecutor) main_context = cf_main_context_executor_new (context);
  g_autoptr (CfExecutor) lasting = cf_thread_pool_executor_new (2);

  g_main_context_push_thread_default (context);
  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (CfExecutor) passing = round % 50 == 0 ? cf_thread_pool_executor_new (2) : NULL;
      CfExecutor *pool = passing != NULL ? passing : lasting;
      CfFuture *futures[N_CALLS];

      for (guint i = 0; i < N_CALLS; i++)
        futures[i] = cf_executor_submit_local (pool, ask_again_and_again, main_context, NULL);

      if (passing != NULL)
        cf_executor_shutdown (passing, CF_SHUTDOWN_WAIT);
      else if (round % 3 == 0)
        g_assert_true (cf_executor_drain (pool, NULL, NULL));
      else if (round % 3 == 1)
        g_assert_true (cf_wait (futures, N_CALLS, CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL));

      for (guint i = 0; i < N_CALLS; i++)
        {
          g_assert_true (cf_future_wait (futures[i], -1, NULL, NULL));
          g_object_unref (futures[i]);
        }
    }
  cf_executor_shutdown (lasting, CF_SHUTDOWN_WAIT);
  g_main_context_pop_thread_default (context);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/stress/wake-ups/one-submitter/1-worker", GUINT_TO_POINTER (1), test_one);
  g_test_add_data_func ("/stress/wake-ups/one-submitter/2-workers", GUINT_TO_POINTER (2), test_one);
  g_test_add_data_func ("/stress/wake-ups/two-submitters/1-worker", GUINT_TO_POINTER (1), test_two_threads);
  g_test_add_data_func ("/stress/wake-ups/two-submitters/4-workers", GUINT_TO_POINTER (4), test_two_threads);
  g_test_add_func ("/stress/wake-ups/both-threads-needed", test_both_threads_needed);
  g_test_add_func ("/stress/wake-ups/both-threads-needed-for-a-backlog", test_both_threads_needed_for_a_backlog);
  g_test_add_func ("/stress/wake-ups/stolen-from-busy-thread", test_stolen_from_busy_thread);
  g_test_add_func ("/stress/wake-ups/chains", test_chains);
  g_test_add_func ("/stress/wake-ups/slow-destroy", test_slow_destroy);
  g_test_add_func ("/stress/wake-ups/slow-result", test_slow_result);
  g_test_add_data_func ("/stress/wake-ups/idle-timeout/1-worker", GUINT_TO_POINTER (1), test_idle_timeout);
  g_test_add_data_func ("/stress/wake-ups/idle-timeout/3-workers", GUINT_TO_POINTER (3), test_idle_timeout);
  g_test_add_func ("/stress/wake-ups/idle-timeout/two-submitters", test_idle_timeout_two_threads);
  g_test_add_func ("/stress/wake-ups/main-loop", test_main_loop);
  g_test_add_func ("/stress/wake-ups/main-loop-and-promise", test_main_loop_and_promise);
  g_test_add_func ("/stress/wake-ups/promises-back-and-forth", test_rally);
  g_test_add_func ("/stress/wake-ups/asked-while-it-blocks", test_asked_while_blocking);

  return g_test_run ();
}
