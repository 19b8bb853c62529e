/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens to a call, for those who listen: never with a lock. */

#pragma once

#include "base/cf-probes-private.h"
#include "base/cf-trace-private.h"
#include "cf-future.h"

G_BEGIN_DECLS

void cf_future_tell_submit  (CfFuture *self);
void cf_future_tell_begin   (CfFuture *self);
void cf_future_tell_end     (CfFuture *self);
void cf_future_tell_deliver (CfFuture *self);

static inline void
cf_future_trace_submit (CfFuture *self)
{
  if (cf_trace_is_on (CF_TRACE_CALL | CF_TRACE_SYSPROF) || CF_PROBE_IS_ON (call_submit))
    cf_future_tell_submit (self);
}

static inline void
cf_future_trace_begin (CfFuture *self)
{
  if (cf_trace_is_on (CF_TRACE_CALL | CF_TRACE_SYSPROF) || CF_PROBE_IS_ON (call_begin))
    cf_future_tell_begin (self);
}

static inline void
cf_future_trace_end (CfFuture *self)
{
  if (cf_trace_is_on (CF_TRACE_CALL | CF_TRACE_SYSPROF) || CF_PROBE_IS_ON (call_end))
    cf_future_tell_end (self);
}

static inline void
cf_future_trace_deliver (CfFuture *self)
{
  if (cf_trace_is_on (CF_TRACE_DELIVERY | CF_TRACE_SYSPROF) || CF_PROBE_IS_ON (call_deliver))
    cf_future_tell_deliver (self);
}

G_END_DECLS
