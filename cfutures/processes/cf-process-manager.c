/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the manager, a thread of a process pool, does because nobody else comes by to do it.
 *
 *      kick, timer, socket, death ──→ iteration of the context ──→ manage ──→ when to come again ──→ timer
 *
 * It receives results while nobody else polls, starts workers, makes payloads, and looks after timeouts, death and
 * clearing up. It goes through all of that each time that it is woken, whatever for: there is little, and the calls
 * themselves do not wait for it. In between it sleeps in an iteration of its own main context, in which the
 * supervisor watches the processes. It must not wait for anything, and runs no code of the user's.
 *
 * It takes no lock itself: what it does is made of the pool's transactions, and of what receiver, settler and
 * supervisor do. */

#include "config.h"

#include "processes/cf-process-manager-private.h"

#include "base/cf-deadline-private.h"
#include "base/cf-spin-private.h"
#include "future/cf-future-claim-private.h"
#include "transport/cf-payload-private.h"

/* How long to receive results at most, before the other things are seen to. */
#define POLL_USEC 1000

void
cf_process_manager_init (CfProcessManager *self,
                         CfProcessPool    *pool,
                         CfResultReceiver *receiver,
                         CfCallSettler    *settler)
{
  self->pool = pool;
  self->receiver = receiver;
  self->settler = settler;
  cf_worker_supervisor_init (&self->supervisor, pool, receiver);
}

/* The parts of a round. */

static gboolean
has_results_or_is_kicked (gpointer data)
{
  CfProcessPool *pool = data;

  return cf_process_pool_has_results (pool) || cf_manager_wakeup_is_kicked (&pool->wakeup);
}

/* Takes what a thread that polls has left lying: it may be preempted, with the workers told that it looks. Returns when to
 * come again, or -1. */
static gint64
take_overlooked (CfProcessManager *self)
{
  cf_result_receiver_try (self->receiver);
  return cf_process_pool_has_results (self->pool) ? g_get_monotonic_time () + CF_LOOK_USEC : -1;
}

/* Polls as long as it pays, unless somebody else does; but there is more to do than that. Returns when to come again, or
 * -1. */
static gint64
poll_results (CfProcessManager *self)
{
  CfProcessPool *pool = self->pool;
  gint64 until;

  if (!cf_process_pool_begin_polling_if_needed (pool))
    return take_overlooked (self);

  until = g_get_monotonic_time () + POLL_USEC;
  while ((cf_result_receiver_receive (self->receiver) > 0 || cf_spin_until (has_results_or_is_kicked, pool)) &&
         !cf_manager_wakeup_is_kicked (&pool->wakeup) &&
         g_get_monotonic_time () < until)
    ;
  cf_process_pool_end_polling (pool);
  return -1;
}

/* Makes the payload of a call, without a lock: that may take long, and the call may be cancelled meanwhile. */
static void
prepare_payload (CfProcessManager *self,
                 CfRemoteCall     *call,
                 GVariant         *args)
{
  GError *error = NULL;
  CfRemoteCallState state = cf_process_pool_end_preparing (self->pool, call, cf_payload_create (args, &error));

  if (state == CF_REMOTE_CALL_WITHDRAWN)
    cf_remote_call_free (call);
  else if (state == CF_REMOTE_CALL_ENDED)
    cf_call_settler_complete_with_error (self->settler, call, g_steal_pointer (&error));
  g_clear_error (&error);
}

static void
prepare_payloads (CfProcessManager *self)
{
  CfRemoteCall *call;
  GVariant *args;

  while ((call = cf_process_pool_begin_preparing (self->pool, &args)) != NULL)
    {
      prepare_payload (self, call, args);
      g_variant_unref (args);
    }
}

/* Tells futures whose calls have begun. Returns when to look again, or -1. */
static gint64
look (CfProcessManager *self)
{
  g_autoptr(GPtrArray) begun = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 again_at = cf_process_pool_look (self->pool, begun);

  for (guint i = 0; i < begun->len; i++)
    cf_future_begin_remote (g_ptr_array_index (begun, i));

  return again_at;
}

static void
fail_queued_if_broken (CfProcessManager *self)
{
  CfRemoteCall *call;
  GError *error = NULL;

  while ((call = cf_process_pool_take_doomed (self->pool, &error)) != NULL)
    cf_call_settler_complete_with_error (self->settler, call, g_steal_pointer (&error));
}

/* Does what there is to do. Returns when to come again, or -1. */
static gint64
manage (CfProcessManager *self)
{
  gint64 again_at;
  gint64 poll_at;

  cf_process_pool_acknowledge_kicks (self->pool);
  poll_at = poll_results (self);
  cf_call_settler_free_discarded (self->settler);
  cf_worker_supervisor_start_workers (&self->supervisor);
  cf_worker_supervisor_initialize_workers (&self->supervisor);
  prepare_payloads (self);
  again_at = cf_process_pool_tend_workers (self->pool, cf_deadline_earlier (look (self), poll_at));
  fail_queued_if_broken (self);

  return again_at;
}

/* The rounds. */

static gboolean
on_timer (GSource     *source,
          GSourceFunc  callback,
          gpointer     data)
{
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = on_timer };

/**
 * cf_process_manager_run:
 * @self: a manager
 *
 * Manages until the pool has been closed, every call is done and every process gone.
 */
void
cf_process_manager_run (CfProcessManager *self)
{
  GMainContext *context = self->pool->wakeup.context;
  g_autoptr(GSource) timer = g_source_new (&timer_funcs, sizeof (GSource));

  g_main_context_push_thread_default (context);
  g_source_attach (timer, context);

  for (;;)
    {
      g_source_set_ready_time (timer, manage (self));
      if (cf_process_pool_is_over (self->pool))
        break;

      g_main_context_iteration (context, TRUE);
      cf_spin_learn ();
    }

  g_source_destroy (timer);
  g_main_context_pop_thread_default (context);
}
