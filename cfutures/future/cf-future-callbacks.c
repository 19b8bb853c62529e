/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Done-callbacks: functions that are called when a future is done.
 *
 * A CONTEXT callback can run in two ways, both in the thread that owns its context: the context is iterated and
 * its turn has come, or that thread blocks on the future, and the callback has to run before the blocking call
 * returns. Being the owner is what makes the two exclusive: the thread that is first takes the callback out of the
 * delivery's queue and out of the future's list.
 *
 * A callback keeps its context alive until it has been pushed, and no longer: then the context owns it, and
 * discards it if it is finalized first. The default context is never finalized, and needs no reference. */

#include "config.h"

#include "future/cf-future-callbacks-private.h"

#include "delivery/cf-delivery-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-observers-private.h"
#include "future/cf-future-state-private.h"
#include "future/cf-future-trace-private.h"

struct _CfFutureCallback
{
  CfFutureObserver observer;
  CfDeliveryItem   item;
  CfDelivery      *delivery;
  GMainContext    *context;     /* a reference until it is pushed; NULL for the default context */
  CfFuture        *future;      /* a reference once the future is done */
  CfDoneCallback   callback;
  gpointer         user_data;
  GDestroyNotify   destroy;
};

#define DONE_CALLBACK_OF_ITEM(pointer) \
  ((CfFutureCallback *) (void *) ((char *) (pointer) - G_STRUCT_OFFSET (CfFutureCallback, item)))

static void
done_callback_free (CfFutureCallback *done)
{
  if (done->destroy != NULL)
    done->destroy (done->user_data);
  if (done->context != NULL)
    g_main_context_unref (done->context);
  g_free (done);
}

static void
unlink_done_callback (CfFutureCallback *done)
{
  CF_TSAN_ACQUIRE (done->future);
  cf_future_unlink_observer (done->future, &done->observer);
}

static void
deliver_done_callback (CfDeliveryItem *item)
{
  CfFutureCallback *done = DONE_CALLBACK_OF_ITEM (item);
  g_autoptr(CfFuture) future = done->future;

  unlink_done_callback (done);
  cf_future_trace_deliver (future);
  done->callback (future, done->user_data);
  done_callback_free (done);
  CF_TSAN_RELEASE (future);
}

static void
discard_done_callback (CfDeliveryItem *item)
{
  CfFutureCallback *done = DONE_CALLBACK_OF_ITEM (item);
  g_autoptr(CfFuture) future G_GNUC_UNUSED = done->future;

  unlink_done_callback (done);
  done_callback_free (done);
  CF_TSAN_RELEASE (future);
}

/* Under the lock; the thread that settles the future holds a reference of its own, so that taking one more never is the
 * step from one to two at which bindings' toggle references call out. */
static void
push_done_callback (CfFutureObserver *observer,
                    CfFuture         *future)
{
  CfFutureCallback *done = (CfFutureCallback *) observer;

  done->future = g_object_ref (future);
  cf_delivery_push (done->delivery, &done->item);
}

static void
run_immediate_callback (CfFutureObserver *observer,
                        CfFuture         *future)
{
  CfFutureCallback *done = (CfFutureCallback *) observer;

  cf_future_trace_deliver (future);
  done->callback (future, done->user_data);
  done_callback_free (done);
}

static GMainContext *
steal_context (CfFutureObserver *observer)
{
  return g_steal_pointer (&((CfFutureCallback *) observer)->context);
}

static void
discard (CfFutureObserver *observer)
{
  done_callback_free ((CfFutureCallback *) observer);
}

static const CfObserverInterface context_interface = {
  .kind = CF_OBSERVER_CONTEXT,
  .fire = push_done_callback,
  .steal_context = steal_context,
  .discard = discard,
};

static const CfObserverInterface immediate_interface = {
  .kind = CF_OBSERVER_IMMEDIATE,
  .fire = run_immediate_callback,
  .discard = discard,
};

static CfFutureCallback *
done_callback_new (GMainContext   *context,
                   CfDoneCallback  callback,
                   gpointer        user_data,
                   GDestroyNotify  destroy)
{
  CfFutureCallback *self = g_new0 (CfFutureCallback, 1);

  self->observer.interface = context != NULL ? &context_interface : &immediate_interface;
  self->item.deliver = deliver_done_callback;
  self->item.discard = discard_done_callback;
  self->callback = callback;
  self->user_data = user_data;
  self->destroy = destroy;

  if (context != NULL)
    self->delivery = cf_delivery_get (context);
  if (context != NULL && context != g_main_context_default ())
    self->context = g_main_context_ref (context);

  return self;
}

