# SPDX-License-Identifier: Apache-2.0
"""What the tests share: types and a database to export, a caller, and errors taken apart."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
import time
import unittest

import grpc

from bindings import error_details_pb, pb, pb_grpc, status_pb
from server import Server, wait_until

__all__ = ["FINAL", "Caller", "Case", "Kit", "Refusal", "Server", "Watched", "pb", "replace", "wait_until"]

CALL_S = 60
FINAL = (pb.JOB_STATE_COMPLETED, pb.JOB_STATE_FAILED, pb.JOB_STATE_CANCELLED, pb.JOB_STATE_EXPIRED)

# Types for every occasion. :count says how many rows; a "stuck" query works without end and gives
# none, an "endless" one gives rows without end.
TYPES = {
    "rows": """-- title: As many rows as asked for
-- filter count integer: How many
-- shared
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT i AS id, 'row ' || i AS name, i * 0.5 AS half FROM n
""",
    "wide": """-- title: Rows of a thousand bytes
-- filter count integer: How many
-- shared
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT i AS id, printf('%0990d', i) AS filling FROM n
""",
    "stuck": """-- title: Works without end and finds nothing
-- shared
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0
""",
    "endless": """-- title: Rows without end
-- shared
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n
""",
    "notes": """-- title: An owner's notes
-- column at timestamp: Written
-- column done boolean: Done
-- filter from date: Written on or after this day
-- filter mood enum(good, bad): Mood
-- filter tags text[]: Any of these tags
-- filter least number: At least this weight
-- filter done boolean: Done or not
-- filter before timestamp: Written before
-- not default: secret
SELECT id, at, text, weight, done, mood, tag, 'hush' AS secret FROM notes
WHERE owner = :owner AND (:from IS NULL OR at >= :from) AND (:mood IS NULL OR mood = :mood)
  AND (:tags IS NULL OR tag IN (SELECT value FROM json_each(:tags)))
  AND (:least IS NULL OR weight >= :least) AND (:done IS NULL OR done = :done)
  AND (:before IS NULL OR at < :before)
ORDER BY id
""",
    "torn": """-- title: A value that does not fit its column
-- column at timestamp: When
-- shared
SELECT 1 AS id, 'yesterday' AS at
""",
}

NOTES = [  # id, owner, at, text, weight, done, mood, tag
    (1, "alice", "2025-08-01 12:34:56.000", "plain", 1.5, 1, "good", "a"),
    (2, "alice", "2025-08-02 00:00:00.000", 'comma, "quote"\nnewline', -0.25, 0, "bad", "b"),
    (3, "alice", "2025-08-03 23:59:59.999", "Zürich – 東京 🗻", None, 1, "good", None),
    (4, "alice", "2025-08-04 01:02:03.000", "", 9007199254740993, 0, None, "a"),
    (5, "bob", "2025-08-05 01:02:03.000", "bob's", 2.0, 0, "bad", "b"),
]


class Kit:
    """A types directory and a SQLite database, on disk until close()."""

    def __init__(self, types=None):
        self.home = tempfile.mkdtemp(prefix="exportq-kit-")
        self.types = os.path.join(self.home, "types")
        self.database = os.path.join(self.home, "shop.sqlite")
        os.mkdir(self.types)
        for name, text in (TYPES if types is None else types).items():
            self.add_type(name, text)
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            db.execute("CREATE TABLE notes(id INTEGER PRIMARY KEY, owner TEXT, at TEXT, text TEXT, weight,"
                       " done INTEGER, mood TEXT, tag TEXT)")
            db.executemany("INSERT INTO notes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", NOTES)

    def add_type(self, name, text):
        with open(os.path.join(self.types, name + ".sql"), "w", encoding="utf-8") as file:
            file.write(text)

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)


def replace(path, text):
    """A file, as secret stores replace it: written beside, then moved over."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(path + ".new", path)


