# SPDX-License-Identifier: Apache-2.0
"""A job's life as its owner sees it: created, watched, downloaded; cancelled, retried, removed."""

import csv
import hashlib
import io
import json
import re
import unittest

import grpc

from support import Case, pb

UUID7 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
ALICE = [  # her notes, as json has them
    {"id": 1, "at": "2025-08-01T12:34:56.000Z", "text": "plain", "weight": 1.5, "done": True,
     "mood": "good", "tag": "a"},
    {"id": 2, "at": "2025-08-02T00:00:00.000Z", "text": 'comma, "quote"\nnewline', "weight": -0.25,
     "done": False, "mood": "bad", "tag": "b"},
    {"id": 3, "at": "2025-08-03T23:59:59.999Z", "text": "Zürich – 東京 🗻", "weight": None, "done": True,
     "mood": "good", "tag": None},
    {"id": 4, "at": "2025-08-04T01:02:03.000Z", "text": "", "weight": 9007199254740993, "done": False,
     "mood": None, "tag": "a"},
]


def as_csv(row):
    """A row of json as csv has it: every value a text, null empty."""
    def text(value):
        return {"None": "", "True": "true", "False": "false"}.get(str(value), str(value))
    return {name: text(value) for name, value in row.items()}


class Round(Case):
    """From request to file."""

    def export(self, format, **fields):
        """The whole round; gives the text of the file, checked against its header."""
        caller = self.caller(self.serve())
        job = caller.create("notes", format, **fields)
        self.assertRegex(job.id, UUID7)
        done = caller.completed(job.id)
        header, data = caller.download(caller.token(job.id))
        self.assertEqual(done.file, header.file)
        self.assertEqual(len(data), header.file.size)
        self.assertEqual(hashlib.sha256(data).hexdigest(), header.file.sha256)
        self.assertRegex(header.file.name, r"^notes-\d{8}-\d{6}\.%s$" % format)
        self.assertEqual(4, header.file.rows)
        return data.decode("utf-8"), header.file

    def test_a_csv_file_reads_back_equal(self):
        text, file = self.export("csv")
        self.assertTrue(file.content_type.startswith("text/csv"), file.content_type)
        self.assertEqual([as_csv(row) for row in ALICE], list(csv.DictReader(io.StringIO(text, newline=""))))
        self.assertIn(',"",', text)  # an empty text is quoted, null is not

    def test_a_json_file_reads_back_equal(self):
        text, file = self.export("json")
        self.assertEqual("application/json", file.content_type)
        self.assertEqual(ALICE, json.loads(text))
        self.assertEqual(list(ALICE[0]), list(json.loads(text)[0]))

    def test_an_ndjson_file_reads_back_equal(self):
        text, _ = self.export("ndjson")
        self.assertEqual(ALICE, [json.loads(line) for line in text.splitlines()])

    def test_columns_come_as_asked_and_the_rest_stays_out(self):
        text, _ = self.export("csv", columns=["secret", "id"])
        self.assertEqual("secret,id\nhush,1\nhush,2\nhush,3\nhush,4\n", text)

    def test_filters_and_limit_choose_the_rows(self):
        caller = self.caller(self.serve(EXPORT_MAX_ACTIVE_PER_USER=100))
        cases = [
            ({"from": "2025-08-03"}, 0, [3, 4]),
            ({"mood": "good"}, 0, [1, 3]),
            ({"tags": ["a", "b"]}, 0, [1, 2, 4]),
            ({"least": "1.5"}, 0, [1, 4]),
            ({"done": "true", "from": "2025-08-02"}, 0, [3]),
            ({"before": "2025-08-02T00:00:00Z"}, 0, [1]),
            ({"mood": "bad' OR 1=1 --"}, 0, None),
            ({}, 3, [1, 2, 3]),
        ]
        for filters, limit, ids in cases:
            with self.subTest(filters=filters, limit=limit):
                if ids is None:
                    self.refused(grpc.StatusCode.INVALID_ARGUMENT, caller.create, type="notes", filters=filters)
                    continue
                rows = json.loads(caller.file(caller.create("notes", "json", filters, limit=limit).id))
                self.assertEqual(ids, [row["id"] for row in rows])


