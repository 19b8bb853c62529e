/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How much of its work a stress test does.
 *
 * The counts in the tests are those of a plain build, where every program ends within some seconds. Instrumented
 * builds run the same code many times slower and do a fraction of it; they look for other things than rare
 * interleavings. CF_STRESS_DIVISOR in the environment divides the work further (valgrind: 50 or more), or
 * multiplies it when it is smaller than one: CF_STRESS_DIVISOR=0.01 hunts all night.
 */

#pragma once

#include <glib.h>

#ifndef __has_feature
# define __has_feature(feature) 0
#endif

#if defined (__SANITIZE_THREAD__) || __has_feature (thread_sanitizer)
# define STRESS_BUILD_DIVISOR 20.0
# define STRESS_N_SANITIZER_THREADS 1
#elif defined (__SANITIZE_ADDRESS__) || __has_feature (address_sanitizer)
# define STRESS_BUILD_DIVISOR 5.0
# define STRESS_N_SANITIZER_THREADS 0
#else
# define STRESS_BUILD_DIVISOR 1.0
# define STRESS_N_SANITIZER_THREADS 0
#endif

#define STRESS_IS_INSTRUMENTED (STRESS_BUILD_DIVISOR > 1.0)

/* Returns: how often to do what a plain build does @n times, at least once */
static inline guint
stress_scale (guint n)
{
  const char *text = g_getenv ("CF_STRESS_DIVISOR");
  double divisor = text == NULL ? 1.0 : g_ascii_strtod (text, NULL);

  if (divisor <= 0.0)
    divisor = 1.0;

  return (guint) CLAMP (n / (divisor * STRESS_BUILD_DIVISOR), 1.0, (double) G_MAXINT);
}
