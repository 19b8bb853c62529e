/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Decodes images that nobody trusts, in processes that can do nothing else.
 *
 *   cf-sandbox            bwrap: no network, no home, no files but programs and libraries, read-only
 *   ┌─────────────┐       ┌────────────────────────────────┐
 *   │ reads files │ bytes │ limit_resources(), once        │
 *   │ and writes  │ ────→ │ decode_image(), for each image │
 *   │ thumbnails  │ ←──── │                                │
 *   └─────────────┘ pixels└────────────────────────────────┘
 *
 * What is to be seen here:
 *
 *   - Bubblewrap starts each worker: cf_worker_launcher_set_prefix_argv(). Worker and pool talk over
 *     a socket and shared memory that the worker inherits, so they need nothing that the sandbox takes away.
 *   - A worker has no files: what it is to decode are its arguments. Large values cross in shared memory.
 *   - An initializer limits the worker's memory before its first call, a task's timeout the time of each call.
 *   - A file that crashes its decoder, keeps it busy for ever or eats its memory costs one failed future. The other
 *     files are decoded as if nothing had happened.
 *   - What comes back is not trusted either: print_result() looks at it before it uses it.
 *
 * Images that do all that are rare. With --rehearse, the workers obey files of a format of this example's own, which
 * is no image at all: "CF-SANDBOX-REHEARSAL", a command and its arguments, each on a line. The commands are in
 * rehearse(), and do what code would do that has taken over the decoder. Without the option such a file is what it is:
 * no image.
 */

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cfutures.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

#define PROGRAM            "cf-sandbox"
#define RESULT_TYPE        "(uuuuay)"
#define BYTES_PER_PIXEL    4
#define THUMBNAIL_SIZE     256
#define REHEARSAL_HEADER   "CF-SANDBOX-REHEARSAL"
#define MEBIBYTE           (1024 * 1024)

#define EXIT_SOME_FAILED   1
#define EXIT_USAGE         2

/* In a worker */

static gboolean rehearses;

/* The initializer of each worker. */
static GVariant *
limit_resources (CfFuture  *future,
                 GVariant  *args,
                 GError   **error)
{
  const struct rlimit no_core = { 0, 0 };
  struct rlimit memory;
  guint32 n_mebibytes;

  g_variant_get (args, "(ub)", &n_mebibytes, &rehearses);
  memory.rlim_cur = memory.rlim_max = (rlim_t) n_mebibytes * MEBIBYTE;

  if (setrlimit (RLIMIT_CORE, &no_core) == 0 && (n_mebibytes == 0 || setrlimit (RLIMIT_AS, &memory) == 0))
    return NULL;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "The limits cannot be set: %s", g_strerror (errno));
  return NULL;
}

static gboolean
can_open (const char *path)
{
  int descriptor = open (path, O_RDONLY | O_CLOEXEC);

  return descriptor >= 0 && g_close (descriptor, NULL);
}

static gboolean
can_connect (const char *address)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (client, address, 0, NULL, NULL);

  return connection != NULL;
}

/* Tells which of the files and addresses given are within reach. */
static void
try_to_escape (char   **goals,
               GError **error)
{
  g_autoptr (GString) reached = g_string_new (NULL);

  for (char **goal = goals; *goal != NULL; goal++)
    {
      if (g_path_is_absolute (*goal) ? can_open (*goal) : can_connect (*goal))
        g_string_append_printf (reached, " %s", *goal);
    }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "It tried to escape, and reached%s",
               reached->len > 0 ? reached->str : " nothing");
}

static void
eat_memory (void)
{
  for (;;)
    {
      char *memory = g_malloc (MEBIBYTE);

      memset (memory, 1, MEBIBYTE);
      g_assert_cmpint (((volatile char *) memory)[MEBIBYTE - 1], ==, 1);
    }
}

/* Does what a hostile image would have a faulty decoder do. */
static GVariant *
rehearse (const char  *script,
          gsize        size,
          GError     **error)
{
  g_autofree char *text = g_strndup (script, size);
  g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\n", -1);
  const char *command = lines[1] != NULL ? lines[1] : "";

  if (g_str_equal (command, "crash"))
    *(volatile int *) NULL = 0;
  else if (g_str_equal (command, "loop"))
    while (*(volatile char *) text != '\0')
      continue;
  else if (g_str_equal (command, "eat-memory"))
    eat_memory ();
  else if (g_str_equal (command, "escape"))
    try_to_escape (lines + 2, error);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "“%s” is not in the repertoire", command);

  return NULL;
}

