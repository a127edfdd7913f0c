# SPDX-License-Identifier: Apache-2.0
"""The logs: each move of a job and each refused call has one line, which shows nothing that it must not."""

import collections
import glob
import json
import os
import re
import time
import unittest

import grpc

import http2
import leaks
from bindings import ROOT
from postgres import PersistentCase, Worker
from support import Case, pb, wait_until

CALLS = re.compile(r"\b(?:job_)?log_(?:event|begin|add|end_of_run)\([^;]*;|\[AUDIT_\w+\] = \"[^\"]*\"")
EVENT = re.compile(r'"([a-z]+\.[a-z_]+)"')
CONVERSION = re.compile(r"%(?!s|\.\*s|d|u|zu|lld)")
PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "]+)(?: |$)')
SHARED = ["time", "level", "event", "job", "owner", "type", "format", "attempt"]
RUN = ["worker", "duration_ms"]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE_PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def read_logfmt(line):
    """The pairs of a line, all of which must be pairs."""
    pairs, at = {}, 0
    while at < len(line):
        found = PAIR.match(line, at)
        assert found and found.group(1) not in pairs, line
        text = found.group(2)
        pairs[found.group(1)] = json.loads(text) if text[0] == '"' else text
        at = found.end()
    return pairs


class Lines:
    """What logs have to say."""

    def __init__(self, *nodes, read=read_logfmt):
        self.lines = [read(line) for node in nodes for line in node.log().split("\n") if line]

    def of(self, id):
        """The moves of a job: [(event, line)]. What callers do with it has an actor: test_audit."""
        return [(line["event"], line) for line in self.lines if line.get("job") == id and
                line["event"].startswith("job.") and "actor" not in line]

    def named(self, event):
        return [line for line in self.lines if line["event"] == event]


