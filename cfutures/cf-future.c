/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfFuture: the result of a call that may not have been made yet.
 *
 * One word holds the state of a future, and is its lock:
 *
 *      PENDING ──claim──→ RUNNING ──settle──→ FINISHED
 *         └────cancel───→ CANCELLED
 *
 * The LOCKED bit guards the other fields: the call before the future is claimed, the outcome before it is
 * settled, the observers and the details (what most futures do without: progress, a cancellable, a time limit).
 * It is held for some tens of instructions and never while user code runs, so a thread that finds it taken just
 * tries again; there is no mutex and no condition. Once the state is done the outcome never changes, and
 * whoever has read the state (acquire) may read the outcome without the lock: settling wrote it before the
 * state (release).
 *
 *      worker:   lock → outcome, state → fire the observers → unlock → run the immediate callbacks
 *      waiter:   state done? else lock → link an observer → unlock → park
 *
 * A settled future goes on being LOCKED until its observers have been fired. A blocking call that finds it done
 * waits for that, and so finds the callbacks that it has to deliver where they belong (cf-future-callbacks.c).
 *
 * Whoever calls in holds a reference. An executor's queue holds one from submission until the call is
 * over. */

#include "config.h"

#include "cf-future-private.h"

#include <glib/gi18n-lib.h>

#include "cf-enum-types.h"
#include "cf-error.h"
#include "cf-parking-private.h"

/**
 * CfFuture:
 *
 * The result of a call that may not have been made yet.
 *
 * A future comes from an executor: [method@Cf.Executor.submit] and its siblings return one at once. It is
 * *pending* until the call begins, *running* until it ends, and then *finished*, with a result or an error; if
 * it was cancelled while it was pending it is *cancelled*, and the call is never made.
 *
 * ```c
 * g_autoptr(CfFuture) future = cf_executor_submit (executor, count_words, g_variant_new_string (path));
 *
 * gint64 n_words = cf_future_get_int64 (future, &error);   // waits until it is done
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

/* The lock. */

/**
 * cf_future_lock:
 * @self: a future
 *
 * Returns: the state word as it was before, to be given to cf_future_unlock()
 */
guint
cf_future_lock (CfFuture *self)
{
  guint32 word = atomic_load_explicit (&self->word, memory_order_relaxed) & ~CF_WORD_LOCKED;

  for (guint round = 0;
       !atomic_compare_exchange_weak_explicit (&self->word, &word, word | CF_WORD_LOCKED,
                                               memory_order_acquire, memory_order_relaxed);
       round++)
    {
      word &= ~CF_WORD_LOCKED;
      cf_lock_backoff (round);
    }

  return word;
}

/**
 * cf_future_unlock:
 * @self: a future that the caller has locked
 * @word: its new state word
 */
void
cf_future_unlock (CfFuture *self,
                  guint     word)
{
  atomic_store_explicit (&self->word, word & ~CF_WORD_LOCKED, memory_order_release);
}

/* Tells the owner of a pending future that it will not be run from its queue. With the lock held. */
static void
withdraw (CfFuture *self)
{
  if (self->owner != NULL && self->owner->withdrawn != NULL)
    self->owner->withdrawn (self->owner, self);
}

/* Claiming. */

/* Makes a pending future run, unless there is a call to be made and it is a promise, which has none. Returns
 * its state word as it was before. */
static guint
begin_running (CfFuture *self,
               gboolean  by_owner,
               gboolean  is_short,
               CfCall   *call)
{
  gboolean is_pending;
  guint word;

  /* A cancellable that many calls share tells them one after the other; the first that give up make room for
   * others that have not been told yet. A call that has begun in another process, whose owner comes without it,
   * has begun. */
  if ((call != NULL || !by_owner) &&
      (cf_future_get_word (self) & CF_WORD_DETAILED) != 0 && cf_future_is_cancel_requested (self))
    cf_future_cancel (self);

  word = cf_future_lock (self);
  is_pending = cf_word_get_state (word) == CF_FUTURE_STATE_PENDING &&
               (call == NULL || self->call.kind != CF_CALL_NONE);

  if (is_pending && !by_owner)
    withdraw (self);
  if (is_pending && call != NULL)
    {
      *call = self->call;
      self->call.kind = CF_CALL_NONE;
    }
  cf_future_unlock (self, is_pending ? word | CF_FUTURE_STATE_RUNNING : word);

  if (is_pending && (word & CF_WORD_DETAILED) != 0)
    cf_future_details_begin (self);
  if (is_pending && !is_short)
    cf_future_notify_state (self);

  return word;
}

