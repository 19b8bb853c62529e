# SPDX-License-Identifier: LGPL-2.1-or-later

"""The slides: a function that is called when a future is done, and data attached to a future."""

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf as futures
import time


def task(n):
    print(" %s: sleeping" % n)
    time.sleep(0.5)
    print(" %s: done" % n)
    return n / 10


def done(fn):
    if fn.cancelled():
        print("%s: canceled " % fn.arg)
    elif fn.done():
        error = fn.exception()
        if error:
            print("%s: error returned: %s" % (fn.arg, error))
        else:
            result = fn.result()
            print("%s: value returned: %s" % (fn.arg, result))


if __name__ == '__main__':
    ex = futures.ThreadPoolExecutor(max_workers=2)
    print("main: starting")
    f = ex.submit(task, 5)
    f.arg = 5
    f.add_done_callback(done)
    result = f.result()
    print(result)
