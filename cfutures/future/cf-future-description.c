/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a call looks like from outside: cf_executor_describe() tells of the keys. */

#include "config.h"

#include "future/cf-future-description-private.h"

#include "cf-bindings-private.h"
#include "cf-enum-types.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-state-private.h"

static const char *
get_state_nick (CfFutureState state)
{
  g_autoptr(GEnumClass) states = g_type_class_ref (CF_TYPE_FUTURE_STATE);

  return g_enum_get_value (states, (int) state)->value_nick;
}

/* With the lock held. */
static void
add_details (GVariantDict          *dict,
             const CfFutureDetails *details)
{
  g_variant_dict_insert (dict, "priority", "i", details != NULL ? details->priority : G_PRIORITY_DEFAULT);
  if (details == NULL)
    return;

  if (details->name != NULL)
    g_variant_dict_insert (dict, "name", "s", details->name);
  if (details->progress > 0.0)
    g_variant_dict_insert (dict, "progress", "d", details->progress);
  if (details->message != NULL)
    g_variant_dict_insert (dict, "message", "s", details->message);
}

/* A reserved name, of a binding, says nothing to anybody. */
static void
add_function (GVariantDict *dict,
              const char   *function)
{
  if (function != NULL && function[0] != ':')
    g_variant_dict_insert (dict, "function", "s", function);
}

/**
 * cf_future_describe:
 * @self: a future
 * @since: since when it is in its state, if the caller knows that
 * @function: (nullable): the name of its function, if the caller knows that
 *
 * Describes a call. Any thread, without a lock.
 *
 * Returns: (transfer floating): an `a{sv}`
 */
GVariant *
cf_future_describe (CfFuture   *self,
                    CfStamp     since,
                    const char *function)
{
  CfFutureState state = cf_future_read_state (self);
  GVariantDict dict;
  gint64 age;
  guint word;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "state", "s", get_state_nick (state));

  word = cf_future_lock (self);
  add_details (&dict, self->details);
  if (function == NULL && !cf_word_is_done (word) && self->call.kind == CF_CALL_NAME)
    function = self->call.name;
  add_function (&dict, function);
  if (since == CF_STAMP_UNKNOWN && !cf_word_is_done (word) && cf_word_get_state (word) == state)
    since = self->call.since;
  cf_future_unlock (self, word);

  age = cf_stamp_get_age (since);
  if (age >= 0)
    g_variant_dict_insert (&dict, "age", "x", age);

  return g_variant_dict_end (&dict);
}

/*
 * cf_future_get_age:
 * @self: a future
 *
 * This is for a binding that has executors of its own.
 *
 * Returns: for how long it has been pending, or running, in µs, or -1 if that is unknown
 */
gint64
cf_future_get_age (CfFuture *self)
{
  CfStamp since = CF_STAMP_UNKNOWN;
  guint word = cf_future_lock (self);

  if (!cf_word_is_done (word))
    since = self->call.since;
  cf_future_unlock (self, word);

  return cf_stamp_get_age (since);
}
