/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Futures whose call is in the hands of an owner that has it made in another process. The REMOTE bit of the state word
 * says so; as long as it is set the owner is told what becomes of the future, through its CfRemoteInterface. */

#include "config.h"

#include "future/cf-future-remote-private.h"

#include "future/cf-future-notification-private.h"
#include "future/cf-future-state-private.h"

/**
 * cf_future_make_remote:
 * @self: a pending future with a call
 * @owner: the executor that has the call run in another process, with a remote interface
 * @remote_call: what @owner keeps about the call
 * @call: (out caller-allocates): where the call goes, which the caller then owns
 * @epoch: as for cf_future_set_owner()
 *
 * Puts a call into the hands of @owner, which hears of what happens to the future until it calls
 * cf_future_end_remote(), or has given the call back.
 *
 * Returns: %FALSE if the future is done already
 */
gboolean
cf_future_make_remote (CfFuture      *self,
                       CfFutureOwner *owner,
                       CfRemoteCall  *remote_call,
                       CfCall        *call,
                       guint          epoch)
{
  guint word = cf_future_lock (self);
  gboolean is_done = cf_word_is_done (word);

  if (!is_done)
    {
      *call = self->call;
      self->call.kind = CF_CALL_NONE;
      self->call.since = cf_stamp_now ();
      self->owner = owner;
      self->remote_call = remote_call;
      word = cf_word_with_epoch (word, epoch) | CF_WORD_REMOTE;
    }
  cf_future_unlock (self, word);

  return !is_done;
}

/**
 * cf_future_set_remote_reporter:
 * @self: a future that nobody else knows yet
 * @owner: who takes its progress to another process, and outlives it
 *
 * Makes the future the likeness of one in another process, whose call is made here.
 */
void
cf_future_set_remote_reporter (CfFuture      *self,
                               CfFutureOwner *owner)
{
  guint word = cf_future_lock (self);

  self->owner = owner;
  cf_future_unlock (self, word | CF_WORD_REMOTE);
}

/**
 * cf_future_end_remote:
 * @self: a remote future whose call has ended
 * @is_short: whether the call was so short that its beginning and its end may be notified as one
 *
 * From now on the owner hears no more of the future, which it is about to settle with cf_future_settle().
 */
void
cf_future_end_remote (CfFuture *self,
                      gboolean  is_short)
{
  guint word = cf_future_lock (self);
  gboolean is_pending = cf_word_get_state (word) == CF_FUTURE_STATE_PENDING;

  /* In one step: nobody is to find it pending, and cancel it, when its call has been made. */
  cf_future_unlock (self, (word & ~CF_WORD_REMOTE) | (is_pending ? CF_FUTURE_STATE_RUNNING : 0));

  if (is_pending && !is_short)
    cf_future_notify_state (self);
}

/**
 * cf_future_interrupt:
 * @self: a future
 * @how: what to do to its call
 *
 * Returns: whether the call is in the hands of a process, which will be told
 */
gboolean
cf_future_interrupt (CfFuture       *self,
                     CfInterruption  how)
{
  guint word = cf_future_lock (self);
  gboolean is_remote = (word & CF_WORD_REMOTE) != 0 && self->owner->remote->interrupt != NULL;

  if (is_remote)
    self->owner->remote->interrupt (self->owner, self, how);
  if (is_remote && how == CF_INTERRUPT_KILL)
    word |= CF_WORD_KILLED;
  cf_future_unlock (self, word);

  return is_remote;
}
