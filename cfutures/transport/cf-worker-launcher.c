/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfWorkerLauncher: how the workers of a process pool are started, after GSubprocessLauncher.
 *
 *      prefix-argv…    argv…                          --cf-worker=3
 *      nice -n 10      program                        the socket
 *                      or interpreter-argv… script
 *
 * Its settings answer three questions, in this order here, in the header and in spawn():
 *
 *      what is run             kind, argv, interpreter-argv
 *      what surrounds it       prefix-argv, cwd, environ, standard output and error
 *      what it may use         start-timeout
 *
 * Whatever a worker is granted or denied from its first instruction on is a setting of one of these kinds, and takes
 * effect in cf_worker_launcher_spawn(), which alone starts processes. What is set up by code that runs in the worker is
 * an initializer, and the pool's.
 *
 * A launcher is one thread's until a pool is made with it. The pool keeps a copy, which can no longer be changed, so
 * that any thread of the pool may read it without a lock. Descriptors are shared between copies: to make one never
 * fails. */

#include "config.h"

#include "transport/cf-worker-launcher-private.h"

#include <signal.h>
#include <string.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "cf-enum-types.h"
#include "transport/cf-worker-command-private.h"

#define DEFAULT_START_TIMEOUT (10 * G_USEC_PER_SEC)

/* Where the worker finds its socket: right after the standard streams. */
#define WORKER_DESCRIPTOR     3
#define WORKER_ARGUMENT       "--cf-worker=3"

/**
 * CfWorkerLauncher:
 *
 * Describes how the workers of a process pool are started.
 *
 * It is to a [class@Cf.ProcessPoolExecutor] what a [class@Gio.SubprocessLauncher] is to a [class@Gio.Subprocess]. Set
 * it up, then make a pool with it:
 *
 * ```c
 * const char *const nice[] = { "nice", "-n", "10", NULL };
 * g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_PYTHON);
 *
 * cf_worker_launcher_set_prefix_argv (launcher, nice);
 * cf_worker_launcher_set_cwd (launcher, "/srv/data");
 * cf_worker_launcher_setenv (launcher, "OMP_NUM_THREADS", "1", TRUE);
 *
 * executor = cf_process_pool_executor_new_with_launcher (4, launcher);
 * ```
 *
 * The pool takes a snapshot: it keeps a copy of the launcher, as it is then. Changing the launcher later changes
 * nothing in pools that exist, and several pools can be made with one launcher. The pool's copy, which
 * [method@Cf.ProcessPoolExecutor.get_launcher] returns, cannot be changed; [method@Cf.WorkerLauncher.copy] makes one
 * that can.
 *
 * A launcher is not for several threads at once: set it up in one.
 *
 * Since: 1.0
 */
struct _CfWorkerLauncher
{
  GObject        parent_instance;

  gboolean       belongs_to_pool;     /* and does not change */

  CfWorkerKind   kind;
  char         **argv;                /* (nullable): instead of what the kind stands for */
  char         **interpreter_argv;    /* (nullable): instead of what runs the kind's script */

  char         **prefix_argv;         /* (nullable): nothing */
  char          *cwd;                 /* (nullable): inherited */
  char         **env;                 /* (nullable): inherited */
  int           *stdout_fd;           /* (nullable): inherited; reference-counted */
  int           *stderr_fd;           /* (nullable): inherited; reference-counted */

  gint64         start_timeout_usec;
};

G_DEFINE_FINAL_TYPE (CfWorkerLauncher, cf_worker_launcher, G_TYPE_OBJECT)

