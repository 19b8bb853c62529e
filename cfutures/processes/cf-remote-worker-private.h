/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-patience-private.h"
#include "processes/cf-remote-call-private.h"
#include "processes/cf-result-reader-private.h"
#include "transport/cf-worker-process-private.h"

G_BEGIN_DECLS

/* What becomes of a worker, in this order but for SUSPECT: the ways are in cf-remote-worker.c. */
typedef enum
{
  CF_REMOTE_WORKER_STARTING,        /* has not said yet that it is there */
  CF_REMOTE_WORKER_STARTED,         /* is to be given the pool's initializer */
  CF_REMOTE_WORKER_INITIALIZING,    /* has been given it */
  CF_REMOTE_WORKER_READY,           /* can be given calls */
  CF_REMOTE_WORKER_SUSPECT,         /* has a call that is to be stopped by force, or had when that was asked for */
  CF_REMOTE_WORKER_DISMISSED,       /* is given no more calls, has none, and is to be told so */
  CF_REMOTE_WORKER_FINISHING,       /* has been told, and is about to end */
  CF_REMOTE_WORKER_TERMINATED,      /* was sent SIGTERM, because it has not */
  CF_REMOTE_WORKER_CONDEMNED,       /* is to be killed */
  CF_REMOTE_WORKER_KILLED,          /* was sent SIGKILL */
} CfRemoteWorkerState;

/* Guarded by the pool's mutex, and written by cf-remote-worker.c alone, but for what says otherwise. */
struct _CfRemoteWorker
{
  CfWorkerProcess     *process;         /* any thread, as long as the worker lives */
  CfResultReader       reader;          /* with the receiver's lock, and not the mutex */

  CfRemoteWorkerState  state;
  CfPatience           ending;          /* until it has to have got ready, or to have ended; else for ever */
  CfPatience           claiming;        /* until it has to have made progress with the frames that it was sent */
  gint64               start_timeout_usec;
  gint64               worked_usec;     /* how long it had worked when that was last looked at; of the manager's thread */
  GError              *fault;           /* why it has to be killed, if its calls are to say so */

  GQueue               calls;           /* handed over, in this order */
  CfRemoteCall        *slots[CF_CHANNEL_N_SLOTS];
  guint8               free_slots[CF_CHANNEL_N_SLOTS];
  guint                n_free_slots;
  guint                n_given;         /* calls ever, but for those taken back and the initializer */
  guint                max_tasks;       /* how many it may be given, or 0 for no limit */
  gint64               since;           /* when it started, was given work while it was idle, or ended a call */
  gboolean             is_stuffed;      /* there was no room for a call, and none has been given since */
  gboolean             is_full;         /* there was no room for a call when one last tried */
};

CfRemoteWorker *cf_remote_worker_new        (CfWorkerProcess      *process,
                                             guint                 max_tasks,
                                             gint64                start_timeout_usec);
void            cf_remote_worker_free       (CfRemoteWorker       *self);

gboolean        cf_remote_worker_give       (CfRemoteWorker       *self,
                                             CfRemoteCall         *call,
                                             guint64               id,
                                             gboolean              arm);
gboolean        cf_remote_worker_take_back  (CfRemoteWorker       *self,
                                             CfRemoteCall         *call);
gboolean        cf_remote_worker_has_begun  (CfRemoteWorker       *self,
                                             CfRemoteCall         *call);
guint           cf_remote_worker_count_unbegun (CfRemoteWorker    *self);
void            cf_remote_worker_remove     (CfRemoteWorker       *self,
                                             CfRemoteCall         *call);
gboolean        cf_remote_worker_ask_to_give_up (CfRemoteWorker   *self,
                                             CfRemoteCall         *call);
void            cf_remote_worker_end_call   (CfRemoteWorker       *self,
                                             CfRemoteCall         *call);
void            cf_remote_worker_try_again  (CfRemoteWorker       *self);
CfRemoteCall   *cf_remote_worker_find       (CfRemoteWorker       *self,
                                             const CfFrame        *frame);

void            cf_remote_worker_note_started       (CfRemoteWorker *self,
                                                     gboolean        has_initializer);
void            cf_remote_worker_begin_initializing (CfRemoteWorker *self);
void            cf_remote_worker_note_initialized   (CfRemoteWorker *self);
void            cf_remote_worker_suspect            (CfRemoteWorker *self);
void            cf_remote_worker_acquit             (CfRemoteWorker *self);
void            cf_remote_worker_dismiss            (CfRemoteWorker *self,
                                                     gint64          now);
gboolean        cf_remote_worker_finish             (CfRemoteWorker *self);
void            cf_remote_worker_note_closed        (CfRemoteWorker *self);
void            cf_remote_worker_terminate          (CfRemoteWorker *self,
                                                     gint64          now);
void            cf_remote_worker_condemn            (CfRemoteWorker *self);
void            cf_remote_worker_take_fault         (CfRemoteWorker *self,
                                                     GError         *fault);
void            cf_remote_worker_kill               (CfRemoteWorker *self);
gint64          cf_remote_worker_measure_work       (CfRemoteWorker *self);

static inline gboolean
cf_remote_worker_has_result (CfRemoteWorker *self)
{
  return !cf_ring_is_empty (&cf_worker_process_get_channel (self->process)->results);
}

/* An armed worker wakes the manager when it sends a result: cf-worker-set.c. */
static inline void
cf_remote_worker_set_armed (CfRemoteWorker *self,
                            gboolean        is_armed)
{
  CfChannel *channel = cf_worker_process_get_channel (self->process);

  /* The fences that order this with the results are in cf_worker_set_end_polling() and cf_channel_wake_pool(). */
  atomic_store_explicit (&channel->region->pool_asleep, is_armed, memory_order_relaxed);
}

/* Whether it ends because the pool wants it to: then it makes room for another one at once. One with a fault does so
 * only when it is gone. */
static inline gboolean
cf_remote_worker_is_leaving (CfRemoteWorker *self)
{
  return self->state >= CF_REMOTE_WORKER_DISMISSED && self->fault == NULL;
}

/* Whether it has been given as many calls as it may ever have. */
static inline gboolean
cf_remote_worker_is_used_up (CfRemoteWorker *self)
{
  return self->max_tasks > 0 && self->n_given >= self->max_tasks;
}

G_END_DECLS
