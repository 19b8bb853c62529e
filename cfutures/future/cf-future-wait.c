/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for one future, in a blocking call or on the main loop.
 *
 * A blocking call goes from what is cheap to what is dear: look; if this thread belongs to the pool that is to
 * run it here and now (this is why nested waiting cannot deadlock); spin; link an observer that
 * unparks this thread, and sleep. Before it returns it runs the callbacks of the future that are due in this
 * thread. */

#include "config.h"

#include "future/cf-future-wait-private.h"

#include <glib/gi18n-lib.h>

#include "base/cf-blocking-private.h"
#include "base/cf-deadline-private.h"
#include "future/cf-future-callbacks-private.h"
#include "future/cf-future-observers-private.h"
#include "future/cf-future-state-private.h"

typedef struct
{
  CfFutureObserver observer;
  CfParker        *parker;
} ThreadObserver;

static gboolean
is_done (gpointer data)
{
  return cf_word_is_done (cf_future_get_word (data));
}

static void
unpark_thread (CfFutureObserver *observer,
               CfFuture         *future)
{
  cf_parker_unpark (((ThreadObserver *) observer)->parker);
}

static const CfObserverInterface thread_interface = {
  .kind = CF_OBSERVER_SIGNAL,
  .fire = unpark_thread,
};

/* If the call is pending in the queue of a main context that this thread owns, to wait for it would be to wait for
 * ever: makes it. */
static void
run_in_own_context (CfFuture *self)
{
  GMainContext *context = NULL;
  guint word = cf_future_lock (self);

  if (cf_word_get_state (word) == CF_FUTURE_STATE_PENDING && self->owner->acquire_context != NULL)
    context = self->owner->acquire_context (self->owner);
  cf_future_unlock (self, word);

  if (context == NULL)
    return;

  cf_future_run (self);
  g_main_context_release (context);
}

/**
 * cf_future_is_pending_with:
 * @self: a future
 * @owner: an owner
 *
 * Returns: whether the future's call is in a queue of @owner and has not begun
 */
gboolean
cf_future_is_pending_with (CfFuture *self,
                           gpointer  owner)
{
  return cf_word_get_state (cf_future_get_word (self)) == CF_FUTURE_STATE_PENDING && self->owner == owner;
}

/**
 * cf_future_try_run_here:
 * @self: a future
 * @is_patient: whether this thread waits until the future is done, without a timeout or a cancellable
 *
 * If the future's call is pending with the pool that this thread belongs to, or with this thread's own main
 * context, makes it here. An impatient thread leaves it to another one of the pool, because it could not give the call
 * up; while it blocks the pool may call it back to run the call all the same.
 *
 * Returns: whether the future is done
 */
gboolean
cf_future_try_run_here (CfFuture *self,
                        gboolean  is_patient)
{
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();
  guint word = cf_future_get_word (self);

  if (cf_word_get_state (word) != CF_FUTURE_STATE_PENDING || self->owner == NULL)
    return cf_word_is_done (word);

  if (hooks == NULL || hooks->owner != self->owner)
    run_in_own_context (self);
  else if (is_patient)
    hooks->run_here (hooks, self);

  return is_done (self);
}

/* Looks for results of another process itself. */

typedef struct
{
  CfFuture                *future;
  const CfRemoteInterface *remote;
  CfRemotePoller          *poller;
} PolledFuture;

static gboolean
is_done_or_poll (gpointer data)
{
  PolledFuture *polled = data;

  if (is_done (polled->future))
    return TRUE;

  polled->remote->poll (polled->poller);
  return is_done (polled->future);
}

static gboolean
spin_polling (CfFuture *self)
{
  PolledFuture polled = { .future = self };
  gboolean found_done;
  guint word = cf_future_lock (self);

  if ((word & CF_WORD_REMOTE) != 0 && self->owner->remote->acquire_poller != NULL)
    {
      polled.remote = self->owner->remote;
      polled.poller = polled.remote->acquire_poller (self->owner);
    }
  cf_future_unlock (self, word);

  if (polled.remote == NULL)
    return cf_spin_until (is_done, self);

  found_done = cf_spin_until (is_done_or_poll, &polled);
  polled.remote->release_poller (polled.poller);

  return found_done;
}

/* One future as what is waited for. */

typedef struct
{
  CfAwaitedCalls  awaited;
  CfFuture       *future;     /* until it is taken */
} AwaitedCall;

