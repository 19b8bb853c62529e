/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Settling: a future gets its outcome, once, and everybody who waits for it is told.
 *
 *      finish      the thread that has made the call, with its outcome     cf_future_settle()
 *      intervene   a promise's maker, a timeout, with another outcome      cf_future_settle_from_outside()
 *      withdraw    cancel() and a cancellable, if the call has not begun   cf_future_withdraw()
 *      abandon     a cancellable, if it has, and nobody is to wait for it  cf_future_abandon()
 *
 * Each is one transaction under the future's lock, so the first wins. The outcome of the others is dropped: what a
 * local function has returned is freed where its data are, in the submitter's context.
 *
 * A call that ends because it was asked to is cancelled like one that never ran, and its error is dropped: the function
 * threw G_IO_ERROR_CANCELLED after a request, or the process was killed for one. Without a request that error is an
 * error like any other. If the cancellable is to be checked, any outcome is dropped after a request.
 *
 * An abandoned call goes on without its future (CfTask:return-on-cancel). The function ends when it likes, so what
 * belongs to the call stays until it does: its data, its timeout, its owner. In another process it can still be asked
 * to give up, and be killed. */

#include "config.h"

#include "future/cf-future-settle-private.h"

#include "cf-error.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-notification-private.h"
#include "future/cf-future-state-private.h"
#include "future/cf-future-trace-private.h"

/**
 * cf_future_begin_withdrawal:
 * @self: a pending future that the caller has locked
 *
 * Tells the owner of the future, if there is one, that it will not be run from its queue.
 *
 * Returns: (nullable): what to give cf_future_end_withdrawal()
 */
CfFutureOwner *
cf_future_begin_withdrawal (CfFuture *self)
{
  if (self->owner == NULL || self->owner->begin_withdrawal == NULL)
    return NULL;

  self->owner->begin_withdrawal (self->owner);
  return self->owner;
}

/**
 * cf_future_end_withdrawal:
 * @self: a future that is settled or runs, and that the caller has unlocked
 * @owner: (nullable): whom cf_future_begin_withdrawal() has told, or who has given the call back
 *
 * Tells the owner that the future is no longer pending.
 */
void
cf_future_end_withdrawal (CfFuture      *self,
                          CfFutureOwner *owner)
{
  if (owner != NULL && owner->end_withdrawal != NULL)
    owner->end_withdrawal (owner, self);
}

typedef enum
{
  FINISH,
  INTERVENE,
  WITHDRAW,
  ABANDON,
} Manner;

/* Tells the owner of a remote future that it is about to be settled by somebody else. If the call has not begun the
 * owner gives it back; if it has, that cannot go on. Returns FALSE if it has begun but must not have. With the lock
 * held. */
static gboolean
recall (CfFuture       *self,
        guint           word,
        Manner          how,
        CfCall         *call,
        CfFutureOwner **owner)
{
  const CfRemoteInterface *remote;

  if ((word & CF_WORD_REMOTE) == 0 || how == ABANDON)
    return TRUE;

  remote = self->owner->remote;
  if (cf_word_get_state (word) == CF_FUTURE_STATE_PENDING && remote->take_back (self->owner, self, call))
    {
      *owner = self->owner;
      return TRUE;
    }

  if (how == WITHDRAW)
    return FALSE;

  if (remote->interrupt != NULL)
    remote->interrupt (self->owner, self, CF_INTERRUPT_KILL);
  return TRUE;
}

static gboolean
was_asked_to_give_up (CfFuture *self,
                      guint     word)
{
  return (word & (CF_WORD_ASKED | CF_WORD_KILLED)) != 0 || cf_future_is_asked_to_give_up (self);
}

