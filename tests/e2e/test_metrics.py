# SPDX-License-Identifier: Apache-2.0
"""What Prometheus gets: the text, the page that explains it, the dashboard and the alerts, which all name the same
metrics."""

import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest

from bindings import ROOT
from certificates import Authority
from people import CALLERS, People
from postgres import PersistentCase
from server import program, run_once, wait_until
from support import Case
from web import Web

DOCS = os.path.join(ROOT, "docs")
NAME = re.compile(r"\b(?:exportq|process)_[a-z0-9_]+")
PARTS = re.compile(r"_(?:bucket|sum|count)\Z")  # of a histogram
WITH_POSTGRES = {"exportq_database_connections_max", "exportq_database_connections_open",
                 "exportq_database_connections_in_use"}


def promtool(*arguments, text=None):
    """What promtool finds wrong; the empty text if that is nothing."""
    done = subprocess.run(["promtool", *arguments], input=text, text=True, capture_output=True, timeout=60, check=False)
    return "" if done.returncode == 0 and not done.stderr else done.stdout + done.stderr


def documented():
    """The metrics of docs/metrics.md: name to type."""
    with open(os.path.join(DOCS, "metrics.md"), encoding="utf-8") as page:
        return dict(re.findall(r"(?m)^\| `([a-z0-9_]+)` \| (\w+) \|", page.read()))


def of_workers():
    """The metrics that docs/metrics.md has a tick for: those of exportq-worker."""
    with open(os.path.join(DOCS, "metrics.md"), encoding="utf-8") as page:
        return set(re.findall(r"(?m)^\| `([a-z0-9_]+)` .* ✓ \|$", page.read()))


def told(text):
    """The metrics that a text of /metrics has: name to type."""
    return dict(re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text))


