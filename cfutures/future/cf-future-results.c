/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The getters: each blocks until the future is done, then returns its result or its error.
 *
 * A result is a GValue (of a local function) or a GVariant (of a portable one), and every getter reads both.
 * The typed ones bring it into the form of a GValue first, then convert it to their own type: `convert()` does
 * that where nothing is lost, and otherwise says what the result is and what it was asked to be. */

#include "config.h"

#include "cf-future.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "cf-bindings-private.h"
#include "cf-error.h"
#include "future/cf-future-private.h"
#include "future/cf-future-state-private.h"
#include "future/cf-future-wait-private.h"

static gboolean
is_cancelled (CfFuture *self)
{
  return cf_word_get_state (cf_future_get_word (self)) == CF_FUTURE_STATE_CANCELLED;
}

/* Waits, and leads the result to where it can be read. */
static gboolean
wait_for_outcome (CfFuture  *self,
                  GError   **error)
{
  if (!cf_future_block (self, error))
    return FALSE;

  if (is_cancelled (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("The call was cancelled"));
      return FALSE;
    }

  if (self->outcome.kind == CF_OUTCOME_ERROR)
    {
      cf_future_ignore_error (self);
      if (error != NULL)
        *error = g_error_copy (self->outcome.error);
      return FALSE;
    }

  return TRUE;
}

static gboolean
fail_wrong_type (const char  *is,
                 GType        wanted,
                 GError     **error)
{
  g_set_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE,
               _("The call returned %s, which cannot be converted to %s without loss"),
               is, g_type_name (wanted));
  return FALSE;
}

/* Names a value in a message, with what it holds if that is short. */
static char *
describe_value (const GValue *value)
{
  g_autofree char *contents = NULL;

  if (G_VALUE_HOLDS_STRING (value) || G_VALUE_HOLDS_BOXED (value) || G_VALUE_HOLDS_VARIANT (value))
    return g_strdup (G_VALUE_TYPE_NAME (value));

  contents = g_strdup_value_contents (value);
  return g_strdup_printf ("%s (%s)", G_VALUE_TYPE_NAME (value), contents);
}

/* Conversion between numbers, where nothing is lost. */

static gboolean
double_is_integral (double number,
                    double minimum,
                    double limit)
{
  return number >= minimum && number < limit && !(floor (number) < number);
}

static gboolean
get_real (const GValue *value,
          double       *real)
{
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_DOUBLE:
      *real = g_value_get_double (value);
      return TRUE;

    case G_TYPE_FLOAT:
      *real = g_value_get_float (value);
      return TRUE;

    default:
      return FALSE;
    }
}

static gboolean
get_unsigned (const GValue *value,
              guint64      *number)
{
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_UINT64:
      *number = g_value_get_uint64 (value);
      return TRUE;

    case G_TYPE_ULONG:
      *number = g_value_get_ulong (value);
      return TRUE;

    default:
      return FALSE;
    }
}

static gboolean
value_to_int64 (const GValue *value,
                gint64       *number)
{
  guint64 unsigned_number;
  double real;

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_INT64:
      *number = g_value_get_int64 (value);
      return TRUE;

    case G_TYPE_INT:
      *number = g_value_get_int (value);
      return TRUE;

    case G_TYPE_UINT:
      *number = g_value_get_uint (value);
      return TRUE;

    case G_TYPE_LONG:
      *number = g_value_get_long (value);
      return TRUE;

    case G_TYPE_CHAR:
      *number = g_value_get_schar (value);
      return TRUE;

    case G_TYPE_UCHAR:
      *number = g_value_get_uchar (value);
      return TRUE;

    case G_TYPE_BOOLEAN:
      *number = g_value_get_boolean (value);
      return TRUE;

    case G_TYPE_ENUM:
      *number = g_value_get_enum (value);
      return TRUE;

    case G_TYPE_FLAGS:
      *number = g_value_get_flags (value);
      return TRUE;

    default:
      break;
    }

  if (get_unsigned (value, &unsigned_number) && unsigned_number <= G_MAXINT64)
    {
      *number = (gint64) unsigned_number;
      return TRUE;
    }

  if (get_real (value, &real) && double_is_integral (real, -0x1p63, 0x1p63))
    {
      *number = (gint64) real;
      return TRUE;
    }

  return FALSE;
}

static gboolean
value_to_uint64 (const GValue *value,
                 guint64      *number)
{
  gint64 signed_number;
  double real;

  if (get_unsigned (value, number))
    return TRUE;

  if (value_to_int64 (value, &signed_number) && signed_number >= 0)
    {
      *number = (guint64) signed_number;
      return TRUE;
    }

  if (get_real (value, &real) && double_is_integral (real, 0x1p63, 0x1p64))
    {
      *number = (guint64) real;
      return TRUE;
    }

  return FALSE;
}

