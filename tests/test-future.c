/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A future by itself: its states, how it is cancelled and settled, how it prints, what can be attached to
 * it. The futures here are promises, so that the test decides when they move from state to state. */

#include <cfutures.h>

#include "cf-bindings-private.h"

#include "await-error.h"
#include "criticals.h"

static CfFuture *
new_running (void)
{
  CfFuture *future = cf_future_new ();

  g_assert_true (cf_future_set_running_or_notify_cancel (future));

  return future;
}

static void
settle_with_int (CfFuture *future,
                 int       number)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  g_value_init (&value, G_TYPE_INT);
  g_value_set_int (&value, number);
  g_assert_true (cf_future_set_value (future, &value, &error));
  g_assert_no_error (error);
}

static void
settle_with_variant (CfFuture *future,
                     GVariant *variant)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_future_set_variant (future, variant, &error));
  g_assert_no_error (error);
}

static void
settle_with_error (CfFuture *future)
{
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "gone");
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_future_set_error (future, failure, &error));
  g_assert_no_error (error);
}

static void
test_state_new (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);
  g_assert_false (cf_future_is_running (future));
  g_assert_false (cf_future_is_cancelled (future));
  g_assert_false (cf_future_is_done (future));
}

static void
test_state_claimed (void)
{
  g_autoptr(CfFuture) future = new_running ();

  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_RUNNING);
  g_assert_true (cf_future_is_running (future));
  g_assert_false (cf_future_is_cancelled (future));
  g_assert_false (cf_future_is_done (future));
}

static void
assert_is_finished (CfFuture *future)
{
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_FINISHED);
  g_assert_false (cf_future_is_running (future));
  g_assert_false (cf_future_is_cancelled (future));
  g_assert_true (cf_future_is_done (future));
}

static void
test_state_settled_from_pending (void)
{
  g_autoptr(CfFuture) with_value = cf_future_new ();
  g_autoptr(CfFuture) with_variant = cf_future_new ();
  g_autoptr(CfFuture) with_error = cf_future_new ();

  settle_with_int (with_value, 1);
  assert_is_finished (with_value);

  settle_with_variant (with_variant, g_variant_new_int32 (1));
  assert_is_finished (with_variant);

  settle_with_error (with_error);
  assert_is_finished (with_error);
  g_assert_nonnull (await_error (with_error));
}

static void
test_state_settled_from_running (void)
{
  g_autoptr(CfFuture) with_value = new_running ();
  g_autoptr(CfFuture) with_variant = new_running ();
  g_autoptr(CfFuture) with_error = new_running ();

  settle_with_int (with_value, 1);
  assert_is_finished (with_value);

  settle_with_variant (with_variant, g_variant_new_int32 (1));
  assert_is_finished (with_variant);

  settle_with_error (with_error);
  assert_is_finished (with_error);
  g_assert_nonnull (await_error (with_error));
}

static void
test_state_cancelled (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_true (cf_future_cancel (future));
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_CANCELLED);
  g_assert_true (cf_future_is_cancelled (future));
  g_assert_true (cf_future_is_done (future));
  g_assert_false (cf_future_is_running (future));
}

static void
test_claim_cancelled (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_true (cf_future_cancel (future));
  g_assert_false (cf_future_set_running_or_notify_cancel (future));
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_CANCELLED);
}

static void
test_claim_running (void)
{
  g_autoptr(CfFuture) future = new_running ();

  assert_critical (cf_future_set_running_or_notify_cancel (future));
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_RUNNING);
}

static void
test_claim_finished (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  settle_with_int (future, 1);
  assert_critical (cf_future_set_running_or_notify_cancel (future));
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_FINISHED);
}

