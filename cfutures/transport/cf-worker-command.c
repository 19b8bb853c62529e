/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finds the command that each kind of worker is started with:
 *
 *      native      the program itself, if its main() calls cf_worker_main(), and that as it runs here, also if its file was
 *                  replaced; else cfutures-worker. If the dynamic loader was told to run the program, as in
 *                  `ld.so --library-path lib program`, it is told so again
 *      Python      the Python that CFutures was built for, and cfutures-worker.py
 *      gjs         gjs, and cfutures-worker.js
 *
 * A program that has more rights than the user who runs it (set-uid) has nothing of that found by the environment, which
 * is the user's.
 *
 * The only state is whether the program has called cf_worker_main(), which any thread may ask. */

#include "config.h"

#include "transport/cf-worker-command-private.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "cf-error.h"

/* What the system appends to the path of a file that is no longer there. */
#define DELETED " (deleted)"

static _Atomic gboolean program_is_ready;

void
cf_worker_program_set_ready (void)
{
  atomic_store_explicit (&program_is_ready, TRUE, memory_order_relaxed);
}

/**
 * cf_worker_program_is_ready:
 *
 * Returns: whether this program can be started as a worker
 */
gboolean
cf_worker_program_is_ready (void)
{
  return atomic_load_explicit (&program_is_ready, memory_order_relaxed);
}

/* The path of a file that comes with the library: where it was installed, or beside a library that was built but
 * not installed. */
static char *
find_worker_file (const char *name)
{
  const char *folder = secure_getenv ("CFUTURES_WORKER_DIR");
  g_autofree char *library_folder = NULL;
  g_autofree char *uninstalled = NULL;
  Dl_info info;

  if (folder != NULL)
    return g_build_filename (folder, name, NULL);

  if (dladdr (&program_is_ready, &info) != 0 && info.dli_fname != NULL)
    {
      library_folder = g_path_get_dirname (info.dli_fname);
      uninstalled = g_build_filename (library_folder, "worker", name, NULL);
      if (g_file_test (uninstalled, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&uninstalled);
    }

  return g_build_filename (WORKER_DIR, name, NULL);
}

/* Whether the environment is that of a user who has fewer rights than this program. */
static gboolean
is_privileged (void)
{
  return getauxval (AT_SECURE) != 0;
}

/* Where the commands of the system are. */
static char *
dup_system_path (void)
{
  gsize size = confstr (_CS_PATH, NULL, 0);
  char *path = g_malloc0 (size + 1);

  confstr (_CS_PATH, path, size);
  return path;
}

/* Returns a command that is searched for, or its path if the environment must not say where. */
static char *
find_command (const char *name)
{
  g_autofree char *path = is_privileged () ? dup_system_path () : g_strdup ("");
  g_auto(GStrv) folders = g_strsplit (path, ":", -1);

  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autofree char *file = g_build_filename (folders[i], name, NULL);

      if (g_file_test (file, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer (&file);
    }

  return g_strdup (name);
}

/**
 * cf_worker_command_dup_environ:
 *
 * The environment tells Python and GObject Introspection where to find code. That of a user who has fewer rights than
 * this program must not.
 *
 * Returns: (transfer full) (nullable): the environment that workers are to have in place of this process's, or %NULL for
 *   that
 */
char **
cf_worker_command_dup_environ (void)
{
  g_auto(GStrv) all = NULL;
  g_autofree char *path = NULL;
  GStrvBuilder *kept;
  char **env;

  if (!is_privileged ())
    return NULL;

  all = g_get_environ ();
  kept = g_strv_builder_new ();
  for (guint i = 0; all[i] != NULL; i++)
    {
      if (g_str_has_prefix (all[i], "LANG=") || g_str_has_prefix (all[i], "LANGUAGE=") ||
          g_str_has_prefix (all[i], "LC_"))
        g_strv_builder_add (kept, all[i]);
    }

  env = g_strv_builder_end (kept);
  g_strv_builder_unref (kept);
  path = dup_system_path ();
  return g_environ_setenv (env, "PATH", path, TRUE);
}

static gboolean
is_deleted (const char *path)
{
  return g_str_has_suffix (path, DELETED);
}

/* What runs in this process, under a name that leads there as long as this process lives, also from the one that is to
 * become a worker and runs another program first. The number is the one that /proc goes by. */
static char *
find_image (GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self", error);

  return self != NULL ? g_strdup_printf ("/proc/%s/exe", self) : NULL;
}

/* The path of this program. If its file was deleted, or another one has taken its place, as in an upgrade, what runs here
 * is still there. */
static char *
find_program (GError **error)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", error);

  if (path != NULL && is_deleted (path))
    return find_image (error);

  return g_steal_pointer (&path);
}

/* The path of the file that an address was mapped from, or NULL. */
static char *
find_mapped_file (gulong address)
{
  g_autofree char *maps = NULL;

  if (!g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL))
    return NULL;

  for (char *line = maps; line != NULL && *line != '\0'; line = strchr (line, '\n'), line += line != NULL)
    {
      gulong begin;
      gulong end;
      int path_at = 0;

      if (sscanf (line, "%lx-%lx %*s %*s %*s %*s %n", &begin, &end, &path_at) == 2 &&
          address >= begin && address < end && line[path_at] == '/')
        return g_strndup (line + path_at, strcspn (line + path_at, "\n"));
    }

  return NULL;
}

