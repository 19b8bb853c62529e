/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scheduler: the threads of a pool, and which call each of them makes next.
 *
 *      other threads ──submit──→ [shared queue, by priority]
 *                                       │ one, or a share of many short ones
 *                                       ↓
 *      a worker's own calls ──→ [its deque] ──first in, first out──→ the worker
 *                                   ↑   └────────steal──────→ workers that have nothing to do
 *                     a nested wait takes back what was pushed last
 *
 * A worker looks for its next call in this order: urgent ones in the shared queue; its own deque; the default
 * priority in the shared queue; other workers' deques; the rest of the shared queue. Every so often the shared
 * queue comes first, lest calls that submit calls keep everybody else out. As long as calls turn out to be
 * short it takes several at once into its deque, where others can steal them; otherwise one at a time, so that
 * calls begin in the order of their submission.
 *
 * **Who owns what.** The scheduler is counted: by its executor and by each of its threads, so that what was
 * submitted still runs when the executor is gone. `mutex` guards the threads' coming and going: the idle list
 * and what follows it in the struct. A worker's deque, counters and flags are written by its own thread. Queues
 * own a reference to each future in them.
 *
 * **Active and searching.** A worker is *active* unless it sleeps in the idle list or blocks in a call; at most
 * `max_workers` are, but for those that come back from blocking (they finish their call, then sleep). It is
 * *searching* while it is active and has no call. A submitter that finds a searching worker does nothing more;
 * otherwise it wakes one, or starts one, and counts it as searching there and then, so that the next submitter
 * does not wake another. A searching worker that finds a call wakes the next one if there is more to do. So
 * workers wake one after the other, as many as needed.
 *
 * **No wake-up is lost.** All accesses named here are sequentially consistent, that is, in one order. A
 * submitter (1) pushes the call, (2) reads n_searching and n_active. A worker that goes to sleep (a) takes
 * itself out of n_searching, (b) takes itself out of n_active, (c) looks at all queues again. If (2) comes
 * before (a) or (b), the push came before (c), and the worker finds the call. If (2) comes after both, the
 * submitter sees that nobody is searching and that there is room for one more active worker, and wakes one. If
 * it sees no room, others are active, and each of those will go through (a) to (c) in turn. The same holds for
 * a worker that blocks, or whose thread ends. Whoever takes anybody out of n_searching looks at the queues
 * afterwards: a submitter may have relied on it. What holds for a submitter holds for a worker that moves calls
 * from the shared queue into its deque, or puts one back.
 *
 * The scheme is that of Go's scheduler (runtime/proc.go, "Worker thread parking/unparking").
 *
 * **Nested waiting.** A worker that is about to block on a call of its own pool makes that call itself, if it
 * has not begun: often the one that it has pushed last. If too little of its stack is left it declines, and
 * blocks. When a worker blocks, on whatever future, it is not active, and another one may take its place. */

#include "config.h"

#include "cf-scheduler-private.h"

#include <glib/gi18n-lib.h>
#include <pthread.h>

#include "cf-cpu-count-private.h"
#include "cf-deque-private.h"
#include "cf-error-private.h"
#include "cf-mutex-private.h"
#include "cf-parking-private.h"
#include "cf-shared-queue-private.h"

/* How many threads there may be beyond max_workers, to stand in for those that block. */
#define MAX_SUBSTITUTES 256u

/* Every how many calls a worker looks at the shared queue first. */
#define FAIRNESS_INTERVAL 61

/* A batch of calls is short if it took less than this in all, and long if it took more than that. */
#define SHORT_BATCH_USEC 20
#define LONG_BATCH_USEC  80

#define CACHE_LINE 64

typedef struct _CfWorker CfWorker;

struct _CfWorker
{
  CfBlockingHooks  hooks;           /* first, so that the hooks lead to the worker */
  CfScheduler     *scheduler;
  CfDeque          deque;

  /* The worker's own. */
  CfParker        *parker;
  char            *stack_limit;     /* run no nested calls beyond it */
  guint            depth;           /* of nested calls */
  gboolean         is_searching;
  guint            random;
  guint            tick;
  guint            batch;
  guint            batch_taken;
  gint64           batch_end;       /* where in the deque the last batch ends */
  gint64           batch_begin;

  /* Written by the worker, read by anybody. */
  _Atomic guint64  n_submitted;
  _Atomic guint64  n_begun;
  _Atomic guint64  n_ended;

  /* Under the scheduler's mutex. */
  CfWorker        *next_idle;
  gboolean         is_idle;
  GThread         *thread;
  gboolean         has_exited;
  char             name[16];
};

