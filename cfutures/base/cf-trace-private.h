/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can be heard of the library while it works: CFUTURES_DEBUG, and marks for Sysprof.
 *
 * All of it is behind one word, which is 0 unless somebody listens. */

#pragma once

#include <stdatomic.h>

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  CF_TRACE_POOL     = 1 << 0,   /* threads of pools, and what becomes of pools */
  CF_TRACE_WORKER   = 1 << 1,   /* worker processes */
  CF_TRACE_CALL     = 1 << 2,   /* each call */
  CF_TRACE_DELIVERY = 1 << 3,   /* each callback */
  CF_TRACE_DUMP     = 1 << 4,   /* SIGUSR1 has all executors described */
  CF_TRACE_SYSPROF  = 1 << 5,   /* the program was started by Sysprof */
} CfTraceTopics;

extern _Atomic guint cf_trace_topics;

void cf_trace_init (void);

static inline gboolean
cf_trace_is_on (guint topics)
{
  return G_UNLIKELY ((atomic_load_explicit (&cf_trace_topics, memory_order_relaxed) & topics) != 0);
}

/* Never with a lock: log handlers are the user's code. */
#define cf_trace(topic, ...)      \
  G_STMT_START                    \
    {                             \
      if (cf_trace_is_on (topic)) \
        g_debug (__VA_ARGS__);    \
    }                             \
  G_STMT_END

G_END_DECLS
