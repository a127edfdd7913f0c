# SPDX-License-Identifier: Apache-2.0
"""What lists of the browser's door hold, and how they go on."""

import unittest

from test_http import JOBS, WebCase
from web import assert_documented

DELIVERIES = "/api/exports/deliveries"


def tearDownModule():
    assert_documented()


class Lists(WebCase):
    """Of one owner's."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_DRAIN_TIMEOUT": "0s"}

    def setUp(self):
        super().setUp()
        self.serve_web()
        self.alice = self.web()

    def refusal(self, answer):
        self.assertEqual((400, "INVALID"), (answer.status, answer.code), answer.body)
        return answer.json["error"]

    def test_a_list_goes_on_page_by_page(self):
        ids = []
        for i in range(5):
            ids.insert(0, self.alice.completed(self.alice.create("rows", count=i + 1)["id"])["id"])
        seen, token = [], ""
        while True:
            answer = self.alice.get(JOBS, query={"pageSize": 2, "pageToken": token})
            seen += [job["id"] for job in answer.data]
            token = answer.json["nextPageToken"]
            if not token:
                break
        self.assertEqual(ids, seen)
        self.refusal(self.alice.get(JOBS, query={"pageSize": "0"}))
        self.assertEqual("pageToken", self.refusal(self.alice.get(JOBS, query={"pageToken": "x"}))["field"])
        long = self.alice.get(JOBS, query={"requestId": "r" * 129})
        self.assertEqual("requestId", self.refusal(long)["field"])

    def test_a_list_is_narrowed_to_states(self):
        done = self.alice.completed(self.alice.create("rows", count=1)["id"])["id"]
        held = self.alice.create("stuck")["id"]
        for status, ids in (("completed", [done]), ("queued,running", [held]), ("completed,running,queued", [held, done]),
                            ("failed", []), ("", [held, done])):
            self.assertEqual(ids, [job["id"] for job in self.alice.get(JOBS, query={"status": status}).data], status)
        for path, name, value, known in ((JOBS, "status", "completed,DONE", "queued, running, completed, failed, cancelled, expired"),
                                         (JOBS, "status", "queued,,failed", "queued, "),
                                         (DELIVERIES, "state", "given-up", "pending, delivered, given_up")):
            error = self.refusal(self.alice.get(path, query={name: value}))
            self.assertEqual((name, True), (error["field"], known in error["message"]), error)


if __name__ == "__main__":
    unittest.main()