struct _CfScheduler
{
  CfFutureOwner        owner;       /* first, so that the owner leads to the scheduler */
  gatomicrefcount      ref_count;
  CfSchedulerConfig    config;
  CfCountsNotifier    *notifier;
  guint                n_slots;
  guint                max_searching;
  _Atomic gint64       idle_timeout_usec;

  _Atomic guint        n_made;      /* how many of `workers` are there */
  _Atomic gboolean     is_closing;
  _Atomic gboolean     is_cancelling;
  _Atomic (GError *)   broken;      /* set once, under the mutex */

  /* Each of these is written by other threads than its neighbours: they are a cache line apart. */
  _Alignas (CACHE_LINE)
  _Atomic guint64      n_submitted;
  _Alignas (CACHE_LINE)
  CfSharedQueue        queue;
  _Alignas (CACHE_LINE)
  _Atomic guint        n_searching;
  _Atomic guint        n_active;
  _Atomic guint64      n_withdrawn;

  _Alignas (CACHE_LINE)
  CfMutex              mutex;
  CfWorker            *idle;        /* the one that went to sleep last comes first */
  guint                n_threads;
  guint                n_started;
  CfParker            *joiner;
  GMutex               join_mutex;  /* held while threads are joined */
  CfWorker            *workers[];
};

static gpointer worker_thread (gpointer data);

static void
scheduler_ref (CfScheduler *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
}

/* Looking. */

static gboolean
has_work (gpointer data)
{
  CfScheduler *self = data;
  guint n_made;

  if (!cf_shared_queue_is_empty (&self->queue))
    return TRUE;

  n_made = atomic_load_explicit (&self->n_made, memory_order_seq_cst);
  for (guint i = 0; i < n_made; i++)
    {
      if (!cf_deque_is_empty (&self->workers[i]->deque))
        return TRUE;
    }

  return FALSE;
}

static gboolean
has_room (CfScheduler *self)
{
  return atomic_load_explicit (&self->n_active, memory_order_seq_cst) < self->config.max_workers;
}

static gboolean
is_closing (CfScheduler *self)
{
  return atomic_load_explicit (&self->is_closing, memory_order_seq_cst);
}

/* Breaking. */

static GError *
copy_breaking_error (CfScheduler *self)
{
  return g_error_copy (atomic_load_explicit (&self->broken, memory_order_acquire));
}

static gboolean
is_broken (CfScheduler *self)
{
  return atomic_load_explicit (&self->broken, memory_order_acquire) != NULL;
}

typedef void (*CallFunc) (CfScheduler *self,
                          CfFuture    *future);

/* Takes every call that has not begun out of the queues. */
static void
drain (CfScheduler *self,
       CallFunc     func)
{
  CfFuture *futures[CF_SHARED_QUEUE_MAX_BATCH];
  CfFuture *future;
  guint n_made;
  guint n;

  while ((n = cf_shared_queue_take (&self->queue, G_MAXINT, G_N_ELEMENTS (futures), 1, futures)) > 0)
    {
      for (guint i = 0; i < n; i++)
        func (self, futures[i]);
    }

  n_made = atomic_load_explicit (&self->n_made, memory_order_acquire);
  for (guint i = 0; i < n_made; i++)
    {
      while ((future = cf_deque_steal (&self->workers[i]->deque)) != NULL)
        func (self, future);
    }
}

static void
fail_drained (CfScheduler *self,
              CfFuture    *future)
{
  cf_future_fail (future, copy_breaking_error (self));
  g_object_unref (future);
}

static void
cancel_drained (CfScheduler *self,
                CfFuture    *future)
{
  cf_future_cancel (future);
  g_object_unref (future);
}

/* Nothing can be run any more, because of `cause`. */
static void
break_down (CfScheduler  *self,
            const GError *cause)
{
  g_autoptr(GError) error = g_error_new (CF_ERROR, CF_ERROR_BROKEN_EXECUTOR,
                                         _("The thread pool is broken: %s"), cause->message);

  cf_mutex_lock (&self->mutex);
  if (!is_broken (self))
    atomic_store_explicit (&self->broken, g_steal_pointer (&error), memory_order_release);
  cf_mutex_unlock (&self->mutex);

  drain (self, fail_drained);
}

/* Waking. */

static void
add_searching (CfScheduler *self,
               int          n)
{
  atomic_fetch_add_explicit (&self->n_searching, (guint) n, memory_order_seq_cst);
}

static void
add_active (CfScheduler *self,
            int          n)
{
  atomic_fetch_add_explicit (&self->n_active, (guint) n, memory_order_seq_cst);
}

