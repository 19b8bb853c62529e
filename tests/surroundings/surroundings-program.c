/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that makes a fixed series of calls and says of each what came of it, for tests that run it in surroundings
 * which deny it something.
 *
 *   surroundings-program [--OPTION…] EXECUTOR
 *
 * EXECUTOR is threads, processes, python or gjs; CALL_FUNCTIONS is the folder with the functions of the latter two. What it
 * prints are lines like these, of which the last is always the same:
 *
 *   call: 42
 *   large: failed: g-io-error-quark 0: Could not put a value …
 *   end
 *
 *   --forbid=CALL:ERROR   has that system call fail, from the beginning on
 *   --late                prints "ready" and waits for a line before it makes an executor
 *   --limit=descriptors   allows no more descriptors, from before there is an executor until the call named "later"
 *   --limit=processes     allows this user no more threads, in the same way
 *   --output=FILE         prints there, and opens it for each line alone
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cfutures.h>

#define LARGE_SIZE (1024 * 1024)
#define N_CALLS    200
#define START_USEC (2 * G_TIME_SPAN_SECOND)
#define LONG_USEC  (3600 * G_TIME_SPAN_SECOND)

/* The functions. */

static GVariant *
twice (CfFuture  *future,
       GVariant  *args,
       GError   **error)
{
  int number;

  g_variant_get (args, "(i)", &number);
  return g_variant_new_int64 (2 * number);
}

static GVariant *
length (CfFuture  *future,
        GVariant  *args,
        GError   **error)
{
  g_autoptr(GVariant) bytes = g_variant_get_child_value (args, 0);

  return g_variant_new_int64 (g_variant_n_children (bytes));
}

static GVariant *
filled (CfFuture  *future,
        GVariant  *args,
        GError   **error)
{
  int size;
  g_autofree char *bytes = NULL;

  g_variant_get (args, "(i)", &size);
  bytes = g_malloc0 (size);
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, size, 1);
}

static GVariant *
fail (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such luck");
  return NULL;
}

/* Ends its process, where it has one of its own. */
static GVariant *
die (CfFuture  *future,
     GVariant  *args,
     GError   **error)
{
  kill (getpid (), SIGKILL);
  return NULL;
}

static const struct
{
  const char *name;
  CfFunc      function;
} functions[] = {
  { "twice", twice },
  { "length", length },
  { "filled", filled },
  { "fail", fail },
  { "die", die },
};

static CfFunc
find_function (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      if (g_str_equal (functions[i].name, name))
        return functions[i].function;
    }

  g_assert_not_reached ();
}

/* The executor. */

typedef struct
{
  CfExecutor *executor;
  char       *prefix;     /* of the functions' names; NULL if they are those above */
  gboolean    has_processes;
} Surrounded;

static void
init (Surrounded *self,
      const char *kind)
{
  g_autoptr(CfWorkerLauncher) launcher = NULL;
  const char *folder = g_getenv ("CALL_FUNCTIONS");

  *self = (Surrounded) { .has_processes = !g_str_equal (kind, "threads") };
  if (g_str_equal (kind, "threads"))
    {
      self->executor = cf_thread_pool_executor_new (2);
      return;
    }

  if (g_str_equal (kind, "python"))
    {
      launcher = cf_worker_launcher_new (CF_WORKER_KIND_PYTHON);
      self->prefix = g_strdup_printf ("%s/functions.py:", folder);
    }
  else if (g_str_equal (kind, "gjs"))
    {
      launcher = cf_worker_launcher_new (CF_WORKER_KIND_GJS);
      self->prefix = g_strdup_printf ("file://%s/functions.js:", folder);
    }
  else
    {
      launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);
    }

  /* Some surroundings let no worker start: they are not waited for that long. */
  cf_worker_launcher_set_start_timeout (launcher, START_USEC);
  self->executor = cf_process_pool_executor_new_with_launcher (2, launcher);
}

static CfFuture *
submit (Surrounded *self,
        const char *function,
        GVariant   *args)
{
  g_autofree char *name = NULL;

  if (self->prefix == NULL)
    return cf_executor_submit (self->executor, find_function (function), args);

  name = g_strconcat (self->prefix, function, NULL);
  return cf_executor_submit_by_name (self->executor, name, args);
}

/* What came of it. */

static const char *output_path;

static void
print_line (const char *line)
{
  FILE *output = output_path != NULL ? fopen (output_path, "ae") : stdout;

  if (output == NULL)
    return;

  fprintf (output, "%s\n", line);
  fflush (output);
  if (output_path != NULL)
    fclose (output);
}

static void
say (const char *name,
     const char *format,
     ...) G_GNUC_PRINTF (2, 3);

