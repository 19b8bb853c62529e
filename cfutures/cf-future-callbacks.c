/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The observers of a future: who is told that it is done.
 *
 * They are a list in the future, guarded by its lock. Settling fires each of them once, under that lock:
 *
 *   SIGNAL      a thread that waits, or a set: it is unlinked, and told. Quick, and no user code.
 *   CONTEXT     a callback of a main context: it is pushed to what delivers to the context, and stays linked until it has
 *               run there.
 *   IMMEDIATE   a callback without a context: it is handed to the completing thread, which runs it when it
 *               has let the lock go.
 *
 * A CONTEXT callback can run in two ways, both in the thread that owns its context: the context is iterated and
 * its turn has come, or that thread blocks on the future, and the callback has to run before the blocking call
 * returns. Being the owner is what makes the two exclusive: whoever is first takes the callback out of the
 * delivery's queue and out of the future's list.
 *
 * A callback keeps its context alive until it has been pushed, and no longer: then the context owns it, and
 * discards it if it is finalized first. The default context is never finalized, and needs no reference. */

#include "config.h"

#include "cf-future-private.h"

typedef struct
{
  CfFutureObserver observer;
  CfDeliveryItem   item;
  CfDelivery      *delivery;
  GMainContext    *context;     /* a reference until it is pushed; NULL for the default context */
  CfFuture        *future;      /* a reference once the future is done */
  CfDoneCallback   callback;
  gpointer         user_data;
  GDestroyNotify   destroy;
} DoneCallback;

#define DONE_CALLBACK_OF_ITEM(pointer) \
  ((DoneCallback *) (void *) ((char *) (pointer) - G_STRUCT_OFFSET (DoneCallback, item)))

/* The list. All with the lock held. */

static void
link_last (CfFuture         *self,
           CfFutureObserver *observer)
{
  CfFutureObserver *first = self->observers;

  /* Circular backwards, so that the last is found at once: first->previous is the last. */
  observer->next = NULL;
  if (first == NULL)
    {
      observer->previous = observer;
      self->observers = observer;
      return;
    }

  observer->previous = first->previous;
  first->previous->next = observer;
  first->previous = observer;
}

static void
unlink_observer (CfFuture         *self,
                 CfFutureObserver *observer)
{
  CfFutureObserver *next = observer->next;

  if (self->observers == observer)
    self->observers = next;
  else
    observer->previous->next = next;

  if (next != NULL)
    next->previous = observer->previous;
  else if (self->observers != NULL)
    self->observers->previous = observer->previous;

  observer->next = NULL;
  observer->previous = NULL;
}

/**
 * cf_future_link_observer:
 * @self: a future
 * @observer: who wants to be told
 *
 * Has @observer fired when the future is done.
 *
 * Returns: %FALSE if the future is done already, and @observer is not going to be fired
 */
gboolean
cf_future_link_observer (CfFuture         *self,
                         CfFutureObserver *observer)
{
  guint word = cf_future_lock (self);
  gboolean linked = !cf_word_is_done (word);

  if (linked)
    {
      link_last (self, observer);
      word |= CF_WORD_OBSERVED;
    }
  cf_future_unlock (self, word);

  return linked;
}

/**
 * cf_future_unlink_observer:
 * @self: a future
 * @observer: one that was linked to it
 *
 * Makes sure that nobody will fire @observer from now on, or is just doing so.
 */
void
cf_future_unlink_observer (CfFuture         *self,
                           CfFutureObserver *observer)
{
  guint word = cf_future_lock (self);

  if (observer->previous != NULL)
    unlink_observer (self, observer);
  if (self->observers == NULL)
    word &= ~CF_WORD_OBSERVED;
  cf_future_unlock (self, word);
}

/**
 * cf_future_fire_observers:
 * @self: a future that has just been settled, and is still locked
 * @immediate: (out): the callbacks that the caller runs when it has unlocked the future
 * @contexts: (out): the references to contexts that the caller drops then
 *
 * Tells everybody who wants to know.
 *
 * Returns: whether there are callbacks that stay linked until they have run
 */
