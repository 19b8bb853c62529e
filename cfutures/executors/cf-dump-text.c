/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The description of an executor as text:
 *
 *      CfThreadPoolExecutor “cf-pool”, open, at most 2 at a time: 1 running, 12 waiting, 100 completed
 *        thread 4712 “cf-pool-1”: running
 *          “load”: running for 12.345 s, 25 %: a quarter
 *        waiting:
 *          “next”: pending for 3.001 s
 *          and 11 more
 */

#include "config.h"

#include "executors/cf-dump-text-private.h"

static const char *
get_string (GVariant   *dict,
            const char *key)
{
  const char *value = NULL;

  g_variant_lookup (dict, key, "&s", &value);
  return value;
}

static guint64
get_count (GVariant   *dict,
           const char *key)
{
  guint64 value = 0;

  g_variant_lookup (dict, key, "t", &value);
  return value;
}

static void
append_call (GString  *text,
             GVariant *call)
{
  const char *name = get_string (call, "name");
  const char *function = get_string (call, "function");
  const char *message = get_string (call, "message");
  double progress = 0.0;
  gint64 age = -1;
  int priority = 0;

  g_string_append (text, "    ");
  if (name == NULL && function == NULL)
    g_string_append (text, "a call");
  if (name != NULL)
    g_string_append_printf (text, "“%s”", name);
  if (function != NULL)
    g_string_append_printf (text, "%s%s()", name != NULL ? " " : "", function);

  g_string_append_printf (text, ": %s", get_string (call, "state"));
  if (g_variant_lookup (call, "age", "x", &age))
    g_string_append_printf (text, " for %" G_GINT64_FORMAT ".%03d s", age / G_USEC_PER_SEC,
                            (int) (age % G_USEC_PER_SEC / 1000));
  if (g_variant_lookup (call, "priority", "i", &priority) && priority != G_PRIORITY_DEFAULT)
    g_string_append_printf (text, ", priority %d", priority);
  if (g_variant_lookup (call, "progress", "d", &progress))
    g_string_append_printf (text, ", %d %%", (int) (progress * 100.0));
  if (message != NULL)
    g_string_append_printf (text, ": %s", message);
  g_string_append_c (text, '\n');
}

/* Returns how many there are. */
static gsize
append_calls (GString    *text,
              GVariant   *dict,
              const char *key)
{
  g_autoptr(GVariant) calls = g_variant_lookup_value (dict, key, G_VARIANT_TYPE ("aa{sv}"));
  gsize n_calls = calls != NULL ? g_variant_n_children (calls) : 0;

  for (gsize i = 0; i < n_calls; i++)
    {
      g_autoptr(GVariant) call = g_variant_get_child_value (calls, i);

      append_call (text, call);
    }

  return n_calls;
}

static void
append_worker (GString  *text,
               GVariant *worker)
{
  const char *name = get_string (worker, "name");
  int number;

  g_string_append (text, "  ");
  if (g_variant_lookup (worker, "pid", "i", &number))
    g_string_append_printf (text, "process %d", number);
  else if (g_variant_lookup (worker, "thread", "i", &number))
    g_string_append_printf (text, "thread %d", number);
  else
    g_string_append (text, "some thread");
  if (name != NULL)
    g_string_append_printf (text, " “%s”", name);
  g_string_append_printf (text, ": %s\n", get_string (worker, "state"));
  append_calls (text, worker, "calls");
}

static void
append_heading (GString  *text,
                GVariant *description)
{
  const char *name = get_string (description, "thread-name-prefix");
  guint max_workers = 0;

  g_variant_lookup (description, "max-workers", "u", &max_workers);
  g_string_append (text, get_string (description, "type"));
  if (name != NULL)
    g_string_append_printf (text, " “%s”", name);
  g_string_append_printf (text, ", %s", get_string (description, "state"));
  if (max_workers > 0)
    g_string_append_printf (text, ", at most %u at a time", max_workers);
  g_string_append_printf (text, ": %" G_GUINT64_FORMAT " running, %" G_GUINT64_FORMAT " waiting, %" G_GUINT64_FORMAT
                                " completed\n",
                          get_count (description, "n-running"), get_count (description, "n-pending"),
                          get_count (description, "n-completed"));
}

/**
 * cf_dump_text_append:
 * @text: a string
 * @description: what cf_executor_describe() has returned
 *
 * Appends it for people to read.
 */
void
cf_dump_text_append (GString  *text,
                     GVariant *description)
{
  g_autoptr(GVariant) workers = g_variant_lookup_value (description, "workers", G_VARIANT_TYPE ("aa{sv}"));
  guint64 n_pending = get_count (description, "n-pending");
  gsize n_waiting;

  append_heading (text, description);
  for (gsize i = 0; workers != NULL && i < g_variant_n_children (workers); i++)
    {
      g_autoptr(GVariant) worker = g_variant_get_child_value (workers, i);

      append_worker (text, worker);
    }

  if (n_pending == 0)
    return;

  g_string_append (text, "  waiting:\n");
  n_waiting = append_calls (text, description, "waiting");
  if (n_pending > n_waiting)
    g_string_append_printf (text, "    and %" G_GUINT64_FORMAT " more\n", n_pending - n_waiting);
}
