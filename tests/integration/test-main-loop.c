/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A main loop that stays responsive while completions flood in.
 *
 * 200,000 of them are due, more than a second of callbacks. Next to them the loop has what an application has: a
 * timeout every 16 ms, which draws frames, and an idle source with the priority at which GTK draws. Deliveries
 * are promised to yield after a few milliseconds, to sources of lower priority too. As each callback takes some time on
 * any clock, that limits how many run between two drawings, however busy the machine is; the limit below is wider, and
 * a loop that dispatched everything at once would miss it all the same.
 */

#include <cfutures.h>

#include "../gates.h"

#define N_COMPLETIONS 200000
#define FRAME_MSEC 16
#define MIN_FRAMES 3
#define MAX_CALLED_BETWEEN_DRAWINGS (N_COMPLETIONS / 10)

/* What a callback takes, at least, so that the flood lasts long enough whatever the machine. */
#define CALLBACK_USEC 5

typedef struct
{
  guint n_called;
  guint n_called_before;        /* when something was drawn last */
  guint most_between_drawings;
  guint n_frames;
  guint n_drawn;
} Flood;

static void
on_done (CfFuture *future,
         gpointer  user_data)
{
  Flood *flood = user_data;
  gint64 end = g_get_monotonic_time () + CALLBACK_USEC;

  flood->n_called++;
  while (g_get_monotonic_time () < end)
    continue;
}

static gboolean
on_frame (gpointer user_data)
{
  Flood *flood = user_data;

  if (flood->n_called < N_COMPLETIONS)
    flood->n_frames++;

  return G_SOURCE_CONTINUE;
}

static gboolean
on_draw (gpointer user_data)
{
  Flood *flood = user_data;

  flood->most_between_drawings = MAX (flood->most_between_drawings, flood->n_called - flood->n_called_before);
  flood->n_called_before = flood->n_called;
  if (flood->n_called < N_COMPLETIONS)
    flood->n_drawn++;

  return G_SOURCE_CONTINUE;
}

/* Iterates the loop until all callbacks have run, and judges how the other sources fared. */
static void
endure (Flood *flood)
{
  guint frames = g_timeout_add (FRAME_MSEC, on_frame, flood);
  guint drawing = g_idle_add_full (G_PRIORITY_HIGH_IDLE + 20, on_draw, flood, NULL);

  loop_until (NULL, flood->n_called == N_COMPLETIONS);
  on_draw (flood);

  g_source_remove (frames);
  g_source_remove (drawing);

  g_test_message ("%u frames, drawn %u times, at most %u callbacks in between", flood->n_frames, flood->n_drawn,
                  flood->most_between_drawings);
  g_assert_cmpuint (flood->n_frames, >=, MIN_FRAMES);
  g_assert_cmpuint (flood->n_drawn, >=, MIN_FRAMES);
  g_assert_cmpuint (flood->most_between_drawings, <=, MAX_CALLED_BETWEEN_DRAWINGS);
}

static void
settle (CfFuture *future)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_set_variant (future, NULL, &error));
  g_assert_no_error (error);
}

static GPtrArray *
make_promises (Flood *flood)
{
  GPtrArray *promises = g_ptr_array_new_full (N_COMPLETIONS, g_object_unref);

  for (guint i = 0; i < N_COMPLETIONS; i++)
    {
      CfFuture *promise = cf_future_new ();

      cf_future_add_done_callback (promise, on_done, flood, NULL);
      g_ptr_array_add (promises, promise);
    }

  return promises;
}

static void
test_all_due_at_once (void)
{
  Flood flood = { 0 };
  g_autoptr (GPtrArray) promises = make_promises (&flood);

  for (guint i = 0; i < N_COMPLETIONS; i++)
    settle (g_ptr_array_index (promises, i));

  g_assert_cmpuint (flood.n_called, ==, 0);
  endure (&flood);
}

static gpointer
settle_all (gpointer data)
{
  GPtrArray *promises = data;

  for (guint i = 0; i < promises->len; i++)
    settle (g_ptr_array_index (promises, i));

  return NULL;
}

static void
test_due_while_it_runs (void)
{
  Flood flood = { 0 };
  g_autoptr (GPtrArray) promises = make_promises (&flood);
  GThread *thread = g_thread_new ("settler", settle_all, promises);

  endure (&flood);
  g_thread_join (thread);
}

static gboolean
return_at_once (CfFuture  *future,
                GValue    *result,
                gpointer   user_data,
                GError   **error)
{
  return TRUE;
}

static void
test_from_a_pool (void)
{
  g_autoptr (CfExecutor) executor = cf_thread_pool_executor_new (2);
  Flood flood = { 0 };

  for (guint i = 0; i < N_COMPLETIONS; i++)
    {
      g_autoptr (CfFuture) future = cf_executor_submit_local (executor, return_at_once, NULL, NULL);

      cf_future_add_done_callback (future, on_done, &flood, NULL);
    }

  endure (&flood);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/main-loop/responsive-with-200000-completions-due", test_all_due_at_once);
  g_test_add_func ("/main-loop/responsive-while-200000-promises-are-settled", test_due_while_it_runs);
  g_test_add_func ("/main-loop/responsive-while-a-pool-completes-200000-calls", test_from_a_pool);

  return g_test_run ();
}
