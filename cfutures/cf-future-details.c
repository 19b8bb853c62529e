/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The details of a future: what most futures do without, allocated with the first use.
 *
 * They are a task's options (name, priority, time limit, cancellable, context), the future's own cancellable,
 * its progress, and the notifications that are under way. The future's lock guards them; they stay until the
 * future is finalized, but for what would keep other things alive, which is dropped when it is done.
 *
 *      user's cancellable ──┐
 *      time limit ──────────┼─→ pending: cancel; running: trip the future's own cancellable
 *      cancel_full() ───────┘
 *
 *      report_progress(), state ──anybody listens?──→ [update] ─delivery→ notify:: on the context
 *
 * A notification is an item that stands in the queue of the context at most once, with the set of the
 * properties that have changed since: any number of reports between two iterations are one notification. While
 * it is queued it holds the future, and so the future must not hold the context: the reference is dropped when
 * it is pushed, and taken again when it is delivered. If the context is finalized in between there is nobody
 * left to be notified. */

#include "config.h"

#include "cf-future-private.h"

#include <glib/gi18n-lib.h>

#include "cf-deadline-private.h"
#include "cf-error.h"
#include "cf-parking-private.h"

typedef struct
{
  CfDeliveryItem  item;
  CfFuture       *future;       /* a reference while it is queued */
  guint           changed;      /* a bit for each property */
} Update;

struct _CfFutureDetails
{
  char         *name;
  int           priority;
  gint64        timeout_usec;
  GMainContext *context;            /* where to notify; NULL if it is gone */
  gboolean      holds_context;      /* it is a reference */
  gpointer      task;               /* keeps the call's data alive; dropped when the future is done */

  GCancellable *cancellable;        /* the future's own */
  gulong        own_handler;        /* takes it on to the process where the call is; holds the future until it is done */
  GCancellable *user_cancellable;   /* the task's; dropped when the future is done */
  gulong        user_handler;
  CfDeadline   *deadline;

  double        progress;
  char         *message;
  Update        update;

  GObject      *source_object;      /* of the future as a GAsyncResult */
  gpointer      source_data;
};

/* Locks the future, and makes sure that it has details. */
static CfFutureDetails *
lock_details (CfFuture *self,
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

void
cf_future_details_free (CfFutureDetails *details)
{
  g_free (details->name);
  g_free (details->message);
  if (details->holds_context)
    g_main_context_unref (details->context);
  g_clear_object (&details->task);
  g_clear_object (&details->cancellable);
  g_clear_object (&details->user_cancellable);
  g_clear_object (&details->source_object);
  g_free (details);
}

/* Options. */

static void
on_user_cancelled (GCancellable *cancellable,
                   gpointer      future)
{
  cf_future_cancel_full (future, CF_CANCEL_COOPERATE);
}

static void
unref_future (gpointer  future,
              GClosure *closure)
{
  g_object_unref (future);
}

static void
follow_cancellable (CfFuture     *self,
                    GCancellable *cancellable)
{
  CfFutureDetails *details;
  gulong handler;
  guint word;

  /* Not g_cancellable_connect(), which would hold a lock of the cancellable while the handler runs. */
  handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_user_cancelled),
                                   g_object_ref (self), unref_future, 0);

  details = lock_details (self, &word);
  if (!cf_word_is_done (word))
    {
      details->user_cancellable = g_object_ref (cancellable);
      details->user_handler = handler;
      handler = 0;
    }
  cf_future_unlock (self, word);

  if (handler != 0)
    g_signal_handler_disconnect (cancellable, handler);
  else if (g_cancellable_is_cancelled (cancellable))
    on_user_cancelled (cancellable, self);
}

/**
 * cf_future_set_task_options:
 * @self: a future that nobody else knows yet
 * @name: (nullable): what to call it in messages
 * @priority: of the call
 * @timeout_usec: how long the call may run, or -1
 * @cancellable: (nullable): cancels the call
 * @context: (nullable): where notifications go, or %NULL for the default context
 * @task: (nullable): an object that is to live until the call is done
 *
 * Sets what goes beyond a plain submission. The future may be cancelled when this returns.
 */
