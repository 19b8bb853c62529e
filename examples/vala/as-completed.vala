/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' third listing: wait for the calls in the order in which they end, whatever that is.
 *
 *   def task(n):
 *       time.sleep(random.random())
 *       return (n, n / 10)
 *
 *   ex = futures.ThreadPoolExecutor(max_workers=5)
 *   print("main: starting")
 *   wait_for = [ex.submit(task, i) for i in range(5, 0, -1)]
 *   for f in futures.as_completed(wait_for):
 *       print("main: result: ", f.result())
 */

Variant? task (Cf.Future future, Variant? args) throws Error
{
  var n = args.get_int32 ();

  Thread.usleep ((ulong) (Random.next_double () * TimeSpan.SECOND));
  return new Variant ("(id)", n, n / 10.0);
}

int main ()
{
  try
    {
      var executor = new Cf.ThreadPoolExecutor (5);
      Cf.Future[] wait_for = {};

      print ("main: starting\n");
      for (var i = 5; i > 0; i--)
        wait_for += executor.submit (task, i);

      foreach (var future in Cf.as_completed (wait_for))
        {
          int n;
          double tenth;

          future.await_variant ().get ("(id)", out n, out tenth);
          print ("main: result: (%d, %g)\n", n, tenth);
        }
      return 0;
    }
  catch (Error error)
    {
      printerr ("main: %s\n", error.message);
      return 1;
    }
}
