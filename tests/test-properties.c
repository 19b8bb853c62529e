/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Properties: what they say, in which context their notifications arrive, that these are coalesced, and that
 * they can be bound to. */

#include <cfutures.h>

#include "cf-bindings-private.h"
#include "criticals.h"
#include "gates.h"
#include "return-nothing.h"

static void
settle (CfFuture *future)
{
  g_assert_true (cf_future_set_variant (future, g_variant_new_int32 (1), NULL));
}

/* Counts the notifications of one property, all of which have to arrive in one thread. It stops listening when it
 * goes out of scope: a future may live on in a main context that has a notification of it to deliver. */
typedef struct
{
  GWeakRef  object;
  gulong    handler;
  GThread  *thread;
  guint     n_notified;
} Listener;

static void
on_notify (GObject    *object,
           GParamSpec *pspec,
           gpointer    user_data)
{
  Listener *listener = user_data;

  g_assert_true (listener->thread == g_thread_self ());
  listener->n_notified++;
}

static void
listen (gpointer    object,
        const char *signal,
        Listener   *listener)
{
  listener->thread = g_thread_self ();
  g_weak_ref_init (&listener->object, object);
  listener->handler = g_signal_connect (object, signal, G_CALLBACK (on_notify), listener);
}

static void
listener_clear (Listener *listener)
{
  g_autoptr(GObject) object = NULL;

  if (listener->handler == 0)
    return;

  object = g_weak_ref_get (&listener->object);
  if (object != NULL)
    g_signal_handler_disconnect (object, listener->handler);
  g_weak_ref_clear (&listener->object);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listener, listener_clear)

static void
assert_properties (CfFuture      *future,
                   CfFutureState  state,
                   double         progress,
                   const char    *message)
{
  g_autofree char *text = NULL;
  g_autofree char *duplicate = cf_future_dup_message (future);
  double fraction;
  int number;

  g_object_get (future, "state", &number, "progress", &fraction, "message", &text, NULL);

  g_assert_cmpint (number, ==, state);
  g_assert_cmpfloat (fraction, ==, progress);
  g_assert_cmpfloat (cf_future_get_progress (future), ==, progress);
  g_assert_cmpstr (text, ==, message);
  g_assert_cmpstr (duplicate, ==, message);
}

static void
test_values (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  assert_properties (future, CF_FUTURE_STATE_PENDING, 0, NULL);

  g_assert_true (cf_future_set_running_or_notify_cancel (future));
  cf_future_report_progress (future, 0.25, "a quarter");
  assert_properties (future, CF_FUTURE_STATE_RUNNING, 0.25, "a quarter");

  cf_future_report_progress (future, 1, NULL);
  g_assert_cmpfloat (cf_future_get_progress (future), ==, 1);

  settle (future);
  g_assert_cmpint (cf_future_get_state (future), ==, CF_FUTURE_STATE_FINISHED);
}

static void
test_state_is_an_enum (void)
{
  GObjectClass *klass = g_type_class_ref (CF_TYPE_FUTURE);
  GParamSpec *pspec = g_object_class_find_property (klass, "state");

  g_assert_nonnull (pspec);
  g_assert_true (pspec->value_type == CF_TYPE_FUTURE_STATE);
  g_assert_cmpuint (pspec->flags & G_PARAM_WRITABLE, ==, 0);
  g_type_class_unref (klass);
}

static GVariant *
do_nothing (CfFuture  *future,
            GVariant  *args,
            GError   **error)
{
  return NULL;
}

static void
test_name_and_priority (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfTask) task = cf_task_new (do_nothing, NULL);
  g_autoptr(CfFuture) promise = cf_future_new ();
  g_autoptr(CfFuture) future = NULL;
  g_autofree char *name = NULL;
  int priority;

  cf_task_set_name (task, "page 17");
  cf_task_set_priority (task, G_PRIORITY_LOW);
  future = cf_executor_submit_task (executor, task);

  g_object_get (future, "name", &name, "priority", &priority, NULL);
  g_assert_cmpstr (name, ==, "page 17");
  g_assert_cmpint (priority, ==, G_PRIORITY_LOW);
  g_assert_cmpstr (cf_future_get_name (future), ==, "page 17");
  g_assert_cmpint (cf_future_get_priority (future), ==, G_PRIORITY_LOW);
  g_assert_null (cf_future_get_name (promise));
  g_assert_cmpint (cf_future_get_priority (promise), ==, G_PRIORITY_DEFAULT);
}

