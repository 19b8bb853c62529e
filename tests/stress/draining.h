/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A race of one thread that drains an executor with another that cancels its last call: who drains finds it done. */

#pragma once

#include <cfutures.h>

#include "race.h"

typedef struct
{
  CfExecutor *executor;
  CfFuture *(*submit) (CfExecutor *executor);
  CfFuture   *future;
} DrainedCall;

static inline void
drained_call_submit (gpointer scene)
{
  DrainedCall *self = scene;

  self->future = self->submit (self->executor);
}

static inline void
drained_call_cancel (gpointer scene)
{
  cf_future_cancel (((DrainedCall *) scene)->future);
}

static inline void
drained_call_drain_and_look (gpointer scene)
{
  DrainedCall *self = scene;

  g_assert_true (cf_executor_drain (self->executor, NULL, NULL));
  g_assert_true (cf_future_is_done (self->future));
}

static inline void
drained_call_drop (gpointer scene)
{
  g_clear_object (&((DrainedCall *) scene)->future);
}

static inline void
race_drain_with_cancel (CfExecutor *executor,
                        CfFuture *(*submit) (CfExecutor *executor),
                        guint       n_rounds)
{
  const Race race = { drained_call_submit, { drained_call_cancel, drained_call_drain_and_look }, drained_call_drop };
  DrainedCall call = { .executor = executor, .submit = submit };

  race_run (&race, &call, n_rounds);
}
