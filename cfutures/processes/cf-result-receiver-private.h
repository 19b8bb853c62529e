/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-mutex-private.h"
#include "delivery/cf-counts-notifier-private.h"
#include "processes/cf-call-settler-private.h"
#include "processes/cf-process-pool-private.h"

G_BEGIN_DECLS

typedef struct
{
  CfProcessPool    *pool;
  CfCallSettler    *settler;
  CfCountsNotifier *notifier;

  CfMutex           receiving;      /* what comes from the workers, and the list of workers; before the
                                     * pool's mutex */
  guint             next_worker;    /* whose results are read first; with the receiving lock held */
} CfResultReceiver;

void cf_result_receiver_init  (CfResultReceiver *self,
                               CfProcessPool    *pool,
                               CfCallSettler    *settler,
                               CfCountsNotifier *notifier);
void cf_result_receiver_clear (CfResultReceiver *self);

guint    cf_result_receiver_receive       (CfResultReceiver  *self);
void     cf_result_receiver_try           (CfResultReceiver  *self);
gboolean cf_result_receiver_read_messages (CfResultReceiver  *self,
                                           CfRemoteWorker    *worker,
                                           gboolean          *is_ready,
                                           GError           **error);

void cf_result_receiver_add_worker  (CfResultReceiver *self,
                                     CfRemoteWorker   *worker);
void cf_result_receiver_bury_worker (CfResultReceiver *self,
                                     CfRemoteWorker   *worker);

G_END_DECLS
