/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-process-pool-private.h"

G_BEGIN_DECLS

void cf_process_pool_describe (CfProcessPool *pool,
                               GVariantDict  *description);

G_END_DECLS
