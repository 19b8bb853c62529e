/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Futures: promises, results as any type, errors, and callbacks. */

enum Colour
{
  RED,
  GREEN
}

struct Point
{
  public int x;
  public int y;
}

Cf.Future settled (Value? value) throws Error
{
  var future = new Cf.Future ();

  future.set_value (value);
  return future;
}

Cf.Future failed (Error failure) throws Error
{
  var future = new Cf.Future ();

  future.set_error (failure);
  return future;
}

void test_promise () throws Error
{
  var future = new Cf.Future ();

  assert (future.get_state () == PENDING);
  assert (future.set_running_or_notify_cancel ());
  assert (future.is_running ());
  future.set_value (0.5);
  assert (future.is_done ());
  assert (future.state == FINISHED);
  assert (future.await_double () == 0.5);
}

void test_settled_twice () throws Error
{
  var future = settled (0.5);

  try
    {
      future.set_value (1.5);
      assert_not_reached ();
    }
  catch (Cf.Error.INVALID_STATE error)
    {
      assert (future.await_double () == 0.5);
    }
}

void test_nothing () throws Error
{
  var future = new Cf.Future ();

  future.set_value ();
  assert (future.await_variant () == null);
  assert (future.get_error () == null);
}

void test_settled () throws Error
{
  var promise = new Cf.Future ();

  promise.set_string ("five");
  assert (promise.await_string () == "five");
  assert (new Cf.Future.for_boolean (true).await_boolean ());
  assert (new Cf.Future.for_int64 (-5).await_int64 () == -5);
  assert (new Cf.Future.for_string ("five").await_string () == "five");
  assert (new Cf.Future.for_value ().await_variant () == null);
  assert (new Cf.Future.for_pointer (&promise).await_pointer () == &promise);
  assert (Cf.Error.is_cancelled (new Cf.Future.for_error (new IOError.CANCELLED ("stopped")).get_error ()));
  assert (!Cf.Error.is_cancelled (null));
}

void test_variant () throws Error
{
  var future = new Cf.Future ();

  future.set_variant (7);
  assert (future.await_variant ().get_int32 () == 7);
  assert (future.await_int64 () == 7);
}

void test_cancelled () throws Error
{
  var future = new Cf.Future ();

  assert (future.cancel ());
  assert (future.is_cancelled ());
  assert (!future.set_running_or_notify_cancel ());
  try
    {
      future.await_int64 ();
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
    }
}

void test_string () throws Error
{
  assert ("pending" in new Cf.Future ().to_string ());
}

void test_getters () throws Error
{
  assert (settled (true).await_boolean ());
  assert (settled (-5).await_int64 () == -5);
  assert (settled (uint64.MAX).await_uint64 () == uint64.MAX);
  assert (settled (2.5).await_double () == 2.5);
  assert (settled ("text").await_string () == "text");
  assert (settled (new Bytes ({ 1, 2 })).await_bytes ().length == 2);
  assert (settled (new Mortal (3)).await_object () is Mortal);
  assert ((string) settled ("value").await_value () == "value");

  int place = 5;
  assert (settled ((void*) &place).await_pointer () == &place);

  string[] names = { "a", "b" };
  assert (((string[]) settled (names).await_value ())[1] == "b");
}

void test_result_of_values () throws Error
{
  assert (settled (true).result<bool> ());
  assert (settled (-5).result<int> () == -5);
  assert (settled (int.MIN).result<int> () == int.MIN);
  assert (settled (uint.MAX).result<uint> () == uint.MAX);
  assert (settled (long.MIN).result<long> () == long.MIN);
  assert (settled (ulong.MAX).result<ulong> () == ulong.MAX);
  assert (settled (Colour.GREEN).result<Colour> () == Colour.GREEN);
}

void test_result_of_large_values () throws Error
{
  assert (settled (int64.MIN).result<int64?> () == int64.MIN);
  assert (settled (uint64.MAX).result<uint64?> () == uint64.MAX);
  assert (settled (0.1).result<double?> () == 0.1);
  assert (settled (0.5).result<float?> () == 0.5f);
  assert (settled (7).result<int?> () == 7);
  assert (settled (true).result<bool?> () == true);
  var point = settled (Point () { x = 3, y = 4 }).result<Point?> ();

  assert (point.x == 3 && point.y == 4);
}

