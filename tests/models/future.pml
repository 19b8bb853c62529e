/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A future's word and its observers: settled once, and everybody told once.
 *
 * Stands for future/cf-future-state*, cf-future-settle.c, cf-future-observers.c, claiming in cf-future-claim.c, adding and
 * delivering in cf-future-callbacks.c, waiting in cf-future-wait.c, and base/cf-parker.c.
 *
 * A thread of a pool claims, runs and settles the future. Another one withdraws it, a third settles it from outside, as a
 * timeout does. Some wait for it, of which all but the first may give up; a waiter's parker is gone when the wait is over,
 * and nobody may touch it then. One has a callback in a context of its own, which it takes back, or runs when its turn has
 * come, or runs before a blocking call returns. One has a callback without a context.
 *
 * The claim: the future is settled exactly once, and run at most once. Each waiter is woken once, or has unlinked itself,
 * or has found the future done. Each callback is called once, unless it was taken back, and before a blocking call of its
 * own thread returns.
 *
 * Left out: memory orders (a step is seen by all at once), abandoned calls, remote futures, details, spinning, and the links
 * of the list, which is changed under the lock alone.
 *
 *   holds   -DWAITERS=2                  settled once and everybody told once, with two who wait
 *   holds   -DWAITERS=1 -DOUTSIDER       settled once and everybody told once, if a timeout comes too
 *   mutant  -DMUTANT_UNLOCKED_LOOK -DOUTSIDER -DWAITERS=1   settling looks whether that is done before it has the lock
 *   mutant  -DMUTANT_EARLY_FIRE          observers are fired before the state is written
 *   mutant  -DMUTANT_UNLOCKED_UNLINK     who gives up unlinks itself without the lock
 *   mutant  -DMUTANT_EARLY_RETURN        a blocking call does not wait until settling has let the lock go
 */

#ifndef WAITERS
#define WAITERS 2
#endif

#define OBSERVERS (WAITERS + 2)
#define CONTEXT   WAITERS
#define IMMEDIATE (WAITERS + 1)

/* The bits of the word. */
#define PENDING   0
#define RUNNING   1
#define FINISHED  2
#define CANCELLED 3
#define STATE     3
#define DONE      2
#define LOCKED    4
#define OBSERVED  8

mtype = { FINISH, INTERVENE, WITHDRAW, EMPTY, PARKED, NOTIFIED };

byte word = PENDING;
bool linked[OBSERVERS];
byte n_told[OBSERVERS];
bool is_pushed;                 /* the callback is in the queue of its context */

bool has_parker[WAITERS], sleeps[WAITERS];
mtype token[WAITERS];
byte n_settled, n_run, n_over;

#define is_done ((word & DONE) != 0)

inline lock ()
{
  atomic { (word & LOCKED) == 0 -> w = word; word = word | LOCKED }
}

/* `w` is the caller's. */
inline unlock (new_word)
{
  d_step { word = (new_word) & (STATE | OBSERVED); w = 0 }
}

/* With the lock held. */
inline mark_observed ()
{
  d_step {
    w = w & ~OBSERVED;
    for (i : 0 .. OBSERVERS - 1) {
      if
      :: linked[i] -> w = w | OBSERVED
      :: else
      fi
    }
    i = 0
  }
}

/* With the lock held. */
inline unlink (observer)
{
  atomic { linked[observer] = false; mark_observed () }
}

inline unpark (waiter)
{
  assert (has_parker[waiter]);
  atomic { was = token[waiter]; token[waiter] = NOTIFIED };
  if
  :: was == PARKED -> assert (has_parker[waiter]); sleeps[waiter] = false
  :: else
  fi;
  was = EMPTY
}

/* With the lock held. */
inline fire ()
{
  n = 0;
  do
  :: atomic { n < WAITERS && linked[n] -> linked[n] = false; n_told[n]++ };
     unpark (n);
     n++
  :: atomic { n < WAITERS && !linked[n] -> n++ }
  :: n == WAITERS -> break
  od;
  if
  :: linked[CONTEXT] -> is_pushed = true
  :: else
  fi;
  if
  :: linked[IMMEDIATE] -> linked[IMMEDIATE] = false; immediate = true
  :: else
  fi;
  n = 0
}

inline settle (how, last)
{
#ifdef MUTANT_UNLOCKED_LOOK
  w = word;
  if
  :: (w & DONE) != 0 || (how == WITHDRAW && (w & STATE) != PENDING) -> w = 0; goto late
  :: else
  fi;
  lock ();
#else
  lock ();
  if
  :: (w & DONE) != 0 || (how == WITHDRAW && (w & STATE) != PENDING) -> unlock (w); goto late
  :: else
  fi;
#endif
  n_settled++;
#ifdef MUTANT_EARLY_FIRE
  fire ();
  w = (w & OBSERVED) | last;
#else
  w = (w & OBSERVED) | last;
  if
  :: (w & OBSERVED) != 0 -> word = w | LOCKED; fire ()
  :: else
  fi;
#endif
  mark_observed ();
  unlock (w);
  if
  :: immediate -> n_told[IMMEDIATE]++; immediate = false
  :: else
  fi
}

