/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The least that a local call can do. */

#pragma once

#include <cfutures.h>

static gboolean
return_nothing (CfFuture  *future,
                GValue    *result,
                gpointer   user_data,
                GError   **error)
{
  return TRUE;
}
