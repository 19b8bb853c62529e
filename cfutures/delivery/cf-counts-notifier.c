/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells those who listen to an executor's properties that the counts of its calls have changed.
 *
 * Workers say so now and then, from their threads. If somebody listens, and the last notification has been
 * delivered, one more is queued for the main context that was the default of the thread in which the executor
 * was made. So there is one in an iteration of the main loop at most, and while nobody listens all that happens
 * is that somebody looks.
 *
 * To look takes a lock that the whole process shares. Workers look when they take calls, and when they have none
 * left; those who submit look every so often, and each time if somebody listened last time or has read a count
 * since, as those who begin to listen do.
 *
 * Workers may outlive the executor: it detaches itself when it is disposed of. The mutex guards `object`,
 * `context` and `is_queued`. */

#include "config.h"

#include "delivery/cf-counts-notifier-private.h"

#include <stdatomic.h>

#include "delivery/cf-delivery-private.h"
#include "base/cf-mutex-private.h"

struct _CfCountsNotifier
{
  CfDeliveryItem     item;
  gatomicrefcount    ref_count;
  CfMutex            mutex;
  GObject           *object;      /* not a reference; NULL when it is gone */
  GWeakRef           weak_object;
  GParamSpec *const *properties;
  guint              n_properties;
  guint              notify_signal;
  GMainContext      *context;
  gboolean           is_queued;
  _Atomic gboolean   is_listened;   /* somebody listened, or read a count, when one last looked */
};

static CfCountsNotifier *
notifier_of_item (CfDeliveryItem *item)
{
  return (CfCountsNotifier *) item;
}

static void
deliver (CfDeliveryItem *item)
{
  CfCountsNotifier *self = notifier_of_item (item);
  g_autoptr(GObject) object = NULL;

  cf_mutex_lock (&self->mutex);
  self->is_queued = FALSE;
  cf_mutex_unlock (&self->mutex);

  /* Without the mutex: a toggle reference may call out. */
  object = g_weak_ref_get (&self->weak_object);

  for (guint i = 0; object != NULL && i < self->n_properties; i++)
    g_object_notify_by_pspec (object, self->properties[i]);

  cf_counts_notifier_unref (self);
}

static void
discard (CfDeliveryItem *item)
{
  cf_counts_notifier_unref (notifier_of_item (item));
}

/**
 * cf_counts_notifier_new:
 * @object: the object whose properties are notified
 * @properties: (array length=n_properties): the properties, which are static
 * @n_properties: how many they are
 *
 * Returns: (transfer full): a notifier for the calling thread's default context
 */
CfCountsNotifier *
cf_counts_notifier_new (GObject           *object,
                        GParamSpec *const *properties,
                        guint              n_properties)
{
  CfCountsNotifier *self = g_new0 (CfCountsNotifier, 1);

  self->item.deliver = deliver;
  self->item.discard = discard;
  g_atomic_ref_count_init (&self->ref_count);
  self->object = object;
  g_weak_ref_init (&self->weak_object, object);
  self->properties = properties;
  self->n_properties = n_properties;
  self->notify_signal = g_signal_lookup ("notify", G_TYPE_OBJECT);
  self->context = g_main_context_ref_thread_default ();

  return self;
}

CfCountsNotifier *
cf_counts_notifier_ref (CfCountsNotifier *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
cf_counts_notifier_unref (CfCountsNotifier *self)
{
  CF_TSAN_RELEASE (self);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  CF_TSAN_ACQUIRE (self);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_weak_ref_clear (&self->weak_object);
  cf_mutex_clear (&self->mutex);
  g_free (self);
}

/**
 * cf_counts_notifier_detach:
 * @self: a notifier
 *
 * Says that the object is going away.
 */
void
cf_counts_notifier_detach (CfCountsNotifier *self)
{
  g_autoptr(GMainContext) context = NULL;

  cf_mutex_lock (&self->mutex);
  self->object = NULL;
  context = g_steal_pointer (&self->context);
  cf_mutex_unlock (&self->mutex);
}

static gboolean
has_listener (CfCountsNotifier *self,
              GObject          *object)
{
  gboolean answer = g_signal_handler_find (object, G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_UNBLOCKED,
                                           self->notify_signal, 0, NULL, NULL, NULL) != 0;

  atomic_store_explicit (&self->is_listened, answer, memory_order_relaxed);
  return answer;
}

/**
 * cf_counts_notifier_expect:
 * @self: a notifier
 *
 * Says that somebody has read a count, and may listen from now on.
 */
void
cf_counts_notifier_expect (CfCountsNotifier *self)
{
  if (!atomic_load_explicit (&self->is_listened, memory_order_relaxed))
    atomic_store_explicit (&self->is_listened, TRUE, memory_order_relaxed);
}

/**
 * cf_counts_notifier_changed_in:
 * @self: a notifier
 * @object: its object, to which the caller holds a reference
 * @look: whether to look if anybody listens, also if nobody did when one last looked
 *
 * Does what cf_counts_notifier_changed() does, but finds without the lock that nobody listens.
 */
void
cf_counts_notifier_changed_in (CfCountsNotifier *self,
                               GObject          *object,
                               gboolean          look)
{
  if ((look || atomic_load_explicit (&self->is_listened, memory_order_relaxed)) &&
      has_listener (self, object))
    cf_counts_notifier_changed (self);
}

/**
 * cf_counts_notifier_changed:
 * @self: a notifier
 *
 * Has the properties notified if anybody listens. Any thread.
 *
 * Returns: whether a notification is on its way
 */
gboolean
cf_counts_notifier_changed (CfCountsNotifier *self)
{
  g_autoptr(GMainContext) context = NULL;
  gboolean is_queued;

  cf_mutex_lock (&self->mutex);
  if (!self->is_queued && self->object != NULL && has_listener (self, self->object))
    {
      self->is_queued = TRUE;
      context = g_main_context_ref (self->context);
    }
  is_queued = self->is_queued;
  cf_mutex_unlock (&self->mutex);

  if (context != NULL)
    {
      cf_counts_notifier_ref (self);
      cf_delivery_push (cf_delivery_get (context), &self->item);
    }

  return is_queued;
}
