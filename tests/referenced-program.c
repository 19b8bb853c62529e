/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What test-function-reference starts as a fresh process. Builds of it differ in nothing but the number
 * CF_TEST_ANSWER and how they are linked.
 *
 *   print-reference                    prints the reference of its static function, or why it has none
 *   delete-and-print-reference         the same, but deletes its own file before
 *   print-module-reference MODULE      prints the reference of the module's static function
 *   call REFERENCE [MODULE]            opens the module, finds the function, calls it and prints the result, or
 *                                      the error
 *   call-unloaded MODULE [REFERENCE]   opens the module, makes a reference or resolves the given one, closes
 *                                      the module, calls the function */

#include <glib/gstdio.h>
#include <gmodule.h>
#include <stdio.h>

#include "cf-error.h"
#include "transport/cf-function-reference-private.h"

static GVariant *
answer (CfFuture  *future,
        GVariant  *args,
        GError   **error)
{
  return g_variant_new_int32 (CF_TEST_ANSWER);
}

static GModule *
open_module (const char *path,
             CfFunc     *function)
{
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
  CfFunc (*get_function) (void);

  g_assert_nonnull (module);
  g_assert_true (g_module_symbol (module, "referenced_module_function", (gpointer *) &get_function));
  *function = get_function ();
  return module;
}

/* Not with g_print(), which converts to the character set of the locale. */
static void
print_reference (CfFunc   function,
                 gboolean expected_in_program)
{
  g_autoptr(GError) error = NULL;
  gboolean in_program = !expected_in_program;
  const char *reference = cf_function_reference_of (function, &in_program, &error);

  if (reference == NULL)
    {
      g_assert_error (error, CF_ERROR, CF_ERROR_NOT_PORTABLE);
      printf ("error: %s", error->message);
      return;
    }

  g_assert_no_error (error);
  g_assert_cmpint (in_program, ==, expected_in_program);
  g_assert_true (cf_function_reference_resolve (reference, &error) == function);
  g_assert_no_error (error);
  printf ("%s", reference);
}

static void
print_result (CfFunc function)
{
  g_autoptr(GVariant) result = g_variant_ref_sink (function (NULL, NULL, NULL));

  printf ("%d", g_variant_get_int32 (result));
}

static void
call (const char *reference)
{
  g_autoptr(GError) error = NULL;
  CfFunc function = cf_function_reference_resolve (reference, &error);

  if (function == NULL)
    {
      g_assert_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION);
      printf ("error: %s", error->message);
      return;
    }

  g_assert_no_error (error);
  print_result (function);
}

static void
call_unloaded (const char *path,
               const char *reference)
{
  CfFunc function;
  GModule *module = open_module (path, &function);

  if (reference == NULL)
    g_assert_nonnull (cf_function_reference_of (function, NULL, NULL));
  else
    g_assert_true (cf_function_reference_resolve (reference, NULL) == function);
  g_module_close (module);
  print_result (function);
}

int
main (int    argc,
      char **argv)
{
  const char *command = argv[1];
  CfFunc function;

  if (g_str_equal (command, "delete-and-print-reference"))
    g_assert_cmpint (g_unlink (argv[0]), ==, 0);
  if (g_str_has_suffix (command, "print-reference"))
    print_reference (answer, TRUE);

  if (g_str_equal (command, "print-module-reference"))
    {
      open_module (argv[2], &function);
      print_reference (function, FALSE);
    }

  if (g_str_equal (command, "call"))
    {
      if (argc == 4)
        open_module (argv[3], &function);
      call (argv[2]);
    }

  if (g_str_equal (command, "call-unloaded"))
    call_unloaded (argv[2], argv[3]);

  return 0;
}
