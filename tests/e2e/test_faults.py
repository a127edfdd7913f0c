# SPDX-License-Identifier: Apache-2.0
"""Everything fails at random while jobs run: servers, workers, connections, the database. What must hold is
the five promises of queue/store.h. The faults are drawn from a seed that is printed; SEED=N repeats them,
FAULT_JOBS=N changes how many jobs there are."""

import collections
import hashlib
import os
import random
import signal
import sys
import threading
import time
import unittest

import grpc

from postgres import PersistentCase, Postgres, Server, Worker, query
from server import is_plain
from support import Caller, pb

JOBS = int(os.environ.get("FAULT_JOBS") or (1000 if is_plain() else 250))
OWNERS = 500
ROUNDS = max(1, JOBS // 500)  # how often each fault comes
CREATORS = 8
WATCHERS = 3
LIMIT_S = 240
LEASE_S = 2
FINAL = {"COMPLETED", "FAILED", "CANCELLED"}
TYPES = {  # of the PostgreSQL that the queue is in: what happens to one happens to both
    "rows": """-- title: As many rows as asked for
-- filter count integer: How many
-- shared
SELECT i AS id, 'row ' || i AS name, i * 0.5 AS half FROM generate_series(1, :count) AS i
""",
    "torn": """-- title: A row that cannot be computed, after some that can
-- shared
SELECT i AS id, 1 / (50 - i) AS half FROM generate_series(1, 100) AS i
""",
}


class World:
    """Nodes that come and go, and what callers were answered."""

    def __init__(self, case, seed):
        self.case = case
        self.random = random.Random(seed)
        self.servers = [case.node(Server, EXPORT_WORKERS=1) for _ in range(3)]
        self.workers = [case.node(Worker, EXPORT_WORKERS=2) for _ in range(2)]
        self.lock = threading.Lock()
        self.accepted = {}  # request id → job id
        self.cancelled = set()  # ids whose cancel was answered CANCELLED
        self.ends = collections.defaultdict(set)  # id → final states that watchers saw
        self.wrong = []
        self.is_over = threading.Event()
        self.turns = threading.Semaphore(0)  # how many jobs may be made: some a fault
        self.faults = collections.Counter()

    def start(self):
        for node in self.servers + self.workers:
            node.launch()
        for node in self.servers + self.workers:
            node.await_ready()
            if isinstance(node, Server):
                node.settings["EXPORT_LISTEN"] = node.address  # found again after a restart

    def caller(self, index, owner):
        channel = self.servers[index].channel(
            ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 300))
        return Caller(channel, owner, timeout=20)

    # ---- Callers: each insists until it is answered ----

    def create(self, part):
        draw = random.Random("%s %s" % (self.seed_text, part))
        callers = {}
        for number in range(part, JOBS, CREATORS):
            type, count = ("torn", None) if draw.random() < 0.05 else ("rows", draw.choice((1, 100, 5000, 60000, 300000)))
            filters = {"count": str(count)} if count else {}
            owner = "owner %d" % (number % OWNERS)
            request = "request %d" % number
            self.turns.acquire()
            while not self.is_over.is_set():
                index = draw.randrange(3)
                caller = callers.setdefault(index, self.caller(index, owner))
                caller.metadata = (("x-exportq-user", owner),)
                try:
                    job = caller.create(type, filters=filters, request_id=request)
                except grpc.RpcError as error:
                    if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                        time.sleep(0.05)  # the owner's earlier ones run yet
                    elif error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                        self.note("create: %s %s" % (error.code(), error.details()))
                        return
                    continue
                with self.lock:
                    self.accepted[request] = job.id
                if draw.random() < 0.05:
                    self.cancel(caller, job.id)
                break

    def cancel(self, caller, id):
        try:
            if caller.CancelJob(id=id).job.state == pb.JOB_STATE_CANCELLED:
                with self.lock:
                    self.cancelled.add(id)
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED,
                                    grpc.StatusCode.FAILED_PRECONDITION):
                self.note("cancel: %s %s" % (error.code(), error.details()))

    def watch(self, index):
        """Watches an owner's jobs, again after each break, and notes the ends it sees."""
        caller = self.caller(index, "owner %d" % index)
        caller.timeout = LIMIT_S
        while not self.is_over.is_set():
            try:
                for response in caller.WatchJob():
                    state = pb.JobState.Name(response.job.state).removeprefix("JOB_STATE_")
                    if state in FINAL:
                        with self.lock:
                            self.ends[response.job.id].add(state)
                    if self.is_over.is_set():
                        break
            except grpc.RpcError:
                self.is_over.wait(0.1)

    def note(self, what):
        with self.lock:
            self.wrong.append(what)

    # ---- Faults ----

    def kill(self):
        node = self.random.choice(self.servers + self.workers)
        node.kill()
        time.sleep(self.random.random() / 2)
        self.restart(node)

    def restart(self, node):
        """It may find the database away, and then says so and ends."""
        for _ in range(20):
            node.launch()
            try:
                node.await_ready()
                return
            except AssertionError:
                node.wait()
                time.sleep(0.2)
        self.note("%s does not come up again:\n%s" % (node.name, node.log()))

    def freeze(self):
        """A worker that is slow, not dead: past its lease, then it goes on."""
        node = self.random.choice(self.workers)
        node.signal(signal.SIGSTOP)
        time.sleep(LEASE_S + 1.5)
        node.signal(signal.SIGCONT)

    def cut(self):
        self.case.query("select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and pid <> pg_backend_pid()")

    def crash_database(self):
        self.case.postgres.stop("immediate")
        time.sleep(self.random.random())
        self.case.postgres.start()

    def break_things(self):
        """All faults in a random order; with each some more jobs come."""
        faults = [self.kill, self.kill, self.kill, self.freeze, self.cut, self.crash_database] * ROUNDS
        self.random.shuffle(faults)
        for number, fault in enumerate(faults, 1):
            self.turns.release(JOBS * number // len(faults) - JOBS * (number - 1) // len(faults))
            time.sleep(self.random.random() / 2)
            self.faults[fault.__name__] += 1
            fault()

    # ---- The whole ----

    def active(self):
        return int(self.case.query("select count(*) from exportq.job where state in ('QUEUED', 'RUNNING')")[0][0])

    def run(self, seed):
        self.seed_text = str(seed)
        self.start()
        creators = [threading.Thread(target=self.create, args=(part,)) for part in range(CREATORS)]
        watchers = [threading.Thread(target=self.watch, args=(index,), daemon=True) for index in range(WATCHERS)]
        breaker = threading.Thread(target=self.break_things)
        for thread in creators + watchers + [breaker]:
            thread.start()
        end = time.monotonic() + LIMIT_S
        breaker.join()  # no more faults: what is left has to come to its end
        for thread in creators:
            thread.join(max(0, end - time.monotonic()))
        while self.active() and time.monotonic() < end:
            time.sleep(0.2)
        self.is_over.set()


class Faults(PersistentCase):
    """No fault, and no mixture of faults, breaks a promise."""

    kit_types = TYPES
    settings = {"EXPORT_SOURCE_URL": None, "EXPORT_LEASE": "%ds" % LEASE_S, "EXPORT_RETRY_BASE_MS": 50,
                "EXPORT_RETRY_CAP_MS": 1000, "EXPORT_MAX_ATTEMPTS": 50, "EXPORT_DOWNLOADS_PER_JOB": 0}

    def new_postgres(self):
        return Postgres("fsync=on")

    def tearDown(self):
        self.addCleanup(self.postgres.remove)

    def test_every_accepted_job_ends_once_whatever_fails(self):
        seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 31))
        print("test_faults: SEED=%d" % seed, file=sys.stderr)
        world = World(self, seed)
        world.run(seed)
        with self.subTest(seed=seed, faults=dict(world.faults)):
            self.assertEqual([], world.wrong)
            self.check_jobs(world)
            self.check_files()
            self.check_counters()
            self.check_downloads(world)
        print("test_faults: %d jobs, %s, %d runs" % (
            len(world.accepted), dict(world.faults),
            int(self.query("select sum(attempt) from exportq.job")[0][0])), file=sys.stderr)
        for node in world.servers + world.workers:
            node.stop()

    def check_jobs(self, world):
        """Each accepted job is there once, ended, and as those who asked and watched were told."""
        rows = self.query("select id, request_id, state, type, error_code from exportq.job")
        found = {request: (id, *rest) for id, request, *rest in rows}
        self.assertEqual(JOBS, len(world.accepted))
        self.assertEqual(JOBS, len(rows))
        for request, id in world.accepted.items():
            self.assertEqual(id, found[request][0], request)
            state, type, code = found[request][1:]
            self.assertIn(state, FINAL)
            self.assertIn((state, code), (("COMPLETED", ""), ("FAILED", "SOURCE_DATA"), ("CANCELLED", code)))
            if id in world.cancelled:
                self.assertEqual("CANCELLED", state)
            elif type == "torn":
                self.assertIn(state, ("FAILED", "CANCELLED"))  # a cancel may have been carried out unanswered
            else:
                self.assertIn(state, ("COMPLETED", "CANCELLED"))
            self.assertLessEqual(world.ends[id], {state})

    def check_files(self):
        """A completed job has its file, whole, with every row; nothing else is there under a final name."""
        rows = self.query("select file_key, file_sha256, file_size, file_rows, spec->'filters'->0->'values'->>0"
                          " from exportq.job where state = 'COMPLETED'")
        for key, sha256, size, has, asked in rows:
            with open(os.path.join(self.files, key), "rb") as file:
                data = file.read()
            self.assertEqual((sha256, size), (hashlib.sha256(data).hexdigest(), str(len(data))))
            self.assertEqual((asked, int(asked) + 1), (has, data.count(b"\n")))
        attempts = collections.Counter(name.rsplit(".", 1)[0] for name in os.listdir(self.files)
                                       if name[0] != "." and ".part-" not in name)
        self.assertEqual([], [name for name, count in attempts.items() if count > 1])

    def check_counters(self):
        told = self.query("select sum(processed), sum(failed), sum(cancelled) from exportq.counter")
        there = self.query("select count(*) filter (where state = 'COMPLETED'), count(*) filter (where state = 'FAILED'),"
                           " count(*) filter (where state = 'CANCELLED') from exportq.job")
        self.assertEqual(there, told)

    def check_downloads(self, world):
        """What is there can be had, from any server."""
        rows = self.query("select id, owner, file_sha256 from exportq.job where state = 'COMPLETED' limit 20")
        for number, (id, owner, sha256) in enumerate(rows):
            caller = world.caller(number % 3, owner)
            self.assertEqual(sha256, hashlib.sha256(caller.file(id)).hexdigest())


if __name__ == "__main__":
    unittest.main()
