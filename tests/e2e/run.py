#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests against the programs in EXPORTQ_BIN.

    run.py                    all modules, test_*.py
    run.py test_watch life    modules with one of these in their name
    run.py test_watch.Watching.test_…    one class, or one test, of a module
    run.py -j 2 …             two modules at a time, the long ones first
    run.py --without test_a   all but this module

One line per module; details only of what failed. With CI=true nothing may be skipped.
"""

import argparse
import concurrent.futures
import glob
import importlib
import multiprocessing
import os
import sys
import time
import unittest

# What takes longest goes first, so that nothing is left alone at the end.
LONG = {"test_" + name for name in ("audit", "cli", "docs", "faults", "formats", "http", "logs", "outage", "persist", "s3", "tls",
                                    "webhooks")}
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


def chosen(patterns, without=None):
    """Names of modules, and of what to run in each: None for all of it."""
    names = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(HERE, "test_*.py")))
    for name in sorted(names, key=lambda name: name not in LONG):
        if name == without:
            continue
        if not patterns:
            yield name, None
        for pattern in patterns:
            module, _, rest = pattern.partition(".")
            if module in name:
                yield name, rest or None
                break


def run_module(name, part):
    """What came of it, in plain values: it may have run in another process."""
    loader = unittest.TestLoader()
    module = importlib.import_module(name)
    suite = loader.loadTestsFromName(part, module) if part else loader.loadTestsFromModule(module)
    result = Result()
    begin = time.monotonic()
    suite.run(result)
    return (name, time.monotonic() - begin, result.passed, [(test.id(), text) for test, text in result.told()],
            [(test.id(), reason) for test, reason in result.skipped])


def report(name, seconds, passed, failures, skips):
    counts = "%3d passed" % passed
    counts += ", %d failed" % len(failures) if failures else ""
    counts += ", %d skipped" % len(skips) if skips else ""
    print("%-16s %6.1f s  %s" % (name, seconds, counts), flush=True)
    for test, reason in skips:
        print("skipped: %s: %s" % (test, reason), flush=True)
    for test, text in failures:
        print("FAILED: %s\n%s" % (test, text), flush=True)
    return passed, len(failures), len(skips)


def results(modules, jobs):
    """Each as soon as it is there."""
    if jobs == 1:
        yield from (run_module(*module) for module in modules)
        return
    # A process for each module: what one leaves behind does not meet the next.
    with concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"),
                                                max_tasks_per_child=1) as pool:
        running = [pool.submit(run_module, *module) for module in modules]
        for done in concurrent.futures.as_completed(running):
            yield done.result()


def main(arguments):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-j", dest="jobs", type=int, default=1)
    parser.add_argument("--without")
    parser.add_argument("patterns", nargs="*")
    asked = parser.parse_args(arguments)
    sys.dont_write_bytecode = True
    passed = failed = skipped = 0
    for result in results(list(chosen(asked.patterns, asked.without)), asked.jobs):
        good, bad, left = report(*result)
        passed, failed, skipped = passed + good, failed + bad, skipped + left
    if os.environ.get("CI") == "true" and skipped:
        print("CI=true: nothing may be skipped")
        failed, skipped = failed + skipped, 0
    if passed + failed + skipped == 0:
        print("no test has a name like: " + " ".join(asked.patterns))
        failed = 1
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
