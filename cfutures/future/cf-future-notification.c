/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The notifications of a future's properties, on the main context that was the thread's default when the call was
 * submitted.
 *
 *      report_progress(), state ──does anything listen?──→ [update] ─delivery→ notify:: on the context
 *
 * A notification is an item that stands in the queue of the context at most once, with the set of the
 * properties that have changed since: any number of reports between two iterations are one notification. While
 * it is queued it holds the future, and so the future must not hold the context: the reference is dropped when
 * it is pushed, and taken again when it is delivered. If the context is finalized in between there is nobody
 * left to be notified.
 *
 * A future that is done does not hold the context either: its callbacks are queued there and hold it, until they have
 * run or the context is finalized. What it notifies last is that it is done. */

#include "config.h"

#include "future/cf-future-notification-private.h"

#include "delivery/cf-delivery-private.h"
#include "future/cf-future-details-private.h"

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
  CfFutureUpdate *update = (CfFutureUpdate *) item;
  CfFuture *future = update->future;
  CfFutureDetails *details;
  guint word;

  CF_TSAN_ACQUIRE (future);
  details = cf_future_lock_details (future, &word);
  *changed = update->changed;
  update->changed = 0;
  update->future = NULL;
  details->holds_context = context_is_alive && !cf_word_is_done (word);
  details->context = details->holds_context ? g_main_context_ref (details->context) : NULL;
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

/**
 * cf_future_notify_later:
 * @self: a future
 * @changed: a bit for each property that has changed: `1u << CF_FUTURE_PROP_STATE`
 *
 * Has properties notified on the future's context, if anything listens.
 */
void
cf_future_notify_later (CfFuture *self,
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
  details = cf_future_lock_details (self, &word);
  details->update.changed |= changed;
  if (details->update.future == NULL && details->context != NULL)
    {
      details->update.item.deliver = deliver_update;
      details->update.item.discard = discard_update;
      details->update.item.priority = details->priority;
      details->update.future = g_object_ref (self);
      context = details->holds_context ? details->context : g_main_context_ref (details->context);
      details->holds_context = FALSE;
    }
  cf_future_unlock (self, word);

  if (context != NULL)
    cf_delivery_push (cf_delivery_get (context), &details->update.item);
}

/* A future that is done has been notified for the last time. */
static void
let_context_go (CfFuture *self)
{
  g_autoptr(GMainContext) context = NULL;
  CfFutureDetails *details;
  guint word;

  details = cf_future_lock_details (self, &word);
  if (details->holds_context)
    {
      context = g_steal_pointer (&details->context);
      details->holds_context = FALSE;
    }
  cf_future_unlock (self, word);
}

void
cf_future_notify_state (CfFuture *self)
{
  cf_future_notify_later (self, 1u << CF_FUTURE_PROP_STATE);
}

/**
 * cf_future_notify_done:
 * @self: a future that is done
 * @has_failed: whether it has an error now
 *
 * Has the last state notified, and the error with it.
 */
void
cf_future_notify_done (CfFuture *self,
                       gboolean  has_failed)
{
  cf_future_notify_later (self, 1u << CF_FUTURE_PROP_STATE | (has_failed ? 1u << CF_FUTURE_PROP_ERROR : 0));

  if ((cf_future_get_word (self) & CF_WORD_DETAILED) != 0)
    let_context_go (self);
}
