/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See race.h. The calling thread owns the round number. A leg's thread waits for it to change, reports that it stands
 * at the line, waits for the start, runs its leg, and adds itself to the number of those that have ended. Without the
 * line a leg that has to come back from the kernel first would never win. A round number of zero sends the threads
 * home.
 */

#include "race.h"

#define SPINS_BEFORE_YIELD 2000
#define MAX_LEG_DELAY 2048

typedef struct
{
  gpointer    scene;
  atomic_uint round;
  atomic_uint n_at_line;
  atomic_uint n_started;
  atomic_uint n_ended;
} Course;

typedef struct
{
  Course  *course;
  RaceFunc leg;
} Runner;

/* Waits, without the help of the library under test, until @counter is no longer @value. */
static guint
await_change (atomic_uint *counter,
              guint        value)
{
  guint now;
  guint spins = 0;

  while ((now = atomic_load_explicit (counter, memory_order_acquire)) == value)
    {
      if (++spins > SPINS_BEFORE_YIELD)
        g_thread_yield ();
    }

  return now;
}

static gpointer
run_leg (gpointer data)
{
  Runner *runner = data;
  Course *course = runner->course;
  g_autoptr (GMainContext) context = g_main_context_new ();
  guint round = G_MAXUINT;

  g_main_context_push_thread_default (context);

  while ((round = await_change (&course->round, round)) != 0)
    {
      atomic_fetch_add_explicit (&course->n_at_line, 1, memory_order_release);
      await_change (&course->n_started, round - 1);
      race_delay (MAX_LEG_DELAY);
      runner->leg (course->scene);
      atomic_fetch_add_explicit (&course->n_ended, 1, memory_order_release);
    }

  g_main_context_pop_thread_default (context);

  return NULL;
}

/* Does @n_rounds rounds of @race, which all share @scene. */
void
race_run (const Race *race,
          gpointer    scene,
          guint       n_rounds)
{
  Course course = { .scene = scene };
  Runner runners[RACE_MAX_LEGS];
  GThread *threads[RACE_MAX_LEGS];
  guint n_threads = 0;

  atomic_init (&course.round, G_MAXUINT);
  atomic_init (&course.n_at_line, 0);
  atomic_init (&course.n_started, 0);
  atomic_init (&course.n_ended, 0);

  for (guint i = 1; i < RACE_MAX_LEGS && race->legs[i] != NULL; i++)
    {
      runners[n_threads] = (Runner) { .course = &course, .leg = race->legs[i] };
      threads[n_threads] = g_thread_new ("race-leg", run_leg, &runners[n_threads]);
      n_threads++;
    }

  for (guint round = 1; round <= n_rounds; round++)
    {
      race->set_up (scene);

      atomic_store_explicit (&course.n_ended, 0, memory_order_relaxed);
      atomic_store_explicit (&course.n_at_line, 0, memory_order_relaxed);
      atomic_store_explicit (&course.round, round, memory_order_release);
      race_await (&course.n_at_line, n_threads);
      atomic_store_explicit (&course.n_started, round, memory_order_release);

      race_delay (MAX_LEG_DELAY);
      race->legs[0] (scene);
      race_await (&course.n_ended, n_threads);

      race->check (scene);
    }

  atomic_store_explicit (&course.round, 0, memory_order_release);

  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
}

/* Returns: the next number of a sequence that each thread has for itself, cheap enough for the middle of a race */
guint32
race_random (void)
{
  static atomic_uint n_sequences;
  static _Thread_local guint32 state;

  if (state == 0)
    state = 2463534242u + 7919u * atomic_fetch_add_explicit (&n_sequences, 1, memory_order_relaxed);

  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;

  return state;
}

/* Spins for a random number of turns below @limit, short ones being likelier than long ones. */
void
race_delay (guint limit)
{
  guint turns = race_random () % (1 + race_random () % limit);

  for (guint i = 0; i < turns; i++)
    atomic_signal_fence (memory_order_seq_cst);
}

/* Computes for a random time of up to @max_usec microseconds, each being as likely as another. */
void
race_linger (guint max_usec)
{
  gint64 end = g_get_monotonic_time () + race_random () % (max_usec + 1);

  while (g_get_monotonic_time () < end)
    race_delay (100);
}

/* Waits, without the help of the library under test, until @counter is @at_least so much. */
void
race_await (atomic_uint *counter,
            guint        at_least)
{
  guint spins = 0;

  while (atomic_load_explicit (counter, memory_order_acquire) < at_least)
    {
      if (++spins > SPINS_BEFORE_YIELD)
        g_thread_yield ();
    }
}
