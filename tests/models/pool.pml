/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parking and waking in a thread pool: every call that was submitted is made.
 *
 * Stands for threads/cf-pool-waking.c, where the protocol is described, cf-pool-loop.c, cf-pool-search.c,
 * cf-pool-substitutes.c, cf-shared-queue.c, and idle and blocked threads in cf-thread-roster.c.
 *
 * Submitters push calls into the shared queue. Threads take them, one or two at a time, the second into their deque, where
 * others steal it. With NESTING each call takes a lock that all of them take, pushes a *leaf* into its thread's deque, and waits
 * for it as with a timeout: it blocks, and a substitute takes its place, or it is called back. With ENDING idle threads end
 * at any time. With WAITING the first call blocks until the last one has begun. With FAILING the system refuses to start a
 * thread now and then, unless there is none.
 *
 * What is done under the mutex of the roster is one step; so is each access to a counter. These are sequentially consistent
 * in the code, too.
 *
 * The claim: when nothing goes on any more all calls have been made, and nobody is counted as searching or active.
 *
 * Left out: priorities, running a call where it is waited for without a timeout, callbacks, shutting down, the deque's own
 * races, and that a pool without a thread fails what is pending if it cannot start one. Of the blocked threads each, not
 * only the first, tries again to start a thread.
 *
 *   holds   -DWORKERS=1 -DTHREADS=2                       every call is made, by one worker of two threads
 *   holds   -DWORKERS=2 -DTHREADS=2                       every call is made, by two workers
 *   holds   -DWORKERS=1 -DTHREADS=1 -DENDING -DEACH=2     every call is made, if idle threads end
 *   holds   -DWORKERS=2 -DTHREADS=2 -DENDING              every call is made, if idle threads of two end
 *   holds   -DWORKERS=1 -DTHREADS=1 -DNESTING             every call is made, if there are no substitutes
 *   holds   -DWORKERS=1 -DTHREADS=2 -DNESTING -DSUBMITTERS=1 -DEACH=2            every call is made, if there is a substitute
 *   holds   -DWORKERS=1 -DTHREADS=2 -DWAITING -DFAILING             every call is made, if a thread is refused
 *   holds   -DWORKERS=1 -DTHREADS=2 -DNESTING -DSUBMITTERS=1 -DEACH=2 -DFAILING  every call is made, if a substitute is refused
 *   mutant  -DWORKERS=1 -DTHREADS=2 -DMUTANT_NO_LAST_LOOK           a thread does not look again after it has gone idle
 *   mutant  -DWORKERS=1 -DTHREADS=2 -DMUTANT_EARLY_LOOK             it looks again before it is taken out of n_active
 *   mutant  -DWORKERS=1 -DTHREADS=1 -DENDING -DMUTANT_ONCE          who could not wake anybody does not try again
 *   mutant  -DWORKERS=1 -DTHREADS=1 -DENDING -DMUTANT_LATE_PLACE    a thread that ends leaves its place later
 *   mutant  -DWORKERS=1 -DTHREADS=1 -DNESTING -DMUTANT_OVERLOOKED   who could not wake anybody does not look whom to call back
 *   mutant  -DWORKERS=1 -DTHREADS=1 -DNESTING -DMUTANT_NO_CALL_BACK nobody is called back
 *   mutant  -DWORKERS=1 -DTHREADS=2 -DNESTING -DMUTANT_NO_UNTOUCHED there is no room for a call that somebody waits for
 *   mutant  -DWORKERS=1 -DTHREADS=2 -DWAITING -DFAILING -DMUTANT_NO_RETRY   nobody tries again after a thread was refused
 *   mutant  -DWORKERS=1 -DTHREADS=2 -DWAITING -DFAILING -DMUTANT_LATE_MARK  the mark for that is taken off after a start
 */

#ifndef EACH
#define EACH 1
#endif
#ifndef SUBMITTERS
#define SUBMITTERS 2
#endif
#define CALLS (SUBMITTERS * EACH)

#define NOTHING 0
#define CALL    1
#define LEAF    2               /* and which */

mtype = { NEW, PENDING, RUNNING, DONE };

/* The pool. */
byte n_searching, n_active;
bool is_short;

/* The shared queue. */
byte inbox, list, n_ready;
bool queue_mutex;

/* The roster. */
byte n_threads;
bool is_there[THREADS], is_idle[THREADS], is_searching[THREADS];
byte deque[THREADS];
#ifdef NESTING
byte leaves[THREADS];           /* a bit for each in the deque */
bool is_called_back[THREADS];
byte awaiting, untouched, taken;
byte waiter[CALLS];
mtype leaf[CALLS];
bool users_mutex;
#endif

byte n_begun, n_made;

inline has_work ()
{
  work = inbox > 0;
  if
  :: !work -> work = n_ready > 0
  :: else
  fi;
#ifdef NESTING
  if
  :: !work -> work = awaiting != 0
  :: else
  fi;
#endif
  i = 0;
  do
  :: i < THREADS && !work ->
#ifdef NESTING
     work = deque[i] > 0 || leaves[i] != 0;
#else
     work = deque[i] > 0;
#endif
     i++
  :: else -> break
  od;
  i = 0
}

