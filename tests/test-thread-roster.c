/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of a pool's threads end, and who can make a call if no thread is free. This is a private part of the library: what a
 * user sees of it is how many threads a pool has, a second after calls no longer block, and that no call is left lying. */

#include "gates.h"
#include "threads/cf-thread-roster-private.h"

enum { N_WORKERS = 2, N_THREADS = 4 };

typedef struct
{
  CfThreadRoster roster;
  Gate           idle;      /* opened by each thread that has begun to be idle */
  Gate           end;       /* opened when they are to end */
  atomic_uint    n_users;   /* the test and its threads: one whose place was given away is not joined */
} Fixture;

static Fixture *
fixture_new (void)
{
  Fixture *self = g_new (Fixture, 1);

  *self = (Fixture) { .idle = GATE_INIT, .end = GATE_INIT, .n_users = 1 };
  cf_thread_roster_init (&self->roster, N_THREADS);

  return self;
}

static void
fixture_unref (Fixture *self)
{
  if (atomic_fetch_sub (&self->n_users, 1) == 1)
    g_free (self);
}

/* The threads belong to no pool: this is what they are given in place of theirs. */
static Fixture *
fixture_of (CfPoolThread *thread)
{
  return (Fixture *) thread->pool;
}

static gpointer
be_idle (gpointer thread)
{
  Fixture *fixture = fixture_of (thread);

  cf_thread_roster_begin_idle (&fixture->roster, thread);
  gate_open (&fixture->idle);
  gate_wait (&fixture->end);
  fixture_unref (fixture);

  return NULL;
}

static gboolean
is_over (gpointer data)
{
  return TRUE;
}

static CfIdleState
check_idle (Fixture  *fixture,
            guint     nth,
            gboolean  wants_to_end)
{
  return cf_thread_roster_check_idle (&fixture->roster, fixture->roster.threads[nth], wants_to_end, TRUE, N_WORKERS);
}

static gboolean
start (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  gboolean has_started;

  atomic_fetch_add (&fixture->n_users, 1);
  has_started = cf_thread_roster_start (&fixture->roster, (CfThreadPool *) fixture, "roster", be_idle, &error);
  g_assert_no_error (error);
  if (!has_started)
    fixture_unref (fixture);

  return has_started;
}

static Fixture *
start_all (void)
{
  Fixture *fixture = fixture_new ();

  for (guint i = 0; i < N_THREADS; i++)
    g_assert_true (start (fixture));
  gate_wait_for (&fixture->idle, N_THREADS);

  return fixture;
}

static void
clear (Fixture *fixture)
{
  gate_open (&fixture->end);
  cf_thread_roster_join (&fixture->roster, is_over, NULL);
  cf_thread_roster_clear (&fixture->roster);
  fixture_unref (fixture);
}

/* A thread that was told to end takes a while for it; the others must not count it as one too many meanwhile. */
static void
test_surplus_threads_end (void)
{
  Fixture *fixture = start_all ();

  g_assert_cmpint (check_idle (fixture, 0, FALSE), ==, CF_IDLE_OVER);
  g_assert_cmpint (check_idle (fixture, 1, FALSE), ==, CF_IDLE_OVER);
  g_assert_cmpint (check_idle (fixture, 2, FALSE), ==, CF_IDLE_SLEEP);
  g_assert_cmpint (check_idle (fixture, 3, FALSE), ==, CF_IDLE_SLEEP);
  g_assert_cmpuint (cf_thread_roster_get_n_threads (&fixture->roster), ==, N_WORKERS);

  g_assert_cmpint (check_idle (fixture, 2, TRUE), ==, CF_IDLE_OVER);
  g_assert_cmpint (check_idle (fixture, 3, TRUE), ==, CF_IDLE_OVER);
  g_assert_cmpuint (cf_thread_roster_get_n_threads (&fixture->roster), ==, 0);

  clear (fixture);
}

/* A call that comes between must find a thread that sleeps or a place for one, or nobody would make it. */
static void
test_thread_that_ends_leaves_its_place_at_once (void)
{
  Fixture *fixture = start_all ();

  g_assert_false (start (fixture));

  g_assert_cmpint (check_idle (fixture, 0, TRUE), ==, CF_IDLE_OVER);
  g_assert_true (start (fixture));
  g_assert_false (start (fixture));
  gate_wait_for (&fixture->idle, N_THREADS + 1);

  for (guint i = 0; i < N_THREADS; i++)
    g_assert_cmpint (check_idle (fixture, i, TRUE), ==, CF_IDLE_OVER);

  clear (fixture);
}

/* One that could neither wake nor start a thread asks again when it has said so. */
static void
test_who_can_help (void)
{
  Fixture *fixture = start_all ();
  CfAwaitedCalls awaited = { NULL };
  CfPoolThread *blocked;

  g_assert_true (cf_thread_roster_can_help (&fixture->roster, FALSE));

  for (guint i = 0; i < N_THREADS; i++)
    g_assert_true (cf_thread_roster_wake_idle (&fixture->roster));
  g_assert_false (cf_thread_roster_can_help (&fixture->roster, TRUE));

  blocked = fixture->roster.threads[0];
  cf_thread_roster_begin_blocking (&fixture->roster, blocked, &awaited, TRUE);
  g_assert_true (cf_thread_roster_can_help (&fixture->roster, FALSE));
  cf_thread_roster_call_back (&fixture->roster, FALSE);
  g_assert_false (cf_thread_roster_can_help (&fixture->roster, FALSE));
  cf_thread_roster_end_blocking (&fixture->roster, blocked);

  for (guint i = 0; i < N_THREADS; i++)
    {
      cf_thread_roster_begin_idle (&fixture->roster, fixture->roster.threads[i]);
      g_assert_cmpint (check_idle (fixture, i, TRUE), ==, CF_IDLE_OVER);
    }
  g_assert_false (cf_thread_roster_can_help (&fixture->roster, FALSE));
  g_assert_true (cf_thread_roster_can_help (&fixture->roster, TRUE));

  clear (fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/thread-roster/surplus-threads-end", test_surplus_threads_end);
  g_test_add_func ("/thread-roster/thread-that-ends-leaves-its-place-at-once",
                   test_thread_that_ends_leaves_its_place_at_once);
  g_test_add_func ("/thread-roster/who-can-help", test_who_can_help);

  return g_test_run ();
}
