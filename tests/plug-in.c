/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plug-in that uses the library, and leaves threads behind: those of a pool, and the one that ends calls in time. */

#include <cfutures.h>

#include "return-nothing.h"

G_MODULE_EXPORT void plug_in_use (void);

void
plug_in_use (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(CfTask) task = cf_task_new_local (return_nothing, NULL, NULL);
  g_autoptr(CfFuture) future = NULL;

  cf_task_set_timeout (task, 60 * G_USEC_PER_SEC);
  future = cf_executor_submit_task (executor, task);
  g_assert_true (cf_future_wait (future, -1, NULL, NULL));
}
