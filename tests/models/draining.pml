/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The epochs of a thread pool: who drains it waits for all calls that were submitted before, and not for ever.
 *
 * Stands for threads/cf-pool-draining.c, cf-pool-epochs.c, and counting in cf-pool-running.c and cf-pool-submission.c.
 *
 * Two clients submit a call each and drain the pool, more than once. A thread of the pool makes the calls. With INSIDE each
 * call submits another one, which the thread counts for itself. With CANCELLED somebody withdraws calls that have not begun.
 *
 * Each access to a counter, to the epoch, and to `is_awaited` is one step: they are sequentially consistent in the code, or
 * have a full barrier between them.
 *
 * The claim: when drain() returns, the call that its thread has submitted before is over; and when nothing goes on any
 * more, each drain() has returned.
 *
 * Left out: several threads of the pool, which add up as one does; calls that are exempt; that an unfinished inner call
 * of another client is waited for, too, or not.
 *
 *   holds   -DROUNDS=3                            draining waits for the calls, and ends
 *   holds   -DROUNDS=1 -DCANCELLED                draining waits for the calls, and ends, if calls are cancelled
 *   holds   -DROUNDS=2 -DINSIDE                   draining waits for the calls, and ends, if calls submit others
 *   mutant  -DROUNDS=2 -DMUTANT_READ_ONCE         the epoch is not read again after counting
 *   mutant  -DROUNDS=1 -DMUTANT_EARLY_LOOK        it is asked who drains before the end of a call is counted
 *   mutant  -DROUNDS=1 -DMUTANT_UNCHECKED         who drains does not look whether the calls are over already
 */

#define CLIENTS 2
#define ALL     ((1 << CLIENTS) - 1)

#define OUTSIDE 0               /* who counts */
#define THREAD  1

mtype = { NONE, QUEUED, BEGUN, OVER };

/* CfPoolEpochs; a promise is the bit of a client. */
bool mutex;
byte current;
bool is_awaited;
byte ending, next;

/* By who counts, and epoch. */
byte n_submitted[4], n_over[4];
#define counter(who, epoch) ((who) * 2 + (epoch))

mtype call[CLIENTS];
byte epoch_of[CLIENTS];
byte settled;
byte n_returned;

/* With the mutex held. */
inline begin_epoch ()
{
  atomic { ending = next; next = 0 };
  if
  :: ending != 0 -> current = current ^ 1
  :: else
  fi;
  is_awaited = ending != 0
}

inline add_up_submitted ()
{
  submitted = n_submitted[counter (OUTSIDE, current ^ 1)];
  submitted = submitted + n_submitted[counter (THREAD, current ^ 1)]
}

inline add_up_over ()
{
  over = n_over[counter (OUTSIDE, current ^ 1)];
  over = over + n_over[counter (THREAD, current ^ 1)]
}

inline check_drained ()
{
  if
  :: is_awaited ->
     atomic { !mutex -> mutex = true };
     do
     :: ending != 0 ->
        add_up_over ();
        add_up_submitted ();
        if
        :: submitted == over -> atomic { promises = promises | ending; submitted = 0; over = 0 }; begin_epoch ()
        :: else -> atomic { submitted = 0; over = 0 }; break
        fi
     :: else -> break
     od;
     mutex = false;
     atomic { settled = settled | promises; promises = 0 }
  :: else
  fi
}

/* Leaves the call's epoch in `epoch`. */
inline count_in (who)
{
  epoch = current;
  do
  :: n_submitted[counter (who, epoch)]++;
#ifdef MUTANT_READ_ONCE
     break
#else
     now = current;
     if
     :: now == epoch -> now = 0; break
     :: else
     fi;
     n_submitted[counter (who, epoch)]--;
     check_drained ();
     atomic { epoch = now; now = 0 }
#endif
  od
}

inline end_call (who, its_epoch)
{
#ifdef MUTANT_EARLY_LOOK
  if
  :: is_awaited -> n_over[counter (who, its_epoch)]++; check_drained ()
  :: else -> n_over[counter (who, its_epoch)]++
  fi
#else
  n_over[counter (who, its_epoch)]++;
  check_drained ()
#endif
}

proctype Client (byte me)
{
  byte round, epoch, now, submitted, over, promises;

  do
  :: round < ROUNDS ->
     count_in (OUTSIDE);
     atomic { epoch_of[me] = epoch; call[me] = QUEUED; epoch = 0 };

     atomic { !mutex -> mutex = true };
     settled = settled & ~(1 << me);
     next = next | (1 << me);
     if
     :: ending == 0 -> begin_epoch ()
     :: else
     fi;
     mutex = false;
#ifndef MUTANT_UNCHECKED
     check_drained ();
#endif
     (settled & (1 << me)) != 0;
     assert (call[me] == OVER);
     round++
  :: else -> break
  od;
  n_returned++
}

inline make (which)
{
  atomic { call[which] == QUEUED -> call[which] = BEGUN };
#ifdef INSIDE
  count_in (THREAD);
  atomic { inner = epoch; epoch = 0 };
#endif
  call[which] = OVER;
  end_call (THREAD, epoch_of[which]);
#ifdef INSIDE
  end_call (THREAD, inner);
  inner = 0
#endif
}

active proctype Thread ()
{
  byte epoch, now, submitted, over, promises, inner;

  do
  :: make (0)
  :: make (1)
  od
}

#ifdef CANCELLED
active proctype Canceller ()
{
  byte submitted, over, promises;

  do
  :: atomic { call[0] == QUEUED -> call[0] = OVER }; end_call (OUTSIDE, epoch_of[0])
  :: atomic { call[1] == QUEUED -> call[1] = OVER }; end_call (OUTSIDE, epoch_of[1])
  od
}
#endif

active proctype Main ()
{
  byte i;

  atomic {
    for (i : 0 .. CLIENTS - 1) {
      call[i] = NONE;
      run Client (i)
    }
    i = 0
  };
  timeout;
  assert (n_returned == CLIENTS);
  assert (!is_awaited && ending == 0 && next == 0)
}
