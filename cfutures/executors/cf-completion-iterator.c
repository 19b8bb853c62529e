/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CfCompletionIterator: futures in the order in which they are done.
 *
 * The set does the work; the iterator waits for it, in a blocking call or on the main loop. For the main loop
 * the set settles a promise when there is something to take, and everything else (timeout, cancellation, the
 * way into the context) is that of waiting for a future. One operation is under way at a time. */

#include "config.h"

#include "cf-completion-iterator.h"

#include <glib/gi18n-lib.h>

#include "base/cf-deadline-private.h"
#include "base/cf-error-private.h"
#include "base/cf-sanitizer-private.h"
#include "executors/cf-completion-set-private.h"
#include "future/cf-future-callbacks-private.h"

/**
 * CfCompletionIterator:
 *
 * Yields futures as they are done, whichever is first. [func@Cf.as_completed] makes one.
 *
 * ```c
 * g_autoptr(CfCompletionIterator) iterator = cf_as_completed (futures, n_futures, -1);
 * CfFuture *future;
 *
 * while ((future = cf_completion_iterator_next (iterator, NULL, &error)) != NULL)
 *   {
 *     use (future);
 *     g_object_unref (future);
 *   }
 * ```
 *
 * An iterator is used by one thread at a time.
 *
 * Since: 1.0
 */

struct _CfCompletionIterator
{
  GObject          parent_instance;

  CfCompletionSet *set;
  gsize            n_left;
  gint64           deadline;
  CfFuture        *ready;         /* what an operation that is under way waits for */
};

G_DEFINE_FINAL_TYPE (CfCompletionIterator, cf_completion_iterator, G_TYPE_OBJECT)

static void
cf_completion_iterator_finalize (GObject *object)
{
  CfCompletionIterator *self = CF_COMPLETION_ITERATOR (object);

  CF_TSAN_ACQUIRE (self);

  /* An operation keeps the iterator alive. */
  g_assert (self->ready == NULL);
  cf_completion_set_free (self->set);

  G_OBJECT_CLASS (cf_completion_iterator_parent_class)->finalize (object);
}

static void
cf_completion_iterator_class_init (CfCompletionIteratorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cf_completion_iterator_finalize;
}

static void
cf_completion_iterator_init (CfCompletionIterator *self)
{
}

/* The next future, if one is done. */
static CfFuture *
take (CfCompletionIterator *self)
{
  CfFuture *future = cf_completion_set_take (self->set);

  if (future == NULL)
    return NULL;

  self->n_left--;
  cf_future_deliver_own (future);
  return g_object_ref (future);
}

/**
 * cf_as_completed:
 * @futures: (array length=n_futures): futures, to be yielded once each
 * @n_futures: the number of @futures
 * @timeout_usec: how long the whole iteration may take, in microseconds from now; -1 for ever
 *
 * Iterates over futures in the order in which they are done. Those that are done already come first.
 *
 * Returns: (transfer full): an iterator
 *
 * Since: 1.0
 */
CfCompletionIterator *
cf_as_completed (CfFuture *const *futures,
                 gsize            n_futures,
                 gint64           timeout_usec)
{
  CfCompletionIterator *self;

  g_return_val_if_fail (cf_are_futures (futures, n_futures), NULL);

  self = g_object_new (CF_TYPE_COMPLETION_ITERATOR, NULL);
  self->set = cf_completion_set_new (futures, n_futures);
  self->n_left = cf_completion_set_get_size (self->set);
  self->deadline = cf_deadline_after (timeout_usec);

  return self;
}

/**
 * cf_completion_iterator_next:
 * @self: an iterator
 * @cancellable: (nullable): ends the wait early, and does not touch the calls
 * @error: return location for a `G_IO_ERROR_TIMED_OUT` or `G_IO_ERROR_CANCELLED`, or a `CF_ERROR_BROKEN_EXECUTOR` in a process
 *   that was forked from the one whose pools make the calls that are left
 *
 * Blocks until another future is done, and returns it. The future may have failed, or been cancelled.
 *
 * A wait that was cancelled, or timed out, loses nothing: the next one goes on where it was.
 *
 * As with [method@Cf.Future.wait], callbacks of that future that are due in this thread's own main context run
 * before this returns. It may be used in a call of the pool that is to make the others: another thread makes
 * them, and the last one that is left is made right here.
 *
 * Returns: (transfer full) (nullable): a future; %NULL when there are no more, or if @error is set
 *
 * Since: 1.0
 */
