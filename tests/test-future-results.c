/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the getters make of a result: every type of GValue and GVariant that they read, the conversions that
 * lose nothing, those that are refused, and errors, which arrive as they were raised and are not forgotten.
 *
 * The futures are settled before they are read, except in the last tests, which read them from other threads. */

#include <math.h>

#include <cfutures.h>

#include "await-error.h"
#include "gates.h"

static CfFuture *
new_of_value (const GValue *value)
{
  CfFuture *future = cf_future_new ();

  g_assert_true (cf_future_set_value (future, value, NULL));

  return future;
}

static CfFuture *
new_of_variant (GVariant *variant)
{
  CfFuture *future = cf_future_new ();

  g_assert_true (cf_future_set_variant (future, variant, NULL));

  return future;
}

static CfFuture *
new_of_text (const char *text)
{
  return new_of_variant (g_variant_new_parsed (text));
}

/* A future whose result is @number as a GValue of @type. */
static CfFuture *
new_of_number (GType  type,
               gint64 number)
{
  g_auto(GValue) source = G_VALUE_INIT;
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&source, G_TYPE_INT64);
  g_value_set_int64 (&source, number);
  g_value_init (&value, type);
  g_assert_true (g_value_transform (&source, &value));

  return new_of_value (&value);
}

static CfFuture *
new_of_uint64 (guint64 number)
{
  return new_of_variant (g_variant_new_uint64 (number));
}

static CfFuture *
new_of_double (double number)
{
  return new_of_variant (g_variant_new_double (number));
}

static CfFuture *
new_of_float (float number)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_FLOAT);
  g_value_set_float (&value, number);

  return new_of_value (&value);
}

static CfFuture *
new_of_string (const char *text)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_STRING);
  g_value_set_string (&value, text);

  return new_of_value (&value);
}

static CfFuture *
new_of_nothing (void)
{
  return new_of_variant (NULL);
}

static CfFuture *
new_failed (void)
{
  CfFuture *future = cf_future_new ();
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No such café");

  g_assert_true (cf_future_set_error (future, failure, NULL));

  return future;
}

static CfFuture *
new_cancelled (void)
{
  CfFuture *future = cf_future_new ();

  g_assert_true (cf_future_cancel (future));

  return future;
}

/* Each of these takes the future over, reads it, and drops it. */

static void
assert_int64 (CfFuture *of,
              gint64    expected)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (cf_future_await_int64 (future, &error), ==, expected);
  g_assert_no_error (error);
}

static void
assert_uint64 (CfFuture *of,
               guint64   expected)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (cf_future_await_uint64 (future, &error), ==, expected);
  g_assert_no_error (error);
}

static void
assert_double (CfFuture *of,
               double    expected)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_cmpfloat (cf_future_await_double (future, &error), ==, expected);
  g_assert_no_error (error);
}

static void
assert_boolean (CfFuture *of,
                gboolean  expected)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (cf_future_await_boolean (future, &error), ==, expected);
  g_assert_no_error (error);
}

static void
assert_string (CfFuture   *of,
               const char *expected)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = cf_future_await_string (future, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_bytes (CfFuture   *of,
              const char *expected,
              gsize       size)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = cf_future_await_bytes (future, &error);

  g_assert_no_error (error);
  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, size);
}

static void
assert_variant (CfFuture *of,
                GVariant *expected)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) owned = g_variant_ref_sink (expected);
  g_autoptr(GVariant) variant = cf_future_await_variant (future, &error);

  g_assert_no_error (error);
  g_assert_nonnull (variant);
  g_assert_false (g_variant_is_floating (variant));
  g_assert_cmpvariant (variant, owned);
}