void test_result_of_references () throws Error
{
  assert (settled ("text").result<string> () == "text");
  assert (settled (new Mortal (3)).result<Mortal> ().number == 3);
  assert (settled (new Mortal (4)).result<Object> () is Mortal);
  assert (settled (new Bytes ({ 1, 2 })).result<Bytes> ().length == 2);
  assert (settled (new DateTime.utc (2024, 2, 29, 0, 0, 0)).result<DateTime> ().get_month () == 2);
  assert (settled (new Variant ("(is)", 5, "five")).result<Variant> ().n_children () == 2);
  assert (settled ("value").result<Value?> ().get_string () == "value");
}

void test_result_of_variant () throws Error
{
  var future = new Cf.Future ();

  future.set_variant ("text");
  assert (future.result<string> () == "text");
  assert (future.result<Variant> ().get_string () == "text");
}

void test_result_null () throws Error
{
  assert (settled (null).result<string> () == null);
  assert (settled (null).result<Mortal> () == null);
  assert (settled (null).result<double?> () == null);
}

void test_result_is_a_copy () throws Error
{
  Mortal.n_dead = 0;
  {
    var future = settled (new Mortal (1));
    var first = future.result<Mortal> ();
    var second = future.result<Mortal> ();

    assert (first == second);
    future = null;
    assert (Mortal.n_dead == 0);
  }
  assert (Mortal.n_dead == 1);
}

void assert_wrong_type (ThrowingTest read) throws Error
{
  try
    {
      read ();
      assert_not_reached ();
    }
  catch (Cf.Error.WRONG_TYPE error)
    {
      assert ("cannot be converted to" in error.message);
    }
}

/* Each of them would lose something. */
void test_result_of_wrong_type () throws Error
{
  assert_wrong_type (() => settled (5000000000).result<int> ());
  assert_wrong_type (() => settled (-1).result<uint> ());
  assert_wrong_type (() => settled (0.5).result<int> ());
  assert_wrong_type (() => settled (0.1).result<float?> ());
  assert_wrong_type (() => settled (2).result<bool> ());
  assert_wrong_type (() => settled ("5").result<int> ());
  assert_wrong_type (() => settled (5).result<string> ());
  assert_wrong_type (() => settled (null).result<int> ());
  assert_wrong_type (() => settled (new Object ()).result<Mortal> ());
  assert_wrong_type (() => settled (new Object ()).result<Bytes> ());
  assert_wrong_type (() => settled (5).result<Mortal> ());
  assert_wrong_type (() => settled ("text").result<void*> ());
}

void test_result_timed_out () throws Error
{
  try
    {
      new Cf.Future ().result<int> (0);
      assert_not_reached ();
    }
  catch (IOError.TIMED_OUT error)
    {
    }
}

void test_result_cancellable () throws Error
{
  var cancellable = new Cancellable ();

  cancellable.cancel ();
  try
    {
      new Cf.Future ().result<string> (-1, cancellable);
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
    }
}

void test_error_is_kept () throws Error
{
  var future = failed (new IOError.NOT_FOUND ("nobody there"));

  assert (future.get_error ().matches (IOError.quark (), IOError.NOT_FOUND));
  try
    {
      future.result<string> ();
      assert_not_reached ();
    }
  catch (IOError.NOT_FOUND error)
    {
      assert (error.message == "nobody there");
    }
}

void test_wait_times_out () throws Error
{
  var future = new Cf.Future ();

  try
    {
      future.wait (0);
      assert_not_reached ();
    }
  catch (IOError.TIMED_OUT error)
    {
      assert (!future.is_done ());
    }

  future.set_value ();
  assert (future.wait ());
}

void test_callback () throws Error
{
  var future = new Cf.Future ();
  var seen = "";
  var prefix = "called with ";

  future.add_done_callback (done => {
    try
      {
        seen = prefix + done.result<string> ();
      }
    catch (Error error)
      {
        assert_not_reached ();
      }
  });
  future.set_value ("text");
  assert (seen == "");
  iterate_until (() => seen != "");
  assert (seen == "called with text");
}

