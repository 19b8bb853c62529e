/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scheduler of a process pool: which worker makes which call, and when workers come and go.
 *
 *      submit ──→ [queue] ──dispatch──→ worker ══ring══→ process          by whoever submits or receives
 *                    ↑                    │
 *                    └────take back───────┘
 *      future ←──settle── receive ←══════ring══ process                    by whoever polls
 *
 * **Who does what.** Whoever submits a call hands it to a worker right away if one can take it. Results are
 * received by a thread that waits for one and spins (so that a round trip needs no other thread), or else by
 * the pool's one *manager* thread, which also starts workers, makes payloads, and looks after time limits, death
 * and clearing up. It sleeps in an iteration of its own main context.
 *
 * **Which worker.** An idle one first. If there is none, another one is started, up to the limit. And if calls have
 * turned out to be short, a worker is given more of them than one, so that neither side has to be woken for
 * each: as many as it should make in PIPELINE_USEC. If that was a mistake, because a long call came among
 * them, the calls that have not begun are taken back as soon as another worker is idle, or when they are
 * cancelled, or when one of higher priority comes, or when the worker has been busy with one call for a while: until
 * a worker has claimed a call, it is pending in every respect (cf-channel.c).
 *
 * **Nobody sleeps over a result.** `n_pollers` counts the threads that poll. While there is none, every worker that
 * has calls is *armed*: its `pool_asleep` is set, and with the next result it sends a message that wakes the
 * manager. A thread that stops polling as the last one arms the workers, under the mutex, and then looks at the
 * rings once more; if there is anything it wakes the manager. Whoever gives a call to a worker arms it, under the
 * mutex, if nobody polls. So each result either finds its worker armed or somebody who will still look.
 *
 * **Locks**, in this order: `receiving` (what comes from the workers, and the list of workers) → a future's lock →
 * `mutex` (everything else). The list of workers is changed with both, and read with either. No user code runs
 * under any of them: results are collected, and their futures are settled afterwards. Callbacks that are due in
 * the completing thread, and whatever else may run code of the user's, are run in a thread of their own.
 *
 * **Life.** Each call holds its future, and the manager holds the scheduler until it has been closed, every call
 * is done and every process gone. A pool whose workers end MAX_FUTILE times without having made one call is
 * broken: calls that have not begun fail, and those that are submitted later. */

#include "config.h"

#include "cf-process-scheduler-private.h"

#include <signal.h>

#include <glib/gi18n-lib.h>

#include "cf-error-private.h"
#include "cf-error.h"
#include "cf-mutex-private.h"
#include "cf-parking-private.h"
#include "cf-payload-private.h"
#include "cf-portable-function-private.h"
#include "cf-remote-call-private.h"
#include "cf-remote-queue-private.h"
#include "cf-remote-worker-private.h"

/* How much work a worker is given in advance, and the length of a call up to which it is given one. */
#define PIPELINE_USEC     200
#define SHORT_CALL_USEC   2000

/* When a worker has not answered for so long its calls are not short any more. */
#define STUCK_USEC        1000

/* How soon it is noticed that a call has begun, for those who want to know, and how late at most. */
#define LOOK_USEC         1000
#define MAX_LOOK_USEC     (8 * 1000)

#define RETRY_START_USEC  (50 * 1000)

#define BATCH             64
#define MAX_DISCARDED     256
#define MAX_FUTILE        5

/* How long a worker that was told to finish may take, and then how long it may take after SIGTERM. */
#define FINISH_USEC       (5 * G_USEC_PER_SEC)
#define TERMINATE_USEC    (2 * G_USEC_PER_SEC)

struct _CfProcessScheduler
{
  CfFutureOwner             owner;        /* first, so that the owner leads to the scheduler */
  gatomicrefcount           ref_count;
  CfProcessSchedulerConfig  config;
  CfCountsNotifier         *notifier;
  GMainContext             *context;      /* the manager's */
  CfFuture                 *ended;        /* a promise: the manager has nothing left to do */

  CfMutex                   receiving;
  CfMutex                   mutex;
  GPtrArray                *workers;
  CfRemoteQueue             queue;
  CfRemoteCall             *prepared;     /* whose payload the manager is making */
  GThread                  *manager;      /* until it is joined */
  GThread                  *manager_self; /* who it is */
  gboolean                  is_closing;
  _Atomic gboolean          is_kicked;    /* the manager has been told that there is something to do */
  gboolean                  uses_priorities;
  GError                   *broken;
  guint                     n_futile;
  guint                     n_pollers;
  guint                     next_worker;  /* whose results are read first; under the receiving lock */
  GQueue                    discarded;      /* CfRemoteCall: those that are over, to be freed */
  GAsyncQueue              *chores;
  GThread                  *chore_thread;   /* NULL until there are any */

  guint64                   last_id;
  guint64                   n_submitted;
  guint64                   n_completed;
  guint64                   n_outstanding;
  guint                     n_completing; /* results that were received, and whose futures are about to be settled */
  guint                     call_nsec;    /* how long calls take, smoothed */
  gint64                    look_at;      /* when to see which calls have begun, or -1 */
  gint64                    look_usec;
  guint64                   looked_id;    /* the last call that had been given then */
  gint64                    idle_timeout_usec;
  gint64                    start_after;  /* no worker is started before that time */
};

/* Something in which code of the user's runs. */
typedef struct _Chore Chore;

struct _Chore
{
  void (*run) (CfProcessScheduler *self,
               Chore              *chore);   /* NULL: there will be no more */
  union
  {
    struct
    {
      CfFuture         *future;
      CfFutureObserver *callbacks;
    };
    GQueue              queue;      /* of CfRemoteCall, or of CfRemoteLogLine */
  };
};

/* What was received at a time. */
typedef struct
{
  CfRemoteResult results[BATCH];
  guint          n;
  GQueue         log;           /* CfRemoteLogLine */
} Batch;

static CfProcessScheduler *
cf_process_scheduler_ref (CfProcessScheduler *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static CfRemoteWorker *
nth_worker (CfProcessScheduler *self,
            guint               i)
{
  return g_ptr_array_index (self->workers, i);
}

/* Has the manager look at what there is to do. */
static void
kick (CfProcessScheduler *self)
{
  atomic_store_explicit (&self->is_kicked, TRUE, memory_order_relaxed);
  g_main_context_wakeup (self->context);
}

static void
kick_once (CfProcessScheduler *self)
{
  if (!atomic_load_explicit (&self->is_kicked, memory_order_relaxed))
    kick (self);
}

/* Dispatching: with the mutex held. */

static gboolean
may_be_given_calls (CfRemoteWorker *worker)
{
  return worker->state == CF_REMOTE_WORKER_READY && worker->fault == NULL && !worker->is_condemned &&
         !worker->is_suspect && !worker->is_full && !cf_remote_worker_is_used_up (worker);
}

/* How many calls a busy worker may have. */
static guint
pipeline_depth (CfProcessScheduler *self)
{
  guint usec = self->call_nsec / 1000;

  if (usec > SHORT_CALL_USEC)
    return 1;

  return CLAMP (PIPELINE_USEC / (usec + 1), 2, CF_CHANNEL_N_SLOTS);
}

static CfRemoteWorker *
find_idle_worker (CfProcessScheduler *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      if (worker->calls.length == 0 && may_be_given_calls (worker))
        return worker;
    }

  return NULL;
}

