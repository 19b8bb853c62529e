/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Process pools whose calls end their workers, that many threads use at once, that are shut down while they are busy, and
 * that come and go. What is asserted is bookkeeping: every future is settled once; it has the right result, or an error
 * for which there is a reason; and in the end there is no process, no descriptor and no shared memory more than there
 * was before. Workers that are killed from outside are in stress-chaos.c.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <cfutures.h>
#include <glib/gstdio.h>

#include "../await-error.h"
#include "../gates.h"
#include "../processes.h"
#include "bookkeeping.h"
#include "draining.h"
#include "race.h"
#include "stress-scale.h"

#define PAYLOAD_SIZE 100000
#define WINDOW 500

/* Calls */

static GVariant *
double_number (CfFuture  *future,
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

static void
take_memory (void)
{
  gsize *last = NULL;

  for (;;)
    {
      gsize *memory = g_malloc (1 << 20);

      memory[0] = (gsize) last;
      last = memory;
    }
}

static GVariant *
run_out_of_memory (CfFuture  *future,
                   GVariant  *args,
                   GError   **error)
{
  const struct rlimit limit = { 256 << 20, 256 << 20 };

  setrlimit (RLIMIT_AS, &limit);
  g_log_set_default_handler ((GLogFunc) abort, NULL);
  take_memory ();

  return NULL;
}

/* Calls that end their workers, among others */

#define N_WORKERS 4

/* Calls are awaited in order, and these end when they are awaited: if they held all workers, a call before them might not
 * get one. It can come to a worker after them, when its arguments take long to prepare or its worker has died. */
#define MAX_KILLED_CALLS (N_WORKERS - 1)

typedef enum
{
  SHORT_CALL,
  LARGE_CALL,
  CANCELLED_CALL,
  DEADLY_CALL,
  HANGING_CALL,
  KILLED_CALL,
} CallKind;

typedef struct
{
  CallKind    kind;
  gint64      number;
  CfFuture   *future;
  atomic_uint n_settled;
} MixedCall;

typedef struct
{
  CfExecutor *executor;
  GVariant   *payload;
  guint       n_calls;
  guint       n_to_be_killed; /* in this window */
  guint       n_right;
  guint       n_died;
  guint       n_timed_out;
  guint       n_cancelled;
} Mixture;

/* Most calls are short and harmless. */
static CallKind
choose_kind (Mixture *mixture)
{
  guint32 number = race_random () % 1000;

  if (number >= 60)
    return SHORT_CALL;
  if (number >= 40)
    return LARGE_CALL;
  if (number >= 14)
    return CANCELLED_CALL;
  if (number >= 12)
    return DEADLY_CALL;
  if (number >= 11)
    return HANGING_CALL;

  return mixture->n_to_be_killed++ < MAX_KILLED_CALLS ? KILLED_CALL : SHORT_CALL;
}

static CfFuture *
submit_deadly (CfExecutor *executor)
{
  const int signals[] = { SIGKILL, SIGSEGV, SIGABRT };
  guint32 way = race_random () % 5;

  if (way < G_N_ELEMENTS (signals))
    return cf_executor_submit (executor, die_by_signal, g_variant_new_int32 (signals[way]));

  /* Sanitizers take more address space than there is, to begin with. */
  if (way == 3 && !STRESS_IS_INSTRUMENTED)
    return cf_executor_submit (executor, run_out_of_memory, NULL);

  return cf_executor_submit (executor, exit_with_status, g_variant_new_int32 (way));
}

static CfFuture *
submit_hanging (CfExecutor *executor)
{
  g_autoptr (CfTask) task = cf_task_new (hang, NULL);

  cf_task_set_timeout (task, 1 + race_random () % 5000);
  return cf_executor_submit_task (executor, task);
}

static CfFuture *
submit_kind (Mixture   *mixture,
             MixedCall *call)
{
  switch (call->kind)
    {
    case LARGE_CALL:
      return cf_executor_submit (mixture->executor, echo, mixture->payload);

    case DEADLY_CALL:
      return submit_deadly (mixture->executor);

    case HANGING_CALL:
      return submit_hanging (mixture->executor);

    case KILLED_CALL:
      return cf_executor_submit (mixture->executor, hang, NULL);

    case SHORT_CALL:
    case CANCELLED_CALL:
    default:
      return cf_executor_submit (mixture->executor, double_number, g_variant_new_int64 (call->number));
    }
}

static void
count_settled (CfFuture *future,
               gpointer  counter)
{
  atomic_fetch_add ((atomic_uint *) counter, 1);
}

static void
begin_call (Mixture   *mixture,
            MixedCall *call,
            gint64     number)
{
  call->kind = choose_kind (mixture);
  call->number = number;
  atomic_init (&call->n_settled, 0);
  call->future = submit_kind (mixture, call);
  cf_future_add_done_callback_full (call->future, NULL, count_settled, &call->n_settled, NULL);

  if (call->kind == CANCELLED_CALL)
    cf_future_cancel (call->future);
}

static void
check_result (Mixture   *mixture,
              MixedCall *call)
{
  g_autoptr (GVariant) result = cf_future_await_variant (call->future, NULL);

  g_assert_nonnull (result);
  mixture->n_right++;

  if (call->kind == LARGE_CALL)
    {
      g_assert_cmpuint (g_variant_get_size (result), ==, PAYLOAD_SIZE);
      g_assert_cmpmem (g_variant_get_data (result), PAYLOAD_SIZE, g_variant_get_data (mixture->payload), PAYLOAD_SIZE);
      return;
    }

  g_assert_true (call->kind == SHORT_CALL || call->kind == CANCELLED_CALL);
  g_assert_cmpint (g_variant_get_int64 (result), ==, 2 * call->number);
}

static void
end_call (Mixture   *mixture,
          MixedCall *call)
{
  const GError *error;

  if (call->kind == KILLED_CALL)
    cf_future_cancel_full (call->future, CF_CANCEL_KILL);

  error = await_error (call->future);
  if (error == NULL)
    {
      check_result (mixture, call);
    }
  else if (call->kind == DEADLY_CALL)
    {
      g_assert_error (error, CF_ERROR, CF_ERROR_WORKER_DIED);
      mixture->n_died++;
    }
  else if (call->kind == HANGING_CALL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      mixture->n_timed_out++;
    }
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_true (call->kind == CANCELLED_CALL || call->kind == KILLED_CALL);
      mixture->n_cancelled++;
    }
}

