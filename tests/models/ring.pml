/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rings between a process pool and its workers: no call is run twice, and none is lost.
 *
 * Stands for transport/cf-channel.c and cf-ring.c, for polling in processes/cf-worker-set.c, and for what is done with them
 * in cf-call-dispatch.c, cf-remote-worker.c, cf-result-receiver.c, cf-process-manager.c and worker/cf-worker.c.
 *
 * Calls are submitted, and offered to workers in their rings. A worker claims a call and runs it; the pool takes it back, if it is
 * cancelled, or with THIEF to offer it to another worker. A worker sleeps when its ring is empty. The manager receives results,
 * as long as it pays, and sleeps until it is kicked or a worker that is armed sends a message. With WAITER another thread
 * polls for the first call's result, stops at any time, and sleeps until that is there.
 *
 * The claim: each call is settled once; it was run once, or was cancelled and not run.
 *
 * Left out: the bytes of the rings, full rings, payloads, priorities, the death and the start of workers, times (also that a
 * worker tells of results that lie unread, and that the manager comes by), and what workers could do on purpose. Ids are
 * never used twice, so that the word of a call stands for that of its slot.
 *
 *   holds   -DCALLS=3 -DWORKERS=1                    every call is run and settled once
 *   holds   -DCALLS=2 -DWORKERS=1 -DWAITER           every call is run and settled once, if somebody polls for it
 *   holds   -DCALLS=2 -DWORKERS=1 -DCANCELLER -DWAITER  every call is run and settled once, or cancelled
 *   holds   -DCALLS=2 -DWORKERS=2 -DTHIEF            every call is run and settled once, if it is moved
 *   mutant  -DCALLS=1 -DWORKERS=1 -DWAITER -DMUTANT_NO_LAST_LOOK      who stops polling does not look again
 *   mutant  -DCALLS=1 -DWORKERS=1 -DMUTANT_NO_SLEEP_LOOK              a worker does not look again before it sleeps
 *   mutant  -DCALLS=1 -DWORKERS=1 -DMUTANT_LATE_ARM                   a worker is armed after it was given the call
 *   mutant  -DCALLS=1 -DWORKERS=1 -DCANCELLER -DMUTANT_STORE          a call is taken back by a look and a store
 */

#define DEPTH 2

mtype = { NEW, QUEUED, HANDED, ENDED, WITHDRAWN, FREE, OFFERED, CLAIMED };

/* The regions. */
mtype word[CALLS];
chan calls[WORKERS] = [CALLS * 2] of { byte };
chan results[WORKERS] = [CALLS] of { byte };
bool worker_asleep[WORKERS], pool_asleep[WORKERS];
bool futex[WORKERS];            /* the worker sleeps */
bool message[WORKERS];          /* on its socket */

/* The pool, under its mutex. */
bool mutex;
mtype state[CALLS];
byte owner[CALLS];
byte n_calls[WORKERS];
byte n_pollers, n_completing;
byte n_outstanding = CALLS;     /* also those that are to be submitted: the pool is not over before */

#if WORKERS > 1
#define has_calls (n_calls[0] > 0 || n_calls[1] > 0)
#else
#define has_calls (n_calls[0] > 0)
#endif

bool receiving;
bool is_kicked, wakeup;         /* CfManagerWakeup */

byte n_settled[CALLS], n_run[CALLS];
bool is_cancelled[CALLS];

inline lock ()
{
  atomic { !mutex -> mutex = true }
}

inline kick ()
{
  atomic { is_kicked = true; wakeup = true }
}

inline kick_once ()
{
  if
  :: !is_kicked -> kick ()
  :: else
  fi
}

/* With the mutex held. */
inline give (w, c)
{
#ifndef MUTANT_LATE_ARM
  if
  :: n_pollers == 0 -> pool_asleep[w] = true
  :: else
  fi;
#endif
  atomic { word[c] = OFFERED; owner[c] = w; state[c] = HANDED; n_calls[w]++ };
  calls[w] ! c;
  atomic {
    if
    :: worker_asleep[w] -> worker_asleep[w] = false; futex[w] = false
    :: else
    fi
  }
#ifdef MUTANT_LATE_ARM
  ;
  if
  :: n_pollers == 0 -> pool_asleep[w] = true
  :: else
  fi
#endif
}