static CfRemoteWorker *
find_busy_worker (CfProcessScheduler *self)
{
  gint64 stuck_since = g_get_monotonic_time () - STUCK_USEC;
  guint least = pipeline_depth (self);
  CfRemoteWorker *best = NULL;

  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      if (worker->calls.length < least && worker->since > stuck_since && may_be_given_calls (worker))
        {
          best = worker;
          least = worker->calls.length;
        }
    }

  return best;
}

/* Has the manager come soon, if it does not do so anyway. */
static void
plan_look (CfProcessScheduler *self)
{
  self->look_usec = LOOK_USEC;
  if (self->look_at >= 0)
    return;

  self->look_at = g_get_monotonic_time () + LOOK_USEC;
  kick_once (self);
}

/* Returns FALSE if the worker has no room now. */
static gboolean
give (CfProcessScheduler *self,
      CfRemoteWorker     *worker,
      CfRemoteCall       *call)
{
  plan_look (self);
  if (!cf_remote_worker_give (worker, call, ++self->last_id, self->n_pollers == 0))
    return FALSE;

  if (cf_remote_worker_is_used_up (worker))
    kick_once (self);

  return TRUE;
}

/* Takes calls that have not begun away from the worker with most of them, for an idle one. Returns whether there
 * were any. */
static gboolean
take_back_for_idle (CfProcessScheduler *self)
{
  CfRemoteWorker *victim = NULL;
  guint most = 0;

  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);
      guint n = worker->calls.length > 1 ? cf_remote_worker_count_unbegun (worker) : 0;

      if (n > most)
        {
          victim = worker;
          most = n;
        }
    }

  for (guint i = 0; i < (most + 1) / 2 && victim->calls.tail != NULL; i++)
    {
      CfRemoteCall *call = victim->calls.tail->data;

      if (call->is_initializer || !cf_remote_worker_take_back (victim, call))
        break;
      cf_remote_queue_push_front (&self->queue, call);
    }

  return self->queue.n_calls > 0;
}

/* What has a higher priority comes before calls that were given to a worker and have not begun. */
static void
take_back_for_urgent (CfProcessScheduler *self,
                      CfRemoteCall       *urgent)
{
  int priority = cf_future_get_priority (urgent->future);

  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);
      GList *previous;

      for (GList *link = worker->calls.tail; link != NULL; link = previous)
        {
          CfRemoteCall *call = link->data;

          previous = link->prev;
          if (!call->is_initializer && cf_future_get_priority (call->future) > priority &&
              cf_remote_worker_take_back (worker, call))
            cf_remote_queue_push_front (&self->queue, call);
        }
    }
}

/* Workers that can take a call now, or soon. */
static guint
count_available (CfProcessScheduler *self)
{
  guint n = 0;

  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      n += worker->state == CF_REMOTE_WORKER_STARTING || worker->state == CF_REMOTE_WORKER_INITIALIZING ||
           (worker->calls.length == 0 && may_be_given_calls (worker));
    }

  return n;
}

/* Those that finish are not counted once they have nothing to do any more. */
static guint
count_living (CfProcessScheduler *self)
{
  guint n = 0;

  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      n += !worker->is_condemned && (worker->state != CF_REMOTE_WORKER_FINISHING || worker->calls.length > 0);
    }

  return n;
}

static gboolean
wants_worker (CfProcessScheduler *self)
{
  return self->broken == NULL &&
         self->queue.n_calls > count_available (self) &&
         count_living (self) < self->config.max_workers &&
         g_get_monotonic_time () >= self->start_after;
}

/* Hands calls to workers, as far as it pays. */
static void
dispatch (CfProcessScheduler *self)
{
  CfRemoteWorker *idle;
  CfRemoteCall *call;

  while ((call = cf_remote_queue_peek (&self->queue)) != NULL)
    {
      CfRemoteWorker *worker = find_idle_worker (self);

      if (worker == NULL && !call->is_large)
        worker = find_busy_worker (self);

      if (worker == NULL || (call->is_large && call->payload < 0))
        {
          if (worker != NULL || wants_worker (self))
            kick_once (self);
          return;
        }

      cf_remote_queue_remove (&self->queue, call);
      if (!give (self, worker, call))
        {
          cf_remote_queue_push_front (&self->queue, call);
          continue;
        }

      if (self->queue.n_calls > 0 && wants_worker (self))
        kick_once (self);
    }

  idle = find_idle_worker (self);
  if (idle != NULL && self->workers->len > 1 && take_back_for_idle (self))
    dispatch (self);
}

/* Chores: what may run code of the user's has a thread of its own. It may wait for another call, which the manager
 * must not; and a thread that waits, and so receives the results of others too, may hold a lock of the user's. */

static gpointer
chore_main (gpointer data)
{
  CfProcessScheduler *self = data;

  for (;;)
    {
      g_autofree Chore *chore = g_async_queue_pop (self->chores);

      CF_TSAN_ACQUIRE (chore);
      if (chore->run == NULL)
        return NULL;

      chore->run (self, chore);
    }
}

static void
push_chore (CfProcessScheduler *self,
            const Chore        *chore)
{
  Chore *copy = g_memdup2 (chore, sizeof (*chore));

  CF_TSAN_RELEASE (copy);

  cf_mutex_lock (&self->mutex);
  if (self->chore_thread == NULL)
    self->chore_thread = g_thread_new ("cf-chores", chore_main, self);
  cf_mutex_unlock (&self->mutex);

  g_async_queue_push (self->chores, copy);
}

/* Frees the calls that are over, some at a time, as they may hold data of the user's. */

static void
run_free_calls (CfProcessScheduler *self,
                Chore              *chore)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&chore->queue)) != NULL)
    cf_remote_call_free (link->data);
}

static void
free_discarded (CfProcessScheduler *self)
{
  Chore chore = { .run = run_free_calls };

  cf_mutex_lock (&self->mutex);
  chore.queue = self->discarded;
  g_queue_init (&self->discarded);
  cf_mutex_unlock (&self->mutex);

  if (!g_queue_is_empty (&chore.queue))
    push_chore (self, &chore);
}

static void
discard (CfProcessScheduler *self,
         CfRemoteCall       *call)
{
  gboolean is_urgent;

  cf_mutex_lock (&self->mutex);
  g_queue_push_tail_link (&self->discarded, &call->link);
  is_urgent = call->is_large || call->task != NULL || self->discarded.length >= MAX_DISCARDED;
  cf_mutex_unlock (&self->mutex);

  if (is_urgent)
    free_discarded (self);
}

/* Returns when every chore is done. */
static void
join_chore_thread (CfProcessScheduler *self)
{
  const Chore no_more = { NULL };
  GThread *thread;

  free_discarded (self);

  cf_mutex_lock (&self->mutex);
  thread = self->chore_thread;
  cf_mutex_unlock (&self->mutex);

  if (thread == NULL)
    return;

  push_chore (self, &no_more);
  g_thread_join (thread);
}

/* Completing: without a lock. */

static void
run_callbacks (CfProcessScheduler *self,
               Chore              *chore)
{
  cf_future_run_immediate (chore->future, chore->callbacks);
  g_object_unref (chore->future);
}