static gpointer
take_awaited (CfAwaitedCalls *awaited,
              gpointer        owner)
{
  AwaitedCall *self = (AwaitedCall *) awaited;
  CfFuture *future = g_steal_pointer (&self->future);

  return future != NULL && cf_future_is_pending_with (future, owner) ? g_object_ref (future) : NULL;
}

static CfBlockingOutcome
wait_parked (CfFuture     *self,
             gint64        deadline,
             GCancellable *cancellable)
{
  AwaitedCall awaited = { .awaited.take = take_awaited, .future = self };
  CfBlockingHooks *hooks = cf_blocking_get_hooks ();
  gboolean may_be_made = hooks != NULL && cf_future_is_pending_with (self, hooks->owner);
  ThreadObserver observer = {
    .observer = { .interface = &thread_interface },
    .parker = cf_parker_get (),
  };
  CfBlockingOutcome outcome;

  if (!cf_future_link_observer (self, &observer.observer))
    return CF_BLOCKING_DONE;

  outcome = cf_blocking_wait (is_done, self, deadline, cancellable, may_be_made ? &awaited.awaited : NULL);
  cf_future_unlink_observer (self, &observer.observer);

  return outcome;
}

static CfBlockingOutcome
wait_until_done (CfFuture     *self,
                 gint64        timeout_usec,
                 GCancellable *cancellable)
{
  CfBlockingOutcome outcome;
  gint64 deadline;

  if (is_done (self))
    return CF_BLOCKING_DONE;

  if (cf_future_is_left_behind (self))
    return CF_BLOCKING_LEFT_BEHIND;

  if (g_cancellable_is_cancelled (cancellable))
    return CF_BLOCKING_CANCELLED;

  if (timeout_usec == 0)
    return CF_BLOCKING_TIMED_OUT;

  if (cf_future_try_run_here (self, timeout_usec < 0 && cancellable == NULL))
    return CF_BLOCKING_DONE;

  deadline = cf_deadline_after (timeout_usec);
  if ((cf_future_get_word (self) & CF_WORD_REMOTE) != 0 ? spin_polling (self) : cf_spin_until (is_done, self))
    return CF_BLOCKING_DONE;

  do
    outcome = wait_parked (self, deadline, cancellable);
  while (outcome == CF_BLOCKING_CALLED_BACK && !cf_future_try_run_here (self, TRUE));

  return outcome == CF_BLOCKING_CALLED_BACK ? CF_BLOCKING_DONE : outcome;
}

/**
 * cf_future_block:
 * @self: a future
 * @error: return location for a `CF_ERROR_BROKEN_EXECUTOR`
 *
 * Blocks until the future is done, for the getters.
 *
 * Returns: %FALSE if it will never be, in a forked child
 */
gboolean
cf_future_block (CfFuture  *self,
                 GError   **error)
{
  CfBlockingOutcome outcome = wait_until_done (self, -1, NULL);

  if (outcome == CF_BLOCKING_DONE)
    cf_future_deliver_own (self);

  return cf_blocking_outcome_to_error (outcome, N_("the call"), error);
}

/**
 * cf_future_wait:
 * @self: a future
 * @timeout_usec: how long to wait at most, in microseconds; -1 for ever, 0 to have a look
 * @cancellable: (nullable): ends the wait early, and does not touch the call
 * @error: return location for a `G_IO_ERROR_TIMED_OUT` or `G_IO_ERROR_CANCELLED`, or a `CF_ERROR_BROKEN_EXECUTOR` in a
 *   process that was forked from the one whose pool makes the call
 *
 * Blocks until the future is done, whatever came of it.
 *
 * Callbacks of the future that are due in this thread's own main context run before this returns. In a thread
 * of the pool that is to run the call, a pending call is run right here, so that waiting in a call for
 * another call of the same pool never deadlocks.
 *
 * Returns: %TRUE if the future is done, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_future_wait (CfFuture      *self,
                gint64         timeout_usec,
                GCancellable  *cancellable,
                GError       **error)
{
  CfBlockingOutcome outcome;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  outcome = wait_until_done (self, timeout_usec, cancellable);
  if (outcome == CF_BLOCKING_DONE)
    cf_future_deliver_own (self);

  return cf_blocking_outcome_to_error (outcome, N_("the call"), error);
}

/* Waiting on the main loop: a GTask that is returned by whichever comes first of the future, the timeout and
 * the cancellable. All that happens in the task's context, from the beginning, so there is nothing to lock. */