static void
assert_not_int64 (CfFuture *of)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (cf_future_await_int64 (future, &error), ==, 0);
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
assert_not_uint64 (CfFuture *of)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (cf_future_await_uint64 (future, &error), ==, 0);
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
assert_not_double (CfFuture *of)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_cmpfloat (cf_future_await_double (future, &error), ==, 0);
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
assert_not_boolean (CfFuture *of)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_false (cf_future_await_boolean (future, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
assert_not_string (CfFuture *of)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_future_await_string (future, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
assert_not_bytes (CfFuture *of)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_future_await_bytes (future, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
assert_not_object (CfFuture *of)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_future_await_object (future, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
assert_not_boxed (CfFuture *of,
                  GType     type)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_future_await_boxed (future, type, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
assert_not_pointer (CfFuture *of)
{
  g_autoptr(CfFuture) future = of;
  g_autoptr(GError) error = NULL;

  g_assert_null (cf_future_await_pointer (future, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static const GType signed_types[] =
  {
    G_TYPE_CHAR,
    G_TYPE_INT,
    G_TYPE_LONG,
    G_TYPE_INT64,
    G_TYPE_FLOAT,
    G_TYPE_DOUBLE,
  };

static const GType unsigned_types[] =
  {
    G_TYPE_UCHAR,
    G_TYPE_UINT,
    G_TYPE_ULONG,
    G_TYPE_UINT64,
  };

static void
test_numbers_of_values (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (signed_types); i++)
    {
      assert_int64 (new_of_number (signed_types[i], 7), 7);
      assert_int64 (new_of_number (signed_types[i], -7), -7);
      assert_uint64 (new_of_number (signed_types[i], 7), 7);
      assert_not_uint64 (new_of_number (signed_types[i], -7));
      assert_double (new_of_number (signed_types[i], 7), 7);
      assert_double (new_of_number (signed_types[i], -7), -7);
    }

  for (guint i = 0; i < G_N_ELEMENTS (unsigned_types); i++)
    {
      assert_int64 (new_of_number (unsigned_types[i], 7), 7);
      assert_uint64 (new_of_number (unsigned_types[i], 7), 7);
      assert_double (new_of_number (unsigned_types[i], 7), 7);
    }
}

static void
test_numbers_of_variants (void)
{
  const char *unsigned_texts[] = { "byte 7", "uint16 7", "uint32 7", "uint64 7" };
  const char *signed_texts[] = { "int16 -7", "int32 -7", "int64 -7", "-7.0" };

  for (guint i = 0; i < G_N_ELEMENTS (unsigned_texts); i++)
    {
      assert_int64 (new_of_text (unsigned_texts[i]), 7);
      assert_uint64 (new_of_text (unsigned_texts[i]), 7);
      assert_double (new_of_text (unsigned_texts[i]), 7);
    }

  for (guint i = 0; i < G_N_ELEMENTS (signed_texts); i++)
    {
      assert_int64 (new_of_text (signed_texts[i]), -7);
      assert_not_uint64 (new_of_text (signed_texts[i]));
      assert_double (new_of_text (signed_texts[i]), -7);
    }
}

static void
test_int64_limits (void)
{
  assert_int64 (new_of_number (G_TYPE_INT64, G_MININT64), G_MININT64);
  assert_int64 (new_of_number (G_TYPE_INT64, G_MAXINT64), G_MAXINT64);
  assert_int64 (new_of_uint64 (G_MAXINT64), G_MAXINT64);
  assert_not_int64 (new_of_uint64 ((guint64) G_MAXINT64 + 1));
  assert_not_int64 (new_of_uint64 (G_MAXUINT64));

  assert_int64 (new_of_double (2.0), 2);
  assert_int64 (new_of_double (-0x1p63), G_MININT64);
  assert_int64 (new_of_double (0x1p62), G_GINT64_CONSTANT (0x4000000000000000));
  assert_not_int64 (new_of_double (0.5));
  assert_not_int64 (new_of_double (0x1p63));
  assert_not_int64 (new_of_double (-0x1.0000000000001p63));
  assert_not_int64 (new_of_double (NAN));
  assert_not_int64 (new_of_double (INFINITY));
  assert_not_int64 (new_of_double (-INFINITY));
}

static void
test_uint64_limits (void)
{
  assert_uint64 (new_of_uint64 (G_MAXUINT64), G_MAXUINT64);
  assert_uint64 (new_of_number (G_TYPE_INT64, 0), 0);
  assert_uint64 (new_of_number (G_TYPE_INT64, G_MAXINT64), G_MAXINT64);
  assert_not_uint64 (new_of_number (G_TYPE_INT64, -1));

  assert_uint64 (new_of_double (0x1p63), G_GUINT64_CONSTANT (0x8000000000000000));
  assert_uint64 (new_of_double (0), 0);
  assert_uint64 (new_of_float (0x1p63f), G_GUINT64_CONSTANT (0x8000000000000000));
  assert_not_uint64 (new_of_float (0x1p64f));
  assert_not_uint64 (new_of_double (0.5));
  assert_not_uint64 (new_of_double (-1.0));
  assert_not_uint64 (new_of_double (0x1p64));
  assert_not_uint64 (new_of_double (NAN));
  assert_not_uint64 (new_of_double (INFINITY));
}

static void
test_double_limits (void)
{
  const gint64 exact = G_GINT64_CONSTANT (1) << 53;

  assert_double (new_of_double (0.5), 0.5);
  assert_double (new_of_double (G_MAXDOUBLE), G_MAXDOUBLE);
  assert_double (new_of_double (INFINITY), INFINITY);
  assert_double (new_of_number (G_TYPE_INT64, exact), 0x1p53);
  assert_double (new_of_number (G_TYPE_INT64, G_MININT64), -0x1p63);
  assert_double (new_of_uint64 (G_GUINT64_CONSTANT (0x8000000000000000)), 0x1p63);
  assert_not_double (new_of_number (G_TYPE_INT64, exact + 1));
  assert_not_double (new_of_number (G_TYPE_INT64, -exact - 1));
  assert_not_double (new_of_number (G_TYPE_INT64, G_MAXINT64));
  assert_not_double (new_of_uint64 ((guint64) exact + 1));
  assert_not_double (new_of_uint64 (G_MAXUINT64));
}

static void
test_double_nan (void)
{
  g_autoptr(CfFuture) future = new_of_double (NAN);
  g_autoptr(GError) error = NULL;

  g_assert_true (isnan (cf_future_await_double (future, &error)));
  g_assert_no_error (error);
}

static void
test_boolean (void)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_BOOLEAN);
  g_value_set_boolean (&value, TRUE);

  assert_boolean (new_of_value (&value), TRUE);
  assert_boolean (new_of_text ("true"), TRUE);
  assert_boolean (new_of_text ("false"), FALSE);
  assert_not_boolean (new_of_string ("true"));
  assert_not_boolean (new_of_text ("'true'"));
  assert_not_boolean (new_of_nothing ());
}

static void
test_string (void)
{
  assert_string (new_of_string ("maçã"), "maçã");
  assert_string (new_of_string (""), "");
  assert_string (new_of_string (NULL), NULL);
  assert_string (new_of_text ("'maçã'"), "maçã");
  assert_string (new_of_text ("objectpath '/a/b'"), "/a/b");
  assert_string (new_of_text ("signature 'a{sv}'"), "a{sv}");
  assert_not_string (new_of_text ("int32 1"));
  assert_not_string (new_of_text ("['a']"));
  assert_not_string (new_of_text ("[byte 97, 0, 98]"));
  assert_not_string (new_of_number (G_TYPE_INT, 1));
}

static void
test_string_is_a_copy (void)
{
  g_autoptr(CfFuture) future = new_of_string ("text");
  g_autofree char *one = cf_future_await_string (future, NULL);
  g_autofree char *other = cf_future_await_string (future, NULL);

  g_assert_true (one != other);
  one[0] = 'T';
  g_assert_cmpstr (other, ==, "text");
}

static void
test_bytes (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GBytes) bytes = g_bytes_new_static ("a\0b", 3);

  g_value_init (&value, G_TYPE_BYTES);
  g_value_set_boxed (&value, bytes);

  assert_bytes (new_of_value (&value), "a\0b", 3);
  assert_bytes (new_of_variant (g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE)), "a\0b", 3);
  assert_bytes (new_of_text ("@ay []"), NULL, 0);
  assert_not_bytes (new_of_string ("ab"));
  assert_not_bytes (new_of_text ("'ab'"));
  assert_not_bytes (new_of_text ("[int32 1]"));
}

static void
test_bytes_are_shared (void)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static ("abc", 3);
  g_autoptr(CfFuture) future = new_of_variant (g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
  g_autoptr(GBytes) result = cf_future_await_bytes (future, NULL);

  g_assert_true (g_bytes_get_data (result, NULL) == g_bytes_get_data (bytes, NULL));
}

static void
test_object (void)
{
  g_autoptr(GCancellable) object = g_cancellable_new ();
  g_auto(GValue) value = G_VALUE_INIT;
  g_auto(GValue) none = G_VALUE_INIT;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(CfFuture) without_object = NULL;
  g_autoptr(GObject) result = NULL;
  g_autoptr(GError) error = NULL;

  g_value_init (&value, G_TYPE_CANCELLABLE);
  g_value_set_object (&value, object);
  future = new_of_value (&value);

  result = cf_future_await_object (future, &error);
  g_assert_no_error (error);
  g_assert_true (result == G_OBJECT (object));

  g_value_unset (&value);
  g_clear_object (&future);
  g_clear_object (&object);
  g_assert_finalize_object (g_steal_pointer (&result));

  g_value_init (&none, G_TYPE_OBJECT);
  without_object = new_of_value (&none);
  g_assert_null (cf_future_await_object (without_object, &error));
  g_assert_no_error (error);

  assert_not_object (new_of_string ("text"));
  assert_not_object (new_of_text ("int32 1"));
}

static void
test_boxed (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  const char *const words[] = { "a", "b", NULL };
  g_auto(GStrv) result = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;

  g_value_init (&value, G_TYPE_STRV);
  g_value_set_boxed (&value, words);
  future = new_of_value (&value);

  result = cf_future_await_boxed (future, G_TYPE_STRV, &error);
  g_assert_no_error (error);
  g_assert_cmpstrv (result, words);

  assert_not_boxed (new_of_value (&value), G_TYPE_BYTES);
  assert_not_boxed (new_of_string ("text"), G_TYPE_STRV);
  assert_not_boxed (new_of_text ("int32 1"), G_TYPE_STRV);
}

static void
test_pointer (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;
  int number = 5;

  g_value_init (&value, G_TYPE_POINTER);
  g_value_set_pointer (&value, &number);
  future = new_of_value (&value);

  g_assert_true (cf_future_await_pointer (future, &error) == &number);
  g_assert_no_error (error);

  assert_not_pointer (new_of_text ("int32 1"));
  assert_not_pointer (new_of_number (G_TYPE_INT64, 1));
}

static void
test_variant (void)
{
  const char *texts[] =
    {
      "true", "byte 1", "int16 -1", "uint16 1", "int32 -1", "uint32 1", "int64 -1", "uint64 1", "0.5",
      "'s'", "objectpath '/o'", "signature 'g'", "<'v'>", "@ms nothing", "just 's'", "()", "(1, 's')",
      "[1, 2]", "@as []", "{'k': <1>}", "b'bytes'",
    };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_variant (new_of_text (texts[i]), g_variant_new_parsed (texts[i]));
}

static void
test_variant_is_the_same (void)
{
  g_autoptr(GVariant) variant = g_variant_ref_sink (g_variant_new_parsed ("[1, 2, 3]"));
  g_autoptr(CfFuture) future = new_of_variant (variant);
  g_autoptr(GVariant) result = cf_future_await_variant (future, NULL);

  g_assert_true (result == variant);
}

static void
test_variant_of_values (void)
{
  g_auto(GValue) boolean = G_VALUE_INIT;
  g_auto(GValue) boxed = G_VALUE_INIT;
  g_auto(GValue) variant = G_VALUE_INIT;

  g_value_init (&boolean, G_TYPE_BOOLEAN);
  g_value_set_boolean (&boolean, TRUE);
  assert_variant (new_of_value (&boolean), g_variant_new_boolean (TRUE));

  assert_variant (new_of_number (G_TYPE_UCHAR, 7), g_variant_new_byte (7));
  assert_variant (new_of_number (G_TYPE_INT, -7), g_variant_new_int32 (-7));
  assert_variant (new_of_number (G_TYPE_UINT, 7), g_variant_new_uint32 (7));
  assert_variant (new_of_number (G_TYPE_LONG, -7), g_variant_new_int64 (-7));
  assert_variant (new_of_number (G_TYPE_ULONG, 7), g_variant_new_uint64 (7));
  assert_variant (new_of_number (G_TYPE_INT64, -7), g_variant_new_int64 (-7));
  assert_variant (new_of_number (G_TYPE_UINT64, 7), g_variant_new_uint64 (7));
  assert_variant (new_of_number (G_TYPE_FLOAT, 7), g_variant_new_double (7));
  assert_variant (new_of_number (G_TYPE_DOUBLE, 7), g_variant_new_double (7));
  assert_variant (new_of_string ("text"), g_variant_new_string ("text"));

  g_value_init (&variant, G_TYPE_VARIANT);
  g_value_take_variant (&variant, g_variant_ref_sink (g_variant_new_parsed ("(1, 's')")));
  assert_variant (new_of_value (&variant), g_variant_new_parsed ("(1, 's')"));

  g_value_init (&boxed, G_TYPE_BYTES);
  g_value_take_boxed (&boxed, g_bytes_new_static ("ab", 2));
  assert_variant (new_of_value (&boxed), g_variant_new_parsed ("[byte 97, 98]"));
}

static void
test_variant_of_object (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(CfFuture) future = NULL;
  g_autoptr(GError) error = NULL;

  g_value_init (&value, G_TYPE_CANCELLABLE);
  g_value_take_object (&value, g_cancellable_new ());
  future = new_of_value (&value);

  g_assert_null (cf_future_await_variant (future, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
test_value_unset (void)
{
  g_autoptr(CfFuture) of_value = new_of_number (G_TYPE_FLOAT, 7);
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_future_await_value (of_value, &value, &error));
  g_assert_no_error (error);
  g_assert_true (G_VALUE_HOLDS_FLOAT (&value));
  g_assert_cmpfloat (g_value_get_float (&value), ==, 7);
}

static void
test_value_of_basic_variant (void)
{
  g_autoptr(CfFuture) future = new_of_text ("int32 -7");
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_future_await_value (future, &value, &error));
  g_assert_no_error (error);
  g_assert_true (G_VALUE_HOLDS_INT (&value));
  g_assert_cmpint (g_value_get_int (&value), ==, -7);
}

static void
test_value_of_container_variant (void)
{
  const char *texts[] = { "(1, 's')", "[1, 2]", "[byte 97, 0, 98]", "{'k': <1>}", "<1>" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(CfFuture) future = new_of_text (texts[i]);
      g_auto(GValue) value = G_VALUE_INIT;
      g_autoptr(GVariant) expected = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      g_autoptr(GError) error = NULL;

      g_assert_true (cf_future_await_value (future, &value, &error));
      g_assert_no_error (error);
      g_assert_true (G_VALUE_HOLDS_VARIANT (&value));
      g_assert_cmpvariant (g_value_get_variant (&value), expected);
    }
}

static void
test_value_transformed (void)
{
  g_autoptr(CfFuture) of_value = new_of_number (G_TYPE_INT, 7);
  g_autoptr(CfFuture) of_variant = new_of_text ("int32 7");
  CfFuture *futures[] = { of_value, of_variant };

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      g_auto(GValue) same = G_VALUE_INIT;
      g_auto(GValue) wider = G_VALUE_INIT;
      g_autoptr(GError) error = NULL;

      g_value_init (&same, G_TYPE_INT);
      g_assert_true (cf_future_await_value (futures[i], &same, &error));
      g_assert_no_error (error);
      g_assert_cmpint (g_value_get_int (&same), ==, 7);

      g_value_init (&wider, G_TYPE_DOUBLE);
      g_assert_true (cf_future_await_value (futures[i], &wider, &error));
      g_assert_no_error (error);
      g_assert_cmpfloat (g_value_get_double (&wider), ==, 7);
    }
}

static void
test_value_not_transformable (void)
{
  g_autoptr(CfFuture) future = new_of_string ("text");
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  g_value_init (&value, G_TYPE_CANCELLABLE);
  g_assert_false (cf_future_await_value (future, &value, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
}

static void
test_value_as_variant (void)
{
  g_autoptr(CfFuture) future = new_of_text ("int32 7");
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  g_value_init (&value, G_TYPE_VARIANT);
  g_assert_true (cf_future_await_value (future, &value, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int32 (g_value_get_variant (&value)), ==, 7);
}

static void
test_nothing (void)
{
  g_autoptr(CfFuture) future = new_of_nothing ();
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_future_await_value (future, &value, &error));
  g_assert_no_error (error);
  g_assert_false (G_IS_VALUE (&value));

  g_assert_null (cf_future_await_variant (future, &error));
  g_assert_no_error (error);
  g_assert_null (await_error (future));

  assert_not_int64 (new_of_nothing ());
  assert_not_uint64 (new_of_nothing ());
  assert_not_double (new_of_nothing ());
}

static void
test_wrong_type_names_both (void)
{
  g_autoptr(CfFuture) of_value = new_of_string ("text");
  g_autoptr(CfFuture) of_variant = new_of_text ("(1, 's')");
  g_autoptr(GError) error = NULL;

  cf_future_await_double (of_value, &error);
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
  g_assert_nonnull (strstr (error->message, "gchararray"));
  g_assert_nonnull (strstr (error->message, "gdouble"));
  g_clear_error (&error);

  cf_future_await_int64 (of_variant, &error);
  g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
  g_assert_nonnull (strstr (error->message, "GVariant"));
  g_assert_nonnull (strstr (error->message, "gint64"));
}

static void
test_wrong_type_is_short (void)
{
  g_autofree char *text = g_strnfill (1 << 20, 'x');
  g_autoptr(CfFuture) of_value = new_of_string (text);
  g_autoptr(CfFuture) of_variant = new_of_variant (g_variant_new_string (text));
  CfFuture *futures[] = { of_value, of_variant };

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      g_autoptr(GError) error = NULL;

      cf_future_await_int64 (futures[i], &error);
      g_assert_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE);
      g_assert_cmpuint (strlen (error->message), <, 1000);
    }
}

/* Every getter as a function that tells only whether it failed, and how. */
typedef void (*Getter) (CfFuture  *future,
                        GError   **error);

static void
read_value (CfFuture  *future,
            GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_assert_false (cf_future_await_value (future, &value, error));
  g_assert_false (G_IS_VALUE (&value));
}

static void
read_variant (CfFuture  *future,
              GError   **error)
{
  g_assert_null (cf_future_await_variant (future, error));
}

static void
read_boolean (CfFuture  *future,
              GError   **error)
{
  g_assert_false (cf_future_await_boolean (future, error));
}

static void
read_int64 (CfFuture  *future,
            GError   **error)
{
  g_assert_cmpint (cf_future_await_int64 (future, error), ==, 0);
}

static void
read_uint64 (CfFuture  *future,
             GError   **error)
{
  g_assert_cmpuint (cf_future_await_uint64 (future, error), ==, 0);
}

static void
read_double (CfFuture  *future,
             GError   **error)
{
  g_assert_cmpfloat (cf_future_await_double (future, error), ==, 0);
}

static void
read_string (CfFuture  *future,
             GError   **error)
{
  g_assert_null (cf_future_await_string (future, error));
}

static void
read_bytes (CfFuture  *future,
            GError   **error)
{
  g_assert_null (cf_future_await_bytes (future, error));
}

static void
read_object (CfFuture  *future,
             GError   **error)
{
  g_assert_null (cf_future_await_object (future, error));
}

static void
read_boxed (CfFuture  *future,
            GError   **error)
{
  g_assert_null (cf_future_await_boxed (future, G_TYPE_STRV, error));
}

static void
read_pointer (CfFuture  *future,
              GError   **error)
{
  g_assert_null (cf_future_await_pointer (future, error));
}

static void
read_error (CfFuture  *future,
            GError   **error)
{
  const GError *failure = await_error (future);

  g_assert_nonnull (failure);
  if (error != NULL)
    *error = g_error_copy (failure);
}

static const Getter getters[] =
  {
    read_value,
    read_variant,
    read_boolean,
    read_int64,
    read_uint64,
    read_double,
    read_string,
    read_bytes,
    read_object,
    read_boxed,
    read_pointer,
    read_error,
  };

static void
test_error_intact (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (getters); i++)
    {
      g_autoptr(CfFuture) future = new_failed ();

      for (guint j = 0; j < 2; j++)
        {
          g_autoptr(GError) error = NULL;

          getters[i] (future, &error);
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
          g_assert_cmpstr (error->message, ==, "No such café");
        }

      getters[i] (future, NULL);
    }
}

static void
test_error_is_a_copy (void)
{
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "before");
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_true (cf_future_set_error (future, failure, NULL));
  failure->message[0] = 'B';

  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpstr (await_error (future)->message, ==, "before");
  g_assert_true (await_error (future) == await_error (future));
}

static void
test_error_of_success (void)
{
  g_autoptr(CfFuture) future = new_of_text ("int32 1");

  g_assert_null (await_error (future));
}

static void
test_cancelled (void)
{
  g_autoptr(CfFuture) future = new_cancelled ();

  for (guint i = 0; i < G_N_ELEMENTS (getters); i++)
    {
      g_autoptr(GError) error = NULL;

      getters[i] (future, &error);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
}

static void
test_unlooked_is_logged (void)
{
  g_autoptr(CfFuture) future = new_failed ();

  g_assert_true (cf_future_wait (future, -1, NULL, NULL));

  g_test_expect_message ("CFutures", G_LOG_LEVEL_WARNING,
                         "A call failed and nobody looked at its error: *No such café*");
  g_clear_object (&future);
  g_test_assert_expected_messages ();
}

/* A warning would end the test: criticals and warnings are fatal in tests. */
static void
test_looked_at_is_not_logged (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (getters); i++)
    {
      g_autoptr(CfFuture) future = new_failed ();

      getters[i] (future, NULL);
    }
}

static void
test_cancelled_is_not_logged (void)
{
  g_autoptr(CfFuture) future = new_cancelled ();

  g_clear_object (&future);
  g_assert_null (future);
}

typedef struct
{
  CfFuture *future;
  Gate     *started;
  gint64    number;
} Reader;

static gpointer
read_in_thread (gpointer user_data)
{
  Reader *reader = user_data;

  gate_open (reader->started);
  reader->number = cf_future_await_int64 (reader->future, NULL);

  return NULL;
}

static void
test_getters_block (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  Gate started = GATE_INIT;
  Reader readers[8];
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      readers[i] = (Reader) { future, &started, 0 };
      threads[i] = g_thread_new ("reader", read_in_thread, &readers[i]);
    }

  gate_wait_for (&started, G_N_ELEMENTS (readers));
  g_assert_true (cf_future_set_variant (future, g_variant_new_int64 (42), NULL));

  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpint (readers[i].number, ==, 42);
    }
}

