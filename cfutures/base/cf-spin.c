/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Spinning: waiting without sleeping, for what is likely to come at once.
 *
 * How long to spin adapts to what waits turn out to take, in the manner of Linux's halt polling
 * (Documentation/virt/kvm/halt-polling.rst): as waking a sleeping thread costs some 20 µs, a wait that
 * ends within about that time is better spent spinning, and a longer one is not. Where the process has
 * one CPU nobody spins, because the thread that ends the wait needs it.
 *
 * Each thread has a spinner of its own, which no other thread touches. */

#include "config.h"

#include "base/cf-spin-private.h"

#include <sched.h>

#include "base/cf-cpu-count-private.h"

#define START_USEC          50
#define MAX_USEC            100
#define GROW_MIN_USEC       8
#define ROUNDS_BEFORE_CLOCK 16
#define ROUNDS_BEFORE_YIELD 32

typedef struct
{
  gboolean initialized;
  gboolean may_spin;
  guint    spin_usec;     /* how long a wait is worth spinning for */
  gint64   wait_begin;    /* when the last cf_spin_until() began */
} Spinner;

static _Thread_local Spinner thread_spinner;

static Spinner *
get_spinner (void)
{
  Spinner *self = &thread_spinner;

  if (G_UNLIKELY (!self->initialized))
    {
      self->initialized = TRUE;
      self->may_spin = cf_cpu_count_cached () > 1;
      self->spin_usec = self->may_spin ? START_USEC : 0;
    }

  return self;
}

/* One round. Where there are more threads than CPUs, the one that is waited for may be waiting for this one's. */
static void
spin_once (guint round)
{
  if (round % ROUNDS_BEFORE_YIELD == 0)
    sched_yield ();
  else
    cf_spin_relax ();
}

/**
 * cf_spin_until:
 * @condition: what to wait for
 * @data: passed to @condition
 *
 * Spins until @condition holds, for as long as waits of this thread have been found to be worth it.
 *
 * Returns: whether @condition holds
 */
gboolean
cf_spin_until (CfCondition condition,
               gpointer    data)
{
  Spinner *self = get_spinner ();
  gint64 now = g_get_monotonic_time ();
  gint64 end = now + self->spin_usec;

  self->wait_begin = now;

  for (guint round = 1; !condition (data); round++)
    {
      if (round % ROUNDS_BEFORE_CLOCK == 0 && g_get_monotonic_time () >= end)
        return FALSE;

      spin_once (round);
    }

  return TRUE;
}

/**
 * cf_spin_learn:
 *
 * Notes that a wait that began with cf_spin_until() is over: the thread spins longer next time if that would have
 * been enough, else shorter.
 */
void
cf_spin_learn (void)
{
  Spinner *self = get_spinner ();
  gint64 usec = g_get_monotonic_time () - self->wait_begin;

  if (!self->may_spin || usec <= self->spin_usec)
    return;

  if (usec < 2 * MAX_USEC)
    self->spin_usec = CLAMP (self->spin_usec * 2, GROW_MIN_USEC, MAX_USEC);
  else
    self->spin_usec /= 2;
}

/**
 * cf_spin_for:
 * @usec: for how long
 *
 * Spins although there is nothing to wait for, so that another thread gets to do something first. Does nothing where
 * the other thread would need this one's CPU.
 */
void
cf_spin_for (gint64 usec)
{
  gint64 end = g_get_monotonic_time () + usec;

  if (!get_spinner ()->may_spin)
    return;

  for (guint round = 1; g_get_monotonic_time () < end; round++)
    spin_once (round);
}

/**
 * cf_spin_backoff:
 * @round: how many attempts there were before
 *
 * Waits a little for a lock that is held for some instructions only. The holder may have lost its processor: after a
 * while it is given one, and in the end (a real-time thread that waits for an ordinary one) the time to use it.
 */
void
cf_spin_backoff (guint round)
{
  if (round < 64)
    cf_spin_relax ();
  else if (round < 1024)
    sched_yield ();
  else
    g_usleep (50);
}
