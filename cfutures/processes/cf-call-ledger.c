/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many calls a process pool has, and whether it takes more.
 *
 *      enter ──→ outstanding ──→ strike_out      made, or failed: its future is about to be settled
 *                     └────────→ withdraw        cancelled
 *
 * A pool takes calls until it is closed, or breaks. It breaks when there is no hope: MAX_FUTILE workers, one after the
 * other, have been started in vain, and none has begun a call meanwhile. In a pool that has never worked that is enough,
 * unless the last one was killed from outside or the system had no room for it: that says nothing of the next. There,
 * and in a pool that has worked, this must also have gone on for as long as the start-timeout, in time in which calls
 * waited. The pool's initializers are calls, but nobody's: they are not counted.
 *
 * The pool's mutex guards all of this. */

#include "config.h"

#include "processes/cf-call-ledger-private.h"

#include <glib/gi18n-lib.h>

#include "base/cf-error-private.h"
#include "cf-error.h"

#define MAX_FUTILE 5

void
cf_call_ledger_clear (CfCallLedger *self)
{
  g_clear_error (&self->broken);
}

void
cf_call_ledger_enter (CfCallLedger *self)
{
  self->n_submitted++;
  self->n_outstanding++;
}

/**
 * cf_call_ledger_strike_out:
 * @self: a ledger
 * @call: a call that was entered, or an initializer
 *
 * The call is no longer the pool's.
 */
void
cf_call_ledger_strike_out (CfCallLedger *self,
                           CfRemoteCall *call)
{
  call->state = CF_REMOTE_CALL_ENDED;
  if (call->is_initializer)
    return;

  self->n_outstanding--;
  self->n_completed++;
}

void
cf_call_ledger_withdraw (CfCallLedger *self)
{
  self->n_outstanding--;
}

/**
 * cf_call_ledger_refuse:
 * @self: a ledger
 *
 * Returns: (transfer full) (nullable): why no call is taken, or %NULL if one is
 */
GError *
cf_call_ledger_refuse (CfCallLedger *self)
{
  if (self->broken != NULL)
    return g_error_copy (self->broken);
  if (self->is_closing)
    return cf_error_new_shut_down ();

  return NULL;
}

void
cf_call_ledger_close (CfCallLedger *self)
{
  self->is_closing = TRUE;
}

/* Breaking. */

/**
 * cf_call_ledger_break:
 * @self: a ledger
 * @why: the end of a sentence
 *
 * No more calls are made. The manager fails those that have not begun.
 */
void
cf_call_ledger_break (CfCallLedger *self,
                      const char   *why)
{
  if (self->broken == NULL)
    self->broken = g_error_new (CF_ERROR, CF_ERROR_BROKEN_EXECUTOR, _("The process pool is broken: %s"), why);
}

/**
 * cf_call_ledger_note_useful:
 * @self: a ledger
 *
 * A worker has begun a call.
 */
void
cf_call_ledger_note_useful (CfCallLedger *self)
{
  self->has_worked = TRUE;
  self->n_futile = 0;
}

/**
 * cf_call_ledger_note_futile:
 * @self: a ledger
 * @is_accident: whether that says nothing of the next worker
 * @hope_usec: how long this may go on in a pool that has worked, or after accidents, or -1
 * @now: the time
 * @why: the end of a sentence, for when this was once too often
 *
 * A worker that has done nothing at all may be the sign that none ever will.
 */
void
cf_call_ledger_note_futile (CfCallLedger *self,
                            gboolean      is_accident,
                            gint64        hope_usec,
                            gint64        now,
                            const char   *why)
{
  if (self->n_futile++ == 0)
    cf_patience_begin (&self->hope, hope_usec, now);

  if (self->n_futile >= MAX_FUTILE && ((!self->has_worked && !is_accident) || cf_patience_is_over (&self->hope)))
    cf_call_ledger_break (self, why);
}

/**
 * cf_call_ledger_lose_hope:
 * @self: a ledger
 * @has_calls: whether calls wait for workers
 * @now: the time
 *
 * While there are none, time does not count.
 *
 * Returns: when to come again, or -1
 */
gint64
cf_call_ledger_lose_hope (CfCallLedger *self,
                          gboolean      has_calls,
                          gint64        now)
{
  if (self->n_futile == 0 || self->broken != NULL || cf_patience_is_over (&self->hope))
    return -1;

  if (!has_calls)
    {
      self->hope.spent_at = now;
      return -1;
    }

  if (now >= cf_patience_get_next (&self->hope))
    cf_patience_spend (&self->hope, 0, now);
  return cf_patience_is_over (&self->hope) ? -1 : cf_patience_get_next (&self->hope);
}
