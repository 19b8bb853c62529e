/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a fuzz target on each file of a corpus, a test each: what a fuzzer has found once is looked at wherever
 * the tests are run, whatever the compiler.
 *
 * Usage: replay NAME CORPUS [GTEST-OPTION…] */

#include "fuzz.h"

static void
test_file (gconstpointer path)
{
  g_autofree char *data = NULL;
  g_autoptr(GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  LLVMFuzzerTestOneInput ((const guint8 *) data, size);
}

static void
add_file (const char *target,
          const char *folder,
          const char *name)
{
  g_autofree char *test = g_strdup_printf ("/fuzz/%s/%s", target, name);

  g_test_add_data_func_full (test, g_build_filename (folder, name, NULL), test_file, g_free);
}

static void
test_empty (void)
{
  LLVMFuzzerTestOneInput ((const guint8 *) "", 0);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) folder = NULL;
  g_autofree char *empty = NULL;
  const char *name;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 3);

  empty = g_strdup_printf ("/fuzz/%s/no-input", argv[1]);
  g_test_add_func (empty, test_empty);

  folder = g_dir_open (argv[2], 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (folder)) != NULL)
    add_file (argv[1], argv[2], name);

  return g_test_run ();
}
