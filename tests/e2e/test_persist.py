# SPDX-License-Identifier: Apache-2.0
"""The durable queue: jobs that outlive servers, and servers and workers that share one database."""

import concurrent.futures
import glob
import hashlib
import os
import signal
import time
import unittest

import grpc

from bindings import ROOT
from postgres import PersistentCase, Postgres, Server, Worker, query, wait_until
from server import run_once
from support import Watched, pb

STEPS = len(glob.glob(os.path.join(ROOT, "sql/migrations/*.sql")))
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
STATES = [pb.JOB_STATE_QUEUED, pb.JOB_STATE_RUNNING, pb.JOB_STATE_COMPLETED]


def codes_of(calls):
    """Makes the calls at once; gives the status of each."""
    def make(call):
        try:
            call()
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()
    with concurrent.futures.ThreadPoolExecutor(64) as threads:
        return list(threads.map(make, calls))


class Surviving(PersistentCase):
    """What is accepted is there after any end of the server."""

    def test_a_finished_job_and_its_file_outlive_the_server(self):
        server = self.node().start()
        alice = self.caller(server)
        done = alice.completed(alice.create("notes").id)
        token = alice.token(done.id)
        server.kill()
        alice = self.caller(self.serve())
        self.assertEqual(done, alice.get(done.id))
        header, data = alice.download(token)  # signed before, good after
        self.assertEqual(hashlib.sha256(data).hexdigest(), header.file.sha256)
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, alice.Download, token=token)

    def test_a_queued_job_runs_when_a_worker_comes(self):
        server = self.node(EXPORT_WORKERS=0).start()
        job = self.caller(server).create("notes")
        server.kill()
        self.work()
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        self.assertEqual(4, alice.completed(job.id).file.rows)

    def test_a_job_whose_worker_was_killed_runs_again(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0, EXPORT_RETRY_BASE_MS=50))
        worker = self.node(Worker, EXPORT_LEASE="1s").start()
        job = alice.create("rows", filters={"count": "30000000"})
        alice.started(job.id)
        worker.kill()
        watched = Watched(alice, id=job.id)
        self.query("update exportq.job set spec = replace(spec::text, '30000000', '30')::json")
        self.work()
        watched.thread.join(30)
        last = watched.jobs[-1]
        self.assertEqual(pb.JOB_STATE_COMPLETED, last.state, last)
        self.assertEqual((2, 30), (last.attempt, last.file.rows))

    def test_a_request_id_names_one_job_whatever_happens_in_between(self):
        server = self.node().start()
        job = self.caller(server).create("notes", request_id="monday")
        server.kill()
        alice = self.caller(self.serve())
        self.assertEqual(job.id, alice.create("notes", request_id="monday").id)
        self.refused(grpc.StatusCode.ALREADY_EXISTS, alice.CreateJob, type="notes", format="json",
                     request_id="monday")

    def test_a_drained_worker_gives_its_job_to_another(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        first = self.work(EXPORT_DRAIN_TIMEOUT="0s", EXPORT_WORKERS=1)
        job = alice.create("rows", filters={"count": "20000000"})
        alice.started(job.id)
        first.stop()
        self.assertEqual(0, alice.get(job.id).attempt)
        self.work()
        self.assertEqual(1, alice.started(job.id).attempt)
        alice.CancelJob(id=job.id)


class Sharing(PersistentCase):
    """Several servers and workers on one database act as one."""

    def test_of_64_creates_by_one_owner_on_two_servers_5_are_accepted(self):
        servers = [self.serve(EXPORT_WORKERS=0) for _ in range(2)]
        callers = [self.caller(server) for server in servers]
        codes = codes_of([lambda i=i: callers[i % 2].create("notes") for i in range(64)])
        self.assertEqual((5, 59), (codes.count(grpc.StatusCode.OK), codes.count(EXHAUSTED)))
        self.assertEqual([["5"]], self.query("select count(*) from exportq.job"))

    def test_of_1000_owners_at_once_none_is_refused_wrongly(self):
        servers = [self.serve(EXPORT_WORKERS=0) for _ in range(2)]
        callers = [self.caller(servers[i % 2], owner="owner %d" % i) for i in range(8)]

        def create(i):
            caller = callers[i % 8]
            caller.stub.CreateJob(pb.CreateJobRequest(type="notes"), timeout=60,
                                  metadata=(("x-exportq-user", "owner %d" % (i // 5)),))
        codes = codes_of([lambda i=i: create(i) for i in range(5000)])
        self.assertEqual({grpc.StatusCode.OK}, set(codes))
        self.assertEqual([["1000", "5", "5"]], self.query(
            "select count(*), min(n), max(n) from (select count(*) as n from exportq.job group by owner) as o"))

    def test_one_request_id_at_once_on_two_servers_makes_one_job(self):
        callers = [self.caller(self.serve(EXPORT_WORKERS=0)) for _ in range(2)]
        with concurrent.futures.ThreadPoolExecutor(32) as threads:
            ids = set(threads.map(lambda i: callers[i % 2].create("notes", request_id="one").id, range(32)))
        self.assertEqual(1, len(ids))

    def test_of_two_downloads_with_one_token_on_two_servers_one_wins(self):
        callers = [self.caller(self.serve()) for _ in range(2)]
        job = callers[0].create("wide", filters={"count": "60000"})  # more than the buffers of a stream
        token = callers[0].token(callers[0].completed(job.id).id)
        first = callers[0].Download(token=token)
        header = next(first).header
        refusal = self.refused(grpc.StatusCode.ABORTED, callers[1].Download, token=token)
        self.assertGreater(refusal.retry_s, 0)
        data = b"".join(response.chunk for response in first)
        self.assertEqual(header.file.sha256, hashlib.sha256(data).hexdigest())
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, callers[1].Download, token=token)

    def test_a_job_made_on_one_server_runs_on_a_worker_and_is_watched_on_another(self):
        maker = self.caller(self.serve(EXPORT_WORKERS=0))
        watcher = self.caller(self.serve(EXPORT_WORKERS=0))
        self.work()
        watched = Watched(watcher)
        while not watched.jobs:  # the watch has begun when it tells of a job
            maker.completed(maker.create("notes").id)
        for _ in range(150):
            job = maker.create("notes")
            wait_until(lambda: any(seen.id == job.id and seen.state == pb.JOB_STATE_COMPLETED
                                   for seen in list(watched.jobs)), "its end is seen")
            states = []
            for seen in list(watched.jobs):
                if seen.id == job.id and seen.state not in states:
                    states.append(seen.state)
            self.assertEqual(STATES, states)
        watched.stream.cancel()

    def test_progress_is_seen_on_another_server_and_not_too_often(self):
        maker = self.caller(self.serve(EXPORT_WORKERS=0))
        watcher = self.caller(self.serve(EXPORT_WORKERS=0))
        self.work()
        job = maker.create("rows", filters={"count": "100000000"})
        watched = Watched(watcher, id=job.id)
        wait_until(lambda: len({seen.progress.rows_done for seen in list(watched.jobs)}) >= 6, "progress comes", 60)
        seconds = watched.times[-1] - watched.times[0]
        self.assertLessEqual(len(watched.jobs), 2 * seconds + 5)
        done = [seen.progress.rows_done for seen in watched.jobs]
        self.assertEqual(sorted(done), done)
        maker.CancelJob(id=job.id)
        watched.thread.join(10)
        self.assertEqual(pb.JOB_STATE_CANCELLED, watched.states()[-1])

    def test_a_cancel_on_one_server_stops_the_worker_of_another_within_a_second(self):
        maker = self.caller(self.serve(EXPORT_WORKERS=0))
        worker = self.work()
        for kind in ("stuck", "endless"):
            job = maker.create(kind)
            maker.started(job.id)
            begin = time.monotonic()
            maker.CancelJob(id=job.id)
            worker.wait_for("event=job.stopped job=" + job.id, 5)
            self.assertLess(time.monotonic() - begin, 1)

    def test_thousands_of_watches_cost_one_listening_connection(self):
        server = self.serve(EXPORT_WORKERS=0)
        alice = self.caller(server)
        watches = [Watched(alice) for _ in range(200)]
        job = alice.create("notes")
        wait_until(lambda: all(watch.jobs for watch in watches), "all see it")
        self.assertEqual([["1"]], self.query("select count(*) from pg_stat_activity where query = 'listen exportq'"
                                             " or query like '%pg_notify%' and datname = current_database()"
                                             " and state = 'idle' and pid in (select pid from pg_stat_activity"
                                             " where application_name = 'exportqd')"))
        for watch in watches:
            watch.stream.cancel()
        alice.CancelJob(id=job.id)


class Schema(PersistentCase):
    """Migrations."""

    def test_of_eight_that_migrate_an_empty_database_at_once_one_does_and_all_come_up(self):
        servers = [self.node(EXPORT_WORKERS=0).launch() for _ in range(8)]
        for server in servers:
            server.await_ready()
        migrated = [server for server in servers if "event=queue.migrated" in server.log()]
        self.assertEqual(1, len(migrated))
        for server in servers:
            server.stop()

    def test_migrate_does_its_work_and_ends_and_touches_nothing_of_others(self):
        self.query("create table job (id integer)")
        for said in ("%d steps were taken" % STEPS, "was up to date"):
            status, out, err = run_once(["--migrate"], {"DATABASE_URL": self.url})
            self.assertEqual(0, status, err)
            self.assertIn(said, out)
        self.assertEqual([["public", "job"]], self.query(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema not in ('exportq', 'pg_catalog', 'information_schema')"))

    def test_a_newer_schema_is_refused(self):
        run_once(["--migrate"], {"DATABASE_URL": self.url})
        self.query("insert into exportq.migration (version, name) values (9999, 'of the future')")
        node = self.node()
        status, _, err = run_once([], node.settings)
        self.assertEqual(1, status)
        self.assertIn("9999", err)
        self.assertIn("newer", err)

    def test_a_server_that_may_not_migrate_says_who_does(self):
        node = self.node(EXPORT_AUTO_MIGRATE=0)
        status, _, err = run_once([], node.settings)
        self.assertEqual(1, status)
        self.assertIn("--migrate", err)
        self.assertEqual(0, run_once(["--migrate"], node.settings)[0])
        node.start()
        node.stop()

    def test_check_changes_nothing(self):
        node = self.node()
        status, out, err = run_once(["--check"], node.settings)
        self.assertEqual(0, status, err)
        self.assertIn("DATABASE_URL=postgres://********\n", out)
        self.assertEqual([], self.query("select 1 from pg_namespace where nspname = 'exportq'"))


class Directories(PersistentCase):
    """A directory of files belongs to one queue: others would take them for left-overs."""

    def test_a_directory_of_another_queue_is_refused(self):
        server = self.node().start()
        alice = self.caller(server)
        done = alice.completed(alice.create("notes").id)
        server.stop()
        other = self.node(DATABASE_URL=self.postgres.new_database())
        memory = self.node(ENABLE_PERSIST_EXPORT=0, DATABASE_URL=None)
        for node, said in ((other, "another queue"), (memory, "durable queue")):
            status, _, err = run_once([], node.settings)
            self.assertEqual(1, status)
            self.assertIn(said, err)
        alice = self.caller(self.serve())
        self.assertEqual(done.file.size, len(alice.file(done.id)))


class Settings(PersistentCase):
    """What persistent mode asks for."""

    def refuse(self, name, said, kind=Server, **settings):
        node = self.node(kind, **settings)
        status, _, err = run_once([], node.settings, name=kind.name)
        self.assertEqual(2, status, err)
        self.assertIn(name, err)
        self.assertIn(said, err)

    def test_what_is_missing_is_said_with_the_next_step(self):
        self.refuse("EXPORT_DOWNLOAD_SECRET", "openssl rand", EXPORT_DOWNLOAD_SECRET=None)
        self.refuse("DATABASE_URL", "postgres://", DATABASE_URL=None)
        self.refuse("EXPORT_WORKERS", "1 or more", kind=Worker, EXPORT_WORKERS=0)
        self.refuse("ENABLE_PERSIST_EXPORT", "exportqd", kind=Worker, ENABLE_PERSIST_EXPORT=0)

    def test_a_worker_explains_itself(self):
        status, out, _ = run_once(["--help"], name="exportq-worker")
        self.assertEqual(0, status)
        self.assertIn("exportq-worker", out)
        self.assertNotIn("EXPORT_LISTEN", out)

    def test_a_database_that_knows_no_such_name_is_a_mistake_to_check(self):
        nowhere = self.url.rsplit("/", 1)[0] + "/nosuch"
        for settings in ({"DATABASE_URL": nowhere}, {"EXPORT_SOURCE_URL": nowhere, "EXPORT_TYPES_DIR": None}):
            status, _, err = run_once(["--check"], self.node(Server, **settings).settings)
            self.assertEqual(2, status, err)
            self.assertIn('refuses the connection: database "nosuch" does not exist (check its host', err)

    def test_a_database_that_is_not_there_is_told_without_its_password(self):
        url = "postgres://app:hush@127.0.0.1:1/journal"
        for settings in ({"DATABASE_URL": url}, {"EXPORT_SOURCE_URL": url}, {"DATABASE_URL": url, "EXPORT_SOURCE_URL": None}):
            for kind in (Server, Worker):
                status, _, err = run_once([], self.node(kind, **settings).settings, name=kind.name)
                self.assertEqual(1, status, err)  # it may be there later: systemd tries again
                self.assertIn("cannot be reached", err)
                self.assertNotIn("hush", err)


class Losing(PersistentCase):
    """The database goes away and comes back."""

    def new_postgres(self):
        return Postgres()

    def tearDown(self):
        self.addCleanup(self.postgres.remove)

    def status(self, caller):
        return caller.Health().status

    def check_health_tells(self, caller, away, back):
        self.assertEqual(pb.HealthResponse.STATUS_OK, self.status(caller))
        away()
        wait_until(lambda: self.status(caller) == pb.HealthResponse.STATUS_DEGRADED, "it is told", 2)
        health = caller.Health()
        self.assertEqual((False, True), (health.has_counters, len(health.limits) > 0))  # zeros would be no truth
        self.refused(grpc.StatusCode.UNAVAILABLE, caller.CreateJob, type="notes")
        back()
        wait_until(lambda: self.status(caller) == pb.HealthResponse.STATUS_OK, "it is back", 15)
        self.assertTrue(caller.Health().has_counters)

    def test_health_tells_the_truth_when_the_database_is_stopped(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        self.check_health_tells(alice, lambda: self.postgres.stop("immediate"), self.postgres.start)
        self.assertEqual(pb.JOB_STATE_QUEUED, alice.create("notes").state)

    def test_a_watch_survives_and_sees_what_happened_meanwhile(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        job = alice.create("notes")
        watched = Watched(alice, id=job.id)
        wait_until(lambda: watched.jobs, "the watch begins")
        self.postgres.stop("immediate")
        self.postgres.start()
        self.work()
        watched.thread.join(30)
        self.assertEqual(pb.JOB_STATE_COMPLETED, watched.states()[-1])

    def test_the_end_of_a_job_that_was_there_before_the_watch_is_seen_though_its_note_is_lost(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        alice.create("notes")
        watched = Watched(alice)
        wait_until(lambda: watched.jobs, "the watch begins")
        self.query("update exportq.job set state = 'CANCELLED', revision = revision + 1, completed_ms = 1,"
                   " expires_ms = 9999999999999")  # and nobody is told
        wait_until(lambda: pb.JOB_STATE_CANCELLED in watched.states(), "its end is seen")
        watched.stream.cancel()

    def test_a_lost_listening_connection_is_noticed_and_caught_up(self):
        alice = self.caller(self.serve(EXPORT_WORKERS=0))
        watched = Watched(alice)
        job = alice.create("notes")
        wait_until(lambda: watched.jobs, "the watch begins")
        self.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'exportqd'")
        self.work()
        wait_until(lambda: pb.JOB_STATE_COMPLETED in watched.states(), "its end is seen")
        self.assertEqual(job.id, watched.jobs[-1].id)
        watched.stream.cancel()


if __name__ == "__main__":
    unittest.main()
