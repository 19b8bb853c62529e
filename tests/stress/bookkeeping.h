/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What process pools have left behind when they are gone: no process, no descriptor and no shared memory more than before. */

#pragma once

#include "../processes.h"

/* Regions and payloads, which are memory of memfds. */
static inline guint
count_shared_maps (void)
{
  g_autofree char *maps = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *line = maps; (line = strstr (line, "/memfd:cfutures")) != NULL; line++)
    n++;

  return n;
}

/* The fewest descriptors that have been seen when there was no pool. */
static guint n_descriptors = G_MAXUINT;

static inline void
begin_bookkeeping (void)
{
  await_end_of_pools ();
  n_descriptors = MIN (n_descriptors, count_descriptors ());
  g_assert_cmpuint (count_shared_maps (), ==, 0);
}

static inline void
end_bookkeeping (void)
{
  /* This would wait for ever for a zombie. */
  await_end_of_pools ();
  assert_descriptors (n_descriptors);
  g_assert_cmpuint (count_shared_maps (), ==, 0);
}

/* GLib opens descriptors of its own with the first child, and keeps them. */
static inline void
open_what_stays_open (void)
{
  g_autoptr(CfExecutor) executor = cf_process_pool_executor_new (1);

  ask_for_pid (executor);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}
