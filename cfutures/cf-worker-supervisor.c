/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When workers come and go.
 *
 *      start ──→ STARTING ──says so──→ INITIALIZING ──→ READY ──dismiss──→ FINISHING ──→ exited
 *                   │                       │             │                    │           ↑
 *                   └───────────────────────┴── killed ───┴────────────────────┴───────────┘
 *
 * **Patience.** A worker that does not get ready, does not take a call, or closes its socket has a *fault*: it is
 * killed, and its calls fail with that. One that is dismissed is asked to finish, then terminated, then killed. A call
 * that is to be stopped by force makes its worker *suspect*, which is *condemned* if it still makes that call. Each of
 * these is noted as the time at which patience ends, or as a flag, and attended to when the manager comes by.
 *
 * **Death.** What a worker has sent still counts. The calls that it had begun fail, and the others move on.
 *
 * Workers are started, judged and freed in the manager's thread alone, in whose main context their sockets and their
 * deaths are watched. What they are is guarded by the dispatcher's mutex. */

#include "config.h"

#include "cf-worker-supervisor-private.h"

#include <signal.h>

#include <glib/gi18n-lib.h>

#include "cf-error.h"
#include "cf-payload-private.h"
#include "cf-portable-function-private.h"

#define RETRY_START_USEC  (50 * 1000)

/* How long a worker that was told to finish may take, and then how long it may take after SIGTERM. */
#define FINISH_USEC       (5 * G_USEC_PER_SEC)
#define TERMINATE_USEC    (2 * G_USEC_PER_SEC)

void
cf_worker_supervisor_init (CfWorkerSupervisor *self,
                           CfResultReceiver   *receiver)
{
  self->receiver = receiver;
  self->dispatcher = receiver->dispatcher;
  self->settler = receiver->settler;
  self->notifier = receiver->notifier;
  self->idle_timeout_usec = -1;
}

static CfRemoteWorker *
nth_worker (CfWorkerSupervisor *self,
            guint               i)
{
  return cf_worker_set_nth (&self->dispatcher->workers, i);
}

static guint
count_workers (CfWorkerSupervisor *self)
{
  return self->dispatcher->workers.members->len;
}

/* What a worker's process does: in iterations of the manager's context. */

