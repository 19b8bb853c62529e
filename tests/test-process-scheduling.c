/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a process pool schedules: which worker runs which call, what becomes of calls that were handed to a worker and
 * have not begun, also when it has no room for more, initializers, cancelling what has just begun, and what code of
 * the user's runs where. */

#include <pthread.h>

#include "await-error.h"
#include "pool-fixture.h"
#include "process-gates.h"

#define MEBIBYTE ((gsize) 1 << 20)

/* For the pool to do what it does by itself. No test depends on whether that was long enough. */
#define REST_USEC (10 * G_TIME_SPAN_MILLISECOND)

static void
on_done (CfFuture *future,
         gpointer  is_done)
{
  *(gboolean *) is_done = TRUE;
}

/* Initializers. */

static guint n_initialized;
static gint64 initialized_with;

G_MODULE_EXPORT GVariant *test_process_scheduling_initialize (CfFuture  *future,
                                                              GVariant  *args,
                                                              GError   **error);

GVariant *
test_process_scheduling_initialize (CfFuture  *future,
                                    GVariant  *args,
                                    GError   **error)
{
  n_initialized++;
  initialized_with = g_variant_get_int64 (args);

  return NULL;
}

/* Returns how often the process was initialized, and with what. */
static GVariant *
return_initialization (CfFuture  *future,
                       GVariant  *args,
                       GError   **error)
{
  g_autoptr(GVariant) pid = block_remotely (future, args, error);

  return g_variant_new ("(uxi)", n_initialized, initialized_with, g_variant_get_int32 (pid));
}

static void
assert_initialized (Fixture *fixture)
{
  enum { N_CALLS = 6 };
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  CfFuture *futures[N_CALLS];

  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, return_initialization, remote_blocker_to_variant (blocker));
  process_gate_wait_for (blocker->begun, 2);
  process_gate_open_for (blocker->go_on, N_CALLS);

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autoptr(GVariant) result = cf_future_await_variant (futures[i], NULL);
      gint64 with;
      guint n;

      g_variant_get (result, "(uxi)", &n, &with, NULL);
      g_assert_cmpuint (n, ==, 1);
      g_assert_cmpint (with, ==, 7);
    }
  g_assert_cmpuint (n_initialized, ==, 0);
  unref_all (futures, N_CALLS);
}

static void
test_initializer (Fixture       *fixture,
                  gconstpointer  data)
{
  cf_process_pool_executor_set_initializer (fixture->pool, test_process_scheduling_initialize, g_variant_new_int64 (7));
  assert_initialized (fixture);
  g_assert_cmpuint (cf_executor_get_n_completed (fixture->executor), ==, 6);
}

static void
test_initializer_name (Fixture       *fixture,
                       gconstpointer  data)
{
  cf_process_pool_executor_set_initializer_by_name (fixture->pool, ":test_process_scheduling_initialize",
                                                    g_variant_new_int64 (7));
  assert_initialized (fixture);
}

static GVariant *
check_large_args (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  n_initialized = g_variant_get_size (args);

  return NULL;
}

static GVariant *
return_n_initialized (CfFuture  *future,
                      GVariant  *args,
                      GError   **error)
{
  return g_variant_new_uint32 (n_initialized);
}

static void
test_initializer_large (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autofree guint8 *bytes = g_malloc0 (MEBIBYTE);
  g_autoptr(CfFuture) future = NULL;
  GVariant *args = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, MEBIBYTE, 1);

  cf_process_pool_executor_set_initializer (fixture->pool, check_large_args, args);
  future = cf_executor_submit (fixture->executor, return_n_initialized, NULL);
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, MEBIBYTE);
}

static GVariant *
refuse (CfFuture  *future,
        GVariant  *args,
        GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "The disk is full of maçãs");

  return NULL;
}

static void
test_initializer_fails (Fixture       *fixture,
                        gconstpointer  data)
{
  enum { N_CALLS = 10 };
  CfFuture *futures[N_CALLS];
  g_autoptr(CfFuture) late = NULL;

  cf_process_pool_executor_set_initializer (fixture->pool, refuse, NULL);
  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, return_pid, NULL);

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_error (await_error (futures[i]), CF_ERROR, CF_ERROR_BROKEN_EXECUTOR);
      assert_message (await_error (futures[i]), "The disk is full of maçãs");
    }

  late = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_assert_true (cf_future_is_done (late));
  g_assert_error (await_error (late), CF_ERROR, CF_ERROR_BROKEN_EXECUTOR);
  assert_message (await_error (late), "The disk is full of maçãs");
  yield_until (count_workers (fixture->executor) == 0);
  unref_all (futures, N_CALLS);
}

