# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks in Node (tests/clients/webhooks/receiver.js), which verifies with the library of
Standard Webhooks."""

import json
import os
import shutil
import subprocess
import threading
import unittest
import urllib.request

from bindings import ROOT
from server import wait_until

HOME = os.path.join(ROOT, "tests/clients/webhooks")
INSTALLED = os.path.join(ROOT, "build/tools/webhooks")


def node_modules():
    """Where the library is, installed if need be."""
    if not shutil.which("npm"):
        raise unittest.SkipTest("node and npm are not here; tools/install clients gets them")
    modules = os.path.join(INSTALLED, "node_modules")
    locked = os.path.join(HOME, "package-lock.json")
    done = os.path.join(modules, ".package-lock.json")
    if not os.path.exists(done) or os.path.getmtime(done) < os.path.getmtime(locked):
        os.makedirs(INSTALLED, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(os.path.join(HOME, name), INSTALLED)
        ran = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=INSTALLED, text=True, timeout=600,
                             capture_output=True, check=False)
        if ran.returncode:
            raise unittest.SkipTest("npm ci did not work for tests/clients/webhooks: " + ran.stderr.strip()[-300:])
    return modules


class Receiver:
    """Started at once; `requests` is what came: path, headers, body, verified (by each secret)."""

    def __init__(self, secrets, port=0, tls=()):
        self.secrets = secrets
        self.tls = tls
        self.port = port
        self.requests = []
        self.process = None
        self.start()

    def start(self):
        """Again, on the same port."""
        self.process = subprocess.Popen(
            ["node", os.path.join(HOME, "receiver.js"), str(self.port), ",".join(self.secrets), *self.tls],
            env={**os.environ, "NODE_PATH": node_modules()}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()
        return self

    def _read(self, stdout):
        with stdout:
            for line in stdout:
                self.requests.append(json.loads(line))

    def stop(self):
        self.process.kill()
        self.process.wait()

    def url(self, path, host="127.0.0.1"):
        return "%s://%s:%d%s" % ("https" if self.tls else "http", host, self.port, path)

    def release(self):
        """Lets /hold answer from now on."""
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url("/release"), timeout=10).close()

    def at(self, path):
        return [request for request in self.requests if request["path"] == path]

    def wait_for(self, path, count=1):
        wait_until(lambda: len(self.at(path)) >= count, "%d webhooks at %s" % (count, path))
        return self.at(path)