static void
settle (CfProcessScheduler *self,
        CfFuture           *future,
        gboolean            is_short,
        CfOutcome          *outcome)
{
  CfCall nothing = { CF_CALL_NONE };
  Chore chore = { .run = run_callbacks };

  cf_future_end_remote (future, is_short);
  cf_future_end_call (future, &nothing);
  chore.callbacks = cf_future_settle (future, outcome);
  if (chore.callbacks == NULL)
    return;

  chore.future = g_object_ref (future);
  push_chore (self, &chore);
}

/* Settles the future of a call that is in no list any more, and has what was submitted with it freed soon. */
static void
complete (CfProcessScheduler *self,
          CfRemoteCall       *call,
          gboolean            is_short,
          CfOutcome          *outcome)
{
  if (call->is_initializer)
    {
      cf_outcome_clear (outcome);
    }
  else
    {
      call->task = cf_future_dup_task (call->future);
      settle (self, call->future, is_short, outcome);
    }

  discard (self, call);
}

static void
complete_with_error (CfProcessScheduler *self,
                     CfRemoteCall       *call,
                     GError             *error)
{
  CfOutcome outcome;

  cf_outcome_take_error (&outcome, error);
  complete (self, call, FALSE, &outcome);
}

/* Breaking. */

/* A call is not the pool's any more. With the mutex held. */
static void
strike_out (CfProcessScheduler *self,
            CfRemoteCall       *call)
{
  call->state = CF_REMOTE_CALL_ENDED;
  if (call->is_initializer)
    return;

  self->n_outstanding--;
  self->n_completed++;
}

/* The manager will fail the calls that have not begun. With the mutex held. */
static void
break_pool (CfProcessScheduler *self,
            const char         *why)
{
  if (self->broken == NULL)
    self->broken = g_error_new (CF_ERROR, CF_ERROR_BROKEN_EXECUTOR, _("The process pool is broken: %s"), why);
  kick_once (self);
}

/* A pool's initializer has failed in a worker. */
static void
fail_initializer (CfProcessScheduler *self,
                  const GError       *error)
{
  g_autofree char *reason = g_strdup_printf (_("its initializer failed: %s"), error->message);

  cf_mutex_lock (&self->mutex);
  break_pool (self, reason);
  cf_mutex_unlock (&self->mutex);
}

/* Receiving. */

static void
learn_duration (CfProcessScheduler *self,
                guint               nsec)
{
  if (self->call_nsec == G_MAXUINT)
    self->call_nsec = nsec;
  else if (nsec > self->call_nsec)
    self->call_nsec += (nsec - self->call_nsec) / 8;
  else
    self->call_nsec -= (self->call_nsec - nsec) / 8;
}

/* Finds the call of a result, which it is taken off if this is its last word. Returns FALSE if there is none. With
 * the mutex held. */
static gboolean
match_result (CfProcessScheduler *self,
              CfRemoteResult     *result)
{
  CfRemoteWorker *worker = result->worker;
  CfRemoteCall *call = cf_remote_worker_find (worker, &result->frame);

  if (call == NULL)
    {
      cf_remote_worker_take_fault (worker, g_error_new_literal (CF_ERROR, CF_ERROR_PROTOCOL,
                                                                _("The worker sent the result of a call that it does not have")));
      return FALSE;
    }

  result->call = call;
  if (result->frame.kind != CF_FRAME_RESULT)
    return TRUE;

  worker->since = g_get_monotonic_time ();
  worker->has_worked = !call->is_initializer || worker->has_worked;
  self->n_futile = worker->has_worked ? 0 : self->n_futile;
  cf_remote_worker_remove (worker, call);
  strike_out (self, call);
  if (!call->is_initializer)
    learn_duration (self, result->frame.duration_nsec);
  else if ((result->frame.flags & CF_FRAME_FLAG_ERROR) == 0 && worker->state == CF_REMOTE_WORKER_INITIALIZING)
    worker->state = CF_REMOTE_WORKER_READY;

  return TRUE;
}

/* Progress is passed on under the receiving lock, so that it does not come after the end. */
static void
report_progress (CfProcessScheduler *self,
                 CfRemoteResult     *result)
{
  g_autoptr(GVariant) value = cf_frame_take_value (&result->frame, g_steal_pointer (&result->memory));
  g_autoptr(GVariant) message_value = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autofree char *message = NULL;
  double fraction;

  cf_mutex_lock (&self->mutex);
  if (!match_result (self, result))
    {
      kick_once (self);
    }
  else if (!result->call->is_initializer)
    {
      future = g_object_ref (result->call->future);
      result->call->is_begun = TRUE;
    }
  cf_mutex_unlock (&self->mutex);

  g_variant_get (value, "(dm@ay)", &fraction, &message_value);
  if (future == NULL || !(fraction >= 0.0 && fraction <= 1.0))
    return;

  if (message_value != NULL)
    message = g_utf8_make_valid (g_variant_get_bytestring (message_value), -1);
  cf_future_begin_remote (future);
  cf_future_report_progress (future, fraction, message);
}

static void
note_fault (CfProcessScheduler *self,
            CfRemoteWorker     *worker,
            GError             *fault)
{
  cf_mutex_lock (&self->mutex);
  cf_remote_worker_take_fault (worker, fault);
  kick_once (self);
  cf_mutex_unlock (&self->mutex);
}

/* Reads what a worker has sent, but not so much of it that the others would have to wait. Returns how many frames
 * that was. */
static guint
collect_from (CfProcessScheduler *self,
              CfRemoteWorker     *worker,
              Batch              *batch)
{
  GError *fault = NULL;
  guint n_frames = 0;

  while (n_frames < BATCH / 2 && batch->n < BATCH &&
         cf_remote_worker_read (worker, &batch->results[batch->n], &batch->log, &fault))
    {
      n_frames++;
      if (batch->results[batch->n].frame.kind == CF_FRAME_PROGRESS)
        report_progress (self, &batch->results[batch->n]);
      else
        batch->n++;
    }

  if (fault != NULL)
    note_fault (self, worker, fault);

  return n_frames;
}

/* With the receiving lock held. Returns how many frames there were. */
static guint
collect (CfProcessScheduler *self,
         Batch              *batch)
{
  guint n_workers = self->workers->len;
  guint first = n_workers > 0 ? self->next_worker++ % n_workers : 0;
  guint n_frames = 0;

  for (guint i = 0; i < n_workers; i++)
    n_frames += collect_from (self, nth_worker (self, (first + i) % n_workers), batch);

  return n_frames;
}

static void
run_log (CfProcessScheduler *self,
         Chore              *chore)
{
  CfRemoteLogLine *line;

  while ((line = g_queue_pop_head (&chore->queue)) != NULL)
    {
      /* A worker can neither end this process nor make up levels. */
      GLogLevelFlags level = line->level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE |
                                            G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG);

      g_log (G_LOG_DOMAIN, level != 0 ? level : G_LOG_LEVEL_MESSAGE, "[%d] %s", line->pid, line->text);
      g_free (line->text);
      g_free (line);
    }
}

/* Takes the lines. */
static void
emit_log (CfProcessScheduler *self,
          const GQueue       *log)
{
  Chore chore = { .run = run_log, .queue = *log };

  if (log->length > 0)
    push_chore (self, &chore);
}

