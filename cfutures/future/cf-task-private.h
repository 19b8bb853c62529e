/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-task.h"

G_BEGIN_DECLS

CfFuture     *cf_task_make_future      (CfTask       *self,
                                        GCancellable *cancellable,
                                        gboolean      checks_by_default);
CfFuture     *cf_task_make_item_future (CfTask       *self,
                                        GVariant     *item);
CfFuture     *cf_task_make_chunk_future (CfTask      *self,
                                        GVariant     *items);
gboolean      cf_task_is_portable      (CfTask       *self);
void          cf_task_set_source_of    (CfTask       *self,
                                        CfFuture     *future,
                                        GObject      *submitter,
                                        gpointer      user_data);

G_END_DECLS
