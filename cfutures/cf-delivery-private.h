/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CfDelivery     CfDelivery;
typedef struct _CfDeliveryItem CfDeliveryItem;

/* Something to be run in an iteration of a main context; it is embedded in whatever it is about. Exactly one of
 * the two functions is called, once: `discard` if the context is finalized first. */
struct _CfDeliveryItem
{
  CfDeliveryItem *next;
  CfDeliveryItem *previous;
  gboolean        ready;
  void (*deliver) (CfDeliveryItem *item);
  void (*discard) (CfDeliveryItem *item);
};

typedef gboolean (*CfDeliveryMatch) (CfDeliveryItem *item,
                                     gconstpointer   data);

CfDelivery     *cf_delivery_get           (GMainContext    *context);
void            cf_delivery_push          (CfDelivery      *self,
                                           CfDeliveryItem  *item);

GMainContext   *cf_main_context_get_own   (void);
CfDelivery     *cf_delivery_get_own       (void);
gboolean        cf_delivery_acquire       (CfDelivery      *self);
void            cf_delivery_release       (CfDelivery      *self);
void            cf_delivery_take          (CfDelivery      *self,
                                           CfDeliveryItem  *item);
CfDeliveryItem *cf_delivery_bring_forward (CfDelivery      *self,
                                           CfDeliveryMatch  match,
                                           gconstpointer    data);
CfDeliveryItem *cf_delivery_first_if      (CfDelivery      *self,
                                           CfDeliveryMatch  match,
                                           gconstpointer    data);

G_END_DECLS