/* Links a callback, or if the future is done already does at once what settling would have done. */
static void
add_done_callback (CfFuture         *self,
                   CfFutureCallback *done)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr(GMainContext) context = NULL;
  gboolean is_late;
  guint word;

  word = cf_future_lock (self);
  is_late = cf_word_is_done (word);
  if ((word & CF_WORD_DETAILED) != 0)
    done->item.priority = self->details->priority;
  if (!is_late || done->observer.interface->kind == CF_OBSERVER_CONTEXT)
    {
      cf_future_link_last (self, &done->observer);
      word |= CF_WORD_OBSERVED;
    }
  if (is_late && done->observer.interface->kind == CF_OBSERVER_CONTEXT)
    {
      context = g_steal_pointer (&done->context);
      done->observer.interface->fire (&done->observer, self);
    }
  cf_future_unlock (self, word);

  if (is_late && done->observer.interface->kind == CF_OBSERVER_IMMEDIATE)
    run_immediate_callback (&done->observer, self);
}

static void
ignore_done (CfFuture *self,
             gpointer  user_data)
{
}

/**
 * cf_future_connect_done:
 * @self: a future
 * @context: a main context
 * @callback: what to call when the future is done
 * @user_data: passed to @callback
 * @destroy: (nullable): frees @user_data
 *
 * Adds a callback that can be taken back.
 *
 * Returns: a handle for cf_future_disconnect_done(), valid until @callback has been called
 */
CfFutureCallback *
cf_future_connect_done (CfFuture       *self,
                        GMainContext   *context,
                        CfDoneCallback  callback,
                        gpointer        user_data,
                        GDestroyNotify  destroy)
{
  CfFutureCallback *done = done_callback_new (context, callback, user_data, destroy);

  add_done_callback (self, done);
  return done;
}

/**
 * cf_future_disconnect_done:
 * @self: a future
 * @done: what cf_future_connect_done() returned
 *
 * Makes sure that a callback is no longer called. To be called in the thread that owns its context.
 */
void
cf_future_disconnect_done (CfFuture         *self,
                           CfFutureCallback *done)
{
  guint word = cf_future_lock (self);
  gboolean is_due = cf_word_is_done (word);

  if (!is_due)
    cf_future_unlink (self, &done->observer);
  if (self->observers == NULL)
    word &= ~CF_WORD_OBSERVED;
  cf_future_unlock (self, word);

  /* If it is on its way it still arrives, and is ignored. */
  if (is_due)
    done->callback = ignore_done;
  else
    done_callback_free (done);
}

/* Delivery by a blocking call. */

static CfDeliveryItem *
find_ready (CfFuture   *self,
            CfDelivery *delivery)
{
  guint word = cf_future_lock (self);
  CfDeliveryItem *found = NULL;

  for (CfFutureObserver *observer = self->observers; observer != NULL && found == NULL; observer = observer->next)
    {
      CfFutureCallback *done = (CfFutureCallback *) observer;

      if (observer->interface->kind == CF_OBSERVER_CONTEXT && done->delivery == delivery && done->item.ready)
        found = &done->item;
    }
  cf_future_unlock (self, word);

  return found;
}

/**
 * cf_future_deliver_own:
 * @self: a future that is done
 *
 * Runs those callbacks of the future that are due in this thread's own context, and frees what was given back to it:
 * what a call that has blocked on the future does before it returns. Callbacks that these add are left for the context.
 */
void
cf_future_deliver_own (CfFuture *self)
{
  CfDelivery *delivery;
  CfDeliveryItem *item;

  if ((cf_future_get_word (self) & (CF_WORD_OBSERVED | CF_WORD_RETURNED | CF_WORD_LOCKED)) == 0)
    return;

  /* All callbacks have been pushed when settling lets the lock go. */
  cf_future_unlock (self, cf_future_lock (self));

  if ((cf_future_get_word (self) & CF_WORD_RETURNED) != 0)
    cf_delivery_free_own ();

  delivery = cf_delivery_get_own ();
  if (delivery == NULL || !cf_delivery_acquire (delivery))
    return;

  while ((item = find_ready (self, delivery)) != NULL)
    cf_delivery_run (delivery, item);

  cf_delivery_release (delivery);
}

/* Runs those callbacks that are due in this thread's own context and match, in the order of their completion. */
static void
deliver_own_that_match (CfDeliveryMatch match,
                        gconstpointer   data)
{
  CfDelivery *delivery = cf_delivery_get_own ();

  if (delivery == NULL || !cf_delivery_acquire (delivery))
    return;

  cf_delivery_run_matching (delivery, match, data);
  cf_delivery_release (delivery);
}

