/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-mutex-private.h"
#include "cf-remote-call-private.h"

G_BEGIN_DECLS

typedef struct
{
  CfMutex      mutex;
  GQueue       discarded;   /* CfRemoteCall: those that are over, to be freed */
  GAsyncQueue *chores;
  GThread     *thread;      /* NULL until there are any */
} CfCallSettler;

void     cf_call_settler_init                (CfCallSettler *self);
void     cf_call_settler_clear               (CfCallSettler *self);

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
void     cf_call_settler_join                (CfCallSettler *self);
gboolean cf_call_settler_is_own_thread       (CfCallSettler *self);

G_END_DECLS
