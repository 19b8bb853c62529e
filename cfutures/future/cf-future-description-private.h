/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-stamp-private.h"
#include "cf-future.h"

G_BEGIN_DECLS

GVariant *cf_future_describe (CfFuture   *self,
                              CfStamp     since,
                              const char *function);

G_END_DECLS