enum
{
  PROP_KIND = 1,
  PROP_ARGV,
  PROP_INTERPRETER_ARGV,
  PROP_PREFIX_ARGV,
  PROP_CWD,
  PROP_ENVIRON,
  PROP_START_TIMEOUT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* Descriptors that copies of a launcher share. */

static void
close_descriptor (gpointer descriptor)
{
  g_close (*(int *) descriptor, NULL);
}

static int *
shared_descriptor_ref (int *descriptor)
{
  return descriptor != NULL ? g_atomic_rc_box_acquire (descriptor) : NULL;
}

static void
shared_descriptor_unref (int *descriptor)
{
  if (descriptor != NULL)
    g_atomic_rc_box_release_full (descriptor, close_descriptor);
}

static void
take_descriptor (int **field,
                 int   fd)
{
  shared_descriptor_unref (*field);
  *field = fd >= 0 ? g_atomic_rc_box_dup (sizeof (int), &fd) : NULL;
}

/* Vectors of strings that may be NULL. A command without words is none: some languages have no other NULL. */

static const char *const *
as_strv (char **strv)
{
  return (const char *const *) strv;
}

static gboolean
strv_equal (const char *const *a,
            const char *const *b)
{
  if (a == NULL || b == NULL)
    return a == b;

  return g_strv_equal (a, b);
}

static const char *const *
null_if_empty (const char *const *argv)
{
  return argv != NULL && argv[0] != NULL ? argv : NULL;
}

static void
set_strv (CfWorkerLauncher   *self,
          char             ***field,
          const char *const  *strv,
          guint               property)
{
  char **copy;

  if (strv_equal (as_strv (*field), strv))
    return;

  copy = g_strdupv ((char **) strv);
  g_strfreev (*field);
  *field = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* Starting. */

static void
append (GPtrArray         *argv,
        const char *const *arguments)
{
  for (; arguments != NULL && *arguments != NULL; arguments++)
    g_ptr_array_add (argv, g_strdup (*arguments));
}

/* Returns what is executed, with NULL at the end, or NULL. */
static GPtrArray *
make_command (CfWorkerLauncher  *self,
              GError           **error)
{
  g_autoptr(GPtrArray) command = g_ptr_array_new_with_free_func (g_free);

  append (command, as_strv (self->prefix_argv));
  if (self->argv != NULL)
    append (command, as_strv (self->argv));
  else if (!cf_worker_command_append (command, self->kind, as_strv (self->interpreter_argv), error))
    return NULL;

  g_ptr_array_add (command, g_strdup (WORKER_ARGUMENT));
  g_ptr_array_add (command, NULL);
  return g_steal_pointer (&command);
}

static gboolean
ignores_hang_up (void)
{
  struct sigaction action;

  return sigaction (SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* In the process that is to become a worker: gives it the signals that a program begins with, whatever this one does with
 * them, but has Ctrl-C be for this one alone. What nohup has had ignored stays so; GLib does not see to that. After
 * fork(), so nothing but what a signal handler may do. */
static void
reset_signals (gpointer ignore_hang_up)
{
  sigset_t none;

  for (int number = 1; number < NSIG; number++)
    {
      struct sigaction action;

      if (sigaction (number, NULL, &action) == 0 && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL)
        signal (number, SIG_DFL);
    }
  signal (SIGTERM, SIG_DFL);
  signal (SIGCHLD, SIG_DFL);
  signal (SIGINT, SIG_IGN);
  if (GPOINTER_TO_INT (ignore_hang_up))
    signal (SIGHUP, SIG_IGN);

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

/* Says of an error which command it is of, and whose. */
static void
add_command_to_error (GError    **error,
                      GPtrArray  *command)
{
  g_autofree char *words = g_strjoinv (" ", (char **) command->pdata);
  g_autofree char *text = g_utf8_make_valid (words, -1);
  g_autofree char *message = NULL;

  if (error == NULL)
    return;

  message = g_steal_pointer (&(*error)->message);
  /* Translators: why a process could not be started, and its command. */
  (*error)->message = g_strdup_printf (_("%s. The command was “%s”; check the CfWorkerLauncher of the pool"),
                                       message, text);
}

/**
 * cf_worker_launcher_spawn:
 * @self: a pool's launcher
 * @socket: the worker's end of its channel, which is taken
 * @stderr_pipe: where its standard error goes, which is taken
 * @error: return location for a `GSpawnError`, a `GFileError`, a `GIOErrorEnum` or a `CF_ERROR_BROKEN_EXECUTOR`
 *
 * Starts a process that is to become a worker.
 *
 * Returns: the process's number, for the caller to wait for, or -1
 */
GPid
cf_worker_launcher_spawn (CfWorkerLauncher  *self,
                          int                socket,
                          int                stderr_pipe,
                          GError           **error)
{
  static const GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES;
  static const int worker_descriptor = WORKER_DESCRIPTOR;
  g_autoptr(GPtrArray) command = make_command (self, error);
  g_auto(GStrv) safe_env = cf_worker_command_dup_environ ();
  GPid pid = -1;

  if (command != NULL &&
      !g_spawn_async_with_pipes_and_fds (self->cwd, as_strv ((char **) command->pdata),
                                         as_strv (self->env != NULL ? self->env : safe_env), flags,
                                         reset_signals, GINT_TO_POINTER (ignores_hang_up ()),
                                         -1, self->stdout_fd != NULL ? *self->stdout_fd : -1, stderr_pipe,
                                         &socket, &worker_descriptor, 1,
                                         &pid, NULL, NULL, NULL, error))
    {
      pid = -1;
      add_command_to_error (error, command);
    }

  g_close (socket, NULL);
  g_close (stderr_pipe, NULL);
  return pid;
}

/**
 * cf_worker_launcher_runs_program:
 * @self: a pool's launcher
 *
 * Returns: whether its workers may run functions of this very program
 */
gboolean
cf_worker_launcher_runs_program (CfWorkerLauncher *self)
{
  return self->kind == CF_WORKER_KIND_NATIVE && (self->argv != NULL || cf_worker_program_is_ready ());
}

/**
 * cf_worker_launcher_get_stderr_fd:
 * @self: a pool's launcher
 *
 * Returns: where what workers write on standard error goes in the end, or -1 for where this process writes; it is not
 *   the caller's to close
 */
int
cf_worker_launcher_get_stderr_fd (CfWorkerLauncher *self)
{
  return self->stderr_fd != NULL ? *self->stderr_fd : -1;
}

/**
 * cf_worker_launcher_copy_for_pool:
 * @self: a launcher
 *
 * Returns: (transfer full): a launcher with its settings, which does not change
 */
CfWorkerLauncher *
cf_worker_launcher_copy_for_pool (CfWorkerLauncher *self)
{
  CfWorkerLauncher *copy;

  if (self->belongs_to_pool)
    return g_object_ref (self);

  copy = cf_worker_launcher_copy (self);
  copy->belongs_to_pool = TRUE;
  return copy;
}

static void
cf_worker_launcher_get_property (GObject    *object,
                                 guint       property_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  CfWorkerLauncher *self = CF_WORKER_LAUNCHER (object);

  switch (property_id)
    {
    case PROP_KIND:
      g_value_set_enum (value, self->kind);
      break;

    case PROP_ARGV:
      g_value_set_boxed (value, self->argv);
      break;

    case PROP_INTERPRETER_ARGV:
      g_value_set_boxed (value, self->interpreter_argv);
      break;

    case PROP_PREFIX_ARGV:
      g_value_set_boxed (value, self->prefix_argv);
      break;

    case PROP_CWD:
      g_value_set_string (value, self->cwd);
      break;

    case PROP_ENVIRON:
      g_value_set_boxed (value, self->env);
      break;

    case PROP_START_TIMEOUT:
      g_value_set_int64 (value, self->start_timeout_usec);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_worker_launcher_set_property (GObject      *object,
                                 guint         property_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  CfWorkerLauncher *self = CF_WORKER_LAUNCHER (object);

  switch (property_id)
    {
    case PROP_KIND:
      cf_worker_launcher_set_kind (self, g_value_get_enum (value));
      break;

    case PROP_ARGV:
      cf_worker_launcher_set_argv (self, g_value_get_boxed (value));
      break;

    case PROP_INTERPRETER_ARGV:
      cf_worker_launcher_set_interpreter_argv (self, g_value_get_boxed (value));
      break;

    case PROP_PREFIX_ARGV:
      cf_worker_launcher_set_prefix_argv (self, g_value_get_boxed (value));
      break;

    case PROP_CWD:
      cf_worker_launcher_set_cwd (self, g_value_get_string (value));
      break;

    case PROP_ENVIRON:
      cf_worker_launcher_set_environ (self, g_value_get_boxed (value));
      break;

    case PROP_START_TIMEOUT:
      cf_worker_launcher_set_start_timeout (self, g_value_get_int64 (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_worker_launcher_finalize (GObject *object)
{
  CfWorkerLauncher *self = CF_WORKER_LAUNCHER (object);

  g_strfreev (self->argv);
  g_strfreev (self->interpreter_argv);
  g_strfreev (self->prefix_argv);
  g_free (self->cwd);
  g_strfreev (self->env);
  shared_descriptor_unref (self->stdout_fd);
  shared_descriptor_unref (self->stderr_fd);

  G_OBJECT_CLASS (cf_worker_launcher_parent_class)->finalize (object);
}

static void
cf_worker_launcher_class_init (CfWorkerLauncherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = cf_worker_launcher_get_property;
  object_class->set_property = cf_worker_launcher_set_property;
  object_class->finalize = cf_worker_launcher_finalize;

  /**
   * CfWorkerLauncher:kind: (getter get_kind) (setter set_kind)
   *
   * What the workers are, which decides what the name of a function means.
   *
   * Since: 1.0
   */
  properties[PROP_KIND] =
    g_param_spec_enum ("kind", NULL, NULL, CF_TYPE_WORKER_KIND, CF_WORKER_KIND_NATIVE, flags);

  /**
   * CfWorkerLauncher:argv: (getter get_argv) (setter set_argv)
   *
   * The command that a worker is started with, or %NULL for that of its [property@Cf.WorkerLauncher:kind].
   *
   * One more argument is added, which [ctor@Cf.Worker.new] takes. A native worker that is to run functions of this
   * program has to be the same build of it.
   *
   * Since: 1.0
   */
  properties[PROP_ARGV] =
    g_param_spec_boxed ("argv", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * CfWorkerLauncher:interpreter-argv: (getter get_interpreter_argv) (setter set_interpreter_argv)
   *
   * The command that runs the script of workers for Python or JavaScript, or %NULL for the system's Python or `gjs`.
   *
   * That may be the Python of a virtual environment, with options. It has to find GObject Introspection and CFutures. A
   * Python program need not set it: its workers run the Python that runs the program.
   *
   * Since: 1.0
   */
  properties[PROP_INTERPRETER_ARGV] =
    g_param_spec_boxed ("interpreter-argv", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * CfWorkerLauncher:prefix-argv: (getter get_prefix_argv) (setter set_prefix_argv)
   *
   * A command that goes before that of the worker and starts it, or %NULL: a sandbox, `nice`, a debugger.
   *
   * It has to pass on the descriptors that it inherits, and to end when the worker does. What is said of the worker's
   * process (its number, how it ended) is then said of this command's, unless it becomes the worker as `nice` does.
   *
   * Since: 1.0
   */
  properties[PROP_PREFIX_ARGV] =
    g_param_spec_boxed ("prefix-argv", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * CfWorkerLauncher:cwd: (getter get_cwd) (setter set_cwd)
   *
   * The working directory of the workers, or %NULL for that of this process.
   *
   * Since: 1.0
   */
  properties[PROP_CWD] =
    g_param_spec_string ("cwd", NULL, NULL, NULL, flags);

  /**
   * CfWorkerLauncher:environ: (getter get_environ) (setter set_environ)
   *
   * The environment of the workers, as `VARIABLE=value` strings, or %NULL for that of this process.
   *
   * The environment of a set-uid program is its user's, and could have the workers run code of that user. So they get
   * nothing of it but its language, unless another environment is set.
   *
   * Since: 1.0
   */
  properties[PROP_ENVIRON] =
    g_param_spec_boxed ("environ", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * CfWorkerLauncher:start-timeout: (getter get_start_timeout) (setter set_start_timeout)
   *
   * How many microseconds a worker may take to get ready, or to begin a call when it has no other, or -1 for no limit.
   *
   * One that takes longer hangs, and is killed. A slow one is waited for: time in which its process computes, waits for a
   * processor or for the disk does not count, nor does time in which this process was stopped. If the
   * [property@Cf.WorkerLauncher:prefix-argv] starts another process, it is the prefix whose time is looked at.
   *
   * It is also for how long a pool that has worked before goes on starting workers while none succeeds.
   *
   * Since: 1.0
   */
  properties[PROP_START_TIMEOUT] =
    g_param_spec_int64 ("start-timeout", NULL, NULL, -1, G_MAXINT64, DEFAULT_START_TIMEOUT, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_worker_launcher_init (CfWorkerLauncher *self)
{
  self->start_timeout_usec = DEFAULT_START_TIMEOUT;
}

/**
 * cf_worker_launcher_new:
 * @kind: which program the workers run
 *
 * Makes a launcher that starts workers of that kind in the usual way.
 *
 * Returns: (transfer full): a launcher
 *
 * Since: 1.0
 */
CfWorkerLauncher *
cf_worker_launcher_new (CfWorkerKind kind)
{
  return g_object_new (CF_TYPE_WORKER_LAUNCHER,
                       "kind", kind,
                       NULL);
}

/**
 * cf_worker_launcher_copy:
 * @self: a launcher
 *
 * Makes a launcher with the same settings, which can be changed, also if @self is a pool's.
 *
 * Returns: (transfer full): a launcher
 *
 * Since: 1.0
 */
CfWorkerLauncher *
cf_worker_launcher_copy (CfWorkerLauncher *self)
{
  CfWorkerLauncher *copy;

  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), NULL);

  copy = cf_worker_launcher_new (self->kind);
  copy->argv = g_strdupv (self->argv);
  copy->interpreter_argv = g_strdupv (self->interpreter_argv);
  copy->prefix_argv = g_strdupv (self->prefix_argv);
  copy->cwd = g_strdup (self->cwd);
  copy->env = g_strdupv (self->env);
  copy->stdout_fd = shared_descriptor_ref (self->stdout_fd);
  copy->stderr_fd = shared_descriptor_ref (self->stderr_fd);
  copy->start_timeout_usec = self->start_timeout_usec;

  return copy;
}

/**
 * cf_worker_launcher_get_kind:
 * @self: a launcher
 *
 * Gets what the workers are.
 *
 * Returns: their kind
 *
 * Since: 1.0
 */
CfWorkerKind
cf_worker_launcher_get_kind (CfWorkerLauncher *self)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), CF_WORKER_KIND_NATIVE);

  return self->kind;
}

/**
 * cf_worker_launcher_set_kind:
 * @self: a launcher, not a pool's
 * @kind: which program the workers run
 *
 * Sets what the workers are.
 *
 * Since: 1.0
 */
void
cf_worker_launcher_set_kind (CfWorkerLauncher *self,
                             CfWorkerKind      kind)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);

  if (self->kind == kind)
    return;

  self->kind = kind;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KIND]);
}

/**
 * cf_worker_launcher_get_argv:
 * @self: a launcher
 *
 * Gets the command that a worker is started with.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1) (element-type filename): the command, or %NULL
 *   for that of the workers' kind
 *
 * Since: 1.0
 */
const char *const *
cf_worker_launcher_get_argv (CfWorkerLauncher *self)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), NULL);

  return as_strv (self->argv);
}

/**
 * cf_worker_launcher_set_argv:
 * @self: a launcher, not a pool's
 * @argv: (nullable) (array zero-terminated=1) (element-type filename): a command, or %NULL for that of the workers'
 *   kind
 *
 * Sets the command that a worker is started with: see [property@Cf.WorkerLauncher:argv].
 *
 * Since: 1.0
 */
void
cf_worker_launcher_set_argv (CfWorkerLauncher   *self,
                             const char *const  *argv)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);

  set_strv (self, &self->argv, null_if_empty (argv), PROP_ARGV);
}

/**
 * cf_worker_launcher_get_interpreter_argv:
 * @self: a launcher
 *
 * Gets the command that runs the script of workers for Python or JavaScript.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1) (element-type filename): the command, or %NULL
 *   for the system's
 *
 * Since: 1.0
 */
const char *const *
cf_worker_launcher_get_interpreter_argv (CfWorkerLauncher *self)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), NULL);

