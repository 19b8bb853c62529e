/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plug-in that uses the library is unloaded: the library stays, as threads of its own may run. This program is not
 * linked with it. */

#include <gmodule.h>

#define LIBRARY "libcfutures-1.so.0"

static gboolean
is_loaded (void)
{
  g_autofree char *maps = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  return strstr (maps, LIBRARY) != NULL;
}

static void
test_unloading (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "plug-in.so", NULL);
  void (*use) (void);
  GModule *module;

  if (!g_file_test ("/proc/self/maps", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("There is no /proc to look for the library in");
      return;
    }
  g_assert_false (is_loaded ());

  module = g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  g_assert_nonnull (module);
  g_assert_true (g_module_symbol (module, "plug_in_use", (gpointer *) &use));
  use ();
  g_assert_true (is_loaded ());

  g_assert_true (g_module_close (module));
  g_assert_true (is_loaded ());
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/unloading/the-library-stays", test_unloading);

  return g_test_run ();
}
