/* SPDX-License-Identifier: LGPL-2.1-or-later */

Variant? halve (Cf.Future future, Variant? args) throws Error
{
  return new Variant.double (args.get_int32 () / 2.0);
}

async void print_half (Cf.Executor executor) throws Error
{
  var future = executor.submit (halve, new Variant.int32 (5));

  yield future.wait_async (-1, null);
  print ("%g\n", future.get_double ());
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