/* A slot for one more worker, or NULL if there are enough threads. With the mutex held. */
static CfWorker *
get_free_worker (CfScheduler *self)
{
  guint n_made = atomic_load_explicit (&self->n_made, memory_order_relaxed);
  CfWorker *worker;

  if (self->n_threads >= self->n_slots)
    return NULL;

  for (guint i = 0; i < n_made; i++)
    {
      worker = self->workers[i];
      if (!worker->has_exited)
        continue;

      g_clear_pointer (&worker->thread, g_thread_unref);
      worker->has_exited = FALSE;
      return worker;
    }

  g_assert (n_made < self->n_slots);

  worker = g_new0 (CfWorker, 1);
  worker->scheduler = self;
  cf_deque_init (&worker->deque);
  self->workers[n_made] = worker;
  atomic_store_explicit (&self->n_made, n_made + 1, memory_order_seq_cst);

  return worker;
}

/* PREFIX-N, in the 15 characters that Linux shows. */
static void
name_worker (CfScheduler *self,
             CfWorker    *worker)
{
  char number[12];

  g_snprintf (number, sizeof (number), "-%u", ++self->n_started);
  g_snprintf (worker->name, sizeof (worker->name), "%.*s%s",
              (int) (sizeof (worker->name) - 1 - strlen (number)), self->config.thread_name_prefix, number);
}

/* Starts one more thread, which begins its life searching. With the mutex held. */
static gboolean
start_worker (CfScheduler  *self,
              GError      **error)
{
  CfWorker *worker = get_free_worker (self);

  if (worker == NULL)
    return FALSE;

  name_worker (self, worker);
  worker->is_searching = TRUE;
  scheduler_ref (self);
  worker->thread = g_thread_try_new (worker->name, worker_thread, worker, error);
  if (worker->thread == NULL)
    {
      worker->has_exited = TRUE;
      g_atomic_ref_count_dec (&self->ref_count);
      return FALSE;
    }

  self->n_threads++;
  return TRUE;
}

/* Makes one more worker active and searching: wakes an idle one, or else starts a thread. The caller has
 * counted it already. Returns FALSE if there cannot be one more. */
static gboolean
rouse_worker (CfScheduler *self)
{
  g_autoptr(GError) error = NULL;
  CfWorker *worker;
  gboolean has_started = FALSE;
  guint n_threads;

  cf_mutex_lock (&self->mutex);

  worker = self->idle;
  if (worker != NULL)
    {
      self->idle = worker->next_idle;
      worker->is_idle = FALSE;
      worker->is_searching = TRUE;
      cf_parker_unpark (worker->parker);
    }
  else
    {
      has_started = start_worker (self, &error);
    }
  n_threads = self->n_threads;

  cf_mutex_unlock (&self->mutex);

  /* With fewer threads than asked for a pool goes on working, with none it does not. */
  if (error != NULL && n_threads == 0)
    break_down (self, error);

  return worker != NULL || has_started;
}

static gboolean
has_idle (CfScheduler *self)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = self->idle != NULL;
  cf_mutex_unlock (&self->mutex);

  return answer;
}

/* Sees to it that somebody is searching, if there is something to do and room for one more active worker. */
static void
wake_one (CfScheduler *self)
{
  do
    {
      guint nobody = 0;

      if (!has_room (self) || !has_work (self) ||
          !atomic_compare_exchange_strong_explicit (&self->n_searching, &nobody, 1,
                                                    memory_order_seq_cst, memory_order_seq_cst))
        return;

      add_active (self, 1);
      if (rouse_worker (self))
        return;

      /* There were no more threads to be had. Somebody who went to sleep just now may have relied on this. */
      add_active (self, -1);
      add_searching (self, -1);
    }
  while (has_idle (self));
}

static void
notice_submission (CfScheduler *self)
{
  if (atomic_load_explicit (&self->n_searching, memory_order_seq_cst) == 0 && has_room (self))
    wake_one (self);
}

static void
start_searching (CfWorker *worker)
{
  worker->is_searching = TRUE;
  add_searching (worker->scheduler, 1);
}

static void
stop_searching (CfWorker *worker)
{
  worker->is_searching = FALSE;
  add_searching (worker->scheduler, -1);
  wake_one (worker->scheduler);
}

/* Making calls. */

static void
increment (_Atomic guint64 *counter)
{
  /* Written by one thread only. */
  atomic_store_explicit (counter, atomic_load_explicit (counter, memory_order_relaxed) + 1,
                         memory_order_relaxed);
}

