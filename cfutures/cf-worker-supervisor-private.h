/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-result-receiver-private.h"

G_BEGIN_DECLS

typedef struct
{
  CfCallDispatcher *dispatcher;
  CfResultReceiver *receiver;
  CfCallSettler    *settler;
  CfCountsNotifier *notifier;
  gint64            idle_timeout_usec;    /* under the dispatcher's mutex */
} CfWorkerSupervisor;

void   cf_worker_supervisor_init               (CfWorkerSupervisor *self,
                                                CfResultReceiver   *receiver);

/* In the manager's thread: */

void   cf_worker_supervisor_start_workers      (CfWorkerSupervisor *self);
void   cf_worker_supervisor_initialize_workers (CfWorkerSupervisor *self);
gint64 cf_worker_supervisor_tend_workers       (CfWorkerSupervisor *self,
                                                gint64              again_at);
void   cf_worker_supervisor_kill_condemned     (CfWorkerSupervisor *self);

/* In any: */

gint64 cf_worker_supervisor_get_idle_timeout   (CfWorkerSupervisor *self);
void   cf_worker_supervisor_set_idle_timeout   (CfWorkerSupervisor *self,
                                                gint64              idle_timeout_usec);
void   cf_worker_supervisor_signal_workers     (CfWorkerSupervisor *self,
                                                int                 signal_number);
int   *cf_worker_supervisor_get_pids           (CfWorkerSupervisor *self,
                                                gsize              *n_pids);

G_END_DECLS