static void
test_initializer_unknown (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;

  cf_process_pool_executor_set_initializer_by_name (fixture->pool, ":test_process_scheduling_no_such_function", NULL);
  future = cf_executor_submit (fixture->executor, return_pid, NULL);
  g_assert_error (await_error (future), CF_ERROR, CF_ERROR_BROKEN_EXECUTOR);
  assert_message (await_error (future), "test_process_scheduling_no_such_function");
}

/* Neither by itself nor after the first call is a worker used up by its initializer. */
static void
test_initializer_max_tasks (Fixture       *fixture,
                            gconstpointer  data)
{
  int first;
  int second;

  cf_process_pool_executor_set_initializer (fixture->pool, test_process_scheduling_initialize,
                                            g_variant_new_int64 (7));
  cf_process_pool_executor_set_max_tasks_per_worker (fixture->pool, 2);

  first = ask_for_pid (fixture->executor);
  g_assert_cmpint (ask_for_pid (fixture->executor), ==, first);
  second = ask_for_pid (fixture->executor);
  g_assert_cmpint (second, !=, first);
  g_assert_cmpint (ask_for_pid (fixture->executor), ==, second);
}

static void
test_initializer_only_task (Fixture       *fixture,
                            gconstpointer  data)
{
  int first;

  cf_process_pool_executor_set_initializer (fixture->pool, test_process_scheduling_initialize,
                                            g_variant_new_int64 (7));
  cf_process_pool_executor_set_max_tasks_per_worker (fixture->pool, 1);

  first = ask_for_pid (fixture->executor);
  g_assert_cmpint (ask_for_pid (fixture->executor), !=, first);
}

static GVariant *
report_progress (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  cf_future_report_progress (future, 0.5, "half of it");

  return NULL;
}

static void
test_initializer_progress (Fixture       *fixture,
                           gconstpointer  data)
{
  cf_process_pool_executor_set_initializer (fixture->pool, report_progress, NULL);
  ask_for_pid (fixture->executor);
}

/* The pool itself receives the initializer's result. */
static void
test_initializer_without_waiter (Fixture       *fixture,
                                 gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) future = NULL;
  gboolean is_done = FALSE;

  cf_process_pool_executor_set_initializer (fixture->pool, block_remotely, remote_blocker_to_variant (blocker));
  future = cf_executor_submit (fixture->executor, return_pid, NULL);
  cf_future_add_done_callback (future, on_done, &is_done, NULL);

  process_gate_wait (blocker->begun);
  g_usleep (REST_USEC);
  process_gate_open (blocker->go_on);
  loop_until (NULL, is_done);
  assert_succeeds (future);
}

/* Calls that were handed to a worker and have not begun. */

enum { N_HANDED = 20 };

/* Returns the process of a worker that does nothing until it gets SIGCONT. */
static int
stop_worker (Fixture *fixture)
{
  int pid;

  make_short_calls (fixture->executor);
  pid = get_only_worker (fixture->executor);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);

  return pid;
}

static void
test_handed_cancelled (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr(ProcessGate) cancelled_ran = process_gate_new ();
  g_autoptr(ProcessGate) other_ran = process_gate_new ();
  CfFuture *cancelled[N_HANDED];
  CfFuture *others[N_HANDED];
  int pid = stop_worker (fixture);

  for (guint i = 0; i < N_HANDED; i++)
    {
      cancelled[i] = cf_executor_submit (fixture->executor, open_gate_remotely,
                                         process_gate_to_variant (cancelled_ran));
      others[i] = cf_executor_submit (fixture->executor, open_gate_remotely, process_gate_to_variant (other_ran));
    }

  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, 2 * N_HANDED);
  for (guint i = 0; i < N_HANDED; i++)
    {
      g_assert_cmpint (cf_future_get_state (cancelled[i]), ==, CF_FUTURE_STATE_PENDING);
      g_assert_true (cf_future_cancel (cancelled[i]));
      g_assert_true (cf_future_is_cancelled (cancelled[i]));
    }
  g_assert_cmpuint (cf_executor_get_n_pending (fixture->executor), ==, N_HANDED);

  kill (pid, SIGCONT);
  for (guint i = 0; i < N_HANDED; i++)
    assert_succeeds (others[i]);
  g_assert_cmpuint (process_gate_count (cancelled_ran), ==, 0);
  g_assert_cmpuint (process_gate_count (other_ran), ==, N_HANDED);
  unref_all (cancelled, N_HANDED);
  unref_all (others, N_HANDED);
}