/* Whether freeing it runs nobody's code. */
static gboolean
outcome_is_plain (const CfOutcome *outcome)
{
  switch (outcome->kind)
    {
    case CF_OUTCOME_NOTHING:
      return TRUE;

    case CF_OUTCOME_VALUE:
      return !G_TYPE_IS_INTERFACE (G_VALUE_TYPE (&outcome->value)) &&
             G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (&outcome->value)) <= G_TYPE_POINTER;

    case CF_OUTCOME_VARIANT:
    case CF_OUTCOME_ERROR:
    default:
      return FALSE;
    }
}

static gboolean
is_last_reference (CfFuture *future)
{
  return g_atomic_int_get (&G_OBJECT (future)->ref_count) == 1;
}

/* Takes the reference to `future`. */
static void
run_call (CfWorker *worker,
          CfFuture *future)
{
  CfScheduler *self = worker->scheduler;
  CfFutureObserver *immediate;
  gboolean is_plain;
  CfOutcome outcome;
  CfCall call;

  if (!cf_future_claim (future, worker->depth > 0 || worker->batch > 1, &call))
    {
      CF_TSAN_RELEASE (future);
      g_object_unref (future);
      return;
    }

  increment (&worker->n_begun);
  worker->depth++;
  cf_call_invoke (&call, future, &outcome);
  cf_future_end_call (future, &call);
  worker->depth--;
  increment (&worker->n_ended);
  is_plain = outcome_is_plain (&outcome);

  /* Whoever is told that this call is done, and submits the next, had better find this thread free. */
  if (worker->depth == 0 && !worker->is_searching && !is_last_reference (future) &&
      cf_deque_is_empty (&worker->deque) && cf_shared_queue_is_empty (&self->queue))
    start_searching (worker);

  immediate = cf_future_settle (future, &outcome);
  if (immediate != NULL)
    {
      if (worker->is_searching)
        stop_searching (worker);
      cf_future_run_immediate (future, immediate);
    }

  /* If nobody else has it any more the future is freed here, with what is attached to it: that may be anybody's
   * code. */
  if (worker->is_searching && worker->depth == 0 && is_last_reference (future) &&
      (!is_plain || G_OBJECT (future)->qdata != NULL))
    stop_searching (worker);

  CF_TSAN_RELEASE (future);
  g_object_unref (future);
}

/* As long as batches of calls are over quickly the next one is larger, otherwise smaller. */
static void
adapt_batch (CfWorker *worker)
{
  gint64 now = g_get_monotonic_time ();
  gint64 usec = now - worker->batch_begin;

  if (worker->batch_taken >= worker->batch && usec < SHORT_BATCH_USEC)
    worker->batch = MIN (worker->batch * 2, CF_SHARED_QUEUE_MAX_BATCH);
  else if (usec > LONG_BATCH_USEC)
    worker->batch = 1;

  worker->batch_begin = now;
}

/* Takes from the shared queue: one call to run, the others into the deque. */
static CfFuture *
take_shared (CfWorker *worker,
             int       max_priority)
{
  CfScheduler *self = worker->scheduler;
  CfFuture *futures[CF_SHARED_QUEUE_MAX_BATCH];
  guint max;

  if (cf_shared_queue_is_empty (&self->queue))
    return NULL;

  adapt_batch (worker);
  max = max_priority == G_PRIORITY_DEFAULT ? worker->batch : 1;
  worker->batch_taken = cf_shared_queue_take (&self->queue, max_priority, max,
                                              self->config.max_workers, futures);
  if (worker->batch_taken == 0)
    return NULL;

  for (guint i = 1; i < worker->batch_taken; i++)
    cf_deque_push (&worker->deque, futures[i]);
  worker->batch_end = cf_deque_get_bottom (&worker->deque);

  /* For a moment nobody else could see them. */
  if (worker->batch_taken > 1)
    notice_submission (self);

  cf_counts_notifier_changed (self->notifier);
  return futures[0];
}

/* G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003): whom to steal from first. */
static guint
next_random (CfWorker *worker)
{
  worker->random ^= worker->random << 13;
  worker->random ^= worker->random >> 17;
  worker->random ^= worker->random << 5;
  return worker->random;
}

static CfFuture *
steal (CfWorker *worker)
{
  CfScheduler *self = worker->scheduler;
  guint n_made = atomic_load_explicit (&self->n_made, memory_order_seq_cst);
  guint begin = next_random (worker) % n_made;

  for (guint i = 0; i < n_made; i++)
    {
      CfFuture *future = cf_deque_steal (&self->workers[(begin + i) % n_made]->deque);

      if (future != NULL)
        {
          cf_counts_notifier_changed (self->notifier);
          return future;
        }
    }

  return NULL;
}

