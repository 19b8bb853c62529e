/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The owner of what a process pool is doing: its queue, its workers, its counters, and the mutex that guards them.
 *
 *      executor, futures ───→ enter, withdraw, interrupt, close …  ┐
 *      receiver          ───→ match, poll, bury …                  ├──→ mutex { CfProcessPoolState: dispatch, tending }
 *      manager, supervisor ─→ tend, look, prepare …                ┘
 *
 * Each function here is one transaction: it takes the mutex, does what belongs together, and lets it go. Nobody else
 * takes the mutex, and nobody above this file touches the state: what is done to it is written in the files below,
 * which know of no lock, and what comes before and after in those above.
 *
 *      cf-process-pool-state    what there is, and who writes what of it
 *      cf-worker-tending        what is due to each worker
 *      cf-call-dispatch         which worker runs which call
 *
 * The mutex is held for moments, and is the last to be taken: after the receiver's lock and a future's. No user code
 * runs under it, and nothing is settled. */

#include "config.h"

#include "processes/cf-process-pool-private.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "processes/cf-call-dispatch-private.h"
#include "processes/cf-worker-tending-private.h"

void
cf_process_pool_init (CfProcessPool *self)
{
  /* If there is no descriptor now, there may be one when there is a call. */
  cf_manager_wakeup_open (&self->wakeup);
  cf_process_pool_state_init (&self->state, &self->config, &self->wakeup);
}

void
cf_process_pool_clear (CfProcessPool *self)
{
  cf_process_pool_state_clear (&self->state);
  cf_manager_wakeup_clear (&self->wakeup);
  g_clear_object (&self->config.launcher);
  cf_call_clear (&self->config.initializer);
  cf_mutex_clear (&self->mutex);
}

/* For the executor and the futures. */

/**
 * cf_process_pool_open:
 * @self: a pool
 * @error: return location for a `GIOErrorEnum`; or why the pool takes no calls
 *
 * Prepares it for its first call.
 *
 * Returns: whether it can be managed
 */
gboolean
cf_process_pool_open (CfProcessPool  *self,
                      GError        **error)
{
  GError *refusal;

  cf_mutex_lock (&self->mutex);
  refusal = cf_call_ledger_refuse (&self->state.ledger);
  if (refusal == NULL && !cf_manager_wakeup_open (&self->wakeup))
    refusal = g_error_new (G_IO_ERROR, g_io_error_from_errno (errno), _("Could not manage worker processes: %s"),
                           g_strerror (errno));
  cf_mutex_unlock (&self->mutex);

  if (refusal == NULL)
    return TRUE;

  g_propagate_error (error, refusal);
  return FALSE;
}

/**
 * cf_process_pool_enter:
 * @self: a pool
 * @call: (transfer full): a call, ready to be given to a worker; it stays the caller's unless it is taken
 * @n_submitted: (out): how many calls have been taken
 * @error: (inout): set if the call cannot be made; or why the pool refuses it
 *
 * Has the call made.
 *
 * Returns: what has become of it
 */
CfCallEntry
cf_process_pool_enter (CfProcessPool  *self,
                       CfRemoteCall   *call,
                       guint64        *n_submitted,
                       GError        **error)
{
  CfCallLedger *ledger = &self->state.ledger;
  CfCallEntry entry = CF_ENTRY_REFUSED;

  cf_mutex_lock (&self->mutex);
  if (call->state == CF_REMOTE_CALL_WITHDRAWN)
    {
      entry = CF_ENTRY_WITHDRAWN;
    }
  else if (*error == NULL && (*error = cf_call_ledger_refuse (ledger)) == NULL)
    {
      entry = CF_ENTRY_TAKEN;
      cf_call_dispatch_enqueue (&self->state, call);
    }
  *n_submitted = ledger->n_submitted;
  cf_mutex_unlock (&self->mutex);

  return entry;
}

/**
 * cf_process_pool_withdraw:
 * @self: a pool
 * @call: a call that is not over
 * @call_to_free: (out caller-allocates): what was to be called, if it is for the caller to free
 *
 * Takes the call back, if it has not begun. If another thread has taken it, that thread frees it.
 *
 * Returns: whether the call will never be made; the pool may be gone then
 */
