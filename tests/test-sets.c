/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sets of futures: cf_wait() with its three conditions, and cf_as_completed(), blocking and on a main loop. */

#include <cfutures.h>

#include "await-error.h"
#include "criticals.h"
#include "gates.h"

/* Long enough never to pass in a test that does not hang. */
#define LONG_TIME (3600 * G_TIME_SPAN_SECOND)

static void
settle (CfFuture *future)
{
  g_assert_true (cf_future_set_variant (future, g_variant_new_int32 (1), NULL));
}

static void
fail (CfFuture *future)
{
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");

  g_assert_true (cf_future_set_error (future, failure, NULL));
  g_assert_nonnull (await_error (future));
}

static gpointer
settle_in_thread (gpointer future)
{
  settle (future);

  return NULL;
}

static gpointer
fail_in_thread (gpointer future)
{
  fail (future);

  return NULL;
}

#define N_FUTURES 4

typedef struct
{
  CfFuture  *futures[N_FUTURES];
  GPtrArray *done;
  GPtrArray *not_done;
} Fixture;

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  for (guint i = 0; i < N_FUTURES; i++)
    fixture->futures[i] = cf_future_new ();
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  for (guint i = 0; i < N_FUTURES; i++)
    g_clear_object (&fixture->futures[i]);
  g_clear_pointer (&fixture->done, g_ptr_array_unref);
  g_clear_pointer (&fixture->not_done, g_ptr_array_unref);
}

static gboolean
wait_for (Fixture       *fixture,
          CfReturnWhen   return_when,
          gint64         timeout_usec,
          GCancellable  *cancellable,
          GError       **error)
{
  g_clear_pointer (&fixture->done, g_ptr_array_unref);
  g_clear_pointer (&fixture->not_done, g_ptr_array_unref);

  return cf_wait (fixture->futures, N_FUTURES, return_when, timeout_usec, cancellable,
                  &fixture->done, &fixture->not_done, error);
}

/* Every future is in one of the two arrays, in the one where it belongs, and those in `done` are `n_done`. */
static void
assert_parts (Fixture *fixture,
              guint    n_done)
{
  g_assert_nonnull (fixture->done);
  g_assert_nonnull (fixture->not_done);
  g_assert_cmpuint (fixture->done->len, ==, n_done);
  g_assert_cmpuint (fixture->done->len + fixture->not_done->len, ==, N_FUTURES);

  for (guint i = 0; i < N_FUTURES; i++)
    {
      GPtrArray *part = cf_future_is_done (fixture->futures[i]) ? fixture->done : fixture->not_done;

      g_assert_true (g_ptr_array_find (part, fixture->futures[i], NULL));
    }
}

static void
assert_waits (Fixture      *fixture,
              CfReturnWhen  return_when,
              guint         n_done)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (wait_for (fixture, return_when, -1, NULL, &error));
  g_assert_no_error (error);
  assert_parts (fixture, n_done);
}

