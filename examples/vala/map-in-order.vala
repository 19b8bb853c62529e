/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' first listing: map() over a pool of two threads. The calls run concurrently and end in
 * any order; the results come in the order of the arguments.
 *
 *   def task(n):
 *       print("%s: sleeping %s" % (threading.current_thread().name, n))
 *       time.sleep(n / 10)
 *       print("%s: done with %s" % (threading.current_thread().name, n))
 *       return n / 10
 *
 *   ex = futures.ThreadPoolExecutor(max_workers=2)
 *   print('main: starting')
 *   results = ex.map(task, range(5, 0, -1))
 *   print("main: unprocessed results %s " % results)
 *   print("main: waiting for real results")
 *   real_results = list(results)
 *   print("main: results: %s" % real_results)
 */

/* Linux keeps at most 15 characters of a thread's name. */
const int THREAD_NAME_SIZE = 16;

[CCode (cname = "PR_GET_NAME", cheader_filename = "sys/prctl.h")]
extern const int PR_GET_NAME;

[CCode (cheader_filename = "sys/prctl.h")]
extern int prctl (int option, ...);

string get_thread_name ()
{
  var name = new char[THREAD_NAME_SIZE];

  prctl (PR_GET_NAME, name);
  return (string) name;
}

Variant? task (Cf.Future future, Variant? args) throws Error
{
  var n = args.get_int32 ();

  print ("%s: sleeping %d\n", get_thread_name (), n);
  Thread.usleep (n * 100000);
  print ("%s: done with %d\n", get_thread_name (), n);
  return n / 10.0;
}

int main ()
{
  try
    {
      var executor = new Cf.ThreadPoolExecutor (2, "Thread");
      string[] real_results = {};

      print ("main: starting\n");
      var results = executor.map (task, new int[] { 5, 4, 3, 2, 1 });

      print ("main: unprocessed results <%s at %p>\n", results.get_type ().name (), results);
      print ("main: waiting for real results\n");
      foreach (var result in results)
        real_results += "%g".printf (result.get_double ());
      print ("main: results: [%s]\n", string.joinv (", ", real_results));
      return 0;
    }
  catch (Error error)
    {
      printerr ("main: %s\n", error.message);
      return 1;
    }
}
