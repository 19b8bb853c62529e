# SPDX-License-Identifier: LGPL-2.1-or-later

"""Has a program make calls in surroundings that deny it something, and checks what it says of them.

In each either everything works, or the calls fail with an error in words: the program never aborts, hangs or crashes, no
call is lost, and no process of it is left. What is to be expected where is listed in SURROUNDINGS, near the end; what a
system does not let us set up is skipped.

    test-surroundings.py PROGRAM SET-UID-PROGRAM JUMPING-CLOCK SANITIZER KIND…

A kind is that of an executor of PROGRAM, or that of a program in another language:

    threads, processes, python, gjs                     a thread pool, and workers for C, Python and JavaScript
    python-threads, python-processes, gjs-processes     surroundings-program.py, surroundings-program.js
"""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import tap

PATIENCE_SECONDS = 120
OTHER_USER = 54321
NOT_POSSIBLE = 77

PROGRAM, SET_UID_PROGRAM, CLOCK = (os.path.abspath(path) for path in sys.argv[1:4])
SANITIZER, *KINDS = sys.argv[4:]

ALL = ('threads', 'processes', 'python', 'gjs')
POOLS = ALL[1:]

FOLDER = pathlib.Path(__file__).parent
PYTHON = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else sys.executable
COMMANDS = {
    'python-threads': [PYTHON, f'{FOLDER}/surroundings-program.py', 'threads'],
    'python-processes': [PYTHON, f'{FOLDER}/surroundings-program.py', 'processes'],
    'gjs-processes': [shutil.which('gjs'), '--module', f'{FOLDER}/surroundings-program.js'],
}

# What the programs in other languages are to say is what that in C says of an executor of this kind.
MODELS = {'python-threads': 'threads', 'python-processes': 'python', 'gjs-processes': 'gjs'}

# What the program says where nothing is in its way.
SUCCESS = {
    'call': '42',
    'calls': '200',
    'send': '1048576',
    'receive': '1048576',
    'error': 'failed: .*no such luck.*',
    'timeout': '42',
    'callback': '42',
    'nested': '42',
    'cancel': 'done',
    'death': 'failed: .*worker process \\d+ (was killed by signal 9|ended with exit status 9).*',
    'later': '42',
    'drain': 'done',
    'shutdown': 'done',
    'children': 'none',
}

NAMES_OF_C = SUCCESS.keys()
NAMES_OF_GJS = {'call', 'calls', 'send', 'receive', 'error', 'shutdown'}
NAMES_OF_PYTHON = NAMES_OF_GJS | {'callback', 'children'}
NAMES = {
    'threads': NAMES_OF_C - {'death'},
    **dict.fromkeys(POOLS, NAMES_OF_C - {'nested'}),
    **dict.fromkeys(['python-threads', 'python-processes'], NAMES_OF_PYTHON),
    'gjs-processes': NAMES_OF_GJS,
}
ALWAYS = {'cancel', 'drain', 'shutdown', 'children'}

# The end of a program by GLib, or something that GLib would rather have ended it for.
DISASTER = re.compile(r'^.*(?:-ERROR|-CRITICAL) \*\*.*$', re.MULTILINE)
WARNING = re.compile(r'^.*-WARNING \*\*.*$', re.MULTILINE)


def fails(pattern):
    """What is said where no call can be made."""
    said = {name: f'failed: .*{pattern}.*' for name in SUCCESS.keys() - ALWAYS}
    return {**SUCCESS, **said, 'calls': f'0, and 200 failed: .*{pattern}.*'}


def fails_at_first(pattern):
    return {**fails(pattern), 'later': SUCCESS['later']}


class Surrounding:
    """What surrounds the program, and what it is to say there of each kind of executor."""

    def __init__(self, expected=None, *, command=(), options=(), prepare=None, environment=None, warns=False,
                 complains=False, sanitizers=True, languages=True, condition=None, output_is_file=False):
        # By kind, or the same for all.
        self.expected = expected if expected is not None else dict.fromkeys(ALL, SUCCESS)
        self.command = command                        # that runs the program
        self.options = options                        # of the program
        self.prepare = prepare                        # in the process that becomes the program
        self.environment = environment or {}          # changes; None: not set
        self.warns = warns                            # whether the library may log warnings
        self.complains = complains                    # whether workers may say something
        self.sanitizers = sanitizers                  # whether sanitizers can do with it
        self.languages = languages and not options    # whether interpreters can do with it
        self.condition = condition                    # raises SkipTest
        self.output_is_file = output_is_file

    def get_expected(self, kind):
        """Returns None if the program is not to be run there."""
        if kind in COMMANDS and not self.languages:
            return None
        return self.expected.get(MODELS.get(kind, kind))


