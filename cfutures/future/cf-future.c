/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfFuture: the result of a call that may not have been made yet.
 *
 * This is the type, with its properties and what reads it without changing it. It stands on the state word and the
 * lock (cf-future-state.c), the observers and the details; what changes a future stands on it, a file for each verb:
 *
 *      cf-task.c                   cf-future-results.c
 *      cf-future-cancel.c          cf-future-wait.c
 *                         cf-future-claim.c
 *                        cf-future-timeout.c
 *      cf-future-cancellable.c     cf-future-promise.c
 *      cf-future-remote.c          cf-future-settle.c        cf-future-progress.c
 *                      cf-future-notification.c              cf-future-callbacks.c
 *                                    cf-future.c
 *      cf-future-details.c         cf-future-observers.c
 *                         cf-future-state.c                  cf-call.c
 *
 * A caller holds a reference. An executor's queue holds one from submission until the call is
 * over. */

#include "config.h"

#include "future/cf-future-private.h"

#include <glib/gi18n-lib.h>

#include "cf-bindings-private.h"
#include "cf-enum-types.h"
#include "future/cf-future-details-private.h"
#include "future/cf-future-observers-private.h"
#include "future/cf-future-state-private.h"

/**
 * CfFuture:
 *
 * The result of a call that may not have been made yet.
 *
 * A future comes from an executor: [method@Cf.Executor.submit] and its siblings return one at once. It is
 * *pending* until the call begins, *running* until it ends, and then *finished*, with a result or an error; if
 * it was cancelled while it was pending, or ended because it was asked to, it is *cancelled*.
 *
 * ```c
 * g_autoptr(CfFuture) future = cf_executor_submit (executor, count_words, g_variant_new_string (path));
 *
 * gint64 n_words = cf_future_await_int64 (future, &error);   // waits until it is done
 * ```
 *
 * In a program with a main loop one does not wait but asks to be told:
 *
 * ```c
 * cf_future_add_done_callback (future, on_counted, label, NULL);
 * ```
 *
 * The callback runs in the main context of the thread that asked, so that it may touch widgets.
 *
 * All methods may be called from any thread. Properties are notified on the main context that was the thread's
 * default when the call was submitted; notifications are coalesced, and nothing is queued while nobody listens.
 *
 * A future can also be made by hand, with [ctor@Cf.Future.new]: a promise, which somebody settles with
 * [method@Cf.Future.set_value], [method@Cf.Future.set_variant] or [method@Cf.Future.set_error].
 *
 * If a call fails and nobody has looked at its error when the future is finalized, the error is logged.
 *
 * Since: 1.0
 */

static void async_result_init (GAsyncResultIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CfFuture, cf_future, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_RESULT, async_result_init))

GParamSpec *cf_future_properties[CF_FUTURE_N_PROPS];

/* GAsyncResult: what cf_executor_submit_async() gives to its callback is the future. */

static gpointer
async_result_get_user_data (GAsyncResult *result)
{
  const CfFutureDetails *details = CF_FUTURE (result)->details;

  return details != NULL ? details->source_data : NULL;
}

static GObject *
async_result_get_source_object (GAsyncResult *result)
{
  const CfFutureDetails *details = CF_FUTURE (result)->details;

  return details != NULL && details->source_object != NULL ? g_object_ref (details->source_object) : NULL;
}

static gboolean
async_result_is_tagged (GAsyncResult *result,
                        gpointer      tag)
{
  const CfFutureDetails *details = CF_FUTURE (result)->details;

  return (details != NULL ? details->source_tag : NULL) == tag;
}

static void
async_result_init (GAsyncResultIface *iface)
{
  iface->get_user_data = async_result_get_user_data;
  iface->get_source_object = async_result_get_source_object;
  iface->is_tagged = async_result_is_tagged;
}

/* GObject. */

