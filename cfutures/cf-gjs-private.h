/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the overrides for gjs need beside the interface of C. This header is not installed. Other than
 * cf-bindings-private.h it is in the introspection data, because gjs calls nothing else. */

#pragma once

#include "cf-types.h"

#include "cf-enums.h"

G_BEGIN_DECLS

_CF_EXTERN
void      cf_future_add_listener     (CfFuture        *self,
                                      GObject         *listener);

_CF_EXTERN
CfFuture *cf_executor_begin_shutdown (CfExecutor      *self,
                                      CfShutdownFlags  flags,
                                      GCancellable    *cancellable);
_CF_EXTERN
CfFuture *cf_executor_begin_drain    (CfExecutor      *self,
                                      GCancellable    *cancellable);

G_END_DECLS
