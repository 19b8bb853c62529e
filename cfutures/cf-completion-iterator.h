/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <cfutures/cf-future.h>

G_BEGIN_DECLS

#define CF_TYPE_COMPLETION_ITERATOR (cf_completion_iterator_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfCompletionIteratorClass:
 * @parent_class: the class of its parent
 *
 * The class of completion iterators, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfCompletionIterator, cf_completion_iterator, CF, COMPLETION_ITERATOR, GObject)

CF_AVAILABLE_IN_ALL
CfCompletionIterator *cf_as_completed                    (CfFuture             *const *futures,
                                                          gsize                 n_futures,
                                                          gint64                timeout_usec);

CF_AVAILABLE_IN_ALL
CfFuture             *cf_completion_iterator_next        (CfCompletionIterator *self,
                                                          GCancellable         *cancellable,
                                                          GError              **error);
CF_AVAILABLE_IN_ALL
void                  cf_completion_iterator_next_async  (CfCompletionIterator *self,
                                                          GCancellable         *cancellable,
                                                          GAsyncReadyCallback   callback,
                                                          gpointer              user_data);
CF_AVAILABLE_IN_ALL
CfFuture             *cf_completion_iterator_next_finish (CfCompletionIterator *self,
                                                          GAsyncResult         *result,
                                                          GError              **error);

G_END_DECLS
