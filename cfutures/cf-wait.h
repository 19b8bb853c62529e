/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-future.h>

G_BEGIN_DECLS

CF_AVAILABLE_IN_ALL
gboolean cf_wait (CfFuture      *const *futures,
                  gsize          n_futures,
                  CfReturnWhen   return_when,
                  gint64         timeout_usec,
                  GCancellable  *cancellable,
                  GPtrArray    **done,
                  GPtrArray    **not_done,
                  GError       **error);

G_END_DECLS