gboolean
cf_future_fire_observers (CfFuture          *self,
                          CfFutureObserver **immediate,
                          GSList           **contexts)
{
  CfFutureObserver **last_immediate = immediate;
  CfFutureObserver *observer = self->observers;

  while (observer != NULL)
    {
      CfFutureObserver *next = observer->next;

      if (observer->kind == CF_OBSERVER_CONTEXT)
        {
          DoneCallback *done = (DoneCallback *) observer;

          if (done->context != NULL)
            *contexts = g_slist_prepend (*contexts, g_steal_pointer (&done->context));
          observer->fire (observer, self);
        }
      else
        {
          unlink_observer (self, observer);

          if (observer->kind == CF_OBSERVER_SIGNAL)
            {
              observer->fire (observer, self);
            }
          else
            {
              *last_immediate = observer;
              last_immediate = &observer->next;
            }
        }

      observer = next;
    }

  return self->observers != NULL;
}

/**
 * cf_future_run_immediate:
 * @self: a settled future
 * @callbacks: (nullable): what settling it returned
 *
 * Runs the callbacks that belong to the completing thread.
 */
void
cf_future_run_immediate (CfFuture         *self,
                         CfFutureObserver *callbacks)
{
  while (callbacks != NULL)
    {
      CfFutureObserver *callback = callbacks;

      callbacks = callback->next;
      callback->fire (callback, self);
    }
}

/* Done-callbacks. */

static void
done_callback_free (DoneCallback *done)
{
  if (done->destroy != NULL)
    done->destroy (done->user_data);
  if (done->context != NULL)
    g_main_context_unref (done->context);
  g_free (done);
}

static void
unlink_done_callback (DoneCallback *done)
{
  CF_TSAN_ACQUIRE (done->future);
  cf_future_unlink_observer (done->future, &done->observer);
}

static void
deliver_done_callback (CfDeliveryItem *item)
{
  DoneCallback *done = DONE_CALLBACK_OF_ITEM (item);
  g_autoptr(CfFuture) future = done->future;

  unlink_done_callback (done);
  done->callback (future, done->user_data);
  done_callback_free (done);
  CF_TSAN_RELEASE (future);
}

static void
discard_done_callback (CfDeliveryItem *item)
{
  DoneCallback *done = DONE_CALLBACK_OF_ITEM (item);
  g_autoptr(CfFuture) future G_GNUC_UNUSED = done->future;

  unlink_done_callback (done);
  done_callback_free (done);
  CF_TSAN_RELEASE (future);
}

/* Under the lock; whoever settles the future holds a reference of its own, so that taking one more never is the
 * step from one to two at which bindings' toggle references call out. */
static void
push_done_callback (CfFutureObserver *observer,
                    CfFuture         *future)
{
  DoneCallback *done = (DoneCallback *) observer;

  done->future = g_object_ref (future);
  cf_delivery_push (done->delivery, &done->item);
}

static void
run_immediate_callback (CfFutureObserver *observer,
                        CfFuture         *future)
{
  DoneCallback *done = (DoneCallback *) observer;

  done->callback (future, done->user_data);
  done_callback_free (done);
}

