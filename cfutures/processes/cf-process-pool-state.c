/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a process pool has under its mutex, and what can be asked of it: see the struct for who writes what.
 *
 *      CfProcessPool { mutex, CfProcessPoolState { queue, ledger, workers, … } }
 *
 * Nothing here locks: the caller has the mutex of the pool that the state is in. */

#include "config.h"

#include "processes/cf-process-pool-state-private.h"

#define MAX_RETRY_START_USEC G_USEC_PER_SEC

void
cf_process_pool_state_init (CfProcessPoolState        *self,
                            const CfProcessPoolConfig *config,
                            CfManagerWakeup           *wakeup)
{
  self->config = config;
  self->wakeup = wakeup;
  self->call_nsec = G_MAXUINT;
  self->look_at = -1;
  self->look_usec = CF_LOOK_USEC;
  self->idle_timeout_usec = -1;
  cf_call_queue_init (&self->queue);
  cf_worker_set_init (&self->workers);
}

void
cf_process_pool_state_clear (CfProcessPoolState *self)
{
  g_assert (self->prepared == NULL && self->n_completing == 0);

  cf_worker_set_clear (&self->workers);
  cf_call_ledger_clear (&self->ledger);
  cf_call_queue_clear (&self->queue);
}

/**
 * cf_process_pool_state_lacks_worker:
 * @self: a pool's state
 *
 * As long as there is one lacking the manager sleeps until `start_after` at most: a thread that finds that one is wakes
 * it, whether or not it may be started now.
 *
 * Returns: whether one more worker should be started, at `start_after`
 */
gboolean
cf_process_pool_state_lacks_worker (CfProcessPoolState *self)
{
  return self->ledger.broken == NULL &&
         self->queue.n_calls > cf_worker_set_count_available (&self->workers) &&
         cf_worker_set_count_living (&self->workers) < self->config->max_workers;
}

static gboolean
add_future (CfRemoteCall *call,
            gpointer      futures)
{
  if (!call->is_initializer)
    g_ptr_array_add (futures, g_object_ref (call->future));
  return TRUE;
}

/**
 * cf_process_pool_state_list_futures:
 * @self: a pool's state
 *
 * Returns: (transfer full) (element-type CfFuture): the futures of all calls that are not over
 */
GPtrArray *
cf_process_pool_state_list_futures (CfProcessPoolState *self)
{
  GPtrArray *futures = g_ptr_array_new_with_free_func (g_object_unref);

  cf_call_queue_foreach (&self->queue, add_future, futures);
  if (self->prepared != NULL)
    add_future (self->prepared, futures);
  for (guint i = 0; i < self->workers.members->len; i++)
    {
      for (GList *link = cf_worker_set_nth (&self->workers, i)->calls.head; link != NULL; link = link->next)
        add_future (link->data, futures);
    }

  return futures;
}

/**
 * cf_process_pool_state_count_begun:
 * @self: a pool's state
 *
 * Returns: how many calls are running, initializers not counted
 */
guint
cf_process_pool_state_count_begun (CfProcessPoolState *self)
{
  guint n_begun = 0;

  for (guint i = 0; i < self->workers.members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (&self->workers, i);

      for (GList *link = worker->calls.head; link != NULL && cf_remote_worker_has_begun (worker, link->data);
           link = link->next)
        n_begun += !((CfRemoteCall *) link->data)->is_initializer;
    }

  return n_begun;
}

/**
 * cf_process_pool_state_note_futile:
 * @self: a pool's state
 * @is_accident: whether the next attempt may well succeed
 * @why: the end of a sentence, for when this was once too often
 *
 * Notes that a worker was started in vain, and has the next one started later, the more often this has happened.
 */
void
cf_process_pool_state_note_futile (CfProcessPoolState *self,
                                   gboolean            is_accident,
                                   const char         *why)
{
  gint64 now = g_get_monotonic_time ();
  gint64 pause_usec = CF_RETRY_START_USEC * (gint64) self->ledger.n_futile;

  cf_call_ledger_note_futile (&self->ledger, is_accident, cf_worker_launcher_get_start_timeout (self->config->launcher),
                              now, why);
  self->start_after = now + MIN (pause_usec, MAX_RETRY_START_USEC);
}
