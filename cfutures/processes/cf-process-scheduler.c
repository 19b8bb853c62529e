/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scheduler of a process pool: what the executor and the futures see of it.
 *
 *      submit ──→ pool ──→ worker ══ring══→ process
 *      future ←── settler ←── receiver ←══ring══ process
 *
 * It is made of parts, each using only those below it:
 *
 *      scheduler     takes calls, has them cancelled, and is shut down                     any thread
 *      manager       does what nobody else comes by to do                                  a thread of its own
 *      supervisor    starts processes and watches them                                     the manager's
 *      receiver      takes results from the workers; owner of the receiving lock           who waits, or the manager
 *      pool          gives calls to workers, and takes them back; owner of the mutex, and
 *                    of the queue, the workers and the counters that it guards             any
 *      settler       settles futures, and runs code of the user's                          any, and a thread of its own
 *      epochs        counts the calls for those who wait for all that were submitted       any
 *
 * **Who does what.** A thread that submits a call hands it to a worker right away if one can take it. Results are
 * received by a thread that waits for one and spins, or else by the manager.
 *
 * **Threads**: `cf-processes` is the manager's, `cf-chores` the settler's. Both are started before the first call is
 * taken. If one of them cannot be, or there is no descriptor for the manager, that call fails, and the next one tries
 * again. Neither stays when the pool is over.
 *
 * **Locks**, in this order: the receiver's (what comes from the workers, and the list of workers) → a future's lock →
 * the pool's mutex (everything else). The settler's is taken without any of these, and so is the scheduler's own, which
 * guards nothing but the start of the threads and that they are to end; the settler's, and that of the list of closed
 * schedulers, may be taken under it. No user code runs under any of them: results are collected, and their futures are
 * settled afterwards. Callbacks that are due in the completing thread, and whatever else may run code of the user's, are
 * run in the settler's thread.
 *
 * **Life.** Each call holds its future, and the manager's thread holds the scheduler until the pool has been closed,
 * every call is done and every process gone. Then it may be the last one that does, and free what is an interpreter's, such
 * as the launcher: an interpreter that ends waits for the schedulers that were closed, even if their pools are gone. */

#include "config.h"

#include "processes/cf-process-scheduler-private.h"

#include <glib/gi18n-lib.h>

#include "base/cf-fork-private.h"
#include "base/cf-sanitizer-private.h"
#include "future/cf-future-callbacks-private.h"
#include "future/cf-future-claim-private.h"
#include "future/cf-future-remote-private.h"
#include "future/cf-future-state-private.h"
#include "processes/cf-process-manager-private.h"
#include "processes/cf-process-pool-description-private.h"
#include "transport/cf-portable-function-private.h"

struct _CfProcessScheduler
{
  CfFutureOwner     owner;        /* first, so that the owner leads to the scheduler */
  gatomicrefcount   ref_count;
  CfCountsNotifier *notifier;     /* any thread */

  CfCallEpochs      epochs;       /* any thread */
  CfCallSettler     settler;
  CfProcessPool     pool;
  CfResultReceiver  receiver;
  CfProcessManager  manager;      /* the manager's thread */
  CfFuture         *ended;        /* a promise, any thread: there is nothing left to do */

  CfMutex           mutex;        /* guards what follows */
  GThread          *thread;       /* the manager's, until it is joined */
  GThread          *thread_self;  /* who that is, for good */
  _Atomic gboolean  has_threads;  /* changed with the mutex held */
  gboolean          is_ending;    /* it was closed, and had threads */
};

static CfProcessScheduler *
cf_process_scheduler_ref (CfProcessScheduler *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* What a thread that waits for a future does. */

static CfRemotePoller *
acquire_poller (CfFutureOwner *owner)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;

  cf_process_pool_begin_polling (&self->pool);
  return (CfRemotePoller *) cf_process_scheduler_ref (self);
}

static void
poll_results (CfRemotePoller *poller)
{
  CfProcessScheduler *self = (CfProcessScheduler *) poller;

  cf_result_receiver_try (&self->receiver);
}

static void
release_poller (CfRemotePoller *poller)
{
  CfProcessScheduler *self = (CfProcessScheduler *) poller;

  cf_process_pool_end_polling (&self->pool);
  cf_process_scheduler_unref (self);
}