  return as_strv (self->interpreter_argv);
}

/**
 * cf_worker_launcher_set_interpreter_argv:
 * @self: a launcher, not a pool's
 * @argv: (nullable) (array zero-terminated=1) (element-type filename): a command, or %NULL for the system's
 *
 * Sets the command that runs the script of workers for Python or JavaScript: see
 * [property@Cf.WorkerLauncher:interpreter-argv].
 *
 * Since: 1.0
 */
void
cf_worker_launcher_set_interpreter_argv (CfWorkerLauncher   *self,
                                         const char *const  *argv)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);

  set_strv (self, &self->interpreter_argv, null_if_empty (argv), PROP_INTERPRETER_ARGV);
}

/**
 * cf_worker_launcher_get_prefix_argv:
 * @self: a launcher
 *
 * Gets the command that starts that of the worker.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1) (element-type filename): the command, or %NULL
 *   if there is none
 *
 * Since: 1.0
 */
const char *const *
cf_worker_launcher_get_prefix_argv (CfWorkerLauncher *self)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), NULL);

  return as_strv (self->prefix_argv);
}

/**
 * cf_worker_launcher_set_prefix_argv:
 * @self: a launcher, not a pool's
 * @argv: (nullable) (array zero-terminated=1) (element-type filename): a command, or %NULL for none
 *
 * Sets a command that goes before that of the worker and starts it: see [property@Cf.WorkerLauncher:prefix-argv].
 *
 * Since: 1.0
 */
