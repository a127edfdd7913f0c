# SPDX-License-Identifier: Apache-2.0
"""Who may call what: every rpc that the server offers, by whoever may call. What it offers is asked of the server
itself, so a new rpc without a row here fails."""

import base64
import signal
import subprocess
import unittest

import grpc
from google.protobuf import descriptor_pb2

from bindings import health_pb, pb, reflection_pb
from issuer import Issuer
from people import CALLERS, People
from server import environment, program
from support import Caller, Case

OURS = "exportqueue.v1.ExportService"
REFLECTION = "grpc.reflection.v1.ServerReflection"
OPEN_S = 0.3  # a stream that says nothing for so long is open

OK, MISSING, DENIED, UNKNOWN = "OK", "NOT_FOUND", "PERMISSION_DENIED", "UNAUTHENTICATED"
STRANGERS = (UNKNOWN, UNKNOWN, UNKNOWN)
ANYBODY = (OK,) * 6
OWN = STRANGERS + (OK, OK, OK)          # what each has of its own
OF_THE_JOB = STRANGERS + (MISSING, OK, OK)
ADMINS = STRANGERS + (DENIED, DENIED, OK)

# (rpc, what is asked of a job, the state that the job is to be in, what each caller is told); of a job whose end is told
# by a webhook, the id of its delivery is in the token's place
TABLE = [
    ("CreateJob", lambda job, token: {"type": "notes"}, None, OWN),
    ("GetJob", lambda job, token: {"id": job}, "queued", OF_THE_JOB),
    ("ListJobs", lambda job, token: {}, "queued", OWN),
    ("ListJobs", lambda job, token: {"all_owners": True}, "queued", ADMINS),
    ("WatchJob", lambda job, token: {"id": job}, "queued", OF_THE_JOB),
    ("WatchJob", lambda job, token: {}, "queued", OWN),
    ("WatchJob", lambda job, token: {"all_owners": True}, "queued", ADMINS),
    ("CancelJob", lambda job, token: {"id": job}, "queued", OF_THE_JOB),
    ("RetryJob", lambda job, token: {"id": job}, "cancelled", OF_THE_JOB),
    ("DeleteJob", lambda job, token: {"id": job}, "queued", OF_THE_JOB),
    ("CreateDownloadToken", lambda job, token: {"id": job}, "completed", OF_THE_JOB),
    ("Download", lambda job, token: {"token": token}, "completed", (OK, UNKNOWN, UNKNOWN, MISSING, OK, OK)),
    ("ListExportTypes", lambda job, token: {}, None, OWN),
    ("ListAuditEntries", lambda job, token: {}, "queued", ADMINS),
    ("ListWebhookDeliveries", lambda job, token: {"job_id": job}, "told", OWN),
    ("ListWebhookDeliveries", lambda job, token: {"all_owners": True}, "told", ADMINS),
    ("ResendWebhook", lambda job, token: {"id": token}, "told", OF_THE_JOB),
    ("Health", lambda job, token: {}, None, ANYBODY),
]
OTHERS = {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/%s/ServerReflectionInfo" % REFLECTION,
          "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}


def status_of(call):
    """What a call ends with; a stream that has begun is fine."""
    try:
        if hasattr(call, "cancel"):
            next(call)
            call.cancel()
    except StopIteration:
        pass
    except grpc.RpcError as error:
        code = error.code().name
        return OK if code == "DEADLINE_EXCEEDED" else code
    return OK


class Offered:
    """The rpcs of a server, by its reflection."""

    def __init__(self, channel):
        self.ask = channel.stream_stream("/%s/ServerReflectionInfo" % REFLECTION,
                                         reflection_pb.ServerReflectionRequest.SerializeToString,
                                         reflection_pb.ServerReflectionResponse.FromString)

    def answer(self, **asked):
        return next(iter(self.ask(iter([reflection_pb.ServerReflectionRequest(**asked)]), timeout=20)))

    def methods(self, service):
        for text in self.answer(file_containing_symbol=service).file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(text)
            for each in file.service:
                if "%s.%s" % (file.package, each.name) == service:
                    return {"/%s/%s" % (service, method.name) for method in each.method}
        raise AssertionError("it does not describe " + service)

    def all(self):
        names = [each.name for each in self.answer(list_services="").list_services_response.service]
        return set().union(*(self.methods(name) for name in names))


class Access(Case):
    """With authentication."""

    settings = {"EXPORT_WORKERS": 1, "EXPORT_MAX_ACTIVE_PER_USER": 1000, "EXPORT_DOWNLOADS_PER_JOB": 0,
                "EXPORT_DRAIN_TIMEOUT": "0s", "EXPORT_WEBHOOK_ALLOW_PRIVATE": 1,
                "EXPORT_WEBHOOK_SECRET": "whsec_" + base64.b64encode(bytes(range(32))).decode()}

    def setUp(self):
        super().setUp()
        people = People(self.kit.home)
        self.settings = {**self.settings, **people.settings}
        self.server = self.serve()
        self.channel = self.server.channel()
        self.addCleanup(self.channel.close)
        self.metadata = {name: people.metadata(name) for name in CALLERS}
        self.owner, self.admin = self.by("owner"), self.by("admin")
        self.owner.started(self.owner.create("stuck").id)  # the one worker has enough to do

    def by(self, name):
        caller = Caller(self.channel, None)
        caller.metadata = self.metadata[name]
        return caller

    def prepare(self, state):
        """A job of the owner's in a state, and a token for its file, or the id of its webhook."""
        if state is None:
            return "", ""
        if state == "completed":
            return self.done, self.owner.token(self.done)
        job = self.owner.create("notes", webhook_url="http://127.0.0.1:9/" if state == "told" else "")
        if state in ("cancelled", "told"):
            self.owner.CancelJob(id=job.id)
        return job.id, self.owner.ListWebhookDeliveries(job_id=job.id).deliveries[0].id if state == "told" else ""

    def told(self, rpc, who, request):
        call = getattr(Caller(self.channel, None).stub, rpc)
        timeout = OPEN_S if rpc == "WatchJob" else 20
        try:
            return status_of(call(request, metadata=self.metadata[who], timeout=timeout))
        except grpc.RpcError as error:
            return error.code().name

    def test_each_caller_is_told_what_it_may_have(self):
        [stuck] = [job.id for job in self.owner.ListJobs().jobs]
        self.owner.CancelJob(id=stuck)
        self.done = self.owner.completed(self.owner.create("notes").id).id
        self.owner.started(self.owner.create("stuck").id)
        for rpc, asked, state, expected in TABLE:
            for who, wanted in zip(CALLERS, expected):
                job, token = self.prepare(state)
                before = self.admin.get(job) if job else None
                request = getattr(pb, rpc + "Request")(**asked(job, token))
                with self.subTest("%s %s by %s" % (rpc, asked("ID", "TOKEN"), who)):
                    self.assertEqual(wanted, self.told(rpc, who, request))
                    if job and wanted != OK:  # nothing has changed
                        self.assertEqual(before, self.admin.get(job))
                    if state == "completed" and wanted != OK:
                        self.assertTrue(self.owner.download(token)[1])

    def test_lists_of_others_are_empty(self):
        other = self.by("other")
        mine = [job.id for job in self.owner.ListJobs().jobs]
        page = self.owner.create("notes") and self.owner.ListJobs(page_size=1).next_page_token
        self.assertEqual(1, len(mine))
        for narrowed in ({}, {"type": "stuck"}, {"states": [pb.JOB_STATE_RUNNING]}, {"page_token": page}):
            self.assertEqual([], list(other.ListJobs(**narrowed).jobs))
        self.assertEqual([], list(self.admin.ListJobs().jobs))
        self.assertEqual(2, len(self.admin.ListJobs(all_owners=True).jobs))

    def test_anothers_job_and_none_are_told_of_in_the_same_words(self):
        other, [mine] = self.by("other"), self.owner.ListJobs().jobs
        none = mine.id[:-1] + ("1" if mine.id[-1] == "0" else "0")
        for rpc in ("GetJob", "WatchJob", "CancelJob", "RetryJob", "DeleteJob", "CreateDownloadToken"):
            words = [self.refused(grpc.StatusCode.NOT_FOUND, getattr(other, rpc), id=id).message.replace(id, "ID")
                     for id in (mine.id, none)]
            self.assertEqual(words[0], words[1])

    def test_counts_are_for_an_admin(self):
        for who in CALLERS:
            health = self.by(who).Health()
            self.assertEqual(pb.HealthResponse.STATUS_OK, health.status)
            self.assertEqual((who == "admin", 1 if who == "admin" else 0, who == "admin"),
                             (health.has_counters, health.running, len(health.limits) > 0), who)

    def exportq(self, who, *words):
        """The command line in the name of somebody: its words and its environment."""
        token = dict(self.metadata[who]).get("authorization", "Bearer ").partition(" ")[2]
        return ([program("exportq"), "--server", self.server.address, *words],
                environment({"EXPORTQ_TOKEN": token} if token else {}))

    def test_exportq_tells_counts_and_the_jobs_of_all_to_an_admin(self):
        for who, told in (("admin", "\nrunning: 1\n"), ("owner", "\ncounters: for an admin\n"),
                          ("nobody", "\ncounters: for an admin\n")):
            words, its_environment = self.exportq(who, "health")
            done = subprocess.run(words, env=its_environment, text=True, capture_output=True, timeout=30, check=False)
            self.assertEqual((0, ""), (done.returncode, done.stderr), who)
            self.assertIn(told, done.stdout)
            self.assertEqual(who == "admin", "EXPORT_MAX_CALLS" in done.stdout, done.stdout)
        for words in (("list", "--all-owners"), ("watch", "--all-owners")):
            words, its_environment = self.exportq("owner", *words)
            done = subprocess.run(words, env=its_environment, text=True, capture_output=True, timeout=30, check=False)
            self.assertEqual(4, done.returncode, done)
            self.assertIn("only an admin", done.stderr)
        [stuck] = [job.id for job in self.owner.ListJobs().jobs]
        words, its_environment = self.exportq("admin", "watch", "--all-owners")
        with subprocess.Popen(words, env=its_environment, text=True, stdout=subprocess.PIPE) as watch:
            self.addCleanup(watch.kill)
            self.assertIn(stuck, watch.stdout.readline())
            watch.kill()

    def test_a_watch_of_all_tells_nothing_of_others(self):
        other = self.by("other")
        first = other.create("notes")
        watch = other.WatchJob()
        self.assertEqual(first.id, next(watch).job.id)  # it has begun
        self.owner.CancelJob(id=self.owner.create("notes").id)
        second = other.create("notes")
        self.assertEqual(second.id, next(watch).job.id)  # changes come in order
        watch.cancel()

    def test_an_admin_watches_the_jobs_of_every_owner(self):
        watch = self.admin.WatchJob(all_owners=True)
        self.assertEqual("alice", next(watch).job.owner)
        created = self.by("other").create("notes")
        self.assertEqual(created.id, next(each.job for each in watch if each.job.owner == "bob").id)

    def test_the_command_line_watches_all_owners_until_it_is_interrupted(self):
        token = self.metadata["admin"][0][1].removeprefix("Bearer ")
        watch = subprocess.Popen([program("exportq"), "--server", self.server.address, "watch", "--all-owners"], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({"EXPORTQ_TOKEN": token}))
        self.addCleanup(watch.kill)
        self.assertRegex(watch.stdout.readline(), r"  stuck  alice\n\Z")  # whose it is
        watch.send_signal(signal.SIGINT)
        _, said = watch.communicate(timeout=20)
        self.assertEqual((130, ""), (watch.returncode, said))  # of no one job there is a next step to tell

    def test_everybody_may_ask_for_health_and_what_there_is(self):
        check = self.channel.unary_unary("/grpc.health.v1.Health/Check", health_pb.HealthCheckRequest.SerializeToString,
                                         health_pb.HealthCheckResponse.FromString)
        watch = self.channel.unary_stream("/grpc.health.v1.Health/Watch", health_pb.HealthCheckRequest.SerializeToString,
                                          health_pb.HealthCheckResponse.FromString)
        for who, metadata in self.metadata.items():
            with self.subTest(who):
                check(health_pb.HealthCheckRequest(), metadata=metadata, timeout=20)
                self.assertEqual(OK, status_of(watch(health_pb.HealthCheckRequest(), metadata=metadata, timeout=20)))
                for version in ("v1", "v1alpha"):
                    ask = self.channel.stream_stream("/grpc.reflection.%s.ServerReflection/ServerReflectionInfo" % version,
                                                     reflection_pb.ServerReflectionRequest.SerializeToString)
                    asked = reflection_pb.ServerReflectionRequest(list_services="")
                    self.assertEqual(OK, status_of(ask(iter([asked]), metadata=metadata, timeout=20)))

    def test_every_rpc_has_a_row(self):
        self.assertEqual(Offered(self.channel).all(), OTHERS | {"/%s/%s" % (OURS, row[0]) for row in TABLE})


class Open(Case):
    """Without: who calls is who it says it is."""

    def test_a_name_is_all_there_is(self):
        server = self.serve(EXPORT_WORKERS=0)
        alice, bob, nobody = (self.caller(server, name) for name in ("alice", "bob", None))
        job = alice.create("notes")
        for other in (bob, nobody):
            for rpc in ("GetJob", "WatchJob", "CancelJob", "RetryJob", "DeleteJob", "CreateDownloadToken"):
                self.refused(grpc.StatusCode.NOT_FOUND, getattr(other, rpc), id=job.id)
            self.assertEqual([], list(other.ListJobs().jobs))
            self.refused(grpc.StatusCode.PERMISSION_DENIED, other.ListJobs, all_owners=True)
            self.refused(grpc.StatusCode.PERMISSION_DENIED, other.WatchJob, all_owners=True)
        self.assertTrue(nobody.Health().has_counters)
        self.assertEqual("local", nobody.create("notes").owner)

    def test_who_sends_a_token_is_told_that_nothing_checks_it(self):
        server = self.serve(EXPORT_DOWNLOADS_PER_JOB=0)
        alice = self.caller(server)
        done = alice.completed(alice.create("notes").id).id
        token, [before] = alice.token(done), alice.ListJobs().jobs
        for named in ((), (("x-exportq-user", "alice"),)):
            for shown in ("Bearer " + Issuer().token("alice"), "Basic YWxpY2U6eA=="):
                caller = self.caller(server, None)
                caller.metadata = (*named, ("authorization", shown))
                for rpc, asked, _, _ in TABLE:
                    with self.subTest(rpc, named=named, shown=shown[:6]):
                        if rpc == "Health":
                            self.assertEqual(pb.HealthResponse.STATUS_OK, caller.Health().status)
                            continue
                        refusal = self.refused(grpc.StatusCode.UNAUTHENTICATED, getattr(caller, rpc), **asked(done, token))
                        for said in ("EXPORT_AUTH=none", "x-exportq-user"):
                            self.assertIn(said, refusal.message)
        self.assertEqual([before], list(alice.ListJobs().jobs))
        self.assertTrue(alice.download(token)[1])


if __name__ == "__main__":
    unittest.main()