def environment_of(surrounding):
    environment = dict(os.environ)
    for name, value in surrounding.environment.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    return environment


def parse(output):
    """Returns what the program has said, by name."""
    return dict(line.split(': ', 1) for line in output.splitlines() if ': ' in line)


def group_exists(number):
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def kill_group(number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)


class ProgramCase(unittest.TestCase):
    """How the program is run, and what it says is checked."""

    def make_folder(self):
        folder = tempfile.TemporaryDirectory(prefix='cfutures-surroundings-')
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        return pathlib.Path(folder.name)

    def check(self, surrounding, kind, program=PROGRAM, while_late=None):
        """Runs the program; a late one when something was done to it."""
        if SANITIZER != 'none' and not surrounding.sanitizers:
            self.skipTest('sanitizers cannot do with that')
        if surrounding.condition is not None:
            surrounding.condition()

        output_path = self.make_folder() / 'output' if surrounding.output_is_file else None
        if kind in COMMANDS:
            command = [*COMMANDS[kind], *([output_path] if output_path is not None else [])]
        else:
            output_options = [f'--output={output_path}'] if output_path is not None else []
            command = [program, *surrounding.options, *output_options, kind]
        process = self.start([*surrounding.command, *command], surrounding)
        try:
            if while_late is not None:
                self.assertEqual(process.stdout.readline(), 'ready\n')
                while_late()
            output, errors = process.communicate('\n', timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            kill_group(process.pid)
            output, errors = process.communicate()
            self.fail(f'It hangs. It said:\n{output}\n{errors}')

        if output_path is not None and output_path.exists():
            output = output_path.read_text(encoding='utf-8')

        self.skip_if_not_possible(process, output, errors)
        self.assert_ended_well(process, output, errors)
        expected = surrounding.get_expected(kind)
        self.assert_said(parse(output), expected, kind, errors)
        self.assert_silent(surrounding, expected, errors)
        self.assert_group_ends(process.pid)

    def start(self, command, surrounding):
        try:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True, errors='replace', env=environment_of(surrounding),
                                    preexec_fn=surrounding.prepare, start_new_session=True)
        except (FileNotFoundError, PermissionError) as error:
            raise unittest.SkipTest(f'{command[0]} cannot be run: {error.strerror}') from error
        except subprocess.SubprocessError as error:
            raise unittest.SkipTest('the system does not let a process be put there') from error

    def skip_if_not_possible(self, process, output, errors):
        if process.returncode == NOT_POSSIBLE or (process.returncode != 0 and re.match('(bwrap|unshare): ', errors)):
            self.skipTest(f'the system does not let us do that: {errors.strip()}')
        if output.startswith('skip: '):
            self.skipTest(output.strip().removeprefix('skip: '))

    def assert_ended_well(self, process, output, errors):
        said = f'It said:\n{output}\n{errors}'
        self.assertEqual(process.returncode, 0, said)
        self.assertEqual(output.splitlines()[-1:], ['end'], said)

    def assert_said(self, said, expected, kind, errors):
        self.assertEqual(said.keys(), NAMES[kind])
        for name, text in said.items():
            with self.subTest(name):
                self.assertRegex(text, f'^{expected[name]}$', errors)

    def assert_silent(self, surrounding, expected, errors):
        """Looks for what the program says beyond the results."""
        if not surrounding.complains:
            self.assertNotRegex(errors, DISASTER)
        if not surrounding.warns and not surrounding.complains and expected is SUCCESS and SANITIZER == 'none':
            self.assertEqual(errors, '')
        elif not surrounding.warns:
            self.assertNotRegex(errors, WARNING)

    def assert_group_ends(self, number):
        """No process is left, at the latest when those that were killed have ended."""
        patience = time.monotonic() + PATIENCE_SECONDS
        while group_exists(number) and time.monotonic() < patience:
            time.sleep(0.01)
        is_left = group_exists(number)
        kill_group(number)
        self.assertFalse(is_left, 'Processes are left')


# Ways to prepare a process.

def limit(what, value):
    return lambda: resource.setrlimit(what, (value, value))


