/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Probes for SystemTap, bpftrace, perf and gdb: places in the code that these can find and count, for the price of a
 * look at a number each. Without <sys/sdt.h> they are nothing.
 *
 *      cfutures:call_submit    the future, and the name of the call or NULL
 *      cfutures:call_begin     the same
 *      cfutures:call_end       the same, and the state
 *      cfutures:call_deliver   the future, and the name, before a callback */

#pragma once

#include <glib.h>

#ifdef HAVE_SDT

# define _SDT_HAS_SEMAPHORES 1
# include <sys/sdt.h>

/* The macros of that header are GNU C. */
# ifdef __clang__
#  pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
# endif

/* How many tools listen to a probe: they write it. */
# define CF_PROBE_SEMAPHORE(probe) \
    __attribute__ ((visibility ("hidden"))) extern volatile unsigned short cfutures_##probe##_semaphore
# define CF_PROBE_DEFINE(probe) \
    __attribute__ ((section (".probes"), used)) volatile unsigned short cfutures_##probe##_semaphore

CF_PROBE_SEMAPHORE (call_submit);
CF_PROBE_SEMAPHORE (call_begin);
CF_PROBE_SEMAPHORE (call_end);
CF_PROBE_SEMAPHORE (call_deliver);

# define CF_PROBE_IS_ON(probe)           G_UNLIKELY (cfutures_##probe##_semaphore != 0)
# define CF_PROBE2(probe, first, second) STAP_PROBE2 (cfutures, probe, first, second)
# define CF_PROBE3(probe, first, second, third) STAP_PROBE3 (cfutures, probe, first, second, third)

#else

# define CF_PROBE_DEFINE(probe)          G_STATIC_ASSERT (TRUE)
# define CF_PROBE_IS_ON(probe)           FALSE
# define CF_PROBE2(probe, first, second) G_STMT_START { } G_STMT_END
# define CF_PROBE3(probe, first, second, third) G_STMT_START { } G_STMT_END

#endif