/* The worker gets as far as it gets before each call is cancelled: cancelling tells exactly which calls ran. */
static void
test_cancel_tells_the_truth (Fixture       *fixture,
                             gconstpointer  data)
{
  enum { N_CALLS = 2000 };
  g_autoptr(ProcessGate) ran = process_gate_new ();
  CfFuture *futures[N_CALLS];
  guint n_cancelled = 0;

  make_short_calls (fixture->executor);
  for (guint i = 0; i < N_CALLS; i++)
    futures[i] = cf_executor_submit (fixture->executor, open_gate_remotely, process_gate_to_variant (ran));
  for (guint i = 0; i < N_CALLS; i++)
    n_cancelled += cf_future_cancel (futures[N_CALLS - 1 - i]);

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (process_gate_count (ran), ==, N_CALLS - n_cancelled);
  for (guint i = 0; i < N_CALLS; i++)
    n_cancelled -= cf_future_is_cancelled (futures[i]);
  g_assert_cmpuint (n_cancelled, ==, 0);
  unref_all (futures, N_CALLS);
}

static void
test_handed_moves_on (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) long_call = NULL;
  CfFuture *futures[N_HANDED];

  make_short_calls (fixture->executor);
  long_call = remote_blocker_submit (blocker, fixture->executor);
  for (gint64 i = 0; i < N_HANDED; i++)
    futures[i] = cf_executor_submit (fixture->executor, echo, g_variant_new_int64 (i));

  for (gint64 i = 0; i < N_HANDED; i++)
    g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, i);
  g_assert_true (cf_future_is_running (long_call));
  g_assert_cmpuint (count_workers (fixture->executor), ==, 2);

  process_gate_open (blocker->go_on);
  assert_succeeds (long_call);
  unref_all (futures, N_HANDED);
}

/* Leaves the byte in a gate. */
static GVariant *
leave_byte (CfFuture  *future,
            GVariant  *args,
            GError   **error)
{
  const char *path;
  guint8 byte;
  int descriptor;

  g_variant_get (args, "(&sy)", &path, &byte);
  descriptor = process_gate_open_path (path);
  process_gate_write (descriptor, (char) byte);
  g_close (descriptor, NULL);

  return NULL;
}

static CfFuture *
submit_with_priority (CfExecutor  *executor,
                      ProcessGate *order,
                      int          priority)
{
  g_autoptr(CfTask) task = cf_task_new (leave_byte, g_variant_new ("(sy)", order->path, (guchar) (priority + 100)));

  cf_task_set_priority (task, priority);
  return cf_executor_submit_task (executor, task);
}

static void
test_handed_priority (Fixture       *fixture,
                      gconstpointer  data)
{
  const int priorities[] = { 0, 10, 0, 10, -10, 20, -20, 0 };
  const int sorted[] = { -20, -10, 0, 0, 0, 10, 10, 20 };
  g_autoptr(ProcessGate) order = process_gate_new ();
  CfFuture *futures[G_N_ELEMENTS (priorities)];
  int pid = stop_worker (fixture);

  for (guint i = 0; i < G_N_ELEMENTS (priorities); i++)
    futures[i] = submit_with_priority (fixture->executor, order, priorities[i]);

  kill (pid, SIGCONT);
  for (guint i = 0; i < G_N_ELEMENTS (sorted); i++)
    g_assert_cmpint (process_gate_read (order->descriptor) - 100, ==, sorted[i]);
  for (guint i = 0; i < G_N_ELEMENTS (priorities); i++)
    assert_succeeds (futures[i]);
  unref_all (futures, G_N_ELEMENTS (priorities));
}

/* A payload that was sent ahead is of no use if the call is cancelled, and does no harm. */
static void
test_handed_payload_cancelled (Fixture       *fixture,
                               gconstpointer  data)
{
  CfFuture *futures[N_HANDED];
  guint n_cancelled = 0;
  int pid = stop_worker (fixture);

  for (guint i = 0; i < N_HANDED; i++)
    futures[i] = cf_executor_submit (fixture->executor, return_size, make_bytes (100000 + i));
  for (guint i = 0; i < N_HANDED; i += 2)
    n_cancelled += cf_future_cancel (futures[i]);
  g_assert_cmpuint (n_cancelled, ==, N_HANDED / 2);

  kill (pid, SIGCONT);
  for (guint i = 1; i < N_HANDED; i += 2)
    g_assert_cmpuint (cf_future_await_uint64 (futures[i], NULL), ==, 100000 + i);
  g_assert_cmpint (ask_for_pid (fixture->executor), ==, pid);
  unref_all (futures, N_HANDED);
}