/* Appends the options of a loader that was told to run the program at that path, and the program. */
static void
append_loaded (GPtrArray  *argv,
               const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *line = NULL;
  gsize size = 0;

  g_file_get_contents ("/proc/self/cmdline", &line, &size, NULL);
  for (gsize at = size > 0 ? strlen (line) + 1 : 0; at < size; at += strlen (line + at) + 1)
    {
      g_autofree char *word_name = g_path_get_basename (line + at);

      if (g_str_equal (word_name, name))
        break;
      g_ptr_array_add (argv, g_strdup (line + at));
    }
  g_ptr_array_add (argv, g_strdup (path));
}

static gboolean
set_deleted_error (GError     **error,
                   const char  *path)
{
  g_autofree char *file = g_strndup (path, strlen (path) - strlen (DELETED));

  g_set_error (error, CF_ERROR, CF_ERROR_BROKEN_EXECUTOR,
               _("%s, which the dynamic loader was told to run, was deleted or replaced since, so no worker can be started "
                 "from it; restart the program"), file);
  return FALSE;
}

/* Appends how to start this program again. Returns whether that is possible. */
static gboolean
append_program (GPtrArray  *argv,
                GError    **error)
{
  char *executed = find_program (error);
  g_autofree char *path = NULL;

  if (executed == NULL)
    return FALSE;

  g_ptr_array_add (argv, executed);

  /* A program that was started as usual has a loader of its own, somewhere. */
  if (getauxval (AT_BASE) == 0)
    path = find_mapped_file (getauxval (AT_PHDR));
  if (path == NULL || g_str_equal (path, executed))
    return TRUE;

  if (is_deleted (path))
    return set_deleted_error (error, path);

  append_loaded (argv, path);
  return TRUE;
}

static void
append_script (GPtrArray         *argv,
               const char *const *interpreter_argv,
               const char        *name)
{
  for (; *interpreter_argv != NULL; interpreter_argv++)
    g_ptr_array_add (argv, g_strdup (*interpreter_argv));
  g_ptr_array_add (argv, find_worker_file (name));
}

/**
 * cf_worker_command_append:
 * @argv: where the command goes
 * @kind: what the worker is
 * @interpreter_argv: (nullable) (array zero-terminated=1): what runs the script of that kind, or %NULL for the usual
 * @error: return location for a `GFileError` or a `CF_ERROR_BROKEN_EXECUTOR`
 *
 * Appends the command that a worker of that kind is started with, but for the argument that names its socket.
 *
 * Returns: whether there is one
 */
gboolean
cf_worker_command_append (GPtrArray          *argv,
                          CfWorkerKind        kind,
                          const char *const  *interpreter_argv,
                          GError            **error)
{
  static const char *const python_argv[] = { WORKER_PYTHON, NULL };
  g_autofree char *gjs = NULL;
  switch (kind)
    {
    case CF_WORKER_KIND_PYTHON:
      append_script (argv, interpreter_argv != NULL ? interpreter_argv : python_argv, "cfutures-worker.py");
      return TRUE;

    case CF_WORKER_KIND_GJS:
      gjs = find_command ("gjs");
      append_script (argv, interpreter_argv != NULL ? interpreter_argv : (const char *const[]){ gjs, "--module", NULL },
                     "cfutures-worker.js");
      return TRUE;

    case CF_WORKER_KIND_NATIVE:
      if (cf_worker_program_is_ready ())
        return append_program (argv, error);

      g_ptr_array_add (argv, find_worker_file ("cfutures-worker"));
      return TRUE;

    default:
      g_assert_not_reached ();
    }
}
