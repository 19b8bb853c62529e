# SPDX-License-Identifier: LGPL-2.1-or-later

"""The slides: a block at whose end every call has ended."""

import gi
gi.require_version('Cf', '1')
from gi.repository import Cf as futures


def task(n):
    print(n)


with futures.ThreadPoolExecutor(max_workers=2) as ex:
    print('main: starting')
    ex.submit(task, 1)
    ex.submit(task, 2)
    ex.submit(task, 3)
    ex.submit(task, 4)

print('main: done')
