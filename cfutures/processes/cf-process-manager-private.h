/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-worker-supervisor-private.h"

G_BEGIN_DECLS

/* For the manager's thread alone. */
typedef struct
{
  CfProcessPool      *pool;
  CfResultReceiver   *receiver;
  CfCallSettler      *settler;
  CfWorkerSupervisor  supervisor;
} CfProcessManager;

void cf_process_manager_init (CfProcessManager *self,
                              CfProcessPool    *pool,
                              CfResultReceiver *receiver,
                              CfCallSettler    *settler);
void cf_process_manager_run  (CfProcessManager *self);

G_END_DECLS