static void
on_readable (gpointer data)
{
  CfRemoteWorker *worker = data;
  CfWorkerSupervisor *self = worker->supervisor;
  GError *fault = NULL;
  gboolean is_ready = FALSE;
  gboolean is_open = cf_result_receiver_read_messages (self->receiver, worker, &is_ready, &fault);

  cf_mutex_lock (&self->dispatcher->mutex);
  if (is_ready && worker->state == CF_REMOTE_WORKER_STARTING)
    {
      worker->state = self->dispatcher->config.initializer.kind != CF_CALL_NONE ? CF_REMOTE_WORKER_INITIALIZING
                                                                                : CF_REMOTE_WORKER_READY;
      worker->since = g_get_monotonic_time ();
      worker->end_by = -1;
    }
  if (fault != NULL)
    cf_remote_worker_take_fault (worker, fault);
  else if (!is_open && worker->end_by < 0)
    worker->end_by = g_get_monotonic_time () + TERMINATE_USEC;
  cf_call_dispatcher_dispatch (self->dispatcher);
  cf_mutex_unlock (&self->dispatcher->mutex);

  if (!is_open)
    cf_worker_process_ignore_socket (worker->process);
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

/* What the death of a worker says of the pool. With the mutex held. */
static void
judge_death (CfWorkerSupervisor *self,
             CfRemoteWorker     *worker,
             const GError       *error)
{
  g_autofree char *reason = NULL;

  if (worker->has_worked || worker->state == CF_REMOTE_WORKER_FINISHING ||
      (worker->is_condemned && worker->fault == NULL))
    {
      cf_call_ledger_note_useful (&self->dispatcher->ledger);
      return;
    }

  reason = g_strdup_printf (_("its workers end before they have done anything. The last one: %s"), error->message);
  cf_call_ledger_note_futile (&self->dispatcher->ledger, reason);
}

static void
on_exited (gpointer data)
{
  CfRemoteWorker *worker = data;
  CfWorkerSupervisor *self = worker->supervisor;
  g_autoptr(GError) error = NULL;
  GList *begun;

  while (cf_result_receiver_receive (self->receiver) > 0)
    ;

  cf_mutex_lock (&self->receiver->receiving);
  cf_mutex_lock (&self->dispatcher->mutex);
  error = make_death_error (worker);
  begun = cf_call_dispatcher_take_from_dead (self->dispatcher, worker);
  judge_death (self, worker, error);
  cf_worker_set_remove (&self->dispatcher->workers, worker);
  cf_mutex_unlock (&self->dispatcher->mutex);
  cf_mutex_unlock (&self->receiver->receiving);

  for (GList *link = begun; link != NULL; link = link->next)
    cf_call_settler_complete_with_error (self->settler, link->data, g_error_copy (error));
  g_list_free (begun);
  cf_remote_worker_free (worker);
  cf_counts_notifier_changed (self->notifier);
}

static const CfWorkerProcessCallbacks process_callbacks = { on_readable, on_exited };

/* Starting. */

/* Descriptors and processes may run out for a moment: tries again soon, unless that has been in vain for too often and
 * there is no worker at all. */
static void
note_start_failed (CfWorkerSupervisor *self,
                   const GError       *error)
{
  g_autofree char *reason = g_strdup_printf (_("a worker cannot be started: %s"), error->message);

  cf_mutex_lock (&self->dispatcher->mutex);
  self->dispatcher->start_after = g_get_monotonic_time () + RETRY_START_USEC;
  if (count_workers (self) == 0)
    cf_call_ledger_note_futile (&self->dispatcher->ledger, reason);
  cf_mutex_unlock (&self->dispatcher->mutex);
}

static gboolean
start_worker (CfWorkerSupervisor *self)
{
  const CfProcessSchedulerConfig *config = &self->dispatcher->config;
  g_autoptr(GError) error = NULL;
  CfRemoteWorker *worker = cf_remote_worker_new (self, NULL, config->max_tasks_per_worker);
  CfWorkerProcess *process = cf_worker_process_start (&config->worker, &process_callbacks, worker, &error);

  if (process == NULL)
    {
      note_start_failed (self, error);
      cf_remote_worker_free (worker);
      return FALSE;
    }

  worker->process = process;
  worker->end_by = cf_deadline_after (config->start_timeout_usec);

  cf_mutex_lock (&self->receiver->receiving);
  cf_mutex_lock (&self->dispatcher->mutex);
  cf_worker_set_add (&self->dispatcher->workers, worker);
  cf_mutex_unlock (&self->dispatcher->mutex);
  cf_mutex_unlock (&self->receiver->receiving);
  return TRUE;
}

/**
 * cf_worker_supervisor_start_workers:
 * @self: a supervisor
 *
 * Starts as many workers as the calls that wait have need of.
 */
void
cf_worker_supervisor_start_workers (CfWorkerSupervisor *self)
{
  gboolean wants_one;

  do
    {
      cf_mutex_lock (&self->dispatcher->mutex);
      wants_one = cf_call_dispatcher_lacks_worker (self->dispatcher) &&
                  g_get_monotonic_time () >= self->dispatcher->start_after;
      cf_mutex_unlock (&self->dispatcher->mutex);
    }
  while (wants_one && start_worker (self));
}

/* Gives a worker that has just started the pool's initializer, unless it is broken by that. */
static void
initialize (CfWorkerSupervisor *self,
            CfRemoteWorker     *worker)
{
  const CfProcessSchedulerConfig *config = &self->dispatcher->config;
  CfRemoteCall *call = cf_remote_call_new (NULL);
  g_autoptr(GError) error = NULL;
  gboolean is_given = FALSE;
  const char *function;

  worker->has_initializer = TRUE;
  call->is_initializer = TRUE;
  cf_call_init_copy (&call->call, &config->initializer);
  function = cf_portable_function_name (&call->call, &config->worker, &error);
  if (function != NULL)
    cf_remote_call_set_call (call, function);
  if (call->is_large)
    call->payload = cf_payload_create (call->call.args, &error);

  cf_mutex_lock (&self->dispatcher->mutex);
  if (error == NULL)
    is_given = cf_call_dispatcher_give (self->dispatcher, worker, call);
  cf_mutex_unlock (&self->dispatcher->mutex);

  if (error != NULL)
    cf_call_dispatcher_fail_initializer (self->dispatcher, error);
  if (!is_given)
    cf_remote_call_free (call);
}

/**
 * cf_worker_supervisor_initialize_workers:
 * @self: a supervisor
 *
 * Gives the initializer to those who have got ready and wait for it.
 */
void
cf_worker_supervisor_initialize_workers (CfWorkerSupervisor *self)
{
  for (guint i = 0; i < count_workers (self); i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      /* In this order: until a worker has the initializer its state changes in this thread only. */
      if (!worker->has_initializer && worker->state == CF_REMOTE_WORKER_INITIALIZING)
        initialize (self, worker);
    }
}

/* Killing. */

/* Condemns a worker because of the call that it makes: not if that has ended by now, and so that no other call is hurt.
 * With the mutex held. */
static void
judge_suspect (CfWorkerSupervisor *self,
               CfRemoteWorker     *worker)
{
  gboolean is_there = FALSE;

  cf_call_dispatcher_take_back_all (self->dispatcher, worker);
  for (GList *link = worker->calls.head; link != NULL; link = link->next)
    is_there = is_there || ((CfRemoteCall *) link->data)->is_condemned;

  if (!is_there)
    worker->is_suspect = FALSE;
  else if (!cf_remote_worker_has_result (worker))
    worker->is_condemned = TRUE;
}

/**
 * cf_worker_supervisor_kill_condemned:
 * @self: a supervisor
 *
 * Kills those that are to be killed.
 */
void
cf_worker_supervisor_kill_condemned (CfWorkerSupervisor *self)
{
  cf_mutex_lock (&self->dispatcher->mutex);
  for (guint i = 0; i < count_workers (self); i++)
    {
      CfRemoteWorker *worker = nth_worker (self, i);

      if (worker->is_suspect && !worker->is_condemned)
        judge_suspect (self, worker);

      if ((worker->is_condemned || worker->fault != NULL) && !worker->is_killed)
        {
          worker->is_killed = TRUE;
          cf_worker_process_send_signal (worker->process, SIGKILL);
        }
    }
  cf_call_dispatcher_dispatch (self->dispatcher);
  cf_mutex_unlock (&self->dispatcher->mutex);
}

/* Tending: with the mutex held. */

static GError *
make_timeout_error (CfWorkerSupervisor *self,
                    const char         *format)
{
  double timeout_usec = self->dispatcher->config.start_timeout_usec;
  g_autofree char *seconds = g_strdup_printf ("%g", timeout_usec / G_USEC_PER_SEC);

  return g_error_new (CF_ERROR, CF_ERROR_TIMED_OUT, format, seconds);
}

/* A worker's patience is over. */
static void
end_worker (CfWorkerSupervisor *self,
            CfRemoteWorker     *worker,
            gint64              now)
{
  worker->end_by = -1;

  if (worker->state == CF_REMOTE_WORKER_STARTING)
    {
      cf_remote_worker_take_fault (worker,
                                   make_timeout_error (self, _("a worker process did not get ready within %s s; does "
                                                               "it call cf_worker_init() or serve a CfWorker?")));
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
is_superfluous (CfWorkerSupervisor *self,
                CfRemoteWorker     *worker,
                gint64              now)
{
  CfCallDispatcher *dispatcher = self->dispatcher;

  return cf_call_ledger_is_over (&dispatcher->ledger) ||
         dispatcher->ledger.broken != NULL ||
         cf_remote_worker_is_used_up (worker) ||
         (self->idle_timeout_usec >= 0 && worker->state == CF_REMOTE_WORKER_READY && dispatcher->queue.n_calls == 0 &&
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

/* Does what is due to one worker. Returns when to come again, or -1. */
static gint64
tend (CfWorkerSupervisor *self,
      CfRemoteWorker     *worker,
      gint64              now)
{
  gint64 start_timeout_usec = self->dispatcher->config.start_timeout_usec;
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
    retry_at = now + CF_LOOK_USEC;

  if (worker->calls.length == 0 && worker->state == CF_REMOTE_WORKER_READY)
    idle_by = cf_deadline_from (worker->since, self->idle_timeout_usec);

  /* One that has work and does not begin it hangs, as does one that makes no room for it. */
  if (worker->calls.length > 0 && !cf_remote_worker_has_begun (worker, worker->calls.head->data))
    claim_by = cf_deadline_from (worker->since, start_timeout_usec);
  else if (worker->calls.length == 0 && worker->full_since >= 0)
    claim_by = cf_deadline_from (worker->full_since, start_timeout_usec);
  if (claim_by >= 0 && now >= claim_by && !worker->is_condemned)
    {
      cf_remote_worker_take_fault (worker,
                                   make_timeout_error (self, _("a worker process did not take a call within %s s")));
      claim_by = -1;
    }

  if ((worker->is_condemned || worker->is_suspect || worker->fault != NULL) && !worker->is_killed)
    return now;

  return earlier (earlier (worker->end_by, retry_at), earlier (claim_by, idle_by));
}

/**
 * cf_worker_supervisor_tend_workers:
 * @self: a supervisor
 * @again_at: when the manager comes again in any case, or -1
 *
 * Does what is due to each worker.
 *
 * Returns: when the manager has to come again, or -1
 */
gint64
cf_worker_supervisor_tend_workers (CfWorkerSupervisor *self,
                                   gint64              again_at)
{
  CfCallDispatcher *dispatcher = self->dispatcher;
  gint64 now = g_get_monotonic_time ();

  cf_mutex_lock (&dispatcher->mutex);
  if (cf_call_dispatcher_lacks_worker (dispatcher))
    again_at = earlier (again_at, dispatcher->start_after);
  for (guint i = 0; i < count_workers (self); i++)
    again_at = earlier (again_at, tend (self, nth_worker (self, i), now));
  cf_mutex_unlock (&dispatcher->mutex);

  return again_at;
}

/* From outside. */

gint64
cf_worker_supervisor_get_idle_timeout (CfWorkerSupervisor *self)
{
  gint64 idle_timeout_usec;

  cf_mutex_lock (&self->dispatcher->mutex);
  idle_timeout_usec = self->idle_timeout_usec;
  cf_mutex_unlock (&self->dispatcher->mutex);

  return idle_timeout_usec;
}

void
cf_worker_supervisor_set_idle_timeout (CfWorkerSupervisor *self,
                                       gint64              idle_timeout_usec)
{
  cf_mutex_lock (&self->dispatcher->mutex);
  self->idle_timeout_usec = idle_timeout_usec;
  cf_call_dispatcher_kick_once (self->dispatcher);
  cf_mutex_unlock (&self->dispatcher->mutex);
}

void
cf_worker_supervisor_signal_workers (CfWorkerSupervisor *self,
                                     int                 signal_number)
{
  cf_mutex_lock (&self->dispatcher->mutex);
  for (guint i = 0; i < count_workers (self); i++)
    cf_worker_process_send_signal (nth_worker (self, i)->process, signal_number);
  cf_mutex_unlock (&self->dispatcher->mutex);
}

/**
 * cf_worker_supervisor_get_pids:
 * @self: a supervisor
 * @n_pids: (out): how many there are
 *
 * Returns: (transfer full) (array length=n_pids): the processes that live now
 */
int *
cf_worker_supervisor_get_pids (CfWorkerSupervisor *self,
                               gsize              *n_pids)
{
  int *pids;

  cf_mutex_lock (&self->dispatcher->mutex);
  *n_pids = 0;
  pids = g_new (int, count_workers (self) + 1);
  for (guint i = 0; i < count_workers (self); i++)
    {
      int pid = cf_worker_process_get_pid (nth_worker (self, i)->process);

      /* One that ended at once has no number any more. */
      if (pid > 0)
        pids[(*n_pids)++] = pid;
    }
  cf_mutex_unlock (&self->dispatcher->mutex);

  return pids;
}
