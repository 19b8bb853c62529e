# SPDX-License-Identifier: LGPL-2.1-or-later

"""The slides: results in the order of the arguments, from a pool of two threads."""

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf as futures
import threading
import time


def task(n):
    print ( "%s: sleeping %s" % (threading.current_thread().name, n))
    time.sleep(n / 10)
    print( "%s: done with %s" % (threading.current_thread().name, n))
    return n / 10


ex = futures.ThreadPoolExecutor(max_workers=2) #pool com duas threads
print('main: starting')
results = ex.map(task, range(5, 0, -1)) # lança a execução assíncrona da função (task) para cada elemento da lista

print("main: unprocessed results %s " % results)
print("main: waiting for real results")
real_results = list(results) # espera por cada resposta
print("main: results: %s" % real_results)
