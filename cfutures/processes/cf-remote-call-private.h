/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "future/cf-call-private.h"
#include "future/cf-future-owner-private.h"

G_BEGIN_DECLS

typedef struct _CfRemoteWorker CfRemoteWorker;

typedef enum
{
  CF_REMOTE_CALL_NEW,         /* nobody but its submitter knows it */
  CF_REMOTE_CALL_QUEUED,
  CF_REMOTE_CALL_PREPARED,    /* out of the queue, while its payload is made */
  CF_REMOTE_CALL_HANDED,      /* to a worker */
  CF_REMOTE_CALL_ENDED,       /* its future is about to be settled */
  CF_REMOTE_CALL_WITHDRAWN,   /* cancelled, while somebody was about to do something with it */
} CfRemoteCallState;

/* What a process pool knows of a call, from submission until its future is done. */
struct _CfRemoteCall
{
  CfFuture          *future;          /* a reference */
  int                priority;        /* of the future */
  CfCall             call;
  const char        *function;        /* its name, or a reference to C code */
  guint              frame_flags;
  gboolean           is_initializer;  /* of a worker: not somebody's call */
  gboolean           is_large;        /* its arguments travel as a payload */
  int                payload;         /* these, or -1 until they are made */

  CfRemoteCallState  state;
  GList              link;            /* in the queue, or among the worker's calls */
  CfRemoteWorker    *worker;
  guint              slot;
  guint64            id;
  gboolean           is_begun;        /* the future knows that it has begun */
  gboolean           is_cancel_requested;
  gboolean           is_condemned;    /* its worker is to be killed, if it is still making it */
  CfTask            *task;            /* (nullable): its future's, kept to be freed where the call is */
};

CfRemoteCall *cf_remote_call_new      (CfFuture       *future);
void          cf_remote_call_set_call (CfRemoteCall   *self,
                                       const char     *function);
GError       *cf_remote_call_new_error (CfRemoteCall  *self,
                                        const GError  *why);
void          cf_remote_call_free     (CfRemoteCall   *self);

G_END_DECLS
