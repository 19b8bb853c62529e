#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs one listing with gjs and compares its output with the slide's.

    check-output.py GJS LISTING

What a slide prints is described by chains of lines, as in ../slides/check-output.py: all chains together hold each line
once, the lines of a chain appear in its order, and those of different chains in any. Numbers of processes,
addresses and times are replaced before the comparison.
"""

import re
import subprocess
import sys
from pathlib import Path

COUNTDOWN = (5, 4, 3, 2, 1)
ITEMS = range(1, 11)

REPLACEMENTS = [
    (r'\bprocess \d+', 'process PID'),
    (r'\b0x[0-9a-f]+', 'ADDRESS'),
    (r'\d+\.\d+ seconds', 'TIME seconds'),
    # The slide happens to show a future whose call has begun. It may as well not have.
    (r'state=pending', 'state=running'),
]

MAP_RESULTS = 'main: results: [0.5, 0.4, 0.3, 0.2, 0.1]'

LISTINGS = {
    'map-in-order': [
        ['main: starting',
         'main: unprocessed results [object Cf.MapResults]',
         'main: waiting for real results',
         MAP_RESULTS],
        *[['main: starting', f'process PID: sleeping {n}', f'process PID: done with {n}', MAP_RESULTS]
          for n in COUNTDOWN],
    ],
    'submit-one': [
        ['main: starting',
         'main: future: <CfFuture at ADDRESS state=running>',
         'main: waiting for results',
         'main: result: 0.5',
         'main: future after result: <CfFuture at ADDRESS state=finished returned gdouble>'],
        ['main: starting', 'process PID: sleeping 5', 'process PID: done with 5', 'main: result: 0.5'],
    ],
    'as-completed': [['main: starting', f'main: result: ({n}, {n / 10})'] for n in COUNTDOWN],
    'submission-order': [['main: starting', *[f'({n}, {n / 10})' for n in COUNTDOWN]]],
    'callbacks': [['main: starting', '5: sleeping', '5: done', '5: value returned: 0.5', '0.5']],
    'with-block': [['main: starting', str(n), 'main: done'] for n in (1, 2, 3, 4)],
    'process-pool': [[f'run task {n} in process PID' for n in COUNTDOWN]],
    'cpu-benchmark': [
        [*[f'item {n} result {n * 10000000}' for n in ITEMS], 'Sequential execution in TIME seconds',
         'Process pool execution in TIME seconds'],
        *[['Sequential execution in TIME seconds', f'item {n} result {n * 10000000} again',
           'Process pool execution in TIME seconds'] for n in ITEMS],
    ],
}


def normalise(output):
    """Yields the lines. One that appears a second time says so."""
    seen = set()
    for line in output.splitlines():
        for pattern, replacement in REPLACEMENTS:
            line = re.sub(pattern, replacement, line)
        yield f'{line} again' if line in seen else line
        seen.add(line)


def report(number, is_ok, description, lines):
    print(f'{"ok" if is_ok else "not ok"} {number} - {description}')
    if not is_ok:
        for line in lines:
            print('#', line)


def main():
    gjs, listing = sys.argv[1:]
    chains = LISTINGS[listing]

    program = Path(__file__).with_name(f'{listing}.js')
    process = subprocess.run([gjs, '--module', program], capture_output=True, text=True)
    lines = list(normalise(process.stdout))

    print('1..3')
    report(1, process.returncode == 0 and process.stderr == '', f'{listing} succeeds and complains about nothing',
           [f'exit status {process.returncode}', *process.stderr.splitlines()])
    report(2, sorted(lines) == sorted({line for chain in chains for line in chain}),
           f'{listing} prints the lines of the slide', lines)
    report(3, all([line for line in lines if line in chain] == chain for chain in chains),
           f'{listing} prints them in an order that the slide allows', lines)


main()