static void
run_window (Mixture *mixture,
            guint    first,
            guint    n)
{
  MixedCall calls[WINDOW];

  mixture->n_to_be_killed = 0;
  for (guint i = 0; i < n; i++)
    begin_call (mixture, &calls[i], first + i);

  for (guint i = 0; i < n; i++)
    end_call (mixture, &calls[i]);

  /* What runs in the completing thread may come a little later than the result. */
  for (guint i = 0; i < n; i++)
    {
      race_await (&calls[i].n_settled, 1);
      g_object_unref (calls[i].future);
    }
  g_thread_yield ();
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (atomic_load (&calls[i].n_settled), ==, 1);
}

/* Returns a pool whose workers' standard error is not in the way. */
static CfExecutor *
new_silent_pool (guint max_workers)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_take_stderr_fd (launcher, g_open ("/dev/null", O_WRONLY | O_CLOEXEC, 0));
  return cf_process_pool_executor_new_with_launcher (max_workers, launcher);
}

static void
test_mixture (void)
{
  guint8 bytes[PAYLOAD_SIZE];
  Mixture mixture = { .n_calls = stress_scale (100000) };

  begin_bookkeeping ();
  for (guint i = 0; i < PAYLOAD_SIZE; i++)
    bytes[i] = i * 7 % 253;
  mixture.payload = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, PAYLOAD_SIZE, 1));
  mixture.executor = new_silent_pool (N_WORKERS);

  for (guint first = 0; first < mixture.n_calls; first += WINDOW)
    run_window (&mixture, first, MIN (WINDOW, mixture.n_calls - first));

  cf_executor_shutdown (mixture.executor, CF_SHUTDOWN_WAIT);
  g_object_unref (mixture.executor);
  g_variant_unref (mixture.payload);

  g_test_message ("%u calls: %u right, %u died, %u timed out, %u cancelled",
                  mixture.n_calls, mixture.n_right, mixture.n_died, mixture.n_timed_out, mixture.n_cancelled);
  g_assert_cmpuint (mixture.n_right + mixture.n_died + mixture.n_timed_out + mixture.n_cancelled, ==, mixture.n_calls);
  end_bookkeeping ();
}

