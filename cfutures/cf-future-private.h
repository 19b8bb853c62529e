/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the executors, the sets and the parts of CfFuture itself know of a future. */

#pragma once

#include <stdatomic.h>

#include "cf-call-private.h"
#include "cf-delivery-private.h"
#include "cf-future.h"
#include "cf-sanitizer-private.h"

G_BEGIN_DECLS

typedef struct _CfFutureObserver CfFutureObserver;
typedef struct _CfFutureOwner    CfFutureOwner;
typedef struct _CfRemoteInterface CfRemoteInterface;
typedef struct _CfFutureDetails  CfFutureDetails;

/* Somebody who is told that a future is done. */
typedef enum
{
  CF_OBSERVER_SIGNAL,     /* fired under the future's lock: quick, without user code, and unlinked then */
  CF_OBSERVER_CONTEXT,    /* a callback that belongs to a main context: linked until it has run */
  CF_OBSERVER_IMMEDIATE,  /* a callback that the completing thread runs, after it has let the lock go */
} CfObserverKind;

struct _CfFutureObserver
{
  CfFutureObserver *next;
  CfFutureObserver *previous;
  CfObserverKind    kind;
  void (*fire) (CfFutureObserver *self,
                CfFuture         *future);
};

/* Whose queue a pending future is in. Its functions are called under the lock of a pending future, which is
 * still in the queue then, so that the owner is alive.
 *
 * - withdrawn: (nullable): hears of those that are settled without having been run
 * - acquire_context: (nullable): if pending calls are made in iterations of a main context that is the calling
 *   thread's own, makes it the owner and returns the context, for the caller to release */
struct _CfFutureOwner
{
  void           (*withdrawn)       (CfFutureOwner *self,
                                     CfFuture      *future);
  GMainContext * (*acquire_context) (CfFutureOwner *self);
  const CfRemoteInterface *remote;    /* (nullable) */
};

/* What an owner is asked to do to a call that runs in another process. */
typedef enum
{
  CF_INTERRUPT_COOPERATE,   /* to ask it to give up */
  CF_INTERRUPT_KILL,        /* to end that process */
} CfInterruption;

/* How an owner takes part in the life of a future whose call is made in another process: it is told as long as
 * the future is remote. Its functions are called under the future's lock, but for `poll` and those beside it.
 *
 * - take_back: gives the call back if it has not begun, and forgets the future
 * - has_begun: whether the call of a pending future has begun, though nobody has come to say so yet
 * - interrupt: (nullable)
 * - report: (nullable): takes a progress report on to that other process; without the lock
 * - acquire_poller: (nullable): returns what the next two are given; a thread that waits for the future may look
 *   for results itself, which is quicker than being told
 * - poll: looks for results, and settles their futures
 * - release_poller: */
struct _CfRemoteInterface
{
  gboolean (*take_back)      (CfFutureOwner  *self,
                              CfFuture       *future,
                              CfCall         *call);
  gboolean (*has_begun)      (CfFutureOwner  *self,
                              CfFuture       *future);
  void     (*interrupt)      (CfFutureOwner  *self,
                              CfFuture       *future,
                              CfInterruption  how);
  void     (*report)         (CfFutureOwner  *self,
                              CfFuture       *future,
                              double          fraction,
                              const char     *message);
  gpointer (*acquire_poller) (CfFutureOwner  *self);
  void     (*poll)           (gpointer        poller);
  void     (*release_poller) (gpointer        poller);
};

/* The bits of the state word. A future is done if DONE is set. Whoever holds LOCKED is the only one to write
 * the word, the observers, the details, and the content. */
#define CF_WORD_STATE      0x3u
#define CF_WORD_DONE       0x2u
#define CF_WORD_LOCKED     0x4u
#define CF_WORD_OBSERVED   0x8u    /* there are observers */
#define CF_WORD_DETAILED   0x10u   /* there are details */
#define CF_WORD_REMOTE     0x20u   /* the call is in the owner's hands, which has a CfRemoteInterface */

struct _CfFuture
{
  GObject             parent_instance;

