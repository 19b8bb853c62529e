/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-future-private.h"
#include "cf-task.h"

G_BEGIN_DECLS

CfFuture *cf_task_make_future (CfTask       *self,
                               GCancellable *cancellable);

G_END_DECLS
