# SPDX-License-Identifier: Apache-2.0
"""WatchJob: every change of state is pushed, to a thousand watchers at once, and nobody waits for a slow one."""

import subprocess
import time
import unittest

import grpc

from server import is_plain, program
from support import FINAL, Case, pb

WATCHERS = 1000
WITHIN_MS = 200
QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = (
    pb.JOB_STATE_QUEUED, pb.JOB_STATE_RUNNING, pb.JOB_STATE_COMPLETED, pb.JOB_STATE_FAILED, pb.JOB_STATE_CANCELLED)


def states(jobs):
    """The states a watcher saw, each once in a row."""
    seen = []
    for job in jobs:
        if not seen or seen[-1] != job.state:
            seen.append(job.state)
    return seen


class Watching(Case):
    """What one watcher sees."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_MAX_ACTIVE_PER_USER": 100}

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.alice = self.caller(self.server)

    def behind(self, *args, **fields):
        """A job that waits behind another, and what lets it run."""
        blocker = self.alice.create("stuck")
        self.alice.started(blocker.id)
        return self.alice.create(*args, **fields), lambda: self.alice.CancelJob(id=blocker.id)

    def test_every_change_of_state_is_pushed_in_order(self):
        job, release = self.behind("rows", filters={"count": "200000"})
        watch = self.alice.WatchJob(id=job.id)
        seen = [next(watch).job]
        self.assertEqual(QUEUED, seen[0].state)
        release()
        seen += [response.job for response in watch]
        self.assertEqual([QUEUED, RUNNING, COMPLETED], states(seen))
        done = [job.progress.rows_done for job in seen if job.state != QUEUED]
        self.assertEqual(sorted(done), done)
        self.assertEqual(200000, done[-1])
        self.assertEqual(grpc.StatusCode.OK, watch.code())
        for job in seen[:-1]:
            self.assertFalse(job.HasField("file"))

    def test_progress_comes_while_a_job_runs(self):
        job = self.alice.create("endless")
        rows, phases = set(), set()
        for response in self.alice.WatchJob(id=job.id):
            rows.add(response.job.progress.rows_done)
            phases.add(response.job.progress.phase)
            if len(rows) == 5:
                self.alice.CancelJob(id=job.id)
        self.assertIn(pb.Progress.PHASE_WRITING, phases)

    def test_a_failure_and_a_cancellation_end_a_watch_too(self):
        job, release = self.behind("torn")
        watch = self.alice.WatchJob(id=job.id)
        next(watch)
        release()
        self.assertEqual([RUNNING, FAILED], states([response.job for response in watch]))
        job, release = self.behind("rows", filters={"count": "1"})
        watch = self.alice.WatchJob(id=job.id)
        next(watch)
        self.alice.CancelJob(id=job.id)
        self.assertEqual([CANCELLED], [response.job.state for response in watch])
        release()

    def test_a_watch_of_an_ended_job_gives_it_once_and_ends(self):
        job = self.alice.completed(self.alice.rows(1).id)
        self.assertEqual([job], [response.job for response in self.alice.WatchJob(id=job.id)])

    def test_a_watch_of_a_deleted_job_ends(self):
        # A job is cancelled before it is removed, and that is the last its watchers see of it.
        job, release = self.behind("rows", filters={"count": "1"})
        watch = self.alice.WatchJob(id=job.id)
        next(watch)
        self.alice.DeleteJob(id=job.id)
        self.assertEqual([CANCELLED], [response.job.state for response in watch])
        self.refused(grpc.StatusCode.NOT_FOUND, self.alice.WatchJob, id=job.id)
        release()

    def test_a_watch_without_an_id_sees_all_jobs_of_the_owner(self):
        bob = self.caller(self.server, "bob")
        old, release = self.behind("rows", filters={"count": "1"})
        watch = self.alice.WatchJob()
        first = {next(watch).job.id for _ in range(2)}  # the blocker and the old one, as they are
        self.assertIn(old.id, first)
        bobs = bob.rows(1)
        new = self.alice.rows(1)
        release()
        seen, ended = {}, set()
        while not {old.id, new.id} <= ended:
            job = next(watch).job
            seen.setdefault(job.id, []).append(job)
            if job.state in FINAL:
                ended.add(job.id)
        self.assertEqual([QUEUED, RUNNING, COMPLETED], states(seen[new.id]))
        self.assertEqual([RUNNING, COMPLETED], states(seen[old.id]))
        self.assertNotIn(bobs.id, seen)
        self.assertTrue(watch.is_active())  # it does not end by itself
        watch.cancel()

    def test_of_all_jobs_an_ended_one_is_seen_when_it_changes(self):
        ended = self.alice.create("stuck")
        self.alice.CancelJob(id=ended.id)
        active = self.alice.create("stuck")
        watch = self.alice.WatchJob()
        self.assertEqual(active.id, next(watch).job.id)
        self.alice.RetryJob(id=ended.id)
        seen = next(job for job in (each.job for each in watch) if job.id != active.id)
        self.assertEqual((ended.id, QUEUED), (seen.id, seen.state))
        watch.cancel()
        for job in (ended, active):
            self.alice.CancelJob(id=job.id)

    def test_retried_jobs_are_seen_waiting_for_their_next_attempt(self):
        job = self.alice.ended(self.alice.create("torn").id)
        watch = self.alice.WatchJob()
        blocker = self.alice.create("stuck")
        self.alice.RetryJob(id=job.id)
        self.alice.CancelJob(id=blocker.id)
        seen = []
        while not seen or seen[-1].state not in FINAL:
            seen += [each for each in [next(watch).job] if each.id == job.id]
        self.assertEqual([QUEUED, RUNNING, FAILED], states(seen))
        watch.cancel()

    def test_a_watcher_that_stops_reading_holds_nobody_up_and_costs_little(self):
        # Fifty watchers never read; what they are told of is 20 kB a change, so that their flow
        # control windows fill at once and all else would pile up here: 200 MB of it.
        server = self.serve()
        alice = self.caller(server)
        lazy = [self.caller(server).WatchJob() for _ in range(50)]
        heavy = {"tags": ["x" * 1000] * 20}
        alice.completed(alice.create("notes", filters=heavy).id)
        before = server.memory()
        begin = time.monotonic()
        for _ in range(70):
            alice.completed(alice.create("notes", filters=heavy).id)
        grown = server.memory() - before
        print("    70 jobs beside 50 watchers that do not read: %.1f s, server grew by %.1f MB"
              % (time.monotonic() - begin, grown / 1e6), flush=True)
        if is_plain():
            self.assertLess(grown, 32e6)
        overrun = [self.refused(grpc.StatusCode.CANCELLED, lambda: watch) for watch in lazy if watch.cancel()]
        self.assertEqual(50, len(overrun))
        alice.completed(alice.rows(1).id)


class Crowd(Case):
    """A thousand watchers of one job, in a client that costs next to nothing (watchers.c)."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_MAX_WATCHES_PER_USER": 2 * WATCHERS}

    def test_a_thousand_watchers_see_the_end_within_200_ms(self):
        server = self.serve()
        alice = self.caller(server)
        blocker = alice.create("stuck")
        alice.started(blocker.id)
        job = alice.rows(1)
        with subprocess.Popen([program("watchers"), server.address, job.id, str(WATCHERS)], text=True,
                              stdout=subprocess.PIPE) as crowd:
            self.assertEqual("ready\n", crowd.stdout.readline())
            alice.CancelJob(id=blocker.id)
            last_seen = int(crowd.stdout.readline())
        self.assertEqual(0, crowd.returncode)
        late = last_seen - alice.completed(job.id).completed.ToMilliseconds()
        print("    the last of %d watchers saw COMPLETED %d ms after it was so" % (WATCHERS, late), flush=True)
        if is_plain():
            self.assertLess(late, WITHIN_MS)


if __name__ == "__main__":
    unittest.main()
