/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for one future, blocking and on a main loop: what ends a wait (the future, the time, a cancellable),
 * which of them wins, and that every waiter is woken. */

#include <cfutures.h>

#include "await-error.h"
#include "criticals.h"
#include "gates.h"

/* Long enough never to pass in a test that does not hang. */
#define LONG_TIME (3600 * G_TIME_SPAN_SECOND)

#define N_WAITERS 16

static void
settle (CfFuture *future)
{
  g_assert_true (cf_future_set_variant (future, g_variant_new_int32 (1), NULL));
}

static void
test_done (void)
{
  const gint64 timeouts[] = { 0, 1, LONG_TIME, -1 };
  g_autoptr(CfFuture) finished = cf_future_new ();
  g_autoptr(CfFuture) cancelled = cf_future_new ();
  g_autoptr(GError) error = NULL;

  settle (finished);
  g_assert_true (cf_future_cancel (cancelled));

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_assert_true (cf_future_wait (finished, timeouts[i], NULL, &error));
      g_assert_no_error (error);
      g_assert_true (cf_future_wait (cancelled, timeouts[i], NULL, &error));
      g_assert_no_error (error);
    }
}

static void
test_poll (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (cf_future_wait (future, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_false (cf_future_is_done (future));
}

static void
test_timed_out (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (cf_future_wait (future, 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);

  g_assert_false (cf_future_wait (future, 1000, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_false (cf_future_wait (future, 1000, NULL, NULL));

  settle (future);
  g_assert_true (cf_future_wait (future, 1000, NULL, NULL));
}

static void
test_cancelled_before (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (cf_future_wait (future, -1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);
}

static void
test_done_wins (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  settle (future);
  g_assert_true (cf_future_wait (future, 0, cancellable, &error));
  g_assert_no_error (error);
}

typedef struct
{
  CfFuture     *future;
  gint64        timeout;
  GCancellable *cancellable;
  Gate          started;
  GError       *error;
} Waiter;

static gpointer
wait_in_thread (gpointer user_data)
{
  Waiter *waiter = user_data;

  gate_open (&waiter->started);

  return GINT_TO_POINTER (cf_future_wait (waiter->future, waiter->timeout, waiter->cancellable, &waiter->error));
}

static void
test_cancelled_during (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Waiter waiter = { future, -1, cancellable, GATE_INIT, NULL };
  GThread *thread = g_thread_new ("waiter", wait_in_thread, &waiter);

  gate_wait (&waiter.started);
  g_cancellable_cancel (cancellable);

  g_assert_false (GPOINTER_TO_INT (g_thread_join (thread)));
  g_assert_error (waiter.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&waiter.error);
  g_assert_false (cf_future_is_done (future));
}

static void
fail (CfFuture *future)
{
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");

  g_assert_true (cf_future_set_error (future, failure, NULL));
  g_assert_nonnull (await_error (future));
}

static void
cancel (CfFuture *future)
{
  g_assert_true (cf_future_cancel (future));
}

static void
assert_wakes_every_waiter (void (*end) (CfFuture *future))
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Waiter waiters[N_WAITERS];
  GThread *threads[N_WAITERS];

  for (guint i = 0; i < N_WAITERS; i++)
    {
      waiters[i] = (Waiter) { future, i % 2 == 0 ? -1 : LONG_TIME, NULL, GATE_INIT, NULL };
      threads[i] = g_thread_new ("waiter", wait_in_thread, &waiters[i]);
    }

  for (guint i = 0; i < N_WAITERS; i++)
    gate_wait (&waiters[i].started);

  end (future);

  for (guint i = 0; i < N_WAITERS; i++)
    {
      g_assert_true (GPOINTER_TO_INT (g_thread_join (threads[i])));
      g_assert_no_error (waiters[i].error);
    }
}

static void
test_result_wakes (void)
{
  assert_wakes_every_waiter (settle);
}

static void
test_error_wakes (void)
{
  assert_wakes_every_waiter (fail);
}

static void
test_cancel_wakes (void)
{
  assert_wakes_every_waiter (cancel);
}

static void
test_one_gives_up (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Waiter patient = { future, -1, NULL, GATE_INIT, NULL };
  Waiter impatient = { future, -1, cancellable, GATE_INIT, NULL };
  GThread *patient_thread = g_thread_new ("patient", wait_in_thread, &patient);
  GThread *impatient_thread = g_thread_new ("impatient", wait_in_thread, &impatient);

  gate_wait (&patient.started);
  gate_wait (&impatient.started);
  g_cancellable_cancel (cancellable);
  g_assert_false (GPOINTER_TO_INT (g_thread_join (impatient_thread)));
  g_assert_error (impatient.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&impatient.error);

  settle (future);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (patient_thread)));
  g_assert_no_error (patient.error);
}

static void
test_cancellable_is_left_alone (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_assert_false (cf_future_wait (future, 0, cancellable, NULL));
  g_assert_false (cf_future_wait (future, 1000, cancellable, NULL));
  settle (future);
  g_assert_true (cf_future_wait (future, -1, cancellable, NULL));

  g_assert_false (g_cancellable_is_cancelled (cancellable));
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* What came of a wait on a main loop. */
typedef struct
{
  CfFuture *future;
  GThread  *thread;
  gboolean  called;
  gboolean  done;
  GError   *error;
} Answer;

static void
on_waited (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Answer *answer = user_data;

  g_assert_false (answer->called);
  g_assert_true (source == G_OBJECT (answer->future));

  answer->thread = g_thread_self ();
  answer->done = cf_future_wait_finish (answer->future, result, &answer->error);
  answer->called = TRUE;
}

static void
assert_done (Answer *answer)
{
  loop_until (NULL, answer->called);
  g_assert_no_error (answer->error);
  g_assert_true (answer->done);
}

static void
assert_failed (Answer *answer,
               GQuark  domain,
               int     code)
{
  loop_until (NULL, answer->called);
  g_assert_false (answer->done);
  g_assert_error (answer->error, domain, code);
  g_clear_error (&answer->error);
}

static void
test_async_done_before (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Answer answer = { future };

  settle (future);
  cf_future_wait_async (future, -1, NULL, on_waited, &answer);
  g_assert_false (answer.called);
  assert_done (&answer);
}

static void
test_async_done_later (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Answer answers[3] = { { future }, { future }, { future } };

  cf_future_wait_async (future, -1, NULL, on_waited, &answers[0]);
  cf_future_wait_async (future, LONG_TIME, NULL, on_waited, &answers[1]);
  cf_future_wait_async (future, -1, NULL, on_waited, &answers[2]);

  loop_while_ready (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    g_assert_false (answers[i].called);

  settle (future);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    g_assert_false (answers[i].called);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    assert_done (&answers[i]);
}

static gpointer
settle_in_thread (gpointer future)
{
  settle (future);

  return NULL;
}

static void
test_async_from_another_thread (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Answer answer = { future };
  GThread *thread;

  cf_future_wait_async (future, -1, NULL, on_waited, &answer);
  thread = g_thread_new ("settler", settle_in_thread, future);
  assert_done (&answer);
  g_assert_true (answer.thread == g_thread_self ());
  g_thread_join (thread);
}

static void
test_async_context (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GMainContext) context = g_main_context_new ();
  Answer answer = { future };

  g_main_context_push_thread_default (context);
  cf_future_wait_async (future, -1, NULL, on_waited, &answer);
  g_main_context_pop_thread_default (context);

  settle (future);
  loop_while_ready (NULL);
  g_assert_false (answer.called);

  loop_until (context, answer.called);
  g_assert_true (answer.done);
}

static void
test_async_timed_out (void)
{
  const gint64 timeouts[] = { 0, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr(CfFuture) future = cf_future_new ();
      Answer answer = { future };

      cf_future_wait_async (future, timeouts[i], NULL, on_waited, &answer);
      g_assert_false (answer.called);
      assert_failed (&answer, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

      settle (future);
      loop_while_ready (NULL);
    }
}

static void
test_async_cancelled (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer before = { future };
  Answer during = { future };

  cf_future_wait_async (future, -1, cancellable, on_waited, &during);
  loop_while_ready (NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (during.called);
  assert_failed (&during, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  cf_future_wait_async (future, -1, cancellable, on_waited, &before);
  g_assert_false (before.called);
  assert_failed (&before, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_assert_false (cf_future_is_done (future));
}

static void
test_async_done_wins (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { future };

  settle (future);
  g_cancellable_cancel (cancellable);
  cf_future_wait_async (future, 0, cancellable, on_waited, &answer);
  assert_done (&answer);
}

/* Takes longer than callbacks are run without looking what else there is. */
static void
cancel_and_compute (CfFuture *future,
                    gpointer  cancellable)
{
  gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_MILLISECOND;

  g_cancellable_cancel (cancellable);
  while (g_get_monotonic_time () < end)
    ;
}

static void
test_async_done_wins_behind_others (void)
{
  const gint64 timeouts[] = { 0, -1 };

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr(CfFuture) future = cf_future_new ();
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Answer answer = { future };

      settle (future);
      cf_future_add_done_callback (future, cancel_and_compute, cancellable, NULL);
      cf_future_wait_async (future, timeouts[i], timeouts[i] < 0 ? cancellable : NULL, on_waited, &answer);
      assert_done (&answer);
    }
}

static void
test_async_longest_time (void)
{
  const gint64 timeouts[] = { G_MAXINT64, G_MAXINT64 - 1 };

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr(CfFuture) future = cf_future_new ();
      Answer answer = { future };

      cf_future_wait_async (future, timeouts[i], NULL, on_waited, &answer);
      loop_while_ready (NULL);
      g_assert_false (answer.called);

      settle (future);
      assert_done (&answer);
    }
}

static void
test_async_cancelled_and_reset (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { future };

  cf_future_wait_async (future, -1, cancellable, on_waited, &answer);
  g_cancellable_cancel (cancellable);
  g_cancellable_reset (cancellable);
  assert_failed (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (cf_future_is_done (future));
}

static void
test_async_holds_the_future (void)
{
  CfFuture *future = cf_future_new ();
  Answer answer = { future };
  GWeakRef watched;

  g_weak_ref_init (&watched, future);
  cf_future_wait_async (future, 1000, NULL, on_waited, &answer);
  g_object_unref (future);

  assert_failed (&answer, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  loop_while_ready (NULL);
  g_assert_null (g_weak_ref_get (&watched));
  g_weak_ref_clear (&watched);
}

static void
test_async_without_callback (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Answer answer = { future };

  cf_future_wait_async (future, -1, NULL, NULL, NULL);
  cf_future_wait_async (future, -1, NULL, on_waited, &answer);
  settle (future);
  assert_done (&answer);
}

static void
test_bad_arguments (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(CfFuture) other = cf_future_new ();
  GCancellable *not_a_cancellable = (GCancellable *) other;

  assert_critical (g_assert_false (cf_future_wait (future, 0, not_a_cancellable, NULL)));
  assert_critical (cf_future_wait_async (future, 0, not_a_cancellable, NULL, NULL));
  assert_critical (g_assert_false (cf_future_wait_finish (future, G_ASYNC_RESULT (other), NULL)));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/future-wait/done-returns-true-whatever-the-timeout", test_done);
  g_test_add_func ("/future-wait/zero-only-looks", test_poll);
  g_test_add_func ("/future-wait/gives-up-when-the-time-is-over", test_timed_out);
  g_test_add_func ("/future-wait/cancelled-before-it-began", test_cancelled_before);
  g_test_add_func ("/future-wait/cancelled-from-another-thread", test_cancelled_during);
  g_test_add_func ("/future-wait/done-wins-over-cancelled", test_done_wins);
  g_test_add_func ("/future-wait/a-result-wakes-every-waiter", test_result_wakes);
  g_test_add_func ("/future-wait/an-error-wakes-every-waiter", test_error_wakes);
  g_test_add_func ("/future-wait/a-cancel-wakes-every-waiter", test_cancel_wakes);
  g_test_add_func ("/future-wait/one-that-gives-up-does-not-disturb-another", test_one_gives_up);
  g_test_add_func ("/future-wait/leaves-the-cancellable-alone", test_cancellable_is_left_alone);
  g_test_add_func ("/future-wait/async/done-before-answers-in-an-iteration", test_async_done_before);
  g_test_add_func ("/future-wait/async/answers-everybody-when-done", test_async_done_later);
  g_test_add_func ("/future-wait/async/answers-in-the-thread-that-asked", test_async_from_another_thread);
  g_test_add_func ("/future-wait/async/answers-in-the-context-that-asked", test_async_context);
  g_test_add_func ("/future-wait/async/gives-up-when-the-time-is-over", test_async_timed_out);
  g_test_add_func ("/future-wait/async/gives-up-when-cancelled", test_async_cancelled);
  g_test_add_func ("/future-wait/async/done-wins-over-cancelled", test_async_done_wins);
  g_test_add_func ("/future-wait/async/done-wins-though-others-come-first", test_async_done_wins_behind_others);
  g_test_add_func ("/future-wait/async/the-longest-time-is-not-over-at-once", test_async_longest_time);
  g_test_add_func ("/future-wait/async/gives-up-when-cancelled-though-the-cancellable-is-reset",
                   test_async_cancelled_and_reset);
  g_test_add_func ("/future-wait/async/holds-the-future-until-it-answers", test_async_holds_the_future);
  g_test_add_func ("/future-wait/async/needs-no-callback", test_async_without_callback);
  g_test_add_func ("/future-wait/arguments/nonsense-is-rejected", test_bad_arguments);

  return g_test_run ();
}
