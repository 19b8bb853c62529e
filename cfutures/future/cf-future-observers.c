/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The observers of a future: who is told that it is done.
 *
 * They are a list in the future, guarded by its lock. Settling fires each of them once, under that lock:
 *
 *   SIGNAL      a thread that waits, or a set: it is unlinked, and told. Quick, and no user code.
 *   CONTEXT     a callback of a main context: it is pushed to what delivers to the context, and stays linked until
 *               it has run there.
 *   IMMEDIATE   a callback without a context: it is handed to the completing thread, which runs it when it
 *               has let the lock go. */

#include "config.h"

#include "future/cf-future-observers-private.h"

/**
 * cf_future_link_last:
 * @self: a future that the caller has locked
 * @observer: one that is not linked
 *
 * Puts @observer at the end of the list. The caller sets the OBSERVED bit.
 */
void
cf_future_link_last (CfFuture         *self,
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

/**
 * cf_future_unlink:
 * @self: a future that the caller has locked
 * @observer: one that is linked
 *
 * Takes @observer out of the list. The caller clears the OBSERVED bit if it was the last.
 */
void
cf_future_unlink (CfFuture         *self,
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
      cf_future_link_last (self, observer);
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
    cf_future_unlink (self, observer);
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

      if (observer->interface->kind == CF_OBSERVER_CONTEXT)
        {
          GMainContext *context = observer->interface->steal_context (observer);

          if (context != NULL)
            *contexts = g_slist_prepend (*contexts, context);
          observer->interface->fire (observer, self);
        }
      else
        {
          cf_future_unlink (self, observer);

          if (observer->interface->kind == CF_OBSERVER_SIGNAL)
            {
              observer->interface->fire (observer, self);
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
      callback->interface->fire (callback, self);
    }
}

/**
 * cf_future_discard_observers:
 * @self: a future that is being finalized, undone
 *
 * Frees the callbacks that will never be called.
 */
void
cf_future_discard_observers (CfFuture *self)
{
  while (self->observers != NULL)
    {
      CfFutureObserver *observer = self->observers;

      /* Those who wait hold a reference to the future. */
      g_assert (observer->interface->kind != CF_OBSERVER_SIGNAL);

      cf_future_unlink (self, observer);
      observer->interface->discard (observer);
    }
}