static void
assert_cannot_be_settled (CfFuture *future)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_EXISTS, "too late");
  g_autoptr(GError) error = NULL;

  g_value_init (&value, G_TYPE_INT);

  g_assert_false (cf_future_set_value (future, &value, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_INVALID_STATE);
  g_clear_error (&error);

  g_assert_false (cf_future_set_variant (future, g_variant_new_int32 (0), &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_INVALID_STATE);
  g_clear_error (&error);

  g_assert_false (cf_future_set_error (future, failure, &error));
  g_assert_error (error, CF_ERROR, CF_ERROR_INVALID_STATE);

  g_assert_false (cf_future_set_value (future, &value, NULL));
}

static void
test_settle_twice (void)
{
  g_autoptr(CfFuture) with_value = cf_future_new ();
  g_autoptr(CfFuture) with_variant = cf_future_new ();
  g_autoptr(CfFuture) with_error = cf_future_new ();
  g_autoptr(GError) error = NULL;

  settle_with_int (with_value, 1);
  assert_cannot_be_settled (with_value);
  g_assert_cmpint (cf_future_await_int64 (with_value, &error), ==, 1);
  g_assert_no_error (error);

  settle_with_variant (with_variant, g_variant_new_int32 (2));
  assert_cannot_be_settled (with_variant);
  g_assert_cmpint (cf_future_await_int64 (with_variant, &error), ==, 2);
  g_assert_no_error (error);

  settle_with_error (with_error);
  assert_cannot_be_settled (with_error);
  g_assert_error (await_error (with_error), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_settle_cancelled (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_true (cf_future_cancel (future));
  assert_cannot_be_settled (future);
  g_assert_true (cf_future_is_cancelled (future));
}

static void
free_and_count (gpointer data)
{
  guint *n_freed = data;

  (*n_freed)++;
}

static GVariant *
new_counted_variant (guint *n_freed)
{
  static const guint8 bytes[] = { 1, 2, 3 };

  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, sizeof bytes, TRUE, free_and_count, n_freed);
}

static void
test_settle_takes_floating (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  guint n_freed = 0;

  settle_with_variant (future, new_counted_variant (&n_freed));
  g_assert_cmpuint (n_freed, ==, 0);

  g_clear_object (&future);
  g_assert_cmpuint (n_freed, ==, 1);
}

static void
test_settle_references_other (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GVariant) variant = NULL;
  guint n_freed = 0;

  variant = g_variant_ref_sink (new_counted_variant (&n_freed));
  settle_with_variant (future, variant);

  g_clear_object (&future);
  g_assert_cmpuint (n_freed, ==, 0);

  g_clear_pointer (&variant, g_variant_unref);
  g_assert_cmpuint (n_freed, ==, 1);
}

static void
test_settle_frees_refused_floating (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  guint n_freed = 0;

  settle_with_int (future, 1);
  g_assert_false (cf_future_set_variant (future, new_counted_variant (&n_freed), NULL));
  g_assert_cmpuint (n_freed, ==, 1);
}

static void
test_cancel_running (void)
{
  g_autoptr(CfFuture) future = new_running ();

  g_assert_false (cf_future_cancel (future));
  g_assert_true (cf_future_is_running (future));
  g_assert_false (g_cancellable_is_cancelled (cf_future_get_cancellable (future)));
}

static void
test_cancel_finished (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  settle_with_int (future, 1);
  g_assert_false (cf_future_cancel (future));
  assert_is_finished (future);
}

static void
test_cancel_cancelled (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_true (cf_future_cancel (future));
  g_assert_true (cf_future_cancel (future));
  g_assert_true (cf_future_is_cancelled (future));
}

static void
test_cancel_full_pending (void)
{
  const CfCancelFlags flags[] =
    {
      CF_CANCEL_DEFAULT,
      CF_CANCEL_COOPERATE,
      CF_CANCEL_KILL,
      CF_CANCEL_COOPERATE | CF_CANCEL_KILL,
    };

  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      g_autoptr(CfFuture) future = cf_future_new ();

      g_assert_true (cf_future_cancel_full (future, flags[i]));
      g_assert_true (cf_future_is_cancelled (future));
      g_assert_true (cf_future_cancel_full (future, flags[i]));
    }
}