inline wants_searcher ()
{
  work = false;
#if defined (NESTING) && !defined (MUTANT_NO_UNTOUCHED)
  work = untouched != 0;
#endif
  if
  :: work
  :: else ->
     if
     :: n_active < WORKERS -> has_work ()
     :: else
     fi
  fi
}

/* Under the roster's mutex. */
inline call_back ()
{
#if defined (NESTING) && !defined (MUTANT_NO_CALL_BACK)
  d_step {
    for (i : 0 .. CALLS - 1) {
      if
      :: (awaiting & untouched & (1 << i)) != 0 -> is_called_back[waiter[i]] = true
      :: else
      fi
    }
    i = 0
  }
#else
  skip
#endif
}

/* Sets `ok`. */
inline rouse_thread ()
{
  atomic {
    i = 0;
    do
    :: i < THREADS && !is_idle[i] -> i++
    :: i < THREADS && is_idle[i] -> is_idle[i] = false; is_searching[i] = true; ok = true; break
    :: i == THREADS -> break
    od;
    i = 0
  };
  if
  :: ok
  :: else ->
#if defined (FAILING) && !defined (MUTANT_LATE_MARK)
     is_short = false;
#endif
     atomic {
       if
       :: n_threads < THREADS ->
          do
          :: is_there[i] -> i++
          :: else -> break
          od;
          is_there[i] = true;
          is_searching[i] = true;
          n_threads++;
          run Thread (i);
          i = 0;
          ok = true
#ifdef FAILING
       :: n_threads > 0 && n_threads < THREADS -> failed = true
#endif
       :: n_threads == THREADS
       fi
     };
#ifdef FAILING
     if
     :: failed -> is_short = true
#ifdef MUTANT_LATE_MARK
     :: ok -> is_short = false
#endif
     :: else
     fi;
#endif
     if
     :: !ok -> call_back ()
     :: else
     fi
  fi
}

/* cf_thread_roster_can_help(), under the roster's mutex: sets `ok`, if it is no use to give up. */
inline look_for_help ()
{
  atomic {
#ifndef MUTANT_ONCE
    ok = !failed && n_threads < THREADS;
    for (i : 0 .. THREADS - 1) { ok = ok || is_idle[i] }
#endif
#if defined (NESTING) && !defined (MUTANT_OVERLOOKED) && !defined (MUTANT_NO_CALL_BACK)
    for (i : 0 .. CALLS - 1) {
      ok = ok || ((awaiting & untouched & (1 << i)) != 0 && !is_called_back[waiter[i]])
    }
#endif
    i = 0;
    failed = false
  }
}

inline wake_one ()
{
  do
  :: wants_searcher ();
     if
     :: !work -> break
     :: else -> work = false
     fi;
     if
     :: atomic { n_searching == 0 -> n_searching = 1 }
     :: atomic { n_searching > 0 -> break }
     fi;
     n_active++;
     rouse_thread ();
     if
     :: ok -> ok = false; break
     :: else
     fi;
     n_active--;
     n_searching--;
     look_for_help ();
     if
     :: !ok -> break
     :: else -> ok = false
     fi
  od
}

inline notice_calls ()
{
  if
  :: n_searching == 0 ->
     if
     :: n_active < WORKERS -> wake_one ()
     :: else
     fi
  :: else
  fi
}

inline stop_searching ()
{
  is_searching[me] = false;
  n_searching--;
  wake_one ()
}

/* Finding a call: sets `found`. */

inline take_awaited ()
{
#ifdef NESTING
  d_step {
    for (i : 0 .. CALLS - 1) {
      if
      :: found == NOTHING && (awaiting & (1 << i)) != 0 ->
         untouched = untouched & ~(1 << i);
         if
         :: (taken & (1 << i)) == 0 && leaf[i] == PENDING -> taken = taken | (1 << i); found = LEAF + i
         :: else -> awaiting = awaiting & ~(1 << i)
         fi
      :: else
      fi
    }
    i = 0
  }
#else
  skip
#endif
}

inline take_from (thread)
{
  atomic {
    if
    :: deque[thread] > 0 -> deque[thread] = deque[thread] - 1; found = CALL
#ifdef NESTING
    :: (leaves[thread] & 1) != 0 -> leaves[thread] = leaves[thread] & ~1; found = LEAF
    :: (leaves[thread] & 2) != 0 -> leaves[thread] = leaves[thread] & ~2; found = LEAF + 1
    :: deque[thread] == 0 && leaves[thread] == 0
#else
    :: deque[thread] == 0
#endif
    fi
  }
}

inline take_shared ()
{
  if
  :: inbox > 0 -> work = true
  :: else -> work = n_ready > 0
  fi;
  if
  :: !work
  :: else ->
     work = false;
     atomic { !queue_mutex -> queue_mutex = true };
     if
     :: list == 0 && inbox > 0 ->
        n_ready++;
        atomic { n = inbox; inbox = 0; list = n };
        n_ready = n_ready + n - 1;
        n = 0
     :: else
     fi;
     atomic {
       if
       :: list > 0 -> list--; n = 1; found = CALL
       :: else
       fi;
       if
       :: list > 0 -> list--; n++
       :: true
       fi
     };
     d_step { n_ready = n_ready - n; queue_mutex = false };
     if
     :: n > 1 -> d_step { n = 0; deque[me] = deque[me] + 1 }; notice_calls ()
     :: else -> n = 0
     fi
  fi
}

