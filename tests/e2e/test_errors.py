# SPDX-License-Identifier: Apache-2.0
"""Every refusal of the contract: its status, a message that helps, and its details."""

import resource
import unittest

import grpc

from support import Case, pb

INVALID = grpc.StatusCode.INVALID_ARGUMENT
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED
LONG = "x" * 4000
NO_JOB = "01890000-0000-7000-8000-000000000000"


def notes(*filters, **fields):
    """A request for notes with these (name, value…) filters."""
    asked = [pb.Filter(name=each[0], values=each[1:]) for each in filters]
    return {"type": "notes", "filters": asked, **fields}


def looks(**fields):
    return notes(presentation=pb.Presentation(**fields))


# What is asked, the field that is named, and what the message must say: the value that was given and
# what would be accepted.
BAD_CREATES = [
    ({}, "type", ["type"]),
    ({"type": "invoices"}, "type", ["invoices", "notes", "rows"]),
    ({"type": "NOTES"}, "type", ["NOTES", "notes"]),
    ({"type": "../etc/passwd"}, "type", ["../etc/passwd", "notes"]),
    (notes(format="pdf"), "format", ["pdf", "csv", "json", "ndjson"]),
    (notes(("colour", "red")), "filters[0].name", ["colour", "mood", "from"]),
    (notes(("mood", "good"), ("owner", "bob")), "filters[1].name", ["owner", "mood"]),
    (notes(("mood", "good"), ("mood", "bad")), "filters[1].name", ["mood", "twice"]),
    (notes(("mood", "angry")), "filters[0].values", ["angry", "good", "bad"]),
    (notes(("mood", "good", "bad")), "filters[0].values", ["mood"]),
    (notes(("mood",)), "filters[0].values", ["mood"]),
    (notes(("from", "31.08.2025")), "filters[0].values", ["31.08.2025", "2025-"]),
    (notes(("from", "2025-02-30")), "filters[0].values", ["2025-02-30"]),
    (notes(("from", "2025-13-01")), "filters[0].values", ["2025-13-01"]),
    (notes(("from", "")), "filters[0].values", ["from"]),
    (notes(("before", "soon")), "filters[0].values", ["soon", "RFC 3339"]),
    (notes(("before", "2025-08-01T25:00:00Z")), "filters[0].values", ["2025-08-01T25:00:00Z"]),
    (notes(("least", "much")), "filters[0].values", ["much"]),
    (notes(("done", "maybe")), "filters[0].values", ["maybe", "true", "false"]),
    ({"type": "rows", "filters": [pb.Filter(name="count", values=["1.5"])]}, "filters[0].values", ["1.5"]),
    ({"type": "rows", "filters": [pb.Filter(name="count", values=["9223372036854775808"])]},
     "filters[0].values", ["9223372036854775808"]),
    (notes(columns=["id", "colour"]), "columns[1]", ["colour", "id", "text"]),
    (notes(columns=["id", "text", "id"]), "columns[2]", ["id", "twice"]),
    (notes(columns=[""]), "columns[0]", ["columns"]),
    (notes(columns=["id"] * 1000), "columns", ["1000"]),
    (notes(limit=-1), "limit", ["-1", "at least 1"]),
    (notes(limit=-(2 ** 63)), "limit", ["-9223372036854775808", "at least 1"]),
    (notes(request_id="r" * 129), "request_id", ["129", "128"]),
    (looks(delimiter="ab"), "presentation.delimiter", ["one ASCII character"]),
    (looks(delimiter="a"), "presentation.delimiter", ["one ASCII character"]),
    (looks(delimiter='"'), "presentation.delimiter", ["one ASCII character"]),
    (looks(delimiter="\n"), "presentation.delimiter", ["one ASCII character"]),
    (looks(delimiter="§"), "presentation.delimiter", ["one ASCII character"]),
    (looks(newline=7), "presentation.newline", ["7", "NEWLINE_LF", "NEWLINE_CRLF"]),
    (looks(compression=7), "presentation.compression", ["7", "COMPRESSION_GZIP", "COMPRESSION_ZSTD"]),
    (looks(formula_guard=7), "presentation.formula_guard", ["7", "FORMULA_GUARD_ON", "FORMULA_GUARD_OFF"]),
    (looks(exact_numbers=7), "presentation.exact_numbers", ["7", "EXACT_NUMBERS_NUMBER", "EXACT_NUMBERS_STRING"]),
    (looks(dialect=7), "presentation.dialect", ["7", "DIALECT_EXCEL"]),
    (looks(header=7), "presentation.header", ["7", "HEADER_NAMES", "HEADER_TITLES"]),
    (looks(locale="xx-YY"), "presentation.locale", ["xx-YY", "de-DE"]),
    (looks(locale="de-DE\n"), "presentation.locale", ["de-DE"]),
    (looks(time_zone="Mars/Olympus"), "presentation.time_zone", ["Mars/Olympus", "Europe/Berlin"]),
    (looks(null_text="a,b"), "presentation.null_text", ["delimiter"]),
    (looks(null_text="=1"), "presentation.null_text", ["formula"]),
    (looks(null_text="n" * 65), "presentation.null_text", ["65", "64"]),
    (looks(null_text="n" * 999), "presentation.null_text", ["999", "64"]),
    (looks(places=pb.Places(digits=16)), "presentation.places", ["16", "0 to 15"]),
    (looks(places=pb.Places(digits=-1)), "presentation.places", ["-1", "0 to 15"]),
    ({"type": LONG}, "type", ["4000"]),
    (notes(format=LONG), "format", ["4000"]),
    (notes((LONG, "1")), "filters[0].name", ["4000"]),
    (notes(webhook_url="https://x/" + LONG), "webhook_url", ["4010", "2048"]),
    (notes(webhook_url="https://example.org/"), "webhook_url", ["EXPORT_WEBHOOK_SECRET"]),
    (notes(*[("mood", "good")] * 1000), "filters", ["1000"]),
    (notes(("tags", *["t" * 1000] * 70)), "filters", ["70004", "65536"]),
    (notes(("tags", *["a"] * 20000)), "filters[0].values", ["20000"]),
]

