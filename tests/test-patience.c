/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a worker is waited for, in time that counts. */

#include "config.h"

#include "processes/cf-patience-private.h"

#define PORTION CF_PATIENCE_PORTION_USEC

static void
test_spent (void)
{
  CfPatience patience;
  gint64 now = 1000;

  cf_patience_begin (&patience, 3 * PORTION, now);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_false (cf_patience_is_over (&patience));
      g_assert_cmpint (cf_patience_get_next (&patience), ==, now + PORTION);
      now += PORTION;
      cf_patience_spend (&patience, 0, now);
    }
  g_assert_true (cf_patience_is_over (&patience));
}

static void
test_short (void)
{
  CfPatience patience;

  cf_patience_begin (&patience, 20, 1000);
  g_assert_cmpint (cf_patience_get_next (&patience), ==, 1020);
  cf_patience_spend (&patience, 0, 1030);
  g_assert_true (cf_patience_is_over (&patience));
}

static void
test_excused (void)
{
  CfPatience patience;

  cf_patience_begin (&patience, PORTION, 0);
  cf_patience_spend (&patience, PORTION - 1, PORTION);
  g_assert_cmpint (patience.left_usec, ==, PORTION - 1);
  cf_patience_spend (&patience, G_MAXINT32, 2 * PORTION - 1);
  g_assert_cmpint (patience.left_usec, ==, PORTION - 1);
}

/* The program was stopped, and goes on: that time does not count, and what comes then does. */
static void
test_stopped (void)
{
  CfPatience patience;

  cf_patience_begin (&patience, 2 * PORTION, 0);
  cf_patience_spend (&patience, 0, 100 * PORTION);
  g_assert_cmpint (patience.left_usec, ==, 2 * PORTION);
  cf_patience_spend (&patience, 0, 101 * PORTION);
  g_assert_cmpint (patience.left_usec, ==, PORTION);
}

static void
test_endless (void)
{
  CfPatience patience;

  cf_patience_begin (&patience, -1, 0);
  g_assert_cmpint (cf_patience_get_next (&patience), ==, -1);
  cf_patience_spend (&patience, 0, PORTION);
  g_assert_false (cf_patience_is_over (&patience));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/patience/is-spent-in-portions", test_spent);
  g_test_add_func ("/patience/short-one-is-over-when-it-says", test_short);
  g_test_add_func ("/patience/excuses-work", test_excused);
  g_test_add_func ("/patience/does-not-count-time-in-which-nobody-came", test_stopped);
  g_test_add_func ("/patience/endless-one-is-never-over", test_endless);

  return g_test_run ();
}