/* Both know that calls are short. */
static void
have_two_workers (Fixture *fixture)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  CfFuture *futures[2];

  for (guint i = 0; i < 2; i++)
    futures[i] = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait_for (blocker->begun, 2);
  process_gate_open_for (blocker->go_on, 2);
  for (guint i = 0; i < 2; i++)
    assert_succeeds (futures[i]);
  unref_all (futures, 2);

  make_short_calls (fixture->executor);
}

/* A long call has another worker's calls wait behind it, in case it is short. When it turns out that it is not, they
 * come before calls that were submitted later. */
static void
test_handed_before_queue (Fixture       *fixture,
                          gconstpointer  data)
{
  enum { N_LATER = 40 };
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(RemoteBlocker) later_blocker = remote_blocker_new ();
  g_autoptr(CfFuture) long_call = NULL;
  CfFuture *behind[N_HANDED];
  CfFuture *later[N_LATER];
  guint n_let_go = 0;

  if (is_in_valgrind ())
    {
      g_test_skip ("The pool, which is in Valgrind, is too slow beside its workers");
      return;
    }

  have_two_workers (fixture);
  long_call = remote_blocker_submit (blocker, fixture->executor);
  for (gint64 i = 0; i < N_HANDED; i++)
    behind[i] = cf_executor_submit (fixture->executor, echo, g_variant_new_int64 (i));
  for (guint i = 0; i < N_LATER; i++)
    later[i] = remote_blocker_submit (later_blocker, fixture->executor);

  /* The other worker makes these one by one, and lets the pool have time in between. */
  for (guint i = 0; i < N_HANDED; i++)
    {
      while (!cf_future_wait (behind[i], 100 * G_TIME_SPAN_MILLISECOND, NULL, NULL))
        {
          g_assert_cmpuint (++n_let_go, <, N_LATER);
          process_gate_open (later_blocker->go_on);
        }
    }

  g_assert_true (cf_future_is_running (long_call));
  process_gate_open (blocker->go_on);
  process_gate_open_for (later_blocker->go_on, N_LATER - n_let_go);
  for (guint i = 0; i < N_LATER; i++)
    assert_succeeds (later[i]);
  assert_succeeds (long_call);
  unref_all (behind, N_HANDED);
  unref_all (later, N_LATER);
}

/* Workers that have no room, because they have not got past the frames of calls that were taken back. */

static void
submit_and_cancel (Fixture  *fixture,
                   GVariant *args)
{
  g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, echo, args);

  g_assert_true (cf_future_cancel (future));
}

static void
test_full_moves_on (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(CfFuture) future = NULL;
  int pid = stop_worker (fixture);

  for (guint i = 0; i < 20; i++)
    submit_and_cancel (fixture, make_bytes (60000));
  future = cf_executor_submit (fixture->executor, return_size, make_bytes (60000));
  g_assert_false (cf_future_wait (future, REST_USEC, NULL, NULL));

  kill (pid, SIGCONT);
  g_assert_cmpuint (cf_future_await_uint64 (future, NULL), ==, 60000);
  g_assert_cmpint (ask_for_pid (fixture->executor), ==, pid);
}

/* A worker that cannot even be told to finish is ended all the same: this takes its time, but has nothing to do with
 * how long it may take to begin a call. */
static void
test_full_shut_down (Fixture       *fixture,
                     gconstpointer  data)
{
  int pid;

  use_start_timeout (fixture, G_TIME_SPAN_HOUR);
  pid = stop_worker (fixture);

  for (guint i = 0; i < 10; i++)
    submit_and_cancel (fixture, make_bytes (60000));

  /* The pool tries again after a while whether there is room, so that smaller ones may fill what is left. */
  for (gsize size = 30000; size > 0; size /= 2)
    {
      g_usleep (REST_USEC);
      submit_and_cancel (fixture, make_bytes (size));
      submit_and_cancel (fixture, make_bytes (size));
    }
  g_usleep (REST_USEC);
  submit_and_cancel (fixture, NULL);
  submit_and_cancel (fixture, NULL);

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_false (process_exists (pid));
}

