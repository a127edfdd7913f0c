# SPDX-License-Identifier: Apache-2.0
"""Webhooks, as a receiver sees them that nobody here wrote the verification of: what comes, signed by whom, and
what becomes of it when the receiver is down, slow, gone or leads elsewhere."""

import base64
import json
import os
import re
import socket
import subprocess
import time

import grpc

import leaks
import node
from bindings import ROOT
from certificates import Authority
from postgres import PersistentCase
from receiver import Receiver
from server import run_once, wait_until
from support import Case, pb
from web import Web

NEW = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
DELIVERIES = "/api/exports/deliveries"
HUSH = "hush-9f2c41"  # what a URL may hold is not for the log
INVALID = grpc.StatusCode.INVALID_ARGUMENT
OURS = {"EXPORT_WEBHOOK_SECRET": NEW, "EXPORT_WEBHOOK_ALLOW_PRIVATE": 1, "EXPORT_WEBHOOK_RETRY_BASE": "50ms"}


class Told(Case):
    """One server and one receiver."""

    settings = OURS

    @classmethod
    def setUpClass(cls):
        node.modules("webhooks")

    def receiver(self, *secrets, **more):
        receiver = Receiver(secrets or (NEW,), **more)
        self.addCleanup(receiver.stop)
        return receiver

    def told(self, request):
        """What a request said, once it is known to be verified."""
        self.assertEqual([True], request["verified"], request)
        return json.loads(request["body"])

    def test_each_end_of_a_job_is_told_signed_and_without_a_token(self):
        receiver, server = self.receiver(), self.serve()
        leaks.secret(HUSH)
        alice = self.caller(server)
        hook = {"webhook_url": receiver.url("/ok?key=" + HUSH)}
        done = alice.completed(alice.rows(3, request_id="r-1", **hook).id)
        failed = alice.ended(alice.create("torn", **hook).id)
        stuck = alice.create("stuck", **hook)
        alice.CancelJob(id=stuck.id)
        alice.completed(alice.rows(1).id)  # of which nobody is told
        receiver.wait_for("/ok", 3)
        server.wait_for("event=webhook.delivered job=%s delivery=[-0-9a-f]{36} host=127.0.0.1 attempt=1 status=204"
                        % done.id)
        events = {each["data"]["id"]: each for each in map(self.told, receiver.requests)}
        self.assertEqual({done.id, failed.id, stuck.id}, set(events))
        for id, status in ((done.id, "completed"), (failed.id, "failed"), (stuck.id, "cancelled")):
            self.assertEqual("export." + status, events[id]["type"])
            self.assertEqual((status, "alice"), (events[id]["data"]["status"], events[id]["data"]["owner"]))
        data = events[done.id]["data"]
        self.assertEqual(("rows", "csv", "r-1", 3, done.file.sha256, done.file.size, done.file.name),
                         tuple(data[key] for key in ("type", "format", "requestId", "rows", "sha256", "size", "filename")))
        self.assertEqual(done.completed.ToMilliseconds(), data["completedAt"])
        self.assertEqual({"code": "SOURCE_DATA", "message": failed.error.message}, events[failed.id]["data"]["error"])
        for request in receiver.requests:
            self.assertNotIn("token", request["body"].lower())
            self.assertRegex(request["headers"]["user-agent"], "^exportq/")
            self.assertEqual("application/json", request["headers"]["content-type"])

    def test_configured_urls_are_told_of_all_jobs_and_each_url_once(self):
        receiver = self.receiver()
        server = self.serve(EXPORT_WEBHOOK_URLS="%s, %s, alice=%s" % tuple(map(receiver.url, ("/ok?a", "/ok?b", "/ok?own"))))
        alice, bob = self.caller(server), self.caller(server, "bob")
        jobs = [alice.rows(1).id, alice.rows(1, webhook_url=receiver.url("/ok?a")).id,
                bob.rows(1, webhook_url=receiver.url("/ok?c")).id]
        for id, caller in zip(jobs, (alice, alice, bob)):
            caller.completed(id)
        receiver.wait_for("/ok", 9)
        server.stop()
        told = [self.told(request)["data"]["id"] for request in receiver.requests]
        self.assertEqual([3, 3, 3], [told.count(id) for id in jobs])

    def test_each_answer_is_handled_as_the_standard_says(self):
        receiver = self.receiver()
        down = self.receiver()
        down.stop()
        server = self.serve(EXPORT_WEBHOOK_URLS=receiver.url("/gone"), EXPORT_WEBHOOK_TIMEOUT="1s",
                            EXPORT_MAX_ACTIVE_PER_USER=100)
        alice = self.caller(server)

        def line(end, event, more):
            return server.wait_for("event=webhook.%s job=%s .*%s" % (event, end, more))

        slow, redirect, long, busy, late = [
            alice.rows(1, webhook_url=url).id
            for url in [*map(receiver.url, ("/slow", "/redirect", "/long", "/busy")), down.url("/ok")]]
        line(redirect, "failed", 'status=302 .*reason="it answered 302, and redirects are not followed" retry_in_ms')
        line(long, "delivered", "status=200")
        line(busy, "failed", "status=503 .*retry_in_ms=1000")
        line(busy, "delivered", "attempt=2 status=204")
        line(late, "failed", "attempt=1 status=0 .*reason=.*connect")
        down.start()
        line(late, "delivered", "status=204")
        failed = line(slow, "failed", r"attempt=1 status=0 duration_ms=(\d+) reason=\"Timeout was reached\"")
        self.assertGreaterEqual(int(failed.group(1)), 1000)
        gone = server.wait_for("event=webhook.given_up job=(.*) delivery=.* status=410 .*gone=1")
        count = len(receiver.at("/gone"))
        last = alice.completed(alice.rows(1, webhook_url=receiver.url("/ok")).id)
        line(last.id, "delivered", "status=204")
        self.assertEqual(count, len(receiver.at("/gone")), gone.group())
        self.assertEqual([], receiver.at("/trap"))
        first, second = receiver.at("/busy")
        self.assertEqual(first["headers"]["webhook-id"], second["headers"]["webhook-id"])
        self.assertEqual(first["body"], second["body"])
        for request in (*receiver.requests, *down.requests):
            self.told(request)

    def test_a_secret_is_exchanged_while_receivers_have_the_old_or_the_new(self):
        receiver = self.receiver(OLD, NEW)
        path = os.path.join(self.kit.home, "webhook-secrets")

        def put(text):
            with open(path + ".new", "w", encoding="ascii") as file:
                file.write(text + "\n")
            os.replace(path + ".new", path)

        put(OLD)
        server = self.serve(EXPORT_WEBHOOK_SECRET=None, EXPORT_WEBHOOK_SECRET_FILE=path, EXPORT_WEBHOOK_URLS=receiver.url("/ok"))
        alice = self.caller(server)

        def verified():
            alice.rows(1)
            return receiver.wait_for("/ok", len(receiver.requests) + 1)[-1]["verified"]

        self.assertEqual([True, False], verified())
        for secrets, expected in ((NEW + "," + OLD, [True, True]), (NEW, [False, True])):
            put(secrets)
            wait_until(lambda: verified() == expected, "it is signed by %s" % expected)
        put("nonsense")
        wait_until(lambda: verified() and "event=webhook.secrets_reload_failed" in server.log(), "the log says so")
        self.assertEqual([False, True], verified())

    def test_certificates_are_verified(self):
        authority, stranger = Authority(self.kit.home), Authority(self.kit.home, "stranger")
        receiver = self.receiver(tls=authority.issue("receiver"))
        hook = {"webhook_url": receiver.url("/ok")}
        server = self.serve(EXPORT_WEBHOOK_CA=stranger.path)
        self.caller(server).rows(1, **hook)
        server.wait_for('event=webhook.failed .*status=0 .*reason="SSL')
        self.assertEqual([], receiver.requests)
        server.stop()
        self.caller(self.serve(EXPORT_WEBHOOK_CA=authority.path)).rows(1, **hook)
        self.told(receiver.wait_for("/ok")[0])

    def test_what_leads_to_a_private_address_is_refused_before_and_after_dns(self):
        receiver = self.receiver()
        server = self.serve(EXPORT_WEBHOOK_ALLOW_PRIVATE=0)
        alice = self.caller(server)
        for url in ("http://example.org/", "https://127.0.0.1/", "https://[::1]:1/", "https://169.254.169.254/latest",
                    "https://localhost/", "https://alice:%s@example.org/" % HUSH, "nonsense"):
            refusal = self.refused(INVALID, alice.create, type="rows", filters={"count": "1"}, webhook_url=url)
            self.assertEqual("webhook_url", refusal.fields[0][0])
        name = socket.gethostname()  # which is this machine, whatever its address is called
        job = alice.rows(1, webhook_url="https://%s:%d/ok" % (name, receiver.port))
        server.wait_for("event=webhook.failed job=%s .*reason=\"its address is private\"" % job.id)
        self.assertEqual([], receiver.requests)

    def test_over_http_an_owner_sees_what_was_given_up_and_sends_it_once_more(self):
        receiver = self.receiver()
        server = self.serve(EXPORT_HTTP_LISTEN="127.0.0.1:0")
        alice = Web(server.wait_for(r"server\.http_listening address=(\S+)").group(1), "alice")
        id = alice.post("/api/exports/jobs", {"type": "rows", "webhookUrl": receiver.url("/gone?key=" + HUSH)}).data["id"]

        def told(**query):
            return alice.get(DELIVERIES, query={"jobId": id, **query}).data
        [given_up] = wait_until(lambda: told(state="given_up"), "it is given up")
        wanted = {"jobId": id, "owner": "alice", "event": "export.completed", "host": "127.0.0.1", "attempts": 1, "lastStatus": 410,
                  "nextAttemptAt": None}
        self.assertEqual(wanted, {name: given_up[name] for name in wanted})
        self.assertNotIn(HUSH, json.dumps(given_up))
        receiver.release()  # it is mended
        self.assertEqual("pending", alice.post("%s/%s/resend" % (DELIVERIES, given_up["id"])).data["state"])
        [delivered] = wait_until(lambda: told(state="delivered,given_up,pending")[0]["state"] == "delivered" and told(),
                                 "it is delivered")
        self.assertEqual((given_up["id"], 2, 204, None),
                         tuple(delivered[name] for name in ("id", "attempts", "lastStatus", "lastError")))
        alice.post("/api/exports/jobs", {"type": "rows", "webhookUrl": receiver.url("/ok")})
        first = wait_until(lambda: (page := alice.get(DELIVERIES, query={"pageSize": 1}).json)["nextPageToken"] and page, "a page")
        second = alice.get(DELIVERIES, query={"pageSize": 1, "pageToken": first["nextPageToken"]}).json
        self.assertEqual((given_up["id"], ""), (second["data"][0]["id"], second["nextPageToken"]))

    def test_without_a_secret_no_webhooks_are_taken(self):
        alice = self.caller(self.serve(EXPORT_WEBHOOK_SECRET=None))
        refusal = self.refused(INVALID, alice.create, type="rows", webhook_url="https://example.org/",
                               filters={"count": "1"})
        self.assertIn("EXPORT_WEBHOOK_SECRET", refusal.message)
        for settings, said in (({"EXPORT_WEBHOOK_URLS": "https://example.org/"}, "EXPORT_WEBHOOK_SECRET"),
                               ({"EXPORT_WEBHOOK_SECRET": "whsec_short"}, "openssl rand"),
                               ({"EXPORT_WEBHOOK_URLS": "https://example.org/,bob=%s" % HUSH}, "entry 2 of EXPORT_WEBHOOK_URLS"),
                               ({"EXPORT_WEBHOOK_SECRET": NEW, "EXPORT_WEBHOOK_URLS": "https://10.0.0.1/"}, "private"),
                               ({"EXPORT_WEBHOOK_SECRET": NEW, "EXPORT_WEBHOOK_CA": "/nowhere"}, "/nowhere")):
            status, _, err = run_once(["--check", "--demo"], settings)
            self.assertEqual(2, status, err)
            self.assertIn(said, err)

    def test_who_ends_tells_first_and_waits_for_nobody_slow(self):
        receiver = self.receiver()
        server = self.serve(EXPORT_WEBHOOK_URLS="%s,%s" % (receiver.url("/ok"), receiver.url("/slow")))
        alice = self.caller(server)
        jobs = [alice.completed(alice.rows(1).id).id for _ in range(3)]
        begin = time.monotonic()
        server.stop()
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(set(jobs), {self.told(request)["data"]["id"] for request in receiver.at("/ok")})


