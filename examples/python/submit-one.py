# SPDX-License-Identifier: LGPL-2.1-or-later

"""The slides: one call submitted, its future before and after."""

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


executor = futures.ThreadPoolExecutor(max_workers=2)
print("main: starting")
f = executor.submit(task, 5)
print("main: future: %s" , f)
print("main: waiting for results")
result = f.result()    # espera que devolva o resultado

print("main: result: %s" , result)
print("main: future after result: %s" , f)