static gboolean
value_to_double (const GValue *value,
                 double       *number)
{
  gint64 signed_number;
  guint64 unsigned_number;

  if (get_real (value, number))
    return TRUE;

  if (G_VALUE_HOLDS_BOOLEAN (value))
    return FALSE;

  if (value_to_int64 (value, &signed_number))
    {
      *number = (double) signed_number;
      return *number < 0x1p63 && (gint64) *number == signed_number;
    }

  if (value_to_uint64 (value, &unsigned_number))
    {
      *number = (double) unsigned_number;
      return *number < 0x1p64 && (guint64) *number == unsigned_number;
    }

  return FALSE;
}

/* Copies `value` to `result`, which is of the wanted type, if that is possible without loss. */
static gboolean
convert (const GValue *value,
         GValue       *result)
{
  gint64 signed_number = 0;
  guint64 unsigned_number = 0;
  double real = 0.0;

  if (g_value_type_compatible (G_VALUE_TYPE (value), G_VALUE_TYPE (result)))
    {
      g_value_copy (value, result);
      return TRUE;
    }

  switch (G_VALUE_TYPE (result))
    {
    case G_TYPE_INT64:
      if (!value_to_int64 (value, &signed_number))
        return FALSE;
      g_value_set_int64 (result, signed_number);
      return TRUE;

    case G_TYPE_UINT64:
      if (!value_to_uint64 (value, &unsigned_number))
        return FALSE;
      g_value_set_uint64 (result, unsigned_number);
      return TRUE;

    case G_TYPE_DOUBLE:
      if (!value_to_double (value, &real))
        return FALSE;
      g_value_set_double (result, real);
      return TRUE;

    default:
      return FALSE;
    }
}

/* Waits, and returns the result as a GValue; what is not to be read as `wanted` is told in those terms. */
static const GValue *
wait_for_value (CfFuture  *self,
                GType      wanted,
                GValue    *made,
                GError   **error)
{
  const GValue *value;

  if (!wait_for_outcome (self, error))
    return NULL;

  value = cf_outcome_as_value (&self->outcome, made);
  if (!G_IS_VALUE (value))
    {
      fail_wrong_type (_("nothing"), wanted, error);
      return NULL;
    }

  return value;
}

static gboolean
fail_conversion (const GValue  *value,
                 GType          wanted,
                 GError       **error)
{
  g_autofree char *is = describe_value (value);

  return fail_wrong_type (is, wanted, error);
}

/* Waits, and makes `result` the future's result as a value of type `wanted`. */
static gboolean
get_converted (CfFuture  *self,
               GType      wanted,
               GValue    *result,
               GError   **error)
{
  CF_TSAN_READS (self);
  g_auto(GValue) made = G_VALUE_INIT;
  const GValue *value = wait_for_value (self, wanted, &made, error);

  if (value == NULL)
    return FALSE;

  g_value_init (result, wanted);
  return convert (value, result) || fail_conversion (value, wanted, error);
}