/* With the mutex held. */
inline dispatch ()
{
  c = 0;
  do
  :: c < CALLS ->
     if
     :: state[c] == QUEUED && n_calls[0] < DEPTH -> give (0, c)
#if WORKERS > 1
     :: state[c] == QUEUED && n_calls[1] < DEPTH -> give (1, c)
#endif
     :: else
     fi;
     c++
  :: else -> c = 0; break
  od
}

/* With the mutex held: sets `ok`. */
inline take_back (c)
{
#ifdef MUTANT_STORE
  ok = word[c] == OFFERED;
  if
  :: ok -> word[c] = FREE
  :: else
  fi;
#else
  atomic {
    ok = word[c] == OFFERED;
    if
    :: ok -> word[c] = FREE
    :: else
    fi
  };
#endif
  if
  :: ok -> n_calls[owner[c]]--
  :: else
  fi
}

/* cf_result_receiver_receive(), with `receiving` held, which it lets go. Sets `got`. */
inline receive ()
{
  got = 0;
  if
  :: nempty (results[0]) -> results[0] ? c; got = got | (1 << c)
  :: empty (results[0])
  fi;
#if WORKERS > 1
  if
  :: nempty (results[1]) -> results[1] ? c; got = got | (1 << c)
  :: empty (results[1])
  fi;
#endif
  c = 0;
  if
  :: got != 0 ->
     atomic {
       !mutex -> mutex = true;
       for (c : 0 .. CALLS - 1) {
         if
         :: (got & (1 << c)) != 0 ->
            assert (state[c] == HANDED && word[c] == CLAIMED);
            state[c] = ENDED;
            n_calls[owner[c]]--;
            n_outstanding--;
            n_completing++
         :: else
         fi
       }
     };
     dispatch ();
     atomic { mutex = false; receiving = false };
     do
     :: atomic { c < CALLS && (got & (1 << c)) != 0 -> n_settled[c]++; c++ }
     :: atomic { c < CALLS && (got & (1 << c)) == 0 -> c++ }
     :: atomic { c == CALLS -> c = 0; break }
     od;
     lock ();
     do
     :: atomic { c < CALLS && (got & (1 << c)) != 0 -> n_completing--; c++ }
     :: atomic { c < CALLS && (got & (1 << c)) == 0 -> c++ }
     :: atomic { c == CALLS -> c = 0; break }
     od;
     if
     :: n_outstanding == 0 -> kick_once ()
     :: else
     fi;
     mutex = false
  :: else -> receiving = false
  fi
}

/* With the mutex held, which it lets go. */
inline begin_polling ()
{
  n_pollers++;
  if
  :: n_pollers == 1 ->
     pool_asleep[0] = false
#if WORKERS > 1
     ; pool_asleep[1] = false
#endif
  :: else
  fi;
  mutex = false
}

inline end_polling ()
{
  lock ();
  n_pollers--;
  if
  :: n_pollers == 0 ->
     if
     :: n_calls[0] > 0 -> pool_asleep[0] = true
     :: else
     fi;
#if WORKERS > 1
     if
     :: n_calls[1] > 0 -> pool_asleep[1] = true
     :: else
     fi;
#endif
#ifndef MUTANT_NO_LAST_LOOK
     if
     :: nempty (results[0]) -> kick ()
     :: empty (results[0])
     fi;
#if WORKERS > 1
     if
     :: nempty (results[1]) -> kick ()
     :: empty (results[1])
     fi;
#endif
#endif
     skip
  :: else
  fi;
  mutex = false
}

