/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-blocking-private.h"
#include "cf-future.h"

G_BEGIN_DECLS

typedef struct _CfCompletionSet CfCompletionSet;

typedef void (*CfCompletionNotify) (gpointer data);

gboolean           cf_are_futures                   (CfFuture *const    *futures,
                                                     gsize               n_futures);

CfCompletionSet   *cf_completion_set_new            (CfFuture *const    *futures,
                                                     gsize               n_futures);
void               cf_completion_set_free           (CfCompletionSet    *self);
gsize              cf_completion_set_get_size       (CfCompletionSet    *self);
CfFuture          *cf_completion_set_get            (CfCompletionSet    *self,
                                                     gsize               i);

CfFuture          *cf_completion_set_take           (CfCompletionSet    *self);
gboolean           cf_completion_set_is_left_behind (CfCompletionSet    *self);
CfBlockingOutcome  cf_completion_set_wait           (CfCompletionSet    *self,
                                                     gboolean            for_all,
                                                     gint64              deadline,
                                                     GCancellable       *cancellable);
gboolean           cf_completion_set_notify         (CfCompletionSet    *self,
                                                     CfCompletionNotify  notify,
                                                     gpointer            data);

G_END_DECLS
