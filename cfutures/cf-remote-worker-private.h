/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-remote-call-private.h"
#include "cf-worker-process-private.h"

G_BEGIN_DECLS

typedef enum
{
  CF_REMOTE_WORKER_STARTING,      /* has not said yet that it is there */
  CF_REMOTE_WORKER_INITIALIZING,
  CF_REMOTE_WORKER_READY,
  CF_REMOTE_WORKER_FINISHING,     /* is given no more calls, and ends when it has made those it has */
} CfRemoteWorkerState;

struct _CfRemoteWorker
{
  gpointer             supervisor;      /* whose it is */
  CfWorkerProcess     *process;
  CfRemoteWorkerState  state;

  /* Its calls: for others to look at. */
  GQueue               calls;           /* handed over, in this order */
  CfRemoteCall        *slots[CF_CHANNEL_N_SLOTS];
  guint8               free_slots[CF_CHANNEL_N_SLOTS];
  guint                n_free_slots;
  guint                n_given;         /* calls ever, but for those taken back */
  guint                max_tasks;       /* how many it may be given, or 0 for no limit */
  gint64               full_since;      /* when there was no room for a call for the first time, or -1 */
  gboolean             is_told;         /* that it gets no more calls */
  GError              *fault;           /* why it has to be killed, if its calls are to say so */

  /* What is known of it: for the floors above to note. */
  gboolean             is_full;         /* there was no room for a call when one last tried */
  gboolean             has_initializer; /* it was given the pool's */
  gboolean             has_worked;      /* it has begun a call */
  gint64               since;           /* when it started, was given work while it was idle, or ended a call */
  gint64               end_by;          /* when patience with it is over, or -1 */
  gboolean             is_terminated;   /* it was asked to end by a signal */
  gboolean             is_suspect;      /* one of its calls is condemned */
  gboolean             is_condemned;    /* it is to be killed */
  gboolean             is_killed;

  GHashTable          *payloads;        /* call id → descriptor, of results that are about to come */
};

/* What a worker has sent about one of its calls. */
typedef struct
{
  CfRemoteWorker *worker;
  CfFrame         frame;
  gpointer        memory;     /* what the frame points into */
  int             payload;    /* or -1 */
  CfRemoteCall   *call;       /* what it is about, once that is known */
} CfRemoteResult;

CfRemoteWorker *cf_remote_worker_new        (gpointer              supervisor,
                                             CfWorkerProcess      *process,
                                             guint                 max_tasks);
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
gboolean        cf_remote_worker_finish     (CfRemoteWorker       *self);
void            cf_remote_worker_take_fault (CfRemoteWorker       *self,
                                             GError               *fault);

gboolean        cf_remote_worker_read       (CfRemoteWorker       *self,
                                             CfRemoteResult       *result,
                                             GQueue               *log,
                                             GError              **error);
gboolean        cf_remote_worker_read_messages (CfRemoteWorker    *self,
                                             gboolean             *is_ready,
                                             GQueue               *log,
                                             GError              **error);
CfRemoteCall   *cf_remote_worker_find       (CfRemoteWorker       *self,
                                             const CfFrame        *frame);
void            cf_remote_result_to_outcome (CfRemoteResult       *self,
                                             CfOutcome            *outcome);
void            cf_remote_result_clear      (CfRemoteResult       *self);

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

/* Whether it has been given as many calls as it may ever have. */
static inline gboolean
cf_remote_worker_is_used_up (CfRemoteWorker *self)
{
  return self->max_tasks > 0 && self->n_given >= self->max_tasks;
}

/* A line that a worker wants logged. */
typedef struct
{
  int   pid;
  guint level;
  char *text;
} CfRemoteLogLine;

G_END_DECLS
