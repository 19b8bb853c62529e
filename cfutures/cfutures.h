/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything that CFutures offers; programs include this and nothing else. */

#pragma once

#define CF_INSIDE

#include <cfutures/cf-version-macros.h>
#include <cfutures/cf-version.h>
#include <cfutures/cf-enums.h>
#include <cfutures/cf-enum-types.h>
#include <cfutures/cf-error.h>
#include <cfutures/cf-types.h>
#include <cfutures/cf-future.h>
#include <cfutures/cf-task.h>
#include <cfutures/cf-map-iterator.h>
#include <cfutures/cf-completion-iterator.h>
#include <cfutures/cf-wait.h>
#include <cfutures/cf-executor.h>
#include <cfutures/cf-inline-executor.h>
#include <cfutures/cf-main-context-executor.h>
#include <cfutures/cf-process-pool-executor.h>
#include <cfutures/cf-thread-pool-executor.h>
#include <cfutures/cf-worker.h>
#include <cfutures/cf-worker-launcher.h>

#undef CF_INSIDE