def limit_processes(number):
    """Limits the threads of all processes of a user, which is another one if this is root, who may have any number."""
    def prepare():
        resource.setrlimit(resource.RLIMIT_NPROC, (number, number))
        become_other_user()
    return prepare


def become_other_user():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(OTHER_USER)
        os.setuid(OTHER_USER)


def close(*descriptors):
    def prepare():
        for descriptor in descriptors:
            os.close(descriptor)
    return prepare


def block_all():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def ignore(*signals):
    def prepare():
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
    return prepare


def stay_on_one_cpu():
    os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])


def lose_working_directory():
    os.chdir(tempfile.mkdtemp())
    os.rmdir(os.getcwd())


def needs_other_user():
    """Another user, if there is to be one, has to be able to run the program."""
    if os.geteuid() != 0:
        return
    process = subprocess.run([PROGRAM, 'threads'], preexec_fn=become_other_user, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, check=False)
    if process.returncode != 0:
        raise unittest.SkipTest('other users cannot run the program where it is')


def needs_user_without_processes():
    if os.geteuid() != 0:
        raise unittest.SkipTest('only root can become a user who has no other process')
    needs_other_user()


# Commands that run a program in other namespaces.

BWRAP = ('bwrap', '--bind', '/', '/', '--dev-bind', '/dev', '/dev')
UNSHARE = ('unshare', '--fork', '--kill-child') + (() if os.geteuid() == 0 else ('--user', '--map-root-user'))


def run_shell(script):
    """Runs a script first, which may find that something is not possible."""
    return ('sh', '-c', f'{{ {script}; }} || exit {NOT_POSSIBLE}; exec "$@"', 'sh')


def find_loader():
    for line in subprocess.run(['ldd', PROGRAM], stdout=subprocess.PIPE, text=True, check=False).stdout.splitlines():
        match = re.match(r'\s*(/\S*/ld[-.]\S*)', line)
        if match is not None:
            return match[1]
    return 'ld.so'


class Quota:
    """A control group whose processes get a fifth of a processor."""

    def __init__(self):
        self.folder = None

    def make(self):
        for parent, write in (('/sys/fs/cgroup/cpu', {'cpu.cfs_quota_us': '20000'}),
                              ('/sys/fs/cgroup', {'cpu.max': '20000 100000'})):
            folder = pathlib.Path(parent) / f'cfutures-{os.getpid()}'
            try:
                folder.mkdir()
                self.folder = folder
                for name, text in write.items():
                    if not (folder / name).exists():
                        raise OSError
                    (folder / name).write_text(text, encoding='ascii')
                return
            except OSError:
                self.remove()
        raise unittest.SkipTest('the system does not let us make a control group with a quota')

    def enter(self):
        (self.folder / 'cgroup.procs').write_text(str(os.getpid()), encoding='ascii')

    def remove(self):
        if self.folder is not None:
            self.folder.rmdir()
        self.folder = None


def of(kinds, expected):
    return dict.fromkeys(kinds, expected)


NO_THREADS = {**of(['threads'], fails('Could not start a thread for the call: .+')),
              **of(['processes', 'python'], fails('Could not start the threads of the process pool: .+'))}
NO_WORKERS = {**of(['threads'], SUCCESS),
              **of(['processes', 'python'], fails('could not start a worker process: Failed to fork .+'))}
NO_THREADS_IN_WORKERS = {**of(['threads'], SUCCESS),
                         **of(['processes', 'python'], fails('Could not start a thread in the worker process: .+'))}


def forbidding(call, error, expected=None, **keywords):
    return Surrounding(expected, options=[f'--forbid={call}:{error}'], **keywords)


def denied(pattern):
    """Threads do without it, workers do not."""
    return {**of(['threads'], SUCCESS), **of(POOLS, fails(pattern))}


