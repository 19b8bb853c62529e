/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "future/cf-call-private.h"
#include "future/cf-future-observers-private.h"
#include "future/cf-future-private.h"

G_BEGIN_DECLS

/* What came of the attempt to withdraw a call. */
typedef enum
{
  CF_WITHDRAW_DONE,       /* this attempt has cancelled the future */
  CF_WITHDRAW_LATE,       /* the call runs or is over */
  CF_WITHDRAW_HAS_BEGUN,  /* another process has just begun the call, which its future does not say yet */
} CfWithdrawal;

CfFuture         *cf_future_new_failed          (GError           *error);
CfFutureObserver *cf_future_settle              (CfFuture         *self,
                                                 CfOutcome        *outcome);
gboolean          cf_future_settle_from_outside (CfFuture         *self,
                                                 CfOutcome        *outcome);
gboolean          cf_future_fail                (CfFuture         *self,
                                                 GError           *error);
CfWithdrawal      cf_future_withdraw            (CfFuture         *self);
gboolean          cf_future_abandon             (CfFuture         *self);
CfFutureOwner    *cf_future_begin_withdrawal    (CfFuture         *self);
void              cf_future_end_withdrawal      (CfFuture         *self,
                                                 CfFutureOwner    *owner);

G_END_DECLS
