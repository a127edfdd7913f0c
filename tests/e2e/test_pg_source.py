# SPDX-License-Identifier: Apache-2.0
"""What is exported is a PostgreSQL: the journal, a database nobody here wrote, and queries that have to be
stopped."""

import csv
import io
import json
import os
import subprocess
import time
import unittest

from bindings import ROOT
from postgres import PersistentCase, Server, query, wait_until
from server import run_once
from support import pb

CHINOOK = os.path.join(os.path.dirname(ROOT), "shared/data/chinook/chinook.postgres.sql")
LINES = """
SELECT l.invoice_line_id, i.invoice_date, c.last_name, c.company, t.name AS track, al.title, ar.name AS artist,
       l.unit_price, l.quantity
FROM invoice_line l JOIN invoice i USING (invoice_id) JOIN customer c USING (customer_id)
JOIN track t USING (track_id) JOIN album al USING (album_id) JOIN artist ar USING (artist_id)
ORDER BY l.invoice_line_id"""
SLEEPS = {
    "sleeps": "-- title: Sleeps before its first row\n-- shared\nSELECT pg_sleep(600)::text AS nothing\n",
    "dozes": "-- title: Sleeps between its rows\n-- shared\nSELECT n, pg_sleep(0.05)::text AS nothing"
             " FROM generate_series(1, 100000) AS n\n",
    "one": "-- title: One\n-- shared\nSELECT 1 AS one\n",
}


class PgSource(PersistentCase):
    """The queue and what it exports in one database."""

    kit_types = {}

    def setUp(self):
        super().setUp()
        self.persistent["EXPORT_SOURCE_URL"] = None  # that of the queue


class Journal(PgSource):
    """The four built-in types over the demo journal give the files they give in memory over SQLite."""

    def setUp(self):
        super().setUp()
        self.persistent["EXPORT_TYPES_DIR"] = None  # the installed ones

    def test_the_journal_in_postgres_gives_the_same_files_as_in_sqlite(self):
        status, out, err = run_once(["--load-demo"], {"DATABASE_URL": self.url}, timeout=120)
        self.assertEqual(0, status, err)
        self.assertIn("the demo journal is there; its owners are local, alice, bob and carol", out)
        with Server(demo=True, EXPORT_MAX_ACTIVE_PER_USER=100) as sqlite:
            here = self.caller(self.serve(EXPORT_MAX_ACTIVE_PER_USER=100), owner=None)
            there = self.caller(sqlite, owner=None)
            for type, fields in (("trades", {}), ("goals", {}), ("dailyPnl", {}), ("tagPerformance", {}),
                                 ("trades", {"filters": {"status": "CLOSED", "dateTo": "2025-08-31"}}),
                                 ("trades", {"columns": ["notes", "tags", "realizedPnl", "id"], "limit": 500})):
                for format in ("csv", "json", "ndjson"):
                    with self.subTest(type=type, format=format, **fields):
                        jobs = [caller.completed(caller.create(type, format, **fields).id) for caller in (here, there)]
                        self.assertGreater(jobs[0].file.rows, 0)
                        self.assertEqual(jobs[1].file.sha256, jobs[0].file.sha256)

    def test_a_journal_that_is_there_is_not_overwritten(self):
        for expected, said in ((0, "is there"), (1, "")):
            status, out, err = run_once(["--load-demo"], {"DATABASE_URL": self.url}, timeout=120)
            self.assertEqual(expected, status, out + err)
            self.assertIn(said, out)

    def test_what_to_fill_must_be_named(self):
        status, _, err = run_once(["--load-demo"], {})
        self.assertEqual(2, status)
        self.assertIn("EXPORT_SOURCE_URL=postgres://", err)


