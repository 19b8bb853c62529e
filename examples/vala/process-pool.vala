/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' listing on processes: map() over a pool of two of them, which are used for one call after another. Only
 * the executor's constructor tells that there are processes: the interface is that of the pool of threads.
 *
 *   from concurrent import futures
 *   import os
 *
 *   def task(n):
 *       return (n, os.getpid())
 *
 *   if __name__ == '__main__':
 *       ex = futures.ProcessPoolExecutor(max_workers=2)
 *       results = ex.map(task, range(5, 0, -1))
 *       for n, pid in results:
 *           print("run task %s in process %s" % (n, pid))
 *
 * A worker is this program, started once more. Cf.Worker.main() is what the line with `__name__` is in Python: in a
 * worker it makes the pool's calls and never returns.
 */

Variant? task (Cf.Future future, Variant? args) throws Error
{
  return new Variant ("(ii)", args.get_int32 (), Posix.getpid ());
}

int main (string[] args)
{
  Cf.Worker.main (ref args);

  try
    {
      var executor = new Cf.ProcessPoolExecutor (2);

      foreach (var result in executor.map (task, new int[] { 5, 4, 3, 2, 1 }))
        {
          int n;
          int pid;

          result.get ("(ii)", out n, out pid);
          print ("run task %d in process %d\n", n, pid);
        }
      return 0;
    }
  catch (Error error)
    {
      printerr ("main: %s\n", error.message);
      return 1;
    }
}
