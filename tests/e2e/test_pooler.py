# SPDX-License-Identifier: Apache-2.0
"""PgBouncer in transaction mode between us and the database: every transaction may get another connection."""

import os
import pwd
import shutil
import socket
import subprocess
import unittest

from postgres import PersistentCase, Server, Worker, wait_until
from server import run_once
from support import pb

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port=%(port)s user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %(listen)d
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
unix_socket_dir =
logfile = %(home)s/log
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Pooled(PersistentCase):
    """All goes through the pooler but the connection that listens."""

    def setUp(self):
        super().setUp()
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        if not os.path.exists(program):
            raise unittest.SkipTest("no pgbouncer here; tools/install test")
        home = os.path.join(self.kit.home, "pgbouncer")
        os.mkdir(home)
        listen = free_port()
        port = self.url.rsplit(":", 1)[1].split("/")[0]
        with open(home + "/ini", "w", encoding="ascii") as file:
            file.write(CONFIGURATION % {"port": port, "listen": listen, "home": home})
        user = []
        if os.getuid() == 0:  # it refuses to run as root
            user = ["-u", "postgres"]
            owner = pwd.getpwnam("postgres")
            os.chown(home, owner.pw_uid, owner.pw_gid)
            os.chmod(self.kit.home, 0o711)
        self.pooler = subprocess.Popen([program, "-q", *user, home + "/ini"], stdin=subprocess.DEVNULL)
        self.addCleanup(self.pooler.wait)
        self.addCleanup(self.pooler.terminate)
        self.pooled = self.url.replace(":%s/" % port, ":%d/" % listen)
        wait_until(lambda: self.is_up(listen), "the pooler listens")
        self.persistent.update(DATABASE_URL=self.pooled, EXPORT_EVENTS_URL=self.url)

    def is_up(self, port):
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", port)) == 0

    def test_a_job_goes_all_the_way_and_is_watched(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0, EXPORT_MAX_ACTIVE_PER_USER=100))
        bob = self.caller(self.serve(EXPORT_WORKERS=2, EXPORT_MAX_ACTIVE_PER_USER=100), owner="alice")
        self.work()
        jobs = [alice.create("notes", request_id="%d" % number) for number in range(30)]
        for job in jobs:
            self.assertEqual(4, bob.completed(job.id).file.rows)
        self.assertEqual(pb.HealthResponse.STATUS_OK, bob.Health().status)
        self.assertGreater(len(bob.file(jobs[0].id)), 0)

    def test_the_source_goes_through_the_pooler_too_whoever_was_there_before(self):
        self.kit.add_type("one", "-- title: One\n-- shared\nSELECT 1 AS one\n")
        for name in os.listdir(self.kit.types):
            if name != "one.sql":
                os.remove(os.path.join(self.kit.types, name))
        for _ in range(4):  # each leaves statements prepared on the pooler's connections
            server = self.node(EXPORT_SOURCE_URL=self.pooled, EXPORT_MAX_ACTIVE_PER_USER=100).start()
            alice = self.caller(server)
            jobs = [alice.create("one") for _ in range(12)]
            for job in jobs:
                self.assertEqual((1, 1), (alice.completed(job.id).file.rows, alice.get(job.id).attempt))
            server.stop()

    def test_without_a_way_around_it_the_server_says_what_is_missing(self):
        for kind in (Server, Worker):
            node = self.node(kind, EXPORT_EVENTS_URL=None)
            status, _, err = run_once([], node.settings, name=kind.name)
            self.assertEqual(1, status)
            self.assertIn("EXPORT_EVENTS_URL", err)


if __name__ == "__main__":
    unittest.main()
