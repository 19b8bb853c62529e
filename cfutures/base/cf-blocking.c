/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Blocking: a thread sleeps until a condition holds, a deadline passes or somebody cancels the wait, and the pool
 * that it belongs to is told, so that another thread can do its work meanwhile.
 *
 *      spin a little ──not done──→ begin_blocking → park … unpark → end_blocking
 *      (cf_spin_until)             of the pool      (the parker)     of the pool
 *
 * If the pool has no other thread it calls the waiting one back, to make the awaited call itself.
 *
 * The hooks of a thread are its own: a pool sets them when the thread begins, and nobody else reads them. A thread
 * without hooks may have a duty: there is one for the whole process, which is set once. */

#include "config.h"

#include "base/cf-blocking-private.h"

#include <glib/gi18n-lib.h>
#include <stdatomic.h>

#include "base/cf-deadline-private.h"
#include "base/cf-error-private.h"
#include "base/cf-fork-private.h"

static _Thread_local CfBlockingHooks *thread_hooks;
static _Atomic (const CfBlockingDuty *) process_duty;

/* A child that was forked in a call of a pool is not one of its threads. */
static void
leave_pool (void)
{
  thread_hooks = NULL;
}

/**
 * cf_blocking_set_hooks:
 * @hooks: (nullable): the hooks
 *
 * Sets what this thread calls when it blocks on a future.
 */
void
cf_blocking_set_hooks (CfBlockingHooks *hooks)
{
  static gsize is_watching;

  cf_fork_call_in_child (&is_watching, leave_pool);
  thread_hooks = hooks;
}

/**
 * cf_blocking_get_hooks:
 *
 * Returns: (nullable): what this thread calls when it blocks on a future
 */
CfBlockingHooks *
cf_blocking_get_hooks (void)
{
  return thread_hooks;
}

/**
 * cf_blocking_set_duty:
 * @duty: what is always the same, and static
 *
 * Sets what threads do while they sleep.
 */
void
cf_blocking_set_duty (const CfBlockingDuty *duty)
{
  atomic_store_explicit (&process_duty, duty, memory_order_release);
}

static const CfBlockingDuty *
get_duty (void)
{
  return thread_hooks == NULL ? atomic_load_explicit (&process_duty, memory_order_acquire) : NULL;
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer      parker)
{
  cf_parker_unpark (parker);
}

static CfBlockingOutcome
park_until (CfCondition           condition,
            gpointer              data,
            gint64                deadline,
            GCancellable         *cancellable,
            const CfBlockingDuty *duty)
{
  CfParker *parker = cf_parker_get ();

  while (!condition (data))
    {
      gint64 until = deadline;

      if (g_cancellable_is_cancelled (cancellable))
        return CF_BLOCKING_CANCELLED;

      if (duty != NULL && duty->work (parker))
        continue;

      if (thread_hooks != NULL && !thread_hooks->keep_blocking (thread_hooks, &until))
        return CF_BLOCKING_CALLED_BACK;

      if (!cf_parker_park (parker, until) && cf_deadline_has_passed (deadline) && !condition (data))
        return CF_BLOCKING_TIMED_OUT;
    }

  return CF_BLOCKING_DONE;
}

/**
 * cf_blocking_wait:
 * @condition: what cf_spin_until() did not see come true; the thread that makes it true then unparks this one
 * @data: passed to @condition
 * @deadline: a monotonic time, or -1
 * @cancellable: (nullable): ends the wait early
 * @awaited: (nullable): the calls that are waited for and may not have begun
 *
 * Sleeps until @condition holds. If the thread belongs to a pool, the pool is told.
 *
 * Returns: why it returned; @condition takes precedence
 */
CfBlockingOutcome
cf_blocking_wait (CfCondition     condition,
                  gpointer        data,
                  gint64          deadline,
                  GCancellable   *cancellable,
                  CfAwaitedCalls *awaited)
{
  const CfBlockingDuty *duty = get_duty ();
  CfBlockingOutcome outcome;
  gulong handler = 0;

  if (thread_hooks != NULL)
    thread_hooks->begin_blocking (thread_hooks, awaited);
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), cf_parker_get (), NULL);

  outcome = park_until (condition, data, deadline, cancellable, duty);
  if (duty != NULL)
    duty->leave ();

  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
  if (thread_hooks != NULL)
    thread_hooks->end_blocking (thread_hooks);

  cf_spin_learn ();
  return outcome;
}

/**
 * cf_blocking_park:
 * @parker: that of the calling thread, which belongs to no pool or has told it that it blocks
 * @deadline: a monotonic time, or -1
 *
 * Sleeps until somebody unparks the thread, or it has done its duty: the caller looks then whether it is to sleep on.
 */
void
cf_blocking_park (CfParker *parker,
                  gint64    deadline)
{
  const CfBlockingDuty *duty = get_duty ();

  if (duty == NULL || !duty->work (parker))
    cf_parker_park (parker, deadline);
  if (duty != NULL)
    duty->leave ();
}

/**
 * cf_blocking_outcome_to_error:
 * @outcome: how a wait ended
 * @what: what was waited for, for the message, to be translated
 * @error: return location
 *
 * Returns: %TRUE if the wait was successful, or %FALSE with @error set
 */
gboolean
cf_blocking_outcome_to_error (CfBlockingOutcome   outcome,
                              const char         *what,
                              GError            **error)
{
  switch (outcome)
    {
    case CF_BLOCKING_DONE:
      return TRUE;

    case CF_BLOCKING_CANCELLED:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("The wait was cancelled"));
      return FALSE;

    case CF_BLOCKING_TIMED_OUT:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Timed out while waiting for %s"), _(what));
      return FALSE;

    case CF_BLOCKING_LEFT_BEHIND:
      g_propagate_error (error, cf_error_new_forked ());
      return FALSE;

    case CF_BLOCKING_CALLED_BACK:
    default:
      g_assert_not_reached ();
    }
}
