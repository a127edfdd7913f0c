# SPDX-License-Identifier: Apache-2.0
"""The browser's door: the journal's routes, statuses and fields, events, and downloads that happen once."""

import hashlib
import json
import os
import subprocess
import time
import unittest

from server import is_plain, program, run_once, wait_until
from support import Case
from web import DOCUMENT, Web, arguments, assert_documented, operations

JOBS = "/api/exports/jobs"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
FIELDS = {"id", "type", "format", "status", "createdAt", "startedAt", "completedAt", "error", "filename",
          "downloadToken", "tokenExpiresAt", "tokenConsumed", "requestId", "progress"}  # the journal's own
LISTENERS, SANITIZED_LISTENERS, WITHIN_MS = 5000, 200, 1000
OVERLAP_MS = 2100


def tearDownModule():
    assert_documented()


class WebCase(Case):
    """A server with both doors."""

    def serve_web(self, **settings):
        server = self.serve(EXPORT_HTTP_LISTEN="127.0.0.1:0", **settings)
        self.address = server.wait_for(r"server\.http_listening address=(\S+)").group(1)
        return server

    def web(self, user="alice", token=None):
        return Web(self.address, user, token)


class Told(WebCase):
    settings = {"EXPORT_WEBHOOK_SECRET": "whsec_" + "c2VjcmV0" * 4, "EXPORT_WEBHOOK_ALLOW_PRIVATE": "1"}

    def test_where_a_jobs_end_is_told_is_shown_to_its_owner_alone(self):
        self.serve_web()
        url = "https://127.0.0.1:1/hook?key=hers"
        job = self.web().post(JOBS, {"type": "rows", "format": "csv", "params": {"count": 1}, "webhookUrl": url}).data
        self.assertEqual(url, self.web().job(job["id"])["webhookUrl"])
        others = self.web("bob").get(JOBS + "/" + job["id"])
        self.assertEqual(404, others.status)
        self.assertNotIn(b"hook", others.body)


