/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Draining a process pool: how many calls of each epoch (cf-pool-epochs.c) have been submitted, and are over.
 *
 * A call is counted before the pool has it, and again when its future is settled and the pool is done with it. Whoever
 * waits is told by the thread that counts the last one.
 *
 * Nothing is overlooked, for the reasons that cf-pool-draining.c gives for a pool of threads: a submission reads the
 * epoch again after it has counted; who drains reads how many are over first; and all of it is sequentially
 * consistent. */

#include "config.h"

#include "processes/cf-call-epochs-private.h"

void
cf_call_epochs_clear (CfCallEpochs *self)
{
  cf_pool_epochs_clear (&self->epochs);
}

static gboolean
is_epoch_over (gpointer data,
               guint    epoch)
{
  CfCallEpochs *self = data;
  guint64 n_over = atomic_load (&self->n_over[epoch]);

  return n_over == atomic_load (&self->n_submitted[epoch]);
}

static void
check (CfCallEpochs *self)
{
  if (cf_pool_epochs_are_awaited (&self->epochs))
    cf_pool_epochs_check (&self->epochs, is_epoch_over, self);
}

/**
 * cf_call_epochs_enter:
 * @self: the calls of a pool
 *
 * Counts a call that is about to be submitted.
 *
 * Returns: the epoch that it belongs to
 */
guint
cf_call_epochs_enter (CfCallEpochs *self)
{
  guint epoch = cf_pool_epochs_get_current (&self->epochs);
  guint current;

  while (TRUE)
    {
      atomic_fetch_add (&self->n_submitted[epoch], 1);
      current = cf_pool_epochs_get_current (&self->epochs);
      if (current == epoch)
        return epoch;

      cf_call_epochs_note_over (self, epoch);
      epoch = current;
    }
}

/**
 * cf_call_epochs_note_over:
 * @self: the calls of a pool
 * @epoch: what cf_call_epochs_enter() has returned
 *
 * Says that a call is over, or was not submitted after all.
 */
void
cf_call_epochs_note_over (CfCallEpochs *self,
                          guint         epoch)
{
  atomic_fetch_add (&self->n_over[epoch], 1);
  check (self);
}

/**
 * cf_call_epochs_when_over:
 * @self: the calls of a pool
 *
 * Returns: (transfer full): a promise that is settled when all calls that were submitted so far are over
 */
CfFuture *
cf_call_epochs_when_over (CfCallEpochs *self)
{
  CfFuture *promise = cf_pool_epochs_end (&self->epochs);

  check (self);
  return promise;
}
