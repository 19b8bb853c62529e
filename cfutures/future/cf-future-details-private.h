/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-timer-private.h"
#include "delivery/cf-delivery-private.h"
#include "future/cf-future-state-private.h"

G_BEGIN_DECLS

/* Notifications that are under way (cf-future-notification.c). */
typedef struct
{
  CfDeliveryItem  item;
  CfFuture       *future;       /* a reference while it is queued */
  guint           changed;      /* a bit for each property */
} CfFutureUpdate;

/* What a task wants to be done with its call. */
typedef enum
{
  CF_TASK_TRAIT_NONE             = 0,
  CF_TASK_TRAIT_GIVE_BACK_TASK   = 1 << 0,   /* the last reference to it is dropped in the submitter's context */
  CF_TASK_TRAIT_GIVE_BACK_RESULT = 1 << 1,   /* a result that nobody gets is freed there */
  CF_TASK_TRAIT_CHECK            = 1 << 2,   /* the call is cancelled in any case if it was asked to give up */
  CF_TASK_TRAIT_RETURN_ON_CANCEL = 1 << 3,   /* and at once, though it runs */
} CfTaskTraits;

/* How much of a call is over: each stage has what belongs to those before it dropped, too. */
typedef enum
{
  CF_CALL_STAGE_ABANDONED,   /* the future is done, and the call goes on; it can be asked to give up, or killed */
  CF_CALL_STAGE_OVERTAKEN,   /* the future is done, and what still runs is asked no more */
  CF_CALL_STAGE_RETURNED,    /* the function has returned or will never be called */
  CF_CALL_STAGE_OVER,        /* its result has got where it belongs */
} CfCallStage;

/* The lock of the future guards all of it. What is set before anybody else knows the future is read without. */
struct _CfFutureDetails
{
  char          *name;
  int            priority;
  gint64         timeout_usec;
  GMainContext  *context;           /* where to notify; NULL if it is gone */
  gboolean       holds_context;     /* it is a reference */
  CfTask        *task;              /* keeps the call's data alive until the function has returned */
  CfTaskTraits   traits;
  GMainContext  *home;              /* where things are given back to, until the call is over; NULL for the default
                                       context */

  GCancellable  *cancellable;       /* the future's own */
  gulong         own_handler;       /* takes it on to the process where the call is made, and holds the future */
  GCancellable  *user_cancellable;  /* the task's; dropped when the future is done, unless it is CHECKED */
  gulong         user_handler;      /* until the future is done */
  CfTimer       *timeout;

  gint64         marked_begin;      /* when it began, for a mark of Sysprof; or 0 */
  double         progress;
  char          *message;
  CfFutureUpdate update;

  GObject       *source_object;     /* of the future as a GAsyncResult, as are the next two */
  gpointer       source_tag;
  gpointer       source_data;
  CfDelivery    *source_home;       /* a reference: where the source object is dropped; NULL for anywhere */
  gconstpointer  submitter;         /* the executor that has to finish it: not to be dereferenced */
};

CfFutureDetails *cf_future_lock_details       (CfFuture        *self,
                                               guint           *word);
void             cf_future_details_end        (CfFuture        *self,
                                               CfCallStage      stage);
void             cf_future_details_free       (CfFutureDetails *details);
guint            cf_future_give_back          (CfFuture        *self,
                                               CfCall          *call);
guint            cf_future_give_back_outcome  (CfFuture        *self,
                                               CfOutcome       *outcome);

void             cf_future_set_task_options   (CfFuture        *self,
                                               const char      *name,
                                               int              priority,
                                               gint64           timeout_usec,
                                               GMainContext    *context,
                                               CfTask          *task,
                                               CfTaskTraits     traits);
void             cf_future_set_thread_context (CfFuture        *self);
void             cf_future_set_source         (CfFuture        *self,
                                               GObject         *source_object,
                                               gpointer         source_tag,
                                               gpointer         user_data,
                                               gboolean         drop_anywhere,
                                               gconstpointer    submitter);
gpointer         cf_future_get_source_object  (CfFuture        *self);
gboolean         cf_future_was_submitted_by   (CfFuture        *self,
                                               gconstpointer    submitter);
CfTask          *cf_future_dup_task           (CfFuture        *self);
gboolean         cf_future_returns_on_cancel  (CfFuture        *self);
gboolean         cf_future_is_cancel_requested (CfFuture       *self);
gboolean         cf_future_is_asked_to_give_up (CfFuture       *self);

G_END_DECLS
