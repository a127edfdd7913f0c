# SPDX-License-Identifier: Apache-2.0
"""TLS as others see it: openssl asks for what is weak, and certificates are replaced under load."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import threading
import time
import unittest

import grpc

import http2
from certificates import Authority, openssl
from server import run_once
from support import Caller, Case, wait_until

GOOD = {  # of TLS 1.2: forward secrecy and authenticated encryption
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
}
EVERY = "ALL:COMPLEMENTOFALL@SECLEVEL=0"
LOAD_S = 6


def client(address, *arguments, text=""):
    """What openssl's client has to say of a server, and whether a handshake was done."""
    done = subprocess.run(["openssl", "s_client", "-connect", address, *arguments], input=text,
                          capture_output=True, text=True, errors="replace", timeout=30, check=False)
    out = done.stdout + done.stderr
    return out, bool(re.search(r"^New, .*Cipher is \w", out, re.MULTILINE))


class Control:
    """openssl's own server, which takes whatever it can: what no client can ask for proves nothing."""

    def __init__(self, pair):
        certificate, key = pair
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-cipher", EVERY,
             "-min_protocol", "TLSv1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = next(line.split()[1] for line in self.process.stdout if line.startswith("ACCEPT "))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


class TlsCase(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.kit.home)

    def serve_tls(self, pair, **settings):
        return self.serve(EXPORT_TLS_CERTIFICATE=pair[0], EXPORT_TLS_KEY=pair[1], **settings)

    def channel(self, server, pair=(None, None), options=()):
        """A connection of its own that trusts our authority, and may show a certificate."""
        certificate, key = (path and open(path, "rb").read() for path in pair)
        credentials = grpc.ssl_channel_credentials(self.authority.pem(), key, certificate)
        channel = grpc.secure_channel(server.address, credentials,
                                      options=[("grpc.use_local_subchannel_pool", 1), *options])
        self.addCleanup(channel.close)
        return channel


class Weakness(TlsCase):
    """What is asked for by hand, against a certificate of each kind."""

    def setUp(self):
        super().setUp()
        self.pairs = [self.authority.issue("ecdsa"), self.authority.issue("rsa", rsa=True)]
        self.servers = [self.serve_tls(pair, EXPORT_HANDSHAKE_TIMEOUT="2s") for pair in self.pairs]

    def control(self, pair):
        control = Control(pair)
        self.addCleanup(control.close)
        return control

    def test_versions_before_1_2_are_refused(self):
        control = self.control(self.pairs[1])
        for version in ("-tls1", "-tls1_1"):
            out, is_done = client(control.address, version, "-cipher", EVERY)
            self.assertTrue(is_done, out)
            for server in self.servers:
                out, is_done = client(server.address, version, "-cipher", EVERY)
                self.assertFalse(is_done, out)

    def test_1_2_and_1_3_speak_http2(self):
        for server in self.servers:
            for version in ("-tls1_2", "-tls1_3"):
                out, is_done = client(server.address, version, "-alpn", "h2", "-CAfile", self.authority.path,
                                      "-verify_return_error")
                self.assertTrue(is_done, out)
                self.assertRegex(out, "ALPN protocol: h2")
                self.assertRegex(out, "Compression: NONE")
                self.assertRegex(out, r"Verify return code: 0 \(ok\)")

    def test_weak_suites_are_refused_one_by_one(self):
        listed = openssl("ciphers", EVERY).stdout.decode().strip().split(":")
        suites = sorted({suite for suite in listed if not suite.startswith("TLS_")})
        self.assertGreater(len(suites), 100)

        def taken(server):
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                asked = pool.map(lambda suite: client(server.address, "-tls1_2", "-cipher", suite + ":@SECLEVEL=0")[1],
                                 suites)
                return {suite for suite, is_done in zip(suites, asked) if is_done}
        both = taken(self.servers[0]) | taken(self.servers[1])
        control = taken(self.control(self.pairs[0])) | taken(self.control(self.pairs[1]))
        print("suites asked for: %d; openssl's own server took %d; ours %s" % (len(suites), len(control), sorted(both)))
        self.assertEqual(GOOD, both)
        for weak in ("AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-SHA", "NULL-SHA256", "AECDH-NULL-SHA",
                     "DHE-RSA-AES128-SHA"):
            self.assertIn(weak, control)

    def test_a_client_cannot_renegotiate(self):
        process = subprocess.Popen(
            ["openssl", "s_client", "-connect", self.servers[0].address, "-tls1_2", "-alpn", "h2"], bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.kill)

        seen = b""
        for mark, then in ((b"ALPN protocol: h2", b""), (b"\x04\x00\x00\x00\x00\x00", b"R\n"),  # its hello
                           (b"RENEGOTIATING", b""), (b"no renegotiation", b"")):
            while mark not in seen:
                data = process.stdout.read(4096)
                self.assertTrue(data, seen)
                seen += data
            seen = seen[seen.index(mark):]
            process.stdin.write(then)

    def test_plain_text_is_not_answered(self):
        channel = self.servers[0].channel()
        self.addCleanup(channel.close)
        self.refused(grpc.StatusCode.UNAVAILABLE, Caller(channel).Health)