proctype Worker ()
{
  mtype was = EMPTY;
  byte w, i, n;
  bool immediate;

  lock ();
  if
  :: (w & STATE) == PENDING -> unlock (w | RUNNING)
  :: else -> unlock (w); goto late
  fi;
  n_run++;
  settle (FINISH, FINISHED);
late: skip
}

proctype Canceller ()
{
  mtype was = EMPTY;
  byte w, i, n;
  bool immediate;

  settle (WITHDRAW, CANCELLED);
late: skip
}

proctype Outsider ()
{
  mtype was = EMPTY;
  byte w, i, n;
  bool immediate;

  settle (INTERVENE, FINISHED);
late: skip
}

proctype Waiter (byte me; bool may_give_up)
{
  byte w, i;
  bool has_linked;

  if
  :: is_done -> goto over
  :: else
  fi;
  lock ();
  if
  :: (w & DONE) != 0 -> unlock (w); goto over
  :: else -> linked[me] = true; has_linked = true; unlock (w | OBSERVED)
  fi;
  do
  :: is_done -> break
  :: may_give_up -> break
  :: else ->
     atomic {
       if
       :: token[me] == EMPTY -> token[me] = PARKED
       :: else
       fi
     };
     atomic {                             /* the futex: sleeps if the word still is PARKED */
       if
       :: token[me] == PARKED -> sleeps[me] = true
       :: else
       fi
     };
     (!sleeps[me] || may_give_up);        /* or the deadline passes */
     sleeps[me] = false;
     token[me] = EMPTY
  od;
#ifdef MUTANT_UNLOCKED_UNLINK
  linked[me] = false;
#else
  lock ();
  unlink (me);
  unlock (w);
#endif
over:
  assert (n_told[me] <= has_linked);
  has_linked = false;
  has_parker[me] = false;
  n_over++
}

/* Has been taken out of the context's queue. */
inline deliver ()
{
  is_pushed = false;
  lock ();
  unlink (CONTEXT);
  unlock (w);
  if
  :: !is_ignored -> n_told[CONTEXT]++
  :: else
  fi;
  has_arrived = true
}

/* The thread that owns the context. */
proctype ContextOwner ()
{
  byte w, i;
  bool is_ignored, has_arrived;

  lock ();
  linked[CONTEXT] = true;
  if
  :: (w & DONE) != 0 -> is_pushed = true
  :: else
  fi;
  unlock (w | OBSERVED);

  if
  :: true ->                              /* an iteration of the context */
     is_pushed;
     deliver ()

  :: true ->                              /* a call that blocks on the future */
     is_done;
     if
     :: (word & (OBSERVED | LOCKED)) == 0
     :: else ->
#ifndef MUTANT_EARLY_RETURN
        lock ();
        unlock (w);
#endif
        if
        :: is_pushed -> deliver ()
        :: else
        fi
     fi;
     assert (n_told[CONTEXT] == 1)

  :: true ->                              /* the callback is taken back */
     lock ();
     if
     :: (w & DONE) != 0 -> unlock (w); is_ignored = true; is_pushed; deliver ()
     :: else -> unlink (CONTEXT); unlock (w)
     fi;
     n_told[CONTEXT]++
  fi;
  n_over++
}

proctype Adder ()
{
  byte w;

  lock ();
  if
  :: (w & DONE) != 0 -> unlock (w); n_told[IMMEDIATE]++
  :: else -> linked[IMMEDIATE] = true; unlock (w | OBSERVED)
  fi;
  n_over++
}

active proctype Main ()
{
  byte i;

  atomic {
    for (i : 0 .. WAITERS - 1) {
      token[i] = EMPTY;
      has_parker[i] = true;
      run Waiter (i, i > 0)
    }
    i = 0;
    run ContextOwner ();
    run Adder ();
    run Worker ();
    run Canceller ();
#ifdef OUTSIDER
    run Outsider ()
#endif
  };
  timeout;
  assert (n_settled == 1);
  assert (word == FINISHED || word == CANCELLED);
#ifdef OUTSIDER
  assert (n_run <= 1);
#else
  assert (n_run == (word == FINISHED));
#endif
  assert (n_over == OBSERVERS);
  assert (n_told[CONTEXT] == 1 && n_told[IMMEDIATE] == 1)
}