/* Settling. */

/* Tells the owner of a remote future that it is about to be settled by somebody else. If the call has not begun it
 * comes back; if it has, that cannot go on. Returns FALSE if it has begun but must not have. With the lock held. */
static gboolean
recall (CfFuture *self,
        guint     word,
        gboolean  only_pending,
        CfCall   *call)
{
  const CfRemoteInterface *remote;

  if ((word & CF_WORD_REMOTE) == 0)
    return TRUE;

  remote = self->owner->remote;
  if (cf_word_get_state (word) == CF_FUTURE_STATE_PENDING && remote->take_back (self->owner, self, call))
    return TRUE;

  if (only_pending)
    return FALSE;

  if (remote->interrupt != NULL)
    remote->interrupt (self->owner, self, CF_INTERRUPT_KILL);
  return TRUE;
}

/* Moves the future to its last state. Returns FALSE if it is there already, or is not pending and must be. */
static gboolean
settle (CfFuture          *self,
        gboolean           only_pending,
        CfFutureState      state,
        CfOutcome         *outcome,
        CfFutureObserver **immediate)
{
  guint word = cf_future_lock (self);
  gboolean was_pending = cf_word_get_state (word) == CF_FUTURE_STATE_PENDING;
  GSList *contexts = NULL;
  CfCall unused_call = { CF_CALL_NONE };

  *immediate = NULL;

  if (cf_word_is_done (word) || (only_pending && !was_pending))
    {
      cf_future_unlock (self, word);
      return FALSE;
    }

  if (!recall (self, word, only_pending, &unused_call))
    {
      cf_future_unlock (self, word);
      cf_future_begin_remote (self);
      return FALSE;
    }

  /* An owner that has given the call of a remote future back may be gone. */
  if (was_pending && (word & CF_WORD_REMOTE) == 0)
    withdraw (self);

  if (self->call.kind != CF_CALL_NONE)
    unused_call = self->call;
  self->outcome = *outcome;
  word = (word & ~(CF_WORD_STATE | CF_WORD_REMOTE)) | state;

  if ((word & CF_WORD_OBSERVED) != 0)
    {
      atomic_store_explicit (&self->word, word | CF_WORD_LOCKED, memory_order_release);
      if (!cf_future_fire_observers (self, immediate, &contexts))
        word &= ~CF_WORD_OBSERVED;
    }

  cf_future_unlock (self, word);

  if ((word & CF_WORD_DETAILED) != 0)
    cf_future_details_end (self, was_pending);
  cf_call_clear (&unused_call);
  if (contexts != NULL)
    g_slist_free_full (contexts, (GDestroyNotify) g_main_context_unref);
  cf_future_notify_state (self);

  return TRUE;
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
 * cf_future_new_failed:
 * @error: (transfer full): why
 *
 * Returns: (transfer full): a future that has already failed
 */
CfFuture *
cf_future_new_failed (GError *error)
{
  CfFuture *self = g_object_new (CF_TYPE_FUTURE, NULL);

  cf_future_fail (self, error);
  return self;
}

/**
 * cf_future_set_owner:
 * @self: a future that is about to be queued
 * @owner: whose queue it is
 *
 * Makes @owner hear of the future if it is settled without having been run.
 *
 * Returns: %FALSE if it is done already, and not to be queued
 */
gboolean
cf_future_set_owner (CfFuture      *self,
                     CfFutureOwner *owner)
{
  guint word = cf_future_lock (self);
  gboolean is_done = cf_word_is_done (word);

  if (!is_done)
    self->owner = owner;
  cf_future_unlock (self, word);

  return !is_done;
}

/**
 * cf_future_make_remote:
 * @self: a pending future with a call
 * @owner: who has the call made in another process, with a remote interface
 * @remote_call: what @owner keeps about the call
 * @call: (out caller-allocates): where the call goes, which the caller then owns
 *
 * Puts a call into the hands of @owner, which hears of what happens to the future until it calls
 * cf_future_end_remote(), or has given the call back.
 *
 * Returns: %FALSE if the future is done already
 */
gboolean
cf_future_make_remote (CfFuture      *self,
                       CfFutureOwner *owner,
                       gpointer       remote_call,
                       CfCall        *call)
{
  guint word = cf_future_lock (self);
  gboolean is_done = cf_word_is_done (word);

  if (!is_done)
    {
      *call = self->call;
      self->call.kind = CF_CALL_NONE;
      self->owner = owner;
      self->remote_call = remote_call;
      word |= CF_WORD_REMOTE;
    }
  cf_future_unlock (self, word);

  return !is_done;
}

/**
 * cf_future_set_remote_reporter:
 * @self: a future that nobody else knows yet
 * @owner: who takes its progress to another process, and outlives it
 *
 * Makes the future the likeness of one in another process, whose call is made here.
 */
void
cf_future_set_remote_reporter (CfFuture      *self,
                               CfFutureOwner *owner)
{
  guint word = cf_future_lock (self);

  self->owner = owner;
  cf_future_unlock (self, word | CF_WORD_REMOTE);
}

/**
 * cf_future_begin_remote:
 * @self: a future
 *
 * Says that the call of a remote future has begun. If it is not pending any more nothing happens.
 */
void
cf_future_begin_remote (CfFuture *self)
{
  begin_running (self, TRUE, FALSE, NULL);
}

/**
 * cf_future_end_remote:
 * @self: a remote future whose call has ended
 * @is_short: whether the call was so short that its beginning and its end may be notified as one
 *
 * From now on the owner hears no more of the future, which it is about to settle with cf_future_settle().
 */
void
cf_future_end_remote (CfFuture *self,
                      gboolean  is_short)
{
  guint word = cf_future_lock (self);
  gboolean is_pending = cf_word_get_state (word) == CF_FUTURE_STATE_PENDING;

  /* In one step: nobody is to find it pending, and cancel it, when its call has been made. */
  cf_future_unlock (self, (word & ~CF_WORD_REMOTE) | (is_pending ? CF_FUTURE_STATE_RUNNING : 0));

  if (is_pending && !is_short)
    cf_future_notify_state (self);
}

/**
 * cf_future_interrupt:
 * @self: a future
 * @how: what to do to its call
 *
 * Returns: whether the call is in the hands of a process, which will be told
 */
gboolean
cf_future_interrupt (CfFuture       *self,
                     CfInterruption  how)
{
  guint word = cf_future_lock (self);
  gboolean is_remote = (word & CF_WORD_REMOTE) != 0 && self->owner->remote->interrupt != NULL;

  if (is_remote)
    self->owner->remote->interrupt (self->owner, self, how);
  cf_future_unlock (self, word);

  return is_remote;
}

/**
 * cf_future_claim:
 * @self: a future of the caller's own
 * @is_short: whether the call is expected to be over at once, so that its beginning and its end may be notified as one
 * @call: (out caller-allocates): where its call goes, which the caller then owns
 *
 * Makes a pending future the caller's, to be run. Exactly one claim of a future succeeds.
 *
 * Returns: %FALSE if it is not pending any more
 */
gboolean
cf_future_claim (CfFuture *self,
                 gboolean  is_short,
                 CfCall   *call)
{
  return cf_word_get_state (begin_running (self, TRUE, is_short, call)) == CF_FUTURE_STATE_PENDING;
}

/**
 * cf_future_end_call:
 * @self: a future that the caller has claimed
 * @call: (transfer full): its call, which has been made
 *
 * Frees what the call needed. To be done before the future is settled: whoever finds it done finds that gone.
 */
void
cf_future_end_call (CfFuture *self,
                    CfCall   *call)
{
  cf_call_clear (call);
  if ((atomic_load_explicit (&self->word, memory_order_relaxed) & CF_WORD_DETAILED) != 0)
    cf_future_details_end (self, TRUE);
}

/**
 * cf_future_settle:
 * @self: a future that the caller has claimed
 * @outcome: (transfer full): what came of it; dropped if something else settled the future meanwhile
 *
 * Finishes a future.
 *
 * Returns: (nullable): the callbacks that the caller has to run with cf_future_run_immediate()
 */
CfFutureObserver *
cf_future_settle (CfFuture  *self,
                  CfOutcome *outcome)
{
  CfFutureObserver *immediate;

  if (!settle (self, FALSE, CF_FUTURE_STATE_FINISHED, outcome, &immediate))
    cf_outcome_clear (outcome);

  return immediate;
}

/* Settles the future on behalf of anybody, not only of whoever claimed it. Takes the outcome in any case. */
static gboolean
settle_from_outside (CfFuture  *self,
                     CfOutcome *outcome)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = g_object_ref (self);
  CfFutureObserver *immediate;

  if (!settle (self, FALSE, CF_FUTURE_STATE_FINISHED, outcome, &immediate))
    {
      cf_outcome_clear (outcome);
      return FALSE;
    }

  cf_future_run_immediate (self, immediate);
  return TRUE;
}

