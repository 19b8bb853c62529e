/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chaos: very many calls in processes that are killed, stopped and continued all the while, and very many in threads.
 *
 *      main thread ── windows of calls ──→ pool ──→ workers ──→ record: who began which call
 *      killer      ── SIGKILL, every 50 calls on average ──→ ↑
 *      stopper     ── SIGSTOP, SIGCONT ────────────────────→ ↑
 *
 * Exactly the calls that ran in a worker that was killed fail, and each names that worker; no call is begun twice; all
 * others have the right result. Every worker that is killed is noted before, and the *record*, memory that the workers
 * share with the program, tells which of them began a call.
 *
 * Nothing grows: descriptors, maps, threads and memory are as many in the last tenth of the calls as in the first.
 *
 * The counts here are a tenth of the whole, which `build-aux/check --long` runs (stress-scale.h). */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cfutures.h>
#include <glib/gstdio.h>

#include "../await-error.h"
#include "../gates.h"
#include "../processes.h"
#include "bookkeeping.h"
#include "race.h"
#include "stress-scale.h"

#define N_PROCESS_CALLS 100000
#define N_THREAD_CALLS  1000000
#define N_WORKERS       4
#define WINDOW          200
#define PAYLOAD_SIZE    100000

#define CALLS_PER_KILL  50
#define MAX_CALL_USEC   100
#define MAX_STOP_USEC   2000
#define MAX_GO_USEC     5000

/* Whether anything grows. */

/* How often each tenth is looked at. What comes and goes, such as a worker, is not there at some of these times. */
#define N_LOOKS_PER_TENTH 20

/* What the C library and GLib get themselves at some time. A leak of one thing each hundred kills, or of a few bytes each
 * call, is more. */
#define NOISE_DESCRIPTORS 4
#define NOISE_MAPS        12
#define NOISE_KIB         2048

/* The stack of a thread and its guard, and the memory that it allocates from. */
#define MAPS_PER_THREAD   4

typedef struct
{
  guint n_descriptors;
  guint n_maps;
  guint n_threads;
  guint n_kib;
} Usage;

typedef struct
{
  guint n_calls;
  guint next;
  Usage first;
  Usage last;
} Growth;

static guint
count_maps (void)
{
  g_autofree char *maps = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *line = maps; (line = strchr (line, '\n')) != NULL; line++)
    n++;

  return n;
}

static void
note_usage (Usage *least)
{
  least->n_descriptors = MIN (least->n_descriptors, count_descriptors ());
  least->n_maps = MIN (least->n_maps, count_maps ());
  least->n_threads = MIN (least->n_threads, (guint) read_process_status ("self", "\nThreads:"));
  least->n_kib = MIN (least->n_kib, (guint) read_process_status ("self", "\nRssAnon:"));
}

static void
growth_begin (Growth *self,
              guint   n_calls)
{
  const Usage most = { G_MAXUINT, G_MAXUINT, G_MAXUINT, G_MAXUINT };

  *self = (Growth) { .n_calls = n_calls, .first = most, .last = most };
}

/* After each window, when no call is under way. */
static void
growth_note (Growth *self,
             guint   n_done)
{
  if (n_done < self->next && n_done < self->n_calls)
    return;

  self->next = n_done + self->n_calls / (10 * N_LOOKS_PER_TENTH);
  if (n_done <= self->n_calls / 10 || self->first.n_kib == G_MAXUINT)
    note_usage (&self->first);
  else if (n_done > self->n_calls - self->n_calls / 10)
    note_usage (&self->last);
}

/* @n_threads: how many more there may be */
static void
growth_end (Growth *self,
            guint   n_threads)
{
  const Usage *first = &self->first;
  const Usage *last = &self->last;

  g_test_message ("in the first and the last tenth: %u and %u descriptors, %u and %u maps, %u and %u threads, "
                  "%u and %u KiB",
                  first->n_descriptors, last->n_descriptors, first->n_maps, last->n_maps,
                  first->n_threads, last->n_threads, first->n_kib, last->n_kib);

  g_assert_cmpuint (last->n_descriptors, <=, first->n_descriptors + NOISE_DESCRIPTORS);
  g_assert_cmpuint (last->n_threads, <=, first->n_threads + n_threads);

  /* Sanitizers keep memory that was freed. */
  if (STRESS_IS_INSTRUMENTED)
    return;
  g_assert_cmpuint (last->n_maps, <=, first->n_maps + NOISE_MAPS + n_threads * MAPS_PER_THREAD);
  g_assert_cmpuint (last->n_kib, <=, first->n_kib + NOISE_KIB);
}

