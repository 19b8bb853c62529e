/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looking at the workers of a process pool and at its queue: notes are taken with the pool's mutex, and put into words
 * without it, as to ask a future takes its lock. */

#include "config.h"

#include "processes/cf-process-pool-description-private.h"

#include "executors/cf-description-private.h"

typedef struct
{
  int         pid;
  const char *state;
  GArray     *calls;
} WorkerNote;

/* What was seen. */
typedef struct
{
  gboolean  is_broken;
  GArray   *workers;      /* WorkerNote */
  GArray   *waiting;      /* CfDescribedCall */
} Sight;

static void
clear_note (gpointer data)
{
  g_array_unref (((WorkerNote *) data)->calls);
}

static const char *
get_state (const CfRemoteWorker *worker,
           gboolean              has_begun)
{
  switch (worker->state)
    {
    case CF_REMOTE_WORKER_STARTING:
      return "starting";

    case CF_REMOTE_WORKER_STARTED:
    case CF_REMOTE_WORKER_INITIALIZING:
      return "initializing";

    case CF_REMOTE_WORKER_READY:
    case CF_REMOTE_WORKER_SUSPECT:
      return has_begun ? "running" : "idle";

    case CF_REMOTE_WORKER_DISMISSED:
    case CF_REMOTE_WORKER_FINISHING:
    case CF_REMOTE_WORKER_TERMINATED:
    case CF_REMOTE_WORKER_CONDEMNED:
    case CF_REMOTE_WORKER_KILLED:
    default:
      return "ending";
    }
}

static void
note_call (GArray       *calls,
           CfRemoteCall *call,
           CfStamp       since)
{
  cf_described_calls_add (calls, call->future, since);
  if (call->call.kind == CF_CALL_NAME && call->function != NULL)
    cf_described_calls_set_function (calls, call->function);
}

/* A worker makes its calls one after the other. Those that it has not begun wait. */
static void
look_at_calls (CfRemoteWorker *worker,
               WorkerNote     *note,
               GArray         *waiting)
{
  for (GList *link = worker->calls.head; link != NULL; link = link->next)
    {
      CfRemoteCall *call = link->data;

      if (cf_remote_worker_has_begun (worker, call))
        note_call (note->calls, call, cf_stamp_of (worker->since));
      else if (!call->is_initializer && waiting->len < CF_DESCRIPTION_MAX_WAITING)
        note_call (waiting, call, CF_STAMP_UNKNOWN);
    }
}

static void
look_at_worker (CfRemoteWorker *worker,
                Sight          *sight)
{
  WorkerNote note = { .calls = cf_described_calls_new () };

  look_at_calls (worker, &note, sight->waiting);
  note.pid = cf_worker_process_get_pid (worker->process);
  note.state = get_state (worker, note.calls->len > 0);
  g_array_append_val (sight->workers, note);
}

static gboolean
look_at_queued (CfRemoteCall *call,
                gpointer      data)
{
  GArray *waiting = data;

  if (waiting->len >= CF_DESCRIPTION_MAX_WAITING)
    return FALSE;

  note_call (waiting, call, CF_STAMP_UNKNOWN);
  return TRUE;
}

/* With the pool's mutex held. */
static void
look (CfProcessPoolState *state,
      gpointer            data)
{
  Sight *sight = data;

  sight->is_broken = state->ledger.broken != NULL;
  for (guint i = 0; i < state->workers.members->len; i++)
    look_at_worker (cf_worker_set_nth (&state->workers, i), sight);
  if (state->prepared != NULL && state->prepared->state == CF_REMOTE_CALL_PREPARED)
    note_call (sight->waiting, state->prepared, CF_STAMP_UNKNOWN);
  cf_call_queue_foreach (&state->queue, look_at_queued, sight->waiting);
}

static GVariant *
describe_worker (const WorkerNote *note)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (note->pid > 0)
    g_variant_dict_insert (&dict, "pid", "i", note->pid);
  g_variant_dict_insert (&dict, "state", "s", note->state);
  g_variant_dict_insert_value (&dict, "calls", cf_described_calls_to_list (note->calls));

  return g_variant_dict_end (&dict);
}

static GVariant *
describe_workers (const GArray *notes)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < notes->len; i++)
    g_variant_builder_add_value (&builder, describe_worker (&g_array_index (notes, WorkerNote, i)));

  return g_variant_builder_end (&builder);
}

/**
 * cf_process_pool_describe:
 * @pool: a pool
 * @description: what is described so far
 *
 * Adds the workers and what waits. Any thread.
 */
void
cf_process_pool_describe (CfProcessPool *pool,
                          GVariantDict  *description)
{
  g_autoptr(GArray) workers = g_array_new (FALSE, FALSE, sizeof (WorkerNote));
  g_autoptr(GArray) waiting = cf_described_calls_new ();
  Sight sight = { FALSE, workers, waiting };

  g_array_set_clear_func (workers, clear_note);
  cf_process_pool_inspect (pool, look, &sight);

  if (sight.is_broken)
    g_variant_dict_insert (description, "state", "s", "broken");
  g_variant_dict_insert_value (description, "workers", describe_workers (workers));
  g_variant_dict_insert_value (description, "waiting", cf_described_calls_to_list (waiting));
}