void
cf_future_set_task_options (CfFuture     *self,
                            const char   *name,
                            int           priority,
                            gint64        timeout_usec,
                            GCancellable *cancellable,
                            GMainContext *context,
                            gpointer      task)
{
  CfFutureDetails *details;
  guint word;

  details = lock_details (self, &word);
  details->name = g_strdup (name);
  details->priority = priority;
  details->timeout_usec = timeout_usec;
  if (context != NULL)
    {
      details->context = g_main_context_ref (context);
      details->holds_context = TRUE;
    }
  details->task = task != NULL ? g_object_ref (task) : NULL;
  cf_future_unlock (self, word);

  if (cancellable != NULL)
    follow_cancellable (self, cancellable);
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
    cf_future_set_task_options (self, NULL, G_PRIORITY_DEFAULT, -1, NULL, context, NULL);
}

/**
 * cf_future_set_source:
 * @self: a future that nobody else knows yet
 * @source_object: (transfer none): the object that the operation was begun with
 * @user_data: what was given with the callback
 *
 * Makes the future a complete `GAsyncResult`.
 */
void
cf_future_set_source (CfFuture *self,
                      GObject  *source_object,
                      gpointer  user_data)
{
  CfFutureDetails *details;
  guint word;

  details = lock_details (self, &word);
  details->source_object = g_object_ref (source_object);
  details->source_data = user_data;
  cf_future_unlock (self, word);
}

gpointer
cf_future_get_source_object (CfFuture *self)
{
  return self->details != NULL ? self->details->source_object : NULL;
}

gpointer
cf_future_get_source_data (CfFuture *self)
{
  return self->details != NULL ? self->details->source_data : NULL;
}

int
cf_future_get_priority (CfFuture *self)
{
  return self->details != NULL ? self->details->priority : G_PRIORITY_DEFAULT;
}

/**
 * cf_future_has_task:
 * @self: a future
 *
 * Returns: whether it keeps the task that it was submitted with
 */
gboolean
cf_future_has_task (CfFuture *self)
{
  gboolean answer;
  guint word;

  if ((cf_future_get_word (self) & CF_WORD_DETAILED) == 0)
    return FALSE;

  word = cf_future_lock (self);
  answer = self->details->task != NULL;
  cf_future_unlock (self, word);

  return answer;
}

const char *
cf_future_get_name (CfFuture *self)
{
  return self->details != NULL ? self->details->name : NULL;
}

/* The life of a call. */

static void
on_deadline (gpointer future)
{
  if (cf_future_fail (future, g_error_new_literal (CF_ERROR, CF_ERROR_TIMED_OUT,
                                                   _("The call ran longer than it was allowed to"))))
    cf_future_trip_cancellable (future);
}

/**
 * cf_future_is_cancel_requested:
 * @self: a future with details
 *
 * Returns: whether the task's cancellable is cancelled
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
 * cf_future_details_begin:
 * @self: a future that has just begun to run
 *
 * Starts the clock, if the call has a time limit.
 */
void
cf_future_details_begin (CfFuture *self)
{
  gint64 time = cf_deadline_after (self->details->timeout_usec);
  CfDeadline *deadline;
  guint word;

  if (time < 0)
    return;

  deadline = cf_deadline_add (time, on_deadline, g_object_ref (self), g_object_unref);

  word = cf_future_lock (self);
  if (!cf_word_is_done (word))
    self->details->deadline = g_steal_pointer (&deadline);
  cf_future_unlock (self, word);

  if (deadline != NULL)
    cf_deadline_remove (deadline);
}

/**
 * cf_future_details_end:
 * @self: a future that is done, or about to be
 * @call_is_over: whether the function has returned or will never be called; it may still run when the future has
 *   failed because of its time limit
 *
 * Lets go of what is not needed any more.
 */
