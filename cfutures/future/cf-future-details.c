/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The details of a future: what most futures do without, allocated with the first use.
 *
 * They are a task's options (name, priority, timeout, cancellable, context), the future's own cancellable,
 * its progress, and the notifications that are under way. The future's lock guards them; they stay until the
 * future is finalized, but for what would keep other things alive, which is dropped when it is done.
 *
 * Cancelling is drawn in cf-future-cancel.c, notifications in cf-future-notification.c. A timeout fails the future
 * and trips its cancellable (cf-future-timeout.c). */

#include "config.h"

#include "future/cf-future-details-private.h"

/**
 * cf_future_lock_details:
 * @self: a future
 * @word: (out): its state word as it was before, with the DETAILED bit, to be given to cf_future_unlock()
 *
 * Locks the future, and makes sure that it has details.
 *
 * Returns: (transfer none): the details
 */
CfFutureDetails *
cf_future_lock_details (CfFuture *self,
                        guint    *word)
{
  *word = cf_future_lock (self);

  if (self->details == NULL)
    {
      self->details = g_new0 (CfFutureDetails, 1);
      self->details->timeout_usec = -1;
      self->details->context = g_main_context_default ();
      *word |= CF_WORD_DETAILED;
    }

  return self->details;
}

/* What a window has given as the source does not die in a worker, which may hold the last reference to a future whose
 * callback has been called. The future does not keep the context alive, which may hold that very future. */
static void
drop_source (CfFutureDetails *details)
{
  if (details->source_home == NULL)
    {
      g_clear_object (&details->source_object);
      return;
    }

  cf_delivery_return (details->source_home, details->priority, g_steal_pointer (&details->source_object),
                      g_object_unref);
  g_clear_pointer (&details->source_home, cf_delivery_unref);
}

void
cf_future_details_free (CfFutureDetails *details)
{
  g_free (details->name);
  g_free (details->message);
  if (details->holds_context)
    g_main_context_unref (details->context);
  g_clear_object (&details->task);
  g_clear_pointer (&details->home, g_main_context_unref);
  g_clear_object (&details->cancellable);
  g_clear_object (&details->user_cancellable);
  drop_source (details);
  g_free (details);
}

/**
 * cf_future_set_task_options:
 * @self: a future that nobody else knows yet
 * @name: (nullable): its name in messages
 * @priority: the priority of the call, for example %G_PRIORITY_DEFAULT
 * @timeout_usec: how long the call may run, in microseconds; -1 for ever
 * @context: (nullable): where notifications go, or %NULL for the default context
 * @task: (nullable): a task that is to live until the call is over
 * @traits: what is to be done with the call
 *
 * Sets what goes beyond a plain submission.
 */
void
cf_future_set_task_options (CfFuture     *self,
                            const char   *name,
                            int           priority,
                            gint64        timeout_usec,
                            GMainContext *context,
                            CfTask       *task,
                            CfTaskTraits  traits)
{
  CfFutureDetails *details;
  guint word;

  details = cf_future_lock_details (self, &word);
  details->name = g_strdup (name);
  details->priority = priority;
  details->timeout_usec = timeout_usec;
  if (context != NULL)
    {
      details->context = g_main_context_ref (context);
      details->holds_context = TRUE;
      if (self->call.kind == CF_CALL_LOCAL || (traits & CF_TASK_TRAIT_GIVE_BACK_TASK) != 0)
        details->home = g_main_context_ref (context);
    }
  details->task = task != NULL ? g_object_ref (task) : NULL;
  details->traits = traits;
  if ((traits & CF_TASK_TRAIT_CHECK) != 0)
    word |= CF_WORD_CHECKED;
  cf_future_unlock (self, word);
}

static CfDelivery *
get_home (CfFutureDetails *details)
{
  return cf_delivery_get (details != NULL && details->home != NULL ? details->home : g_main_context_default ());
}

