/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many main contexts at once. Each thread of a test runs a main context of its own, and all of them talk to one
 * another through futures. A callback belongs to one context: it has to arrive there, once, in the order of
 * completion, and not at all when the context is gone.
 */

#include <cfutures.h>

#include "../gates.h"
#include "race.h"
#include "stress-scale.h"

#define N_CONTEXTS 16

typedef struct _Meeting Meeting;

typedef struct
{
  Meeting      *meeting;
  guint         index;
  GThread      *thread;         /* known to itself once it has entered */
  GMainContext *context;
  CfExecutor   *executor;
  guint         n_arrived;
  guint64       last_completion;
} Member;

struct _Meeting
{
  Member        members[N_CONTEXTS];
  GThread      *threads[N_CONTEXTS];
  CfExecutor   *pool;
  guint         n_per_member;
  Gate          gate;
  atomic_uint   n_ready;
  atomic_uint   n_arrived;
  atomic_ullong n_completed;
};

static void
meeting_init (Meeting    *meeting,
              CfExecutor *pool,
              guint       n_per_member)
{
  *meeting = (Meeting) { .pool = pool, .n_per_member = n_per_member, .gate = GATE_INIT };

  for (guint i = 0; i < N_CONTEXTS; i++)
    {
      Member *member = &meeting->members[i];

      member->meeting = meeting;
      member->index = i;
      member->context = g_main_context_new ();
      member->executor = cf_main_context_executor_new (member->context);
    }
}

static void
meeting_start (Meeting     *meeting,
               GThreadFunc  attend)
{
  for (guint i = 0; i < N_CONTEXTS; i++)
    meeting->threads[i] = g_thread_new ("member", attend, &meeting->members[i]);
}

static void
meeting_end (Meeting *meeting)
{
  for (guint i = 0; i < N_CONTEXTS; i++)
    g_thread_join (meeting->threads[i]);

  for (guint i = 0; i < N_CONTEXTS; i++)
    {
      g_object_unref (meeting->members[i].executor);
      g_main_context_unref (meeting->members[i].context);
    }
}

static void
member_enter (Member *member)
{
  member->thread = g_thread_self ();
  g_main_context_push_thread_default (member->context);
}

static void
member_leave (Member *member)
{
  g_main_context_pop_thread_default (member->context);
}

/* Something arrived for @member. The last arrival of all wakes everybody, for they wait for it. */
static void
member_count_arrival (Member *member)
{
  Meeting *meeting = member->meeting;

  g_assert_true (g_thread_self () == member->thread);
  g_assert_true (g_main_context_is_owner (member->context));
  member->n_arrived++;

  if (atomic_fetch_add (&meeting->n_arrived, 1) + 1 < N_CONTEXTS * meeting->n_per_member)
    return;

  for (guint i = 0; i < N_CONTEXTS; i++)
    g_main_context_wakeup (meeting->members[i].context);
}

static void
member_iterate_until_all_arrived (Member *member)
{
  Meeting *meeting = member->meeting;

  loop_until (member->context, atomic_load (&meeting->n_arrived) == N_CONTEXTS * meeting->n_per_member);
  loop_while_ready (member->context);
  g_assert_cmpuint (member->n_arrived, ==, meeting->n_per_member);
}

/* Calls in the pool and in each other's contexts */

typedef struct
{
  Member *from;
  Member *to;
  guint   n_called;
} Letter;

static gboolean
run_letter (CfFuture  *future,
            GValue    *result,
            gpointer   user_data,
            GError   **error)
{
  Letter *letter = user_data;

  if (letter->to != NULL)
    g_assert_true (g_main_context_is_owner (letter->to->context));

  g_value_init (result, G_TYPE_UINT);
  g_value_set_uint (result, letter->from->index);

  return TRUE;
}

static void
on_letter_done (CfFuture *future,
                gpointer  user_data)
{
  Letter *letter = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (cf_future_await_int64 (future, &error), ==, letter->from->index);
  g_assert_no_error (error);
  g_assert_cmpuint (letter->n_called++, ==, 0);
  member_count_arrival (letter->from);
}