void
cf_future_details_end (CfFuture *self,
                       gboolean  call_is_over)
{
  CfFutureDetails *details = self->details;
  g_autoptr(GCancellable) cancellable = NULL;
  g_autoptr(GObject) task G_GNUC_UNUSED = NULL;
  CfDeadline *deadline;
  gulong own_handler;
  guint word;

  word = cf_future_lock (self);
  cancellable = g_steal_pointer (&details->user_cancellable);
  own_handler = details->own_handler;
  details->own_handler = 0;
  deadline = g_steal_pointer (&details->deadline);
  if (call_is_over)
    task = g_steal_pointer (&details->task);
  cf_future_unlock (self, word);

  if (deadline != NULL)
    cf_deadline_remove (deadline);

  /* Not g_cancellable_disconnect(), which would wait for itself if the future is being cancelled by it. */
  if (cancellable != NULL)
    g_signal_handler_disconnect (cancellable, details->user_handler);
  if (own_handler != 0)
    g_signal_handler_disconnect (details->cancellable, own_handler);
}

static void
on_own_cancelled (GCancellable *cancellable,
                  gpointer      future)
{
  cf_future_interrupt (future, CF_INTERRUPT_COOPERATE);
}

static GCancellable *
ensure_cancellable (CfFuture *self)
{
  CfFutureDetails *details;
  GCancellable *cancellable;
  guint word;

  details = lock_details (self, &word);
  if (details->cancellable == NULL)
    {
      details->cancellable = g_cancellable_new ();
      if ((word & CF_WORD_REMOTE) != 0)
        details->own_handler = g_signal_connect_data (details->cancellable, "cancelled",
                                                      G_CALLBACK (on_own_cancelled),
                                                      g_object_ref (self), unref_future, 0);
    }
  cancellable = details->cancellable;
  cf_future_unlock (self, word);

  return cancellable;
}

void
cf_future_trip_cancellable (CfFuture *self)
{
  g_cancellable_cancel (ensure_cancellable (self));
}

/**
 * cf_future_get_cancellable:
 * @self: a future
 *
 * The cancellable of the call, which the function passes to what it calls, or looks at now and then, so that it
 * can be asked to give up: by [method@Cf.Future.cancel_full], by the task's own cancellable, and by its time
 * limit. Cancelling it is the same request.
 *
 * Returns: (transfer none): the cancellable, which lives as long as the future
 *
 * Since: 1.0
 */
GCancellable *
cf_future_get_cancellable (CfFuture *self)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  return ensure_cancellable (self);
}

/* Notification. */

static guint
notify_signal (void)
{
  static gsize id;

  if (g_once_init_enter (&id))
    g_once_init_leave (&id, g_signal_lookup ("notify", G_TYPE_OBJECT));

  return (guint) id;
}

/* Takes an update out of what is under way, and the reference to its future with it. */
static CfFuture *
take_update (CfDeliveryItem *item,
             gboolean        context_is_alive,
             guint          *changed)
{
  Update *update = (Update *) item;
  CfFuture *future = update->future;
  CfFutureDetails *details;
  guint word;

  CF_TSAN_ACQUIRE (future);
  details = lock_details (future, &word);
  *changed = update->changed;
  update->changed = 0;
  update->future = NULL;
  details->context = context_is_alive ? g_main_context_ref (details->context) : NULL;
  details->holds_context = context_is_alive;
  cf_future_unlock (future, word);

  return future;
}

static void
deliver_update (CfDeliveryItem *item)
{
  guint changed;
  g_autoptr(CfFuture) future = take_update (item, TRUE, &changed);

  g_object_freeze_notify (G_OBJECT (future));
  for (guint i = 1; i < CF_FUTURE_N_PROPS; i++)
    {
      if ((changed & (1u << i)) != 0)
        g_object_notify_by_pspec (G_OBJECT (future), cf_future_properties[i]);
    }
  g_object_thaw_notify (G_OBJECT (future));
  CF_TSAN_RELEASE (future);
}