/* What happens to a future from outside: under its lock. */

static gboolean
take_back (CfFutureOwner *owner,
           CfFuture      *future,
           CfCall        *call_to_free)
{
  CfProcessScheduler *self = cf_process_scheduler_ref ((CfProcessScheduler *) owner);
  gboolean is_withdrawn = cf_process_pool_withdraw (&self->pool, future->remote_call, call_to_free);

  /* Otherwise this may have been the last call of a pool that was dropped: the reference is end_withdrawal()'s. */
  if (!is_withdrawn)
    cf_process_scheduler_unref (self);

  return is_withdrawn;
}

static void
end_withdrawal (CfFutureOwner *owner,
                CfFuture      *future)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;

  cf_call_epochs_note_over (&self->epochs, cf_future_get_epoch (future));
  cf_counts_notifier_changed (self->notifier);
  cf_process_scheduler_unref (self);
}

static gboolean
has_begun (CfFutureOwner *owner,
           CfFuture      *future)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;

  return cf_process_pool_has_begun_call (&self->pool, future->remote_call);
}

static void
interrupt (CfFutureOwner  *owner,
           CfFuture       *future,
           CfInterruption  how)
{
  CfProcessScheduler *self = (CfProcessScheduler *) owner;

  cf_process_pool_interrupt (&self->pool, future->remote_call, how);
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
  self->owner.end_withdrawal = end_withdrawal;
  g_atomic_ref_count_init (&self->ref_count);
  self->notifier = cf_counts_notifier_ref (notifier);
  cf_call_settler_init (&self->settler, &self->epochs);
  cf_process_pool_init (&self->pool);
  cf_result_receiver_init (&self->receiver, &self->pool, &self->settler, self->notifier);
  cf_process_manager_init (&self->manager, &self->pool, &self->receiver, &self->settler);
  self->ended = cf_future_new ();

  return self;
}

void
cf_process_scheduler_unref (CfProcessScheduler *self)
{
  CF_TSAN_RELEASE (self);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  g_clear_pointer (&self->thread, g_thread_unref);
  cf_mutex_clear (&self->mutex);
  g_object_unref (self->ended);
  cf_result_receiver_clear (&self->receiver);
  cf_process_pool_clear (&self->pool);
  cf_call_settler_clear (&self->settler);
  cf_call_epochs_clear (&self->epochs);
  cf_counts_notifier_unref (self->notifier);
  g_free (self);
}

CfProcessPoolConfig *
cf_process_scheduler_get_config (CfProcessScheduler *self)
{
  return &self->pool.config;
}

CfFutureOwner *
cf_process_scheduler_get_owner (CfProcessScheduler *self)
{
  return &self->owner;
}

gboolean
cf_process_scheduler_has_begun (CfProcessScheduler *self)
{
  return cf_process_pool_has_begun (&self->pool);
}

gint64
cf_process_scheduler_get_idle_timeout (CfProcessScheduler *self)
{
  return cf_process_pool_get_idle_timeout (&self->pool);
}

void
cf_process_scheduler_set_idle_timeout (CfProcessScheduler *self,
                                       gint64              idle_timeout_usec)
{
  cf_process_pool_set_idle_timeout (&self->pool, idle_timeout_usec);
}

/* The schedulers that were closed and whose threads have not ended, each as its future `ended`. */

static CfMutex ending_mutex;
static GQueue  ending = G_QUEUE_INIT;

/* In a forked child, which has none of these threads. */
static void
forget_ending (void)
{
  ending_mutex = (CfMutex) { 0 };
  g_queue_init (&ending);
}

/* Is called before the manager knows that it is to end. Two threads may close a scheduler: both return when it is listed. */
static void
add_to_ending (CfProcessScheduler *self)
{
  static gsize is_watching = 0;

  cf_fork_call_in_child (&is_watching, forget_ending);

  cf_mutex_lock (&self->mutex);
  if (self->thread_self != NULL && !self->is_ending)
    {
      self->is_ending = TRUE;
      cf_mutex_lock (&ending_mutex);
      g_queue_push_tail (&ending, g_object_ref (self->ended));
      cf_mutex_unlock (&ending_mutex);
    }
  cf_mutex_unlock (&self->mutex);
}

