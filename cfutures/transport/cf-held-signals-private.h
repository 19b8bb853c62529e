/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfHeldSignals: has what writes between begin() and end() fail, with EPIPE if nobody reads and with EFBIG if a file gets
 * larger than the process may make one (`ulimit -f`), where the system would end the process by a signal. These signals
 * are for the thread that writes. */

#pragma once

#include <errno.h>
#include <signal.h>
#include <time.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  sigset_t old_mask;
} CfHeldSignals;

static inline void
cf_held_signals_begin (CfHeldSignals *self)
{
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGPIPE);
  sigaddset (&signals, SIGXFSZ);
  pthread_sigmask (SIG_BLOCK, &signals, &self->old_mask);
}

/* With errno as what failed last has set it, if anything did; it stays so. */
static inline void
cf_held_signals_end (CfHeldSignals *self)
{
  const struct timespec at_once = { 0 };
  int error_number = errno;
  sigset_t sent;

  sigemptyset (&sent);
  if (error_number == EPIPE)
    sigaddset (&sent, SIGPIPE);
  else if (error_number == EFBIG)
    sigaddset (&sent, SIGXFSZ);

  if (!sigisemptyset (&sent))
    sigtimedwait (&sent, NULL, &at_once);
  pthread_sigmask (SIG_SETMASK, &self->old_mask, NULL);
  errno = error_number;
}

G_END_DECLS
