/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-remote-worker-private.h"

G_BEGIN_DECLS

typedef struct
{
  GPtrArray *members;     /* CfRemoteWorker: for others to look at */
  guint      n_pollers;   /* threads that look for results by themselves */
} CfWorkerSet;

void            cf_worker_set_init            (CfWorkerSet    *self);
void            cf_worker_set_clear           (CfWorkerSet    *self);
void            cf_worker_set_add             (CfWorkerSet    *self,
                                               CfRemoteWorker *worker);
void            cf_worker_set_remove          (CfWorkerSet    *self,
                                               CfRemoteWorker *worker);

CfRemoteWorker *cf_worker_set_find_started    (CfWorkerSet    *self);
CfRemoteWorker *cf_worker_set_find_idle       (CfWorkerSet    *self);
CfRemoteWorker *cf_worker_set_find_busy       (CfWorkerSet    *self,
                                               guint           depth,
                                               gint64          stuck_since);
CfRemoteWorker *cf_worker_set_find_laden      (CfWorkerSet    *self,
                                               guint          *n_unbegun);
guint           cf_worker_set_count_available (CfWorkerSet    *self);
guint           cf_worker_set_count_living    (CfWorkerSet    *self);
gboolean        cf_worker_set_has_calls       (CfWorkerSet    *self);

void            cf_worker_set_begin_polling   (CfWorkerSet    *self);
gboolean        cf_worker_set_end_polling     (CfWorkerSet    *self);
gboolean        cf_worker_set_has_results     (CfWorkerSet    *self);

static inline CfRemoteWorker *
cf_worker_set_nth (CfWorkerSet *self,
                   guint        i)
{
  return g_ptr_array_index (self->members, i);
}

G_END_DECLS
