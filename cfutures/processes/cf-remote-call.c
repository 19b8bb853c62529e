/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call of a process pool: what the pool knows of it, and how it is made ready to leave this process.
 *
 * A call stands in one list at a time, through its own link: the queue's or a worker's. So moving it allocates
 * nothing. Until it is in one it is its submitter's; then its state is guarded by the pool's mutex. */

#include "config.h"

#include "processes/cf-remote-call-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "future/cf-future-private.h"
#include "transport/cf-channel-private.h"

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
  self->priority = future != NULL ? cf_future_get_priority (future) : G_PRIORITY_DEFAULT;
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
  self->function = function;
  if (self->call.kind == CF_CALL_FUNC)
    self->frame_flags |= CF_FRAME_FLAG_REFERENCE;
  if (self->call.is_chunk)
    self->frame_flags |= CF_FRAME_FLAG_CHUNK;

  /* The size is kept in the variant: it is not worked out again under the mutex. */
  self->is_large = self->call.args != NULL && g_variant_get_size (self->call.args) > CF_CHANNEL_MAX_INLINE;
  if (self->is_large)
    self->frame_flags |= CF_FRAME_FLAG_PAYLOAD;
}

/* What its user calls it, or NULL. A reserved name, of a binding, says nothing to anybody. */
static const char *
get_name (CfRemoteCall *self)
{
  const char *name = self->future != NULL ? cf_future_get_name (self->future) : NULL;

  if (name == NULL && self->call.kind == CF_CALL_NAME && self->function != NULL && self->function[0] != ':')
    name = self->function;
  return name;
}

/**
 * cf_remote_call_new_error:
 * @self: a call that has begun
 * @why: why it will not end
 *
 * Returns: (transfer full): what it fails with
 */
GError *
cf_remote_call_new_error (CfRemoteCall *self,
                          const GError *why)
{
  const char *name = get_name (self);

  if (name == NULL)
    return g_error_new (why->domain, why->code, _("The call was not finished: %s"), why->message);

  return g_error_new (why->domain, why->code, _("The call “%s” was not finished: %s"), name, why->message);
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
