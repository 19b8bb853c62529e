/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What Vala has besides the interface of C: closures that return values, results of any type, foreach over a map.
 *
 *     vala/Cf-1-custom.vala ──vapigen──→ cfutures-1.vapi ──valac──→ C code that calls the functions of this file
 *
 * Each stands on public functions of the library and has no state beyond the call. They may be called in any thread,
 * as those below them; a closure runs where C would run the function that wraps it. */

#include "config.h"

#include "vala/cf-vala.h"

#include <glib/gi18n-lib.h>
#include <math.h>

/* Closures that return what they have instead of whether they succeeded. */

typedef struct
{
  GCallback      func;
  gpointer       target;
  GDestroyNotify target_destroy;
} Closure;

static Closure *
closure_new (GCallback      func,
             gpointer       target,
             GDestroyNotify target_destroy)
{
  Closure *closure = g_new (Closure, 1);

  closure->func = func;
  closure->target = target;
  closure->target_destroy = target_destroy;

  return closure;
}

static void
closure_free (gpointer data)
{
  Closure *closure = data;

  if (closure->target_destroy != NULL)
    closure->target_destroy (closure->target);
  g_free (closure);
}

static gboolean
closure_call_local_func (CfFuture  *future,
                         GValue    *result,
                         gpointer   data,
                         GError   **error)
{
  Closure *closure = data;
  GError *failure = NULL;
  GValue *value = ((CfValaLocalFunc) closure->func) (future, closure->target, &failure);

  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }

  if (value != NULL)
    {
      /* valac allocates it with g_new0(), and passes the ownership of its contents. */
      *result = *value;
      g_free (value);
    }

  return TRUE;
}

static gboolean
closure_call_initializer (gpointer   data,
                          GError   **error)
{
  Closure *closure = data;
  GError *failure = NULL;

  ((CfValaThreadInitializer) closure->func) (closure->target, &failure);
  if (failure == NULL)
    return TRUE;

  g_propagate_error (error, failure);
  return FALSE;
}

CfFuture *
cf_vala_executor_submit_local (CfExecutor      *self,
                               CfValaLocalFunc  func,
                               gpointer         target,
                               GDestroyNotify   target_destroy)
{
  return cf_executor_submit_local (self, closure_call_local_func,
                                   closure_new (G_CALLBACK (func), target, target_destroy), closure_free);
}

CfTask *
cf_vala_task_new_local (CfValaLocalFunc func,
                        gpointer        target,
                        GDestroyNotify  target_destroy)
{
  return cf_task_new_local (closure_call_local_func,
                            closure_new (G_CALLBACK (func), target, target_destroy), closure_free);
}

/* Takes both things that Python's constructor takes. */
CfExecutor *
cf_vala_thread_pool_executor_new (guint       max_workers,
                                  const char *thread_name_prefix)
{
  return g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                       "max-workers", max_workers,
                       "thread-name-prefix", thread_name_prefix,
                       NULL);
}

void
cf_vala_thread_pool_executor_set_initializer (CfThreadPoolExecutor    *self,
                                              CfValaThreadInitializer  initializer,
                                              gpointer                 target,
                                              GDestroyNotify           target_destroy)
{
  if (initializer == NULL)
    cf_thread_pool_executor_set_initializer (self, NULL, NULL, NULL);
  else
    cf_thread_pool_executor_set_initializer (self, closure_call_initializer,
                                             closure_new (G_CALLBACK (initializer), target, target_destroy),
                                             closure_free);
}

/* Results as a T. The smaller integers, booleans and enumerations are passed in the pointer itself and have no function
 * that copies them; other numbers, and those that may be null, are allocated. */

typedef union
{
  gboolean as_boolean;
  gint8    as_char;
  guint8   as_uchar;
  int      as_int;
  guint    as_uint;
  glong    as_long;
  gulong   as_ulong;
  gint64   as_int64;
  guint64  as_uint64;
  float    as_float;
  double   as_double;
} Number;

static void
set_wrong_type (const char  *is,
                GType        wanted,
                GError     **error)
{
  g_set_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE,
               _("The call returned %s, which cannot be converted to %s without loss"),
               is, g_type_name (wanted));
}