class Journal(WebCase):
    """What the journal's own page relies on."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_MAX_ACTIVE_PER_USER": 2, "EXPORT_DRAIN_TIMEOUT": "0s"}

    def setUp(self):
        super().setUp()
        self.server = self.serve_web()
        self.alice = self.web()

    def refusal(self, status, code, answer):
        self.assertEqual((status, code), (answer.status, answer.code), answer.body)
        self.assertEqual({"error"}, set(answer.json))
        return answer.json["error"]

    def test_a_job_tells_how_its_file_was_to_look(self):
        looks = {"locale": "de-DE", "timeZone": "Europe/Berlin", "delimiter": ";", "bom": True, "newline": "lf",
                 "header": "titles", "compression": "gzip", "nullText": "NULL", "places": 0, "formulaGuard": False}
        for asked in looks, {"dialect": "excel", "exactNumbers": "string"}:
            body = {"type": "rows", "format": "csv", "params": {"count": 1}, "presentation": asked}
            made = self.alice.post(JOBS, body)
            self.assertEqual(202, made.status, made.body)
            self.assertEqual(asked, made.data["presentation"])
            self.assertEqual(asked, self.alice.job(made.data["id"])["presentation"])

    def test_a_job_has_the_journals_fields_all_its_life(self):
        begun = int(time.time() * 1000)
        job = self.alice.create("rows", count=3, headers={"x-request-id": "req 1"})
        self.assertLessEqual(FIELDS, set(job))
        self.assertEqual(("rows", "csv", "queued", "req 1", None, None, False),
                         (job["type"], job["format"], job["status"], job["requestId"], job["error"],
                          job["downloadToken"], job["tokenConsumed"]))
        self.assertLess(abs(job["createdAt"] - begun), 5000)
        done = self.alice.completed(job["id"])
        self.assertEqual((3, 3, "EXACT"), (done["rows"], done["progress"]["rowsDone"], done["progress"]["rowsTotalKind"]))
        self.assertRegex(done["filename"], r"^rows-\d{8}-\d{6}\.csv$")
        self.assertTrue(done["createdAt"] <= done["startedAt"] <= done["completedAt"] < done["expiresAt"])
        self.assertEqual([done], self.alice.get(JOBS, query={"requestId": "req 1"}).data)
        self.assertIsNone(done["traceParent"])
        self.assertEqual(({}, None), (done["presentation"], done["webhookUrl"]))
        again = self.alice.create("rows", count=3, headers={"x-request-id": "req 1"})
        self.assertEqual(job["id"], again["id"])

    def test_a_request_id_that_is_no_text_is_refused(self):
        self.refusal(400, "INVALID", self.alice.post(JOBS, {"type": "rows"}, headers={"x-request-id": b"bad-\xff\xfe"}))
        self.assertEqual([], self.alice.get(JOBS).data)

    def test_a_trace_context_goes_with_the_job(self):
        for header, kept, state in ((TRACE, TRACE, "a=1,b=2"), ("00-nonsense", None, None)):
            job = self.alice.create("rows", count=1, headers={"traceparent": header, "tracestate": "a=1, b=2"})
            self.assertEqual((kept, state), (job["traceParent"], job["traceState"]))
            self.alice.ended(job["id"])
        self.server.wait_for("event=job.completed .*trace=" + TRACE.split("-")[1])

    def test_params_are_filters_limit_and_columns(self):
        job = self.alice.create("notes", "json", **{"from": "2025-01-01", "tags": ["work", "home"], "mood": "", "done": None,
                                                    "least": 1, "limit": 2, "selectedColumns": ["secret", "id"]})
        self.assertEqual({"from": "2025-01-01", "tags": ["work", "home"], "least": "1", "limit": 2,
                          "selectedColumns": ["secret", "id"]}, job["params"])
        self.alice.completed(job["id"])
        rows = json.loads(self.alice.download(job["id"], self.alice.token(job["id"])).body)
        self.assertLessEqual(len(rows), 2)
        self.assertTrue(all(list(row) == ["secret", "id"] for row in rows), rows)

    def test_bad_input_is_refused_by_name(self):
        for body, field in (({}, "type"), ({"type": "nothing"}, "type"), ({"type": "rows", "format": "pdf"}, "format"),
                            ({"type": 7}, "type"), ({"type": "rows", "params": []}, "params"),
                            ({"type": "rows", "params": {"count": {"a": 1}}}, "params.count"),
                            ({"type": "rows", "params": {"count": "many"}}, "params.count"),
                            ({"type": "rows", "params": {"count": [1, 2]}}, "params.count"),
                            ({"type": "notes", "params": {"mood": "good", "colour": "red"}}, "params.colour"),
                            ({"type": "notes", "params": {"c" * 200: 1}}, "params." + "c" * 56),
                            ({"type": "notes", "params": {"tags": ["a", "b" * 2000]}}, "params.tags"),
                            ({"type": "rows", "params": {"limit": 0}}, "params.limit"),
                            ({"type": "rows", "params": {"limit": "x"}}, "params.limit"),
                            ({"type": "rows", "params": {"selectedColumns": ["nope"]}}, "params.selectedColumns[0]"),
                            ({"type": "rows", "params": {"selectedColumns": ["n"] * 999}}, "params.selectedColumns"),
                            ({"type": "rows", "params": {"selectedColumns": {}}}, "params.selectedColumns"),
                            ({"type": "rows", "presentation": {"locale": "xx-nowhere"}}, "presentation.locale"),
                            ({"type": "rows", "presentation": {"timeZone": "Mars/Olympus"}}, "presentation.timeZone"),
                            ({"type": "rows", "presentation": {"nullText": "n" * 999}}, "presentation.nullText"),
                            ({"type": "rows", "presentation": {"compression": "rar"}}, "presentation.compression"),
                            ({"type": "rows", "presentation": {"wide": True}}, "presentation.wide"),
                            ({"type": "rows", "webhookUrl": "https://example.org/"}, "webhookUrl"),
                            ({"type": "rows", "webhookUrl": "https://x/" + "u" * 4000}, "webhookUrl"),
                            ({"type": "rows", "colour": "red"}, "colour"), ({"type": "rows", "c" * 200: 1}, "c" * 40)):
            error = self.refusal(400, "INVALID", self.alice.post(JOBS, body))
            self.assertEqual(field, error["field"], (body, error))
        for body, advice in (({"type": "rows", "requestId": "a"}, "header X-Request-Id"), ({"type": "rows", "filters": {}}, "into params"),
                             ({"type": "rows", "presentation": {"timezone": "UTC"}}, "timeZone"),
                             ({"type": "notes", "params": {"columns": ["id"]}}, "selectedColumns")):
            self.assertIn(advice, self.refusal(400, "INVALID", self.alice.post(JOBS, body))["message"])
        long = self.alice.post(JOBS, {"type": "rows"}, headers={"x-request-id": "r" * 129})
        self.assertEqual("X-Request-Id", self.refusal(400, "INVALID", long)["field"])
        for text in ("", "{", "[]", "null", '"x"', "{} {}", '{"type":"a","type":"b"}', '{"type":"\\ud800"}', "\xff"):
            self.refusal(400, "INVALID", self.alice.post(JOBS, text, headers={"Content-Type": "application/json"}))
        self.refusal(415, "UNSUPPORTED_MEDIA_TYPE", self.alice.post(JOBS, "type=rows"))
        self.assertEqual([], self.alice.get(JOBS).data)

    def test_an_argument_that_a_route_does_not_take_is_refused_by_name(self):
        for method, path, operation in operations():
            answer = self.alice.ask(method, path.replace("{id}", "x") + "?token=x&id=x&requestid=x&requestId=x")
            if not path.startswith("/api/"):
                self.assertLess(answer.status, 400, path)  # a link may carry anything
                continue
            error = self.refusal(400, "INVALID", answer)
            taken = arguments(operation)
            self.assertNotIn(error["field"], taken)
            self.assertIn("takes " + (", ".join(sorted(taken)) or "none"), error["message"])
        self.assertIn('"" here', self.refusal(400, "INVALID", self.alice.get(JOBS + "?=x"))["message"])
        for query in ({"limit": "1"}, {"pageSize": 2, "PageToken": "x"}):
            self.refusal(400, "INVALID", self.alice.get(JOBS, query=query))

    def test_more_than_the_limit_is_429(self):
        for _ in range(2):
            self.alice.create("stuck")
        answer = self.alice.post(JOBS, {"type": "stuck"})
        self.refusal(429, "RATE_LIMIT", answer)
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def test_a_token_that_was_used_is_410_and_a_forged_one_403(self):
        id = self.alice.create("rows", count=3)["id"]
        self.alice.completed(id)
        token = self.alice.token(id)
        self.refusal(403, "DENIED", self.alice.download(id, token[:-2] + ("AA" if token[-2:] != "AA" else "BB")))
        error = self.refusal(400, "INVALID", self.alice.get("%s/%s/download" % (JOBS, id)))
        self.assertEqual(("token", True), (error["field"], "POST " in error["message"]), error)
        self.assertFalse(self.alice.job(id)["tokenConsumed"])
        self.assertEqual(200, self.alice.download(id, token).status)
        wait_until(lambda: self.alice.job(id)["tokenConsumed"], "the job to say so")
        used = self.alice.download(id, token)
        self.refusal(410, "USED", used)
        self.assertEqual((None, None), (used.headers["Content-Disposition"], used.headers["ETag"]))
        self.refusal(410, "USED", self.alice.post("%s/%s/token" % (JOBS, id)))

    def test_what_is_not_ready_is_409_and_what_is_not_there_404(self):
        id = self.alice.create("stuck")["id"]
        self.refusal(409, "NOT_READY", self.alice.post("%s/%s/token" % (JOBS, id)))
        error = self.refusal(409, "WRONG_STATE", self.alice.post("%s/%s/retry" % (JOBS, id)))
        self.assertRegex(error["message"], "is (queued|running); only a failed or cancelled job can be retried")
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/retry"), ("POST", "/token")):
            for who, of in ((self.web("bob"), id), (self.alice, id[:-4] + "0000"), (self.alice, "no-id")):
                self.refusal(404, "NOT_FOUND", who.ask(method, "%s/%s%s" % (JOBS, of, path)))
        self.alice.create("rows", count=1, headers={"x-request-id": "r"})
        self.refusal(409, "EXISTS", self.alice.post(JOBS, {"type": "rows", "params": {"count": 2}},
                                                    headers={"x-request-id": "r"}))

    def test_cancel_retry_and_delete(self):
        id = self.alice.create("stuck")["id"]
        wait_until(lambda: self.alice.job(id)["status"] == "running", "the start")
        self.assertIn(self.alice.post("%s/%s/cancel" % (JOBS, id)).data["status"], ("running", "cancelled"))
        self.assertEqual("cancelled", self.alice.ended(id)["status"])
        self.assertEqual("queued", self.alice.post("%s/%s/retry" % (JOBS, id)).data["status"])
        self.assertEqual({"id": id}, self.alice.ask("DELETE", "%s/%s" % (JOBS, id)).data)
        self.assertEqual(404, self.alice.get("%s/%s" % (JOBS, id)).status)

    def test_what_has_ended_says_so_when_it_is_to_be_cancelled_or_retried(self):
        id = self.alice.completed(self.alice.create("rows", count=1)["id"])["id"]
        for verb in ("cancel", "retry"):
            error = self.refusal(409, "WRONG_STATE", self.alice.post("%s/%s/%s" % (JOBS, id, verb)))
            self.assertIn("is completed; only", error["message"])
        id = self.alice.create("stuck")["id"]
        self.alice.post("%s/%s/cancel" % (JOBS, id))
        self.alice.ended(id)
        error = self.refusal(409, "WRONG_STATE", self.alice.post("%s/%s/token" % (JOBS, id)))
        self.assertIn("is cancelled; it has no file", error["message"])

    def test_a_limit_may_be_a_text(self):
        for limit, taken in (("2", 2), ("", None), (None, None)):
            job = self.alice.create("rows", count=9, limit=limit)
            self.assertEqual(taken, job["params"].get("limit"))
            self.alice.ended(job["id"])
        described = DOCUMENT["components"]["schemas"]["CreateJob"]["properties"]["params"]["properties"]["limit"]
        self.assertIn("string", described["type"])

    def test_types_and_health(self):
        types = {each["name"]: each for each in self.alice.get("/api/exports/types").data}
        notes = {each["name"]: each for each in types["notes"]["filters"]}
        self.assertEqual((["good", "bad"], True, "date"),
                         (notes["mood"]["choices"], notes["tags"]["isList"], notes["from"]["type"]))
        self.assertEqual([False], [each["isDefault"] for each in types["notes"]["columns"] if each["name"] == "secret"])
        health = Web(self.address).get("/api/health").data
        self.assertEqual(("ok", "memory", ["none"], 0), (health["status"], health["mode"], health["auth"], health["running"]))
        limits = {each["name"]: each["limit"] for each in health["limits"]}
        self.assertTrue(1 <= limits["EXPORT_MAX_CONNECTIONS"] <= 10000, limits)

    def test_a_queue_that_is_off_is_501_and_health_answers(self):
        self.serve_web(ENABLE_EXPORT_QUEUE=0)
        alice = self.web()
        for answer in (alice.get(JOBS), alice.post(JOBS, {"type": "rows"}), alice.get("/api/exports/types"),
                       alice.get("/api/exports/events"), alice.get(JOBS + "/x/download?token=y")):
            self.refusal(501, "UNIMPLEMENTED", answer)
        self.assertEqual("disabled", alice.get("/api/health").data["status"])

    def test_what_no_route_has_is_refused(self):
        self.assertIn("/api/openapi.json", self.refusal(404, "NOT_FOUND", self.alice.get("/api/nothing"))["message"])
        answer = self.alice.ask("PUT", JOBS)
        self.refusal(405, "METHOD_NOT_ALLOWED", answer)
        self.assertEqual("POST, GET, HEAD", answer.headers["Allow"])
        self.refusal(413, "TOO_LARGE", self.alice.post(JOBS, "x" * 2_000_000))


class Downloads(WebCase):
    """A file is handed over once, however a browser asks for it."""

    def setUp(self):
        super().setUp()
        self.begin()

    def begin(self, **settings):
        self.server = self.serve_web(**settings)
        self.alice = self.web()
        self.job = self.alice.completed(self.alice.create("rows", count=100_000)["id"])
        self.job_id = self.job["id"]

    def test_what_looks_spends_nothing(self):
        token = self.alice.token(self.job_id)
        tag = '"%s"' % self.job["sha256"]
        for wanted, answer in ((200, self.alice.download(self.job_id, token, "HEAD")),
                               (304, self.alice.download(self.job_id, token, If_None_Match=tag)),
                               (416, self.alice.download(self.job_id, token, Range="bytes=%d-" % self.job["size"])),
                               (403, self.alice.download(self.job_id, token, Sec_Purpose="prefetch;prerender"))):
            self.assertEqual(wanted, answer.status)
        head = self.alice.download(self.job_id, token, "HEAD")
        self.assertEqual((str(self.job["size"]), tag, b""), (head.headers["Content-Length"], head.headers["ETag"], head.body))
        whole = Web(self.address).download(self.job_id, token)  # who has the token says no more
        self.assertEqual((200, self.job["sha256"]), (whole.status, hashlib.sha256(whole.body).hexdigest()))
        for name, value in {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "ETag": tag,
                            "Content-Encoding": None, "Accept-Ranges": "bytes", "Content-Length": str(self.job["size"]),
                            "Content-Disposition": "attachment; filename=\"%s\"; filename*=UTF-8''%s" % (
                                (self.job["filename"],) * 2)}.items():
            self.assertEqual(value, whole.headers[name], name)
        self.assertEqual(410, self.alice.download(self.job_id, token).status)

    def test_a_transfer_that_broke_is_resumed_by_its_range(self):
        token, size = self.alice.token(self.job_id), self.job["size"]
        connection = self.alice.connect()
        connection.request("GET", "/api/exports/jobs/%s/download?token=%s" % (self.job_id, token))
        first = connection.getresponse().read(1000)
        connection.close()
        for condition in ({}, {"If_Range": '"%s"' % self.job["sha256"]}):
            part = wait_until(lambda: (a := self.alice.download(self.job_id, token, Range="bytes=1000-%d" % (size // 2 - 1),
                                                                **condition)).status == 206 and a, "the lease's end")
            self.assertEqual("bytes 1000-%d/%d" % (size // 2 - 1, size), part.headers["Content-Range"])
        rest = self.alice.download(self.job_id, token, Range="bytes=%d-" % (size // 2))
        self.assertEqual(self.job["sha256"], hashlib.sha256(first + part.body + rest.body).hexdigest())
        wait_until(lambda: self.alice.download(self.job_id, token).status == 410, "the token to be spent")

    def test_a_range_of_another_file_gives_the_whole(self):
        answer = self.alice.download(self.job_id, self.alice.token(self.job_id), Range="bytes=5-", If_Range='"other"')
        self.assertEqual((200, self.job["size"]), (answer.status, len(answer.body)))

    def test_a_second_download_at_once_is_told_to_come_back(self):
        token = self.alice.token(self.job_id)
        big = self.alice.completed(self.alice.create("wide", count=30_000)["id"])["id"]
        token = self.alice.token(big)
        connection = self.alice.connect()
        connection.request("GET", "/api/exports/jobs/%s/download?token=%s" % (big, token))
        connection.getresponse().read(1000)
        answer = self.alice.download(big, token)
        self.assertEqual((409, "BUSY"), (answer.status, answer.code))
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        connection.close()

    def test_a_token_whose_time_is_over_is_410_and_one_of_another_job_403(self):
        self.begin(EXPORT_TOKEN_TTL="1s")
        other = self.alice.completed(self.alice.create("rows", count=1)["id"])["id"]
        self.assertEqual(403, self.alice.download(other, self.alice.token(self.job_id)).status)
        token = self.alice.token(self.job_id)
        answer = wait_until(lambda: (a := self.alice.download(self.job_id, token, "HEAD")).status == 410 and
                            self.alice.download(self.job_id, token), "the token's end")
        self.assertEqual((410, "EXPIRED"), (answer.status, answer.code))


class Stop(WebCase):
    """What a stop lets finish, whom it refuses, and what it does not wait for."""

    def ask(self, alice, job):
        """Asks for a job's file, on a connection that stays open."""
        connection = alice.connect(timeout=5)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/exports/jobs/%s/download?token=%s" % (job["id"], alice.token(job["id"])))
        return connection

    def test_a_download_ends_while_who_comes_is_told_to_come_later(self):
        server, alice = self.serve_web(), self.web()
        job = alice.completed(alice.create("wide", count=30_000)["id"])
        answer = self.ask(alice, job).getresponse()
        begin = answer.read(1000)
        server.signal()
        refusal = wait_until(lambda: (a := alice.get("/api/health")).status != 200 and a, "the door to close")
        self.assertEqual((503, "UNAVAILABLE", "close"), (refusal.status, refusal.code, refusal.headers["Connection"]))
        self.assertEqual(job["sha256"], hashlib.sha256(begin + answer.read()).hexdigest())
        server.assert_clean(server.wait())
        self.assertIn("size=%d told=1" % job["size"], server.log())

    def test_a_disk_that_hangs_holds_up_neither_other_routes_nor_the_stop(self):
        server, alice = self.serve_web(EXPORT_DRAIN_TIMEOUT="0s"), self.web()
        jobs = [alice.completed(alice.create("rows", count=1)["id"]) for _ in range(5)]  # the door has 4 handlers
        for name in os.listdir(files := os.path.join(server.state, "files")):
            if any(job["id"] in name for job in jobs):
                os.remove(path := os.path.join(files, name))
                os.mkfifo(path)  # which to open takes for ever
        for job in jobs:
            self.ask(alice, job)
        for path in ("/api/health", JOBS, "/exports", "/metrics"):
            self.assertEqual(200, alice.get(path).status, path)
        begin = time.monotonic()
        server.signal()
        self.assertEqual(1, server.wait(20))
        self.assertLess(time.monotonic() - begin, 10)
        self.assertIn("event=http.hanging calls=5", server.log())
        server.process = None  # it is no clean end