static CfFuture *
find_call (CfWorker *worker)
{
  CfScheduler *self = worker->scheduler;
  CfFuture *future = NULL;

  if (cf_shared_queue_has_urgent (&self->queue))
    future = take_shared (worker, G_PRIORITY_DEFAULT - 1);

  /* What came from the shared queue itself is not overtaken. */
  if (future == NULL && ++worker->tick % FAIRNESS_INTERVAL == 0 &&
      cf_deque_get_top (&worker->deque) >= worker->batch_end)
    future = take_shared (worker, G_PRIORITY_DEFAULT);

  if (future == NULL)
    future = cf_deque_steal (&worker->deque);

  if (future == NULL)
    future = take_shared (worker, G_PRIORITY_DEFAULT);

  if (future == NULL)
    future = steal (worker);

  if (future == NULL)
    future = take_shared (worker, G_MAXINT);

  return future;
}

/* Sleeping. */

/* With the mutex held. */
static void
leave_idle_list (CfScheduler *self,
                 CfWorker    *worker)
{
  CfWorker **link = &self->idle;

  while (*link != worker)
    link = &(*link)->next_idle;

  *link = worker->next_idle;
  worker->is_idle = FALSE;
}

static void
enter_idle_list (CfScheduler *self,
                 CfWorker    *worker)
{
  cf_mutex_lock (&self->mutex);
  worker->is_idle = TRUE;
  worker->next_idle = self->idle;
  self->idle = worker;
  cf_mutex_unlock (&self->mutex);
}

/* Sleeps until the worker is roused: taken out of the idle list by somebody who has counted it as active and
 * searching. Returns FALSE if instead its thread is to end. */
static gboolean
sleep_idle (CfScheduler *self,
            CfWorker    *worker)
{
  gint64 begin = g_get_monotonic_time ();
  gboolean in_time = TRUE;

  while (TRUE)
    {
      gint64 timeout = atomic_load_explicit (&self->idle_timeout_usec, memory_order_relaxed);
      gboolean is_over;
      gboolean was_roused;

      cf_mutex_lock (&self->mutex);
      was_roused = !worker->is_idle;
      is_over = !was_roused && (!in_time || is_closing (self));
      if (is_over)
        leave_idle_list (self, worker);
      cf_mutex_unlock (&self->mutex);

      if (was_roused)
        cf_parker_learn (worker->parker);
      if (was_roused || is_over)
        return was_roused;

      in_time = cf_parker_park (worker->parker, cf_deadline_from (begin, timeout));
    }
}

/* Lets an active worker sleep until there is something for it to do. Returns FALSE if its thread is to end. */
static gboolean
become_idle (CfWorker *worker)
{
  CfScheduler *self = worker->scheduler;
  gboolean was_searching = worker->is_searching;

  cf_counts_notifier_changed (self->notifier);

  /* In this order: who finds nobody searching finds this worker idle, and does not start another thread. */
  worker->is_searching = FALSE;
  enter_idle_list (self, worker);
  if (was_searching)
    add_searching (self, -1);
  add_active (self, -1);

  /* What was submitted until here was perhaps left to this worker. It, or another one, is roused. */
  wake_one (self);

  return sleep_idle (self, worker);
}

/* Looks for a call until there is one, spinning and then sleeping. Returns NULL if the thread is to end. */
static CfFuture *
next_call (CfWorker *worker)
{
  CfScheduler *self = worker->scheduler;

  while (TRUE)
    {
      CfFuture *future = NULL;
      gboolean is_surplus = atomic_load_explicit (&self->n_active, memory_order_seq_cst) > self->config.max_workers;

      if (!is_surplus)
        future = find_call (worker);

      if (future != NULL)
        {
          if (worker->is_searching)
            stop_searching (worker);
          return future;
        }

      if (!is_surplus && !worker->is_searching)
        start_searching (worker);

      if (!is_surplus && !is_closing (self) &&
          atomic_load_explicit (&self->n_searching, memory_order_relaxed) <= self->max_searching &&
          cf_wait_spin (has_work, self))
        continue;

      if (!become_idle (worker))
        return NULL;
    }
}

/* What a worker does when one of its calls blocks. */

static gboolean
worker_has_substitute (CfBlockingHooks *hooks)
{
  CfScheduler *self = ((CfWorker *) hooks)->scheduler;
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  /* Each of the active workers may be asking this at the same time. */
  answer = self->idle != NULL || self->n_threads + self->config.max_workers < self->n_slots;
  cf_mutex_unlock (&self->mutex);

  return answer;
}

