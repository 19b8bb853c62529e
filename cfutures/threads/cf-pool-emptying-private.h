/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

void    cf_pool_break             (CfThreadPool *pool,
                                   const GError *cause);
GError *cf_pool_dup_broken        (CfThreadPool *pool);
void    cf_pool_fail_pending      (CfThreadPool *pool,
                                   const GError *error);
void    cf_pool_cancel_pending    (CfThreadPool *pool);
void    cf_pool_fail_or_cancel    (CfThreadPool *pool,
                                   CfFuture     *future);

static inline gboolean
cf_pool_makes_no_calls (CfThreadPool *pool)
{
  return cf_thread_pool_is_broken (pool) || atomic_load_explicit (&pool->is_cancelling, memory_order_acquire);
}

G_END_DECLS