/**
 * cf_future_fail:
 * @self: a future
 * @error: (transfer full): why
 *
 * Returns: %FALSE if it was settled already
 */
gboolean
cf_future_fail (CfFuture *self,
                GError   *error)
{
  CfOutcome outcome;

  cf_outcome_take_error (&outcome, error);
  return settle_from_outside (self, &outcome);
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

/* GAsyncResult: what cf_executor_submit_async() gives to its callback is the future. */

static gpointer
async_result_get_user_data (GAsyncResult *result)
{
  return cf_future_get_source_data (CF_FUTURE (result));
}

static GObject *
async_result_get_source_object (GAsyncResult *result)
{
  GObject *source_object = cf_future_get_source_object (CF_FUTURE (result));

  return source_object != NULL ? g_object_ref (source_object) : NULL;
}

static void
async_result_init (GAsyncResultIface *iface)
{
  iface->get_user_data = async_result_get_user_data;
  iface->get_source_object = async_result_get_source_object;
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

/* Does not chain up, on purpose: what GObject's function does, to disconnect handlers and to tell those who
 * hold weak references, g_object_unref() does again right after this, and the locks that it takes are those of
 * the whole process. A future holds no references before it is finalized that could be part of a cycle. */
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
    cf_future_discard_callbacks (self);

  if (cf_word_is_done (word))
    {
      warn_if_not_looked_at (self);
      cf_outcome_clear (&self->outcome);
    }
  else
    {
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

  g_object_class_install_properties (object_class, CF_FUTURE_N_PROPS, cf_future_properties);
}

static void
cf_future_init (CfFuture *self)
{
}

/**
 * cf_future_new:
 *
 * Makes a promise: a pending future that belongs to no executor.
 *
 * Whoever has made it settles it, from any thread, with [method@Cf.Future.set_value],
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

  cf_future_set_thread_context (self);
  return self;
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
  CfFutureState state;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), CF_FUTURE_STATE_PENDING);

  word = cf_future_get_word (self);
  state = cf_word_get_state (word);
  if (state != CF_FUTURE_STATE_PENDING || (word & CF_WORD_REMOTE) == 0)
    return state;

  /* Another process may have begun the call just now. */
  word = cf_future_lock (self);
  state = cf_word_get_state (word);
  if (state == CF_FUTURE_STATE_PENDING && (word & CF_WORD_REMOTE) != 0 &&
      self->owner->remote->has_begun (self->owner, self))
    state = CF_FUTURE_STATE_RUNNING;
  cf_future_unlock (self, word);

  return state;
}

/**
 * cf_future_is_cancelled:
 * @self: a future
 *
 * Returns: whether the call was cancelled before it began
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
        g_auto(GValue) value = G_VALUE_INIT;

        cf_variant_to_value (outcome->variant, &value);
        if (G_VALUE_HOLDS_VARIANT (&value))
          return g_strdup_printf ("returned GVariant %s", g_variant_get_type_string (outcome->variant));

        return g_strdup_printf ("returned %s", G_VALUE_TYPE_NAME (&value));
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

/**
 * cf_future_cancel:
 * @self: a future
 *
 * Cancels the call if it has not begun. The future is done then: its callbacks are called, and what was
 * submitted with the call is freed before this returns.
 *
 * A call that runs is not disturbed; [method@Cf.Future.cancel_full] goes further.
 *
 * Returns: %TRUE if the function will never run, %FALSE if it runs or has ended
 *
 * Since: 1.0
 */
gboolean
cf_future_cancel (CfFuture *self)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = NULL;
  CfOutcome nothing = { CF_OUTCOME_NOTHING };
  CfFutureObserver *immediate;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  alive = g_object_ref (self);
  if (settle (self, TRUE, CF_FUTURE_STATE_CANCELLED, &nothing, &immediate))
    cf_future_run_immediate (self, immediate);

  return cf_future_is_cancelled (self);
}

