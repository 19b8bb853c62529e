/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* C functions across processes: what a reference is made of, and that it leads another process to the same
 * function or to an error that says why not. This is a private part of the library.
 *
 * The other process is this program itself, started with --call, or a build of referenced-program.c; the
 * library is a build of referenced-module.c. Builds "1" and "2" of each differ in one constant of their
 * function, which is what it returns. Those that are "bare" have no build-id, those that are "fixed" are not
 * position-independent. */

#include <glib/gstdio.h>
#include <gmodule.h>
#include <sys/mman.h>

#include "cf-error.h"
#include "transport/cf-function-reference-private.h"

static const char *own_path;

static GVariant *
static_function (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  return g_variant_new_int32 (40);
}

G_MODULE_EXPORT GVariant *test_function_reference_exported (CfFuture  *future,
                                                            GVariant  *args,
                                                            GError   **error);

GVariant *
test_function_reference_exported (CfFuture  *future,
                                  GVariant  *args,
                                  GError   **error)
{
  return g_variant_new_int32 (41);
}

/* A folder of programs and modules that come and go. It lies beside this test because /tmp may be mounted so
 * that nothing can be executed there. */
typedef struct
{
  char *folder;
  char *program;
  char *module;
} Fixture;

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  fixture->folder = g_test_build_filename (G_TEST_BUILT, "function-reference-XXXXXX", NULL);
  g_assert_nonnull (g_mkdtemp (fixture->folder));
  fixture->program = g_build_filename (fixture->folder, "program", NULL);
  fixture->module = g_build_filename (fixture->folder, "module." G_MODULE_SUFFIX, NULL);
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  g_unlink (fixture->program);
  g_unlink (fixture->module);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->program);
  g_free (fixture->module);
}

/* As an installer does it: another file takes the place, the old one lives on in the processes that use it. */
static void
install (const char *build,
         const char *path)
{
  g_autofree char *build_path = g_test_build_filename (G_TEST_BUILT, build, NULL);
  g_autoptr(GFile) source = g_file_new_for_path (build_path);
  g_autoptr(GFile) target = g_file_new_for_path (path);
  g_autoptr(GError) error = NULL;

  g_unlink (path);
  g_file_copy (source, target, G_FILE_COPY_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* Returns: what the process printed */
static char *
run (const char *path,
     const char *command,
     const char *argument,
     const char *module)
{
  const char *arguments[] = { path, command, argument, module, NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *output = NULL;
  int status;

  g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&output);
}

static void
assert_prints (const char *path,
               const char *command,
               const char *argument,
               const char *expected)
{
  g_autofree char *output = run (path, command, argument, NULL);

  g_assert_cmpstr (output, ==, expected);
}

static void
assert_says_replaced (const char *path,
                      const char *reference,
                      const char *replaced)
{
  g_autofree char *expected = NULL;

  expected = g_strdup_printf ("error: The worker's copy of %s is not the one that this program was started "
                              "with: it was rebuilt or replaced. Restart the program.", replaced);
  assert_prints (path, "call", reference, expected);
}

/* What a reference says */

static void
assert_round_trip (CfFunc      function,
                   gboolean    in_program,
                   const char *path)
{
  g_autoptr(GError) error = NULL;
  gboolean said_in_program = !in_program;
  const char *reference = cf_function_reference_of (function, &said_in_program, &error);

  g_assert_no_error (error);
  g_assert_cmpint (said_in_program, ==, in_program);
  if (path != NULL)
    g_assert_true (g_str_has_suffix (reference, path));
  g_assert_true (cf_function_reference_resolve (reference, &error) == function);
  g_assert_no_error (error);

  g_assert_true (cf_function_reference_of (function, NULL, &error) == reference);
  g_assert_no_error (error);
}

static void
test_own (void)
{
  assert_round_trip (static_function, TRUE, own_path);
  assert_round_trip (test_function_reference_exported, TRUE, own_path);
  g_assert_cmpstr (cf_function_reference_of (static_function, NULL, NULL), !=,
                   cf_function_reference_of (test_function_reference_exported, NULL, NULL));
}

/* Not &g_free, which in a program that is not position-independent is a stub of the program's own. */
static void
test_library (void)
{
  GModule *glib = g_module_open ("libglib-2.0.so.0", G_MODULE_BIND_LAZY);
  CfFunc function;

  g_assert_nonnull (glib);
  g_assert_true (g_module_symbol (glib, "g_free", (gpointer *) &function));
  assert_round_trip (function, FALSE, NULL);
  g_assert_nonnull (strstr (cf_function_reference_of (function, NULL, NULL), " library /"));
  g_module_close (glib);
}

static void
assert_not_portable (gconstpointer pointer)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_function_reference_of ((CfFunc) (gsize) pointer, NULL, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_NOT_PORTABLE);
}

static void
test_not_portable (void)
{
  static int data;
  int stack = 0;
  g_autofree char *heap = g_malloc (64);
  void *mapped = mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  g_assert_true (mapped != MAP_FAILED);
  assert_not_portable (mapped);
  assert_not_portable (heap);
  assert_not_portable (&stack);
  assert_not_portable (&data);
  assert_not_portable (NULL);
  munmap (mapped, 4096);
}

/* References that lead nowhere */

static void
assert_leads_nowhere (const char *reference,
                      const char *mentioned)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_function_reference_resolve (reference, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, mentioned));
}