class Chinook(PgSource):
    """A database nobody here wrote."""

    def setUp(self):
        if not os.path.exists(CHINOOK):
            self.skipTest("no ../shared/data here")
        super().setUp()
        subprocess.run(["psql", "-Xqf", CHINOOK, self.url], capture_output=True, check=True)
        self.chinook = self.url.rsplit("/", 1)[0] + "/chinook"  # the script makes it
        self.persistent["EXPORT_SOURCE_URL"] = self.chinook

    def test_every_invoice_line_comes_as_psql_has_it(self):
        self.kit.add_type("lines", "-- title: Invoice lines\n-- shared\n" + LINES + "\n")
        alice = self.caller(self.serve())
        rows = query(self.chinook, "set timezone = 'UTC'; " + LINES)
        self.assertEqual(2240, len(rows))
        text = alice.file(alice.create("lines").id).decode()
        got = list(csv.reader(io.StringIO(text, newline="")))[1:]
        data = json.loads(alice.file(alice.create("lines", "json").id))
        self.assertEqual(len(rows), len(got))
        for want, line, item in zip(rows, got, data):
            want[1] = want[1].replace(" ", "T") + ".000Z"
            self.assertEqual(want, line)
            self.assertEqual(want, ["" if value is None else str(value) for value in self.exact(item, want)])

    def exact(self, item, want):
        """A row of json as text: a decimal keeps its scale there."""
        values = list(item.values())
        values[7] = "%.2f" % values[7]
        self.assertEqual(len(want), len(values))
        return values


class Stopping(PgSource):
    """A query ends in the database when nobody wants it any more."""

    kit_types = SLEEPS

    def queries_of(self, job):
        return self.query("select pid from pg_stat_activity where application_name = 'exportq/job/%s'"
                          " and state = 'active'" % job.id)

    def test_a_cancel_ends_the_query_within_a_second(self):
        maker = self.caller(self.serve(EXPORT_WORKERS=0))
        self.work()
        for type in ("sleeps", "dozes"):
            job = maker.create(type)
            wait_until(lambda: self.queries_of(job), "the query runs, and its job's name is to be seen")
            begin = time.monotonic()
            self.assertEqual(pb.JOB_STATE_CANCELLED, maker.CancelJob(id=job.id).job.state)
            wait_until(lambda: not self.queries_of(job), "nothing is left of it")
            self.assertLess(time.monotonic() - begin, 1)

    def test_the_time_limit_ends_the_query_and_is_said(self):
        alice = self.caller(self.serve(EXPORT_JOB_TIMEOUT="1s"))
        job = alice.ended(alice.create("sleeps").id)
        self.assertEqual((pb.JOB_STATE_FAILED, 1), (job.state, job.attempt))
        self.assertFalse(job.error.retryable)
        self.assertIn("EXPORT_JOB_TIMEOUT", job.error.message)
        wait_until(lambda: not self.queries_of(job), "nothing is left of it")

    def test_a_query_that_the_database_ends_is_tried_again(self):
        alice = self.caller(self.serve(EXPORT_RETRY_BASE_MS=10, EXPORT_MAX_ATTEMPTS=2))
        for how, code in (("pg_cancel_backend", "SOURCE_UNAVAILABLE"), ("pg_terminate_backend", "SOURCE_UNAVAILABLE")):
            job = alice.create("sleeps")
            ended = []
            for _ in range(2):
                wait_until(lambda: self.queries_of(job) not in ([], ended), "the query runs")
                ended = self.queries_of(job)
                self.query("select %s(%s)" % (how, ended[0][0]))
            job = alice.ended(job.id)
            self.assertEqual((pb.JOB_STATE_FAILED, 2), (job.state, job.attempt))
            self.assertTrue(job.error.retryable)
            self.assertEqual(code, job.error.code)

    def test_what_cannot_work_is_not_tried_again(self):
        self.query("create table gone (id integer)")
        self.kit.add_type("gone", "-- title: Gone\n-- shared\nSELECT id FROM gone\n")
        self.kit.add_type("zero", "-- title: Zero\n-- shared\nSELECT 1 / (n - n) AS x FROM generate_series(1, 2) n\n")
        alice = self.caller(self.serve())
        self.query("drop table gone")
        for type, code in (("gone", "SOURCE_SCHEMA"), ("zero", "SOURCE_DATA")):
            job = alice.ended(alice.create(type).id)
            self.assertEqual((pb.JOB_STATE_FAILED, 1, code), (job.state, job.attempt, job.error.code), job)
            self.assertFalse(job.error.retryable)
            self.assertNotIn("SELECT", job.error.message)


if __name__ == "__main__":
    unittest.main()
