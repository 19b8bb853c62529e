/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scheduler of a process pool: what the executor and the futures see of it.
 *
 *      submit ──→ dispatcher ──→ worker ══ring══→ process
 *      future ←── settler ←── receiver ←══ring══ process
 *
 * It is made of parts, each with a state of its own, and each using only those below it:
 *
 *      scheduler     takes calls, has them cancelled, and is shut down                     any thread
 *      manager       does what nobody else comes by to do                                  a thread of its own
 *      supervisor    starts workers and ends them                                          the manager's
 *      receiver      takes results from the workers                                        who waits, or the manager
 *      dispatcher    gives calls to workers, and takes them back; owner of the mutex       any
 *      settler       settles futures, and runs code of the user's                          any, and a thread of its own
 *      ledger, workers, queue                                                               under the mutex
 *
 * **Who does what.** Whoever submits a call hands it to a worker right away if one can take it. Results are
 * received by a thread that waits for one and spins, or else by the manager.
 *
 * **Locks**, in this order: the receiver's (what comes from the workers, and the list of workers) → a future's lock →
 * the mutex (everything else). The settler's is taken without any of these. No user code runs under any of them:
 * results are collected, and their futures are settled afterwards. Callbacks that are due in the completing thread, and
 * whatever else may run code of the user's, are run in the settler's thread.
 *
 * **Life.** Each call holds its future, and the manager holds the scheduler until it has been closed, every call
 * is done and every process gone. */

#include "config.h"

#include "cf-process-scheduler-private.h"

#include "cf-portable-function-private.h"
#include "cf-process-manager-private.h"

struct _CfProcessScheduler
{
  CfFutureOwner       owner;        /* first, so that the owner leads to the scheduler */
  gatomicrefcount     ref_count;
  CfCountsNotifier   *notifier;

  CfCallSettler       settler;
  CfCallDispatcher    dispatcher;
  CfResultReceiver    receiver;
  CfWorkerSupervisor  supervisor;
  CfProcessManager    manager;
};

static CfProcessScheduler *
cf_process_scheduler_ref (CfProcessScheduler *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* What a thread that waits for a future does. */

static gpointer
acquire_poller (CfFutureOwner *owner)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;

  cf_result_receiver_begin_polling (&self->receiver);
  return cf_process_scheduler_ref (self);
}

static void
poll_results (gpointer poller)
{
  CfProcessScheduler *self = poller;

  cf_result_receiver_try (&self->receiver);
}

static void
release_poller (gpointer poller)
{
  CfProcessScheduler *self = poller;

  cf_result_receiver_end_polling (&self->receiver);
  cf_process_scheduler_unref (self);
}

/* What happens to a future from outside: under its lock. */

static gboolean
take_back (CfFutureOwner *owner,
           CfFuture      *future,
           CfCall        *call_to_free)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;
  CfCountsNotifier *notifier = cf_counts_notifier_ref (self->notifier);
  gboolean is_withdrawn = cf_call_dispatcher_withdraw (&self->dispatcher, future->remote_call, call_to_free);

  /* The scheduler may be gone now: this may have been the last call of a pool that was dropped. The future is kept by
   * whoever settles it. */
  if (is_withdrawn)
    cf_counts_notifier_changed (notifier);
  cf_counts_notifier_unref (notifier);

  return is_withdrawn;
}

static gboolean
has_begun (CfFutureOwner *owner,
           CfFuture      *future)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;

  return cf_call_dispatcher_has_begun (&self->dispatcher, future->remote_call);
}

static void
interrupt (CfFutureOwner  *owner,
           CfFuture       *future,
           CfInterruption  how)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;

  cf_call_dispatcher_interrupt (&self->dispatcher, future->remote_call, how);
}

static const CfRemoteInterface remote_interface = {
  .take_back = take_back,
  .has_begun = has_begun,
  .interrupt = interrupt,
  .acquire_poller = acquire_poller,
  .poll = poll_results,
  .release_poller = release_poller,
};

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
  self->notifier = cf_counts_notifier_ref (notifier);
  cf_call_settler_init (&self->settler);
  cf_call_dispatcher_init (&self->dispatcher);
  cf_result_receiver_init (&self->receiver, &self->dispatcher, &self->settler, self->notifier);
  cf_worker_supervisor_init (&self->supervisor, &self->receiver);
  cf_process_manager_init (&self->manager, &self->supervisor);

  return self;
}

