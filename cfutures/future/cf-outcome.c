/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An outcome: what has come of a call, and stands in its future afterwards.
 *
 * It is a plain value that is moved, never shared: it belongs to the thread that runs the call until the future is
 * settled with it. */

#include "config.h"

#include "future/cf-outcome-private.h"

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

static void
variant_to_value (GVariant *variant,
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
 * cf_outcome_as_value:
 * @self: an outcome that is no error
 * @made: a value that is not set, for the caller to unset
 *
 * Brings a result into the form of a value: that of a portable call is one of the corresponding type if it is basic,
 * and holds the variant otherwise.
 *
 * Returns: (transfer none): the outcome's own value, or @made, which is not set if there is no result
 */
const GValue *
cf_outcome_as_value (const CfOutcome *self,
                     GValue          *made)
{
  if (self->kind == CF_OUTCOME_VALUE)
    return &self->value;

  if (self->kind == CF_OUTCOME_VARIANT)
    variant_to_value (self->variant, made);

  return made;
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