static gboolean
is_callback_owned_by (CfDeliveryItem *item,
                      gconstpointer   owner)
{
  return item->deliver == deliver_done_callback && DONE_CALLBACK_OF_ITEM (item)->future->owner == owner;
}

static gboolean
is_callback_of_any (CfDeliveryItem *item,
                    gconstpointer   futures)
{
  return item->deliver == deliver_done_callback &&
         g_hash_table_contains ((GHashTable *) futures, DONE_CALLBACK_OF_ITEM (item)->future);
}

/**
 * cf_future_deliver_own_of:
 * @owner: the owner of some futures
 *
 * Runs all callbacks of the owner's futures that are due in this thread's own context: what shutting a pool
 * down does before it returns.
 */
void
cf_future_deliver_own_of (CfFutureOwner *owner)
{
  cf_delivery_free_own ();
  deliver_own_that_match (is_callback_owned_by, owner);
}

/**
 * cf_future_deliver_own_of_all:
 * @futures: (element-type CfFuture): futures that are done
 *
 * Runs those callbacks of the futures that are due in this thread's own context, in the order in which the futures
 * were completed: what a call that has blocked on a set does before it returns.
 */
void
cf_future_deliver_own_of_all (GPtrArray *futures)
{
  g_autoptr(GHashTable) observed = NULL;
  gboolean has_returned = FALSE;

  if (futures->len == 1)
    {
      cf_future_deliver_own (g_ptr_array_index (futures, 0));
      return;
    }

  for (guint i = 0; i < futures->len; i++)
    {
      CfFuture *future = g_ptr_array_index (futures, i);

      has_returned |= (cf_future_get_word (future) & CF_WORD_RETURNED) != 0;
      if ((cf_future_get_word (future) & (CF_WORD_OBSERVED | CF_WORD_LOCKED)) == 0)
        continue;

      /* All callbacks have been pushed when settling lets the lock go. */
      cf_future_unlock (future, cf_future_lock (future));

      if (observed == NULL)
        observed = g_hash_table_new (NULL, NULL);
      g_hash_table_add (observed, future);
    }

  if (has_returned)
    cf_delivery_free_own ();
  if (observed != NULL)
    deliver_own_that_match (is_callback_of_any, observed);
}

/**
 * cf_future_add_done_callback:
 * @self: a future
 * @callback: (scope notified): what to call when the future is done
 * @user_data: passed to @callback
 * @destroy: (nullable): frees @user_data, after the call
 *
 * Has @callback called when the future is done, for whatever reason: with a result, with an error, or
 * cancelled.
 *
 * It is called once, in an iteration of the main context that is the calling thread's default now (see
 * [func@GLib.MainContext.ref_thread_default]), never in the thread that completes the call and never before
 * this function has returned, also if the future is done already. Callbacks of one context and one priority come in
 * the order in which the futures were completed. If the thread blocks on the future, the callback is called before
 * that blocking call returns.
 *
 * The callback is called at the priority of the task (see [property@Cf.Task:priority]): it does not overtake one of a
 * more urgent task that is due in the same context.
 *
 * If the context is finalized first, only @destroy is called.
 *
 * Since: 1.0
 */
void
cf_future_add_done_callback (CfFuture       *self,
                             CfDoneCallback  callback,
                             gpointer        user_data,
                             GDestroyNotify  destroy)
{
  GMainContext *context = g_main_context_get_thread_default ();

  cf_future_add_done_callback_full (self,
                                    context != NULL ? context : g_main_context_default (),
                                    callback, user_data, destroy);
}

/**
 * cf_future_add_done_callback_full:
 * @self: a future
 * @context: (nullable): the main context in which to call @callback, or %NULL for none
 * @callback: (scope notified): what to call when the future is done
 * @user_data: passed to @callback
 * @destroy: (nullable): frees @user_data, after the call
 *
 * Like [method@Cf.Future.add_done_callback], in a context of one's choice.
 *
 * Without a context @callback is called at once if the future is done, otherwise in whatever thread completes
 * or cancels it, as in Python's `concurrent.futures`. Such a callback has to be quick, and safe in any thread.
 *
 * Since: 1.0
 */
void
cf_future_add_done_callback_full (CfFuture       *self,
                                  GMainContext   *context,
                                  CfDoneCallback  callback,
                                  gpointer        user_data,
                                  GDestroyNotify  destroy)
{
  g_return_if_fail (CF_IS_FUTURE (self));
  g_return_if_fail (callback != NULL);

  add_done_callback (self, done_callback_new (context, callback, user_data, destroy));
}
