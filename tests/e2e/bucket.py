# SPDX-License-Identifier: Apache-2.0
"""An S3-compatible object store of the tests' own (tests/support/s3), with a prefix for each test."""

import os

from bindings import ROOT
from kept import Kept
from postgres import PersistentCase

KEYS = {"AWS_ACCESS_KEY_ID": "exportq-tests", "AWS_SECRET_ACCESS_KEY": "not-a-secret-but-long-enough"}


class Bucket(Kept):
    """A server in a directory of its own; can be stopped, as by a crash, and started again on the same port."""

    script = os.path.join(ROOT, "tests/support/s3")
    name = "bucket"

    def __init__(self, *options):
        super().__init__()
        self.endpoint = self.start(*options)

    def stop(self):
        self.tool("stop")

    def new_prefix(self):
        self.count += 1
        return "test-%d" % self.count

    def objects(self, prefix):
        """Names of the objects below a prefix, but for the mark of the queue's."""
        path = os.path.join(self.directory, "data/exports", prefix)
        return [name for name in (os.listdir(path) if os.path.isdir(path) else []) if name != ".exportq-queue"]

    def parts(self):
        """Paths of the parts of uploads that are under way."""
        found = []
        for home, _, names in os.walk(os.path.join(self.directory, "data/exports/.sgwtmp/multipart")):
            found += [os.path.join(home, name) for name in names if name.isdigit()]
        return found


class BucketCase(PersistentCase):
    """Servers and workers on one PostgreSQL and one bucket, and nothing else in common."""

    def setUp(self):
        super().setUp()
        self.bucket = self.new_bucket()
        self.prefix = self.bucket.new_prefix()
        self.persistent.update(EXPORT_STORE_URL="s3://exports/" + self.prefix,
                               EXPORT_S3_ENDPOINT=self.bucket.endpoint, **KEYS)

    def new_bucket(self):
        return Bucket.get()
