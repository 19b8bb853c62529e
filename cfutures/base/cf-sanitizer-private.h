/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What ThreadSanitizer has to be told.
 *
 * The library synchronizes through C11 atomics, which ThreadSanitizer understands. GLib itself is not
 * instrumented, so the order that its mutexes, reference counts and main contexts establish is invisible.
 * The few places that rely on it say so with these macros, and with nothing else: a release before the other
 * thread may take over, an acquire after it has. In ordinary builds they are nothing. */

#pragma once

#if defined (__SANITIZE_THREAD__)
# define CF_THREAD_SANITIZER 1
#elif defined (__has_feature)
# if __has_feature (thread_sanitizer)
#  define CF_THREAD_SANITIZER 1
# endif
#endif

/* CF_TSAN_READS() is a declaration: a release at the end of the block, for what reads something that another
 * thread frees when the last reference is dropped. */

#ifdef CF_THREAD_SANITIZER

void __tsan_acquire (void *address);
void __tsan_release (void *address);

static inline void
cf_tsan_release_pointer (void *pointer)
{
  __tsan_release (*(void **) pointer);
}

# define CF_TSAN_ACQUIRE(address) __tsan_acquire (address)
# define CF_TSAN_RELEASE(address) __tsan_release (address)
# define CF_TSAN_READS(address) \
    __attribute__ ((cleanup (cf_tsan_release_pointer), unused)) void *cf_tsan_read_pointer = (address)

#else

# define CF_TSAN_ACQUIRE(address) ((void) 0)
# define CF_TSAN_RELEASE(address) ((void) 0)
# define CF_TSAN_READS(address) G_STATIC_ASSERT (TRUE)

#endif
