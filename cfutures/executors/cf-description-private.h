/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-stamp-private.h"
#include "cf-future.h"
#include "executors/cf-unfinished-calls-private.h"

G_BEGIN_DECLS

/* How many calls that wait are described at most. */
#define CF_DESCRIPTION_MAX_WAITING 100

/* Calls that somebody is about to describe. */
typedef struct
{
  CfFuture *future;     /* a reference; NULL for a call of the executor's own */
  CfStamp   since;      /* if it is known better than by the future */
  char     *function;   /* its name, if that is known better than by the future */
} CfDescribedCall;

GArray   *cf_described_calls_new     (void);
void      cf_described_calls_add     (GArray        *calls,
                                      CfFuture      *future,
                                      CfStamp        since);
void      cf_described_calls_set_function (GArray    *calls,
                                      const char    *function);
GVariant *cf_described_calls_to_list (const GArray  *calls);

void      cf_unfinished_calls_describe (CfUnfinishedCalls *self,
                                        GVariantDict      *description);

G_END_DECLS