inline find_call ()
{
  take_awaited ();
  if
  :: found != NOTHING || n_active > WORKERS
  :: else ->
     take_from (me);
     if
     :: found == NOTHING -> take_shared ()
     :: else
     fi;
#if THREADS > 1
     if
     :: found == NOTHING -> take_from (1 - me)
     :: else
     fi
#endif
  fi
}

/* Making it. */

inline make_leaf (which)
{
  atomic {
    ok = leaf[which] == PENDING;
    if
    :: ok -> leaf[which] = RUNNING
    :: else
    fi
  };
  if
  :: ok -> ok = false; leaf[which] = DONE
  :: else
  fi
}

inline wait_for_leaf ()
{
  do
  :: leaf[nth] == DONE -> break
  :: else ->
     atomic {
       is_called_back[me] = false;
       waiter[nth] = me;
       if
       :: leaf[nth] == PENDING ->
          awaiting = awaiting | (1 << nth);
          untouched = untouched | (1 << nth);
          taken = taken & ~(1 << nth)
       :: else
       fi
     };
     n_active--;
     wake_one ();
     do
     :: leaf[nth] == DONE -> break
     :: atomic { is_called_back[me] -> is_called_back[me] = false; break }
#ifndef MUTANT_NO_RETRY
     :: is_short -> wake_one ()
#endif
     od;
     atomic { awaiting = awaiting & ~(1 << nth); untouched = untouched & ~(1 << nth) };
     n_active++;
     make_leaf (nth)
  od
}

inline make_call ()
{
  atomic { nth = n_begun; n_begun++ };
#ifdef NESTING
  atomic { !users_mutex -> users_mutex = true };
  d_step { leaf[nth] = PENDING; leaves[me] = leaves[me] | (1 << nth) };
  notice_calls ();
  wait_for_leaf ();
  users_mutex = false;
#endif
#ifdef WAITING
  if
  :: nth == 0 ->
     n_active--;
     wake_one ();
     do
     :: n_begun == CALLS -> break
#ifndef MUTANT_NO_RETRY
     :: is_short -> wake_one ()
#endif
     od;
     n_active++
  :: else
  fi;
#endif
  nth = 0;
  if
  :: !is_searching[me] && deque[me] == 0 && inbox == 0 && n_ready == 0 -> is_searching[me] = true; n_searching++
  :: true
  fi;
  n_made++
}

/* Returns to the beginning of its loop, or at `out` has been taken out of the idle list to end. */
inline be_idle ()
{
  was_searching = is_searching[me];
  d_step { is_searching[me] = false; is_idle[me] = true };
  if
  :: was_searching -> was_searching = false; n_searching--
  :: else
  fi;
#ifdef MUTANT_EARLY_LOOK
  wake_one ();
#endif
  n_active--;
#if !defined (MUTANT_NO_LAST_LOOK) && !defined (MUTANT_EARLY_LOOK)
  wake_one ();
#endif
  if
  :: !is_idle[me]
#ifdef ENDING
#ifdef MUTANT_LATE_PLACE
  :: atomic { is_idle[me] -> is_idle[me] = false };
     atomic { n_threads--; is_there[me] = false; goto out }
#else
  :: atomic { is_idle[me] -> is_idle[me] = false; n_threads--; is_there[me] = false; goto out }
#endif
#endif
  fi
}

proctype Thread (byte me)
{
  bool work, ok, failed, was_searching;
  byte i, n, nth, found;

  do
  :: find_call ();
     if
     :: found != NOTHING ->
        if
        :: is_searching[me] -> stop_searching ()
        :: else
        fi;
        if
        :: found == CALL -> found = NOTHING; make_call ()
#ifdef NESTING
        :: found >= LEAF -> make_leaf (found - LEAF); found = NOTHING
#endif
        fi
     :: else ->
        if
        :: n_active > WORKERS
        :: else ->
           if
           :: !is_searching[me] -> is_searching[me] = true; n_searching++
           :: else
           fi;
           if
           :: has_work ();                /* spins, and sees something, or not */
              if
              :: work -> work = false; goto again
              :: else
              fi
           :: true
           fi
        fi;
        be_idle ()
     fi;
again:
     skip
  od;
out:
  skip
}

proctype Submitter ()
{
  bool work, ok, failed;
  byte i, n;

  do
  :: n < EACH -> inbox++; notice_calls (); n++
  :: else -> break
  od
}

active proctype Main ()
{
  byte i;

  atomic {
#ifdef NESTING
    for (i : 0 .. CALLS - 1) { leaf[i] = NEW }
#endif
    for (i : 1 .. SUBMITTERS) { run Submitter () }
    i = 0
  };
  timeout;
  assert (n_made == CALLS);
  assert (n_searching == 0);
  assert (n_active == 0)
}
