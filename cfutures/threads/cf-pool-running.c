/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Running one call, from the moment in which a thread has it until its future is settled and released.
 *
 * A thread that has nothing else to do searches again *before* it settles the future: a thread that is told that the
 * call is done, and submits the next one, should find this thread free. It stops searching for as long as it runs
 * the user's code, which may take its time: callbacks, and the freeing of what the future has. Whether the future is
 * freed here, and runs such code, GObject tells nobody: that is read out of its fields. */

#include "config.h"

#include "threads/cf-pool-running-private.h"

#include "base/cf-stamp-private.h"
#include "cf-future.h"
#include "future/cf-future-callbacks-private.h"
#include "future/cf-future-claim-private.h"
#include "future/cf-future-settle-private.h"
#include "threads/cf-pool-counts-private.h"
#include "threads/cf-pool-draining-private.h"
#include "threads/cf-pool-waking-private.h"

/* Every how many calls a thread looks at the clock that has no other reason to. */
#define CLOCK_INTERVAL 16

/* Whether freeing it runs nobody's code. */
static gboolean
outcome_is_plain (const CfOutcome *outcome)
{
  switch (outcome->kind)
    {
    case CF_OUTCOME_NOTHING:
      return TRUE;

    case CF_OUTCOME_VALUE:
      return !G_TYPE_IS_INTERFACE (G_VALUE_TYPE (&outcome->value)) &&
             G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (&outcome->value)) <= G_TYPE_POINTER;

    case CF_OUTCOME_VARIANT:
    case CF_OUTCOME_ERROR:
    default:
      return FALSE;
    }
}

static gboolean
is_last_reference (CfFuture *future)
{
  return g_atomic_int_get (&G_OBJECT (future)->ref_count) == 1;
}

/* The call that is begun now began after the thread has looked at the clock last, which it does for each call that it
 * takes from the shared queue alone. Within another call that says too little; and while somebody looks the future has a
 * stamp. */
static gint64
get_begin (CfPoolThread *thread,
           guint64       n_begun)
{
  if (thread->depth > 0 || G_UNLIKELY (atomic_load_explicit (&cf_stamp_is_watched, memory_order_relaxed)))
    return -1;

  if (n_begun % CLOCK_INTERVAL == 0)
    thread->clock = g_get_monotonic_time ();
  return thread->clock;
}

static void
begin_run (CfPoolThread *thread,
           CfPoolRun    *run,
           CfFuture     *future)
{
  guint64 n_begun = cf_pool_count (&thread->n_begun, 1);

  run->future = future;
  run->outer = atomic_load_explicit (&thread->innermost, memory_order_relaxed);
  run->since = get_begin (thread, n_begun);
  atomic_store_explicit (&thread->innermost, run, memory_order_release);
}

/**
 * cf_pool_run_call:
 * @thread: the calling thread
 * @future: (transfer full): a call
 *
 * Runs a call, unless somebody has run or cancelled it already.
 */
void
cf_pool_run_call (CfPoolThread *thread,
                  CfFuture     *future)
{
  CfThreadPool *pool = thread->pool;
  CfPoolRun run;
  CfFutureObserver *immediate;
  gboolean is_plain;
  guint epoch;
  CfOutcome outcome;
  CfCall call;

  if (!cf_future_claim (future, thread->depth > 0 || thread->batch > 1, &call))
    {
      cf_pool_let_go (pool, future);
      return;
    }

  begin_run (thread, &run, future);
  thread->depth++;
  cf_call_invoke (&call, future, &outcome);
  cf_future_end_call (future, &call);
  thread->depth--;
  cf_pool_count (&thread->n_ended, 1);
  epoch = cf_future_get_epoch (future);
  is_plain = outcome_is_plain (&outcome);

  /* A thread that is told that this call is done, and submits the next, should find this one free. */
  if (thread->depth == 0 && !thread->is_searching && !is_last_reference (future) &&
      cf_deque_is_empty (&thread->deque) && cf_shared_queue_is_empty (&pool->queue))
    cf_pool_start_searching (thread);

  immediate = cf_future_settle (future, &outcome);
  if (immediate != NULL)
    {
      if (thread->is_searching)
        cf_pool_stop_searching (thread);
      cf_future_run_immediate (future, immediate);
    }

  /* If nobody else holds it now the future is freed here, with what is attached to it: that may be anybody's
   * code. */
  if (thread->is_searching && thread->depth == 0 && is_last_reference (future) &&
      (!is_plain || G_OBJECT (future)->qdata != NULL))
    cf_pool_stop_searching (thread);

  cf_pool_count (&thread->n_over[epoch], 1);
  atomic_store_explicit (&thread->innermost, run.outer, memory_order_relaxed);
  cf_pool_let_go (pool, future);
  if (cf_pool_epochs_are_awaited (&pool->epochs))
    cf_pool_check_drained (pool);
}

