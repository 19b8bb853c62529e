/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernel's futex call: futex(2). */

#pragma once

#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

static inline long
cf_futex (_Atomic guint32       *word,
          int                    operation,
          guint32                value,
          const struct timespec *deadline)
{
#ifdef __NR_futex
  return syscall (__NR_futex, word, operation, value, deadline, NULL, FUTEX_BITSET_MATCH_ANY);
#else
  return syscall (__NR_futex_time64, word, operation, value, deadline, NULL, FUTEX_BITSET_MATCH_ANY);
#endif
}
