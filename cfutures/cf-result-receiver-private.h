/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-call-dispatcher-private.h"
#include "cf-call-settler-private.h"
#include "cf-counts-notifier-private.h"

G_BEGIN_DECLS

typedef struct
{
  CfCallDispatcher *dispatcher;
  CfCallSettler    *settler;
  CfCountsNotifier *notifier;

  CfMutex           receiving;      /* what comes from the workers, and the list of workers; before the mutex */
  guint             next_worker;    /* whose results are read first */
  guint             n_completing;   /* results that were received, and whose futures are about to be settled;
                                     * under the dispatcher's mutex */
} CfResultReceiver;

void     cf_result_receiver_init          (CfResultReceiver  *self,
                                           CfCallDispatcher  *dispatcher,
                                           CfCallSettler     *settler,
                                           CfCountsNotifier  *notifier);
void     cf_result_receiver_clear         (CfResultReceiver  *self);

guint    cf_result_receiver_receive       (CfResultReceiver  *self);
void     cf_result_receiver_try           (CfResultReceiver  *self);
gboolean cf_result_receiver_read_messages (CfResultReceiver  *self,
                                           CfRemoteWorker    *worker,
                                           gboolean          *is_ready,
                                           GError           **error);

void     cf_result_receiver_begin_polling (CfResultReceiver  *self);
void     cf_result_receiver_end_polling   (CfResultReceiver  *self);

G_END_DECLS