class Refusal:
    """A call that was refused: status, message and the details that came with it."""

    def __init__(self, error):
        self.code = error.code()
        self.message = error.details()
        self.fields = []
        self.retry_s = None
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                self._take(status_pb.Status.FromString(value))

    def _take(self, status):
        assert status.code == self.code.value[0], (status, self.code)
        assert status.message == self.message, (status, self.message)
        bad, retry = error_details_pb.BadRequest(), error_details_pb.RetryInfo()
        for detail in status.details:
            if detail.Unpack(bad):
                self.fields += [(each.field, each.description) for each in bad.field_violations]
            if detail.Unpack(retry):
                self.retry_s = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9


class Caller:
    """The service as one owner sees it: caller.GetJob(id=…) makes the request and the call."""

    def __init__(self, channel, owner="alice", timeout=CALL_S):
        self.stub = pb_grpc.ExportServiceStub(channel)
        self.metadata = (("x-exportq-user", owner),) if owner else ()
        self.timeout = timeout

    def __getattr__(self, rpc):
        def call(**fields):
            request = getattr(pb, rpc + "Request")(**fields)
            return getattr(self.stub, rpc)(request, metadata=self.metadata, timeout=self.timeout)
        return call

    def create(self, type, format="csv", filters=None, **fields):
        """Creates a job; filters as a dict of texts or lists of texts."""
        asked = [pb.Filter(name=name, values=[values] if isinstance(values, str) else values)
                 for name, values in (filters or {}).items()]
        return self.CreateJob(type=type, format=format, filters=asked, **fields).job

    def rows(self, count, **fields):
        return self.create("rows", filters={"count": str(count)}, **fields)

    def get(self, id):
        return self.GetJob(id=id).job

    def ended(self, id):
        """Watches a job to its end."""
        last = None
        for response in self.WatchJob(id=id):
            last = response.job
        assert last.state in FINAL, last
        return last

    def completed(self, id):
        job = self.ended(id)
        assert job.state == pb.JOB_STATE_COMPLETED, job
        return job

    def started(self, id):
        """Waits until a worker has it."""
        for response in self.WatchJob(id=id):
            if response.job.state == pb.JOB_STATE_RUNNING:
                return response.job
        raise AssertionError("it never ran: %s" % self.get(id))

    def token(self, id):
        return self.CreateDownloadToken(id=id).token

    def download(self, token, offset=0):
        """The header and the bytes."""
        stream = self.Download(token=token, offset=offset)
        header = next(stream).header
        return header, b"".join(response.chunk for response in stream)

    def file(self, id):
        """The bytes of a job's file."""
        return self.download(self.token(self.completed(id).id))[1]


class Watched:
    """A watch that runs in a thread and keeps what came, with the times."""

    def __init__(self, caller, **fields):
        self.jobs = []
        self.times = []
        self.stream = caller.WatchJob(**fields)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for response in self.stream:
                self.jobs.append(response.job)
                self.times.append(time.time())
        except grpc.RpcError:
            pass

    def states(self):
        """The states it saw, each once in a row."""
        states = []
        for job in list(self.jobs):
            if not states or states[-1] != job.state:
                states.append(job.state)
        return states


class Case(unittest.TestCase):
    """A test case with a kit; `settings` are those of its server."""

    settings = {}
    kit_types = None

    def setUp(self):
        self.kit = Kit(self.kit_types)
        self.addCleanup(self.kit.close)

    def serve(self, **settings):
        """A server over the kit that is ended, and found in order, when the test is over."""
        server = Server(self.kit, **{**self.settings, **settings})
        self.addCleanup(server.close)
        server.start()
        self.addCleanup(server.stop)
        return server

    def caller(self, server, owner="alice"):
        channel = server.channel()
        self.addCleanup(channel.close)
        return Caller(channel, owner)

    def refused(self, code, call, **fields):
        """Asserts that a call is refused with this status; gives what was said."""
        with self.assertRaises(grpc.RpcError) as caught:
            result = call(**fields)
            for _ in result if hasattr(result, "cancel") else ():
                pass
        refusal = Refusal(caught.exception)
        self.assertEqual(code, refusal.code, refusal.message)
        return refusal