static void
worker_run_here (CfBlockingHooks *hooks,
                 gpointer         call)
{
  CfWorker *worker = (CfWorker *) hooks;
  CfFuture *future;

  if ((char *) __builtin_frame_address (0) < worker->stack_limit)
    return;

  /* What was pushed last is usually what is waited for. Calls that were made elsewhere are swept out on the
   * way, so that they do not pile up below. */
  while ((future = cf_deque_pop (&worker->deque)) != NULL && future != call)
    {
      if (!cf_future_is_done (future))
        {
          cf_deque_push (&worker->deque, future);
          notice_submission (worker->scheduler);
          future = NULL;
          break;
        }

      CF_TSAN_RELEASE (future);
      g_object_unref (future);
    }

  worker->depth++;
  run_call (worker, future != NULL ? future : g_object_ref (call));
  worker->depth--;
}

static void
worker_begin_blocking (CfBlockingHooks *hooks)
{
  CfWorker *worker = (CfWorker *) hooks;

  if (worker->is_searching)
    stop_searching (worker);

  add_active (worker->scheduler, -1);
  wake_one (worker->scheduler);
}

static void
worker_end_blocking (CfBlockingHooks *hooks)
{
  CfWorker *worker = (CfWorker *) hooks;

  add_active (worker->scheduler, 1);
}

/* The thread. */

/* Where a quarter of the stack is left. */
static char *
get_stack_limit (void)
{
#ifdef __GLIBC__
  pthread_attr_t attributes;
  void *lowest;
  size_t size;

  if (pthread_getattr_np (pthread_self (), &attributes) == 0)
    {
      pthread_attr_getstack (&attributes, &lowest, &size);
      pthread_attr_destroy (&attributes);
      return (char *) lowest + size / 4;
    }
#endif

  return (char *) __builtin_frame_address (0) - 128 * 1024;
}

/* Runs the user's initializer. It may take long: the worker does not count as searching meanwhile. */
static void
initialize_worker (CfWorker *worker)
{
  CfScheduler *self = worker->scheduler;
  g_autoptr(GError) error = NULL;

  if (self->config.initializer == NULL || is_broken (self))
    return;

  stop_searching (worker);
  if (!self->config.initializer (self->config.initializer_data, &error))
    {
      if (error == NULL)
        g_set_error_literal (&error, CF_ERROR, CF_ERROR_BROKEN_EXECUTOR,
                             _("the initializer of a thread failed without saying why"));
      break_down (self, error);
    }
  start_searching (worker);
}

static gpointer
worker_thread (gpointer data)
{
  CfWorker *worker = data;
  CfScheduler *self = worker->scheduler;
  CfParker *joiner = NULL;
  CfFuture *future;

  worker->hooks.owner = self;
  worker->hooks.has_substitute = worker_has_substitute;
  worker->hooks.run_here = worker_run_here;
  worker->hooks.begin_blocking = worker_begin_blocking;
  worker->hooks.end_blocking = worker_end_blocking;
  worker->parker = cf_parker_get ();
  worker->stack_limit = get_stack_limit ();
  worker->random = g_random_int () | 1;
  worker->batch = 1;
  cf_blocking_set_hooks (&worker->hooks);

  initialize_worker (worker);

  while ((future = next_call (worker)) != NULL)
    {
      if (is_broken (self))
        fail_drained (self, future);
      else if (atomic_load_explicit (&self->is_cancelling, memory_order_acquire))
        cancel_drained (self, future);
      else
        run_call (worker, future);
    }

  cf_blocking_set_hooks (NULL);

  cf_mutex_lock (&self->mutex);
  self->n_threads--;
  worker->has_exited = TRUE;
  if (self->n_threads == 0)
    joiner = self->joiner;
  if (joiner != NULL)
    cf_parker_unpark (joiner);
  cf_mutex_unlock (&self->mutex);

  cf_scheduler_unref (self);
  return NULL;
}

/* For the executor. */

static void
note_withdrawn (CfFutureOwner *owner,
                CfFuture      *future)
{
  CfScheduler *self = (CfScheduler *) owner;

  atomic_fetch_add_explicit (&self->n_withdrawn, 1, memory_order_relaxed);
}

/**
 * cf_scheduler_new:
 * @max_workers: how many calls to run at a time
 * @thread_name_prefix: what the threads' names begin with
 * @notifier: (transfer none): whom to tell that the counts have changed
 *
 * Returns: (transfer full): a scheduler without any thread
 */
