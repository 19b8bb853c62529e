/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' listing on callbacks: a function that is called when a future is done, for whatever
 * reason, and finds out which.
 *
 *   def task(n):
 *       print("%s: sleeping" % n)
 *       time.sleep(0.5)
 *       print("%s: done" % n)
 *       return n / 10
 *
 *   def done(fn):
 *       if fn.cancelled():
 *           print("%s: canceled " % fn.arg)
 *       elif fn.done():
 *           error = fn.exception()
 *           if error:
 *               print("%s: error returned: %s" % (fn.arg, error))
 *           else:
 *               result = fn.result()
 *               print("%s: value returned: %s" % (fn.arg, result))
 *
 *   if __name__ == '__main__':
 *       ex = futures.ThreadPoolExecutor(max_workers=2)
 *       print("main: starting")
 *       f = ex.submit(task, 5)
 *       f.arg = 5
 *       f.add_done_callback(done)
 *       result = f.result()
 *       print(result)
 *
 * The callback runs in the thread that added it. Here that thread waits for the result, so the callback
 * runs just before the wait ends; in a program with a main loop, the main loop runs it.
 */

Variant? task (Cf.Future future, Variant? args) throws Error
{
  var n = args.get_int32 ();

  print ("%d: sleeping\n", n);
  Thread.usleep (500000);
  print ("%d: done\n", n);
  return n / 10.0;
}

void done (Cf.Future future)
{
  var arg = future.get_data<int> ("arg");

  try
    {
      print ("%d: value returned: %g\n", arg, future.await_double ());
    }
  catch (IOError.CANCELLED error)
    {
      print ("%d: canceled\n", arg);
    }
  catch (Error error)
    {
      print ("%d: error returned: %s\n", arg, error.message);
    }
}

int main ()
{
  try
    {
      var executor = new Cf.ThreadPoolExecutor (2);

      print ("main: starting\n");
      var future = executor.submit (task, 5);

      future.set_data ("arg", 5);
      future.add_done_callback (done);
      print ("%g\n", future.await_double ());
      return 0;
    }
  catch (Error error)
    {
      printerr ("main: %s\n", error.message);
      return 1;
    }
}
