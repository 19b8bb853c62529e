/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The thread of a process pool that does what nobody else comes by to do.
 *
 *      kick, timer, socket, death ──→ iteration of the context ──→ manage ──→ when to come again ──→ timer
 *
 * It receives results while nobody else polls, starts workers, makes payloads, and looks after time limits, death and
 * clearing up. It goes through all of that each time that it is woken, whatever for: there is little, and the calls
 * themselves do not wait for it. In between it sleeps in an iteration of its own main context, in which the
 * supervisor watches the processes. It must not wait for anything, and runs no code of the user's.
 *
 * It is started with the first call, and keeps its owner until the pool has been closed, every call is done and every
 * process gone. */

#include "config.h"

#include "cf-process-manager-private.h"

#include "cf-parking-private.h"

void
cf_process_manager_init (CfProcessManager   *self,
                         CfWorkerSupervisor *supervisor)
{
  self->supervisor = supervisor;
  self->dispatcher = supervisor->dispatcher;
  self->receiver = supervisor->receiver;
  self->settler = supervisor->settler;
  self->ended = cf_future_new ();
}

void
cf_process_manager_clear (CfProcessManager *self)
{
  g_clear_pointer (&self->thread, g_thread_unref);
  g_object_unref (self->ended);
}

/* The parts of a round. */

static gboolean
has_results_or_is_kicked (gpointer data)
{
  CfCallDispatcher *dispatcher = data;

  return cf_worker_set_has_results (&dispatcher->workers) || cf_call_dispatcher_is_kicked (dispatcher);
}

/* Polls as long as it pays, unless somebody else does; but there is more to do than that. */
static void
poll_results (CfProcessManager *self)
{
  CfCallDispatcher *dispatcher = self->dispatcher;
  gboolean is_needed;
  gint64 until;

  cf_mutex_lock (&dispatcher->mutex);
  is_needed = dispatcher->workers.n_pollers == 0 && cf_worker_set_has_calls (&dispatcher->workers);
  cf_mutex_unlock (&dispatcher->mutex);

  if (!is_needed)
    return;

  cf_result_receiver_begin_polling (self->receiver);
  until = g_get_monotonic_time () + CF_LOOK_USEC;
  while ((cf_result_receiver_receive (self->receiver) > 0 || cf_wait_spin (has_results_or_is_kicked, dispatcher)) &&
         !cf_call_dispatcher_is_kicked (dispatcher) &&
         g_get_monotonic_time () < until)
    ;
  cf_result_receiver_end_polling (self->receiver);
}

static void
prepare_payloads (CfProcessManager *self)
{
  CfRemoteCall *failed;
  GError *error = NULL;

  while (cf_call_dispatcher_prepare_payload (self->dispatcher, &failed, &error))
    {
      if (failed != NULL)
        cf_call_settler_complete_with_error (self->settler, failed, g_steal_pointer (&error));
    }
}

/* Tells futures whose calls have begun. Returns when to look again, or -1. */
static gint64
look (CfProcessManager *self)
{
  g_autoptr(GPtrArray) begun = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 again_at = cf_call_dispatcher_look (self->dispatcher, begun);

  for (guint i = 0; i < begun->len; i++)
    cf_future_begin_remote (g_ptr_array_index (begun, i));

  return again_at;
}

static void
fail_queued_if_broken (CfProcessManager *self)
{
  CfRemoteCall *call;
  GError *error = NULL;

  while ((call = cf_call_dispatcher_take_doomed (self->dispatcher, &error)) != NULL)
    cf_call_settler_complete_with_error (self->settler, call, g_steal_pointer (&error));
}

/* Whether there will never be anything to do again. */
static gboolean
is_over (CfProcessManager *self)
{
  CfCallDispatcher *dispatcher = self->dispatcher;
  gboolean answer;

  cf_mutex_lock (&dispatcher->mutex);
  answer = cf_call_ledger_is_over (&dispatcher->ledger) && self->receiver->n_completing == 0 &&
           dispatcher->workers.members->len == 0;
  cf_mutex_unlock (&dispatcher->mutex);

  return answer;
}

/* Does what there is to do. Returns when to come again, or -1. */
static gint64
manage (CfProcessManager *self)
{
  gint64 again_at;

  cf_call_dispatcher_note_kicks (self->dispatcher);
  poll_results (self);
  cf_call_settler_free_discarded (self->settler);
  cf_worker_supervisor_start_workers (self->supervisor);
  cf_worker_supervisor_initialize_workers (self->supervisor);
  prepare_payloads (self);
  again_at = cf_worker_supervisor_tend_workers (self->supervisor, look (self));
  cf_worker_supervisor_kill_condemned (self->supervisor);
  fail_queued_if_broken (self);

  return again_at;
}

/* The thread. */

static gboolean
on_timer (GSource     *source,
          GSourceFunc  callback,
          gpointer     data)
{
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = on_timer };

static void
manage_until_over (CfProcessManager *self)
{
  GMainContext *context = self->dispatcher->context;
  g_autoptr(GSource) timer = g_source_new (&timer_funcs, sizeof (GSource));

  g_main_context_push_thread_default (context);
  g_source_attach (timer, context);

  for (;;)
    {
      g_source_set_ready_time (timer, manage (self));
      if (is_over (self))
        break;

      g_main_context_iteration (context, TRUE);
      cf_parker_learn (cf_parker_get ());
    }

  g_source_destroy (timer);
  g_main_context_pop_thread_default (context);
}

static gpointer
thread_main (gpointer data)
{
  CfProcessManager *self = data;

  manage_until_over (self);
  cf_call_settler_join (self->settler);
  cf_future_set_value (self->ended, NULL, NULL);
  self->release (self->owner);
  return NULL;
}

/**
 * cf_process_manager_start:
 * @self: a manager
 * @owner: (transfer full): whose it is
 * @release: lets @owner go, in the manager's thread
 *
 * Starts the thread.
 */
void
cf_process_manager_start (CfProcessManager *self,
                          gpointer          owner,
                          GDestroyNotify    release)
{
  g_assert (!cf_process_manager_has_begun (self));

  self->owner = owner;
  self->release = release;
  self->thread = g_thread_new ("cf-processes", thread_main, self);
  self->thread_self = self->thread;
}

gboolean
cf_process_manager_is_own_thread (CfProcessManager *self)
{
  gboolean answer;

  cf_mutex_lock (&self->dispatcher->mutex);
  answer = g_thread_self () == self->thread_self;
  cf_mutex_unlock (&self->dispatcher->mutex);

  return answer;
}

/**
 * cf_process_manager_join:
 * @self: a manager that has begun
 *
 * Waits until there is nothing left to do. Any number of threads may, but for the manager's own.
 */
void
cf_process_manager_join (CfProcessManager *self)
{
  GThread *thread;

  cf_future_wait (self->ended, -1, NULL, NULL);

  cf_mutex_lock (&self->dispatcher->mutex);
  thread = g_steal_pointer (&self->thread);
  cf_mutex_unlock (&self->dispatcher->mutex);

  if (thread != NULL)
    g_thread_join (thread);
}
