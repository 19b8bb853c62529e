/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The measurements of oneTBB, the scheduler to compare with. It has no futures: a call with a result is an enqueued
 * function and the standard library's promise. Its workers are counted without the threads that wait for them, and
 * it never starts as many as there are CPUs, which is lifted here so that both sides have the same number.
 */

#include <future>
#include <vector>

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include "bench.h"

namespace
{

class Pool
{
public:
  explicit Pool (unsigned n_workers)
    : limit (tbb::global_control::max_allowed_parallelism, n_workers + 1),
      arena (static_cast<int> (n_workers), 0)
  {
    std::vector<std::future<unsigned>> futures;

    for (unsigned i = 0; i < BENCH_N_WARM_UP; i++)
      futures.push_back (submit (i));
    for (auto &future : futures)
      future.get ();
  }

  std::future<unsigned> submit (unsigned number)
  {
    auto promise = new std::promise<unsigned>;
    auto future = promise->get_future ();

    arena.enqueue ([promise, number] {
      promise->set_value (number);
      delete promise;
    });

    return future;
  }

private:
  tbb::global_control limit;
  tbb::task_arena     arena;
};

double
measure_trips (unsigned n,
               unsigned n_workers,
               unsigned sleep_usec)
{
  Pool pool (n_workers);
  double total = 0.0;

  for (unsigned i = 0; i < n; i++)
    {
      if (sleep_usec > 0)
        g_usleep (sleep_usec);

      guint64 start = bench_now ();
      g_assert_cmpuint (pool.submit (i).get (), ==, i);
      total += bench_per_operation (start, n);
    }

  return total;
}

guint64
fibonacci (unsigned n)
{
  if (n < 2)
    return n;

  tbb::task_group group;
  guint64 first = 0;

  group.run ([n, &first] { first = fibonacci (n - 1); });
  guint64 second = fibonacci (n - 2);
  group.wait ();

  return first + second;
}

}

double
bench_tbb_futures (guint n,
                   guint n_workers)
{
  Pool pool (n_workers);
  std::vector<std::future<unsigned>> futures;
  futures.reserve (n);
  guint64 start = bench_now ();

  for (unsigned i = 0; i < n; i++)
    futures.push_back (pool.submit (i));
  for (unsigned i = 0; i < n; i++)
    g_assert_cmpuint (futures[i].get (), ==, i);

  return bench_per_operation (start, n);
}

double
bench_tbb_round_trip (guint n,
                      guint n_workers)
{
  return measure_trips (n, n_workers, 0);
}

double
bench_tbb_round_trip_asleep (guint n,
                             guint n_workers)
{
  return measure_trips (n, n_workers, BENCH_SLEEP_USEC);
}

/* The calling thread works too, so it takes one worker's place. */
double
bench_tbb_fork_join (guint n,
                     guint n_workers)
{
  tbb::global_control limit (tbb::global_control::max_allowed_parallelism, n_workers);
  tbb::task_arena arena (static_cast<int> (n_workers));
  guint64 number = 0;

  arena.execute ([&number] { number = fibonacci (16); });
  g_assert_cmpuint (number, ==, bench_fibonacci (16));

  guint64 start = bench_now ();
  arena.execute ([n, &number] { number = fibonacci (n); });
  double result = bench_per_operation (start, bench_n_spawns (n));

  g_assert_cmpuint (number, ==, bench_fibonacci (n));

  return result;
}
