/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "threads/cf-thread-pool-private.h"

G_BEGIN_DECLS

CfFuture *cf_pool_find_call (CfPoolThread *thread);

G_END_DECLS