void
cf_worker_launcher_set_prefix_argv (CfWorkerLauncher   *self,
                                    const char *const  *argv)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);

  set_strv (self, &self->prefix_argv, null_if_empty (argv), PROP_PREFIX_ARGV);
}

/**
 * cf_worker_launcher_get_cwd:
 * @self: a launcher
 *
 * Gets the working directory of the workers.
 *
 * Returns: (nullable) (type filename): a directory, or %NULL for that of this process
 *
 * Since: 1.0
 */
const char *
cf_worker_launcher_get_cwd (CfWorkerLauncher *self)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), NULL);

  return self->cwd;
}

/**
 * cf_worker_launcher_set_cwd:
 * @self: a launcher, not a pool's
 * @cwd: (nullable) (type filename): a directory, or %NULL for that of this process
 *
 * Sets the working directory of the workers.
 *
 * Since: 1.0
 */
void
cf_worker_launcher_set_cwd (CfWorkerLauncher *self,
                            const char       *cwd)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);

  if (g_strcmp0 (self->cwd, cwd) == 0)
    return;

  g_free (self->cwd);
  self->cwd = g_strdup (cwd);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CWD]);
}

/**
 * cf_worker_launcher_get_environ:
 * @self: a launcher
 *
 * Gets the environment of the workers.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1) (element-type filename): `VARIABLE=value`
 *   strings, or %NULL for the environment of this process
 *
 * Since: 1.0
 */