/**
 * cf_future_await_value:
 * @self: a future
 * @value: (out caller-allocates): where the result goes. If it is `G_VALUE_INIT` it takes on the type of the result, or
 *   stays unset if there is none; otherwise the result is transformed to its type
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns a copy of its result. The result of a portable function is a
 * value of the type that corresponds to the `GVariant` if that is simple (a `d` becomes a gdouble), otherwise
 * it holds the `GVariant`.
 *
 * Returns: %TRUE if the call succeeded, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_future_await_value (CfFuture  *self,
                       GValue    *value,
                       GError   **error)
{
  CF_TSAN_READS (self);
  g_auto(GValue) made = G_VALUE_INIT;
  const GValue *result;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!wait_for_outcome (self, error))
    return FALSE;

  if (G_VALUE_HOLDS_VARIANT (value) && self->outcome.kind == CF_OUTCOME_VARIANT)
    {
      g_value_set_variant (value, self->outcome.variant);
      return TRUE;
    }

  result = cf_outcome_as_value (&self->outcome, &made);
  if (!G_IS_VALUE (result))
    return !G_IS_VALUE (value) || fail_wrong_type (_("nothing"), G_VALUE_TYPE (value), error);

  if (!G_IS_VALUE (value))
    g_value_init (value, G_VALUE_TYPE (result));

  return convert (result, value) ||
         g_value_transform (result, value) ||
         fail_wrong_type (G_VALUE_TYPE_NAME (result), G_VALUE_TYPE (value), error);
}

/* The GVariant that corresponds to a basic GValue, or NULL. */
static GVariant *
value_to_variant (const GValue *value)
{
  gint64 signed_number;
  guint64 unsigned_number;

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_VARIANT:
      return g_value_dup_variant (value);

    case G_TYPE_BOOLEAN:
      return g_variant_new_boolean (g_value_get_boolean (value));

    case G_TYPE_UCHAR:
      return g_variant_new_byte (g_value_get_uchar (value));

    case G_TYPE_INT:
      return g_variant_new_int32 (g_value_get_int (value));

    case G_TYPE_UINT:
      return g_variant_new_uint32 (g_value_get_uint (value));

    case G_TYPE_CHAR:
    case G_TYPE_LONG:
    case G_TYPE_INT64:
    case G_TYPE_ENUM:
      value_to_int64 (value, &signed_number);
      return g_variant_new_int64 (signed_number);

    case G_TYPE_ULONG:
    case G_TYPE_UINT64:
    case G_TYPE_FLAGS:
      value_to_uint64 (value, &unsigned_number);
      return g_variant_new_uint64 (unsigned_number);

    case G_TYPE_FLOAT:
      return g_variant_new_double (g_value_get_float (value));

    case G_TYPE_DOUBLE:
      return g_variant_new_double (g_value_get_double (value));

    case G_TYPE_STRING:
      if (g_value_get_string (value) == NULL || !g_utf8_validate (g_value_get_string (value), -1, NULL))
        return NULL;
      return g_variant_new_string (g_value_get_string (value));

    case G_TYPE_BOXED:
      if (G_VALUE_HOLDS (value, G_TYPE_BYTES) && g_value_get_boxed (value) != NULL)
        return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, g_value_get_boxed (value), TRUE);
      if (G_VALUE_HOLDS (value, G_TYPE_STRV) && g_value_get_boxed (value) != NULL)
        return g_variant_new_strv (g_value_get_boxed (value), -1);
      return NULL;

    default:
      return NULL;
    }
}

/**
 * cf_future_await_variant:
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns its result as a `GVariant`: that of a portable function as it
 * is, that of a local one converted if it is a number, a boolean, a string, bytes or a list of strings.
 *
 * Returns: (transfer full) (nullable): the result; %NULL if there is none or @error is set
 *
 * Since: 1.0
 */
GVariant *
cf_future_await_variant (CfFuture  *self,
                         GError   **error)
{
  CF_TSAN_READS (self);
  GVariant *variant;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!wait_for_outcome (self, error))
    return NULL;

  switch (self->outcome.kind)
    {
    case CF_OUTCOME_VARIANT:
      return g_variant_ref (self->outcome.variant);

    case CF_OUTCOME_VALUE:
      variant = value_to_variant (&self->outcome.value);
      if (variant != NULL)
        return g_variant_take_ref (variant);
      fail_wrong_type (G_VALUE_TYPE_NAME (&self->outcome.value), G_TYPE_VARIANT, error);
      return NULL;

    case CF_OUTCOME_NOTHING:
      return NULL;

    case CF_OUTCOME_ERROR:
    default:
      g_assert_not_reached ();
    }
}

/**
 * cf_future_await_boolean:
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns its result, a boolean.
 *
 * Returns: the result; %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
cf_future_await_boolean (CfFuture  *self,
                         GError   **error)
{
  g_auto(GValue) result = G_VALUE_INIT;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return get_converted (self, G_TYPE_BOOLEAN, &result, error) && g_value_get_boolean (&result);
}

/**
 * cf_future_await_int64:
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns its result: any number that is an integer from -2⁶³ to 2⁶³ - 1.
 *
 * Returns: the result; 0 if @error is set
 *
 * Since: 1.0
 */