typedef struct
{
  int width;
  int height;
} Size;

/* Called when the decoder has come to know the size: lets it decode no more than is wanted. */
static void
on_size_prepared (GdkPixbufLoader *loader,
                  int              width,
                  int              height,
                  gpointer         user_data)
{
  Size *size = user_data;
  int longer = MAX (width, height);

  *size = (Size) { width, height };
  if (longer > THUMBNAIL_SIZE)
    gdk_pixbuf_loader_set_size (loader,
                                MAX (1, (int) ((gint64) width * THUMBNAIL_SIZE / longer)),
                                MAX (1, (int) ((gint64) height * THUMBNAIL_SIZE / longer)));
}

static GdkPixbuf *
load_thumbnail (const guint8  *data,
                gsize          n_bytes,
                Size          *size,
                GError       **error)
{
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new ();
  GdkPixbuf *image;

  g_signal_connect (loader, "size-prepared", G_CALLBACK (on_size_prepared), size);
  if (!gdk_pixbuf_loader_write (loader, data, n_bytes, error))
    {
      gdk_pixbuf_loader_close (loader, NULL);
      return NULL;
    }

  if (!gdk_pixbuf_loader_close (loader, error))
    return NULL;

  image = gdk_pixbuf_loader_get_pixbuf (loader);
  if (image != NULL)
    return gdk_pixbuf_add_alpha (image, FALSE, 0, 0, 0);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "There is no image in it");
  return NULL;
}

/* The pixels, without what may be between the rows. */
static GVariant *
pack_pixels (GdkPixbuf *image)
{
  gsize row_size = (gsize) gdk_pixbuf_get_width (image) * BYTES_PER_PIXEL;
  gsize n_rows = (gsize) gdk_pixbuf_get_height (image);
  const guint8 *pixels = gdk_pixbuf_read_pixels (image);
  guint8 *packed = g_malloc (row_size * n_rows);

  for (gsize i = 0; i < n_rows; i++)
    memcpy (packed + i * row_size, pixels + i * (gsize) gdk_pixbuf_get_rowstride (image), row_size);

  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, packed, row_size * n_rows, TRUE, g_free, packed);
}

static GVariant *
decode_image (CfFuture  *future,
              GVariant  *args,
              GError   **error)
{
  gsize n_bytes;
  const guint8 *data = g_variant_get_fixed_array (args, &n_bytes, sizeof (guint8));
  g_autoptr (GdkPixbuf) image = NULL;
  Size size = { 0, 0 };

  if (rehearses && n_bytes > strlen (REHEARSAL_HEADER) && memcmp (data, REHEARSAL_HEADER, strlen (REHEARSAL_HEADER)) == 0)
    return rehearse ((const char *) data, n_bytes, error);

  image = load_thumbnail (data, n_bytes, &size, error);
  if (image == NULL)
    return NULL;

  return g_variant_new ("(uuuu@ay)", size.width, size.height, gdk_pixbuf_get_width (image),
                        gdk_pixbuf_get_height (image), pack_pixels (image));
}

/* The sandbox */

static void
add_arguments (GPtrArray *argv,
               ...)
{
  const char *argument;
  va_list arguments;

  va_start (arguments, argv);
  while ((argument = va_arg (arguments, const char *)) != NULL)
    g_ptr_array_add (argv, g_strdup (argument));
  va_end (arguments);
}

/* /lib and its like are links into /usr on most systems, and folders on some. */
static void
add_folder_of_libraries (GPtrArray  *argv,
                         const char *path)
{
  g_autofree char *target = g_file_read_link (path, NULL);

  if (target != NULL)
    add_arguments (argv, "--symlink", target, path, NULL);
  else
    add_arguments (argv, "--ro-bind-try", path, path, NULL);
}

static gboolean
is_system_path (const char *path)
{
  return g_str_has_prefix (path, "/usr/") || g_str_has_prefix (path, "/lib/") || g_str_has_prefix (path, "/lib64/");
}

