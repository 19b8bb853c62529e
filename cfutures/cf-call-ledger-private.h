/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-remote-call-private.h"

G_BEGIN_DECLS

typedef struct
{
  guint64   n_submitted;
  guint64   n_outstanding;
  guint64   n_completed;
  gboolean  is_closing;
  GError   *broken;         /* why no more calls are made, or NULL; set for good */
  guint     n_futile;
} CfCallLedger;

void    cf_call_ledger_clear       (CfCallLedger *self);

void    cf_call_ledger_enter       (CfCallLedger *self);
void    cf_call_ledger_strike_out  (CfCallLedger *self,
                                    CfRemoteCall *call);
void    cf_call_ledger_withdraw    (CfCallLedger *self);
GError *cf_call_ledger_refuse      (CfCallLedger *self);
void    cf_call_ledger_close       (CfCallLedger *self);

void    cf_call_ledger_break       (CfCallLedger *self,
                                    const char   *why);
void    cf_call_ledger_note_useful (CfCallLedger *self);
void    cf_call_ledger_note_futile (CfCallLedger *self,
                                    const char   *why);

/* Every call that was submitted is over, and there will be no more. */
static inline gboolean
cf_call_ledger_is_over (CfCallLedger *self)
{
  return self->is_closing && self->n_outstanding == 0;
}

G_END_DECLS
