/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cfutures/cf-types.h>

G_BEGIN_DECLS

#define CF_TYPE_MAP_ITERATOR (cf_map_iterator_get_type ())

CF_AVAILABLE_IN_ALL
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
gboolean  cf_map_iterator_next        (CfMapIterator        *self,
                                       GVariant            **result,
                                       GError              **error);
CF_AVAILABLE_IN_ALL
void      cf_map_iterator_next_async  (CfMapIterator        *self,
                                       GCancellable         *cancellable,
                                       GAsyncReadyCallback   callback,
                                       gpointer              user_data);
CF_AVAILABLE_IN_ALL
gboolean  cf_map_iterator_next_finish (CfMapIterator        *self,
                                       GAsyncResult         *async_result,
                                       GVariant            **result,
                                       GError              **error);

G_END_DECLS
