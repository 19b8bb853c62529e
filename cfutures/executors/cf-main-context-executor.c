/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfMainContextExecutor: runs calls in iterations of a main context. The calls travel the way done-callbacks
 * do (cf-delivery.c): in batches, in order, some milliseconds at a time. */

#include "config.h"

#include "cf-main-context-executor.h"

#include "base/cf-sanitizer-private.h"
#include "executors/cf-executor-private.h"
#include "delivery/cf-delivery-private.h"
#include "future/cf-future-owner-private.h"
#include "future/cf-future-private.h"

/**
 * CfMainContextExecutor:
 *
 * An executor that runs its calls on a main context.
 *
 * This is how a worker asks the user interface for something, and gets a future back:
 *
 * ```c
 * // In the main thread:
 * ui = cf_main_context_executor_new (NULL);
 *
 * // In a worker:
 * g_autoptr(CfFuture) answer = cf_executor_submit_local (ui, ask_for_password, realm, g_free);
 * g_autofree char *password = cf_future_await_string (answer, error);
 * ```
 *
 * Calls are made at the priority of their task, those of one priority in the order of their submission, by the thread
 * that iterates the context.
 *
 * While that thread blocks in a call of this library, for a future or for the end of a thread pool, it makes them there:
 * otherwise a worker that waits for its answer, and the main thread that waits for the worker, would wait for ever. So
 * a function that is submitted here has to expect to be called from inside such a blocking call.
 *
 * Since: 1.0
 */
struct _CfMainContextExecutor
{
  CfExecutor    parent_instance;

  GMainContext *context;
};

G_DEFINE_FINAL_TYPE (CfMainContextExecutor, cf_main_context_executor, CF_TYPE_EXECUTOR)

enum
{
  PROP_CONTEXT = 1,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

typedef struct
{
  CfDeliveryItem item;
  CfFuture      *future;
} QueuedCall;

static void
make_call (CfDeliveryItem *item)
{
  QueuedCall *queued = (QueuedCall *) item;

  CF_TSAN_ACQUIRE (queued->future);
  cf_future_run (queued->future);
  CF_TSAN_RELEASE (queued->future);
  g_object_unref (queued->future);
  g_free (queued);
}

/* The context is gone, and nobody will ever run the call. */
static void
cancel_call (CfDeliveryItem *item)
{
  QueuedCall *queued = (QueuedCall *) item;

  cf_future_cancel (queued->future);
  g_object_unref (queued->future);
  g_free (queued);
}

static void
cf_main_context_executor_execute (CfExecutor *executor,
                                  CfFuture   *future)
{
  CfMainContextExecutor *self = CF_MAIN_CONTEXT_EXECUTOR (executor);
  QueuedCall *queued = g_new0 (QueuedCall, 1);

  queued->item.deliver = make_call;
  queued->item.discard = cancel_call;
  queued->item.is_call = TRUE;
  queued->item.priority = cf_future_get_priority (future);
  queued->future = g_object_ref (future);
  cf_delivery_push (cf_delivery_get (self->context), &queued->item);
}

static void
cf_main_context_executor_constructed (GObject *object)
{
  CfMainContextExecutor *self = CF_MAIN_CONTEXT_EXECUTOR (object);

  G_OBJECT_CLASS (cf_main_context_executor_parent_class)->constructed (object);

  if (self->context == NULL)
    self->context = g_main_context_ref (g_main_context_default ());
  cf_executor_set_context (CF_EXECUTOR (self), self->context);
  cf_delivery_expect_calls (self->context);
}

static void
cf_main_context_executor_get_property (GObject    *object,
                                       guint       property_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  switch (property_id)
    {
    case PROP_CONTEXT:
      g_value_set_boxed (value, CF_MAIN_CONTEXT_EXECUTOR (object)->context);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_main_context_executor_set_property (GObject      *object,
                                       guint         property_id,
                                       const GValue *value,
                                       GParamSpec   *pspec)
{
  switch (property_id)
    {
    case PROP_CONTEXT:
      CF_MAIN_CONTEXT_EXECUTOR (object)->context = g_value_dup_boxed (value);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
cf_main_context_executor_finalize (GObject *object)
{
  g_clear_pointer (&CF_MAIN_CONTEXT_EXECUTOR (object)->context, g_main_context_unref);

  G_OBJECT_CLASS (cf_main_context_executor_parent_class)->finalize (object);
}

static void
cf_main_context_executor_class_init (CfMainContextExecutorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = cf_main_context_executor_constructed;
  object_class->get_property = cf_main_context_executor_get_property;
  object_class->set_property = cf_main_context_executor_set_property;
  object_class->finalize = cf_main_context_executor_finalize;

  CF_EXECUTOR_CLASS (klass)->execute = cf_main_context_executor_execute;

  /**
   * CfMainContextExecutor:context: (getter get_context)
   *
   * Where calls are made.
   *
   * Since: 1.0
   */
  properties[PROP_CONTEXT] =
    g_param_spec_boxed ("context", NULL, NULL,
                        G_TYPE_MAIN_CONTEXT,
                        G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
cf_main_context_executor_init (CfMainContextExecutor *self)
{
}

/**
 * cf_main_context_executor_new:
 * @context: (nullable): a main context, or %NULL for the default one
 *
 * Creates an executor that runs its calls in iterations of @context, in the thread that iterates it. Any thread may
 * create it, and submit to it.
 *
 * Calls that are pending when the context is finalized are cancelled.
 *
 * Returns: (transfer full) (type CfMainContextExecutor): the executor
 *
 * Since: 1.0
 */
CfExecutor *
cf_main_context_executor_new (GMainContext *context)
{
  return g_object_new (CF_TYPE_MAIN_CONTEXT_EXECUTOR,
                       "max-workers", 1,
                       "context", context,
                       NULL);
}

/**
 * cf_main_context_executor_get_context:
 * @self: an executor
 *
 * Returns where calls are made: [property@Cf.MainContextExecutor:context].
 *
 * Returns: (transfer none): the main context, which is the executor's
 *
 * Since: 1.0
 */
GMainContext *
cf_main_context_executor_get_context (CfMainContextExecutor *self)
{
  g_return_val_if_fail (CF_IS_MAIN_CONTEXT_EXECUTOR (self), NULL);

  return self->context;
}
