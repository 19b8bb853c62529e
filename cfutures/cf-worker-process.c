/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker as its pool sees it: a process, the channel to it, and what it says on standard error.
 *
 *      argv:  launcher…  worker…  --cf-worker=3
 *             bwrap …    program  the socket
 *
 * The process has standard input from nowhere, standard output and error, and the socket of its channel: nothing
 * else. Standard error comes through a pipe, is passed on to where the user wants it, and its last lines are kept:
 * if the worker dies they go into the error of the call that it was making.
 *
 * Everything happens in the thread and the main context in which the process was started, but for the signals,
 * which any thread may send. */

#include "config.h"

#include "cf-worker-process-private.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "cf-error.h"

/* Where the worker finds its socket: right after the standard streams. */
#define WORKER_DESCRIPTOR 3
#define WORKER_ARGUMENT   "--cf-worker=3"

#define MAX_TAIL          1024
#define MAX_TAIL_LINES    5
#define PIPE_CHUNK        4096      /* what can be written to a pipe that is ready without blocking */
#define RETRY_MSEC        10

struct _CfWorkerProcess
{
  CfChannel                 channel;
  GSubprocess              *subprocess;
  int                       pid;
  CfWorkerProcessCallbacks  callbacks;
  gpointer                  user_data;
  GCancellable             *cancellable;    /* of the wait for the process */
  GSource                  *socket_source;
  GSource                  *stderr_source;
  int                       stderr_pipe;    /* -1 when it has been closed */
  int                       stderr_target;  /* not this process's to close */
  GString                  *tail;           /* the last that came on standard error */
};

/* Settings. */

void
cf_worker_settings_clear (CfWorkerSettings *self)
{
  g_clear_pointer (&self->launcher_argv, g_strfreev);
  g_clear_pointer (&self->worker_argv, g_strfreev);
  g_clear_pointer (&self->interpreter_argv, g_strfreev);
  g_clear_pointer (&self->environment, g_strfreev);
  g_clear_pointer (&self->working_directory, g_free);
  if (self->stdout_descriptor >= 0)
    g_close (g_steal_fd (&self->stdout_descriptor), NULL);
  if (self->stderr_descriptor >= 0)
    g_close (g_steal_fd (&self->stderr_descriptor), NULL);
}

static _Atomic gboolean program_is_ready;

void
cf_worker_program_set_ready (void)
{
  atomic_store_explicit (&program_is_ready, TRUE, memory_order_relaxed);
}

gboolean
cf_worker_program_is_ready (void)
{
  return atomic_load_explicit (&program_is_ready, memory_order_relaxed);
}

/**
 * cf_worker_settings_run_program:
 * @self: how workers are started
 *
 * Returns: whether a worker may run functions of this very program
 */
gboolean
cf_worker_settings_run_program (const CfWorkerSettings *self)
{
  return self->kind == CF_WORKER_KIND_NATIVE && (self->worker_argv != NULL || cf_worker_program_is_ready ());
}

/* The path of a file that comes with the library: where it was installed, or beside a library that was built but
 * not installed. */
static char *
find_worker_file (const char *name)
{
  const char *folder = g_getenv ("CFUTURES_WORKER_DIR");
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

/* The path of this program, unless its file is not the one any more that it was started from. */
static char *
find_program (GError **error)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", error);

  if (path == NULL || !g_str_has_suffix (path, " (deleted)"))
    return g_steal_pointer (&path);

  path[strlen (path) - strlen (" (deleted)")] = '\0';
  g_set_error (error, CF_ERROR, CF_ERROR_BROKEN_EXECUTOR,
               _("%s was deleted or replaced since it was started, and cannot be started as a worker any more; "
                 "restart the program"), path);
  return NULL;
}

static void
add_arguments (GPtrArray          *argv,
               const char *const  *arguments)
{
  for (; arguments != NULL && *arguments != NULL; arguments++)
    g_ptr_array_add (argv, g_strdup (*arguments));
}

