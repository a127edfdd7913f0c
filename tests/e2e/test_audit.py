# SPDX-License-Identifier: Apache-2.0
"""The audit: who did what with which job, in memory and in PostgreSQL; that nothing is lost and nothing changed."""

import collections
import datetime
import glob
import json
import os
import re
import subprocess
import threading
import time

import grpc

from bindings import ROOT
from postgres import PersistentCase, Server
from server import environment, program, run_once, wait_until
from support import Caller, Case, Refusal, pb

NAME = pb.AuditAction.Name
ADDRESS = "127.0.0.1"
EVENTS = {"create": "job.created", "cancel": "job.cancelled", "retry": "job.retried", "delete": "job.deleted",
          "token": "token.issued", "download": "download.opened", "resume": "download.resumed"}

# What migration 0002 and those after it made; without it, the schema is that of version 1.
UNDO = ("alter table exportq.job drop column trace_parent, drop column trace_state; drop trigger job_end_is_told on exportq.job; drop function exportq.write_deliveries();"
        " drop view exportq.deliveries; drop table exportq.delivery, exportq.webhook;"
        " drop view exportq.audit_trail; drop table exportq.audit; drop function exportq.refuse_audit_change();"
        " delete from exportq.migration where version >= 2")
STEPS = len(glob.glob(os.path.join(ROOT, "sql/migrations/*.sql"))) - 1


def trail(caller, **query):
    """All entries, the oldest first, page by page."""
    entries, token = [], ""
    while True:
        page = caller.ListAuditEntries(page_token=token, **query)
        entries += page.entries
        token = page.next_page_token
        if not token:
            return entries[::-1]


def acts(entries):
    """(action, actor) of each."""
    return [(NAME(entry.action).removeprefix("AUDIT_ACTION_").lower(), entry.actor) for entry in entries]


def cli(server, *arguments):
    done = subprocess.run([program("exportq"), *arguments], text=True, capture_output=True, timeout=60, check=False,
                          env=environment({"EXPORTQ_SERVER": server.address, "EXPORTQ_USER": "carol"}))
    return done.returncode, done.stdout, done.stderr


