/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The threads of this process, as /proc shows them. Where there is no /proc there are none.
 *
 * A test that has dropped a pool whose threads are still running waits here until they are gone, so that the process
 * does not end while they do. */

#pragma once

#include <glib.h>

/* The names of the threads that begin with @prefix. */
static inline GPtrArray *
list_threads (const char *prefix)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;

  if (tasks == NULL)
    return names;

  while ((id = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", id, "comm", NULL);
      g_autofree char *name = NULL;

      /* The thread may have ended meanwhile. */
      if (g_file_get_contents (path, &name, NULL, NULL) && g_str_has_prefix (name, prefix))
        g_ptr_array_add (names, g_strdup (g_strchomp (name)));
    }

  return names;
}

static inline guint
count_threads (const char *prefix)
{
  g_autoptr(GPtrArray) names = list_threads (prefix);

  return names->len;
}
