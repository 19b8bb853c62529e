/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process pool for each test, of as many workers as the test is given, and what its tests have in common. */

#pragma once

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
  cf_executor_shutdown (fixture->executor, TRUE, FALSE);
  g_clear_object (&fixture->executor);
  await_end_of_pools ();
}

static inline void
assert_succeeds (CfFuture *future)
{
  g_assert_no_error (cf_future_get_error (future));
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

/* Has the pool's workers be of the kind that knows functions by name only: see scripted-worker. */
static inline void
use_scripted_worker (Fixture *fixture)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "scripted-worker", NULL);
  const char *argv[] = { path, NULL };

  cf_process_pool_executor_set_worker_argv (fixture->pool, argv);
}
