/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

void cf_pool_describe (CfThreadPool *pool,
                       GVariantDict *description);

G_END_DECLS
