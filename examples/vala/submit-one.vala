/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' second listing: submit one call, and look at its future before and after.
 *
 *   executor = futures.ThreadPoolExecutor(max_workers=2)
 *   print("main: starting")
 *   f = executor.submit(task, 5)
 *   print("main: future: %s", f)
 *   print("main: waiting for results")
 *   result = f.result()
 *   print("main: result: %s", result)
 *   print("main: future after result: %s", f)
 *
 * where task() is the one of the first listing.
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

      print ("main: starting\n");
      var future = executor.submit (task, 5);

      print ("main: future: %s\n", future.to_string ());
      print ("main: waiting for results\n");
      print ("main: result: %g\n", future.await_double ());
      print ("main: future after result: %s\n", future.to_string ());
      return 0;
    }
  catch (Error error)
    {
      printerr ("main: %s\n", error.message);
      return 1;
    }
}