typedef struct
{
  GTask            *task;         /* the future is its source object */
  gint64            deadline;
  CfFutureCallback *done;         /* until the future is done */
  GSource          *timeout;
  GSource          *cancelled;
} AsyncWait;

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Ends the wait and frees it. A future that is done wins, even if nobody has come to say so yet. */
static void
async_wait_return (AsyncWait         *wait,
                   CfBlockingOutcome  outcome)
{
  g_autoptr(GTask) task = NULL;
  CfFuture *future;
  GError *error = NULL;

  CF_TSAN_ACQUIRE (wait);
  task = wait->task;
  future = g_task_get_source_object (task);

  if (wait->done != NULL)
    cf_future_disconnect_done (future, wait->done);
  clear_source (&wait->timeout);
  clear_source (&wait->cancelled);
  g_free (wait);

  if (is_done (future) ||
      cf_blocking_outcome_to_error (outcome, N_("the call"), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_future_done (CfFuture *self,
                gpointer  data)
{
  AsyncWait *wait = data;

  CF_TSAN_ACQUIRE (wait);
  wait->done = NULL;
  async_wait_return (wait, CF_BLOCKING_DONE);
}

static gboolean
on_timeout (gpointer wait)
{
  async_wait_return (wait, CF_BLOCKING_TIMED_OUT);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      wait)
{
  async_wait_return (wait, CF_BLOCKING_CANCELLED);
  return G_SOURCE_REMOVE;
}

/* In the context of the task, which no other thread iterates meanwhile. */
static gboolean
async_wait_begin (gpointer data)
{
  AsyncWait *wait = data;
  CfFuture *future;
  GCancellable *cancellable;
  GMainContext *context;

  CF_TSAN_ACQUIRE (wait);
  future = g_task_get_source_object (wait->task);
  cancellable = g_task_get_cancellable (wait->task);
  context = g_task_get_context (wait->task);

  if (cf_future_is_left_behind (future))
    {
      async_wait_return (wait, CF_BLOCKING_LEFT_BEHIND);
      return G_SOURCE_REMOVE;
    }

  wait->done = cf_future_connect_done (future, context, on_future_done, wait, NULL);

  if (wait->deadline >= 0)
    {
      wait->timeout = g_timeout_source_new (0);
      g_source_set_ready_time (wait->timeout, wait->deadline);
      g_source_set_callback (wait->timeout, on_timeout, wait, NULL);
      g_source_attach (wait->timeout, context);
    }

  if (cancellable != NULL)
    {
      wait->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (wait->cancelled, G_SOURCE_FUNC (on_cancelled), wait, NULL);
      g_source_attach (wait->cancelled, context);
    }

  CF_TSAN_RELEASE (wait);
  return G_SOURCE_REMOVE;
}

/**
 * cf_future_wait_async:
 * @self: a future
 * @timeout_usec: how long to wait at most, in microseconds; -1 for ever
 * @cancellable: (nullable): ends the wait early, and does not touch the call
 * @callback: (scope async) (nullable): called in the thread's default main context when the wait is over
 * @user_data: passed to @callback
 *
 * Waits on the main loop until the future is done. [method@Cf.Future.wait_finish] tells how the wait ended.
 *
 * Since: 1.0
 */
void
cf_future_wait_async (CfFuture            *self,
                      gint64               timeout_usec,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  AsyncWait *wait;

  g_return_if_fail (CF_IS_FUTURE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  wait = g_new0 (AsyncWait, 1);
  wait->deadline = cf_deadline_after (timeout_usec);
  wait->task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (wait->task, GSIZE_TO_POINTER (cf_future_wait_async));
  g_task_set_check_cancellable (wait->task, FALSE);

  CF_TSAN_RELEASE (wait);
  g_main_context_invoke (g_task_get_context (wait->task), async_wait_begin, wait);
}

/**
 * cf_future_wait_finish:
 * @self: a future
 * @result: the asynchronous result that the callback was given
 * @error: return location for a `G_IO_ERROR_TIMED_OUT` or `G_IO_ERROR_CANCELLED`, or a `CF_ERROR_BROKEN_EXECUTOR` in a
 *   process that was forked from the one whose pool makes the call
 *
 * Ends what [method@Cf.Future.wait_async] began.
 *
 * Returns: %TRUE if the future is done, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_future_wait_finish (CfFuture      *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