BAD_LISTS = [
    ({"page_size": -1}, "page_size", ["-1", "100"]),
    ({"page_token": "nonsense"}, "page_token", ["page token"]),
    ({"page_token": "!" * 22}, "page_token", ["page token"]),
    ({"type": "nope"}, "type", ["nope", "notes", "rows"]),
    ({"states": [99]}, "states", ["99", "JOB_STATE_QUEUED", "JOB_STATE_EXPIRED"]),
    ({"states": [0]}, "states", ["0", "JOB_STATE_QUEUED", "JOB_STATE_EXPIRED"]),
    ({"request_id": "r" * 129}, "request_id", ["129", "128"]),
]

BY_ID = ("GetJob", "CancelJob", "RetryJob", "DeleteJob", "CreateDownloadToken")
REVEALING = ("SELECT", "/tmp", "sqlite", ".sql")


class Refusals(Case):
    """One server, asked for what it must refuse."""

    settings = {"EXPORT_WORKERS": 1}

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.alice = self.caller(self.server)

    def assert_named(self, refusal, field, said):
        """The field is in the details, the value and what is accepted in the message."""
        self.assertEqual([(field, refusal.message)], refusal.fields)
        for word in said:
            self.assertIn(word, refusal.message)
        for word in REVEALING:
            self.assertNotIn(word, refusal.message)
        self.assertLess(len(refusal.message), 600)

    def test_every_bad_value_of_a_create_is_named_with_what_is_accepted(self):
        for fields, field, said in BAD_CREATES:
            with self.subTest(field=field, said=said):
                self.assert_named(self.refused(INVALID, self.alice.CreateJob, **fields), field, said)
        self.assertEqual(0, len(self.alice.ListJobs().jobs))

    def test_every_bad_value_of_a_list_is_named_with_what_is_accepted(self):
        for fields, field, said in BAD_LISTS:
            with self.subTest(field=field, said=said):
                self.assert_named(self.refused(INVALID, self.alice.ListJobs, **fields), field, said)

    def test_a_missing_id_is_a_mistake_and_a_strange_one_is_no_job(self):
        for rpc in BY_ID:
            with self.subTest(rpc):
                call = getattr(self.alice, rpc)
                self.assert_named(self.refused(INVALID, call, id=""), "id", ["id"])
                for id in (NO_JOB, "7", "x" * 3000, "💥", NO_JOB.replace("-", "")):
                    self.assertIn("no job", self.refused(grpc.StatusCode.NOT_FOUND, call, id=id).message)
        self.refused(grpc.StatusCode.NOT_FOUND, self.alice.WatchJob, id=NO_JOB)

    def test_a_download_needs_a_token_and_an_offset_of_0_or_more(self):
        self.assert_named(self.refused(INVALID, self.alice.Download), "token", ["download token"])
        self.assert_named(self.refused(INVALID, self.alice.Download, token="x", offset=-5), "offset", ["-5"])

    def test_one_job_too_many_is_told_when_to_come_back(self):
        jobs = [self.alice.create("stuck") for _ in range(5)]
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.alice.create, type="stuck")
        self.assertIn("5", refusal.message)
        self.assertGreater(refusal.retry_s, 0)
        for job in jobs:
            self.alice.CancelJob(id=job.id)
        self.alice.completed(self.alice.rows(1).id)

    def test_a_file_that_is_not_there_yet_is_no_reason_for_a_token(self):
        for job in (self.alice.create("stuck"), self.alice.rows(1)):
            refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.alice.CreateDownloadToken, id=job.id)
            self.assertRegex(refusal.message, "(RUNNING|QUEUED).*COMPLETED")
        for job in self.alice.ListJobs().jobs:
            self.alice.CancelJob(id=job.id)

    def test_a_name_that_cannot_be_one_is_not_authenticated(self):
        caller = self.caller(self.server, "x" * 129)
        self.assertIn("x-exportq-user", self.refused(grpc.StatusCode.UNAUTHENTICATED, caller.ListJobs).message)

    def test_a_message_over_the_limit_is_refused_as_such(self):
        fields = notes(("tags", "x" * 1_100_000))
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.alice.CreateJob, **fields)
        self.assertRegex(refusal.message.lower(), "larger|large|size|max|limit")

    def test_a_failed_job_says_what_where_and_nothing_secret(self):
        failed = self.alice.ended(self.alice.create("torn").id)
        self.assertIn("row 1, column at", failed.error.message)
        for word in (*REVEALING, "yesterday"):  # values of rows are not for messages and logs
            self.assertNotIn(word, failed.error.message)

    def test_a_method_nobody_knows_is_unimplemented(self):
        channel = self.server.channel()
        self.addCleanup(channel.close)
        for path in ("/exportqueue.v1.ExportService/Nothing", "/exportqueue.v1.Nothing/GetJob", "/x"):
            call = channel.unary_unary(path)
            with self.assertRaises(grpc.RpcError) as caught:
                call(b"", timeout=20)
            self.assertEqual(UNIMPLEMENTED, caught.exception.code())


