# SPDX-License-Identifier: Apache-2.0
"""What one owner and all together may take: how much, what is told, and that it comes back."""

import concurrent.futures
import os
import re
import threading
import unittest

import grpc

from server import run_once
from support import Case, Caller, Refusal, pb, wait_until

CREATES = 64
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


class Limits(Case):
    """The limit of active jobs."""

    def rush(self, server, owner="alice", **fields):
        """64 creates that start together, over several connections; gives jobs and refusals."""
        channels = [server.channel() for _ in range(8)]
        for channel in channels:
            self.addCleanup(channel.close)
            grpc.channel_ready_future(channel).result(30)
        callers = [Caller(channels[i % len(channels)], owner) for i in range(CREATES)]
        together = threading.Barrier(CREATES)

        def create(caller):
            together.wait()
            try:
                return caller.create("stuck", **fields)
            except grpc.RpcError as error:
                return Refusal(error)
        with concurrent.futures.ThreadPoolExecutor(CREATES) as pool:
            results = list(pool.map(create, callers))
        return ([each for each in results if not isinstance(each, Refusal)],
                [each for each in results if isinstance(each, Refusal)])

    def test_of_64_creates_at_once_exactly_5_are_accepted(self):
        server = self.serve()
        jobs, refusals = self.rush(server)
        self.assertEqual((5, 59), (len(jobs), len(refusals)))
        self.assertEqual({grpc.StatusCode.RESOURCE_EXHAUSTED}, {refusal.code for refusal in refusals})
        self.assertTrue(all(refusal.retry_s > 0 for refusal in refusals))
        alice, bob = self.caller(server), self.caller(server, "bob")
        self.assertEqual({job.id for job in jobs}, {job.id for job in alice.ListJobs().jobs})
        bob.create("stuck")  # another owner has a limit of his own
        for caller in (alice, bob):
            for job in caller.ListJobs().jobs:
                caller.CancelJob(id=job.id)

    def test_of_64_creates_with_one_request_id_there_is_one_job(self):
        server = self.serve()
        jobs, refusals = self.rush(server, request_id="the same")
        self.assertEqual((CREATES, 0), (len(jobs), len(refusals)))
        self.assertEqual(1, len({job.id for job in jobs}))
        self.caller(server).CancelJob(id=jobs[0].id)

    def test_an_ended_job_makes_room_and_the_limit_can_be_set(self):
        alice = self.caller(self.serve(EXPORT_MAX_ACTIVE_PER_USER=2))
        first, second = alice.create("stuck"), alice.create("stuck")
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, alice.create, type="rows")
        alice.CancelJob(id=first.id)
        third = alice.rows(1)
        # A retry is one more active job as well.
        alice.completed(third.id)
        alice.create("stuck")
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, alice.RetryJob, id=first.id)
        self.assertIn("2", refusal.message)
        for job in alice.ListJobs(states=[pb.JOB_STATE_QUEUED, pb.JOB_STATE_RUNNING]).jobs:
            alice.CancelJob(id=job.id)

    def test_jobs_run_in_the_order_of_their_creation_whoever_owns_them(self):
        server = self.serve(EXPORT_WORKERS=1, EXPORT_MAX_ACTIVE_PER_USER=50)
        alice, bob = self.caller(server), self.caller(server, "bob")
        first = alice.create("stuck")
        alice.started(first.id)
        made = [(caller, caller.rows(1).id) for _ in range(10) for caller in (alice, bob)]
        alice.CancelJob(id=first.id)
        begun = [caller.completed(id).started.ToMilliseconds() for caller, id in made]
        self.assertEqual(sorted(begun), begun)