static void
assert_times_out (Fixture      *fixture,
                  CfReturnWhen  return_when,
                  gint64        timeout_usec,
                  guint         n_done)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (wait_for (fixture, return_when, timeout_usec, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_parts (fixture, n_done);
}

static void
test_all_completed (Fixture       *fixture,
                    gconstpointer  data)
{
  GThread *thread;

  settle (fixture->futures[0]);
  fail (fixture->futures[1]);
  g_assert_true (cf_future_cancel (fixture->futures[2]));
  assert_times_out (fixture, CF_RETURN_WHEN_ALL_COMPLETED, 0, 3);

  thread = g_thread_new ("settler", settle_in_thread, fixture->futures[3]);
  assert_waits (fixture, CF_RETURN_WHEN_ALL_COMPLETED, N_FUTURES);
  g_thread_join (thread);

  assert_waits (fixture, CF_RETURN_WHEN_ALL_COMPLETED, N_FUTURES);
}

static void
test_first_completed (Fixture       *fixture,
                      gconstpointer  data)
{
  GThread *thread;

  assert_times_out (fixture, CF_RETURN_WHEN_FIRST_COMPLETED, 0, 0);

  thread = g_thread_new ("settler", settle_in_thread, fixture->futures[2]);
  assert_waits (fixture, CF_RETURN_WHEN_FIRST_COMPLETED, 1);
  g_assert_true (g_ptr_array_index (fixture->done, 0) == fixture->futures[2]);
  g_thread_join (thread);

  fail (fixture->futures[0]);
  assert_waits (fixture, CF_RETURN_WHEN_FIRST_COMPLETED, 2);
}

static void
test_first_completed_cancelled (Fixture       *fixture,
                                gconstpointer  data)
{
  g_assert_true (cf_future_cancel (fixture->futures[1]));
  assert_waits (fixture, CF_RETURN_WHEN_FIRST_COMPLETED, 1);
}

static void
test_first_exception (Fixture       *fixture,
                      gconstpointer  data)
{
  GThread *thread;

  settle (fixture->futures[0]);
  settle (fixture->futures[1]);
  assert_times_out (fixture, CF_RETURN_WHEN_FIRST_EXCEPTION, 0, 2);

  thread = g_thread_new ("failer", fail_in_thread, fixture->futures[3]);
  assert_waits (fixture, CF_RETURN_WHEN_FIRST_EXCEPTION, 3);
  g_thread_join (thread);
}

static void
test_first_exception_before (Fixture       *fixture,
                             gconstpointer  data)
{
  fail (fixture->futures[1]);
  assert_waits (fixture, CF_RETURN_WHEN_FIRST_EXCEPTION, 1);
}

static void
test_first_exception_without_exception (Fixture       *fixture,
                                        gconstpointer  data)
{
  for (guint i = 0; i < N_FUTURES; i++)
    {
      assert_times_out (fixture, CF_RETURN_WHEN_FIRST_EXCEPTION, 0, i);
      settle (fixture->futures[i]);
    }
  assert_waits (fixture, CF_RETURN_WHEN_FIRST_EXCEPTION, N_FUTURES);
}

static void
test_first_exception_cancelled (Fixture       *fixture,
                                gconstpointer  data)
{
  /* As in Python, a cancelled future has not failed. */
  g_assert_true (cf_future_cancel (fixture->futures[0]));
  assert_times_out (fixture, CF_RETURN_WHEN_FIRST_EXCEPTION, 0, 1);
}

static void
test_timeout (Fixture       *fixture,
              gconstpointer  data)
{
  settle (fixture->futures[0]);
  assert_times_out (fixture, CF_RETURN_WHEN_ALL_COMPLETED, 1000, 1);
  assert_times_out (fixture, CF_RETURN_WHEN_FIRST_EXCEPTION, 1000, 1);

  /* Nothing of a wait that was given up is left. */
  for (guint i = 1; i < N_FUTURES; i++)
    settle (fixture->futures[i]);
  assert_waits (fixture, CF_RETURN_WHEN_ALL_COMPLETED, N_FUTURES);
}

static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  settle (fixture->futures[0]);
  g_cancellable_cancel (cancellable);
  g_assert_false (wait_for (fixture, CF_RETURN_WHEN_ALL_COMPLETED, -1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_parts (fixture, 1);
}

static void
test_done_wins (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  settle (fixture->futures[0]);
  g_cancellable_cancel (cancellable);
  g_assert_true (wait_for (fixture, CF_RETURN_WHEN_FIRST_COMPLETED, 0, cancellable, &error));
  g_assert_no_error (error);
}

typedef struct
{
  Fixture      *fixture;
  GCancellable *cancellable;
  Gate          started;
  GError       *error;
} Waiter;

static gpointer
wait_in_thread (gpointer user_data)
{
  Waiter *waiter = user_data;

  gate_open (&waiter->started);

  return GINT_TO_POINTER (wait_for (waiter->fixture, CF_RETURN_WHEN_ALL_COMPLETED, -1, waiter->cancellable, &waiter->error));
}

static void
test_cancelled_during (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Waiter waiter = { fixture, cancellable, GATE_INIT, NULL };
  GThread *thread;

  settle (fixture->futures[0]);
  thread = g_thread_new ("waiter", wait_in_thread, &waiter);
  gate_wait (&waiter.started);
  g_cancellable_cancel (cancellable);

  g_assert_false (GPOINTER_TO_INT (g_thread_join (thread)));
  g_assert_error (waiter.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&waiter.error);
  assert_parts (fixture, 1);
}

static void
test_duplicates (Fixture       *fixture,
                 gconstpointer  data)
{
  CfFuture *one = fixture->futures[0];
  CfFuture *other = fixture->futures[1];
  CfFuture *futures[] = { one, one, other, one };
  g_autoptr(GError) error = NULL;

  settle (one);
  g_assert_false (cf_wait (futures, G_N_ELEMENTS (futures), CF_RETURN_WHEN_ALL_COMPLETED, 0, NULL,
                           &fixture->done, &fixture->not_done, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (g_ptr_array_find (fixture->done, one, NULL));
  g_assert_true (g_ptr_array_find (fixture->not_done, other, NULL));
  g_assert_cmpuint (fixture->not_done->len, ==, 1);

  settle (other);
  g_assert_true (cf_wait (futures, G_N_ELEMENTS (futures), CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL));
}

static void
test_duplicates_settled_while_waiting (Fixture       *fixture,
                                       gconstpointer  data)
{
  CfFuture *one = fixture->futures[0];
  CfFuture *other = fixture->futures[1];
  CfFuture *futures[] = { one, one, other, one, other };
  GThread *threads[2];

  threads[0] = g_thread_new ("settler", settle_in_thread, one);
  threads[1] = g_thread_new ("settler", settle_in_thread, other);
  g_assert_true (cf_wait (futures, G_N_ELEMENTS (futures), CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, NULL, NULL, NULL));
  g_assert_true (cf_future_is_done (one));
  g_assert_true (cf_future_is_done (other));
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
}

static void
test_empty (void)
{
  const CfReturnWhen conditions[] = { CF_RETURN_WHEN_ALL_COMPLETED, CF_RETURN_WHEN_FIRST_COMPLETED, CF_RETURN_WHEN_FIRST_EXCEPTION };

  for (guint i = 0; i < G_N_ELEMENTS (conditions); i++)
    {
      g_autoptr(GPtrArray) done = NULL;
      g_autoptr(GPtrArray) not_done = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_true (cf_wait (NULL, 0, conditions[i], -1, NULL, &done, &not_done, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (done->len, ==, 0);
      g_assert_cmpuint (not_done->len, ==, 0);
    }
}

static void
test_arrays_hold_references (Fixture       *fixture,
                             gconstpointer  data)
{
  GWeakRef watched;

  g_weak_ref_init (&watched, fixture->futures[0]);
  settle (fixture->futures[0]);
  assert_times_out (fixture, CF_RETURN_WHEN_ALL_COMPLETED, 0, 1);
  g_clear_object (&fixture->futures[0]);
  g_assert_true (CF_IS_FUTURE (g_ptr_array_index (fixture->done, 0)));

  g_clear_pointer (&fixture->done, g_ptr_array_unref);
  g_assert_null (g_weak_ref_get (&watched));
  g_weak_ref_clear (&watched);
}

/* cf_as_completed() */

static void
assert_next (CfCompletionIterator *iterator,
             CfFuture             *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(CfFuture) future = cf_completion_iterator_next (iterator, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (future == expected);
}

static void
assert_end (CfCompletionIterator *iterator)
{
  assert_next (iterator, NULL);
  assert_next (iterator, NULL);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  const guint order[N_FUTURES] = { 2, 0, 3, 1 };
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, N_FUTURES, -1);

  for (guint i = 0; i < N_FUTURES; i++)
    settle (fixture->futures[order[i]]);
  for (guint i = 0; i < N_FUTURES; i++)
    assert_next (iterator, fixture->futures[order[i]]);
  assert_end (iterator);
}

static void
test_one_by_one (Fixture       *fixture,
                 gconstpointer  data)
{
  const guint order[N_FUTURES] = { 3, 1, 0, 2 };
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, N_FUTURES, LONG_TIME);

  for (guint i = 0; i < N_FUTURES; i++)
    {
      CfFuture *expected = fixture->futures[order[i]];
      GThread *thread = g_thread_new ("settler", settle_in_thread, expected);

      assert_next (iterator, expected);
      g_thread_join (thread);
    }
  assert_end (iterator);
}

static void
test_done_before (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(CfCompletionIterator) iterator = NULL;

  settle (fixture->futures[2]);
  g_assert_true (cf_future_cancel (fixture->futures[1]));
  iterator = cf_as_completed (fixture->futures, 3, -1);
  fail (fixture->futures[0]);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(CfFuture) future = cf_completion_iterator_next (iterator, NULL, NULL);

      g_assert_true (future == fixture->futures[1] || future == fixture->futures[2]);
    }
  assert_next (iterator, fixture->futures[0]);
  assert_end (iterator);
}

static void
test_distinct (Fixture       *fixture,
               gconstpointer  data)
{
  CfFuture *one = fixture->futures[0];
  CfFuture *other = fixture->futures[1];
  CfFuture *futures[] = { one, other, one, one };
  g_autoptr(CfCompletionIterator) iterator = NULL;

  settle (other);
  iterator = cf_as_completed (futures, G_N_ELEMENTS (futures), -1);
  settle (one);
  assert_next (iterator, other);
  assert_next (iterator, one);
  assert_end (iterator);
}

static void
test_iterate_empty (void)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (NULL, 0, -1);
  g_autoptr(CfCompletionIterator) hurried = cf_as_completed (NULL, 0, 0);

  assert_end (iterator);
  assert_end (hurried);
}

static void
test_iterate_timeout (Fixture       *fixture,
                      gconstpointer  data)
{
  const gint64 timeouts[] = { 0, 1000 };

  settle (fixture->futures[1]);

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, N_FUTURES, timeouts[i]);
      g_autoptr(GError) error = NULL;

      /* What is done comes though the time is over. */
      assert_next (iterator, fixture->futures[1]);
      g_assert_null (cf_completion_iterator_next (iterator, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    }
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_iterate_cancelled (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, N_FUTURES, -1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = g_thread_new (NULL, cancel_soon, cancellable);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (cf_completion_iterator_next (iterator, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_thread_join (thread);

  for (guint i = 0; i < N_FUTURES; i++)
    settle (fixture->futures[i]);
  for (guint i = 0; i < N_FUTURES; i++)
    assert_next (iterator, fixture->futures[i]);
  assert_end (iterator);
}

static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  CfCompletionIterator *untouched = cf_as_completed (fixture->futures, N_FUTURES, -1);
  CfCompletionIterator *begun = cf_as_completed (fixture->futures, N_FUTURES, LONG_TIME);

  g_assert_finalize_object (untouched);

  settle (fixture->futures[0]);
  settle (fixture->futures[1]);
  assert_next (begun, fixture->futures[0]);
  g_assert_finalize_object (begun);

  for (guint i = 2; i < N_FUTURES; i++)
    {
      g_assert_cmpint (cf_future_get_state (fixture->futures[i]), ==, CF_FUTURE_STATE_PENDING);
      settle (fixture->futures[i]);
    }

  for (guint i = 0; i < N_FUTURES; i++)
    g_assert_finalize_object (g_steal_pointer (&fixture->futures[i]));
}

static void
test_several_iterators (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(CfCompletionIterator) one = cf_as_completed (fixture->futures, N_FUTURES, -1);
  g_autoptr(CfCompletionIterator) other = cf_as_completed (fixture->futures, 2, -1);

  for (guint i = 0; i < N_FUTURES; i++)
    settle (fixture->futures[i]);

  for (guint i = 0; i < N_FUTURES; i++)
    assert_next (one, fixture->futures[i]);
  assert_next (other, fixture->futures[0]);
  assert_next (other, fixture->futures[1]);
  assert_end (one);
  assert_end (other);
}

static void
test_iterator_holds_the_futures (void)
{
  CfFuture *future = cf_future_new ();
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (&future, 1, -1);
  g_autoptr(CfFuture) completed = NULL;

  settle (future);
  g_object_unref (future);

  completed = cf_completion_iterator_next (iterator, NULL, NULL);
  g_assert_true (completed == future);
  g_clear_object (&iterator);
  g_assert_finalize_object (g_steal_pointer (&completed));
}

/* What came of next_async(). */
typedef struct
{
  CfCompletionIterator *iterator;
  gboolean              called;
  CfFuture             *future;
  GError               *error;
} Answer;

static void
on_next (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Answer *answer = user_data;

  g_assert_true (source == G_OBJECT (answer->iterator));
  g_assert_false (answer->called);
  answer->future = cf_completion_iterator_next_finish (answer->iterator, result, &answer->error);
  answer->called = TRUE;
}

static void
ask (CfCompletionIterator *iterator,
     GCancellable         *cancellable,
     Answer               *answer)
{
  *answer = (Answer) { .iterator = iterator };
  cf_completion_iterator_next_async (iterator, cancellable, on_next, answer);
  g_assert_false (answer->called);
}

static void
assert_answer (Answer   *answer,
               CfFuture *expected)
{
  loop_until (NULL, answer->called);
  g_assert_no_error (answer->error);
  g_assert_true (answer->future == expected);
  g_clear_object (&answer->future);
}

static void
assert_no_answer (Answer *answer,
                  GQuark  domain,
                  int     code)
{
  loop_until (NULL, answer->called);
  g_assert_null (answer->future);
  g_assert_error (answer->error, domain, code);
  g_clear_error (&answer->error);
}

static void
test_async (Fixture       *fixture,
            gconstpointer  data)
{
  const guint order[N_FUTURES] = { 1, 3, 0, 2 };
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, N_FUTURES, -1);
  Answer answer;

  for (guint i = 0; i < N_FUTURES; i++)
    {
      CfFuture *expected = fixture->futures[order[i]];
      GThread *thread;

      ask (iterator, NULL, &answer);
      loop_while_ready (NULL);
      g_assert_false (answer.called);

      thread = g_thread_new ("settler", settle_in_thread, expected);
      assert_answer (&answer, expected);
      g_thread_join (thread);
    }

  ask (iterator, NULL, &answer);
  assert_answer (&answer, NULL);
}

static void
test_async_done_before (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, 2, -1);
  Answer answer;

  settle (fixture->futures[1]);
  settle (fixture->futures[0]);

  ask (iterator, NULL, &answer);
  assert_answer (&answer, fixture->futures[1]);
  ask (iterator, NULL, &answer);
  assert_answer (&answer, fixture->futures[0]);
  ask (iterator, NULL, &answer);
  assert_answer (&answer, NULL);
}

static void
test_async_timeout (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, N_FUTURES, 1000);
  Answer answer;

  ask (iterator, NULL, &answer);
  assert_no_answer (&answer, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_async_cancelled (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, 1, -1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer;

  ask (iterator, cancellable, &answer);
  loop_while_ready (NULL);
  g_cancellable_cancel (cancellable);
  assert_no_answer (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* The future that did not come then comes later. */
  settle (fixture->futures[0]);
  ask (iterator, NULL, &answer);
  assert_answer (&answer, fixture->futures[0]);
}

static void
test_async_cancelled_and_reset (Fixture       *fixture,
                                gconstpointer  data)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, 1, -1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer;

  ask (iterator, cancellable, &answer);
  g_cancellable_cancel (cancellable);
  g_cancellable_reset (cancellable);
  assert_no_answer (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  settle (fixture->futures[0]);
  ask (iterator, cancellable, &answer);
  assert_answer (&answer, fixture->futures[0]);
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
test_async_done_wins_behind_others (Fixture       *fixture,
                                    gconstpointer  data)
{
  const gint64 timeouts[] = { 5 * G_TIME_SPAN_MILLISECOND, -1 };

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(CfCompletionIterator) iterator = NULL;
      Answer answer;

      cf_future_add_done_callback (fixture->futures[i], cancel_and_compute, cancellable, NULL);
      iterator = cf_as_completed (&fixture->futures[i], 1, timeouts[i]);
      ask (iterator, timeouts[i] < 0 ? cancellable : NULL, &answer);
      settle (fixture->futures[i]);
      assert_answer (&answer, fixture->futures[i]);
    }
}

static void
test_async_longest_time (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, 1, G_MAXINT64);
  Answer answer;

  ask (iterator, NULL, &answer);
  loop_while_ready (NULL);
  g_assert_false (answer.called);

  settle (fixture->futures[0]);
  assert_answer (&answer, fixture->futures[0]);
}

static void
test_async_dropped (Fixture       *fixture,
                    gconstpointer  data)
{
  CfCompletionIterator *iterator = cf_as_completed (fixture->futures, 1, -1);
  GWeakRef watched;
  Answer answer;

  g_weak_ref_init (&watched, iterator);
  ask (iterator, NULL, &answer);
  g_object_unref (iterator);

  settle (fixture->futures[0]);
  assert_answer (&answer, fixture->futures[0]);
  loop_while_ready (NULL);
  g_assert_null (g_weak_ref_get (&watched));
  g_weak_ref_clear (&watched);
}

/* A whole loop on the main context: each answer asks for the next one. */
typedef struct
{
  GPtrArray *received;
  gboolean   ended;
} Loop;

static void
on_loop_next (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Loop *loop = user_data;
  g_autoptr(GError) error = NULL;
  CfFuture *future = cf_completion_iterator_next_finish (CF_COMPLETION_ITERATOR (source), result, &error);

  g_assert_no_error (error);
  if (future == NULL)
    {
      loop->ended = TRUE;
      return;
    }

  g_ptr_array_add (loop->received, future);
  cf_completion_iterator_next_async (CF_COMPLETION_ITERATOR (source), NULL, on_loop_next, loop);
}

static GVariant *
return_args (CfFuture  *future,
             GVariant  *args,
             GError   **error)
{
  return g_variant_ref (args);
}

static void
test_async_loop (void)
{
  enum { N_CALLS = 100 };
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(GPtrArray) received = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(CfCompletionIterator) iterator = NULL;
  CfFuture *futures[N_CALLS];
  Loop loop = { received, FALSE };
  gint64 sum = 0;

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (executor, return_args, g_variant_new_int64 (i));

  iterator = cf_as_completed (futures, N_CALLS, -1);
  cf_completion_iterator_next_async (iterator, NULL, on_loop_next, &loop);
  loop_until (NULL, loop.ended);

  g_assert_cmpuint (received->len, ==, N_CALLS);
  for (guint i = 0; i < N_CALLS; i++)
    {
      sum += cf_future_await_int64 (g_ptr_array_index (received, i), NULL);
      g_object_unref (futures[i]);
    }
  g_assert_cmpint (sum, ==, N_CALLS * (N_CALLS - 1) / 2);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* 1,000,000 futures in one set: what is not linear does not end. */

#define N_MANY 1000000

static CfFuture **
new_many (void)
{
  CfFuture **futures = g_new (CfFuture *, N_MANY);

  for (guint i = 0; i < N_MANY; i++)
    futures[i] = cf_future_new ();

  return futures;
}

static void
free_many (CfFuture **futures)
{
  for (guint i = 0; i < N_MANY; i++)
    g_object_unref (futures[i]);
  g_free (futures);
}

static gpointer
settle_many_in_thread (gpointer user_data)
{
  CfFuture **futures = user_data;

  for (guint i = N_MANY; i > 0; i--)
    settle (futures[i - 1]);

  return NULL;
}

static void
test_wait_for_many (void)
{
  CfFuture **futures = new_many ();
  g_autoptr(GPtrArray) done = NULL;
  g_autoptr(GPtrArray) not_done = NULL;
  GThread *thread;

  g_assert_false (cf_wait (futures, N_MANY, CF_RETURN_WHEN_FIRST_COMPLETED, 0, NULL, NULL, NULL, NULL));

  thread = g_thread_new ("settler", settle_many_in_thread, futures);
  g_assert_true (cf_wait (futures, N_MANY, CF_RETURN_WHEN_ALL_COMPLETED, -1, NULL, &done, &not_done, NULL));
  g_assert_cmpuint (done->len, ==, N_MANY);
  g_assert_cmpuint (not_done->len, ==, 0);

  g_thread_join (thread);
  free_many (futures);
}

static void
test_iterate_over_many (void)
{
  CfFuture **futures = new_many ();
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (futures, N_MANY, -1);
  GThread *thread = g_thread_new ("settler", settle_many_in_thread, futures);

  for (guint i = N_MANY; i > 0; i--)
    assert_next (iterator, futures[i - 1]);
  assert_end (iterator);

  g_thread_join (thread);
  free_many (futures);
}

static void
test_bad_arguments (Fixture       *fixture,
                    gconstpointer  data)
{
  CfCompletionIterator *none = NULL;
  CfFuture *with_hole[] = { fixture->futures[0], NULL };
  g_autoptr(CfCompletionIterator) iterator = cf_as_completed (fixture->futures, N_FUTURES, -1);

  settle (fixture->futures[0]);

  assert_critical (g_assert_false (cf_wait (NULL, 1, CF_RETURN_WHEN_ALL_COMPLETED, 0, NULL, NULL, NULL, NULL)));
  assert_critical (g_assert_false (cf_wait (with_hole, 2, CF_RETURN_WHEN_ALL_COMPLETED, 0, NULL, NULL, NULL, NULL)));
  assert_critical (g_assert_false (cf_wait (fixture->futures, 1, CF_RETURN_WHEN_ALL_COMPLETED, 0, (GCancellable *) iterator,
                                            NULL, NULL, NULL)));
  assert_critical (g_assert_null (cf_as_completed (NULL, 1, -1)));
  assert_critical (g_assert_null (cf_as_completed (with_hole, 2, -1)));
  assert_critical (g_assert_null (cf_completion_iterator_next (none, NULL, NULL)));
  assert_critical (cf_completion_iterator_next_async (none, NULL, NULL, NULL));
  assert_critical (g_assert_null (cf_completion_iterator_next_finish (none, NULL, NULL)));
  assert_critical (g_assert_null (cf_completion_iterator_next_finish (iterator, NULL, NULL)));
  assert_critical (g_assert_null (cf_completion_iterator_next_finish (iterator, G_ASYNC_RESULT (fixture->futures[0]),
                                                                      NULL)));
}

static void
add_test (const char  *path,
          void       (*run) (Fixture       *fixture,
                             gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, run, fixture_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/sets/wait/all-completed-means-done-for-whatever-reason", test_all_completed);
  add_test ("/sets/wait/first-completed-returns-with-the-first", test_first_completed);
  add_test ("/sets/wait/first-completed-counts-the-cancelled", test_first_completed_cancelled);
  add_test ("/sets/wait/first-exception-returns-with-the-first-error", test_first_exception);
  add_test ("/sets/wait/first-exception-returns-at-once-if-there-is-an-error", test_first_exception_before);
  add_test ("/sets/wait/first-exception-waits-for-all-if-none-fails", test_first_exception_without_exception);
  add_test ("/sets/wait/first-exception-does-not-count-the-cancelled", test_first_exception_cancelled);
  add_test ("/sets/wait/gives-up-when-the-time-is-over", test_timeout);
  add_test ("/sets/wait/gives-up-when-cancelled-before", test_cancelled);
  add_test ("/sets/wait/gives-up-when-cancelled-meanwhile", test_cancelled_during);
  add_test ("/sets/wait/done-wins-over-cancelled", test_done_wins);
  add_test ("/sets/wait/a-future-may-be-there-several-times", test_duplicates);
  add_test ("/sets/wait/a-future-may-be-there-several-times-and-be-settled-meanwhile",
            test_duplicates_settled_while_waiting);
  add_test ("/sets/wait/arrays-hold-references", test_arrays_hold_references);
  g_test_add_func ("/sets/wait/for-nothing-returns-at-once", test_empty);
  g_test_add_func ("/sets/wait/for-a-million", test_wait_for_many);

  add_test ("/sets/as-completed/comes-in-the-order-of-completion", test_order);
  add_test ("/sets/as-completed/blocks-until-the-next-is-done", test_one_by_one);
  add_test ("/sets/as-completed/those-done-before-come-first", test_done_before);
  add_test ("/sets/as-completed/each-future-comes-once", test_distinct);
  add_test ("/sets/as-completed/gives-up-when-the-time-is-over", test_iterate_timeout);
  add_test ("/sets/as-completed/cancelled-loses-nothing", test_iterate_cancelled);
  add_test ("/sets/as-completed/may-be-dropped-early", test_dropped);
  add_test ("/sets/as-completed/several-iterators-do-not-disturb-one-another", test_several_iterators);
  g_test_add_func ("/sets/as-completed/holds-the-futures", test_iterator_holds_the_futures);
  g_test_add_func ("/sets/as-completed/of-nothing-ends-at-once", test_iterate_empty);
  g_test_add_func ("/sets/as-completed/of-a-million", test_iterate_over_many);

  add_test ("/sets/as-completed/async/answers-when-the-next-is-done", test_async);
  add_test ("/sets/as-completed/async/done-before-answers-in-an-iteration", test_async_done_before);
  add_test ("/sets/as-completed/async/gives-up-when-the-time-is-over", test_async_timeout);
  add_test ("/sets/as-completed/async/cancelled-loses-nothing", test_async_cancelled);
  add_test ("/sets/as-completed/async/gives-up-when-cancelled-though-the-cancellable-is-reset",
            test_async_cancelled_and_reset);
  add_test ("/sets/as-completed/async/done-wins-though-others-come-first", test_async_done_wins_behind_others);
  add_test ("/sets/as-completed/async/the-longest-time-is-not-over-at-once", test_async_longest_time);
  add_test ("/sets/as-completed/async/holds-the-iterator-until-it-answers", test_async_dropped);
  g_test_add_func ("/sets/as-completed/async/makes-a-loop", test_async_loop);

  add_test ("/sets/arguments/nonsense-is-rejected", test_bad_arguments);

  return g_test_run ();
}
