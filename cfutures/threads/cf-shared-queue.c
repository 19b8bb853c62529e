/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue through which calls come into a pool: by priority, and in the order of submission within one.
 *
 * Nearly all calls have the default priority. Their submitters push to an inbox without a lock, and the thread that
 * takes calls out moves the whole inbox, turned round, to the end of a list:
 *
 *      submitters:  → [inbox, newest first]
 *                          │ moved whole, turned round          ┐
 *      takers:             └→ [list, oldest first]              │ under the mutex
 *      submitters of another priority: → [heap]                 ┘
 *
 * A submitter never waits for the takers; takers have the mutex for some tens of nanoseconds each, plus the time
 * to turn the inbox round, which is the work of those that come next anyhow.
 *
 * The futures are linked through their `link`, so that queueing allocates nothing. The queue owns a reference
 * to each.
 *
 * Calls that are over although nobody has taken them, cancelled ones for example, are passed over by the takers. If a
 * pool is busy for long these would pile up in the heap: when it has doubled they are swept out. */

#include "config.h"

#include "threads/cf-shared-queue-private.h"

#include "base/cf-sanitizer-private.h"
#include "cf-future.h"
#include "future/cf-future-private.h"
#include "future/cf-future-state-private.h"

/* A heap that is smaller is not worth sweeping. */
#define MIN_SWEPT 64

typedef struct
{
  int       priority;
  guint64   sequence;
  CfFuture *future;
} HeapEntry;

void
cf_shared_queue_init (CfSharedQueue *self)
{
  self->others = g_array_new (FALSE, FALSE, sizeof (HeapEntry));
  self->sweep_at = MIN_SWEPT;
}

void
cf_shared_queue_clear (CfSharedQueue *self)
{
  g_assert (cf_shared_queue_is_empty (self));

  g_array_unref (self->others);
  cf_mutex_clear (&self->mutex);
}

/* The heap: J. W. J. Williams, "Algorithm 232: Heapsort", CACM 7 (1964). */

static gboolean
goes_before (const HeapEntry *a,
             const HeapEntry *b)
{
  return a->priority != b->priority ? a->priority < b->priority : a->sequence < b->sequence;
}

static void
swap_entries (HeapEntry *a,
              HeapEntry *b)
{
  HeapEntry entry = *a;

  *a = *b;
  *b = entry;
}

static void
heap_push (GArray    *heap,
           HeapEntry  entry)
{
  HeapEntry *entries;
  guint i = heap->len;

  g_array_append_val (heap, entry);
  entries = (HeapEntry *) (void *) heap->data;

  for (; i > 0 && goes_before (&entries[i], &entries[(i - 1) / 2]); i = (i - 1) / 2)
    swap_entries (&entries[i], &entries[(i - 1) / 2]);
}

static CfFuture *
heap_pop (GArray *heap)
{
  HeapEntry *entries = (HeapEntry *) (void *) heap->data;
  CfFuture *future = entries[0].future;
  guint n = heap->len - 1;
  guint i = 0;

  entries[0] = entries[n];
  g_array_set_size (heap, n);

  while (2 * i + 1 < n)
    {
      guint child = 2 * i + 1;

      if (child + 1 < n && goes_before (&entries[child + 1], &entries[child]))
        child++;
      if (!goes_before (&entries[child], &entries[i]))
        break;

      swap_entries (&entries[i], &entries[child]);
      i = child;
    }

  return future;
}

static void
let_go (gpointer future)
{
  CF_TSAN_RELEASE (future);
  g_object_unref (future);
}

/* Takes out the calls that are over, for the caller to free without the mutex; NULL if it is not worth it yet. With the
 * mutex held. */
static GPtrArray *
sweep (CfSharedQueue *self)
{
  g_autoptr(GArray) entries = NULL;
  GPtrArray *swept;

  if (self->others->len < self->sweep_at)
    return NULL;

  swept = g_ptr_array_new_with_free_func (let_go);
  entries = g_steal_pointer (&self->others);
  self->others = g_array_new (FALSE, FALSE, sizeof (HeapEntry));
  for (guint i = 0; i < entries->len; i++)
    {
      HeapEntry entry = g_array_index (entries, HeapEntry, i);

      if (!cf_future_is_done (entry.future))
        {
          heap_push (self->others, entry);
          continue;
        }

      if (entry.priority < G_PRIORITY_DEFAULT)
        atomic_fetch_sub_explicit (&self->n_urgent, 1, memory_order_relaxed);
      g_ptr_array_add (swept, entry.future);
    }
  atomic_fetch_sub_explicit (&self->n_ready, swept->len, memory_order_seq_cst);
  self->sweep_at = MAX (MIN_SWEPT, 2 * self->others->len);

  return swept;
}

static CfFuture *
from_link (CfInboxLink *link)
{
  return link != NULL ? CF_INBOX_ENTRY (link, CfFuture, link) : NULL;
}

/* Moves the inbox to the end of the list. With the mutex held. */
static void
empty_inbox (CfSharedQueue *self)
{
  CfInboxLink *oldest;
  CfInboxLink *newest = NULL;
  guint n = 0;

  if (cf_inbox_is_empty (&self->inbox))
    return;

  /* Counted before it is taken: a thread that finds the inbox empty, and then looks here, must not conclude that
   * there is nothing. */
  atomic_fetch_add_explicit (&self->n_ready, 1, memory_order_seq_cst);
  oldest = cf_inbox_take (&self->inbox, CF_INBOX_UNATTENDED);
  for (CfInboxLink *link = oldest; link != NULL; link = link->next)
    {
      newest = link;
      n++;
    }

  if (self->last != NULL)
    self->last->link.next = oldest;
  else
    self->first = from_link (oldest);
  self->last = from_link (newest);
  atomic_fetch_add_explicit (&self->n_ready, n - 1, memory_order_seq_cst);
}

