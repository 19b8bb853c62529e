/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A work-stealing deque: one thread, its owner, pushes and pops at the bottom; any thread steals from the top.
 *
 * It is the deque of D. Chase and Y. Lev, "Dynamic Circular Work-Stealing Deque" (SPAA 2005), with the memory
 * orders of N. M. Lê, A. Pop, A. Cohen and F. Zappa Nardelli, "Correct and Efficient Work-Stealing for Weak
 * Memory Models" (PPoPP 2013), except that their fences are sequentially consistent accesses to `top` and
 * `bottom` here (ThreadSanitizer knows no fences):
 *
 * - An entry is taken by the thread that moves `top` over it with a compare-and-exchange. Only for the last one do
 *   owner and thieves compete; for the others the owner's decrement of `bottom` is enough, because a thief reads `top`
 *   before `bottom` and the owner writes `bottom` before it reads `top`: in the single order of these four accesses
 *   at least one of the two sees what the other has done.
 * - Pushing stores the entry, then `bottom` (release at least): a thief that sees `bottom` sees the entry, and what it
 *   points to.
 * - When the array is full the owner copies it to one of twice the size and publishes that (release). A thief that
 *   still reads the old one finds the same entries there; old arrays are freed with the deque.
 *
 * Since pushing is a sequentially consistent store, it also takes part in the argument
 * about lost wake-ups (cf-pool-waking.c). */

#pragma once

#include <glib.h>
#include <stdatomic.h>

#define CF_DEQUE_INITIAL_CAPACITY 64

typedef struct _CfDequeArray CfDequeArray;

struct _CfDequeArray
{
  CfDequeArray      *smaller;     /* what it has replaced */
  gint64             capacity;    /* a power of two */
  _Atomic (gpointer) entries[];
};

#define CF_DEQUE_CACHE_LINE 64

typedef struct
{
  /* Thieves write this line, and have it to themselves: what the owner needs for each call is not to lie in it. */
  _Alignas (CF_DEQUE_CACHE_LINE)
  _Atomic gint64          top;

  /* The owner writes this one. */
  _Alignas (CF_DEQUE_CACHE_LINE)
  _Atomic gint64          bottom;
  _Atomic (CfDequeArray *) array;
} CfDeque;

static inline CfDequeArray *
cf_deque_array_new (gint64        capacity,
                    CfDequeArray *smaller)
{
  CfDequeArray *array = g_malloc (sizeof (CfDequeArray) + (gsize) capacity * sizeof (gpointer));

  array->capacity = capacity;
  array->smaller = smaller;
  return array;
}

static inline _Atomic (gpointer) *
cf_deque_array_entry (CfDequeArray *array,
                      gint64        index)
{
  return &array->entries[index & (array->capacity - 1)];
}

static inline void
cf_deque_init (CfDeque *self)
{
  atomic_init (&self->top, 0);
  atomic_init (&self->bottom, 0);
  atomic_init (&self->array, cf_deque_array_new (CF_DEQUE_INITIAL_CAPACITY, NULL));
}

static inline void
cf_deque_clear (CfDeque *self)
{
  CfDequeArray *array = atomic_load_explicit (&self->array, memory_order_relaxed);

  while (array != NULL)
    {
      CfDequeArray *smaller = array->smaller;

      g_free (array);
      array = smaller;
    }
}

/* Any thread; true for the moment in which it looks. */
static inline gboolean
cf_deque_is_empty (CfDeque *self)
{
  gint64 top = atomic_load_explicit (&self->top, memory_order_seq_cst);
  gint64 bottom = atomic_load_explicit (&self->bottom, memory_order_seq_cst);

  return top >= bottom;
}

/* The positions of the first entry and of the one that will be pushed next; they only grow, but for a pop. */
static inline gint64
cf_deque_get_top (CfDeque *self)
{
  return atomic_load_explicit (&self->top, memory_order_relaxed);
}

static inline gint64
cf_deque_get_bottom (CfDeque *self)
{
  return atomic_load_explicit (&self->bottom, memory_order_relaxed);
}

/* Any thread: the entry at a position, or NULL if there is none. Another thread may take it at any time. */
static inline gpointer
cf_deque_peek (CfDeque *self,
               gint64   position)
{
  CfDequeArray *array;

  if (position < atomic_load_explicit (&self->top, memory_order_seq_cst) ||
      position >= atomic_load_explicit (&self->bottom, memory_order_seq_cst))
    return NULL;

  array = atomic_load_explicit (&self->array, memory_order_acquire);
  return atomic_load_explicit (cf_deque_array_entry (array, position), memory_order_relaxed);
}

/* The owner only. */
static inline void
cf_deque_push (CfDeque  *self,
               gpointer  entry)
{
  gint64 bottom = atomic_load_explicit (&self->bottom, memory_order_relaxed);
  gint64 top = atomic_load_explicit (&self->top, memory_order_acquire);
  CfDequeArray *array = atomic_load_explicit (&self->array, memory_order_relaxed);

  if (bottom - top >= array->capacity)
    {
      CfDequeArray *larger = cf_deque_array_new (array->capacity * 2, array);

      for (gint64 i = top; i < bottom; i++)
        atomic_store_explicit (cf_deque_array_entry (larger, i),
                               atomic_load_explicit (cf_deque_array_entry (array, i), memory_order_relaxed),
                               memory_order_relaxed);

      atomic_store_explicit (&self->array, larger, memory_order_release);
      array = larger;
    }

  atomic_store_explicit (cf_deque_array_entry (array, bottom), entry, memory_order_relaxed);
  atomic_store_explicit (&self->bottom, bottom + 1, memory_order_seq_cst);
}

/* The owner only: the entry that was pushed last, or NULL. */
static inline gpointer
cf_deque_pop (CfDeque *self)
{
  gint64 bottom = atomic_load_explicit (&self->bottom, memory_order_relaxed) - 1;
  CfDequeArray *array = atomic_load_explicit (&self->array, memory_order_relaxed);
  gpointer entry = NULL;
  gint64 top;

  atomic_store_explicit (&self->bottom, bottom, memory_order_seq_cst);
  top = atomic_load_explicit (&self->top, memory_order_seq_cst);

  if (top < bottom)
    return atomic_load_explicit (cf_deque_array_entry (array, bottom), memory_order_relaxed);

  if (top == bottom)
    {
      entry = atomic_load_explicit (cf_deque_array_entry (array, bottom), memory_order_relaxed);
      if (!atomic_compare_exchange_strong_explicit (&self->top, &top, top + 1,
                                                    memory_order_seq_cst, memory_order_relaxed))
        entry = NULL;
    }

  atomic_store_explicit (&self->bottom, bottom + 1, memory_order_relaxed);
  return entry;
}

/* Any thread: the entry that was pushed first, or NULL if there is none. */
static inline gpointer
cf_deque_steal (CfDeque *self)
{
  while (TRUE)
    {
      gint64 top = atomic_load_explicit (&self->top, memory_order_seq_cst);
      gint64 bottom = atomic_load_explicit (&self->bottom, memory_order_seq_cst);
      CfDequeArray *array;
      gpointer entry;

      if (top >= bottom)
        return NULL;

      array = atomic_load_explicit (&self->array, memory_order_acquire);
      entry = atomic_load_explicit (cf_deque_array_entry (array, top), memory_order_relaxed);
      if (atomic_compare_exchange_strong_explicit (&self->top, &top, top + 1,
                                                   memory_order_seq_cst, memory_order_relaxed))
        return entry;
    }
}
