/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Claiming: a pending future begins to run, in the hands of one thread or process.
 *
 * An executor puts a future into its queue, claims it when its turn has come, which gives it the call, runs the call
 * and settles the future. cf_future_run() is all of that at once. */

#include "config.h"

#include "future/cf-future-claim-private.h"

#include "delivery/cf-delivery-private.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-notification-private.h"
#include "future/cf-future-settle-private.h"
#include "future/cf-future-state-private.h"
#include "future/cf-future-timeout-private.h"
#include "future/cf-future-trace-private.h"

/**
 * cf_future_set_owner:
 * @self: a future that is about to be queued
 * @owner: whose queue it is
 * @epoch: when it was submitted: a number below 4, for the owner to ask for
 *
 * Makes @owner hear of the future if it is settled without having been run.
 *
 * Returns: %FALSE if it is done already, and not to be queued
 */
gboolean
cf_future_set_owner (CfFuture      *self,
                     CfFutureOwner *owner,
                     guint          epoch)
{
  guint word = cf_future_lock (self);
  gboolean is_done = cf_word_is_done (word);

  if (!is_done)
    {
      self->owner = owner;
      word = cf_word_with_epoch (word, epoch);
    }
  cf_future_unlock (self, word);

  return !is_done;
}

/**
 * cf_future_get_epoch:
 * @self: a future that has had an owner
 *
 * Returns: what its owner has set
 */
guint
cf_future_get_epoch (CfFuture *self)
{
  return (cf_future_get_word (self) & CF_WORD_EPOCH) / (CF_WORD_EPOCH & -CF_WORD_EPOCH);
}

/**
 * cf_future_set_epoch:
 * @self: a future of the caller's own
 * @epoch: a number below 4
 *
 * Changes what was set with the owner.
 */
void
cf_future_set_epoch (CfFuture *self,
                     guint     epoch)
{
  guint word = cf_future_lock (self);

  cf_future_unlock (self, cf_word_with_epoch (word, epoch));
}

/* Makes a pending future run, unless there is a call to be made and it is a promise, which has none. Returns
 * its state word as it was before. */
static guint
begin_running (CfFuture *self,
               gboolean  by_owner,
               gboolean  is_short,
               CfCall   *call)
{
  CfFutureOwner *owner = NULL;
  gboolean is_pending;
  guint word;

  /* A cancellable that many calls share tells them one after the other; the first that give up make room for
   * others that have not been told yet. A call that has begun in another process, whose owner comes without it,
   * has begun. */
  if ((call != NULL || !by_owner) &&
      (cf_future_get_word (self) & CF_WORD_DETAILED) != 0 && cf_future_is_cancel_requested (self))
    cf_future_withdraw (self);

  word = cf_future_lock (self);
  is_pending = cf_word_get_state (word) == CF_FUTURE_STATE_PENDING &&
               (call == NULL || self->call.kind != CF_CALL_NONE);

  if (is_pending && !by_owner)
    owner = cf_future_begin_withdrawal (self);
  if (is_pending && call != NULL)
    {
      *call = self->call;
      self->call.kind = CF_CALL_NONE;
    }
  if (is_pending)
    self->call.since = by_owner && call != NULL ? cf_stamp_if_watched () : cf_stamp_now ();
  cf_future_unlock (self, is_pending ? word | CF_FUTURE_STATE_RUNNING : word);
  cf_future_end_withdrawal (self, owner);

  if (is_pending)
    cf_future_trace_begin (self);
  if (is_pending && (word & CF_WORD_DETAILED) != 0)
    cf_future_start_timeout (self);
  if (is_pending && !is_short)
    cf_future_notify_state (self);

  return word;
}

/**
 * cf_future_claim:
 * @self: a future of the caller's own
 * @is_short: whether the call is expected to be over at once, so that its beginning and its end may be notified as one
 * @call: (out caller-allocates): where its call goes, which the caller then owns
 *
 * Makes a pending future the caller's, to be run. Exactly one claim of a future succeeds.
 *
 * Returns: %FALSE if it is no longer pending
 */
gboolean
cf_future_claim (CfFuture *self,
                 gboolean  is_short,
                 CfCall   *call)
{
  return cf_word_get_state (begin_running (self, TRUE, is_short, call)) == CF_FUTURE_STATE_PENDING;
}

