/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-enums.h"
#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

void cf_pool_shut_down (CfThreadPool    *pool,
                        CfShutdownFlags  flags);

G_END_DECLS
