/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker as its pool sees it: a process, the channel to it, and what it says on standard error.
 *
 * The process is waited for by its number, and not by GLib: nothing that the rest of the program does with its children,
 * with SIGCHLD or by fork() has the end of a worker go unnoticed.
 *
 * The pool's launcher starts the process (cf-worker-launcher.c), which has standard input from nowhere, standard output
 * and error, and the socket of its channel: nothing else. Standard error comes through a pipe and is
 * passed on to where the user wants it. Its last lines are kept: if the worker dies they go into the error of the call
 * that it was running.
 *
 * Everything happens in the thread and the main context in which the process was started, but for the signals,
 * which any thread may send. */

#include "config.h"

#include "transport/cf-worker-process-private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "transport/cf-held-signals-private.h"

#define MAX_TAIL          1024
#define MAX_TAIL_LINES    5
#define PIPE_CHUNK        4096      /* what can be written to a pipe that is ready without blocking */
#define RETRY_MSEC        10

/* How often to look at a process that there is no pidfd for. */
#define LOOK_MSEC         1000

struct _CfWorkerProcess
{
  CfChannel                 channel;
  GPid                      pid;
  CfWorkerProcessCallbacks  callbacks;
  gpointer                  user_data;
  GSource                  *end_source;     /* until it has ended */
  int                       pidfd;          /* -1 if there is none to be had */
  siginfo_t                 end;            /* how it has ended; no code if another has waited for it */
  GSource                  *socket_source;
  GSource                  *stderr_source;
  int                       stderr_pipe;    /* -1 when it has been closed */
  int                       stderr_target;  /* not this process's to close */
  GString                  *tail;           /* the last that came on standard error */
};

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