static DoneCallback *
done_callback_new (GMainContext   *context,
                   CfDoneCallback  callback,
                   gpointer        user_data,
                   GDestroyNotify  destroy)
{
  DoneCallback *self = g_new0 (DoneCallback, 1);

  self->observer.kind = context != NULL ? CF_OBSERVER_CONTEXT : CF_OBSERVER_IMMEDIATE;
  self->observer.fire = context != NULL ? push_done_callback : run_immediate_callback;
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
add_done_callback (CfFuture     *self,
                   DoneCallback *done)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr(GMainContext) context = NULL;
  gboolean is_late;
  guint word;

  word = cf_future_lock (self);
  is_late = cf_word_is_done (word);
  if (!is_late || done->observer.kind == CF_OBSERVER_CONTEXT)
    {
      link_last (self, &done->observer);
      word |= CF_WORD_OBSERVED;
    }
  if (is_late && done->observer.kind == CF_OBSERVER_CONTEXT)
    {
      context = g_steal_pointer (&done->context);
      done->observer.fire (&done->observer, self);
    }
  cf_future_unlock (self, word);

  if (is_late && done->observer.kind == CF_OBSERVER_IMMEDIATE)
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
gpointer
cf_future_connect_done (CfFuture       *self,
                        GMainContext   *context,
                        CfDoneCallback  callback,
                        gpointer        user_data,
                        GDestroyNotify  destroy)
{
  DoneCallback *done = done_callback_new (context, callback, user_data, destroy);

  add_done_callback (self, done);
  return done;
}

/**
 * cf_future_disconnect_done:
 * @self: a future
 * @handle: what cf_future_connect_done() returned
 *
 * Makes sure that a callback is not called any more. To be called in the thread that owns its context.
 */
void
cf_future_disconnect_done (CfFuture *self,
                           gpointer  handle)
{
  DoneCallback *done = handle;
  guint word = cf_future_lock (self);
  gboolean is_due = cf_word_is_done (word);

  if (!is_due)
    unlink_observer (self, &done->observer);
  if (self->observers == NULL)
    word &= ~CF_WORD_OBSERVED;
  cf_future_unlock (self, word);

  /* If it is on its way it arrives, but in vain. */
  if (is_due)
    done->callback = ignore_done;
  else
    done_callback_free (done);
}

/**
 * cf_future_discard_callbacks:
 * @self: a future that is being finalized, undone
 *
 * Frees the callbacks that will never be called.
 */
void
cf_future_discard_callbacks (CfFuture *self)
{
  while (self->observers != NULL)
    {
      CfFutureObserver *observer = self->observers;

      /* Those who wait hold a reference to the future. */
      g_assert (observer->kind != CF_OBSERVER_SIGNAL);

      unlink_observer (self, observer);
      done_callback_free ((DoneCallback *) observer);
    }
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
      DoneCallback *done = (DoneCallback *) observer;

      if (observer->kind == CF_OBSERVER_CONTEXT && done->delivery == delivery && done->item.ready)
        found = &done->item;
    }
  cf_future_unlock (self, word);

  return found;
}

/**
 * cf_future_deliver_own:
 * @self: a future that is done
 *
 * Runs those callbacks of the future that are due in this thread's own context: what a call that has blocked on
 * the future does before it returns. Callbacks that these add are left for the context.
 */
void
cf_future_deliver_own (CfFuture *self)
{
  CfDelivery *delivery;
  CfDeliveryItem *item;

  if ((cf_future_get_word (self) & (CF_WORD_OBSERVED | CF_WORD_LOCKED)) == 0)
    return;

  /* All callbacks have been pushed when settling lets the lock go. */
  cf_future_unlock (self, cf_future_lock (self));

  delivery = cf_delivery_get_own ();
  if (delivery == NULL || !cf_delivery_acquire (delivery))
    return;

  while ((item = find_ready (self, delivery)) != NULL)
    {
      cf_delivery_take (delivery, item);
      item->deliver (item);
    }

  cf_delivery_release (delivery);
}

/* Runs those callbacks that are due in this thread's own context and match, in the order of their completion. */
static void
deliver_own_that_match (CfDeliveryMatch match,
                        gconstpointer   data)
{
  CfDelivery *delivery = cf_delivery_get_own ();
  CfDeliveryItem *item;

  if (delivery == NULL || !cf_delivery_acquire (delivery))
    return;

  item = cf_delivery_bring_forward (delivery, match, data);
  while (item != NULL)
    {
      cf_delivery_take (delivery, item);
      item->deliver (item);
      item = cf_delivery_first_if (delivery, match, data);
    }

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

  if (futures->len == 1)
    {
      cf_future_deliver_own (g_ptr_array_index (futures, 0));
      return;
    }

  for (guint i = 0; i < futures->len; i++)
    {
      CfFuture *future = g_ptr_array_index (futures, i);

      if ((cf_future_get_word (future) & (CF_WORD_OBSERVED | CF_WORD_LOCKED)) == 0)
        continue;

      /* All callbacks have been pushed when settling lets the lock go. */
      cf_future_unlock (future, cf_future_lock (future));

      if (observed == NULL)
        observed = g_hash_table_new (NULL, NULL);
      g_hash_table_add (observed, future);
    }

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
 * this function has returned, also if the future is done already. Callbacks of one context come in the order in
 * which the futures were completed. If the thread blocks on the future, the callback is called before that
 * blocking call returns.
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
