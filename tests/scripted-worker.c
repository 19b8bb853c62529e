/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker of another kind: one that runs calls by name, with a handler of its own, as a worker for some language
 * would.
 *
 *   scripted:echo     settles the future with the arguments, before the handler returns
 *   scripted:later    does so in an iteration of the main context
 *   scripted:fail     settles it with an error
 *   scripted:log      has its arguments, a level and a line, logged
 */

#include <stdlib.h>

#include <cfutures.h>

static gboolean
settle_later (gpointer data)
{
  CfFuture *future = data;
  g_autoptr(GVariant) args = cf_future_dup_arguments (future);

  cf_future_set_variant (future, args, NULL);

  return G_SOURCE_REMOVE;
}

static void
handle (CfWorker *worker,
        CfFuture *future,
        gpointer  user_data)
{
  g_autofree char *function = cf_future_dup_function (future);
  g_autoptr(GVariant) args = cf_future_dup_arguments (future);
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "The script says no");

  if (g_str_equal (function, "scripted:echo"))
    {
      cf_future_set_variant (future, args, NULL);
    }
  else if (g_str_equal (function, "scripted:later"))
    {
      g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, settle_later, g_object_ref (future), g_object_unref);
    }
  else if (g_str_equal (function, "scripted:log"))
    {
      guint level;
      const char *line;

      g_variant_get (args, "(u&s)", &level, &line);
      cf_worker_log (worker, level, line);
      cf_future_set_variant (future, NULL, NULL);
    }
  else
    {
      cf_future_set_error (future, error, NULL);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(CfWorker) worker = cf_worker_new (argv[argc - 1], &error);

  if (worker == NULL)
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }

  cf_worker_run (worker, handle, NULL);
  return EXIT_SUCCESS;
}
