# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of the tests' own (tests/support/postgres), with a database for each test."""

import base64
import os
import subprocess

from bindings import ROOT
from kept import Kept
from server import Server, Worker, wait_until
from support import Caller, Case

SECRET = "k1:" + base64.b64encode(bytes(range(32))).decode()


class Postgres(Kept):
    """A server in a directory of its own; can be stopped and started again on the same port."""

    script = os.path.join(ROOT, "tests/support/postgres")
    name = "postgres"

    def __init__(self, *settings):
        super().__init__()
        os.chmod(self.home, 0o755)
        self.url = self.start(*settings)

    def stop(self, mode="fast"):
        self.tool("stop", mode)

    def pid(self):
        with open(os.path.join(self.directory, "data/postmaster.pid"), encoding="ascii") as file:
            return int(file.readline())

    def new_database(self):
        """An empty database; gives its URL."""
        self.count += 1
        name = "test_%d" % self.count
        query(self.url, "create database " + name)
        return self.url.rsplit("/", 1)[0] + "/" + name


class Standby(Postgres):
    """A hot standby of another, with its databases."""

    def __init__(self, primary, *settings):
        self.primary = primary
        super().__init__(*settings)

    def start(self, *settings):
        return self.tool("standby", self.primary.directory, *settings)

    def here(self, url):
        """The URL of a database of the primary, as it is here."""
        return self.url.rsplit("/", 1)[0] + "/" + url.rsplit("/", 1)[1]

    def catch_up(self):
        """Waits until it has all that was committed on the primary before."""
        lsn = query(self.primary.url, "select pg_current_wal_lsn()")[0][0]
        wait_until(lambda: query(self.url, "select pg_last_wal_replay_lsn() >= '%s'" % lsn) == [["t"]],
                   "the standby has caught up")


def query(url, sql):
    """What psql gives: a list of rows, each a list of texts."""
    done = subprocess.run(["psql", "-XAtqF", "\x1f", "-v", "ON_ERROR_STOP=1", url], input=sql, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split("\x1f") for line in done.stdout.splitlines()]


class PersistentCase(Case):
    """Servers and workers on one PostgreSQL, with one file store."""

    def setUp(self):
        super().setUp()
        self.postgres = self.new_postgres()
        self.url = self.postgres.new_database()
        self.files = os.path.join(self.kit.home, "files")
        self.persistent = {"ENABLE_PERSIST_EXPORT": 1, "DATABASE_URL": self.url, "EXPORT_DOWNLOAD_SECRET": SECRET,
                           "EXPORT_STORE_URL": "file:" + self.files}

    def new_postgres(self):
        return Postgres.get()

    def query(self, sql):
        return query(self.url, sql)

    def node(self, kind=Server, **settings):
        """A server or worker that is not started yet; it is ended when the test is over."""
        node = kind(self.kit, **{**self.persistent, **self.settings, **settings})
        self.addCleanup(node.close)
        return node

    def serve(self, **settings):
        """A server that is ended, and found in order, when the test is over."""
        server = self.node(Server, **settings).start()
        self.addCleanup(server.stop)
        return server

    def work(self, **settings):
        """The same for an exportq-worker."""
        worker = self.node(Worker, **settings).start()
        self.addCleanup(worker.stop)
        return worker


__all__ = ["Caller", "PersistentCase", "Postgres", "SECRET", "Server", "Standby", "Worker", "query", "wait_until"]