/**
 * cf_future_cancel_full:
 * @self: a future
 * @flags: how far to go
 *
 * Cancels the call if it has not begun, and if it runs does what @flags allow: with `CF_CANCEL_COOPERATE` the
 * call's [method@Cf.Future.get_cancellable] is cancelled, which a function that looks at it takes as the
 * request to return early. The future is done when the function has returned. With `CF_CANCEL_KILL` a call that
 * runs in a worker process is ended with that process, and the future fails with `CF_ERROR_WORKER_DIED`; elsewhere
 * that flag means nothing.
 *
 * Returns: %TRUE if the function will never run, %FALSE if it runs or has ended
 *
 * Since: 1.0
 */
gboolean
cf_future_cancel_full (CfFuture      *self,
                       CfCancelFlags  flags)
{
  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  if (cf_future_cancel (self))
    return TRUE;

  if ((flags & CF_CANCEL_COOPERATE) != 0 && !cf_future_is_done (self))
    cf_future_trip_cancellable (self);
  if ((flags & CF_CANCEL_KILL) != 0)
    cf_future_interrupt (self, CF_INTERRUPT_KILL);

  return FALSE;
}

/**
 * cf_future_set_running_or_notify_cancel:
 * @self: a pending or cancelled future
 *
 * Says that the work behind a promise begins, unless it was cancelled. From then on it can be cancelled no
 * more.
 *
 * Returns: %TRUE if the work should be done, %FALSE if the future is cancelled
 *
 * Since: 1.0
 */