static gpointer
attend_and_write (gpointer data)
{
  Member *member = data;
  Meeting *meeting = member->meeting;
  g_autofree Letter *letters = g_new0 (Letter, meeting->n_per_member);

  member_enter (member);

  for (guint i = 0; i < meeting->n_per_member; i++)
    {
      Letter *letter = &letters[i];
      g_autoptr (CfFuture) future = NULL;

      letter->from = member;
      letter->to = i % 2 == 0 ? NULL : &meeting->members[(member->index + i / 2) % N_CONTEXTS];
      future = cf_executor_submit_local (letter->to == NULL ? meeting->pool : letter->to->executor, run_letter,
                                         letter, NULL);
      cf_future_add_done_callback (future, on_letter_done, letter, NULL);

      if (race_random () % 16 == 0)
        g_main_context_iteration (member->context, FALSE);
    }

  member_iterate_until_all_arrived (member);
  member_leave (member);

  return NULL;
}

static void
test_cross_submitting (void)
{
  g_autoptr (CfExecutor) pool = cf_thread_pool_executor_new (2);
  Meeting meeting;

  meeting_init (&meeting, pool, stress_scale (10000));
  meeting_start (&meeting, attend_and_write);
  meeting_end (&meeting);
}

/* Completion order: one thread settles, everybody listens to everything */

typedef struct
{
  Member *member;
  guint   number;
} Hearing;

static void
on_announced (CfFuture *future,
              gpointer  user_data)
{
  Hearing *hearing = user_data;

  g_assert_cmpuint (hearing->number, ==, hearing->member->n_arrived);
  member_count_arrival (hearing->member);
}

static gpointer
attend_and_listen (gpointer data)
{
  Member *member = data;

  member_enter (member);
  member_iterate_until_all_arrived (member);
  member_leave (member);

  return NULL;
}

static void
test_order_of_settling (void)
{
  guint n_promises = stress_scale (10000);
  g_autoptr (GPtrArray) promises = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree Hearing *hearings = g_new (Hearing, (gsize) N_CONTEXTS * n_promises);
  Hearing *hearing = hearings;
  Meeting meeting;

  meeting_init (&meeting, NULL, n_promises);

  for (guint i = 0; i < n_promises; i++)
    {
      g_ptr_array_add (promises, cf_future_new ());

      for (guint j = 0; j < N_CONTEXTS; j++)
        {
          Member *member = &meeting.members[j];

          *hearing = (Hearing) { member, i };
          cf_future_add_done_callback_full (g_ptr_array_index (promises, i), member->context, on_announced, hearing,
                                            NULL);
          hearing++;
        }
    }

  meeting_start (&meeting, attend_and_listen);

  for (guint i = 0; i < n_promises; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (cf_future_set_variant (g_ptr_array_index (promises, i), NULL, &error));
      g_assert_no_error (error);
    }

  meeting_end (&meeting);
}

/* Completion order: a pool of one thread, whose calls end one after the other */

static gboolean
run_and_number (CfFuture  *future,
                GValue    *result,
                gpointer   user_data,
                GError   **error)
{
  Meeting *meeting = user_data;

  g_value_init (result, G_TYPE_UINT64);
  g_value_set_uint64 (result, atomic_fetch_add (&meeting->n_completed, 1) + 1);

  return TRUE;
}