static gboolean
error_to_text (GBinding     *binding,
               const GValue *from,
               GValue       *to,
               gpointer      unused)
{
  const GError *error = g_value_get_boxed (from);

  g_value_set_string (to, error != NULL ? error->message : "fine");
  return TRUE;
}

/* Nothing is logged about the error: the binding has looked at it. */
static void
test_error_is_bound (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_autoptr(CfTask) label = cf_task_new (do_nothing, NULL);
  g_autoptr(GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no such luck");

  g_object_bind_property_full (future, "error", label, "name", G_BINDING_SYNC_CREATE,
                               error_to_text, NULL, NULL, NULL);
  g_assert_cmpstr (cf_task_get_name (label), ==, "fine");

  g_assert_true (cf_future_set_error (future, failure, NULL));
  loop_until (NULL, g_strcmp0 (cf_task_get_name (label), "no such luck") == 0);
}

static void
test_error_is_not_notified_of_success (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_auto(Listener) state = { 0 };
  g_auto(Listener) error = { 0 };

  listen (future, "notify::state", &state);
  listen (future, "notify::error", &error);
  settle (future);
  loop_until (NULL, state.n_notified == 1);
  g_assert_cmpuint (error.n_notified, ==, 0);
}

static void
test_notified_in_an_iteration (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_auto(Listener) state = { 0 };

  listen (future, "notify::state", &state);

  g_assert_true (cf_future_set_running_or_notify_cancel (future));
  g_assert_cmpuint (state.n_notified, ==, 0);
  loop_until (NULL, state.n_notified == 1);

  settle (future);
  g_assert_cmpuint (state.n_notified, ==, 1);
  loop_until (NULL, state.n_notified == 2);

  loop_while_ready (NULL);
  g_assert_cmpuint (state.n_notified, ==, 2);
}

static void
test_cancel_is_notified (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_auto(Listener) state = { 0 };

  listen (future, "notify::state", &state);
  g_assert_true (cf_future_cancel (future));
  loop_until (NULL, state.n_notified == 1);
}

static void
test_coalesced (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_auto(Listener) state = { 0 };
  g_auto(Listener) progress = { 0 };
  g_auto(Listener) message = { 0 };

  listen (future, "notify::state", &state);
  listen (future, "notify::progress", &progress);
  listen (future, "notify::message", &message);

  g_assert_true (cf_future_set_running_or_notify_cancel (future));
  for (guint i = 0; i <= 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("step %u", i);

      cf_future_report_progress (future, i / 1000.0, text);
    }
  settle (future);

  loop_until (NULL, state.n_notified > 0 && progress.n_notified > 0 && message.n_notified > 0);
  loop_while_ready (NULL);
  g_assert_cmpuint (state.n_notified, ==, 1);
  g_assert_cmpuint (progress.n_notified, ==, 1);
  g_assert_cmpuint (message.n_notified, ==, 1);
  assert_properties (future, CF_FUTURE_STATE_FINISHED, 1, "step 1000");
}

static void
test_only_what_changed (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  g_auto(Listener) progress = { 0 };
  g_auto(Listener) message = { 0 };

  listen (future, "notify::progress", &progress);
  listen (future, "notify::message", &message);

  g_assert_true (cf_future_set_running_or_notify_cancel (future));
  cf_future_report_progress (future, 0.5, NULL);
  loop_until (NULL, progress.n_notified == 1);
  loop_while_ready (NULL);
  g_assert_cmpuint (message.n_notified, ==, 0);

  settle (future);
  loop_while_ready (NULL);
  g_assert_cmpuint (progress.n_notified, ==, 1);
}

static void
test_context_of_the_promise (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CfFuture) future = NULL;
  g_auto(Listener) state = { 0 };

  g_main_context_push_thread_default (context);
  future = cf_future_new ();
  listen (future, "notify::state", &state);
  g_main_context_pop_thread_default (context);

  settle (future);
  loop_while_ready (NULL);
  g_assert_cmpuint (state.n_notified, ==, 0);
  loop_until (context, state.n_notified == 1);
}