class Jobs(Case):
    """A job's life in memory."""

    def events(self, server, id):
        return [event.removeprefix("job.") for event, _ in Lines(server).of(id)]

    def test_a_completed_job_has_two_lines_with_all_there_is_to_tell(self):
        server = self.serve()
        job = self.caller(server).rows(1000, request_id="the request")
        job = self.caller(server).completed(job.id)
        server.wait_for("event=job.completed")
        server.stop()
        (started, first), (completed, last) = Lines(server).of(job.id)
        self.assertEqual(("job.started", "job.completed"), (started, completed))
        shared = SHARED[:4] + ["request"] + SHARED[4:]
        self.assertEqual(shared + ["worker", "wait_ms"], list(first))
        self.assertEqual(shared + RUN + ["rows", "bytes"], list(last))
        self.assertEqual(("the request", "alice", "rows", "csv", "1", "1000", str(job.file.size)),
                         tuple(last[key] for key in ("request", "owner", "type", "format", "attempt", "rows", "bytes")))
        self.assertEqual(first["worker"], last["worker"])
        self.assertLess(int(first["wait_ms"]), 10000)
        self.assertLess(int(last["duration_ms"]), 10000)

    def test_the_trace_of_its_creation_is_in_each_line_of_a_job_and_in_the_job(self):
        server = self.serve()
        alice = self.caller(server)
        for sent, told in (((TRACE_PARENT,), TRACE_PARENT), ((TRACE_PARENT.upper(),), ""), (("1" * 5000,), ""),
                           ((TRACE_PARENT, TRACE_PARENT), ""), ((), "")):
            alice.metadata = (("x-exportq-user", "alice"), ("tracestate", "a=1"), *(("traceparent", value) for value in sent))
            job = alice.completed(alice.rows(10).id)
            self.assertEqual((told, "a=1" if told else ""), (job.trace_parent, job.trace_state))
            server.wait_for("event=job.completed job=" + job.id)
            lines = [line for line in Lines(server).lines if line.get("job") == job.id]
            self.assertEqual({"job.created", "job.started", "job.completed"}, {line["event"] for line in lines})
            self.assertEqual({TRACE if told else None}, {line.get("trace") for line in lines})

    def test_a_failed_job_tells_its_code_and_no_value_of_the_row(self):
        server = self.serve()
        job = self.caller(server).ended(self.caller(server).create("torn").id)
        server.wait_for("event=job.failed")
        server.stop()
        (_, failed) = Lines(server).of(job.id)[-1]
        self.assertEqual(SHARED + ["code", "reason"] + RUN, list(failed))
        self.assertEqual(("SOURCE_DATA", job.error.message), (failed["code"], failed["reason"]))
        self.assertNotIn("yesterday", server.log())

    def test_a_retry_tells_why_and_when(self):
        server = self.serve(EXPORT_MAX_ATTEMPTS=2, EXPORT_RETRY_BASE_MS=50)
        os.rename(self.kit.database, self.kit.database + ".away")
        job = self.caller(server).ended(self.caller(server).create("notes").id)
        server.wait_for("event=job.failed")
        server.stop()
        self.assertEqual(["started", "retrying", "started", "failed"], self.events(server, job.id))
        (_, _), (_, retrying), (_, again), (_, failed) = Lines(server).of(job.id)
        self.assertEqual(SHARED + ["code", "reason", "retry_in_ms"] + RUN, list(retrying))
        self.assertEqual(SHARED + ["code", "reason"] + RUN, list(failed))
        self.assertTrue(50 <= int(retrying["retry_in_ms"]) <= 150, retrying)
        self.assertEqual(["1", "2", "2"], [each["attempt"] for each in (retrying, again, failed)])
        self.assertEqual(job.error.message, failed["reason"])

    def test_a_cancelled_job_a_deleted_one_and_one_that_is_given_back_say_so(self):
        server = self.serve(EXPORT_WORKERS=3, EXPORT_DRAIN_TIMEOUT="0s")
        alice = self.caller(server)
        cancelled, deleted, released = (alice.create("endless") for _ in range(3))
        for job in (cancelled, deleted, released):
            alice.started(job.id)
        alice.CancelJob(id=cancelled.id)
        alice.DeleteJob(id=deleted.id)
        for job in (cancelled, deleted):
            server.wait_for("event=job.stopped job=" + job.id)
        server.stop()
        for job, end in ((cancelled, "stopped"), (deleted, "stopped"), (released, "released")):
            self.assertEqual(["started", end], self.events(server, job.id))
            self.assertEqual(SHARED + RUN, list(Lines(server).of(job.id)[-1][1]))

    def test_what_retention_takes_is_told(self):
        server = self.serve(EXPORT_RETENTION="1s", EXPORT_LOG_LEVEL="debug")
        job = self.caller(server).completed(self.caller(server).rows(1).id)
        server.wait_for("event=job.expired job=" + job.id)
        server.wait_for("level=debug event=janitor.pruned jobs=1")
        server.stop()
        self.assertEqual(["started", "completed", "expired"], self.events(server, job.id))

    def test_what_a_caller_sends_neither_starts_a_line_nor_forges_a_key(self):
        hostile = ['a" job=forged level="error', "x\nlevel=error event=forged", 'q","owner":"root', "\\", "\u2028\u0085 é 東京"]
        for format, read in (("logfmt", read_logfmt), ("json", json.loads)):
            with self.subTest(format):
                server = self.serve(EXPORT_LOG_FORMAT=format, EXPORT_MAX_ACTIVE_PER_USER=50)
                alice = self.caller(server)
                jobs = [alice.rows(1, request_id=text) for text in hostile]
                for job in jobs:
                    alice.completed(job.id)
                for text in hostile:
                    self.refused(grpc.StatusCode.INVALID_ARGUMENT, alice.CreateJob, type=text)
                    self.refused(grpc.StatusCode.NOT_FOUND, alice.GetJob, id=text)
                server.stop()
                lines = Lines(server, read=read)
                for job, text in zip(jobs, hostile):
                    self.assertEqual([text, text], [line["request"] for _, line in lines.of(job.id)])
                self.assertEqual(2 * len(hostile), len(lines.named("call.refused")))
                self.assertEqual([], [line for line in lines.lines if line["level"] == "error"])
                self.assertEqual(server.log().split("\n"), server.log().splitlines())

    def test_json_has_numbers_as_numbers_and_texts_as_texts(self):
        server = self.serve(EXPORT_LOG_FORMAT="json")
        alice = self.caller(server, "12345")
        job = alice.completed(alice.rows(1000, request_id="77").id)
        server.stop()
        lines = Lines(server, read=json.loads)
        last = lines.of(job.id)[-1][1]
        self.assertEqual((1000, job.file.size, 1, "12345", "77"),
                         tuple(last[key] for key in ("rows", "bytes", "attempt", "owner", "request")))
        for line in lines.lines:
            self.assertRegex(line["time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")


class Refusals(Case):
    """Calls that end with an error."""

    settings = {"EXPORT_DRAIN_TIMEOUT": "0s"}

    def test_each_refused_call_has_a_line_that_names_the_field_and_not_its_value(self):
        server = self.serve()
        alice = self.caller(server)
        job = alice.create("stuck")
        code = grpc.StatusCode
        asked = [pb.Filter(name="count", values=["not a number"])]
        table = [
            (code.INVALID_ARGUMENT, alice.CreateJob, {"type": "rows", "format": "csv", "filters": asked},
             {"code": "INVALID", "field": "filters[0].values"}),
            (code.NOT_FOUND, self.caller(server, "bob").GetJob, {"id": job.id},
             {"code": "NOT_FOUND", "owner": "bob", "job": job.id}),
            (code.FAILED_PRECONDITION, alice.CreateDownloadToken, {"id": job.id},
             {"code": "NOT_READY", "job": job.id}),
            (code.PERMISSION_DENIED, alice.Download, {"token": "a made-up token of some length"}, {"code": "DENIED"}),
            (code.NOT_FOUND, alice.WatchJob, {"id": "no id at all"}, {"code": "NOT_FOUND", "owner": "alice"}),
        ]
        for status, call, fields, _ in table:
            self.refused(status, call, **fields)
        server.stop()
        lines = [line for line in Lines(server).named("call.refused") if line["code"] != "UNAVAILABLE"]
        self.assertEqual(len(table), len(lines), lines)
        for line, (_, _, _, told) in zip(lines, table):
            self.assertEqual(told, {key: line.get(key) for key in told})
            self.assertEqual(("info", "127.0.0.1", "0"), (line["level"], line["address"], line["left_out"]))
            self.assertRegex(line["method"], r"\A/exportqueue\.v1\.ExportService/[A-Za-z]+\Z")
            self.assertLessEqual(set(line), set("time level event method job owner address code field left_out".split()))

    def test_a_refused_download_names_the_job_if_the_token_is_one_of_ours(self):
        server = self.serve()
        alice, bob = self.caller(server), self.caller(server, "bob")
        job = alice.completed(alice.rows(1).id)
        token = alice.token(job.id)
        code = grpc.StatusCode
        altered = token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:]
        self.refused(code.NOT_FOUND, bob.Download, token=token)
        self.refused(code.PERMISSION_DENIED, bob.Download, token=altered)
        self.refused(code.INVALID_ARGUMENT, alice.Download, token=token, offset=10**9)
        alice.download(token)
        self.refused(code.FAILED_PRECONDITION, alice.Download, token=token)
        server.stop()
        told = {(line["code"], line.get("job")) for line in Lines(server).named("call.refused")}
        self.assertEqual({("NOT_FOUND", job.id), ("DENIED", None), ("INVALID", job.id), ("USED", job.id)}, told)

    def test_the_request_id_of_a_call_is_told(self):
        server = self.serve()
        alice = self.caller(server)
        for sent in ("r-1", 'a" job="x', "x" * 1000):
            alice.metadata = (("x-exportq-user", "alice"), ("x-request-id", sent))
            self.refused(grpc.StatusCode.NOT_FOUND, alice.GetJob, id="nope")
        server.stop()
        self.assertEqual(["r-1", 'a" job="x', "x" * 128],
                         [line["request"] for line in Lines(server).named("call.refused")])

    def test_the_trace_of_a_call_is_told_if_it_is_one(self):
        server = self.serve()
        alice = self.caller(server)
        for sent in (TRACE_PARENT, TRACE_PARENT + "-more", 'a" trace="x'):
            alice.metadata = (("x-exportq-user", "alice"), ("traceparent", sent))
            self.refused(grpc.StatusCode.NOT_FOUND, alice.GetJob, id="nope")
        server.stop()
        self.assertEqual([TRACE, None, None], [line.get("trace") for line in Lines(server).named("call.refused")])

    def test_calls_that_no_handler_sees_are_told_too(self):
        server = self.serve(EXPORT_MAX_CALLS=1)
        alice = self.caller(server)
        job = alice.create("stuck")
        channel = server.channel()
        self.addCleanup(channel.close)
        with self.assertRaises(grpc.RpcError):
            channel.unary_unary("/no.such/Method")(b"", timeout=20)
        with self.assertRaises(grpc.RpcError):
            channel.unary_unary("/exportqueue.v1.ExportService/GetJob")(b"\xff\xff", timeout=20)
        stream = wait_until(lambda: self.open_watch(alice, job.id), "the calls before are forgotten")
        with self.assertRaises(grpc.RpcError):
            channel.unary_unary("/exportqueue.v1.ExportService/Health")(b"", timeout=20)
        stream.cancel()
        server.stop()
        told = [(line["method"], line["code"]) for line in Lines(server).named("call.refused")
                if not line["method"].endswith("WatchJob")]
        self.assertEqual([("/no.such/Method", "UNIMPLEMENTED"), ("/exportqueue.v1.ExportService/GetJob", "INVALID"),
                          ("/exportqueue.v1.ExportService/Health", "LIMIT")], told)

    @staticmethod
    def open_watch(caller, id):
        """A watch that has begun; None where it was over the limit."""
        stream = caller.WatchJob(id=id)
        try:
            next(stream)
            return stream
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
            return None

    def test_a_flood_of_refusals_has_a_hundred_lines_a_second_and_the_rest_is_counted(self):
        server = self.serve()
        alice = self.caller(server)
        begin = time.monotonic()
        count = 0
        while time.monotonic() - begin < 1.5 or count < 500:
            calls = [alice.stub.GetJob.future(pb.GetJobRequest(id="nope"), metadata=alice.metadata) for _ in range(100)]
            count += len([call for call in calls if call.code() == grpc.StatusCode.NOT_FOUND])
        seconds = time.monotonic() - begin
        time_of_next = int(time.monotonic()) + 1
        wait_until(lambda: time.monotonic() > time_of_next + 0.1, "the next second")
        self.refused(grpc.StatusCode.NOT_FOUND, alice.GetJob, id="nope")
        server.stop()
        lines = Lines(server).named("call.refused")
        self.assertLessEqual(len(lines), 110 * (seconds + 2))
        self.assertEqual(count + 1, len(lines) + sum(int(line["left_out"]) for line in lines))

    def test_what_grpc_says_of_a_peer_is_in_the_log_without_what_the_peer_sent(self):
        server = self.serve()
        connection = http2.Connection(server.address)
        self.addCleanup(connection.socket.close)
        more = (("grpc-timeout", "hush-this-value"),)
        connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS | http2.END_STREAM, 1,
                                    http2.call_fields(more=more)))
        server.wait_for("event=grpc.log place=.*grpc-timeout")
        server.stop()
        self.assertNotIn("hush-this-value", server.log())


