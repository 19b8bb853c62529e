/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What comes after a call of a process pool: its future is settled, and what may run code of the user's is done.
 *
 *      complete() ──→ future, in the calling thread
 *          │
 *          ├── callbacks ──→ [chores] ──→ thread
 *          └── call ──→ [discarded] ─────────↑        MAX_DISCARDED at a time, or when the manager comes by
 *
 * Three things may run code of the user's: callbacks that are due in the completing thread, freeing what was submitted,
 * and handlers of log messages. They are *chores*, and have a thread of their own, which is there before the first call
 * is taken: when a chore is due it is too late to find that no thread can be started. It may wait for another call, which
 * the manager must not; and a thread that waits, and so receives the results of others too, may hold a lock of the user's.
 * Before the first call and after the last one there is no such thread, and what there is to do, of calls that were
 * rejected, is done by the thread that has submitted them.
 *
 * Any thread completes calls, and none holds another lock of the pool's then. The settler's mutex guards what is
 * discarded and the thread; no other lock is taken under it. */

#include "config.h"

#include "processes/cf-call-settler-private.h"

#include "base/cf-sanitizer-private.h"
#include "future/cf-future-claim-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-remote-private.h"
#include "future/cf-future-settle-private.h"
#include "processes/cf-result-reader-private.h"

#define MAX_DISCARDED 256

typedef struct _Chore Chore;

struct _Chore
{
  void (*run) (Chore *self);    /* NULL: there will be no more */
  union
  {
    struct
    {
      CfFuture         *future;
      CfFutureObserver *callbacks;
    };
    GQueue              queue;  /* of CfRemoteCall, or of CfRemoteLogLine */
  };
};

void
cf_call_settler_init (CfCallSettler *self,
                      CfCallEpochs  *epochs)
{
  self->epochs = epochs;
  self->chores = g_async_queue_new ();
}

void
cf_call_settler_clear (CfCallSettler *self)
{
  g_assert (g_queue_is_empty (&self->discarded));

  g_async_queue_unref (self->chores);
  cf_mutex_clear (&self->mutex);
}

static gpointer
thread_main (gpointer data)
{
  GAsyncQueue *chores = data;

  for (;;)
    {
      g_autofree Chore *chore = g_async_queue_pop (chores);

      CF_TSAN_ACQUIRE (chore);
      if (chore->run == NULL)
        return NULL;

      chore->run (chore);
    }
}

/* With the mutex held. */
static void
push_locked (CfCallSettler *self,
             const Chore   *chore)
{
  Chore *copy = g_memdup2 (chore, sizeof (*chore));

  CF_TSAN_RELEASE (copy);
  g_async_queue_push (self->chores, copy);
}

/* Has it done by the thread for chores, or does it here and now if there is none. */
static void
do_chore (CfCallSettler *self,
          Chore         *chore)
{
  gboolean has_thread;

  cf_mutex_lock (&self->mutex);
  has_thread = self->has_thread;
  if (has_thread)
    push_locked (self, chore);
  cf_mutex_unlock (&self->mutex);

  if (!has_thread)
    chore->run (chore);
}

/* Freeing the calls that are over, some at a time. */

static void
run_free_calls (Chore *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&self->queue)) != NULL)
    cf_remote_call_free (link->data);
}

/**
 * cf_call_settler_free_discarded:
 * @self: a settler
 *
 * Has the calls freed that wait for more of them.
 */
void
cf_call_settler_free_discarded (CfCallSettler *self)
{
  Chore chore = { .run = run_free_calls };

  cf_mutex_lock (&self->mutex);
  chore.queue = self->discarded;
  g_queue_init (&self->discarded);
  cf_mutex_unlock (&self->mutex);

  if (!g_queue_is_empty (&chore.queue))
    do_chore (self, &chore);
}

static void
discard (CfCallSettler *self,
         CfRemoteCall  *call)
{
  gboolean is_urgent;

  cf_mutex_lock (&self->mutex);
  g_queue_push_tail_link (&self->discarded, &call->link);
  is_urgent = call->is_large || call->task != NULL || self->discarded.length >= MAX_DISCARDED;
  cf_mutex_unlock (&self->mutex);

  if (is_urgent)
    cf_call_settler_free_discarded (self);
}

/* Settling. */

static void
run_callbacks (Chore *self)
{
  cf_future_run_immediate (self->future, self->callbacks);
  g_object_unref (self->future);
}

