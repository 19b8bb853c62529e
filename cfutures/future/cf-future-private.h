/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-future.h"
#include "future/cf-call-private.h"

G_BEGIN_DECLS

enum
{
  CF_FUTURE_PROP_STATE = 1,
  CF_FUTURE_PROP_PROGRESS,
  CF_FUTURE_PROP_MESSAGE,
  CF_FUTURE_PROP_NAME,
  CF_FUTURE_PROP_PRIORITY,
  CF_FUTURE_PROP_ERROR,
  CF_FUTURE_N_PROPS,
};

extern GParamSpec *cf_future_properties[CF_FUTURE_N_PROPS];

CfFuture   *cf_future_new_call     (CfCall   *call);
gboolean    cf_future_has_error    (CfFuture *self);

G_END_DECLS
