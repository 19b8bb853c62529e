/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delivery to a main context: every item that was pushed is run, though nobody else wakes the context.
 *
 * Stands for delivery/cf-delivery.c and base/cf-inbox-private.h, and for what GLib does with the sources of a context.
 *
 * Threads push items, into the inbox of a lane, and wake the context if that was empty and unattended. The owner of the
 * context iterates it: it prepares the lanes, the most urgent first, polls, checks and dispatches them. It may also make
 * calls that block: in between, in the prepare() and check() of other sources, before, between and after those of the
 * lanes, and in the items themselves. Such a call takes the inboxes, runs some of what is ready, and leaves the inboxes again.
 *
 * The claim: when nothing goes on any more all items have been run.
 *
 * Left out: the order of the items, what is given back (which is an item, too), adding a lane, items that come from the
 * owner's own thread, that a thread which blocks is woken for calls, other owners, and the end of the context. That the owner goes on for ever without running what is
 * ready is not looked for.
 *
 *   holds   -DLANES=1 -DEACH=3           every item is run, in one lane
 *   holds   -DLANES=2 -DEACH=2           every item is run, in two lanes
 *   mutant  -DMUTANT_KEEP_ATTENDED       a blocking call does not leave the inboxes again
 *   mutant  -DMUTANT_NO_WAKE_UP          a blocking call does not wake the context for what it has left
 *   mutant  -DMUTANT_BLIND_LEAVE         prepare() does not ask whether something has come before it left the inbox
 *   mutant  -DMUTANT_STORE               the inbox is left by a look and a store
 */

#ifndef LANES
#define LANES 1
#endif
#ifndef EACH
#define EACH 2
#endif
#define PUSHERS 2

/* An inbox has no items, or one less than its value. */
#define UNATTENDED  0
#define ATTENDED    1
#define has_items(lane)   (inbox[lane] > ATTENDED)

#define is_due(lane)      (n_ready[lane] > 0 || has_items (lane))
#define has_to_wait(lane) (lane > 0 && is_due (0))

byte inbox[LANES];
byte n_ready[LANES];
bool is_resting[LANES];
byte n_run;
bool wakeup;                    /* GWakeup */

inline take (lane)
{
  atomic {
    if
    :: has_items (lane) -> n_ready[lane] = n_ready[lane] + inbox[lane] - 1
    :: else
    fi;
    inbox[lane] = ATTENDED
  }
}

inline leave (lane)
{
#ifdef MUTANT_STORE
  has_left = !has_items (lane);
  if
  :: has_left -> inbox[lane] = UNATTENDED
  :: else
  fi
#else
  atomic {
    has_left = !has_items (lane);
    if
    :: has_left -> inbox[lane] = UNATTENDED
    :: else
    fi
  }
#endif
}

/* What a call that blocks does in the thread of the context: cf_delivery_acquire(), run some, cf_delivery_release(). */
inline block ()
{
  if
  :: true -> skip
  :: true ->
     for (i : 0 .. LANES - 1) {
       take (i)
     }
     for (i : 0 .. LANES - 1) {
       do
       :: n_ready[i] > 0 -> n_ready[i]--; n_run++
       :: true -> break
       od
     }
     has_more = false;
     for (i : 0 .. LANES - 1) {
       if
       :: is_due (i) -> has_more = true
       :: else ->
#ifndef MUTANT_KEEP_ATTENDED
          leave (i);
          has_more = has_more || !has_left;
          has_left = false
#else
          skip
#endif
       fi
     }
     i = 0;
#ifndef MUTANT_NO_WAKE_UP
     if
     :: has_more -> wakeup = true
     :: else
     fi;
#endif
     has_more = false
  fi
}

/* GLib prepares and checks no source that is less urgent than one that is ready. */
inline prepare (lane)
{
  if
  :: is_due (lane) ->
     may_sleep = false;
     ready = !is_resting[lane] && !has_to_wait (lane)
  :: else ->
     leave (lane);
#ifdef MUTANT_BLIND_LEAVE
     ready = false;
#else
     ready = !has_left && !has_to_wait (lane);
#endif
     has_left = false
  fi;
  if
  :: ready -> may_sleep = false; first_ready = lane; ready = false
  :: else
  fi
}

inline check (lane)
{
  if
  :: is_resting[lane] -> is_resting[lane] = false
  :: else ->
     if
     :: is_due (lane) && !has_to_wait (lane) -> first_ready = lane
     :: else
     fi
  fi
}

inline dispatch (lane)
{
  do
  :: has_to_wait (lane) -> break
  :: else ->
     if
     :: n_ready[lane] == 0 -> take (lane)
     :: else
     fi;
     if
     :: n_ready[lane] == 0 -> break
     :: else ->
        n_ready[lane]--;
        n_run++;
        block ();
        if
        :: true
        :: true -> is_resting[lane] = true; break         /* its time is up */
        fi
     fi
  od
}

#define NONE 9

active proctype Owner ()
{
  byte i, n, first_ready = NONE;
  bool has_left, has_more, ready, may_sleep, was_woken;

  do
  :: true ->
     block ();
     may_sleep = true;
     for (n : 0 .. LANES - 1) {
       if
       :: first_ready == NONE -> prepare (n); block ()
       :: else
       fi
     }
     n = 0;

     /* poll() */
     if
     :: may_sleep -> wakeup; was_woken = true
     :: else -> was_woken = wakeup
     fi;
     may_sleep = false;
     if
     :: was_woken -> wakeup = false; was_woken = false
     :: else
     fi;

     for (n : 0 .. LANES - 1) {
       if
       :: first_ready == NONE -> block (); check (n)
       :: else
       fi
     }
     n = 0;
     block ();

     if
     :: first_ready == 0 -> first_ready = NONE; dispatch (0)
#if LANES > 1
     :: first_ready == 1 -> first_ready = NONE; dispatch (1)
#endif
     :: first_ready == NONE
     fi
  od
}

proctype Pusher (byte lane)
{
  byte i, newest;

  do
  :: i < EACH ->
     atomic {
       newest = inbox[lane];
       if
       :: newest > ATTENDED -> inbox[lane] = newest + 1
       :: else -> inbox[lane] = 2
       fi
     };
     if
     :: newest == UNATTENDED -> wakeup = true
     :: else
     fi;
     newest = UNATTENDED;
     i++
  :: else -> break
  od
}

active proctype Main ()
{
  byte i;

  atomic {
    for (i : 0 .. PUSHERS - 1) { run Pusher (i % LANES) }
    i = 0
  };
  timeout;
  assert (n_run == PUSHERS * EACH)
}
