/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is due to each worker: when patience with it is over, and what its death means.
 *
 *      tend ──→ worker: dismiss, finish, terminate, condemn, kill               each time that the manager comes by
 *      bury ──→ calls that had begun fail, the others move on, the pool may break
 *
 * **Patience.** A worker that does not get ready, does not take a call, or closes its socket has a fault: it is
 * killed, and its calls fail with that. But slow is not dead: time in which it works, waits for a processor or for the
 * disk does not count there, nor does time in which the manager itself had no turn (cf-patience-private.h). One that is
 * dismissed is asked to finish, then terminated, then killed. A call that is to be stopped by force makes its worker
 * suspect: it is condemned if it still runs that call. What a worker goes through is drawn in cf-remote-worker.c.
 *
 * **Death.** The supervisor sees the process end, the receiver takes its last results, and calls bury(). The settler
 * fails the calls that come back. Whether the pool is broken the ledger decides (cf-call-ledger.c).
 *
 * Everything here is done with the pool's mutex held, in the manager's thread. */

#include "config.h"

#include "processes/cf-worker-tending-private.h"

#include <glib/gi18n-lib.h>

#include "base/cf-deadline-private.h"
#include "cf-error.h"
#include "processes/cf-call-dispatch-private.h"

/* Death. */

/* Why the calls of a worker fail that has ended. */
static GError *
make_death_error (CfRemoteWorker *worker)
{
  g_autofree char *end = NULL;

  if (worker->fault != NULL)
    return g_error_copy (worker->fault);

  end = cf_worker_process_describe_end (worker->process);
  return g_error_new_literal (CF_ERROR, CF_ERROR_WORKER_DIED, end);
}

/* What the death of a worker, whose calls have been taken off it, says of the pool. */
static void
judge_death (CfProcessPoolState *self,
             CfRemoteWorker     *worker,
             const GError       *error)
{
  gboolean is_accident = worker->fault == NULL && cf_worker_process_was_killed (worker->process);
  g_autofree char *reason = NULL;

  if (worker->n_given > 0)
    {
      cf_call_ledger_note_useful (&self->ledger);
      return;
    }

  if (cf_remote_worker_is_leaving (worker))
    return;

  reason = g_strdup_printf (_("its workers ended before they had begun a call; the last one: %s"), error->message);
  cf_process_pool_state_note_futile (self, is_accident, reason);
}

/**
 * cf_worker_tending_bury:
 * @self: a pool's state
 * @worker: a worker that has ended, and whose results have all been received
 * @error: (out): why the calls failed that it was making
 *
 * Takes the worker off the list. What it had not begun moves on.
 *
 * Returns: (transfer full) (element-type CfRemoteCall): the calls that it was making, for the caller to complete
 */
GList *
cf_worker_tending_bury (CfProcessPoolState  *self,
                        CfRemoteWorker      *worker,
                        GError             **error)
{
  GList *begun = cf_call_dispatch_take_from_dead (self, worker);

  *error = make_death_error (worker);
  judge_death (self, worker, *error);
  cf_worker_set_remove (&self->workers, worker);

  return begun;
}

/* Time. */

static gboolean
is_past (gint64 deadline,
         gint64 now)
{
  return deadline >= 0 && now >= deadline;
}

static GError *
make_timeout_error (CfProcessPoolState *self,
                    const char         *format)
{
  double timeout_usec = cf_worker_launcher_get_start_timeout (self->config->launcher);
  g_autofree char *seconds = g_strdup_printf ("%g", timeout_usec / G_USEC_PER_SEC);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, format, seconds);
}

/* A worker's patience is over. */
static void
end_worker (CfProcessPoolState *self,
            CfRemoteWorker     *worker,
            gint64              now)
{
  switch (worker->state)
    {
    case CF_REMOTE_WORKER_STARTING:
      cf_remote_worker_take_fault (worker,
                                   make_timeout_error (self, _("the worker process was not ready after %s seconds. Its "
                                                               "program must call cf_worker_main() or run a CfWorker; "
                                                               "if it is slow, set a longer start-timeout in the "
                                                               "CfWorkerLauncher of the pool")));
      return;

    case CF_REMOTE_WORKER_STARTED:
    case CF_REMOTE_WORKER_INITIALIZING:
    case CF_REMOTE_WORKER_READY:
    case CF_REMOTE_WORKER_SUSPECT:
      cf_remote_worker_take_fault (worker, g_error_new_literal (CF_ERROR, CF_ERROR_WORKER_DIED,
                                                                _("the worker process closed its socket")));
      return;

    case CF_REMOTE_WORKER_DISMISSED:
    case CF_REMOTE_WORKER_FINISHING:
      cf_remote_worker_terminate (worker, now);
      return;

    case CF_REMOTE_WORKER_TERMINATED:
      cf_remote_worker_condemn (worker);
      return;

    case CF_REMOTE_WORKER_CONDEMNED:
    case CF_REMOTE_WORKER_KILLED:
    default:
      g_assert_not_reached ();
    }
}

