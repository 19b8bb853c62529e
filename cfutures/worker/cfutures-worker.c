/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The worker of process pools that run functions of shared libraries: a program that is nothing but a worker. */

#include <stdlib.h>

#include <cfutures.h>

int
main (int    argc,
      char **argv)
{
  cf_worker_main (&argc, &argv);

  g_printerr ("%s is started by process pools of CFutures, not by hand.\n", argv[0]);
  return EXIT_FAILURE;
}