static gpointer
get_error_in_thread (gpointer user_data)
{
  Reader *reader = user_data;

  gate_open (reader->started);

  return g_error_copy (await_error (reader->future));
}

static void
test_get_error_blocks (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "busy");
  g_autoptr(GError) seen = NULL;
  Gate started = GATE_INIT;
  Reader reader = { future, &started, 0 };
  GThread *thread = g_thread_new ("reader", get_error_in_thread, &reader);

  gate_wait (&started);
  g_assert_true (cf_future_set_error (future, failure, NULL));

  seen = g_thread_join (thread);
  g_assert_error (seen, G_IO_ERROR, G_IO_ERROR_BUSY);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/future-results/numbers/of-every-type-of-value", test_numbers_of_values);
  g_test_add_func ("/future-results/numbers/of-every-type-of-variant", test_numbers_of_variants);
  g_test_add_func ("/future-results/int64/takes-what-loses-nothing", test_int64_limits);
  g_test_add_func ("/future-results/uint64/takes-what-loses-nothing", test_uint64_limits);
  g_test_add_func ("/future-results/double/takes-what-loses-nothing", test_double_limits);
  g_test_add_func ("/future-results/double/not-a-number-stays", test_double_nan);
  g_test_add_func ("/future-results/boolean/of-booleans-only", test_boolean);
  g_test_add_func ("/future-results/string/of-every-type-of-string", test_string);
  g_test_add_func ("/future-results/string/is-a-copy", test_string_is_a_copy);
  g_test_add_func ("/future-results/bytes/of-bytes-and-byte-arrays", test_bytes);
  g_test_add_func ("/future-results/bytes/share-the-memory-of-a-variant", test_bytes_are_shared);
  g_test_add_func ("/future-results/object/is-a-reference", test_object);
  g_test_add_func ("/future-results/boxed/of-the-type-asked-for", test_boxed);
  g_test_add_func ("/future-results/pointer/of-pointers-only", test_pointer);
  g_test_add_func ("/future-results/variant/of-every-type", test_variant);
  g_test_add_func ("/future-results/variant/is-the-one-that-was-set", test_variant_is_the_same);
  g_test_add_func ("/future-results/variant/of-every-basic-type-of-value", test_variant_of_values);
  g_test_add_func ("/future-results/variant/of-an-object-is-the-wrong-type", test_variant_of_object);
  g_test_add_func ("/future-results/value/unset-gets-the-type-of-the-result", test_value_unset);
  g_test_add_func ("/future-results/value/unset-gets-the-type-of-a-basic-variant", test_value_of_basic_variant);
  g_test_add_func ("/future-results/value/unset-gets-a-container-as-a-variant", test_value_of_container_variant);
  g_test_add_func ("/future-results/value/initialised-is-transformed-to", test_value_transformed);
  g_test_add_func ("/future-results/value/initialised-to-something-else-is-the-wrong-type",
                   test_value_not_transformable);
  g_test_add_func ("/future-results/value/initialised-as-a-variant-takes-a-variant", test_value_as_variant);
  g_test_add_func ("/future-results/nothing/leaves-the-value-unset", test_nothing);
  g_test_add_func ("/future-results/wrong-type/names-both-types", test_wrong_type_names_both);
  g_test_add_func ("/future-results/wrong-type/does-not-repeat-a-large-result", test_wrong_type_is_short);
  g_test_add_func ("/future-results/error/arrives-intact-through-every-getter", test_error_intact);
  g_test_add_func ("/future-results/error/is-copied-when-set", test_error_is_a_copy);
  g_test_add_func ("/future-results/error/of-a-call-that-succeeded-is-null", test_error_of_success);
  g_test_add_func ("/future-results/error/of-a-cancelled-call-is-cancelled", test_cancelled);
  g_test_add_func ("/future-results/error/never-looked-at-is-logged", test_unlooked_is_logged);
  g_test_add_func ("/future-results/error/looked-at-is-not-logged", test_looked_at_is_not_logged);
  g_test_add_func ("/future-results/error/of-a-cancelled-call-is-not-logged", test_cancelled_is_not_logged);
  g_test_add_func ("/future-results/getters/block-until-the-call-is-done", test_getters_block);
  g_test_add_func ("/future-results/getters/get-error-blocks-until-the-call-is-done", test_get_error_blocks);

  return g_test_run ();
}