/* A call that reports as far as it has come, and is let go by the test. */
typedef struct
{
  Gate reported;
  Gate go_on;
} Steps;

static gboolean
report_steps (CfFuture  *future,
              GValue    *result,
              gpointer   user_data,
              GError   **error)
{
  Steps *steps = user_data;

  cf_future_report_progress (future, 0.5, "half");
  gate_open (&steps->reported);
  gate_wait (&steps->go_on);
  cf_future_report_progress (future, 1.0, "all");

  return TRUE;
}

static void
test_default_context (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Steps steps = { GATE_INIT, GATE_INIT };
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, report_steps, &steps, NULL);
  g_auto(Listener) state = { 0 };
  g_auto(Listener) progress = { 0 };

  listen (future, "notify::state", &state);
  listen (future, "notify::progress", &progress);
  gate_wait (&steps.reported);
  assert_properties (future, CF_FUTURE_STATE_RUNNING, 0.5, "half");

  gate_open (&steps.go_on);
  loop_until (NULL, state.n_notified > 0 && cf_future_is_done (future));
  loop_until (NULL, progress.n_notified > 0);
  assert_properties (future, CF_FUTURE_STATE_FINISHED, 1, "all");
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
}

static void
test_context_of_the_task (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CfTask) task = NULL;
  g_autoptr(CfFuture) future = NULL;
  Steps steps = { GATE_INIT, GATE_INIT };
  g_auto(Listener) progress = { 0 };

  task = cf_task_new_local (report_steps, &steps, NULL);
  cf_task_set_context (task, context);
  future = cf_executor_submit_task (executor, task);
  gate_wait (&steps.reported);

  listen (future, "notify::progress", &progress);
  gate_open (&steps.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  loop_while_ready (NULL);
  g_assert_cmpuint (progress.n_notified, ==, 0);
  loop_until (context, progress.n_notified == 1);
}

static void
test_dropped_while_notified (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();
  GWeakRef watched;
  g_auto(Listener) state = { 0 };

  g_weak_ref_init (&watched, future);
  listen (future, "notify::state", &state);
  settle (future);
  g_clear_object (&future);

  loop_while_ready (NULL);
  g_assert_null (g_weak_ref_get (&watched));
  g_weak_ref_clear (&watched);
}

static void
test_context_of_the_submitter (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CfFuture) future = NULL;
  Steps steps = { GATE_INIT, GATE_INIT };
  g_auto(Listener) state = { 0 };

  g_main_context_push_thread_default (context);
  future = cf_executor_submit_local (executor, report_steps, &steps, NULL);
  g_main_context_pop_thread_default (context);

  gate_wait (&steps.reported);
  listen (future, "notify::state", &state);
  gate_open (&steps.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  loop_while_ready (NULL);
  g_assert_cmpuint (state.n_notified, ==, 0);
  loop_until (context, state.n_notified == 1);
}

static void
test_promise_context_destroyed (void)
{
  GMainContext *context = g_main_context_new ();
  g_autoptr(CfFuture) future = NULL;
  GWeakRef watched;
  g_auto(Listener) progress = { 0 };

  g_main_context_push_thread_default (context);
  future = cf_future_new ();
  g_main_context_pop_thread_default (context);

  g_weak_ref_init (&watched, future);
  listen (future, "notify::progress", &progress);
  cf_future_report_progress (future, 0.5, NULL);
  g_main_context_unref (context);
  g_clear_object (&future);

  g_assert_cmpuint (progress.n_notified, ==, 0);
  g_assert_null (g_weak_ref_get (&watched));
  g_weak_ref_clear (&watched);
}