/* Settles a future whose call is over. A local one, which no process can make, gives back what it was given. */
static void
settle (CfCallSettler *self,
        CfFuture      *future,
        CfCall        *call,
        gboolean       is_short,
        CfOutcome     *outcome)
{
  CfCall nothing = { CF_CALL_NONE };
  Chore chore = { .run = run_callbacks };

  cf_future_end_remote (future, is_short);
  cf_future_end_call (future, call->kind == CF_CALL_LOCAL ? call : &nothing);
  chore.callbacks = cf_future_settle (future, outcome);
  cf_call_epochs_note_over (self->epochs, cf_future_get_epoch (future));
  if (chore.callbacks == NULL)
    return;

  chore.future = g_object_ref (future);
  do_chore (self, &chore);
}

/**
 * cf_call_settler_settle:
 * @self: a settler
 * @future: a future that is in the pool's hands
 * @is_short: whether its call was a short one
 * @outcome: (transfer full): what came of it
 *
 * Settles the future, and has its callbacks run.
 */
void
cf_call_settler_settle (CfCallSettler *self,
                        CfFuture      *future,
                        gboolean       is_short,
                        CfOutcome     *outcome)
{
  CfCall nothing = { CF_CALL_NONE };

  settle (self, future, &nothing, is_short, outcome);
}

/**
 * cf_call_settler_complete:
 * @self: a settler
 * @call: (transfer full): a call that is no longer in a list
 * @is_short: whether it was a short one
 * @outcome: (transfer full): what came of it
 *
 * Settles the call's future, if it has one, and has what was submitted with it freed soon.
 */
void
cf_call_settler_complete (CfCallSettler *self,
                          CfRemoteCall  *call,
                          gboolean       is_short,
                          CfOutcome     *outcome)
{
  if (call->is_initializer)
    {
      cf_outcome_clear (outcome);
    }
  else
    {
      /* The thread that settles may wait with a lock of the user held: it does not free what is the user's. */
      if (call->call.kind != CF_CALL_LOCAL)
        call->task = cf_future_dup_task (call->future);
      settle (self, call->future, &call->call, is_short, outcome);
    }

  discard (self, call);
}

void
cf_call_settler_complete_with_error (CfCallSettler *self,
                                     CfRemoteCall  *call,
                                     GError        *error)
{
  CfOutcome outcome;

  cf_outcome_take_error (&outcome, error);
  cf_call_settler_complete (self, call, FALSE, &outcome);
}

/* Logging. */

static void
run_log (Chore *self)
{
  CfRemoteLogLine *line;

  while ((line = g_queue_pop_head (&self->queue)) != NULL)
    {
      /* A worker can neither end this process nor make up levels. */
      GLogLevelFlags level = line->level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE |
                                            G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG);

      g_log (G_LOG_DOMAIN, level != 0 ? level : G_LOG_LEVEL_MESSAGE, "[%d] %s", line->pid, line->text);
      g_free (line->text);
      g_free (line);
    }
}

/**
 * cf_call_settler_emit_log:
 * @self: a settler
 * @log: (element-type CfRemoteLogLine) (transfer full): what workers want logged
 */
void
cf_call_settler_emit_log (CfCallSettler *self,
                          const GQueue  *log)
{
  Chore chore = { .run = run_log, .queue = *log };

  if (log->length > 0)
    do_chore (self, &chore);
}

/* The thread. */

/**
 * cf_call_settler_start:
 * @self: a settler
 * @error: return location for a `G_THREAD_ERROR`
 *
 * Starts its thread, unless there is one.
 *
 * Returns: whether there is one now
 */
gboolean
cf_call_settler_start (CfCallSettler  *self,
                       GError        **error)
{
  gboolean has_thread;

  cf_mutex_lock (&self->mutex);
  if (self->thread == NULL)
    self->thread = g_thread_try_new ("cf-chores", thread_main, self->chores, error);
  has_thread = self->has_thread = self->thread != NULL;
  cf_mutex_unlock (&self->mutex);

  return has_thread;
}

/**
 * cf_call_settler_join:
 * @self: a settler that was started, and whose last call is complete
 *
 * Returns when every chore is done and its thread has ended.
 */
void
cf_call_settler_join (CfCallSettler *self)
{
  const Chore no_more = { NULL };

  cf_call_settler_free_discarded (self);

  cf_mutex_lock (&self->mutex);
  push_locked (self, &no_more);
  self->has_thread = FALSE;
  cf_mutex_unlock (&self->mutex);

  g_thread_join (self->thread);

  cf_mutex_lock (&self->mutex);
  self->thread = NULL;
  cf_mutex_unlock (&self->mutex);
}

gboolean
cf_call_settler_is_own_thread (CfCallSettler *self)
{
  gboolean answer;

  cf_mutex_lock (&self->mutex);
  answer = g_thread_self () == self->thread;
  cf_mutex_unlock (&self->mutex);

  return answer;
}
