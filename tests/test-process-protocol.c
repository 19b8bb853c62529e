/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The process pool and workers that break the protocol: hostile-worker does, in many ways. Whatever it sends, the call
 * that it was making fails, or is right; a call that another worker makes meanwhile is not harmed, nor are those that
 * come later; and neither a descriptor nor a process is left. */

#include "await-error.h"
#include "process-gates.h"
#include "processes.h"

/* How soon a worker that takes no call is given up. */
#define START_TIMEOUT (2 * G_TIME_SPAN_SECOND)

/* More than is sent through the ring. */
#define PAYLOAD_SIZE  100000

typedef struct
{
  CfExecutor    *executor;
  RemoteBlocker *blocker;
  CfFuture      *bystander;     /* a call that another worker makes */
} Fixture;

/* The fewest that have been seen when there was no pool. */
static guint n_descriptors = G_MAXUINT;

static CfFuture *
submit_act (Fixture    *fixture,
            const char *act,
            GVariant   *args)
{
  g_autofree char *function = g_strdup_printf ("hostile:%s", act);

  return cf_executor_submit_by_name (fixture->executor, function, args);
}

static CfExecutor *
hostile_pool_new (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "hostile-worker", NULL);
  const char *argv[] = { path, NULL };
  g_autoptr(CfWorkerLauncher) launcher = cf_worker_launcher_new (CF_WORKER_KIND_NATIVE);

  cf_worker_launcher_set_argv (launcher, argv);
  cf_worker_launcher_set_start_timeout (launcher, START_TIMEOUT);
  return cf_process_pool_executor_new_with_launcher (2, launcher);
}

/* GLib opens descriptors of its own with the first child, and keeps them. */
static void
open_what_stays_open (void)
{
  g_autoptr(CfExecutor) executor = hostile_pool_new ();
  g_autoptr(CfFuture) future = cf_executor_submit_by_name (executor, "hostile:honest", g_variant_new_int64 (42));

  g_assert_no_error (await_error (future));
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  await_end_of_pools ();
  n_descriptors = MIN (n_descriptors, count_descriptors ());
  fixture->executor = hostile_pool_new ();
  fixture->blocker = remote_blocker_new ();

  fixture->bystander = submit_act (fixture, "block", remote_blocker_to_variant (fixture->blocker));
  process_gate_wait (fixture->blocker->begun);
}

static void
assert_echoed (CfFuture *future)
{
  g_assert_no_error (await_error (future));
  g_assert_cmpint (cf_future_await_int64 (future, NULL), ==, 42);
}

static void
assert_works (Fixture *fixture)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(CfFuture) future = submit_act (fixture, "honest", g_variant_new_int64 (42));

      assert_echoed (future);
    }
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  assert_works (fixture);
  g_assert_true (cf_future_is_running (fixture->bystander));
  process_gate_open (fixture->blocker->go_on);
  g_assert_cmpint (cf_future_await_int64 (fixture->bystander, NULL), >, 0);
  assert_works (fixture);

  cf_executor_shutdown (fixture->executor, CF_SHUTDOWN_WAIT);
  g_clear_object (&fixture->bystander);
  g_clear_pointer (&fixture->blocker, remote_blocker_free);
  g_clear_object (&fixture->executor);
  await_end_of_pools ();
  assert_descriptors (n_descriptors);
}

static void
test_protocol_error (Fixture       *fixture,
                     gconstpointer  act)
{
  g_autoptr(CfFuture) future = submit_act (fixture, act, g_variant_new_int64 (42));

  g_assert_error (await_error (future), CF_ERROR, CF_ERROR_PROTOCOL);
}

static void
test_right (Fixture       *fixture,
            gconstpointer  act)
{
  g_autoptr(CfFuture) future = submit_act (fixture, act, g_variant_new_int64 (42));

  assert_echoed (future);
}

static void
test_random_bytes (Fixture       *fixture,
                   gconstpointer  data)
{
  for (gint64 seed = 1; seed <= 20; seed++)
    {
      g_autoptr(CfFuture) future = submit_act (fixture, "random-bytes", g_variant_new_int64 (seed));

      g_assert_error (await_error (future), CF_ERROR, CF_ERROR_PROTOCOL);
    }
}

