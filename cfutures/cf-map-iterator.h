/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-types.h>

G_BEGIN_DECLS

#define CF_TYPE_MAP_ITERATOR (cf_map_iterator_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfMapIteratorClass:
 * @parent_class: the class of its parent
 *
 * The class of map iterators, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfMapIterator, cf_map_iterator, CF, MAP_ITERATOR, GObject)

/**
 * CfMapGenerator:
 * @user_data: what was given with the generator
 *
 * Makes the next input of a map. It is called in the thread that asks the map for results, never more than
 * the map's buffer ahead of them, so that it need never end.
 *
 * Returns: (transfer full) (nullable): the next input, which may be floating, or %NULL when there are no more
 *
 * Since: 1.0
 */
typedef GVariant *(*CfMapGenerator) (gpointer user_data);

CF_AVAILABLE_IN_ALL
CfMapIterator *cf_executor_map             (CfExecutor           *self,
                                            CfFunc                func,
                                            GVariant             *items,
                                            guint                 chunk_size,
                                            guint                 buffer_size);
CF_AVAILABLE_IN_ALL
CfMapIterator *cf_executor_map_by_name     (CfExecutor           *self,
                                            const char           *function,
                                            GVariant             *items,
                                            guint                 chunk_size,
                                            guint                 buffer_size);
CF_AVAILABLE_IN_ALL
CfMapIterator *cf_executor_map_task        (CfExecutor           *self,
                                            CfTask               *task,
                                            GVariant             *items,
                                            guint                 chunk_size,
                                            guint                 buffer_size);
CF_AVAILABLE_IN_ALL
CfMapIterator *cf_executor_map_generator   (CfExecutor           *self,
                                            CfTask               *task,
                                            CfMapGenerator        generator,
                                            gpointer              user_data,
                                            GDestroyNotify        destroy,
                                            guint                 chunk_size,
                                            guint                 buffer_size);

CF_AVAILABLE_IN_ALL
gint64         cf_map_iterator_get_timeout (CfMapIterator        *self);
CF_AVAILABLE_IN_ALL
void           cf_map_iterator_set_timeout (CfMapIterator        *self,
                                            gint64                timeout_usec);
CF_AVAILABLE_IN_ALL
gboolean       cf_map_iterator_next        (CfMapIterator        *self,
                                            GCancellable         *cancellable,
                                            GVariant            **result,
                                            GError              **error);
CF_AVAILABLE_IN_ALL
void           cf_map_iterator_next_async  (CfMapIterator        *self,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
CF_AVAILABLE_IN_ALL
gboolean       cf_map_iterator_next_finish (CfMapIterator        *self,
                                            GAsyncResult         *async_result,
                                            GVariant            **result,
                                            GError              **error);

G_END_DECLS