/* Calls that have just begun, or are about to end. */

/* Returns whether that has come true, or gives up after some time. */
static GVariant *
wait_until_cancelled (CfFuture  *future,
                      GVariant  *args,
                      GError   **error)
{
  GCancellable *cancellable = cf_future_get_cancellable (future);
  GPollFD descriptor;

  g_assert_true (g_cancellable_make_pollfd (cancellable, &descriptor));
  g_poll (&descriptor, 1, 20000);
  g_cancellable_release_fd (cancellable);

  return g_variant_new_boolean (g_cancellable_is_cancelled (cancellable));
}

/* A worker that still fetches the arguments has begun the call: the future is running. */
static void
test_cancel_just_begun (Fixture       *fixture,
                        gconstpointer  data)
{
  enum { N_ROUNDS = 300 };
  g_autoptr(GVariant) large = g_variant_ref_sink (make_bytes (200000));

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(CfFuture) future = NULL;

      future = cf_executor_submit (fixture->executor, wait_until_cancelled, i % 2 == 0 ? large : NULL);
      while (!cf_future_is_running (future))
        ;
      g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));
      g_assert_true (cf_future_await_boolean (future, NULL));
    }
}

static atomic_bool is_reporting;

static gpointer
report_to_the_end (gpointer data)
{
  g_autoptr(CfFuture) future = data;

  for (guint i = 0; i < 100; i++)
    {
      cf_future_report_progress (future, i / 100.0, NULL);
      atomic_store (&is_reporting, true);
    }

  return NULL;
}

/* Returns in the midst of it. */
static GVariant *
have_a_thread_report (CfFuture  *future,
                      GVariant  *args,
                      GError   **error)
{
  atomic_store (&is_reporting, false);
  g_thread_unref (g_thread_new ("reporter", report_to_the_end, g_object_ref (future)));
  yield_until (atomic_load (&is_reporting));

  return NULL;
}

static void
test_progress_of_ended (Fixture       *fixture,
                        gconstpointer  data)
{
  enum { N_ROUNDS = 1000 };
  int pid = ask_for_pid (fixture->executor);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(CfFuture) future = cf_executor_submit (fixture->executor, have_a_thread_report, NULL);

      assert_succeeds (future);
    }
  g_assert_cmpint (ask_for_pid (fixture->executor), ==, pid);
}

/* Code of the user's. */

typedef struct
{
  CfFuture *other;
  Gate      begun;
  Gate      ended;
} Wait;

static void
wait_for_other (CfFuture *future,
                gpointer  data)
{
  Wait *wait = data;

  gate_open (&wait->begun);
  cf_future_wait (wait->other, -1, NULL, NULL);
  gate_open (&wait->ended);
}

/* Nobody else receives results meanwhile. */
static void
assert_callback_may_wait (Fixture       *fixture,
                          RemoteBlocker *other_blocker,
                          CfFuture      *other)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) future = NULL;
  Wait wait = { other, GATE_INIT, GATE_INIT };

  future = remote_blocker_submit (blocker, fixture->executor);
  process_gate_wait (blocker->begun);
  process_gate_wait (other_blocker->begun);
  cf_future_add_done_callback_full (future, NULL, wait_for_other, &wait, NULL);

  process_gate_open (blocker->go_on);
  gate_wait (&wait.begun);
  g_usleep (REST_USEC);
  process_gate_open (other_blocker->go_on);
  gate_wait (&wait.ended);
  g_assert_true (cf_future_is_done (other));
  assert_succeeds (other);
}

static void
test_callback_waits (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) other = NULL;

  other = remote_blocker_submit (blocker, fixture->executor);
  assert_callback_may_wait (fixture, blocker, other);
}

/* What was submitted with a task is dropped where callbacks run: that must not be needed for it to be done. */
static void
test_callback_waits_for_task (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfTask) task = cf_task_new (block_remotely, remote_blocker_to_variant (blocker));
  g_autoptr(CfFuture) other = cf_executor_submit_task (fixture->executor, task);

  assert_callback_may_wait (fixture, blocker, other);
}

static pthread_mutex_t users_mutex = PTHREAD_MUTEX_INITIALIZER;

static void
lock_and_count (gpointer n_destroyed)
{
  pthread_mutex_lock (&users_mutex);
  ++*(guint *) n_destroyed;
  pthread_mutex_unlock (&users_mutex);
}

