# SPDX-License-Identifier: Apache-2.0
"""Clients that nobody here wrote: grpcurl, grpc-health-probe, Node's grpc-js. Where one is missing, its tests
are skipped and say how to get it."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import unittest

from bindings import ROOT
from readers import READERS
from receiver import HOME as WEBHOOKS
from support import Case

NODE = os.path.join(ROOT, "tests/clients/node")
BROWSER = os.path.join(ROOT, "tests/browser")
SERVICE = "exportqueue.v1.ExportService"
ROWS = [{"id": i, "name": "row %d" % i, "half": i / 2} for i in (1, 2, 3)]


def tool(name):
    """A client's path: from the variable of its name, where tools/test puts it, or on the PATH."""
    variable = os.environ.get(name.upper().replace("-", "_"))
    for path in (variable, os.path.join(ROOT, "build/tools/bin", name), shutil.which(name)):
        if path and os.path.exists(path):
            return path
    return None


def needs(name):
    return unittest.skipUnless(tool(name), "%s is not here; tools/test --only clients installs it, with Go" % name)


def run(*command, timeout=120, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)


@needs("grpcurl")
class Grpcurl(Case):
    """By reflection, with no proto file."""

    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def grpcurl(self, *arguments, data=None, status=0):
        """Runs it; gives what it printed."""
        before = ["-plaintext", "-max-time", "60", "-H", "x-exportq-user: gopher"]
        before += ["-d", json.dumps(data)] if data is not None else []
        done = run(tool("grpcurl"), *before, self.server.address, *arguments)
        self.assertEqual(status, done.returncode, done.stderr)
        return done.stderr if status else done.stdout

    def messages(self, *arguments, data):
        """The answers, each a JSON object."""
        text, found, decoder = self.grpcurl(*arguments, data=data), [], json.JSONDecoder()
        while text.strip():
            message, end = decoder.raw_decode(text.strip())
            found.append(message)
            text = text.strip()[end:]
        return found

    def test_list_and_describe_work_by_reflection(self):
        self.assertEqual([SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                          "grpc.reflection.v1alpha.ServerReflection"], sorted(self.grpcurl("list").split()))
        methods = self.grpcurl("list", SERVICE).split()
        self.assertEqual(14, len(methods))
        self.assertIn("rpc WatchJob ( .exportqueue.v1.WatchJobRequest ) returns ( stream .exportqueue.v1.WatchJobResponse );",
                      self.grpcurl("describe", SERVICE))
        for symbol in ("exportqueue.v1.Job", "exportqueue.v1.JobState", "exportqueue.v1.Progress.Phase",
                       "google.protobuf.Timestamp", "exportqueue.v1.ExportService.Download"):
            self.assertIn(symbol, self.grpcurl("describe", symbol))
        self.assertIn("nothing", self.grpcurl("describe", "exportqueue.v1.nothing", status=1))

    def test_a_job_is_created_watched_and_downloaded(self):
        created = self.messages(SERVICE + "/CreateJob", data={
            "type": "rows", "format": "json", "filters": [{"name": "count", "values": ["3"]}]})
        job = created[0]["job"]
        self.assertEqual("gopher", job["owner"])
        last = self.messages(SERVICE + "/WatchJob", data={"id": job["id"]})[-1]["job"]
        self.assertEqual("JOB_STATE_COMPLETED", last["state"])
        token = self.messages(SERVICE + "/CreateDownloadToken", data={"id": job["id"]})[0]["token"]
        parts = self.messages(SERVICE + "/Download", data={"token": token})
        data = b"".join(base64.b64decode(part["chunk"]) for part in parts[1:])
        self.assertEqual(ROWS, json.loads(data))
        self.assertEqual(hashlib.sha256(data).hexdigest(), parts[0]["header"]["file"]["sha256"])

    def test_a_refusal_shows_its_details(self):
        said = self.grpcurl(SERVICE + "/CreateJob", data={"type": "nothing"}, status=64 + 3)
        for word in ("InvalidArgument", "nothing", "google.rpc.BadRequest", '"field": "type"'):
            self.assertIn(word, said)


@needs("grpc-health-probe")
class HealthProbe(Case):
    """What Kubernetes asks."""

    def test_the_probe_is_satisfied(self):
        address = self.serve().address
        for service in ("", SERVICE):
            done = run(tool("grpc-health-probe"), "-addr", address, "-service", service)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("SERVING", done.stdout + done.stderr)
        self.assertNotEqual(0, run(tool("grpc-health-probe"), "-addr", address, "-service", "nothing").returncode)


class Node(Case):
    """@grpc/grpc-js and @grpc/proto-loader, at the versions that package-lock.json pins."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("npm"):
            raise unittest.SkipTest("node and npm are not here; tools/install clients gets them")
        installed = os.path.join(NODE, "node_modules/.package-lock.json")
        locked = os.path.join(NODE, "package-lock.json")
        if os.path.exists(installed) and os.path.getmtime(installed) >= os.path.getmtime(locked):
            return
        done = run("npm", "ci", "--no-audit", "--no-fund", cwd=NODE, timeout=300)
        if done.returncode:
            raise unittest.SkipTest("npm ci did not work in tests/clients/node: " + done.stderr.strip()[-300:])

    def test_the_lock_files_name_no_registry(self):
        for home in (NODE, READERS, WEBHOOKS, BROWSER):
            with open(os.path.join(home, "package-lock.json"), encoding="utf-8") as file:
                packages = json.load(file)["packages"]
            for name, package in packages.items():
                self.assertNotIn("resolved", package, name)
                self.assertTrue(name == "" or "integrity" in package, name)

    def test_the_whole_round_works_from_node(self):
        server = self.serve()
        done = run("node", os.path.join(NODE, "roundtrip.js"), server.address, "rows", "3")
        self.assertEqual(0, done.returncode, done.stderr)
        seen = json.loads(done.stdout)
        self.assertIn("rows", seen["types"])
        self.assertEqual("JOB_STATE_COMPLETED", seen["states"][-1])
        self.assertTrue(seen["whole"])
        self.assertEqual(ROWS, seen["rows"])
        self.assertEqual("INVALID_ARGUMENT", seen["refused"]["code"])
        self.assertIn("nothing", seen["refused"]["details"])
        self.assertEqual("FAILED_PRECONDITION", seen["spent"]["code"])


if __name__ == "__main__":
    unittest.main()
