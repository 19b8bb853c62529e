/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Processes: static functions of this program in workers that are this program, and functions of other languages. */

Variant? halve (Cf.Future future, Variant? args) throws Error
{
  return args.get_int32 () / 2.0;
}

Variant? get_process (Cf.Future future, Variant? args) throws Error
{
  return new Variant.int32 (Posix.getpid ());
}

Variant? fail (Cf.Future future, Variant? args) throws Error
{
  throw new IOError.NOT_FOUND ("nobody in process %d", Posix.getpid ());
}

Variant? die (Cf.Future future, Variant? args) throws Error
{
  Process.exit (3);
}

Variant? report (Cf.Future future, Variant? args) throws Error
{
  future.report_progress (0.5, "half of it");
  return null;
}

/* Set in workers by their initializer. */
string greeting;

Variant? prepare (Cf.Future future, Variant? args) throws Error
{
  greeting = args.get_string ();
  return null;
}

Variant? greet (Cf.Future future, Variant? args) throws Error
{
  return "%s, %s".printf (greeting, args.get_string ());
}

/* A class of its own functions, which are static. */
class Numbers : Object
{
  public static Variant? triple (Cf.Future future, Variant? args) throws Error
  {
    return args.get_int32 () * 3;
  }
}

void test_function () throws Error
{
  var pool = new Cf.ProcessPoolExecutor (1);
  var process = pool.submit (get_process).result<int> ();

  assert (process != Posix.getpid ());
  assert (process in pool.get_worker_pids ());
  assert (pool.submit (halve, 5).await_double () == 2.5);
  assert (pool.submit (Numbers.triple, 5).result<int> () == 15);
  assert (pool.submit ((future, args) => args.get_string () + "!", "text").await_string () == "text!");
}

void test_map () throws Error
{
  var pool = new Cf.ProcessPoolExecutor (2);
  var halves = "";

  foreach (var half in pool.map (halve, new int[] { 5, 4, 3, 2, 1 }, 2))
    halves += "%g ".printf (half.get_double ());
  assert (halves == "2.5 2 1.5 1 0.5 ");
}

void test_error () throws Error
{
  var pool = new Cf.ProcessPoolExecutor (1);

  try
    {
      pool.submit (fail).await_double ();
      assert_not_reached ();
    }
  catch (IOError.NOT_FOUND error)
    {
      assert (error.message.has_prefix ("nobody in process "));
    }
}

void test_death () throws Error
{
  var pool = new Cf.ProcessPoolExecutor (1);

  try
    {
      pool.submit (die).await_variant ();
      assert_not_reached ();
    }
  catch (Cf.Error.WORKER_DIED error)
    {
      assert ("3" in error.message);
    }
  assert (pool.submit (halve, 5).await_double () == 2.5);
}

void test_closure () throws Error
{
  var pool = new Cf.ProcessPoolExecutor (1);
  var number = 5;

  try
    {
      pool.submit_local (() => number).await_int64 ();
      assert_not_reached ();
    }
  catch (Cf.Error.NOT_PORTABLE error)
    {
    }
}

void test_progress () throws Error
{
  var pool = new Cf.ProcessPoolExecutor (1);
  var future = pool.submit (report);
  var n_notified = 0;

  future.notify["progress"].connect (() => { n_notified++; });
  future.wait ();
  iterate_until (() => n_notified > 0);
  assert (future.progress == 0.5);
  assert (future.message == "half of it");
}

void test_initializer () throws Error
{
  var pool = new Cf.ProcessPoolExecutor (1);

  pool.set_initializer (prepare, "Hello");
  assert (pool.submit (greet, "Vala").await_string () == "Hello, Vala");
}

void test_properties () throws Error
{
  var launcher = new Cf.WorkerLauncher () {
    environ = Environ.set_variable (Environ.get (), "CFUTURES_VALA", "yes"),
    cwd = Environment.get_tmp_dir (),
    prefix_argv = { "env", "CFUTURES_STARTED_BY=env" }
  };
  var pool = new Cf.ProcessPoolExecutor.with_launcher (1, launcher) {
    max_tasks_per_worker = 5
  };

  assert (launcher.argv == null);
  assert (pool.launcher.getenv ("CFUTURES_VALA") == "yes");
  assert (pool.submit (get_variable, "CFUTURES_STARTED_BY").await_string () == "env");
  assert (pool.submit (get_variable, "CFUTURES_VALA").await_string () == "yes");
  assert (pool.submit (get_directory).await_string () == Environment.get_tmp_dir ());
}

Variant? get_variable (Cf.Future future, Variant? args) throws Error
{
  return Environment.get_variable (args.get_string ());
}

Variant? get_directory (Cf.Future future, Variant? args) throws Error
{
  return Environment.get_current_dir ();
}

void test_python () throws Error
{
  var pool = new Cf.ProcessPoolExecutor.with_launcher (1, new Cf.WorkerLauncher (PYTHON));

  assert (pool.submit_by_name ("statistics:mean", new Variant.parsed ("([1, 2, 6],)")).await_double () == 3.0);
  try
    {
      pool.submit_by_name ("statistics:mean", new Variant.parsed ("(@ad [],)")).await_double ();
      assert_not_reached ();
    }
  catch (Cf.Error.REMOTE error)
    {
      assert (error.message.has_prefix ("statistics.StatisticsError: "));
    }
}

/* A worker that is written in Vala, and knows functions by names of its own. */
void test_worker () throws Error
{
  var launcher = new Cf.WorkerLauncher () {
    argv = { Environment.get_variable ("VALA_WORKER"), "3" }
  };
  var pool = new Cf.ProcessPoolExecutor.with_launcher (1, launcher);

  assert (pool.submit_by_name ("text:repeat", "ha").await_string () == "hahaha");
  try
    {
      pool.submit_by_name ("text:forget").await_variant ();
      assert_not_reached ();
    }
  catch (IOError.NOT_SUPPORTED error)
    {
      assert (error.message == "text:forget is unknown");
    }
}

async void test_flow () throws Error
{
  var pool = new Cf.ProcessPoolExecutor (2);
  var half = yield pool.submit (halve, 5).result_async<double?> ();

  assert (half == 2.5);
  yield pool.shutdown_async ();
}

int main (string[] args)
{
  Cf.Worker.main (ref args);
  Test.init (ref args);

  add_test ("/vala/process-pool/functions", test_function);
  add_test ("/vala/process-pool/map", test_map);
  add_test ("/vala/process-pool/error-is-kept", test_error);
  add_test ("/vala/process-pool/death-costs-one-call", test_death);
  add_test ("/vala/process-pool/closures-are-not-portable", test_closure);
  add_test ("/vala/process-pool/progress", test_progress);
  add_test ("/vala/process-pool/initializer", test_initializer);
  add_test ("/vala/process-pool/properties", test_properties);
  add_test ("/vala/process-pool/python", test_python);
  add_test ("/vala/process-pool/worker-in-vala", test_worker);
  add_flow ("/vala/process-pool/flow", callback => test_flow.begin (callback), result => test_flow.end (result));

  return Test.run ();
}
