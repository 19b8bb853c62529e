/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What Vala has besides the interface of C: closures that return values, results of any type, foreach over a map.
 *
 * valac includes this file in the C code that it writes. The functions have the form in which valac calls them (a
 * type argument T arrives as its GType and how to copy and free one), and are inline, so that the library and its
 * introspection data hold nothing that is for one language alone. cfutures-1.vapi declares them. */

#pragma once

#include <cfutures/cfutures.h>

G_BEGIN_DECLS

/* Closures that return what they have instead of whether they succeeded: a GValue, or NULL for nothing. */

typedef GValue *(*CfValaLocalFunc)         (CfFuture  *future,
                                            gpointer   target,
                                            GError   **error);
typedef void    (*CfValaThreadInitializer) (gpointer   target,
                                            GError   **error);

typedef struct
{
  GCallback      func;
  gpointer       target;
  GDestroyNotify target_destroy;
} CfValaClosure;

static inline CfValaClosure *
cf_vala_closure_new (GCallback      func,
                     gpointer       target,
                     GDestroyNotify target_destroy)
{
  CfValaClosure *closure = g_new (CfValaClosure, 1);

  closure->func = func;
  closure->target = target;
  closure->target_destroy = target_destroy;

  return closure;
}

static inline void
cf_vala_closure_free (gpointer data)
{
  CfValaClosure *closure = (CfValaClosure *) data;

  if (closure->target_destroy != NULL)
    closure->target_destroy (closure->target);
  g_free (closure);
}

static inline gboolean
cf_vala_closure_call_local_func (CfFuture  *future,
                                 GValue    *result,
                                 gpointer   data,
                                 GError   **error)
{
  CfValaClosure *closure = (CfValaClosure *) data;
  GError *failure = NULL;
  GValue *value = ((CfValaLocalFunc) closure->func) (future, closure->target, &failure);

  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }

  if (value != NULL)
    {
      /* valac allocates it with g_new0(), and hands over what is in it. */
      *result = *value;
      g_free (value);
    }

  return TRUE;
}

static inline gboolean
cf_vala_closure_call_initializer (gpointer   data,
                                  GError   **error)
{
  CfValaClosure *closure = (CfValaClosure *) data;
  GError *failure = NULL;

  ((CfValaThreadInitializer) closure->func) (closure->target, &failure);
  if (failure == NULL)
    return TRUE;

  g_propagate_error (error, failure);
  return FALSE;
}

static inline CfFuture *
cf_vala_executor_submit_local (CfExecutor      *self,
                               CfValaLocalFunc  func,
                               gpointer         target,
                               GDestroyNotify   target_destroy)
{
  return cf_executor_submit_local (self, cf_vala_closure_call_local_func,
                                   cf_vala_closure_new (G_CALLBACK (func), target, target_destroy),
                                   cf_vala_closure_free);
}

static inline CfTask *
cf_vala_task_new_local (CfValaLocalFunc func,
                        gpointer        target,
                        GDestroyNotify  target_destroy)
{
  return cf_task_new_local (cf_vala_closure_call_local_func,
                            cf_vala_closure_new (G_CALLBACK (func), target, target_destroy),
                            cf_vala_closure_free);
}

static inline void
cf_vala_thread_pool_executor_set_initializer (CfThreadPoolExecutor    *self,
                                              CfValaThreadInitializer  initializer,
                                              gpointer                 target,
                                              GDestroyNotify           target_destroy)
{
  if (initializer == NULL)
    cf_thread_pool_executor_set_initializer (self, NULL, NULL, NULL);
  else
    cf_thread_pool_executor_set_initializer (self, cf_vala_closure_call_initializer,
                                             cf_vala_closure_new (G_CALLBACK (initializer), target, target_destroy),
                                             cf_vala_closure_free);
}

/* Results as a T. The smaller integers, booleans and enumerations are passed in the pointer itself and have no function
 * that copies them; other numbers, and whatever may be null, are allocated. */

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
} CfValaNumber;

static inline void
cf_vala_set_wrong_type (const char  *is,
                        GType        wanted,
                        GError     **error)
{
  g_set_error (error, CF_ERROR, CF_ERROR_WRONG_TYPE,
               g_dgettext ("cfutures-1", "The call returned %s, which cannot be read as %s without losing something"),
               is, g_type_name (wanted));
}

static inline gint64
cf_vala_future_get_signed (CfFuture  *self,
                           gint64     minimum,
                           gint64     maximum,
                           GType      t_type,
                           GError   **error)
{
  gint64 number = cf_future_get_int64 (self, error);
  char is[64];

  if (number >= minimum && number <= maximum)
    return number;

  g_snprintf (is, sizeof is, "gint64 (%" G_GINT64_FORMAT ")", number);
  cf_vala_set_wrong_type (is, t_type, error);
  return 0;
}

