/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-process-pool-state-private.h"
#include "processes/cf-result-reader-private.h"

G_BEGIN_DECLS

void               cf_call_dispatch                 (CfProcessPoolState  *self);
void               cf_call_dispatch_enqueue         (CfProcessPoolState  *self,
                                                     CfRemoteCall        *call);
gboolean           cf_call_dispatch_give            (CfProcessPoolState  *self,
                                                     CfRemoteWorker      *worker,
                                                     CfRemoteCall        *call);
void               cf_call_dispatch_take_back_all   (CfProcessPoolState  *self,
                                                     CfRemoteWorker      *worker);
GList             *cf_call_dispatch_take_from_dead  (CfProcessPoolState  *self,
                                                     CfRemoteWorker      *worker);
void               cf_call_dispatch_match           (CfProcessPoolState  *self,
                                                     CfRemoteResult      *result);
gboolean           cf_call_dispatch_withdraw        (CfProcessPoolState  *self,
                                                     CfRemoteCall        *call,
                                                     CfCall              *call_to_free,
                                                     gboolean            *is_known);
void               cf_call_dispatch_interrupt       (CfProcessPoolState  *self,
                                                     CfRemoteCall        *call,
                                                     CfInterruption       how);
gint64             cf_call_dispatch_look            (CfProcessPoolState  *self,
                                                     GPtrArray           *begun);
CfRemoteCall      *cf_call_dispatch_begin_preparing (CfProcessPoolState  *self,
                                                     GVariant           **args);
CfRemoteCallState  cf_call_dispatch_end_preparing   (CfProcessPoolState  *self,
                                                     CfRemoteCall        *call,
                                                     int                  payload);

G_END_DECLS