/* Whether the call ends because it was asked to, or is to be taken for one that does. With the lock held. */
static gboolean
has_given_up (CfFuture        *self,
              guint            word,
              const CfOutcome *outcome)
{
  if ((word & CF_WORD_CHECKED) != 0 && was_asked_to_give_up (self, word))
    return TRUE;

  if (outcome->kind != CF_OUTCOME_ERROR)
    return FALSE;

  if (g_error_matches (outcome->error, CF_ERROR, CF_ERROR_WORKER_DIED))
    return (word & CF_WORD_KILLED) != 0;

  return g_error_matches (outcome->error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && was_asked_to_give_up (self, word);
}

static CfCallStage
get_stage (Manner   how,
           gboolean was_pending)
{
  if (how == FINISH || was_pending)
    return CF_CALL_STAGE_OVER;

  return how == ABANDON ? CF_CALL_STAGE_ABANDONED : CF_CALL_STAGE_OVERTAKEN;
}

/* Puts the outcome in its place, or drops it if the call was to give up. With the lock held; returns the word, with the
 * last state. */
static guint
conclude (CfFuture  *self,
          guint      word,
          Manner     how,
          CfOutcome *outcome,
          CfOutcome *dropped)
{
  gboolean is_finished = how == FINISH || how == INTERVENE;
  CfFutureState state = is_finished ? CF_FUTURE_STATE_FINISHED : CF_FUTURE_STATE_CANCELLED;

  self->outcome = *outcome;
  if (is_finished && has_given_up (self, word, outcome))
    {
      state = CF_FUTURE_STATE_CANCELLED;
      *dropped = *outcome;
      self->outcome.kind = CF_OUTCOME_NOTHING;
      word |= CF_WORD_HAS_RUN | cf_future_give_back_outcome (self, dropped);
    }

  if (how == ABANDON)
    word |= CF_WORD_HAS_RUN;
  else
    word &= ~CF_WORD_REMOTE;

  return (word & ~CF_WORD_STATE) | state;
}

/* Moves the future to its last state, or says why not. What remains of an outcome that comes too late is the caller's
 * to clear. */
static CfWithdrawal
settle (CfFuture          *self,
        Manner             how,
        CfOutcome         *outcome,
        CfFutureObserver **immediate)
{
  guint word = cf_future_lock (self);
  gboolean was_pending = cf_word_get_state (word) == CF_FUTURE_STATE_PENDING;
  GSList *contexts = NULL;
  CfFutureOwner *owner = NULL;
  CfCall unused_call = { CF_CALL_NONE };
  CfOutcome dropped = { CF_OUTCOME_NOTHING };
  gboolean has_failed;

  *immediate = NULL;

  if (cf_word_is_done (word) || (how == WITHDRAW && !was_pending))
    {
      cf_future_unlock (self, word | cf_future_give_back_outcome (self, outcome));
      return CF_WITHDRAW_LATE;
    }

  g_assert (how != ABANDON || !was_pending);
  if (!recall (self, word, how, &unused_call, &owner))
    {
      cf_future_unlock (self, word);
      return CF_WITHDRAW_HAS_BEGUN;
    }

  if (was_pending && (word & CF_WORD_REMOTE) == 0)
    owner = cf_future_begin_withdrawal (self);

  if (self->call.kind != CF_CALL_NONE)
    unused_call = self->call;
  if (was_pending)
    word |= cf_future_give_back (self, &unused_call);
  word = conclude (self, word, how, outcome, &dropped);
  has_failed = cf_word_get_state (word) == CF_FUTURE_STATE_CANCELLED || self->outcome.kind == CF_OUTCOME_ERROR;

  if ((word & CF_WORD_OBSERVED) != 0)
    {
      atomic_store_explicit (&self->word, word | CF_WORD_LOCKED, memory_order_release);
      if (!cf_future_fire_observers (self, immediate, &contexts))
        word &= ~CF_WORD_OBSERVED;
    }

  cf_future_unlock (self, word);
  cf_future_end_withdrawal (self, owner);
  cf_future_trace_end (self);

  if ((word & CF_WORD_DETAILED) != 0)
    cf_future_details_end (self, get_stage (how, was_pending));
  cf_call_clear (&unused_call);
  cf_outcome_clear (&dropped);
  if (contexts != NULL)
    g_slist_free_full (contexts, (GDestroyNotify) g_main_context_unref);
  cf_future_notify_done (self, has_failed);

  return CF_WITHDRAW_DONE;
}

/**
 * cf_future_settle:
 * @self: a future that the caller has claimed
 * @outcome: (transfer full): what came of it; dropped if something else settled the future meanwhile
 *
 * Finishes a future, after cf_future_end_call().
 *
 * Returns: (nullable): the callbacks that the caller has to run with cf_future_run_immediate()
 */
CfFutureObserver *
cf_future_settle (CfFuture  *self,
                  CfOutcome *outcome)
{
  CfFutureObserver *immediate;

  if (settle (self, FINISH, outcome, &immediate) != CF_WITHDRAW_DONE)
    {
      cf_outcome_clear (outcome);
      if ((cf_future_get_word (self) & CF_WORD_DETAILED) != 0)
        cf_future_details_end (self, CF_CALL_STAGE_OVER);
    }

  return immediate;
}

/**
 * cf_future_settle_from_outside:
 * @self: a future
 * @outcome: (transfer full): what is to be its outcome; dropped if it has one already
 *
 * Settles the future on behalf of any thread, not only of the one that claimed it.
 *
 * Returns: %FALSE if it was settled already
 */
gboolean
cf_future_settle_from_outside (CfFuture  *self,
                               CfOutcome *outcome)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = g_object_ref (self);
  CfFutureObserver *immediate;

  if (settle (self, INTERVENE, outcome, &immediate) != CF_WITHDRAW_DONE)
    {
      cf_outcome_clear (outcome);
      return FALSE;
    }

  cf_future_run_immediate (self, immediate);
  return TRUE;
}

/**
 * cf_future_withdraw:
 * @self: a future
 *
 * Cancels the future if its call has not begun.
 *
 * Returns: what came of it
 */
CfWithdrawal
cf_future_withdraw (CfFuture *self)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = g_object_ref (self);
  CfOutcome nothing = { CF_OUTCOME_NOTHING };
  CfFutureObserver *immediate;
  CfWithdrawal withdrawal = settle (self, WITHDRAW, &nothing, &immediate);

  if (withdrawal == CF_WITHDRAW_DONE)
    cf_future_run_immediate (self, immediate);

  return withdrawal;
}

/**
 * cf_future_abandon:
 * @self: a future whose call has begun
 *
 * Cancels the future, though its call goes on.
 *
 * Returns: %FALSE if it was settled already
 */
gboolean
cf_future_abandon (CfFuture *self)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = g_object_ref (self);
  CfOutcome nothing = { CF_OUTCOME_NOTHING };
  CfFutureObserver *immediate;

  if (settle (self, ABANDON, &nothing, &immediate) != CF_WITHDRAW_DONE)
    return FALSE;

  cf_future_run_immediate (self, immediate);
  return TRUE;
}

/**
 * cf_future_fail:
 * @self: a future
 * @error: (transfer full): why
 *
 * Returns: %FALSE if it was settled already
 */
gboolean
cf_future_fail (CfFuture *self,
                GError   *error)
{
  CfOutcome outcome;

  cf_outcome_take_error (&outcome, error);
  return cf_future_settle_from_outside (self, &outcome);
}

/**
 * cf_future_new_failed:
 * @error: (transfer full): why
 *
 * Returns: (transfer full): a future that has already failed
 */
CfFuture *
cf_future_new_failed (GError *error)
{
  CfFuture *self = g_object_new (CF_TYPE_FUTURE, NULL);

  cf_future_fail (self, error);
  return self;
}
