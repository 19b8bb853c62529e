/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call that says that it has begun, ends when it is let go, and says that it has ended. */

#pragma once

#include <cfutures.h>

#include "gates.h"

typedef struct
{
  Gate begun;
  Gate go_on;
  Gate ended;
} Blocker;

#define BLOCKER_INIT { GATE_INIT, GATE_INIT, GATE_INIT }

static inline gboolean
block (CfFuture  *future,
       GValue    *result,
       gpointer   user_data,
       GError   **error)
{
  Blocker *blocker = user_data;

  gate_open (&blocker->begun);
  gate_wait (&blocker->go_on);
  gate_open (&blocker->ended);

  return TRUE;
}