/* Writes without being killed if nobody reads, or the file is full. What cannot be written is lost. */
static void
pass_on (int         descriptor,
         const char *text,
         gsize       size)
{
  CfHeldSignals held;

  cf_held_signals_begin (&held);
  if (write (descriptor, text, size) >= 0)
    errno = 0;
  cf_held_signals_end (&held);
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

/* Looks whether it has ended, and leaves it a zombie: its number is its own until it is freed. */
static gboolean
has_ended (CfWorkerProcess *self)
{
  self->end = (siginfo_t) { 0 };

  /* No such child: other code of the program has waited for it, or has the system do so, as those do that ignore
   * SIGCHLD. */
  if (waitid (P_PID, self->pid, &self->end, WEXITED | WNOHANG | WNOWAIT) < 0)
    return errno == ECHILD;

  return self->end.si_pid != 0;
}

static gboolean
look_for_end (CfWorkerProcess *self)
{
  if (!has_ended (self))
    return G_SOURCE_CONTINUE;

  while (target_is_ready (self) && read_stderr (self))
    ;

  /* It is freed by that. */
  self->callbacks.exited (self->user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_pidfd (int           descriptor,
          GIOCondition  condition,
          gpointer      data)
{
  return look_for_end (data);
}

static gboolean
on_look (gpointer data)
{
  return look_for_end (data);
}

static void
stop_watching (CfWorkerProcess *self)
{
  if (self->end_source == NULL)
    return;

  g_source_destroy (self->end_source);
  g_clear_pointer (&self->end_source, g_source_unref);
}

static void
look_every (CfWorkerProcess *self,
            guint            msec)
{
  stop_watching (self);
  self->end_source = g_timeout_source_new (msec);
  g_source_set_callback (self->end_source, on_look, self, NULL);
  g_source_attach (self->end_source, g_main_context_get_thread_default ());
}

/* Returns a descriptor, closed by exec(), that can be read when the process has ended, or -1. */
static int
open_pidfd (GPid pid)
{
  static _Atomic gboolean is_missing;
  int descriptor;

  if (is_missing)
    return -1;

  descriptor = (int) syscall (SYS_pidfd_open, pid, 0);
  if (descriptor < 0 && errno == ENOSYS)
    is_missing = TRUE;

  return descriptor;
}

/* Sees the process end, whatever the program does with SIGCHLD: GLib sees it, without a pidfd, only if that is left to
 * GLib. Without one it is looked at now and then, and often when its socket is closed. */
static void
watch_end (CfWorkerProcess *self)
{
  self->pidfd = open_pidfd (self->pid);
  if (self->pidfd < 0)
    {
      look_every (self, LOOK_MSEC);
      return;
    }

  self->end_source = g_unix_fd_source_new (self->pidfd, G_IO_IN);
  g_source_set_callback (self->end_source, G_SOURCE_FUNC (on_pidfd), self, NULL);
  g_source_attach (self->end_source, g_main_context_get_thread_default ());
}

/**
 * cf_worker_process_start:
 * @launcher: how to start it, which outlives the process
 * @callbacks: what happens then
 * @user_data: passed to them
 * @error: return location for a `GSpawnError`, a `GFileError`, a `GIOErrorEnum` or a
 *   `CF_ERROR_BROKEN_EXECUTOR`
 *
 * Starts a worker, which is ready when it says so on its channel.
 *
 * Returns: (transfer full) (nullable): the worker
 */
CfWorkerProcess *
cf_worker_process_start (CfWorkerLauncher                *launcher,
                         const CfWorkerProcessCallbacks  *callbacks,
                         gpointer                         user_data,
                         GError                         **error)
{
  g_autoptr(CfWorkerProcess) self = g_new0 (CfWorkerProcess, 1);
  int stderr_target = cf_worker_launcher_get_stderr_fd (launcher);
  int worker_socket;
  int pipes[2];

  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->stderr_pipe = -1;
  self->stderr_target = stderr_target >= 0 ? stderr_target : STDERR_FILENO;
  self->tail = g_string_new (NULL);
  self->pidfd = -1;

  if (!cf_channel_init_pool (&self->channel, &worker_socket, error))
    return NULL;

  if (!g_unix_open_pipe (pipes, FD_CLOEXEC, error))
    {
      g_close (worker_socket, NULL);
      return NULL;
    }

  self->stderr_pipe = pipes[0];
  g_unix_set_fd_nonblocking (self->stderr_pipe, TRUE, NULL);

  self->pid = cf_worker_launcher_spawn (launcher, worker_socket, pipes[1], error);
  if (self->pid < 0)
    return NULL;

  watch_stderr (self);
  self->socket_source = g_unix_fd_source_new (self->channel.socket, G_IO_IN | G_IO_HUP);
  g_source_set_callback (self->socket_source, G_SOURCE_FUNC (on_socket), self, NULL);
  g_source_attach (self->socket_source, g_main_context_get_thread_default ());
  watch_end (self);

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
  if (self->pidfd < 0 && self->end_source != NULL)
    look_every (self, RETRY_MSEC);
}

/**
 * cf_worker_process_reap:
 * @self: a worker that has ended, and that no other thread can find
 *
 * Leaves nothing of the process. Its number may be another one's from now on.
 */
void
cf_worker_process_reap (CfWorkerProcess *self)
{
  siginfo_t end;

  if (self->pid > 0)
    waitid (P_PID, self->pid, &end, WEXITED | WNOHANG);
  self->pid = -1;
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
  stop_watching (self);
  cf_worker_process_ignore_socket (self);
  if (self->stderr_source != NULL)
    {
      g_source_destroy (self->stderr_source);
      g_source_unref (self->stderr_source);
    }
  if (self->stderr_pipe >= 0)
    g_close (self->stderr_pipe, NULL);
  cf_channel_clear (&self->channel);
  if (self->pidfd >= 0)
    g_close (self->pidfd, NULL);
  cf_worker_process_reap (self);
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
  /* Any other number means more than one process. */
  if (self->pid > 0)
    kill (self->pid, signal_number);
}

/**
 * cf_worker_process_is_at_work:
 * @self: a worker that has not ended
 * @cpu_usec: (inout): set to the processor time that it has had; left alone if the system does not tell
 *
 * Returns: whether its main thread runs just now, or waits for a processor or for the disk
 */
gboolean
cf_worker_process_is_at_work (CfWorkerProcess *self,
                              gint64          *cpu_usec)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", self->pid);
  g_autofree char *stat = NULL;
  const char *name_end;
  guint64 user_ticks;
  guint64 system_ticks;
  char state;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return FALSE;

  /* The name, in parentheses, may contain anything. */
  name_end = strrchr (stat, ')');
  if (name_end == NULL ||
      sscanf (name_end, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
              &state, &user_ticks, &system_ticks) != 3)
    return FALSE;

  *cpu_usec = (user_ticks + system_ticks) * (G_USEC_PER_SEC / sysconf (_SC_CLK_TCK));
  return state == 'R' || state == 'D';
}

/**
 * cf_worker_process_was_killed:
 * @self: a worker that has ended
 *
 * Returns: whether it was ended from outside, by the administrator or by the system when it lacked memory
 */
gboolean
cf_worker_process_was_killed (CfWorkerProcess *self)
{
  return self->end.si_code == CLD_KILLED && (self->end.si_status == SIGKILL || self->end.si_status == SIGTERM);
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
  g_autofree char *who = g_strdup_printf (_("worker process %d"), self->pid);
  g_autofree char *end = NULL;

  switch (self->end.si_code)
    {
    case CLD_KILLED:
    case CLD_DUMPED:
      end = g_strdup_printf (_("%s was killed by signal %d (%s)"), who, self->end.si_status,
                             g_strsignal (self->end.si_status));
      break;

    case CLD_EXITED:
      end = g_strdup_printf (_("%s ended with exit status %d"), who, self->end.si_status);
      break;

    default:
      end = g_strdup_printf (_("%s ended, and other code of this program has waited for it and knows how"), who);
    }

  if (*tail == '\0')
    return g_steal_pointer (&end);

  /* Translators: how a process ended, and the last lines that it wrote to standard error. */
  return g_strdup_printf (_("%s; its last lines on standard error were:\n%s"), end, tail);
}