  _Atomic guint32     word;
  _Atomic gboolean    looked_at;      /* somebody has seen the error */
  union
  {
    CfFuture         *next;           /* in the queue that it is in */
    gpointer          remote_call;    /* the owner's, while the future is remote */
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

/* The state */

guint             cf_future_lock             (CfFuture          *self);
void              cf_future_unlock           (CfFuture          *self,
                                              guint              word);

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

static inline CfFutureState
cf_word_get_state (guint word)
{
  return (CfFutureState) (word & CF_WORD_STATE);
}

/* For an executor: a call that is queued, claimed, run and settled */

CfFuture         *cf_future_new_call         (CfCall            *call);
CfFuture         *cf_future_new_failed       (GError            *error);
gboolean          cf_future_set_owner        (CfFuture          *self,
                                              CfFutureOwner     *owner);
gboolean          cf_future_make_remote      (CfFuture          *self,
                                              CfFutureOwner     *owner,
                                              gpointer           remote_call,
                                              CfCall            *call);
void              cf_future_set_remote_reporter (CfFuture       *self,
                                              CfFutureOwner     *owner);
void              cf_future_begin_remote     (CfFuture          *self);
void              cf_future_end_remote       (CfFuture          *self,
                                              gboolean           is_short);
gboolean          cf_future_claim            (CfFuture          *self,
                                              gboolean           is_short,
                                              CfCall            *call);
void              cf_future_end_call         (CfFuture          *self,
                                              CfCall            *call);
CfFutureObserver *cf_future_settle           (CfFuture          *self,
                                              CfOutcome         *outcome);
void              cf_future_run_immediate    (CfFuture          *self,
                                              CfFutureObserver  *callbacks);
gboolean          cf_future_fail             (CfFuture          *self,
                                              GError            *error);
gboolean          cf_future_has_error        (CfFuture          *self);

/* Observers and callbacks */

gboolean          cf_future_link_observer    (CfFuture          *self,
                                              CfFutureObserver  *observer);
void              cf_future_unlink_observer  (CfFuture          *self,
                                              CfFutureObserver  *observer);
gboolean          cf_future_fire_observers   (CfFuture          *self,
                                              CfFutureObserver **immediate,
                                              GSList           **contexts);
void              cf_future_discard_callbacks (CfFuture         *self);
void              cf_future_deliver_own      (CfFuture          *self);
void              cf_future_deliver_own_of   (CfFutureOwner     *owner);
void              cf_future_deliver_own_of_all (GPtrArray       *futures);

gpointer          cf_future_connect_done     (CfFuture          *self,
                                              GMainContext      *context,
                                              CfDoneCallback     callback,
                                              gpointer           user_data,
                                              GDestroyNotify     destroy);
void              cf_future_disconnect_done  (CfFuture          *self,
                                              gpointer           handle);

/* Waiting */

gboolean          cf_future_try_run_here     (CfFuture          *self,
                                              gboolean           is_patient);
void              cf_future_block            (CfFuture          *self);

/* Details: what a task may ask for, progress, and notification */

void              cf_future_set_task_options (CfFuture          *self,
                                              const char        *name,
                                              int                priority,
                                              gint64             timeout_usec,
                                              GCancellable      *cancellable,
                                              GMainContext      *context,
                                              gpointer           task);
void              cf_future_set_thread_context (CfFuture        *self);
void              cf_future_set_source       (CfFuture          *self,
                                              GObject           *source_object,
                                              gpointer           user_data);
int               cf_future_get_priority     (CfFuture          *self);
gpointer          cf_future_dup_task         (CfFuture          *self);
const char       *cf_future_get_name         (CfFuture          *self);
gboolean          cf_future_is_cancel_requested (CfFuture       *self);
gboolean          cf_future_interrupt        (CfFuture          *self,
                                              CfInterruption     how);
void              cf_future_details_begin    (CfFuture          *self);
void              cf_future_details_end      (CfFuture          *self,
                                              gboolean           call_is_over);
void              cf_future_details_free     (CfFutureDetails   *details);
void              cf_future_trip_cancellable (CfFuture          *self);
void              cf_future_notify_state     (CfFuture          *self);
gpointer          cf_future_get_source_object (CfFuture         *self);
gpointer          cf_future_get_source_data  (CfFuture          *self);

enum
{
  CF_FUTURE_PROP_STATE = 1,
  CF_FUTURE_PROP_PROGRESS,
  CF_FUTURE_PROP_MESSAGE,
  CF_FUTURE_N_PROPS,
};

extern GParamSpec *cf_future_properties[CF_FUTURE_N_PROPS];

G_END_DECLS
