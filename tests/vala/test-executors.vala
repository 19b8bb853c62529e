/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Executors and tasks: closures, and what becomes of what they capture; executors of one's own. */

Variant? halve (Cf.Future future, Variant? args) throws Error
{
  return args.get_int32 () / 2.0;
}

void test_portable () throws Error
{
  var pool = new Cf.ThreadPoolExecutor ();

  assert (pool.submit (halve, 5).await_double () == 2.5);
  assert (pool.submit ((future, args) => args, "text").await_string () == "text");
  assert (pool.submit (() => null).await_variant () == null);
}

void test_local () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (2);
  var factor = 3;

  assert (pool.submit_local (() => 14 * factor).await_int64 () == 42);
  assert (pool.submit_local (() => "%d times".printf (factor)).await_string () == "3 times");
  assert (pool.submit_local (() => null).get_error () == null);
}

void test_local_error () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);

  try
    {
      pool.submit_local (() => { throw new IOError.NOT_FOUND ("nobody there"); }).await_int64 ();
      assert_not_reached ();
    }
  catch (IOError.NOT_FOUND error)
    {
      assert (error.message == "nobody there");
    }
}

/* A method of an object is a closure, too. */
class Halver : Object
{
  private int number;

  public Halver (int number)
  {
    this.number = number;
  }

  public Value? halve (Cf.Future future) throws Error
  {
    return number / 2.0;
  }
}

void test_method () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var halver = new Halver (5);

  assert (pool.submit_local (halver.halve).await_double () == 2.5);
}

Cf.Future submit_capturing (Cf.Executor executor, Mortal captured)
{
  return executor.submit_local (() => captured.number);
}

void test_local_frees_what_it_captures () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);

  Mortal.n_dead = 0;
  for (var i = 1; i <= 10; i++)
    assert (submit_capturing (pool, new Mortal (i)).result<int> () == i);
  assert_deaths (10);
}

void test_cancelled_frees_what_it_captures () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var gate = new Gate ();
  var blocking = pool.submit_local (() => { gate.pass (); return null; });

  gate.await_arrivals (1);
  Mortal.n_dead = 0;

  var future = submit_capturing (pool, new Mortal (1));

  assert (Mortal.n_dead == 0);
  assert (future.cancel ());
  gate.open ();
  blocking.wait ();
  future = null;
  assert_deaths (1);
}

void test_refused_frees_what_it_captures () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);

  pool.shutdown ();
  Mortal.n_dead = 0;
  try
    {
      submit_capturing (pool, new Mortal (1)).result<int> ();
      assert_not_reached ();
    }
  catch (Cf.Error.SHUT_DOWN error)
    {
    }
  assert_deaths (1);
}

void test_result_is_moved () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);

  Mortal.n_dead = 0;

  var future = pool.submit_local (() => new Mortal (3));

  future.wait ();
  assert (Mortal.n_dead == 0);
  future = null;
  assert_deaths (1);
}

void test_progress () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var gate = new Gate ();
  var future = pool.submit_local (running => {
    running.report_progress (0.5, "half of it");
    gate.pass ();
    return null;
  });

  gate.await_arrivals (1);
  assert (future.progress == 0.5);
  assert (future.message == "half of it");
  gate.open ();
}

void test_cooperation () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var has_begun = new Gate ();
  var future = pool.submit_local (running => {
    has_begun.pass ();
    while (!running.get_cancellable ().is_cancelled ())
      Thread.yield ();
    return "gave up";
  });

  has_begun.open ();
  has_begun.await_arrivals (1);
  assert (!future.cancel ());
  assert (!future.cancel_full (COOPERATE));
  assert (future.result<string> () == "gave up");
}

// What a closure captures dies in the thread that has submitted it.
class Captured
{
  public static int n_at_home;
  public static int n_elsewhere;
  public static unowned Thread<void *> owner;

  ~Captured ()
  {
    if (Thread.self<void *> () == owner)
      AtomicInt.inc (ref n_at_home);
    else
      AtomicInt.inc (ref n_elsewhere);
  }