static void
complete_result (CfProcessScheduler *self,
                 CfRemoteResult     *result)
{
  CfRemoteCall *call = result->call;
  CfOutcome outcome;

  if (call != NULL)
    {
      cf_remote_result_to_outcome (result, &outcome);
      if (call->is_initializer && outcome.kind == CF_OUTCOME_ERROR)
        fail_initializer (self, outcome.error);
      complete (self, call, result->frame.duration_nsec < SHORT_CALL_USEC * 1000u, &outcome);
    }
  cf_remote_result_clear (result);
}

static void
match_batch (CfProcessScheduler *self,
             Batch              *batch)
{
  cf_mutex_lock (&self->mutex);
  for (guint i = 0; i < batch->n; i++)
    {
      if (!match_result (self, &batch->results[i]))
        kick_once (self);
    }
  self->n_completing += batch->n;
  dispatch (self);
  cf_mutex_unlock (&self->mutex);
}

static void
complete_batch (CfProcessScheduler *self,
                Batch              *batch)
{
  for (guint i = 0; i < batch->n; i++)
    complete_result (self, &batch->results[i]);
  cf_counts_notifier_changed (self->notifier);

  cf_mutex_lock (&self->mutex);
  self->n_completing -= batch->n;
  if (self->is_closing && self->n_outstanding == 0)
    kick_once (self);
  cf_mutex_unlock (&self->mutex);
}

/* Takes results out of the rings, hands out new calls, and settles the futures. With the receiving lock held, which
 * it lets go. Returns how many frames there were. */
static guint
receive_locked (CfProcessScheduler *self)
{
  Batch batch;
  guint n_frames;

  batch.n = 0;
  g_queue_init (&batch.log);
  n_frames = collect (self, &batch);
  if (batch.n > 0)
    match_batch (self, &batch);
  cf_mutex_unlock (&self->receiving);

  emit_log (self, &batch.log);
  if (batch.n > 0)
    complete_batch (self, &batch);

  return n_frames;
}

static guint
receive (CfProcessScheduler *self)
{
  cf_mutex_lock (&self->receiving);
  return receive_locked (self);
}

/* Polling. */

static void
begin_polling (CfProcessScheduler *self)
{
  cf_mutex_lock (&self->mutex);
  if (self->n_pollers++ == 0)
    {
      for (guint i = 0; i < self->workers->len; i++)
        {
          CfChannel *channel = cf_worker_process_get_channel (nth_worker (self, i)->process);

          atomic_store_explicit (&channel->region->pool_asleep, FALSE, memory_order_relaxed);
        }
    }
  cf_mutex_unlock (&self->mutex);
}

static gboolean
has_results (CfProcessScheduler *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      if (cf_remote_worker_has_result (nth_worker (self, i)))
        return TRUE;
    }

  return FALSE;
}

static void
end_polling (CfProcessScheduler *self)
{
  cf_mutex_lock (&self->mutex);
  if (--self->n_pollers == 0)
    {
      for (guint i = 0; i < self->workers->len; i++)
        {
          CfRemoteWorker *worker = nth_worker (self, i);
          CfChannel *channel = cf_worker_process_get_channel (worker->process);

          if (worker->calls.length > 0)
            atomic_store_explicit (&channel->region->pool_asleep, TRUE, memory_order_relaxed);
        }

      /* Pairs with the fence in cf_channel_wake_pool(). */
      atomic_thread_fence (memory_order_seq_cst);
      if (has_results (self))
        kick (self);
    }
  cf_mutex_unlock (&self->mutex);
}

/* What a thread that waits for a future does. */

static gpointer
acquire_poller (CfFutureOwner *owner)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;

  begin_polling (self);
  return cf_process_scheduler_ref (self);
}

static void
poll_results (gpointer poller)
{
  CfProcessScheduler *self = poller;

  if (!cf_mutex_trylock (&self->receiving))
    return;

  if (has_results (self))
    receive_locked (self);
  else
    cf_mutex_unlock (&self->receiving);
}

static void
release_poller (gpointer poller)
{
  end_polling (poller);
  cf_process_scheduler_unref (poller);
}

/* What happens to a future from outside: under its lock. */

static gboolean
take_back (CfFutureOwner *owner,
           CfFuture      *future,
           CfCall        *call_to_free)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;
  CfRemoteCall *call = future->remote_call;
  gboolean is_known;

  cf_mutex_lock (&self->mutex);
  if (call->state == CF_REMOTE_CALL_ENDED ||
      (call->state == CF_REMOTE_CALL_HANDED && !cf_remote_worker_take_back (call->worker, call)))
    {
      cf_mutex_unlock (&self->mutex);
      return FALSE;
    }

  if (call->state == CF_REMOTE_CALL_QUEUED)
    cf_remote_queue_remove (&self->queue, call);

  is_known = call->state == CF_REMOTE_CALL_QUEUED || call->state == CF_REMOTE_CALL_HANDED;
  if (call->state != CF_REMOTE_CALL_NEW)
    {
      self->n_outstanding--;
      *call_to_free = call->call;
      call->call.kind = CF_CALL_NONE;
    }
  if (self->is_closing && self->n_outstanding == 0)
    kick_once (self);
  call->state = CF_REMOTE_CALL_WITHDRAWN;
  cf_mutex_unlock (&self->mutex);

  /* Otherwise whoever has it in his hands frees it. The future is kept by whoever settles it. */
  if (is_known)
    cf_remote_call_free (call);
  cf_counts_notifier_changed (self->notifier);
  return TRUE;
}

static gboolean
has_begun (CfFutureOwner *owner,
           CfFuture      *future)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;
  CfRemoteCall *call = future->remote_call;
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = call->state == CF_REMOTE_CALL_ENDED ||
           (call->state == CF_REMOTE_CALL_HANDED && cf_remote_worker_has_begun (call->worker, call));
  cf_mutex_unlock (&self->mutex);

  return answer;
}

static void
interrupt (CfFutureOwner  *owner,
           CfFuture       *future,
           CfInterruption  how)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;
  CfRemoteCall *call = future->remote_call;

  cf_mutex_lock (&self->mutex);
  if (how == CF_INTERRUPT_COOPERATE)
    {
      call->is_cancel_requested = TRUE;
      self->look_at = 0;
    }
  else if (call->worker != NULL)
    call->worker->is_suspect = call->is_condemned = TRUE;
  kick_once (self);
  cf_mutex_unlock (&self->mutex);
}

static const CfRemoteInterface remote_interface = {
  .take_back = take_back,
  .has_begun = has_begun,
  .interrupt = interrupt,
  .acquire_poller = acquire_poller,
  .poll = poll_results,
  .release_poller = release_poller,
};

/* The manager. */

static void
on_readable (gpointer data)
{
  CfRemoteWorker *worker = data;
  CfProcessScheduler *self = worker->scheduler;
  GQueue log = G_QUEUE_INIT;
  GError *fault = NULL;
  gboolean is_ready = FALSE;
  gboolean is_open;

  cf_mutex_lock (&self->receiving);
  is_open = cf_remote_worker_read_messages (worker, &is_ready, &log, &fault);
  cf_mutex_unlock (&self->receiving);

  cf_mutex_lock (&self->mutex);
  if (is_ready && worker->state == CF_REMOTE_WORKER_STARTING)
    {
      worker->state = self->config.initializer.kind != CF_CALL_NONE ? CF_REMOTE_WORKER_INITIALIZING
                                                                    : CF_REMOTE_WORKER_READY;
      worker->since = g_get_monotonic_time ();
      worker->end_by = -1;
    }
  if (fault != NULL)
    cf_remote_worker_take_fault (worker, fault);
  else if (!is_open && worker->end_by < 0)
    worker->end_by = g_get_monotonic_time () + TERMINATE_USEC;
  dispatch (self);
  atomic_store_explicit (&self->is_kicked, TRUE, memory_order_relaxed);
  cf_mutex_unlock (&self->mutex);

  if (!is_open)
    cf_worker_process_ignore_socket (worker->process);
  emit_log (self, &log);
}