/* Cancelling while calls run */

typedef struct
{
  CfFuture **futures;
  guint      n;
  gboolean   backwards;
  guint      n_cancelled;
} Canceller;

static gpointer
cancel_all (gpointer data)
{
  Canceller *canceller = data;

  for (guint i = 0; i < canceller->n; i++)
    {
      canceller->n_cancelled += cf_future_cancel (canceller->futures[canceller->backwards ? canceller->n - 1 - i : i]);

      /* The workers get as far as this. */
      if (i % 16 == 0)
        race_linger (50);
    }

  return NULL;
}

static void
test_cancel (void)
{
  const guint n = stress_scale (10000);
  g_autofree CfFuture **futures = g_new (CfFuture *, n);
  g_autoptr (CfExecutor) executor = cf_process_pool_executor_new (2);
  Canceller cancellers[2] = { { futures, n, FALSE, 0 }, { futures, n, TRUE, 0 } };
  GThread *threads[2];
  guint n_cancelled = 0;

  begin_bookkeeping ();
  make_short_calls (executor);
  for (guint i = 0; i < n; i++)
    futures[i] = cf_executor_submit (executor, double_number, g_variant_new_int64 (i));

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("canceller", cancel_all, &cancellers[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  for (guint i = 0; i < n; i++)
    {
      if (cf_future_is_cancelled (futures[i]))
        n_cancelled++;
      else
        g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, 2 * (gint64) i);
      g_object_unref (futures[i]);
    }

  /* Each of them was told TRUE about all that are cancelled, but for those that ran when it came by. */
  g_test_message ("%u of %u cancelled", n_cancelled, n);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (cancellers[i].n_cancelled, <=, n_cancelled);
  g_assert_cmpuint (cancellers[0].n_cancelled + cancellers[1].n_cancelled, >=, n_cancelled);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 0);
  g_clear_object (&executor);
  end_bookkeeping ();
}

/* Many threads */

typedef struct
{
  CfExecutor *executor;
  gint64      first;
  guint       n_calls;
} Load;

static gpointer
submit_and_wait (gpointer data)
{
  Load *load = data;
  enum { N_AHEAD = 64 };
  CfFuture *futures[N_AHEAD];

  for (guint begin = 0; begin < load->n_calls; begin += N_AHEAD)
    {
      guint n = MIN (N_AHEAD, load->n_calls - begin);
      guint n_ahead = 1 + race_random () % n;

      for (guint i = 0; i < n; i++)
        {
          futures[i] = cf_executor_submit (load->executor, double_number, g_variant_new_int64 (load->first + begin + i));
          if (i % n_ahead == 0)
            cf_future_wait (futures[i], -1, NULL, NULL);
        }

      for (guint i = 0; i < n; i++)
        {
          g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, 2 * (load->first + begin + i));
          g_object_unref (futures[i]);
        }
    }

  return NULL;
}