/* The program itself, and each library that it was linked with, if they are not the system's. */
static int
add_object (struct dl_phdr_info *object,
            size_t               size,
            void                *argv)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  const char *path = *object->dlpi_name != '\0' ? object->dlpi_name : program;

  if (path != NULL && g_path_is_absolute (path) && !is_system_path (path))
    add_arguments (argv, "--ro-bind", path, path, NULL);

  return 0;
}

static GStrv
describe_sandbox (void)
{
  const char *folders[] = { "/lib", "/lib64" };
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  add_arguments (argv, "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", NULL);
  add_arguments (argv, "--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    add_folder_of_libraries (argv, folders[i]);
  dl_iterate_phdr (add_object, argv);

  /* A program that was not installed finds its libraries beside itself by way of /proc. */
  add_arguments (argv, "--proc", "/proc", "--chdir", "/", "--", NULL);
  g_ptr_array_add (argv, NULL);

  return (GStrv) g_ptr_array_steal (argv, NULL);
}

/* An environment may hold secrets: only what is needed to start a program that was not installed. */
static GStrv
describe_environment (void)
{
  const char *kept[] = { "PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS" };
  GStrv environment = g_new0 (char *, 1);

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      if (g_getenv (kept[i]) != NULL)
        environment = g_environ_setenv (environment, kept[i], g_getenv (kept[i]), TRUE);
    }

  return environment;
}

/* The program */

typedef struct
{
  int       n_workers;
  int       timeout_seconds;
  int       memory_mebibytes;
  gboolean  rehearse;
  char     *folder;
  GStrv     files;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->folder);
  g_strfreev (self->files);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