CfScheduler *
cf_scheduler_new (guint             max_workers,
                  const char       *thread_name_prefix,
                  CfCountsNotifier *notifier)
{
  guint n_slots = 2 * max_workers + MAX_SUBSTITUTES;
  CfScheduler *self = g_aligned_alloc0 (1, sizeof (CfScheduler) + n_slots * sizeof (CfWorker *), CACHE_LINE);

  self->owner.withdrawn = note_withdrawn;
  g_atomic_ref_count_init (&self->ref_count);
  self->config.max_workers = max_workers;
  self->config.thread_name_prefix = g_strdup (thread_name_prefix);
  self->notifier = cf_counts_notifier_ref (notifier);
  self->n_slots = n_slots;
  self->max_searching = MAX (1, cf_cpu_count_cached () / 2);
  atomic_init (&self->idle_timeout_usec, -1);
  cf_shared_queue_init (&self->queue);

  return self;
}

void
cf_scheduler_unref (CfScheduler *self)
{
  GError *broken;
  guint n_made;

  CF_TSAN_RELEASE (self);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  n_made = atomic_load_explicit (&self->n_made, memory_order_acquire);
  for (guint i = 0; i < n_made; i++)
    {
      g_clear_pointer (&self->workers[i]->thread, g_thread_unref);
      cf_deque_clear (&self->workers[i]->deque);
      g_free (self->workers[i]);
    }

  if (self->config.initializer_destroy != NULL)
    self->config.initializer_destroy (self->config.initializer_data);
  g_free (self->config.thread_name_prefix);
  broken = atomic_load_explicit (&self->broken, memory_order_relaxed);
  g_clear_error (&broken);
  cf_shared_queue_clear (&self->queue);
  cf_counts_notifier_unref (self->notifier);
  cf_mutex_clear (&self->mutex);
  g_mutex_clear (&self->join_mutex);
  g_aligned_free (self);
}

CfSchedulerConfig *
cf_scheduler_get_config (CfScheduler *self)
{
  return &self->config;
}

/**
 * cf_scheduler_has_begun:
 * @self: a scheduler
 *
 * Returns: whether a thread was ever started, after which the configuration is fixed
 */
gboolean
cf_scheduler_has_begun (CfScheduler *self)
{
  return atomic_load_explicit (&self->n_made, memory_order_acquire) > 0;
}

static void
wake_all_idle (CfScheduler *self)
{
  cf_mutex_lock (&self->mutex);
  for (CfWorker *worker = self->idle; worker != NULL; worker = worker->next_idle)
    cf_parker_unpark (worker->parker);
  cf_mutex_unlock (&self->mutex);
}

void
cf_scheduler_set_idle_timeout (CfScheduler *self,
                               gint64       idle_timeout_usec)
{
  atomic_store_explicit (&self->idle_timeout_usec, idle_timeout_usec, memory_order_relaxed);
  wake_all_idle (self);
}

static guint64
get_n_pending (CfScheduler *self)
{
  guint64 n_pending, n_running, n_completed;

  cf_scheduler_get_counts (self, &n_pending, &n_running, &n_completed);
  return n_pending;
}

static void
leave_submission (CfScheduler *self)
{
  atomic_fetch_sub_explicit (&self->n_submitted, 1, memory_order_seq_cst);
}

/* Counts a call that is about to be pushed, unless the scheduler is closing. Whoever closes it sets
 * `is_closing`, then counts; this counts, then looks at `is_closing`: what gets in is waited for. */
static gboolean
enter_submission (CfScheduler *self)
{
  atomic_fetch_add_explicit (&self->n_submitted, 1, memory_order_seq_cst);
  if (!is_closing (self))
    return TRUE;

  leave_submission (self);
  return FALSE;
}

/* A call that is submitted by one of the worker's own. */
static guint64
submit_nested (CfWorker *worker,
               CfFuture *future)
{
  CfScheduler *self = worker->scheduler;

  if (!cf_future_set_owner (future, &self->owner))
    return 0;

  increment (&worker->n_submitted);
  cf_deque_push (&worker->deque, g_object_ref (future));
  notice_submission (self);

  return atomic_load_explicit (&worker->n_submitted, memory_order_relaxed);
}

static guint64
submit_from_outside (CfScheduler *self,
                     CfFuture    *future)
{
  guint64 nth;

  if (!enter_submission (self))
    {
      cf_future_fail (future, cf_error_new_shut_down ());
      return 0;
    }

  if (!cf_future_set_owner (future, &self->owner))
    {
      leave_submission (self);
      return 0;
    }

  nth = atomic_load_explicit (&self->n_submitted, memory_order_relaxed);

  cf_shared_queue_push (&self->queue, g_object_ref (future));
  notice_submission (self);

  return nth;
}

/**
 * cf_scheduler_submit:
 * @self: a scheduler
 * @future: a pending future
 *
 * Has the future's call made by one of the threads. Calls that are submitted from within a call of the same
 * scheduler go into the worker's deque.
 *
 * Returns: about how many calls have been submitted by the same worker, or from outside
 */