  public bool is_there ()
  {
    return true;
  }
}

void submit_captured (Cf.Executor pool)
{
  var captured = new Captured ();

  pool.submit_local (() => captured.is_there ());
}

void test_captured_is_freed_at_home () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (2);

  Captured.owner = Thread.self<void *> ();
  for (var i = 0; i < 200; i++)
    submit_captured (pool);
  pool.shutdown (WAIT);

  assert (AtomicInt.get (ref Captured.n_elsewhere) == 0);
  assert (AtomicInt.get (ref Captured.n_at_home) == 200);
}

void test_thread_names () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (3, "Painter");

  assert (pool.max_workers == 3);
  assert (pool.thread_name_prefix == "Painter");
  assert (new Cf.ThreadPoolExecutor ().thread_name_prefix != "");
}

void test_initializer () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var n_prepared = 0;

  pool.set_initializer (() => { AtomicInt.inc (ref n_prepared); });
  pool.submit_local (() => null).wait ();
  assert (AtomicInt.get (ref n_prepared) == 1);
}

void test_initializer_fails () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);

  pool.set_initializer (() => { throw new IOError.FAILED ("no tools"); });
  try
    {
      pool.submit_local (() => 5).result<int> ();
      assert_not_reached ();
    }
  catch (Cf.Error.BROKEN_EXECUTOR error)
    {
      assert ("no tools" in error.message);
    }
}

void set_capturing_initializer (Cf.ThreadPoolExecutor pool, Mortal captured)
{
  pool.set_initializer (() => { captured.freeze_notify (); });
}

void test_initializer_frees_what_it_captures () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);

  Mortal.n_dead = 0;
  set_capturing_initializer (pool, new Mortal (1));
  assert (Mortal.n_dead == 0);
  pool.set_initializer (null);
  assert_deaths (1);
  assert (pool.submit_local (() => 5).result<int> () == 5);
}

void test_counts () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var gate = new Gate ();
  var first = pool.submit_local (() => { gate.pass (); return null; });
  var second = pool.submit_local (() => null);

  gate.await_arrivals (1);
  assert (pool.n_running == 1);
  assert (pool.n_pending == 1);
  gate.open ();
  Cf.wait ({ first, second });
  pool.shutdown ();
  assert (pool.n_completed == 2);
}

void test_task () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var task = new Cf.Task (halve, 5) {
    name = "halve",
    priority = -10,
    timeout = TimeSpan.MINUTE,
    check_cancellable = ALWAYS,
    return_on_cancel = true
  };

  assert (task.name == "halve" && task.priority == -10 && task.timeout == TimeSpan.MINUTE);
  assert (task.check_cancellable == Cf.CancellableCheck.ALWAYS && task.return_on_cancel);
  assert (task.cancellable == null && task.context == null && task.source_object == null);
  assert (pool.submit_task (task).await_double () == 2.5);
}

void test_task_local () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var number = 5;

  assert (pool.submit_task (new Cf.Task.local (() => number / 2.0)).await_double () == 2.5);
}

void test_task_frees_what_it_captures () throws Error
{
  Mortal.n_dead = 0;

  var task = capturing_task (new Mortal (1));

  assert (task.name == null);
  assert (Mortal.n_dead == 0);
  task = null;
  assert_deaths (1);
}

Cf.Task capturing_task (Mortal captured)
{
  return new Cf.Task.local (() => captured.number);
}

void test_task_cancellable () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);
  var task = new Cf.Task (halve, 5) { cancellable = new Cancellable () };

  task.cancellable.cancel ();
  try
    {
      pool.submit_task (task).await_double ();
      assert_not_reached ();
    }
  catch (IOError.CANCELLED error)
    {
    }
}

void test_default () throws Error
{
  unowned var executor = Cf.Executor.get_default ();

  assert (executor is Cf.ThreadPoolExecutor);
  assert (executor == Cf.Executor.get_default ());
  assert (executor.submit_local (() => 5).result<int> () == 5);
}