static void
on_numbered (CfFuture *future,
             gpointer  user_data)
{
  Member *member = user_data;
  g_autoptr (GError) error = NULL;
  guint64 number = cf_future_await_uint64 (future, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (number, >, member->last_completion);
  member->last_completion = number;
  member_count_arrival (member);
}

static gpointer
attend_and_submit (gpointer data)
{
  Member *member = data;
  Meeting *meeting = member->meeting;

  member_enter (member);

  for (guint i = 0; i < meeting->n_per_member; i++)
    {
      g_autoptr (CfFuture) future = cf_executor_submit_local (meeting->pool, run_and_number, meeting, NULL);

      cf_future_add_done_callback (future, on_numbered, member, NULL);
    }

  if (atomic_fetch_add (&meeting->n_ready, 1) + 1 == N_CONTEXTS)
    gate_open (&meeting->gate);

  member_iterate_until_all_arrived (member);
  member_leave (member);

  return NULL;
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

static void
test_order_of_completion (void)
{
  guint n_rounds = stress_scale (10);
  g_autoptr (CfExecutor) pool = cf_thread_pool_executor_new (1);

  for (guint round = 0; round < n_rounds; round++)
    {
      Meeting meeting;
      g_autoptr (CfFuture) holder = NULL;

      meeting_init (&meeting, pool, 500);
      holder = cf_executor_submit_local (pool, hold_thread, &meeting.gate, NULL);
      meeting_start (&meeting, attend_and_submit);
      meeting_end (&meeting);
      g_assert_true (cf_future_is_done (holder));
    }
}

/* Threads that block have their callbacks run before they go on, and nobody else's */

static gpointer
attend_and_block (gpointer data)
{
  Member *member = data;
  Meeting *meeting = member->meeting;

  member_enter (member);

  for (guint i = 0; i < meeting->n_per_member; i++)
    {
      Letter letter = { .from = member };
      g_autoptr (CfFuture) future = cf_executor_submit_local (meeting->pool, run_letter, &letter, NULL);
      g_autoptr (GError) error = NULL;

      cf_future_add_done_callback (future, on_letter_done, &letter, NULL);
      g_assert_true (cf_future_wait (future, -1, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (letter.n_called, ==, 1);
      g_assert_cmpuint (member->n_arrived, ==, i + 1);
    }

  loop_while_ready (member->context);
  g_assert_cmpuint (member->n_arrived, ==, meeting->n_per_member);
  member_leave (member);

  return NULL;
}

static void
test_blocking (void)
{
  g_autoptr (CfExecutor) pool = cf_thread_pool_executor_new (2);
  Meeting meeting;

  meeting_init (&meeting, pool, stress_scale (3000));
  meeting_start (&meeting, attend_and_block);
  meeting_end (&meeting);
}

/* Property notifications */

typedef struct
{
  Member       *member;
  CfFutureState seen;
} Watch;

static void
on_state_changed (CfFuture   *future,
                  GParamSpec *pspec,
                  Watch      *watch)
{
  CfFutureState state = cf_future_get_state (future);

  g_assert_true (g_main_context_is_owner (watch->member->context));
  g_assert_cmpint (state, >=, watch->seen);
  if (state == CF_FUTURE_STATE_FINISHED && watch->seen != CF_FUTURE_STATE_FINISHED)
    member_count_arrival (watch->member);

  watch->seen = state;
}

static gpointer
attend_and_watch (gpointer data)
{
  Member *member = data;
  Meeting *meeting = member->meeting;
  g_autofree Watch *watches = g_new0 (Watch, meeting->n_per_member);
  g_autoptr (GPtrArray) futures = g_ptr_array_new_with_free_func (g_object_unref);

  member_enter (member);

  for (guint i = 0; i < meeting->n_per_member; i++)
    {
      CfFuture *future = cf_future_new ();
      g_autoptr (GError) error = NULL;

      watches[i].member = member;
      g_signal_connect (future, "notify::state", G_CALLBACK (on_state_changed), &watches[i]);
      g_ptr_array_add (futures, future);
      g_assert_true (cf_future_set_running_or_notify_cancel (future));
      cf_future_report_progress (future, 0.5, "half of it");
      g_assert_true (cf_future_set_variant (future, NULL, &error));
      g_assert_no_error (error);
    }

  member_iterate_until_all_arrived (member);
  member_leave (member);

  return NULL;
}

static void
test_notifications (void)
{
  Meeting meeting;

  meeting_init (&meeting, NULL, stress_scale (2000));
  meeting_start (&meeting, attend_and_watch);
  meeting_end (&meeting);
}

/* Waits that a thread without a context of its own begins: the default context answers while they are being made */

typedef struct
{
  guint       n_waits;
  atomic_uint n_answered;
} Errand;

static void
errand_count (Errand *errand)
{
  if (atomic_fetch_add (&errand->n_answered, 1) + 1 == 2 * errand->n_waits)
    g_main_context_wakeup (NULL);
}

static void
on_waited (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_wait_finish (CF_FUTURE (source), result, &error));
  g_assert_no_error (error);
  errand_count (user_data);
}

static void
on_next (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CfFuture) future = cf_completion_iterator_next_finish (CF_COMPLETION_ITERATOR (source), result, &error);

  g_assert_no_error (error);
  g_assert_true (cf_future_is_done (future));
  errand_count (user_data);
}

static gpointer
wait_for_default_context (gpointer data)
{
  Errand *errand = data;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < errand->n_waits; i++)
    {
      g_autoptr (CfFuture) promise = cf_future_new ();
      g_autoptr (CfCompletionIterator) iterator = NULL;

      cf_future_set_variant (promise, NULL, NULL);
      cf_future_wait_async (promise, 3600 * G_TIME_SPAN_SECOND, cancellable, on_waited, errand);
      iterator = cf_as_completed (&promise, 1, 3600 * G_TIME_SPAN_SECOND);
      cf_completion_iterator_next_async (iterator, cancellable, on_next, errand);
    }

  return NULL;
}

static void
test_waits_without_a_context (void)
{
  Errand errand = { .n_waits = stress_scale (10000) };
  GThread *thread = g_thread_new ("errand", wait_for_default_context, &errand);

  loop_until (NULL, atomic_load (&errand.n_answered) == 2 * errand.n_waits);
  g_thread_join (thread);
}

/* A context that goes away while completions are on their way to it */

typedef struct
{
  CfFuture     *future;
  GMainContext *context;
  atomic_uint   n_called;
  atomic_uint   n_destroyed;
} Farewell;

static void
on_farewell (CfFuture *future,
             gpointer  user_data)
{
  Farewell *farewell = user_data;

  atomic_fetch_add (&farewell->n_called, 1);
}

static void
farewell_destroyed (gpointer user_data)
{
  Farewell *farewell = user_data;

  atomic_fetch_add (&farewell->n_destroyed, 1);
}

static void
farewell_set_up (gpointer scene)
{
  Farewell *farewell = scene;

  farewell->future = cf_future_new ();
  farewell->context = g_main_context_new ();
  atomic_init (&farewell->n_called, 0);
  atomic_init (&farewell->n_destroyed, 0);
  cf_future_add_done_callback_full (farewell->future, farewell->context, on_farewell, farewell, farewell_destroyed);
}

static void
leg_settle (gpointer scene)
{
  Farewell *farewell = scene;
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_set_variant (farewell->future, NULL, &error));
  g_assert_no_error (error);
}

