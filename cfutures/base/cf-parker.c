/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parking: how a thread sleeps until another one wakes it.
 *
 * Every thread has one parker, which holds one token. Parking takes the token, or sleeps until somebody
 * hands it over; unparking hands it over, whether or not the thread sleeps yet. So nothing is lost between
 * looking at a condition and going to sleep, provided that the thread that makes the condition true does so before
 * it unparks. A token may be left from an earlier wait: parking may return for no reason, and callers
 * always look at their condition again.
 *
 *      waiting thread                       waking thread
 *      while (!condition)                   condition = true
 *        park: EMPTY → PARKED, sleep        unpark: → NOTIFIED, wake if it was PARKED
 *              NOTIFIED → EMPTY
 *
 * A parker lives as long as its thread. A thread that may unpark it must be kept out before the thread goes on:
 * observers are unlinked under the lock that their firing holds. */

#include "config.h"

#include "base/cf-parker-private.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "base/cf-futex-private.h"

enum
{
  EMPTY,
  PARKED,
  NOTIFIED,
};

struct _CfParker
{
  _Atomic guint32 token;
};

static _Thread_local CfParker thread_parker;

/**
 * cf_parker_get:
 *
 * Returns: the calling thread's parker
 */
CfParker *
cf_parker_get (void)
{
  return &thread_parker;
}

/* Returns FALSE if the deadline passed. */
static gboolean
sleep_while_parked (CfParker *self,
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
    in_time = sleep_while_parked (self, deadline);

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
    cf_futex (&self->token, FUTEX_WAKE_PRIVATE, 1, NULL);
}