void test_inline () throws Error
{
  var executor = new Cf.InlineExecutor ();
  var caller = Thread.self<void> ();
  var future = executor.submit_local (() => Thread.self<void> () == caller);

  assert (future.is_done ());
  assert (future.result<bool> ());
}

/* A call in the pool asks something of the thread of the main loop. */
void test_main_context () throws Error
{
  var main_loop = new Cf.MainContextExecutor ();
  var pool = new Cf.ThreadPoolExecutor (1);
  var is_over = false;
  unowned var main_thread = Thread.self<void> ();

  var future = pool.submit_local (() => {
    var answer = main_loop.submit_local (() => Thread.self<void> () == main_thread);

    return answer.result<bool> ();
  });

  future.add_done_callback (() => { is_over = true; });
  iterate_until (() => is_over);
  assert (future.result<bool> ());
}

/* Makes each call at once, and counts. */
class CountingExecutor : Cf.Executor
{
  public uint n_executed { get; private set; }
  public uint n_shutdowns { get; private set; }

  public override void execute (Cf.Future future)
  {
    n_executed++;
    future.run ();
  }

  public override void shutdown (Cf.ShutdownFlags flags)
  {
    n_shutdowns++;
    base.shutdown (flags);
  }
}

void test_subclass () throws Error
{
  var executor = new CountingExecutor ();
  Cf.Executor as_any = executor;

  assert (as_any.submit (halve, 3).await_double () == 1.5);
  assert (as_any.submit_local (() => 3).result<int> () == 3);
  foreach (var half in as_any.map (halve, new int[] { 3 }))
    assert (half.get_double () == 1.5);
  assert (executor.n_executed == 3);

  as_any.shutdown ();
  assert (executor.n_shutdowns == 1);
  assert (executor.is_shut_down ());
  assert (as_any.submit (halve, 3).get_error ().matches (Cf.Error.quark (), Cf.Error.SHUT_DOWN));
}

void test_name () throws Error
{
  var pool = new Cf.ThreadPoolExecutor (1);

  assert (pool.submit_by_name (Environment.get_variable ("SMOKE_FUNCTIONS") + ":smoke_halve", 5).await_double () == 2.5);
}

int main (string[] args)
{
  Test.init (ref args);

  add_test ("/vala/submit/portable", test_portable);
  add_test ("/vala/submit/name", test_name);
  add_test ("/vala/submit/local", test_local);
  add_test ("/vala/submit/local-error", test_local_error);
  add_test ("/vala/submit/method", test_method);
  add_test ("/vala/submit/frees-what-it-captures", test_local_frees_what_it_captures);
  add_test ("/vala/submit/frees-when-cancelled", test_cancelled_frees_what_it_captures);
  add_test ("/vala/submit/frees-when-refused", test_refused_frees_what_it_captures);
  add_test ("/vala/submit/result-is-moved", test_result_is_moved);
  add_test ("/vala/submit/progress", test_progress);
  add_test ("/vala/submit/cooperation", test_cooperation);

  add_test ("/vala/thread-pool/names", test_thread_names);
  add_test ("/vala/thread-pool/closures-are-freed-by-their-submitter", test_captured_is_freed_at_home);
  add_test ("/vala/thread-pool/initializer", test_initializer);
  add_test ("/vala/thread-pool/initializer-fails", test_initializer_fails);
  add_test ("/vala/thread-pool/initializer-frees-what-it-captures", test_initializer_frees_what_it_captures);
  add_test ("/vala/thread-pool/counts", test_counts);

  add_test ("/vala/task/properties", test_task);
  add_test ("/vala/task/local", test_task_local);
  add_test ("/vala/task/frees-what-it-captures", test_task_frees_what_it_captures);
  add_test ("/vala/task/cancellable", test_task_cancellable);

  add_test ("/vala/executor/default", test_default);
  add_test ("/vala/executor/inline", test_inline);
  add_test ("/vala/executor/main-context", test_main_context);
  add_test ("/vala/executor/subclass", test_subclass);

  return Test.run ();
}
