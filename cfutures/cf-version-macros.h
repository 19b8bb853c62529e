/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which version a symbol came with. All came with the first one, so there is one macro.
 *
 * The version that adds a symbol to the API, 1.2 say, adds here what GTK has: CF_VERSION_1_0 and CF_VERSION_1_2,
 * CF_VERSION_MAX_ALLOWED, which a program may define and which is the current version otherwise, and
 * CF_AVAILABLE_IN_1_2, which is `G_UNAVAILABLE (1, 2) _CF_EXTERN` where that is less than CF_VERSION_1_2. What is
 * deprecated then gets CF_DEPRECATED_IN_1_2_FOR() and CF_VERSION_MIN_REQUIRED in the same way. */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

/* Only what these macros mark is exported: the library is built with hidden visibility. */
#ifndef _CF_EXTERN
# define _CF_EXTERN extern
#endif

#define CF_AVAILABLE_IN_ALL _CF_EXTERN