/* Why a call failed whose worker has ended. */
static GError *
make_death_error (CfRemoteWorker *worker)
{
  g_autofree char *end = NULL;

  if (worker->fault != NULL)
    return g_error_copy (worker->fault);

  end = cf_worker_process_describe_end (worker->process);
  return g_error_new (CF_ERROR, CF_ERROR_WORKER_DIED, _("The call was not finished: %s"), end);
}

/* Sorts the calls of a worker that has ended: those that had begun are returned, the others move on. With the mutex
 * held. */
static GList *
take_calls_of_dead (CfProcessScheduler *self,
                    CfRemoteWorker     *worker)
{
  GList *begun = NULL;
  GList *previous;

  for (GList *link = worker->calls.tail; link != NULL; link = previous)
    {
      CfRemoteCall *call = link->data;

      previous = link->prev;
      if (!call->is_initializer && cf_remote_worker_take_back (worker, call))
        {
          cf_remote_queue_push_front (&self->queue, call);
          continue;
        }

      worker->has_worked = !call->is_initializer || worker->has_worked;
      cf_remote_worker_remove (worker, call);
      strike_out (self, call);
      begun = g_list_prepend (begun, call);
    }

  return begun;
}

/* A worker that has done nothing at all may be the sign that none ever will. With the mutex held. */
static void
judge_futile (CfProcessScheduler *self,
              const char         *why)
{
  g_autofree char *reason = NULL;

  if (++self->n_futile < MAX_FUTILE)
    return;

  reason = g_strdup_printf (_("its workers end before they have done anything. The last one: %s"), why);
  break_pool (self, reason);
}

static void
on_exited (gpointer data)
{
  CfRemoteWorker *worker = data;
  CfProcessScheduler *self = worker->scheduler;
  g_autoptr(GError) error = NULL;
  GList *begun;
  gboolean is_expected;

  /* What it has sent still counts. */
  while (receive (self) > 0)
    ;

  cf_mutex_lock (&self->receiving);
  cf_mutex_lock (&self->mutex);
  error = make_death_error (worker);
  begun = take_calls_of_dead (self, worker);
  is_expected = worker->has_worked || worker->state == CF_REMOTE_WORKER_FINISHING ||
                (worker->is_condemned && worker->fault == NULL);
  if (is_expected)
    self->n_futile = 0;
  else
    judge_futile (self, error->message);
  g_ptr_array_remove_fast (self->workers, worker);
  atomic_store_explicit (&self->is_kicked, TRUE, memory_order_relaxed);
  cf_mutex_unlock (&self->mutex);
  cf_mutex_unlock (&self->receiving);

  for (GList *link = begun; link != NULL; link = link->next)
    complete_with_error (self, link->data, g_error_copy (error));
  g_list_free (begun);
  cf_remote_worker_free (worker);
  cf_counts_notifier_changed (self->notifier);
}

static const CfWorkerProcessCallbacks process_callbacks = { on_readable, on_exited };

/* Descriptors and processes may run out for a moment: tries again soon, unless that has been in vain for too often and
 * there is no worker at all. */
static void
note_start_failed (CfProcessScheduler *self,
                   const GError       *error)
{
  g_autofree char *reason = g_strdup_printf (_("a worker cannot be started: %s"), error->message);

  cf_mutex_lock (&self->mutex);
  self->start_after = g_get_monotonic_time () + RETRY_START_USEC;
  if (self->workers->len == 0 && ++self->n_futile >= MAX_FUTILE)
    break_pool (self, reason);
  cf_mutex_unlock (&self->mutex);
}

static gboolean
start_worker (CfProcessScheduler *self)
{
  g_autoptr(GError) error = NULL;
  CfRemoteWorker *worker = cf_remote_worker_new (self, NULL, self->config.max_tasks_per_worker);
  CfWorkerProcess *process = cf_worker_process_start (&self->config.worker, &process_callbacks, worker, &error);

  if (process == NULL)
    {
      note_start_failed (self, error);
      cf_remote_worker_free (worker);
      return FALSE;
    }

  worker->process = process;
  worker->end_by = cf_deadline_after (self->config.start_timeout_usec);

  cf_mutex_lock (&self->receiving);
  cf_mutex_lock (&self->mutex);
  g_ptr_array_add (self->workers, worker);
  cf_mutex_unlock (&self->mutex);
  cf_mutex_unlock (&self->receiving);
  return TRUE;
}

/* A broken pool makes no more calls. */
static void
fail_queued_if_broken (CfProcessScheduler *self)
{
  CfRemoteCall *call;

  do
    {
      cf_mutex_lock (&self->mutex);
      call = self->broken != NULL ? cf_remote_queue_peek (&self->queue) : NULL;
      if (call != NULL)
        {
          cf_remote_queue_remove (&self->queue, call);
          strike_out (self, call);
        }
      cf_mutex_unlock (&self->mutex);

      if (call != NULL)
        complete_with_error (self, call, g_error_copy (self->broken));
    }
  while (call != NULL);
}

static void
start_workers (CfProcessScheduler *self)
{
  gboolean wants_one;

  do
    {
      cf_mutex_lock (&self->mutex);
      wants_one = wants_worker (self);
      cf_mutex_unlock (&self->mutex);
    }
  while (wants_one && start_worker (self));
}

/* Makes the payload of the next call, if that is all it waits for. Returns whether it did. */
static gboolean
prepare_payload (CfProcessScheduler *self)
{
  g_autoptr(GVariant) args = NULL;
  g_autoptr(GError) error = NULL;
  CfRemoteCall *call;
  int payload;

  cf_mutex_lock (&self->mutex);
  call = cf_remote_queue_peek (&self->queue);
  if (call == NULL || !call->is_large || call->payload >= 0 || find_idle_worker (self) == NULL)
    {
      cf_mutex_unlock (&self->mutex);
      return FALSE;
    }
  cf_remote_queue_remove (&self->queue, call);
  call->state = CF_REMOTE_CALL_PREPARED;
  self->prepared = call;
  args = g_variant_ref (call->call.args);
  cf_mutex_unlock (&self->mutex);

  payload = cf_payload_create (args, &error);

  cf_mutex_lock (&self->mutex);
  self->prepared = NULL;
  call->payload = payload;
  if (call->state == CF_REMOTE_CALL_PREPARED && payload >= 0)
    {
      cf_remote_queue_push_front (&self->queue, call);
      dispatch (self);
      call = NULL;
    }
  else if (call->state == CF_REMOTE_CALL_PREPARED)
    {
      strike_out (self, call);
    }
  cf_mutex_unlock (&self->mutex);

  if (call != NULL && call->state == CF_REMOTE_CALL_WITHDRAWN)
    cf_remote_call_free (call);
  else if (call != NULL)
    complete_with_error (self, call, g_steal_pointer (&error));

  return TRUE;
}