class Book(Case):
    """What docs/webhooks.md says of verifying, done to what a server sent."""

    settings = OURS

    def setUp(self):
        super().setUp()
        receiver = Receiver((NEW,))
        self.addCleanup(receiver.stop)
        self.caller(self.serve()).rows(1, webhook_url=receiver.url("/ok"))
        self.request = receiver.wait_for("/ok")[0]
        with open(os.path.join(ROOT, "docs/webhooks.md"), encoding="utf-8") as file:
            self.blocks = dict(re.findall(r"(?ms)^```(js|python)\n(.*?)^```$", file.read()))

    def test_both_verify_what_is_signed_and_nothing_else(self):
        self.python_verifies()
        self.node_verifies()

    def python_verifies(self):
        book, headers, body = {}, self.request["headers"], self.request["body"].encode()
        exec(self.blocks["python"], book)  # pylint: disable=exec-used
        self.assertEqual("export.completed", book["verify"](NEW, headers, body)["type"])
        for secret, told, said in ((OLD, headers, body), (NEW, headers, body + b" "),
                                   (NEW, {**headers, "webhook-timestamp": "1"}, body),
                                   (NEW, {**headers, "webhook-id": "x"}, body)):
            with self.assertRaises(ValueError):
                book["verify"](secret, told, said)

    def node_verifies(self):
        script = self.blocks["js"] + """
const [secret, headers, body] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(verify(secret, headers, body).type);
"""
        for secret, expected in ((NEW, "export.completed\n"), (OLD, "")):
            done = subprocess.run(["node", "-e", script], env={**os.environ, "NODE_PATH": node.modules("webhooks")}, text=True,
                                  input=json.dumps([secret, self.request["headers"], self.request["body"]]),
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(expected, done.stdout, done.stderr)


class Shared(PersistentCase):
    """Several servers and a worker on one outbox."""

    settings = OURS

    @classmethod
    def setUpClass(cls):
        node.modules("webhooks")

    def deliveries(self, what="count(*)", where="true"):
        return self.query("select %s from exportq.delivery where %s" % (what, where))[0][0]

    def test_kill_9_between_completion_and_delivery_loses_none(self):
        receiver = Receiver((NEW,))
        self.addCleanup(receiver.stop)
        server = self.node(EXPORT_WORKERS=0, EXPORT_WEBHOOK_URLS=receiver.url("/hold")).start()
        self.work(EXPORT_WEBHOOK_SECRET=None, EXPORT_WEBHOOK_ALLOW_PRIVATE=None, EXPORT_WEBHOOK_RETRY_BASE=None)
        alice = self.caller(server)
        jobs = [alice.completed(alice.rows(1).id).id for _ in range(4)]
        receiver.wait_for("/hold")
        server.kill()
        self.assertEqual("4", self.deliveries(where="state = 'PENDING'"))
        before = {request["headers"]["webhook-id"] for request in receiver.at("/hold")}
        self.query("update exportq.delivery set next_ms = next_ms - 60000")  # so that leases are over
        receiver.release()
        count = len(receiver.at("/hold"))
        for _ in range(2):
            self.serve(EXPORT_WORKERS=0, EXPORT_WEBHOOK_URLS=receiver.url("/hold"))
        wait_until(lambda: self.deliveries(where="state = 'DELIVERED'") == "4", "all are delivered")
        after = receiver.at("/hold")[count:]
        self.assertEqual(sorted(jobs), sorted(json.loads(request["body"])["data"]["id"] for request in after))
        self.assertLessEqual(before, {request["headers"]["webhook-id"] for request in after})
        for request in after:
            self.assertEqual([True], request["verified"])

    def test_attempts_that_ended_with_their_server_are_not_counted(self):
        receiver = Receiver((NEW,))
        self.addCleanup(receiver.stop)
        server = self.node(EXPORT_WEBHOOK_RETRY_BASE="60s").start()
        job = self.caller(server).rows(1, webhook_url=receiver.url("/hold"))
        receiver.wait_for("/hold")
        server.kill()
        # as after eight servers that were killed
        self.query("update exportq.delivery set attempt = 8, next_ms = next_ms - 60000, url = '%s'" % receiver.url("/redirect"))
        server = self.serve(EXPORT_WEBHOOK_RETRY_BASE="60s")
        server.wait_for("event=webhook.failed job=%s .*attempt=9 status=302 .*retry_in_ms" % job.id)
        self.assertEqual("1", self.deliveries("failures"))
        # three days later its server died once more
        self.query("update exportq.delivery set is_leased = true, next_ms = next_ms - 3600000, created_ms = created_ms - 3 * 86400000")
        server.wait_for('event=webhook.given_up job=%s .*attempt=9 status=302 .*reason="who sent it died' % job.id)

    def test_who_is_told_changes_when_a_server_says_so_and_the_log_says_it(self):
        receiver = Receiver((NEW,))
        self.addCleanup(receiver.stop)
        self.node(EXPORT_WEBHOOK_URLS="%s,alice=%s" % (receiver.url("/ok"), receiver.url("/gone"))).start().stop()
        server = self.serve()  # says nothing of it, so all stays as it was
        self.assertNotIn("event=webhook.urls", server.log())
        self.caller(server).rows(1)
        self.caller(server, "bob").rows(1)
        server.wait_for("event=webhook.given_up .*gone=1")
        receiver.wait_for("/ok", 2)
        self.assertEqual(1, len(receiver.at("/gone")))
        last = self.node(EXPORT_WEBHOOK_URLS="none", EXPORT_WEBHOOK_SECRET=None).start()
        last.wait_for("event=webhook.urls change=removed host=127.0.0.1 owner=alice")
        last.wait_for("event=webhook.urls change=removed host=127.0.0.1$")
        last.stop()
        self.caller(server).completed(self.caller(server).rows(1).id)
        self.assertEqual("3", self.deliveries())

    def test_the_outbox_of_a_database_that_was_away_is_sent_when_it_is_back(self):
        receiver = Receiver((NEW,))
        self.addCleanup(receiver.stop)
        server = self.serve(EXPORT_WEBHOOK_URLS=receiver.url("/hold"))
        alice = self.caller(server)
        alice.completed(alice.rows(1).id)
        receiver.wait_for("/hold")
        self.query("alter table exportq.delivery rename to away")
        receiver.release()
        server.wait_for("event=webhook.store_failed")
        self.query("alter table exportq.away rename to delivery; update exportq.delivery set next_ms = next_ms - 60000")
        server.wait_for("event=webhook.store_recovered")
        wait_until(lambda: self.deliveries(where="state = 'DELIVERED'") == "1", "it is delivered")

    def test_the_commands_of_the_docs_list_what_was_given_up_and_send_it_once_more(self):
        receiver = Receiver((NEW,))
        self.addCleanup(receiver.stop)
        leaks.secret(HUSH)
        server = self.serve()
        alice, bob = self.caller(server), self.caller(server, "bob")
        job = alice.rows(1, webhook_url=receiver.url("/gone?key=" + HUSH))
        [given_up] = wait_until(lambda: alice.ListWebhookDeliveries(states=[pb.WEBHOOK_DELIVERY_STATE_GIVEN_UP]).deliveries,
                                "it is given up")
        self.assertEqual((job.id, "alice", "export.completed", "127.0.0.1", 1, 410), tuple(
            getattr(given_up, name) for name in ("job_id", "owner", "event", "host", "attempts", "last_status")))
        for words in (["--state", "given_up"], [job.id]):
            lines = self.book(server, "exportq deliveries", words).splitlines()
            self.assertEqual(2, len(lines), lines)
            self.assertRegex(lines[1], "^%s  GIVEN_UP .* export.completed .* 127.0.0.1 .*410" % given_up.id)
        self.assertEqual([], list(bob.ListWebhookDeliveries().deliveries))
        self.refused(grpc.StatusCode.NOT_FOUND, bob.ResendWebhook, id=given_up.id)
        receiver.release()  # it is mended
        self.assertIn(job.id, self.book(server, "exportq resend", [given_up.id]))
        first, second = receiver.wait_for("/gone", 2)
        self.assertEqual([given_up.id] * 2, [request["headers"]["webhook-id"] for request in (first, second)])
        [delivered] = wait_until(lambda: alice.ListWebhookDeliveries(states=[pb.WEBHOOK_DELIVERY_STATE_DELIVERED]).deliveries,
                                 "it is delivered")
        self.assertEqual((given_up.id, 204, ""), (delivered.id, delivered.last_status, delivered.last_error))
        [act] = bob.ListAuditEntries(actions=[pb.AUDIT_ACTION_RESEND]).entries
        self.assertEqual((job.id, "alice", "rows"), (act.job_id, act.actor, act.type))
        server.wait_for("event=webhook.resent job=%s .*actor=.?alice" % job.id)

    def book(self, server, command, words):
        """What a command of docs/webhooks.md prints, with these words in place of the page's."""
        with open(os.path.join(ROOT, "docs/webhooks.md"), encoding="utf-8") as file:
            shown = [line.split("#")[0].split() for line in file if line.startswith(command + " ")]
        self.assertIn(len(words), [len(line) - 2 for line in shown], shown)
        status, out, err = run_once([*command.split()[1:], *words, "--server", server.address, "--user", "alice"], name="exportq")
        self.assertEqual((0, ""), (status, err))
        return out