static void
say (const char *name,
     const char *format,
     ...)
{
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  line = g_strdup_printf ("%s: %s", name, g_strdelimit (text, "\n", '|'));
  print_line (line);
}

static void
say_error (const char   *name,
           const GError *error)
{
  say (name, "failed: %s %d: %s", g_quark_to_string (error->domain), error->code, error->message);
}

static void
say_number (const char *name,
            CfFuture   *future)
{
  g_autoptr(GError) error = NULL;
  gint64 number = cf_future_await_int64 (future, &error);

  if (error != NULL)
    say_error (name, error);
  else
    say (name, "%" G_GINT64_FORMAT, number);
}

/* The series. */

static void
make_call (Surrounded *self,
           const char *name)
{
  g_autoptr(CfFuture) future = submit (self, "twice", g_variant_new ("(i)", 21));

  say_number (name, future);
}

static void
make_many_calls (Surrounded *self)
{
  CfFuture *futures[N_CALLS];
  g_autoptr(GError) error = NULL;
  guint n_right = 0;
  guint n_failed = 0;

  for (int i = 0; i < N_CALLS; i++)
    futures[i] = submit (self, "twice", g_variant_new ("(i)", i));
  for (int i = 0; i < N_CALLS; i++)
    {
      g_autoptr(GError) own_error = NULL;

      n_right += cf_future_await_int64 (futures[i], &own_error) == 2 * i && own_error == NULL;
      n_failed += own_error != NULL;
      if (error == NULL)
        error = g_steal_pointer (&own_error);
      g_object_unref (futures[i]);
    }

  if (error != NULL)
    say ("calls", "%u, and %u failed: %s %d: %s", n_right, n_failed, g_quark_to_string (error->domain), error->code,
         error->message);
  else
    say ("calls", "%u", n_right);
}

static void
send_much (Surrounded *self)
{
  g_autofree char *bytes = g_malloc0 (LARGE_SIZE);
  GVariant *value = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, LARGE_SIZE, 1);
  g_autoptr(CfFuture) future = submit (self, "length", g_variant_new_tuple (&value, 1));

  say_number ("send", future);
}

static void
receive_much (Surrounded *self)
{
  g_autoptr(CfFuture) future = submit (self, "filled", g_variant_new ("(i)", LARGE_SIZE));
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) value = cf_future_await_variant (future, &error);

  if (error != NULL)
    say_error ("receive", error);
  else
    say ("receive", "%" G_GSIZE_FORMAT, g_variant_get_size (value));
}

static void
have_error (Surrounded *self)
{
  g_autoptr(CfFuture) future = submit (self, "fail", g_variant_new ("()"));

  say_number ("error", future);
}

static void
have_timeout (Surrounded *self)
{
  g_autoptr(CfTask) task = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autofree char *name = g_strconcat (self->prefix != NULL ? self->prefix : "", "twice", NULL);
  GVariant *args = g_variant_new ("(i)", 21);

  if (self->prefix != NULL)
    task = cf_task_new_by_name (name, args);
  else
    task = cf_task_new (twice, args);
  cf_task_set_timeout (task, LONG_USEC);
  future = cf_executor_submit_task (self->executor, task);
  say_number ("timeout", future);
}

static void
on_done (CfFuture *future,
         gpointer  is_done)
{
  *(gboolean *) is_done = TRUE;
}

static void
have_callback (Surrounded *self)
{
  g_autoptr(CfFuture) future = submit (self, "twice", g_variant_new ("(i)", 21));
  gboolean is_done = FALSE;

  cf_future_add_done_callback (future, on_done, &is_done, NULL);
  while (!is_done)
    g_main_context_iteration (NULL, TRUE);
  say_number ("callback", future);
}

static void
lose_worker (Surrounded *self)
{
  g_autoptr(CfFuture) future = NULL;

  if (!self->has_processes)
    return;

  future = submit (self, "die", g_variant_new ("()"));
  say_number ("death", future);
}

static gboolean
wait_for_other (CfFuture  *future,
                GValue    *result,
                gpointer   executor,
                GError   **error)
{
  g_autoptr(CfFuture) other = cf_executor_submit (executor, twice, g_variant_new ("(i)", 21));

  g_value_init (result, G_TYPE_INT64);
  g_value_set_int64 (result, cf_future_await_int64 (other, error));
  return *error == NULL;
}

static void
nest_calls (Surrounded *self)
{
  g_autoptr(CfFuture) future = NULL;

  if (self->has_processes)
    return;

  future = cf_executor_submit_local (self->executor, wait_for_other, self->executor, NULL);
  say_number ("nested", future);
}

static void
cancel_call (Surrounded *self)
{
  g_autoptr(CfFuture) future = submit (self, "twice", g_variant_new ("(i)", 21));

  cf_future_cancel (future);
  cf_future_wait (future, -1, NULL, NULL);
  cf_future_get_error (future);
  say ("cancel", "%s", cf_future_is_done (future) ? "done" : "not done");
}