gint64
cf_future_await_int64 (CfFuture  *self,
                       GError   **error)
{
  CF_TSAN_READS (self);
  g_auto(GValue) made = G_VALUE_INIT;
  const GValue *value;
  gint64 number;

  g_return_val_if_fail (CF_IS_FUTURE (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  value = wait_for_value (self, G_TYPE_INT64, &made, error);
  if (value == NULL)
    return 0;

  return value_to_int64 (value, &number) || fail_conversion (value, G_TYPE_INT64, error) ? number : 0;
}

/**
 * cf_future_await_uint64:
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns its result: any number that is an integer from 0 to 2⁶⁴ - 1.
 *
 * Returns: the result; 0 if @error is set
 *
 * Since: 1.0
 */
guint64
cf_future_await_uint64 (CfFuture  *self,
                        GError   **error)
{
  CF_TSAN_READS (self);
  g_auto(GValue) made = G_VALUE_INIT;
  const GValue *value;
  guint64 number;

  g_return_val_if_fail (CF_IS_FUTURE (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  value = wait_for_value (self, G_TYPE_UINT64, &made, error);
  if (value == NULL)
    return 0;

  return value_to_uint64 (value, &number) || fail_conversion (value, G_TYPE_UINT64, error) ? number : 0;
}

/**
 * cf_future_await_double:
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns its result: any number that a double can hold exactly.
 *
 * Returns: the result; 0.0 if @error is set
 *
 * Since: 1.0
 */
double
cf_future_await_double (CfFuture  *self,
                        GError   **error)
{
  CF_TSAN_READS (self);
  g_auto(GValue) made = G_VALUE_INIT;
  const GValue *value;
  double number;

  g_return_val_if_fail (CF_IS_FUTURE (self), 0.0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0.0);

  value = wait_for_value (self, G_TYPE_DOUBLE, &made, error);
  if (value == NULL)
    return 0.0;

  return value_to_double (value, &number) || fail_conversion (value, G_TYPE_DOUBLE, error) ? number : 0.0;
}

/**
 * cf_future_await_string:
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns a copy of its result, a string.
 *
 * Returns: (transfer full) (nullable): the result; %NULL if it is %NULL or @error is set
 *
 * Since: 1.0
 */
char *
cf_future_await_string (CfFuture  *self,
                        GError   **error)
{
  g_auto(GValue) result = G_VALUE_INIT;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return get_converted (self, G_TYPE_STRING, &result, error) ? g_value_dup_string (&result) : NULL;
}

/**
 * cf_future_await_bytes:
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns its result, which is a `GBytes` or a `GVariant` of type `ay`.
 * The bytes are not copied.
 *
 * Returns: (transfer full) (nullable): the result; %NULL if it is %NULL or @error is set
 *
 * Since: 1.0
 */
GBytes *
cf_future_await_bytes (CfFuture  *self,
                       GError   **error)
{
  CF_TSAN_READS (self);

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!cf_future_block (self, error))
    return NULL;

  if (!is_cancelled (self) &&
      self->outcome.kind == CF_OUTCOME_VARIANT &&
      g_variant_is_of_type (self->outcome.variant, G_VARIANT_TYPE_BYTESTRING))
    return g_variant_get_data_as_bytes (self->outcome.variant);

  return cf_future_await_boxed (self, G_TYPE_BYTES, error);
}

/**
 * cf_future_await_object:
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns its result, an object.
 *
 * Returns: (transfer full) (nullable) (type GObject.Object): the result; %NULL if it is %NULL or @error is set
 *
 * Since: 1.0
 */
gpointer
cf_future_await_object (CfFuture  *self,
                        GError   **error)
{
  g_auto(GValue) result = G_VALUE_INIT;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return get_converted (self, G_TYPE_OBJECT, &result, error) ? g_value_dup_object (&result) : NULL;
}

/**
 * cf_future_await_boxed: (skip)
 * @self: a future
 * @boxed_type: the boxed type that the result is expected to be of
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns a copy of its result, a boxed value.
 *
 * Returns: (transfer full) (nullable): the result; %NULL if it is %NULL or @error is set
 *
 * Since: 1.0
 */
gpointer
cf_future_await_boxed (CfFuture  *self,
                       GType      boxed_type,
                       GError   **error)
{
  g_auto(GValue) result = G_VALUE_INIT;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);
  g_return_val_if_fail (G_TYPE_IS_BOXED (boxed_type), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return get_converted (self, boxed_type, &result, error) ? g_value_dup_boxed (&result) : NULL;
}

/**
 * cf_future_await_pointer: (skip)
 * @self: a future
 * @error: return location for the error of the call, or `G_IO_ERROR_CANCELLED` or `CF_ERROR_WRONG_TYPE`
 *
 * Blocks until the future is done, then returns its result, a pointer (`G_TYPE_POINTER`).
 *
 * Returns: (transfer none) (nullable): the result; %NULL if it is %NULL or @error is set
 *
 * Since: 1.0
 */
gpointer
cf_future_await_pointer (CfFuture  *self,
                         GError   **error)
{
  g_auto(GValue) result = G_VALUE_INIT;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return get_converted (self, G_TYPE_POINTER, &result, error) ? g_value_get_pointer (&result) : NULL;
}