def unknown(expressions):
    """Names in expressions that are no metrics."""
    known = documented()
    names = {name for expression in expressions for name in NAME.findall(expression)}
    return {name for name in names
            if name not in known and known.get(PARTS.sub("", name)) != "histogram"}


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (package prometheus)")
class Metrics(unittest.TestCase):
    def assert_good(self, text):
        """A text of /metrics; for that of a live server, too."""
        self.assertEqual("", promtool("check", "metrics", text=text))
        self.assertEqual({}, {name: kind for name, kind in told(text).items() if documented().get(name) != kind})

    def test_what_is_told_is_well_formed_and_documented(self):
        text = subprocess.run([program("test_server_metrics"), "--print"], text=True, capture_output=True, timeout=30,
                              check=True).stdout
        self.assert_good(text)
        self.assertEqual(WITH_POSTGRES, set(documented()) - set(told(text)))

    def test_the_page_is_what_the_program_prints(self):
        status, out, err = run_once(["--help-metrics"])
        self.assertEqual((0, ""), (status, err))
        with open(os.path.join(DOCS, "metrics.md"), encoding="utf-8") as page:
            self.assertEqual(page.read(), out, "exportqd --help-metrics >docs/metrics.md")

    def test_the_page_of_operating_gives_prometheus_and_kubernetes_what_they_take(self):
        with open(os.path.join(DOCS, "operating.md"), encoding="utf-8") as page:
            probe, scrape = re.findall(r"(?ms)^```yaml\n(.*?)^```$", page.read())
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(scrape)
            file.flush()
            self.assertEqual("", promtool("check", "config", "--syntax-only", file.name))
        path, port = re.search(r"httpGet: {path: (\S+), port: (\d+)}", probe).groups()
        self.assertIn(":%s]" % port, scrape)
        with open(os.path.join(ROOT, "server/page/openapi.json"), encoding="utf-8") as described:
            self.assertIn(path, json.load(described)["paths"])

    def test_the_alerts_are_rules_over_metrics_that_there_are(self):
        path = os.path.join(DOCS, "alerts.yml")
        self.assertEqual("", promtool("check", "rules", path))
        with open(path, encoding="utf-8") as rules:
            text = rules.read()
        self.assertEqual(set(), unknown([text]))

    def test_the_dashboard_shows_metrics_that_there_are(self):
        with open(os.path.join(DOCS, "grafana.json"), encoding="utf-8") as dashboard:
            text = dashboard.read()
        board = json.loads(text)
        panels = [panel for panel in board["panels"] if panel["type"] != "row"]
        expressions = [target["expr"] for panel in panels for target in panel["targets"]]
        self.assertEqual(set(), unknown([text]))
        self.assertEqual(len(panels), len({panel["title"] for panel in panels}))
        self.assertEqual(len(board["panels"]), len({panel["id"] for panel in board["panels"]}))
        rules = [{"record": f"r{number}", "expr": expression.replace("$__rate_interval", "5m")}
                 for number, expression in enumerate(expressions)]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)  # JSON is YAML
            file.flush()
            self.assertEqual("", promtool("check", "rules", file.name))
        shown = {PARTS.sub("", name) for expression in expressions for name in NAME.findall(expression)}
        self.assertEqual(set(), set(documented()) - shown, "nobody looks at these")


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (package prometheus)")
class Live(Case):
    """GET /metrics of a server that has worked."""

    assert_good = Metrics.assert_good

    def test_a_scrape_is_well_formed_and_counts_what_was_done(self):
        server = self.serve(EXPORT_HTTP_LISTEN="127.0.0.1:0")
        web = Web(server.wait_for(r"server\.http_listening address=(\S+)").group(1), "alice")
        id = web.completed(web.create("rows", count=3)["id"])["id"]
        web.download(id, web.token(id))

        def scrape():
            text = web.get("/metrics").body.decode()
            return "\nexportq_jobs_finished_total" in text and text
        text = wait_until(scrape, "the end of the job in the metrics")
        self.assert_good(text)
        self.assertRegex(text, r'exportq_http_requests_total\{route="/api/exports/jobs",method="POST",code="202"\} 1\n')


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (package prometheus)")
class Workers(PersistentCase):
    """The door of an exportq-worker."""

    assert_good = Metrics.assert_good

    def door(self, **settings):
        """A worker with a door; gives its address."""
        worker = self.work(**{"EXPORT_WORKER_LISTEN": "127.0.0.1:0", **settings})
        return worker.wait_for(r"worker\.http_listening address=(\S+)").group(1)

    def test_a_worker_tells_of_what_it_ran_and_of_nothing_else(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        web = Web(self.door())
        job = alice.completed(alice.rows(7).id)

        def scrape():
            text = web.get("/metrics").body.decode()
            return 'state="completed"} 1' in text and text
        text = wait_until(scrape, "the end of the job in the metrics")
        self.assert_good(text)
        of_job = r'\{type="rows",format="csv"'
        for line in (r"exportq_written_rows_total%s\} 7" % of_job,
                     r"exportq_written_bytes_total%s\} %d" % (of_job, job.file.size),
                     r"exportq_job_run_seconds_count%s\} 1" % of_job, r"exportq_job_wait_seconds_count%s\} 1" % of_job,
                     r'exportq_file_operation_seconds_count\{operation="commit"\} 1', r"exportq_workers 2",
                     r"exportq_store_up 1", r"exportq_database_connections_open [1-9]\d*"):
            self.assertRegex(text, "(?m)^" + line + "$")
        again = web.get("/metrics").body.decode()
        self.assertIn('exportq_http_requests_total{route="/metrics",method="GET",code="200"}', again)
        self.assertEqual(of_workers(), set(told(again)))

    def test_where_others_may_reach_it_it_asks_who_they_are_over_tls(self):
        people = People(self.kit.home)
        authority = Authority(self.kit.home)
        certificate, key = authority.issue("worker")
        status, out, said = run_once(["--check"], {**self.persistent, "EXPORT_SOURCE_URL": "sqlite:" + self.kit.database,
                                                   "EXPORT_TYPES_DIR": self.kit.types, "EXPORT_STATE_DIR": self.kit.home,
                                                   "EXPORT_WORKER_LISTEN": "0.0.0.0:9464"}, name="exportq-worker")
        self.assertEqual((2, ""), (status, out))
        self.assertRegex(said, r"EXPORT_WORKER_LISTEN .*0\.0\.0\.0:9464.* EXPORT_AUTH")
        address = self.door(EXPORT_TLS_CERTIFICATE=certificate, EXPORT_TLS_KEY=key, EXPORT_TLS_CLIENT_CA="/nowhere",
                            **{**people.settings, "EXPORT_WORKER_LISTEN": "0.0.0.0:0"})
        address = address.replace("0.0.0.0", "127.0.0.1")
        tls = ssl.create_default_context(cafile=authority.path)
        statuses = {name: Web(address, token=people.tokens[name], tls=tls).get("/metrics").status for name in CALLERS}
        self.assertEqual({"nobody": 401, "bad": 401, "expired": 401, "other": 403, "owner": 403, "admin": 200}, statuses)
        self.assertEqual("ok", Web(address, tls=tls).get("/api/health").data["status"])

    def test_it_carries_nothing_of_grpc(self):
        needs = subprocess.run(["ldd", program("exportq-worker")], text=True, capture_output=True, check=True).stdout
        self.assertIn("libmicrohttpd", needs)
        self.assertNotRegex(needs, "grpc|protobuf")


if __name__ == "__main__":
    unittest.main()
