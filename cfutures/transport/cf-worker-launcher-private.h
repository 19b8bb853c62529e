/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-worker-launcher.h"

G_BEGIN_DECLS

CfWorkerLauncher *cf_worker_launcher_copy_for_pool (CfWorkerLauncher  *self);

/* Of a pool's launcher, which does not change: in any thread. */
gboolean          cf_worker_launcher_runs_program  (CfWorkerLauncher  *self);
int               cf_worker_launcher_get_stderr_fd (CfWorkerLauncher  *self);
GPid              cf_worker_launcher_spawn         (CfWorkerLauncher  *self,
                                                    int                socket,
                                                    int                stderr_pipe,
                                                    GError           **error);

G_END_DECLS