gboolean
cf_process_pool_withdraw (CfProcessPool *self,
                          CfRemoteCall  *call,
                          CfCall        *call_to_free)
{
  gboolean is_known = FALSE;
  gboolean is_withdrawn;

  cf_mutex_lock (&self->mutex);
  is_withdrawn = cf_call_dispatch_withdraw (&self->state, call, call_to_free, &is_known);
  cf_mutex_unlock (&self->mutex);

  if (is_known)
    cf_remote_call_free (call);
  return is_withdrawn;
}

gboolean
cf_process_pool_has_begun_call (CfProcessPool *self,
                                CfRemoteCall  *call)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = call->state == CF_REMOTE_CALL_ENDED ||
           (call->state == CF_REMOTE_CALL_HANDED && cf_remote_worker_has_begun (call->worker, call));
  cf_mutex_unlock (&self->mutex);

  return answer;
}

/**
 * cf_process_pool_interrupt:
 * @self: a pool
 * @call: a call that is not over
 * @how: whether to ask it to give up, or to kill the worker that makes it
 *
 * Has the manager do so.
 */
void
cf_process_pool_interrupt (CfProcessPool  *self,
                           CfRemoteCall   *call,
                           CfInterruption  how)
{
  cf_mutex_lock (&self->mutex);
  cf_call_dispatch_interrupt (&self->state, call, how);
  cf_mutex_unlock (&self->mutex);
}

/* Whether a call was ever taken, so that there is a manager. */
gboolean
cf_process_pool_has_begun (CfProcessPool *self)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = self->state.ledger.n_submitted > 0;
  cf_mutex_unlock (&self->mutex);

  return answer;
}

/**
 * cf_process_pool_close:
 * @self: a pool
 *
 * Takes no more calls, and has the manager end when all are over.
 */
