/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Telling those who listen what happens to a call: in messages, in marks of Sysprof, and by probes. */

#include "config.h"

#include "future/cf-future-trace-private.h"

#include "future/cf-future-details-private.h"
#include "future/cf-future-state-private.h"

#ifdef HAVE_SYSPROF
# include <sysprof-capture.h>
#endif

CF_PROBE_DEFINE (call_submit);
CF_PROBE_DEFINE (call_begin);
CF_PROBE_DEFINE (call_end);
CF_PROBE_DEFINE (call_deliver);

/* What a call without a name is called. */
#define UNNAMED "call"

static const char *
get_label (CfFuture *self)
{
  const char *name = cf_future_get_name (self);

  return name != NULL ? name : UNNAMED;
}

#ifdef HAVE_SYSPROF

static void
mark (CfFuture   *self,
      const char *event,
      gint64      begin)
{
  gint64 now = SYSPROF_CAPTURE_CURRENT_TIME;

  if (cf_trace_is_on (CF_TRACE_SYSPROF))
    sysprof_collector_mark (begin > 0 ? begin : now, begin > 0 ? now - begin : 0, "CFutures", event, get_label (self));
}

static void
note_begin (CfFuture *self)
{
  CfFutureDetails *details;
  guint word;

  if (!cf_trace_is_on (CF_TRACE_SYSPROF))
    return;

  details = cf_future_lock_details (self, &word);
  details->marked_begin = SYSPROF_CAPTURE_CURRENT_TIME;
  cf_future_unlock (self, word);
}

static void
mark_run (CfFuture *self)
{
  gint64 begin = 0;
  guint word = cf_future_lock (self);

  if (self->details != NULL)
    begin = self->details->marked_begin;
  cf_future_unlock (self, word);

  mark (self, begin > 0 ? "run" : "end", begin);
}

#else

static void
mark (CfFuture   *self,
      const char *event,
      gint64      begin)
{
}

static void
note_begin (CfFuture *self)
{
}

static void
mark_run (CfFuture *self)
{
}

#endif

void
cf_future_tell_submit (CfFuture *self)
{
  CF_PROBE2 (call_submit, self, cf_future_get_name (self));
  mark (self, "submit", 0);
  cf_trace (CF_TRACE_CALL, "call: “%s” (%p) is submitted", get_label (self), (void *) self);
}

void
cf_future_tell_begin (CfFuture *self)
{
  CF_PROBE2 (call_begin, self, cf_future_get_name (self));
  note_begin (self);
  cf_trace (CF_TRACE_CALL, "call: “%s” (%p) begins", get_label (self), (void *) self);
}

static const char *
get_end (CfFuture *self)
{
  if (cf_word_get_state (cf_future_get_word (self)) == CF_FUTURE_STATE_CANCELLED)
    return "is cancelled";

  return self->outcome.kind == CF_OUTCOME_ERROR ? "fails" : "ends";
}

void
cf_future_tell_end (CfFuture *self)
{
  CF_PROBE3 (call_end, self, cf_future_get_name (self), (int) cf_word_get_state (cf_future_get_word (self)));
  mark_run (self);
  cf_trace (CF_TRACE_CALL, "call: “%s” (%p) %s", get_label (self), (void *) self, get_end (self));
}

void
cf_future_tell_deliver (CfFuture *self)
{
  CF_PROBE2 (call_deliver, self, cf_future_get_name (self));
  mark (self, "deliver", 0);
  cf_trace (CF_TRACE_DELIVERY, "delivery: a callback of “%s” (%p) runs", get_label (self), (void *) self);
}
