# SPDX-License-Identifier: LGPL-2.1-or-later

"""The slides: the same ten calls one after the other, in a pool of threads and in a pool of processes, timed.

time.clock(), which the slides use, is gone from Python; time.perf_counter() takes its place.
"""

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf as futures
import time

number_list = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def evaluate_item(x):
    # count...just to make an operation
    result_item = count(x)
    # print the input item and the result
    print("item " + str(x) + " result " + str(result_item))


def count(number):
    for i in range(0, 10000000):
        i = i + 1
    return i * number


if __name__ == "__main__":
    # Sequential Execution
    start_time = time.perf_counter()
    for item in number_list:
        evaluate_item(item)
    print("Sequential execution in " + str(time.perf_counter() - start_time), "seconds")

    # Thread pool Execution
    start_time_1 = time.perf_counter()
    with futures.ThreadPoolExecutor(max_workers=5) as executor:
        for item in number_list:
            executor.submit(evaluate_item, item)
    print("Thread pool execution in " + str(time.perf_counter() - start_time_1), "seconds")

    # Process pool Execution
    start_time_2 = time.perf_counter()
    with futures.ProcessPoolExecutor(max_workers=5) as executor:
        for item in number_list:
            executor.submit(evaluate_item, item)
    print("Process pool execution in " + str(time.perf_counter() - start_time_2), "seconds")
