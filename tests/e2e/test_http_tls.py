# SPDX-License-Identifier: Apache-2.0
"""TLS of the browser's door: the same certificate as gRPC's, another library."""

import concurrent.futures
import contextlib
import os
import socket
import ssl
import subprocess
import threading
import time
import unittest

from certificates import Authority, openssl
from server import run_once
from support import Case, replace, wait_until
from test_tls import EVERY, GOOD, client
from web import Web

# what GnuTLS has beside gRPC's suites
MORE = {"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"}
LOAD_S = 3


def client_hello():
    """What a client says first."""
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    return out.read()


class HttpTls(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.kit.home)
        self.files = [os.path.join(self.kit.home, name) for name in ("shown.pem", "shown.key")]

    def put(self, pair):
        for path, shown in zip(pair, self.files):
            with open(path, encoding="ascii") as file:
                replace(shown, file.read())

    def serve_tls(self, **settings):
        self.server = self.serve(EXPORT_HTTP_LISTEN="127.0.0.1:0", EXPORT_TLS_CERTIFICATE=self.files[0],
                                 EXPORT_TLS_KEY=self.files[1], **settings)
        self.address = self.server.wait_for(r"server\.http_listening address=(\S+) tls=on").group(1)
        return Web(self.address, "alice", tls=ssl.create_default_context(cafile=self.authority.path))

    def test_the_whole_life_of_an_export_goes_over_tls(self):
        self.put(self.authority.issue("good"))
        alice = self.serve_tls()
        job = alice.completed(alice.create("rows", count=50_000)["id"])
        answer = alice.download(job["id"], alice.token(job["id"]))
        self.assertEqual((200, job["size"], "max-age=31536000"),
                         (answer.status, len(answer.body), answer.headers["Strict-Transport-Security"]))
        with alice.events() as events:
            alice.create("rows", count=1)
            events.until(lambda job: job["status"] == "completed")

    def test_old_versions_and_weak_suites_are_refused(self):
        for name, is_rsa in (("ecdsa", False), ("rsa", True)):
            self.put(self.authority.issue(name, rsa=is_rsa))
            self.serve_tls()
            for version in ("-tls1", "-tls1_1"):
                self.assertFalse(client(self.address, version, "-cipher", EVERY)[1], version)
            for version in ("-tls1_2", "-tls1_3"):
                self.assertTrue(client(self.address, version)[1], version)
            weak = [suite for suite in openssl("ciphers", "ALL:@SECLEVEL=0").stdout.decode().strip().split(":")
                    if not suite.startswith("TLS_") and suite not in GOOD | MORE]
            self.assertFalse(client(self.address, "-tls1_2", "-cipher", ":".join(weak) + ":@SECLEVEL=0")[1])
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                taken = {suite for suite, (_, is_done) in zip(sorted(GOOD | MORE), pool.map(
                    lambda suite: client(self.address, "-tls1_2", "-cipher", suite), sorted(GOOD | MORE))) if is_done}
            self.assertEqual({suite for suite in GOOD | MORE if name.upper() in suite}, taken)

    def serial(self):
        pem = ssl.get_server_certificate(tuple(self.address.rsplit(":", 1)))
        return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, text=True, capture_output=True,
                              check=True).stdout.strip()

    def test_a_renewed_certificate_is_shown_and_no_good_call_is_refused(self):
        pairs = [self.authority.issue("first"), self.authority.issue("second", rsa=True)]
        self.put(pairs[0])
        alice = self.serve_tls()
        seen, failures, is_over = {self.serial()}, [], threading.Event()

        def call_all_along():
            while not is_over.is_set():
                try:
                    assert alice.get("/api/exports/jobs").status == 200
                except Exception as failure:  # whatever it is, it is to be told
                    failures.append(failure)
                    return
        threads = [threading.Thread(target=call_all_along) for _ in range(2)]
        for thread in threads:
            thread.start()
        end, turn = time.monotonic() + LOAD_S, 0
        while time.monotonic() < end:
            turn += 1
            self.put(pairs[turn % 2])
            wait_until(lambda: self.serial() not in seen or len(seen) == 2, "the renewed certificate")
            seen.add(self.serial())
        is_over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(([], 2), (failures, len(seen)))

    def test_a_client_that_halts_in_the_handshake_keeps_no_processor_busy(self):
        self.put(self.authority.issue("good"))
        self.serve_tls()
        hello = client_hello()
        halted = [socket.create_connection(tuple(self.address.rsplit(":", 1))) for _ in range(4)]
        for connection, part in zip(halted, (hello[:3], hello[:-1], hello, hello)):
            self.addCleanup(connection.close)
            connection.sendall(part)
        self.assertTrue(halted[-1].recv(1), "the server has begun its part")
        before, begin = self.server.cpu_seconds(), time.monotonic()
        time.sleep(1)  # what is measured is this second
        self.assertLess(self.server.cpu_seconds() - before, 0.25 * (time.monotonic() - begin))

    def test_where_others_can_reach_it_there_is_tls_and_authentication(self):
        status, _, said = run_once([], {"EXPORT_HTTP_LISTEN": "0.0.0.0:8080"})
        self.assertEqual(2, status)
        self.assertIn("EXPORT_HTTP_LISTEN", said)
        self.assertIn("EXPORT_AUTH", said)


if __name__ == "__main__":
    unittest.main()
