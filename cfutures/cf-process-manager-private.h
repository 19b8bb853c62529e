/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-worker-supervisor-private.h"

G_BEGIN_DECLS

typedef struct
{
  CfCallDispatcher   *dispatcher;
  CfResultReceiver   *receiver;
  CfCallSettler      *settler;
  CfWorkerSupervisor *supervisor;

  GThread            *thread;       /* until it is joined; with the next, under the dispatcher's mutex */
  GThread            *thread_self;  /* who it is */
  CfFuture           *ended;        /* a promise: there is nothing left to do */
  gpointer            owner;        /* is kept until then */
  GDestroyNotify      release;
} CfProcessManager;

void     cf_process_manager_init  (CfProcessManager   *self,
                                   CfWorkerSupervisor *supervisor);
void     cf_process_manager_clear (CfProcessManager   *self);

/* With the dispatcher's mutex held: */

void     cf_process_manager_start (CfProcessManager   *self,
                                   gpointer            owner,
                                   GDestroyNotify      release);

static inline gboolean
cf_process_manager_has_begun (CfProcessManager *self)
{
  return self->thread_self != NULL;
}

/* Without it: */

gboolean cf_process_manager_is_own_thread (CfProcessManager *self);
void     cf_process_manager_join          (CfProcessManager *self);

G_END_DECLS
