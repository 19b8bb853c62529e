/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-sanitizer-private.h"
#include "delivery/cf-counts-notifier-private.h"
#include "future/cf-future-owner-private.h"
#include "executors/cf-pool-epochs-private.h"
#include "threads/cf-shared-queue-private.h"
#include "threads/cf-thread-roster-private.h"

G_BEGIN_DECLS

#define CF_THREAD_POOL_CACHE_LINE 64

/* What all threads of a pool have in common; set before the first one starts. */
typedef struct
{
  guint           max_workers;
  guint           max_substitutes;
  char           *thread_name_prefix;
  GThreadFunc     thread_func;
  gboolean      (*initializer) (gpointer   data,
                                GError   **error);
  gpointer        initializer_data;
  GDestroyNotify  initializer_destroy;
} CfThreadPoolConfig;

struct _CfThreadPool
{
  CfFutureOwner       owner;          /* first, so that the owner leads to the pool */
  gatomicrefcount     ref_count;
  CfThreadPoolConfig  config;
  CfCountsNotifier   *notifier;
  guint               max_searching;
  _Atomic gint64      idle_timeout_usec;

  _Atomic gboolean    is_closing;
  _Atomic gboolean    is_cancelling;
  _Atomic (GError *)  broken;         /* set once */
  CfPoolEpochs        epochs;

  /* Each of these is written by other threads than its neighbours: they are a cache line apart. */
  _Alignas (CF_THREAD_POOL_CACHE_LINE)
  _Atomic guint64     n_submitted[2];   /* by epoch */
  _Alignas (CF_THREAD_POOL_CACHE_LINE)
  CfSharedQueue       queue;
  _Alignas (CF_THREAD_POOL_CACHE_LINE)
  _Atomic guint       n_searching;
  _Atomic guint       n_active;
  _Atomic guint64     n_withdrawn[2];   /* by epoch */
  _Atomic gboolean    is_short;       /* the last attempt to start a thread failed */
  _Atomic gboolean    has_warned;     /* that max_substitutes was reached */
  _Alignas (CF_THREAD_POOL_CACHE_LINE)
  CfThreadRoster      roster;
};

CfThreadPool *cf_thread_pool_new                 (guint             max_workers,
                                                  guint             max_substitutes,
                                                  const char       *thread_name_prefix,
                                                  GThreadFunc       thread_func,
                                                  CfCountsNotifier *notifier);
CfThreadPool *cf_thread_pool_ref                 (CfThreadPool     *self);
void          cf_thread_pool_unref               (CfThreadPool     *self);
gboolean      cf_thread_pool_has_begun           (CfThreadPool     *self);
void          cf_thread_pool_set_max_substitutes (CfThreadPool     *self,
                                                  guint             max_substitutes);
void          cf_thread_pool_set_initializer     (CfThreadPool     *self,
                                                  gboolean        (*initializer) (gpointer   data,
                                                                                  GError   **error),
                                                  gpointer          data,
                                                  GDestroyNotify    destroy);

static inline gboolean
cf_thread_pool_is_closing (CfThreadPool *self)
{
  return atomic_load_explicit (&self->is_closing, memory_order_seq_cst);
}

static inline gboolean
cf_thread_pool_is_broken (CfThreadPool *self)
{
  return atomic_load_explicit (&self->broken, memory_order_acquire) != NULL;
}

/* Drops a reference that was in a queue of the pool: not while somebody looks at it. */
static inline void
cf_pool_let_go (CfThreadPool *self,
                gpointer      future)
{
  atomic_signal_fence (memory_order_seq_cst);
  if (G_UNLIKELY (atomic_load_explicit (&self->roster.onlookers, memory_order_acquire) != 0))
    cf_thread_roster_heed (&self->roster);

  CF_TSAN_RELEASE (future);
  g_object_unref (future);
}

G_END_DECLS