static gboolean
is_superfluous (CfProcessPoolState *self,
                CfRemoteWorker     *worker,
                gint64              now)
{
  return cf_call_ledger_is_over (&self->ledger) ||
         self->ledger.broken != NULL ||
         cf_remote_worker_is_used_up (worker) ||
         (self->idle_timeout_usec >= 0 && worker->state == CF_REMOTE_WORKER_READY && self->queue.n_calls == 0 &&
          now - worker->since >= self->idle_timeout_usec);
}

/* Condemns a worker because of the call that it makes, unless that has ended by now. No other call is to be hurt. */
static void
judge_suspect (CfProcessPoolState *self,
               CfRemoteWorker     *worker)
{
  gboolean is_there = FALSE;

  cf_call_dispatch_take_back_all (self, worker);
  for (GList *link = worker->calls.head; link != NULL; link = link->next)
    is_there = is_there || ((CfRemoteCall *) link->data)->is_condemned;

  if (!is_there)
    cf_remote_worker_acquit (worker);
  else if (!cf_remote_worker_has_result (worker))
    cf_remote_worker_condemn (worker);
}

/* Whether a worker has work and has not begun it, or makes no room for it. */
static gboolean
is_to_claim (CfRemoteWorker *worker)
{
  if (worker->state >= CF_REMOTE_WORKER_CONDEMNED)
    return FALSE;

  return worker->calls.length > 0 ? !cf_remote_worker_has_begun (worker, worker->calls.head->data) : worker->is_stuffed;
}

/* Returns whether a worker has been waited for long enough. */
static gboolean
lose_patience (CfRemoteWorker *worker,
               CfPatience     *patience,
               gboolean        work_excuses,
               gint64          now)
{
  if (!is_past (cf_patience_get_next (patience), now))
    return FALSE;

  cf_patience_spend (patience, work_excuses ? cf_remote_worker_measure_work (worker) : 0, now);
  return cf_patience_is_over (patience);
}

static gint64
get_idle_deadline (CfProcessPoolState *self,
                   CfRemoteWorker     *worker)
{
  if (worker->state != CF_REMOTE_WORKER_READY || worker->calls.length > 0)
    return -1;

  return cf_deadline_from (worker->since, self->idle_timeout_usec);
}

/* Does what is due to one worker. Returns when to come again, or -1. */
static gint64
tend (CfProcessPoolState *self,
      CfRemoteWorker     *worker,
      gint64              now)
{
  gint64 retry_at = -1;

  if (lose_patience (worker, &worker->ending, worker->state == CF_REMOTE_WORKER_STARTING, now))
    end_worker (self, worker, now);

  if (worker->calls.length == 0 && worker->state <= CF_REMOTE_WORKER_READY && is_superfluous (self, worker, now))
    cf_remote_worker_dismiss (worker, now);

  /* There may be no room yet. */
  if (worker->state == CF_REMOTE_WORKER_DISMISSED && !cf_remote_worker_finish (worker))
    retry_at = now + CF_LOOK_USEC;

  if (is_to_claim (worker) && lose_patience (worker, &worker->claiming, TRUE, now))
    cf_remote_worker_take_fault (worker,
                                 make_timeout_error (self, _("the worker process did not begin a call within %s "
                                                             "seconds")));

  if (worker->state == CF_REMOTE_WORKER_SUSPECT)
    judge_suspect (self, worker);
  if (worker->state == CF_REMOTE_WORKER_CONDEMNED)
    cf_remote_worker_kill (worker);
  if (worker->state == CF_REMOTE_WORKER_SUSPECT)
    return now;

  if (is_to_claim (worker))
    retry_at = cf_deadline_earlier (retry_at, cf_patience_get_next (&worker->claiming));
  return cf_deadline_earlier (cf_deadline_earlier (cf_patience_get_next (&worker->ending), retry_at),
                              get_idle_deadline (self, worker));
}

/**
 * cf_worker_tending_tend:
 * @self: a pool's state
 * @again_at: when the manager comes again in any case, or -1
 *
 * Does what is due to each worker.
 *
 * Returns: when the manager has to come again, or -1
 */
gint64
cf_worker_tending_tend (CfProcessPoolState *self,
                        gint64              again_at)
{
  gint64 now = g_get_monotonic_time ();

  if (cf_process_pool_state_lacks_worker (self))
    again_at = cf_deadline_earlier (again_at, self->start_after);
  again_at = cf_deadline_earlier (again_at, cf_call_ledger_lose_hope (&self->ledger, self->queue.n_calls > 0, now));

  for (guint i = 0; i < self->workers.members->len; i++)
    again_at = cf_deadline_earlier (again_at, tend (self, cf_worker_set_nth (&self->workers, i), now));

  cf_call_dispatch (self);
  return again_at;
}
