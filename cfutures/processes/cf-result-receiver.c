/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Receiving what the workers send.
 *
 *      collect ←══ring══ processes            under the receiving lock
 *         │
 *         ├── progress ──→ future             under that as well, so that it does not come after the end
 *       match ──→ dispatch                    under the mutex: the calls are off their workers, others are handed out
 *         │
 *      complete ──→ future                    without a lock
 *
 * Results are received by a thread that waits for one and spins (so that a round trip needs no other thread), or else
 * by the manager. Threads that mean to do so say that they *poll*, so that the workers need not wake the manager
 * (cf-worker-set.c). One thread receives at a time, a batch of results, and settles their futures when it has let the
 * next one in.
 *
 * The *receiving lock* is taken before a future's lock and before the mutex. It guards what comes from the workers. The
 * list of workers is changed with it and the mutex, and read with either. */

#include "config.h"

#include "processes/cf-result-receiver-private.h"

#include "future/cf-future-claim-private.h"

#define BATCH 64

/* What was received at a time. */
typedef struct
{
  CfRemoteResult results[BATCH];
  guint          n;
  GQueue         log;           /* CfRemoteLogLine */
} Batch;

void
cf_result_receiver_init (CfResultReceiver *self,
                         CfProcessPool    *pool,
                         CfCallSettler    *settler,
                         CfCountsNotifier *notifier)
{
  self->pool = pool;
  self->settler = settler;
  self->notifier = notifier;
}

void
cf_result_receiver_clear (CfResultReceiver *self)
{
  cf_mutex_clear (&self->receiving);
}

/* Collecting: with the receiving lock held. */

static void
report_progress (CfResultReceiver *self,
                 CfRemoteResult   *result)
{
  g_autoptr(GVariant) value = cf_frame_take_value (&result->frame, g_steal_pointer (&result->memory));
  g_autoptr(GVariant) message_value = NULL;
  g_autoptr(CfFuture) future = cf_process_pool_match_progress (self->pool, result);
  g_autofree char *message = NULL;
  double fraction;

  g_variant_get (value, "(dm@ay)", &fraction, &message_value);
  if (future == NULL || !(fraction >= 0.0 && fraction <= 1.0))
    return;

  if (message_value != NULL)
    message = g_utf8_make_valid (g_variant_get_bytestring (message_value), -1);
  cf_future_begin_remote (future);
  cf_future_report_progress (future, fraction, message);
}

/* Reads what a worker has sent, but not so much of it that the others would have to wait. Returns how many frames
 * that was. */
static guint
collect_from (CfResultReceiver *self,
              CfRemoteWorker   *worker,
              Batch            *batch)
{
  GError *fault = NULL;
  guint n_frames = 0;

  while (n_frames < BATCH / 2 && batch->n < BATCH &&
         cf_result_reader_read (&worker->reader, &batch->results[batch->n], &batch->log, &fault))
    {
      CfRemoteResult *result = &batch->results[batch->n];

      n_frames++;
      result->worker = worker;
      if (result->frame.kind == CF_FRAME_PROGRESS)
        report_progress (self, result);
      else
        batch->n++;
    }

  if (fault != NULL)
    cf_process_pool_note_fault (self->pool, worker, fault);

  return n_frames;
}

/* Returns how many frames there were. */
static guint
collect (CfResultReceiver *self,
         Batch            *batch)
{
  GPtrArray *workers = cf_process_pool_get_workers (self->pool);
  guint n_workers = workers->len;
  guint first = n_workers > 0 ? self->next_worker++ % n_workers : 0;
  guint n_frames = 0;

  for (guint i = 0; i < n_workers; i++)
    n_frames += collect_from (self, g_ptr_array_index (workers, (first + i) % n_workers), batch);

  return n_frames;
}

/* Completing: without a lock. */

static void
complete_result (CfResultReceiver *self,
                 CfRemoteResult   *result)
{
  CfRemoteCall *call = result->call;
  CfOutcome outcome;

  if (call != NULL)
    {
      cf_remote_result_to_outcome (result, &outcome);
      if (call->is_initializer && outcome.kind == CF_OUTCOME_ERROR)
        cf_process_pool_fail_initializer (self->pool, outcome.error);
      cf_call_settler_complete (self->settler, call, result->frame.duration_nsec < CF_SHORT_CALL_USEC * 1000u,
                                &outcome);
    }
  cf_remote_result_clear (result);
}