static void
add_script (GPtrArray               *argv,
            const CfWorkerSettings  *settings,
            const char *const       *interpreter_argv,
            const char              *name)
{
  if (settings->interpreter_argv != NULL)
    interpreter_argv = (const char *const *) settings->interpreter_argv;

  add_arguments (argv, interpreter_argv);
  g_ptr_array_add (argv, find_worker_file (name));
}

static gboolean
add_worker_argv (GPtrArray               *argv,
                 const CfWorkerSettings  *settings,
                 GError                 **error)
{
  static const char *const python_argv[] = { WORKER_PYTHON, NULL };
  static const char *const gjs_argv[] = { "gjs", "--module", NULL };
  char *path;

  if (settings->worker_argv != NULL)
    {
      add_arguments (argv, (const char *const *) settings->worker_argv);
      return TRUE;
    }

  switch (settings->kind)
    {
    case CF_WORKER_KIND_PYTHON:
      add_script (argv, settings, python_argv, "cfutures-worker.py");
      return TRUE;

    case CF_WORKER_KIND_GJS:
      add_script (argv, settings, gjs_argv, "cfutures-worker.js");
      return TRUE;

    case CF_WORKER_KIND_NATIVE:
      path = cf_worker_program_is_ready () ? find_program (error) : find_worker_file ("cfutures-worker");
      if (path != NULL)
        g_ptr_array_add (argv, path);
      return path != NULL;

    default:
      g_assert_not_reached ();
    }
}

/* Standard error. */

static void
keep_tail (CfWorkerProcess *self,
           const char      *text,
           gsize            size)
{
  g_string_append_len (self->tail, text, size);
  if (self->tail->len > MAX_TAIL)
    g_string_erase (self->tail, 0, self->tail->len - MAX_TAIL);
}

/* Writes without being killed if nobody reads any more. */
static void
pass_on (int         descriptor,
         const char *text,
         gsize       size)
{
  const struct timespec at_once = { 0 };
  sigset_t pipe_signal;
  sigset_t old_mask;

  sigemptyset (&pipe_signal);
  sigaddset (&pipe_signal, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &pipe_signal, &old_mask);
  if (write (descriptor, text, size) < 0 && errno == EPIPE)
    sigtimedwait (&pipe_signal, NULL, &at_once);
  pthread_sigmask (SIG_SETMASK, &old_mask, NULL);
}

static gboolean
target_is_ready (CfWorkerProcess *self)
{
  struct pollfd target = { .fd = self->stderr_target, .events = POLLOUT };

  return poll (&target, 1, 0) != 0;
}

/* Returns FALSE when there is nothing now. */
static gboolean
read_stderr (CfWorkerProcess *self)
{
  char text[PIPE_CHUNK];
  gssize size;

  if (self->stderr_pipe < 0)
    return FALSE;

  do
    size = read (self->stderr_pipe, text, sizeof (text));
  while (size < 0 && errno == EINTR);

  if (size > 0)
    {
      keep_tail (self, text, size);
      pass_on (self->stderr_target, text, size);
      return TRUE;
    }

  if (size == 0 || errno != EAGAIN)
    g_close (g_steal_fd (&self->stderr_pipe), NULL);
  return FALSE;
}

static gboolean on_stderr (int           descriptor,
                           GIOCondition  condition,
                           gpointer      data);

static void
watch_stderr (CfWorkerProcess *self)
{
  self->stderr_source = g_unix_fd_source_new (self->stderr_pipe, G_IO_IN | G_IO_HUP);
  g_source_set_callback (self->stderr_source, G_SOURCE_FUNC (on_stderr), self, NULL);
  g_source_attach (self->stderr_source, g_main_context_get_thread_default ());
}

static gboolean
on_retry (gpointer data)
{
  CfWorkerProcess *self = data;

  g_clear_pointer (&self->stderr_source, g_source_unref);
  watch_stderr (self);
  return G_SOURCE_REMOVE;
}

