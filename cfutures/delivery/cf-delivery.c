/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delivery: handing things over to the thread of a main context, in batches.
 *
 * What is delivered to a context goes there in *lanes*, one for each priority. A lane is a source of the context, which
 * owns it, so that it goes when the context goes. Any thread pushes items into the inbox of a lane; the thread that
 * iterates the context takes the whole inbox at once, and runs the items in the order in which they came.
 *
 *      any thread:            push → [inbox, newest first] —first into an empty inbox→ wake the context
 *                                        │ taken whole, turned round
 *      the context's owner:              └→ [ready, oldest first] → run, for a few milliseconds at most
 *
 * A wake-up costs a system call, so there is one for a batch: the push that finds the inbox empty and unattended
 * wakes the context. After the owner has taken a batch the inbox is attended instead: the owner will look again
 * before it sleeps, and pushes need not wake it. Only when the owner is about to poll, with nothing left to do,
 * does it leave the inbox: a push that came before is noticed, one that comes after wakes it. A thread that blocks in a
 * call of this library takes the inboxes too. As it may do so in a source that is being prepared, after the lanes were,
 * it leaves them again, and wakes itself if there is something left.
 *
 * After a dispatch that had to stop because its time was up the lane pretends for one iteration to have nothing to do.
 * Sources of lower priority (GTK's redraws, idle functions) get their turn then, however many completions are due;
 * the lanes of lower priority do not, for they are not to overtake it. A dispatch stops early if something comes into
 * a more urgent lane.
 *
 * Data that is given back, to be freed by the thread of the context, waits in a list of its own: a blocking call in
 * that thread frees it all, whatever callbacks are before it, so that a program without a main loop does not pile it
 * up. A dispatch takes from both lists in turn.
 *
 * Each source is looked at in each iteration, so there are MAX_LANES at most. When they are all taken, an item of yet
 * another priority goes into the lane of the next lower one, or if there is none into the lowest, at its place.
 *
 * Some items are calls, for which another thread may wait while the context's own thread blocks, perhaps until that
 * other one is done. It would wait for ever: so a thread that blocks says so, and runs the calls.
 *
 * Items that have not run when their context goes are discarded, in the thread that drops its last reference: of a
 * callback only its destroy notify is called.
 *
 * A context must be found by its address only while it exists: its entry in the registry goes when the context destroys
 * its sources. When the sources are finalized the context has been freed already, and there may be another one at that
 * address.
 *
 * `ready` and `resting` are the owner's alone. A thread owns a context while it iterates it, or between
 * cf_delivery_acquire() and cf_delivery_release(). Lanes are added under the registry's mutex, and never taken away. */

#include "config.h"

#include "delivery/cf-delivery-private.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/cf-blocking-private.h"
#include "base/cf-mutex-private.h"
#include "base/cf-sanitizer-private.h"

/* How long one dispatch may last: a quarter of a frame at 60 Hz. */
#define DISPATCH_USEC 4000

#define MAX_LANES 16

typedef struct
{
  GSource         source;
  CfDelivery     *delivery;
  int             priority;
  CfInbox         inbox;
  CfDeliveryItem *ready_first;
  CfDeliveryItem *ready_last;
  CfDeliveryItem *returned_first;   /* what was given back */
  CfDeliveryItem *returned_last;
  gboolean        resting;
} Lane;

struct _CfDelivery
{
  gatomicrefcount  ref_count;         /* each lane holds one */
  GMainContext    *context;           /* not a reference: it owns the lanes; NULL when it is gone */
  _Atomic guint    n_lanes;
  Lane            *lanes[MAX_LANES];  /* the first is that of the default priority */
  CfMutex          mutex;             /* guards the next one */
  CfParker        *blocked;           /* of the context's own thread, while it blocks */
};

/* What is delivered to each context. */
static struct
{
  CfMutex     mutex;
  GHashTable *deliveries;
} registry;

/* Data on its way back to where it is freed. */
typedef struct
{
  CfDeliveryItem item;
  gpointer       data;
  GDestroyNotify destroy;
} Returned;

static void
free_returned (CfDeliveryItem *item)
{
  Returned *returned = (Returned *) item;

  returned->destroy (returned->data);
  g_free (returned);
}

static gboolean
is_returned (const CfDeliveryItem *item)
{
  return item->deliver == free_returned;
}

CfDelivery *
cf_delivery_ref (CfDelivery *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
cf_delivery_unref (CfDelivery *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  cf_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
is_due (Lane *lane)
{
  return lane->ready_first != NULL || lane->returned_first != NULL || !cf_inbox_is_empty (&lane->inbox);
}

static guint
count_lanes (CfDelivery *self)
{
  return atomic_load_explicit (&self->n_lanes, memory_order_acquire);
}

static gboolean
has_to_wait (Lane *lane)
{
  CfDelivery *self = lane->delivery;
  guint n_lanes = count_lanes (self);

  for (guint i = 0; i < n_lanes; i++)
    {
      if (self->lanes[i]->priority < lane->priority && is_due (self->lanes[i]))
        return TRUE;
    }

  return FALSE;
}

static void
insert_after (Lane           *lane,
              CfDeliveryItem *previous,
              CfDeliveryItem *item)
{
  item->previous = previous;
  item->next = previous != NULL ? previous->next : lane->ready_first;

  if (item->next != NULL)
    item->next->previous = item;
  else
    lane->ready_last = item;

  if (previous != NULL)
    previous->next = item;
  else
    lane->ready_first = item;
}

static void
take_out (Lane           *lane,
          CfDeliveryItem *item)
{
  if (item->previous != NULL)
    item->previous->next = item->next;
  else
    lane->ready_first = item->next;

  if (item->next != NULL)
    item->next->previous = item->previous;
  else
    lane->ready_last = item->previous;
}

static void
insert_returned (Lane           *lane,
                 CfDeliveryItem *item)
{
  item->next = NULL;
  if (lane->returned_last != NULL)
    lane->returned_last->next = item;
  else
    lane->returned_first = item;
  lane->returned_last = item;
}

static CfDeliveryItem *
take_returned (Lane *lane)
{
  CfDeliveryItem *item = lane->returned_first;

  if (item == NULL)
    return NULL;

  lane->returned_first = item->next;
  if (item->next == NULL)
    lane->returned_last = NULL;

  return item;
}

/* Moves what is in the inbox to the end of `ready`, or among several priorities to the end of its own. */
static void
collect (Lane *lane)
{
  CfInboxLink *link;

  CF_TSAN_ACQUIRE (lane);

  link = cf_inbox_take (&lane->inbox, CF_INBOX_ATTENDED);
  while (link != NULL)
    {
      CfDeliveryItem *item = CF_INBOX_ENTRY (link, CfDeliveryItem, link);
      CfDeliveryItem *previous = lane->ready_last;

      if (is_returned (item))
        {
          link = link->next;
          insert_returned (lane, item);
          continue;
        }

      while (previous != NULL && previous->priority > item->priority)
        previous = previous->previous;

      link = link->next;
      item->ready = TRUE;
      insert_after (lane, previous, item);
    }

  CF_TSAN_RELEASE (lane);
}

/* The sources. */

static gboolean
lane_prepare (GSource *source,
              int     *timeout)
{
  Lane *lane = (Lane *) source;

  CF_TSAN_ACQUIRE (lane);

  *timeout = -1;
  if (is_due (lane))
    {
      *timeout = 0;
      return !lane->resting && !has_to_wait (lane);
    }

  return !cf_inbox_leave (&lane->inbox) && !has_to_wait (lane);
}

static gboolean
lane_check (GSource *source)
{
  Lane *lane = (Lane *) source;

  if (lane->resting)
    {
      lane->resting = FALSE;
      return FALSE;
    }

  return is_due (lane) && !has_to_wait (lane);
}

static gboolean
lane_dispatch (GSource     *source,
               GSourceFunc  unused_callback,
               gpointer     unused_data)
{
  Lane *lane = (Lane *) source;
  gint64 end = g_get_monotonic_time () + DISPATCH_USEC;

  while (!has_to_wait (lane))
    {
      CfDeliveryItem *returned;
      CfDeliveryItem *item;

      if (lane->ready_first == NULL)
        collect (lane);

      returned = take_returned (lane);
      if (returned != NULL)
        free_returned (returned);

      item = lane->ready_first;
      if (item == NULL && returned == NULL)
        break;

      if (item != NULL)
        {
          take_out (lane, item);
          item->deliver (item);
        }

      if (g_get_monotonic_time () >= end)
        {
          lane->resting = TRUE;
          break;
        }
    }

  return G_SOURCE_CONTINUE;
}

static void
lane_finalize (GSource *source)
{
  Lane *lane = (Lane *) source;

  CfDeliveryItem *returned;

  collect (lane);
  while (lane->ready_first != NULL)
    {
      CfDeliveryItem *item = lane->ready_first;

      take_out (lane, item);
      item->discard (item);
    }
  while ((returned = take_returned (lane)) != NULL)
    free_returned (returned);

  cf_delivery_unref (lane->delivery);
}

static GSourceFuncs lane_funcs = {
  lane_prepare,
  lane_check,
  lane_dispatch,
  lane_finalize,
  NULL,
  NULL,
};

/* The context destroys its sources: it is being finalized, but still there. */
static void
forget_context (gpointer delivery)
{
  CfDelivery *self = delivery;

  CF_TSAN_ACQUIRE (self);
  cf_mutex_lock (&registry.mutex);
  g_hash_table_remove (registry.deliveries, self->context);
  self->context = NULL;
  cf_mutex_unlock (&registry.mutex);
}

/* With the registry's mutex held. */
static Lane *
add_lane (CfDelivery *self,
          int         priority)
{
  GSource *source = g_source_new (&lane_funcs, sizeof (Lane));
  Lane *lane = (Lane *) source;
  guint n_lanes = count_lanes (self);

  lane->delivery = cf_delivery_ref (self);
  lane->priority = priority;
  self->lanes[n_lanes] = lane;

  g_source_set_static_name (source, "CFutures delivery");
  g_source_set_priority (source, priority);
  g_source_set_can_recurse (source, TRUE);
  if (n_lanes == 0)
    g_source_set_callback (source, NULL, self, forget_context);

  CF_TSAN_RELEASE (lane);
  atomic_store_explicit (&self->n_lanes, n_lanes + 1, memory_order_release);
  g_source_attach (source, self->context);
  g_source_unref (source);

  return lane;
}

static CfDelivery *
delivery_new (GMainContext *context)
{
  CfDelivery *self = g_new0 (CfDelivery, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = context;
  add_lane (self, G_PRIORITY_DEFAULT);
  cf_delivery_unref (self);

  return self;
}

/* Returns the lane of a priority, or if all lanes are taken the one that the rest share. */
static Lane *
find_lane (CfDelivery *self,
           int         priority,
           gboolean    shared)
{
  guint n_lanes = count_lanes (self);
  Lane *lower = NULL;
  Lane *lowest = self->lanes[0];

  for (guint i = 0; i < n_lanes; i++)
    {
      Lane *lane = self->lanes[i];

      if (lane->priority == priority)
        return lane;
      if (lane->priority > priority && (lower == NULL || lane->priority < lower->priority))
        lower = lane;
      if (lane->priority > lowest->priority)
        lowest = lane;
    }

  if (!shared)
    return NULL;

  return lower != NULL ? lower : lowest;
}

static Lane *
ensure_lane (CfDelivery *self,
             int         priority)
{
  Lane *lane = find_lane (self, priority, FALSE);

  if (lane != NULL)
    return lane;

  cf_mutex_lock (&registry.mutex);
  lane = find_lane (self, priority, count_lanes (self) == MAX_LANES);
  if (lane == NULL)
    lane = add_lane (self, priority);
  cf_mutex_unlock (&registry.mutex);

  return lane;
}

/* The lane that an item is in. */
static Lane *
lane_of_item (CfDelivery           *self,
              const CfDeliveryItem *item)
{
  return find_lane (self, item->priority, TRUE);
}

static CfDelivery *
registry_lookup (GMainContext *context,
                 gboolean      create)
{
  CfDelivery *self;

  cf_mutex_lock (&registry.mutex);

  if (registry.deliveries == NULL)
    registry.deliveries = g_hash_table_new (NULL, NULL);

  self = g_hash_table_lookup (registry.deliveries, context);
  if (self == NULL && create)
    {
      self = delivery_new (context);
      g_hash_table_insert (registry.deliveries, context, self);
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

static void
push (CfDelivery     *self,
      Lane           *lane,
      CfDeliveryItem *item)
{
  item->ready = FALSE;
  if (cf_inbox_push (&lane->inbox, &item->link))
    g_main_context_wakeup (self->context);
  CF_TSAN_RELEASE (self);
}

/**
 * cf_delivery_push:
 * @self: a delivery whose context the caller keeps alive
 * @item: (transfer full): what to run there, with its priority
 *
 * Has @item run in an iteration of the context, after what was pushed before it with the same priority. Any thread; no
 * user code runs.
 */
void
cf_delivery_push (CfDelivery     *self,
                  CfDeliveryItem *item)
{
  gboolean is_call = item->is_call;

  push (self, item->priority == G_PRIORITY_DEFAULT ? self->lanes[0] : ensure_lane (self, item->priority), item);
  if (!is_call)
    return;

  cf_mutex_lock (&self->mutex);
  if (self->blocked != NULL)
    cf_parker_unpark (self->blocked);
  cf_mutex_unlock (&self->mutex);
}

static Returned *
returned_new (int            priority,
              gpointer       data,
              GDestroyNotify destroy)
{
  Returned *self = g_new0 (Returned, 1);

  self->item.priority = priority;
  self->item.deliver = free_returned;
  self->item.discard = free_returned;
  self->data = data;
  self->destroy = destroy;
  CF_TSAN_RELEASE (self);
  return self;
}

/**
 * cf_delivery_give_back:
 * @self: a delivery whose context the caller keeps alive
 * @priority: at which to free @data
 * @data: what is to be freed
 * @destroy: frees it
 *
 * Has @data freed by the thread of the context: in an iteration, or when that thread blocks. Any thread; no user code
 * runs. If the context is finalized first, @data is freed then.
 */
void
cf_delivery_give_back (CfDelivery     *self,
                       int             priority,
                       gpointer        data,
                       GDestroyNotify  destroy)
{
  cf_delivery_push (self, &returned_new (priority, data, destroy)->item);
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
 * Makes this thread the owner of the context, with all that was pushed so far ready to be run.
 *
 * Returns: %FALSE if another thread iterates the context
 */
gboolean
cf_delivery_acquire (CfDelivery *self)
{
  guint n_lanes;

  if (!g_main_context_acquire (self->context))
    return FALSE;

  n_lanes = count_lanes (self);
  for (guint i = 0; i < n_lanes; i++)
    collect (self->lanes[i]);

  return TRUE;
}

void
cf_delivery_release (CfDelivery *self)
{
  guint n_lanes = count_lanes (self);
  gboolean has_more = FALSE;

  for (guint i = 0; i < n_lanes; i++)
    {
      Lane *lane = self->lanes[i];

      has_more |= is_due (lane) || !cf_inbox_leave (&lane->inbox);
      CF_TSAN_RELEASE (lane);
    }
  if (has_more)
    g_main_context_wakeup (self->context);

  g_main_context_release (self->context);
}

/**
 * cf_delivery_run:
 * @self: a delivery whose context this thread owns
 * @item: (transfer full): an item that is ready
 *
 * Runs @item before its turn.
 */
void
cf_delivery_run (CfDelivery     *self,
                 CfDeliveryItem *item)
{
  take_out (lane_of_item (self, item), item);
  item->deliver (item);
}

/* Moves the items that match, in their order, before those that do not. Returns whether there are any. */
static gboolean
bring_forward (Lane            *lane,
               CfDeliveryMatch  match,
               gconstpointer    data)
{
  CfDeliveryItem *last_moved = NULL;
  CfDeliveryItem *item = lane->ready_first;

  while (item != NULL)
    {
      CfDeliveryItem *next = item->next;

      if (match (item, data))
        {
          take_out (lane, item);
          insert_after (lane, last_moved, item);
          last_moved = item;
        }
      item = next;
    }

  return last_moved != NULL;
}

/* The most urgent lane but for those that are at least as urgent as `previous`, or NULL. */
static Lane *
next_lane (CfDelivery *self,
           Lane       *previous)
{
  guint n_lanes = count_lanes (self);
  Lane *next = NULL;

  for (guint i = 0; i < n_lanes; i++)
    {
      Lane *lane = self->lanes[i];

      if ((previous == NULL || lane->priority > previous->priority) &&
          (next == NULL || lane->priority < next->priority))
        next = lane;
    }

  return next;
}

/**
 * cf_delivery_run_matching:
 * @self: a delivery whose context this thread owns
 * @match: tells which items
 * @data: passed to @match
 *
 * Runs those items that are ready and match before their turn, the urgent ones first and those of one priority in their
 * order.
 *
 * Returns: whether there were any
 */
gboolean
cf_delivery_run_matching (CfDelivery      *self,
                          CfDeliveryMatch  match,
                          gconstpointer    data)
{
  gboolean has_any = FALSE;

  for (Lane *lane = next_lane (self, NULL); lane != NULL; lane = next_lane (self, lane))
    {
      gboolean has_some = bring_forward (lane, match, data);

      has_any |= has_some;
      while (has_some && lane->ready_first != NULL && match (lane->ready_first, data))
        cf_delivery_run (self, lane->ready_first);
    }

  return has_any;
}

/**
 * cf_delivery_return:
 * @self: a delivery, whose context may be gone
 * @priority: at which to free @data
 * @data: what is to be freed
 * @destroy: frees it
 *
 * Does as cf_delivery_give_back() for a caller that does not keep the context alive. In the thread of the context, and
 * if there is no context, @data is freed here and now.
 */
void
cf_delivery_return (CfDelivery     *self,
                    int             priority,
                    gpointer        data,
                    GDestroyNotify  destroy)
{
  GMainContext *own = cf_main_context_get_own ();
  gboolean is_given_back = FALSE;

  /* The context forgets its delivery before it finalizes the lanes. */
  cf_mutex_lock (&registry.mutex);
  if (self->context != NULL && self->context != own)
    {
      push (self, find_lane (self, priority, TRUE), &returned_new (priority, data, destroy)->item);
      is_given_back = TRUE;
    }
  cf_mutex_unlock (&registry.mutex);

  if (!is_given_back)
    destroy (data);
}

/**
 * cf_delivery_free_own:
 *
 * Frees what was given back to this thread's own context so far: what a blocking call does before it returns.
 */
void
cf_delivery_free_own (void)
{
  CfDelivery *self = cf_delivery_get_own ();
  guint n_lanes;

  if (self == NULL || !cf_delivery_acquire (self))
    return;

  n_lanes = count_lanes (self);
  for (guint i = 0; i < n_lanes; i++)
    {
      CfDeliveryItem *returned;

      while ((returned = take_returned (self->lanes[i])) != NULL)
        free_returned (returned);
    }

  cf_delivery_release (self);
}

/* Running calls while the context's own thread blocks. */

static void
set_blocked (CfDelivery *self,
             CfParker   *parker)
{
  cf_mutex_lock (&self->mutex);
  self->blocked = parker;
  cf_mutex_unlock (&self->mutex);
}

static gboolean
is_call (CfDeliveryItem *item,
         gconstpointer   unused)
{
  return item->is_call;
}

static gboolean
run_calls (CfParker *parker)
{
  CfDelivery *self = cf_delivery_get_own ();
  gboolean has_run;

  if (self == NULL)
    return FALSE;

  /* First: a call that comes after the inboxes were looked at wakes this thread. */
  set_blocked (self, parker);
  if (!cf_delivery_acquire (self))
    return FALSE;

  has_run = cf_delivery_run_matching (self, is_call, NULL);
  cf_delivery_release (self);

  return has_run;
}

static void
stop_running_calls (void)
{
  CfDelivery *self = cf_delivery_get_own ();

  if (self != NULL)
    set_blocked (self, NULL);
}

/**
 * cf_delivery_expect_calls:
 * @context: a main context, which the caller keeps alive
 *
 * Says that calls will be delivered to @context: its thread is to run them also while it blocks.
 */
void
cf_delivery_expect_calls (GMainContext *context)
{
  static const CfBlockingDuty duty = { run_calls, stop_running_calls };

  cf_delivery_get (context);
  cf_blocking_set_duty (&duty);
}