static void
test_many_threads (void)
{
  enum { N_THREADS = 8 };
  g_autoptr (CfExecutor) executor = cf_process_pool_executor_new (3);
  GThread *threads[N_THREADS];
  Load loads[N_THREADS];
  guint64 n_completed = 0;

  begin_bookkeeping ();
  for (guint i = 0; i < N_THREADS; i++)
    {
      loads[i] = (Load) { executor, 1000000 * (gint64) i, stress_scale (10000) };
      threads[i] = g_thread_new ("submitter", submit_and_wait, &loads[i]);
      n_completed += loads[i].n_calls;
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_assert_cmpuint (cf_executor_get_n_completed (executor), ==, n_completed);
  g_clear_object (&executor);
  end_bookkeeping ();
}

/* Pools that come and go */

static void
test_pools (void)
{
  enum { MAX_CALLS = 20 };
  guint n_rounds = stress_scale (300);

  begin_bookkeeping ();
  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (CfExecutor) executor = cf_process_pool_executor_new (1 + race_random () % 3);
      CfFuture *futures[MAX_CALLS];
      guint n_calls = race_random () % MAX_CALLS;

      for (guint i = 0; i < n_calls; i++)
        futures[i] = cf_executor_submit (executor, double_number, g_variant_new_int64 (i));

      if (race_random () % 2 == 0)
        cf_executor_shutdown (executor, race_random () % 2 == 0 ? CF_SHUTDOWN_WAIT : CF_SHUTDOWN_DEFAULT);
      g_clear_object (&executor);

      for (guint i = 0; i < n_calls; i++)
        {
          g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, 2 * i);
          g_object_unref (futures[i]);
        }
    }
  end_bookkeeping ();
}

/* Shutting down while others submit */

typedef struct
{
  CfExecutor  *executor;
  GPtrArray   *futures;
  atomic_bool *is_begun;
} Submitter;

static gpointer
submit_until_shut_down (gpointer data)
{
  Submitter *submitter = data;
  gboolean is_over = FALSE;

  for (gint64 i = 0; !is_over; i++)
    {
      is_over = cf_executor_is_shut_down (submitter->executor);
      g_ptr_array_add (submitter->futures,
                       cf_executor_submit (submitter->executor, double_number, g_variant_new_int64 (i)));
      if (i == 10)
        atomic_store (submitter->is_begun, true);
      if (i % 200 == 199)
        cf_future_wait (g_ptr_array_index (submitter->futures, i), -1, NULL, NULL);
    }

  return NULL;
}

static void
check_submitted (Submitter *submitter,
                 gboolean   may_be_cancelled)
{
  for (guint i = 0; i < submitter->futures->len; i++)
    {
      CfFuture *future = g_ptr_array_index (submitter->futures, i);
      const GError *error = await_error (future);

      if (error == NULL)
        g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 2 * (gint64) i);
      else if (!cf_future_is_cancelled (future))
        g_assert_error (error, CF_ERROR, CF_ERROR_SHUT_DOWN);
      else
        g_assert_true (may_be_cancelled);
    }
  g_ptr_array_unref (submitter->futures);
}

static void
test_shutdown (void)
{
  enum { N_THREADS = 3 };
  guint n_rounds = stress_scale (150);

  begin_bookkeeping ();
  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (CfExecutor) executor = cf_process_pool_executor_new (2);
      gboolean cancels = race_random () % 2 == 0;
      Submitter submitters[N_THREADS];
      GThread *threads[N_THREADS];
      atomic_bool is_begun = false;

      for (guint i = 0; i < N_THREADS; i++)
        {
          submitters[i] = (Submitter) { executor, g_ptr_array_new_with_free_func (g_object_unref), &is_begun };
          threads[i] = g_thread_new ("submitter", submit_until_shut_down, &submitters[i]);
        }

      yield_until (atomic_load (&is_begun));
      race_linger (race_random () % 10000);
      cf_executor_shutdown (executor, (race_random () % 2 == 0 ? CF_SHUTDOWN_WAIT : 0) | (cancels ? CF_SHUTDOWN_CANCEL_PENDING : 0));

      for (guint i = 0; i < N_THREADS; i++)
        {
          g_thread_join (threads[i]);
          check_submitted (&submitters[i], cancels);
        }
    }
  end_bookkeeping ();
}

/* Dropping a pool while its last call is cancelled, after which nothing of it is left */

typedef struct
{
  CfExecutor *executor;
  CfFuture   *future;
} LastCall;

static void
submit_last_call (gpointer scene)
{
  LastCall *last = scene;

  last->executor = cf_process_pool_executor_new (1);
  last->future = cf_executor_submit (last->executor, double_number, g_variant_new_int64 (1));
}