static void
test_garbled (void)
{
  const char *valid = cf_function_reference_of (static_function, NULL, NULL);
  const char *garbled[] = {
    "", " ", "+", "a", "a+", "a+1", "a+1 ", "a+1 program", "a+1 program ", "a+1 planet /a", "a+1\tprogram\t/a",
    "1 program /a", "+1 program /a", "a+ program /a", "a+-1 program /a", "a+0x1 program /a", "a+1z program /a",
    "a+11112222333344445 program /a", "a+1  library /a", "a+1 program relative", "a+1 library libc.so.6",
    "a+1 library /%", "a+1 library /%00", "%s%n+1", "\xff\xfe+1 planet \xff",
  };

  for (guint i = 0; i < G_N_ELEMENTS (garbled); i++)
    assert_leads_nowhere (garbled[i], "does not refer to a function");

  for (gsize length = 0; length < (gsize) (strchr (valid, '/') - valid); length++)
    {
      g_autofree char *start = g_strndup (valid, length);

      assert_leads_nowhere (start, "does not refer to a function");
    }
}

static void
test_not_code (void)
{
  static int data;
  const char *valid = cf_function_reference_of (static_function, NULL, NULL);
  const char *plus = strchr (valid, '+');
  gsize offset = g_ascii_strtoull (plus + 1, NULL, 16);
  gsize offset_of_data = offset + (gsize) &data - (gsize) static_function;
  gsize offsets[] = { offset_of_data, G_MAXSIZE, G_MAXSIZE / 2, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (offsets); i++)
    {
      g_autofree char *reference = g_strdup_printf ("%.*s+%" G_GSIZE_MODIFIER "x%s", (int) (plus - valid),
                                                    valid, offsets[i], strchr (plus, ' '));

      assert_leads_nowhere (reference, "does not refer to a function");
    }
}

static void
test_other_program (void)
{
  g_autofree char *message = g_strdup_printf ("in the program /there is/none, but the worker is %s", own_path);

  assert_leads_nowhere ("abc+1 program /there is/none", message);
}

static void
test_missing_library (void)
{
  assert_leads_nowhere ("abc+1 library /there is/none.so",
                        "could not open the library of the function: /there is/none.so");
  assert_leads_nowhere ("abc+1 library /caf\303\251.so", "/caf\303\251.so");
  assert_leads_nowhere ("abc+1 library /caf%E9.so", "could not open the library of the function: /caf");
}

/* In another process */

