/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The workers of a pool: which of them can take a call, and whom they wake with a result.
 *
 * **Nobody sleeps over a result.** `n_pollers` counts the threads that poll. While there is none, every worker that
 * has calls is *armed*: its `pool_asleep` is set, and with the next result it sends a message that wakes the
 * manager. A thread that stops polling as the last one arms the workers, under the mutex, and then looks at the
 * rings once more; if there is anything it wakes the manager. A thread that gives a call to a worker arms it, under the
 * mutex, if nobody polls. So each result either finds its worker armed or somebody who will still look. But that may be
 * late if it is preempted: a worker that sleeps over unread results wakes the manager all the same (cf-channel.c).
 *
 * The pool's mutex guards all of this. The list itself is changed with the receiver's lock as well, so that
 * either of the two is enough to read it. */

#include "config.h"

#include "processes/cf-worker-set-private.h"

void
cf_worker_set_init (CfWorkerSet *self)
{
  self->members = g_ptr_array_new ();
}

void
cf_worker_set_clear (CfWorkerSet *self)
{
  g_assert (self->members->len == 0);

  g_ptr_array_unref (self->members);
}

void
cf_worker_set_add (CfWorkerSet    *self,
                   CfRemoteWorker *worker)
{
  g_ptr_array_add (self->members, worker);
}

void
cf_worker_set_remove (CfWorkerSet    *self,
                      CfRemoteWorker *worker)
{
  g_ptr_array_remove_fast (self->members, worker);
}

/* Which worker: under the mutex. */

static gboolean
may_be_given_calls (CfRemoteWorker *worker)
{
  return worker->state == CF_REMOTE_WORKER_READY && !worker->is_full && !cf_remote_worker_is_used_up (worker);
}

static gboolean
is_idle (CfRemoteWorker *worker)
{
  return worker->calls.length == 0 && may_be_given_calls (worker);
}

/**
 * cf_worker_set_find_started:
 * @self: a set
 *
 * Returns: (transfer none) (nullable): a worker that is to be given the pool's initializer
 */
CfRemoteWorker *
cf_worker_set_find_started (CfWorkerSet *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (self, i);

      if (worker->state == CF_REMOTE_WORKER_STARTED)
        return worker;
    }

  return NULL;
}

/**
 * cf_worker_set_find_idle:
 * @self: a set
 *
 * Returns: (transfer none) (nullable): a worker that has nothing to do and can take a call
 */
CfRemoteWorker *
cf_worker_set_find_idle (CfWorkerSet *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (self, i);

      if (is_idle (worker))
        return worker;
    }

  return NULL;
}

/**
 * cf_worker_set_find_busy:
 * @self: a set
 * @depth: how many calls a worker may have
 * @stuck_since: since when one that has not ended a call is stuck
 *
 * Returns: (transfer none) (nullable): the worker with the fewest calls, if it can take one more
 */
CfRemoteWorker *
cf_worker_set_find_busy (CfWorkerSet *self,
                         guint        depth,
                         gint64       stuck_since)
{
  CfRemoteWorker *best = NULL;
  guint least = depth;

  for (guint i = 0; i < self->members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (self, i);

      if (worker->calls.length < least && worker->since > stuck_since && may_be_given_calls (worker))
        {
          best = worker;
          least = worker->calls.length;
        }
    }

  return best;
}

/**
 * cf_worker_set_find_laden:
 * @self: a set
 * @n_unbegun: (out): how many those are
 *
 * Returns: (transfer none) (nullable): the worker with the most calls that wait behind another one
 */
CfRemoteWorker *
cf_worker_set_find_laden (CfWorkerSet *self,
                          guint       *n_unbegun)
{
  CfRemoteWorker *best = NULL;

  *n_unbegun = 0;
  for (guint i = 0; i < self->members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (self, i);
      guint n = worker->calls.length > 1 ? cf_remote_worker_count_unbegun (worker) : 0;

      if (n > *n_unbegun)
        {
          best = worker;
          *n_unbegun = n;
        }
    }

  return best;
}

/**
 * cf_worker_set_count_available:
 * @self: a set
 *
 * Returns: how many workers can take a call now, or soon
 */
guint
cf_worker_set_count_available (CfWorkerSet *self)
{
  guint n = 0;

  for (guint i = 0; i < self->members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (self, i);

      n += worker->state < CF_REMOTE_WORKER_READY || is_idle (worker);
    }

  return n;
}

/**
 * cf_worker_set_count_living:
 * @self: a set
 *
 * Returns: how many workers there are, but for those that have been dismissed or are to be killed
 */
guint
cf_worker_set_count_living (CfWorkerSet *self)
{
  guint n = 0;

  for (guint i = 0; i < self->members->len; i++)
    {
      n += !cf_remote_worker_is_leaving (cf_worker_set_nth (self, i));
    }

  return n;
}

gboolean
cf_worker_set_has_calls (CfWorkerSet *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      if (cf_worker_set_nth (self, i)->calls.length > 0)
        return TRUE;
    }

  return FALSE;
}

/* Polling: under the mutex, but for has_results(). */

/**
 * cf_worker_set_begin_polling:
 * @self: a set
 *
 * Says that the calling thread looks for results, so that workers need not tell of them.
 */
void
cf_worker_set_begin_polling (CfWorkerSet *self)
{
  if (self->n_pollers++ > 0)
    return;

  for (guint i = 0; i < self->members->len; i++)
    cf_remote_worker_set_armed (cf_worker_set_nth (self, i), FALSE);
}

/**
 * cf_worker_set_end_polling:
 * @self: a set
 *
 * Returns: whether nobody polls now and there are results that no worker will tell of: the manager has to be woken
 */
gboolean
cf_worker_set_end_polling (CfWorkerSet *self)
{
  if (--self->n_pollers > 0)
    return FALSE;

  for (guint i = 0; i < self->members->len; i++)
    {
      CfRemoteWorker *worker = cf_worker_set_nth (self, i);

      if (worker->calls.length > 0)
        cf_remote_worker_set_armed (worker, TRUE);
    }

  /* Pairs with the fence in cf_channel_wake_pool(). */
  atomic_thread_fence (memory_order_seq_cst);
  return cf_worker_set_has_results (self);
}

/**
 * cf_worker_set_has_results:
 * @self: a set
 *
 * With the mutex, or the receiver's lock, or from the manager's thread, which alone changes the list.
 *
 * Returns: whether a worker has sent something that was not read yet
 */
gboolean
cf_worker_set_has_results (CfWorkerSet *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      if (cf_remote_worker_has_result (cf_worker_set_nth (self, i)))
        return TRUE;
    }

  return FALSE;
}
