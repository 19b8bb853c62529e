/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the function of a call is called between processes, and whether a worker can be asked to run it.
 *
 * A function that was submitted by its name keeps that. A pointer becomes a reference, if the workers run C code and
 * have the file that it is in. Nothing here has a state: any thread may ask, without a lock. */

#include "config.h"

#include "cf-portable-function-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "cf-error.h"
#include "cf-function-reference-private.h"

#define MAX_NAME (32 * 1024)

static const char *
set_not_portable (GError     **error,
                  const char  *message)
{
  g_set_error_literal (error, CF_ERROR, CF_ERROR_NOT_PORTABLE, message);
  return NULL;
}

static const char *
reference_function (CfFunc                   func,
                    const CfWorkerSettings  *settings,
                    GError                 **error)
{
  const char *reference;
  gboolean in_program;

  if (settings->kind != CF_WORKER_KIND_NATIVE)
    return set_not_portable (error, _("The workers of this pool do not run C functions: submit a function by its "
                                      "name"));

  reference = cf_function_reference_of (func, &in_program, error);
  if (reference != NULL && in_program && !cf_worker_settings_run_program (settings))
    return set_not_portable (error, _("The function is in the program itself, which cannot be started as a worker: "
                                      "call cf_worker_init() first thing in main(), or put the function into a "
                                      "shared library"));

  return reference;
}

/**
 * cf_portable_function_name:
 * @call: what is to be called
 * @settings: what workers are to make the call
 * @error: return location for a `CF_ERROR_NOT_PORTABLE`
 *
 * Returns: (transfer none): what names the function to such a worker, which lives as long as @call; or %NULL, if it
 *   cannot make the call
 */
const char *
cf_portable_function_name (const CfCall            *call,
                           const CfWorkerSettings  *settings,
                           GError                 **error)
{
  const char *function = NULL;

  switch (call->kind)
    {
    case CF_CALL_FUNC:
    case CF_CALL_FUNC_ITEMS:
      function = reference_function (call->func, settings, error);
      break;

    case CF_CALL_NAME:
    case CF_CALL_NAME_ITEMS:
      function = call->name;
      break;

    case CF_CALL_LOCAL:
      return set_not_portable (error, _("A local function cannot leave this process: submit a portable function with "
                                        "cf_executor_submit(), or use a thread pool"));

    case CF_CALL_NONE:
    default:
      g_assert_not_reached ();
    }

  if (function == NULL)
    return NULL;

  if (strlen (function) > MAX_NAME ||
      (call->args != NULL && strlen (g_variant_get_type_string (call->args)) > MAX_NAME))
    return set_not_portable (error, _("The name of the function, or the type of its arguments, is too long"));

  return function;
}
