/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The promise side: futures that belong to no executor, and are settled by the code that made them. */

#include "config.h"

#include "cf-future.h"

#include <glib/gi18n-lib.h>

#include "base/cf-spin-private.h"
#include "cf-bindings-private.h"
#include "cf-error.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-settle-private.h"

/**
 * cf_future_new:
 *
 * Makes a promise: a pending future that belongs to no executor.
 *
 * The code that made it settles it, from any thread, with [method@Cf.Future.set_value],
 * [method@Cf.Future.set_variant] or [method@Cf.Future.set_error], optionally after
 * [method@Cf.Future.set_running_or_notify_cancel].
 *
 * Returns: (transfer full): a pending future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new (void)
{
  CfFuture *self = g_object_new (CF_TYPE_FUTURE, NULL);

  self->call.since = cf_stamp_if_watched ();
  cf_future_set_thread_context (self);
  return self;
}

/* Settles a promise, or says why it cannot be. Takes the outcome in any case. */
static gboolean
settle_promise (CfFuture   *self,
                CfOutcome  *outcome,
                GError    **error)
{
  if (cf_future_settle_from_outside (self, outcome))
    return TRUE;

  g_set_error_literal (error, CF_ERROR, CF_ERROR_INVALID_STATE,
                       cf_future_is_cancelled (self) ? _("The future was cancelled and no longer takes a result")
                                                     : _("The future already has a result and takes no second one"));
  return FALSE;
}

/**
 * cf_future_set_value:
 * @self: a pending or running future
 * @value: (nullable): the result, or %NULL if there is none
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is a copy of @value.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_value (CfFuture      *self,
                     const GValue  *value,
                     GError       **error)
{
  CfOutcome outcome = { CF_OUTCOME_NOTHING };

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (value != NULL && G_IS_VALUE (value))
    {
      outcome.kind = CF_OUTCOME_VALUE;
      outcome.value = (GValue) G_VALUE_INIT;
      g_value_init (&outcome.value, G_VALUE_TYPE (value));
      g_value_copy (value, &outcome.value);
    }

  return settle_promise (self, &outcome, error);
}

/**
 * cf_future_set_variant:
 * @self: a pending or running future
 * @variant: (nullable): the result, whose floating reference is taken, or %NULL if there is none
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is @variant.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_variant (CfFuture  *self,
                       GVariant  *variant,
                       GError   **error)
{
  CfOutcome outcome = { CF_OUTCOME_NOTHING };

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (variant != NULL)
    {
      outcome.kind = CF_OUTCOME_VARIANT;
      outcome.variant = g_variant_ref_sink (variant);
    }

  return settle_promise (self, &outcome, error);
}

/**
 * cf_future_set_boolean:
 * @self: a pending or running future
 * @result: the result
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is a boolean.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_boolean (CfFuture  *self,
                       gboolean   result,
                       GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_BOOLEAN);
  g_value_set_boolean (&value, result);
  return cf_future_set_value (self, &value, error);
}

/**
 * cf_future_set_int64:
 * @self: a pending or running future
 * @result: the result
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is a signed integer.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_int64 (CfFuture  *self,
                     gint64     result,
                     GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT64);
  g_value_set_int64 (&value, result);
  return cf_future_set_value (self, &value, error);
}

/**
 * cf_future_set_uint64:
 * @self: a pending or running future
 * @result: the result
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is an unsigned integer.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_uint64 (CfFuture  *self,
                      guint64    result,
                      GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_UINT64);
  g_value_set_uint64 (&value, result);
  return cf_future_set_value (self, &value, error);
}

/**
 * cf_future_set_double:
 * @self: a pending or running future
 * @result: the result
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is a floating-point number.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_double (CfFuture  *self,
                      double     result,
                      GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_DOUBLE);
  g_value_set_double (&value, result);
  return cf_future_set_value (self, &value, error);
}

/**
 * cf_future_set_string:
 * @self: a pending or running future
 * @result: (nullable): the result; %NULL is a result, too
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is a copy of a string.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_string (CfFuture    *self,
                      const char  *result,
                      GError     **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_STRING);
  g_value_set_string (&value, result);
  return cf_future_set_value (self, &value, error);
}

/**
 * cf_future_set_bytes:
 * @self: a pending or running future
 * @result: (nullable): the result; %NULL is a result, too
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is bytes, which are not copied.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_bytes (CfFuture  *self,
                     GBytes    *result,
                     GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_BYTES);
  g_value_set_boxed (&value, result);
  return cf_future_set_value (self, &value, error);
}

/**
 * cf_future_set_object:
 * @self: a pending or running future
 * @result: (nullable) (type GObject.Object): the result; %NULL is a result, too
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is an object, which the future takes a reference to.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_object (CfFuture  *self,
                      gpointer   result,
                      GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_return_val_if_fail (result == NULL || G_IS_OBJECT (result), FALSE);

  g_value_init (&value, G_TYPE_OBJECT);
  g_value_set_object (&value, result);
  return cf_future_set_value (self, &value, error);
}

/**
 * cf_future_set_boxed: (skip)
 * @self: a pending or running future
 * @boxed_type: the boxed type of @result
 * @result: (nullable): the result; %NULL is a result, too
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is a copy of a boxed value.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_boxed (CfFuture       *self,
                     GType           boxed_type,
                     gconstpointer   result,
                     GError        **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_return_val_if_fail (G_TYPE_IS_BOXED (boxed_type), FALSE);

  g_value_init (&value, boxed_type);
  g_value_set_boxed (&value, result);
  return cf_future_set_value (self, &value, error);
}

/**
 * cf_future_set_pointer: (skip)
 * @self: a pending or running future
 * @result: (nullable): the result; %NULL is a result, too
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise. Its result is a pointer, whose target is neither copied nor freed.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_pointer (CfFuture  *self,
                       gpointer   result,
                       GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_POINTER);
  g_value_set_pointer (&value, result);
  return cf_future_set_value (self, &value, error);
}

/*
 * cf_future_hand_over:
 * @self: a pending or running future
 * @spin_usec: how many microseconds to spin afterwards
 *
 * Finishes a promise without a result, as cf_future_set_variant() does, and lets some time pass before it returns.
 *
 * This is for bindings of a language whose interpreter has one lock, and calls this function without it: the thread
 * that waits for @self gets the lock while this one spins, instead of having to sleep until the thread that woke it
 * lets go.
 *
 * Returns: %TRUE if this call settled the future
 */
