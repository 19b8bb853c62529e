#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the program of one listing and compares its output with the slide's.

    check-output.py [--without-threads] LISTING PROGRAM [ARGUMENT…]

What a slide prints is described by chains of lines. All chains together hold each line of the output once, and the
lines of a chain appear in its order. Lines in different chains may come in any order between each other, as they do
when threads print them. Where a listing prints the same lines twice, it has several sections, one after the other.

Thread names, numbers of processes, addresses and times are replaced before the comparison. A language without threads
leaves out what the slides show of them, or tells of processes in their place.
"""

import argparse
import re
import subprocess
import sys

COUNTDOWN = (5, 4, 3, 2, 1)
ITEMS = range(1, 11)
MAX_PROCESSES = 2

REPLACEMENTS = [
    # What tells its name in the thread's place.
    (r'^process \d+: ', 'Thread: '),
    (r'\bThread(PoolExecutor)?-[\d_]+', 'Thread'),
    (r'\bprocess \d+', 'process PID'),
    (r'\b0x[0-9a-f]+', 'ADDRESS'),
    (r'\d+\.\d+ seconds', 'TIME seconds'),
    # The slide happens to show a future whose call has begun. It may as well not have.
    (r'state=pending', 'state=running'),

    # What is called something else in Python and JavaScript.
    (r'<generator object \S*result_iterator at', '<CfMapIterator at'),
    (r'\[object Cf.MapResults\]', '<CfMapIterator at ADDRESS>'),
    (r'<Future at', '<CfFuture at'),
    (r'returned float', 'returned gdouble'),
    # Some listings give print() a format and a value; the slide shows what was meant.
    (r': (%s)? ', ': '),
    (r'^ | $', ''),
]

MAP_RESULTS = 'main: results: [0.5, 0.4, 0.3, 0.2, 0.1]'

LISTINGS = {
    'map-in-order': [[
        ['main: starting',
         'main: unprocessed results <CfMapIterator at ADDRESS>',
         'main: waiting for real results',
         MAP_RESULTS],
        *[['main: starting', f'Thread: sleeping {n}', f'Thread: done with {n}', MAP_RESULTS] for n in COUNTDOWN],
    ]],

    'submit-one': [[
        ['main: starting',
         'main: future: <CfFuture at ADDRESS state=running>',
         'main: waiting for results',
         'main: result: 0.5',
         'main: future after result: <CfFuture at ADDRESS state=finished returned gdouble>'],
        ['main: starting', 'Thread: sleeping 5', 'Thread: done with 5', 'main: result: 0.5'],
    ]],

    'as-completed': [
        [['main: starting', f'main: result: ({n}, {n / 10})'] for n in COUNTDOWN],
    ],

    'submission-order': [[
        ['main: starting', *[f'({n}, {n / 10})' for n in COUNTDOWN]],
    ]],

    'callbacks': [[
        ['main: starting', '5: sleeping', '5: done', '5: value returned: 0.5', '0.5'],
    ]],

    'with-block': [
        [['main: starting', str(n), 'main: done'] for n in (1, 2, 3, 4)],
    ],

    'cpu-benchmark': [
        [[*[f'item {n} result {n * 10000000}' for n in ITEMS], 'Sequential execution in TIME seconds']],
        [[f'item {n} result {n * 10000000}', 'Thread pool execution in TIME seconds'] for n in ITEMS],
        [[f'item {n} result {n * 10000000}', 'Process pool execution in TIME seconds'] for n in ITEMS],
    ],

    'process-pool': [[
        [f'run task {n} in process PID' for n in COUNTDOWN],
    ]],
}


def normalise(line):
    for pattern, replacement in REPLACEMENTS:
        line = re.sub(pattern, replacement, line)
    return line


def lines_of(section):
    return {line for chain in section for line in chain}


def split_into_sections(lines, sections):
    start = 0
    for section in sections:
        end = start + len(lines_of(section))
        yield lines[start:end]
        start = end
    if start < len(lines):
        yield lines[start:]


def is_in_order(lines, section):
    return all([line for line in lines if line in chain] == chain for chain in section)


def are_processes_of_a_pool(numbers, program_number):
    return len(set(numbers)) <= MAX_PROCESSES and program_number not in numbers


def report(number, is_ok, description, lines):
    print(f'{"ok" if is_ok else "not ok"} {number} - {description}')
    if not is_ok:
        for line in lines:
            print('#', line)


def without_threads(sections):
    return [section for section in sections if not any(chain[-1].startswith('Thread pool') for chain in section)]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--without-threads', action='store_true')
    arguments.add_argument('listing', choices=LISTINGS)
    arguments.add_argument('command', nargs=argparse.REMAINDER)
    options = arguments.parse_args()

    listing = options.listing
    sections = without_threads(LISTINGS[listing]) if options.without_threads else LISTINGS[listing]

    process = subprocess.Popen(options.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, complaints = process.communicate()
    lines = [normalise(line) for line in output.splitlines()]
    numbers = [int(number) for number in re.findall(r'\bprocess (\d+)', output)]
    found = list(split_into_sections(lines, sections))
    pairs = list(zip(found, sections))

    print(f'1..{4 if numbers else 3}')
    report(1, process.returncode == 0 and complaints == '',
           f'{listing} succeeds and complains about nothing',
           [f'exit status {process.returncode}', *complaints.splitlines()])
    report(2, len(found) == len(sections) and all(sorted(part) == sorted(lines_of(section)) for part, section in pairs),
           f'{listing} prints the lines of the slide', lines)
    report(3, len(found) == len(sections) and all(is_in_order(part, section) for part, section in pairs),
           f'{listing} prints them in an order that the slide allows', lines)
    if numbers:
        report(4, are_processes_of_a_pool(numbers, process.pid),
               f'{listing} names at most {MAX_PROCESSES} processes, and not its own',
               [f'{process.pid} is the number of the program; it names {numbers}'])


main()