/* Gives a worker that has just started the pool's initializer, unless it is broken by that. */
static void
initialize (CfProcessScheduler *self,
            CfRemoteWorker     *worker)
{
  CfRemoteCall *call = cf_remote_call_new (NULL);
  g_autoptr(GError) error = NULL;
  gboolean is_given = FALSE;
  const char *function;

  worker->has_initializer = TRUE;
  call->is_initializer = TRUE;
  cf_call_init_copy (&call->call, &self->config.initializer);
  function = cf_portable_function_name (&call->call, &self->config.worker, &error);
  if (function != NULL)
    cf_remote_call_set_call (call, function);
  if (call->is_large)
    call->payload = cf_payload_create (call->call.args, &error);

  cf_mutex_lock (&self->mutex);
  if (error == NULL)
    is_given = give (self, worker, call);
  cf_mutex_unlock (&self->mutex);

  if (error != NULL)
    fail_initializer (self, error);
  if (!is_given)
    cf_remote_call_free (call);
}

static void
initialize_workers (CfProcessScheduler *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      if (worker->state == CF_REMOTE_WORKER_INITIALIZING && !worker->has_initializer)
        initialize (self, worker);
    }
}

/* Takes all calls that have not begun away from a worker. */
static void
take_back_all (CfProcessScheduler *self,
               CfRemoteWorker     *worker)
{
  GList *previous;

  for (GList *link = worker->calls.tail; link != NULL; link = previous)
    {
      CfRemoteCall *call = link->data;

      previous = link->prev;
      if (!call->is_initializer && cf_remote_worker_take_back (worker, call))
        cf_remote_queue_push_front (&self->queue, call);
    }
}

/* Notes which calls of a worker have begun. Returns whether others wait to. */
static gboolean
look_at_worker (CfProcessScheduler *self,
                CfRemoteWorker     *worker,
                gint64              now,
                GPtrArray          *begun)
{
  GList *link = worker->calls.head;

  worker->is_full = FALSE;
  for (; link != NULL && cf_remote_worker_has_begun (worker, link->data); link = link->next)
    {
      CfRemoteCall *call = link->data;

      if (!call->is_begun && !call->is_initializer)
        g_ptr_array_add (begun, g_object_ref (call->future));
      if (call->is_cancel_requested)
        cf_channel_send (cf_worker_process_get_channel (worker->process), CF_MESSAGE_CANCEL, 0, call->id, NULL, -1);
      call->is_begun = TRUE;
      call->is_cancel_requested = FALSE;
    }

  /* They were given to it before those that are in the queue, and are not to wait longer than these. */
  if (link != NULL && link != worker->calls.head && now - worker->since > STUCK_USEC)
    take_back_all (self, worker);

  return link != NULL;
}

/* Tells futures whose calls have begun, and calls whose futures want them to give up, if it is time to. It comes
 * again while calls are being given, or wait to begin: so the manager is not kicked for each that is given. */
static void
look (CfProcessScheduler *self)
{
  g_autoptr(GPtrArray) begun = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 now = g_get_monotonic_time ();

  cf_mutex_lock (&self->mutex);
  if (self->look_at >= 0 && now >= self->look_at)
    {
      gboolean is_waiting = self->last_id != self->looked_id;

      for (guint i = 0; i < self->workers->len; i++)
        is_waiting = look_at_worker (self, nth_worker (self, i), now, begun) || is_waiting;

      self->look_at = is_waiting ? now + self->look_usec : -1;
      self->look_usec = MIN (self->look_usec * 2, MAX_LOOK_USEC);
      self->looked_id = self->last_id;
    }
  cf_mutex_unlock (&self->mutex);

  for (guint i = 0; i < begun->len; i++)
    cf_future_begin_remote (g_ptr_array_index (begun, i));
}

/* Kills a worker because of the call that it makes: not if that has ended by now, and so that no other call is hurt.
 * With the mutex held. */
static void
kill_for_call (CfProcessScheduler *self,
               CfRemoteWorker     *worker)
{
  gboolean is_there = FALSE;

  take_back_all (self, worker);
  for (GList *link = worker->calls.head; link != NULL; link = link->next)
    is_there = is_there || ((CfRemoteCall *) link->data)->is_condemned;

  if (is_there && !cf_remote_worker_has_result (worker))
    worker->is_condemned = TRUE;
  else if (!is_there)
    worker->is_suspect = FALSE;
}

static void
kill_condemned (CfProcessScheduler *self)
{
  cf_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      if (worker->is_suspect && !worker->is_condemned)
        kill_for_call (self, worker);

      if ((worker->is_condemned || worker->fault != NULL) && !worker->is_killed)
        {
          worker->is_killed = TRUE;
          cf_worker_process_send_signal (worker->process, SIGKILL);
        }
    }
  dispatch (self);
  cf_mutex_unlock (&self->mutex);
}

static GError *
make_timeout_error (CfProcessScheduler *self,
                    const char         *format)
{
  g_autofree char *seconds = g_strdup_printf ("%g", (double) self->config.start_timeout_usec / G_USEC_PER_SEC);

  return g_error_new (CF_ERROR, CF_ERROR_TIMED_OUT, format, seconds);
}

/* A worker's patience is over. */
static void
end_worker (CfProcessScheduler *self,
            CfRemoteWorker     *worker,
            gint64              now)
{
  worker->end_by = -1;

  if (worker->state == CF_REMOTE_WORKER_STARTING)
    {
      cf_remote_worker_take_fault (worker, make_timeout_error (self, _("a worker process did not get ready within %s s; "
                                                                       "does it call cf_worker_init() or serve a CfWorker?")));
    }
  else if (worker->state == CF_REMOTE_WORKER_FINISHING && !worker->is_terminated)
    {
      worker->is_terminated = TRUE;
      worker->end_by = now + TERMINATE_USEC;
      cf_worker_process_send_signal (worker->process, SIGTERM);
    }
  else if (worker->state == CF_REMOTE_WORKER_FINISHING)
    {
      worker->is_condemned = TRUE;
    }
  else
    {
      cf_remote_worker_take_fault (worker, g_error_new_literal (CF_ERROR, CF_ERROR_WORKER_DIED,
                                                                _("a worker process closed its socket")));
    }
}

static gboolean
is_superfluous (CfProcessScheduler *self,
                CfRemoteWorker     *worker,
                gint64              now)
{
  return (self->is_closing && self->n_outstanding == 0) ||
         self->broken != NULL ||
         cf_remote_worker_is_used_up (worker) ||
         (self->idle_timeout_usec >= 0 && worker->state == CF_REMOTE_WORKER_READY && self->queue.n_calls == 0 &&
          now - worker->since >= self->idle_timeout_usec);
}

/* Has an idle worker end that is not needed any more. */
static void
dismiss (CfRemoteWorker *worker,
         gint64          now)
{
  if (worker->state != CF_REMOTE_WORKER_READY)
    {
      worker->is_condemned = TRUE;
      return;
    }

  worker->state = CF_REMOTE_WORKER_FINISHING;
  worker->end_by = now + FINISH_USEC;
}

