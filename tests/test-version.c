/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The version of the headers and of the library, the error domain, and the types of the enumerations. */

#include <cfutures.h>

static void
test_string (void)
{
  g_autofree char *expected = NULL;

  expected = g_strdup_printf ("%d.%d.%d", CF_MAJOR_VERSION, CF_MINOR_VERSION, CF_MICRO_VERSION);
  g_assert_cmpstr (CF_VERSION_STRING, ==, expected);
  g_assert_cmpstr (CF_VERSION_STRING, ==, CF_TEST_PROJECT_VERSION);
}

static void
test_check (void)
{
  g_assert_true (CF_CHECK_VERSION (CF_MAJOR_VERSION, CF_MINOR_VERSION, CF_MICRO_VERSION));
  g_assert_true (CF_CHECK_VERSION (0, 999, 999));
  g_assert_true (CF_CHECK_VERSION (1, 0, 0));
  g_assert_true (CF_CHECK_VERSION (CF_MAJOR_VERSION - 1, CF_MINOR_VERSION + 1, CF_MICRO_VERSION + 1));
  g_assert_false (CF_CHECK_VERSION (CF_MAJOR_VERSION, CF_MINOR_VERSION, CF_MICRO_VERSION + 1));
  g_assert_false (CF_CHECK_VERSION (CF_MAJOR_VERSION, CF_MINOR_VERSION + 1, 0));
  g_assert_false (CF_CHECK_VERSION (CF_MAJOR_VERSION + 1, 0, 0));
}

static void
test_run_time (void)
{
  g_assert_cmpuint (cf_get_major_version (), ==, CF_MAJOR_VERSION);
  g_assert_cmpuint (cf_get_minor_version (), ==, CF_MINOR_VERSION);
  g_assert_cmpuint (cf_get_micro_version (), ==, CF_MICRO_VERSION);
}

static void
test_run_time_check (void)
{
  g_assert_null (cf_check_version (CF_MAJOR_VERSION, CF_MINOR_VERSION, CF_MICRO_VERSION));
  g_assert_null (cf_check_version (1, 0, 0));
  g_assert_cmpstr (cf_check_version (CF_MAJOR_VERSION, CF_MINOR_VERSION, CF_MICRO_VERSION + 1), ==, "CFutures is too old");
  g_assert_cmpstr (cf_check_version (CF_MAJOR_VERSION, CF_MINOR_VERSION + 1, 0), ==, "CFutures is too old");
  g_assert_cmpstr (cf_check_version (CF_MAJOR_VERSION + 1, 0, 0), ==,
                   "CFutures is too old: its major version is too small");
  g_assert_cmpstr (cf_check_version (CF_MAJOR_VERSION - 1, CF_MINOR_VERSION, CF_MICRO_VERSION), ==,
                   "CFutures is too new: its major version is too large");
}

static void
test_error_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (CF_ERROR), ==, "cf-error-quark");
}

static void
assert_enum (GType       type,
             const char *name,
             int         value,
             const char *nick)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (klass, value);

  g_assert_cmpstr (g_type_name (type), ==, name);
  g_assert_nonnull (found);
  g_assert_cmpstr (found->value_nick, ==, nick);
}

static void
test_enums (void)
{
  g_autoptr(GFlagsClass) flags = g_type_class_ref (CF_TYPE_CANCEL_FLAGS);

  assert_enum (CF_TYPE_FUTURE_STATE, "CfFutureState", CF_FUTURE_STATE_RUNNING, "running");
  assert_enum (CF_TYPE_RETURN_WHEN, "CfReturnWhen", CF_RETURN_WHEN_FIRST_EXCEPTION, "first-exception");
  assert_enum (CF_TYPE_ERROR, "CfError", CF_ERROR_WRONG_TYPE, "wrong-type");

  g_assert_cmpuint (flags->mask, ==, CF_CANCEL_COOPERATE | CF_CANCEL_KILL);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/version/string-is-the-project-s", test_string);
  g_test_add_func ("/version/check-compares-with-the-headers", test_check);
  g_test_add_func ("/version/run-time-is-that-of-the-headers", test_run_time);
  g_test_add_func ("/version/run-time-check-wants-the-same-major-version", test_run_time_check);
  g_test_add_func ("/version/error-domain-has-its-name", test_error_domain);
  g_test_add_func ("/version/enumerations-are-types", test_enums);

  return g_test_run ();
}