/* The call has not begun: it is not the one to blame, and is made by a worker that behaves. */
static void
test_anticipated (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *folder = g_dir_make_tmp ("cfutures-anticipated-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "anticipated", NULL);
  g_autoptr(CfFuture) future = submit_act (fixture, "anticipate", g_variant_new_string (path));
  g_autofree char *result = cf_future_await_string (future, NULL);

  g_assert_cmpstr (result, ==, path);
  g_unlink (path);
  g_rmdir (folder);
}

/* The first result stands. */
static void
test_twice (Fixture       *fixture,
            gconstpointer  data)
{
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(CfFuture) future = submit_act (fixture, "twice", g_variant_new_int64 (42));

      assert_echoed (future);
    }
}

static void
test_nonsense_progress (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(CfFuture) future = submit_act (fixture, "progress-of-nonsense", g_variant_new_int64 (42));
  g_autofree char *message = NULL;

  assert_echoed (future);
  g_assert_cmpfloat (cf_future_get_progress (future), ==, 0.5);
  message = cf_future_dup_message (future);
  g_assert_true (g_utf8_validate (message, -1, NULL));
}

static void
test_abnormal_value (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(CfFuture) future = submit_act (fixture, "abnormal-value", g_variant_new_int64 (42));
  g_autoptr(GVariant) value = cf_future_await_variant (future, NULL);
  g_autofree const char **strings = NULL;
  const char *string;

  g_assert_nonnull (value);
  g_assert_cmpstr (g_variant_get_type_string (value), ==, "(sas)");
  g_variant_get (value, "(&s^a&s)", &string, &strings);
  g_assert_true (g_utf8_validate (string, -1, NULL));
}

static GVariant *
measure_string (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  const char *string;

  g_variant_get (args, "(&s)", &string);
  return g_variant_new_uint32 (strlen (string));
}

/* What one worker has returned is not believed by another one either, to which it is passed on. */
static void
test_abnormal_value_passed_on (Fixture       *fixture,
                               gconstpointer  data)
{
  g_autoptr(CfExecutor) honest = cf_process_pool_executor_new (1);
  g_autoptr(CfFuture) future = submit_act (fixture, "endless-string", g_variant_new_int64 (42));
  g_autoptr(CfFuture) passed_on = NULL;
  g_autoptr(GVariant) value = cf_future_await_variant (future, NULL);
  g_autoptr(GError) error = NULL;
  guint length;

  g_assert_nonnull (value);
  length = strlen (g_variant_get_string (value, NULL));
  passed_on = cf_executor_submit (honest, measure_string, g_variant_new ("(@s)", value));
  g_assert_cmpuint (cf_future_await_uint64 (passed_on, &error), ==, length);
  g_assert_no_error (error);

  cf_executor_shutdown (honest, CF_SHUTDOWN_WAIT);
}

/* That the arguments could not be sent is not the fault of a worker that was killed. */
static void
test_killed_before_payload (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autofree guint8 *bytes = g_malloc0 (PAYLOAD_SIZE);

  for (guint i = 0; i < 20; i++)
    {
      GVariant *args = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, PAYLOAD_SIZE, 1);
      g_autoptr(CfFuture) first = submit_act (fixture, "die-when-called", g_variant_new_int64 (42));
      g_autoptr(CfFuture) large = NULL;
      const GError *error;

      assert_echoed (first);
      large = submit_act (fixture, "honest", args);
      error = await_error (large);
      g_assert_error (error, CF_ERROR, CF_ERROR_WORKER_DIED);
      assert_message (error, "was killed by signal 9");
    }
}

static void
test_payload (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(CfFuture) future = submit_act (fixture, "payload-sealed", g_variant_new_int64 (42));
  g_autoptr(GBytes) bytes = cf_future_await_bytes (future, NULL);

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 100000);
}

