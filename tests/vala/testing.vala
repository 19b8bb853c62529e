/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the suites share: tests that throw, tests that are asynchronous, conditions to wait for, and objects whose end
 * is counted. */

public delegate void ThrowingTest () throws Error;
public delegate void BeginFlow (AsyncReadyCallback callback);
public delegate void EndFlow (AsyncResult result) throws Error;
public delegate bool Condition ();

/* What a test does not catch makes it fail. */
public void add_test (string path, owned ThrowingTest test)
{
  Test.add_data_func (path, () => {
    try
      {
        test ();
      }
    catch (Error error)
      {
        GLib.error ("%s: %s", path, error.message);
      }
  });
}

/* Runs an asynchronous method, given its begin() and end(), on the default main context. */
public void add_flow (string path, owned BeginFlow begin, owned EndFlow end)
{
  add_test (path, () => {
    AsyncResult? outcome = null;

    begin ((source, result) => { outcome = result; });
    iterate_until (() => outcome != null);
    end (outcome);
  });
}

/* Lets the default main context do its work until the condition holds. */
public void iterate_until (Condition condition)
{
  while (!condition ())
    MainContext.default ().iteration (true);
}

/* For what another thread does after its call has ended, and tells nobody. */
public void yield_until (Condition condition)
{
  while (!condition ())
    Thread.yield ();
}

/* Calls wait here until they may go on. */
public class Gate : Object
{
  private Mutex mutex = Mutex ();
  private Cond changed = Cond ();
  private bool is_open = false;
  private uint n_arrived = 0;

  public void pass ()
  {
    mutex.lock ();
    n_arrived++;
    changed.broadcast ();
    while (!is_open)
      changed.wait (mutex);
    mutex.unlock ();
  }

  public void open ()
  {
    mutex.lock ();
    is_open = true;
    changed.broadcast ();
    mutex.unlock ();
  }

  public void await_arrivals (uint n)
  {
    mutex.lock ();
    while (n_arrived < n)
      changed.wait (mutex);
    mutex.unlock ();
  }
}

/* Counts how many of its kind have come to their end. */
public class Mortal : Object
{
  public static int n_dead;
  public int number { get; construct; }

  public Mortal (int number)
  {
    Object (number: number);
  }

  ~Mortal ()
  {
    AtomicInt.inc (ref n_dead);
  }
}

public void assert_deaths (int n)
{
  yield_until (() => AtomicInt.get (ref Mortal.n_dead) >= n);
  assert (AtomicInt.get (ref Mortal.n_dead) == n);
}