static gint64
read_signed (CfFuture  *self,
             gint64     minimum,
             gint64     maximum,
             GType      t_type,
             GError   **error)
{
  gint64 number = cf_future_await_int64 (self, error);
  char is[64];

  if (number >= minimum && number <= maximum)
    return number;

  g_snprintf (is, sizeof is, "gint64 (%" G_GINT64_FORMAT ")", number);
  set_wrong_type (is, t_type, error);
  return 0;
}

static guint64
read_unsigned (CfFuture  *self,
               guint64    maximum,
               GType      t_type,
               GError   **error)
{
  guint64 number = cf_future_await_uint64 (self, error);
  char is[64];

  if (number <= maximum)
    return number;

  g_snprintf (is, sizeof is, "guint64 (%" G_GUINT64_FORMAT ")", number);
  set_wrong_type (is, t_type, error);
  return 0;
}

static float
read_float (CfFuture  *self,
            GError   **error)
{
  double number = cf_future_await_double (self, error);
  char is[64];

  if (isnan (number) || (!((double) (float) number < number) && !((double) (float) number > number)))
    return (float) number;

  g_snprintf (is, sizeof is, "gdouble (%f)", number);
  set_wrong_type (is, G_TYPE_FLOAT, error);
  return 0.0f;
}

/* Returns the number as a pointer, if it fits into one. */
static gsize
read_number (CfFuture      *self,
             const GValue  *value,
             GType          t_type,
             Number        *number,
             GError       **error)
{
  switch (G_TYPE_FUNDAMENTAL (t_type))
    {
    case G_TYPE_BOOLEAN:
      number->as_boolean = cf_future_await_boolean (self, error);
      return (gsize) number->as_boolean;

    case G_TYPE_CHAR:
      number->as_char = (gint8) read_signed (self, G_MININT8, G_MAXINT8, t_type, error);
      return (gsize) number->as_char;

    case G_TYPE_UCHAR:
      number->as_uchar = (guint8) read_unsigned (self, G_MAXUINT8, t_type, error);
      return number->as_uchar;

    case G_TYPE_INT:
    case G_TYPE_ENUM:
      number->as_int = (int) read_signed (self, G_MININT, G_MAXINT, t_type, error);
      return (gsize) number->as_int;

    case G_TYPE_UINT:
    case G_TYPE_FLAGS:
      number->as_uint = (guint) read_unsigned (self, G_MAXUINT, t_type, error);
      return number->as_uint;

    case G_TYPE_LONG:
      number->as_long = (glong) read_signed (self, G_MINLONG, G_MAXLONG, t_type, error);
      return (gsize) number->as_long;

    case G_TYPE_ULONG:
      number->as_ulong = (gulong) read_unsigned (self, G_MAXULONG, t_type, error);
      return number->as_ulong;

    case G_TYPE_INT64:
      number->as_int64 = cf_future_await_int64 (self, error);
      return 0;

    case G_TYPE_UINT64:
      number->as_uint64 = cf_future_await_uint64 (self, error);
      return 0;

    case G_TYPE_FLOAT:
      number->as_float = read_float (self, error);
      return 0;

    case G_TYPE_DOUBLE:
      number->as_double = cf_future_await_double (self, error);
      return 0;

    default:
      set_wrong_type (G_VALUE_TYPE_NAME (value), t_type, error);
      return 0;
    }
}

static gpointer
dup_number (CfFuture        *self,
            const GValue    *value,
            GType            t_type,
            GBoxedCopyFunc   t_dup_func,
            GError         **error)
{
  Number number;
  GError *failure = NULL;
  gsize in_pointer = read_number (self, value, t_type, &number, &failure);

  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return NULL;
    }

  return t_dup_func != NULL ? t_dup_func (&number) : GSIZE_TO_POINTER (in_pointer);
}

static gpointer
dup_object (CfFuture  *self,
            GType      t_type,
            GError   **error)
{
  g_autoptr (GObject) object = cf_future_await_object (self, error);

  if (object == NULL || G_TYPE_CHECK_INSTANCE_TYPE (object, t_type))
    return g_steal_pointer (&object);

  set_wrong_type (G_OBJECT_TYPE_NAME (object), t_type, error);
  return NULL;
}