/* The record. */

#define RECORD_VARIABLE "CHAOS_RECORD"

typedef struct
{
  atomic_uint n_begun;
  atomic_int  pid; /* who began it last */
} Entry;

/* Returns the record of all calls of this process, or in a worker that of its parent. */
static Entry *
get_record (void)
{
  static Entry *record;
  const char *path = g_getenv (RECORD_VARIABLE);
  struct stat status;
  int descriptor;

  if (record != NULL)
    return record;

  descriptor = g_open (path, O_RDWR | O_CLOEXEC, 0);
  g_assert_no_errno (descriptor);
  g_assert_no_errno (fstat (descriptor, &status));
  record = mmap (NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  g_assert_true (record != MAP_FAILED);
  g_close (descriptor, NULL);

  return record;
}

/* Keeps the descriptor, which workers open it by. */
static void
create_record (guint n_calls)
{
  int descriptor = memfd_create ("chaos-record", MFD_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/%d", getpid (), descriptor);

  g_assert_no_errno (descriptor);
  g_assert_no_errno (ftruncate (descriptor, n_calls * sizeof (Entry)));
  g_setenv (RECORD_VARIABLE, path, TRUE);
  get_record ();
}

static void
record_begin (guint number)
{
  Entry *entry = &get_record ()[number];

  atomic_store (&entry->pid, getpid ());
  atomic_fetch_add (&entry->n_begun, 1);
}

/* What is called in the workers. */

static GVariant *
double_number (CfFuture  *future,
               GVariant  *args,
               GError   **error)
{
  guint32 number = g_variant_get_uint32 (args);

  record_begin (number);
  race_linger (MAX_CALL_USEC);

  return g_variant_new_int64 (2 * (gint64) number);
}

static GVariant *
echo (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  g_autoptr(GVariant) bytes = NULL;
  guint32 number;

  g_variant_get (args, "(u@ay)", &number, &bytes);
  record_begin (number);

  return g_steal_pointer (&bytes);
}

/* Processes. */

typedef enum
{
  SHORT_CALL,
  LARGE_CALL,
  CANCELLED_CALL,
} CallKind;

/* More than there are in the windows whose calls can still be told of them. */
#define N_KILLS_KEPT 1000

typedef struct
{
  int      pid;
  guint64  start_time; /* tells it from others that had its pid */
  gboolean is_blamed;  /* for the call that it was making */
} Kill;

typedef struct
{
  CfExecutor  *executor;
  GVariant    *payload;
  guint        n_calls;
  atomic_bool  is_over;
  atomic_uint  n_settled;
  atomic_uint  next_kill;   /* after so many calls */

  guint        n_right;
  guint        n_cancelled;
  guint        n_failed;
  guint        n_failed_begun;

  GMutex       mutex;
  Kill         kills[N_KILLS_KEPT];
  guint        n_killed;

  guint        n_stopped; /* the stopper's */
} Chaos;

typedef struct
{
  Chaos      *chaos;
  CallKind    kind;
  guint       number;
  CfFuture   *future;
  gboolean    is_cancelled;
  atomic_uint n_settled;
} ChaosCall;

static CallKind
choose_kind (void)
{
  guint32 number = race_random () % 1000;

  if (number >= 50)
    return SHORT_CALL;

  return number >= 30 ? LARGE_CALL : CANCELLED_CALL;
}

static void
on_settled (CfFuture *future,
            gpointer  data)
{
  ChaosCall *call = data;

  atomic_fetch_add (&call->chaos->n_settled, 1);
  atomic_fetch_add (&call->n_settled, 1);
}

static void
begin_call (Chaos     *chaos,
            ChaosCall *call,
            guint      number)
{
  *call = (ChaosCall) { .chaos = chaos, .kind = choose_kind (), .number = number };

  if (call->kind == LARGE_CALL)
    call->future = cf_executor_submit (chaos->executor, echo, g_variant_new ("(u@ay)", number, chaos->payload));
  else
    call->future = cf_executor_submit (chaos->executor, double_number, g_variant_new_uint32 (number));
  cf_future_add_done_callback_full (call->future, NULL, on_settled, call, NULL);

  if (call->kind == CANCELLED_CALL)
    call->is_cancelled = cf_future_cancel (call->future);
}

static void
check_right (Chaos     *chaos,
             ChaosCall *call)
{
  g_autoptr(GVariant) result = cf_future_await_variant (call->future, NULL);

  chaos->n_right++;
  g_assert_cmpuint (atomic_load (&get_record ()[call->number].n_begun), ==, 1);
  if (call->kind == LARGE_CALL)
    g_assert_cmpmem (g_variant_get_data (result), g_variant_get_size (result),
                     g_variant_get_data (chaos->payload), PAYLOAD_SIZE);
  else
    g_assert_cmpint (g_variant_get_int64 (result), ==, 2 * (gint64) call->number);
}

/* Says that the worker was killed because of which a call failed, and is to blame for no other. Returns FALSE if that is
 * not so. */
static gboolean
blame (Chaos *chaos,
       int    pid)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&chaos->mutex);

  for (guint i = 0; i < MIN (chaos->n_killed, N_KILLS_KEPT); i++)
    {
      Kill *killed = &chaos->kills[i];

      if (killed->pid == pid && !killed->is_blamed)
        {
          killed->is_blamed = TRUE;
          return TRUE;
        }
    }

  return FALSE;
}

