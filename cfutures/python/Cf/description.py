# SPDX-License-Identifier: LGPL-2.1-or-later

"""What describe() of a thread pool tells of the calls of Python, of which C knows nothing.

C sees a worker as a thread that is in the middle of one long call. Which calls of Python it is in the middle of, its
stack tells: nothing is noted down for that while nobody looks.
"""

import sys

from .futures import PENDING, call_in_queue
from .library import address_of, get_age, get_state

# How many calls that wait are described at most, as in C.
MAX_WAITING = 100

_STATES = ('pending', 'running', 'cancelled', 'finished')


def describe_call(future, call):
    """Returns what describe() tells of a call of Python."""
    description = {'state': _STATES[get_state(address_of(future))], 'priority': 0}
    if call is not None:
        function = call[0]
        description['function'] = getattr(function, '__qualname__', None) or type(function).__qualname__
    age = get_age(address_of(future))
    if age >= 0:
        description['age'] = age
    progress, message = future.get_progress(), future.dup_message()
    if progress > 0:
        description['progress'] = progress
    if message is not None:
        description['message'] = message
    return description


def running_calls(frame, code):
    """Returns the futures and the calls of the frames that run `code`, innermost first."""
    calls = []
    while frame is not None:
        if frame.f_code is code:
            variables = frame.f_locals
            future = variables.get('future')
            if future is not None:
                calls.append((future, variables.get('call')))
        frame = frame.f_back
    return calls


def describe_threads(threads, code):
    """Returns the workers among `threads` by their native number, each a dictionary as C makes them."""
    frames = sys._current_frames()
    workers = {}
    for thread in threads:
        calls = [describe_call(future, call) for future, call in running_calls(frames.get(thread.ident), code)]
        workers[thread.native_id] = {'name': thread.name, 'thread': thread.native_id, 'calls': calls,
                                     'state': 'running' if calls else 'idle'}
    return workers


def without_services(waiting, n_services):
    """Returns the calls of C that wait, without the services, of which C does not know that they are none."""
    others = []
    for call in waiting:
        if n_services > 0 and 'name' not in call and 'function' not in call:
            n_services -= 1
        else:
            others.append(call)
    return others


def with_python_calls(description, threads, code, queue, n_services):
    """Puts the calls of Python into what C has described, in which `n_services` long calls wait for threads."""
    of_python = describe_threads(threads, code)
    workers = []
    for worker in description['workers']:
        other = of_python.pop(worker.get('thread'), None)
        if other is not None:
            if other['calls'] and worker['state'] == 'blocked':
                other['state'] = 'blocked'
            worker = {**worker, **other}
        workers.append(worker)

    waiting = []
    for future in queue:
        call = call_in_queue(future)
        if call is not None and get_state(address_of(future)) == PENDING:
            waiting.append(describe_call(future, call))
            if len(waiting) >= MAX_WAITING:
                break
    waiting += without_services(description['waiting'], n_services)
    return {**description, 'workers': [*workers, *of_python.values()],
            'waiting': waiting[:MAX_WAITING]}
