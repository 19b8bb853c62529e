/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/cf-stamp-private.h"
#include "future/cf-outcome-private.h"

G_BEGIN_DECLS

typedef enum
{
  CF_CALL_NONE,           /* a promise: there is nothing to call */
  CF_CALL_FUNC,           /* a CfFunc and its arguments */
  CF_CALL_NAME,           /* a function's name and its arguments */
  CF_CALL_LOCAL,          /* a CfLocalFunc and its data */
} CfCallKind;

/* What is to be called. */
typedef struct
{
  CfCallKind kind : 8;
  guint      is_chunk : 8;  /* of a map: the function is called for each of the arguments */
  CfStamp    since;         /* of the future that it is in: since when that waits, or runs, if that is known */
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

void      cf_call_init_func       (CfCall         *self,
                                   CfFunc          func,
                                   GVariant       *args);
void      cf_call_init_name       (CfCall         *self,
                                   const char     *name,
                                   GVariant       *args);
void      cf_call_init_local      (CfCall         *self,
                                   CfLocalFunc     func,
                                   gpointer        user_data,
                                   GDestroyNotify  destroy);
void      cf_call_init_copy       (CfCall         *self,
                                   const CfCall   *call);
void      cf_call_make_chunk      (CfCall         *self);
void      cf_call_clear           (CfCall         *self);
void      cf_call_invoke          (const CfCall   *self,
                                   CfFuture       *future,
                                   CfOutcome      *outcome);
gboolean  cf_call_is_running_here (CfFuture       *future);

G_END_DECLS