static CfFuture *
submit_with_data (Fixture       *fixture,
                  RemoteBlocker *blocker,
                  guint         *n_destroyed)
{
  g_autoptr(CfTask) task = cf_task_new (block_remotely, remote_blocker_to_variant (blocker));

  g_object_set_data_full (G_OBJECT (task), "data", n_destroyed, lock_and_count);
  return cf_executor_submit_task (fixture->executor, task);
}

/* A thread that waits receives the results of others, but does not drop their data: it may hold a lock. */
static void
test_destroy_while_waiting (Fixture       *fixture,
                            gconstpointer  data)
{
  enum { N_ROUNDS = 200 };
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  guint n_destroyed = 0;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(CfFuture) future = submit_with_data (fixture, blocker, &n_destroyed);
      g_autoptr(CfFuture) other = NULL;

      process_gate_wait (blocker->begun);
      pthread_mutex_lock (&users_mutex);
      other = cf_executor_submit (fixture->executor, return_pid, NULL);
      process_gate_open (blocker->go_on);
      assert_succeeds (other);
      pthread_mutex_unlock (&users_mutex);
      assert_succeeds (future);
    }

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (n_destroyed, ==, N_ROUNDS);
}

static void
on_log (const char     *domain,
        GLogLevelFlags  level,
        const char     *message,
        gpointer        n_lines)
{
  lock_and_count (n_lines);
}

static void
test_log_while_waiting (Fixture       *fixture,
                        gconstpointer  data)
{
  enum { N_ROUNDS = 200 };
  guint n_lines = 0;
  guint handler = g_log_set_handler ("CFutures", G_LOG_LEVEL_MESSAGE, on_log, &n_lines);

  use_scripted_worker (fixture);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(CfFuture) future = NULL;

      pthread_mutex_lock (&users_mutex);
      future = cf_executor_submit_by_name (fixture->executor, "scripted:log",
                                           g_variant_new ("(us)", (guint) G_LOG_LEVEL_MESSAGE, "a line"));
      assert_succeeds (future);
      pthread_mutex_unlock (&users_mutex);
    }

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (n_lines, ==, N_ROUNDS);
  g_log_remove_handler ("CFutures", handler);
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);

#define add(path, max_workers, function) \
  g_test_add ("/process-scheduling/" path, Fixture, GUINT_TO_POINTER (max_workers), set_up, function, tear_down)

  add ("initializer/runs-once-in-each-worker", 2, test_initializer);
  add ("initializer/is-found-by-name", 2, test_initializer_name);
  add ("initializer/takes-large-arguments", 1, test_initializer_large);
  add ("initializer/that-fails-breaks-the-pool", 2, test_initializer_fails);
  add ("initializer/that-does-not-exist-breaks-the-pool", 1, test_initializer_unknown);
  add ("initializer/does-not-count-as-a-call", 1, test_initializer_max_tasks);
  add ("initializer/leaves-room-for-the-only-call", 1, test_initializer_only_task);
  add ("initializer/may-report-progress", 1, test_initializer_progress);
  add ("initializer/ends-though-nobody-waits", 1, test_initializer_without_waiter);

  add ("handed-over/cancelled-calls-never-run", 1, test_handed_cancelled);
  add ("handed-over/cancelling-tells-exactly-what-ran", 2, test_cancel_tells_the_truth);
  add ("handed-over/calls-behind-a-long-one-move-on", 2, test_handed_moves_on);
  add ("handed-over/calls-make-way-for-urgent-ones", 1, test_handed_priority);
  add ("handed-over/large-arguments-are-cancelled-too", 1, test_handed_payload_cancelled);
  add ("handed-over/calls-behind-a-long-one-come-before-later-ones", 2, test_handed_before_queue);

  add ("full/worker-is-given-calls-when-it-has-room", 1, test_full_moves_on);
  add ("full/worker-does-not-hold-up-shutdown", 1, test_full_shut_down);

  add ("begun/calls-are-cancelled-from-the-start", 1, test_cancel_just_begun);
  add ("begun/calls-may-report-to-the-end-and-beyond", 1, test_progress_of_ended);

  add ("user/callback-waits-for-another-call", 2, test_callback_waits);
  add ("user/callback-waits-for-a-task", 2, test_callback_waits_for_task);
  add ("user/data-are-not-destroyed-by-a-waiting-thread", 1, test_destroy_while_waiting);
  add ("user/lines-are-not-logged-by-a-waiting-thread", 1, test_log_while_waiting);
#undef add

  return g_test_run ();
}
