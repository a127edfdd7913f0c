#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests against the programs in EXPORTQ_BIN.

    run.py                    all modules, test_*.py
    run.py test_watch life    modules with one of these in their name
    run.py test_watch.Watching.test_…    one class, or one test, of a module

One line per module; details only of what failed. With CI=true nothing may be skipped.
"""

import glob
import importlib
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


class Result(unittest.TestResult):
    """Counts, and keeps what there is to tell."""

    def __init__(self):
        super().__init__()
        self.passed = 0

    def addSuccess(self, test):
        self.passed += 1

    def told(self):
        """Each failure once, as (test, text)."""
        return self.failures + self.errors + [(test, "was expected to fail") for test in self.unexpectedSuccesses]


def chosen(patterns):
    """Names of modules, and of what to run in each: None for all of it."""
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        name = os.path.basename(path)[:-3]
        if not patterns:
            yield name, None
        for pattern in patterns:
            module, _, rest = pattern.partition(".")
            if module in name:
                yield name, rest or None
                break


def run_module(name, part):
    loader = unittest.TestLoader()
    module = importlib.import_module(name)
    suite = loader.loadTestsFromName(part, module) if part else loader.loadTestsFromModule(module)
    result = Result()
    begin = time.monotonic()
    suite.run(result)
    return result, time.monotonic() - begin


def report(name, result, seconds):
    failed = len(result.told())
    skipped = len(result.skipped)
    counts = "%3d passed" % result.passed
    counts += ", %d failed" % failed if failed else ""
    counts += ", %d skipped" % skipped if skipped else ""
    print("%-16s %6.1f s  %s" % (name, seconds, counts), flush=True)
    for test, reason in result.skipped:
        print("skipped: %s: %s" % (test.id(), reason), flush=True)
    for test, text in result.told():
        print("FAILED: %s\n%s" % (test.id(), text), flush=True)
    return failed, skipped


def main(patterns):
    sys.path.insert(0, HERE)
    sys.dont_write_bytecode = True
    passed = failed = skipped = 0
    for name, part in chosen(patterns):
        result, seconds = run_module(name, part)
        bad, left = report(name, result, seconds)
        passed, failed, skipped = passed + result.passed, failed + bad, skipped + left
    if os.environ.get("CI") == "true" and skipped:
        print("CI=true: nothing may be skipped")
        failed, skipped = failed + skipped, 0
    if passed + failed + skipped == 0:
        print("no test has a name like: " + " ".join(patterns))
        failed = 1
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