SURROUNDINGS = {
    'nothing_special': Surrounding(),

    # Threads. One that is the program's, two of the process pool; each worker has one, and takes one more.
    'no_thread': Surrounding(NO_THREADS, prepare=limit_processes(1), condition=needs_other_user),
    'no_thread_at_first': Surrounding({**of(['threads'], fails_at_first('Could not start a thread for the call: .+')),
                                       **of(POOLS, fails_at_first('Could not start the threads of the process pool'))},
                                      prepare=become_other_user, options=['--limit=processes'],
                                      condition=needs_other_user),
    'one_thread': Surrounding({**NO_THREADS, 'threads': SUCCESS}, prepare=limit_processes(2), warns=True,
                              condition=needs_user_without_processes, sanitizers=False),
    'two_threads': Surrounding(NO_WORKERS, prepare=limit_processes(3), warns=True,
                               condition=needs_user_without_processes, sanitizers=False),
    'three_threads': Surrounding(NO_THREADS_IN_WORKERS, prepare=limit_processes(4), warns=True, complains=True,
                                 condition=needs_user_without_processes, sanitizers=False),
    'small_stack': Surrounding(prepare=limit(resource.RLIMIT_STACK, 256 * 1024), sanitizers=False),
    'endless_stack': Surrounding(prepare=limit(resource.RLIMIT_STACK, -1), sanitizers=False),
    'little_memory': Surrounding(of(['threads', 'processes', 'python'], SUCCESS), sanitizers=False,
                                 prepare=limit(resource.RLIMIT_AS, 300 * 1024 * 1024)),

    # Descriptors.
    'no_descriptor_at_first': Surrounding({**of(['threads'], SUCCESS),
                                           **of(POOLS, fails_at_first('Could not manage worker processes: .+'))},
                                          options=['--limit=descriptors'], sanitizers=False),
    'four_descriptors': Surrounding(denied('Could not manage worker processes: .+'), sanitizers=False, languages=False,
                                    prepare=limit(resource.RLIMIT_NOFILE, 4)),
    'eight_descriptors': Surrounding(denied('could not start a worker process: .+'), sanitizers=False,
                                     prepare=limit(resource.RLIMIT_NOFILE, 8)),
    'sixteen_descriptors': Surrounding(prepare=limit(resource.RLIMIT_NOFILE, 16), sanitizers=False),
    'no_standard_input': Surrounding(prepare=close(0)),
    'no_standard_output': Surrounding(prepare=close(1), output_is_file=True),
    'no_standard_error': Surrounding(prepare=close(2)),
    'only_standard_error': Surrounding(prepare=close(0, 1), output_is_file=True),
    'only_standard_output': Surrounding(prepare=close(0, 2)),
    'only_standard_input': Surrounding(prepare=close(1, 2), output_is_file=True),
    'no_standard_descriptors': Surrounding(prepare=close(0, 1, 2), output_is_file=True),

    # What the system does not know, or denies.
    'no_memfd': forbidding('memfd_create', 'ENOSYS', denied('Could not create memory to share with a worker: .+')),
    'forbidden_memfd': forbidding('memfd_create', 'EPERM', denied('Could not create memory to share with a worker: .+')),
    'no_pidfd': forbidding('pidfd_open', 'ENOSYS'),
    'forbidden_pidfd': forbidding('pidfd_open', 'EPERM'),
    'no_eventfd': forbidding('eventfd2', 'ENOSYS'),
    'forbidden_sockets': forbidding('socketpair', 'EPERM', denied('Could not create a socket for a worker: .+')),
    'forbidden_messages': forbidding('sendmsg', 'EPERM', denied('Could not send a worker the memory that it shares: .+')),
    'no_clone3': forbidding('clone3', 'ENOSYS'),
    'no_close_range': forbidding('close_range', 'ENOSYS'),
    'forbidden_membarrier': forbidding('membarrier', 'EPERM'),
    'forbidden_madvise': forbidding('madvise', 'EPERM', sanitizers=False),
    'forbidden_affinity': forbidding('sched_getaffinity', 'EPERM', sanitizers=False),

    # Files.
    'no_files': Surrounding(denied('ulimit -f'), prepare=limit(resource.RLIMIT_FSIZE, 0), sanitizers=False),
    'small_files': Surrounding(denied('ulimit -f'), prepare=limit(resource.RLIMIT_FSIZE, 1024 * 1024)),
    'full_memory_files': Surrounding(command=[*BWRAP, '--size', '4096', '--tmpfs', '/dev/shm',
                                              *run_shell('head -c 4096 /dev/zero > /dev/shm/all')]),
    'read_only_files': Surrounding(command=['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc']),
    'no_programs_in_temporary_files': Surrounding(command=[*UNSHARE, '--mount', *run_shell(
        'mount -t tmpfs -o noexec none /dev/shm && mount -t tmpfs -o noexec none /var/tmp')]),
    'no_processes_in_files': Surrounding({**of(['threads', 'python', 'gjs'], SUCCESS),
                                          **of(['processes'], fails('/proc/self/exe'))}, sanitizers=False,
                                         command=['bwrap', '--bind', '/', '/', '--dev', '/dev', '--tmpfs', '/proc']),
    'no_devices': Surrounding(denied('could not start a worker process: .+'),
                              command=['bwrap', '--bind', '/', '/', '--tmpfs', '/dev']),
    'no_working_directory': Surrounding(prepare=lose_working_directory),

    # Signals.
    'blocked_signals': Surrounding(prepare=block_all),
    'ignored_signals': Surrounding(prepare=ignore(signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT,
                                                  signal.SIGHUP, signal.SIGUSR1),
                                   expected=of(ALL, {**SUCCESS, 'death': 'failed: .*worker process \\d+ .*'})),
    'no_queued_signals': Surrounding(prepare=limit(resource.RLIMIT_SIGPENDING, 0)),

    # Processes and processors.
    'first_process': Surrounding(command=[*BWRAP, '--proc', '/proc', '--unshare-pid', '--as-pid-1']),
    'no_network': Surrounding(command=[*BWRAP, '--unshare-net', '--unshare-ipc']),
    'one_processor': Surrounding(prepare=stay_on_one_cpu),

    # Clocks.
    'other_monotonic_clock': Surrounding(command=[*UNSHARE, '--time', '--monotonic', '1000000', '--boottime', '1000000']),
    'jumping_clock': Surrounding(environment={'LD_PRELOAD': CLOCK}, sanitizers=False),

    # The environment.
    'no_home': Surrounding(environment={'HOME': '/nonexistent', 'TMPDIR': '/nonexistent', 'XDG_RUNTIME_DIR': '/nonexistent',
                                        'XDG_CACHE_HOME': '/dev/null'}),
    'no_path': Surrounding(environment={'HOME': None, 'PATH': None, 'LC_ALL': None, 'LANG': None}),
    'no_such_locale': Surrounding(environment={'LC_ALL': 'xx_YY.UTF-9'}),
    'other_loader': Surrounding(command=[find_loader(), '--inhibit-cache'], sanitizers=False),
}