static void
test_fresh_process (void)
{
  const char *reference = cf_function_reference_of (static_function, NULL, NULL);
  const char *exported_reference = cf_function_reference_of (test_function_reference_exported, NULL, NULL);

  assert_prints (own_path, "--call", reference, "40");
  assert_prints (own_path, "--call", exported_reference, "41");
}

/* The build-id is the one that the linker put into the file, after the name of its note. */
static void
test_build_id (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "referenced-program-1", NULL);
  g_autofree char *reference = run (path, "print-reference", NULL, NULL);
  gsize length = strchr (reference, '+') - reference;
  g_autoptr(GByteArray) note = g_byte_array_new ();
  g_autoptr(GError) error = NULL;
  g_autofree char *contents = NULL;
  gsize size;

  g_assert_cmpuint (length, >=, 16);
  g_byte_array_append (note, (const guint8 *) "GNU", 4);
  for (gsize i = 0; i < length; i += 2)
    {
      guint8 byte = g_ascii_xdigit_value (reference[i]) << 4 | g_ascii_xdigit_value (reference[i + 1]);

      g_byte_array_append (note, &byte, 1);
    }

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  g_assert_nonnull (memmem (contents, size, note->data, note->len));
}

static void
assert_asks_for_build_id (const char *output,
                          const char *path)
{
  g_autofree char *expected = g_strdup_printf ("error: Another process cannot find the function: %s was built without "
                                               "a build-id. Link it with -Wl,--build-id", path);

  g_assert_cmpstr (output, ==, expected);
}

static void
test_program_without_build_id (Fixture       *fixture,
                               gconstpointer  data)
{
  g_autofree char *output = NULL;

  install ("referenced-program-bare", fixture->program);
  output = run (fixture->program, "print-reference", NULL, NULL);
  assert_asks_for_build_id (output, fixture->program);
}

/* The same file somewhere else, as a sandbox mounts it. */
static void
test_program (Fixture       *fixture,
              gconstpointer  data)
{
  const char *build = data;
  g_autofree char *build_path = g_test_build_filename (G_TEST_BUILT, build, NULL);
  g_autofree char *reference = run (build_path, "print-reference", NULL, NULL);

  install (build, fixture->program);
  assert_prints (build_path, "call", reference, "1");
  assert_prints (fixture->program, "call", reference, "1");
}

typedef struct
{
  const char *started;
  const char *rebuilt;
} Builds;

static void
test_program_replaced (Fixture       *fixture,
                       gconstpointer  data)
{
  const Builds *builds = data;
  g_autofree char *reference = NULL;

  install (builds->started, fixture->program);
  reference = run (fixture->program, "print-reference", NULL, NULL);

  install (builds->rebuilt, fixture->program);
  assert_says_replaced (fixture->program, reference, fixture->program);
}

static void
test_program_deleted (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *reference = NULL;

  install ("referenced-program-1", fixture->program);
  reference = run (fixture->program, "delete-and-print-reference", NULL, NULL);
  g_assert_false (g_file_test (fixture->program, G_FILE_TEST_EXISTS));
  g_assert_true (g_str_has_suffix (reference, fixture->program));

  install ("referenced-program-1", fixture->program);
  assert_prints (fixture->program, "call", reference, "1");
}

static void
test_module (Fixture       *fixture,
             gconstpointer  data)
{
  const char *build = data;
  g_autofree char *worker = g_test_build_filename (G_TEST_BUILT, "referenced-program-1", NULL);
  g_autofree char *reference = NULL;

  install (build, fixture->module);
  reference = run (worker, "print-module-reference", fixture->module, NULL);
  g_assert_true (g_str_has_suffix (reference, fixture->module));
  assert_prints (worker, "call", reference, "1");
}

static void
test_module_without_build_id (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autofree char *worker = g_test_build_filename (G_TEST_BUILT, "referenced-program-1", NULL);
  g_autofree char *output = NULL;

  install ("referenced-module-bare.so", fixture->module);
  output = run (worker, "print-module-reference", fixture->module, NULL);
  assert_asks_for_build_id (output, fixture->module);
}

