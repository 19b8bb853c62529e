/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "future/cf-call-private.h"
#include "transport/cf-worker-launcher-private.h"

G_BEGIN_DECLS

/* What the workers of a pool have in common; set before the first call. */
typedef struct
{
  CfWorkerLauncher *launcher;                /* belongs to the pool, and does not change */
  guint             max_workers;
  guint             max_tasks_per_worker;    /* 0: no limit */
  CfCall            initializer;
} CfProcessPoolConfig;

G_END_DECLS
