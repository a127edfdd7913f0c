# SPDX-License-Identifier: Apache-2.0
"""How many jobs an owner may have at a time, however they arrive."""

import concurrent.futures
import threading
import unittest

import grpc

from support import Case, Caller, Refusal, pb

CREATES = 64


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


if __name__ == "__main__":
    unittest.main()