gboolean
cf_future_set_running_or_notify_cancel (CfFuture *self)
{
  CfFutureState state;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);

  state = cf_word_get_state (begin_running (self, FALSE, FALSE, NULL));
  if (state == CF_FUTURE_STATE_CANCELLED)
    return FALSE;

  g_return_val_if_fail (state == CF_FUTURE_STATE_PENDING, FALSE);

  return TRUE;
}

/* Settles a promise, or says why it cannot be. Takes the outcome in any case. */
static gboolean
settle_promise (CfFuture   *self,
                CfOutcome  *outcome,
                GError    **error)
{
  if (settle_from_outside (self, outcome))
    return TRUE;

  g_set_error_literal (error, CF_ERROR, CF_ERROR_INVALID_STATE,
                       cf_future_is_cancelled (self) ? _("The future was cancelled, and takes no result any more")
                                                     : _("The future is finished, and takes no second result"));
  return FALSE;
}

/**
 * cf_future_set_value:
 * @self: a pending or running future
 * @value: (nullable): the result, or %NULL if there is none
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise with a copy of @value as its result. A future is settled exactly once: if it was settled
 * or cancelled before, nothing changes.
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
 * Finishes a promise with @variant as its result. A future is settled exactly once: if it was settled or
 * cancelled before, nothing changes.
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
 * cf_future_hand_over: (skip)
 * @self: a pending or running future
 * @linger_usec: how many microseconds to stay busy afterwards
 *
 * Finishes a promise without a result, as [method@Cf.Future.set_variant] does, and lets some time pass before it
 * returns.
 *
 * This is for bindings of a language whose interpreter has one lock, and calls this function without it: whoever waits
 * for @self gets the lock while this thread lingers, instead of having to sleep until the thread that woke it lets go.
 *
 * Returns: %TRUE if this call settled the future
 *
 * Since: 1.0
 */