/* Returns which worker a call failed with. */
static int
read_pid (const GError *error)
{
  const char *name = strstr (error->message, "worker process ");

  g_assert_error (error, CF_ERROR, CF_ERROR_WORKER_DIED);
  g_assert_nonnull (name);
  assert_message (error, "was killed by signal 9");

  return atoi (name + strlen ("worker process "));
}

/* It had been taken by the worker, but need not have got as far as its function. */
static void
check_failed (Chaos        *chaos,
              ChaosCall    *call,
              const GError *error)
{
  Entry *entry = &get_record ()[call->number];
  int pid = read_pid (error);
  guint n_begun = atomic_load (&entry->n_begun);

  if (!blame (chaos, pid))
    g_error ("That worker was not killed, or is to blame for another call: %s", error->message);
  g_assert_cmpuint (n_begun, <=, 1);
  if (n_begun == 1)
    g_assert_cmpint (atomic_load (&entry->pid), ==, pid);
  chaos->n_failed++;
  chaos->n_failed_begun += n_begun;
}

static void
end_call (Chaos     *chaos,
          ChaosCall *call)
{
  const GError *error = await_error (call->future);

  g_assert_true (cf_future_is_cancelled (call->future) == call->is_cancelled);
  if (call->is_cancelled)
    chaos->n_cancelled++;
  else if (error == NULL)
    check_right (chaos, call);
  else
    check_failed (chaos, call, error);
}

static int
choose_worker (Chaos *chaos)
{
  gsize n_pids = 0;
  g_autofree int *pids = cf_process_pool_executor_get_worker_pids (CF_PROCESS_POOL_EXECUTOR (chaos->executor), &n_pids);

  return n_pids > 0 ? pids[race_random () % n_pids] : 0;
}

/* Returns when a process began, or 0 if it has ended. */
static guint64
read_start_time (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  g_auto(GStrv) fields = NULL;
  enum { STATE = 1, START_TIME = 20 };

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;

  fields = g_strsplit (strrchr (text, ')'), " ", -1);
  return strcmp (fields[STATE], "Z") != 0 ? g_ascii_strtoull (fields[START_TIME], NULL, 10) : 0;
}

/* Returns FALSE if the process was noted before. */
static gboolean
note_kill (Chaos   *chaos,
           int      pid,
           guint64  start_time)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&chaos->mutex);

  for (guint i = 0; i < MIN (chaos->n_killed, N_KILLS_KEPT); i++)
    {
      if (chaos->kills[i].pid == pid && chaos->kills[i].start_time == start_time)
        return FALSE;
    }

  chaos->kills[chaos->n_killed++ % N_KILLS_KEPT] = (Kill) { .pid = pid, .start_time = start_time };
  return TRUE;
}

/* Kills some worker that has not been killed yet. */
static gboolean
kill_worker (Chaos *chaos)
{
  int pid = choose_worker (chaos);
  guint64 start_time = pid > 0 ? read_start_time (pid) : 0;

  return start_time > 0 && note_kill (chaos, pid, start_time) && kill (pid, SIGKILL) == 0;
}

static gpointer
kill_workers (gpointer data)
{
  Chaos *chaos = data;

  while (!atomic_load (&chaos->is_over))
    {
      if (atomic_load (&chaos->n_settled) < atomic_load (&chaos->next_kill))
        g_usleep (50);
      else if (kill_worker (chaos))
        atomic_fetch_add (&chaos->next_kill, race_random () % (2 * CALLS_PER_KILL + 1));
      else
        g_thread_yield ();
    }

  return NULL;
}