static void
test_cancel_full_default (void)
{
  g_autoptr(CfFuture) future = new_running ();

  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_DEFAULT));
  g_assert_false (g_cancellable_is_cancelled (cf_future_get_cancellable (future)));
}

static void
test_cancel_full_cooperate (void)
{
  g_autoptr(CfFuture) future = new_running ();
  GCancellable *cancellable = cf_future_get_cancellable (future);

  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_true (cf_future_is_running (future));

  settle_with_int (future, 1);
  assert_is_finished (future);
}

static void
fail_as_cancelled (CfFuture *future)
{
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");

  g_assert_true (cf_future_set_error (future, failure, NULL));
}

/* Nobody looks at an error, and nothing is logged. */
static void
test_gives_up_as_asked (void)
{
  g_autoptr(CfFuture) future = new_running ();

  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));
  fail_as_cancelled (future);
  g_assert_true (cf_future_is_cancelled (future));
  g_assert_false (cf_future_cancel (future));
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));
}

static void
test_gives_up_unasked (void)
{
  g_autoptr(CfFuture) future = new_running ();

  fail_as_cancelled (future);
  g_assert_false (cf_future_is_cancelled (future));
  assert_is_finished (future);
  g_assert_error (cf_future_get_error (future), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (cf_future_get_error (future)->message, ==, "Enough");
}

static void
test_fails_when_asked_to_give_up (void)
{
  g_autoptr(CfFuture) future = new_running ();
  g_autoptr(GError) failure = g_error_new_literal (CF_ERROR, CF_ERROR_WORKER_DIED, "It crashed");

  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));
  g_assert_true (cf_future_set_error (future, failure, NULL));
  assert_is_finished (future);
  g_assert_error (cf_future_get_error (future), CF_ERROR, CF_ERROR_WORKER_DIED);
}

static void
test_cancel_full_cooperate_first (void)
{
  g_autoptr(CfFuture) future = new_running ();

  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE));
  g_assert_true (g_cancellable_is_cancelled (cf_future_get_cancellable (future)));
}

static void
test_cancel_full_finished (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  settle_with_int (future, 1);
  g_assert_false (cf_future_cancel_full (future, CF_CANCEL_COOPERATE | CF_CANCEL_KILL));
  assert_is_finished (future);
}

static void
test_cancellable_is_one (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(CfFuture) other = cf_future_new ();
  GCancellable *cancellable = cf_future_get_cancellable (future);

  g_assert_true (G_IS_CANCELLABLE (cancellable));
  g_assert_true (cancellable == cf_future_get_cancellable (future));
  g_assert_true (cancellable != cf_future_get_cancellable (other));
  g_assert_false (g_cancellable_is_cancelled (cancellable));
}

static void
assert_prints (CfFuture   *future,
               const char *state)
{
  g_autofree char *expected = NULL;
  g_autofree char *text = cf_future_to_string (future);

  expected = g_strdup_printf ("<CfFuture at 0x%" G_GINTPTR_MODIFIER "x state=%s>", (guintptr) future, state);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_to_string_states (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(CfFuture) cancelled = cf_future_new ();

  assert_prints (future, "pending");

  g_assert_true (cf_future_set_running_or_notify_cancel (future));
  assert_prints (future, "running");

  g_assert_true (cf_future_cancel (cancelled));
  assert_prints (cancelled, "cancelled");
}

static void
test_to_string_value (void)
{
  const struct
  {
    GType       type;
    const char *state;
  } cases[] =
    {
      { G_TYPE_DOUBLE, "finished returned gdouble" },
      { G_TYPE_INT, "finished returned gint" },
      { G_TYPE_STRING, "finished returned gchararray" },
      { G_TYPE_CANCELLABLE, "finished returned GCancellable" },
      { G_TYPE_BYTES, "finished returned GBytes" },
      { G_TYPE_POINTER, "finished returned gpointer" },
    };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(CfFuture) future = cf_future_new ();
      g_auto(GValue) value = G_VALUE_INIT;

      g_value_init (&value, cases[i].type);
      g_assert_true (cf_future_set_value (future, &value, NULL));
      assert_prints (future, cases[i].state);
    }
}

