/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-mutex-private.h"
#include "threads/cf-pool-thread-private.h"

G_BEGIN_DECLS

/* Who has to be heeded before a future is let go: cf-pool-description.c. */
#define CF_ROSTER_IS_LOOKED_AT  (1u << 0)   /* somebody looks at the calls of the threads, with the mutex held */
#define CF_ROSTER_NEEDS_FENCES  (1u << 1)   /* threads have to make sure of that themselves */

typedef struct
{
  guint            max_threads;
  CfPoolThread   **threads;         /* as many places as `max_threads`; the first `n_made` are there for good */
  _Atomic guint    n_made;
  _Atomic guint    n_awaiting;      /* how many blocked threads may have awaited calls that nobody has taken */
  _Atomic guint    n_untouched;     /* how many of these have not had any call taken */
  _Atomic guint    onlookers;       /* bits of the above */

  _Alignas (64)                     /* what is above is read all the time */
  CfMutex          mutex;           /* guards what follows; what is above is written under it */
  CfPoolThread    *idle;            /* the one that went to sleep last comes first */
  GQueue           blocked;
  GQueue           awaiting;
  guint            n_threads;
  guint            n_started;
  gsize            stack_size;      /* of the threads that are started from now on, in bytes; 0 for the default */
  GSList          *joiners;         /* the parkers of the threads that wait until all have ended */
  GMutex           join_mutex;      /* held while threads are joined */
} CfThreadRoster;

/* How an idle thread goes on. */
typedef enum
{
  CF_IDLE_SLEEP,      /* it sleeps on */
  CF_IDLE_SURPLUS,    /* it sleeps on, but there are more threads than are needed now */
  CF_IDLE_ROUSED,     /* it was taken out of the idle list, to search */
  CF_IDLE_OVER,       /* its thread is to end */
} CfIdleState;

void          cf_thread_roster_init            (CfThreadRoster  *self,
                                                guint            max_threads);
void          cf_thread_roster_set_max_threads (CfThreadRoster  *self,
                                                guint            max_threads);
void          cf_thread_roster_set_stack_size  (CfThreadRoster  *self,
                                                gsize            stack_size);
void          cf_thread_roster_clear           (CfThreadRoster  *self);

gboolean      cf_thread_roster_start           (CfThreadRoster  *self,
                                                CfThreadPool    *pool,
                                                const char      *name_prefix,
                                                GThreadFunc      func,
                                                GError         **error);
guint         cf_thread_roster_get_n_threads   (CfThreadRoster  *self);
void          cf_thread_roster_join            (CfThreadRoster  *self,
                                                gboolean       (*is_over) (gpointer data),
                                                gpointer         data);

void          cf_thread_roster_look            (CfThreadRoster  *self,
                                                void           (*func) (CfThreadRoster *self,
                                                                        gpointer        data),
                                                gpointer         data);
gboolean      cf_thread_roster_is_blocked      (CfThreadRoster  *self,
                                                CfPoolThread    *thread);
void          cf_thread_roster_heed            (CfThreadRoster  *self);

void          cf_thread_roster_begin_idle      (CfThreadRoster  *self,
                                                CfPoolThread    *thread);
CfIdleState   cf_thread_roster_check_idle      (CfThreadRoster  *self,
                                                CfPoolThread    *thread,
                                                gboolean         wants_to_end,
                                                gboolean         ends_if_surplus,
                                                guint            max_workers);
gboolean      cf_thread_roster_wake_idle       (CfThreadRoster  *self);
void          cf_thread_roster_wake_all_idle   (CfThreadRoster  *self);

void          cf_thread_roster_begin_blocking  (CfThreadRoster  *self,
                                                CfPoolThread    *thread,
                                                CfAwaitedCalls  *awaited,
                                                gboolean         may_run_here);
void          cf_thread_roster_end_blocking    (CfThreadRoster  *self,
                                                CfPoolThread    *thread);
gpointer      cf_thread_roster_take_awaited    (CfThreadRoster  *self,
                                                gpointer         owner);
void          cf_thread_roster_call_back       (CfThreadRoster  *self,
                                                gboolean         will_try_again);
gboolean      cf_thread_roster_can_help        (CfThreadRoster  *self,
                                                gboolean         may_start);

static inline guint
cf_thread_roster_get_n_made (CfThreadRoster *self)
{
  return atomic_load_explicit (&self->n_made, memory_order_seq_cst);
}

static inline gboolean
cf_thread_roster_has_awaited (CfThreadRoster *self)
{
  return atomic_load_explicit (&self->n_awaiting, memory_order_seq_cst) > 0;
}

static inline gboolean
cf_thread_roster_has_untouched (CfThreadRoster *self)
{
  return atomic_load_explicit (&self->n_untouched, memory_order_seq_cst) > 0;
}

G_END_DECLS
