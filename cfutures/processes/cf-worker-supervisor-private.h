/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-result-receiver-private.h"

G_BEGIN_DECLS

/* For the manager's thread alone. */
typedef struct
{
  CfProcessPool    *pool;
  CfResultReceiver *receiver;
} CfWorkerSupervisor;

void cf_worker_supervisor_init               (CfWorkerSupervisor *self,
                                              CfProcessPool      *pool,
                                              CfResultReceiver   *receiver);

void cf_worker_supervisor_start_workers      (CfWorkerSupervisor *self);
void cf_worker_supervisor_initialize_workers (CfWorkerSupervisor *self);

G_END_DECLS