class ClientCertificates(TlsCase):
    def test_what_a_client_shows_is_verified(self):
        server = self.serve_tls(self.authority.issue("server"), EXPORT_TLS_CLIENT_CA=self.authority.path, EXPORT_AUTH="mtls")
        Caller(self.channel(server, self.authority.issue("alice", "URI:spiffe://example.org/alice"))).Health()
        os.mkdir(os.path.join(self.kit.home, "strangers"))
        stranger = Authority(os.path.join(self.kit.home, "strangers")).issue("mallory")
        self.refused(grpc.StatusCode.UNAVAILABLE, Caller(self.channel(server, stranger)).Health)
        expected = "Acceptable client certificate CA names\nCN = authority"
        self.assertIn(expected, client(server.address, "-alpn", "h2")[0])


class CommandLine(TlsCase):
    def run_cli(self, server, *arguments, **environment):
        return run_once(["health", *arguments], {"EXPORTQ_SERVER": server.address, **environment}, name="exportq")

    def test_the_server_is_verified_by_the_authorities_that_are_trusted(self):
        server = self.serve_tls(self.authority.issue("server"))
        for arguments, environment, expected in (
                (("--tls-ca", self.authority.path), {}, 0), ((), {"EXPORTQ_TLS_CA": self.authority.path}, 0),
                (("--tls",), {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": self.authority.path}, 0),
                ((), {"EXPORTQ_TLS": "1", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": self.authority.path}, 0),
                (("--tls",), {}, 3), ((), {}, 3)):  # the system knows nothing of our authority; no plain text
            with self.subTest(arguments=arguments, **environment):
                status, _, err = self.run_cli(server, *arguments, **environment)
                self.assertEqual(expected, status, err)
        elsewhere = self.serve_tls(self.authority.issue("elsewhere", "DNS:elsewhere.example"))
        self.assertEqual(3, self.run_cli(elsewhere, "--tls-ca", self.authority.path)[0])

    def test_a_certificate_is_shown(self):
        server = self.serve_tls(self.authority.issue("server"), EXPORT_TLS_CLIENT_CA=self.authority.path, EXPORT_AUTH="mtls")
        certificate, key = self.authority.issue("alice", "URI:spiffe://example.org/alice")
        shown = ("--tls-ca", self.authority.path, "--tls-cert", certificate)
        status, _, err = self.run_cli(server, *shown, "--tls-key", key)
        self.assertEqual(0, status, err)
        self.assertEqual(0, self.run_cli(server, *shown, EXPORTQ_TLS_KEY=key)[0])
        self.assertEqual(2, self.run_cli(server, *shown)[0])
        other = self.authority.issue("other")[1]
        self.assertEqual(3, self.run_cli(server, *shown, "--tls-key", other)[0])

    def test_a_mistake_about_tls_is_told_with_the_next_step(self):
        os.mkdir(os.path.join(self.kit.home, "strangers"))
        strangers = Authority(os.path.join(self.kit.home, "strangers"))
        plain = self.serve()
        server = self.serve_tls(self.authority.issue("server"), EXPORT_AUTH="mtls",
                                EXPORT_TLS_CLIENT_CA=self.authority.path)
        elsewhere = self.serve_tls(self.authority.issue("elsewhere", "DNS:elsewhere.example"))
        trusted = ("--tls-ca", self.authority.path)
        certificate, key = strangers.issue("mallory")
        mixed = self.authority.issue("mixed")[1]
        for to, arguments, cause, way_out in (
                (server, (), "hangs up on plain text", "--tls-ca"),
                (plain, trusted, "does not speak TLS", "leave out --tls"),
                (server, ("--tls",), "by no authority that is trusted", "--tls-ca"),
                (server, ("--tls-ca", strangers.path), "by no authority that is trusted", "--tls-ca"),
                (elsewhere, trusted, "is not for this name", "--server"),
                (server, trusted, "hangs up", "--tls-cert"),
                (server, (*trusted, "--tls-cert", certificate, "--tls-key", key), "hangs up", "--tls-cert"),
                (server, (*trusted, "--tls-cert", certificate, "--tls-key", mixed), "are no pair", "--tls-key")):
            with self.subTest(cause, arguments=arguments):
                status, _, err = self.run_cli(to, *arguments)
                self.assertEqual(3, status, err)
                self.assertRegex(err, r"\Aexportq: could not reach 127\S+: [^;]*%s[^;]*; .*%s.*\n\Z" % (cause, way_out))
                self.assertNotRegex(err, "is exportqd running|SSL")

    def test_a_token_is_not_sent_to_another_machine_in_plain_text(self):
        status, _, err = run_once(["health"], {"EXPORTQ_SERVER": "192.0.2.1:50051", "EXPORTQ_TOKEN": "secret"},
                                  name="exportq")
        self.assertEqual(2, status)
        self.assertIn("plain text", err)
        self.assertNotIn("secret", err)


class Start(TlsCase):
    def test_what_does_not_go_together_is_an_error_at_start(self):
        certificate, key = self.authority.issue("one")
        other = self.authority.issue("two")[1]
        cases = [({"EXPORT_TLS_CERTIFICATE": certificate}, "EXPORT_TLS_KEY"),
                 ({"EXPORT_TLS_KEY": key}, "EXPORT_TLS_CERTIFICATE"),
                 ({"EXPORT_TLS_CLIENT_CA": certificate}, "EXPORT_TLS_KEY"),
                 ({"EXPORT_TLS_CERTIFICATE": certificate, "EXPORT_TLS_KEY": other}, "not the certificate's"),
                 ({"EXPORT_TLS_CERTIFICATE": "/nope", "EXPORT_TLS_KEY": key}, "EXPORT_TLS_CERTIFICATE: the file /nope "),
                 ({"EXPORT_TLS_CERTIFICATE": certificate, "EXPORT_TLS_KEY": "/nope"}, "EXPORT_TLS_KEY: the file /nope "),
                 ({"EXPORT_TLS_CERTIFICATE": certificate, "EXPORT_TLS_KEY": key, "EXPORT_TLS_CLIENT_CA": "/nope",
                   "EXPORT_AUTH": "mtls"}, "EXPORT_TLS_CLIENT_CA: the file /nope ")]
        for settings, said in cases:
            with self.subTest(settings):
                status, _, err = run_once(["--check"], settings)
                self.assertEqual(2, status, err)
                self.assertIn(said, err)

    def test_the_environment_cannot_choose_weak_suites(self):
        certificate, key = self.authority.issue("one")
        settings = {"EXPORT_TLS_CERTIFICATE": certificate, "EXPORT_TLS_KEY": key, "EXPORT_LISTEN": "127.0.0.1:0",
                    "GRPC_SSL_CIPHER_SUITES": "ALL"}
        status, _, err = run_once([], settings)
        self.assertEqual(1, status)
        self.assertIn("GRPC_SSL_CIPHER_SUITES", err)


class Rotation(TlsCase):
    def setUp(self):
        super().setUp()
        self.live = [os.path.join(self.kit.home, name) for name in ("live.pem", "live.key")]
        self.put(self.authority.issue("first"))
        self.server = self.serve_tls(self.live)

    def put(self, pair):
        """Replaces both files, as a tool does that renews certificates: one after the other."""
        for path, live in zip(pair, self.live):
            shutil.copy(path, live + ".new")
            os.replace(live + ".new", live)

    def serial(self):
        shown = client(self.server.address, "-alpn", "h2", "-CAfile", self.authority.path)[0]
        return int(openssl("x509", "-noout", "-serial", input=shown.encode()).stdout.decode().strip()[7:], 16)

    def test_a_damaged_pair_changes_nothing_and_is_told(self):
        first = self.serial()
        other = self.authority.issue("other")
        for number, damage in enumerate((b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n", None)):
            if damage is None:
                os.remove(self.live[0])
            else:
                with open(self.live[0], "wb") as file:
                    file.write(damage)
            wait_until(lambda count=number + 1: self.serial() == first
                       and self.server.log().count("event=tls.reload_failed") >= count, "it is told")
        self.assertEqual(first, self.serial())
        self.put(other)
        wait_until(lambda: self.serial() == first + 1, "the new one is shown")
        self.assertRegex(self.server.log(), r"event=tls.reloaded not_after=20\d\d-\S+Z state=valid")

    def test_no_good_call_is_refused_while_certificates_change(self):
        pairs = [self.authority.issue("next-%d" % i, rsa=i % 2 == 0) for i in range(8)]
        end = time.monotonic() + LOAD_S
        calls, connections, failures, serials = [], [], [], set()

        def call_all_along():
            caller = Caller(self.channel(self.server))
            while time.monotonic() < end:
                caller.Health()
                calls.append(1)

        def connect_all_along():
            while time.monotonic() < end:
                with self.channel(self.server) as channel:
                    Caller(channel).Health()
                connections.append(1)

        def kept(work):
            try:
                work()
            except grpc.RpcError as error:
                failures.append(error)
        threads = [threading.Thread(target=kept, args=(work,)) for work in (call_all_along, connect_all_along) * 2]
        for thread in threads:
            thread.start()
        for pair in pairs:
            self.put(pair)
            serials.add(self.serial())
            time.sleep(LOAD_S / (len(pairs) + 1))  # it lasts as long as the load, whatever the machine
        for thread in threads:
            thread.join()
        print("calls: %d, new connections: %d, certificates seen: %d, failures: %d"
              % (len(calls), len(connections), len(serials), len(failures)))
        self.assertEqual([], failures)
        self.assertGreater(len(serials), 2)
        wait_until(lambda: self.serial() == 1000 + self.authority.count, "the last one is shown")


if __name__ == "__main__":
    unittest.main()