static void
test_module_replaced (Fixture       *fixture,
                      gconstpointer  data)
{
  const Builds *builds = data;
  g_autofree char *worker = g_test_build_filename (G_TEST_BUILT, "referenced-program-1", NULL);
  g_autofree char *reference = NULL;
  g_autofree char *output = NULL;

  install (builds->started, fixture->module);
  reference = run (worker, "print-module-reference", fixture->module, NULL);

  install (builds->rebuilt, fixture->module);
  assert_says_replaced (worker, reference, fixture->module);

  g_unlink (fixture->module);
  output = run (worker, "call", reference, NULL);
  g_assert_nonnull (strstr (output, "could not open the library of the function"));
}

/* The one that is right is loaded where the one that was wrong lay, and must not be taken for it. This is the
 * only test that opens modules in this process: the loader knows files by their inode, which the next copy can
 * have too. */
static void
test_module_replaced_back (Fixture       *fixture,
                           gconstpointer  data)
{
  const Builds *builds = data;
  g_autofree char *worker = g_test_build_filename (G_TEST_BUILT, "referenced-program-1", NULL);
  g_autofree char *reference = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) result = NULL;
  CfFunc function;

  install (builds->started, fixture->module);
  reference = run (worker, "print-module-reference", fixture->module, NULL);

  install (builds->rebuilt, fixture->module);
  g_assert_null (cf_function_reference_resolve (reference, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION);
  g_clear_error (&error);

  install (builds->started, fixture->module);
  function = cf_function_reference_resolve (reference, &error);
  g_assert_no_error (error);
  result = g_variant_ref_sink (function (NULL, NULL, NULL));
  g_assert_cmpint (g_variant_get_int32 (result), ==, 1);
}

/* What is loaded already is what is meant, even if its path is another. */
static void
test_module_elsewhere (Fixture       *fixture,
                       gconstpointer  data)
{
  const char *build = data;
  g_autofree char *worker = g_test_build_filename (G_TEST_BUILT, "referenced-program-1", NULL);
  g_autofree char *build_path = g_test_build_filename (G_TEST_BUILT, build, NULL);
  g_autofree char *reference = NULL;
  g_autofree char *output = NULL;

  install (build, fixture->module);
  reference = run (worker, "print-module-reference", fixture->module, NULL);
  g_unlink (fixture->module);

  output = run (worker, "call", reference, build_path);
  g_assert_cmpstr (output, ==, "1");
}

/* A module that was unloaded would leave its reference, or its function, to whatever is loaded in its place. */
static void
test_module_stays (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *worker = g_test_build_filename (G_TEST_BUILT, "referenced-program-1", NULL);

  g_autofree char *reference = NULL;
  g_autofree char *output = NULL;

  install ("referenced-module-1.so", fixture->module);
  assert_prints (worker, "call-unloaded", fixture->module, "1");

  reference = run (worker, "print-module-reference", fixture->module, NULL);
  output = run (worker, "call-unloaded", fixture->module, reference);
  g_assert_cmpstr (output, ==, "1");
}

static void
test_odd_paths (Fixture       *fixture,
                gconstpointer  data)
{
  const char *names[] = {
    "a b", "100%41", "caf\303\251", "caf\351", "a+1 library", "new\nline", "x (deleted)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (fixture->folder, names[i], NULL);
      g_autofree char *display_name = g_filename_display_name (path);
      g_autofree char *reference = NULL;

      install ("referenced-program-1", path);
      reference = run (path, "print-reference", NULL, NULL);
      g_assert_true (g_utf8_validate (reference, -1, NULL));
      g_assert_null (strchr (reference, '\n'));
      assert_prints (path, "call", reference, "1");

      install ("referenced-program-2", path);
      assert_says_replaced (path, reference, display_name);
      g_unlink (path);
    }
}

/* From many threads */

enum { N_FUNCTIONS = 256, N_THREADS = 8 };

static int n_racing;