const char *const *
cf_worker_launcher_get_environ (CfWorkerLauncher *self)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), NULL);

  return as_strv (self->env);
}

/**
 * cf_worker_launcher_set_environ:
 * @self: a launcher, not a pool's
 * @env: (nullable) (array zero-terminated=1) (element-type filename): `VARIABLE=value` strings, or %NULL for the
 *   environment that this process has when a worker is started
 *
 * Sets the whole environment of the workers. To change single variables, use [method@Cf.WorkerLauncher.setenv].
 *
 * Since: 1.0
 */
void
cf_worker_launcher_set_environ (CfWorkerLauncher   *self,
                                const char *const  *env)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);

  set_strv (self, &self->env, env, PROP_ENVIRON);
}

/**
 * cf_worker_launcher_getenv:
 * @self: a launcher
 * @variable: (type filename): the name of a variable
 *
 * Gets a variable of the workers' environment.
 *
 * Returns: (nullable) (type filename): its value, or %NULL if it is not set
 *
 * Since: 1.0
 */
const char *
cf_worker_launcher_getenv (CfWorkerLauncher *self,
                           const char       *variable)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), NULL);
  g_return_val_if_fail (variable != NULL, NULL);

  return self->env != NULL ? g_environ_getenv (self->env, variable) : g_getenv (variable);
}

