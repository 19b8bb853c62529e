/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions by name: `MODULE:FUNCTION`, where MODULE is what GModule opens (`libfoo.so`, a path, or nothing
 * for the program itself) and FUNCTION a symbol that it exports.
 *
 * Names that were found are remembered for as long as the process lives, and their modules stay open:
 * code may still run in them. */

#include "config.h"

#include "future/cf-function-name-private.h"

#include <glib/gi18n-lib.h>
#include <gmodule.h>

#include "cf-error.h"
#include "base/cf-mutex-private.h"

static struct
{
  CfMutex     mutex;
  GHashTable *functions;
} resolved;

static CfFunc
lookup (const char *name)
{
  const CfFunc *function = NULL;
  CfFunc result;

  cf_mutex_lock (&resolved.mutex);
  if (resolved.functions != NULL)
    function = g_hash_table_lookup (resolved.functions, name);
  result = function != NULL ? *function : NULL;
  cf_mutex_unlock (&resolved.mutex);

  return result;
}

static void
remember (const char *name,
          CfFunc      function)
{
  cf_mutex_lock (&resolved.mutex);
  if (resolved.functions == NULL)
    resolved.functions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_replace (resolved.functions, g_strdup (name), g_memdup2 (&function, sizeof (function)));
  cf_mutex_unlock (&resolved.mutex);
}

/**
 * cf_function_name_resolve:
 * @name: a name of the form `MODULE:FUNCTION`
 * @error: return location
 *
 * Returns: the function, or %NULL with @error set to `CF_ERROR_NO_SUCH_FUNCTION`
 */
CfFunc
cf_function_name_resolve (const char  *name,
                          GError     **error)
{
  CfFunc function = lookup (name);
  const char *colon = strrchr (name, ':');
  g_autofree char *path = NULL;
  GModule *module;

  if (function != NULL)
    return function;

  if (colon == NULL || colon[1] == '\0')
    {
      g_set_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION,
                   _("“%s” does not name a function: write MODULE:FUNCTION, for example libfoo.so:count"), name);
      return NULL;
    }

  path = g_strndup (name, colon - name);
  module = g_module_open (*path != '\0' ? path : NULL, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  if (module == NULL)
    {
      g_set_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION,
                   _("Could not open the module of “%s”: %s"), name, g_module_error ());
      return NULL;
    }

  if (!g_module_symbol (module, colon + 1, (gpointer *) &function) || function == NULL)
    {
      g_set_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION,
                   _("Could not find the function “%s”: %s"), name, g_module_error ());
      g_module_close (module);
      return NULL;
    }

  g_module_make_resident (module);
  remember (name, function);
  return function;
}