static void
test_to_string_variant (void)
{
  const struct
  {
    const char *text;
    const char *state;
  } cases[] =
    {
      { "true", "finished returned gboolean" },
      { "byte 1", "finished returned guchar" },
      { "int32 1", "finished returned gint" },
      { "uint32 1", "finished returned guint" },
      { "int64 1", "finished returned gint64" },
      { "uint64 1", "finished returned guint64" },
      { "0.5", "finished returned gdouble" },
      { "'text'", "finished returned gchararray" },
      { "(1, 0.5, 'text')", "finished returned GVariant (ids)" },
      { "[1, 2]", "finished returned GVariant ai" },
      { "{'a': <1>}", "finished returned GVariant a{sv}" },
    };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(CfFuture) future = cf_future_new ();

      settle_with_variant (future, g_variant_new_parsed (cases[i].text));
      assert_prints (future, cases[i].state);
    }
}

static void
test_to_string_nothing (void)
{
  g_autoptr(CfFuture) without_variant = cf_future_new ();
  g_autoptr(CfFuture) without_value = cf_future_new ();

  settle_with_variant (without_variant, NULL);
  assert_prints (without_variant, "finished returned nothing");

  g_assert_true (cf_future_set_value (without_value, NULL, NULL));
  assert_prints (without_value, "finished returned nothing");
}

static void
test_to_string_error (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");

  g_assert_true (cf_future_set_error (future, failure, NULL));
  assert_prints (future, "finished raised g-io-error-quark 0");
  g_assert_nonnull (await_error (future));
}

static void
test_data (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  guint n_freed = 0;

  g_object_set_data (G_OBJECT (future), "arg", GINT_TO_POINTER (5));
  g_object_set_data_full (G_OBJECT (future), "owned", &n_freed, free_and_count);
  settle_with_int (future, 1);

  g_assert_cmpint (GPOINTER_TO_INT (g_object_get_data (G_OBJECT (future), "arg")), ==, 5);
  g_assert_cmpuint (n_freed, ==, 0);

  g_clear_object (&future);
  g_assert_cmpuint (n_freed, ==, 1);
}

static void
test_async_result (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_true (G_IS_ASYNC_RESULT (future));
  g_assert_null (g_async_result_get_user_data (G_ASYNC_RESULT (future)));
  g_assert_null (g_async_result_get_source_object (G_ASYNC_RESULT (future)));
}

static void
test_promise_has_no_call (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_null (cf_future_dup_function (future));
  g_assert_null (cf_future_dup_arguments (future));
}

