/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the function of a call is called between processes, and whether a worker can be asked to run it.
 *
 * A function that was submitted by its name keeps that. A pointer becomes a reference, if the workers run C code and
 * have the file that it is in. Nothing here has a state: any thread may ask, without a lock. */

#include "config.h"

#include "transport/cf-portable-function-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "cf-error.h"
#include "transport/cf-function-reference-private.h"
#include "transport/cf-nesting-private.h"

#define MAX_NAME (32 * 1024)

static const char *
set_not_portable (GError     **error,
                  const char  *message)
{
  g_set_error_literal (error, CF_ERROR, CF_ERROR_NOT_PORTABLE, message);
  return NULL;
}

static const char *
reference_function (CfFunc             func,
                    CfWorkerLauncher  *launcher,
                    GError           **error)
{
  const char *reference;
  gboolean in_program;

  if (cf_worker_launcher_get_kind (launcher) != CF_WORKER_KIND_NATIVE)
    return set_not_portable (error, _("The workers of this pool do not run C functions: submit a function by its "
                                      "name"));

  reference = cf_function_reference_of (func, &in_program, error);
  if (reference != NULL && in_program && !cf_worker_launcher_runs_program (launcher))
    return set_not_portable (error, _("The function is in the program itself, which cannot be started as a worker: "
                                      "call cf_worker_main() first thing in main(), or put the function into a "
                                      "shared library"));

  return reference;
}

/**
 * cf_portable_function_name:
 * @call: what is to be called
 * @launcher: the launcher of the pool that is to run the call
 * @error: return location for a `CF_ERROR_NOT_PORTABLE`
 *
 * Returns: (transfer none): what names the function to such a worker, which lives as long as @call; or %NULL, if it
 *   cannot run the call
 */
const char *
cf_portable_function_name (const CfCall      *call,
                           CfWorkerLauncher  *launcher,
                           GError           **error)
{
  const char *function = NULL;

  switch (call->kind)
    {
    case CF_CALL_FUNC:
      function = reference_function (call->func, launcher, error);
      break;

    case CF_CALL_NAME:
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

  if (call->args != NULL && !cf_nesting_is_portable (call->args))
    {
      g_set_error (error, CF_ERROR, CF_ERROR_NOT_PORTABLE,
                   _("The arguments are nested more than %d deep, and would arrive cut off in another process"),
                   CF_NESTING_MAX);
      return NULL;
    }

  return function;
}
