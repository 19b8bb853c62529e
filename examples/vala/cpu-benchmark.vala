/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The slides' benchmark: ten calls that do nothing but count, on one executor after the other.
 *
 *   number_list = [1,2,3,4,5,6,7,8,9,10]
 *
 *   def evaluate_item(x):
 *       result_item = count(x)
 *       print("item " + str(x) + " result " + str(result_item))
 *
 *   def count(number):
 *       for i in range(0,10000000):
 *           i=i+1
 *       return i*number
 *
 *   start_time = time.clock()
 *   for item in number_list:
 *       evaluate_item(item)
 *   print("Sequential execution in " + str(time.clock() - start_time), "seconds")
 *
 *   start_time_1 = time.clock()
 *   with concurrent.futures.ThreadPoolExecutor(max_workers=5) as executor:
 *       for item in number_list:
 *           executor.submit(evaluate_item, item)
 *   print("Thread pool execution in " + str(time.clock() - start_time_1), "seconds")
 *
 *   start_time_2 = time.clock()
 *   with concurrent.futures.ProcessPoolExecutor(max_workers=5) as executor:
 *       for item in number_list:
 *           executor.submit(evaluate_item, item)
 *   print("Process pool execution in " + str(time.clock() - start_time_2), "seconds")
 *
 * All executors have the same interface, so one function measures any of them. The sequential run is an
 * executor too: one that makes each call at once, in the thread that submits it.
 */

const int N_ITEMS = 10;
const int N_ITERATIONS = 10000000;

/* What valac makes counts faster than the slides' Python. So that a call takes a time like theirs, and not as little as it
 * takes to start a process, it counts over and over again. */
const int N_ROUNDS = 5;

int64 count (int64 number)
{
  int i = 0;

  for (var round = 0; round < N_ROUNDS; round++)
    {
      i = 0;
      /* Atomically, for the compiler would otherwise see through the loop and remove it. */
      while (i < N_ITERATIONS)
        AtomicInt.inc (ref i);
    }

  return i * number;
}

Variant? evaluate_item (Cf.Future future, Variant? args) throws Error
{
  var item = args.get_int64 ();

  print ("item %" + int64.FORMAT + " result %" + int64.FORMAT + "\n", item, count (item));
  return null;
}

void measure (string kind, Cf.Executor executor)
{
  var start = get_monotonic_time ();

  for (int64 item = 1; item <= N_ITEMS; item++)
    executor.submit (evaluate_item, item);
  executor.shutdown ();

  print ("%s execution in %f seconds\n", kind, (double) (get_monotonic_time () - start) / TimeSpan.SECOND);
}

int main (string[] args)
{
  Cf.Worker.main (ref args);

  measure ("Sequential", new Cf.InlineExecutor ());
  measure ("Thread pool", new Cf.ThreadPoolExecutor (5));
  measure ("Process pool", new Cf.ProcessPoolExecutor (5));
  return 0;
}
