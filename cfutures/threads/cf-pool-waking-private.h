/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

gboolean cf_pool_has_work        (gpointer      pool);
gboolean cf_pool_is_overcrowded  (CfThreadPool *pool);
void     cf_pool_wake_one        (CfThreadPool *pool);
void     cf_pool_notice_calls    (CfThreadPool *pool);
void     cf_pool_add_active      (CfThreadPool *pool,
                                  int           n);
void     cf_pool_start_searching (CfPoolThread *thread);
void     cf_pool_stop_searching  (CfPoolThread *thread);
void     cf_pool_begin_idle      (CfPoolThread *thread);

G_END_DECLS
