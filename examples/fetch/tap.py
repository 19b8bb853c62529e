# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs unittest's tests and reports them in the Test Anything Protocol."""

import sys
import unittest


class TapResult(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.is_ok = True
        self.directive = ''
        self.complaints = []

    def stopTest(self, test):
        print(f'{"ok" if self.is_ok else "not ok"} {self.testsRun} - {test.id()}{self.directive}')
        for line in '\n'.join(self.complaints).splitlines():
            print('#', line)
        sys.stdout.flush()
        super().stopTest(test)

    def complain(self, complaint):
        self.is_ok = False
        self.complaints.append(complaint)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.complain(self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.complain(self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            recorded = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.complain(f'{subtest}\n{recorded[-1][1]}')

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.directive = f' # SKIP {reason}'


def main(module_name):
    suite = unittest.defaultTestLoader.loadTestsFromName(module_name)
    print(f'1..{suite.countTestCases()}', flush=True)
    result = TapResult()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