class Moves(Case):
    """What can be done to a job."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_MAX_ACTIVE_PER_USER": 20}

    def setUp(self):
        super().setUp()
        self.alice = self.caller(self.serve())

    def test_a_job_tells_what_was_asked_and_when(self):
        job = self.alice.create("rows", "ndjson", {"count": "3"}, columns=["name"], limit=2,
                                request_id="r-1", presentation=pb.Presentation(exact_numbers=2))
        done = self.alice.completed(job.id)
        self.assertEqual(("rows", "ndjson", ["name"], 2, "alice", "r-1"),
                         (done.type, done.format, list(done.columns), done.limit, done.owner, done.request_id))
        self.assertEqual([("count", ["3"])], [(each.name, list(each.values)) for each in done.filters])
        self.assertEqual(pb.EXACT_NUMBERS_STRING, done.presentation.exact_numbers)
        self.assertEqual((1, 3), (done.attempt, done.max_attempts))
        self.assertEqual((2, done.file.size), (done.progress.rows_done, done.progress.bytes_written))
        times = [time.ToNanoseconds() for time in (done.created, done.started, done.completed, done.expires)]
        self.assertEqual(sorted(times), times)
        self.assertFalse(done.HasField("error") or done.HasField("next_attempt"))
        self.assertEqual(b'{"name":"row 1"}\n{"name":"row 2"}\n', self.alice.file(job.id))

    def test_a_queued_job_that_is_cancelled_never_runs(self):
        blocker = self.alice.create("stuck")
        self.alice.started(blocker.id)
        queued = self.alice.rows(1)
        self.assertEqual(pb.JOB_STATE_CANCELLED, self.alice.CancelJob(id=queued.id).job.state)
        after = self.alice.rows(1)
        self.alice.CancelJob(id=blocker.id)
        self.alice.completed(after.id)
        still = self.alice.get(queued.id)
        self.assertEqual((pb.JOB_STATE_CANCELLED, 0), (still.state, still.attempt))

    def test_a_running_job_stops_within_a_second_of_its_cancellation(self):
        for type in ("stuck", "endless"):
            with self.subTest(type):
                job = self.alice.create(type)
                self.alice.started(job.id)
                self.alice.CancelJob(id=job.id)
                self.assertEqual(pb.JOB_STATE_CANCELLED, self.alice.ended(job.id).state)
                # The only worker is free again: what comes next begins within the second.
                next_one = self.alice.completed(self.alice.rows(1).id)
                cancelled = self.alice.get(job.id).completed.ToMilliseconds()
                self.assertLess(next_one.started.ToMilliseconds() - cancelled, 1000)
                self.assertEqual(pb.JOB_STATE_CANCELLED, self.alice.CancelJob(id=job.id).job.state)

    def test_a_completed_job_cannot_be_cancelled_or_retried(self):
        job = self.alice.completed(self.alice.rows(1).id)
        for rpc in (self.alice.CancelJob, self.alice.RetryJob):
            refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, rpc, id=job.id)
            self.assertIn("COMPLETED", refusal.message)

    def test_a_failed_or_cancelled_job_runs_again_when_retried(self):
        failed = self.alice.ended(self.alice.create("torn").id)
        self.assertEqual(pb.JOB_STATE_FAILED, failed.state)
        self.assertEqual(("SOURCE_DATA", False), (failed.error.code, failed.error.retryable))
        self.assertRegex(failed.error.message, r"(?s)row 1.*at|at.*row 1")
        again = self.alice.RetryJob(id=failed.id).job
        self.assertEqual((failed.id, pb.JOB_STATE_QUEUED, 0), (again.id, again.state, again.attempt))
        self.assertEqual(pb.JOB_STATE_FAILED, self.alice.ended(failed.id).state)

        blocker = self.alice.create("stuck")
        self.alice.started(blocker.id)
        queued = self.alice.rows(2)
        self.alice.CancelJob(id=queued.id)
        self.alice.CancelJob(id=blocker.id)
        self.alice.RetryJob(id=queued.id)
        self.assertEqual(2, self.alice.completed(queued.id).file.rows)

    def test_a_deleted_job_is_gone_whatever_it_did(self):
        done = self.alice.completed(self.alice.rows(1).id)
        running = self.alice.create("stuck")
        self.alice.started(running.id)
        queued = self.alice.rows(1)
        token = self.alice.token(done.id)
        for job in (done, queued, running):
            self.alice.DeleteJob(id=job.id)
            self.refused(grpc.StatusCode.NOT_FOUND, self.alice.GetJob, id=job.id)
            self.refused(grpc.StatusCode.NOT_FOUND, self.alice.DeleteJob, id=job.id)
        self.refused(grpc.StatusCode.NOT_FOUND, self.alice.Download, token=token)
        self.assertEqual([], list(self.alice.ListJobs().jobs))
        self.alice.completed(self.alice.rows(1).id)  # the worker of the running one is free


class Listing(Case):
    """ListJobs, and what is the same when it is asked twice."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_MAX_ACTIVE_PER_USER": 200}

    def setUp(self):
        super().setUp()
        self.alice = self.caller(self.serve())

    def test_pages_hold_every_job_once_newest_first(self):
        made = [self.alice.rows(1).id for _ in range(7)]
        for size in (1, 3, 7, 50):
            seen, token = [], ""
            while True:
                page = self.alice.ListJobs(page_size=size, page_token=token)
                self.assertLessEqual(len(page.jobs), size)
                seen += [job.id for job in page.jobs]
                token = page.next_page_token
                if not token:
                    break
                self.assertEqual(size, len(page.jobs))
            self.assertEqual(made[::-1], seen)

    def test_a_page_has_50_jobs_by_default_and_100_at_most(self):
        for _ in range(101):
            self.alice.rows(1)
        self.assertEqual(50, len(self.alice.ListJobs().jobs))
        self.assertEqual(100, len(self.alice.ListJobs(page_size=1000).jobs))

    def test_a_page_of_large_jobs_is_short_enough_for_any_client(self):
        tags = ["%1000d" % i for i in range(60)]
        made = []
        for _ in range(80):  # five megabytes in all; a client takes four at once
            made.append(self.alice.create("notes", filters={"tags": tags}).id)
            self.alice.completed(made[-1])
        seen, token = [], ""
        while token or not seen:
            page = self.alice.ListJobs(page_size=100, page_token=token)
            self.assertTrue(page.jobs)
            seen += [job.id for job in page.jobs]
            token = page.next_page_token
        self.assertEqual(made[::-1], seen)

    def test_filters_choose_by_state_type_and_request_id(self):
        done = self.alice.completed(self.alice.rows(1, request_id="mine").id).id
        failed = self.alice.ended(self.alice.create("torn").id).id
        running = self.alice.create("stuck").id
        self.alice.started(running)
        queued = self.alice.rows(2).id

        def ids(**filters):
            return [job.id for job in self.alice.ListJobs(**filters).jobs]
        self.assertEqual([done], ids(states=[pb.JOB_STATE_COMPLETED]))
        self.assertEqual([failed, done], ids(states=[pb.JOB_STATE_COMPLETED, pb.JOB_STATE_FAILED]))
        self.assertEqual([running], ids(states=[pb.JOB_STATE_RUNNING]))
        self.assertEqual([queued, done], ids(type="rows"))
        self.assertEqual([queued], ids(type="rows", states=[pb.JOB_STATE_QUEUED]))
        self.assertEqual([done], ids(request_id="mine"))
        self.assertEqual([], ids(type="notes", states=[pb.JOB_STATE_QUEUED]))
        self.assertIn("nothing", self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.alice.ListJobs,
                                              type="nothing").message)
        self.alice.CancelJob(id=running)

    def test_a_request_id_gives_the_same_job_for_the_same_content_only(self):
        first = self.alice.rows(1, request_id="once")
        again = self.alice.rows(1, request_id="once")
        self.assertEqual(first.id, again.id)
        self.alice.completed(first.id)
        self.assertEqual(pb.JOB_STATE_COMPLETED, self.alice.rows(1, request_id="once").state)
        for fields in ({"filters": {"count": "2"}}, {"format": "json"}, {"limit": 1}, {"columns": ["id"]}):
            fields = {"type": "rows", "filters": {"count": "1"}, **fields}
            refusal = self.refused(grpc.StatusCode.ALREADY_EXISTS, self.alice.create, request_id="once", **fields)
            self.assertIn("request id", refusal.message)
        self.assertEqual(1, len(self.alice.ListJobs().jobs))

    def test_every_type_is_listed_with_its_columns_filters_and_formats(self):
        types = {type.name: type for type in self.alice.ListExportTypes().types}
        self.assertEqual({"rows", "wide", "stuck", "endless", "notes", "torn"}, set(types))
        notes = types["notes"]
        self.assertEqual(("An owner's notes", False, True), (notes.title, notes.shared, types["rows"].shared))
        self.assertEqual(["csv", "json", "ndjson", "xlsx"], list(notes.formats))
        self.assertEqual(["id", "at", "text", "weight", "done", "mood", "tag", "secret"],
                         [column.name for column in notes.columns])
        self.assertEqual(["secret"], [column.name for column in notes.columns if not column.is_default])
        self.assertEqual([("at", "timestamp", "Written")],
                         [(column.name, column.type, column.title) for column in notes.columns if column.name == "at"])
        filters = {each.name: each for each in notes.filters}
        self.assertEqual("text[]", filters["tags"].type)
        self.assertEqual(["good", "bad"], list(filters["mood"].values))