static void
remove_from_ending (CfFuture *ended)
{
  gboolean was_there;

  cf_mutex_lock (&ending_mutex);
  was_there = g_queue_remove (&ending, ended);
  cf_mutex_unlock (&ending_mutex);

  if (was_there)
    g_object_unref (ended);
}

/**
 * cf_process_scheduler_await_closed:
 * @timeout_usec: how long to wait at most, in µs, or -1
 *
 * Waits until the threads of a scheduler that was closed have ended and have freed all that they had.
 *
 * Returns: whether there is no such scheduler left
 */
gboolean
cf_process_scheduler_await_closed (gint64 timeout_usec)
{
  g_autoptr(CfFuture) ended = NULL;

  cf_mutex_lock (&ending_mutex);
  ended = g_queue_peek_head (&ending);
  if (ended != NULL)
    g_object_ref (ended);
  cf_mutex_unlock (&ending_mutex);

  if (ended == NULL)
    return TRUE;

  cf_future_wait (ended, timeout_usec, NULL, NULL);
  return FALSE;
}

/* The manager's thread. */

static gpointer
thread_main (gpointer data)
{
  CfProcessScheduler *self = data;
  g_autoptr(CfFuture) ended = g_object_ref (self->ended);

  cf_process_manager_run (&self->manager);
  cf_call_settler_join (&self->settler);
  cf_process_scheduler_unref (self);
  remove_from_ending (ended);
  cf_future_set_value (ended, NULL, NULL);
  return NULL;
}

/* With the mutex held. */
static gboolean
start_manager (CfProcessScheduler  *self,
               GError             **error)
{
  self->thread = g_thread_try_new ("cf-processes", thread_main, cf_process_scheduler_ref (self), error);
  self->thread_self = self->thread;
  if (self->thread != NULL)
    return TRUE;

  cf_process_scheduler_unref (self);
  return FALSE;
}

/* With the mutex held. */
static gboolean
start_threads (CfProcessScheduler  *self,
               GError             **error)
{
  if (!cf_call_settler_start (&self->settler, error))
    return FALSE;

  if (start_manager (self, error))
    return TRUE;

  cf_call_settler_join (&self->settler);
  return FALSE;
}

/* Sees to it that there are threads, which is to be so before the pool takes a call. Returns FALSE if the pool takes
 * none, or the system does not let it have what it takes. */
static gboolean
ensure_threads (CfProcessScheduler  *self,
                GError             **error)
{
  g_autoptr(GError) refusal = NULL;
  gboolean has_threads;

  if (atomic_load_explicit (&self->has_threads, memory_order_acquire))
    return TRUE;

  if (!cf_process_pool_open (&self->pool, error))
    return FALSE;

  cf_mutex_lock (&self->mutex);
  has_threads = self->thread_self != NULL || start_threads (self, &refusal);
  atomic_store_explicit (&self->has_threads, has_threads, memory_order_release);
  cf_mutex_unlock (&self->mutex);

  if (!has_threads)
    g_set_error (error, refusal->domain, refusal->code, _("Could not start the threads of the process pool: %s"),
                 refusal->message);
  return has_threads;
}

/**
 * cf_process_scheduler_is_own_thread:
 * @self: a scheduler
 *
 * Returns: whether the calling thread is one of the scheduler's
 */
gboolean
cf_process_scheduler_is_own_thread (CfProcessScheduler *self)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = g_thread_self () == self->thread_self;
  cf_mutex_unlock (&self->mutex);

  return answer || cf_call_settler_is_own_thread (&self->settler);
}

/**
 * cf_process_scheduler_wait_for_end:
 * @self: a scheduler that was closed
 * @timeout_usec: how long to wait at most, in µs, or -1
 *
 * Waits until there is nothing left to do. A thread of the scheduler's own does not wait.
 *
 * Returns: %FALSE if the time is up
 */
