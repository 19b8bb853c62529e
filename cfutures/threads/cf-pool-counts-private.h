/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

void    cf_pool_get_counts    (CfThreadPool *pool,
                               guint64      *n_pending,
                               guint64      *n_running,
                               guint64      *n_completed);
guint64 cf_pool_get_n_pending (CfThreadPool *pool);

/* For a counter that one thread alone writes. */
static inline guint64
cf_pool_count (_Atomic guint64 *counter,
               gint             n_calls)
{
  guint64 n = atomic_load_explicit (counter, memory_order_relaxed) + n_calls;

  atomic_store_explicit (counter, n, memory_order_release);
  return n;
}

/* The same for a thread that looks afterwards whether somebody else has added up meanwhile. */
static inline void
cf_pool_count_visibly (_Atomic guint64 *counter,
                       gint             n_calls)
{
  guint64 n = atomic_load_explicit (counter, memory_order_relaxed) + n_calls;

  atomic_store_explicit (counter, n, memory_order_seq_cst);
}

G_END_DECLS
