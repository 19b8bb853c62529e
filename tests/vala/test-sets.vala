/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Several futures: foreach over those that are done, waiting for some of them, and maps. */

Cf.ThreadPoolExecutor pool;

Variant? halve (Cf.Future future, Variant? args) throws Error
{
  return args.get_int32 () / 2.0;
}

/* Returns nothing for the others. */
Variant? only_even (Cf.Future future, Variant? args) throws Error
{
  return args.get_int32 () % 2 == 0 ? args : null;
}

Variant? fail_for_three (Cf.Future future, Variant? args) throws Error
{
  if (args.get_int32 () == 3)
    throw new IOError.INVALID_ARGUMENT ("three");
  return args;
}

void test_as_completed () throws Error
{
  Cf.Future[] futures = { new Cf.Future (), new Cf.Future (), new Cf.Future () };
  string[] order = {};

  futures[2].set_value ("third");
  futures[0].set_value ("first");
  futures[1].cancel ();

  foreach (var future in Cf.as_completed (futures))
    order += future.is_cancelled () ? "cancelled" : future.result<string> ();

  assert (order.length == 3);
  assert ("first" in order && "third" in order && "cancelled" in order);
}

void test_as_completed_waits () throws Error
{
  var gate = new Gate ();
  Cf.Future[] futures = {
    pool.submit_local (() => { gate.pass (); return "slow"; }),
    pool.submit_local (() => "quick"),
  };
  var seen = "";

  foreach (var future in Cf.as_completed (futures))
    {
      seen += future.result<string> () + " ";
      gate.open ();
    }

  assert (seen == "quick slow ");
}

void test_as_completed_of_generic_array () throws Error
{
  var futures = new GenericArray<Cf.Future> ();
  var sum = 0;

  for (var i = 1; i <= 4; i++)
    {
      var number = i;
      futures.add (pool.submit_local (() => number));
    }
  foreach (var future in Cf.as_completed (futures.data))
    sum += future.result<int> ();

  assert (sum == 10);
}

void test_as_completed_of_none () throws Error
{
  foreach (var future in Cf.as_completed ({}))
    assert (future == null);
}

void test_as_completed_times_out () throws Error
{
  Cf.Future[] futures = { new Cf.Future (), new Cf.Future () };
  var n_done = 0;

  futures[1].set_value ();
  try
    {
      foreach (var future in Cf.as_completed (futures, 0))
        {
          assert (future == futures[1]);
          n_done++;
        }
      assert_not_reached ();
    }
  catch (IOError.TIMED_OUT error)
    {
      assert (n_done == 1);
    }
}

void test_wait () throws Error
{
  Cf.Future[] futures = { pool.submit (halve, 5), pool.submit (halve, 4) };

  assert (Cf.wait (futures));
  assert (futures[0].is_done () && futures[1].is_done ());
}

void test_wait_for_first () throws Error
{
  Cf.Future[] futures = { new Cf.Future (), new Cf.Future () };
  GenericArray<Cf.Future> done;
  GenericArray<Cf.Future> not_done;

  futures[1].set_value ();
  assert (Cf.wait (futures, FIRST_COMPLETED, -1, null, out done, out not_done));
  assert (done.length == 1 && done[0] == futures[1]);
  assert (not_done.length == 1 && not_done[0] == futures[0]);
}

GenericArray<Cf.Future> wait_for_mortal () throws Error
{
  Cf.Future[] futures = { new Cf.Future () };
  GenericArray<Cf.Future> done;

  futures[0].set_value (new Mortal (1));
  Cf.wait (futures, ALL_COMPLETED, -1, null, out done);
  return done;
}

void test_wait_owns_what_it_returns () throws Error
{
  Mortal.n_dead = 0;

  var done = wait_for_mortal ();

  assert (Mortal.n_dead == 0);
  assert (done.length == 1 && done[0].is_done ());
  done = null;
  assert (Mortal.n_dead == 1);
}

void test_wait_times_out () throws Error
{
  GenericArray<Cf.Future> not_done = null;
  Cf.Future[] futures = { new Cf.Future () };

  try
    {
      Cf.wait (futures, ALL_COMPLETED, 0, null, null, out not_done);
      assert_not_reached ();
    }
  catch (IOError.TIMED_OUT error)
    {
      assert (not_done.length == 1);
    }
}

void test_wait_is_cancelled () throws Error
{
  var cancellable = new Cancellable ();

  cancellable.cancel ();
  try
    {
      Cf.wait ({ new Cf.Future () }, ALL_COMPLETED, -1, cancellable);
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
    }
}

void test_map () throws Error
{
  var halves = "";

  foreach (var half in pool.map (halve, new int[] { 5, 4, 3, 2, 1 }))
    halves += "%g ".printf (half.get_double ());
  assert (halves == "2.5 2 1.5 1 0.5 ");
}

void test_map_in_chunks () throws Error
{
  int[] numbers = {};
  var expected = 0;

  for (var i = 0; i < 1000; i++)
    numbers += i;
  foreach (var half in pool.map (halve, numbers, 32))
    {
      assert (half.get_double () == expected / 2.0);
      expected++;
    }
  assert (expected == 1000);
}

