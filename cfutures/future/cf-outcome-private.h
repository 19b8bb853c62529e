/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-types.h"

G_BEGIN_DECLS

typedef enum
{
  CF_OUTCOME_NOTHING,
  CF_OUTCOME_VALUE,
  CF_OUTCOME_VARIANT,
  CF_OUTCOME_ERROR,
} CfOutcomeKind;

/* What has come of a call. */
typedef struct
{
  CfOutcomeKind kind;
  union
  {
    GValue      value;
    GVariant   *variant;
    GError     *error;
  };
} CfOutcome;

void          cf_outcome_take_error (CfOutcome       *self,
                                     GError          *error);
const GValue *cf_outcome_as_value   (const CfOutcome *self,
                                     GValue          *made);
void          cf_outcome_clear      (CfOutcome       *self);

G_END_DECLS