class EventStream(WebCase):
    """Pushes, as server-sent events."""

    def setUp(self):
        super().setUp()
        self.server = self.serve_web()
        self.alice = self.web()

    def test_each_change_is_pushed_and_only_to_its_owner(self):
        with self.alice.events() as events, self.web("bob").events() as others:
            self.assertEqual("text/event-stream", events.response.headers["Content-Type"])
            mine = self.alice.create("rows", count=3)["id"]
            theirs = self.web("bob").create("rows", count=3)["id"]
            seen = []
            events.until(lambda job: seen.append((job["id"], job["status"])) or job["status"] == "completed")
            self.assertEqual([(mine, "queued"), (mine, "running"), (mine, "completed")],
                             sorted(set(seen), key=seen.index))
            self.assertEqual(theirs, others.until(lambda job: job["status"] == "completed")[2]["id"])

    def test_a_job_that_is_deleted_is_told_to_its_owner_and_leaves_a_watch_of_others(self):
        id = self.alice.completed(self.alice.create("rows", count=3)["id"])["id"]
        with self.alice.events() as events, self.web("bob").events() as others:
            self.web().ask("DELETE", "%s/%s" % (JOBS, id))  # alice, elsewhere
            self.assertEqual(("gone", {"id": id}), events.until(lambda told: True)[::2])
            theirs = self.web("bob").create("rows", count=3)["id"]
            self.assertEqual(theirs, others.until(lambda job: True)[2]["id"])

    def test_the_events_of_one_job_end_with_it(self):
        id = self.alice.create("rows", count=3)["id"]
        with self.alice.events("?id=" + id) as events:
            self.assertEqual("completed", [job for _, _, job in events][-1]["status"])
        with self.web("bob").events("?id=" + id) as events:
            self.assertEqual(404, events.status)

    def test_who_comes_back_is_told_what_was_missed(self):
        old = self.alice.completed(self.alice.create("rows", count=1)["id"])
        # the overlap that clocks are allowed is over
        wait_until(lambda: time.time() * 1000 > old["completedAt"] + OVERLAP_MS, "the old job's time")
        with self.alice.events() as events:
            first = self.alice.create("rows", count=3)["id"]
            _, last, job = events.until(lambda job: job["status"] == "completed")
            self.assertEqual(first, job["id"])
        missed = self.alice.completed(self.alice.create("rows", count=4)["id"])
        with self.alice.events(Last_Event_Id=str(last)) as events:
            seen = []
            events.until(lambda job: seen.append(job["id"]) or job["id"] == missed["id"])
            self.assertNotIn(old["id"], seen)
            self.assertEqual(missed, self.alice.job(missed["id"]))

    def test_a_client_that_is_gone_is_dropped(self):
        for _ in range(3):
            self.alice.events().close()
        wait_until(lambda: [each["inUse"] for each in self.alice.get("/api/health").data["limits"]
                            if each["name"] == "EXPORT_MAX_WATCHES"] == [0], "its watch to be given back", 30)

    def test_a_drain_ends_the_stream(self):
        with self.alice.events() as events:
            self.server.stop()
            self.assertEqual([], list(events))

    def test_very_many_listeners_hear_of_an_event_at_once(self):
        count = LISTENERS if is_plain() else SANITIZED_LISTENERS
        self.serve_web(EXPORT_MAX_WATCHES_PER_USER=10_000, EXPORT_WORKERS=1, EXPORT_DRAIN_TIMEOUT="0s")
        alice, bob = self.web(), self.web("bob")
        stuck = bob.create("stuck")["id"]
        wait_until(lambda: bob.job(stuck)["status"] == "running", "the start")
        crowd = subprocess.Popen([program("listeners"), self.address.rpartition(":")[2], "alice", str(count)], text=True,
                                 stdout=subprocess.PIPE)
        self.addCleanup(crowd.stdout.close)
        self.assertEqual("ready\n", crowd.stdout.readline())
        created = alice.create("rows", count=1)["createdAt"]  # waits for the worker: one event
        last = int(crowd.stdout.readline().split()[1])
        self.assertEqual(0, crowd.wait(20))
        print("    the last of %d listeners heard of a job %d ms after it was created" % (count, last - created))
        if is_plain():
            self.assertLess(last - created, WITHIN_MS)


