/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The clock, the scales and the arithmetic that all measurements share. */

#include <malloc.h>
#include <time.h>

#include "bench.h"

/* Returns: monotonic time in nanoseconds */
guint64
bench_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return (guint64) now.tv_sec * 1000000000 + (guint64) now.tv_nsec;
}

double
bench_per_operation (guint64 since,
                     guint64 n_operations)
{
  return (double) (bench_now () - since) / (double) n_operations;
}

/* Returns: what the C library's allocator has handed out and not got back */
gsize
bench_bytes_in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

guint64
bench_fibonacci (guint n)
{
  guint64 number = 0;
  guint64 next = 1;

  for (guint i = 0; i < n; i++)
    {
      guint64 sum = number + next;

      number = next;
      next = sum;
    }

  return number;
}

/* Returns: how many calls fib (@n) spawns when each call with @n of two or more spawns one and makes the other itself,
 *   which is the number of such calls */
guint64
bench_n_spawns (guint n)
{
  return bench_fibonacci (n + 1) - 1;
}
