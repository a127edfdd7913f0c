# SPDX-License-Identifier: Apache-2.0
"""API keys: exportqd keys makes and revokes them, and servers that run take note."""

import concurrent.futures
import os
import re
import subprocess
import unittest

import grpc

import leaks
from server import environment, program
from support import Caller, Case, wait_until

UNKNOWN = grpc.StatusCode.UNAUTHENTICATED
MISSING = grpc.StatusCode.NOT_FOUND
KEY = re.compile(r"\Aexq_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\n\Z")


class Keys(Case):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.kit.home, "api-keys")
        self.settings = {"EXPORT_AUTH": "key", "EXPORT_API_KEYS": self.path}

    def keys(self, *words, status=0):
        """Runs exportqd keys; gives what it printed and said."""
        done = subprocess.run([program("exportqd"), "keys", *words], capture_output=True, text=True, timeout=60,
                              check=False, env=environment({"EXPORT_API_KEYS": self.path}))
        self.assertEqual(status, done.returncode, done.stderr)
        return done.stdout, done.stderr

    def add(self, owner, *words):
        out, said = self.keys("add", "--owner", owner, *words)
        self.assertRegex(out, KEY)
        key = out.strip()
        leaks.secret(key)
        self.assertNotIn(key, said)
        return key

    def holder(self, server, key):
        caller = Caller(server.channel(), None)
        caller.metadata = (("authorization", "Bearer " + key),)
        return caller

    def is_taken(self, caller):
        try:
            caller.ListJobs()
            return True
        except grpc.RpcError as error:
            self.assertEqual(UNKNOWN, error.code())
            return False

    def test_a_key_makes_its_owner_and_an_admins_key_an_admin(self):
        keys = [self.add("alice"), self.add("bob the builder"), self.add("ops", "--admin")]
        server = self.serve()
        alice, bob, admin = (self.holder(server, key) for key in keys)
        job = alice.rows(1)
        self.assertEqual(("alice", "bob the builder"), (job.owner, bob.rows(1).owner))
        self.refused(MISSING, bob.GetJob, id=job.id)
        self.assertEqual(job.id, admin.GetJob(id=job.id).job.id)
        self.refused(UNKNOWN, self.caller(server, "alice").ListJobs)

    def test_a_server_takes_note_of_new_keys_and_of_revoked_ones(self):
        first = self.add("alice")
        server = self.serve()
        self.assertTrue(self.is_taken(self.holder(server, first)))
        second = self.add("alice")
        wait_until(lambda: self.is_taken(self.holder(server, second)), "the new key is taken")
        self.keys("revoke", first.split("_")[1])
        wait_until(lambda: not self.is_taken(self.holder(server, first)), "the revoked key is refused")
        self.assertTrue(self.is_taken(self.holder(server, second)))

    def test_a_damaged_file_leaves_the_keys_that_are_there(self):
        key = self.add("alice")
        server = self.serve()
        caller = self.holder(server, key)
        self.assertTrue(self.is_taken(caller))
        with open(self.path, "a", encoding="ascii") as file:
            file.write("damaged\n")
        wait_until(lambda: self.is_taken(caller) and "identity.reload_failed" in server.log(), "it is told")
        self.assertTrue(self.is_taken(caller))
        self.assertIn("line 3", self.keys("add", "--owner", "bob", status=1)[1])
        self.assertIn("damaged\n", open(self.path, encoding="ascii").read())  # pylint: disable=consider-using-with

    def test_a_key_that_has_expired_says_so(self):
        server_keys = self.add("alice", "--expires", "1ms")
        server = self.serve()
        self.assertIn("expired", self.refused(UNKNOWN, self.holder(server, server_keys).ListJobs).message)

    def test_many_may_edit_at_once_and_nothing_is_lost(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            keys = list(pool.map(lambda number: self.add("owner %d" % number), range(16)))
        out, _ = self.keys("list")
        self.assertEqual(sorted(key.split("_")[1] for key in keys), sorted(line.split()[0] for line in out.splitlines()[1:]))
        self.assertEqual(0o600, os.stat(self.path).st_mode & 0o777)

    def test_a_list_shows_people_what_there_is_and_no_hash(self):
        key = self.add("Zoë", "--admin", "--expires", "90d")
        rows = [line.split() for line in self.keys("list")[0].splitlines()]
        self.assertEqual(["ID", "ROLE", "STATE", "CREATED", "EXPIRES", "OWNER"], rows[0])
        self.assertEqual([key.split("_")[1], "admin", "active", "Zoë"], [rows[1][0], rows[1][1], rows[1][2], rows[1][5]])
        self.assertNotRegex(self.keys("list")[0], "[0-9a-f]{64}")

    def test_a_list_tells_keys_that_have_expired_from_those_that_are_taken(self):
        keys = [self.add("alice"), self.add("bob", "--expires", "1ms"), self.add("carol", "--expires", "1h")]
        server = self.serve()
        states = {line.split()[-1]: line.split()[2] for line in self.keys("list")[0].splitlines()[1:]}
        self.assertEqual({"alice": "active", "bob": "expired", "carol": "active"}, states)
        for owner, key in zip(("alice", "bob", "carol"), keys):
            self.assertEqual(states[owner] == "active", self.is_taken(self.holder(server, key)), owner)

    def test_a_file_that_root_makes_is_its_directorys_owners(self):
        if os.geteuid() != 0:
            return  # nobody else could give files away
        os.chown(self.kit.home, 65534, 65534)
        key = self.add("alice")
        self.keys("revoke", key.split("_")[1])
        for path in (self.path, self.path + ".lock"):
            self.assertEqual((65534, 0o600), (os.stat(path).st_uid, os.stat(path).st_mode & 0o777))

    def test_a_key_that_cannot_be_shown_is_told_of(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([program("exportqd"), "keys", "add", "--owner", "alice"], stdout=full, text=True,
                                  stderr=subprocess.PIPE, check=False, env=environment({"EXPORT_API_KEYS": self.path}))
        self.assertEqual(1, done.returncode)
        self.assertIn("keys revoke", done.stderr)

    def test_so_many_keys_that_servers_could_not_read_them_are_refused(self):
        key = self.add("alice")
        with open(self.path, "a", encoding="ascii") as file:
            file.write("# filling\n" * 330_000)
        self.assertIn("revoke", self.keys("add", "--owner", "bob", status=1)[1])
        self.assertIn(key.split("_")[1], self.keys("list")[0])

    def test_remarks_stay(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("# of the reports team\n\n")
        key = self.add("alice")
        self.keys("revoke", key.split("_")[1])
        with open(self.path, encoding="ascii") as file:
            self.assertEqual("# of the reports team\n\n", file.read())

    def test_what_makes_no_sense_is_told_with_the_next_step(self):
        for words, said in (([], "--help"), (["what"], "--help"), (["add"], "--owner"), (["add", "--owner", "a\tb"], "--owner"),
                            (["add", "--owner", "a", "--expires", "soon"], "90d"), (["revoke"], "id"), (["list", "x"], "more")):
            out, err = self.keys(*words, status=2)
            self.assertEqual("", out)
            self.assertIn(said, err)
        self.assertIn("keys list", self.keys("revoke", "0123456789ab", status=1)[1])
        self.assertIn("exportqd keys add", self.keys("--help")[0])
        self.assertFalse(os.path.exists(self.path))

    def test_a_server_without_a_file_of_keys_does_not_start_and_says_why(self):
        done = subprocess.run([program("exportqd"), "--demo", "--listen", "127.0.0.1:0"], capture_output=True, text=True,
                              timeout=60, check=False, env=environment({**self.settings, "EXPORT_STATE_DIR": self.kit.home}))
        self.assertEqual(2, done.returncode)
        self.assertIn("exportqd keys add --owner", done.stderr)


if __name__ == "__main__":
    unittest.main()