class Taking(Case):
    """What is limited by the server itself. A refusal changes nothing, and Health counts it."""

    def use(self, server, name):
        """How a limit stands: in use, refused."""
        use = {use.name: use for use in self.caller(server).Health().limits}["EXPORT_MAX_" + name]
        return use.in_use, use.refused

    def freed(self, server, name, in_use):
        wait_until(lambda: self.use(server, name)[0] == in_use, "%s: %d in use" % (name, in_use))

    def limited(self, name, call, **fields):
        """Refused by the limit, in words that name it, and with the time to come back."""
        refusal = self.refused(EXHAUSTED, call, **fields)
        self.assertIn("(EXPORT_MAX_%s)" % name, refusal.message)
        self.assertGreater(refusal.retry_s, 0)
        return refusal

    def test_creates_and_retries_in_a_minute(self):
        server = self.serve(EXPORT_MAX_CREATED_PER_MINUTE=2)
        alice, bob = self.caller(server), self.caller(server, "bob")
        first, second = alice.create("stuck"), alice.create("stuck")
        alice.CancelJob(id=first.id)
        refusal = self.limited("CREATED_PER_MINUTE", alice.CreateJob, type="stuck")
        self.assertLessEqual(refusal.retry_s, 30)
        self.limited("CREATED_PER_MINUTE", alice.RetryJob, id=first.id)
        self.assertEqual({first.id: pb.JOB_STATE_CANCELLED},
                         {job.id: job.state for job in alice.ListJobs().jobs if job.id != second.id})
        self.assertEqual((2, 2), self.use(server, "CREATED_PER_MINUTE"))
        bob.completed(bob.rows(1).id)
        alice.CancelJob(id=second.id)

    def test_download_tokens_in_a_minute(self):
        server = self.serve(EXPORT_MAX_TOKENS_PER_MINUTE=2, EXPORT_DOWNLOADS_PER_JOB=0)
        alice, bob = self.caller(server), self.caller(server, "bob")
        job = alice.completed(alice.rows(1).id)
        self.refused(grpc.StatusCode.NOT_FOUND, bob.CreateDownloadToken, id=job.id)  # counts for nobody
        first, last = alice.token(job.id), alice.token(job.id)
        refusal = self.limited("TOKENS_PER_MINUTE", alice.CreateDownloadToken, id=job.id)
        self.assertLessEqual(refusal.retry_s, 30)
        self.assertNotEqual(first, last)
        self.assertTrue(alice.download(last)[1])  # the refusal made no other token that ends it
        self.assertEqual((2, 1), self.use(server, "TOKENS_PER_MINUTE"))
        self.assertEqual((1, 0), self.use(server, "CREATED_PER_MINUTE"))
        self.assertTrue(bob.file(bob.rows(1).id))

    def test_without_a_rate_any_number_of_tokens_is_given(self):
        server = self.serve(EXPORT_MAX_TOKENS_PER_MINUTE=0)
        alice = self.caller(server)
        job = alice.completed(alice.rows(1).id)
        for _ in range(700):
            alice.token(job.id)
        self.assertEqual((0, 0), self.use(server, "TOKENS_PER_MINUTE"))

    def test_what_is_no_export_does_not_count_as_one(self):
        alice = self.caller(self.serve(EXPORT_MAX_CREATED_PER_MINUTE=1))
        for _ in range(3):
            self.refused(grpc.StatusCode.INVALID_ARGUMENT, alice.CreateJob, type="nothing of ours")
        alice.completed(alice.rows(1).id)

    def test_without_a_rate_any_number_is_created(self):
        server = self.serve(EXPORT_MAX_CREATED_PER_MINUTE=0, EXPORT_MAX_ACTIVE_PER_USER=1000)
        alice = self.caller(server)
        for _ in range(700):
            alice.create("rows", filters={"count": "1"})
        self.assertEqual((0, 0), self.use(server, "CREATED_PER_MINUTE"))

    def test_watches_of_an_owner_come_back_when_cancelled_cut_or_over(self):
        server = self.serve(EXPORT_MAX_WATCHES_PER_USER=3)
        alice, far, bob = self.caller(server), self.caller(server), self.caller(server, "bob")
        stuck, short = alice.create("stuck"), alice.create("stuck")
        channel = server.channel()
        watches = [alice.WatchJob(id=stuck.id), Caller(channel).WatchJob(id=stuck.id), far.WatchJob(id=short.id)]
        for watch in watches:
            next(watch)
        for fields in ({"id": stuck.id}, {"id": ""}):
            self.limited("WATCHES_PER_USER", alice.WatchJob, **fields)
        self.assertEqual((3, 2), self.use(server, "WATCHES_PER_USER"))
        hers = bob.create("stuck")
        next(bob.WatchJob(id=hers.id)).job
        watches[0].cancel()
        self.freed(server, "WATCHES_PER_USER", 2)
        channel.close()
        self.freed(server, "WATCHES_PER_USER", 1)
        alice.CancelJob(id=short.id)
        self.assertEqual(pb.JOB_STATE_CANCELLED, list(watches[2])[-1].job.state)
        self.freed(server, "WATCHES_PER_USER", 1)  # bob's
        self.refused(grpc.StatusCode.NOT_FOUND, alice.WatchJob, id="nope")  # gives back what it took
        bob.CancelJob(id=hers.id)
        self.freed(server, "WATCHES", 0)
        alice.CancelJob(id=stuck.id)
        self.assertEqual(1, len(list(alice.WatchJob(id=stuck.id))))

    def test_watches_of_all(self):
        server = self.serve(EXPORT_MAX_WATCHES=2)
        callers = [self.caller(server, owner) for owner in ("alice", "bob", "carol")]
        jobs = [caller.create("stuck") for caller in callers]
        watches = [callers[i].WatchJob(id=jobs[i].id) for i in range(2)]
        for watch in watches:
            next(watch)
        self.limited("WATCHES", callers[2].WatchJob, id=jobs[2].id)
        self.assertEqual((2, 1), self.use(server, "WATCHES"))
        watches[0].cancel()
        self.freed(server, "WATCHES", 1)
        next(callers[2].WatchJob(id=jobs[2].id))
        for caller, job in zip(callers, jobs):
            caller.CancelJob(id=job.id)

    def large(self, caller):
        """The token of a file that no window holds."""
        return caller.token(caller.completed(caller.create("wide", filters={"count": "51000"}).id).id)

    def begun(self, caller, token):
        """A download under way: flow control stops the server before its end."""
        stream = caller.Download(token=token)
        next(stream)
        return stream

    def test_downloads_of_an_owner_also_by_token_alone(self):
        server = self.serve(EXPORT_MAX_DOWNLOADS_PER_USER=1)
        alice, anyone, bob = (self.caller(server, owner) for owner in ("alice", None, "bob"))
        token, other = self.large(alice), alice.token(alice.completed(alice.rows(1).id).id)
        for caller in (alice, anyone):
            first = self.begun(caller, token)
            for second in (alice, anyone):
                self.limited("DOWNLOADS_PER_USER", second.Download, token=other)
            first.cancel()
            self.freed(server, "DOWNLOADS_PER_USER", 0)
        self.assertEqual((0, 4), self.use(server, "DOWNLOADS_PER_USER"))
        channel = server.channel()
        self.begun(Caller(channel), token)
        self.assertTrue(bob.file(bob.rows(1).id))  # another owner has a limit of his own
        channel.close()
        self.freed(server, "DOWNLOADS_PER_USER", 0)
        self.refused(grpc.StatusCode.NOT_FOUND, bob.Download, token=other)  # takes nothing of alice's
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, alice.Download, token=other, offset=10**9)
        self.assertTrue(alice.download(other)[1])  # its one download was not used up, and no lease held it
        self.freed(server, "DOWNLOADS_PER_USER", 0)
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, alice.Download, token=other)
        self.assertTrue(alice.download(token)[1])

    def test_downloads_of_all(self):
        server = self.serve(EXPORT_MAX_DOWNLOADS=1)
        alice, bob = self.caller(server), self.caller(server, "bob")
        job = bob.completed(bob.rows(1).id)
        token = bob.token(job.id)
        first = self.begun(alice, self.large(alice))
        self.limited("DOWNLOADS", bob.Download, token=token)
        self.assertEqual((1, 1), self.use(server, "DOWNLOADS"))
        first.cancel()
        self.freed(server, "DOWNLOADS", 0)
        self.assertTrue(bob.download(token)[1])

    def test_filters_and_columns_of_a_job(self):
        server = self.serve(EXPORT_MAX_FILTERS=1, EXPORT_MAX_COLUMNS=2)
        alice = self.caller(server)
        two = [pb.Filter(name="mood", values=["good"]), pb.Filter(name="done", values=["true"])]
        for field, most, asked in (("filters", 1, {"filters": two}), ("columns", 2, {"columns": ["id", "at", "text"]})):
            refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, alice.CreateJob, type="notes", **asked)
            self.assertEqual(field, refusal.fields[0][0])
            self.assertIn("at most %d are accepted (EXPORT_MAX_%s)" % (most, field.upper()), refusal.message)
            self.assertEqual((0, 1), self.use(server, field.upper()))
        alice.completed(alice.create("notes", filters={"mood": "good"}, columns=["id", "at"]).id)

    def test_values_of_a_filter(self):
        server = self.serve(EXPORT_MAX_VALUES=2)
        alice = self.caller(server)
        filters = [pb.Filter(name="done", values=["true"]), pb.Filter(name="mood", values=["good", "bad", "good"])]
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, alice.CreateJob, type="notes", filters=filters)
        self.assertEqual("filters[1].values", refusal.fields[0][0])
        self.assertIn("has 3 values; at most 2 are accepted (EXPORT_MAX_VALUES)", refusal.message)
        self.assertEqual((0, 1), self.use(server, "VALUES"))

    def test_health_tells_of_calls_that_are_open_and_of_the_connections_that_may_be(self):
        server = self.serve()
        alice = self.caller(server)
        self.assertEqual((1, 0), self.use(server, "CALLS"))  # the one that asks
        watches = [alice.WatchJob() for _ in range(3)]
        self.freed(server, "CALLS", 4)
        for watch in watches:
            watch.cancel()
        self.freed(server, "CALLS", 1)
        limits = {use.name: use.limit for use in alice.Health().limits}
        self.assertTrue(1 <= limits["EXPORT_MAX_CONNECTIONS"] <= 10000)  # 0 would say: any number
        server = self.serve(EXPORT_MAX_CONNECTIONS=77)
        self.assertIn(77, [use.limit for use in self.caller(server).Health().limits
                           if use.name == "EXPORT_MAX_CONNECTIONS"])

    def test_every_limit_is_in_the_table_for_operators(self):
        docs = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "operating.md")
        with open(docs, encoding="utf-8") as file:
            table = file.read().partition("\n## Limits\n")[2].partition("\n## ")[0]
        rows = set(re.findall(r"`([A-Z_]+)`", " ".join(line for line in table.split("\n") if line.startswith("| `"))))
        names = {use.name for use in self.caller(self.serve()).Health().limits}
        names |= set(re.findall(r"^  (EXPORT_MAX_[A-Z_]+)", run_once(["--help"])[1], re.M))
        self.assertGreater(len(names), 10)
        self.assertEqual(set(), names - rows - {"EXPORT_MAX_ATTEMPTS"})

    def test_health_tells_of_active_jobs_that_were_refused_and_exportq_prints_what_matters(self):
        server = self.serve(EXPORT_MAX_ACTIVE_PER_USER=1)
        alice = self.caller(server)
        job = alice.create("stuck")
        cancelled = alice.CancelJob(id=job.id).job
        job = alice.create("stuck")
        self.refused(EXHAUSTED, alice.CreateJob, type="stuck")
        self.refused(EXHAUSTED, alice.RetryJob, id=cancelled.id)
        self.assertEqual((0, 2), self.use(server, "ACTIVE_PER_USER"))
        watch = alice.WatchJob(id=job.id)
        next(watch)
        status, out, _ = run_once(["--server", server.address, "health"], name="exportq")
        self.assertEqual(0, status)
        self.assertIn("EXPORT_MAX_ACTIVE_PER_USER=1: 0 in use, 2 refused\n", out)
        self.assertIn("EXPORT_MAX_WATCHES=16000: 1 in use, 0 refused\n", out)
        self.assertNotIn("EXPORT_MAX_COLUMNS", out)
        alice.CancelJob(id=job.id)


if __name__ == "__main__":
    unittest.main()