class SurroundingsTest(ProgramCase):
    """A test of each surrounding for each kind of executor."""


def add_tests():
    for name, surrounding in SURROUNDINGS.items():
        for kind in KINDS:
            if surrounding.get_expected(kind) is not None:
                def test(self, surrounding=surrounding, kind=kind):
                    self.check(surrounding, kind)
                setattr(SurroundingsTest, f'test_{name}_with_{kind.replace("-", "_")}', test)


add_tests()


def of_each_kind(method):
    def test(self):
        for kind in ALL:
            if kind in KINDS:
                with self.subTest(kind):
                    method(self, kind)
    return test


class ChangesTest(ProgramCase):
    """What takes more than a way to start the program."""

    def copy(self, program=PROGRAM):
        path = self.make_folder() / 'program'
        shutil.copy(program, path)
        return path

    @of_each_kind
    def test_deleted(self, kind):
        copy = self.copy()
        self.check(Surrounding(options=['--late']), kind, program=copy, while_late=copy.unlink)

    @of_each_kind
    def test_replaced(self, kind):
        copy = self.copy()
        other = copy.with_name('other')
        shutil.copy('/bin/false', other)
        self.check(Surrounding(options=['--late']), kind, program=copy, while_late=lambda: other.rename(copy))

    def test_set_uid(self):
        """The user who runs it is root here, who has to leave its rights to somebody else."""
        if os.geteuid() != 0:
            self.skipTest('only root can make a set-uid program of another user')
        if SANITIZER != 'none':
            self.skipTest('the environment does not tell sanitizers what to do there')
        copy = self.copy(SET_UID_PROGRAM)
        if os.statvfs(copy).f_flag & os.ST_NOSUID:
            self.skipTest('there are no set-uid programs where temporary files are')
        os.chown(copy, OTHER_USER, -1)
        copy.chmod(0o4755)
        for kind in ('threads', 'processes'):
            with self.subTest(kind):
                self.check(Surrounding(), kind, program=copy)

    @of_each_kind
    def test_quota(self, kind):
        quota = Quota()
        quota.make()
        try:
            self.check(Surrounding(prepare=quota.enter), kind)
        finally:
            quota.remove()


if __name__ == '__main__':
    tap.main('__main__')