static void
discard_update (CfDeliveryItem *item)
{
  guint changed;

  g_object_unref (take_update (item, FALSE, &changed));
}

/* Has the properties of the set `changed` notified on the future's context, if anybody listens. */
static void
notify_later (CfFuture *self,
              guint     changed)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = NULL;
  g_autoptr(GMainContext) context = NULL;
  CfFutureDetails *details;
  guint word;

  if (g_signal_handler_find (self, G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_UNBLOCKED, notify_signal (),
                             0, NULL, NULL, NULL) == 0)
    return;

  alive = g_object_ref (self);
  details = lock_details (self, &word);
  details->update.changed |= changed;
  if (details->update.future == NULL && details->context != NULL)
    {
      details->update.item.deliver = deliver_update;
      details->update.item.discard = discard_update;
      details->update.future = g_object_ref (self);
      context = details->holds_context ? details->context : g_main_context_ref (details->context);
      details->holds_context = FALSE;
    }
  cf_future_unlock (self, word);

  if (context != NULL)
    cf_delivery_push (cf_delivery_get (context), &details->update.item);
}

void
cf_future_notify_state (CfFuture *self)
{
  notify_later (self, 1u << CF_FUTURE_PROP_STATE);
}

/**
 * cf_future_report_progress:
 * @self: a future that runs
 * @fraction: how much is done, from 0 to 1
 * @message: (nullable): what is being done, or %NULL to leave the message as it is
 *
 * Says how far the call has come. The function that makes the call does this as often as it likes: reports are
 * merged, so that [property@Cf.Future:progress] and [property@Cf.Future:message] are notified once in an
 * iteration of the main loop at most. A report on a future that is done is ignored.
 *
 * Since: 1.0
 */
void
cf_future_report_progress (CfFuture   *self,
                           double      fraction,
                           const char *message)
{
  void (*report) (CfFutureOwner *, CfFuture *, double, const char *) = NULL;
  CfFutureDetails *details;
  g_autofree char *old_message = NULL;
  guint changed = 0;
  guint word;

  g_return_if_fail (CF_IS_FUTURE (self));
  g_return_if_fail (fraction >= 0.0 && fraction <= 1.0);

  details = lock_details (self, &word);
  if (!cf_word_is_done (word))
    {
      if (details->progress < fraction || details->progress > fraction)
        changed |= 1u << CF_FUTURE_PROP_PROGRESS;
      details->progress = fraction;

      if (message != NULL && g_strcmp0 (message, details->message) != 0)
        {
          old_message = details->message;
          details->message = g_strdup (message);
          changed |= 1u << CF_FUTURE_PROP_MESSAGE;
        }

      if ((word & CF_WORD_REMOTE) != 0)
        report = self->owner->remote->report;
    }
  cf_future_unlock (self, word);

  if (changed != 0)
    notify_later (self, changed);
  if (changed != 0 && report != NULL)
    report (self->owner, self, fraction, message);
}

/**
 * cf_future_get_progress:
 * @self: a future
 *
 * Returns: how much of the call is done, from 0 to 1, as far as it has reported
 *
 * Since: 1.0
 */
double
cf_future_get_progress (CfFuture *self)
{
  double progress;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), 0.0);

  word = cf_future_lock (self);
  progress = self->details != NULL ? self->details->progress : 0.0;
  cf_future_unlock (self, word);

  return progress;
}

/**
 * cf_future_dup_message:
 * @self: a future
 *
 * Returns: (transfer full) (nullable): what the call has last reported to be doing
 *
 * Since: 1.0
 */
char *
cf_future_dup_message (CfFuture *self)
{
  char *message;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  word = cf_future_lock (self);
  message = self->details != NULL ? g_strdup (self->details->message) : NULL;
  cf_future_unlock (self, word);

  return message;
}