/* Each typed setter, and each constructor of a settled future, beside the getter of its type. */
static void
test_typed_results (void)
{
  const char *const strv[] = { "one", "two", NULL };
  g_autoptr(GBytes) bytes = g_bytes_new_static ("ab", 2);
  g_autoptr(GObject) object = G_OBJECT (g_cancellable_new ());
  static int place;

#define CHECK_TYPED(type, value, check)                                                   \
  G_STMT_START {                                                                          \
    g_autoptr(CfFuture) promise = cf_future_new ();                                       \
    g_autoptr(CfFuture) settled = cf_future_new_for_##type (value);                       \
    g_autoptr(GError) late = NULL;                                                        \
    CfFuture *futures[] = { promise, settled };                                           \
                                                                                          \
    g_assert_true (cf_future_set_##type (promise, value, NULL));                          \
    g_assert_false (cf_future_set_##type (promise, value, &late));                        \
    g_assert_error (late, CF_ERROR, CF_ERROR_INVALID_STATE);                              \
    for (guint i = 0; i < G_N_ELEMENTS (futures); i++)                                    \
      {                                                                                   \
        CfFuture *future = futures[i];                                                    \
        g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_FINISHED);     \
        check;                                                                            \
      }                                                                                   \
  } G_STMT_END

  CHECK_TYPED (boolean, TRUE, g_assert_true (cf_future_await_boolean (future, NULL)));
  CHECK_TYPED (int64, G_MININT64, g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, G_MININT64));
  CHECK_TYPED (uint64, G_MAXUINT64, g_assert_cmpuint (cf_future_await_uint64 (future, NULL), ==, G_MAXUINT64));
  CHECK_TYPED (double, 0.5, g_assert_cmpfloat (cf_future_await_double (future, NULL), ==, 0.5));
  CHECK_TYPED (string, "five", g_autofree char *got = cf_future_await_string (future, NULL);
               g_assert_cmpstr (got, ==, "five"));
  CHECK_TYPED (string, NULL, g_assert_null (cf_future_await_string (future, NULL)));
  CHECK_TYPED (bytes, bytes, g_autoptr(GBytes) got = cf_future_await_bytes (future, NULL);
               g_assert_true (g_bytes_equal (got, bytes)));
  CHECK_TYPED (object, object, g_autoptr(GObject) got = cf_future_await_object (future, NULL);
               g_assert_true (got == object));
  CHECK_TYPED (pointer, &place, g_assert_true (cf_future_await_pointer (future, NULL) == &place));

#undef CHECK_TYPED

  {
    g_autoptr(CfFuture) boxed = cf_future_new_for_boxed (G_TYPE_STRV, strv);
    g_autoptr(CfFuture) promise = cf_future_new ();
    g_auto(GStrv) first = cf_future_await_boxed (boxed, G_TYPE_STRV, NULL);
    g_auto(GStrv) second = NULL;

    g_assert_true (cf_future_set_boxed (promise, G_TYPE_STRV, strv, NULL));
    second = cf_future_await_boxed (promise, G_TYPE_STRV, NULL);
    g_clear_object (&boxed);
    g_assert_true (g_strv_equal ((const char *const *) first, strv));
    g_assert_true (g_strv_equal ((const char *const *) second, strv));
  }
}

static void
test_settled (void)
{
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
  g_autoptr(CfFuture) failed = cf_future_new_for_error (failure);
  g_autoptr(CfFuture) nothing = cf_future_new_for_value (NULL);
  g_autoptr(CfFuture) variant = cf_future_new_for_variant (g_variant_new_int32 (7));
  g_autoptr(GVariant) seven = cf_future_await_variant (variant, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (cf_error_is_cancelled (cf_future_get_error (failed)));
  g_assert_false (cf_error_is_cancelled (NULL));
  g_assert_cmpint (g_variant_get_int32 (seven), ==, 7);
  g_assert_null (cf_future_await_variant (nothing, &error));
  g_assert_no_error (error);

  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "slow");
  g_assert_false (cf_error_is_cancelled (error));
}

static void
test_hand_over (void)
{
  g_autoptr (CfFuture) running = new_running ();
  g_autoptr (CfFuture) cancelled = cf_future_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (cf_future_hand_over (running, 10));
  g_assert_cmpint (cf_future_get_state (running), ==, CF_FUTURE_STATE_FINISHED);
  g_assert_null (cf_future_await_variant (running, &error));
  g_assert_no_error (error);
  g_assert_false (cf_future_hand_over (running, 0));

  g_assert_true (cf_future_cancel (cancelled));
  g_assert_false (cf_future_hand_over (cancelled, 0));
  g_assert_true (cf_future_is_cancelled (cancelled));
}

static void
test_dropped_pending (void)
{
  CfFuture *pending = cf_future_new ();
  CfFuture *running = new_running ();
  gpointer watched = pending;

  g_object_add_weak_pointer (G_OBJECT (pending), &watched);
  g_object_unref (pending);
  g_assert_null (watched);

  watched = running;
  g_object_add_weak_pointer (G_OBJECT (running), &watched);
  g_object_unref (running);
  g_assert_null (watched);
}

