/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An inbox: any thread pushes without a lock; one thread at a time takes everything, oldest first.
 *
 *      pushers:  → [newest → … → oldest]
 *                      │ taken whole, turned round
 *      the taker:      └→ oldest → … → newest
 *
 * It is a stack (R. K. Treiber, "Systems Programming: Coping with Parallelism", IBM RJ 5118, 1986) from which
 * nothing is ever taken but everything at once. So no link can leave and come back between a pusher's read and
 * its compare-and-exchange (no ABA), nobody needs to free a link that another thread still reads, and a pusher
 * repeats only if another one has succeeded. Turning it round costs the taker what following the list costs anyhow.
 *
 * Memory orders: what was written before a push is visible to the thread that takes the link. Pushing and looking are
 * sequentially consistent, since all three users argue about wake-ups in that way: a pusher pushes, then looks
 * whether the taker sleeps; the taker says that it sleeps, then looks into the inbox; one of them sees the other.
 *
 * A taker that will look again before it sleeps may leave the inbox *attended*; then a push need not wake it. */

#pragma once

#include <glib.h>
#include <stdatomic.h>

typedef struct _CfInboxLink CfInboxLink;

/* Embedded in whatever is pushed; it belongs to the inbox until it is taken. */
struct _CfInboxLink
{
  CfInboxLink *next;
};

/* Zeroed, it is empty and unattended. */
typedef struct
{
  _Atomic (CfInboxLink *) newest;
} CfInbox;

/* What a link is embedded in. */
#define CF_INBOX_ENTRY(link, Type, member) ((Type *) (void *) ((char *) (link) - G_STRUCT_OFFSET (Type, member)))

#define CF_INBOX_UNATTENDED ((CfInboxLink *) NULL)
#define CF_INBOX_ATTENDED   ((CfInboxLink *) 1)

static inline gboolean
cf_inbox_is_link (CfInboxLink *newest)
{
  return newest != CF_INBOX_UNATTENDED && newest != CF_INBOX_ATTENDED;
}

/* Any thread. Returns whether the inbox was empty and unattended: a taker that sleeps has to be woken. */
static inline gboolean
cf_inbox_push (CfInbox     *self,
               CfInboxLink *link)
{
  CfInboxLink *newest = atomic_load_explicit (&self->newest, memory_order_relaxed);

  do
    link->next = cf_inbox_is_link (newest) ? newest : NULL;
  while (!atomic_compare_exchange_weak_explicit (&self->newest, &newest, link,
                                                 memory_order_seq_cst, memory_order_relaxed));

  return newest == CF_INBOX_UNATTENDED;
}

/* Any thread; true for the moment in which it looks. */
static inline gboolean
cf_inbox_is_empty (CfInbox *self)
{
  return !cf_inbox_is_link (atomic_load_explicit (&self->newest, memory_order_seq_cst));
}

/* The taker. Takes everything: the oldest link, from which `next` leads to the newest, or NULL. What stays behind
 * is an inbox that is empty, and attended or not. */
static inline CfInboxLink *
cf_inbox_take (CfInbox     *self,
               CfInboxLink *left_behind)
{
  CfInboxLink *newest = atomic_exchange_explicit (&self->newest, left_behind, memory_order_seq_cst);
  CfInboxLink *oldest = NULL;

  if (!cf_inbox_is_link (newest))
    return NULL;

  for (CfInboxLink *link = newest; link != NULL;)
    {
      CfInboxLink *older = link->next;

      link->next = oldest;
      oldest = link;
      link = older;
    }

  return oldest;
}

/* The taker, before it sleeps: it is to be woken from now on. Returns FALSE if something has come in the meantime. */
static inline gboolean
cf_inbox_leave (CfInbox *self)
{
  CfInboxLink *newest = CF_INBOX_ATTENDED;

  return atomic_compare_exchange_strong_explicit (&self->newest, &newest, CF_INBOX_UNATTENDED,
                                                  memory_order_seq_cst, memory_order_seq_cst) ||
         newest == CF_INBOX_UNATTENDED;
}