static inline guint64
cf_vala_future_get_unsigned (CfFuture  *self,
                             guint64    maximum,
                             GType      t_type,
                             GError   **error)
{
  guint64 number = cf_future_get_uint64 (self, error);
  char is[64];

  if (number <= maximum)
    return number;

  g_snprintf (is, sizeof is, "guint64 (%" G_GUINT64_FORMAT ")", number);
  cf_vala_set_wrong_type (is, t_type, error);
  return 0;
}

static inline float
cf_vala_future_get_float (CfFuture  *self,
                          GError   **error)
{
  double number = cf_future_get_double (self, error);
  char is[64];

  if (number != number || (double) (float) number == number)
    return (float) number;

  g_snprintf (is, sizeof is, "gdouble (%f)", number);
  cf_vala_set_wrong_type (is, G_TYPE_FLOAT, error);
  return 0.0f;
}

/* Returns what goes into a pointer, if the number does. */
static inline gsize
cf_vala_future_get_number (CfFuture      *self,
                           const GValue  *value,
                           GType          t_type,
                           CfValaNumber  *number,
                           GError       **error)
{
  switch (G_TYPE_FUNDAMENTAL (t_type))
    {
    case G_TYPE_BOOLEAN:
      number->as_boolean = cf_future_get_boolean (self, error);
      return (gsize) number->as_boolean;

    case G_TYPE_CHAR:
      number->as_char = (gint8) cf_vala_future_get_signed (self, G_MININT8, G_MAXINT8, t_type, error);
      return (gsize) number->as_char;

    case G_TYPE_UCHAR:
      number->as_uchar = (guint8) cf_vala_future_get_unsigned (self, G_MAXUINT8, t_type, error);
      return number->as_uchar;

    case G_TYPE_INT:
    case G_TYPE_ENUM:
      number->as_int = (int) cf_vala_future_get_signed (self, G_MININT, G_MAXINT, t_type, error);
      return (gsize) number->as_int;

    case G_TYPE_UINT:
    case G_TYPE_FLAGS:
      number->as_uint = (guint) cf_vala_future_get_unsigned (self, G_MAXUINT, t_type, error);
      return number->as_uint;

    case G_TYPE_LONG:
      number->as_long = (glong) cf_vala_future_get_signed (self, G_MINLONG, G_MAXLONG, t_type, error);
      return (gsize) number->as_long;

    case G_TYPE_ULONG:
      number->as_ulong = (gulong) cf_vala_future_get_unsigned (self, G_MAXULONG, t_type, error);
      return number->as_ulong;

    case G_TYPE_INT64:
      number->as_int64 = cf_future_get_int64 (self, error);
      return 0;

    case G_TYPE_UINT64:
      number->as_uint64 = cf_future_get_uint64 (self, error);
      return 0;

    case G_TYPE_FLOAT:
      number->as_float = cf_vala_future_get_float (self, error);
      return 0;

    case G_TYPE_DOUBLE:
      number->as_double = cf_future_get_double (self, error);
      return 0;

    default:
      cf_vala_set_wrong_type (G_VALUE_TYPE_NAME (value), t_type, error);
      return 0;
    }
}

static inline gpointer
cf_vala_future_dup_number (CfFuture        *self,
                           const GValue    *value,
                           GType            t_type,
                           GBoxedCopyFunc   t_dup_func,
                           GError         **error)
{
  CfValaNumber number;
  GError *failure = NULL;
  gsize in_pointer = cf_vala_future_get_number (self, value, t_type, &number, &failure);

  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return NULL;
    }

  return t_dup_func != NULL ? t_dup_func (&number) : GSIZE_TO_POINTER (in_pointer);
}

static inline gpointer
cf_vala_future_dup_object (CfFuture  *self,
                           GType      t_type,
                           GError   **error)
{
  gpointer object = cf_future_dup_object (self, error);

  if (object == NULL || G_TYPE_CHECK_INSTANCE_TYPE (object, t_type))
    return object;

  cf_vala_set_wrong_type (G_OBJECT_TYPE_NAME (object), t_type, error);
  g_object_unref (object);
  return NULL;
}

