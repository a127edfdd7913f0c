# SPDX-License-Identifier: Apache-2.0
"""Who calls, with EXPORT_AUTH=jwt."""

import json
import os
import re
import threading
import time

import grpc
import jwt
from cryptography.hazmat.primitives import serialization

from bindings import pb
from issuer import AUDIENCE, ISSUER, Issuer
from server import run_once
from support import Caller, Case, replace, wait_until

DENIED = grpc.StatusCode.PERMISSION_DENIED
MISSING = grpc.StatusCode.NOT_FOUND
UNKNOWN = grpc.StatusCode.UNAUTHENTICATED
OVER = grpc.StatusCode.FAILED_PRECONDITION


class Identity(Case):
    """A server that knows one issuer."""

    def setUp(self):
        super().setUp()
        self.keys = os.path.join(self.kit.home, "keys.json")
        self.issuer = Issuer()
        self.settings = {"EXPORT_AUTH": "jwt", "EXPORT_JWT_KEYS": self.keys, "EXPORT_JWT_ISSUER": ISSUER,
                         "EXPORT_JWT_AUDIENCE": AUDIENCE}
        self.put(self.issuer)

    def put(self, *issuers, text=None):
        """Replaces the file of keys, whole."""
        replace(self.keys, text or json.dumps({"keys": [issuer.jwk() for issuer in issuers]}))

    def holder(self, server, token, user=None):
        """A caller with a bearer token; None: without."""
        caller = self.caller(server, user)
        if token:
            caller.metadata += (("authorization", "Bearer " + token),)
        return caller

    def test_tokens_of_every_algorithm_are_taken(self):
        issuers = [Issuer(name, "kid of " + name) for name in
                   ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                    "ES384", "ES512", "EdDSA")]
        self.put(*issuers)
        server = self.serve()
        for issuer in issuers:
            self.holder(server, issuer.token()).ListJobs()

    def test_another_owners_job_does_not_exist(self):
        server = self.serve()
        alice, bob = (self.holder(server, self.issuer.token(name)) for name in ("alice", "bob"))
        job = alice.completed(alice.rows(3).id)
        self.assertEqual("alice", job.owner)
        for call in (bob.GetJob, bob.CancelJob, bob.RetryJob, bob.DeleteJob, bob.CreateDownloadToken, bob.WatchJob):
            self.refused(MISSING, call, id=job.id)
        self.assertEqual([], list(bob.ListJobs().jobs))
        self.assertEqual([job.id], [each.id for each in alice.ListJobs().jobs])
        self.refused(DENIED, bob.ListJobs, all_owners=True)

    def test_an_admin_sees_the_jobs_of_all(self):
        server = self.serve()
        alice = self.holder(server, self.issuer.token("alice"))
        job = alice.completed(alice.rows(3).id)
        for role in ("export-admin", ["reader", "export-admin"]):
            admin = self.holder(server, self.issuer.token("root", role=role))
            self.assertEqual("alice", admin.get(job.id).owner)
            self.assertEqual([job.id], [each.id for each in admin.ListJobs(all_owners=True).jobs])
            admin.token(job.id)
        for role in ("admin", ["Export-Admin"], {"export-admin": True}, True):
            self.refused(MISSING, self.holder(server, self.issuer.token("root", role=role)).GetJob, id=job.id)

    def test_the_name_of_a_header_counts_for_nothing(self):
        server = self.serve()
        alice = self.holder(server, self.issuer.token("alice"), user="bob")
        self.assertEqual("alice", alice.rows(1).owner)
        self.refused(UNKNOWN, self.holder(server, None, user="alice").ListJobs)
        admin = self.holder(server, self.issuer.token("root", role="export-admin"), user="alice")
        self.assertEqual("root", admin.rows(1).owner)

    def test_what_does_not_hold_is_refused_in_every_call(self):
        server = self.serve()
        now = int(time.time())
        bad = {
            "nothing": (None, "credentials are missing"),
            "garbage": ("garbage", "not valid here"),
            "stranger": (Issuer().token(), "not valid here"),
            "expired": (self.issuer.token(exp=now - 60), "expired"),
            "future": (self.issuer.token(nbf=now + 3600), "not valid yet"),
            "issuer": (self.issuer.token(iss="https://evil.example"), "issuer"),
            "audience": (self.issuer.token(aud="other"), "audience"),
            "forever": (self.issuer.token(exp=None), "never expires"),
            "nobody": (self.issuer.token(""), "owner"),
            "none": (jwt.encode({"sub": "alice", "exp": now + 600}, None, "none"), "not valid here"),
            "path": (self.issuer.token(headers={"kid": "../../../dev/null"}), "not valid here"),
        }
        calls = (("CreateJob", {"type": "rows"}), ("GetJob", {"id": "x"}), ("ListJobs", {}), ("WatchJob", {}),
                 ("CancelJob", {"id": "x"}), ("RetryJob", {"id": "x"}), ("DeleteJob", {"id": "x"}),
                 ("CreateDownloadToken", {"id": "x"}), ("ListExportTypes", {}))
        for name, (token, said) in bad.items():
            with self.subTest(name):
                caller = self.holder(server, token)
                for call, fields in calls:
                    self.assertIn(said, self.refused(UNKNOWN, getattr(caller, call), **fields).message)
                caller.Health()
        self.assertNotIn("eyJ", server.log())

    def test_two_authorizations_are_none(self):
        server = self.serve()
        alice = self.holder(server, self.issuer.token())
        alice.metadata += alice.metadata
        refusal = self.refused(UNKNOWN, alice.ListJobs)
        self.assertRegex(refusal.message, "more than one authorization|not valid here")

    def test_a_download_token_is_enough_but_what_is_shown_has_to_hold(self):
        server = self.serve()
        alice = self.holder(server, self.issuer.token("alice"))
        job = alice.completed(alice.rows(3).id)
        token = alice.token(job.id)
        self.refused(MISSING, self.holder(server, self.issuer.token("bob")).Download, token=token)
        self.refused(UNKNOWN, self.holder(server, "garbage").Download, token=token)
        self.refused(UNKNOWN, self.holder(server, self.issuer.token(exp=1)).Download, token=token)
        whole = self.holder(server, None, user="bob").download(token)[1]  # none of this spent it
        self.assertEqual(job.file.size, len(whole))
        self.refused(OVER, alice.Download, token=token)

    def test_an_admin_may_download(self):
        server = self.serve()
        alice = self.holder(server, self.issuer.token("alice"))
        token = alice.token(alice.completed(alice.rows(3).id).id)
        self.holder(server, self.issuer.token("root", role="export-admin")).download(token)

    def test_keys_are_replaced_under_load_and_no_good_call_is_refused(self):
        server = self.serve()
        old, new = self.issuer, Issuer(kid="k2")
        self.put(old)
        failures, calls, stop, signer = [], [0, 0], threading.Event(), [old]

        def call(number):
            while not stop.is_set():
                issuer = signer[0]
                try:
                    self.holder(server, issuer.token("owner %d" % number)).ListJobs()
                    calls[issuer is new] += 1
                except grpc.RpcError as error:
                    failures.append(error.details())

        threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            steps = [
                (lambda: self.put(old, new), lambda: server.log().count("identity.reloaded") >= 1),
                (lambda: signer.__setitem__(0, new), lambda: calls[1] >= 100),
                (lambda: self.put(text='{"keys": [{"kty":'), lambda: "identity.reload_failed" in server.log()),
                (lambda: self.put(new), lambda: server.log().count("identity.reloaded") >= 2),
            ]
            for step, is_done in steps:
                step()
                wait_until(is_done, "the rotation goes on")
            after = calls[1]
            wait_until(lambda: calls[1] >= after + 100, "calls go on")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual([], failures)
        self.assertGreater(calls[0], 0)
        self.refused(UNKNOWN, self.holder(server, old.token()).ListJobs)

    def test_a_pem_file_will_do(self):
        self.put(text=self.issuer.pem())
        server = self.serve(EXPORT_JWT_ISSUER="", EXPORT_JWT_AUDIENCE="", EXPORT_JWT_OWNER_CLAIM="email")
        alice = self.holder(server, self.issuer.token(email="alice@example", aud=None))
        self.assertEqual("alice@example", alice.rows(1).owner)
        refusal = self.refused(UNKNOWN, self.holder(server, self.issuer.token(email="a@b")).ListJobs)
        self.assertIn("audience", refusal.message)

    def test_settings_that_would_not_work_are_refused_at_start(self):
        private = self.issuer.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                serialization.NoEncryption()).decode()
        cases = [
            ({"EXPORT_AUTH": "password"}, "jwt, key and mtls"),
            ({"EXPORT_AUTH": "jwt"}, "EXPORT_JWT_KEYS=FILE"),
            ({"EXPORT_AUTH": "jwt", "EXPORT_JWT_KEYS": "/nowhere"}, "/nowhere"),
            ({"EXPORT_JWT_KEYS": self.keys}, "EXPORT_AUTH=jwt"),
            ({"EXPORT_AUTH": "mtls"}, "EXPORT_TLS_CLIENT_CA"),
            ({"EXPORT_AUTH": "jwt", "EXPORT_JWT_KEYS": self.keys, "EXPORT_LISTEN": "0.0.0.0:0"}, "EXPORT_TLS_CERTIFICATE"),
            ({"EXPORT_LISTEN": "0.0.0.0:0"}, "EXPORT_AUTH=jwt"),
        ]
        for settings, said in cases:
            status, _, err = run_once(["--check"], settings)
            self.assertEqual(2, status, err)
            self.assertIn(said, err)
        self.put(text=private)
        status, _, err = run_once(["--check"], {"EXPORT_AUTH": "jwt", "EXPORT_JWT_KEYS": self.keys})
        self.assertEqual(2, status)
        self.assertIn("private key", err)
        self.assertFalse(re.search(r"[A-Za-z0-9+/]{40}", err), err)
        self.put(self.issuer)
        status, _, err = run_once(["--check"], {"EXPORT_AUTH": "jwt", "EXPORT_JWT_KEYS": self.keys,
                                                "EXPORT_LISTEN": "0.0.0.0:0", "EXPORT_ALLOW_PLAINTEXT": 1})
        self.assertEqual(0, status, err)


class Nobody(Case):
    """EXPORT_AUTH=none: the caller's own word."""

    def test_a_download_token_is_enough_but_a_name_has_to_be_the_owners(self):
        server = self.serve()
        alice, bob = (self.caller(server, name) for name in ("alice", "bob"))
        job = alice.completed(alice.rows(3).id)
        token = alice.token(job.id)
        self.refused(MISSING, bob.Download, token=token)
        channel = server.channel()
        self.addCleanup(channel.close)
        self.assertEqual(job.file.size, len(Caller(channel, owner=None).download(token)[1]))
        self.assertEqual(pb.JOB_STATE_COMPLETED, alice.get(job.id).state)
