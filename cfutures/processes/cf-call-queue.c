/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue in which the calls of a process pool wait for a worker.
 *
 *      level −10  call ⇄ call
 *      level   0  call ⇄ call ⇄ call ⇄ call       push: at the end     push_front: a call that came back
 *      level  20  call                            peek: the first of the first level
 *
 * It is a list for each priority that a call in it has, sorted, and these are few. Calls stand in it through their own
 * links.
 *
 * The thread pool's queue (cf-shared-queue.c) is a heap, and neither could be the other. There, a call that
 * was cancelled stays until it is popped, and nothing ever comes back. Here, a call that is cancelled is taken out from
 * the middle, to be freed and no longer counted, and one that was taken back from a worker is the first of its priority
 * again.
 *
 * Nothing here locks: the owner of a queue guards it. */

#include "config.h"

#include "processes/cf-call-queue-private.h"

typedef struct
{
  int    priority;
  GQueue calls;       /* never empty */
} Level;

void
cf_call_queue_init (CfCallQueue *self)
{
  self->levels = g_array_new (FALSE, TRUE, sizeof (Level));
}

void
cf_call_queue_clear (CfCallQueue *self)
{
  g_assert (self->n_calls == 0 && self->levels->len == 0);

  g_array_unref (self->levels);
}

static Level *
nth_level (CfCallQueue *self,
           guint        i)
{
  return &g_array_index (self->levels, Level, i);
}

/* Returns the first level that is not more urgent than @priority, or the number of levels. */
static guint
find_level (CfCallQueue *self,
            int          priority)
{
  guint i = 0;

  while (i < self->levels->len && nth_level (self, i)->priority < priority)
    i++;

  return i;
}

/* For a call that is to be pushed. */
static GQueue *
ensure_level (CfCallQueue  *self,
              CfRemoteCall *call)
{
  Level level = { .priority = call->priority };
  guint i = find_level (self, level.priority);

  if (i == self->levels->len || nth_level (self, i)->priority != level.priority)
    g_array_insert_val (self->levels, i, level);

  return &nth_level (self, i)->calls;
}

void
cf_call_queue_push (CfCallQueue  *self,
                    CfRemoteCall *call)
{
  g_queue_push_tail_link (ensure_level (self, call), &call->link);
  call->state = CF_REMOTE_CALL_QUEUED;
  self->n_calls++;
}

/**
 * cf_call_queue_push_front:
 * @self: a queue
 * @call: a call that was in the queue before
 *
 * Makes @call the first of its priority.
 */
void
cf_call_queue_push_front (CfCallQueue  *self,
                          CfRemoteCall *call)
{
  g_queue_push_head_link (ensure_level (self, call), &call->link);
  call->state = CF_REMOTE_CALL_QUEUED;
  self->n_calls++;
}

void
cf_call_queue_remove (CfCallQueue  *self,
                      CfRemoteCall *call)
{
  guint i = find_level (self, call->priority);
  Level *level = nth_level (self, i);

  g_queue_unlink (&level->calls, &call->link);
  self->n_calls--;
  if (level->calls.length == 0)
    g_array_remove_index (self->levels, i);
}

/**
 * cf_call_queue_peek:
 * @self: a queue
 *
 * Returns: (transfer none) (nullable): the call that is next
 */
CfRemoteCall *
cf_call_queue_peek (CfCallQueue *self)
{
  return self->levels->len > 0 ? nth_level (self, 0)->calls.head->data : NULL;
}

/**
 * cf_call_queue_foreach:
 * @self: a queue
 * @func: called for each call, in the order in which they are next, until it returns %FALSE
 * @data: passed to @func
 */
void
cf_call_queue_foreach (CfCallQueue  *self,
                       gboolean    (*func) (CfRemoteCall *call,
                                            gpointer      data),
                       gpointer      data)
{
  for (guint i = 0; i < self->levels->len; i++)
    {
      for (GList *link = nth_level (self, i)->calls.head; link != NULL; link = link->next)
        {
          if (!func (link->data, data))
            return;
        }
    }
}
