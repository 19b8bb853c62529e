/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "base/cf-inbox-private.h"

G_BEGIN_DECLS

typedef struct _CfDelivery     CfDelivery;
typedef struct _CfDeliveryItem CfDeliveryItem;

/* Something to be run in an iteration of a main context, at a priority; it is embedded in what it is about. Exactly
 * one of the two functions is called, once: `discard` if the context is finalized first. */
struct _CfDeliveryItem
{
  union
  {
    CfInboxLink     link;     /* in the inbox */
    CfDeliveryItem *next;     /* once it is ready */
  };
  CfDeliveryItem *previous;
  int             priority;
  gboolean        ready;
  gboolean        is_call;    /* a thread that blocks has to run it, as somebody may wait for it */
  void (*deliver) (CfDeliveryItem *item);
  void (*discard) (CfDeliveryItem *item);
};

typedef gboolean (*CfDeliveryMatch) (CfDeliveryItem *item,
                                     gconstpointer   data);

CfDelivery     *cf_delivery_get            (GMainContext    *context);
CfDelivery     *cf_delivery_ref            (CfDelivery      *self);
void            cf_delivery_unref          (CfDelivery      *self);
void            cf_delivery_push           (CfDelivery      *self,
                                            CfDeliveryItem  *item);

void            cf_delivery_give_back      (CfDelivery      *self,
                                            int              priority,
                                            gpointer         data,
                                            GDestroyNotify   destroy);
void            cf_delivery_return         (CfDelivery      *self,
                                            int              priority,
                                            gpointer         data,
                                            GDestroyNotify   destroy);
void            cf_delivery_free_own       (void);
void            cf_delivery_expect_calls   (GMainContext    *context);

GMainContext   *cf_main_context_get_own    (void);
CfDelivery     *cf_delivery_get_own        (void);
gboolean        cf_delivery_acquire        (CfDelivery      *self);
void            cf_delivery_release        (CfDelivery      *self);
void            cf_delivery_run            (CfDelivery      *self,
                                            CfDeliveryItem  *item);
gboolean        cf_delivery_run_matching   (CfDelivery      *self,
                                            CfDeliveryMatch  match,
                                            gconstpointer    data);

G_END_DECLS
