/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A wall clock that jumps, by a day forth or back each time that it is asked. To be preloaded. */

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#define DAY 86400

typedef int (*ClockGetTime) (clockid_t        clock,
                             struct timespec *when);

int      clock_gettime (clockid_t        clock,
                        struct timespec *when);
int      gettimeofday  (struct timeval  *when,
                        void            *zone);
time_t   time          (time_t          *when);

static int
next_jump (void)
{
  static _Atomic unsigned n_jumps;

  return atomic_fetch_add (&n_jumps, 1) % 2 == 0 ? DAY : -DAY;
}

int
clock_gettime (clockid_t        clock,
               struct timespec *when)
{
  ClockGetTime original;
  int result;

  /* ISO C knows no cast from one to the other. */
  *(void **) &original = dlsym (RTLD_NEXT, "clock_gettime");
  result = original (clock, when);
  if (result == 0 && clock == CLOCK_REALTIME)
    when->tv_sec += next_jump ();

  return result;
}

int
gettimeofday (struct timeval *when,
              void           *zone)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  when->tv_sec = now.tv_sec;
  when->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t
time (time_t *when)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  if (when != NULL)
    *when = now.tv_sec;
  return now.tv_sec;
}
