/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-mutex-private.h"
#include "processes/cf-call-epochs-private.h"
#include "processes/cf-remote-call-private.h"

G_BEGIN_DECLS

typedef struct
{
  CfCallEpochs *epochs;     /* the pool's */
  CfMutex       mutex;
  GQueue        discarded;  /* CfRemoteCall: those that are over, to be freed */
  GAsyncQueue  *chores;
  GThread      *thread;     /* from its start until it is joined */
  gboolean      has_thread; /* one that does what is pushed from now on */
} CfCallSettler;

void     cf_call_settler_init                (CfCallSettler *self,
                                              CfCallEpochs  *epochs);
void     cf_call_settler_clear               (CfCallSettler *self);

gboolean cf_call_settler_start               (CfCallSettler  *self,
                                              GError        **error);
void     cf_call_settler_join                (CfCallSettler *self);
gboolean cf_call_settler_is_own_thread       (CfCallSettler *self);

void     cf_call_settler_settle              (CfCallSettler *self,
                                              CfFuture      *future,
                                              gboolean       is_short,
                                              CfOutcome     *outcome);
void     cf_call_settler_complete            (CfCallSettler *self,
                                              CfRemoteCall  *call,
                                              gboolean       is_short,
                                              CfOutcome     *outcome);
void     cf_call_settler_complete_with_error (CfCallSettler *self,
                                              CfRemoteCall  *call,
                                              GError        *error);
void     cf_call_settler_emit_log            (CfCallSettler *self,
                                              const GQueue  *log);
void     cf_call_settler_free_discarded      (CfCallSettler *self);

G_END_DECLS
