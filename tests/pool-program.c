/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program with a process pool, for tests that do something to the program.
 *
 *   pool-program family    has three workers, of which one is idle, prints their numbers, and waits to be killed
 *   pool-program late      prints "ready", waits for a line, and only then submits a call and prints what came of it
 *   pool-program without-pidfd
 *                          handles SIGCHLD itself where the system has no pidfds, prints what came of a call whose worker
 *                          dies, and shuts its pool down; or prints "no filter"
 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "process-gates.h"
#include "processes.h"

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
  cf_wait (futures, N_WORKERS, CF_RETURN_WHEN_FIRST_COMPLETED, -1, NULL, NULL, NULL, NULL);

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
print_outcome (CfFuture *future)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  text = cf_future_await_string (future, &error);
  if (error == NULL)
    printf ("%s\n", text);
  else
    printf ("%s %d: %s\n", g_quark_to_string (error->domain), error->code, error->message);
}

static void
be_late (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) future = NULL;

  puts ("ready");
  fflush (stdout);
  getchar ();

  future = cf_executor_submit (executor, answer, NULL);
  print_outcome (future);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

/* Has the system call fail as on a system that does not know it. */
static gboolean
forget_pidfds (void)
{
  struct sock_filter program[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = { G_N_ELEMENTS (program), program };

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void
ignore_signal (int signal_number)
{
}

static void
be_without_pidfd (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) first = NULL;
  g_autoptr(CfFuture) deadly = NULL;

  if (!forget_pidfds ())
    {
      puts ("no filter");
      return;
    }

  first = cf_executor_submit (executor, answer, NULL);
  cf_future_wait (first, -1, NULL, NULL);
  signal (SIGCHLD, ignore_signal);
  deadly = cf_executor_submit (executor, die_by_signal, g_variant_new_int32 (SIGKILL));
  print_outcome (deadly);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  puts ("shut down");
}

int
main (int   argc,
      char *argv[])
{
  cf_worker_main (&argc, &argv);

  if (g_str_equal (argv[1], "family"))
    have_family ();
  else if (g_str_equal (argv[1], "without-pidfd"))
    be_without_pidfd ();
  else
    be_late ();

  return EXIT_SUCCESS;
}