/* Changes single variables: of the environment of this process, if no other one has been set. */
static void
change_environ (CfWorkerLauncher *self,
                const char       *variable,
                const char       *value)
{
  g_auto(GStrv) env = self->env != NULL ? g_strdupv (self->env) : cf_worker_command_dup_environ ();

  if (env == NULL)
    env = g_get_environ ();
  if (value != NULL)
    env = g_environ_setenv (env, variable, value, TRUE);
  else
    env = g_environ_unsetenv (env, variable);
  set_strv (self, &self->env, as_strv (env), PROP_ENVIRON);
}

/**
 * cf_worker_launcher_setenv:
 * @self: a launcher, not a pool's
 * @variable: (type filename): the name of a variable, which must not contain “=”
 * @value: (type filename): its value
 * @overwrite: whether to change the variable if it is set already
 *
 * Sets a variable in the environment of the workers.
 *
 * If they were to inherit the environment of this process, they get what it is now, with that change.
 *
 * Since: 1.0
 */
void
cf_worker_launcher_setenv (CfWorkerLauncher *self,
                           const char       *variable,
                           const char       *value,
                           gboolean          overwrite)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);
  g_return_if_fail (variable != NULL && strchr (variable, '=') == NULL);
  g_return_if_fail (value != NULL);

  if (overwrite || cf_worker_launcher_getenv (self, variable) == NULL)
    change_environ (self, variable, value);
}

