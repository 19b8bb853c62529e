/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thread that polls for results of a process pool and has no turn: it holds up nobody. */

#include "config.h"

#include "await-error.h"
#include "future/cf-future-private.h"
#include "future/cf-future-state-private.h"
#include "process-gates.h"
#include "processes.h"

/* Says that this thread looks for the results of the future's pool. It does not. */
static CfRemotePoller *
pretend_to_poll (CfFuture *future)
{
  guint word = cf_future_lock (future);
  CfRemotePoller *poller = future->owner->remote->acquire_poller (future->owner);

  cf_future_unlock (future, word);
  return poller;
}

static void
count_done (CfFuture *future,
            gpointer  n_done)
{
  ++*(guint *) n_done;
}

static gboolean
on_too_late (gpointer data)
{
  g_error ("The result is not delivered");
  return G_SOURCE_REMOVE;
}

/* Does not look for results, as a blocking call would. */
static void
iterate_until (guint *n_done,
               guint  n)
{
  guint timeout = g_timeout_add_seconds (60, on_too_late, NULL);

  while (*n_done < n)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);
}

static void
test_idle_poller (void)
{
  enum { N_CALLS = 200 };
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(RemoteBlocker) blocker = remote_blocker_new ();
  g_autoptr(CfFuture) first = remote_blocker_submit (blocker, executor);
  CfFuture *futures[N_CALLS];
  const CfRemoteInterface *remote;
  CfRemotePoller *poller;
  guint n_done = 0;

  process_gate_wait (blocker->begun);
  remote = first->owner->remote;
  poller = pretend_to_poll (first);
  cf_future_add_done_callback (first, count_done, &n_done, NULL);
  process_gate_open (blocker->go_on);
  iterate_until (&n_done, 1);

  /* One at a time, and many. */
  for (guint i = 0; i < N_CALLS; i++)
    {
      futures[i] = cf_executor_submit (executor, return_pid, NULL);
      cf_future_add_done_callback (futures[i], count_done, &n_done, NULL);
      if (i < N_CALLS / 2)
        iterate_until (&n_done, i + 2);
    }
  iterate_until (&n_done, N_CALLS + 1);

  remote->release_poller (poller);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_no_error (await_error (futures[i]));
      g_object_unref (futures[i]);
    }
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/polling/thread-without-a-turn-holds-up-nobody", test_idle_poller);

  return g_test_run ();
}
