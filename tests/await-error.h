/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for a future and asking how it failed, in one. */

#pragma once

#include <cfutures.h>

/* Blocks until the future is done. Returns its error, which is the future's, or NULL. */
static inline const GError *
await_error (CfFuture *future)
{
  cf_future_wait (future, -1, NULL, NULL);
  return cf_future_get_error (future);
}
