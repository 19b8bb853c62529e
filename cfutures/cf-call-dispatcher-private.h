/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdatomic.h>

#include "cf-call-ledger-private.h"
#include "cf-mutex-private.h"
#include "cf-process-scheduler-config-private.h"
#include "cf-remote-queue-private.h"
#include "cf-worker-set-private.h"

G_BEGIN_DECLS

/* The length of a call up to which a worker is given others in advance. */
#define CF_SHORT_CALL_USEC 2000

/* How soon it is noticed that a call has begun, for those who want to know. */
#define CF_LOOK_USEC       1000

typedef struct
{
  CfProcessSchedulerConfig  config;
  GMainContext             *context;        /* the manager's */
  _Atomic gboolean          is_kicked;      /* the manager has been told that there is something to do */

  CfMutex                   mutex;
  CfWorkerSet               workers;
  CfRemoteQueue             queue;          /* for others: n_calls */
  CfCallLedger              ledger;
  gint64                    start_after;    /* no worker is started before that time: the supervisor sets it */

  /* Nobody else's: */
  CfRemoteCall             *prepared;       /* whose payload the manager is making */
  gboolean                  uses_priorities;
  guint64                   last_id;
  guint                     call_nsec;      /* how long calls take, smoothed */
  gint64                    look_at;        /* when to see which calls have begun, or -1 */
  gint64                    look_usec;
  guint64                   looked_id;      /* the last call that had been given then */
} CfCallDispatcher;

void          cf_call_dispatcher_init             (CfCallDispatcher  *self);
void          cf_call_dispatcher_clear            (CfCallDispatcher  *self);

/* With or without the mutex: */

void          cf_call_dispatcher_kick             (CfCallDispatcher  *self);
void          cf_call_dispatcher_note_kicks       (CfCallDispatcher  *self);

static inline gboolean
cf_call_dispatcher_is_kicked (CfCallDispatcher *self)
{
  return atomic_load_explicit (&self->is_kicked, memory_order_relaxed);
}

static inline void
cf_call_dispatcher_kick_once (CfCallDispatcher *self)
{
  if (!cf_call_dispatcher_is_kicked (self))
    cf_call_dispatcher_kick (self);
}

/* With the mutex held: */

void          cf_call_dispatcher_enqueue          (CfCallDispatcher  *self,
                                                   CfRemoteCall      *call);
void          cf_call_dispatcher_dispatch         (CfCallDispatcher  *self);
gboolean      cf_call_dispatcher_give             (CfCallDispatcher  *self,
                                                   CfRemoteWorker    *worker,
                                                   CfRemoteCall      *call);
void          cf_call_dispatcher_take_back_all    (CfCallDispatcher  *self,
                                                   CfRemoteWorker    *worker);
GList        *cf_call_dispatcher_take_from_dead   (CfCallDispatcher  *self,
                                                   CfRemoteWorker    *worker);
void          cf_call_dispatcher_end_call         (CfCallDispatcher  *self,
                                                   CfRemoteCall      *call,
                                                   guint              duration_nsec);
gboolean      cf_call_dispatcher_lacks_worker     (CfCallDispatcher  *self);

/* These take it: */

void          cf_call_dispatcher_close            (CfCallDispatcher  *self);
gboolean      cf_call_dispatcher_withdraw         (CfCallDispatcher  *self,
                                                   CfRemoteCall      *call,
                                                   CfCall            *call_to_free);
gboolean      cf_call_dispatcher_has_begun        (CfCallDispatcher  *self,
                                                   CfRemoteCall      *call);
void          cf_call_dispatcher_interrupt        (CfCallDispatcher  *self,
                                                   CfRemoteCall      *call,
                                                   CfInterruption     how);
GPtrArray    *cf_call_dispatcher_list_futures     (CfCallDispatcher  *self);
void          cf_call_dispatcher_get_counts       (CfCallDispatcher  *self,
                                                   guint64           *n_pending,
                                                   guint64           *n_running,
                                                   guint64           *n_completed);
void          cf_call_dispatcher_fail_initializer (CfCallDispatcher  *self,
                                                   const GError      *error);

/* And these are for the manager: */

gint64        cf_call_dispatcher_look             (CfCallDispatcher  *self,
                                                   GPtrArray         *begun);
gboolean      cf_call_dispatcher_prepare_payload  (CfCallDispatcher  *self,
                                                   CfRemoteCall     **failed,
                                                   GError           **error);
CfRemoteCall *cf_call_dispatcher_take_doomed      (CfCallDispatcher  *self,
                                                   GError           **error);

G_END_DECLS