static inline gpointer
cf_vala_future_convert (CfFuture        *self,
                        const GValue    *value,
                        GType            t_type,
                        GBoxedCopyFunc   t_dup_func,
                        GError         **error)
{
  if (t_type == G_TYPE_VALUE)
    return g_boxed_copy (G_TYPE_VALUE, value);
  if (t_type == G_TYPE_BYTES)
    return cf_future_dup_bytes (self, error);

  switch (G_TYPE_FUNDAMENTAL (t_type))
    {
    case G_TYPE_STRING:
      return cf_future_dup_string (self, error);

    case G_TYPE_VARIANT:
      return cf_future_get_variant (self, error);

    case G_TYPE_BOXED:
      return cf_future_dup_boxed (self, t_type, error);

    case G_TYPE_OBJECT:
    case G_TYPE_INTERFACE:
      return cf_vala_future_dup_object (self, t_type, error);

    default:
      return cf_vala_future_dup_number (self, value, t_type, t_dup_func, error);
    }
}

/* The result of a future that is done. */
static inline gpointer
cf_vala_future_dup_done (CfFuture        *self,
                         GType            t_type,
                         GBoxedCopyFunc   t_dup_func,
                         GError         **error)
{
  GValue value = G_VALUE_INIT;
  gpointer result = NULL;

  if (!cf_future_get_value (self, &value, error))
    return NULL;

  if (G_IS_VALUE (&value))
    result = cf_vala_future_convert (self, &value, t_type, t_dup_func, error);
  else if (t_dup_func == NULL)
    cf_vala_set_wrong_type (g_dgettext ("cfutures-1", "nothing"), t_type, error);

  g_value_unset (&value);
  return result;
}

static inline gpointer
cf_vala_future_dup_result (CfFuture        *self,
                           GType            t_type,
                           GBoxedCopyFunc   t_dup_func,
                           GDestroyNotify   t_destroy_func,
                           gint64           timeout_usec,
                           GCancellable    *cancellable,
                           GError         **error)
{
  if (!cf_future_wait (self, timeout_usec, cancellable, error))
    return NULL;

  return cf_vala_future_dup_done (self, t_type, t_dup_func, error);
}

/* T, for the end of an operation. */
typedef struct
{
  GType          t_type;
  GBoxedCopyFunc t_dup_func;
} CfValaTypeArgument;

static inline void
cf_vala_future_on_waited (GObject      *future,
                          GAsyncResult *waited,
                          gpointer      data)
{
  GTask *task = (GTask *) data;
  GError *error = NULL;

  if (cf_future_wait_finish ((CfFuture *) future, waited, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);

  g_object_unref (task);
}

static inline void
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
  CfValaTypeArgument *t = g_new (CfValaTypeArgument, 1);

  t->t_type = t_type;
  t->t_dup_func = t_dup_func;
  g_task_set_task_data (task, t, g_free);
  g_task_set_check_cancellable (task, FALSE);

  cf_future_wait_async (self, timeout_usec, cancellable, cf_vala_future_on_waited, task);
}

static inline gpointer
cf_vala_future_result_finish (CfFuture      *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  CfValaTypeArgument *t = (CfValaTypeArgument *) g_task_get_task_data ((GTask *) result);

  if (!g_task_propagate_boolean ((GTask *) result, error))
    return NULL;

  return cf_vala_future_dup_done (self, t->t_type, t->t_dup_func, error);
}

/* Foreach over a map, whose results may be NULL: one step, and what it led to. */

typedef struct
{
  CfMapIterator *results;
  GVariant      *current;
} CfValaMapCursor;

static inline CfValaMapCursor *
cf_vala_map_cursor_new (CfMapIterator *results)
{
  CfValaMapCursor *cursor = g_new (CfValaMapCursor, 1);

  cursor->results = (CfMapIterator *) g_object_ref (results);
  cursor->current = NULL;

  return cursor;
}

static inline void
cf_vala_map_cursor_free (CfValaMapCursor *cursor)
{
  g_clear_pointer (&cursor->current, g_variant_unref);
  g_object_unref (cursor->results);
  g_free (cursor);
}

static inline gboolean
cf_vala_map_cursor_next (CfValaMapCursor  *cursor,
                         GError          **error)
{
  g_clear_pointer (&cursor->current, g_variant_unref);

  return cf_map_iterator_next (cursor->results, &cursor->current, error);
}

static inline GVariant *
cf_vala_map_cursor_dup_current (CfValaMapCursor *cursor)
{
  return cursor->current != NULL ? g_variant_ref (cursor->current) : NULL;
}

/* Both things that Python's constructor takes. */
static inline CfExecutor *
cf_vala_thread_pool_executor_new (guint       max_workers,
                                  const char *thread_name_prefix)
{
  return (CfExecutor *) g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                                      "max-workers", max_workers,
                                      "thread-name-prefix", thread_name_prefix,
                                      NULL);
}

G_END_DECLS
