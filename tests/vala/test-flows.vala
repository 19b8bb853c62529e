/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asynchronous methods: what `yield` waits for, several at a time, and how a wait ends early. */

const int N_FLOWS = 20;

Cf.ThreadPoolExecutor pool;

Variant? halve (Cf.Future future, Variant? args) throws Error
{
  return args.get_int32 () / 2.0;
}

async double halve_in_pool (int number) throws Error
{
  var future = pool.submit (halve, number);

  yield future.wait_async ();
  return future.await_double ();
}

async void test_wait () throws Error
{
  assert ((yield halve_in_pool (9)) == 4.5);
}

async void test_wait_for_what_is_done () throws Error
{
  var future = new Cf.Future ();

  future.set_value (5);
  yield future.wait_async ();
  assert (future.is_done ());
}

async void test_result () throws Error
{
  assert ((yield pool.submit (halve, 5).result_async<double?> ()) == 2.5);
  assert ((yield pool.submit_local (() => 42).result_async<int> ()) == 42);
  assert ((yield pool.submit_local (() => "text").result_async<string> ()) == "text");
  assert ((yield pool.submit_local (() => null).result_async<string> ()) == null);
}

async void test_result_is_freed () throws Error
{
  Mortal.n_dead = 0;

  var mortal = yield pool.submit_local (() => new Mortal (5)).result_async<Mortal> ();

  assert (mortal.number == 5);
  mortal = null;
  /* What is left of the last operation ends with the next. */
  yield pool.submit_local (() => null).wait_async ();
  assert_deaths (1);
}

async void test_result_error () throws Error
{
  try
    {
      yield pool.submit_local (() => { throw new IOError.NOT_FOUND ("nobody there"); }).result_async<int> ();
      assert_not_reached ();
    }
  catch (IOError.NOT_FOUND error)
    {
      assert (error.message == "nobody there");
    }
}

async void test_result_of_wrong_type () throws Error
{
  try
    {
      yield pool.submit_local (() => "text").result_async<int> ();
      assert_not_reached ();
    }
  catch (Cf.Error.WRONG_TYPE error)
    {
    }
}

async void test_result_times_out () throws Error
{
  try
    {
      yield new Cf.Future ().result_async<int> (0);
      assert_not_reached ();
    }
  catch (IOError.TIMED_OUT error)
    {
    }
}

async void test_wait_is_cancelled () throws Error
{
  var future = new Cf.Future ();
  var cancellable = new Cancellable ();

  Idle.add (() => {
    cancellable.cancel ();
    return Source.REMOVE;
  });

  try
    {
      yield future.wait_async (-1, cancellable);
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
      assert (!future.is_done ());
    }
}

async void test_result_is_cancelled () throws Error
{
  var cancellable = new Cancellable ();

  Idle.add (() => {
    cancellable.cancel ();
    return Source.REMOVE;
  });

  try
    {
      yield new Cf.Future ().result_async<int> (-1, cancellable);
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
    }
}

/* All wait for one gate, at which the main loop does not. */
async void test_many_flows () throws Error
{
  var gate = new Gate ();
  var n_over = 0;
  var sum = 0;
  SourceFunc resume = test_many_flows.callback;

  for (var i = 0; i < N_FLOWS; i++)
    {
      add_after_gate.begin (gate, i, (source, result) => {
        try
          {
            sum += add_after_gate.end (result);
          }
        catch (Error error)
          {
            assert_not_reached ();
          }
        if (++n_over == N_FLOWS)
          resume ();
      });
    }

  assert (n_over == 0);
  gate.open ();
  yield;
  assert (sum == N_FLOWS * (N_FLOWS + 1) / 2);
}

async int add_after_gate (Gate gate, int number) throws Error
{
  return yield pool.submit_local (() => { gate.pass (); return number + 1; }).result_async<int> ();
}

async void test_submit () throws Error
{
  var value = yield pool.submit_async (new Cf.Task.local (() => "text"));

  assert ((string) value == "text");
}

async void test_submit_error () throws Error
{
  try
    {
      yield pool.submit_async (new Cf.Task.local (() => { throw new IOError.FAILED ("no"); }));
      assert_not_reached ();
    }
  catch (IOError.FAILED error)
    {
      assert (error.message == "no");
    }
}

async void test_submit_is_cancelled () throws Error
{
  var cancellable = new Cancellable ();
  var has_begun = new Gate ();
  var task = new Cf.Task.local (future => {
    has_begun.open ();
    while (!future.get_cancellable ().is_cancelled ())
      Thread.yield ();
    future.get_cancellable ().set_error_if_cancelled ();
    return null;
  });

  Idle.add (() => {
    has_begun.pass ();
    cancellable.cancel ();
    return Source.REMOVE;
  });

  try
    {
      yield pool.submit_async (task, cancellable);
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
    }
}

/* An asynchronous operation of an object, which C and other languages can call, too. */
class Document : Object
{
  public async string load (Cancellable? cancellable = null) throws Error
  {
    var task = new Cf.Task.local (() => "contents") { source_object = this };

    task.set_source_tag ((void *) this);

    var contents = yield pool.submit_async (task, cancellable);

    return (string) contents;
  }
}

async void test_submit_source () throws Error
{
  var document = new Document ();
  var task = new Cf.Task.local (() => 5) { source_object = document };
  var contents = yield document.load ();

  assert (contents == "contents");
  assert (task.source_object == document && task.get_source_tag () == null);
  assert (!Cf.Task.is_valid (pool.submit_task (task), document));
}

