/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-remote-call-private.h"
#include "transport/cf-worker-process-private.h"

G_BEGIN_DECLS

/* Reads what one worker sends. */
typedef struct
{
  CfWorkerProcess *process;     /* the worker's */
  GHashTable      *payloads;    /* call id → descriptor, of results that are about to come */
} CfResultReader;

/* What a worker has sent about one of its calls. */
typedef struct
{
  CfRemoteWorker *worker;     /* for the receiver to say */
  CfFrame         frame;
  gpointer        memory;     /* what the frame points into */
  int             payload;    /* or -1 */
  CfRemoteCall   *call;       /* what it is about, once that is known */
} CfRemoteResult;

/* A line that a worker wants logged. */
typedef struct
{
  int   pid;
  guint level;
  char *text;
} CfRemoteLogLine;

void     cf_result_reader_init          (CfResultReader   *self,
                                         CfWorkerProcess  *process);
void     cf_result_reader_clear         (CfResultReader   *self);
gboolean cf_result_reader_read          (CfResultReader   *self,
                                         CfRemoteResult   *result,
                                         GQueue           *log,
                                         GError          **error);
gboolean cf_result_reader_read_messages (CfResultReader   *self,
                                         gboolean         *is_ready,
                                         GQueue           *log,
                                         GError          **error);

void     cf_remote_result_to_outcome    (CfRemoteResult   *self,
                                         CfOutcome        *outcome);
void     cf_remote_result_clear         (CfRemoteResult   *self);

G_END_DECLS