class Owners(Case):
    """Another owner's job does not exist."""

    settings = {"EXPORT_WORKERS": 1}

    def test_another_owners_job_is_found_nowhere(self):
        server = self.serve()
        alice, bob = self.caller(server, "alice"), self.caller(server, "bob")
        done = alice.completed(alice.create("notes", "json").id)
        self.assertEqual(4, done.file.rows)
        running = alice.create("stuck")
        alice.started(running.id)
        nobodys = "01890000-0000-7000-8000-000000000000"
        for job in (done.id, running.id):
            for rpc in ("GetJob", "WatchJob", "CancelJob", "RetryJob", "DeleteJob", "CreateDownloadToken"):
                with self.subTest(rpc):
                    refusal = self.refused(grpc.StatusCode.NOT_FOUND, getattr(bob, rpc), id=job)
                    unknown = self.refused(grpc.StatusCode.NOT_FOUND, getattr(bob, rpc), id=nobodys)
                    # Not even the wording tells that there is one, however the id is written.
                    self.assertEqual(unknown.message.replace(nobodys, job), refusal.message)
                    shouted = self.refused(grpc.StatusCode.NOT_FOUND, getattr(bob, rpc), id=job.upper())
                    self.assertEqual(refusal.message, shouted.message)
        self.assertEqual([], list(bob.ListJobs().jobs))
        self.assertEqual([], list(bob.ListJobs(request_id=done.request_id).jobs))
        self.refused(grpc.StatusCode.PERMISSION_DENIED, bob.ListJobs, all_owners=True)
        self.assertEqual(pb.JOB_STATE_RUNNING, alice.get(running.id).state)
        alice.CancelJob(id=running.id)

    def test_an_export_holds_the_owners_rows_only(self):
        server = self.serve()
        bob, nobody = self.caller(server, "bob"), self.caller(server, "nobody")
        self.assertIn(b"bob's", bob.file(bob.create("notes", columns=["text"]).id))
        self.assertEqual(b"text\n", nobody.file(nobody.create("notes", columns=["text"]).id))

    def test_without_a_name_the_caller_is_local(self):
        server = self.serve()
        self.assertEqual("local", self.caller(server, owner=None).rows(1).owner)

    def test_owners_may_use_the_same_request_id(self):
        server = self.serve()
        ids = {self.caller(server, owner).rows(1, request_id="r").id for owner in ("alice", "bob")}
        self.assertEqual(2, len(ids))


if __name__ == "__main__":
    unittest.main()