class Origins(WebCase):
    """A browser carries requests for pages of anybody."""

    def test_pages_of_another_origin_may_nothing(self):
        self.serve_web()
        alice = self.web()
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                        {"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example"}):
            self.assertEqual(403, alice.post(JOBS, {"type": "rows"}, headers=headers).status, headers)
        for headers in ({}, {"Origin": "http://" + self.address}, {"Sec-Fetch-Site": "same-origin"},
                        {"Host": "localhost:1"}, {"Host": "[::1]:8080"}, {"Host": "[::1]"}):
            answer = alice.post(JOBS, {"type": "rows", "params": {"count": 1}}, headers=headers)
            self.assertEqual(202, answer.status, headers)
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
            alice.ended(answer.data["id"])
        self.assertEqual(405, alice.ask("OPTIONS", JOBS, headers={"Access-Control-Request-Method": "POST"}).status)

    def test_what_is_no_origin_is_an_error_at_start(self):
        for origins in ("*", "example.org", "https://example.org/", "https://*.example.org", "https://a.example,,https://b.example"):
            status, _, said = run_once(["--demo"], {"EXPORT_HTTP_CORS_ORIGINS": origins, "EXPORT_HTTP_LISTEN": "127.0.0.1:0"})
            self.assertEqual((2, True), (status, "EXPORT_HTTP_CORS_ORIGINS has" in said), said)
        status, _, said = run_once(["--demo", "--listen", "127.0.0.1:18099"], {"EXPORT_HTTP_LISTEN": "127.0.0.1:18099"})
        self.assertEqual((2, True), (status, "an address of its own" in said), said)

    def test_an_origin_that_is_named_may_ask(self):
        self.serve_web(EXPORT_HTTP_CORS_ORIGINS="https://journal.example, https://other.example")
        alice = self.web()
        asks = {"Origin": "https://journal.example", "Access-Control-Request-Method": "POST"}
        preflight = alice.ask("OPTIONS", JOBS, headers=asks)
        self.assertEqual((204, "https://journal.example", "Origin"),
                         (preflight.status, preflight.headers["Access-Control-Allow-Origin"], preflight.headers["Vary"]))
        self.assertEqual(202, alice.post(JOBS, {"type": "rows", "params": {"count": 1}}, headers=asks).status)
        self.assertEqual(403, alice.ask("OPTIONS", JOBS, headers={**asks, "Origin": "https://journal.example.evil"}).status)


if __name__ == "__main__":
    unittest.main()
