/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-types.h"

G_BEGIN_DECLS

typedef enum
{
  CF_CALL_NONE,           /* a promise: there is nothing to call */
  CF_CALL_FUNC,           /* a CfFunc and its arguments */
  CF_CALL_NAME,           /* a function's name and its arguments */
  CF_CALL_FUNC_ITEMS,     /* the function is called for each of the arguments: a chunk of a map */
  CF_CALL_NAME_ITEMS,
  CF_CALL_LOCAL,          /* a CfLocalFunc and its data */
} CfCallKind;

/* What is to be called. */
typedef struct
{
  CfCallKind kind;
  union
  {
    CfFunc      func;
    char       *name;
    CfLocalFunc local;
  };
  union
  {
    GVariant   *args;
    gpointer    user_data;
  };
  GDestroyNotify destroy;   /* of user_data */
} CfCall;

typedef enum
{
  CF_OUTCOME_NOTHING,
  CF_OUTCOME_VALUE,
  CF_OUTCOME_VARIANT,
  CF_OUTCOME_ERROR,
} CfOutcomeKind;

/* What has come of it. */
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

void      cf_call_init_func     (CfCall         *self,
                                 CfFunc          func,
                                 GVariant       *args);
void      cf_call_init_name     (CfCall         *self,
                                 const char     *name,
                                 GVariant       *args);
void      cf_call_init_local    (CfCall         *self,
                                 CfLocalFunc     func,
                                 gpointer        user_data,
                                 GDestroyNotify  destroy);
void      cf_call_init_copy     (CfCall         *self,
                                 const CfCall   *call);
void      cf_call_make_chunk    (CfCall         *self);
void      cf_call_clear         (CfCall         *self);
void      cf_call_invoke        (const CfCall   *self,
                                 CfFuture       *future,
                                 CfOutcome      *outcome);
gboolean  cf_call_is_running_here (CfFuture    *future);

void      cf_outcome_clear      (CfOutcome      *self);
void      cf_outcome_take_error (CfOutcome      *self,
                                 GError         *error);

/* The result of a portable call as a value: of the corresponding type if it is basic, otherwise as it is. */
void      cf_variant_to_value   (GVariant       *variant,
                                 GValue         *value);

/* What a chunk returns: the results of its items, up to the first that failed, and that one's error. */
GVariant *cf_chunk_new          (GPtrArray      *results,
                                 GError         *error);
gboolean  cf_chunk_fits         (GVariant       *chunk,
                                 GVariant       *items);
gsize     cf_chunk_n_results    (GVariant       *chunk);
GVariant *cf_chunk_dup_result   (GVariant       *chunk,
                                 gsize           i);
GError   *cf_chunk_dup_error    (GVariant       *chunk);

G_END_DECLS
