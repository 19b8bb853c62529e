/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a Vala program gets from the generated vapi. Compiled with --fatal-warnings, and run under GTest. */

const int64 FOR_EVER = -1;

Variant? halve (Cf.Future future, Variant? arguments) throws Error
{
  return new Variant.double (arguments.get_int32 () / 2.0);
}

Variant? fail (Cf.Future future, Variant? arguments) throws Error
{
  throw new IOError.NOT_FOUND ("nothing to halve");
}

class HereExecutor : Cf.Executor
{
  public uint n_executed;

  public override void execute (Cf.Future future)
  {
    n_executed++;
    future.run ();
  }
}

void test_promise ()
{
  var future = new Cf.Future ();

  assert (future.get_state () == Cf.FutureState.PENDING);
  assert (future.set_running_or_notify_cancel ());

  try
    {
      future.set_value (0.5);
      assert (future.get_double () == 0.5);
    }
  catch (Error error)
    {
      assert_not_reached ();
    }

  try
    {
      future.set_value (1.5);
      assert_not_reached ();
    }
  catch (Error error)
    {
      assert (error is Cf.Error.INVALID_STATE);
    }
}

void test_portable ()
{
  var pool = new Cf.ThreadPoolExecutor (2);

  try
    {
      assert (pool.submit (halve, new Variant.int32 (5)).get_double () == 2.5);
    }
  catch (Error error)
    {
      assert_not_reached ();
    }

  try
    {
      pool.submit (fail, null).get_double ();
      assert_not_reached ();
    }
  catch (Error error)
    {
      assert (error is IOError.NOT_FOUND);
    }

  pool.shutdown (true, false);
}

void test_local ()
{
  var pool = new Cf.ThreadPoolExecutor (2);
  var factor = 3;
  var future = pool.submit_local ((running, out result) => {
    result = Value (typeof (int));
    result.set_int (14 * factor);
    return true;
  });

  try
    {
      assert (future.get_int64 () == 42);
    }
  catch (Error error)
    {
      assert_not_reached ();
    }

  pool.shutdown (true, false);
}

void test_callback ()
{
  var future = new Cf.Future ();
  var called = false;

  future.add_done_callback (done => { called = done.is_done (); });

  try
    {
      future.set_variant (null);
    }
  catch (Error error)
    {
      assert_not_reached ();
    }

  while (!called)
    MainContext.default ().iteration (true);
}

async double halve_in (Cf.Executor executor, int number) throws Error
{
  var future = executor.submit (halve, new Variant.int32 (number));

  yield future.wait_async (FOR_EVER, null);

  return future.get_double ();
}

void test_async ()
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var half = 0.0;

  halve_in.begin (pool, 9, (source, result) => {
    try
      {
        half = halve_in.end (result);
      }
    catch (Error error)
      {
        assert_not_reached ();
      }
  });

  while (half == 0.0)
    MainContext.default ().iteration (true);

  assert (half == 4.5);
  pool.shutdown (true, false);
}

void test_sets ()
{
  Cf.Future[] futures = { new Cf.Future (), new Cf.Future () };
  GenericArray<weak Cf.Future> done;
  GenericArray<weak Cf.Future> not_done;

  try
    {
      var iterator = Cf.as_completed (futures, FOR_EVER);

      futures[1].set_variant (null);
      assert (iterator.next () == futures[1]);
      assert (Cf.wait (futures, Cf.ReturnWhen.FIRST_COMPLETED, FOR_EVER, null, out done, out not_done));
      assert (done.length == 1 && done[0] == futures[1]);
      assert (not_done.length == 1 && not_done[0] == futures[0]);
    }
  catch (Error error)
    {
      assert_not_reached ();
    }
}

void test_subclass ()
{
  var executor = new HereExecutor ();

  try
    {
      assert (executor.submit (halve, new Variant.int32 (3)).get_double () == 1.5);
    }
  catch (Error error)
    {
      assert_not_reached ();
    }

  assert (executor.n_executed == 1);
}

int main (string[] args)
{
  Test.init (ref args);

  Test.add_func ("/vala/promise", test_promise);
  Test.add_func ("/vala/portable", test_portable);
  Test.add_func ("/vala/local", test_local);
  Test.add_func ("/vala/callback", test_callback);
  Test.add_func ("/vala/async", test_async);
  Test.add_func ("/vala/sets", test_sets);
  Test.add_func ("/vala/subclass", test_subclass);

  return Test.run ();
}
