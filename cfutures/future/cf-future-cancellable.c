/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The future's own cancellable, made with the first use: what the function that runs the call looks at. If the call
 * is in another process, tripping it is taken on to there. */

#include "config.h"

#include "future/cf-future-cancellable-private.h"

#include "base/cf-sanitizer-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-remote-private.h"

static void
on_own_cancelled (GCancellable *cancellable,
                  gpointer      future)
{
  CF_TSAN_ACQUIRE (cancellable);
  cf_future_interrupt (future, CF_INTERRUPT_COOPERATE);
}

static void
unref_future (gpointer  future,
              GClosure *closure)
{
  g_object_unref (future);
}

static GCancellable *
ensure_cancellable (CfFuture *self)
{
  CfFutureDetails *details;
  GCancellable *cancellable;
  guint word;

  details = cf_future_lock_details (self, &word);
  if (details->cancellable == NULL)
    {
      details->cancellable = g_cancellable_new ();
      CF_TSAN_RELEASE (details->cancellable);
      if ((word & CF_WORD_REMOTE) != 0)
        details->own_handler = g_signal_connect_data (details->cancellable, "cancelled",
                                                      G_CALLBACK (on_own_cancelled),
                                                      g_object_ref (self), unref_future, 0);
    }
  cancellable = details->cancellable;
  cf_future_unlock (self, word);

  return cancellable;
}

/**
 * cf_future_trip_cancellable:
 * @self: a future
 *
 * Asks the function that makes the call to give up.
 */
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
 * can be asked to give up: by [method@Cf.Future.cancel_full], by the task's own cancellable, and by its timeout.
 * Cancelling it is the same request.
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