class GuardRails(Case):
    """What a job may not exceed."""

    def test_a_job_over_a_guard_rail_fails_at_once_and_says_which(self):
        cases = [
            ({"EXPORT_MAX_ROWS": 10}, "endless", ["10", "EXPORT_MAX_ROWS"]),
            ({"EXPORT_MAX_BYTES": "10KB"}, "endless", ["10000", "EXPORT_MAX_BYTES"]),
            ({"EXPORT_JOB_TIMEOUT": "200ms"}, "stuck", ["EXPORT_JOB_TIMEOUT"]),
        ]
        for settings, type, said in cases:
            with self.subTest(**settings):
                alice = self.caller(self.serve(**settings))
                failed = alice.ended(alice.create(type).id)
                self.assertEqual((pb.JOB_STATE_FAILED, 1), (failed.state, failed.attempt))
                self.assertEqual(("GUARD_RAIL", False), (failed.error.code, failed.error.retryable))
                for word in said:
                    self.assertIn(word, failed.error.message)


class FileSize(Case):
    """What the system lets a process write at most (ulimit -f)."""

    def test_a_file_over_the_systems_limit_fails_its_job_and_not_the_server(self):
        server = self.serve(EXPORT_WORKERS=1)
        alice = self.caller(server)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (256 * 1024, resource.RLIM_INFINITY))
        failed = alice.ended(alice.create("wide", filters={"count": "1000"}).id)
        self.assertEqual((pb.JOB_STATE_FAILED, "STORE_DENIED"), (failed.state, failed.error.code))
        self.assertIn("ulimit -f", failed.error.message)
        self.assertEqual(1, failed.attempt)  # it would not fit the next time either
        alice.completed(alice.rows(10).id)


class SwitchedOff(Case):
    """ENABLE_EXPORT_QUEUE=0."""

    def test_a_queue_that_is_switched_off_answers_health_only(self):
        server = self.serve(ENABLE_EXPORT_QUEUE=0)
        caller = self.caller(server)
        service = pb.DESCRIPTOR.services_by_name["ExportService"]
        for method in service.methods:
            if method.name == "Health":
                continue
            with self.subTest(method.name):
                refusal = self.refused(UNIMPLEMENTED, getattr(caller, method.name))
                self.assertIn("ENABLE_EXPORT_QUEUE=1", refusal.message)
        health = caller.Health()
        self.assertEqual(pb.HealthResponse.STATUS_DISABLED, health.status)
        self.assertEqual(14, len(service.methods))

    def test_health_counts_what_was_done(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=1))
        alice.completed(alice.rows(1).id)
        alice.ended(alice.create("torn").id)
        stuck = alice.create("stuck")
        alice.started(stuck.id)
        alice.rows(1)
        health = alice.Health()
        self.assertEqual((pb.HealthResponse.MODE_MEMORY, pb.HealthResponse.STATUS_OK), (health.mode, health.status))
        self.assertEqual((1, 1, 1, 1, 0, 0), (health.queued, health.running, health.processed, health.failed,
                                              health.retried, health.cancelled))
        self.assertTrue(health.store.reachable and health.version)
        self.assertGreater(health.uptime.ToNanoseconds(), 0)
        alice.CancelJob(id=stuck.id)
        self.assertEqual(1, alice.Health().cancelled)


if __name__ == "__main__":
    unittest.main()