/* If nobody takes it off our hands the worker has to wait, and not the pool. */
static void
retry_stderr_later (CfWorkerProcess *self)
{
  self->stderr_source = g_timeout_source_new (RETRY_MSEC);
  g_source_set_callback (self->stderr_source, on_retry, self, NULL);
  g_source_attach (self->stderr_source, g_main_context_get_thread_default ());
}

static gboolean
on_stderr (int           descriptor,
           GIOCondition  condition,
           gpointer      data)
{
  CfWorkerProcess *self = data;

  if (!target_is_ready (self))
    {
      g_clear_pointer (&self->stderr_source, g_source_unref);
      retry_stderr_later (self);
      return G_SOURCE_REMOVE;
    }

  read_stderr (self);
  if (self->stderr_pipe >= 0)
    return G_SOURCE_CONTINUE;

  g_clear_pointer (&self->stderr_source, g_source_unref);
  return G_SOURCE_REMOVE;
}

/* The last lines of standard error. */
static char *
describe_tail (CfWorkerProcess *self)
{
  g_autofree char *text = g_utf8_make_valid (self->tail->str, self->tail->len);
  const char *begin;

  g_strstrip (text);
  begin = text + strlen (text);
  for (guint n_lines = 0; begin > text && n_lines < MAX_TAIL_LINES; n_lines += *begin == '\n')
    begin--;

  return g_strdup (*begin == '\n' ? begin + 1 : begin);
}

/* The process. */

static gboolean
on_socket (int           descriptor,
           GIOCondition  condition,
           gpointer      data)
{
  CfWorkerProcess *self = data;

  self->callbacks.readable (self->user_data);
  return G_SOURCE_CONTINUE;
}

static void
on_exited (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  CfWorkerProcess *self = data;

  /* Cancelled, and `self` is gone. */
  if (!g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL))
    return;

  while (target_is_ready (self) && read_stderr (self))
    ;
  self->callbacks.exited (self->user_data);
}

static gboolean
spawn (CfWorkerProcess         *self,
       const CfWorkerSettings  *settings,
       int                      worker_socket,
       int                      stderr_pipe,
       GError                 **error)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);

  g_subprocess_launcher_take_fd (launcher, worker_socket, WORKER_DESCRIPTOR);
  g_subprocess_launcher_take_stderr_fd (launcher, stderr_pipe);
  if (settings->stdout_descriptor >= 0)
    g_subprocess_launcher_take_stdout_fd (launcher, fcntl (settings->stdout_descriptor, F_DUPFD_CLOEXEC, 0));
  if (settings->environment != NULL)
    g_subprocess_launcher_set_environ (launcher, settings->environment);
  if (settings->working_directory != NULL)
    g_subprocess_launcher_set_cwd (launcher, settings->working_directory);

  add_arguments (argv, (const char *const *) settings->launcher_argv);
  if (!add_worker_argv (argv, settings, error))
    return FALSE;
  g_ptr_array_add (argv, g_strdup (WORKER_ARGUMENT));
  g_ptr_array_add (argv, NULL);

  self->subprocess = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, error);
  return self->subprocess != NULL;
}

/**
 * cf_worker_process_start:
 * @settings: how to start it, which outlives the process
 * @callbacks: what happens then
 * @user_data: passed to them
 * @error: return location for a `GSpawnError`, a `GIOErrorEnum` or a `CF_ERROR_BROKEN_EXECUTOR`
 *
 * Starts a worker, which is ready when it says so on its channel.
 *
 * Returns: (transfer full) (nullable): the worker
 */
