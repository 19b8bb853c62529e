/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfManagerWakeup: how the manager of a process pool is told that there is something to do.
 *
 * Any thread *kicks*, with or without a lock: the manager then goes through all that it may have to do. It may be told
 * only once for many things, so a thread kicks after what there is to see. */

#pragma once

#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GMainContext     *context;      /* the manager's; NULL only while it could not be had, and there was no call yet */
  _Atomic gboolean  is_kicked;    /* the manager has been told, and has not begun to look */
} CfManagerWakeup;

/* Prepares the context, once or again. Returns FALSE if there is no descriptor for it: GLib would end the program. */
static inline gboolean
cf_manager_wakeup_open (CfManagerWakeup *self)
{
  int descriptor;

  if (self->context != NULL)
    return TRUE;

  descriptor = eventfd (0, EFD_CLOEXEC);
  if (descriptor < 0 && (errno == EMFILE || errno == ENFILE))
    return FALSE;

  if (descriptor >= 0)
    close (descriptor);
  self->context = g_main_context_new ();
  return TRUE;
}

static inline void
cf_manager_wakeup_clear (CfManagerWakeup *self)
{
  g_clear_pointer (&self->context, g_main_context_unref);
}

static inline gboolean
cf_manager_wakeup_is_kicked (CfManagerWakeup *self)
{
  return atomic_load_explicit (&self->is_kicked, memory_order_relaxed);
}

static inline void
cf_manager_wakeup_kick (CfManagerWakeup *self)
{
  atomic_store_explicit (&self->is_kicked, TRUE, memory_order_relaxed);
  if (self->context != NULL)
    g_main_context_wakeup (self->context);
}

static inline void
cf_manager_wakeup_kick_once (CfManagerWakeup *self)
{
  if (!cf_manager_wakeup_is_kicked (self))
    cf_manager_wakeup_kick (self);
}

/* The manager is about to look. With the pool's mutex held, so that it sees what came before the kicks. */
static inline void
cf_manager_wakeup_acknowledge (CfManagerWakeup *self)
{
  atomic_store_explicit (&self->is_kicked, FALSE, memory_order_relaxed);
}

G_END_DECLS