/**
 * cf_future_give_back:
 * @self: a future that the caller has locked
 * @call: its call, which has been made or will never be; what remains of it is the caller's to clear
 *
 * Has the data of a local function freed in the submitter's context, by its thread: what a window has
 * given does not die in another one. This comes before the future is done, so that a blocking call that finds it done
 * finds what it has to free.
 *
 * Returns: the bits to be added to the state word
 */
guint
cf_future_give_back (CfFuture *self,
                     CfCall   *call)
{
  CfFutureDetails *details = self->details;
  CfDelivery *home = get_home (details);
  int priority = details != NULL ? details->priority : G_PRIORITY_DEFAULT;
  guint bits = 0;

  if (call->kind == CF_CALL_LOCAL && call->destroy != NULL)
    {
      cf_delivery_give_back (home, priority, call->user_data, call->destroy);
      call->destroy = NULL;
      bits = CF_WORD_RETURNED;
    }
  if (details != NULL && details->task != NULL && (details->traits & CF_TASK_TRAIT_GIVE_BACK_TASK) != 0)
    {
      cf_delivery_give_back (home, priority, g_steal_pointer (&details->task), g_object_unref);
      bits = CF_WORD_RETURNED;
    }

  return bits;
}

static void
free_outcome (gpointer data)
{
  cf_outcome_clear (data);
  g_free (data);
}

/**
 * cf_future_give_back_outcome:
 * @self: a future that the caller has locked
 * @outcome: what has come of its call and nobody will get; what remains of it is the caller's to clear
 *
 * Has a value that a local function has returned freed where its data are. It may hold what the function was given.
 * Errors and variants are freed anywhere.
 *
 * Returns: the bits to be added to the state word
 */
guint
cf_future_give_back_outcome (CfFuture  *self,
                             CfOutcome *outcome)
{
  CfFutureDetails *details = self->details;

  if (outcome->kind != CF_OUTCOME_VALUE || details == NULL ||
      (details->traits & CF_TASK_TRAIT_GIVE_BACK_RESULT) == 0)
    return 0;

  cf_delivery_give_back (get_home (details), details->priority, g_memdup2 (outcome, sizeof (*outcome)), free_outcome);
  outcome->kind = CF_OUTCOME_NOTHING;
  return CF_WORD_RETURNED;
}

/**
 * cf_future_set_thread_context:
 * @self: a future that nobody else knows yet
 *
 * Has notifications go to the calling thread's default context. Usually that is the default context, and
 * nothing has to be noted.
 */
void
cf_future_set_thread_context (CfFuture *self)
{
  GMainContext *context = g_main_context_get_thread_default ();

  if (context != NULL)
    cf_future_set_task_options (self, NULL, G_PRIORITY_DEFAULT, -1, context, NULL, CF_TASK_TRAIT_NONE);
}

/**
 * cf_future_set_source:
 * @self: a future that nobody else knows yet
 * @source_object: (transfer none): the object that the operation was begun with
 * @source_tag: (nullable): what operation it is
 * @user_data: what was given with the callback
 * @drop_anywhere: whether any thread may drop the last reference to @source_object, or only the context of this one
 * @submitter: whose operation it is
 *
 * Makes the future a complete `GAsyncResult`.
 */
void
cf_future_set_source (CfFuture      *self,
                      GObject       *source_object,
                      gpointer       source_tag,
                      gpointer       user_data,
                      gboolean       drop_anywhere,
                      gconstpointer  submitter)
{
  GMainContext *context = g_main_context_get_thread_default ();
  CfFutureDetails *details;
  guint word;

  details = cf_future_lock_details (self, &word);
  details->source_object = g_object_ref (source_object);
  details->source_tag = source_tag;
  details->source_data = user_data;
  details->submitter = submitter;
  if (!drop_anywhere)
    details->source_home = cf_delivery_ref (cf_delivery_get (context != NULL ? context : g_main_context_default ()));
  cf_future_unlock (self, word);
}

gpointer
cf_future_get_source_object (CfFuture *self)
{
  return self->details != NULL ? self->details->source_object : NULL;
}

gboolean
cf_future_was_submitted_by (CfFuture      *self,
                            gconstpointer  submitter)
{
  return self->details != NULL && self->details->submitter == submitter;
}

