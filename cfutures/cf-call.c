/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call and its outcome: what stands in a future before it runs, and what stands there afterwards.
 *
 * Both are plain values that are moved, never shared: a call belongs to its future until that is claimed,
 * then to whoever runs it; an outcome belongs to whoever runs the call until the future is settled with it. */

#include "config.h"

#include "cf-call-private.h"

#include <glib/gi18n-lib.h>

#include "cf-error-private.h"
#include "cf-function-name-private.h"

#define CHUNK_TYPE "(amvm" CF_ERROR_VARIANT_TYPE ")"

/* The calls that this thread is in the middle of, innermost first. */
typedef struct _Frame Frame;

struct _Frame
{
  CfFuture *future;
  Frame    *outer;
};

static _Thread_local Frame *innermost;

void
cf_call_init_func (CfCall   *self,
                   CfFunc    func,
                   GVariant *args)
{
  self->kind = CF_CALL_FUNC;
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

  self->kind = self->kind == CF_CALL_FUNC ? CF_CALL_FUNC_ITEMS : CF_CALL_NAME_ITEMS;
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
    case CF_CALL_NAME_ITEMS:
      g_free (call.name);
      break;

    case CF_CALL_FUNC:
    case CF_CALL_FUNC_ITEMS:
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
                                              _("The function failed without saying why"));
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
  gboolean by_name = self->kind == CF_CALL_NAME || self->kind == CF_CALL_NAME_ITEMS;
  gboolean is_chunk = self->kind == CF_CALL_FUNC_ITEMS || self->kind == CF_CALL_NAME_ITEMS;
  GVariant *result = NULL;
  GError *error = NULL;
  CfFunc func;

  func = by_name ? cf_function_name_resolve (self->name, &error) : self->func;
  if (func != NULL)
    result = is_chunk ? invoke_items (func, future, self->args)
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
  Frame frame = { future, innermost };

  innermost = &frame;

  if (self->kind == CF_CALL_LOCAL)
    invoke_local (self, future, outcome);
  else
    invoke_portable (self, future, outcome);

  innermost = frame.outer;
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
  for (Frame *frame = innermost; frame != NULL; frame = frame->outer)
    {
      if (frame->future == future)
        return TRUE;
    }

  return FALSE;
}

void
cf_outcome_clear (CfOutcome *self)
{
  CfOutcome outcome = *self;

  self->kind = CF_OUTCOME_NOTHING;

  switch (outcome.kind)
    {
    case CF_OUTCOME_NOTHING:
      break;

    case CF_OUTCOME_VALUE:
      if (G_IS_VALUE (&outcome.value))
        g_value_unset (&outcome.value);
      break;

    case CF_OUTCOME_VARIANT:
      g_variant_unref (outcome.variant);
      break;

    case CF_OUTCOME_ERROR:
      g_error_free (outcome.error);
      break;

    default:
      g_assert_not_reached ();
    }
}

/**
 * cf_outcome_take_error:
 * @self: (out caller-allocates): an outcome
 * @error: (transfer full): an error
 *
 * Makes @self a failure.
 */
void
cf_outcome_take_error (CfOutcome *self,
                       GError    *error)
{
  self->kind = CF_OUTCOME_ERROR;
  self->error = error;
}

void
cf_variant_to_value (GVariant *variant,
                     GValue   *value)
{
  if (g_variant_type_is_basic (g_variant_get_type (variant)))
    {
      g_dbus_gvariant_to_gvalue (variant, value);
      return;
    }

  g_value_init (value, G_TYPE_VARIANT);
  g_value_set_variant (value, variant);
}

/**
 * cf_chunk_new:
 * @results: (element-type GVariant): the results of a chunk's items, whose references are taken; some may be %NULL
 * @error: (transfer full) (nullable): why the one after them failed
 *
 * Returns: (transfer full): what a chunk returns
 */
GVariant *
cf_chunk_new (GPtrArray *results,
              GError    *error)
{
  g_autoptr(GError) owned_error G_GNUC_UNUSED = error;
  GVariantBuilder builder;
  GVariant *failure = NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("amv"));
  for (guint i = 0; i < results->len; i++)
    {
      g_autoptr(GVariant) result = g_ptr_array_index (results, i);

      g_variant_builder_add (&builder, "mv", result);
    }

  if (error != NULL)
    failure = cf_error_to_variant (error);

  return g_variant_ref_sink (g_variant_new ("(@amv@m(siay))",
                                            g_variant_builder_end (&builder),
                                            g_variant_new_maybe (G_VARIANT_TYPE (CF_ERROR_VARIANT_TYPE), failure)));
}

/**
 * cf_chunk_fits:
 * @chunk: what somebody says that a chunk has returned
 * @items: the arguments of the chunk
 *
 * Returns: whether that can be
 */
gboolean
cf_chunk_fits (GVariant *chunk,
               GVariant *items)
{
  g_autoptr(GError) error = NULL;
  gsize n_results;

  if (!g_variant_is_of_type (chunk, G_VARIANT_TYPE (CHUNK_TYPE)))
    return FALSE;

  error = cf_chunk_dup_error (chunk);
  n_results = cf_chunk_n_results (chunk);

  return error != NULL ? n_results < g_variant_n_children (items) : n_results == g_variant_n_children (items);
}

gsize
cf_chunk_n_results (GVariant *chunk)
{
  g_autoptr(GVariant) results = NULL;

  g_assert (g_variant_is_of_type (chunk, G_VARIANT_TYPE (CHUNK_TYPE)));

  results = g_variant_get_child_value (chunk, 0);
  return g_variant_n_children (results);
}

GVariant *
cf_chunk_dup_result (GVariant *chunk,
                     gsize     i)
{
  g_autoptr(GVariant) results = g_variant_get_child_value (chunk, 0);
  GVariant *result = NULL;

  g_variant_get_child (results, i, "mv", &result);
  return result;
}

GError *
cf_chunk_dup_error (GVariant *chunk)
{
  g_autoptr(GVariant) maybe = g_variant_get_child_value (chunk, 1);
  g_autoptr(GVariant) failure = g_variant_get_maybe (maybe);

  return failure != NULL ? cf_error_from_variant (failure) : NULL;
}
