/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Progress: what a call that runs says about how far it has come. */

#include "config.h"

#include "cf-future.h"

#include "future/cf-future-details-private.h"
#include "future/cf-future-notification-private.h"

/**
 * cf_future_report_progress:
 * @self: a future that runs
 * @fraction: how much is done, from 0 to 1
 * @message: (nullable): what is being done, or %NULL to leave the message as it is
 *
 * Says how far the call has come. The function that runs the call does this as often as it likes: reports are
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

  details = cf_future_lock_details (self, &word);
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
    cf_future_notify_later (self, changed);
  if (changed != 0 && report != NULL)
    report (self->owner, self, fraction, message);
}
