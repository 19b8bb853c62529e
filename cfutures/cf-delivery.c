/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delivery: handing things over to the thread of a main context, in batches.
 *
 * Each main context that anything is delivered to has one source. The context owns it, so it goes when the
 * context goes. Any thread pushes items into the source's inbox; the thread that iterates the context takes the
 * whole inbox at once, and runs the items in the order in which they came.
 *
 *      any thread:            push → [inbox, newest first] —first into an empty inbox→ wake the context
 *                                        │ taken whole, turned round
 *      the context's owner:              └→ [ready, oldest first] → run, for a few milliseconds at most
 *
 * The inbox is a Treiber stack (R. K. Treiber, "Systems Programming: Coping with Parallelism", IBM RJ 5118,
 * 1986) of which nothing is ever taken but everything at once, so a node cannot come back between a read and an
 * exchange (no ABA). A push is a release, taking is an acquire: what was written to an item before it was
 * pushed is seen by whoever runs it.
 *
 * A wake-up costs a system call, so there is one for a batch: the push that finds the inbox EMPTY wakes the
 * context. After the owner has taken a batch the inbox is AWAKE instead: the owner will look again before it
 * sleeps, and pushes need not wake it. Only when the owner is about to poll, with nothing left to do, does it
 * turn AWAKE back into EMPTY, and it does so with a compare-and-exchange: a push that came before is noticed,
 * one that comes after wakes it.
 *
 * After a dispatch that had to stop because its time was up the source pretends for one iteration to have
 * nothing to do. Sources of lower priority (GTK's redraws, idle functions) get their turn then, however many
 * completions are due.
 *
 * `ready`, `resting` are the owner's alone. A thread owns a context while it iterates it, or between
 * cf_delivery_acquire() and cf_delivery_release(). */

#include "config.h"

#include "cf-delivery-private.h"

#include <stdatomic.h>
#include <unistd.h>

#include "cf-mutex-private.h"
#include "cf-sanitizer-private.h"

/* How long one dispatch may last: a quarter of a frame at 60 Hz. */
#define DISPATCH_USEC 4000

struct _CfDelivery
{
  GSource                    source;
  GMainContext              *context;   /* not a reference: the context owns the source */
  _Atomic (CfDeliveryItem *) inbox;
  CfDeliveryItem            *ready_first;
  CfDeliveryItem            *ready_last;
  gboolean                   resting;
};

static CfDeliveryItem awake_item;
#define EMPTY NULL
#define AWAKE (&awake_item)

/* The source of each context. */
static struct
{
  CfMutex     mutex;
  GHashTable *sources;
} registry;

static gboolean
has_mail (CfDelivery *self)
{
  CfDeliveryItem *newest = atomic_load_explicit (&self->inbox, memory_order_relaxed);

  return newest != EMPTY && newest != AWAKE;
}

/* Moves what is in the inbox to the end of `ready`. */
static void
collect (CfDelivery *self)
{
  CfDeliveryItem *newest;
  CfDeliveryItem *last = NULL;
  CfDeliveryItem *first = NULL;

  CF_TSAN_ACQUIRE (self);

  newest = atomic_exchange_explicit (&self->inbox, AWAKE, memory_order_acquire);
  if (newest == EMPTY || newest == AWAKE)
    return;

  last = newest;
  for (CfDeliveryItem *item = newest; item != NULL;)
    {
      CfDeliveryItem *older = item->next;

      item->next = first;
      item->previous = older;
      item->ready = TRUE;
      first = item;
      item = older;
    }

  first->previous = self->ready_last;
  if (self->ready_last != NULL)
    self->ready_last->next = first;
  else
    self->ready_first = first;
  self->ready_last = last;

  CF_TSAN_RELEASE (self);
}

static void
insert_after (CfDelivery     *self,
              CfDeliveryItem *previous,
              CfDeliveryItem *item)
{
  item->previous = previous;
  item->next = previous != NULL ? previous->next : self->ready_first;

  if (item->next != NULL)
    item->next->previous = item;
  else
    self->ready_last = item;

  if (previous != NULL)
    previous->next = item;
  else
    self->ready_first = item;
}

/* The source. */

static gboolean
delivery_prepare (GSource *source,
                  int     *timeout)
{
  CfDelivery *self = (CfDelivery *) source;
  CfDeliveryItem *newest = AWAKE;

  CF_TSAN_ACQUIRE (self);

  *timeout = -1;
  if (self->ready_first != NULL || has_mail (self))
    {
      *timeout = 0;
      return !self->resting;
    }

  atomic_compare_exchange_strong_explicit (&self->inbox, &newest, EMPTY,
                                           memory_order_relaxed, memory_order_relaxed);
  return has_mail (self);
}

static gboolean
delivery_check (GSource *source)
{
  CfDelivery *self = (CfDelivery *) source;

  if (self->resting)
    {
      self->resting = FALSE;
      return FALSE;
    }

  return self->ready_first != NULL || has_mail (self);
}

static gboolean
delivery_dispatch (GSource     *source,
                   GSourceFunc  unused_callback,
                   gpointer     unused_data)
{
  CfDelivery *self = (CfDelivery *) source;
  gint64 end = g_get_monotonic_time () + DISPATCH_USEC;

  do
    {
      CfDeliveryItem *item;

      if (self->ready_first == NULL)
        collect (self);

      item = self->ready_first;
      if (item == NULL)
        return G_SOURCE_CONTINUE;

      cf_delivery_take (self, item);
      item->deliver (item);
    }
  while (g_get_monotonic_time () < end);

  self->resting = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
delivery_finalize (GSource *source)
{
  CfDelivery *self = (CfDelivery *) source;

  cf_mutex_lock (&registry.mutex);
  g_hash_table_remove (registry.sources, self->context);
  cf_mutex_unlock (&registry.mutex);

  collect (self);
  while (self->ready_first != NULL)
    {
      CfDeliveryItem *item = self->ready_first;

      cf_delivery_take (self, item);
      item->discard (item);
    }
}

static GSourceFuncs delivery_funcs = {
  delivery_prepare,
  delivery_check,
  delivery_dispatch,
  delivery_finalize,
  NULL,
  NULL,
};

static CfDelivery *
delivery_attach (GMainContext *context)
{
  GSource *source = g_source_new (&delivery_funcs, sizeof (CfDelivery));
  CfDelivery *self = (CfDelivery *) source;

  self->context = context;
  g_source_set_static_name (source, "CFutures delivery");
  g_source_set_can_recurse (source, TRUE);
  CF_TSAN_RELEASE (self);
  g_source_attach (source, context);
  g_source_unref (source);

  return self;
}

static CfDelivery *
registry_lookup (GMainContext *context,
                 gboolean      attach)
{
  CfDelivery *self;

  cf_mutex_lock (&registry.mutex);

  if (registry.sources == NULL)
    registry.sources = g_hash_table_new (NULL, NULL);

  self = g_hash_table_lookup (registry.sources, context);
  if (self == NULL && attach)
    {
      self = delivery_attach (context);
      g_hash_table_insert (registry.sources, context, self);
    }

  cf_mutex_unlock (&registry.mutex);

  return self;
}

/**
 * cf_delivery_get:
 * @context: a main context, which the caller keeps alive
 *
 * Returns: what delivers to @context, as long as that lives
 */
CfDelivery *
cf_delivery_get (GMainContext *context)
{
  static _Atomic (CfDelivery *) of_default_context;
  CfDelivery *self;

  if (context != g_main_context_default ())
    return registry_lookup (context, TRUE);

  /* The default context is never finalized, and most things go there. */
  self = atomic_load_explicit (&of_default_context, memory_order_acquire);
  if (self == NULL)
    {
      self = registry_lookup (context, TRUE);
      atomic_store_explicit (&of_default_context, self, memory_order_release);
    }

  return self;
}

/**
 * cf_delivery_push:
 * @self: a delivery whose context the caller keeps alive
 * @item: (transfer full): what to run there
 *
 * Has @item run in an iteration of the context, after what was pushed before it. Any thread; no user code runs.
 */
void
cf_delivery_push (CfDelivery     *self,
                  CfDeliveryItem *item)
{
  CfDeliveryItem *newest = atomic_load_explicit (&self->inbox, memory_order_relaxed);

  item->ready = FALSE;
  do
    item->next = newest == AWAKE ? NULL : newest;
  while (!atomic_compare_exchange_weak_explicit (&self->inbox, &newest, item,
                                                 memory_order_release, memory_order_relaxed));

  if (newest == EMPTY)
    g_main_context_wakeup (self->context);
}

/* Whether this is the thread in which main() runs, whose context is the default one. */
static gboolean
is_main_thread (void)
{
#ifdef __linux__
  static _Thread_local int answer = -1;

  if (answer < 0)
    answer = gettid () == getpid ();

  return answer;
#else
  return g_main_context_is_owner (g_main_context_default ());
#endif
}

/**
 * cf_main_context_get_own:
 *
 * Returns: (nullable) (transfer none): the context that belongs to the calling thread: the one it has pushed as its
 *   default, or the default context for the main thread and for a thread that iterates it
 */
GMainContext *
cf_main_context_get_own (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  if (context != NULL)
    return context;

  context = g_main_context_default ();
  return is_main_thread () || g_main_context_is_owner (context) ? context : NULL;
}

/**
 * cf_delivery_get_own:
 *
 * Returns: (nullable): what delivers to this thread's own context, if anything ever did
 */
CfDelivery *
cf_delivery_get_own (void)
{
  GMainContext *context = cf_main_context_get_own ();

  return context != NULL ? registry_lookup (context, FALSE) : NULL;
}

/**
 * cf_delivery_acquire:
 * @self: what belongs to this thread's own context
 *
 * Makes this thread the owner of the context, with all that was pushed so far ready to be taken.
 *
 * Returns: %FALSE if another thread iterates the context
 */
gboolean
cf_delivery_acquire (CfDelivery *self)
{
  if (!g_main_context_acquire (self->context))
    return FALSE;

  collect (self);
  return TRUE;
}

void
cf_delivery_release (CfDelivery *self)
{
  CF_TSAN_RELEASE (self);
  g_main_context_release (self->context);
}

/**
 * cf_delivery_take:
 * @self: a delivery whose context this thread owns
 * @item: (transfer none): an item that is ready
 *
 * Takes @item out, for the caller to run.
 */
void
cf_delivery_take (CfDelivery     *self,
                  CfDeliveryItem *item)
{
  if (item->previous != NULL)
    item->previous->next = item->next;
  else
    self->ready_first = item->next;

  if (item->next != NULL)
    item->next->previous = item->previous;
  else
    self->ready_last = item->previous;
}

/**
 * cf_delivery_bring_forward:
 * @self: a delivery whose context this thread owns
 * @match: tells which items
 * @data: passed to @match
 *
 * Moves the items that match, in their order, before those that do not.
 *
 * Returns: (nullable): the first item that matches
 */
CfDeliveryItem *
cf_delivery_bring_forward (CfDelivery      *self,
                           CfDeliveryMatch  match,
                           gconstpointer    data)
{
  CfDeliveryItem *last_moved = NULL;
  CfDeliveryItem *item = self->ready_first;

  while (item != NULL)
    {
      CfDeliveryItem *next = item->next;

      if (match (item, data))
        {
          cf_delivery_take (self, item);
          insert_after (self, last_moved, item);
          last_moved = item;
        }
      item = next;
    }

  return last_moved != NULL ? self->ready_first : NULL;
}

/**
 * cf_delivery_first_if:
 * @self: a delivery whose context this thread owns
 * @match: tells which items
 * @data: passed to @match
 *
 * Returns: (nullable): the first item, if it matches
 */
CfDeliveryItem *
cf_delivery_first_if (CfDelivery      *self,
                      CfDeliveryMatch  match,
                      gconstpointer    data)
{
  CfDeliveryItem *item = self->ready_first;

  return item != NULL && match (item, data) ? item : NULL;
}
