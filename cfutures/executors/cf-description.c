/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists of calls, as cf_executor_describe() tells of them.
 *
 * References are collected first, with the locks of the executor, and described afterwards, without any: to ask a future
 * takes its lock. */

#include "config.h"

#include "executors/cf-description-private.h"

#include "base/cf-sanitizer-private.h"
#include "executors/cf-unfinished-calls-private.h"
#include "future/cf-future-description-private.h"

static void
clear_call (gpointer data)
{
  CfDescribedCall *call = data;

  g_free (call->function);
  if (call->future == NULL)
    return;

  CF_TSAN_RELEASE (call->future);
  g_object_unref (call->future);
}

/**
 * cf_described_calls_new:
 *
 * Returns: (transfer full): an empty array of `CfDescribedCall`
 */
GArray *
cf_described_calls_new (void)
{
  GArray *calls = g_array_new (FALSE, FALSE, sizeof (CfDescribedCall));

  g_array_set_clear_func (calls, clear_call);
  return calls;
}

void
cf_described_calls_add (GArray   *calls,
                        CfFuture *future,
                        CfStamp   since)
{
  CfDescribedCall call = { future != NULL ? g_object_ref (future) : NULL, since, NULL };

  g_array_append_val (calls, call);
}

/* Of the call that was added last. */
void
cf_described_calls_set_function (GArray     *calls,
                                 const char *function)
{
  g_array_index (calls, CfDescribedCall, calls->len - 1).function = g_strdup (function);
}

/* The only call that an executor makes on its own behalf. */
static GVariant *
describe_initializer (CfStamp since)
{
  gint64 age = cf_stamp_get_age (since);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "state", "s", "running");
  g_variant_dict_insert (&dict, "name", "s", "initializer");
  if (age >= 0)
    g_variant_dict_insert (&dict, "age", "x", age);
  return g_variant_dict_end (&dict);
}

static GVariant *
describe_call (const CfDescribedCall *call)
{
  return cf_future_describe (call->future, call->since, call->function);
}

/**
 * cf_described_calls_to_list:
 * @calls: (element-type CfDescribedCall): calls
 *
 * Describes them, without any lock.
 *
 * Returns: (transfer floating): an `aa{sv}`
 */
GVariant *
cf_described_calls_to_list (const GArray *calls)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < calls->len; i++)
    {
      const CfDescribedCall *call = &g_array_index (calls, CfDescribedCall, i);

      g_variant_builder_add_value (&builder, call->future != NULL ? describe_call (call)
                                                                  : describe_initializer (call->since));
    }

  return g_variant_builder_end (&builder);
}

/* Without workers, each call that runs stands for one. */
static GVariant *
describe_running (const GArray *calls)
{
  GVariantBuilder workers;

  g_variant_builder_init (&workers, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < calls->len; i++)
    {
      g_autoptr(GArray) call = g_array_new (FALSE, FALSE, sizeof (CfDescribedCall));
      GVariantDict dict;

      g_array_append_vals (call, &g_array_index (calls, CfDescribedCall, i), 1);
      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "state", "s", "running");
      g_variant_dict_insert_value (&dict, "calls", cf_described_calls_to_list (call));
      g_variant_builder_add_value (&workers, g_variant_dict_end (&dict));
    }

  return g_variant_builder_end (&workers);
}

/**
 * cf_unfinished_calls_describe:
 * @self: a list of calls
 * @description: what is described so far
 *
 * Adds the calls. Without any lock.
 */
void
cf_unfinished_calls_describe (CfUnfinishedCalls *self,
                              GVariantDict      *description)
{
  g_autoptr(GPtrArray) futures = cf_unfinished_calls_list (self);
  g_autoptr(GArray) running = cf_described_calls_new ();
  g_autoptr(GArray) waiting = cf_described_calls_new ();

  for (guint i = 0; i < futures->len; i++)
    {
      CfFuture *future = g_ptr_array_index (futures, i);
      CfFutureState state = cf_future_get_state (future);

      if (state == CF_FUTURE_STATE_RUNNING)
        cf_described_calls_add (running, future, CF_STAMP_UNKNOWN);
      else if (state == CF_FUTURE_STATE_PENDING && waiting->len < CF_DESCRIPTION_MAX_WAITING)
        cf_described_calls_add (waiting, future, CF_STAMP_UNKNOWN);
    }

  g_variant_dict_insert_value (description, "workers", describe_running (running));
  g_variant_dict_insert_value (description, "waiting", cf_described_calls_to_list (waiting));
}
