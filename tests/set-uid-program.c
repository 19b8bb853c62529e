/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints what workers of each kind are started with, the command and the environment, and before that whether it runs
 * with more rights than its user has, and whether CFUTURES_DEBUG was read. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/cf-trace-private.h"
#include "transport/cf-worker-command-private.h"

static void
print_command (CfWorkerKind kind)
{
  g_autoptr(GPtrArray) command = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;

  if (!cf_worker_command_append (command, kind, NULL, &error))
    g_error ("%s", error->message);
  for (guint i = 0; i < command->len; i++)
    printf ("%s ", (char *) g_ptr_array_index (command, i));
  printf ("\n");
}

int
main (int   argc,
      char *argv[])
{
  g_auto(GStrv) env = cf_worker_command_dup_environ ();

  printf ("%s\n", getauxval (AT_SECURE) != 0 ? "privileged" : "ordinary");
  cf_trace_init ();
  printf ("%s\n", cf_trace_is_on (CF_TRACE_CALL) ? "talkative" : "quiet");
  print_command (CF_WORKER_KIND_NATIVE);
  print_command (CF_WORKER_KIND_PYTHON);
  print_command (CF_WORKER_KIND_GJS);
  for (guint i = 0; env != NULL && env[i] != NULL; i++)
    printf ("%s\n", env[i]);
  fflush (stdout);

  /* Sanitizers cannot look for leaks in such a program. */
  _exit (EXIT_SUCCESS);
}
