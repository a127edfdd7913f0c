# SPDX-License-Identifier: Apache-2.0
"""Files in an object store: servers and workers share nothing but PostgreSQL and a bucket, which may be away for
a while. S3_JOBS says how many jobs it goes away under."""

import hashlib
import hmac
import http.server
import os
import threading
import time
import unittest

import leaks
from bucket import KEYS, Bucket, BucketCase
from certificates import Authority
from postgres import Server, Worker, wait_until
from server import run_once
from support import pb, replace

JOBS = int(os.environ.get("S3_JOBS", 20))
OUTAGES = 3
SMALL, LARGE = 300, 9_000  # rows of a thousand bytes: one request; a part and some


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Apart(BucketCase):
    """A server without workers, and a worker elsewhere."""

    def test_a_file_goes_from_worker_to_caller_through_the_bucket(self):
        secret = os.path.join(self.kit.home, "secret-key")
        with open(secret, "w", encoding="ascii") as file:
            file.write(KEYS["AWS_SECRET_ACCESS_KEY"] + "\n")
        server = self.serve(EXPORT_WORKERS=0, EXPORT_DOWNLOADS_PER_JOB=0)
        alice = self.caller(server)
        worker = self.work(AWS_SECRET_ACCESS_KEY=None, AWS_SECRET_ACCESS_KEY_FILE=secret)
        job = alice.completed(alice.create("wide", filters={"count": str(LARGE)}).id)
        self.assertGreater(job.file.size, 8 << 20)
        header, data = alice.download(alice.token(job.id))
        self.assertEqual((job.file.size, job.file.sha256), (len(data), sha256(data)))
        self.assertEqual(job.file.sha256, header.file.sha256)
        middle = job.file.size // 2
        self.assertEqual(data[middle:], alice.download(alice.token(job.id), middle)[1])
        self.assertEqual(1, len(self.bucket.objects(self.prefix)))
        for node in (server, worker):
            kept = [name for _, _, names in os.walk(node.state) for name in names]
            self.assertFalse([name for name in kept if job.id in name], kept)
        alice.DeleteJob(id=job.id)
        self.assertEqual([], self.bucket.objects(self.prefix))
        self.assertEqual([], self.bucket.parts())

    def test_a_job_that_is_cancelled_leaves_no_upload(self):
        alice = self.caller(self.serve())
        job = alice.create("wide", filters={"count": "10000000"})
        wait_until(self.bucket.parts, "an upload is under way")
        alice.CancelJob(id=job.id)
        wait_until(lambda: not self.bucket.parts(), "the upload is aborted")
        self.assertEqual([], self.bucket.objects(self.prefix))

    def test_keys_in_files_are_exchanged_without_a_restart(self):
        files = {name + "_FILE": os.path.join(self.kit.home, name) for name in KEYS}
        for name, value in KEYS.items():
            replace(files[name + "_FILE"], value + "\n")
        server = self.serve(EXPORT_MAX_ACTIVE_PER_USER=1000, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, **files)
        alice = self.caller(server)

        def ends(state):
            return wait_until(lambda: (job := alice.ended(alice.rows(1).id)).state == state and job, "a job ends so")

        ends(pb.JOB_STATE_COMPLETED)
        replace(files["AWS_SECRET_ACCESS_KEY_FILE"], "withdrawn-and-long-enough\n")
        self.assertIn("AWS_SECRET_ACCESS_KEY", ends(pb.JOB_STATE_FAILED).error.message)
        replace(files["AWS_SECRET_ACCESS_KEY_FILE"], KEYS["AWS_SECRET_ACCESS_KEY"])
        ends(pb.JOB_STATE_COMPLETED)
        self.assertEqual(2, server.log().count("event=bucket.keys_reloaded"))

    def test_a_prefix_takes_one_queue(self):
        self.serve()
        other = self.node(Server, DATABASE_URL=self.postgres.new_database()).launch()
        self.assertEqual(1, other.wait())
        self.assertIn("another queue", other.log())