/* Any address of code will do, as nothing is called. */
static CfFunc
nth_function (guint n)
{
  return (CfFunc) ((gsize) static_function + n);
}

/* Returns: (transfer container): the references of the functions */
static gpointer
race (gpointer data)
{
  GPtrArray *references = g_ptr_array_new ();

  g_atomic_int_inc (&n_racing);
  while (g_atomic_int_get (&n_racing) < N_THREADS)
    g_thread_yield ();

  for (guint i = 0; i < N_FUNCTIONS; i++)
    {
      const char *reference = cf_function_reference_of (nth_function (i), NULL, NULL);

      g_assert_nonnull (reference);
      g_assert_true (cf_function_reference_resolve (reference, NULL) == nth_function (i));
      g_ptr_array_add (references, (gpointer) reference);
    }

  return references;
}

static void
test_threads (void)
{
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("racer", race, NULL);

  for (guint i = 0; i < N_THREADS; i++)
    {
      g_autoptr(GPtrArray) references = g_thread_join (threads[i]);

      for (guint j = 0; j < N_FUNCTIONS; j++)
        g_assert_true (references->pdata[j] == cf_function_reference_of (nth_function (j), NULL, NULL));
    }
}

/* The role of this program as the other process. */
static int
call (const char *reference)
{
  g_autoptr(GError) error = NULL;
  CfFunc function = cf_function_reference_resolve (reference, &error);
  g_autoptr(GVariant) result = NULL;

  g_assert_no_error (error);
  result = g_variant_ref_sink (function (NULL, NULL, NULL));
  g_print ("%d", g_variant_get_int32 (result));
  return 0;
}

#define ADD(path, data, function) \
  g_test_add ("/function-reference/" path, Fixture, data, fixture_set_up, function, fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  static const Builds programs = { "referenced-program-1", "referenced-program-2" };
  static const Builds fixed_programs = { "referenced-program-fixed-1", "referenced-program-fixed-2" };
  static const Builds modules = { "referenced-module-1.so", "referenced-module-2.so" };

  if (argc == 3 && g_str_equal (argv[1], "--call"))
    return call (argv[2]);

  g_test_init (&argc, &argv, NULL);
  own_path = g_file_read_link ("/proc/self/exe", NULL);

  g_test_add_func ("/function-reference/of/the-program", test_own);
  g_test_add_func ("/function-reference/of/a-library", test_library);
  g_test_add_func ("/function-reference/of/what-is-no-function", test_not_portable);
  g_test_add_func ("/function-reference/from-many-threads", test_threads);

  g_test_add_func ("/function-reference/resolve/garbled", test_garbled);
  g_test_add_func ("/function-reference/resolve/not-code", test_not_code);
  g_test_add_func ("/function-reference/resolve/other-program", test_other_program);
  g_test_add_func ("/function-reference/resolve/missing-library", test_missing_library);

  g_test_add_func ("/function-reference/program/in-a-fresh-process", test_fresh_process);
  g_test_add_func ("/function-reference/program/has-the-linker's-build-id", test_build_id);
  ADD ("program/with-a-build-id", programs.started, test_program);
  ADD ("program/without-a-build-id", NULL, test_program_without_build_id);
  ADD ("program/at-a-fixed-address", fixed_programs.started, test_program);
  ADD ("program/replaced/with-a-build-id", &programs, test_program_replaced);
  ADD ("program/replaced/at-a-fixed-address", &fixed_programs, test_program_replaced);
  ADD ("program/deleted", NULL, test_program_deleted);
  ADD ("program/odd-paths", NULL, test_odd_paths);

  ADD ("module/with-a-build-id", modules.started, test_module);
  ADD ("module/without-a-build-id", NULL, test_module_without_build_id);
  ADD ("module/replaced", &modules, test_module_replaced);
  ADD ("module/replaced/and-back", &modules, test_module_replaced_back);
  ADD ("module/loaded-from-elsewhere", modules.started, test_module_elsewhere);
  ADD ("module/stays-loaded", NULL, test_module_stays);

  return g_test_run ();
}
