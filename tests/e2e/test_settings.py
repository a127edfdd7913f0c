# SPDX-License-Identifier: Apache-2.0
"""exportqd's settings: all are listed, checked at start, and shown without their secrets."""

import base64
import os
import re
import shlex
import unittest

from certificates import Authority
from server import Server, run_once
from support import Caller, Kit

SETTINGS = """ENABLE_EXPORT_QUEUE ENABLE_PERSIST_EXPORT DATABASE_URL EXPORT_SOURCE_URL EXPORT_TYPES_DIR
EXPORT_STORE_URL EXPORT_STATE_DIR EXPORT_LISTEN EXPORT_WORKERS EXPORT_MAX_ACTIVE_PER_USER EXPORT_MAX_ATTEMPTS
EXPORT_RETRY_BASE_MS EXPORT_RETRY_CAP_MS EXPORT_DOWNLOAD_SECRET EXPORT_TOKEN_TTL EXPORT_DOWNLOADS_PER_JOB
EXPORT_RETENTION EXPORT_MAX_ROWS EXPORT_MAX_BYTES EXPORT_JOB_TIMEOUT EXPORT_DRAIN_TIMEOUT
EXPORT_AUTH EXPORT_JWT_KEYS EXPORT_JWT_ISSUER EXPORT_JWT_AUDIENCE EXPORT_JWT_OWNER_CLAIM EXPORT_JWT_ROLE_CLAIM
EXPORT_JWT_ADMIN_ROLE EXPORT_JWT_CLOCK_SKEW EXPORT_MTLS_ADMINS EXPORT_ALLOW_PLAINTEXT
EXPORT_MAX_CREATED_PER_MINUTE EXPORT_MAX_TOKENS_PER_MINUTE
EXPORT_MAX_WATCHES_PER_USER EXPORT_MAX_WATCHES EXPORT_MAX_DOWNLOADS_PER_USER
EXPORT_MAX_DOWNLOADS EXPORT_MAX_FILTERS EXPORT_MAX_COLUMNS EXPORT_MAX_VALUES
AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION EXPORT_S3_ENDPOINT EXPORT_S3_STYLE
EXPORT_S3_CA EXPORT_HTTP_LISTEN EXPORT_HTTP_CORS_ORIGINS EXPORT_WORKER_LISTEN""".split()
SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()

