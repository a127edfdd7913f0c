# SPDX-License-Identifier: Apache-2.0
"""Who may ask what of the browser's door: every route that the server describes, by whoever may call. A new route
without a row here fails."""

import base64
import unittest

from people import CALLERS, People
from support import Case, wait_until
from web import Web, assert_documented

JOB = "/api/exports/jobs/{id}"
DELIVERIES = "/api/exports/deliveries"
ANYBODY = (200,) * 6
OWN = (401, 401, 401, 200, 200, 200)          # what each has of its own
OF_THE_JOB = (401, 401, 401, 404, 200, 200)
ADMINS = (401, 401, 401, 403, 403, 200)
SHOWN = (200,) * 6                             # what says nothing of anybody

# (method, route, what is asked, the state that the job is to be in, what each caller is told)
TABLE = [
    ("POST", "/api/exports/jobs", {"body": {"type": "notes"}}, None, (401, 401, 401, 202, 202, 202)),
    ("GET", "/api/exports/jobs", {}, "queued", OWN),
    ("GET", "/api/exports/jobs", {"query": {"allOwners": "true"}}, "queued", ADMINS),
    ("GET", JOB, {}, "queued", OF_THE_JOB),
    ("DELETE", JOB, {}, "queued", OF_THE_JOB),
    ("POST", JOB + "/cancel", {}, "queued", OF_THE_JOB),
    ("POST", JOB + "/retry", {}, "cancelled", OF_THE_JOB),
    ("POST", JOB + "/token", {}, "completed", OF_THE_JOB),
    ("GET", JOB + "/download", {"query": {"token": "TOKEN"}}, "completed", (200, 401, 401, 404, 200, 200)),
    ("GET", "/api/exports/events", {}, "queued", OWN),
    ("GET", "/api/exports/events", {"query": {"id": "ID"}}, "cancelled", OF_THE_JOB),
    ("GET", "/api/exports/events", {"query": {"allOwners": "true"}}, "queued", ADMINS),
    ("GET", DELIVERIES, {}, "told", OWN),
    ("GET", DELIVERIES, {"query": {"allOwners": "true"}}, "told", ADMINS),
    ("POST", DELIVERIES + "/{id}/resend", {}, "told", OF_THE_JOB),
    ("GET", "/api/exports/types", {}, None, OWN),
    ("GET", "/api/health", {}, None, ANYBODY),
    ("GET", "/api/openapi.json", {}, None, SHOWN),
    ("GET", "/", {}, None, (302,) * 6),
    ("GET", "/exports/", {}, None, (302,) * 6),
    ("GET", "/exports", {}, None, SHOWN),
    ("GET", "/exports/exports.css", {}, None, SHOWN),
    ("GET", "/exports/exports.js", {}, None, SHOWN),
    ("GET", "/metrics", {}, None, ADMINS),
]


def tearDownModule():
    assert_documented()