void test_map_of_nulls () throws Error
{
  var seen = "";

  foreach (var number in pool.map (only_even, new int[] { 1, 2, 3, 4, 5 }))
    seen += number == null ? "-" : number.print (false);
  assert (seen == "-2-4-");
}

void test_map_of_nothing () throws Error
{
  foreach (var number in pool.map (halve, new int[] {}))
    assert (number == null);
}

void test_map_fails () throws Error
{
  var n_seen = 0;

  try
    {
      foreach (var number in pool.map (fail_for_three, new int[] { 1, 2, 3, 4 }))
        n_seen += number.get_int32 ();
      assert_not_reached ();
    }
  catch (IOError.INVALID_ARGUMENT error)
    {
      assert (n_seen == 3);
      assert (error.message == "three");
    }
}

void test_map_times_out () throws Error
{
  var idle_pool = new IdleExecutor (0);

  try
    {
      var results = idle_pool.map (halve, new int[] { 1 });

      results.timeout = 0;
      foreach (var half in results)
        assert (half == null);
      assert_not_reached ();
    }
  catch (IOError.TIMED_OUT error)
    {
    }
}

/* Makes so many calls, and then no more. */
class IdleExecutor : Cf.Executor
{
  public GenericArray<Cf.Future> calls = new GenericArray<Cf.Future> ();
  private uint n_to_make;

  public IdleExecutor (uint n_to_make)
  {
    this.n_to_make = n_to_make;
  }

  public override void execute (Cf.Future future)
  {
    calls.add (future);
    if (calls.length <= n_to_make)
      future.run ();
  }
}

void test_map_left_early () throws Error
{
  var idle_pool = new IdleExecutor (1);

  foreach (var half in idle_pool.map (halve, new int[] { 5, 4, 3, 2 }, 1, 4))
    {
      assert (half.get_double () == 2.5);
      assert (idle_pool.calls.length == 4);
      break;
    }

  for (var i = 1; i < 4; i++)
    assert (idle_pool.calls[i].is_cancelled ());
}

void test_map_goes_on () throws Error
{
  var results = pool.map (halve, new int[] { 5, 4, 3 });
  var seen = "";

  foreach (var half in results)
    {
      seen += half.print (false) + " ";
      break;
    }
  foreach (var half in results)
    seen += half.print (false) + " ";

  assert (seen == "2.5 2.0 1.5 ");
}

void test_map_step_by_step () throws Error
{
  var results = pool.map (only_even, new int[] { 1, 2 });
  Variant? result;

  assert (results.next (null, out result));
  assert (result == null);
  assert (results.next (null, out result));
  assert (result.get_int32 () == 2);
  assert (!results.next (null, out result));
}

void test_map_task () throws Error
{
  var task = new Cf.Task (halve) { priority = Priority.LOW, cancellable = new Cancellable () };
  var results = pool.map_task (task, new int[] { 4, 2, 0 });
  var sum = 0.0;
  Variant? result;

  results.timeout = TimeSpan.HOUR;
  assert (results.next (null, out result));
  foreach (var half in results)
    sum += half.get_double ();
  assert (sum == 1.0);

  results = pool.map_task (task, new int[] { 4, 2, 0 });
  task.cancellable.cancel ();
  try
    {
      results.next (null, out result);
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
    }
}

void test_map_generator () throws Error
{
  Mortal.n_dead = 0;
  assert (sum_of_generated_halves (new Mortal (3)) == 1.5);
  assert_deaths (1);
}

double sum_of_generated_halves (Mortal limit) throws Error
{
  var n = 0;
  var sum = 0.0;

  foreach (var half in pool.map_generator (new Cf.Task (halve), () => n < limit.number ? new Variant.int32 (n++) : null))
    sum += half.get_double ();
  return sum;
}

int main (string[] args)
{
  Test.init (ref args);
  pool = new Cf.ThreadPoolExecutor (2);

  add_test ("/vala/as-completed/foreach", test_as_completed);
  add_test ("/vala/as-completed/waits", test_as_completed_waits);
  add_test ("/vala/as-completed/generic-array", test_as_completed_of_generic_array);
  add_test ("/vala/as-completed/none", test_as_completed_of_none);
  add_test ("/vala/as-completed/times-out", test_as_completed_times_out);

  add_test ("/vala/wait/all", test_wait);
  add_test ("/vala/wait/first", test_wait_for_first);
  add_test ("/vala/wait/owns-what-it-returns", test_wait_owns_what_it_returns);
  add_test ("/vala/wait/times-out", test_wait_times_out);
  add_test ("/vala/wait/is-cancelled", test_wait_is_cancelled);

  add_test ("/vala/map/foreach", test_map);
  add_test ("/vala/map/chunks", test_map_in_chunks);
  add_test ("/vala/map/nulls", test_map_of_nulls);
  add_test ("/vala/map/nothing", test_map_of_nothing);
  add_test ("/vala/map/fails", test_map_fails);
  add_test ("/vala/map/times-out", test_map_times_out);
  add_test ("/vala/map/leaving-early-cancels-the-rest", test_map_left_early);
  add_test ("/vala/map/goes-on-where-it-was-left", test_map_goes_on);
  add_test ("/vala/map/step-by-step", test_map_step_by_step);
  add_test ("/vala/map/task", test_map_task);
  add_test ("/vala/map/generator", test_map_generator);

  var status = Test.run ();

  pool = null;
  return status;
}