static void
test_task_context_destroyed (void)
{
  GMainContext *context = g_main_context_new ();
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Steps steps = { GATE_INIT, GATE_INIT };
  g_autoptr(CfTask) task = cf_task_new_local (report_steps, &steps, NULL);
  g_autoptr(CfFuture) future = NULL;
  GWeakRef watched;
  g_auto(Listener) progress = { 0 };

  cf_task_set_context (task, context);
  future = cf_executor_submit_task (executor, task);
  g_weak_ref_init (&watched, future);
  gate_wait (&steps.reported);
  listen (future, "notify::progress", &progress);
  gate_open (&steps.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  g_clear_object (&executor);
  g_clear_object (&task);
  g_main_context_unref (context);
  g_clear_object (&future);

  g_assert_cmpuint (progress.n_notified, ==, 0);
  g_assert_null (g_weak_ref_get (&watched));
  g_weak_ref_clear (&watched);
}

/* Something like a progress bar, to bind to. */
#define METER_TYPE (meter_get_type ())
G_DECLARE_FINAL_TYPE (Meter, meter, TEST, METER, GObject)

struct _Meter
{
  GObject  parent_instance;
  double   fraction;
  char    *text;
  guint64  count;
};

G_DEFINE_FINAL_TYPE (Meter, meter, G_TYPE_OBJECT)

enum
{
  METER_PROP_FRACTION = 1,
  METER_PROP_TEXT,
  METER_PROP_COUNT,
};

static void
meter_set_property (GObject      *object,
                    guint         property_id,
                    const GValue *value,
                    GParamSpec   *pspec)
{
  Meter *self = TEST_METER (object);

  switch (property_id)
    {
    case METER_PROP_FRACTION:
      self->fraction = g_value_get_double (value);
      break;

    case METER_PROP_TEXT:
      g_free (self->text);
      self->text = g_value_dup_string (value);
      break;

    case METER_PROP_COUNT:
      self->count = g_value_get_uint64 (value);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
meter_finalize (GObject *object)
{
  g_free (TEST_METER (object)->text);

  G_OBJECT_CLASS (meter_parent_class)->finalize (object);
}

static void
meter_class_init (MeterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = meter_set_property;
  object_class->finalize = meter_finalize;

  g_object_class_install_property (object_class, METER_PROP_FRACTION,
                                   g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0, G_PARAM_WRITABLE));
  g_object_class_install_property (object_class, METER_PROP_TEXT,
                                   g_param_spec_string ("text", NULL, NULL, NULL, G_PARAM_WRITABLE));
  g_object_class_install_property (object_class, METER_PROP_COUNT,
                                   g_param_spec_uint64 ("count", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_WRITABLE));
}

static void
meter_init (Meter *self)
{
}

static void
test_bound (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  g_autoptr(Meter) meter = g_object_new (METER_TYPE, NULL);
  Steps steps = { GATE_INIT, GATE_INIT };
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, report_steps, &steps, NULL);

  gate_wait (&steps.reported);
  g_object_bind_property (future, "progress", meter, "fraction", G_BINDING_SYNC_CREATE);
  g_object_bind_property (future, "message", meter, "text", G_BINDING_SYNC_CREATE);
  g_assert_cmpfloat (meter->fraction, ==, 0.5);
  g_assert_cmpstr (meter->text, ==, "half");

  gate_open (&steps.go_on);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  loop_until (NULL, meter->fraction == 1 && g_strcmp0 (meter->text, "all") == 0);
}

static void
test_progress_without_message (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  g_assert_true (cf_future_set_running_or_notify_cancel (future));
  cf_future_report_progress (future, 0.25, "reading");
  cf_future_report_progress (future, 0.5, NULL);
  assert_properties (future, CF_FUTURE_STATE_RUNNING, 0.5, "reading");
}

static void
test_progress_when_done (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  cf_future_report_progress (future, 0.25, "reading");
  settle (future);
  cf_future_report_progress (future, 0.5, "too late");
  assert_properties (future, CF_FUTURE_STATE_FINISHED, 0.25, "reading");
}

static void
test_progress_out_of_range (void)
{
  g_autoptr(CfFuture) future = cf_future_new ();

  assert_critical (cf_future_report_progress (future, -0.5, NULL));
  assert_critical (cf_future_report_progress (future, 1.5, NULL));
  g_assert_cmpfloat (cf_future_get_progress (future), ==, 0);
}

static gboolean
wait_for_gate (CfFuture  *future,
               GValue    *result,
               gpointer   gate,
               GError   **error)
{
  gate_wait (gate);

  return TRUE;
}

static void
assert_counts (CfExecutor *executor,
               guint64     n_pending,
               guint64     n_running,
               guint64     n_completed)
{
  guint64 pending;
  guint64 running;
  guint64 completed;

  g_object_get (executor, "n-pending", &pending, "n-running", &running, "n-completed", &completed, NULL);

  g_assert_cmpuint (pending, ==, n_pending);
  g_assert_cmpuint (running, ==, n_running);
  g_assert_cmpuint (completed, ==, n_completed);
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, n_pending);
  g_assert_cmpuint (cf_executor_get_n_running (executor), ==, n_running);
  g_assert_cmpuint (cf_executor_get_n_completed (executor), ==, n_completed);
}

