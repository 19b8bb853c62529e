/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cancelling: what any thread may ask of a call, and what a task's cancellable asks.
 *
 *      task's cancellable ──┐
 *      cancel_full() ───────┴─→ pending: cancel; running: trip the future's own cancellable
 *
 * If its task returns on cancel, the task's cancellable cancels the future of a call that runs, too. The call goes on
 * without it. */

#include "config.h"

#include "future/cf-future-cancel-private.h"

#include "base/cf-sanitizer-private.h"
#include "delivery/cf-delivery-private.h"
#include "future/cf-future-cancellable-private.h"
#include "future/cf-future-claim-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-remote-private.h"
#include "future/cf-future-settle-private.h"

/**
 * cf_future_cancel:
 * @self: a future
 *
 * Cancels the call if it has not begun. The future is done then: its callbacks are called. What was submitted with the
 * call is freed in the context of the thread that submitted it, in that thread before this returns.
 *
 * A call that runs is not disturbed; [method@Cf.Future.cancel_full] goes further. In a forked child nothing is done to
 * the calls of the parent's pools.
 *
 * Returns: %TRUE if the function will never run, %FALSE if it runs or has ended
 *
 * Since: 1.0
 */
gboolean
cf_future_cancel (CfFuture *self)
{
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  if (cf_future_is_left_behind (self))
    return FALSE;

  if (cf_future_withdraw (self) == CF_WITHDRAW_HAS_BEGUN)
    cf_future_begin_remote (self);

  word = cf_future_get_word (self);
  if ((word & CF_WORD_RETURNED) != 0)
    cf_delivery_free_own ();

  return cf_word_get_state (word) == CF_FUTURE_STATE_CANCELLED && (word & CF_WORD_HAS_RUN) == 0;
}

/**
 * cf_future_cancel_full:
 * @self: a future
 * @flags: whether to interrupt a call that has begun, and how
 *
 * Cancels the call if it has not begun, and if it runs does what @flags allow: with `CF_CANCEL_COOPERATE` the
 * call's [method@Cf.Future.get_cancellable] is cancelled, which a function that looks at it takes as the
 * request to return early. The future is done when the function has returned. With `CF_CANCEL_KILL` a call that
 * runs in a worker process is ended with that process; elsewhere that flag means nothing.
 *
 * A call that ends because of this is cancelled like one that never ran: its function threw `G_IO_ERROR_CANCELLED`, or
 * its process was killed. One that returns all the same keeps its result, and one that fails with another error that
 * error.
 *
 * Returns: %TRUE if the function will never run, %FALSE if it runs or has ended
 *
 * Since: 1.0
 */
gboolean
cf_future_cancel_full (CfFuture      *self,
                       CfCancelFlags  flags)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  if (cf_future_cancel (self))
    return TRUE;

  if (cf_future_is_left_behind (self))
    return FALSE;

  if ((flags & CF_CANCEL_COOPERATE) != 0 && !cf_future_is_done (self))
    cf_future_trip_cancellable (self);
  if ((flags & CF_CANCEL_KILL) != 0)
    cf_future_interrupt (self, CF_INTERRUPT_KILL);

  return FALSE;
}

/* The future is settled before its own cancellable is tripped: nobody waits for what is connected to that. */
static void
on_user_cancelled (GCancellable *cancellable,
                   gpointer      future)
{
  CF_TSAN_ACQUIRE (cancellable);

  if (!cf_future_returns_on_cancel (future))
    cf_future_cancel_full (future, CF_CANCEL_COOPERATE);
  else if (!cf_future_cancel (future) && cf_future_abandon (future))
    cf_future_trip_cancellable (future);
}

static void
unref_future (gpointer  future,
              GClosure *closure)
{
  g_object_unref (future);
}

/**
 * cf_future_follow_cancellable:
 * @self: a future
 * @cancellable: the task's
 *
 * Has the future cancelled with @cancellable. It may be cancelled when this returns.
 */
void
cf_future_follow_cancellable (CfFuture     *self,
                              GCancellable *cancellable)
{
  CfFutureDetails *details;
  gulong handler;
  guint word;

  CF_TSAN_RELEASE (cancellable);

  /* Not g_cancellable_connect(), which would hold a lock of the cancellable while the handler runs. */
  handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_user_cancelled),
                                   g_object_ref (self), unref_future, 0);

  details = cf_future_lock_details (self, &word);
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
