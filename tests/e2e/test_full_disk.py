# SPDX-License-Identifier: Apache-2.0
"""A file store that runs full: a small tmpfs of the test's own."""

import hashlib
import os
import subprocess
import unittest

from postgres import PersistentCase
from server import run_once
from support import Case, pb

SIZE = "512k"


NOISE = """-- title: Rows that no compression makes small
-- filter count integer: How many
-- shared
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT i AS id, hex(randomblob(400)) AS noise FROM n
"""


def mount(case, directory):
    os.makedirs(directory, exist_ok=True)
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

    def test_a_start_and_a_check_on_a_full_disk_say_what_to_do(self):
        disk = os.path.join(self.kit.home, "small")
        mount(self, disk)
        with open(os.path.join(disk, "filler"), "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(b"x" * 4096)
        for arguments in (["--check"], []):
            status, _, err = run_once([*arguments, "--demo", "--workers", "0"],
                                      {"EXPORT_STATE_DIR": self.kit.home, "EXPORT_STORE_URL": "file:%s/new" % disk})
            self.assertNotEqual(0, status)
            self.assertRegex(err, "EXPORT_STORE_URL: .*No space left on device; free space there")


class Persistent(Checks, PersistentCase):
    def test_a_full_disk_fails_the_job_and_leaves_nothing(self):
        mount(self, self.files)
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        self.work()
        self.check(self.files, alice)


class EveryFormat(Case):
    """From a disk that takes nothing to one that takes all: files are whole or absent, whatever the format. The
    temporary files of a workbook lie on the same disk."""

    settings = {"EXPORT_MAX_ATTEMPTS": 1, "EXPORT_WORKERS": 1, "EXPORT_DOWNLOADS_PER_JOB": 0}
    ROWS = 300
    SIZES = range(4, 420, 52)  # KiB; the longest file has some 250

    def setUp(self):
        super().setUp()
        self.kit.add_type("noise", NOISE)
        self.disk = os.path.join(self.kit.home, "small")
        mount(self, self.disk)
        self.files = os.path.join(self.disk, "files")
        self.alice = self.caller(self.serve(EXPORT_STORE_URL="file:" + self.files, TMPDIR=self.disk))

    def resize(self, kib):
        subprocess.run(["mount", "-o", "remount,size=%dk" % kib, self.disk], check=True)

    def stored(self):
        return [name for name in os.listdir(self.files) if not name.startswith(".")]

    def outcome(self, format, compression):
        job = self.alice.ended(self.alice.create(
            "noise", format, {"count": str(self.ROWS)}, presentation=pb.Presentation(compression=compression)).id)
        if job.state == pb.JOB_STATE_COMPLETED:
            self.assertEqual(self.ROWS, job.file.rows)
            self.assertEqual([job.file.size], [os.path.getsize(os.path.join(self.files, name))
                                               for name in self.stored()])
            self.assertEqual(job.file.sha256, hashlib.sha256(self.alice.file(job.id)).hexdigest())
        else:
            self.assertEqual(pb.JOB_STATE_FAILED, job.state)
            self.assertTrue(job.error.retryable, job.error)
            self.assertEqual("STORE_UNAVAILABLE", job.error.code)
            self.assertRegex(job.error.message, "full|room")
            self.assertEqual([], self.stored())
        self.alice.DeleteJob(id=job.id)
        return job.state == pb.JOB_STATE_COMPLETED

    def test_a_file_is_whole_or_absent_at_every_size_of_the_disk(self):
        for format in ("csv", "json", "ndjson", "xlsx"):
            for compression in (pb.COMPRESSION_NONE, pb.COMPRESSION_GZIP, pb.COMPRESSION_ZSTD):
                outcomes = []
                for kib in self.SIZES:
                    self.resize(kib)
                    outcomes.append(self.outcome(format, compression))
                self.assertFalse(outcomes[0], "a disk without room")
                self.assertTrue(outcomes[-1], "a disk with room")
                self.assertEqual(sorted(outcomes), outcomes)  # what fits, fits on any larger one


if __name__ == "__main__":
    unittest.main()
