/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the check of an installed copy runs: a portable function, a closure, and both asynchronously. */

Variant? halve (Cf.Future future, Variant? args) throws Error
{
  return args.get_int32 () / 2.0;
}

async void print_half (Cf.Executor executor) throws Error
{
  double? half = yield executor.submit (halve, 5).result_async<double?> ();
  var text = executor.submit_local (() => "%g".printf (half));

  foreach (var future in Cf.as_completed ({ text }))
    print ("%s\n", future.result<string> ());
  foreach (var other_half in executor.map (halve, new int[] { 5 }))
    assert (other_half.get_double () == half);
}

int main ()
{
  var loop = new MainLoop ();
  var executor = new Cf.ThreadPoolExecutor (2);
  var status = 0;

  print_half.begin (executor, (object, result) => {
    try
      {
        print_half.end (result);
      }
    catch (Error error)
      {
        printerr ("%s\n", error.message);
        status = 1;
      }
    loop.quit ();
  });
  loop.run ();
  return status;
}