CfWorkerProcess *
cf_worker_process_start (const CfWorkerSettings          *settings,
                         const CfWorkerProcessCallbacks  *callbacks,
                         gpointer                         user_data,
                         GError                         **error)
{
  g_autoptr(CfWorkerProcess) self = g_new0 (CfWorkerProcess, 1);
  const char *identifier;
  int worker_socket;
  int pipes[2];

  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->stderr_pipe = -1;
  self->stderr_target = settings->stderr_descriptor >= 0 ? settings->stderr_descriptor : STDERR_FILENO;
  self->tail = g_string_new (NULL);
  self->cancellable = g_cancellable_new ();

  if (!cf_channel_init_pool (&self->channel, &worker_socket, error))
    return NULL;

  if (!g_unix_open_pipe (pipes, FD_CLOEXEC, error))
    {
      g_close (worker_socket, NULL);
      return NULL;
    }

  self->stderr_pipe = pipes[0];
  g_unix_set_fd_nonblocking (self->stderr_pipe, TRUE, NULL);

  if (!spawn (self, settings, worker_socket, pipes[1], error))
    return NULL;

  /* NULL if it has ended already, as on_exited() will soon say. */
  identifier = g_subprocess_get_identifier (self->subprocess);
  self->pid = identifier != NULL ? (int) g_ascii_strtoll (identifier, NULL, 10) : 0;

  watch_stderr (self);
  self->socket_source = g_unix_fd_source_new (self->channel.socket, G_IO_IN | G_IO_HUP);
  g_source_set_callback (self->socket_source, G_SOURCE_FUNC (on_socket), self, NULL);
  g_source_attach (self->socket_source, g_main_context_get_thread_default ());
  g_subprocess_wait_async (self->subprocess, self->cancellable, on_exited, self);

  return g_steal_pointer (&self);
}

/**
 * cf_worker_process_ignore_socket:
 * @self: a worker whose socket has been closed by the other side
 *
 * Has `readable` called no more.
 */
void
cf_worker_process_ignore_socket (CfWorkerProcess *self)
{
  if (self->socket_source == NULL)
    return;

  g_source_destroy (self->socket_source);
  g_clear_pointer (&self->socket_source, g_source_unref);
}

/**
 * cf_worker_process_free:
 * @self: a worker that has ended, or never began
 *
 * Frees what was known of it.
 */
void
cf_worker_process_free (CfWorkerProcess *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  cf_worker_process_ignore_socket (self);
  if (self->stderr_source != NULL)
    {
      g_source_destroy (self->stderr_source);
      g_source_unref (self->stderr_source);
    }
  if (self->stderr_pipe >= 0)
    g_close (self->stderr_pipe, NULL);
  cf_channel_clear (&self->channel);
  g_clear_object (&self->subprocess);
  g_string_free (self->tail, TRUE);
  g_free (self);
}

CfChannel *
cf_worker_process_get_channel (CfWorkerProcess *self)
{
  return &self->channel;
}

int
cf_worker_process_get_pid (CfWorkerProcess *self)
{
  return self->pid;
}

void
cf_worker_process_send_signal (CfWorkerProcess *self,
                               int              signal_number)
{
  g_subprocess_send_signal (self->subprocess, signal_number);
}

/**
 * cf_worker_process_describe_end:
 * @self: a worker that has ended
 *
 * Returns: (transfer full): how it ended, in words, with the last that it said
 */
char *
cf_worker_process_describe_end (CfWorkerProcess *self)
{
  g_autofree char *tail = describe_tail (self);
  g_autofree char *who = self->pid > 0 ? g_strdup_printf (_("worker process %d"), self->pid)
                                       : g_strdup (_("a worker process"));
  g_autofree char *end = NULL;

  if (g_subprocess_get_if_signaled (self->subprocess))
    {
      int number = g_subprocess_get_term_sig (self->subprocess);

      end = g_strdup_printf (_("%s was killed by signal %d (%s)"), who, number, g_strsignal (number));
    }
  else
    {
      end = g_strdup_printf (_("%s ended with exit status %d"), who,
                             g_subprocess_get_exit_status (self->subprocess));
    }

  if (*tail == '\0')
    return g_steal_pointer (&end);

  /* Translators: how a process ended, and the last lines that it wrote to standard error. */
  return g_strdup_printf (_("%s; its last words were:\n%s"), end, tail);
}
