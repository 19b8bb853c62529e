# SPDX-License-Identifier: LGPL-2.1-or-later

"""How gdb prints futures and executors of CFutures, in a program that runs and in a core dump.

gdb loads this file with the library. It reads memory and calls no function of the program.

    (gdb) print *future
    $1 = CfFuture “load”, running, 25 %: a quarter = {priority = 0}
    (gdb) print *executor
    $2 = CfThreadPoolExecutor “cf-pool”, at most 1 at a time = {thread 4712 “cf-pool-1”, running = {…}}
"""

import gdb
import gdb.printing

STATES = ('pending', 'running', 'cancelled', 'finished')
STATE, DONE, DETAILED = 0x3, 0x2, 0x10
NONE, FUNC, NAME, LOCAL = range(4)


def text(pointer):
    """Returns a string of C, or None."""
    return pointer.string('utf-8', 'replace') if int(pointer) != 0 else None


def evaluate(expression):
    """Returns the value of an expression, or None if the debugging symbols do not tell."""
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error:
        return None


def pointer_to(name):
    return gdb.lookup_type(name).pointer()


def functions_of(call):
    """Returns the name of the function that a call has, or None."""
    kind = int(call['kind'])
    if kind == NAME:
        return text(call['name'])
    if kind not in (FUNC, LOCAL):
        return None
    block = gdb.block_for_pc(int(call['func']))
    return block.function.name if block is not None and block.function is not None else hex(int(call['func']))


def details_of(future):
    return future['details'].dereference() if int(future['word']) & DETAILED else None


def describe_future(future):
    """Returns what a future is in a line."""
    state = STATES[int(future['word']) & STATE]
    details = details_of(future)
    name = text(details['name']) if details is not None else None
    line = f'CfFuture {f"“{name}”, " if name is not None else ""}{state}'
    if details is not None and not int(future['word']) & DONE:
        progress, message = float(details['progress']), text(details['message'])
        line += f', {progress:.0%}'.replace('%', ' %') if progress > 0 else ''
        line += f': {message}' if message is not None else ''
    return line


class FuturePrinter:
    """Prints a future: the line, and its call or its outcome."""

    def __init__(self, value):
        self.future = value

    def to_string(self):
        return describe_future(self.future)

    def children(self):
        details = details_of(self.future)
        if details is not None:
            yield 'priority', details['priority']
        if not int(self.future['word']) & DONE:
            function = functions_of(self.future['call'])
            if function is not None:
                yield 'function', function
        elif str(self.future['outcome']['kind']) == 'CF_OUTCOME_ERROR':
            yield 'error', text(self.future['outcome']['error']['message'])


def futures_of(run):
    """Returns the futures that a thread is in the middle of, innermost first."""
    while int(run) != 0:
        yield run['future']
        run = run['outer']


def elements(array):
    """Returns the pointers in a GPtrArray."""
    for i in range(int(array['len'])):
        yield array['pdata'][i]


def links(queue):
    """Returns the data of a GQueue."""
    link = queue['head']
    while int(link) != 0:
        yield link['data']
        link = link['next']


class ThreadPrinter:
    """Prints a thread of a pool: its name, and the calls that it is in the middle of."""

    def __init__(self, value):
        self.thread = value

    def calls(self):
        return list(futures_of(self.thread['innermost']))

    def state(self):
        if int(self.thread['is_idle']):
            return 'idle'
        if int(self.thread['blocked_link']['prev']) or self.is_first_blocked():
            return 'blocked'
        return 'running' if self.calls() else 'searching'

    def is_first_blocked(self):
        head = self.thread['pool']['roster']['blocked']['head']
        return int(head) != 0 and int(head['data']) == int(self.thread.address)

    def to_string(self):
        return f'thread {int(self.thread["id"])} “{self.thread["name"].string()}”, {self.state()}'

    def children(self):
        for i, future in enumerate(self.calls()):
            yield f'[{i}]', describe_future(future.dereference())


class WorkerPrinter:
    """Prints a worker of a process pool: its process, and the calls that it was given."""

    def __init__(self, value):
        self.worker = value

    def to_string(self):
        state = str(self.worker['state']).replace('CF_REMOTE_WORKER_', '').lower()
        return f'process {int(self.worker["process"]["pid"])}, {state}'

    def children(self):
        for i, data in enumerate(links(self.worker['calls'])):
            future = data.cast(pointer_to('struct _CfRemoteCall'))['future']
            if int(future) != 0:
                yield f'[{i}]', describe_future(future.dereference())


def private_of(executor):
    offset = evaluate('CfExecutor_private_offset')
    if offset is None:
        return None
    address = int(executor.address) + int(offset)
    return gdb.Value(address).cast(pointer_to('CfExecutorPrivate')).dereference()


# What an executor may be, by the function that registers its type.
CLASSES = {
    'cf_thread_pool_executor_get_type': '_CfThreadPoolExecutor',
    'cf_process_pool_executor_get_type': '_CfProcessPoolExecutor',
    'cf_inline_executor_get_type': '_CfInlineExecutor',
    'cf_main_context_executor_get_type': '_CfMainContextExecutor',
}


def specialize(executor):
    """Returns an executor as the struct of its class, if that is one of the library's."""
    instance = executor.address.cast(gdb.lookup_type('GTypeInstance').pointer())
    registered = int(instance['g_class']['g_type'])
    for function, struct in CLASSES.items():
        known = evaluate(f"{function}::static_g_define_type_id")
        if known is not None and int(known) == registered:
            return executor.address.cast(pointer_to(f'struct {struct}')).dereference()
    return executor


class ExecutorPrinter:
    """Prints an executor: its class and limits, and its threads or processes."""

    def __init__(self, value):
        self.executor = specialize(value)
        self.struct = self.executor.type.strip_typedefs().tag or ''

    def to_string(self):
        line = self.struct.removeprefix('_')
        if self.struct == '_CfThreadPoolExecutor':
            line += f' “{text(self.executor["thread_name_prefix"])}”'
        private = private_of(self.executor)
        if private is not None:
            line += ', shut down' if int(private['is_shut_down']) else ''
            line += f', at most {int(private["max_workers"])} at a time' if int(private['max_workers']) else ''
        return line

    def children(self):
        if self.struct == '_CfThreadPoolExecutor':
            yield from self.threads(self.executor['pool']['roster'])
        elif self.struct == '_CfProcessPoolExecutor':
            yield from self.workers(self.executor['scheduler']['pool']['state']['workers'])

    def threads(self, roster):
        for i in range(int(roster['n_made'])):
            thread = roster['threads'][i].dereference()
            if not int(thread['has_exited']):
                yield f'[{i}]', thread

    def workers(self, workers):
        for i, data in enumerate(elements(workers['members'])):
            yield f'[{i}]', data.cast(pointer_to('struct _CfRemoteWorker')).dereference()


def make_printers():
    printers = gdb.printing.RegexpCollectionPrettyPrinter('cfutures')
    printers.add_printer('CfFuture', '^_?CfFuture$', FuturePrinter)
    printers.add_printer('CfPoolThread', '^_?CfPoolThread$', ThreadPrinter)
    printers.add_printer('CfRemoteWorker', '^_?CfRemoteWorker$', WorkerPrinter)
    printers.add_printer('CfExecutor', '^_?Cf(ThreadPool|ProcessPool|Inline|MainContext)?Executor$', ExecutorPrinter)
    return printers


gdb.printing.register_pretty_printer(gdb.current_objfile(), make_printers(), replace=True)