static void
drain (Surrounded *self)
{
  g_autoptr(GError) error = NULL;

  cf_executor_drain (self->executor, NULL, &error);
  if (error != NULL)
    say_error ("drain", error);
  else
    say ("drain", "done");
}

/* Nothing of the executor may be left: no process, not even one that has ended. */
static void
look_for_children (void)
{
  siginfo_t child = { 0 };

  if (waitid (P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
    say ("children", "none");
  else if (child.si_pid != 0)
    say ("children", "%d is a zombie", child.si_pid);
  else
    say ("children", "some are left");
}

static void
shut_down (Surrounded *self)
{
  cf_executor_shutdown (self->executor, CF_SHUTDOWN_WAIT);
  say ("shutdown", "done");
  g_clear_object (&self->executor);
  g_free (self->prefix);
}

/* What it is denied from within. */

static int
number_of_system_call (const char *name)
{
  static const struct
  {
    const char *name;
    int         number;
  } calls[] = {
    { "memfd_create", SYS_memfd_create },
    { "pidfd_open", SYS_pidfd_open },
    { "eventfd2", SYS_eventfd2 },
    { "socketpair", SYS_socketpair },
    { "sendmsg", SYS_sendmsg },
    { "prctl", SYS_prctl },
    { "close_range", SYS_close_range },
    { "membarrier", SYS_membarrier },
    { "sched_getaffinity", SYS_sched_getaffinity },
    { "madvise", SYS_madvise },
    { "clone3", SYS_clone3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      if (g_str_equal (calls[i].name, name))
        return calls[i].number;
    }

  g_error ("%s is no system call that can be forbidden here", name);
}

static void
forbid (const char *what)
{
  g_auto(GStrv) words = g_strsplit (what, ":", 2);
  int error_number = g_str_equal (words[1], "ENOSYS") ? ENOSYS : EPERM;
  struct sock_filter program[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, number_of_system_call (words[0]), 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error_number),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = { G_N_ELEMENTS (program), program };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
    return;

  print_line ("skip: the system does not let a program filter its system calls");
  exit (EXIT_SUCCESS);
}

static struct rlimit saved_limit;

static int
number_of_limit (const char *what)
{
  return g_str_equal (what, "descriptors") ? RLIMIT_NOFILE : RLIMIT_NPROC;
}

/* Lets the program have what it has, and no more. */
static void
set_limit (const char *what)
{
  int number = number_of_limit (what);
  struct rlimit limit;
  int lowest = dup (STDERR_FILENO);

  getrlimit (number, &saved_limit);
  limit = saved_limit;
  limit.rlim_cur = number == RLIMIT_NOFILE ? (rlim_t) lowest : 1;
  close (lowest);
  if (setrlimit (number, &limit) < 0)
    g_error ("%s", g_strerror (errno));
}

static void
lift_limit (const char *what)
{
  setrlimit (number_of_limit (what), &saved_limit);
}

static void
wait_for_line (void)
{
  print_line ("ready");
  getchar ();
}

static void (*const series[]) (Surrounded *self) = {
  make_many_calls, send_much, receive_much, have_error, have_timeout, have_callback, nest_calls, cancel_call, lose_worker,
};

static void
run_series (const char *kind,
            const char *limit)
{
  Surrounded self;

  if (limit != NULL)
    set_limit (limit);

  init (&self, kind);
  make_call (&self, "call");
  for (guint i = 0; i < G_N_ELEMENTS (series); i++)
    series[i](&self);
  if (limit != NULL)
    lift_limit (limit);

  make_call (&self, "later");
  drain (&self);
  shut_down (&self);
  look_for_children ();
  print_line ("end");
}

int
main (int   argc,
      char *argv[])
{
  const char *limit = NULL;
  gboolean is_late = FALSE;

  cf_worker_main (&argc, &argv);

  /* As in a program with a main loop. GLib cannot make it without a descriptor. */
  g_main_context_default ();

  for (int i = 1; i < argc - 1; i++)
    {
      if (g_str_has_prefix (argv[i], "--forbid="))
        forbid (argv[i] + strlen ("--forbid="));
      else if (g_str_has_prefix (argv[i], "--limit="))
        limit = argv[i] + strlen ("--limit=");
      else if (g_str_has_prefix (argv[i], "--output="))
        output_path = argv[i] + strlen ("--output=");
      else if (g_str_equal (argv[i], "--late"))
        is_late = TRUE;
    }

  if (is_late)
    wait_for_line ();
  run_series (argv[argc - 1], limit);

  return EXIT_SUCCESS;
}