MISTAKES = [  # settings, what is told
    ({"EXPORT_WORKER": "2"}, ["EXPORT_WORKER", "--help"]),
    ({"EXPORT_WORKERS": "many"}, ["EXPORT_WORKERS", "many", "whole number"]),
    ({"EXPORT_WORKERS": "-1"}, ["EXPORT_WORKERS", "-1"]),
    ({"EXPORT_WORKERS": "2x"}, ["EXPORT_WORKERS", "2x"]),
    ({"EXPORT_WORKERS": ""}, ["EXPORT_WORKERS"]),
    ({"EXPORT_WORKERS": "99999999999999999999"}, ["EXPORT_WORKERS"]),
    ({"EXPORT_MAX_CREATED_PER_MINUTE": "-1"}, ["EXPORT_MAX_CREATED_PER_MINUTE", "-1"]),
    ({"EXPORT_MAX_TOKENS_PER_MINUTE": "-1"}, ["EXPORT_MAX_TOKENS_PER_MINUTE", "-1"]),
    ({"EXPORT_MAX_WATCHES": "0"}, ["EXPORT_MAX_WATCHES", "0"]),
    ({"EXPORT_MAX_FILTERS": "1001"}, ["EXPORT_MAX_FILTERS", "1000"]),
    ({"EXPORT_MAX_VALUES": "1001"}, ["EXPORT_MAX_VALUES", "1000"]),
    ({"EXPORT_TOKEN_TTL": "soon"}, ["EXPORT_TOKEN_TTL", "soon", "10min"]),
    ({"EXPORT_TOKEN_TTL": "10"}, ["EXPORT_TOKEN_TTL", "10min"]),
    ({"EXPORT_TOKEN_TTL": "0s"}, ["EXPORT_TOKEN_TTL", "0s"]),
    ({"EXPORT_MAX_BYTES": "2 apples"}, ["EXPORT_MAX_BYTES", "2 apples", "GB"]),
    ({"ENABLE_EXPORT_QUEUE": "yes"}, ["ENABLE_EXPORT_QUEUE", "yes", "0 or 1"]),
    ({"ENABLE_PERSIST_EXPORT": "1"}, ["ENABLE_PERSIST_EXPORT", "DATABASE_URL", "postgres://"]),
    ({"EXPORT_LOG_LEVEL": "loud"}, ["EXPORT_LOG_LEVEL", "loud", "debug"]),
    ({"EXPORT_LOG_FORMAT": "xml"}, ["EXPORT_LOG_FORMAT", "xml", "json"]),
    ({"EXPORT_RETRY_CAP_MS": "10"}, ["EXPORT_RETRY_CAP_MS", "500"]),
    ({"EXPORT_DOWNLOAD_SECRET": "short"}, ["EXPORT_DOWNLOAD_SECRET"]),
    ({"EXPORT_DOWNLOAD_SECRET": "k1:c2hvcnQ="}, ["EXPORT_DOWNLOAD_SECRET", "32"]),
    ({"EXPORT_LISTEN": "0.0.0.0:50051"}, ["EXPORT_LISTEN", "0.0.0.0:50051", "127.0.0.1", "EXPORT_AUTH=jwt", "docs/security.md"]),
    ({"EXPORT_LISTEN": "[::]:50051"}, ["EXPORT_LISTEN", "127.0.0.1"]),
    ({"EXPORT_LISTEN": "nohost.invalid:80"}, ["EXPORT_LISTEN", "knows no address of nohost.invalid", "127.0.0.1:50051"]),
    ({"EXPORT_HTTP_LISTEN": "nohost.invalid:80"}, ["EXPORT_HTTP_LISTEN", "knows no address", "127.0.0.1:8080"]),
    ({"EXPORT_S3_STYLE": "round"}, ["EXPORT_S3_STYLE", "no effect", "s3://BUCKET"]),
    ({"EXPORT_S3_ENDPOINT": "https://s3.example", "EXPORT_STORE_URL": "file:/tmp/x"}, ["EXPORT_S3_ENDPOINT", "leave"]),
    ({"EXPORT_LISTEN": "127.0.0.1"}, ["EXPORT_LISTEN", "HOST:PORT"]),
    ({"EXPORT_LISTEN": "127.0.0.1:99999"}, ["EXPORT_LISTEN", "99999"]),
    ({"ENABLE_EXPORT_QUEUE": "1"}, ["EXPORT_SOURCE_URL", "--demo"]),
    ({"ENABLE_EXPORT_QUEUE": "1", "EXPORT_SOURCE_URL": "mysql://x"}, ["sqlite:"]),
]


