# SPDX-License-Identifier: LGPL-2.1-or-later

# The few lines that the binding was designed to, to the letter. test-snippet.py has them run, as the body of a
# coroutine, and defines what they leave to the reader: `task`, `done` and `fs`.

from gi.repository import Cf as futures          # gi.require_version('Cf', '1')
with futures.ThreadPoolExecutor(max_workers=2) as ex:
    f = ex.submit(task, 5); f.arg = 5; f.add_done_callback(done); f.result(timeout=3)
    list(ex.map(task, range(5, 0, -1)))
for f in futures.as_completed(fs): ...
await f                                          # asyncio, and PyGObject's own loop
