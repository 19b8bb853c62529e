/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Done-callbacks for a language that may refuse callbacks: a property is set instead.
 *
 * SpiderMonkey collects garbage in steps, between which the program goes on. From the first of certain steps to the last
 * gjs (up to 1.90) refuses every callback, since it might come from a finalizer: the callback is lost. And as it is
 * JavaScript's running that makes the next step due, a program that only awaits what callbacks bring does so for ever.
 * Properties that are written in JavaScript may be set at any time. */

#include "config.h"

#include "cf-gjs-private.h"

#include "cf-future.h"

static void
tell_listener (CfFuture *self,
               gpointer  listener)
{
  g_object_set (listener, "settled", self, NULL);
}

/**
 * cf_future_add_listener:
 * @self: a future
 * @listener: an object with a writable property `settled` of type #CfFuture
 *
 * Has the property set to the future when that is done: once, when and where
 * [method@Cf.Future.add_done_callback] would call.
 *
 * This is for the overrides of gjs, which may refuse callbacks but not properties.
 *
 * Since: 1.0
 */
void
cf_future_add_listener (CfFuture *self,
                        GObject  *listener)
{
  g_return_if_fail (G_IS_OBJECT (listener));

  cf_future_add_done_callback (self, tell_listener, g_object_ref (listener), g_object_unref);
}
