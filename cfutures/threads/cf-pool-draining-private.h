/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

CfFuture *cf_pool_when_drained      (CfThreadPool *pool);
void      cf_pool_check_drained     (CfThreadPool *pool);
guint     cf_pool_count_in          (CfThreadPool *pool,
                                     CfPoolThread *thread);
void      cf_pool_count_out         (CfThreadPool *pool,
                                     CfPoolThread *thread,
                                     guint         epoch);
void      cf_pool_count_withdrawals (CfThreadPool *pool);

G_END_DECLS
