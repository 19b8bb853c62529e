/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

guint64 cf_pool_submit (CfThreadPool *pool,
                        CfFuture     *future);

G_END_DECLS