static void
test_counts (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Gate gate = GATE_INIT;
  CfFuture *futures[10];

  assert_counts (executor, 0, 0, 0);

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    futures[i] = cf_executor_submit_local (executor, wait_for_gate, &gate, NULL);

  yield_until (cf_future_is_running (futures[0]));
  yield_until (cf_executor_get_n_running (executor) == 1);
  assert_counts (executor, 9, 1, 0);

  g_assert_true (cf_future_cancel (futures[9]));
  g_assert_cmpuint (cf_executor_get_n_pending (executor), ==, 8);

  /* A call that never ran has not ended. */
  gate_open (&gate);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  assert_counts (executor, 0, 0, 9);

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    g_object_unref (futures[i]);
}

static void
test_counts_are_notified (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (2);
  g_autoptr(Meter) meter = g_object_new (METER_TYPE, NULL);
  g_auto(Listener) completed = { 0 };
  CfFuture *futures[1000];

  listen (executor, "notify::n-completed", &completed);
  g_object_bind_property (executor, "n-completed", meter, "count", G_BINDING_SYNC_CREATE);

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    futures[i] = cf_executor_submit_local (executor, return_nothing, NULL, NULL);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  loop_until (NULL, meter->count == G_N_ELEMENTS (futures));
  g_assert_cmpuint (completed.n_notified, >, 0);
  g_assert_cmpuint (completed.n_notified, <, G_N_ELEMENTS (futures));

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    g_object_unref (futures[i]);
}

static void
test_counts_context (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CfExecutor) executor = NULL;
  g_autoptr(CfFuture) future = NULL;
  g_auto(Listener) completed = { 0 };

  g_main_context_push_thread_default (context);
  executor = cf_thread_pool_executor_new (1);
  g_main_context_pop_thread_default (context);

  listen (executor, "notify::n-completed", &completed);
  future = cf_executor_submit_local (executor, return_nothing, NULL, NULL);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);

  loop_while_ready (NULL);
  g_assert_cmpuint (completed.n_notified, ==, 0);
  loop_until (context, completed.n_notified > 0 && cf_executor_get_n_completed (executor) == 1);
}

/* Counts of one's own: each call of the executor stands for ten. */
static void
count_tens (CfExecutor *executor,
            guint64    *n_pending,
            guint64    *n_running,
            guint64    *n_completed,
            gpointer    n_asked)
{
  CF_EXECUTOR_GET_CLASS (executor)->get_counts (executor, n_pending, n_running, n_completed);
  *n_pending *= 10;
  *n_running *= 10;
  *n_completed *= 10;
  (*(guint *) n_asked)++;
}

static void
count_nothing (CfExecutor *executor,
               guint64    *n_pending,
               guint64    *n_running,
               guint64    *n_completed,
               gpointer    user_data)
{
}

static void
note_destroyed (gpointer n_asked)
{
  *(guint *) n_asked = G_MAXUINT;
}

