/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "processes/cf-process-pool-state-private.h"

G_BEGIN_DECLS

GList  *cf_worker_tending_bury (CfProcessPoolState  *self,
                                CfRemoteWorker      *worker,
                                GError             **error);
gint64  cf_worker_tending_tend (CfProcessPoolState  *self,
                                gint64               again_at);

G_END_DECLS
