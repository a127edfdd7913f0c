# SPDX-License-Identifier: Apache-2.0
"""SIGTERM, power cuts, and what is found at the next start."""

import collections
import glob
import os
import signal
import socket
import threading
import time
import unittest

import grpc

from server import Server, run_once
from support import Case, pb, wait_until

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class Draining(Case):
    """What a shutdown lets finish, and what it tells those who wait."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_MAX_ACTIVE_PER_USER": 20}
    rows = 1_000_000  # a second of work, and more under a sanitizer

    def watch(self, caller, into, **fields):
        """Watches in a thread, once the first job has come: the jobs, then the status it ended with."""
        thread = self.start_watch(caller, into, **fields)
        wait_until(lambda: into, "the first job comes")
        return thread

    def start_watch(self, caller, into, **fields):
        def read():
            watch = caller.WatchJob(**fields)
            try:
                for response in watch:
                    into.append(response.job)
                into.append(grpc.StatusCode.OK)
            except grpc.RpcError as error:
                into.append(error.code())
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def test_running_jobs_finish_and_nothing_new_begins(self):
        server = self.serve()
        alice = self.caller(server)
        running = alice.rows(self.rows)
        alice.started(running.id)
        queued = alice.rows(1)
        seen = {"running": [], "queued": [], "all": []}
        threads = [self.watch(alice, seen["running"], id=running.id), self.watch(alice, seen["queued"], id=queued.id),
                   self.watch(alice, seen["all"])]
        wait_until(lambda: alice.get(running.id).progress.rows_done > 0, "rows come")
        server.signal()
        server.wait_for("event=server.stopping")
        wait_until(lambda: alice.Health().status == pb.HealthResponse.STATUS_DRAINING, "it drains")
        for call, fields in ((alice.CreateJob, {"type": "rows"}), (alice.RetryJob, {"id": queued.id})):
            refusal = self.refused(UNAVAILABLE, call, **fields)
            self.assertIn("shutting down", refusal.message)
        self.assertEqual(pb.JOB_STATE_RUNNING, alice.get(running.id).state)  # and it still answers
        for thread in threads:
            thread.join(60)
        self.assertEqual((pb.JOB_STATE_COMPLETED, grpc.StatusCode.OK),
                         (seen["running"][-2].state, seen["running"][-1]))
        self.assertEqual((pb.JOB_STATE_QUEUED, UNAVAILABLE), (seen["queued"][-2].state, seen["queued"][-1]))
        self.assertEqual(UNAVAILABLE, seen["all"][-1])
        self.assertIn(pb.JOB_STATE_COMPLETED, [job.state for job in seen["all"][:-1]])
        server.assert_clean(server.wait())
        self.assertIn("event=server.stopped", server.log())

    def test_systemd_is_told_when_it_serves_and_when_it_drains(self):
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(told.close)
        self.addCleanup(taken.close)
        told.settimeout(20)
        told.bind(os.path.join(self.kit.home, "notify"))
        server = Server(self.kit, NOTIFY_SOCKET=told.getsockname())
        self.addCleanup(server.close)
        server.launch()
        self.assertEqual(b"READY=1", told.recv(64))
        self.assertEqual(pb.HealthResponse.STATUS_OK, self.caller(server.await_ready()).Health().status)
        server.signal()
        self.assertEqual(b"STOPPING=1", told.recv(64))
        server.assert_clean(server.wait())
        server.settings["EXPORT_HTTP_LISTEN"] = "127.0.0.1:%d" % taken.getsockname()[1]
        self.assertEqual(1, server.launch().wait())
        told.settimeout(0)
        self.assertRaises(BlockingIOError, told.recv, 64)  # with a door shut it never said that it serves

    def test_the_end_of_the_server_does_not_overtake_the_end_of_its_last_job(self):
        # The server ends the moment its last job does: each of many watchers is still to hear of it.
        for _ in range(3):
            server = self.serve()
            alice = self.caller(server)
            job = alice.rows(400_000)
            watches = [alice.WatchJob(id=job.id) for _ in range(300)]
            self.assertEqual([job.id] * 300, [next(watch).job.id for watch in watches])
            self.assertEqual(pb.JOB_STATE_RUNNING, alice.get(job.id).state)
            server.signal()
            self.assertEqual({("JOB_STATE_COMPLETED", "OK"): 300}, self.last_words(watches))
            server.assert_clean(server.wait())

    def last_words(self, watches):
        """How often each last state and status was heard."""
        heard = collections.Counter()
        for watch in watches:
            state = "nothing"
            try:
                for response in watch:
                    state = pb.JobState.Name(response.job.state)
            except grpc.RpcError:
                pass
            heard[state, watch.code().name] += 1
        return heard

    def test_a_job_without_end_is_bounded_by_the_drain_timeout(self):
        for type in ("stuck", "endless"):
            with self.subTest(type):
                server = self.serve(EXPORT_DRAIN_TIMEOUT="1s")
                alice = self.caller(server)
                job = alice.create(type)
                alice.started(job.id)
                seen = []
                thread = self.watch(alice, seen, id=job.id)
                begin = time.monotonic()
                server.signal()
                server.assert_clean(server.wait())
                took = time.monotonic() - begin
                self.assertGreater(took, 0.9)
                self.assertLess(took, 5)
                thread.join(10)
                self.assertEqual(UNAVAILABLE, seen[-1])

    def test_a_download_under_way_may_finish(self):
        # gRPC closes a connection without calls while the client's last window updates may be on their way; then the
        # kernel resets it, and what was still to be sent is lost. The client resumes; it is rare.
        self.assertTrue(any(self.finishes() for _ in range(3)))

    def finishes(self):
        server = self.serve()
        alice = self.caller(server)
        job = alice.completed(alice.create("wide", filters={"count": "20000"}).id)
        stream = alice.Download(token=alice.token(job.id))
        next(stream)
        server.signal()
        server.wait_for("event=server.stopping")
        try:
            self.assertEqual(job.file.size, sum(len(response.chunk) for response in stream))
        except grpc.RpcError as error:
            self.assertIn("reset by peer", error.details())
        server.assert_clean(server.wait())
        self.assertIn("to=%d size=%d told=1" % (job.file.size, job.file.size), server.log())
        return stream.code() == grpc.StatusCode.OK

    def test_a_download_that_nobody_reads_is_bounded_by_the_drain_timeout(self):
        server = self.serve(EXPORT_DRAIN_TIMEOUT="1s")
        alice = self.caller(server)
        job = alice.completed(alice.create("wide", filters={"count": "20000"}).id)
        stream = alice.Download(token=alice.token(job.id))
        next(stream)
        begin = time.monotonic()
        server.signal()
        server.assert_clean(server.wait())
        # a second of grace; gRPC 1.51 may add 10 s for the poller of a write that nobody takes
        self.assertLess(time.monotonic() - begin, 15)

    def test_an_idle_server_ends_at_once_on_each_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                server = self.serve()
                alice = self.caller(server)
                seen = []
                thread = self.start_watch(alice, seen)
                # a job tells that the watch is there, and is over soon after
                wait_until(lambda: seen or not alice.completed(alice.rows(1).id), "the watch is there")
                begin = time.monotonic()
                server.signal(number)
                server.assert_clean(server.wait())
                self.assertLess(time.monotonic() - begin, 5)
                thread.join(10)
                self.assertEqual(UNAVAILABLE, seen[-1])

    def test_many_watchers_are_all_told(self):
        server = self.serve()
        job = self.caller(server).create("stuck")
        self.caller(server).started(job.id)
        seen = [[] for _ in range(100)]
        callers = [self.caller(server) for _ in range(10)]
        threads = [self.watch(callers[i % 10], into) for i, into in enumerate(seen)]
        self.caller(server).CancelJob(id=job.id)
        server.signal()
        for thread in threads:
            thread.join(30)
        self.assertEqual({UNAVAILABLE}, {into[-1] for into in seen})
        server.assert_clean(server.wait())


class Leftovers(Case):
    """The state directory from one server to the next."""

    def setUp(self):
        super().setUp()
        self.state = os.path.join(self.kit.home, "state")

    def files(self):
        """What lies in the file store, by name; locks do not count."""
        paths = glob.glob(os.path.join(self.state, "**", "*"), recursive=True)
        return [path for path in paths if os.path.isfile(path) and not path.endswith("lock")]

    def start(self, **settings):
        return self.serve(EXPORT_STATE_DIR=self.state, **settings)

    def test_a_power_cut_leaves_nothing_that_the_next_start_does_not_clear(self):
        server = self.start()
        alice = self.caller(server)
        alice.completed(alice.rows(1000).id)
        endless = alice.create("endless")
        wait_until(lambda: alice.get(endless.id).progress.bytes_written > 0, "bytes are written")
        self.assertGreaterEqual(len(self.files()), 2)
        server.kill()
        self.assertTrue([path for path in self.files() if ".part" in os.path.basename(path)], self.files())
        again = self.start()
        alice = self.caller(again)
        self.assertEqual([], self.files())
        self.assertEqual([], list(alice.ListJobs().jobs))
        job = alice.completed(alice.rows(10).id)
        self.assertEqual(job.file.size, len(alice.file(job.id)))

    def test_what_a_stopped_server_left_is_cleared_too(self):
        server = self.start()
        alice = self.caller(server)
        alice.completed(alice.rows(1000).id)
        self.assertEqual(1, len(self.files()))
        server.stop()
        self.start()
        self.assertEqual([], self.files())

    def test_a_cancelled_failed_or_deleted_job_leaves_no_file(self):
        server = self.start()
        alice = self.caller(server)
        endless = alice.create("endless")
        wait_until(lambda: alice.get(endless.id).progress.bytes_written > 0, "bytes are written")
        alice.CancelJob(id=endless.id)
        alice.ended(alice.create("torn").id)
        done = alice.completed(alice.rows(10).id)
        alice.DeleteJob(id=done.id)
        wait_until(lambda: not self.files(), "no file is left")

    def test_a_file_is_for_its_owner_alone(self):
        server = self.start()
        alice = self.caller(server)
        alice.completed(alice.rows(10).id)
        for path in self.files():
            self.assertEqual(0, os.stat(path).st_mode & 0o077, path)

    def test_a_second_server_on_the_same_directory_is_refused(self):
        server = self.start()
        begin = time.monotonic()
        status, _, err = run_once([], {**server.settings})
        self.assertEqual(1, status)
        self.assertRegex(err, r"\Aexportqd: [^\n]*another[^\n]*\n\Z")
        self.assertLess(time.monotonic() - begin, 5)
        alice = self.caller(server)
        alice.completed(alice.rows(1).id)  # the first did not notice

    def test_a_directory_that_cannot_be_written_is_told(self):
        path = os.path.join(self.kit.home, "file")
        with open(path, "w", encoding="ascii"):
            pass
        server = Server(self.kit, EXPORT_STATE_DIR=os.path.join(path, "state"))
        self.addCleanup(server.close)
        status, _, err = run_once([], server.settings)
        self.assertNotEqual(0, status)
        self.assertRegex(err, r"\Aexportqd: [^\n]*director[^\n]*\n\Z")


if __name__ == "__main__":
    unittest.main()