static void
test_counts_func (void)
{
  g_autoptr(CfExecutor) executor = cf_thread_pool_executor_new (1);
  Gate gate = GATE_INIT;
  CfFuture *futures[3];
  guint n_asked = 0;

  cf_executor_set_counts_func (executor, count_tens, &n_asked, note_destroyed);
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    futures[i] = cf_executor_submit_local (executor, wait_for_gate, &gate, NULL);

  yield_until (cf_executor_get_n_running (executor) == 10);
  n_asked = 0;
  assert_counts (executor, 20, 10, 0);
  g_assert_cmpuint (n_asked, ==, 6);

  gate_open (&gate);
  cf_executor_shutdown (executor, CF_SHUTDOWN_WAIT);
  assert_counts (executor, 0, 0, 30);

  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    g_object_unref (futures[i]);
  g_clear_object (&executor);
  g_assert_cmpuint (n_asked, ==, G_MAXUINT);
}

static void
test_counts_func_that_sets_nothing (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  g_autoptr(CfFuture) future = cf_executor_submit_local (executor, return_nothing, NULL, NULL);

  g_assert_true (cf_future_is_done (future));
  assert_counts (executor, 0, 0, 1);
  cf_executor_set_counts_func (executor, count_nothing, NULL, NULL);
  assert_counts (executor, 0, 0, 0);
}

static void
test_counts_func_once (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();
  guint n_asked = 0;
  guint n_refused = 0;

  cf_executor_set_counts_func (executor, count_tens, &n_asked, note_destroyed);
  assert_critical (cf_executor_set_counts_func (executor, count_nothing, &n_refused, note_destroyed));
  g_assert_cmpuint (n_refused, ==, G_MAXUINT);

  g_assert_cmpuint (cf_executor_get_n_completed (executor), ==, 0);
  g_assert_cmpuint (n_asked, ==, 1);
  assert_critical (cf_executor_set_counts_func (executor, NULL, NULL, NULL));
}

static void
test_notify_counts (void)
{
  g_autoptr(CfExecutor) executor = cf_inline_executor_new ();

  g_assert_false (cf_executor_notify_counts (executor));
  {
    g_auto(Listener) pending = { 0 };
    g_auto(Listener) running = { 0 };
    g_auto(Listener) completed = { 0 };

    listen (executor, "notify::n-pending", &pending);
    listen (executor, "notify::n-running", &running);
    listen (executor, "notify::n-completed", &completed);
    for (guint i = 0; i < 3; i++)
      g_assert_true (cf_executor_notify_counts (executor));
    g_assert_cmpuint (pending.n_notified, ==, 0);

    loop_until (NULL, completed.n_notified > 0);
    loop_while_ready (NULL);
    g_assert_cmpuint (pending.n_notified, ==, 1);
    g_assert_cmpuint (running.n_notified, ==, 1);
    g_assert_cmpuint (completed.n_notified, ==, 1);
  }
  g_assert_false (cf_executor_notify_counts (executor));
}

/* What bindings do: they are told when somebody takes the second reference, and may do anything then. */
typedef struct
{
  CfFuture *future;
  gboolean  is_armed;
} Toggle;

static void
on_toggled (gpointer  user_data,
            GObject  *object,
            gboolean  is_last)
{
  Toggle *toggle = user_data;

  if (is_last || !toggle->is_armed)
    return;

  toggle->is_armed = FALSE;
  toggle->future = cf_executor_submit_local (CF_EXECUTOR (object), return_nothing, NULL, NULL);
}

static void
test_counts_and_toggle_references (void)
{
  CfExecutor *executor = cf_inline_executor_new ();
  g_auto(Listener) listener = { 0 };
  Toggle toggle = { NULL, FALSE };

  listen (executor, "notify::n-completed", &listener);
  g_object_add_toggle_ref (G_OBJECT (executor), on_toggled, &toggle);
  g_object_unref (executor);

  g_object_unref (cf_executor_submit_local (executor, return_nothing, NULL, NULL));
  toggle.is_armed = TRUE;
  loop_until (NULL, listener.n_notified > 0);

  g_assert_false (toggle.is_armed);
  g_assert_true (cf_future_is_done (toggle.future));
  g_clear_object (&toggle.future);
  loop_while_ready (NULL);
  g_object_remove_toggle_ref (G_OBJECT (executor), on_toggled, &toggle);
}

