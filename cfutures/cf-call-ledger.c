/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many calls a process pool has, and whether it takes more.
 *
 *      enter ──→ outstanding ──→ strike_out      made, or failed: its future is about to be settled
 *                     └────────→ withdraw        cancelled
 *
 * A pool takes calls until it is closed, or breaks: one whose workers end MAX_FUTILE times without having made one call
 * in between makes no more. The pool's initializers are calls, but nobody's: they are not counted.
 *
 * The dispatcher's mutex guards all of this. */

#include "config.h"

#include "cf-call-ledger-private.h"

#include <glib/gi18n-lib.h>

#include "cf-error-private.h"
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
 * The call is not the pool's any more.
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
 * A worker has made a call, or at least ended for a reason that says nothing of the others.
 */
void
cf_call_ledger_note_useful (CfCallLedger *self)
{
  self->n_futile = 0;
}

/**
 * cf_call_ledger_note_futile:
 * @self: a ledger
 * @why: the end of a sentence, for when this was once too often
 *
 * A worker that has done nothing at all may be the sign that none ever will.
 */
void
cf_call_ledger_note_futile (CfCallLedger *self,
                            const char   *why)
{
  if (++self->n_futile >= MAX_FUTILE)
    cf_call_ledger_break (self, why);
}
