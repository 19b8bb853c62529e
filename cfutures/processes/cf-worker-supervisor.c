/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starting workers, and watching their processes.
 *
 *      start ──→ pool        watch: socket ──→ started, initialize ──→ ready
 *                                   death  ──→ bury
 *
 * How many workers there should be, and which of them has to end, the pool knows (cf-worker-tending.c): what a process
 * does is told to it here.
 *
 * All of this happens in the manager's thread, in whose main context the sockets and the deaths of the processes are
 * watched. Nothing here is locked. */

#include "config.h"

#include "processes/cf-worker-supervisor-private.h"

#include "base/cf-trace-private.h"
#include "transport/cf-payload-private.h"
#include "transport/cf-portable-function-private.h"

void
cf_worker_supervisor_init (CfWorkerSupervisor *self,
                           CfProcessPool      *pool,
                           CfResultReceiver   *receiver)
{
  self->pool = pool;
  self->receiver = receiver;
}

/* What a worker's process does: in iterations of the manager's context. */

typedef struct
{
  CfWorkerSupervisor *supervisor;
  CfRemoteWorker     *worker;
} Watch;

static void
on_readable (gpointer data)
{
  const Watch *watch = data;
  CfWorkerSupervisor *self = watch->supervisor;
  CfRemoteWorker *worker = watch->worker;
  GError *fault = NULL;
  gboolean is_ready = FALSE;
  gboolean is_open = cf_result_receiver_read_messages (self->receiver, worker, &is_ready, &fault);

  if (is_ready)
    cf_trace (CF_TRACE_WORKER, "worker: the process %d is ready", cf_worker_process_get_pid (worker->process));
  if (fault != NULL)
    cf_trace (CF_TRACE_WORKER, "worker: the process %d is to be killed: %s",
              cf_worker_process_get_pid (worker->process), fault->message);
  cf_process_pool_note_messages (self->pool, worker, is_ready, is_open, fault);
  if (!is_open)
    cf_worker_process_ignore_socket (worker->process);
}

static void
on_exited (gpointer data)
{
  g_autofree Watch *watch = data;

  cf_trace (CF_TRACE_WORKER, "worker: a process has ended");
  cf_result_receiver_bury_worker (watch->supervisor->receiver, watch->worker);
}

static const CfWorkerProcessCallbacks process_callbacks = { on_readable, on_exited };

/* Starting. */

static gboolean
start_worker (CfWorkerSupervisor *self)
{
  const CfProcessPoolConfig *config = &self->pool->config;
  g_autoptr(GError) error = NULL;
  g_autofree Watch *watch = g_new0 (Watch, 1);
  CfWorkerProcess *process = cf_worker_process_start (config->launcher, &process_callbacks, watch, &error);

  if (process == NULL)
    {
      cf_trace (CF_TRACE_WORKER, "worker: no process could be started: %s", error->message);
      cf_process_pool_note_start_failed (self->pool, error);
      return FALSE;
    }

  cf_trace (CF_TRACE_WORKER, "worker: the process %d is started", cf_worker_process_get_pid (process));
  watch->supervisor = self;
  watch->worker = cf_remote_worker_new (process, config->max_tasks_per_worker,
                                        cf_worker_launcher_get_start_timeout (config->launcher));
  cf_result_receiver_add_worker (self->receiver, watch->worker);
  watch = NULL;

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
  while (cf_process_pool_wants_worker (self->pool) && start_worker (self))
    ;
}

/* Gives a worker that has just started the pool's initializer, unless it is broken by that. */
static void
initialize (CfWorkerSupervisor *self,
            CfRemoteWorker     *worker)
{
  const CfProcessPoolConfig *config = &self->pool->config;
  CfRemoteCall *call = cf_remote_call_new (NULL);
  g_autoptr(GError) error = NULL;
  const char *function;

  call->is_initializer = TRUE;
  cf_call_init_copy (&call->call, &config->initializer);
  function = cf_portable_function_name (&call->call, config->launcher, &error);
  if (function != NULL)
    cf_remote_call_set_call (call, function);
  if (call->is_large)
    call->payload = cf_payload_create (call->call.args, &error);

  if (error != NULL)
    cf_process_pool_fail_initializer (self->pool, error);
  if (error != NULL || !cf_process_pool_give_initializer (self->pool, worker, call))
    cf_remote_call_free (call);
}

/**
 * cf_worker_supervisor_initialize_workers:
 * @self: a supervisor
 *
 * Gives the initializer to the workers that have got ready and wait for it.
 */
void
cf_worker_supervisor_initialize_workers (CfWorkerSupervisor *self)
{
  CfRemoteWorker *worker;

  while ((worker = cf_process_pool_begin_initializing (self->pool)) != NULL)
    initialize (self, worker);
}