static CfFuture *
list_pop (CfSharedQueue *self)
{
  CfFuture *future = self->first;

  if (future == NULL)
    return NULL;

  self->first = from_link (future->link.next);
  if (self->first == NULL)
    self->last = NULL;

  return future;
}

/* The call that goes first, if its priority is not beyond `max_priority`. With the mutex held. */
static CfFuture *
pop (CfSharedQueue *self,
     int            max_priority)
{
  HeapEntry *top = self->others->len > 0 ? &g_array_index (self->others, HeapEntry, 0) : NULL;

  if (top != NULL && top->priority < G_PRIORITY_DEFAULT && top->priority <= max_priority)
    {
      atomic_fetch_sub_explicit (&self->n_urgent, 1, memory_order_relaxed);
      return heap_pop (self->others);
    }

  if (self->first != NULL && max_priority >= G_PRIORITY_DEFAULT)
    return list_pop (self);

  return top != NULL && top->priority <= max_priority ? heap_pop (self->others) : NULL;
}

/**
 * cf_shared_queue_push:
 * @self: a queue
 * @future: (transfer full): a pending future
 *
 * Puts a call into the queue. Any thread.
 */
void
cf_shared_queue_push (CfSharedQueue *self,
                      CfFuture      *future)
{
  int priority = cf_future_get_priority (future);
  HeapEntry entry = { priority, 0, future };
  g_autoptr(GPtrArray) swept = NULL;

  if (priority == G_PRIORITY_DEFAULT)
    {
      cf_inbox_push (&self->inbox, &future->link);
      return;
    }

  cf_mutex_lock (&self->mutex);
  swept = sweep (self);
  entry.sequence = self->sequence++;
  heap_push (self->others, entry);
  if (priority < G_PRIORITY_DEFAULT)
    atomic_fetch_add_explicit (&self->n_urgent, 1, memory_order_relaxed);
  atomic_fetch_add_explicit (&self->n_ready, 1, memory_order_seq_cst);
  cf_mutex_unlock (&self->mutex);
}

/**
 * cf_shared_queue_take:
 * @self: a queue
 * @max_priority: take nothing less urgent than this
 * @max: how many calls to take at most
 * @n_takers: how many threads share the queue: nobody takes more than his share
 * @futures: (out caller-allocates): where they go
 *
 * Takes the calls that go first out of the queue. Any thread.
 *
 * Returns: how many were taken
 */
guint
cf_shared_queue_take (CfSharedQueue  *self,
                      int             max_priority,
                      guint           max,
                      guint           n_takers,
                      CfFuture      **futures)
{
  guint n = 0;
  guint share;

  cf_mutex_lock (&self->mutex);

  /* What is in the inbox comes after what is in the list, and can wait for its turn. */
  if (self->first == NULL ||
      atomic_load_explicit (&self->n_ready, memory_order_relaxed) < 2 * n_takers * max)
    empty_inbox (self);
  share = atomic_load_explicit (&self->n_ready, memory_order_relaxed) / (2 * n_takers) + 1;
  max = MIN (max, share);

  while (n < max && (futures[n] = pop (self, max_priority)) != NULL)
    n++;
  atomic_fetch_sub_explicit (&self->n_ready, n, memory_order_seq_cst);

  cf_mutex_unlock (&self->mutex);

  return n;
}

/* Appends those of the heap whose turn comes first, and whose priority is in the range. The candidates are what stands
 * right below those that were appended. With the mutex held. */
static void
list_heap (CfSharedQueue *self,
           int            min_priority,
           int            max_priority,
           guint          max,
           GPtrArray     *futures)
{
  const HeapEntry *entries = (const HeapEntry *) (const void *) self->others->data;
  g_autoptr(GArray) candidates = g_array_new (FALSE, FALSE, sizeof (guint));
  guint root = 0;

  if (self->others->len > 0)
    g_array_append_val (candidates, root);

  while (candidates->len > 0 && futures->len < max)
    {
      guint best = 0;
      guint i;

      for (guint j = 1; j < candidates->len; j++)
        {
          if (goes_before (&entries[g_array_index (candidates, guint, j)],
                           &entries[g_array_index (candidates, guint, best)]))
            best = j;
        }

      i = g_array_index (candidates, guint, best);
      if (entries[i].priority > max_priority)
        return;

      if (entries[i].priority >= min_priority)
        g_ptr_array_add (futures, g_object_ref (entries[i].future));
      g_array_remove_index_fast (candidates, best);
      for (guint child = 2 * i + 1; child <= 2 * i + 2 && child < self->others->len; child++)
        g_array_append_val (candidates, child);
    }
}

/**
 * cf_shared_queue_list:
 * @self: a queue
 * @max: how many calls to list at most
 * @futures: (element-type CfFuture): where references to them are appended
 *
 * Lists the calls that go first. Any thread.
 */
void
cf_shared_queue_list (CfSharedQueue *self,
                      guint          max,
                      GPtrArray     *futures)
{
  cf_mutex_lock (&self->mutex);

  empty_inbox (self);
  list_heap (self, G_MININT, G_PRIORITY_DEFAULT - 1, max, futures);
  for (CfFuture *future = self->first; future != NULL && futures->len < max; future = from_link (future->link.next))
    g_ptr_array_add (futures, g_object_ref (future));
  list_heap (self, G_PRIORITY_DEFAULT + 1, G_MAXINT, max, futures);

  cf_mutex_unlock (&self->mutex);
}
