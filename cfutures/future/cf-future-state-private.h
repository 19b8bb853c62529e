/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The struct of a future, and the word that is its state and its lock. Only what is in this folder touches it, but for
 * `link` and `remote_call`, which are for the owner. */

#pragma once

#include <stdatomic.h>

#include "base/cf-inbox-private.h"
#include "base/cf-sanitizer-private.h"
#include "future/cf-call-private.h"
#include "future/cf-future-owner-private.h"
#include "cf-enums.h"

G_BEGIN_DECLS

typedef struct _CfFutureObserver CfFutureObserver;
typedef struct _CfFutureDetails  CfFutureDetails;

/* The bits of the state word. A future is done if DONE is set. The thread that holds LOCKED is the only one to write
 * the word, the observers, the details, and the content. */
#define CF_WORD_STATE      0x3u
#define CF_WORD_DONE       0x2u
#define CF_WORD_LOCKED     0x4u
#define CF_WORD_OBSERVED   0x8u    /* there are observers */
#define CF_WORD_DETAILED   0x10u   /* there are details */
#define CF_WORD_REMOTE     0x20u   /* the call is in the owner's hands until it is over; see CfRemoteInterface */
#define CF_WORD_ASKED      0x40u   /* somebody has asked the call to give up */
#define CF_WORD_KILLED     0x80u   /* somebody has asked for its process to be killed */
#define CF_WORD_HAS_RUN    0x100u  /* it is cancelled, though its call had begun */
#define CF_WORD_RETURNED   0x200u  /* what the call was given is on its way back, to be freed */
#define CF_WORD_CHECKED    0x400u  /* it is cancelled in any case if it was asked to give up */
#define CF_WORD_EPOCH      0x1800u /* a number of the owner's, which only the owner changes */
#define CF_WORD_FORKS      0xff000000u /* of cf_fork_count(), when the future was made */

struct _CfFuture
{
  GObject             parent_instance;

  _Atomic guint32     word;
  _Atomic gboolean    looked_at;      /* somebody has seen the error */
  union
  {
    CfInboxLink       link;           /* in the queue that it is in */
    CfRemoteCall     *remote_call;    /* the owner's, while the future is remote */
  };
  CfFutureOwner      *owner;          /* valid while the future is pending in a queue, or remote */
  CfFutureObserver   *observers;
  CfFutureDetails    *details;        /* what most futures do without */
  union
  {
    CfCall            call;           /* until it is claimed */
    CfOutcome         outcome;        /* once it is done */
  };
};

guint         cf_future_lock_contended (CfFuture *self);
CfFutureState cf_future_read_state     (CfFuture *self);
guint         cf_future_get_forks      (void);
gboolean      cf_future_is_left_behind (CfFuture *self);

/* Returns the state word as it was before, to be given to cf_future_unlock(). */
static inline guint
cf_future_lock (CfFuture *self)
{
  guint32 word = atomic_load_explicit (&self->word, memory_order_relaxed) & ~CF_WORD_LOCKED;

  if (atomic_compare_exchange_weak_explicit (&self->word, &word, word | CF_WORD_LOCKED,
                                             memory_order_acquire, memory_order_relaxed))
    return word;

  return cf_future_lock_contended (self);
}

/* Lets the lock go; `word` is the new state word. */
static inline void
cf_future_unlock (CfFuture *self,
                  guint     word)
{
  atomic_store_explicit (&self->word, word & ~CF_WORD_LOCKED, memory_order_release);
}

static inline guint
cf_future_get_word (CfFuture *self)
{
  return atomic_load_explicit (&self->word, memory_order_acquire);
}

static inline gboolean
cf_word_is_done (guint word)
{
  return (word & CF_WORD_DONE) != 0;
}

static inline guint
cf_word_with_epoch (guint word,
                    guint epoch)
{
  return (word & ~CF_WORD_EPOCH) | epoch * (CF_WORD_EPOCH & -CF_WORD_EPOCH);
}

static inline CfFutureState
cf_word_get_state (guint word)
{
  return (CfFutureState) (word & CF_WORD_STATE);
}

G_END_DECLS
