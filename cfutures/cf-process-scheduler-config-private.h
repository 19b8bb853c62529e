/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-call-private.h"
#include "cf-worker-process-private.h"

G_BEGIN_DECLS

/* What the workers of a pool have in common; set before the first call. */
typedef struct
{
  CfWorkerSettings worker;
  guint            max_workers;
  guint            max_tasks_per_worker;    /* 0: no limit */
  gint64           start_timeout_usec;
  CfCall           initializer;
} CfProcessSchedulerConfig;

G_END_DECLS
