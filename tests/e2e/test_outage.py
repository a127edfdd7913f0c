# SPDX-License-Identifier: Apache-2.0
"""The database is slow, away, busy or changed by others while servers and workers use it: nothing is lost,
nothing spins, and who asks is told the truth."""

import os
import re
import signal
import subprocess
import time
import unittest

import grpc

from bindings import health_pb
from postgres import PersistentCase, Postgres, Server, Worker, query, wait_until
from support import Watched, pb

LEASE_S = 2
OUTAGE_S = 4
MOST_TRANSACTIONS = 200  # a second, of idle workers


class Holder:
    """A session that has done this, which tells "held", and goes on until it is let go."""

    def __init__(self, url, sql):
        self.session = subprocess.Popen(["psql", "-XAtq", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.session.stdin.write(sql + "\n")
        self.session.stdin.flush()
        told = self.session.stdout.readline()
        assert told == "held\n", told

    def let_go(self):
        self.session.stdin.close()
        self.session.wait()
        self.session.stdout.close()


class OwnPostgres(PersistentCase):
    """A PostgreSQL for one test, which may do to it what it likes."""

    def new_postgres(self):
        return Postgres()

    def tearDown(self):
        self.addCleanup(self.postgres.remove)


class Altered(PersistentCase):
    """Someone adds a column of his own to the table, as a newer exportqd would, while we run."""

    def live(self, alice, bob):
        """Everything that a job can go through."""
        job = alice.create("notes")
        self.assertEqual(job.id, alice.get(job.id).id)
        done = alice.completed(job.id)
        self.assertEqual((1, 4), (done.attempt, done.file.rows))
        self.assertIn(done, alice.ListJobs().jobs)
        self.assertEqual(done.file.size, len(alice.file(job.id)))
        alice.DeleteJob(id=job.id)
        job = bob.create("endless")
        bob.started(job.id)
        self.assertEqual(pb.JOB_STATE_CANCELLED, bob.CancelJob(id=job.id).job.state)
        self.assertEqual(job.id, bob.RetryJob(id=job.id).job.id)
        bob.started(job.id)
        bob.DeleteJob(id=job.id)
        failed = alice.ended(alice.create("torn").id)
        self.assertEqual((pb.JOB_STATE_FAILED, 1), (failed.state, failed.attempt))

    def test_columns_come_and_go_and_no_call_notices(self):
        server = self.serve(EXPORT_WORKERS=0)
        alice, bob = self.caller(server), self.caller(server, "bob")
        self.work()
        self.live(alice, bob)  # all that is ever prepared is
        running = bob.create("endless")
        bob.started(running.id)
        for change in ("add column extra integer", "drop column extra"):
            self.query("alter table exportq.job " + change)
            for _ in range(2):
                self.live(alice, bob)
        self.assertEqual((pb.JOB_STATE_RUNNING, 1), (bob.get(running.id).state, bob.get(running.id).attempt))
        bob.CancelJob(id=running.id)


class Frozen(OwnPostgres):
    """The database accepts connections and answers nothing: a machine that swaps, a disk that hangs."""

    def pids(self):
        """The postmaster's and its children's."""
        parent = self.postgres.pid()
        pids = [parent]
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as file:
                    if int(file.read().rsplit(")", 1)[1].split()[1]) == parent:
                        pids.append(int(name))
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has just ended
        return pids

    def send(self, pids, number):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def freeze(self):
        self.send([self.postgres.pid()], signal.SIGSTOP)  # it makes no more children
        self.send(self.pids(), signal.SIGSTOP)

    def thaw(self):
        self.send(self.pids(), signal.SIGCONT)

    def tearDown(self):
        super().tearDown()
        self.addCleanup(self.thaw)  # before the removal, which waits for its processes

    def seen(self, caller, channel):
        """What both ways of asking say: (our own Health, grpc.health)."""
        check = channel.unary_unary("/grpc.health.v1.Health/Check",
                                    request_serializer=health_pb.HealthCheckRequest.SerializeToString,
                                    response_deserializer=health_pb.HealthCheckResponse.FromString)
        served = check(health_pb.HealthCheckRequest(), timeout=caller.timeout).status
        return (caller.Health().status == pb.HealthResponse.STATUS_OK,
                served == health_pb.HealthCheckResponse.SERVING)

    def check_told_within(self, seconds, want, caller, channel):
        begin = time.monotonic()
        told = []  # when, and what
        while not told or told[-1][1] != want and told[-1][0] < seconds:
            seen = self.seen(caller, channel)
            told.append((time.monotonic() - begin, seen))
        changes = [each for before, each in zip([(0, None)] + told, told) if before[1] != each[1]]
        self.assertEqual(want, told[-1][1], changes)
        self.assertLess(told[-1][0], seconds, changes)

    def test_both_healths_tell_the_truth_of_a_database_that_hangs(self):
        server = self.serve(EXPORT_WORKERS=1)
        alice = self.caller(server)
        channel = server.channel()
        self.addCleanup(channel.close)
        self.assertEqual(4, alice.completed(alice.create("notes").id).file.rows)
        self.check_told_within(5, (True, True), alice, channel)
        self.freeze()
        self.check_told_within(2, (False, False), alice, channel)
        self.thaw()
        self.check_told_within(5, (True, True), alice, channel)
        self.assertEqual(4, alice.completed(alice.create("notes").id).file.rows)


class Deaf(OwnPostgres):
    """One of two servers hears nothing for a while. It has a role of its own, so that it alone is cut off."""

    def setUp(self):
        super().setUp()
        self.query("create role b login; grant postgres to b")
        self.near = self.caller(self.serve(EXPORT_WORKERS=0))
        self.far = self.caller(self.serve(EXPORT_WORKERS=0, DATABASE_URL=self.url.replace("//postgres@", "//b@")))

    def connections(self):
        return int(self.query("select count(*) from pg_stat_activity where usename = 'b'")[0][0])

    def cut(self):
        """Its connections end, and it gets no new ones until `mend`."""
        self.assertGreater(self.connections(), 0)
        self.query("alter role b connection limit 0;"
                   " select pg_terminate_backend(pid) from pg_stat_activity where usename = 'b'")
        wait_until(lambda: not self.connections(), "it is cut off")

    def mend(self):
        self.query("alter role b connection limit -1")
        wait_until(self.connections, "it is connected again")

    def watched_far(self):
        """A job that waits for a worker, and a watch of it on the server that will be cut off."""
        job = self.near.create("notes")
        watched = Watched(self.far, id=job.id)
        wait_until(lambda: watched.jobs, "the watch begins")
        return job, watched

    def test_a_job_that_was_deleted_meanwhile_ends_its_watch(self):
        job, watched = self.watched_far()
        self.cut()
        self.near.DeleteJob(id=job.id)
        self.mend()
        watched.thread.join(5)
        self.assertFalse(watched.thread.is_alive(), "the watch of a job that is gone goes on")
        self.assertEqual(grpc.StatusCode.NOT_FOUND, watched.stream.code())

    def test_a_job_that_was_cancelled_meanwhile_ends_its_watch(self):
        job, watched = self.watched_far()
        self.cut()
        self.near.CancelJob(id=job.id)
        self.mend()
        watched.thread.join(5)
        self.assertFalse(watched.thread.is_alive(), "the watch of a job that has ended goes on")
        self.assertEqual(pb.JOB_STATE_CANCELLED, watched.states()[-1])


class Locked(PersistentCase):
    """Another session holds the row of a job that is due: a backup, an operator's forgotten transaction."""

    def transactions(self):
        return int(self.query("select xact_commit + xact_rollback from pg_stat_database"
                              " where datname = current_database()")[0][0])

    def rate(self, seconds):
        """Transactions a second, over a while. Backends tell theirs once a second, or when they are idle."""
        begin, before = time.monotonic(), self.transactions()
        time.sleep(seconds)
        return (self.transactions() - before) / (time.monotonic() - begin)

    def test_a_due_job_that_is_locked_does_not_make_idle_workers_spin(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        job = alice.create("notes")
        holder = Holder(self.url, "begin; select 'held' from exportq.job for update;")
        self.addCleanup(holder.let_go)
        self.work(EXPORT_WORKERS=4)
        self.assertLess(self.rate(2), MOST_TRANSACTIONS)
        # What is not locked is not held up.
        self.assertEqual(4, alice.completed(alice.create("notes").id).file.rows)
        self.assertEqual(pb.JOB_STATE_QUEUED, alice.get(job.id).state)
        self.assertLess(self.rate(2), MOST_TRANSACTIONS)
        begin = time.monotonic()
        holder.let_go()
        self.assertEqual(1, alice.completed(job.id).attempt)
        self.assertLess(time.monotonic() - begin, 10)


class Away(OwnPostgres):
    """An outage longer than the lease: the worker lives, and its job is its own. What is exported is in another
    database, which is there all the time; the query there goes on when the test lets it."""

    kit_types = {"held": "-- title: Waits until it is let go\n-- shared\n"
                         "SELECT 1 AS id FROM (SELECT pg_advisory_lock_shared(1)) AS held\n"}
    settings = {"EXPORT_LEASE": "%ds" % LEASE_S}

    def setUp(self):
        super().setUp()
        self.source = Postgres.get().new_database()
        self.persistent["EXPORT_SOURCE_URL"] = self.source
        servers = [self.serve(EXPORT_WORKERS=0) for _ in range(4)]  # each looks for leases that ran out
        self.alice = self.caller(servers[0])
        self.workers = [self.work(EXPORT_WORKERS=1) for _ in range(2)]  # one idle, that would take it
        self.holder = Holder(self.source, "select 'held' from pg_advisory_lock(1);")
        self.addCleanup(self.holder.let_go)

    def outage(self, meanwhile=lambda: None):
        """Gives when it was over, in the clock of jobs. Long enough after for a worker to tell that it lives."""
        self.postgres.stop("fast")
        meanwhile()
        time.sleep(OUTAGE_S)
        self.postgres.start()
        over = time.time()
        wait_until(lambda: not self.query("select 1 from exportq.job where state in ('QUEUED', 'RUNNING') and"
                                          " lease_until_ms <= extract(epoch from clock_timestamp()) * 1000"),
                   "a worker holds it, or it is done")
        return over

    def begin(self):
        """The id of a job whose query waits."""
        id = self.alice.create("held").id
        self.alice.started(id)
        wait_until(lambda: query(self.source, "select 1 from pg_stat_activity where wait_event = 'advisory'"
                                              " and datname = current_database()"), "its query waits")
        return id

    def logged(self, id):
        return re.findall(r"event=job\.(completed|failed) job=" + id, "\n".join(each.log() for each in self.workers))

    def done_once(self, id):
        wait_until(lambda: self.alice.Health().status == pb.HealthResponse.STATUS_OK, "the server is back")
        job = self.alice.completed(id)
        self.assertEqual((job.attempt, job.file.rows), (1, 1), job)
        self.assertEqual(["completed"], wait_until(lambda: self.logged(id), "its worker has heard that it is done"))
        self.assertEqual(b"id\n1\n", self.alice.file(id))
        return job

    def test_a_job_that_runs_on_is_not_taken_from_its_worker(self):
        id = self.begin()
        # Twice, for whether others look before its worker tells that it lives is a matter of luck.
        for _ in range(2):
            over = self.outage()
        self.holder.let_go()
        self.assertGreater(self.done_once(id).completed.ToNanoseconds() / 1e9, over)

    def test_a_job_that_is_done_meanwhile_is_not_done_again(self):
        id = self.begin()
        self.outage(self.holder.let_go)
        self.done_once(id)


if __name__ == "__main__":
    unittest.main()
