/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-future.h"

G_BEGIN_DECLS

void cf_future_follow_cancellable (CfFuture     *self,
                                   GCancellable *cancellable);

G_END_DECLS
