# SPDX-License-Identifier: Apache-2.0
"""Servers of others that the tests start by a script of tests/support, and remove at the end."""

import atexit
import os
import shutil
import subprocess
import tempfile
import unittest

SKIPPED = 77


class Kept:
    """A server in a directory of its own; can be stopped and started again on the same port. `script` does all that."""

    script = None
    name = None
    shared = None

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="exportq-%s-" % self.name)
        self.directory = os.path.join(self.home, "server")
        atexit.register(self.remove)
        self.count = 0  # of what it has given out

    @classmethod
    def get(cls):
        """The one for tests that leave it running."""
        if cls.shared is None:
            cls.shared = cls()
        return cls.shared

    def tool(self, action, *arguments):
        done = subprocess.run([self.script, action, self.directory, *arguments], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
        if done.returncode == SKIPPED:
            raise unittest.SkipTest(done.stdout.strip().removeprefix("skipped: "))
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def start(self, *options):
        return self.tool("start", *options)

    def remove(self):
        self.tool("remove")
        shutil.rmtree(self.home, ignore_errors=True)
