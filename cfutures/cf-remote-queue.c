/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue in which the calls of a process pool wait for a worker.
 *
 * It is a list for each priority that is in use, and these are few. Calls stand in it through their own links, so that
 * one can be taken out from the middle when it is cancelled. Nothing here locks: a queue is the dispatcher's, under
 * the mutex. */

#include "config.h"

#include "cf-remote-queue-private.h"

typedef struct
{
  int    priority;
  GQueue calls;
} Level;

void
cf_remote_queue_init (CfRemoteQueue *self)
{
  self->levels = g_array_new (FALSE, TRUE, sizeof (Level));
}

void
cf_remote_queue_clear (CfRemoteQueue *self)
{
  g_assert (self->n_calls == 0);

  g_array_unref (self->levels);
}

static Level *
get_level (CfRemoteQueue *self,
           CfRemoteCall  *call)
{
  Level level = { .priority = cf_future_get_priority (call->future) };
  guint i = 0;

  while (i < self->levels->len && g_array_index (self->levels, Level, i).priority < level.priority)
    i++;

  if (i == self->levels->len || g_array_index (self->levels, Level, i).priority > level.priority)
    g_array_insert_val (self->levels, i, level);

  return &g_array_index (self->levels, Level, i);
}

void
cf_remote_queue_push (CfRemoteQueue *self,
                      CfRemoteCall  *call)
{
  g_queue_push_tail_link (&get_level (self, call)->calls, &call->link);
  call->state = CF_REMOTE_CALL_QUEUED;
  self->n_calls++;
}

/**
 * cf_remote_queue_push_front:
 * @self: a queue
 * @call: a call that was in the queue before
 *
 * Makes @call the first of its priority.
 */
void
cf_remote_queue_push_front (CfRemoteQueue *self,
                            CfRemoteCall  *call)
{
  g_queue_push_head_link (&get_level (self, call)->calls, &call->link);
  call->state = CF_REMOTE_CALL_QUEUED;
  self->n_calls++;
}

void
cf_remote_queue_remove (CfRemoteQueue *self,
                        CfRemoteCall  *call)
{
  g_queue_unlink (&get_level (self, call)->calls, &call->link);
  self->n_calls--;
}

/**
 * cf_remote_queue_peek:
 * @self: a queue
 *
 * Returns: (transfer none) (nullable): the call that is next
 */
CfRemoteCall *
cf_remote_queue_peek (CfRemoteQueue *self)
{
  for (guint i = 0; i < self->levels->len; i++)
    {
      Level *level = &g_array_index (self->levels, Level, i);

      if (level->calls.length > 0)
        return level->calls.head->data;
    }

  return NULL;
}

/**
 * cf_remote_queue_list:
 * @self: a queue
 *
 * Returns: (transfer full) (element-type CfFuture): the futures of the calls that wait
 */
GPtrArray *
cf_remote_queue_list (CfRemoteQueue *self)
{
  GPtrArray *futures = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->levels->len; i++)
    {
      for (GList *link = g_array_index (self->levels, Level, i).calls.head; link != NULL; link = link->next)
        g_ptr_array_add (futures, g_object_ref (((CfRemoteCall *) link->data)->future));
    }

  return futures;
}
