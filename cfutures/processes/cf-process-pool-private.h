/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-mutex-private.h"
#include "processes/cf-process-pool-state-private.h"
#include "processes/cf-result-reader-private.h"

G_BEGIN_DECLS

/* The owner of what a process pool is doing. Other files touch none of its fields, but for what says so. */
typedef struct
{
  CfProcessPoolConfig config;     /* set before the first call, and then read by any thread */
  CfManagerWakeup     wakeup;     /* any thread, with or without the mutex, once it is open */
  CfMutex             mutex;      /* taken in cf-process-pool.c alone */
  CfProcessPoolState  state;      /* with the mutex held */
} CfProcessPool;

/* What has become of a call that was submitted. */
typedef enum
{
  CF_ENTRY_TAKEN,         /* it will be made */
  CF_ENTRY_REFUSED,       /* it is the submitter's, to fail it */
  CF_ENTRY_WITHDRAWN,     /* it was cancelled meanwhile, and is the submitter's, to free it */
} CfCallEntry;

void cf_process_pool_init  (CfProcessPool *self);
void cf_process_pool_clear (CfProcessPool *self);

/* For the executor and the futures: in any thread. */

gboolean     cf_process_pool_open             (CfProcessPool   *self,
                                               GError         **error);
CfCallEntry  cf_process_pool_enter            (CfProcessPool   *self,
                                               CfRemoteCall    *call,
                                               guint64         *n_submitted,
                                               GError         **error);
gboolean     cf_process_pool_withdraw         (CfProcessPool   *self,
                                               CfRemoteCall    *call,
                                               CfCall          *call_to_free);
gboolean     cf_process_pool_has_begun_call   (CfProcessPool   *self,
                                               CfRemoteCall    *call);
void         cf_process_pool_interrupt        (CfProcessPool   *self,
                                               CfRemoteCall    *call,
                                               CfInterruption   how);
gboolean     cf_process_pool_has_begun        (CfProcessPool   *self);
void         cf_process_pool_close            (CfProcessPool   *self);
GPtrArray   *cf_process_pool_list_futures     (CfProcessPool   *self);
void         cf_process_pool_get_counts       (CfProcessPool   *self,
                                               guint64         *n_pending,
                                               guint64         *n_running,
                                               guint64         *n_completed);
gint64       cf_process_pool_get_idle_timeout (CfProcessPool   *self);
void         cf_process_pool_set_idle_timeout (CfProcessPool   *self,
                                               gint64           idle_timeout_usec);
void         cf_process_pool_signal_workers   (CfProcessPool   *self,
                                               int              signal_number);
void         cf_process_pool_inspect          (CfProcessPool   *self,
                                               void           (*func) (CfProcessPoolState *state,
                                                                       gpointer            data),
                                               gpointer         data);
int         *cf_process_pool_get_pids         (CfProcessPool   *self,
                                               gsize           *n_pids);

/* For the receiver: in any thread. */

GPtrArray *cf_process_pool_get_workers             (CfProcessPool   *self);
gboolean   cf_process_pool_has_results             (CfProcessPool   *self);
void       cf_process_pool_begin_polling           (CfProcessPool   *self);
gboolean   cf_process_pool_begin_polling_if_needed (CfProcessPool   *self);
void       cf_process_pool_end_polling             (CfProcessPool   *self);
void       cf_process_pool_match                   (CfProcessPool   *self,
                                                    CfRemoteResult  *results,
                                                    guint            n_results);
CfFuture  *cf_process_pool_match_progress          (CfProcessPool   *self,
                                                    CfRemoteResult  *result);
void       cf_process_pool_note_completed          (CfProcessPool   *self,
                                                    guint            n_results);
void       cf_process_pool_note_fault              (CfProcessPool   *self,
                                                    CfRemoteWorker  *worker,
                                                    GError          *fault);
void       cf_process_pool_fail_initializer        (CfProcessPool   *self,
                                                    const GError    *error);
void       cf_process_pool_add_worker              (CfProcessPool   *self,
                                                    CfRemoteWorker  *worker);
GList     *cf_process_pool_bury_worker             (CfProcessPool   *self,
                                                    CfRemoteWorker  *worker,
                                                    GError         **error);

/* For the supervisor and the manager: in the manager's thread. */

gboolean           cf_process_pool_wants_worker       (CfProcessPool   *self);
void               cf_process_pool_note_start_failed  (CfProcessPool   *self,
                                                       const GError    *error);
void               cf_process_pool_note_messages      (CfProcessPool   *self,
                                                       CfRemoteWorker  *worker,
                                                       gboolean         is_ready,
                                                       gboolean         is_open,
                                                       GError          *fault);
CfRemoteWorker    *cf_process_pool_begin_initializing (CfProcessPool   *self);
gboolean           cf_process_pool_give_initializer   (CfProcessPool   *self,
                                                       CfRemoteWorker  *worker,
                                                       CfRemoteCall    *call);
gint64             cf_process_pool_tend_workers       (CfProcessPool   *self,
                                                       gint64           again_at);
void               cf_process_pool_acknowledge_kicks  (CfProcessPool   *self);
gint64             cf_process_pool_look               (CfProcessPool   *self,
                                                       GPtrArray       *begun);
CfRemoteCall      *cf_process_pool_begin_preparing    (CfProcessPool   *self,
                                                       GVariant       **args);
CfRemoteCallState  cf_process_pool_end_preparing      (CfProcessPool   *self,
                                                       CfRemoteCall    *call,
                                                       int              payload);
CfRemoteCall      *cf_process_pool_take_doomed        (CfProcessPool   *self,
                                                       GError         **error);
gboolean           cf_process_pool_is_over            (CfProcessPool   *self);

G_END_DECLS