class ManyProcesses(PersistentCase):
    """The same where a server and two workers share a queue: each move is logged by one of them."""

    settings = {"EXPORT_LEASE": "1s", "EXPORT_RETRY_BASE_MS": 50, "EXPORT_MAX_ACTIVE_PER_USER": 100}

    def test_each_move_of_each_job_is_logged_once(self):
        server = self.serve(EXPORT_WORKERS=0)
        workers = [self.work(EXPORT_DRAIN_TIMEOUT="0s") for _ in range(2)]
        alice = self.caller(server)
        alice.metadata += (("traceparent", TRACE_PARENT),)
        jobs = [alice.rows(2000, request_id="r%d" % i) for i in range(20)]
        torn, endless = alice.create("torn"), alice.create("endless")
        for job in jobs:
            alice.completed(job.id)
        alice.ended(torn.id)
        alice.started(endless.id)
        alice.CancelJob(id=endless.id)
        wait_until(lambda: any("event=job.stopped job=" + endless.id in worker.log() for worker in workers), "it stops")
        released = alice.create("endless")
        alice.started(released.id)
        for worker in workers:
            worker.stop()
        lines = Lines(server, *workers)
        for i, job in enumerate(jobs):
            (started, first), (completed, last) = lines.of(job.id)
            self.assertEqual(("job.started", "job.completed", "r%d" % i, "2000", "1"),
                             (started, completed, last["request"], last["rows"], last["attempt"]))
            self.assertEqual(first["worker"], last["worker"])
            self.assertEqual((TRACE, TRACE), (first["trace"], last["trace"]))
            self.assertTrue(0 <= int(first["wait_ms"]) < 60000, first)
        self.assertEqual(["job.started", "job.failed"], [event for event, _ in lines.of(torn.id)])
        self.assertEqual(["job.started", "job.stopped"], [event for event, _ in lines.of(endless.id)])
        # It may have been released by one and taken by the other, which then released it too.
        told = [event for event, _ in lines.of(released.id)]
        self.assertEqual(collections.Counter(told)["job.started"], collections.Counter(told)["job.released"])
        self.assertLessEqual(set(told), {"job.started", "job.released"})

    def test_a_lost_worker_is_told_of_once_by_one_of_the_janitors(self):
        servers = [self.serve(EXPORT_WORKERS=0) for _ in range(2)]
        lost = self.node(Worker, EXPORT_WORKERS=1).start()
        alice = self.caller(servers[0])
        job = alice.create("endless", request_id="lost one")
        alice.started(job.id)
        lost.kill()
        wait_until(lambda: any("job.retrying" in server.log() for server in servers), "it is rescued", 30)
        worker = self.work(EXPORT_DRAIN_TIMEOUT="0s")
        worker.wait_for("event=job.started job=" + job.id)
        alice.CancelJob(id=job.id)
        worker.wait_for("event=job.stopped job=" + job.id)
        told = Lines(*servers, worker).of(job.id)
        self.assertEqual(["job.retrying", "job.started", "job.stopped"], [event for event, _ in told])
        self.assertEqual(("WORKER_LOST", "1", "lost one"),
                         tuple(told[0][1][key] for key in ("code", "attempt", "request")))
        self.assertGreater(int(told[0][1]["retry_in_ms"]), 0)
        self.assertEqual("2", told[1][1]["attempt"])

    def test_of_several_janitors_one_tells_that_a_job_expired(self):
        servers = [self.serve(EXPORT_RETENTION="1s", EXPORT_WORKERS=1) for _ in range(3)]
        alice = self.caller(servers[0])
        jobs = [alice.rows(1) for _ in range(10)]
        for job in jobs:
            wait_until(lambda job=job: any("event=job.expired job=" + job.id in server.log() for server in servers),
                       "it expires")
        for server in servers:
            server.stop()
        for job in jobs:
            told = Lines(*servers).of(job.id)
            self.assertEqual(["job.completed", "job.expired", "job.started"], sorted(event for event, _ in told))