static void
ignore_done (CfFuture *future G_GNUC_UNUSED,
             gpointer  user_data G_GNUC_UNUSED)
{
}

static void
test_no_future (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");
  CfFuture *none = NULL;

  assert_critical (cf_future_get_state (none));
  assert_critical (g_assert_false (cf_future_is_cancelled (none)));
  assert_critical (g_assert_false (cf_future_is_running (none)));
  assert_critical (g_assert_false (cf_future_is_done (none)));
  assert_critical (g_assert_null (cf_future_to_string (none)));
  assert_critical (g_assert_false (cf_future_cancel (none)));
  assert_critical (g_assert_false (cf_future_cancel_full (none, CF_CANCEL_DEFAULT)));
  assert_critical (g_assert_false (cf_future_wait (none, 0, NULL, NULL)));
  assert_critical (cf_future_wait_async (none, 0, NULL, NULL, NULL));
  assert_critical (g_assert_false (cf_future_wait_finish (none, NULL, NULL)));
  assert_critical (cf_future_add_done_callback (none, ignore_done, NULL, NULL));
  assert_critical (cf_future_add_done_callback_full (none, NULL, ignore_done, NULL, NULL));
  assert_critical (g_assert_null (cf_future_get_error (none)));
  assert_critical (g_assert_false (cf_future_await_value (none, &value, NULL)));
  assert_critical (g_assert_null (cf_future_await_variant (none, NULL)));
  assert_critical (g_assert_false (cf_future_await_boolean (none, NULL)));
  assert_critical (g_assert_cmpint (cf_future_await_int64 (none, NULL), ==, 0));
  assert_critical (g_assert_cmpuint (cf_future_await_uint64 (none, NULL), ==, 0));
  assert_critical (g_assert_cmpfloat (cf_future_await_double (none, NULL), ==, 0));
  assert_critical (g_assert_null (cf_future_await_string (none, NULL)));
  assert_critical (g_assert_null (cf_future_await_bytes (none, NULL)));
  assert_critical (g_assert_null (cf_future_await_object (none, NULL)));
  assert_critical (g_assert_null (cf_future_await_boxed (none, G_TYPE_BYTES, NULL)));
  assert_critical (g_assert_null (cf_future_await_pointer (none, NULL)));
  assert_critical (g_assert_null (cf_future_get_cancellable (none)));
  assert_critical (cf_future_report_progress (none, 0.5, NULL));
  assert_critical (g_assert_cmpfloat (cf_future_get_progress (none), ==, 0));
  assert_critical (g_assert_null (cf_future_dup_message (none)));
  assert_critical (g_assert_false (cf_future_set_running_or_notify_cancel (none)));
  assert_critical (g_assert_false (cf_future_set_value (none, NULL, NULL)));
  assert_critical (g_assert_false (cf_future_set_variant (none, NULL, NULL)));
  assert_critical (g_assert_false (cf_future_set_error (none, failure, NULL)));
  assert_critical (cf_future_run (none));
  assert_critical (g_assert_null (cf_future_dup_function (none)));
  assert_critical (g_assert_null (cf_future_dup_arguments (none)));
}