class Settings(unittest.TestCase):
    """What exportqd says about itself before it serves."""

    def setUp(self):
        self.kit = Kit()
        self.addCleanup(self.kit.close)
        self.state = os.path.join(self.kit.home, "state")
        self.works = {"ENABLE_EXPORT_QUEUE": 1, "EXPORT_SOURCE_URL": "sqlite:" + self.kit.database,
                      "EXPORT_TYPES_DIR": self.kit.types, "EXPORT_STATE_DIR": self.state,
                      "EXPORT_LISTEN": "127.0.0.1:0"}

    def assert_refused(self, arguments, settings, said):
        status, out, err = run_once(arguments, {"EXPORT_STATE_DIR": self.state, **settings})
        self.assertEqual(2, status, err)
        self.assertEqual("", out)
        lines = "(exportqd: [^\n]+\n)" + ("+" if "--check" in arguments else "")
        self.assertRegex(err, r"\A%s\Z" % lines)
        for word in said:
            self.assertIn(word, err)

    def test_help_lists_every_setting_with_its_default(self):
        status, out, err = run_once(["--help"])
        self.assertEqual((0, ""), (status, err))
        for name in SETTINGS:
            self.assertRegex(out, r"(?m)^  %s \(default: [^\n]+\)\n      \S" % name)

    def test_help_says_that_secrets_can_come_from_files(self):
        for name in ("exportqd", "exportq-worker"):
            out = run_once(["--help"], name=name)[1]
            self.assertEqual(1, out.count("DATABASE_URL_FILE"), name)

    def test_help_and_check_know_the_same_settings(self):
        listed = re.findall(r"(?m)^  ([A-Z0-9_]+) \(default", run_once(["--help"])[1])
        shown = re.findall(r"(?m)^([A-Z0-9_]+)=", run_once(["--check"])[1])
        self.assertEqual(listed, shown)

    def test_check_prints_what_is_in_effect_and_masks_the_secrets(self):
        secret = "k1:" + SECRET
        status, out, err = run_once(["--check", "--workers", "3"], {**self.works, "EXPORT_DOWNLOAD_SECRET": secret,
                                    "EXPORT_TOKEN_TTL": "90s", "EXPORT_WORKERS": 7})
        self.assertEqual(0, status, err)
        shown = dict(line.split("=", 1) for line in out.splitlines())
        self.assertEqual("3", shown["EXPORT_WORKERS"])  # a flag wins
        self.assertEqual("90s", shown["EXPORT_TOKEN_TTL"])
        self.assertEqual("********", shown["# EXPORT_DOWNLOAD_SECRET"])
        self.assertEqual("sqlite:" + self.kit.database, shown["EXPORT_SOURCE_URL"])
        self.assertNotIn(SECRET, out + err)

    def test_what_check_prints_is_an_environment_with_which_it_prints_the_same(self):
        secret = {"EXPORT_DOWNLOAD_SECRET": "k1:" + SECRET}
        settings = {**self.works, **secret, "EXPORT_STATE_DIR": os.path.join(self.kit.home, "it's here"),
                    "EXPORT_MAX_BYTES": "64KB"}
        for arguments, given in ((["--check"], settings), (["--check", "--demo"], secret)):
            first = run_once(arguments, given)
            self.assertEqual(0, first[0], first[2])
            words = shlex.split(first[1], comments=True)
            self.assertIn("EXPORT_MAX_ROWS=none", words)
            again = run_once(arguments, {**dict(word.split("=", 1) for word in words), **secret})
            self.assertEqual(first, again)

    def check(self, name="exportqd", **settings):
        """The exit status of --check, what it found (by what was tried), and what it printed."""
        status, out, err = run_once(["--check"], {**self.works, **settings}, name=name)
        found = re.findall(r"(?m)^%s: (ok|failed|not tried): ([^:,\n]+)(.*)$" % name, err)
        self.assertEqual(len(err.splitlines()), len(found), err)
        if status:
            self.assertEqual("", out)
        return status, {what: (how, why) for how, what, why in found}, out

    def test_check_checks_the_types_too_and_leaves_nothing_behind(self):
        self.kit.add_type("bad", "-- titel: Bad\nSELECT 1\n")
        self.kit.add_type("broken", "-- title: Broken\n-- shared\nSELECT colour FROM nowhere\n")
        status, found, _ = self.check()
        self.assertIn("exportqd: failed: the export types: bad.sql:1", run_once(["--check"], self.works)[2])
        self.assertEqual((2, "failed"), (status, found["the export types"][0]))
        for word in ("broken.sql:3", "nowhere"):
            self.assertIn(word, found["the export types"][1])
        self.assertFalse(os.path.exists(self.state))

    def test_the_built_in_types_on_another_database_say_whose_they_are(self):
        settings = {name: value for name, value in self.works.items() if name != "EXPORT_TYPES_DIR"}
        said = ["dailyPnl.sql", "no such table", "built-in types", "set EXPORT_TYPES_DIR", "docs/own-table.md"]
        self.assert_refused([], settings, said)
        self.kit.add_type("broken", "-- title: Broken\n-- shared\nSELECT colour FROM nowhere\n")
        self.assertNotIn("built-in", run_once([], self.works)[2])

    def test_check_tells_all_that_is_amiss_at_once_with_what_to_do(self):
        nobody = "postgres://app@127.0.0.1:1/"
        status, found, _ = self.check(
            ENABLE_PERSIST_EXPORT=1, DATABASE_URL=nobody, EXPORT_EVENTS_URL=nobody, EXPORT_SOURCE_URL=nobody + "x",
            EXPORT_STORE_URL="file:/dev/null/x", EXPORT_LISTEN="7", EXPORT_HTTP_LISTEN="nohost.invalid:80",
            EXPORT_LOG_LEVEL="loud", EXPORT_WEBHOOK_SECRET="short", EXPORT_MAX_CONNECTIONS=1000000)
        self.assertEqual(2, status)
        for what, word in {
                "the queue's database": "DATABASE_URL", "the connection for events": "EXPORT_EVENTS_URL",
                "the source": "EXPORT_SOURCE_URL", "the file store": "EXPORT_STORE_URL",
                "the address for gRPC": "HOST:PORT", "the address for browsers": "EXPORT_HTTP_LISTEN",
                "who may call": "EXPORT_DOWNLOAD_SECRET", "the log": "EXPORT_LOG_LEVEL", "webhooks": "openssl rand",
                "connections": "EXPORT_MAX_CONNECTIONS"}.items():
            self.assertEqual("failed", found[what][0], what)
            self.assertIn(word, found[what][1])
            if "database" in what or "source" in what:
                self.assertIn("(check its host", found[what][1])
        self.assertEqual("not tried", found["the export types"][0])
        self.assertNotIn("try again", found["the queue's database"][1])
        self.assertEqual("not tried", found["whether the ports are free"][0])

    def test_check_of_a_worker_goes_on_after_a_failure_too(self):
        nobody = "postgres://app@127.0.0.1:1/x"
        status, found, _ = self.check("exportq-worker", DATABASE_URL=nobody, ENABLE_PERSIST_EXPORT=1)
        self.assertEqual(1, status)
        self.assertEqual({"the log": "ok", "the queue's database": "failed", "the source": "ok", "the export types": "ok",
                          "the file store": "ok"}, {what: how for what, (how, _) in found.items()})
        self.assertNotIn("--demo", self.check("exportq-worker", EXPORT_SOURCE_URL="")[1]["the source"][1])

    def test_check_shows_how_many_connections_there_may_be(self):
        self.assertRegex(self.check()[2], r"\nEXPORT_MAX_CONNECTIONS=[1-9]\d*\n")

    def test_every_mistake_is_told_by_name_with_what_is_accepted(self):
        for settings, said in MISTAKES:
            with self.subTest(**settings):
                self.assert_refused([], settings, said)

    def test_a_setting_that_has_no_effect_on_who_may_call_is_refused_with_the_next_step(self):
        certificates = Authority(self.kit.home)
        certificate, key = certificates.issue("server")
        tls = {"EXPORT_TLS_CERTIFICATE": certificate, "EXPORT_TLS_KEY": key, "EXPORT_TLS_CLIENT_CA": certificates.path}
        keys = os.path.join(self.kit.home, "keys")
        with open(keys, "w", encoding="ascii"):
            pass
        both = {**tls, "EXPORT_AUTH": "mtls", "EXPORT_MTLS_ADMINS": "root"}
        for settings, name, auth in (
                ({"EXPORT_JWT_KEYS": "/x"}, "EXPORT_JWT_KEYS", "jwt"),
                ({"EXPORT_JWT_ISSUER": "x"}, "EXPORT_JWT_ISSUER", "jwt"),
                ({"EXPORT_JWT_AUDIENCE": "x"}, "EXPORT_JWT_AUDIENCE", "jwt"),
                ({"EXPORT_JWT_OWNER_CLAIM": "x"}, "EXPORT_JWT_OWNER_CLAIM", "jwt"),
                ({"EXPORT_JWT_ROLE_CLAIM": "x"}, "EXPORT_JWT_ROLE_CLAIM", "jwt"),
                ({"EXPORT_JWT_ADMIN_ROLE": "x"}, "EXPORT_JWT_ADMIN_ROLE", "jwt"),
                ({"EXPORT_JWT_CLOCK_SKEW": "1s"}, "EXPORT_JWT_CLOCK_SKEW", "jwt"),
                ({"EXPORT_API_KEYS": "/x"}, "EXPORT_API_KEYS", "key"),
                ({"EXPORT_MTLS_ADMINS": "root"}, "EXPORT_MTLS_ADMINS", "mtls"),
                (tls, "EXPORT_TLS_CLIENT_CA", "mtls"),
                ({**both, "EXPORT_JWT_ISSUER": "x"}, "EXPORT_JWT_ISSUER", "mtls,jwt"),
                ({**both, "EXPORT_API_KEYS": keys}, "EXPORT_API_KEYS", "mtls,key"),
                ({**both, "EXPORT_AUTH": "key", "EXPORT_API_KEYS": keys}, "EXPORT_MTLS_ADMINS", "key,mtls")):
            with self.subTest(name, **settings):
                said = [name + " is set", "set EXPORT_AUTH=%s, or leave %s out" % (auth, name)]
                self.assert_refused(["--check"], settings, said)
                self.assert_refused([], settings, said)
        for settings in (both, {**both, "EXPORT_AUTH": "key, mtls", "EXPORT_API_KEYS": keys}):
            self.assertEqual(0, run_once(["--check"], {**self.works, **settings})[0])

    def test_unknown_flags_are_refused(self):
        for arguments, said in ((["--nothing", "1"], ["--nothing"]), (["--workers"], ["--workers", "value"]),
                                (["serve"], ["serve"]), (["--workers=x"], ["x"]), (["--"], ["--help"])):
            with self.subTest(arguments):
                self.assert_refused(arguments, {}, said)

    def test_a_secret_that_is_refused_is_not_shown(self):
        _, out, err = run_once([], {"EXPORT_DOWNLOAD_SECRET": "k1:c2VjcmV0c2VjcmV0"})
        self.assertNotIn("c2VjcmV0c2VjcmV0", out + err)

    def test_a_source_that_is_not_there_is_told_and_no_mistake_of_the_settings(self):
        settings = {**self.works, "EXPORT_SOURCE_URL": "sqlite:/nothing/here.db"}
        for arguments in ([], ["--check"]):
            status, _, err = run_once(arguments, settings)
            self.assertEqual(1, status, err)  # it may be there later
            self.assertRegex(err, "EXPORT_SOURCE_URL: sqlite:/nothing/here.db: the source database .* exist")

    def test_an_address_that_cannot_be_had_is_told_in_one_line(self):
        with Server(self.kit) as first:
            self.state = os.path.join(self.kit.home, "second")
            for setting, said in (("EXPORT_LISTEN", "another process listens there"),
                                  ("EXPORT_HTTP_LISTEN", "Address already in use")):
                status, _, err = run_once([], {**self.works, "EXPORT_STATE_DIR": self.state, setting: first.address})
                told = [line for line in err.splitlines() if not re.search("event=(server.health|process.root)", line)]
                self.assertEqual((1, 1), (status, len(told)), err)
                self.assertRegex(told[0], r"^exportqd: cannot listen on %s: %s; .*%s" % (first.address, said, setting))

    def test_every_form_of_a_flag_works(self):
        for arguments in (["--workers", "3"], ["--workers=3"], ["--export-workers", "3"], ["--export-workers=3"]):
            with self.subTest(arguments):
                self.assertIn("EXPORT_WORKERS=3\n", run_once(["--check", *arguments])[1])

    def test_the_version_is_one_line(self):
        status, out, _ = run_once(["--version"])
        self.assertEqual(0, status)
        self.assertRegex(out, r"\Aexportqd \d+\.\d+\.\d+\S*\n\Z")


class Demo(unittest.TestCase):
    """exportqd --demo needs nothing."""

    def test_the_demo_serves_the_journal_to_whoever_asks(self):
        with Server(demo=True) as server:
            caller = Caller(server.channel(), owner=None)
            self.assertEqual(["dailyPnl", "goals", "tagPerformance", "trades"],
                             [type.name for type in caller.ListExportTypes().types])
            for type in ("dailyPnl", "goals", "tagPerformance", "trades"):
                job = caller.completed(caller.create(type).id)
                self.assertGreater(job.file.rows, 0, type)
                self.assertEqual(job.file.size, len(caller.file(job.id)))


if __name__ == "__main__":
    unittest.main()
