/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for several futures: futures are taken out of a set as they are done, until the condition holds. */

#include "config.h"

#include "cf-wait.h"

#include <glib/gi18n-lib.h>

#include "base/cf-deadline-private.h"
#include "executors/cf-completion-set-private.h"
#include "future/cf-future-callbacks-private.h"
#include "future/cf-future-private.h"

static gboolean
condition_holds (CfFuture     *just_done,
                 CfReturnWhen  return_when,
                 gsize         n_left)
{
  if (n_left == 0)
    return TRUE;

  switch (return_when)
    {
    case CF_RETURN_WHEN_FIRST_COMPLETED:
      return TRUE;

    case CF_RETURN_WHEN_FIRST_EXCEPTION:
      return cf_future_has_error (just_done);

    case CF_RETURN_WHEN_ALL_COMPLETED:
      return FALSE;

    default:
      g_assert_not_reached ();
    }
}

/* Takes futures out of the set until the condition holds. Those that are done without having to be waited for
 * are all taken, although fewer might do. */
static CfBlockingOutcome
wait_for_condition (CfCompletionSet *set,
                    CfReturnWhen     return_when,
                    gint64           deadline,
                    GCancellable    *cancellable)
{
  gsize n_left = cf_completion_set_get_size (set);
  gboolean holds = n_left == 0;
  CfBlockingOutcome outcome = CF_BLOCKING_DONE;

  while (outcome == CF_BLOCKING_DONE && !holds)
    {
      CfFuture *future;

      outcome = cf_completion_set_wait (set, return_when == CF_RETURN_WHEN_ALL_COMPLETED || n_left == 1,
                                        deadline, cancellable);
      while (outcome == CF_BLOCKING_DONE && (future = cf_completion_set_take (set)) != NULL)
        holds |= condition_holds (future, return_when, --n_left);
    }

  return outcome;
}

/* Splits the futures into those that are done, whose callbacks it delivers, and the others. */
static void
split (CfCompletionSet *set,
       GPtrArray       *done,
       GPtrArray       *not_done)
{
  for (gsize i = 0; i < cf_completion_set_get_size (set); i++)
    {
      CfFuture *future = cf_completion_set_get (set, i);

      g_ptr_array_add (cf_future_is_done (future) ? done : not_done, g_object_ref (future));
    }

  cf_future_deliver_own_of_all (done);
}

/**
 * cf_wait:
 * @futures: (array length=n_futures): futures; one that occurs several times counts once
 * @n_futures: the number of @futures
 * @return_when: the condition to wait for
 * @timeout_usec: how long to wait at most, in microseconds; -1 for ever, 0 to have a look
 * @cancellable: (nullable): ends the wait early, and does not touch the calls
 * @done: (out) (optional) (transfer container) (element-type CfFuture): those that are done when this returns
 * @not_done: (out) (optional) (transfer container) (element-type CfFuture): those that are not done
 * @error: return location for a `G_IO_ERROR_TIMED_OUT` or `G_IO_ERROR_CANCELLED`, or a `CF_ERROR_BROKEN_EXECUTOR` in a process
 *   that was forked from the one whose pools make the calls that are left
 *
 * Blocks until all of several futures are done, or the first of them is, or has failed.
 *
 * @done and @not_done are set in any case, also when the wait ended early; they keep the order of @futures. A
 * cancelled future is done, and has not failed.
 *
 * As with [method@Cf.Future.wait], callbacks of the futures that are due in this thread's own main context run
 * before this returns, in the order in which the futures were completed.
 *
 * It may be used in a call of the pool that is to make the others: if all are waited for, without a limit and
 * without a cancellable, those that have not begun are made right here, otherwise by other threads.
 *
 * Returns: %TRUE if the condition holds, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_wait (CfFuture *const  *futures,
         gsize             n_futures,
         CfReturnWhen      return_when,
         gint64            timeout_usec,
         GCancellable     *cancellable,
         GPtrArray       **done,
         GPtrArray       **not_done,
         GError          **error)
{
  g_autoptr(GPtrArray) done_futures = NULL;
  g_autoptr(GPtrArray) other_futures = NULL;
  CfCompletionSet *set;
  CfBlockingOutcome outcome;

  g_return_val_if_fail (cf_are_futures (futures, n_futures), FALSE);
  g_return_val_if_fail (return_when <= CF_RETURN_WHEN_FIRST_EXCEPTION, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  set = cf_completion_set_new (futures, n_futures);
  outcome = wait_for_condition (set, return_when, cf_deadline_after (timeout_usec), cancellable);

  done_futures = g_ptr_array_new_with_free_func (g_object_unref);
  other_futures = g_ptr_array_new_with_free_func (g_object_unref);
  split (set, done_futures, other_futures);
  cf_completion_set_free (set);

  if (done != NULL)
    *done = g_steal_pointer (&done_futures);
  if (not_done != NULL)
    *not_done = g_steal_pointer (&other_futures);

  return cf_blocking_outcome_to_error (outcome, N_("the calls"), error);
}
