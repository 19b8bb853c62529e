/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef struct _CfCountsNotifier CfCountsNotifier;

CfCountsNotifier *cf_counts_notifier_new     (GObject           *object,
                                              GParamSpec *const *properties,
                                              guint              n_properties);
CfCountsNotifier *cf_counts_notifier_ref     (CfCountsNotifier  *self);
void              cf_counts_notifier_unref   (CfCountsNotifier  *self);
void              cf_counts_notifier_detach  (CfCountsNotifier  *self);
gboolean          cf_counts_notifier_changed (CfCountsNotifier  *self);
void              cf_counts_notifier_changed_in (CfCountsNotifier *self,
                                                 GObject          *object,
                                                 gboolean          look);
void              cf_counts_notifier_expect  (CfCountsNotifier  *self);

G_END_DECLS