static void
test_flood (Fixture       *fixture,
            gconstpointer  act)
{
  g_autoptr(ProcessGate) begun = process_gate_new ();
  g_autoptr(CfFuture) future = NULL;

  if (is_in_valgrind ())
    {
      g_test_skip ("The worker, which is not in Valgrind, is too fast");
      return;
    }

  future = submit_act (fixture, act, process_gate_to_variant (begun));
  process_gate_wait (begun);

  /* The other worker takes a call, and that ends, while messages keep coming. */
  process_gate_open (fixture->blocker->go_on);
  g_assert_cmpint (cf_future_await_int64 (fixture->bystander, NULL), >, 0);
  assert_works (fixture);
  g_clear_object (&fixture->bystander);
  fixture->bystander = submit_act (fixture, "block", remote_blocker_to_variant (fixture->blocker));
  process_gate_wait (fixture->blocker->begun);

  g_assert_true (cf_future_is_running (future));
  cf_future_cancel_full (future, CF_CANCEL_KILL);
  g_assert_error (await_error (future), G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A map whose chunks are answered with something that is no chunk of that size. */
static void
test_chunk_of_nonsense (Fixture       *fixture,
                        gconstpointer  act)
{
  g_autoptr(CfMapIterator) iterator = NULL;
  g_autoptr(GVariant) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *function = g_strdup_printf ("hostile:%s", (const char *) act);

  iterator = cf_executor_map_by_name (fixture->executor, function, g_variant_new_parsed ("[int64 1, 2, 3, 4]"), 2, 0);
  while (cf_map_iterator_next (iterator, NULL, &result, &error))
    g_clear_pointer (&result, g_variant_unref);
  g_assert_error (error, CF_ERROR, CF_ERROR_PROTOCOL);
}

static void
ignore_log (const char     *domain,
            GLogLevelFlags  level,
            const char     *message,
            gpointer        user_data)
{
}

int
main (int   argc,
      char *argv[])
{
  static const char *const faults[] =
    {
      "truncated", "oversized", "oversized-a-little", "odd-size", "no-size", "padding", "oversized-data", "oversized-type",
      "oversized-function", "endless-function", "invalid-type", "indefinite-type", "endless-type", "value-without-type",
      "unknown-kind", "call", "finish", "unknown-flags", "run-ahead", "fall-behind", "out-of-step",
      "wrong-id", "wrong-slot", "free-slot", "error-of-wrong-type", "error-without-domain", "error-of-long-domain",
      "progress-of-wrong-type", "progress-of-wrong-id",
      "payload-unsealed", "payload-half-sealed", "payload-too-small", "payload-too-large", "payload-of-nothing",
      "payload-missing", "payload-twice", "payload-without-descriptor", "payloads-of-nobody",
      "short-message", "long-message", "unknown-message", "hello", "descriptor-with-log", "two-descriptors",
      "eight-descriptors", "exit-after-garbage",
    };

  cf_worker_main (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("CFutures", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  open_what_stays_open ();

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strdup_printf ("/process-protocol/fault/%s", faults[i]);

      g_test_add (path, Fixture, faults[i], set_up, test_protocol_error, tear_down);
    }

#define add(path, act, function) g_test_add ("/process-protocol/" path, Fixture, act, set_up, function, tear_down)
  add ("fault/random-bytes", NULL, test_random_bytes);
  add ("fault/no-chunk", "honest", test_chunk_of_nonsense);
  add ("fault/nothing-for-a-chunk", "nothing", test_chunk_of_nonsense);
  add ("fault/short-chunk", "short-chunk", test_chunk_of_nonsense);
  add ("survived/result-before-it-ends", "exit-after-result", test_right);
  add ("survived/result-before-it-dies", "die-after-result", test_right);
  add ("survived/counters-that-make-no-sense", "never-read", test_right);
  add ("survived/claims-that-make-no-sense", "scribble-on-claims", test_right);
  add ("survived/result-before-the-call-begins", NULL, test_anticipated);
  add ("survived/result-sent-twice", NULL, test_twice);
  add ("survived/progress-that-makes-no-sense", NULL, test_nonsense_progress);
  add ("survived/value-that-makes-no-sense", NULL, test_abnormal_value);
  add ("survived/value-that-makes-no-sense-passed-on", NULL, test_abnormal_value_passed_on);
  add ("survived/killed-before-its-payload", NULL, test_killed_before_payload);
  add ("survived/payload-in-order", NULL, test_payload);
  add ("survived/messages-without-end", "flood-with-messages", test_flood);
  add ("survived/progress-without-end", "flood-with-progress", test_flood);
#undef add

  return g_test_run ();
}
