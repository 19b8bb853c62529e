/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The timeout of a call: when it has run for too long its future fails, and the function is asked to give up.
 *
 * Time counts from when the call begins; of a call in another process the manager notices that some milliseconds late.
 * The timeout ends in the thread `cf-timer` (cf-timer.c), which fails the future. That has a worker process which
 * still runs the call killed (`recall()` in cf-future-settle.c). */

#include "config.h"

#include "future/cf-future-timeout-private.h"

#include <glib/gi18n-lib.h>

#include "base/cf-deadline-private.h"
#include "future/cf-future-cancellable-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-remote-private.h"
#include "future/cf-future-settle-private.h"

static GError *
make_error (CfFuture *self)
{
  const char *name = cf_future_get_name (self);

  if (name == NULL)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The call timed out"));

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The call “%s” timed out"), name);
}

static void
on_timeout (gpointer future)
{
  if (cf_future_fail (future, make_error (future)))
    cf_future_trip_cancellable (future);
  else
    cf_future_interrupt (future, CF_INTERRUPT_KILL);
}

/**
 * cf_future_start_timeout:
 * @self: a future with details that has just begun to run
 *
 * Starts the clock, if the call has a timeout.
 */
void
cf_future_start_timeout (CfFuture *self)
{
  gint64 time = cf_deadline_after (self->details->timeout_usec);
  CfTimer *timeout;
  guint word;

  if (time < 0)
    return;

  timeout = cf_timer_add (time, on_timeout, g_object_ref (self), g_object_unref);

  word = cf_future_lock (self);
  if (!cf_word_is_done (word) || (word & CF_WORD_REMOTE) != 0)
    self->details->timeout = g_steal_pointer (&timeout);
  cf_future_unlock (self, word);

  if (timeout != NULL)
    cf_timer_remove (timeout);
}
