# SPDX-License-Identifier: LGPL-2.1-or-later

"""The slides: results in the order in which the calls end."""

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf as futures
import random
import time


def task(n):
    time.sleep(random.random())
    return (n, n / 10)


ex = futures.ThreadPoolExecutor(max_workers=5)
print("main: starting")

wait_for = [ ex.submit(task, i) for i in range(5, 0, -1) ]

for f in futures.as_completed(wait_for):
    print("main: result: " , f.result() )
