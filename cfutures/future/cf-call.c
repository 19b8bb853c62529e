/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call: what stands in a future before it runs.
 *
 * It is a plain value that is moved, never shared: it belongs to its future until that is claimed, then to the thread
 * that runs it. What a local call was given is freed in the submitter's context: see cf_future_give_back(). */

#include "config.h"

#include "future/cf-call-private.h"

#include <glib/gi18n-lib.h>

#include "future/cf-chunk-private.h"
#include "future/cf-function-name-private.h"

/* The calls that this thread is in the middle of, innermost first. */
typedef struct _ActiveCall ActiveCall;

struct _ActiveCall
{
  CfFuture   *future;
  ActiveCall *outer;
};

static _Thread_local ActiveCall *innermost;

void
cf_call_init_func (CfCall   *self,
                   CfFunc    func,
                   GVariant *args)
{
  self->kind = CF_CALL_FUNC;
  self->is_chunk = FALSE;
  self->since = cf_stamp_if_watched ();
  self->func = func;
  self->args = args != NULL ? g_variant_ref_sink (args) : NULL;
  self->destroy = NULL;
}

void
cf_call_init_name (CfCall     *self,
                   const char *name,
                   GVariant   *args)
{
  self->kind = CF_CALL_NAME;
  self->is_chunk = FALSE;
  self->since = cf_stamp_if_watched ();
  self->name = g_strdup (name);
  self->args = args != NULL ? g_variant_ref_sink (args) : NULL;
  self->destroy = NULL;
}

void
cf_call_init_local (CfCall         *self,
                    CfLocalFunc     func,
                    gpointer        user_data,
                    GDestroyNotify  destroy)
{
  self->kind = CF_CALL_LOCAL;
  self->is_chunk = FALSE;
  self->since = cf_stamp_if_watched ();
  self->local = func;
  self->user_data = user_data;
  self->destroy = destroy;
}

/**
 * cf_call_init_copy:
 * @self: the copy
 * @call: a call that outlives the copy
 *
 * Copies a call, but for the duty to destroy its user data, which stays with the original.
 */
void
cf_call_init_copy (CfCall       *self,
                   const CfCall *call)
{
  *self = *call;
  self->since = cf_stamp_if_watched ();
  self->destroy = NULL;

  if (call->kind == CF_CALL_NAME)
    self->name = g_strdup (call->name);
  if (call->kind != CF_CALL_LOCAL && call->args != NULL)
    g_variant_ref (call->args);
}

/**
 * cf_call_make_chunk:
 * @self: a portable call whose arguments are an array of variants
 *
 * Turns it into one that calls the function for each of them.
 */
void
cf_call_make_chunk (CfCall *self)
{
  g_assert (self->kind == CF_CALL_FUNC || self->kind == CF_CALL_NAME);

  self->is_chunk = TRUE;
}

void
cf_call_clear (CfCall *self)
{
  CfCall call = *self;

  self->kind = CF_CALL_NONE;

  switch (call.kind)
    {
    case CF_CALL_NONE:
      return;

    case CF_CALL_LOCAL:
      if (call.destroy != NULL)
        call.destroy (call.user_data);
      return;

    case CF_CALL_NAME:
      g_free (call.name);
      break;

    case CF_CALL_FUNC:
      break;

    default:
      g_assert_not_reached ();
    }

  if (call.args != NULL)
    g_variant_unref (call.args);
}

/* A function that fails owes an error. */
static GError *
error_or_default (GError *error)
{
  return error != NULL ? error
                       : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED,
                                              _("The function failed without setting an error"));
}

static void
invoke_local (const CfCall *self,
              CfFuture     *future,
              CfOutcome    *outcome)
{
  GError *error = NULL;
  gboolean success;

  outcome->kind = CF_OUTCOME_VALUE;
  outcome->value = (GValue) G_VALUE_INIT;

  success = self->local (future, &outcome->value, self->user_data, &error);
  if (success && error == NULL)
    {
      if (!G_IS_VALUE (&outcome->value))
        outcome->kind = CF_OUTCOME_NOTHING;
      return;
    }

  cf_outcome_clear (outcome);
  cf_outcome_take_error (outcome, error_or_default (error));
}

static GVariant *
invoke_func (CfFunc     func,
             CfFuture  *future,
             GVariant  *args,
             GError   **error)
{
  GError *failure = NULL;
  g_autoptr(GVariant) result = func (future, args, &failure);

  if (result != NULL)
    g_variant_take_ref (result);

  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return NULL;
    }

  return g_steal_pointer (&result);
}

static GVariant *
invoke_items (CfFunc    func,
              CfFuture *future,
              GVariant *items)
{
  g_autoptr(GPtrArray) results = g_ptr_array_new ();
  GError *error = NULL;
  GVariantIter iter;
  GVariant *item;

  g_variant_iter_init (&iter, items);

  while (error == NULL && g_variant_iter_next (&iter, "v", &item))
    {
      GVariant *result = invoke_func (func, future, item, &error);

      if (error == NULL)
        g_ptr_array_add (results, result);
      g_variant_unref (item);
    }

  return cf_chunk_new (results, error);
}

static void
invoke_portable (const CfCall *self,
                 CfFuture     *future,
                 CfOutcome    *outcome)
{
  GVariant *result = NULL;
  GError *error = NULL;
  CfFunc func;

  func = self->kind == CF_CALL_NAME ? cf_function_name_resolve (self->name, &error) : self->func;
  if (func != NULL)
    result = self->is_chunk ? invoke_items (func, future, self->args)
                            : invoke_func (func, future, self->args, &error);

  if (error != NULL)
    {
      cf_outcome_take_error (outcome, error);
      return;
    }

  outcome->kind = result != NULL ? CF_OUTCOME_VARIANT : CF_OUTCOME_NOTHING;
  outcome->variant = result;
}

/**
 * cf_call_invoke:
 * @self: a call
 * @future: the future that it settles
 * @outcome: (out caller-allocates): where its result or its error goes
 *
 * Calls the function, in this thread.
 */
void
cf_call_invoke (const CfCall *self,
                CfFuture     *future,
                CfOutcome    *outcome)
{
  ActiveCall active = { future, innermost };

  innermost = &active;

  if (self->kind == CF_CALL_LOCAL)
    invoke_local (self, future, outcome);
  else
    invoke_portable (self, future, outcome);

  innermost = active.outer;
}

/**
 * cf_call_is_running_here:
 * @future: a future
 *
 * Returns: whether this thread is in the middle of the future's call
 */
gboolean
cf_call_is_running_here (CfFuture *future)
{
  for (ActiveCall *active = innermost; active != NULL; active = active->outer)
    {
      if (active->future == future)
        return TRUE;
    }

  return FALSE;
}
