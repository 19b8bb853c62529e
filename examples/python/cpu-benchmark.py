# SPDX-License-Identifier: LGPL-2.1-or-later

"""The slides: the same ten calls one after the other, in a pool of threads and in a pool of processes, timed.

The slides import concurrent.futures by its whole name. time.clock(), which they use, is gone from Python.
"""

##Concurrent.Futures Pooling - Asynchronous Programming

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf
from types import SimpleNamespace
concurrent = SimpleNamespace(futures=Cf)
import time
time.clock = time.perf_counter

number_list = [1,2,3,4,5,6,7,8,9,10]


def evaluate_item(x):
    #count...just to make an operation
    result_item = count(x)
    #print the input item and the result
    print ("item " + str(x) + " result " + str(result_item))


def count(number) :
    for i in range(0,10000000):
        i=i+1
    return i*number


if __name__ == "__main__":
    ##Sequential Execution
    start_time = time.clock()

    for item in number_list:
        evaluate_item(item)

    print ("Sequential execution in " + \
           str(time.clock() - start_time), "seconds")

    ##Thread pool Execution
    start_time_1 = time.clock()

    with concurrent.futures.ThreadPoolExecutor(max_workers=5) as executor:
        for item in number_list:
            executor.submit(evaluate_item, item)

    print ("Thread pool execution in " + str(time.clock() - start_time_1), "seconds")

    ##Process pool Execution
    start_time_2 = time.clock()

    with concurrent.futures.ProcessPoolExecutor(max_workers=5) as executor:
        for item in number_list:
            executor.submit(evaluate_item, item)

    print ("Process pool execution in " + str(time.clock() - start_time_2), "seconds")