guint64
cf_scheduler_submit (CfScheduler *self,
                     CfFuture    *future)
{
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();

  if (is_broken (self))
    {
      cf_future_fail (future, copy_breaking_error (self));
      return 0;
    }

  if (hooks != NULL && hooks->owner == self && cf_future_get_priority (future) == G_PRIORITY_DEFAULT)
    return submit_nested ((CfWorker *) hooks, future);

  return submit_from_outside (self, future);
}

static void
join_thread (gpointer thread)
{
  g_thread_join (thread);
}

/* Waits until all threads have ended, and joins them, so that nothing of them is left. */
static void
join_threads (CfScheduler *self)
{
  g_autoptr(GPtrArray) threads = g_ptr_array_new_with_free_func (join_thread);
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();
  guint n_made;

  if (hooks != NULL)
    hooks->begin_blocking (hooks);
  g_mutex_lock (&self->join_mutex);

  cf_mutex_lock (&self->mutex);
  self->joiner = cf_parker_get ();
  while (self->n_threads > 0 || get_n_pending (self) > 0)
    {
      /* Without any thread there is a submission that got in just before, and is about to start one. */
      gint64 deadline = self->n_threads > 0 ? -1 : cf_deadline_after (100);

      cf_mutex_unlock (&self->mutex);
      cf_parker_park (cf_parker_get (), deadline);
      cf_mutex_lock (&self->mutex);
    }
  self->joiner = NULL;

  n_made = atomic_load_explicit (&self->n_made, memory_order_relaxed);
  for (guint i = 0; i < n_made; i++)
    {
      GThread *thread = g_steal_pointer (&self->workers[i]->thread);

      if (thread != NULL)
        g_ptr_array_add (threads, thread);
    }
  cf_mutex_unlock (&self->mutex);

  g_clear_pointer (&threads, g_ptr_array_unref);
  g_mutex_unlock (&self->join_mutex);
  if (hooks != NULL)
    hooks->end_blocking (hooks);
}

/**
 * cf_scheduler_shutdown:
 * @self: a scheduler
 * @wait: whether to wait until every thread has ended
 * @cancel_futures: whether to cancel the calls that have not begun
 *
 * Ends the threads when there is nothing left to do. A thread of the pool does not wait, because it would wait
 * for itself.
 */
void
cf_scheduler_shutdown (CfScheduler *self,
                       gboolean     wait,
                       gboolean     cancel_futures)
{
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();

  atomic_store_explicit (&self->is_closing, TRUE, memory_order_seq_cst);
  if (cancel_futures)
    {
      /* What a worker is just moving from one queue to another it cancels itself. */
      atomic_store_explicit (&self->is_cancelling, TRUE, memory_order_seq_cst);
      drain (self, cancel_drained);
    }
  wake_all_idle (self);

  if (!wait || (hooks != NULL && hooks->owner == self))
    return;

  join_threads (self);
  cf_future_deliver_own_of (&self->owner);
}

/**
 * cf_scheduler_get_counts:
 * @self: a scheduler
 * @n_pending: (out): how many calls have not begun
 * @n_running: (out): how many are being made
 * @n_completed: (out): how many have ended
 *
 * Counts the calls. Each number is right at some moment during the call.
 */
void
cf_scheduler_get_counts (CfScheduler *self,
                         guint64     *n_pending,
                         guint64     *n_running,
                         guint64     *n_completed)
{
  guint64 n_ended = 0;
  guint64 n_begun = atomic_load_explicit (&self->n_withdrawn, memory_order_relaxed);
  guint64 n_submitted;
  guint64 n_withdrawn = n_begun;
  guint n_made = atomic_load_explicit (&self->n_made, memory_order_acquire);

  /* In this order, so that no call that is counted as ended is missing among those begun, and so on. */
  for (guint i = 0; i < n_made; i++)
    n_ended += atomic_load_explicit (&self->workers[i]->n_ended, memory_order_acquire);
  for (guint i = 0; i < n_made; i++)
    n_begun += atomic_load_explicit (&self->workers[i]->n_begun, memory_order_acquire);

  n_submitted = atomic_load_explicit (&self->n_submitted, memory_order_seq_cst);
  for (guint i = 0; i < n_made; i++)
    n_submitted += atomic_load_explicit (&self->workers[i]->n_submitted, memory_order_acquire);

  *n_pending = n_submitted > n_begun ? n_submitted - n_begun : 0;
  *n_running = n_begun - n_withdrawn > n_ended ? n_begun - n_withdrawn - n_ended : 0;
  *n_completed = n_ended;
}
