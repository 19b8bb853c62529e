/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue through which calls come into a pool: by priority, and in the order of submission within one.
 *
 * Nearly all calls have the default priority. Their submitters push to an inbox without a lock, and whoever
 * takes calls out moves the whole inbox, turned round, to the end of a list:
 *
 *      submitters:  → [inbox, newest first]
 *                          │ moved whole, turned round          ┐
 *      takers:             └→ [list, oldest first]              │ under the mutex
 *      submitters of another priority: → [heap]                 ┘
 *
 * The inbox is a Treiber stack of which everything is taken at once, so that there is no ABA: a push is a
 * release (and sequentially consistent, see the scheduler), the exchange that takes it an acquire. A submitter
 * never waits for the takers; takers have the mutex for some tens of nanoseconds each, plus the time to turn
 * the inbox round, which is the work of those who come next anyhow.
 *
 * The futures are linked through their `next`, so that queueing allocates nothing. The queue owns a reference
 * to each. */

#include "config.h"

#include "cf-shared-queue-private.h"

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

/* Moves the inbox to the end of the list. With the mutex held. */
static void
empty_inbox (CfSharedQueue *self)
{
  CfFuture *newest;
  CfFuture *oldest = NULL;
  guint n = 0;

  if (atomic_load_explicit (&self->inbox, memory_order_relaxed) == NULL)
    return;

  /* Counted before it is taken: whoever finds the inbox empty, and then looks here, is not to think that there is
   * nothing. */
  atomic_fetch_add_explicit (&self->n_ready, 1, memory_order_seq_cst);
  newest = atomic_exchange_explicit (&self->inbox, NULL, memory_order_seq_cst);
  for (CfFuture *future = newest; future != NULL; n++)
    {
      CfFuture *older = future->next;

      future->next = oldest;
      oldest = future;
      future = older;
    }

  if (self->last != NULL)
    self->last->next = oldest;
  else
    self->first = oldest;
  self->last = newest;
  atomic_fetch_add_explicit (&self->n_ready, n - 1, memory_order_seq_cst);
}

static CfFuture *
list_pop (CfSharedQueue *self)
{
  CfFuture *future = self->first;

  if (future == NULL)
    return NULL;

  self->first = future->next;
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

  if (priority == G_PRIORITY_DEFAULT)
    {
      CfFuture *newest = atomic_load_explicit (&self->inbox, memory_order_relaxed);

      do
        future->next = newest;
      while (!atomic_compare_exchange_weak_explicit (&self->inbox, &newest, future,
                                                     memory_order_seq_cst, memory_order_relaxed));
      return;
    }

  cf_mutex_lock (&self->mutex);
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
