/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All the URLs of one run: what has become of each of them, and who is told. */

#pragma once

#include "options.h"
#include "transfer.h"

G_BEGIN_DECLS

typedef enum
{
  FETCH_UNDECIDED,
  FETCH_FETCHED,
  FETCH_FAILED,
  FETCH_CANCELLED,
} FetchOutcome;

typedef struct _FetchBatch FetchBatch;

typedef struct
{
  FetchBatch   *batch;
  char         *label;             /* the URL in ASCII, with nothing in it that a terminal would obey */
  FetchRequest *request;
  CfTask       *task;
  CfFuture     *future;            /* the attempt that waits or runs; NULL between attempts and at the end */
  int           n_failed_attempts;

  FetchOutcome  outcome;
  guint         status;            /* the HTTP status, 0 if there was no answer */
  guint64       n_bytes;
  gint64        first_byte_usec;
  gint64        total_usec;        /* from the beginning of the first attempt; 0 if there was none */
  char         *reason;            /* of the last failure, or NULL */
} FetchEntry;

typedef enum
{
  FETCH_EVENT_RETRY,
  FETCH_EVENT_END,
} FetchEvent;

typedef void (*FetchObserver) (FetchEntry *entry,
                               FetchEvent  event,
                               gpointer    user_data);

FetchBatch *fetch_batch_new           (const FetchOptions *options,
                                       char              **urls);
void        fetch_batch_free          (FetchBatch         *self);

void        fetch_batch_set_observer  (FetchBatch         *self,
                                       FetchObserver       observer,
                                       gpointer            user_data);
void        fetch_batch_run           (FetchBatch         *self);
void        fetch_batch_cancel        (FetchBatch         *self);

GPtrArray  *fetch_batch_get_entries   (FetchBatch         *self);
guint       fetch_batch_count         (FetchBatch         *self,
                                       FetchOutcome        outcome);
gint64      fetch_batch_get_wall_usec (FetchBatch         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FetchBatch, fetch_batch_free)

G_END_DECLS