class Away(BucketCase):
    """The object store is stopped, as by a crash, and started again."""

    settings = {"EXPORT_MAX_ACTIVE_PER_USER": 1000, "EXPORT_DOWNLOADS_PER_JOB": 0, "EXPORT_LEASE": "2s"}

    def new_bucket(self):
        bucket = Bucket()
        self.addCleanup(bucket.remove)
        return bucket

    def test_no_job_is_lost(self):
        server = self.serve(EXPORT_WORKERS=0)
        alice = self.caller(server)
        self.work(EXPORT_WORKERS=4)
        ids = [alice.create("wide", filters={"count": str(LARGE if i % 5 == 0 else SMALL)}).id for i in range(JOBS)]
        done = lambda: sum(alice.get(id).state == pb.JOB_STATE_COMPLETED for id in ids)
        for outage in range(1, OUTAGES + 1):
            wait_until(lambda: done() >= JOBS * (outage - 1) // OUTAGES, "some are done", 60)
            self.bucket.stop()
            time.sleep(0.3)
            self.bucket.start()
        jobs = [alice.completed(id) for id in ids]
        for job in jobs:
            data = alice.file(job.id)
            self.assertEqual((job.file.size, job.file.sha256), (len(data), sha256(data)))
        self.assertEqual(JOBS, len(self.bucket.objects(self.prefix)))
        print("    %d jobs, %d outages: attempts %s" % (JOBS, OUTAGES, sorted(job.attempt for job in jobs)), flush=True)

    def test_health_tells_and_a_worker_that_waits_for_it_can_be_stopped(self):
        server = self.serve(EXPORT_WORKERS=0)
        alice = self.caller(server)
        worker = self.node(Worker, EXPORT_WORKERS=1, EXPORT_DRAIN_TIMEOUT="500ms").start()
        job = alice.create("wide", filters={"count": "10000000"})
        wait_until(self.bucket.parts, "an upload is under way")
        self.bucket.stop()
        wait_until(lambda: alice.Health().status == pb.HealthResponse.STATUS_DEGRADED, "health tells")
        begin = time.monotonic()
        worker.stop()
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(pb.JOB_STATE_QUEUED, alice.get(job.id).state)
        self.bucket.start()
        alice.CancelJob(id=job.id)
        wait_until(lambda: alice.Health().status == pb.HealthResponse.STATUS_OK, "and when it is over")


class Trusted(BucketCase):
    """TLS by an authority of one's own, and the bucket in the host's name."""

    def new_bucket(self):
        self.authority = Authority(self.kit.home)
        certificate, key = self.authority.issue("store", "DNS:localhost,DNS:exports.localhost,IP:127.0.0.1")
        bucket = Bucket("--cert", certificate, "--key", key, "--virtual-domain", "localhost")
        self.addCleanup(bucket.remove)
        return bucket

    def setUp(self):
        super().setUp()
        self.persistent.update(EXPORT_S3_ENDPOINT=self.bucket.endpoint.replace("127.0.0.1", "localhost"),
                               EXPORT_S3_STYLE="virtual")

    def test_a_file_goes_there_and_back(self):
        alice = self.caller(self.serve(EXPORT_S3_CA=self.authority.path))
        job = alice.completed(alice.create("wide", filters={"count": str(LARGE)}).id)
        self.assertEqual(job.file.sha256, sha256(alice.file(job.id)))
        self.assertEqual(1, len(self.bucket.objects(self.prefix)))

    def test_who_cannot_vouch_for_itself_gets_nothing(self):
        server = self.node(Server).launch()
        self.assertEqual(1, server.wait())
        self.assertIn("EXPORT_S3_CA", server.log())


class Verifier(http.server.BaseHTTPRequestHandler):
    """Checks signatures by the book (SigV4), of requests without a body; then says that the session is over."""

    def do_GET(self):
        names = self.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0]
        path, _, query = self.path.partition("?")
        lines = ["GET", path, "&".join(sorted(query.split("&")))]
        lines += ["%s:%s" % (name, self.headers[name].strip()) for name in names.split(";")]
        lines += ["", names, sha256(b"")]
        scope = self.headers["X-Amz-Date"][:8] + "/us-east-1/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["X-Amz-Date"], scope, sha256("\n".join(lines).encode())])
        key = b"AWS4" + KEYS["AWS_SECRET_ACCESS_KEY"].encode()
        for step in scope.split("/"):
            key = hmac.digest(key, step.encode(), "sha256")
        is_right = hmac.digest(key, text.encode(), "sha256").hex() == self.headers["Authorization"].split("Signature=")[1]
        self.server.seen.append((is_right, names, self.headers["x-amz-security-token"]))
        body = b"<Error><Code>ExpiredToken</Code></Error>"
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Refused(BucketCase):
    """What is wrong is told at start, in one line, and without a secret."""

    def told(self, *arguments, **changed):
        settings = {**self.persistent, "ENABLE_EXPORT_QUEUE": 1, "EXPORT_SOURCE_URL": "sqlite:" + self.kit.database,
                    "EXPORT_TYPES_DIR": self.kit.types, "EXPORT_LISTEN": "127.0.0.1:0",
                    "EXPORT_STATE_DIR": os.path.join(self.kit.home, "state"), **changed}
        status, out, err = run_once(arguments, settings)
        leaks.check(out + err, "exportqd")
        return status, out, err

    def test_each_mistake_is_named(self):
        mistakes = [  # settings, exit status, what is told
            ({"AWS_SECRET_ACCESS_KEY": "wrong-but-long-enough-too"}, 1, "AWS_SECRET_ACCESS_KEY"),
            ({"AWS_ACCESS_KEY_ID": "nobody-we-know"}, 1, "AWS_ACCESS_KEY_ID"),
            ({"AWS_REGION": "eu-central-1"}, 1, "AWS_REGION"),
            ({"EXPORT_STORE_URL": "s3://no-such-bucket/x"}, 1, "does not exist"),
            ({"AWS_ACCESS_KEY_ID": None}, 1, "AWS_ACCESS_KEY_ID"),
            ({"EXPORT_S3_CA": "/nothing/here.pem"}, 1, "EXPORT_S3_CA"),
            ({"ENABLE_PERSIST_EXPORT": 0}, 1, "ENABLE_PERSIST_EXPORT=1"),
        ]
        for settings, status, said in mistakes:
            with self.subTest(said):
                got, out, err = self.told(**settings)
                self.assertEqual((status, ""), (got, out), err)
                self.assertRegex(err, r"\Aexportqd: [^\n]+\n\Z")
                self.assertIn(said, err)

    def test_a_session_token_is_signed_and_its_end_is_told(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Verifier)
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        status, _, err = self.told(AWS_SESSION_TOKEN="lent/for+a=while",
                                   EXPORT_S3_ENDPOINT="http://127.0.0.1:%d" % server.server_port)
        self.assertEqual(1, status)
        self.assertIn("expired; set a fresh AWS_SESSION_TOKEN", err)
        self.assertEqual([(True, "host;x-amz-content-sha256;x-amz-date;x-amz-security-token", "lent/for+a=while")],
                         server.seen)

    def test_check_masks_the_keys_and_finds_what_makes_no_sense(self):
        status, out, err = self.told("--check")
        self.assertEqual(0, status, err)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.assertIn("\n# %s=********\n" % name, out)
        for name, value in {"EXPORT_S3_STYLE": "round", "EXPORT_S3_ENDPOINT": "s3.example", "AWS_REGION": "no where",
                            "EXPORT_STORE_URL": "s3://x"}.items():
            status, out, err = self.told("--check", **{name: value})
            self.assertEqual((2, ""), (status, out), err)
            self.assertIn(name, err)
        for name, value, said in (("AWS_SESSION_TOKEN", "lent-for-a-while", "AWS_SESSION_TOKEN"),
                                  ("EXPORT_STORE_URL", "s3://no-such-bucket/x", "does not exist")):
            status, out, err = self.told("--check", **{name: value})
            self.assertEqual((1, ""), (status, out), err)
            self.assertRegex(err, r"(?m)^exportqd: failed: the file store: .*" + said)


if __name__ == "__main__":
    unittest.main()
