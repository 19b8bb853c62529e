/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfInlineExecutor: runs the call before submit() returns. There is nothing to own, and nothing to
 * synchronize. */

#include "config.h"

#include "cf-inline-executor.h"

/**
 * CfInlineExecutor:
 *
 * An executor that runs each call in the thread that submits it, before submitting returns.
 *
 * It is for tests and for debugging: put it in the place of a pool, and everything happens in order, in one
 * thread.
 *
 * Since: 1.0
 */
struct _CfInlineExecutor
{
  CfExecutor parent_instance;
};

G_DEFINE_FINAL_TYPE (CfInlineExecutor, cf_inline_executor, CF_TYPE_EXECUTOR)

static void
cf_inline_executor_execute (CfExecutor *executor,
                            CfFuture   *future)
{
  cf_future_run (future);
}

static void
cf_inline_executor_class_init (CfInlineExecutorClass *klass)
{
  CF_EXECUTOR_CLASS (klass)->execute = cf_inline_executor_execute;
}

static void
cf_inline_executor_init (CfInlineExecutor *self)
{
}

/**
 * cf_inline_executor_new:
 *
 * Creates an executor that runs each call before submitting returns.
 *
 * Returns: (transfer full) (type CfInlineExecutor): the executor
 *
 * Since: 1.0
 */
CfExecutor *
cf_inline_executor_new (void)
{
  return g_object_new (CF_TYPE_INLINE_EXECUTOR,
                       "max-workers", 1,
                       NULL);
}
