# SPDX-License-Identifier: Apache-2.0
"""Who calls, with client certificates: EXPORT_AUTH=mtls, alone and beside tokens."""

import json
import os
import unittest

import grpc

import leaks
from certificates import Authority
from issuer import AUDIENCE, ISSUER, Issuer
from support import Caller, Case

MISSING = grpc.StatusCode.NOT_FOUND
UNKNOWN = grpc.StatusCode.UNAUTHENTICATED
AWAY = grpc.StatusCode.UNAVAILABLE
ALICE = "spiffe://example.org/alice"


class Mtls(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.kit.home)
        certificate, key = self.authority.issue("server")
        self.settings = {"EXPORT_AUTH": "mtls", "EXPORT_TLS_CERTIFICATE": certificate, "EXPORT_TLS_KEY": key,
                         "EXPORT_TLS_CLIENT_CA": self.authority.path, "EXPORT_MTLS_ADMINS": "ops@example.org, root"}

    def token(self):
        """Makes the server take tokens, and gives one of zoe's."""
        issuer = Issuer()
        keys = os.path.join(self.kit.home, "keys.json")
        with open(keys, "w", encoding="ascii") as file:
            json.dump(issuer.jwk(), file)
        self.settings.update(EXPORT_AUTH="jwt,mtls", EXPORT_JWT_KEYS=keys, EXPORT_JWT_ISSUER=ISSUER,
                             EXPORT_JWT_AUDIENCE=AUDIENCE)
        return issuer.token("zoe")

    def shower(self, server, names=None, authority=None, token=None):
        """A caller whose certificate has these names; None: without one."""
        pair = (None, None)
        if names:
            paths = (authority or self.authority).issue("client", names)
            certificate, key = (open(path, "rb").read() for path in paths)  # pylint: disable=consider-using-with
            pair = (key, certificate)
        credentials = grpc.ssl_channel_credentials(self.authority.pem(), *pair)
        channel = leaks.watched(grpc.secure_channel(server.address, credentials,
                                                    [("grpc.use_local_subchannel_pool", 1)]))
        self.addCleanup(channel.close)
        caller = Caller(channel, None)
        if token:
            caller.metadata += (("authorization", "Bearer " + token),)
        return caller

    def test_the_owner_is_the_name_in_the_certificate(self):
        server = self.serve()
        for names, owner in (("URI:" + ALICE, ALICE), ("email:bob@example.org,DNS:ignored.example", "bob@example.org"),
                             ("DNS:batch.example,IP:127.0.0.1", "batch.example"),
                             ("URI:urn:x:carol,email:c@example.org,DNS:c.example", "urn:x:carol")):
            caller = self.shower(server, names)
            self.assertEqual(owner, caller.completed(caller.rows(2).id).owner)

    def test_another_owners_job_does_not_exist_and_an_admin_sees_all(self):
        server = self.serve()
        alice = self.shower(server, "URI:" + ALICE)
        bob, admin = (self.shower(server, "email:%s@example.org" % name) for name in ("bob", "ops"))
        id = alice.completed(alice.rows(2).id).id
        self.refused(MISSING, bob.GetJob, id=id)
        self.assertEqual([], list(bob.ListJobs().jobs))
        self.assertEqual([id], [job.id for job in admin.ListJobs(all_owners=True).jobs])

    def test_a_certificate_that_does_not_say_clearly_who_it_is_for_is_refused(self):
        server = self.serve()
        for names in ("URI:urn:x:one,URI:urn:x:two", "DNS:a.example,DNS:b.example", "IP:10.0.0.1",
                      "URI:urn:x:" + "n" * 200):
            self.refused(UNKNOWN, self.shower(server, names).ListJobs)

    def test_without_a_certificate_of_the_authority_there_is_no_connection(self):
        server = self.serve()
        other = Authority(self.kit.home, "other")
        for caller in (self.shower(server), self.shower(server, "URI:" + ALICE, other)):
            self.refused(AWAY, caller.ListJobs)

    def test_beside_tokens_a_certificate_may_be_missing_and_a_token_wins(self):
        good = self.token()
        server = self.serve()
        for caller, owner in ((self.shower(server, "URI:" + ALICE), ALICE), (self.shower(server, token=good), "zoe"),
                              (self.shower(server, "URI:" + ALICE, token=good), "zoe")):
            self.assertEqual(owner, caller.rows(1).owner)
        self.refused(UNKNOWN, self.shower(server).ListJobs)
        self.refused(UNKNOWN, self.shower(server, "URI:" + ALICE, token=good[:-5]).ListJobs)
        other = Authority(self.kit.home, "other")
        self.refused(AWAY, self.shower(server, "URI:" + ALICE, other, token=good).ListJobs)


if __name__ == "__main__":
    unittest.main()