class Acts:
    """What holds of both stores."""

    settings = {"EXPORT_DOWNLOADS_PER_JOB": 0}

    def live(self, server):
        """A job's whole life, in which alice, bob and somebody with a token have a part."""
        alice, bob, anybody = (self.caller(server, name) for name in ("alice", "bob", None))
        job = alice.create("stuck")
        alice.started(job.id)
        alice.CancelJob(id=job.id)
        alice.RetryJob(id=job.id)
        alice.DeleteJob(id=job.id)  # it runs: it is cancelled first
        done = bob.completed(bob.rows(50).id)
        token = bob.token(done.id)
        bob.download(token)
        token = bob.token(done.id)
        anybody.download(token)
        token = bob.token(done.id)
        stream = anybody.Download(token=token)
        next(stream)
        stream.cancel()

        def resumes():
            try:
                return anybody.download(token, 7)
            except grpc.RpcError as error:  # the transfer before has not been noticed to end
                assert error.code() == grpc.StatusCode.ABORTED, error
                return None
        wait_until(resumes, "the transfer is resumed")
        bob.DeleteJob(id=done.id)
        return job, done

    def test_each_act_is_told_once_in_order_with_who_and_from_where(self):
        server = self.serve()
        begin = time.time()
        job, done = self.live(server)
        entries = trail(self.caller(server, "carol"))
        first = [("create", "alice"), ("cancel", "alice"), ("retry", "alice"), ("cancel", "alice"),
                 ("delete", "alice")]
        second = [("create", "bob"), ("token", "bob"), ("download", "bob"), ("token", "bob"), ("download", ""),
                  ("token", "bob"), ("download", ""), ("resume", ""), ("delete", "bob")]
        self.assertEqual(first + second, acts(entries))
        for entry in entries:
            self.assertEqual(ADDRESS, entry.address)
            self.assertTrue(begin - 5 < entry.time.ToDatetime(datetime.timezone.utc).timestamp() < time.time() + 5)
        self.assertEqual([(job.id, "alice", "stuck")] * 5 + [(done.id, "bob", "rows")] * 9,
                         [(entry.job_id, entry.owner, entry.type) for entry in entries])
        numbers = [entry.number for entry in entries]
        self.assertEqual(sorted(set(numbers)), numbers)
        # the log has one line of each
        server.wait_for("event=job.deleted job=" + done.id)
        for (action, actor), entry in zip(first + second, entries):
            line = r"event=%s job=%s owner=%s type=%s format=csv attempt=\d+%s address=%s(?:\n|$)" % (
                EVENTS[action], entry.job_id, entry.owner, entry.type, actor and " actor=" + actor, ADDRESS)
            self.assertEqual(acts(entries).count((action, actor)), len(re.findall(line, server.log())), line)
        lines = collections.Counter(word for line in server.log().splitlines() for word in line.split()
                                    if word.removeprefix("event=") in EVENTS.values())
        self.assertEqual(collections.Counter("event=" + EVENTS[action] for action, _ in first + second), lines)

    def test_what_is_refused_or_changes_nothing_is_not_told(self):
        server = self.serve(EXPORT_WORKERS=0, EXPORT_MAX_ACTIVE_PER_USER=1)
        alice, bob = self.caller(server), self.caller(server, "bob")
        job = alice.create("rows", filters={"count": "1"}, request_id="once")
        self.assertEqual(job.id, alice.create("rows", filters={"count": "1"}, request_id="once").id)
        for code, call, fields in (
                ("RESOURCE_EXHAUSTED", alice.CreateJob, {"type": "rows"}),
                ("ALREADY_EXISTS", alice.CreateJob, {"type": "notes", "request_id": "once"}),
                ("INVALID_ARGUMENT", alice.CreateJob, {"type": "nonsense"}),
                ("NOT_FOUND", bob.CancelJob, {"id": job.id}),
                ("NOT_FOUND", bob.RetryJob, {"id": job.id}),
                ("NOT_FOUND", bob.DeleteJob, {"id": job.id}),
                ("NOT_FOUND", bob.CreateDownloadToken, {"id": job.id}),
                ("FAILED_PRECONDITION", alice.RetryJob, {"id": job.id}),
                ("FAILED_PRECONDITION", alice.CreateDownloadToken, {"id": job.id}),
                ("PERMISSION_DENIED", bob.Download, {"token": "forged"})):
            self.refused(grpc.StatusCode[code], call, **fields)
        alice.CancelJob(id=job.id)
        alice.CancelJob(id=job.id)
        self.assertEqual([("create", "alice"), ("cancel", "alice")], acts(trail(bob)))

    def test_a_list_is_narrowed_and_paged(self):
        server = self.serve(EXPORT_WORKERS=0, EXPORT_MAX_ACTIVE_PER_USER=1000)
        alice, bob = self.caller(server), self.caller(server, "bob")
        for _ in range(130):
            alice.create("notes")
        job = bob.create("notes")
        bob.CancelJob(id=job.id)
        self.assertEqual(132, len(trail(bob)))
        self.assertEqual(130, len(trail(bob, owner="alice", page_size=7)))
        self.assertEqual(50, len(bob.ListAuditEntries().entries))
        self.assertEqual(100, len(bob.ListAuditEntries(page_size=5000).entries))
        self.assertEqual([("create", "bob"), ("cancel", "bob")], acts(trail(alice, actor="bob")))
        self.assertEqual([("cancel", "bob")], acts(trail(alice, job_id=job.id, actions=[pb.AUDIT_ACTION_CANCEL])))
        middle = trail(bob)[60].time
        self.assertEqual(132, len(trail(bob, since=middle)) + len(trail(bob, until=middle)))
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, bob.ListAuditEntries, page_token="x")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, bob.ListAuditEntries, job_id="x")

    def test_the_command_line_shows_it_to_people_and_to_scripts(self):
        server = self.serve()
        job, done = self.live(server)
        status, out, err = cli(server, "audit")
        self.assertEqual((0, ""), (status, err))
        rows = [line.split() for line in out.splitlines()]
        self.assertEqual(["TIME", "ACTION", "ACTOR", "ADDRESS", "JOB", "TYPE", "OWNER"], rows[0])
        self.assertEqual(15, len(rows))
        self.assertEqual(["delete", "bob", ADDRESS, done.id, "rows"], rows[1][1:])
        self.assertEqual(["download", "(token)", ADDRESS, done.id, "rows", "bob"], rows[5][1:])
        self.assertEqual(["create", "alice", ADDRESS, job.id, "stuck"], rows[14][1:])
        status, out, err = cli(server, "audit", "--json", "--action", "token,Delete", "--owner=bob", "--since", "1h",
                               "--limit", "3")
        self.assertEqual(0, status, err)
        self.assertEqual("exportq: there are more than these 3: --limit N\n", err)
        entries = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(["DELETE", "TOKEN", "TOKEN"],
                         [entry["action"].removeprefix("AUDIT_ACTION_") for entry in entries])
        self.assertEqual({"bob"}, {entry["actor"] for entry in entries})
        self.assertEqual(1, cli(server, "audit", "--until", "1h")[1].count("\n"))  # the header alone
        self.assertEqual(6, cli(server, "audit", "-j", job.id)[1].count("\n"))
        self.assertEqual(1 + 2, cli(server, "audit", "-a", "bob", "--owner", "bob", "--action=resume,download",
                                    "--action", "create")[1].count("\n"))
        for wrong in (["--since", "yesterday"], ["--action", "look"], ["--limit", "0"], ["word"], ["--what"]):
            status, out, err = cli(server, "audit", *wrong)
            self.assertEqual((2, ""), (status, out), err)


