/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The channel between a pool and a worker, both ends of it in one process: what cannot be timed between two. */

#include <sys/socket.h>

#include "transport/cf-channel-private.h"

/* The pool has sent its first message and does not wait for the answer, as when it ends just then. */
static void
test_pool_is_gone (void)
{
  g_autoptr(GError) error = NULL;
  CfChannel worker;
  CfChannel pool;
  int socket;

  g_assert_true (cf_channel_init_pool (&pool, &socket, &error));
  g_assert_no_error (error);
  g_assert_cmpint (shutdown (pool.socket, SHUT_RD), ==, 0);

  g_assert_false (cf_channel_init_worker (&worker, socket, &error));
  g_assert_nonnull (error);

  cf_channel_clear (&worker);
  cf_channel_clear (&pool);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/channel/worker/says-that-the-pool-is-gone", test_pool_is_gone);

  return g_test_run ();
}