gboolean
cf_future_hand_over (CfFuture *self,
                     gint64    spin_usec)
{
  CfOutcome outcome = { CF_OUTCOME_NOTHING };
  gboolean is_settled;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (spin_usec >= 0, FALSE);

  is_settled = settle_promise (self, &outcome, NULL);
  cf_spin_for (spin_usec);

  return is_settled;
}

/**
 * cf_future_set_error:
 * @self: a pending or running future
 * @failure: the error that its getters will return a copy of
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Fails a promise.
 *
 * A future is settled exactly once: if it was settled or cancelled before, nothing changes, and @error is set.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_set_error (CfFuture      *self,
                     const GError  *failure,
                     GError       **error)
{
  CfOutcome outcome;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (failure != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  cf_outcome_take_error (&outcome, g_error_copy (failure));
  return settle_promise (self, &outcome, error);
}

/* Settled futures. */

/**
 * cf_future_new_for_value:
 * @value: (nullable): the result, or %NULL if there is none
 *
 * Makes a future that is finished already. Its result is a copy of @value.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_value (const GValue *value)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_value (self, value, NULL);
  return self;
}

/**
 * cf_future_new_for_variant:
 * @variant: (nullable): the result, whose floating reference is taken, or %NULL if there is none
 *
 * Makes a future that is finished already. Its result is @variant.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_variant (GVariant *variant)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_variant (self, variant, NULL);
  return self;
}

/**
 * cf_future_new_for_boolean:
 * @result: the result
 *
 * Makes a future that is finished already. Its result is a boolean.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_boolean (gboolean result)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_boolean (self, result, NULL);
  return self;
}

/**
 * cf_future_new_for_int64:
 * @result: the result
 *
 * Makes a future that is finished already. Its result is a signed integer.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_int64 (gint64 result)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_int64 (self, result, NULL);
  return self;
}

/**
 * cf_future_new_for_uint64:
 * @result: the result
 *
 * Makes a future that is finished already. Its result is an unsigned integer.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_uint64 (guint64 result)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_uint64 (self, result, NULL);
  return self;
}

/**
 * cf_future_new_for_double:
 * @result: the result
 *
 * Makes a future that is finished already. Its result is a floating-point number.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_double (double result)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_double (self, result, NULL);
  return self;
}

/**
 * cf_future_new_for_string:
 * @result: (nullable): the result; %NULL is a result, too
 *
 * Makes a future that is finished already. Its result is a copy of a string.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_string (const char *result)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_string (self, result, NULL);
  return self;
}

/**
 * cf_future_new_for_bytes:
 * @result: (nullable): the result; %NULL is a result, too
 *
 * Makes a future that is finished already. Its result is bytes, which are not copied.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_bytes (GBytes *result)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_bytes (self, result, NULL);
  return self;
}

/**
 * cf_future_new_for_object:
 * @result: (nullable) (type GObject.Object): the result; %NULL is a result, too
 *
 * Makes a future that is finished already. Its result is an object, which the future takes a reference to.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_object (gpointer result)
{
  CfFuture *self;

  g_return_val_if_fail (result == NULL || G_IS_OBJECT (result), NULL);

  self = cf_future_new ();
  cf_future_set_object (self, result, NULL);
  return self;
}

/**
 * cf_future_new_for_boxed: (skip)
 * @boxed_type: the boxed type of @result
 * @result: (nullable): the result; %NULL is a result, too
 *
 * Makes a future that is finished already. Its result is a copy of a boxed value.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_boxed (GType         boxed_type,
                         gconstpointer result)
{
  CfFuture *self;

  g_return_val_if_fail (G_TYPE_IS_BOXED (boxed_type), NULL);

  self = cf_future_new ();
  cf_future_set_boxed (self, boxed_type, result, NULL);
  return self;
}

/**
 * cf_future_new_for_pointer: (skip)
 * @result: (nullable): the result; %NULL is a result, too
 *
 * Makes a future that is finished already. Its result is a pointer, whose target is neither copied nor freed.
 *
 * Returns: (transfer full): a finished future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_pointer (gpointer result)
{
  CfFuture *self = cf_future_new ();

  cf_future_set_pointer (self, result, NULL);
  return self;
}

/**
 * cf_future_new_for_error:
 * @failure: the error that its getters will return a copy of
 *
 * Makes a future that has failed already.
 *
 * Returns: (transfer full): a failed future
 *
 * Since: 1.0
 */
CfFuture *
cf_future_new_for_error (const GError *failure)
{
  CfFuture *self;

  g_return_val_if_fail (failure != NULL, NULL);

  self = cf_future_new ();
  cf_future_set_error (self, failure, NULL);
  return self;
}