static gint64
earlier (gint64 a,
         gint64 b)
{
  if (a < 0 || b < 0)
    return MAX (a, b);

  return MIN (a, b);
}

/* Does what is due to one worker. Returns when to come again, or -1. With the mutex held. */
static gint64
tend (CfProcessScheduler *self,
      CfRemoteWorker     *worker,
      gint64              now)
{
  gint64 claim_by = -1;
  gint64 idle_by = -1;
  gint64 retry_at = -1;

  if (worker->end_by >= 0 && now >= worker->end_by)
    end_worker (self, worker, now);

  if (worker->calls.length == 0 && worker->state != CF_REMOTE_WORKER_FINISHING && !worker->is_condemned &&
      is_superfluous (self, worker, now))
    dismiss (worker, now);

  /* There may be no room yet. */
  if (worker->state == CF_REMOTE_WORKER_FINISHING && !worker->is_told && !cf_remote_worker_finish (worker))
    retry_at = now + LOOK_USEC;

  if (worker->calls.length == 0 && worker->state == CF_REMOTE_WORKER_READY)
    idle_by = cf_deadline_from (worker->since, self->idle_timeout_usec);

  /* One that has work and does not begin it hangs, as does one that makes no room for it. */
  if (worker->calls.length > 0 && !cf_remote_worker_has_begun (worker, worker->calls.head->data))
    claim_by = cf_deadline_from (worker->since, self->config.start_timeout_usec);
  else if (worker->calls.length == 0 && worker->full_since >= 0)
    claim_by = cf_deadline_from (worker->full_since, self->config.start_timeout_usec);
  if (claim_by >= 0 && now >= claim_by && !worker->is_condemned)
    {
      cf_remote_worker_take_fault (worker, make_timeout_error (self, _("a worker process did not take a call within %s s")));
      claim_by = -1;
    }

  if ((worker->is_condemned || worker->is_suspect || worker->fault != NULL) && !worker->is_killed)
    return now;

  return earlier (earlier (worker->end_by, retry_at), earlier (claim_by, idle_by));
}

static gint64
tend_workers (CfProcessScheduler *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 again_at;

  cf_mutex_lock (&self->mutex);
  again_at = self->look_at;
  if (self->queue.n_calls > 0 && self->start_after > now)
    again_at = earlier (again_at, self->start_after);
  for (guint i = 0; i < self->workers->len; i++)
    again_at = earlier (again_at, tend (self, nth_worker (self, i), now));
  cf_mutex_unlock (&self->mutex);

  return again_at;
}

static gboolean
has_results_or_is_kicked (gpointer data)
{
  CfProcessScheduler *self = data;

  return has_results (self) || atomic_load_explicit (&self->is_kicked, memory_order_relaxed);
}

/* Polls as long as it pays, unless somebody else does; but there is more to do than that. */
static void
poll_as_manager (CfProcessScheduler *self)
{
  gboolean is_needed = FALSE;
  gint64 until;

  cf_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->workers->len && self->n_pollers == 0; i++)
    is_needed = is_needed || nth_worker (self, i)->calls.length > 0;
  cf_mutex_unlock (&self->mutex);

  if (!is_needed)
    return;

  begin_polling (self);
  until = g_get_monotonic_time () + LOOK_USEC;
  while ((receive (self) > 0 || cf_wait_spin (has_results_or_is_kicked, self)) &&
         !atomic_load_explicit (&self->is_kicked, memory_order_relaxed) &&
         g_get_monotonic_time () < until)
    ;
  end_polling (self);
}

/* Does what there is to do. Returns FALSE if there will never be anything again. */
static gboolean
manage (CfProcessScheduler *self,
        GSource            *timer)
{
  gint64 again_at;
  gboolean is_over;

  cf_mutex_lock (&self->mutex);
  atomic_store_explicit (&self->is_kicked, FALSE, memory_order_relaxed);
  cf_mutex_unlock (&self->mutex);

  poll_as_manager (self);
  free_discarded (self);
  start_workers (self);
  initialize_workers (self);
  while (prepare_payload (self))
    ;
  look (self);
  again_at = tend_workers (self);
  kill_condemned (self);
  fail_queued_if_broken (self);
  g_source_set_ready_time (timer, again_at);

  cf_mutex_lock (&self->mutex);
  is_over = self->is_closing && self->n_outstanding == 0 && self->n_completing == 0 && self->workers->len == 0;
  cf_mutex_unlock (&self->mutex);

  return !is_over;
}

static gboolean
on_timer (GSource     *source,
          GSourceFunc  callback,
          gpointer     data)
{
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = on_timer };

static gpointer
manager_main (gpointer data)
{
  CfProcessScheduler *self = data;
  g_autoptr(GSource) timer = g_source_new (&timer_funcs, sizeof (GSource));

  g_main_context_push_thread_default (self->context);
  g_source_attach (timer, self->context);

  while (manage (self, timer))
    {
      g_main_context_iteration (self->context, TRUE);
      cf_parker_learn (cf_parker_get ());
    }

  g_source_destroy (timer);
  g_main_context_pop_thread_default (self->context);
  join_chore_thread (self);
  cf_future_set_value (self->ended, NULL, NULL);
  cf_process_scheduler_unref (self);
  return NULL;
}

/* Life. */

/**
 * cf_process_scheduler_new:
 * @notifier: (transfer none): whom to tell that the counts have changed
 *
 * Returns: (transfer full): a scheduler without processes, which is to be configured
 */
CfProcessScheduler *
cf_process_scheduler_new (CfCountsNotifier *notifier)
{
  CfProcessScheduler *self = g_new0 (CfProcessScheduler, 1);

  self->owner.remote = &remote_interface;
  g_atomic_ref_count_init (&self->ref_count);
  self->config.worker.stdout_descriptor = -1;
  self->config.worker.stderr_descriptor = -1;
  self->notifier = cf_counts_notifier_ref (notifier);
  self->context = g_main_context_new ();
  self->ended = cf_future_new ();
  self->workers = g_ptr_array_new ();
  self->chores = g_async_queue_new ();
  cf_remote_queue_init (&self->queue);
  self->call_nsec = G_MAXUINT;
  self->look_at = -1;
  self->look_usec = LOOK_USEC;
  self->idle_timeout_usec = -1;

  return self;
}

void
cf_process_scheduler_unref (CfProcessScheduler *self)
{
  CF_TSAN_RELEASE (self);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  g_assert (self->workers->len == 0);
  g_assert (g_queue_is_empty (&self->discarded));

  if (self->manager != NULL)
    g_thread_unref (self->manager);
  cf_worker_settings_clear (&self->config.worker);
  cf_call_clear (&self->config.initializer);
  cf_counts_notifier_unref (self->notifier);
  g_main_context_unref (self->context);
  g_object_unref (self->ended);
  g_ptr_array_unref (self->workers);
  g_async_queue_unref (self->chores);
  cf_remote_queue_clear (&self->queue);
  g_clear_error (&self->broken);
  cf_mutex_clear (&self->receiving);
  cf_mutex_clear (&self->mutex);
  g_free (self);
}

CfProcessSchedulerConfig *
cf_process_scheduler_get_config (CfProcessScheduler *self)
{
  return &self->config;
}

gboolean
cf_process_scheduler_has_begun (CfProcessScheduler *self)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = self->manager_self != NULL;
  cf_mutex_unlock (&self->mutex);

  return answer;
}