static gpointer
stop_workers (gpointer data)
{
  Chaos *chaos = data;

  while (!atomic_load (&chaos->is_over))
    {
      int pid = choose_worker (chaos);

      if (pid > 0 && kill (pid, SIGSTOP) == 0)
        {
          g_usleep (race_random () % MAX_STOP_USEC);
          kill (pid, SIGCONT);
          chaos->n_stopped++;
        }
      g_usleep (race_random () % MAX_GO_USEC);
    }

  return NULL;
}

static void
run_window (Chaos *chaos,
            guint  first,
            guint  n)
{
  ChaosCall calls[WINDOW];

  for (guint i = 0; i < n; i++)
    begin_call (chaos, &calls[i], first + i);

  for (guint i = 0; i < n; i++)
    end_call (chaos, &calls[i]);

  /* What runs in the completing thread may come a little later than the result. */
  for (guint i = 0; i < n; i++)
    {
      race_await (&calls[i].n_settled, 1);
      g_object_unref (calls[i].future);
    }
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (atomic_load (&calls[i].n_settled), ==, 1);

  /* The killer may not have kept up. None is started while there are no calls. */
  yield_until (atomic_load (&chaos->next_kill) > atomic_load (&chaos->n_settled) || count_workers (chaos->executor) == 0);
}

/* No call was begun a second time, also not after its future was settled. */
static void
check_record (Chaos *chaos)
{
  guint n_begun = 0;

  for (guint i = 0; i < chaos->n_calls; i++)
    {
      g_assert_cmpuint (atomic_load (&get_record ()[i].n_begun), <=, 1);
      n_begun += atomic_load (&get_record ()[i].n_begun);
    }
  g_assert_cmpuint (n_begun, ==, chaos->n_right + chaos->n_failed_begun);
}

/* Returns a value of which nothing is the same as in its neighbours. */
static GVariant *
make_payload (void)
{
  g_autofree guint8 *bytes = g_malloc (PAYLOAD_SIZE);

  for (guint i = 0; i < PAYLOAD_SIZE; i++)
    bytes[i] = i * 7 % 253;

  return g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, PAYLOAD_SIZE, 1));
}

static void
test_processes (void)
{
  Chaos chaos = { .n_calls = stress_scale (N_PROCESS_CALLS) };
  GThread *threads[2];
  Growth growth;

  begin_bookkeeping ();
  g_mutex_init (&chaos.mutex);
  chaos.payload = make_payload ();
  chaos.executor = cf_process_pool_executor_new (N_WORKERS);
  threads[0] = g_thread_new ("killer", kill_workers, &chaos);
  threads[1] = g_thread_new ("stopper", stop_workers, &chaos);

  growth_begin (&growth, chaos.n_calls);
  for (guint first = 0; first < chaos.n_calls; first += WINDOW)
    {
      guint n = MIN (WINDOW, chaos.n_calls - first);

      run_window (&chaos, first, n);
      growth_note (&growth, first + n);
    }

  atomic_store (&chaos.is_over, true);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  cf_executor_shutdown (chaos.executor, CF_SHUTDOWN_WAIT);
  g_object_unref (chaos.executor);

  g_test_message ("%u calls: %u right, %u cancelled, %u failed; %u workers killed, %u times one stopped",
                  chaos.n_calls, chaos.n_right, chaos.n_cancelled, chaos.n_failed, chaos.n_killed, chaos.n_stopped);
  g_assert_cmpuint (chaos.n_right + chaos.n_cancelled + chaos.n_failed, ==, chaos.n_calls);
  g_assert_cmpuint (chaos.n_failed, <=, chaos.n_killed);
  check_record (&chaos);
  growth_end (&growth, 0);

  g_variant_unref (chaos.payload);
  g_mutex_clear (&chaos.mutex);
  end_bookkeeping ();
}

/* Threads. */

typedef enum
{
  LOCAL_CALL,
  PORTABLE_CALL,
  TASK_CALL,
  NESTED_CALL,
  WITHDRAWN_CALL,
} ThreadCallKind;

typedef struct
{
  CfExecutor     *executor;
  ThreadCallKind  kind;
  guint           number;
  CfFuture       *future;
  gboolean        is_cancelled;
} ThreadCall;