void
cf_process_pool_close (CfProcessPool *self)
{
  cf_mutex_lock (&self->mutex);
  cf_call_ledger_close (&self->state.ledger);
  cf_manager_wakeup_kick (&self->wakeup);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_list_futures:
 * @self: a pool
 *
 * Returns: (transfer full) (element-type CfFuture): the futures of all calls that are not over
 */
GPtrArray *
cf_process_pool_list_futures (CfProcessPool *self)
{
  GPtrArray *futures;

  cf_mutex_lock (&self->mutex);
  futures = cf_process_pool_state_list_futures (&self->state);
  cf_mutex_unlock (&self->mutex);

  return futures;
}

void
cf_process_pool_get_counts (CfProcessPool *self,
                            guint64       *n_pending,
                            guint64       *n_running,
                            guint64       *n_completed)
{
  cf_mutex_lock (&self->mutex);
  *n_running = cf_process_pool_state_count_begun (&self->state);
  *n_pending = self->state.ledger.n_outstanding - *n_running;
  *n_completed = self->state.ledger.n_completed;
  cf_mutex_unlock (&self->mutex);
}

gint64
cf_process_pool_get_idle_timeout (CfProcessPool *self)
{
  gint64 idle_timeout_usec;

  cf_mutex_lock (&self->mutex);
  idle_timeout_usec = self->state.idle_timeout_usec;
  cf_mutex_unlock (&self->mutex);

  return idle_timeout_usec;
}

void
cf_process_pool_set_idle_timeout (CfProcessPool *self,
                                  gint64         idle_timeout_usec)
{
  cf_mutex_lock (&self->mutex);
  self->state.idle_timeout_usec = idle_timeout_usec;
  cf_manager_wakeup_kick_once (&self->wakeup);
  cf_mutex_unlock (&self->mutex);
}

void
cf_process_pool_signal_workers (CfProcessPool *self,
                                int            signal_number)
{
  CfWorkerSet *workers = &self->state.workers;

  cf_mutex_lock (&self->mutex);
  for (guint i = 0; i < workers->members->len; i++)
    cf_worker_process_send_signal (cf_worker_set_nth (workers, i)->process, signal_number);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_get_pids:
 * @self: a pool
 * @n_pids: (out): how many there are
 *
 * Returns: (transfer full) (array length=n_pids): the processes that live now
 */
int *
cf_process_pool_get_pids (CfProcessPool *self,
                          gsize         *n_pids)
{
  CfWorkerSet *workers = &self->state.workers;
  int *pids;

  cf_mutex_lock (&self->mutex);
  *n_pids = 0;
  pids = g_new (int, workers->members->len + 1);
  for (guint i = 0; i < workers->members->len; i++)
    {
      int pid = cf_worker_process_get_pid (cf_worker_set_nth (workers, i)->process);

      /* One that ended at once no longer has a number. */
      if (pid > 0)
        pids[(*n_pids)++] = pid;
    }
  cf_mutex_unlock (&self->mutex);

  return pids;
}

/**
 * cf_process_pool_inspect:
 * @self: a pool
 * @func: looks at the state, and changes nothing, with the mutex held
 * @data: passed to @func
 */
void
cf_process_pool_inspect (CfProcessPool *self,
                         void         (*func) (CfProcessPoolState *state,
                                                  gpointer            data),
                         gpointer       data)
{
  cf_mutex_lock (&self->mutex);
  func (&self->state, data);
  cf_mutex_unlock (&self->mutex);
}

/* For the receiver. */

/**
 * cf_process_pool_get_workers:
 * @self: a pool
 *
 * With the receiver's lock held, without which the list is never changed. What the receiver may use of a worker is its
 * reader.
 *
 * Returns: (transfer none) (element-type CfRemoteWorker): the workers
 */
GPtrArray *
cf_process_pool_get_workers (CfProcessPool *self)
{
  return self->state.workers.members;
}

/**
 * cf_process_pool_has_results:
 * @self: a pool
 *
 * With the receiver's lock held, or in the manager's thread, which alone changes the list of workers.
 *
 * Returns: whether a worker has sent something that was not read yet
 */
gboolean
cf_process_pool_has_results (CfProcessPool *self)
{
  return cf_worker_set_has_results (&self->state.workers);
}

/**
 * cf_process_pool_begin_polling:
 * @self: a pool
 *
 * Says that the calling thread will receive results until it ends polling.
 */
void
cf_process_pool_begin_polling (CfProcessPool *self)
{
  cf_mutex_lock (&self->mutex);
  cf_worker_set_begin_polling (&self->state.workers);
  cf_mutex_unlock (&self->mutex);
}

/* Returns whether it did: not if somebody polls already, or there is nothing to wait for. */
gboolean
cf_process_pool_begin_polling_if_needed (CfProcessPool *self)
{
  CfWorkerSet *workers = &self->state.workers;
  gboolean is_needed;

  cf_mutex_lock (&self->mutex);
  is_needed = workers->n_pollers == 0 && cf_worker_set_has_calls (workers);
  if (is_needed)
    cf_worker_set_begin_polling (workers);
  cf_mutex_unlock (&self->mutex);

  return is_needed;
}

void
cf_process_pool_end_polling (CfProcessPool *self)
{
  cf_mutex_lock (&self->mutex);
  if (cf_worker_set_end_polling (&self->state.workers))
    cf_manager_wakeup_kick (&self->wakeup);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_match:
 * @self: a pool
 * @results: results that have just been received
 * @n_results: how many
 *
 * Finds the calls that they are about, which are the caller's then, to complete them, and hands out others. The pool is
 * not over until that was noted with cf_process_pool_note_completed().
 */
void
cf_process_pool_match (CfProcessPool  *self,
                       CfRemoteResult *results,
                       guint           n_results)
{
  cf_mutex_lock (&self->mutex);
  for (guint i = 0; i < n_results; i++)
    cf_call_dispatch_match (&self->state, &results[i]);
  self->state.n_completing += n_results;
  cf_call_dispatch (&self->state);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_match_progress:
 * @self: a pool
 * @result: a report of progress that has just been received
 *
 * Returns: (transfer full) (nullable): the future whose progress that is
 */
CfFuture *
cf_process_pool_match_progress (CfProcessPool  *self,
                                CfRemoteResult *result)
{
  CfFuture *future = NULL;

  cf_mutex_lock (&self->mutex);
  cf_call_dispatch_match (&self->state, result);
  if (result->call != NULL && !result->call->is_initializer)
    {
      future = g_object_ref (result->call->future);
      result->call->is_begun = TRUE;
    }
  cf_mutex_unlock (&self->mutex);

  return future;
}

void
cf_process_pool_note_completed (CfProcessPool *self,
                                guint          n_results)
{
  cf_mutex_lock (&self->mutex);
  self->state.n_completing -= n_results;
  if (cf_call_ledger_is_over (&self->state.ledger))
    cf_manager_wakeup_kick_once (&self->wakeup);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_note_fault:
 * @self: a pool
 * @worker: one of its workers
 * @fault: (transfer full): why it has to be killed
 */
void
cf_process_pool_note_fault (CfProcessPool  *self,
                            CfRemoteWorker *worker,
                            GError         *fault)
{
  cf_mutex_lock (&self->mutex);
  cf_remote_worker_take_fault (worker, fault);
  cf_manager_wakeup_kick_once (&self->wakeup);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_fail_initializer:
 * @self: a pool
 * @error: why the pool's initializer has failed in a worker
 *
 * Breaks the pool.
 */
void
cf_process_pool_fail_initializer (CfProcessPool *self,
                                  const GError  *error)
{
  g_autofree char *reason = g_strdup_printf (_("its initializer failed: %s"), error->message);

  cf_mutex_lock (&self->mutex);
  cf_call_ledger_break (&self->state.ledger, reason);
  cf_manager_wakeup_kick_once (&self->wakeup);
  cf_mutex_unlock (&self->mutex);
}

/* With the receiver's lock held. */
void
cf_process_pool_add_worker (CfProcessPool  *self,
                            CfRemoteWorker *worker)
{
  cf_mutex_lock (&self->mutex);
  cf_worker_set_add (&self->state.workers, worker);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_bury_worker:
 * @self: a pool
 * @worker: a worker that has ended, and whose results have all been received
 * @error: (out): why the calls failed that it was making
 *
 * Takes the worker off the list, which is the caller's then. With the receiver's lock held.
 *
 * Returns: (transfer full) (element-type CfRemoteCall): the calls that it was making, for the caller to complete
 */
GList *
cf_process_pool_bury_worker (CfProcessPool   *self,
                             CfRemoteWorker  *worker,
                             GError         **error)
{
  GList *begun;

  cf_mutex_lock (&self->mutex);
  begun = cf_worker_tending_bury (&self->state, worker, error);
  cf_mutex_unlock (&self->mutex);

  return begun;
}

/* For the supervisor and the manager. */

/* Whether one more worker should be started now. */
gboolean
cf_process_pool_wants_worker (CfProcessPool *self)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = cf_process_pool_state_lacks_worker (&self->state) && g_get_monotonic_time () >= self->state.start_after;
  cf_mutex_unlock (&self->mutex);

  return answer;
}

/* Whether what has run out may be there again soon, rather than that the command of the workers is wrong. */
static gboolean
is_lack (const GError *error)
{
  return error->domain == G_UNIX_ERROR ||
         (error->domain == G_IO_ERROR && error->code != G_IO_ERROR_NOT_SUPPORTED) ||
         g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_FORK) ||
         g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOMEM) ||
         g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NFILE) ||
         g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_MFILE) ||
         g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED);
}

/* Has it tried again soon, unless that has failed too often. As long as there are workers they make the calls. */
void
cf_process_pool_note_start_failed (CfProcessPool *self,
                                   const GError  *error)
{
  g_autofree char *reason = g_strdup_printf (_("could not start a worker process: %s"), error->message);

  cf_mutex_lock (&self->mutex);
  if (self->state.workers.members->len == 0)
    cf_process_pool_state_note_futile (&self->state, is_lack (error), reason);
  else
    self->state.start_after = g_get_monotonic_time () + CF_RETRY_START_USEC;
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_note_messages:
 * @self: a pool
 * @worker: one of its workers, whose messages have been read
 * @is_ready: whether it says that it is ready
 * @is_open: whether there may be more
 * @fault: (transfer full) (nullable): why it has to be killed
 */
void
cf_process_pool_note_messages (CfProcessPool  *self,
                               CfRemoteWorker *worker,
                               gboolean        is_ready,
                               gboolean        is_open,
                               GError         *fault)
{
  cf_mutex_lock (&self->mutex);
  if (is_ready)
    cf_remote_worker_note_started (worker, self->config.initializer.kind != CF_CALL_NONE);
  if (fault != NULL)
    cf_remote_worker_take_fault (worker, fault);
  else if (!is_open)
    cf_remote_worker_note_closed (worker);
  cf_call_dispatch (&self->state);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_begin_initializing:
 * @self: a pool
 *
 * Returns: (transfer none) (nullable): a worker that has started and is to be given the initializer now
 */
CfRemoteWorker *
cf_process_pool_begin_initializing (CfProcessPool *self)
{
  CfRemoteWorker *worker;

  cf_mutex_lock (&self->mutex);
  worker = cf_worker_set_find_started (&self->state.workers);
  if (worker != NULL)
    cf_remote_worker_begin_initializing (worker);
  cf_mutex_unlock (&self->mutex);

  return worker;
}

/* Returns whether there was room. */
gboolean
cf_process_pool_give_initializer (CfProcessPool  *self,
                                  CfRemoteWorker *worker,
                                  CfRemoteCall   *call)
{
  gboolean is_given;

  cf_mutex_lock (&self->mutex);
  is_given = cf_call_dispatch_give (&self->state, worker, call);
  cf_mutex_unlock (&self->mutex);

  return is_given;
}

/**
 * cf_process_pool_tend_workers:
 * @self: a pool
 * @again_at: when the manager comes again in any case, or -1
 *
 * Does what is due to each worker.
 *
 * Returns: when the manager has to come again, or -1
 */
gint64
cf_process_pool_tend_workers (CfProcessPool *self,
                              gint64         again_at)
{
  cf_mutex_lock (&self->mutex);
  again_at = cf_worker_tending_tend (&self->state, again_at);
  cf_mutex_unlock (&self->mutex);

  return again_at;
}

/* The manager is about to do what it was kicked to do. Under the mutex, so that it sees what came before the kicks. */
void
cf_process_pool_acknowledge_kicks (CfProcessPool *self)
{
  cf_mutex_lock (&self->mutex);
  cf_manager_wakeup_acknowledge (&self->wakeup);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_process_pool_look:
 * @self: a pool
 * @begun: (element-type CfFuture): where the futures go whose calls are found to have begun
 *
 * Asks calls to give up whose futures want them to, and sees which calls have begun, if it is time to.
 *
 * Returns: when it is time again, or -1
 */
gint64
cf_process_pool_look (CfProcessPool *self,
                      GPtrArray     *begun)
{
  gint64 again_at;

  cf_mutex_lock (&self->mutex);
  again_at = cf_call_dispatch_look (&self->state, begun);
  cf_mutex_unlock (&self->mutex);

  return again_at;
}

/**
 * cf_process_pool_begin_preparing:
 * @self: a pool
 * @args: (out) (transfer full): what its payload is to be made of
 *
 * Returns: (transfer none) (nullable): the next call, if a payload is all it waits for
 */
CfRemoteCall *
cf_process_pool_begin_preparing (CfProcessPool  *self,
                                 GVariant      **args)
{
  CfRemoteCall *call;

  cf_mutex_lock (&self->mutex);
  call = cf_call_dispatch_begin_preparing (&self->state, args);
  cf_mutex_unlock (&self->mutex);

  return call;
}

/**
 * cf_process_pool_end_preparing:
 * @self: a pool
 * @call: what cf_process_pool_begin_preparing() has returned
 * @payload: what was made, or -1
 *
 * Returns: what has become of the call: if it is `WITHDRAWN` or, without a payload, `ENDED`, it is the caller's
 */
CfRemoteCallState
cf_process_pool_end_preparing (CfProcessPool *self,
                               CfRemoteCall  *call,
                               int            payload)
{
  CfRemoteCallState state;

  cf_mutex_lock (&self->mutex);
  state = cf_call_dispatch_end_preparing (&self->state, call, payload);
  cf_mutex_unlock (&self->mutex);

  return state;
}

/**
 * cf_process_pool_take_doomed:
 * @self: a pool
 * @error: return location for why the pool is broken, if it is
 *
 * A broken pool runs no more calls.
 *
 * Returns: (transfer full) (nullable): a call that is still in the queue of a broken pool, for the caller to complete
 */
CfRemoteCall *
cf_process_pool_take_doomed (CfProcessPool  *self,
                             GError        **error)
{
  CfProcessPoolState *state = &self->state;
  CfRemoteCall *call;

  cf_mutex_lock (&self->mutex);
  call = state->ledger.broken != NULL ? cf_call_queue_peek (&state->queue) : NULL;
  if (call != NULL)
    {
      cf_call_queue_remove (&state->queue, call);
      cf_call_ledger_strike_out (&state->ledger, call);
      g_propagate_error (error, g_error_copy (state->ledger.broken));
    }
  cf_mutex_unlock (&self->mutex);

  return call;
}

/* Whether there will never be anything to do again. */
gboolean
cf_process_pool_is_over (CfProcessPool *self)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = cf_call_ledger_is_over (&self->state.ledger) && self->state.n_completing == 0 &&
           self->state.workers.members->len == 0;
  cf_mutex_unlock (&self->mutex);

  return answer;
}
