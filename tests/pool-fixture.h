/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process pool for each test, of as many workers as the test is given, and what its tests have in common. */

#pragma once

#include "await-error.h"
#include "processes.h"

typedef struct
{
  CfExecutor            *executor;
  CfProcessPoolExecutor *pool;
} Fixture;

static inline void
set_up (Fixture       *fixture,
        gconstpointer  max_workers)
{
  fixture->executor = cf_process_pool_executor_new (GPOINTER_TO_UINT (max_workers));
  fixture->pool = CF_PROCESS_POOL_EXECUTOR (fixture->executor);
}

static inline void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_clear_object (&fixture->executor);
  await_end_of_pools ();
}

static inline void
assert_succeeds (CfFuture *future)
{
  g_assert_no_error (await_error (future));
}

static inline void
unref_all (CfFuture **futures,
           guint      n)
{
  for (guint i = 0; i < n; i++)
    g_object_unref (futures[i]);
}

/* A call that returns its arguments. */
static inline GVariant *
echo (CfFuture  *future,
      GVariant  *args,
      GError   **error)
{
  return args != NULL ? g_variant_ref (args) : NULL;
}

/* Bytes among which none that is lost, or in another place, goes unnoticed. */
static inline GVariant *
make_bytes (gsize size)
{
  guint8 *bytes = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (i * 31 + (i >> 12)) % 251;

  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, size, TRUE, g_free, bytes);
}

/* A call that returns how large its arguments are. */
static inline GVariant *
return_size (CfFuture  *future,
             GVariant  *args,
             GError   **error)
{
  return g_variant_new_uint64 (g_variant_get_size (args));
}

/* Gives the test a pool whose workers are started that way, in place of the one that it has. */
static inline void
use_launcher (Fixture          *fixture,
              CfWorkerLauncher *launcher)
{
  guint max_workers = cf_executor_get_max_workers (fixture->executor);

  g_object_unref (fixture->executor);
  fixture->executor = cf_process_pool_executor_new_with_launcher (max_workers, launcher);
  fixture->pool = CF_PROCESS_POOL_EXECUTOR (fixture->executor);
}

static inline void
use_argv (Fixture           *fixture,
          const char *const *argv)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_argv (launcher, argv);
  use_launcher (fixture, launcher);
}

static inline void
use_start_timeout (Fixture *fixture,
                   gint64   start_timeout_usec)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_start_timeout (launcher, start_timeout_usec);
  use_launcher (fixture, launcher);
}

/* Sends the standard error of the workers there, which belongs to the pool then. */
static inline void
use_stderr_fd (Fixture *fixture,
               int      fd)
{
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_take_stderr_fd (launcher, fd);
  use_launcher (fixture, launcher);
}

/* Has the pool's workers be of the kind that knows functions by name only: see scripted-worker. */
static inline void
use_scripted_worker (Fixture *fixture)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "scripted-worker", NULL);
  const char *argv[] = { path, NULL };

  use_argv (fixture, argv);
}
