/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-remote-call-private.h"

G_BEGIN_DECLS

/* Calls by priority, and first in, first out within one. */
typedef struct
{
  GArray *levels;
  guint   n_calls;
} CfRemoteQueue;

void          cf_remote_queue_init    (CfRemoteQueue  *self);
void          cf_remote_queue_clear   (CfRemoteQueue  *self);
void          cf_remote_queue_push    (CfRemoteQueue  *self,
                                       CfRemoteCall   *call);
void          cf_remote_queue_push_front (CfRemoteQueue *self,
                                       CfRemoteCall   *call);
void          cf_remote_queue_remove  (CfRemoteQueue  *self,
                                       CfRemoteCall   *call);
CfRemoteCall *cf_remote_queue_peek    (CfRemoteQueue  *self);
GPtrArray    *cf_remote_queue_list    (CfRemoteQueue  *self);

G_END_DECLS
