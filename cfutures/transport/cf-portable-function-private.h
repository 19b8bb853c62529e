/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "future/cf-call-private.h"
#include "transport/cf-worker-launcher-private.h"

G_BEGIN_DECLS

const char *cf_portable_function_name (const CfCall      *call,
                                       CfWorkerLauncher  *launcher,
                                       GError           **error);

G_END_DECLS