static void
cf_future_get_property (GObject    *object,
                        guint       property_id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  CfFuture *self = CF_FUTURE (object);

  switch (property_id)
    {
    case CF_FUTURE_PROP_STATE:
      g_value_set_enum (value, cf_future_get_state (self));
      break;

    case CF_FUTURE_PROP_PROGRESS:
      g_value_set_double (value, cf_future_get_progress (self));
      break;

    case CF_FUTURE_PROP_MESSAGE:
      g_value_take_string (value, cf_future_dup_message (self));
      break;

    case CF_FUTURE_PROP_NAME:
      g_value_set_string (value, cf_future_get_name (self));
      break;

    case CF_FUTURE_PROP_PRIORITY:
      g_value_set_int (value, cf_future_get_priority (self));
      break;

    case CF_FUTURE_PROP_ERROR:
      g_value_set_boxed (value, cf_future_get_error (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
warn_if_not_looked_at (CfFuture *self)
{
  const char *name = cf_future_get_name (self);
  const GError *error = self->outcome.error;

  if (self->outcome.kind != CF_OUTCOME_ERROR ||
      atomic_load_explicit (&self->looked_at, memory_order_relaxed))
    return;

  g_warning ("A call failed and nobody looked at its error: %s%s%s (%s, %d)",
             name != NULL ? name : "", name != NULL ? ": " : "",
             error->message, g_quark_to_string (error->domain), error->code);
}

/* Does not chain up, on purpose. GObject's function disconnects handlers and clears weak references, which
 * g_object_unref() does again right after this, and the locks that it takes are those of the whole process: calls in
 * bulk take a third longer with it. Before a future is finalized it holds no reference that could be part of a
 * cycle. */
static void
cf_future_dispose (GObject *object)
{
}

static void
cf_future_finalize (GObject *object)
{
  CfFuture *self = CF_FUTURE (object);
  guint word = cf_future_get_word (self);

  CF_TSAN_ACQUIRE (self);

  if ((word & CF_WORD_OBSERVED) != 0)
    cf_future_discard_observers (self);

  if (cf_word_is_done (word))
    {
      warn_if_not_looked_at (self);
      cf_outcome_clear (&self->outcome);
    }
  else
    {
      cf_future_give_back (self, &self->call);
      cf_call_clear (&self->call);
    }

  if (self->details != NULL)
    cf_future_details_free (self->details);

  G_OBJECT_CLASS (cf_future_parent_class)->finalize (object);
}

static void
cf_future_class_init (CfFutureClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = cf_future_get_property;
  object_class->dispose = cf_future_dispose;
  object_class->finalize = cf_future_finalize;

  /**
   * CfFuture:state: (getter get_state)
   *
   * Where the future stands.
   *
   * Since: 1.0
   */
  cf_future_properties[CF_FUTURE_PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL,
                       CF_TYPE_FUTURE_STATE, CF_FUTURE_STATE_PENDING,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CfFuture:progress: (getter get_progress)
   *
   * How much of the call is done, from 0 to 1, as it has reported itself.
   *
   * Since: 1.0
   */
  cf_future_properties[CF_FUTURE_PROP_PROGRESS] =
    g_param_spec_double ("progress", NULL, NULL,
                         0.0, 1.0, 0.0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CfFuture:message: (getter dup_message)
   *
   * What the call has reported that it is doing.
   *
   * Since: 1.0
   */
  cf_future_properties[CF_FUTURE_PROP_MESSAGE] =
    g_param_spec_string ("message", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CfFuture:name: (getter get_name)
   *
   * What the task that the future was submitted with is called.
   *
   * Since: 1.0
   */
  cf_future_properties[CF_FUTURE_PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CfFuture:priority: (getter get_priority)
   *
   * The priority of the task that the future was submitted with.
   *
   * Since: 1.0
   */
  cf_future_properties[CF_FUTURE_PROP_PRIORITY] =
    g_param_spec_int ("priority", NULL, NULL,
                      G_MININT, G_MAXINT, G_PRIORITY_DEFAULT,
                      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CfFuture:error: (getter get_error)
   *
   * Why the call failed, or %NULL if it is not done or succeeded. Reading it counts as looking at the error.
   *
   * Since: 1.0
   */
  cf_future_properties[CF_FUTURE_PROP_ERROR] =
    g_param_spec_boxed ("error", NULL, NULL,
                        G_TYPE_ERROR,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, CF_FUTURE_N_PROPS, cf_future_properties);
}

static void
cf_future_init (CfFuture *self)
{
  atomic_init (&self->word, cf_future_get_forks ());
}

/**
 * cf_future_new_call:
 * @call: (transfer full): what is to be called
 *
 * Returns: (transfer full): a pending future, to be put into a queue
 */
CfFuture *
cf_future_new_call (CfCall *call)
{
  CfFuture *self = g_object_new (CF_TYPE_FUTURE, NULL);

  self->call = *call;
  return self;
}

/**
 * cf_future_has_error:
 * @self: a future
 *
 * Returns: whether it has failed, which does not count as having looked at the error
 */
gboolean
cf_future_has_error (CfFuture *self)
{
  CF_TSAN_READS (self);

  return cf_future_get_state (self) == CF_FUTURE_STATE_FINISHED && self->outcome.kind == CF_OUTCOME_ERROR;
}

/**
 * cf_future_get_state:
 * @self: a future
 *
 * Where the future stands. It may have moved on when the function returns, but never back.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
CfFutureState
cf_future_get_state (CfFuture *self)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), CF_FUTURE_STATE_PENDING);

  return cf_future_read_state (self);
}

/**
 * cf_future_is_cancelled:
 * @self: a future
 *
 * Returns whether the call was cancelled: before it began, or while it ran if it ended because it was asked to.
 *
 * Returns: %TRUE if the call was cancelled
 *
 * Since: 1.0
 */
gboolean
cf_future_is_cancelled (CfFuture *self)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  return cf_future_get_state (self) == CF_FUTURE_STATE_CANCELLED;
}

/**
 * cf_future_is_running:
 * @self: a future
 *
 * Returns whether the call is running: it has begun and has not ended. Any thread may ask; the answer may be out of
 * date when it arrives.
 *
 * Returns: whether the call has begun and has not ended
 *
 * Since: 1.0
 */
gboolean
cf_future_is_running (CfFuture *self)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  return cf_future_get_state (self) == CF_FUTURE_STATE_RUNNING;
}

/**
 * cf_future_is_done:
 * @self: a future
 *
 * Returns whether the call is over: it has finished, failed or been cancelled. That does not change again.
 *
 * Returns: whether the call has finished, failed or been cancelled
 *
 * Since: 1.0
 */
gboolean
cf_future_is_done (CfFuture *self)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  return cf_word_is_done (cf_future_get_word (self));
}

static char *
describe_outcome (const CfOutcome *outcome)
{
  switch (outcome->kind)
    {
    case CF_OUTCOME_NOTHING:
      return g_strdup ("returned nothing");

    case CF_OUTCOME_VALUE:
      return g_strdup_printf ("returned %s", G_VALUE_TYPE_NAME (&outcome->value));

    case CF_OUTCOME_VARIANT:
      {
        g_auto(GValue) made = G_VALUE_INIT;
        const GValue *value = cf_outcome_as_value (outcome, &made);

        if (G_VALUE_HOLDS_VARIANT (value))
          return g_strdup_printf ("returned GVariant %s", g_variant_get_type_string (outcome->variant));

        return g_strdup_printf ("returned %s", G_VALUE_TYPE_NAME (value));
      }

    case CF_OUTCOME_ERROR:
      return g_strdup_printf ("raised %s %d",
                              g_quark_to_string (outcome->error->domain), outcome->error->code);

    default:
      g_assert_not_reached ();
    }
}

/**
 * cf_future_to_string:
 * @self: a future
 *
 * Describes the future for a person who debugs: `<CfFuture at 0x55d0c8e0 state=finished returned gdouble>`.
 *
 * Returns: (transfer full): a description
 *
 * Since: 1.0
 */
char *
cf_future_to_string (CfFuture *self)
{
  CF_TSAN_READS (self);
  g_autofree char *outcome = NULL;
  g_autoptr(GEnumClass) states = NULL;
  CfFutureState state;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  states = g_type_class_ref (CF_TYPE_FUTURE_STATE);
  state = cf_future_get_state (self);
  if (state == CF_FUTURE_STATE_FINISHED)
    outcome = describe_outcome (&self->outcome);

  return g_strdup_printf ("<CfFuture at %p state=%s%s%s>", (gpointer) self,
                          g_enum_get_value (states, state)->value_nick,
                          outcome != NULL ? " " : "", outcome != NULL ? outcome : "");
}

/*
 * cf_future_ignore_error:
 * @self: a future, done or not
 *
 * Has its error, if it fails, count as looked at.
 */
void
cf_future_ignore_error (CfFuture *self)
{
  atomic_store_explicit (&self->looked_at, TRUE, memory_order_relaxed);
}

/* Name and priority are set before any other thread knows the future, and stay: reading them takes no lock. */

/**
 * cf_future_get_name:
 * @self: a future
 *
 * Returns the name of the task that the future was submitted with, for messages and lists.
 *
 * Returns: (transfer none) (nullable): the name, which lives as long as the future, or %NULL if it has none
 *
 * Since: 1.0
 */
const char *
cf_future_get_name (CfFuture *self)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  return (cf_future_get_word (self) & CF_WORD_DETAILED) != 0 ? self->details->name : NULL;
}

/**
 * cf_future_get_priority:
 * @self: a future
 *
 * Returns the priority of the task that the future was submitted with.
 *
 * Returns: the priority, lower numbers going first; `G_PRIORITY_DEFAULT` if it was submitted without one
 *
 * Since: 1.0
 */
int
cf_future_get_priority (CfFuture *self)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), G_PRIORITY_DEFAULT);

  return (cf_future_get_word (self) & CF_WORD_DETAILED) != 0 ? self->details->priority : G_PRIORITY_DEFAULT;
}

/**
 * cf_future_get_error:
 * @self: a future
 *
 * Returns why the call failed, and never blocks. A cancelled future has not failed, and its error
 * is `G_IO_ERROR_CANCELLED`.
 *
 * An error that was returned counts as looked at, and is not logged when the future is finalized.
 *
 * Returns: (transfer none) (nullable): the error, which lives as long as the future, or %NULL if the call is not done
 *   or succeeded
 *
 * Since: 1.0
 */
const GError *
cf_future_get_error (CfFuture *self)
{
  CF_TSAN_READS (self);
  static GError *cancelled;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  word = cf_future_get_word (self);
  if (!cf_word_is_done (word))
    return NULL;

  if (cf_word_get_state (word) == CF_FUTURE_STATE_CANCELLED)
    {
      if (g_once_init_enter (&cancelled))
        g_once_init_leave (&cancelled, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                            _("The call was cancelled")));
      return cancelled;
    }

  if (self->outcome.kind != CF_OUTCOME_ERROR)
    return NULL;

  cf_future_ignore_error (self);
  return self->outcome.error;
}

/**
 * cf_future_get_progress:
 * @self: a future
 *
 * Returns what the call has last reported by [method@Cf.Future.report_progress]: [property@Cf.Future:progress].
 *
 * Returns: how much of the call is done, from 0 to 1, as far as it has reported
 *
 * Since: 1.0
 */
double
cf_future_get_progress (CfFuture *self)
{
  double progress;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), 0.0);

  word = cf_future_lock (self);
  progress = self->details != NULL ? self->details->progress : 0.0;
  cf_future_unlock (self, word);

  return progress;
}

/**
 * cf_future_dup_message:
 * @self: a future
 *
 * Returns what the call has last said by [method@Cf.Future.report_progress]: [property@Cf.Future:message].
 *
 * Returns: (transfer full) (nullable): what the call has last reported to be doing
 *
 * Since: 1.0
 */
char *
cf_future_dup_message (CfFuture *self)
{
  char *message;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  word = cf_future_lock (self);
  message = self->details != NULL ? g_strdup (self->details->message) : NULL;
  cf_future_unlock (self, word);

  return message;
}
