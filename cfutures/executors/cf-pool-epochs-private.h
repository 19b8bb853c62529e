/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdatomic.h>

#include "base/cf-mutex-private.h"
#include "cf-future.h"

G_BEGIN_DECLS

typedef struct
{
  _Atomic guint     current;      /* 0 or 1: that of the calls that are submitted now */
  _Atomic gboolean  is_awaited;   /* somebody waits for the other one to be over */
  CfMutex           mutex;        /* guards the lists */
  GSList           *ending;       /* the promises of those who wait for the other one */
  GSList           *next;         /* and of those who wait for this one */
} CfPoolEpochs;

void      cf_pool_epochs_clear (CfPoolEpochs *self);
CfFuture *cf_pool_epochs_end   (CfPoolEpochs *self);
void      cf_pool_epochs_check (CfPoolEpochs *self,
                                gboolean    (*is_over) (gpointer data,
                                                        guint    epoch),
                                gpointer      data);

static inline guint
cf_pool_epochs_get_current (CfPoolEpochs *self)
{
  return atomic_load_explicit (&self->current, memory_order_seq_cst);
}

static inline gboolean
cf_pool_epochs_are_awaited (CfPoolEpochs *self)
{
  return atomic_load_explicit (&self->is_awaited, memory_order_seq_cst);
}

G_END_DECLS