options_parse (Options   *self,
               int        argc,
               char     **argv,
               GError   **error)
{
  const GOptionEntry entries[] = {
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &self->n_workers, "Decode N files at a time (default: one per CPU)", "N" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->folder, "Write thumbnails into FOLDER, as PNG", "FOLDER" },
    { "timeout", 't', 0, G_OPTION_ARG_INT, &self->timeout_seconds, "Give up a file after SECONDS (default: 10)", "SECONDS" },
    { "memory", 'm', 0, G_OPTION_ARG_INT, &self->memory_mebibytes,
      "Let a process have MEBIBYTES of memory (default: 512; 0: no limit)", "MEBIBYTES" },
    { "rehearse", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &self->rehearse, NULL, NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->files, NULL, "FILE…" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- look at images that nobody trusts");

  g_option_context_set_summary (context,
                                "Tells the size of each image, which is decoded in a sandbox: a process without network,\n"
                                "home and files. A file that crashes its decoder, or keeps it busy for ever, harms no\n"
                                "other.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;

  if (self->files == NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "Which files? “%s --help” tells more", PROGRAM);
  else if (self->n_workers < 0 || self->timeout_seconds <= 0 || self->memory_mebibytes < 0)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "Limits are positive numbers");
  else
    return TRUE;

  return FALSE;
}

static CfExecutor *
new_sandboxed_pool (const Options *options)
{
  g_autoptr (CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
  g_auto (GStrv) sandbox = describe_sandbox ();
  g_auto (GStrv) environment = describe_environment ();
  CfExecutor *executor;

  cf_worker_launcher_set_prefix_argv (launcher, (const char *const *) sandbox);
  cf_worker_launcher_set_environ (launcher, (const char *const *) environment);
  executor = cf_process_pool_executor_new_with_launcher ((guint) options->n_workers, launcher);
  cf_process_pool_executor_set_initializer (CF_PROCESS_POOL_EXECUTOR (executor), limit_resources,
                                            g_variant_new ("(ub)", (guint) options->memory_mebibytes, options->rehearse));
  return executor;
}

/* Returns NULL, having said why, if the file cannot be read. */
static CfFuture *
submit_file (CfExecutor    *executor,
             const Options *options,
             const char    *path)
{
  g_autoptr (CfTask) task = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  char *contents;
  CfFuture *future;
  gsize size;

  if (!g_file_get_contents (path, &contents, &size, &error))
    {
      g_printerr ("%s\n", error->message);
      return NULL;
    }

  bytes = g_bytes_new_take (contents, size);
  task = cf_task_new (decode_image, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
  cf_task_set_timeout (task, options->timeout_seconds * G_USEC_PER_SEC);
  future = cf_executor_submit_task (executor, task);
  g_object_set_data_full (G_OBJECT (future), "path", g_strdup (path), g_free);
  return future;
}

/* The pixels were made by a process that may have been taken over by a file. */
static GdkPixbuf *
unpack_thumbnail (GVariant  *result,
                  Size      *size,
                  GError   **error)
{
  g_autoptr (GVariant) pixels = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Size thumbnail;

  if (result != NULL && g_variant_is_of_type (result, G_VARIANT_TYPE (RESULT_TYPE)))
    {
      g_variant_get (result, "(uuuu@ay)", &size->width, &size->height, &thumbnail.width, &thumbnail.height, &pixels);
      if (thumbnail.width > 0 && thumbnail.width <= THUMBNAIL_SIZE &&
          thumbnail.height > 0 && thumbnail.height <= THUMBNAIL_SIZE &&
          g_variant_get_size (pixels) == (gsize) thumbnail.width * (gsize) thumbnail.height * BYTES_PER_PIXEL)
        {
          bytes = g_variant_get_data_as_bytes (pixels);
          return gdk_pixbuf_new_from_bytes (bytes, GDK_COLORSPACE_RGB, TRUE, 8, thumbnail.width, thumbnail.height,
                                            thumbnail.width * BYTES_PER_PIXEL);
        }
    }

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "Its decoder returned invalid data");
  return NULL;
}

static gboolean
save_thumbnail (GdkPixbuf   *thumbnail,
                const char  *folder,
                const char  *path,
                GError     **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *thumbnail_name = g_strconcat (name, ".png", NULL);
  g_autofree char *thumbnail_path = g_build_filename (folder, thumbnail_name, NULL);

  return gdk_pixbuf_save (thumbnail, thumbnail_path, "png", error, NULL);
}

static gboolean
print_result (CfFuture      *future,
              const Options *options)
{
  const char *path = g_object_get_data (G_OBJECT (future), "path");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = cf_future_await_variant (future, &error);
  g_autoptr (GdkPixbuf) thumbnail = NULL;
  Size size;

  if (error == NULL)
    thumbnail = unpack_thumbnail (result, &size, &error);
  if (thumbnail != NULL && options->folder != NULL)
    save_thumbnail (thumbnail, options->folder, path, &error);

  if (error != NULL)
    g_print ("%s: %s\n", path, error->message);
  else
    g_print ("%s: %d × %d\n", path, size.width, size.height);

  return error == NULL;
}

static int
look_at_files (const Options *options)
{
  g_autoptr (CfExecutor) executor = new_sandboxed_pool (options);
  CF_EXECUTOR_AUTO_SHUTDOWN (executor, scope);
  g_autoptr (GPtrArray) futures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (CfCompletionIterator) completed = NULL;
  guint n_failed = 0;
  CfFuture *future;

  for (char **path = options->files; *path != NULL; path++)
    {
      future = submit_file (executor, options, *path);
      if (future != NULL)
        g_ptr_array_add (futures, future);
      else
        n_failed++;
    }

  completed = cf_as_completed ((CfFuture *const *) futures->pdata, futures->len, -1);
  while ((future = cf_completion_iterator_next (completed, NULL, NULL)) != NULL)
    {
      n_failed += !print_result (future, options);
      g_object_unref (future);
    }

  return n_failed == 0 ? EXIT_SUCCESS : EXIT_SOME_FAILED;
}

int
main (int    argc,
      char **argv)
{
  g_auto (Options) options = { .timeout_seconds = 10, .memory_mebibytes = 512 };
  g_autofree char *launcher = NULL;
  g_autoptr (GError) error = NULL;

  cf_worker_main (&argc, &argv);
  setlocale (LC_ALL, "");

  if (!options_parse (&options, argc, argv, &error))
    {
      g_printerr (PROGRAM ": %s\n", error->message);
      return EXIT_USAGE;
    }

  launcher = g_find_program_in_path ("bwrap");
  if (launcher == NULL)
    {
      g_printerr (PROGRAM ": There is no sandbox: bwrap is not installed (the package is called bubblewrap)\n");
      return EXIT_USAGE;
    }

  return look_at_files (&options);
}