static void
test_max_workers (void)
{
  g_autoptr(CfExecutor) executor = g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR, "max-workers", 3, NULL);
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (executor), "max-workers");
  guint max_workers;

  g_object_get (executor, "max-workers", &max_workers, NULL);
  g_assert_cmpuint (max_workers, ==, 3);
  g_assert_cmpuint (cf_executor_get_max_workers (executor), ==, 3);
  g_assert_cmpuint (pspec->flags & G_PARAM_CONSTRUCT_ONLY, !=, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/properties/future/say-what-the-getters-say", test_values);
  g_test_add_func ("/properties/future/state-is-an-enum-to-be-read", test_state_is_an_enum);
  g_test_add_func ("/properties/future/name-and-priority-are-those-of-the-task", test_name_and_priority);
  g_test_add_func ("/properties/future/error-can-be-bound-to", test_error_is_bound);
  g_test_add_func ("/properties/future/error-is-not-notified-of-success", test_error_is_not_notified_of_success);
  g_test_add_func ("/properties/future/are-notified-in-an-iteration", test_notified_in_an_iteration);
  g_test_add_func ("/properties/future/cancelling-notifies-the-state", test_cancel_is_notified);
  g_test_add_func ("/properties/future/notifications-are-coalesced", test_coalesced);
  g_test_add_func ("/properties/future/what-did-not-change-is-not-notified", test_only_what_changed);
  g_test_add_func ("/properties/future/are-notified-in-the-context-of-a-promise", test_context_of_the_promise);
  g_test_add_func ("/properties/future/are-notified-in-the-default-context", test_default_context);
  g_test_add_func ("/properties/future/are-notified-in-the-thread-default-context-of-the-submitter",
                   test_context_of_the_submitter);
  g_test_add_func ("/properties/future/are-notified-in-the-context-of-the-task", test_context_of_the_task);
  g_test_add_func ("/properties/future/dropped-while-notifications-are-due-is-freed", test_dropped_while_notified);
  g_test_add_func ("/properties/future/freed-with-the-context-of-a-promise-while-notifications-are-due",
                   test_promise_context_destroyed);
  g_test_add_func ("/properties/future/freed-with-the-context-of-a-task-while-notifications-are-due",
                   test_task_context_destroyed);
  g_test_add_func ("/properties/future/can-be-bound-to", test_bound);
  g_test_add_func ("/properties/future/progress-outside-of-0-to-1-is-rejected", test_progress_out_of_range);
  g_test_add_func ("/properties/future/progress-without-a-message-leaves-the-message", test_progress_without_message);
  g_test_add_func ("/properties/future/progress-of-a-future-that-is-done-is-ignored", test_progress_when_done);
  g_test_add_func ("/properties/executor/count-the-calls", test_counts);
  g_test_add_func ("/properties/executor/counts-are-notified-and-can-be-bound-to", test_counts_are_notified);
  g_test_add_func ("/properties/executor/counts-are-notified-in-the-context-of-its-making", test_counts_context);
  g_test_add_func ("/properties/executor/counts-are-notified-though-a-toggle-reference-submits",
                   test_counts_and_toggle_references);
  g_test_add_func ("/properties/executor/counts-can-be-told-by-a-function", test_counts_func);
  g_test_add_func ("/properties/executor/counts-that-a-function-does-not-tell-are-zeros",
                   test_counts_func_that_sets_nothing);
  g_test_add_func ("/properties/executor/counts-are-told-by-one-function-for-good", test_counts_func_once);
  g_test_add_func ("/properties/executor/who-says-that-counts-have-changed-hears-whether-anybody-listens",
                   test_notify_counts);
  g_test_add_func ("/properties/executor/max-workers-is-set-when-constructed", test_max_workers);

  return g_test_run ();
}