CfFuture *
cf_completion_iterator_next (CfCompletionIterator  *self,
                             GCancellable          *cancellable,
                             GError               **error)
{
  CfBlockingOutcome outcome;

  g_return_val_if_fail (CF_IS_COMPLETION_ITERATOR (self), NULL);
  g_return_val_if_fail (self->ready == NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (self->n_left == 0)
    return NULL;

  outcome = cf_completion_set_wait (self->set, self->n_left == 1, self->deadline, cancellable);
  if (!cf_blocking_outcome_to_error (outcome, N_("the calls"), error))
    return NULL;

  return take (self);
}

/* In the completing thread, under a lock; nobody but this file knows the promise, so that no user code runs. */
static void
settle_ready (gpointer ready)
{
  cf_future_set_value (ready, NULL, NULL);
}

static void
on_ready (GObject      *ready,
          GAsyncResult *result,
          gpointer      data)
{
  g_autoptr(GTask) task = data;
  CfCompletionIterator *self = g_task_get_source_object (task);
  CF_TSAN_READS (self);
  GError *error = NULL;

  CF_TSAN_ACQUIRE (self);

  cf_completion_set_notify (self->set, NULL, NULL);
  g_clear_object (&self->ready);

  if (cf_future_wait_finish (CF_FUTURE (ready), result, &error))
    g_task_return_pointer (task, take (self), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * cf_completion_iterator_next_async:
 * @self: an iterator
 * @cancellable: (nullable): ends the wait early, and does not touch the calls
 * @callback: (scope async) (nullable): called in the thread's default main context when another future is done
 * @user_data: passed to @callback
 *
 * Waits on the main loop until another future is done.
 *
 * Since: 1.0
 */
void
cf_completion_iterator_next_async (CfCompletionIterator *self,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data)
{
  g_autoptr(GTask) task = NULL;
  gint64 timeout_usec = -1;

  g_return_if_fail (CF_IS_COMPLETION_ITERATOR (self));
  g_return_if_fail (self->ready == NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, GSIZE_TO_POINTER (cf_completion_iterator_next_async));
  g_task_set_check_cancellable (task, FALSE);

  if (self->n_left == 0)
    {
      g_task_return_pointer (task, NULL, NULL);
      return;
    }

  if (cf_completion_set_is_left_behind (self->set))
    {
      g_task_return_error (task, cf_error_new_forked ());
      return;
    }

  if (self->deadline >= 0)
    timeout_usec = MAX (0, self->deadline - g_get_monotonic_time ());

  self->ready = cf_future_new ();
  CF_TSAN_RELEASE (self);
  if (!cf_completion_set_notify (self->set, settle_ready, self->ready))
    settle_ready (self->ready);
  cf_future_wait_async (self->ready, timeout_usec, cancellable, on_ready, g_steal_pointer (&task));
}

/**
 * cf_completion_iterator_next_finish:
 * @self: an iterator
 * @result: the asynchronous result that the callback was given
 * @error: return location for a `G_IO_ERROR_TIMED_OUT` or `G_IO_ERROR_CANCELLED`, or a `CF_ERROR_BROKEN_EXECUTOR` in a process
 *   that was forked from the one whose pools make the calls that are left
 *
 * Ends what [method@Cf.CompletionIterator.next_async] began.
 *
 * Returns: (transfer full) (nullable): a future; %NULL when there are no more, or if @error is set
 *
 * Since: 1.0
 */
CfFuture *
cf_completion_iterator_next_finish (CfCompletionIterator  *self,
                                    GAsyncResult          *result,
                                    GError               **error)
{
  g_return_val_if_fail (CF_IS_COMPLETION_ITERATOR (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