static void
test_bad_arguments (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  assert_critical (cf_future_add_done_callback (future, NULL, NULL, NULL));
  assert_critical (cf_future_add_done_callback_full (future, NULL, NULL, NULL, NULL));
  assert_critical (g_assert_false (cf_future_set_error (future, NULL, NULL)));
  assert_critical (g_assert_false (cf_future_wait_finish (future, NULL, NULL)));
  assert_critical (cf_future_run (future));
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_PENDING);

  settle_with_int (future, 1);
  assert_critical (g_assert_false (cf_future_await_value (future, NULL, NULL)));
  assert_critical (g_assert_null (cf_future_await_boxed (future, G_TYPE_INT, NULL)));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/future/state/new-is-pending", test_state_new);
  g_test_add_func ("/future/state/claimed-is-running", test_state_claimed);
  g_test_add_func ("/future/state/settled-from-pending-is-finished", test_state_settled_from_pending);
  g_test_add_func ("/future/state/settled-from-running-is-finished", test_state_settled_from_running);
  g_test_add_func ("/future/state/cancelled-is-done", test_state_cancelled);
  g_test_add_func ("/future/claim/cancelled-returns-false", test_claim_cancelled);
  g_test_add_func ("/future/claim/running-is-rejected", test_claim_running);
  g_test_add_func ("/future/claim/finished-is-rejected", test_claim_finished);
  g_test_add_func ("/future/settle/twice-is-invalid-state", test_settle_twice);
  g_test_add_func ("/future/settle/cancelled-is-invalid-state", test_settle_cancelled);
  g_test_add_func ("/future/settle/takes-a-floating-variant", test_settle_takes_floating);
  g_test_add_func ("/future/settle/references-a-variant-that-does-not-float", test_settle_references_other);
  g_test_add_func ("/future/settle/frees-a-floating-variant-that-came-too-late", test_settle_frees_refused_floating);
  g_test_add_func ("/future/cancel/running-returns-false", test_cancel_running);
  g_test_add_func ("/future/cancel/finished-returns-false", test_cancel_finished);
  g_test_add_func ("/future/cancel/cancelled-returns-true-again", test_cancel_cancelled);
  g_test_add_func ("/future/cancel-full/pending-is-cancelled-with-any-flags", test_cancel_full_pending);
  g_test_add_func ("/future/cancel-full/default-leaves-a-running-call-alone", test_cancel_full_default);
  g_test_add_func ("/future/cancel-full/cooperate-cancels-the-cancellable-of-a-running-call",
                   test_cancel_full_cooperate);
  g_test_add_func ("/future/cancel-full/cooperate-is-seen-by-who-asks-for-the-cancellable-later",
                   test_cancel_full_cooperate_first);
  g_test_add_func ("/future/cancel-full/a-call-that-gives-up-as-asked-is-cancelled", test_gives_up_as_asked);
  g_test_add_func ("/future/cancel-full/a-call-that-gives-up-unasked-has-failed", test_gives_up_unasked);
  g_test_add_func ("/future/cancel-full/a-call-that-was-asked-may-fail-otherwise", test_fails_when_asked_to_give_up);
  g_test_add_func ("/future/cancel-full/finished-returns-false", test_cancel_full_finished);
  g_test_add_func ("/future/cancellable/each-future-has-one-of-its-own", test_cancellable_is_one);
  g_test_add_func ("/future/to-string/names-the-state", test_to_string_states);
  g_test_add_func ("/future/to-string/names-the-type-of-a-value", test_to_string_value);
  g_test_add_func ("/future/to-string/names-the-type-of-a-variant", test_to_string_variant);
  g_test_add_func ("/future/to-string/says-that-nothing-was-returned", test_to_string_nothing);
  g_test_add_func ("/future/to-string/names-the-error", test_to_string_error);
  g_test_add_func ("/future/data/attached-data-lives-as-long-as-the-future", test_data);
  g_test_add_func ("/future/async-result/of-a-promise-has-no-source-and-no-user-data", test_async_result);
  g_test_add_func ("/future/promise/has-no-function-and-no-arguments", test_promise_has_no_call);
  g_test_add_func ("/future/promise/typed-results-are-those-of-the-getters", test_typed_results);
  g_test_add_func ("/future/settled/is-what-it-was-made-for", test_settled);
  g_test_add_func ("/future/promise/handed-over-is-settled-without-a-result", test_hand_over);
  g_test_add_func ("/future/promise/dropped-before-it-is-settled-is-freed", test_dropped_pending);
  g_test_add_func ("/future/arguments/null-is-rejected-by-every-function", test_no_future);
  g_test_add_func ("/future/arguments/nonsense-is-rejected", test_bad_arguments);

  return g_test_run ();
}