class InMemory(Acts, Case):
    """A server alone."""

    def test_it_keeps_the_newest_ten_thousand(self):
        server = self.serve(EXPORT_WORKERS=0, EXPORT_MAX_ACTIVE_PER_USER=20000, EXPORT_MAX_CREATED_PER_MINUTE=0)
        alice = self.caller(server)
        first = alice.create("notes")
        calls = [alice.stub.CreateJob.future(pb.CreateJobRequest(type="notes"), metadata=alice.metadata, timeout=60)
                 for _ in range(10000)]
        for call in calls:
            call.result()
        entries = trail(alice, page_size=100)
        self.assertEqual(10000, len(entries))
        self.assertEqual((2, 10001), (entries[0].number, entries[-1].number))
        self.assertEqual([], trail(alice, job_id=first.id))


class InPostgres(Acts, PersistentCase):
    """Servers on one database."""

    def test_nobody_changes_or_removes_an_entry(self):
        server = self.serve()
        self.live(server)
        before = self.query("select * from exportq.audit order by number")
        for statement in ("update exportq.audit set actor = 'mallory'", "delete from exportq.audit",
                          "delete from exportq.audit where false", "truncate exportq.audit",
                          "update exportq.audit_trail set actor = 'mallory'",
                          "insert into exportq.audit (number, at_ms, action, actor, address, job, owner, type)"
                          " overriding system value select * from exportq.audit"
                          " on conflict (number) do update set actor = 'mallory'"):
            done = subprocess.run(["psql", "-XAtq", self.url, "-c", statement], text=True, capture_output=True,
                                  check=False)
            self.assertNotEqual(0, done.returncode, statement)
            self.assertIn("append-only", done.stderr)
            self.assertIn("docs/operating.md", done.stderr)
        self.assertEqual(before, self.query("select * from exportq.audit order by number"))

    def test_the_archive_of_the_manual_works(self):
        server = self.serve()
        self.live(server)
        last = self.query("select max(number) - 3 from exportq.audit")[0][0]
        self.query("begin; set local session_replication_role = replica;"
                   " delete from exportq.audit where number <= %s; commit" % last)
        alice = self.caller(server)
        self.assertEqual(3, len(trail(alice)))
        alice.create("notes")
        self.assertEqual(int(last) + 4, trail(alice)[-1].number)

    def test_a_killed_server_leaves_no_job_without_entry_and_no_entry_without_job(self):
        answered = set()
        for _ in range(4):
            server = self.node(EXPORT_WORKERS=0, EXPORT_MAX_ACTIVE_PER_USER=1000000).start()
            threads = [threading.Thread(target=self.create_until_it_ends, args=(server, n, answered))
                       for n in range(8)]
            enough = len(answered) + 200
            for thread in threads:
                thread.start()
            wait_until(lambda limit=enough: len(answered) > limit, "jobs are created")
            server.kill()
            for thread in threads:
                thread.join()
        jobs = {row[0] for row in self.query("select id from exportq.job")}
        told = [row[0] for row in self.query("select job from exportq.audit where action = 'create'")]
        self.assertEqual(len(told), len(set(told)))
        self.assertEqual(jobs, set(told))
        self.assertLessEqual(answered, jobs)
        cancelled = [row[0] for row in self.query("select job from exportq.audit where action = 'cancel'")]
        self.assertEqual(len(cancelled), len(set(cancelled)))
        self.assertEqual({row[0] for row in self.query("select id from exportq.job where state = 'CANCELLED'")},
                         set(cancelled))

    def create_until_it_ends(self, server, number, answered):
        with server.channel() as channel:
            caller = Caller(channel, "owner-%d" % number)
            try:
                while True:
                    job = caller.create("notes")
                    answered.add(job.id)
                    caller.CancelJob(id=job.id)
            except grpc.RpcError as error:
                assert Refusal(error).code == grpc.StatusCode.UNAVAILABLE, error

    def test_two_servers_write_one_trail(self):
        one, other = self.serve(EXPORT_WORKERS=0), self.serve(EXPORT_WORKERS=0)
        here, there = self.caller(one), self.caller(other)
        job = here.create("notes")
        there.CancelJob(id=job.id)
        here.RetryJob(id=job.id)
        there.DeleteJob(id=job.id)
        expected = [("create", "alice"), ("cancel", "alice"), ("retry", "alice"), ("cancel", "alice"),
                    ("delete", "alice")]
        self.assertEqual(expected, acts(trail(here)))
        self.assertEqual(trail(here), trail(there))

    def test_of_those_who_cancel_a_job_at_once_one_did(self):
        servers = [self.serve(EXPORT_WORKERS=0) for _ in range(2)]
        callers = [self.caller(servers[n % 2]) for n in range(8)]
        for _ in range(20):
            job = callers[0].create("notes")
            threads = [threading.Thread(target=caller.CancelJob, kwargs={"id": job.id}) for caller in callers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual([("create", "alice"), ("cancel", "alice")], acts(trail(callers[0], job_id=job.id)))


class Migrating(PersistentCase):
    """A queue of the version before, which had no audit."""

    def setUp(self):
        super().setUp()
        with self.node() as server:
            alice = self.caller(server)
            self.job = alice.completed(alice.rows(3).id)
        self.query(UNDO)

    def test_jobs_from_before_go_on_and_what_is_done_from_now_on_is_told(self):
        alice = self.caller(self.serve())
        self.assertEqual(self.job, alice.get(self.job.id))
        self.assertEqual([], trail(alice))
        self.assertEqual(b"id,name,half\n", alice.file(self.job.id)[:13])
        self.assertEqual([("token", "alice"), ("download", "alice")], acts(trail(alice)))

    def test_a_server_that_may_not_migrate_refuses_until_somebody_did(self):
        node = self.node(EXPORT_AUTO_MIGRATE=0)
        status, _, err = run_once([], node.settings)
        self.assertEqual(1, status)
        self.assertIn("exportqd --migrate", err)
        self.assertEqual([["1"]], self.query("select max(version) from exportq.migration"))
        status, out, err = run_once(["--migrate"], {"DATABASE_URL": self.url})
        self.assertEqual((0, "the queue's schema is up to date; %d step%s taken\n" % (STEPS, " was" if STEPS == 1 else "s were")), (status, out), err)
        alice = self.caller(node.start())
        alice.DeleteJob(id=self.job.id)
        self.assertEqual([("delete", "alice")], acts(trail(alice)))

    def test_of_servers_that_start_at_once_one_takes_the_steps(self):
        nodes = [self.node(EXPORT_WORKERS=0).launch() for _ in range(4)]
        for node in nodes:
            node.await_ready()
        self.assertEqual(1, sum("event=queue.migrated steps=%d" % STEPS in node.log() for node in nodes))
        for node in nodes:
            self.caller(node).create("notes")
        self.assertEqual(4, len(trail(self.caller(nodes[0]))))
        for node in nodes:
            node.stop()

    def test_the_role_of_the_manual_may_write_and_read_it(self):
        role = "app_%d" % os.getpid()
        self.query("create role %s login; grant usage on schema exportq to %s;"
                   " alter default privileges in schema exportq grant select, insert, update, delete on tables to %s;"
                   " grant select, insert, update, delete on all tables in schema exportq to %s" % ((role,) * 4))
        self.addCleanup(self.query, "drop owned by %s; drop role %s" % (role, role))
        self.assertEqual(0, run_once(["--migrate"], {"DATABASE_URL": self.url})[0])
        url = self.url.split("//", 1)
        url = url[0] + "//" + role + "@" + url[1].rsplit("@", 1)[-1]
        node = self.node(Server, DATABASE_URL=url, EXPORT_AUTO_MIGRATE=0).start()
        alice = self.caller(node)
        alice.DeleteJob(id=alice.create("notes").id)
        self.assertEqual("delete", acts(trail(alice))[-1][0])
        node.stop()
