/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Each fuzz target defines it; libFuzzer calls it with what it has made up, replay.c with the files of a
 * corpus. */
int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* Looks at every part of a value that a worker has sent, as the users of futures do. */
void fuzz_touch_value (GVariant *value);

/* Whether an error may be made of this domain. GLib keeps each for ever, and when it makes room for more of them
 * it leaves the old place behind, which looks like a leak: so there are not many. */
gboolean fuzz_may_keep_domain (const char *domain);

/* An input of fuzz-results is a sequence of operations, each an octet and what follows. Numbers are in the byte
 * order of the machine, strings go after their size, an octet; data go after theirs, two octets. */
typedef enum
{
  /* The pool: */
  FUZZ_GIVE,          /* n: octet, data: gives the worker a call with them as its argument; unless n is 0 it is a
                       * chunk of n items */
  FUZZ_TAKE_BACK,     /* nth: octet: takes the nth call back */

  /* The worker: */
  FUZZ_CLAIM,         /* nth: octet: begins the nth call */
  FUZZ_WRITE_BYTES,   /* data: writes them into its ring */
  FUZZ_WRITE_FRAME,   /* kind, flags, nth: octets, type: string, data: writes a frame about the nth call */
  FUZZ_WRITE_REGION,  /* offset: two octets, number: eight octets: writes elsewhere in the shared memory */
  FUZZ_MOVE_END,      /* number: four octets: says that it has written so many bytes more */
  FUZZ_SEND_MESSAGE,  /* kind, value, nth: octets, FuzzDescriptors: octet, data: sends a message about the nth
                       * call, with the data as its text or in its descriptors */
  FUZZ_SEND_BYTES,    /* data: sends them on its socket */
  FUZZ_CLOSE,         /* closes its socket */

  /* The pool: */
  FUZZ_RECEIVE,       /* looks at what has come; it does so at the end in any case */

  FUZZ_N_OPERATIONS,
} FuzzOperation;

/* What comes with a message. */
typedef enum
{
  FUZZ_NO_DESCRIPTOR,
  FUZZ_SEALED,
  FUZZ_UNSEALED,
  FUZZ_SOCKET,
  FUZZ_TWO_SEALED,
  FUZZ_THREE_SEALED,
  FUZZ_N_DESCRIPTORS,
} FuzzDescriptors;

/* The number of a call that there is not. */
#define FUZZ_NO_CALL 0xff

G_END_DECLS
