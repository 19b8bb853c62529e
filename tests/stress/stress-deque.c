/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The work-stealing deque, by itself: one owner pushes and pops, thieves steal, and every entry is taken exactly once.
 * The entries are numbers, and the thread that takes one counts it.
 */

#include <glib.h>

#include "threads/cf-deque-private.h"
#include "race.h"
#include "stress-scale.h"

#define N_PER_ROUND 4
#define N_THIEVES 2

typedef struct
{
  CfDeque     deque;
  atomic_uint n_taken[N_PER_ROUND];
} Table;

static void
count (Table    *table,
       gpointer  entry)
{
  if (entry != NULL)
    atomic_fetch_add (&table->n_taken[GPOINTER_TO_UINT (entry) - 1], 1);
}

static void
table_set_up (gpointer scene)
{
  Table *table = scene;
  guint n_pushed = 1 + race_random () % N_PER_ROUND;

  for (guint i = 0; i < N_PER_ROUND; i++)
    atomic_init (&table->n_taken[i], i < n_pushed ? 0 : 1);

  for (guint i = 0; i < n_pushed; i++)
    cf_deque_push (&table->deque, GUINT_TO_POINTER (i + 1));
}

static void
leg_pop (gpointer scene)
{
  Table *table = scene;
  gpointer entry;

  while ((entry = cf_deque_pop (&table->deque)) != NULL)
    count (table, entry);
}

static void
leg_steal (gpointer scene)
{
  Table *table = scene;
  gpointer entry;

  while ((entry = cf_deque_steal (&table->deque)) != NULL)
    count (table, entry);
}

static void
check_each_once (gpointer scene)
{
  Table *table = scene;

  g_assert_true (cf_deque_is_empty (&table->deque));
  for (guint i = 0; i < N_PER_ROUND; i++)
    g_assert_cmpuint (atomic_load (&table->n_taken[i]), ==, 1);
}

/* A few entries at a time, so that owner and thieves often want the last one. */
static void
test_last_entry (void)
{
  const Race race = { table_set_up, { leg_pop, leg_steal }, check_each_once };
  Table table = { 0 };

  cf_deque_init (&table.deque);
  race_run (&race, &table, stress_scale (500000));
  cf_deque_clear (&table.deque);
}

static void
test_last_entry_and_two_thieves (void)
{
  const Race race = { table_set_up, { leg_pop, leg_steal, leg_steal }, check_each_once };
  Table table = { 0 };

  cf_deque_init (&table.deque);
  race_run (&race, &table, stress_scale (50000));
  cf_deque_clear (&table.deque);
}

/* Many entries, pushed and popped in turns, while the array grows under the thieves. */

typedef struct
{
  CfDeque      deque;
  guint        n_entries;
  atomic_uint *n_taken;
  atomic_bool  is_over;
} Feast;

static void
feast_count (Feast    *feast,
             gpointer  entry)
{
  if (entry != NULL)
    atomic_fetch_add_explicit (&feast->n_taken[GPOINTER_TO_UINT (entry) - 1], 1, memory_order_relaxed);
}

static gpointer
steal_until_over (gpointer data)
{
  Feast *feast = data;

  while (!atomic_load (&feast->is_over))
    feast_count (feast, cf_deque_steal (&feast->deque));

  return NULL;
}

static void
test_growth (void)
{
  guint n_entries = stress_scale (2000000);
  Feast feast = { .n_entries = n_entries, .n_taken = g_new0 (atomic_uint, n_entries) };
  GThread *thieves[N_THIEVES];
  guint n_pushed = 0;
  gpointer entry;

  cf_deque_init (&feast.deque);
  for (guint i = 0; i < N_THIEVES; i++)
    thieves[i] = g_thread_new ("thief", steal_until_over, &feast);

  while (n_pushed < n_entries)
    {
      guint n_more = race_random () % 400;
      guint n_back = race_random () % 300;

      for (guint i = 0; i < n_more && n_pushed < n_entries; i++)
        cf_deque_push (&feast.deque, GUINT_TO_POINTER (++n_pushed));
      for (guint i = 0; i < n_back; i++)
        feast_count (&feast, cf_deque_pop (&feast.deque));
    }

  while ((entry = cf_deque_pop (&feast.deque)) != NULL)
    feast_count (&feast, entry);

  atomic_store (&feast.is_over, TRUE);
  for (guint i = 0; i < N_THIEVES; i++)
    g_thread_join (thieves[i]);

  for (guint i = 0; i < n_entries; i++)
    g_assert_cmpuint (atomic_load (&feast.n_taken[i]), ==, 1);

  cf_deque_clear (&feast.deque);
  g_free (feast.n_taken);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/deque/last-entry", test_last_entry);
  g_test_add_func ("/stress/deque/last-entry-and-two-thieves", test_last_entry_and_two_thieves);
  g_test_add_func ("/stress/deque/growth", test_growth);

  return g_test_run ();
}