static void
drop_pool (gpointer scene)
{
  LastCall *last = scene;

  g_clear_object (&last->executor);
}

static void
cancel_last_call (gpointer scene)
{
  LastCall *last = scene;

  race_delay (500);
  cf_future_cancel (last->future);
}

static void
check_last_call (gpointer scene)
{
  LastCall *last = scene;

  if (!cf_future_is_cancelled (last->future))
    g_assert_cmpint (cf_future_await_int64 (last->future, NULL), ==, 2);
  g_clear_object (&last->future);
}

static void
test_cancel_last_call (void)
{
  const Race race = { submit_last_call, { drop_pool, cancel_last_call }, check_last_call };
  LastCall last;

  begin_bookkeeping ();
  race_run (&race, &last, stress_scale (5000));
  end_bookkeeping ();
}

/* Ending a pool the hard way */

static void
test_kill (void)
{
  enum { N_CALLS = 200 };
  guint n_rounds = stress_scale (50);

  begin_bookkeeping ();
  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (CfExecutor) executor = cf_process_pool_executor_new (3);
      CfFuture *futures[N_CALLS];

      for (guint i = 0; i < N_CALLS; i++)
        futures[i] = cf_executor_submit (executor, double_number, g_variant_new_int64 (i));
      race_linger (race_random () % 20000);

      if (race_random () % 2 == 0)
        cf_process_pool_executor_kill_workers (CF_PROCESS_POOL_EXECUTOR (executor));
      else
        cf_process_pool_executor_terminate_workers (CF_PROCESS_POOL_EXECUTOR (executor));

      for (guint i = 0; i < N_CALLS; i++)
        {
          const GError *error = await_error (futures[i]);

          if (error == NULL)
            g_assert_cmpint (cf_future_await_int64 (futures[i], NULL), ==, 2 * i);
          else if (!cf_future_is_cancelled (futures[i]))
            g_assert_error (error, CF_ERROR, CF_ERROR_WORKER_DIED);
          g_object_unref (futures[i]);
        }
    }
  end_bookkeeping ();
}

/* An executor that hands its calls on to a pool of processes, and is asked for its counts meanwhile */

#define FORWARDING_TYPE_EXECUTOR (forwarding_executor_get_type ())
G_DECLARE_FINAL_TYPE (ForwardingExecutor, forwarding_executor, FORWARDING, EXECUTOR, CfExecutor)

struct _ForwardingExecutor
{
  CfExecutor  parent_instance;
  CfExecutor *pool;
};

G_DEFINE_FINAL_TYPE (ForwardingExecutor, forwarding_executor, CF_TYPE_EXECUTOR)

static void
forwarding_executor_execute (CfExecutor *executor,
                             CfFuture   *future)
{
  CfExecutor *pool = FORWARDING_EXECUTOR (executor)->pool;

  CF_EXECUTOR_GET_CLASS (pool)->execute (pool, future);
}

static void
forwarding_executor_dispose (GObject *object)
{
  g_clear_object (&FORWARDING_EXECUTOR (object)->pool);
  G_OBJECT_CLASS (forwarding_executor_parent_class)->dispose (object);
}

static void
forwarding_executor_class_init (ForwardingExecutorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = forwarding_executor_dispose;
  CF_EXECUTOR_CLASS (klass)->execute = forwarding_executor_execute;
}

static void
forwarding_executor_init (ForwardingExecutor *self)
{
  self->pool = cf_process_pool_executor_new (1);
}

typedef struct
{
  CfExecutor   *executor;
  _Atomic guint n_asked;
  atomic_bool   is_over;
} Counting;

static gpointer
ask_for_counts (gpointer data)
{
  Counting *counting = data;

  while (!atomic_load (&counting->is_over))
    {
      cf_executor_get_n_pending (counting->executor);
      counting->n_asked++;
    }

  return NULL;
}

