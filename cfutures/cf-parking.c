/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting: spin briefly, then park.
 *
 * Every thread has one parker, which holds one token. Parking takes the token, or sleeps until somebody
 * hands it over; unparking hands it over, whether or not the thread sleeps yet. So nothing is lost between
 * looking at a condition and going to sleep, provided that whoever makes the condition true does so before
 * it unparks. A token may be left from an earlier wait: parking may return for no reason, and callers
 * always look at their condition again.
 *
 *      waiting thread                       waking thread
 *      while (!condition)                   condition = true
 *        park: EMPTY → PARKED, sleep        unpark: → NOTIFIED, wake if it was PARKED
 *              NOTIFIED → EMPTY
 *
 * A parker lives as long as its thread. Whoever may unpark it must be kept out before the thread goes on:
 * observers are unlinked under the lock that their firing holds.
 *
 * How long to spin adapts to what waits turn out to take, in the manner of Linux's halt polling
 * (Documentation/virt/kvm/halt-polling.rst): as waking a sleeping thread costs some 20 µs, a wait that
 * ends within about that time is better spent spinning, and a longer one is not. Where the process has
 * one CPU nobody spins, because whoever should end the wait needs it. */

#include "config.h"

#include "cf-parking-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "cf-cpu-count-private.h"
#include "cf-error.h"
#if CF_USE_FUTEX
#include "cf-futex-private.h"
#endif
#include "cf-sanitizer-private.h"

#define SPIN_START_USEC   50
#define SPIN_MAX_USEC     100
#define SPIN_GROW_MIN     8
#define SPINS_BEFORE_CLOCK 16
#define SPINS_BEFORE_YIELD 32

enum
{
  EMPTY,
  PARKED,
  NOTIFIED,
};

struct _CfParker
{
  _Atomic guint32 token;
  guint           spin_usec;
  gint64          wait_begin;
  gboolean        initialized;
  gboolean        may_spin;
#if !CF_USE_FUTEX
  GMutex          mutex;
  GCond           cond;
#endif
};

static _Thread_local CfParker thread_parker;
static _Thread_local CfBlockingHooks *thread_hooks;

/**
 * cf_blocking_set_hooks:
 * @hooks: (nullable): the hooks
 *
 * Sets what this thread calls when it blocks on a future.
 */
void
cf_blocking_set_hooks (CfBlockingHooks *hooks)
{
  thread_hooks = hooks;
}

CfBlockingHooks *
cf_blocking_get_hooks (void)
{
  return thread_hooks;
}

/**
 * cf_deadline_from:
 * @begin: a monotonic time
 * @timeout_usec: a time span, or -1
 *
 * Returns: the monotonic time at which it is over, or -1 for never
 */
gint64
cf_deadline_from (gint64 begin,
                  gint64 timeout_usec)
{
  return timeout_usec >= 0 && timeout_usec < G_MAXINT64 - begin ? begin + timeout_usec : -1;
}

gint64
cf_deadline_after (gint64 timeout_usec)
{
  return timeout_usec >= 0 ? cf_deadline_from (g_get_monotonic_time (), timeout_usec) : -1;
}

/* The parker. */

/**
 * cf_parker_get:
 *
 * Returns: the calling thread's parker
 */
CfParker *
cf_parker_get (void)
{
  CfParker *self = &thread_parker;

  if (G_UNLIKELY (!self->initialized))
    {
      self->initialized = TRUE;
      self->may_spin = cf_cpu_count_cached () > 1;
      self->spin_usec = self->may_spin ? SPIN_START_USEC : 0;
    }

  return self;
}

#if CF_USE_FUTEX

static gboolean
parker_sleep (CfParker *self,
              gint64    deadline)
{
  struct timespec when;

  if (deadline < 0)
    {
      cf_futex (&self->token, FUTEX_WAIT_BITSET_PRIVATE, PARKED, NULL);
      return TRUE;
    }

  when.tv_sec = deadline / G_USEC_PER_SEC;
  when.tv_nsec = (deadline % G_USEC_PER_SEC) * 1000;
  return cf_futex (&self->token, FUTEX_WAIT_BITSET_PRIVATE, PARKED, &when) == 0 || errno != ETIMEDOUT;
}

static void
parker_wake (CfParker *self)
{
  cf_futex (&self->token, FUTEX_WAKE_PRIVATE, 1, NULL);
}

#else

static gboolean
parker_sleep (CfParker *self,
              gint64    deadline)
{
  gboolean in_time = TRUE;

  g_mutex_lock (&self->mutex);
  while (in_time && atomic_load_explicit (&self->token, memory_order_relaxed) == PARKED)
    {
      if (deadline < 0)
        g_cond_wait (&self->cond, &self->mutex);
      else
        in_time = g_cond_wait_until (&self->cond, &self->mutex, deadline);
    }
  g_mutex_unlock (&self->mutex);

  return in_time;
}