/* Cancels a call that runs. It goes on until the gate is open. */
async void cancel_while_running (Cf.CancellableCheck check, bool return_on_cancel, Gate go_on) throws Error
{
  var cancellable = new Cancellable ();
  var has_begun = new Gate ();
  var task = new Cf.Task.local (() => { has_begun.open (); go_on.pass (); return 5; }) {
    check_cancellable = check,
    return_on_cancel = return_on_cancel
  };

  Idle.add (() => {
    has_begun.pass ();
    cancellable.cancel ();
    if (!return_on_cancel)
      go_on.open ();
    return Source.REMOVE;
  });

  var result = yield pool.submit_async (task, cancellable);

  assert ((int) result == 5);
}

async void assert_cancelled_while_running (Cf.CancellableCheck check, bool return_on_cancel) throws Error
{
  var go_on = new Gate ();

  try
    {
      yield cancel_while_running (check, return_on_cancel, go_on);
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
      go_on.open ();
    }
}

async void test_submit_checks () throws Error
{
  yield assert_cancelled_while_running (DEFAULT, false);
  yield assert_cancelled_while_running (ALWAYS, false);
  yield cancel_while_running (NEVER, false, new Gate ());
}

async void test_submit_returns_on_cancel () throws Error
{
  yield assert_cancelled_while_running (DEFAULT, true);
}

async void test_shutdown () throws Error
{
  var own_pool = new Cf.ThreadPoolExecutor (1);
  var future = own_pool.submit_local (() => 5);

  yield own_pool.shutdown_async ();
  assert (own_pool.is_shut_down ());
  assert (future.is_done ());
}

async void test_drain () throws Error
{
  var own_pool = new Cf.ThreadPoolExecutor (1);
  var future = own_pool.submit_local (() => 5);

  yield own_pool.drain_async ();
  assert (future.is_done ());
  assert (!own_pool.is_shut_down ());
  future = own_pool.submit_local (() => 6);
  assert (own_pool.drain ());
  assert (own_pool.describe ().lookup_value ("type", null).get_string () == "CfThreadPoolExecutor");
  assert (future.is_done ());
}

async void test_completions () throws Error
{
  Cf.Future[] futures = { new Cf.Future (), new Cf.Future () };
  var completed = Cf.as_completed (futures);
  string[] names = {};
  Cf.Future? future;

  Idle.add (() => {
    try
      {
        futures[1].set_value ("second");
        futures[0].set_value ("first");
      }
    catch (Error error)
      {
        assert_not_reached ();
      }
    return Source.REMOVE;
  });

  while ((future = yield completed.next_async ()) != null)
    names += future.result<string> ();

  assert (names.length == 2 && names[0] == "second" && names[1] == "first");
}

async void test_map () throws Error
{
  var results = pool.map (halve, new int[] { 5, 4, 3 });
  var sum = 0.0;
  Variant? result;

  while (yield results.next_async (null, out result))
    sum += result.get_double ();

  assert (sum == 6.0);
}

int main (string[] args)
{
  Test.init (ref args);
  pool = new Cf.ThreadPoolExecutor (2);

  add_flow ("/vala/flow/waits",
            callback => test_wait.begin (callback), result => test_wait.end (result));
  add_flow ("/vala/flow/waits-for-what-is-done",
            callback => test_wait_for_what_is_done.begin (callback), result => test_wait_for_what_is_done.end (result));
  add_flow ("/vala/flow/wait-is-cancelled",
            callback => test_wait_is_cancelled.begin (callback), result => test_wait_is_cancelled.end (result));
  add_flow ("/vala/flow/many-at-once",
            callback => test_many_flows.begin (callback), result => test_many_flows.end (result));
  add_flow ("/vala/flow/as-completed",
            callback => test_completions.begin (callback), result => test_completions.end (result));
  add_flow ("/vala/flow/map",
            callback => test_map.begin (callback), result => test_map.end (result));
  add_flow ("/vala/flow/shutdown",
            callback => test_shutdown.begin (callback), result => test_shutdown.end (result));
  add_flow ("/vala/flow/drain",
            callback => test_drain.begin (callback), result => test_drain.end (result));

  add_flow ("/vala/flow/result/types",
            callback => test_result.begin (callback), result => test_result.end (result));
  add_flow ("/vala/flow/result/is-freed",
            callback => test_result_is_freed.begin (callback), result => test_result_is_freed.end (result));
  add_flow ("/vala/flow/result/error",
            callback => test_result_error.begin (callback), result => test_result_error.end (result));
  add_flow ("/vala/flow/result/wrong-type",
            callback => test_result_of_wrong_type.begin (callback), result => test_result_of_wrong_type.end (result));
  add_flow ("/vala/flow/result/times-out",
            callback => test_result_times_out.begin (callback), result => test_result_times_out.end (result));
  add_flow ("/vala/flow/result/is-cancelled",
            callback => test_result_is_cancelled.begin (callback), result => test_result_is_cancelled.end (result));

  add_flow ("/vala/flow/submit/value",
            callback => test_submit.begin (callback), result => test_submit.end (result));
  add_flow ("/vala/flow/submit/error",
            callback => test_submit_error.begin (callback), result => test_submit_error.end (result));
  add_flow ("/vala/flow/submit/is-cancelled",
            callback => test_submit_is_cancelled.begin (callback), result => test_submit_is_cancelled.end (result));
  add_flow ("/vala/flow/submit/of-an-object",
            callback => test_submit_source.begin (callback), result => test_submit_source.end (result));
  add_flow ("/vala/flow/submit/checks-its-cancellable",
            callback => test_submit_checks.begin (callback), result => test_submit_checks.end (result));
  add_flow ("/vala/flow/submit/returns-on-cancel",
            callback => test_submit_returns_on_cancel.begin (callback),
            result => test_submit_returns_on_cancel.end (result));

  var status = Test.run ();

  pool = null;
  return status;
}
