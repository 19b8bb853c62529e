/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call of a process pool: what the pool knows of it, and how it is made ready to leave this process.
 *
 * A call stands in one list at a time, through its own link: the queue's or a worker's. So moving it allocates
 * nothing. Until it is in one it is its submitter's; then its state is guarded by the dispatcher's mutex. */

#include "config.h"

#include "cf-remote-call-private.h"

#include <glib/gstdio.h>

#include "cf-channel-private.h"

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

  /* The size is kept in the variant: it is not worked out again under the mutex. */
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