static void
leg_drop_context (gpointer scene)
{
  Farewell *farewell = scene;

  g_main_context_unref (farewell->context);
}

static void
check_destroyed_uncalled (gpointer scene)
{
  Farewell *farewell = scene;

  g_clear_object (&farewell->future);
  g_assert_cmpuint (atomic_load (&farewell->n_called), ==, 0);
  g_assert_cmpuint (atomic_load (&farewell->n_destroyed), ==, 1);
}

static void
test_context_dropped (void)
{
  const Race race = { farewell_set_up, { leg_settle, leg_drop_context }, check_destroyed_uncalled };
  Farewell farewell = { 0 };

  race_run (&race, &farewell, stress_scale (20000));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/contexts/cross-submitting", test_cross_submitting);
  g_test_add_func ("/stress/contexts/order-of-settling", test_order_of_settling);
  g_test_add_func ("/stress/contexts/order-of-completion", test_order_of_completion);
  g_test_add_func ("/stress/contexts/blocking-delivers-to-its-own", test_blocking);
  g_test_add_func ("/stress/contexts/notifications", test_notifications);
  g_test_add_func ("/stress/contexts/waits-from-a-thread-without-a-context", test_waits_without_a_context);
  g_test_add_func ("/stress/contexts/dropped-with-completions-on-their-way", test_context_dropped);

  return g_test_run ();
}
