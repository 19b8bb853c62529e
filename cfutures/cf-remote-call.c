/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a process pool, and the queue in which they wait for a worker.
 *
 * A call stands in one list at a time, through its own link: the queue's or a worker's. So moving it allocates
 * nothing, and it can be taken out from the middle when it is cancelled. The queue is a list for each priority that is
 * in use, and these are few. Nothing here locks: all of it belongs to the scheduler, under its mutex. */

#include "config.h"

#include "cf-remote-call-private.h"

#include <glib/gstdio.h>

#include "cf-channel-private.h"

typedef struct
{
  int    priority;
  GQueue calls;
} Level;

/**
 * cf_remote_call_new:
 * @future: (nullable): its future, or %NULL for a call of the pool's own
 *
 * Returns: (transfer full): a call, whose `call` is for the caller to set
 */
CfRemoteCall *
cf_remote_call_new (CfFuture *future)
{
  CfRemoteCall *self = g_new0 (CfRemoteCall, 1);

  self->future = future != NULL ? g_object_ref (future) : NULL;
  self->link.data = self;
  self->payload = -1;
  return self;
}

/**
 * cf_remote_call_set_call:
 * @self: a call whose `call` has been set
 * @function: what names the function to a worker; it lives as long as the call
 *
 * Makes ready what is needed to write the call's frame.
 */
void
cf_remote_call_set_call (CfRemoteCall *self,
                         const char   *function)
{
  CfCallKind kind = self->call.kind;

  self->function = function;
  if (kind == CF_CALL_FUNC || kind == CF_CALL_FUNC_ITEMS)
    self->frame_flags |= CF_FRAME_FLAG_REFERENCE;
  if (kind == CF_CALL_FUNC_ITEMS || kind == CF_CALL_NAME_ITEMS)
    self->frame_flags |= CF_FRAME_FLAG_CHUNK;

  /* The size is kept in the variant: it is not worked out again under the scheduler's mutex. */
  self->is_large = self->call.args != NULL && g_variant_get_size (self->call.args) > CF_CHANNEL_MAX_INLINE;
  if (self->is_large)
    self->frame_flags |= CF_FRAME_FLAG_PAYLOAD;
}

void
cf_remote_call_free (CfRemoteCall *self)
{
  cf_call_clear (&self->call);
  if (self->payload >= 0)
    g_close (self->payload, NULL);
  g_clear_object (&self->future);
  g_clear_object (&self->task);
  g_free (self);
}

/* The queue. */

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