/**
 * cf_future_begin_remote:
 * @self: a future
 *
 * Says that the call of a remote future has begun. If it is no longer pending nothing happens.
 */
void
cf_future_begin_remote (CfFuture *self)
{
  begin_running (self, TRUE, FALSE, NULL);
}

/**
 * cf_future_end_call:
 * @self: a future that the caller has claimed
 * @call: (transfer full): its call, which has been made
 *
 * Has what the call needed freed. To be done before the future is settled: a blocking call that finds it done finds
 * what it has to free in its own thread.
 */
void
cf_future_end_call (CfFuture *self,
                    CfCall   *call)
{
  gboolean is_detailed = (atomic_load_explicit (&self->word, memory_order_relaxed) & CF_WORD_DETAILED) != 0;

  if (is_detailed || call->destroy != NULL)
    {
      guint word = cf_future_lock (self);

      cf_future_unlock (self, word | cf_future_give_back (self, call));
    }
  cf_call_clear (call);
  if (is_detailed)
    cf_future_details_end (self, CF_CALL_STAGE_RETURNED);
}

/**
 * cf_future_run:
 * @self: a future
 *
 * Runs the call, in this thread, and settles the future with what comes of it; does nothing if the future
 * is no longer pending. This is for executors: see [vfunc@Cf.Executor.execute].
 *
 * Since: 1.0
 */
void
cf_future_run (CfFuture *self)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = NULL;
  CfOutcome outcome;
  CfCall call = { CF_CALL_NONE };

  g_return_if_fail (CF_IS_FUTURE (self));

  alive = g_object_ref (self);
  if (cf_word_get_state (begin_running (self, FALSE, FALSE, &call)) != CF_FUTURE_STATE_PENDING)
    return;

  g_return_if_fail (call.kind != CF_CALL_NONE);

  cf_call_invoke (&call, self, &outcome);
  cf_future_end_call (self, &call);
  cf_future_run_immediate (self, cf_future_settle (self, &outcome));

  /* The submitter's thread may be this one. */
  if ((cf_future_get_word (self) & CF_WORD_RETURNED) != 0)
    cf_delivery_free_own ();
}

/**
 * cf_future_set_running_or_notify_cancel:
 * @self: a pending or cancelled future
 *
 * Says that the work behind a promise begins, unless it was cancelled. From then on it can be cancelled no
 * more.
 *
 * Returns: %TRUE if the work should be done, %FALSE if the future is cancelled
 *
 * Since: 1.0
 */
gboolean
cf_future_set_running_or_notify_cancel (CfFuture *self)
{
  CfFutureState state;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  state = cf_word_get_state (begin_running (self, FALSE, FALSE, NULL));
  if (state == CF_FUTURE_STATE_CANCELLED)
    return FALSE;

  g_return_val_if_fail (state == CF_FUTURE_STATE_PENDING, FALSE);

  return TRUE;
}

/**
 * cf_future_dup_function:
 * @self: a future
 *
 * The name of the function that is to be called, if the call was submitted by name and has not begun. This is
 * for executors that run calls elsewhere. A chunk of a map is no such call: [method@Cf.Future.run] makes it.
 *
 * Returns: (transfer full) (nullable): `MODULE:FUNCTION`, or %NULL
 *
 * Since: 1.0
 */
char *
cf_future_dup_function (CfFuture *self)
{
  char *function = NULL;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  word = cf_future_lock (self);
  if (!cf_word_is_done (word) && self->call.kind == CF_CALL_NAME && !self->call.is_chunk)
    function = g_strdup (self->call.name);
  cf_future_unlock (self, word);

  return function;
}

/**
 * cf_future_dup_arguments:
 * @self: a future
 *
 * The arguments of a portable call that has not begun. This is for executors that run calls elsewhere.
 *
 * Returns: (transfer full) (nullable): the arguments, or %NULL
 *
 * Since: 1.0
 */
GVariant *
cf_future_dup_arguments (CfFuture *self)
{
  GVariant *args = NULL;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  word = cf_future_lock (self);
  if (!cf_word_is_done (word) && self->call.kind != CF_CALL_NONE && self->call.kind != CF_CALL_LOCAL &&
      self->call.args != NULL)
    args = g_variant_ref (self->call.args);
  cf_future_unlock (self, word);

  return args;
}
