/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A memory barrier in all threads of the process, at the cost of the one that asks for it: membarrier(2).
 *
 * It is for two sides of which one is hot: that one writes, then reads what the other has written, and has no barrier of
 * its own in between, but for the compiler. The other one writes, issues this barrier, then reads. One of the two sees
 * what the other has written, as if both had a barrier. */

#include "config.h"

#include "base/cf-barrier-private.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include <linux/membarrier.h>
#include <sys/syscall.h>

static long
membarrier (int command)
{
#ifdef SYS_membarrier
  return syscall (SYS_membarrier, command, 0, 0);
#else
  errno = ENOSYS;
  return -1;
#endif
}

/**
 * cf_barrier_is_shared:
 *
 * Returns: whether cf_barrier_issue() is there; otherwise each side needs a fence of its own
 */
gboolean
cf_barrier_is_shared (void)
{
  static gsize answer;      /* 0 is unknown, 1 is no, 2 is yes */

  if (g_once_init_enter (&answer))
    {
      const long needed = MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
      long commands = membarrier (MEMBARRIER_CMD_QUERY);

      g_once_init_leave (&answer, commands > 0 && (commands & needed) == needed ? 2 : 1);
    }

  return answer == 2;
}

/**
 * cf_barrier_issue:
 *
 * Issues a barrier in all threads, or in this one alone. The first time may take some milliseconds.
 */
void
cf_barrier_issue (void)
{
  atomic_thread_fence (memory_order_seq_cst);
  if (!cf_barrier_is_shared ())
    return;

  if (membarrier (MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0)
    return;

  /* The process has not registered yet. */
  membarrier (MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
  membarrier (MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
