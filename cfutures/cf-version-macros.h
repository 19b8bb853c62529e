/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include <cfutures/cf-version.h>

/* Only what these macros mark is exported: the library is built with hidden visibility. */
#ifndef _CF_EXTERN
# define _CF_EXTERN extern
#endif

#define CF_VERSION_1_0 (G_ENCODE_VERSION (1, 0))

#define CF_VERSION_CURRENT (G_ENCODE_VERSION (CF_MAJOR_VERSION, CF_MINOR_VERSION))

/**
 * CF_VERSION_MIN_REQUIRED:
 *
 * The oldest API that a program wants to use without deprecation warnings, as `CF_VERSION_1_0`.
 * Define it before including `cfutures.h`.
 *
 * Since: 1.0
 */
#ifndef CF_VERSION_MIN_REQUIRED
# define CF_VERSION_MIN_REQUIRED CF_VERSION_CURRENT
#endif

/**
 * CF_VERSION_MAX_ALLOWED:
 *
 * The newest API that a program may use without a warning, as `CF_VERSION_1_0`.
 * Define it before including `cfutures.h`.
 *
 * Since: 1.0
 */
#ifndef CF_VERSION_MAX_ALLOWED
# define CF_VERSION_MAX_ALLOWED CF_VERSION_CURRENT
#endif

#define CF_UNAVAILABLE(major, minor) G_UNAVAILABLE (major, minor) _CF_EXTERN

#define CF_AVAILABLE_IN_ALL _CF_EXTERN

#if CF_VERSION_MAX_ALLOWED < CF_VERSION_1_0
# define CF_AVAILABLE_IN_1_0 CF_UNAVAILABLE (1, 0)
#else
# define CF_AVAILABLE_IN_1_0 _CF_EXTERN
#endif