/**
 * cf_future_dup_task:
 * @self: a future
 *
 * Returns: (transfer full) (nullable): the task that it was submitted with, if that is still kept, and any thread may
 *   drop it
 */
CfTask *
cf_future_dup_task (CfFuture *self)
{
  CfTask *task = NULL;
  guint word;

  if ((cf_future_get_word (self) & CF_WORD_DETAILED) == 0)
    return NULL;

  word = cf_future_lock (self);
  if (self->details->task != NULL && (self->details->traits & CF_TASK_TRAIT_GIVE_BACK_TASK) == 0)
    task = g_object_ref (self->details->task);
  cf_future_unlock (self, word);

  return task;
}

/**
 * cf_future_returns_on_cancel:
 * @self: a future with details
 *
 * Returns: whether it is done as soon as the task's cancellable is cancelled
 */
gboolean
cf_future_returns_on_cancel (CfFuture *self)
{
  guint word = cf_future_lock (self);
  gboolean answer = (self->details->traits & CF_TASK_TRAIT_RETURN_ON_CANCEL) != 0;

  cf_future_unlock (self, word);
  return answer;
}

/**
 * cf_future_is_cancel_requested:
 * @self: a future with details
 *
 * Returns: whether the task's cancellable is cancelled; that of a future that is done counts only if it is checked
 */
gboolean
cf_future_is_cancel_requested (CfFuture *self)
{
  guint word = cf_future_lock (self);
  gboolean answer = g_cancellable_is_cancelled (self->details->user_cancellable);

  cf_future_unlock (self, word);
  return answer;
}

/**
 * cf_future_is_asked_to_give_up:
 * @self: a future that the caller has locked
 *
 * Returns: whether the task's cancellable or the future's own is cancelled, as far as they are still there
 */
gboolean
cf_future_is_asked_to_give_up (CfFuture *self)
{
  CfFutureDetails *details = self->details;

  return details != NULL &&
         (g_cancellable_is_cancelled (details->cancellable) || g_cancellable_is_cancelled (details->user_cancellable));
}

/**
 * cf_future_details_end:
 * @self: a future that is done, or about to be
 * @stage: how much is over
 *
 * Drops what is no longer needed. The cancellable of a call that is checked stays: it tells also later whether the call
 * was cancelled.
 */
void
cf_future_details_end (CfFuture    *self,
                       CfCallStage  stage)
{
  CfFutureDetails *details = self->details;
  g_autoptr(GCancellable) cancellable = NULL;
  g_autoptr(GMainContext) home G_GNUC_UNUSED = NULL;
  CfTask *task = NULL;
  CfTimer *timeout = NULL;
  gulong own_handler = 0;
  gulong user_handler;
  guint word;

  word = cf_future_lock (self);
  if (cf_future_is_asked_to_give_up (self))
    word |= CF_WORD_ASKED;
  user_handler = details->user_handler;
  details->user_handler = 0;
  if ((word & CF_WORD_CHECKED) == 0)
    cancellable = g_steal_pointer (&details->user_cancellable);
  else if (user_handler != 0)
    cancellable = g_object_ref (details->user_cancellable);
  if (stage >= CF_CALL_STAGE_OVERTAKEN)
    {
      own_handler = details->own_handler;
      details->own_handler = 0;
      timeout = g_steal_pointer (&details->timeout);
    }
  if (stage >= CF_CALL_STAGE_RETURNED)
    task = g_steal_pointer (&details->task);
  if (stage >= CF_CALL_STAGE_OVER)
    home = g_steal_pointer (&details->home);
  cf_future_unlock (self, word);

  if (timeout != NULL)
    cf_timer_remove (timeout);

  /* Not g_cancellable_disconnect(), which would wait for itself if the future is being cancelled by it. */
  if (user_handler != 0)
    g_signal_handler_disconnect (cancellable, user_handler);
  if (own_handler != 0)
    g_signal_handler_disconnect (details->cancellable, own_handler);
  g_clear_object (&task);
}