class HttpAccess(Case):
    """With authentication."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_MAX_ACTIVE_PER_USER": 1000, "EXPORT_DOWNLOADS_PER_JOB": 0,
                "EXPORT_DRAIN_TIMEOUT": "0s", "EXPORT_HTTP_LISTEN": "127.0.0.1:0", "EXPORT_WEBHOOK_ALLOW_PRIVATE": 1,
                "EXPORT_WEBHOOK_SECRET": "whsec_" + base64.b64encode(bytes(32)).decode()}

    def setUp(self):
        super().setUp()
        people = People(self.kit.home)
        self.settings = {**self.settings, **people.settings}
        self.server = self.serve()
        address = self.server.wait_for(r"server\.http_listening address=(\S+)").group(1)
        self.by = {name: Web(address, token=people.tokens[name]) for name in CALLERS}
        self.owner, self.admin = self.by["owner"], self.by["admin"]
        self.done = self.owner.completed(self.owner.create("notes")["id"])["id"]
        self.downloads = 0
        self.owner.create("stuck")  # the one worker has enough to do

    def prepare(self, state):
        """A job of the owner's in a state, and a token for its file; or a webhook of one that was told, and none."""
        if state is None:
            return "", ""
        if state == "completed":  # once the server, too, knows that the download before is over
            wait_until(lambda: all(self.server.log().count("event=download." + what) == self.downloads
                                   for what in ("opened", "ended")), "the download's end")
            return self.done, self.owner.token(self.done)
        if state == "told":
            return self.told()["id"], ""
        id = self.owner.create("notes")["id"]
        if state == "cancelled":
            self.owner.post(JOB.format(id=id) + "/cancel")
        return id, ""

    def told(self):
        """The webhook of a job of the owner's, to where nobody listens."""
        id = self.owner.post("/api/exports/jobs", {"type": "notes", "webhookUrl": "http://127.0.0.1:9/"}).data["id"]
        self.owner.post(JOB.format(id=id) + "/cancel")
        [delivery] = self.owner.get(DELIVERIES, query={"jobId": id}).data
        return delivery

    def status(self, who, method, path, asked):
        if not path.endswith("/events"):
            answer = self.by[who].ask(method, path, **asked)
            self.downloads += answer.status == 200 and path.endswith("/download")
            return answer.status
        query = "".join("?%s=%s" % each for each in asked.get("query", {}).items())
        with self.by[who].events(query) as events:
            return events.status

    def test_each_caller_is_told_what_it_may_have(self):
        for method, route, asked, state, expected in TABLE:
            for who, wanted in zip(CALLERS, expected):
                id, token = self.prepare(state)
                words = {"ID": id, "TOKEN": token}
                filled = {**asked, "query": {name: words.get(value, value) for name, value in asked.get("query", {}).items()}}
                is_job = id and state != "told"
                before = self.admin.job(id) if is_job else None
                with self.subTest("%s %s %s by %s" % (method, route, asked, who)):
                    self.assertEqual(wanted, self.status(who, method, route.format(id=id), filled))
                    if is_job and wanted >= 400:  # nothing has changed
                        self.assertEqual(before, self.admin.job(id))
                    if token and wanted >= 400:
                        self.assertEqual(200, self.status("owner", "GET", JOB.format(id=id) + "/download",
                                                          {"query": {"token": token}}))

    def test_every_route_is_in_the_table(self):
        described = self.by["nobody"].get("/api/openapi.json").json["paths"]
        offered = {(method.upper(), path) for path, methods in described.items() for method in methods}
        self.assertEqual(offered, {(method, route) for method, route, *_ in TABLE})

    def test_counts_are_for_an_admin(self):
        for who in CALLERS:
            self.assertEqual(who == "admin", "running" in self.by[who].get("/api/health").data, who)

    def test_lists_of_others_are_empty(self):
        self.assertEqual([], self.by["other"].get("/api/exports/jobs").data)
        self.assertEqual([], self.admin.get("/api/exports/jobs").data)
        self.assertEqual(2, len(self.admin.get("/api/exports/jobs", query={"allOwners": "true"}).data))

    def test_webhooks_of_others_are_neither_told_nor_sent(self):
        delivery = self.told()
        for query in ({}, {"jobId": delivery["jobId"]}):
            self.assertEqual([], self.by["other"].get(DELIVERIES, query=query).data)
        refused, unknown = (self.by["other"].post("%s/%s/resend" % (DELIVERIES, id))
                            for id in (delivery["id"], delivery["id"][:-4] + "0000"))
        self.assertEqual((404, refused.status), (unknown.status, unknown.status))
        self.assertEqual(unknown.json["error"]["message"].replace(delivery["id"][:-4] + "0000", delivery["id"]),
                         refused.json["error"]["message"])
        for query in ({"jobId": delivery["jobId"]}, {"allOwners": "true"}):
            self.assertEqual([delivery["id"]], [each["id"] for each in self.admin.get(DELIVERIES, query=query).data])

    def test_a_refusal_says_how_to_go_on(self):
        answer = self.by["nobody"].get("/api/exports/jobs")
        self.assertEqual(("Bearer", "UNAUTHENTICATED"), (answer.headers["WWW-Authenticate"], answer.code))


if __name__ == "__main__":
    unittest.main()
