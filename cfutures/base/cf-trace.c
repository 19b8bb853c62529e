/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What somebody wants to hear: the topics of CFUTURES_DEBUG, read when the first executor is made. In a program that has
 * more rights than its user nothing is read from the environment. */

#include "config.h"

#include "base/cf-trace-private.h"

#include <stdlib.h>

#include "base/cf-stamp-private.h"

#ifdef HAVE_SYSPROF
# include <sysprof-capture.h>
#endif

#define ALL_MESSAGES (CF_TRACE_POOL | CF_TRACE_WORKER | CF_TRACE_CALL | CF_TRACE_DELIVERY)

_Atomic guint cf_trace_topics;

static const struct
{
  const char *name;
  guint       topics;
} known[] =
  {
    { "pool", CF_TRACE_POOL },
    { "worker", CF_TRACE_WORKER },
    { "call", CF_TRACE_CALL },
    { "delivery", CF_TRACE_DELIVERY },
    { "dump", CF_TRACE_DUMP },
    { "all", ALL_MESSAGES },
  };

static guint
find_topic (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      if (g_ascii_strcasecmp (known[i].name, name) == 0)
        return known[i].topics;
    }

  return 0;
}

static void
warn_of_unknown (GPtrArray *names)
{
  g_autoptr(GString) there_are = g_string_new (NULL);
  g_autofree char *unknown = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    g_string_append_printf (there_are, "%s%s", i > 0 ? ", " : "", known[i].name);

  g_ptr_array_add (names, NULL);
  unknown = g_strjoinv (", ", (char **) names->pdata);
  g_warning ("CFUTURES_DEBUG has topics that are not known: %s. There are: %s.", unknown, there_are->str);
}

static guint
parse_topics (const char *value)
{
  g_auto(GStrv) names = g_strsplit_set (value, ",:; ", -1);
  g_autoptr(GPtrArray) unknown = g_ptr_array_new ();
  guint topics = 0;

  for (guint i = 0; names[i] != NULL; i++)
    {
      guint found = find_topic (names[i]);

      if (found == 0 && names[i][0] != '\0')
        g_ptr_array_add (unknown, names[i]);
      topics |= found;
    }

  if (unknown->len > 0)
    warn_of_unknown (unknown);
  return topics;
}

/* Nothing of Sysprof's is made in a program that it has not started: what that leaves in the heap has cost calls in bulk
 * a tenth of their time, as other things come to lie beside each other. */
static guint
find_sysprof (void)
{
#ifdef HAVE_SYSPROF
  if (secure_getenv ("SYSPROF_CONTROL_FD") != NULL && sysprof_collector_is_active ())
    return CF_TRACE_SYSPROF;
#endif

  return 0;
}

/**
 * cf_trace_init:
 *
 * Finds out what somebody wants to hear, once.
 */
void
cf_trace_init (void)
{
  static gsize is_known;
  const char *value;
  guint topics;

  if (!g_once_init_enter (&is_known))
    return;

  value = secure_getenv ("CFUTURES_DEBUG");
  topics = (value != NULL ? parse_topics (value) : 0) | find_sysprof ();
  if (topics != 0)
    cf_stamp_watch ();
  atomic_store_explicit (&cf_trace_topics, topics, memory_order_relaxed);
  g_once_init_leave (&is_known, 1);
}
