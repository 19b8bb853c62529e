/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "executors/cf-pool-epochs-private.h"

G_BEGIN_DECLS

/* Keeps what different threads write in cache lines of their own. */
#define CF_APART 64

typedef struct
{
  CfPoolEpochs    epochs;
  char            before_submitted[CF_APART];
  _Atomic guint64 n_submitted[2];   /* by epoch: written by those who submit */
  char            before_over[CF_APART];
  _Atomic guint64 n_over[2];        /* by epoch: written by those who settle */
  char            after_over[CF_APART];
} CfCallEpochs;

void      cf_call_epochs_clear     (CfCallEpochs *self);
guint     cf_call_epochs_enter     (CfCallEpochs *self);
void      cf_call_epochs_note_over (CfCallEpochs *self,
                                    guint         epoch);
CfFuture *cf_call_epochs_when_over (CfCallEpochs *self);

G_END_DECLS
