/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parking, by itself: what waits are built on, without the spinning that comes before them and hides the moment
 * between looking at a condition and going to sleep.
 */

#include <gio/gio.h>

#include "base/cf-blocking-private.h"
#include "base/cf-deadline-private.h"
#include "race.h"
#include "stress-scale.h"

typedef struct
{
  CfParker     *parker;
  GCancellable *cancellable;
  atomic_bool   is_set;
  CfBlockingOutcome outcome;
} Bed;

static gboolean
is_set (gpointer data)
{
  Bed *bed = data;

  return atomic_load_explicit (&bed->is_set, memory_order_acquire);
}

static void
bed_set_up (gpointer scene)
{
  Bed *bed = scene;

  bed->parker = cf_parker_get ();
  bed->cancellable = g_cancellable_new ();
  atomic_init (&bed->is_set, FALSE);
}

static void
leg_park (gpointer scene)
{
  Bed *bed = scene;

  bed->outcome = cf_blocking_wait (is_set, bed, -1, NULL, NULL);
}

static void
leg_unpark (gpointer scene)
{
  Bed *bed = scene;

  atomic_store_explicit (&bed->is_set, TRUE, memory_order_release);
  cf_parker_unpark (bed->parker);
}

static void
check_woken (gpointer scene)
{
  Bed *bed = scene;

  g_assert_cmpint (bed->outcome, ==, CF_BLOCKING_DONE);
  g_clear_object (&bed->cancellable);
}

static void
test_wake (void)
{
  const Race race = { bed_set_up, { leg_park, leg_unpark }, check_woken };
  Bed bed = { 0 };

  race_run (&race, &bed, stress_scale (200000));
}

static void
leg_park_briefly (gpointer scene)
{
  Bed *bed = scene;

  bed->outcome = cf_blocking_wait (is_set, bed, cf_deadline_after (race_random () % 3), NULL, NULL);
}

static void
check_woken_or_timed_out (gpointer scene)
{
  Bed *bed = scene;

  if (bed->outcome != CF_BLOCKING_DONE)
    g_assert_cmpint (bed->outcome, ==, CF_BLOCKING_TIMED_OUT);

  g_clear_object (&bed->cancellable);
}

static void
test_timeout (void)
{
  const Race race = { bed_set_up, { leg_park_briefly, leg_unpark }, check_woken_or_timed_out };
  Bed bed = { 0 };

  race_run (&race, &bed, stress_scale (100000));
}

static void
leg_park_cancellable (gpointer scene)
{
  Bed *bed = scene;

  bed->outcome = cf_blocking_wait (is_set, bed, -1, bed->cancellable, NULL);
}

static void
leg_cancel (gpointer scene)
{
  Bed *bed = scene;

  g_cancellable_cancel (bed->cancellable);
}

static void
check_cancelled (gpointer scene)
{
  Bed *bed = scene;

  g_assert_cmpint (bed->outcome, ==, CF_BLOCKING_CANCELLED);
  g_clear_object (&bed->cancellable);
}

static void
test_cancel (void)
{
  const Race race = { bed_set_up, { leg_park_cancellable, leg_cancel }, check_cancelled };
  Bed bed = { 0 };

  race_run (&race, &bed, stress_scale (50000));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/parking/wake", test_wake);
  g_test_add_func ("/stress/parking/timeout", test_timeout);
  g_test_add_func ("/stress/parking/cancel", test_cancel);

  return g_test_run ();
}
