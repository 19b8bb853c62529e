/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program for debuggers to look into: a pool of one thread whose call does not end while its standard input is open, and
 * a main thread that is stuck meanwhile.
 *
 *     debugged-program [handler | blocked | calls | processes]
 *
 * With "handler" it has a handler of its own for SIGUSR1, with "blocked" its threads block that signal, and with "calls" it
 * only makes some calls, one of which fails, and ends. With "processes" it has a pool of one process that has made a call,
 * and its main thread stops. */

#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include <cfutures.h>

static volatile sig_atomic_t n_signals;

static void
on_signal (int signal_number)
{
  n_signals++;
}

/* For a debugger to stop at. */
CfFuture *stopped_future;
CfExecutor *stopped_executor;

static void G_GNUC_NO_INLINE
stop_here (void)
{
  char byte;

  while (read (STDIN_FILENO, &byte, 1) != 0)
    ;
}

static gboolean
load (CfFuture  *future,
      GValue    *result,
      gpointer   executor,
      GError   **error)
{
  cf_future_report_progress (future, 0.25, "a quarter");
  stopped_future = future;
  stopped_executor = executor;
  stop_here ();
  return TRUE;
}

static gboolean
succeed (CfFuture  *future,
         GValue    *result,
         gpointer   unused,
         GError   **error)
{
  return TRUE;
}

static gboolean
fail (CfFuture  *future,
      GValue    *result,
      gpointer   unused,
      GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "in vain");
  return FALSE;
}

static CfFuture *
submit (CfExecutor  *executor,
        const char  *name,
        CfLocalFunc  function)
{
  g_autoptr(CfTask) task = cf_task_new_local (function, executor, NULL);

  cf_task_set_name (task, name);
  return cf_executor_submit_task (executor, task);
}

static void
count (CfFuture *future,
       gpointer  n)
{
  (*(guint *) n)++;
}

static void
make_calls (CfExecutor *executor)
{
  g_autoptr(CfFuture) good = submit (executor, "good", succeed);
  g_autoptr(CfFuture) bad = submit (executor, "bad", fail);
  guint n = 0;

  cf_future_add_done_callback (good, count, &n, NULL);
  cf_future_wait (bad, -1, NULL, NULL);
  cf_future_get_error (bad);
  while (n == 0)
    g_main_context_iteration (NULL, TRUE);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
be_stuck (CfExecutor *executor)
{
  g_autoptr(CfFuture) first = submit (executor, "load", load);
  g_autoptr(CfFuture) second = submit (executor, "next", succeed);

  while (cf_future_get_progress (first) <= 0.0)
    g_thread_yield ();
  g_print ("ready\n");
  cf_future_wait (second, -1, NULL, NULL);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static GVariant *
answer (CfFuture  *future,
        GVariant  *args,
        GError   **error)
{
  return g_variant_new_int32 (42);
}

static void
stop_with_processes (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) future = cf_executor_submit (executor, answer, NULL);

  cf_future_await_int64 (future, NULL);
  stopped_future = future;
  stopped_executor = executor;
  stop_here ();
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
block_signal (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(CfExecutor) executor = NULL;
  const char *how;

  cf_worker_main (&argc, &argv);
  how = argc > 1 ? argv[1] : "";

  setlocale (LC_ALL, "");

  if (g_str_equal (how, "handler"))
    signal (SIGUSR1, on_signal);
  if (g_str_equal (how, "blocked"))
    block_signal ();

  if (g_str_equal (how, "processes"))
    {
      stop_with_processes ();
      return 0;
    }

  executor = cf_thread_pool_executor_new (1);
  if (g_str_equal (how, "calls"))
    make_calls (executor);
  else
    be_stuck (executor);

  g_print ("%d signals\n", n_signals);
  return 0;
}
