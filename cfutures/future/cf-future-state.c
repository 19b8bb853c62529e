/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of a future: one word, which is its lock, too.
 *
 *      PENDING ──claim──→ RUNNING ──settle──→ FINISHED
 *         │                  └─gives up as it was asked to, or is abandoned─→ CANCELLED
 *         ├─────────────────────────────cancel─────────────────────────────────↑
 *         └─settled from outside (a promise, a broken pool)─→ FINISHED
 *
 * The LOCKED bit guards the other fields: the call before the future is claimed, the outcome before it is
 * settled, the observers and the details (what most futures do without: progress, a cancellable, a timeout).
 * It is held for some tens of instructions, when the future is settled for as long as it takes to fire the observers, and
 * never while user code runs. So a thread that finds it taken just tries again; there is no mutex and no condition. Once the state is done the outcome never changes, and
 * a thread that has read the state (acquire) may read the outcome without the lock: settling wrote it before the
 * state (release).
 *
 *      worker:   lock → outcome, state → fire the observers → unlock → run the immediate callbacks
 *      waiter:   state done? else lock → link an observer → unlock → park
 *
 * A settled future goes on being LOCKED until its observers have been fired. A blocking call that finds it done
 * waits for that, and so finds the callbacks that it has to deliver where they belong (cf-future-callbacks.c). */

#include "config.h"

#include "future/cf-future-state-private.h"

#include "base/cf-fork-private.h"
#include "base/cf-spin-private.h"

/**
 * cf_future_lock_contended:
 * @self: a future that another thread has locked just now
 *
 * Returns: the state word as it was before, to be given to cf_future_unlock()
 */
guint
cf_future_lock_contended (CfFuture *self)
{
  guint32 word = atomic_load_explicit (&self->word, memory_order_relaxed) & ~CF_WORD_LOCKED;

  for (guint round = 0;
       !atomic_compare_exchange_weak_explicit (&self->word, &word, word | CF_WORD_LOCKED,
                                               memory_order_acquire, memory_order_relaxed);
       round++)
    {
      word &= ~CF_WORD_LOCKED;
      cf_spin_backoff (round);
    }

  return word;
}

/**
 * cf_future_get_forks:
 *
 * Returns: the bits of the word that tell in which process a future was made
 */
guint
cf_future_get_forks (void)
{
  return cf_fork_count () * (CF_WORD_FORKS & -CF_WORD_FORKS);
}

/**
 * cf_future_is_left_behind:
 * @self: a future
 *
 * In a forked child the call of a pool of the parent stays what it was at that moment, as neither the pool's threads
 * nor its shared memory are here. No lock is taken: one of those threads may have held it.
 *
 * Returns: whether the future is not done, and nobody in this process will settle it
 */
gboolean
cf_future_is_left_behind (CfFuture *self)
{
  guint word = cf_future_get_word (self);

  if ((word & CF_WORD_FORKS) == cf_future_get_forks () || cf_word_is_done (word) || self->owner == NULL)
    return FALSE;

  /* The owner of a call that runs may be gone; somebody in the parent runs it. */
  return (word & CF_WORD_REMOTE) != 0 || cf_word_get_state (word) == CF_FUTURE_STATE_RUNNING || self->owner->has_threads;
}

/**
 * cf_future_read_state:
 * @self: a future
 *
 * Returns: where it stands; a call that another process has begun just now is running, though nobody has come to
 *   say so yet
 */
CfFutureState
cf_future_read_state (CfFuture *self)
{
  guint word = cf_future_get_word (self);
  CfFutureState state = cf_word_get_state (word);

  if (state != CF_FUTURE_STATE_PENDING || (word & CF_WORD_REMOTE) == 0 || cf_future_is_left_behind (self))
    return state;

  word = cf_future_lock (self);
  state = cf_word_get_state (word);
  if (state == CF_FUTURE_STATE_PENDING && (word & CF_WORD_REMOTE) != 0 &&
      self->owner->remote->has_begun (self->owner, self))
    state = CF_FUTURE_STATE_RUNNING;
  cf_future_unlock (self, word);

  return state;
}
