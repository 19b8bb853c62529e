/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-patience-private.h"
#include "processes/cf-remote-call-private.h"

G_BEGIN_DECLS

typedef struct
{
  guint64     n_submitted;
  guint64     n_outstanding;
  guint64     n_completed;
  gboolean    is_closing;
  GError     *broken;       /* why no more calls are made, or NULL; set for good */
  gboolean    has_worked;   /* a worker has begun a call, ever */
  guint       n_futile;     /* workers started in vain since one has */
  CfPatience  hope;         /* if there are any: how long it may go on like this */
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
                                    gboolean      is_accident,
                                    gint64        hope_usec,
                                    gint64        now,
                                    const char   *why);
gint64  cf_call_ledger_lose_hope   (CfCallLedger *self,
                                    gboolean      has_calls,
                                    gint64        now);

/* Every call that was submitted is over, and there will be no more. */
static inline gboolean
cf_call_ledger_is_over (CfCallLedger *self)
{
  return self->is_closing && self->n_outstanding == 0;
}

G_END_DECLS