static gpointer
convert (CfFuture        *self,
         const GValue    *value,
         GType            t_type,
         GBoxedCopyFunc   t_dup_func,
         GError         **error)
{
  if (t_type == G_TYPE_VALUE)
    return g_boxed_copy (G_TYPE_VALUE, value);
  if (t_type == G_TYPE_BYTES)
    return cf_future_await_bytes (self, error);

  switch (G_TYPE_FUNDAMENTAL (t_type))
    {
    case G_TYPE_STRING:
      return cf_future_await_string (self, error);

    case G_TYPE_VARIANT:
      return cf_future_await_variant (self, error);

    case G_TYPE_BOXED:
      return cf_future_await_boxed (self, t_type, error);

    case G_TYPE_OBJECT:
    case G_TYPE_INTERFACE:
      return dup_object (self, t_type, error);

    default:
      return dup_number (self, value, t_type, t_dup_func, error);
    }
}

/* The result of a future that is done. */
static gpointer
dup_result (CfFuture        *self,
            GType            t_type,
            GBoxedCopyFunc   t_dup_func,
            GError         **error)
{
  g_auto (GValue) value = G_VALUE_INIT;

  if (!cf_future_await_value (self, &value, error))
    return NULL;
  if (G_IS_VALUE (&value))
    return convert (self, &value, t_type, t_dup_func, error);

  /* Nothing is null, where there is a null. */
  if (t_dup_func == NULL)
    set_wrong_type (_("nothing"), t_type, error);
  return NULL;
}

gpointer
cf_vala_future_result (CfFuture        *self,
                       GType            t_type,
                       GBoxedCopyFunc   t_dup_func,
                       GDestroyNotify   t_destroy_func,
                       gint64           timeout_usec,
                       GCancellable    *cancellable,
                       GError         **error)
{
  if (!cf_future_wait (self, timeout_usec, cancellable, error))
    return NULL;

  return dup_result (self, t_type, t_dup_func, error);
}

/* T, for the end of an operation. */
typedef struct
{
  GType          t_type;
  GBoxedCopyFunc t_dup_func;
} TypeArgument;

static void
on_waited (GObject      *future,
           GAsyncResult *waited,
           gpointer      data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (cf_future_wait_finish (CF_FUTURE (future), waited, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
cf_vala_future_result_async (CfFuture            *self,
                             GType                t_type,
                             GBoxedCopyFunc       t_dup_func,
                             GDestroyNotify       t_destroy_func,
                             gint64               timeout_usec,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  TypeArgument *t = g_new (TypeArgument, 1);

  t->t_type = t_type;
  t->t_dup_func = t_dup_func;
  g_task_set_source_tag (task, GSIZE_TO_POINTER (cf_vala_future_result_async));
  g_task_set_task_data (task, t, g_free);
  g_task_set_check_cancellable (task, FALSE);

  cf_future_wait_async (self, timeout_usec, cancellable, on_waited, task);
}

gpointer
cf_vala_future_result_finish (CfFuture      *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  TypeArgument *t;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;

  t = g_task_get_task_data (G_TASK (result));
  return dup_result (self, t->t_type, t->t_dup_func, error);
}

/* Foreach over futures. It passes no arguments. */

CfFuture *
cf_vala_completion_iterator_next_value (CfCompletionIterator  *self,
                                        GError               **error)
{
  return cf_completion_iterator_next (self, NULL, error);
}

/* One step of a foreach over a map, and its outcome. A result may be NULL. */

struct _CfValaMapCursor
{
  CfMapIterator *results;
  GVariant      *current;
};

CfValaMapCursor *
cf_vala_map_cursor_new (CfMapIterator *results)
{
  CfValaMapCursor *cursor = g_new (CfValaMapCursor, 1);

  cursor->results = g_object_ref (results);
  cursor->current = NULL;

  return cursor;
}

void
cf_vala_map_cursor_free (CfValaMapCursor *cursor)
{
  g_clear_pointer (&cursor->current, g_variant_unref);
  g_object_unref (cursor->results);
  g_free (cursor);
}

gboolean
cf_vala_map_cursor_next (CfValaMapCursor  *cursor,
                         GError          **error)
{
  g_clear_pointer (&cursor->current, g_variant_unref);

  return cf_map_iterator_next (cursor->results, NULL, &cursor->current, error);
}

GVariant *
cf_vala_map_cursor_dup_current (CfValaMapCursor *cursor)
{
  return cursor->current != NULL ? g_variant_ref (cursor->current) : NULL;
}