void test_callback_before_wait_returns () throws Error
{
  var future = new Cf.Future ();
  var n_calls = 0;

  future.add_done_callback (() => { n_calls++; });
  future.set_value ();
  future.wait ();
  assert (n_calls == 1);
}

void test_callback_in_completing_thread () throws Error
{
  var future = new Cf.Future ();
  unowned Thread<void>? called_in = null;

  future.add_done_callback_full (null, () => { called_in = Thread.self<void> (); });

  var thread = new Thread<void> ("completer", () => {
    try
      {
        future.set_value ();
      }
    catch (Error error)
      {
        assert_not_reached ();
      }
  });
  thread.join ();
  assert (called_in != null);
  assert (called_in != Thread.self<void> ());
}

void test_callback_captures () throws Error
{
  Mortal.n_dead = 0;

  var number = 0;
  var future = new Cf.Future ();
  add_capturing_callback (future, new Mortal (9), (seen) => { number = seen; });

  assert (Mortal.n_dead == 0);
  future.set_value ();
  future.wait ();
  assert (number == 9);
  assert_deaths (1);
}

delegate void TakeNumber (int number);

void add_capturing_callback (Cf.Future future, Mortal captured, owned TakeNumber take)
{
  future.add_done_callback (() => { take (captured.number); });
}

void test_callback_of_future_without_end () throws Error
{
  Mortal.n_dead = 0;

  var future = new Cf.Future ();
  add_capturing_callback (future, new Mortal (9), () => { assert_not_reached (); });

  future = null;
  assert_deaths (1);
}

void test_progress () throws Error
{
  var future = new Cf.Future ();
  var bar = new Gauge ();
  var n_notified = 0;

  future.bind_property ("progress", bar, "fraction");
  future.notify["message"].connect (() => { n_notified++; });

  future.set_running_or_notify_cancel ();
  future.report_progress (0.25);
  iterate_until (() => bar.fraction == 0.25);
  assert (future.message == null);

  future.report_progress (0.75, "nearly there");
  iterate_until (() => n_notified > 0 && bar.fraction == 0.75);
  assert (future.message == "nearly there");
}

/* Stands for a widget. */
class Gauge : Object
{
  public double fraction { get; set; }
}

int main (string[] args)
{
  Test.init (ref args);

  add_test ("/vala/future/promise", test_promise);
  add_test ("/vala/future/settled-twice-is-invalid", test_settled_twice);
  add_test ("/vala/future/may-have-nothing", test_nothing);
  add_test ("/vala/future/settled", test_settled);
  add_test ("/vala/future/takes-variants", test_variant);
  add_test ("/vala/future/cancelled", test_cancelled);
  add_test ("/vala/future/is-printed", test_string);
  add_test ("/vala/future/getters", test_getters);
  add_test ("/vala/future/wait-times-out", test_wait_times_out);
  add_test ("/vala/future/error-is-kept", test_error_is_kept);
  add_test ("/vala/future/progress-is-bound", test_progress);

  add_test ("/vala/result/values", test_result_of_values);
  add_test ("/vala/result/large-values", test_result_of_large_values);
  add_test ("/vala/result/references", test_result_of_references);
  add_test ("/vala/result/variant", test_result_of_variant);
  add_test ("/vala/result/null", test_result_null);
  add_test ("/vala/result/is-a-copy", test_result_is_a_copy);
  add_test ("/vala/result/wrong-type", test_result_of_wrong_type);
  add_test ("/vala/result/times-out", test_result_timed_out);
  add_test ("/vala/result/cancellable", test_result_cancellable);

  add_test ("/vala/callback/on-the-main-context", test_callback);
  add_test ("/vala/callback/before-wait-returns", test_callback_before_wait_returns);
  add_test ("/vala/callback/in-the-completing-thread", test_callback_in_completing_thread);
  add_test ("/vala/callback/frees-what-it-captures", test_callback_captures);
  add_test ("/vala/callback/is-freed-without-a-call", test_callback_of_future_without_end);

  return Test.run ();
}
