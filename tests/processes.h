/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The processes of a pool, as the system shows them, and pools that tests have in common. */

#pragma once

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cfutures.h>

#include "gates.h"
#include "threads.h"

/* Also while it is a zombie. */
static inline gboolean
process_exists (int pid)
{
  return kill (pid, 0) == 0;
}

/* What stands after @field in a process's status, or -1 if there is no such process. */
static inline int
read_process_status (const char *pid,
                     const char *field)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "status", NULL);
  g_autofree char *status = NULL;
  const char *found;

  if (!g_file_get_contents (path, &status, NULL, NULL))
    return -1;

  found = strstr (status, field);
  return found != NULL ? atoi (found + strlen (field)) : -1;
}

/* Sanitizers start a process that looks up names for their reports, and keep it. */
static inline gboolean
is_symbolizer (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "comm", NULL);
  g_autofree char *name = NULL;

  return g_file_get_contents (path, &name, NULL, NULL) && strstr (name, "symbolizer") != NULL;
}

/* How many children this process has, those included that have ended and were not waited for. */
static inline guint
count_children (void)
{
  g_autoptr(GDir) processes = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (processes);
  while ((name = g_dir_read_name (processes)) != NULL)
    n += g_ascii_isdigit (name[0]) && read_process_status (name, "\nPPid:") == getpid () && !is_symbolizer (name);

  return n;
}

static inline guint
count_workers (CfExecutor *executor)
{
  gsize n_pids = 0;

  g_free (cf_process_pool_executor_get_worker_pids (CF_PROCESS_POOL_EXECUTOR (executor), &n_pids));
  return n_pids;
}

/* The process of a pool that has one. */
static inline int
get_only_worker (CfExecutor *executor)
{
  gsize n_pids = 0;
  g_autofree int *pids = cf_process_pool_executor_get_worker_pids (CF_PROCESS_POOL_EXECUTOR (executor), &n_pids);

  g_assert_cmpuint (n_pids, ==, 1);
  return pids[0];
}

/* A call that tells in which process it runs. */
static inline GVariant *
return_pid (CfFuture  *future,
            GVariant  *args,
            GError   **error)
{
  return g_variant_new_int32 (getpid ());
}

/* Runs such a call. */
static inline int
ask_for_pid (CfExecutor *executor)
{
  g_autoptr(CfFuture) future = cf_executor_submit (executor, return_pid, NULL);
  g_autoptr(GError) error = NULL;
  int pid = cf_future_await_int64 (future, &error);

  g_assert_no_error (error);
  return pid;
}

/* Lets the signal do what it does, also where somebody has put a handler in its way. */
static inline void
die_of (int signal_number)
{
  signal (signal_number, SIG_DFL);
  raise (signal_number);
}

/* Calls that do not return. */

static inline GVariant *
die_by_signal (CfFuture  *future,
               GVariant  *args,
               GError   **error)
{
  die_of (g_variant_get_int32 (args));

  return NULL;
}

static inline GVariant *
exit_with_status (CfFuture  *future,
                  GVariant  *args,
                  GError   **error)
{
  _exit (g_variant_get_int32 (args));
}

static inline GVariant *
hang (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  for (;;)
    pause ();

  return NULL;
}

/* Has the pool learn that calls are short, so that it gives a worker several at a time. */
static inline void
make_short_calls (CfExecutor *executor)
{
  for (guint i = 0; i < 100; i++)
    ask_for_pid (executor);
}

static inline void
assert_message (const GError *error,
                const char   *part)
{
  if (strstr (error->message, part) == NULL)
    g_error ("\"%s\" is not in the message: %s", part, error->message);
}

/* Waits until nothing is left of any pool: no process, no thread. */
static inline void
await_end_of_pools (void)
{
  yield_until (count_children () == 0 && count_threads ("cf-processes") == 0);
}

/* Descriptors of processes are not counted: GLib closes them in a thread of its own. */
static inline guint
count_descriptors (void)
{
  g_autoptr(GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (folder);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      n += target != NULL && strstr (target, "[pidfd]") == NULL;
    }

  return n;
}

/* Threads of GLib's may have some of their own for a moment. */
static inline void
assert_descriptors (guint at_most)
{
  gint64 patience = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (count_descriptors () > at_most && g_get_monotonic_time () < patience)
    g_thread_yield ();
  g_assert_cmpuint (count_descriptors (), <=, at_most);
}

static inline gboolean
is_in_valgrind (void)
{
  const char *preloaded = g_getenv ("LD_PRELOAD");

  return preloaded != NULL && strstr (preloaded, "valgrind") != NULL;
}

#ifndef __has_feature
# define __has_feature(feature) 0
#endif

#if defined (__SANITIZE_THREAD__) || defined (__SANITIZE_ADDRESS__) || \
    __has_feature (thread_sanitizer) || __has_feature (address_sanitizer)
# define IS_SANITIZED TRUE
#else
# define IS_SANITIZED FALSE
#endif

/* Processes that are to crash leave no core. */
static inline void
forbid_cores (void)
{
  const struct rlimit none = { 0, 0 };

  g_assert_cmpint (setrlimit (RLIMIT_CORE, &none), ==, 0);
}
