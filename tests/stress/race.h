/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A race: several functions, the legs, released at the same moment in a thread each, over and over.
 *
 * Every round begins with set_up() in the calling thread. Then all legs start together, each after a random delay
 * of at most about a microsecond, so that over many rounds every interleaving comes up. Leg 0 runs in the calling
 * thread, each other leg in a thread of its own, which lives for the whole race and has a main context of its own
 * pushed as its thread-default one. When all legs have returned, check() runs in the calling thread.
 *
 * Rounds are handed over by C11 atomics alone, which ThreadSanitizer understands: a leg sees all that set_up() wrote,
 * check() sees all that the legs wrote.
 */

#pragma once

#include <glib.h>
#include <stdatomic.h>

#define RACE_MAX_LEGS 4

typedef void (*RaceFunc) (gpointer scene);

typedef struct
{
  RaceFunc set_up;
  RaceFunc legs[RACE_MAX_LEGS];
  RaceFunc check;
} Race;

void    race_run         (const Race  *race,
                          gpointer     scene,
                          guint        n_rounds);

guint32 race_random      (void);
void    race_delay       (guint        limit);
void    race_linger      (guint        max_usec);
void    race_await       (atomic_uint *counter,
                          guint        at_least);
