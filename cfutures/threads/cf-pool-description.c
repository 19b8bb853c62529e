/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looking at the threads of a pool and at its queues, from any thread, while they go on.
 *
 * Each thread has a stack of the calls that it is in the middle of, which it changes without a lock, and a deque. To look
 * at them costs the one who looks, not the threads: these have no barrier for it, and no lock.
 *
 *      a thread                                   who looks, with the roster's mutex
 *      ────────                                   ──────────────────────────────────
 *      takes a call out of a queue                says that somebody looks
 *      pushes it on its stack, runs it            issues a barrier in all threads (cf-barrier.c)
 *      pops it                                    reads stacks and deques, takes references
 *      does somebody look? waits for the mutex    says that nobody looks
 *      drops the reference
 *
 * **No future is freed while somebody looks at it.** The barrier falls into each thread either before it looks whether
 * somebody does: then it waits before it frees anything, be it the future or, by going on, the frame of its stack. Or
 * after that: then the thread had taken the call out of its deque, or popped it, before the barrier, so that who reads
 * after it does not find the call there. Where the system has no such barrier threads have a fence each.
 *
 * An entry of a deque is read after its position was found to be in use: at that moment its future was still to be let go,
 * and so was that of a later entry in the same position.
 *
 * Calls that a thread is just moving from one place to another are not seen. */

#include "config.h"

#include "threads/cf-pool-description-private.h"

#include "executors/cf-description-private.h"

typedef struct
{
  char        name[16];
  int         id;
  const char *state;
  GArray     *calls;
} ThreadNote;

/* What was seen. */
typedef struct
{
  GArray    *threads;     /* ThreadNote */
  GPtrArray *waiting;     /* references to futures */
} Sight;

static void
clear_note (gpointer data)
{
  g_array_unref (((ThreadNote *) data)->calls);
}

static const char *
get_state (CfThreadRoster *roster,
           CfPoolThread   *thread,
           gboolean        has_calls)
{
  if (thread->is_idle)
    return "idle";
  if (cf_thread_roster_is_blocked (roster, thread))
    return "blocked";

  return has_calls ? "running" : "searching";
}

static void
look_at_thread (CfThreadRoster *roster,
                CfPoolThread   *thread,
                Sight          *sight)
{
  ThreadNote note = { .calls = cf_described_calls_new () };
  CfPoolRun *innermost = atomic_load_explicit (&thread->innermost, memory_order_acquire);

  for (CfPoolRun *run = innermost; run != NULL; run = run->outer)
    cf_described_calls_add (note.calls, run->future, cf_stamp_of (run->since));

  memcpy (note.name, thread->name, sizeof (note.name));
  note.id = atomic_load_explicit (&thread->id, memory_order_relaxed);
  note.state = get_state (roster, thread, note.calls->len > 0);
  g_array_append_val (sight->threads, note);
}

static void
look_at_deque (CfDeque   *deque,
               GPtrArray *waiting)
{
  gint64 top = cf_deque_get_top (deque);
  gint64 bottom = cf_deque_get_bottom (deque);

  for (gint64 i = top; i < bottom && waiting->len < CF_DESCRIPTION_MAX_WAITING; i++)
    {
      CfFuture *future = cf_deque_peek (deque, i);

      if (future != NULL)
        g_ptr_array_add (waiting, g_object_ref (future));
    }
}

/* With the roster's mutex held. */
static void
look (CfThreadRoster *roster,
      gpointer        data)
{
  guint n_made = cf_thread_roster_get_n_made (roster);

  for (guint i = 0; i < n_made; i++)
    {
      CfPoolThread *thread = roster->threads[i];

      if (!thread->has_exited)
        look_at_thread (roster, thread, data);
      look_at_deque (&thread->deque, ((Sight *) data)->waiting);
    }
}

static GVariant *
describe_thread (const ThreadNote *note)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", note->name);
  if (note->id > 0)
    g_variant_dict_insert (&dict, "thread", "i", note->id);
  g_variant_dict_insert (&dict, "state", "s", note->state);
  g_variant_dict_insert_value (&dict, "calls", cf_described_calls_to_list (note->calls));

  return g_variant_dict_end (&dict);
}

static GVariant *
describe_threads (const GArray *notes)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < notes->len; i++)
    g_variant_builder_add_value (&builder, describe_thread (&g_array_index (notes, ThreadNote, i)));

  return g_variant_builder_end (&builder);
}

/* Queues have calls that are over, too, until somebody comes by. */
static GVariant *
describe_waiting (const GPtrArray *futures)
{
  g_autoptr(GArray) calls = cf_described_calls_new ();

  for (guint i = 0; i < futures->len; i++)
    {
      CfFuture *future = g_ptr_array_index (futures, i);

      if (cf_future_get_state (future) == CF_FUTURE_STATE_PENDING)
        cf_described_calls_add (calls, future, CF_STAMP_UNKNOWN);
    }

  return cf_described_calls_to_list (calls);
}

static void
let_go (gpointer future)
{
  CF_TSAN_RELEASE (future);
  g_object_unref (future);
}

/**
 * cf_pool_describe:
 * @pool: a pool
 * @description: what is described so far
 *
 * Adds the threads and what waits. Any thread.
 */
void
cf_pool_describe (CfThreadPool *pool,
                  GVariantDict *description)
{
  g_autoptr(GArray) threads = g_array_new (FALSE, FALSE, sizeof (ThreadNote));
  g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func (let_go);
  Sight sight = { threads, waiting };

  g_array_set_clear_func (threads, clear_note);
  cf_thread_roster_look (&pool->roster, look, &sight);
  cf_shared_queue_list (&pool->queue, CF_DESCRIPTION_MAX_WAITING, waiting);

  if (cf_thread_pool_is_broken (pool))
    g_variant_dict_insert (description, "state", "s", "broken");
  g_variant_dict_insert (description, "thread-name-prefix", "s", pool->config.thread_name_prefix);
  g_variant_dict_insert (description, "max-substitutes", "u", pool->config.max_substitutes);
  g_variant_dict_insert_value (description, "workers", describe_threads (threads));
  g_variant_dict_insert_value (description, "waiting", describe_waiting (waiting));
}
