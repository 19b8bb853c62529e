/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-future.h"

G_BEGIN_DECLS

gboolean cf_future_is_pending_with (CfFuture *self,
                                    gpointer  owner);
gboolean cf_future_try_run_here    (CfFuture *self,
                                    gboolean  is_patient);
gboolean cf_future_block           (CfFuture  *self,
                                    GError   **error);

G_END_DECLS