/* Receiving. */

/* Begins to receive: takes results out of the rings, and hands out new calls. With the receiving lock held. Returns how
 * many frames there were. */
static guint
receive_batch (CfResultReceiver *self,
               Batch            *batch)
{
  guint n_frames;

  batch->n = 0;
  g_queue_init (&batch->log);
  n_frames = collect (self, batch);
  if (batch->n > 0)
    cf_process_pool_match (self->pool, batch->results, batch->n);

  return n_frames;
}

/* Ends it: settles the futures. Without a lock. */
static void
complete_batch (CfResultReceiver *self,
                Batch            *batch)
{
  cf_call_settler_emit_log (self->settler, &batch->log);
  if (batch->n == 0)
    return;

  for (guint i = 0; i < batch->n; i++)
    complete_result (self, &batch->results[i]);
  cf_counts_notifier_changed (self->notifier);
  cf_process_pool_note_completed (self->pool, batch->n);
}

/**
 * cf_result_receiver_receive:
 * @self: a receiver
 *
 * Receives what has come by now, up to a limit.
 *
 * Returns: how many frames there were
 */
guint
cf_result_receiver_receive (CfResultReceiver *self)
{
  Batch batch;
  guint n_frames;

  cf_mutex_lock (&self->receiving);
  n_frames = receive_batch (self, &batch);
  cf_mutex_unlock (&self->receiving);

  complete_batch (self, &batch);
  return n_frames;
}

/**
 * cf_result_receiver_try:
 * @self: a receiver
 *
 * Receives what has come by now, unless another thread is about to.
 */
void
cf_result_receiver_try (CfResultReceiver *self)
{
  Batch batch;
  gboolean has_results;

  if (!cf_mutex_trylock (&self->receiving))
    return;

  has_results = cf_process_pool_has_results (self->pool);
  if (has_results)
    receive_batch (self, &batch);
  cf_mutex_unlock (&self->receiving);

  if (has_results)
    complete_batch (self, &batch);
}

/**
 * cf_result_receiver_read_messages:
 * @self: a receiver
 * @worker: a worker
 * @is_ready: (inout): set if it says that it is ready
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Reads what is on the worker's socket.
 *
 * Returns: %FALSE if that is closed, or if @error is set
 */
gboolean
cf_result_receiver_read_messages (CfResultReceiver  *self,
                                  CfRemoteWorker    *worker,
                                  gboolean          *is_ready,
                                  GError           **error)
{
  GQueue log = G_QUEUE_INIT;
  gboolean is_open;

  cf_mutex_lock (&self->receiving);
  is_open = cf_result_reader_read_messages (&worker->reader, is_ready, &log, error);
  cf_mutex_unlock (&self->receiving);

  cf_call_settler_emit_log (self->settler, &log);
  return is_open;
}

/* The list of workers: in the manager's thread. */

/**
 * cf_result_receiver_add_worker:
 * @self: a receiver
 * @worker: (transfer full): a worker that has just been started
 *
 * Adds a worker to the pool's, to receive its results.
 */
void
cf_result_receiver_add_worker (CfResultReceiver *self,
                               CfRemoteWorker   *worker)
{
  cf_mutex_lock (&self->receiving);
  cf_process_pool_add_worker (self->pool, worker);
  cf_mutex_unlock (&self->receiving);
}

/**
 * cf_result_receiver_bury_worker:
 * @self: a receiver
 * @worker: (transfer full): a worker that has ended
 *
 * Receives what is left of the worker's results, takes it off the pool's, and fails the calls that it was making.
 */
void
cf_result_receiver_bury_worker (CfResultReceiver *self,
                                CfRemoteWorker   *worker)
{
  g_autoptr(GError) error = NULL;
  GList *begun;

  while (cf_result_receiver_receive (self) > 0)
    ;

  cf_mutex_lock (&self->receiving);
  begun = cf_process_pool_bury_worker (self->pool, worker, &error);
  cf_mutex_unlock (&self->receiving);
  cf_worker_process_reap (worker->process);

  for (GList *link = begun; link != NULL; link = link->next)
    cf_call_settler_complete_with_error (self->settler, link->data, cf_remote_call_new_error (link->data, error));
  g_list_free (begun);
  cf_remote_worker_free (worker);
  cf_counts_notifier_changed (self->notifier);
}
