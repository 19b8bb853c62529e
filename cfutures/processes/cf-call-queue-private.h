/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-remote-call-private.h"

G_BEGIN_DECLS

/* Calls by priority, and first in, first out within one. */
typedef struct
{
  GArray *levels;     /* one for each priority that a call in the queue has */
  guint   n_calls;
} CfCallQueue;

void          cf_call_queue_init       (CfCallQueue  *self);
void          cf_call_queue_clear      (CfCallQueue  *self);
void          cf_call_queue_push       (CfCallQueue  *self,
                                        CfRemoteCall *call);
void          cf_call_queue_push_front (CfCallQueue  *self,
                                        CfRemoteCall *call);
void          cf_call_queue_remove     (CfCallQueue  *self,
                                        CfRemoteCall *call);
CfRemoteCall *cf_call_queue_peek       (CfCallQueue  *self);
void          cf_call_queue_foreach    (CfCallQueue  *self,
                                        gboolean    (*func) (CfRemoteCall *call,
                                                             gpointer      data),
                                        gpointer      data);

G_END_DECLS
