/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-call-ledger-private.h"
#include "processes/cf-call-queue-private.h"
#include "processes/cf-manager-wakeup-private.h"
#include "processes/cf-process-pool-config-private.h"
#include "processes/cf-worker-set-private.h"

G_BEGIN_DECLS

/* The length of a call up to which a worker is given others in advance. */
#define CF_SHORT_CALL_USEC 2000

/* How soon it is noticed that a call has begun, for those that want to know. */
#define CF_LOOK_USEC       1000

/* How soon a worker is started again that could not be. */
#define CF_RETRY_START_USEC (50 * 1000)

/* All that a process pool has under its mutex, for cf-process-pool.c and the files that it calls with the mutex held:
 * these may read all of it. Who writes what is said here. */
typedef struct
{
  const CfProcessPoolConfig *config;            /* the pool's: set before the first call, and read by any thread */
  CfManagerWakeup           *wakeup;            /* the pool's: with or without the mutex */

  CfCallQueue                queue;             /* dispatch; the pool takes calls out of it if it is broken */
  CfCallLedger               ledger;            /* dispatch, tending, and the pool itself */
  CfWorkerSet                workers;           /* the list: with the receiving lock as well, so that either is enough
                                                 * to read it; a worker: by what cf-remote-worker.c has for it */

  /* For dispatch alone. */
  CfRemoteCall              *prepared;          /* whose payload the manager is making */
  gboolean                   uses_priorities;
  guint64                    last_id;
  guint                      call_nsec;         /* how long calls take, smoothed */
  gint64                     look_at;           /* when to see which calls have begun, or -1 */
  gint64                     look_usec;
  guint64                    looked_id;         /* the last call that had been given then */

  gint64                     start_after;       /* no worker is started before that time; note_futile() */

  /* For the pool itself to write. */
  gint64                     idle_timeout_usec;
  guint                      n_completing;      /* results that were received, whose futures are about to be settled */
} CfProcessPoolState;

void cf_process_pool_state_init  (CfProcessPoolState        *self,
                                  const CfProcessPoolConfig *config,
                                  CfManagerWakeup           *wakeup);
void cf_process_pool_state_clear (CfProcessPoolState        *self);

gboolean   cf_process_pool_state_lacks_worker (CfProcessPoolState *self);
GPtrArray *cf_process_pool_state_list_futures (CfProcessPoolState *self);
guint      cf_process_pool_state_count_begun  (CfProcessPoolState *self);
void       cf_process_pool_state_note_futile  (CfProcessPoolState *self,
                                               gboolean            is_accident,
                                               const char         *why);

G_END_DECLS