class Secrets(Case):
    """Who looks for what must not be seen."""

    def test_at_debug_level_nothing_is_shown_and_all_was_looked_for(self):
        server = self.serve(EXPORT_LOG_LEVEL="debug", EXPORT_DOWNLOAD_SECRET="k1:" + "c2VjcmV0" * 8)
        alice = self.caller(server)
        job = alice.completed(alice.create("notes", filters={"tags": ["a rare tag", "b"], "mood": "good"}).id)
        token = alice.token(job.id)
        alice.download(token)
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, alice.Download, token=token)
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, alice.create, type="notes", filters={"mood": "a rare mood"})
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, alice.create, type="notes", filters={"from": "a rare day"})
        server.stop()
        known = {token: leaks.TOKEN, "c2VjcmV0" * 8: leaks.SETTING, "a rare tag": leaks.VALUE,
                 "a rare mood": leaks.VALUE, "a rare day": leaks.VALUE}
        self.assertEqual(known, {each: leaks.MEMORY.known.get(each) for each in known})

    def test_a_log_that_shows_something_fails_the_test_and_masks_it(self):
        for text, what in (("the key of an apt planter", leaks.CREDENTIAL), ("a planted value", leaks.VALUE)):
            server = self.serve()
            leaks.MEMORY.add(text, what, 1)
            self.addCleanup(leaks.MEMORY.known.pop, text)
            server.lines.append("event=planted text=\"%s\"" % text)
            with self.assertRaises(AssertionError) as caught:
                server.stop()
            self.assertIn('event=planted text="<%s>"' % what, str(caught.exception))
            self.assertNotIn(text, str(caught.exception))

    def test_a_command_line_that_shows_something_fails_the_test(self):
        leaks.secret("planted-on-the-command-line")
        self.addCleanup(leaks.MEMORY.known.pop, "planted-on-the-command-line")
        server = self.serve()
        leaks.check_command_line(server.process.pid)
        server.stop()
        server.arguments = ["--state-dir", server.home + "/planted-on-the-command-line"]
        server.start()
        with self.assertRaises(AssertionError):
            server.stop()
        server.process.kill()
        server.process.wait(20)
        server.process = None

    def test_an_answer_that_shows_a_secret_fails_the_test(self):
        server = self.serve()
        alice = self.caller(server)
        leaks.secret("a type that is a secret")
        self.addCleanup(leaks.MEMORY.known.pop, "a type that is a secret")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, alice.CreateJob, type="no such type, a type that is a secret")
        with self.assertRaises(AssertionError) as caught:
            server.stop()
        self.assertIn("<a credential>", str(caught.exception))


class Book(unittest.TestCase):
    """docs/operating.md knows the events."""

    @staticmethod
    def calls():
        for path in sorted(glob.glob(os.path.join(ROOT, "*/*.c"))):
            if os.path.basename(os.path.dirname(path)) in ("server", "engine", "worker"):
                with open(path, encoding="utf-8") as file:
                    yield from CALLS.findall(file.read())

    def test_it_has_each_event_that_there_is_and_no_other(self):
        with open(os.path.join(ROOT, "docs/operating.md"), encoding="utf-8") as file:
            rows = re.findall(r"(?m)^\| (`[a-z]+\.[a-z_]+`(?:, `[a-z_.]+`)*) \|", file.read())
        told = [event for row in rows for event in re.findall(r"`([^`]+)`", row)]
        logged = {event for call in self.calls() for event in EVENT.findall(call)}
        self.assertEqual(len(told), len(set(told)))
        self.assertEqual(logged, set(told))

    def test_the_log_knows_each_conversion_that_is_used(self):
        for call in self.calls():
            for text in re.findall(r'"((?:[^"\\]|\\.)*)"', call):
                self.assertIsNone(CONVERSION.search(text), call)


if __name__ == "__main__":
    unittest.main()