proctype Worker (byte me)
{
  byte c;
  bool is_mine;

  do
  :: nempty (calls[me]) ->
     calls[me] ? c;
     atomic {
       is_mine = word[c] == OFFERED && owner[c] == me;
       if
       :: is_mine -> word[c] = CLAIMED
       :: else
       fi
     };
     if
     :: is_mine ->
        is_mine = false;
        n_run[c]++;
        results[me] ! c;
        atomic {
          if
          :: pool_asleep[me] -> pool_asleep[me] = false; is_mine = true
          :: else
          fi
        };
        if
        :: is_mine -> message[me] = true; is_mine = false
        :: else
        fi
     :: else
     fi;
     c = 0

  :: empty (calls[me]) ->
     worker_asleep[me] = true;
#ifndef MUTANT_NO_SLEEP_LOOK
     if
     :: nempty (calls[me]) -> worker_asleep[me] = false
     :: empty (calls[me]) ->
#endif
        atomic { futex[me] = worker_asleep[me] };
        !futex[me];
        worker_asleep[me] = false
#ifndef MUTANT_NO_SLEEP_LOOK
     fi
#endif
  od
}

proctype Manager ()
{
  byte c, got;
  bool is_needed;

  do
  :: atomic { !mutex -> is_kicked = false };
     atomic {
       !mutex -> is_needed = n_pollers == 0 && has_calls;
       mutex = is_needed
     };
     if
     :: is_needed ->
        is_needed = false;
        begin_polling ();
        do
        :: atomic { !receiving -> receiving = true };
           receive ();
           if
           :: true -> break               /* nothing has come for a while, it was kicked, or its time is up */
           :: got != 0 && !is_kicked
           fi
        od;
        got = 0;
        end_polling ()
     :: else
     fi;
     lock ();
     dispatch ();
     mutex = false;
     if
     :: atomic { !mutex && n_outstanding == 0 && n_completing == 0 -> break }
     :: atomic { !mutex && !(n_outstanding == 0 && n_completing == 0) }
     fi;
     if
     :: atomic { wakeup -> wakeup = false }
     :: atomic { message[0] -> message[0] = false }
#if WORKERS > 1
     :: atomic { message[1] -> message[1] = false }
#endif
     fi
  od
}

proctype Submitter ()
{
  byte c, i;

  do
  :: i < CALLS ->
     lock ();
     state[i] = QUEUED;
     dispatch ();
     mutex = false;
     i++
  :: else -> i = 0; break
  od
}

#ifdef WAITER
proctype Waiter ()
{
  byte c, got;

  lock ();
  begin_polling ();
  do
  :: n_settled[0] > 0 -> break
  :: true -> break
  :: atomic { !receiving -> receiving = true }; receive (); got = 0
  od;
  end_polling ();
  n_settled[0] > 0
}
#endif

#ifdef CANCELLER
proctype Canceller ()
{
  bool ok;

  lock ();
  if
  :: state[CALLS - 1] == QUEUED -> ok = true
  :: state[CALLS - 1] == HANDED -> take_back (CALLS - 1)
  :: else
  fi;
  if
  :: ok ->
     atomic { state[CALLS - 1] = WITHDRAWN; n_outstanding-- };
     if
     :: n_outstanding == 0 -> kick_once ()
     :: else
     fi;
     is_cancelled[CALLS - 1] = true;
     n_settled[CALLS - 1]++
  :: else
  fi;
  mutex = false
}
#endif

#ifdef THIEF
proctype Thief ()
{
  byte c;
  bool ok;

  lock ();
  if
  :: state[CALLS - 1] == HANDED ->
     take_back (CALLS - 1);
     if
     :: ok -> state[CALLS - 1] = QUEUED; ok = false
     :: else
     fi;
     dispatch ()
  :: else
  fi;
  mutex = false
}
#endif

active proctype Main ()
{
  byte i;

  atomic {
    for (i : 0 .. CALLS - 1) { state[i] = NEW; word[i] = FREE }
    for (i : 0 .. WORKERS - 1) { run Worker (i) }
    i = 0;
    run Manager ();
    run Submitter ();
#ifdef WAITER
    run Waiter ();
#endif
#ifdef CANCELLER
    run Canceller ();
#endif
#ifdef THIEF
    run Thief ();
#endif
    skip
  };
  timeout;
  for (i : 0 .. CALLS - 1) {
    assert (n_settled[i] == 1);
    assert (n_run[i] <= 1);
    assert (n_run[i] + is_cancelled[i] == 1)
  }
  assert (n_outstanding == 0 && n_completing == 0 && n_pollers == 0)
}