gboolean
cf_future_hand_over (CfFuture *self,
                     gint64    linger_usec)
{
  CfOutcome outcome = { CF_OUTCOME_NOTHING };
  gboolean is_settled;

  g_return_val_if_fail (CF_IS_FUTURE (self), FALSE);
  g_return_val_if_fail (linger_usec >= 0, FALSE);

  is_settled = settle_promise (self, &outcome, NULL);
  cf_wait_linger (linger_usec);

  return is_settled;
}

/**
 * cf_future_set_error:
 * @self: a pending or running future
 * @failure: the error that its getters will return a copy of
 * @error: return location for a `CF_ERROR_INVALID_STATE`
 *
 * Finishes a promise with an error. A future is settled exactly once: if it was settled or
 * cancelled before, nothing changes.
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

/**
 * cf_future_run:
 * @self: a future
 *
 * Makes the call, in this thread, and settles the future with what comes of it; does nothing if the future
 * is not pending any more. This is for executors: see [vfunc@Cf.Executor.execute].
 *
 * Since: 1.0
 */
void
cf_future_run (CfFuture *self)
{
  g_autoptr(CfFuture) alive G_GNUC_UNUSED = NULL;
  CfOutcome outcome;
  CfCall call = { CF_CALL_NONE };

  g_return_if_fail (CF_IS_FUTURE (self));

  alive = g_object_ref (self);
  if (cf_word_get_state (begin_running (self, FALSE, FALSE, &call)) != CF_FUTURE_STATE_PENDING)
    return;

  g_return_if_fail (call.kind != CF_CALL_NONE);

  cf_call_invoke (&call, self, &outcome);
  cf_future_end_call (self, &call);
  cf_future_run_immediate (self, cf_future_settle (self, &outcome));
}

/**
 * cf_future_dup_function:
 * @self: a future
 *
 * The name of the function that is to be called, if the call was submitted by name and has not begun. This is
 * for executors that run calls elsewhere. A chunk of a map is no such call: [method@Cf.Future.run] makes it.
 *
 * Returns: (transfer full) (nullable): `MODULE:FUNCTION`, or %NULL
 *
 * Since: 1.0
 */
char *
cf_future_dup_function (CfFuture *self)
{
  char *function = NULL;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  word = cf_future_lock (self);
  if (!cf_word_is_done (word) && self->call.kind == CF_CALL_NAME)
    function = g_strdup (self->call.name);
  cf_future_unlock (self, word);

  return function;
}

/**
 * cf_future_dup_arguments:
 * @self: a future
 *
 * The arguments of a portable call that has not begun. This is for executors that run calls elsewhere.
 *
 * Returns: (transfer full) (nullable): the arguments, or %NULL
 *
 * Since: 1.0
 */
GVariant *
cf_future_dup_arguments (CfFuture *self)
{
  GVariant *args = NULL;
  guint word;

  g_return_val_if_fail (CF_IS_FUTURE (self), NULL);

  word = cf_future_lock (self);
  if (!cf_word_is_done (word) && self->call.kind != CF_CALL_NONE && self->call.kind != CF_CALL_LOCAL &&
      self->call.args != NULL)
    args = g_variant_ref (self->call.args);
  cf_future_unlock (self, word);

  return args;
}
