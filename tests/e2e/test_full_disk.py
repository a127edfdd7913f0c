# SPDX-License-Identifier: Apache-2.0
"""A file store that runs full: a small tmpfs of the test's own."""

import os
import subprocess
import unittest

from postgres import PersistentCase
from support import Case, pb

SIZE = "512k"


def mount(case, directory):
    os.makedirs(directory)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%s,mode=0700" % SIZE, "exportq-test", directory],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise unittest.SkipTest("a small disk cannot be mounted here (not root?): " + done.stderr.strip())
    case.addCleanup(subprocess.run, ["umount", "-l", directory], check=True)


class Checks:
    """What holds in both modes."""

    settings = {"EXPORT_RETRY_BASE_MS": 10, "EXPORT_MAX_ATTEMPTS": 3}

    def check(self, files, caller):
        failed = caller.ended(caller.create("wide", filters={"count": "2000"}).id)
        self.assertEqual(pb.JOB_STATE_FAILED, failed.state, failed)
        self.assertEqual(3, failed.attempt)
        self.assertTrue(failed.error.retryable)
        self.assertIn("full", failed.error.message)
        self.assertEqual([], [name for name in os.listdir(files) if not name.startswith(".")])
        small = caller.create("notes")  # there is room for it, and the server lives
        self.assertEqual(4, caller.completed(small.id).file.rows)
        self.assertEqual(1, len([name for name in os.listdir(files) if not name.startswith(".")]))


class InMemory(Checks, Case):
    def test_a_full_disk_fails_the_job_and_leaves_nothing(self):
        files = os.path.join(self.kit.home, "small")
        mount(self, files)
        self.check(files, self.caller(self.serve(EXPORT_STORE_URL="file:" + files)))


class Persistent(Checks, PersistentCase):
    def test_a_full_disk_fails_the_job_and_leaves_nothing(self):
        mount(self, self.files)
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        self.work()
        self.check(self.files, alice)


if __name__ == "__main__":
    unittest.main()