static gboolean
return_number (CfFuture  *future,
               GValue    *result,
               gpointer   user_data,
               GError   **error)
{
  g_value_init (result, G_TYPE_INT64);
  g_value_set_int64 (result, GPOINTER_TO_UINT (user_data));

  return TRUE;
}

static GVariant *
return_arguments (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  return g_variant_ref (args);
}

/* Submits to its own pool, and waits, with a limit or without. */
static gboolean
return_number_of_other (CfFuture  *future,
                        GValue    *result,
                        gpointer   user_data,
                        GError   **error)
{
  ThreadCall *call = user_data;
  g_autoptr(CfFuture) other = cf_executor_submit_local (call->executor, return_number,
                                                        GUINT_TO_POINTER (call->number), NULL);

  cf_future_wait (other, call->number % 2 == 0 ? -1 : G_TIME_SPAN_HOUR, NULL, NULL);
  g_value_init (result, G_TYPE_INT64);
  g_value_set_int64 (result, cf_future_await_int64 (other, NULL));

  return TRUE;
}

static ThreadCallKind
choose_thread_kind (void)
{
  guint32 number = race_random () % 1000;

  if (number >= 100)
    return LOCAL_CALL;
  if (number >= 60)
    return PORTABLE_CALL;
  if (number >= 40)
    return WITHDRAWN_CALL;

  return number >= 5 ? TASK_CALL : NESTED_CALL;
}

static CfFuture *
submit_task (ThreadCall *call)
{
  g_autoptr(CfTask) task = cf_task_new_local (return_number, GUINT_TO_POINTER (call->number), NULL);

  cf_task_set_priority (task, (int) (call->number % 7) - 3);
  cf_task_set_timeout (task, G_TIME_SPAN_HOUR);

  return cf_executor_submit_task (call->executor, task);
}

static CfFuture *
submit_thread_call (ThreadCall *call)
{
  switch (call->kind)
    {
    case PORTABLE_CALL:
      return cf_executor_submit (call->executor, return_arguments, g_variant_new_int64 (call->number));

    case TASK_CALL:
      return submit_task (call);

    case NESTED_CALL:
      return cf_executor_submit_local (call->executor, return_number_of_other, call, NULL);

    case LOCAL_CALL:
    case WITHDRAWN_CALL:
    default:
      return cf_executor_submit_local (call->executor, return_number, GUINT_TO_POINTER (call->number), NULL);
    }
}

/* Returns how many calls of the window were cancelled. */
static guint
run_thread_window (CfExecutor *executor,
                   guint       first,
                   guint       n)
{
  ThreadCall calls[WINDOW];
  guint n_cancelled = 0;

  for (guint i = 0; i < n; i++)
    {
      calls[i] = (ThreadCall) { .executor = executor, .kind = choose_thread_kind (), .number = first + i };
      calls[i].future = submit_thread_call (&calls[i]);
      if (calls[i].kind == WITHDRAWN_CALL)
        calls[i].is_cancelled = cf_future_cancel (calls[i].future);
    }

  for (guint i = 0; i < n; i++)
    {
      const GError *error = await_error (calls[i].future);

      g_assert_true (cf_future_is_cancelled (calls[i].future) == calls[i].is_cancelled);
      g_assert_true ((error != NULL) == calls[i].is_cancelled);
      if (error == NULL)
        g_assert_cmpint (cf_future_await_int64 (calls[i].future, NULL), ==, calls[i].number);
      n_cancelled += calls[i].is_cancelled;
      g_object_unref (calls[i].future);
    }

  return n_cancelled;
}

static void
test_threads (void)
{
  guint n_calls = stress_scale (N_THREAD_CALLS);
  guint n_cancelled = 0;
  CfExecutor *executor;
  Growth growth;

  begin_bookkeeping ();
  executor = cf_thread_pool_executor_new (N_WORKERS);

  growth_begin (&growth, n_calls);
  for (guint first = 0; first < n_calls; first += WINDOW)
    {
      guint n = MIN (WINDOW, n_calls - first);

      n_cancelled += run_thread_window (executor, first, n);
      growth_note (&growth, first + n);
    }

  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  g_object_unref (executor);
  g_test_message ("%u calls: %u cancelled", n_calls, n_cancelled);
  growth_end (&growth, 2 * N_WORKERS); /* substitutes */
  end_bookkeeping ();
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  forbid_cores ();
  create_record (stress_scale (N_PROCESS_CALLS));
  open_what_stays_open ();

  g_test_add_func ("/chaos/processes", test_processes);
  g_test_add_func ("/chaos/threads", test_threads);

  return g_test_run ();
}
