/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program with a process pool, for tests that do something to the program.
 *
 *   pool-program family    has three workers, of which one is idle, prints their numbers, and waits to be killed
 *   pool-program late      prints "ready", waits for a line, and only then submits a call and prints what came of it
 */

#include <stdio.h>
#include <stdlib.h>

#include "process-gates.h"

enum { N_WORKERS = 3 };

static void
have_family (void)
{
  CfExecutor *executor = cf_process_pool_executor_new (N_WORKERS);
  RemoteBlocker *blocker = remote_blocker_new ();
  CfFuture *futures[N_WORKERS];
  g_autofree int *pids = NULL;
  gsize n_pids;

  for (guint i = 0; i < N_WORKERS; i++)
    futures[i] = remote_blocker_submit (blocker, executor);
  process_gate_wait_for (blocker->begun, N_WORKERS);

  /* What is open stays open; the names need not outlive the program. */
  g_unlink (blocker->begun->path);
  g_rmdir (blocker->begun->folder);
  g_unlink (blocker->go_on->path);
  g_rmdir (blocker->go_on->folder);

  process_gate_open (blocker->go_on);
  cf_wait (futures, N_WORKERS, CF_FIRST_COMPLETED, -1, NULL, NULL, NULL, NULL);

  pids = cf_process_pool_executor_get_worker_pids (CF_PROCESS_POOL_EXECUTOR (executor), &n_pids);
  for (gsize i = 0; i < n_pids; i++)
    printf ("%d ", pids[i]);
  printf ("\n");
  fflush (stdout);

  for (;;)
    pause ();
}

static GVariant *
answer (CfFuture  *future,
        GVariant  *args,
        GError   **error)
{
  return g_variant_new_string ("answered");
}

static void
be_late (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  puts ("ready");
  fflush (stdout);
  getchar ();

  future = cf_executor_submit (executor, answer, NULL);
  text = cf_future_dup_string (future, &error);
  if (error == NULL)
    printf ("%s\n", text);
  else
    printf ("%s %d: %s\n", g_quark_to_string (error->domain), error->code, error->message);
  cf_executor_shutdown (executor, TRUE, FALSE);
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_init (&argc, &argv);

  if (g_str_equal (argv[1], "family"))
    have_family ();
  else
    be_late ();

  return EXIT_SUCCESS;
}