gint64
cf_process_scheduler_get_idle_timeout (CfProcessScheduler *self)
{
  gint64 idle_timeout_usec;

  cf_mutex_lock (&self->mutex);
  idle_timeout_usec = self->idle_timeout_usec;
  cf_mutex_unlock (&self->mutex);

  return idle_timeout_usec;
}

void
cf_process_scheduler_set_idle_timeout (CfProcessScheduler *self,
                                       gint64              idle_timeout_usec)
{
  cf_mutex_lock (&self->mutex);
  self->idle_timeout_usec = idle_timeout_usec;
  kick_once (self);
  cf_mutex_unlock (&self->mutex);
}

/* Why a call cannot be taken, or NULL. With the mutex held. */
static GError *
refuse (CfProcessScheduler *self)
{
  if (self->broken != NULL)
    return g_error_copy (self->broken);
  if (self->is_closing)
    return cf_error_new_shut_down ();

  return NULL;
}

static void
start_manager (CfProcessScheduler *self)
{
  if (self->manager_self != NULL)
    return;

  self->manager = g_thread_new ("cf-processes", manager_main, cf_process_scheduler_ref (self));
  self->manager_self = self->manager;
}

static void
enqueue (CfProcessScheduler *self,
         CfRemoteCall       *call)
{
  if (cf_future_get_priority (call->future) != G_PRIORITY_DEFAULT)
    self->uses_priorities = TRUE;

  self->n_submitted++;
  self->n_outstanding++;
  cf_remote_queue_push (&self->queue, call);
  start_manager (self);
  if (self->uses_priorities)
    take_back_for_urgent (self, call);
  dispatch (self);
}

/* Fails a call that was never taken, here and now. */
static void
reject (CfProcessScheduler *self,
        CfRemoteCall       *call,
        GError             *error)
{
  CfOutcome outcome;

  cf_outcome_take_error (&outcome, error);
  cf_call_clear (&call->call);
  settle (self, call->future, FALSE, &outcome);
  cf_remote_call_free (call);
}

/**
 * cf_process_scheduler_submit:
 * @self: a scheduler
 * @future: a future with a call
 *
 * Has the call made. If it cannot be made in another process, or the pool takes no more calls, the future fails.
 *
 * Returns: how many calls have been submitted
 */
guint64
cf_process_scheduler_submit (CfProcessScheduler *self,
                             CfFuture           *future)
{
  CfRemoteCall *call = cf_remote_call_new (future);
  GError *error = NULL;
  const char *function;
  gboolean is_withdrawn;
  guint64 n_submitted;

  if (!cf_future_make_remote (future, &self->owner, call, &call->call))
    {
      cf_remote_call_free (call);
      return 0;
    }

  function = cf_portable_function_name (&call->call, &self->config.worker, &error);
  if (function != NULL)
    cf_remote_call_set_call (call, function);

  cf_mutex_lock (&self->mutex);
  is_withdrawn = call->state == CF_REMOTE_CALL_WITHDRAWN;
  if (error == NULL)
    error = refuse (self);
  if (error == NULL && !is_withdrawn)
    enqueue (self, call);
  n_submitted = self->n_submitted;
  cf_mutex_unlock (&self->mutex);

  if (is_withdrawn)
    cf_remote_call_free (call);
  else if (error != NULL)
    reject (self, call, g_steal_pointer (&error));
  g_clear_error (&error);

  return n_submitted;
}

/* Shutting down. */

static void
cancel_all (CfProcessScheduler *self)
{
  g_autoptr(GPtrArray) futures = NULL;

  cf_mutex_lock (&self->mutex);
  futures = cf_remote_queue_list (&self->queue);
  if (self->prepared != NULL)
    g_ptr_array_add (futures, g_object_ref (self->prepared->future));
  for (guint i = 0; i < self->workers->len; i++)
    {
      for (GList *link = nth_worker (self, i)->calls.head; link != NULL; link = link->next)
        {
          CfRemoteCall *call = link->data;

          if (!call->is_initializer)
            g_ptr_array_add (futures, g_object_ref (call->future));
        }
    }
  cf_mutex_unlock (&self->mutex);

  for (guint i = 0; i < futures->len; i++)
    cf_future_cancel (g_ptr_array_index (futures, i));
}

static void
join_manager (CfProcessScheduler *self)
{
  GThread *manager;

  cf_future_wait (self->ended, -1, NULL, NULL);

  cf_mutex_lock (&self->mutex);
  manager = g_steal_pointer (&self->manager);
  cf_mutex_unlock (&self->mutex);

  if (manager != NULL)
    g_thread_join (manager);
}

/**
 * cf_process_scheduler_shutdown:
 * @self: a scheduler
 * @wait: whether to wait until every process has ended
 * @cancel_futures: whether to cancel the calls that have not begun
 *
 * Ends the processes when there is nothing left to do. A callback that is run in a thread of the scheduler's does not
 * wait, because it would wait for itself.
 */
void
cf_process_scheduler_shutdown (CfProcessScheduler *self,
                               gboolean            wait,
                               gboolean            cancel_futures)
{
  gboolean has_begun_work;
  gboolean is_own_thread;

  cf_mutex_lock (&self->mutex);
  self->is_closing = TRUE;
  has_begun_work = self->manager_self != NULL;
  is_own_thread = g_thread_self () == self->manager_self || g_thread_self () == self->chore_thread;
  kick (self);
  cf_mutex_unlock (&self->mutex);

  if (cancel_futures)
    cancel_all (self);

  if (!wait || is_own_thread)
    return;

  if (has_begun_work)
    join_manager (self);
  cf_future_deliver_own_of (&self->owner);
}

void
cf_process_scheduler_signal_workers (CfProcessScheduler *self,
                                     int                 signal_number)
{
  cf_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->workers->len; i++)
    cf_worker_process_send_signal (nth_worker (self, i)->process, signal_number);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_scheduler_get_pids:
 * @self: a scheduler
 * @n_pids: (out): how many there are
 *
 * Returns: (transfer full) (array length=n_pids): the processes that live now
 */
int *
cf_process_scheduler_get_pids (CfProcessScheduler *self,
                               gsize              *n_pids)
{
  int *pids;

  cf_mutex_lock (&self->mutex);
  *n_pids = 0;
  pids = g_new (int, self->workers->len + 1);
  for (guint i = 0; i < self->workers->len; i++)
    {
      int pid = cf_worker_process_get_pid (nth_worker (self, i)->process);

      /* One that ended at once has no number any more. */
      if (pid > 0)
        pids[(*n_pids)++] = pid;
    }
  cf_mutex_unlock (&self->mutex);

  return pids;
}

void
cf_process_scheduler_get_counts (CfProcessScheduler *self,
                                 guint64            *n_pending,
                                 guint64            *n_running,
                                 guint64            *n_completed)
{
  guint64 n_begun = 0;

  cf_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->workers->len; i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      for (GList *link = worker->calls.head; link != NULL && cf_remote_worker_has_begun (worker, link->data);
           link = link->next)
        n_begun += !((CfRemoteCall *) link->data)->is_initializer;
    }
  *n_pending = self->n_outstanding - n_begun;
  *n_running = n_begun;
  *n_completed = self->n_completed;
  cf_mutex_unlock (&self->mutex);
}