void
cf_process_scheduler_unref (CfProcessScheduler *self)
{
  CF_TSAN_RELEASE (self);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  cf_process_manager_clear (&self->manager);
  cf_result_receiver_clear (&self->receiver);
  cf_call_dispatcher_clear (&self->dispatcher);
  cf_call_settler_clear (&self->settler);
  cf_counts_notifier_unref (self->notifier);
  g_free (self);
}

static void
unref (gpointer self)
{
  cf_process_scheduler_unref (self);
}

CfProcessSchedulerConfig *
cf_process_scheduler_get_config (CfProcessScheduler *self)
{
  return &self->dispatcher.config;
}

gboolean
cf_process_scheduler_has_begun (CfProcessScheduler *self)
{
  gboolean answer;

  cf_mutex_lock (&self->dispatcher.mutex);
  answer = cf_process_manager_has_begun (&self->manager);
  cf_mutex_unlock (&self->dispatcher.mutex);

  return answer;
}

gint64
cf_process_scheduler_get_idle_timeout (CfProcessScheduler *self)
{
  return cf_worker_supervisor_get_idle_timeout (&self->supervisor);
}

void
cf_process_scheduler_set_idle_timeout (CfProcessScheduler *self,
                                       gint64              idle_timeout_usec)
{
  cf_worker_supervisor_set_idle_timeout (&self->supervisor, idle_timeout_usec);
}

/* Submitting. */

/* With the mutex held. */
static void
enqueue (CfProcessScheduler *self,
         CfRemoteCall       *call)
{
  if (!cf_process_manager_has_begun (&self->manager))
    cf_process_manager_start (&self->manager, cf_process_scheduler_ref (self), unref);
  cf_call_dispatcher_enqueue (&self->dispatcher, call);
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
  cf_call_settler_settle (&self->settler, call->future, FALSE, &outcome);
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

  function = cf_portable_function_name (&call->call, &self->dispatcher.config.worker, &error);
  if (function != NULL)
    cf_remote_call_set_call (call, function);

  cf_mutex_lock (&self->dispatcher.mutex);
  is_withdrawn = call->state == CF_REMOTE_CALL_WITHDRAWN;
  if (error == NULL)
    error = cf_call_ledger_refuse (&self->dispatcher.ledger);
  if (error == NULL && !is_withdrawn)
    enqueue (self, call);
  n_submitted = self->dispatcher.ledger.n_submitted;
  cf_mutex_unlock (&self->dispatcher.mutex);

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
  g_autoptr(GPtrArray) futures = cf_call_dispatcher_list_futures (&self->dispatcher);

  for (guint i = 0; i < futures->len; i++)
    cf_future_cancel (g_ptr_array_index (futures, i));
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
  cf_call_dispatcher_close (&self->dispatcher);

  if (cancel_futures)
    cancel_all (self);

  if (!wait || cf_process_manager_is_own_thread (&self->manager) || cf_call_settler_is_own_thread (&self->settler))
    return;

  if (cf_process_scheduler_has_begun (self))
    cf_process_manager_join (&self->manager);
  cf_future_deliver_own_of (&self->owner);
}

/* The processes. */

void
cf_process_scheduler_signal_workers (CfProcessScheduler *self,
                                     int                 signal_number)
{
  cf_worker_supervisor_signal_workers (&self->supervisor, signal_number);
}

int *
cf_process_scheduler_get_pids (CfProcessScheduler *self,
                               gsize              *n_pids)
{
  return cf_worker_supervisor_get_pids (&self->supervisor, n_pids);
}

void
cf_process_scheduler_get_counts (CfProcessScheduler *self,
                                 guint64            *n_pending,
                                 guint64            *n_running,
                                 guint64            *n_completed)
{
  cf_call_dispatcher_get_counts (&self->dispatcher, n_pending, n_running, n_completed);
}