static void
parker_wake (CfParker *self)
{
  g_mutex_lock (&self->mutex);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

#endif

/**
 * cf_parker_park:
 * @self: this thread's parker
 * @deadline: a monotonic time, or -1
 *
 * Sleeps until the thread is unparked, or @deadline; now and then for no reason at all it returns early.
 *
 * Returns: %FALSE if @deadline passed
 */
gboolean
cf_parker_park (CfParker *self,
                gint64    deadline)
{
  guint32 token = EMPTY;
  gboolean in_time = TRUE;

  if (atomic_compare_exchange_strong_explicit (&self->token, &token, PARKED,
                                               memory_order_acquire, memory_order_acquire))
    in_time = parker_sleep (self, deadline);

  /* Pairs with the release in cf_parker_unpark(): what was done before it is visible now. */
  atomic_exchange_explicit (&self->token, EMPTY, memory_order_acquire);
  return in_time;
}

/**
 * cf_parker_unpark:
 * @self: any thread's parker
 *
 * Ends the thread's sleep, or the next one that it begins. No user code runs.
 */
void
cf_parker_unpark (CfParker *self)
{
  if (atomic_exchange_explicit (&self->token, NOTIFIED, memory_order_release) == PARKED)
    parker_wake (self);
}

/* Spinning. */

void
cf_lock_backoff (guint round)
{
  if (round < 64)
    cf_cpu_relax ();
  else if (round < 1024)
    sched_yield ();
  else
    g_usleep (50);
}

/**
 * cf_parker_learn:
 * @self: this thread's parker
 *
 * A wait that began with cf_wait_spin() is over: spins longer next time if that would have been enough, else
 * shorter.
 */
void
cf_parker_learn (CfParker *self)
{
  gint64 usec = g_get_monotonic_time () - self->wait_begin;

  if (!self->may_spin || usec <= self->spin_usec)
    return;

  if (usec < 2 * SPIN_MAX_USEC)
    self->spin_usec = CLAMP (self->spin_usec * 2, SPIN_GROW_MIN, SPIN_MAX_USEC);
  else
    self->spin_usec /= 2;
}

/**
 * cf_wait_spin:
 * @condition: what to wait for
 * @data: passed to @condition
 *
 * Spins until @condition holds, for as long as waits of this thread have been found to be worth it.
 *
 * Returns: whether @condition holds
 */
gboolean
cf_wait_spin (CfCondition condition,
              gpointer    data)
{
  CfParker *self = cf_parker_get ();
  gint64 now = g_get_monotonic_time ();
  gint64 end = now + self->spin_usec;

  self->wait_begin = now;

  for (guint i = 1; !condition (data); i++)
    {
      if (i % SPINS_BEFORE_CLOCK == 0 && g_get_monotonic_time () >= end)
        return FALSE;

      /* Where there are more threads than CPUs, the one that is waited for may be waiting for this one's. */
      if (i % SPINS_BEFORE_YIELD == 0)
        sched_yield ();
      else
        cf_cpu_relax ();
    }

  return TRUE;
}

/**
 * cf_wait_linger:
 * @usec: for how long
 *
 * Spins although there is nothing to wait for, so that another thread gets to do something first. Does nothing where
 * the other thread would need this one's CPU.
 */
void
cf_wait_linger (gint64 usec)
{
  gint64 end = g_get_monotonic_time () + usec;

  if (!cf_parker_get ()->may_spin)
    return;

  for (guint i = 1; g_get_monotonic_time () < end; i++)
    {
      if (i % SPINS_BEFORE_YIELD == 0)
        sched_yield ();
      else
        cf_cpu_relax ();
    }
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer      parker)
{
  cf_parker_unpark (parker);
}

/**
 * cf_wait_park:
 * @condition: what cf_wait_spin() has waited for in vain; whoever makes it true unparks this thread's parker afterwards
 * @data: passed to @condition
 * @deadline: a monotonic time, or -1
 * @cancellable: (nullable): ends the wait early
 *
 * Sleeps until @condition holds. If the thread belongs to a pool, the pool is told.
 *
 * Returns: why it returned; @condition takes precedence
 */
CfWaitOutcome
cf_wait_park (CfCondition   condition,
              gpointer      data,
              gint64        deadline,
              GCancellable *cancellable)
{
  CfParker *self = cf_parker_get ();
  CfWaitOutcome outcome = CF_WAIT_DONE;
  gulong handler = 0;

  if (thread_hooks != NULL)
    thread_hooks->begin_blocking (thread_hooks);
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);

  while (!condition (data))
    {
      if (g_cancellable_is_cancelled (cancellable))
        outcome = CF_WAIT_CANCELLED;
      else if (!cf_parker_park (self, deadline) && !condition (data))
        outcome = CF_WAIT_TIMED_OUT;

      if (outcome != CF_WAIT_DONE)
        break;
    }

  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
  if (thread_hooks != NULL)
    thread_hooks->end_blocking (thread_hooks);

  cf_parker_learn (self);
  return outcome;
}

/**
 * cf_wait_outcome_to_error:
 * @outcome: how a wait ended
 * @what: what was waited for, for the message, to be translated
 * @error: return location
 *
 * Returns: %TRUE if the wait was successful, or %FALSE with @error set
 */
gboolean
cf_wait_outcome_to_error (CfWaitOutcome   outcome,
                          const char     *what,
                          GError        **error)
{
  switch (outcome)
    {
    case CF_WAIT_DONE:
      return TRUE;

    case CF_WAIT_CANCELLED:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("The wait was cancelled"));
      return FALSE;

    case CF_WAIT_TIMED_OUT:
      g_set_error (error, CF_ERROR, CF_ERROR_TIMED_OUT, _("The time allowed for %s is over"), _(what));
      return FALSE;

    default:
      g_assert_not_reached ();
    }
}