static void
test_counts_of_forwarded_calls (void)
{
  guint n_calls = stress_scale (100000);
  Counting counting = { .executor = NULL };
  GThread *asker;

  begin_bookkeeping ();
  counting.executor = g_object_new (FORWARDING_TYPE_EXECUTOR, NULL);
  asker = g_thread_new ("asker", ask_for_counts, &counting);

  for (guint i = 0; i < n_calls; i++)
    {
      g_autoptr (CfFuture) future = cf_executor_submit (counting.executor, double_number, g_variant_new_int64 (i));

      if (!cf_future_cancel (future))
        g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 2 * i);
    }
  yield_until (counting.n_asked > 0);

  atomic_store (&counting.is_over, true);
  g_thread_join (asker);
  cf_executor_shutdown (FORWARDING_EXECUTOR (counting.executor)->pool, CF_SHUTDOWN_WAIT);
  g_clear_object (&counting.executor);
  end_bookkeeping ();
}

/* Each of several threads drains the pool that all of them keep busy: whether its calls are made, are cancelled, or take
 * their worker along, they are done then. */

typedef struct
{
  CfExecutor *executor;
  guint       n_rounds;
} Draining;

static CfFuture *
submit_one_of_many (CfExecutor *executor,
                    guint       round,
                    guint       i)
{
  if (i == 0 && round % 64 == 63)
    return cf_executor_submit (executor, die_by_signal, g_variant_new_int32 (SIGKILL));

  return cf_executor_submit (executor, double_number, g_variant_new_int64 (i));
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
        futures[i] = submit_one_of_many (draining->executor, round, i);
      cf_future_cancel (futures[round % N_CALLS]);

      g_assert_true (cf_executor_drain (draining->executor, NULL, NULL));
      for (guint i = 0; i < N_CALLS; i++)
        {
          g_assert_true (cf_future_is_done (futures[i]));
          await_error (futures[i]);
          g_object_unref (futures[i]);
        }
    }

  return NULL;
}

static void
test_drained_while_busy (void)
{
  enum { N_DRAINERS = 3 };
  CfExecutor *executor;
  Draining draining = { .n_rounds = stress_scale (300) };
  GThread *threads[N_DRAINERS];

  begin_bookkeeping ();
  draining.executor = executor = new_silent_pool (2);
  for (guint i = 0; i < N_DRAINERS; i++)
    threads[i] = g_thread_new ("drainer", submit_and_drain, &draining);
  for (guint i = 0; i < N_DRAINERS; i++)
    g_thread_join (threads[i]);

  g_assert_true (cf_executor_drain (executor, NULL, NULL));
  g_assert_cmpuint (cf_executor_get_n_pending (executor) + cf_executor_get_n_running (executor), ==, 0);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_object_unref (executor);
  end_bookkeeping ();
}

/* A thread that drains the pool while its last call is cancelled finds that call done. */

static CfFuture *
submit_number (CfExecutor *executor)
{
  return cf_executor_submit (executor, double_number, g_variant_new_int64 (1));
}

static void
test_drained_while_cancelled (void)
{
  CfExecutor *executor;

  begin_bookkeeping ();
  executor = cf_process_pool_executor_new (1);
  race_drain_with_cancel (executor, submit_number, stress_scale (10000));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_object_unref (executor);
  end_bookkeeping ();
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  forbid_cores ();
  open_what_stays_open ();

  g_test_add_func ("/process-pool/calls-that-end-their-workers", test_mixture);
  g_test_add_func ("/process-pool/cancel-while-running", test_cancel);
  g_test_add_func ("/process-pool/many-threads", test_many_threads);
  g_test_add_func ("/process-pool/come-and-go", test_pools);
  g_test_add_func ("/process-pool/shutdown-races-submission", test_shutdown);
  g_test_add_func ("/process-pool/dropped-while-the-last-call-is-cancelled", test_cancel_last_call);
  g_test_add_func ("/process-pool/killed-when-busy", test_kill);
  g_test_add_func ("/process-pool/counts-of-forwarded-calls", test_counts_of_forwarded_calls);
  g_test_add_func ("/process-pool/drained-while-busy", test_drained_while_busy);
  g_test_add_func ("/process-pool/drained-while-the-last-call-is-cancelled", test_drained_while_cancelled);

  return g_test_run ();
}
