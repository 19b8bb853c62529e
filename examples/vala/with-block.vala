/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' listing on executors as context managers: at the end of the block every call has ended
 * and the pool is gone.
 *
 *   def task(n):
 *       print(n)
 *
 *   with futures.ThreadPoolExecutor(max_workers=2) as ex:
 *       print('main: starting')
 *       ex.submit(task, 1)
 *       ex.submit(task, 2)
 *       ex.submit(task, 3)
 *       ex.submit(task, 4)
 *
 *   print('main: done')
 */

Variant? task (Cf.Future future, Variant? args) throws Error
{
  print ("%d\n", args.get_int32 ());
  return null;
}

int main ()
{
  var executor = new Cf.ThreadPoolExecutor (2);

  try
    {
      print ("main: starting\n");
      for (var i = 1; i <= 4; i++)
        executor.submit (task, i);
    }
  finally
    {
      executor.shutdown ();
    }

  print ("main: done\n");
  return 0;
}
