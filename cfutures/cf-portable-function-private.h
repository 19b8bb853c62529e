/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-call-private.h"
#include "cf-worker-process-private.h"

G_BEGIN_DECLS

const char *cf_portable_function_name (const CfCall            *call,
                                       const CfWorkerSettings  *settings,
                                       GError                 **error);

G_END_DECLS