gboolean
cf_process_scheduler_wait_for_end (CfProcessScheduler *self,
                                   gint64              timeout_usec)
{
  return !atomic_load_explicit (&self->has_threads, memory_order_acquire) || cf_process_scheduler_is_own_thread (self) ||
         cf_future_wait (self->ended, timeout_usec, NULL, NULL);
}

/* Waits until there is nothing left to do, if there ever was anything. Any number of threads may, but for the pool's own. */
static void
join_thread (CfProcessScheduler *self)
{
  GThread *thread;

  if (!atomic_load_explicit (&self->has_threads, memory_order_acquire))
    return;

  cf_future_wait (self->ended, -1, NULL, NULL);

  cf_mutex_lock (&self->mutex);
  thread = g_steal_pointer (&self->thread);
  cf_mutex_unlock (&self->mutex);

  if (thread != NULL)
    g_thread_join (thread);
}

/* Submitting. */

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
  guint epoch = cf_call_epochs_enter (&self->epochs);
  GError *error = NULL;
  const char *function;
  guint64 n_submitted;

  if (!cf_future_make_remote (future, &self->owner, call, &call->call, epoch))
    {
      cf_call_epochs_note_over (&self->epochs, epoch);
      cf_remote_call_free (call);
      return 0;
    }

  function = cf_portable_function_name (&call->call, self->pool.config.launcher, &error);
  if (function != NULL && ensure_threads (self, &error))
    cf_remote_call_set_call (call, function);

  switch (cf_process_pool_enter (&self->pool, call, &n_submitted, &error))
    {
    case CF_ENTRY_TAKEN:
      break;

    case CF_ENTRY_REFUSED:
      reject (self, call, g_steal_pointer (&error));
      break;

    case CF_ENTRY_WITHDRAWN:
      cf_remote_call_free (call);
      break;

    default:
      g_assert_not_reached ();
    }
  g_clear_error (&error);

  return n_submitted;
}

/* Shutting down. */

/**
 * cf_process_scheduler_close:
 * @self: a scheduler
 *
 * Takes no more calls, and ends the processes when there is nothing left to do.
 */
void
cf_process_scheduler_close (CfProcessScheduler *self)
{
  add_to_ending (self);
  cf_process_pool_close (&self->pool);
}

/**
 * cf_process_scheduler_cancel_pending:
 * @self: a scheduler that was closed
 *
 * Cancels the calls that have not begun.
 */
void
cf_process_scheduler_cancel_pending (CfProcessScheduler *self)
{
  g_autoptr(GPtrArray) futures = cf_process_pool_list_futures (&self->pool);

  for (guint i = 0; i < futures->len; i++)
    cf_future_cancel (g_ptr_array_index (futures, i));
}

/**
 * cf_process_scheduler_when_drained:
 * @self: a scheduler
 *
 * Returns: (transfer full): a promise that is settled when all calls that were submitted so far are over
 */
CfFuture *
cf_process_scheduler_when_drained (CfProcessScheduler *self)
{
  return cf_call_epochs_when_over (&self->epochs);
}

/**
 * cf_process_scheduler_join:
 * @self: a scheduler that was closed
 *
 * Waits until the processes have ended. A callback that is run in a thread of the scheduler's does not wait, because it
 * would wait for itself.
 */
void
cf_process_scheduler_join (CfProcessScheduler *self)
{
  if (cf_process_scheduler_is_own_thread (self))
    return;

  join_thread (self);
  cf_future_deliver_own_of (&self->owner);
}

/* The processes. */

void
cf_process_scheduler_signal_workers (CfProcessScheduler *self,
                                     int                 signal_number)
{
  cf_process_pool_signal_workers (&self->pool, signal_number);
}

int *
cf_process_scheduler_get_pids (CfProcessScheduler *self,
                               gsize              *n_pids)
{
  return cf_process_pool_get_pids (&self->pool, n_pids);
}

void
cf_process_scheduler_get_counts (CfProcessScheduler *self,
                                 guint64            *n_pending,
                                 guint64            *n_running,
                                 guint64            *n_completed)
{
  cf_process_pool_get_counts (&self->pool, n_pending, n_running, n_completed);
}

void
cf_process_scheduler_describe (CfProcessScheduler *self,
                               GVariantDict       *description)
{
  cf_process_pool_describe (&self->pool, description);
}