/**
 * cf_worker_launcher_unsetenv:
 * @self: a launcher, not a pool's
 * @variable: (type filename): the name of a variable, which must not contain “=”
 *
 * Removes a variable from the environment of the workers.
 *
 * If they were to inherit the environment of this process, they get what it is now, with that change.
 *
 * Since: 1.0
 */
void
cf_worker_launcher_unsetenv (CfWorkerLauncher *self,
                             const char       *variable)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);
  g_return_if_fail (variable != NULL && strchr (variable, '=') == NULL);

  change_environ (self, variable, NULL);
}

/**
 * cf_worker_launcher_take_stdout_fd:
 * @self: a launcher, not a pool's
 * @fd: a descriptor to write to, or -1 for the standard output of this process
 *
 * Sends the standard output of the workers somewhere else.
 *
 * The launcher owns @fd then, together with the pools that are made with it: it is closed when none of them is left.
 *
 * Since: 1.0
 */
void
cf_worker_launcher_take_stdout_fd (CfWorkerLauncher *self,
                                   int               fd)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);

  take_descriptor (&self->stdout_fd, fd);
}

/**
 * cf_worker_launcher_take_stderr_fd:
 * @self: a launcher, not a pool's
 * @fd: a descriptor to write to, or -1 for the standard error of this process
 *
 * Sends the standard error of the workers somewhere else.
 *
 * It passes through the pool, which keeps the last lines of each worker for the error of one that dies.
 *
 * The launcher owns @fd then, together with the pools that are made with it: it is closed when none of them is left.
 *
 * Since: 1.0
 */
void
cf_worker_launcher_take_stderr_fd (CfWorkerLauncher *self,
                                   int               fd)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);

  take_descriptor (&self->stderr_fd, fd);
}

/**
 * cf_worker_launcher_get_start_timeout:
 * @self: a launcher
 *
 * Gets how long a worker may take to get ready, or to begin a call when it has no other.
 *
 * Returns: the timeout in microseconds, or -1 if there is none
 *
 * Since: 1.0
 */
gint64
cf_worker_launcher_get_start_timeout (CfWorkerLauncher *self)
{
  g_return_val_if_fail (CF_IS_WORKER_LAUNCHER (self), -1);

  return self->start_timeout_usec;
}

/**
 * cf_worker_launcher_set_start_timeout:
 * @self: a launcher, not a pool's
 * @start_timeout_usec: the timeout in microseconds, or -1 for none
 *
 * Sets how long a worker may take to get ready, or to begin a call when it has no other: see
 * [property@Cf.WorkerLauncher:start-timeout].
 *
 * Since: 1.0
 */
void
cf_worker_launcher_set_start_timeout (CfWorkerLauncher *self,
                                      gint64            start_timeout_usec)
{
  g_return_if_fail (CF_IS_WORKER_LAUNCHER (self));
  g_return_if_fail (!self->belongs_to_pool);
  g_return_if_fail (start_timeout_usec >= -1);

  if (self->start_timeout_usec == start_timeout_usec)
    return;

  self->start_timeout_usec = start_timeout_usec;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_START_TIMEOUT]);
}
