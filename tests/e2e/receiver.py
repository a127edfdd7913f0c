# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks in Node (tests/clients/webhooks/receiver.js), which verifies with the library of
Standard Webhooks."""

import json
import os
import subprocess
import threading
import urllib.request

import node
from bindings import ROOT
from server import wait_until

HOME = os.path.join(ROOT, "tests/clients/webhooks")


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
            env={**os.environ, "NODE_PATH": node.modules("webhooks")}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
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
        """Lets /hold answer, and /gone take what comes, from now on."""
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url("/release"), timeout=10).close()

    def at(self, path):
        return [request for request in self.requests if request["path"] == path]

    def wait_for(self, path, count=1):
        wait_until(lambda: len(self.at(path)) >= count, "%d webhooks at %s" % (count, path))
        return self.at(path)
