# SPDX-License-Identifier: Apache-2.0
"""The command line against a real server: what it prints, where, and its exit status."""

import csv
import fcntl
import gzip
import http.server
import io
import json
import os
import pty
import re
import signal
import socket
import stat
import struct
import subprocess
import termios
import threading
import unittest

import leaks
from bindings import ROOT
from cutter import Cutter
from server import SANITIZER, program
from support import Case, wait_until

DONE, JOB_FAILED, USAGE, NOT_REACHED, REFUSED, INTERRUPTED = 0, 1, 2, 3, 4, 130
PATIENCE_S = 60
COMPLETION = os.path.join(ROOT, "client/completion/exportq.bash")


class Cli(Case):
    """Runs exportq in a directory of its own."""

    def setUp(self):
        super().setUp()
        self.home = os.path.join(self.kit.home, "here")
        os.mkdir(self.home)
        self.server = None

    def environment(self, **settings):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("EXPORTQ_")}
        if self.server:
            clean["EXPORTQ_SERVER"] = self.server.address
        clean.update({"EXPORTQ_USER": "alice", **settings})
        return clean

    def start(self, *arguments, **more):
        process = subprocess.Popen([program("exportq"), *arguments], cwd=self.home, env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   **{"stderr": subprocess.PIPE, **more})
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def run_cli(self, status, *arguments, **settings):
        """Runs it to its end; gives stdout and stderr, which shows nothing that it must not."""
        for option, text in zip(arguments, arguments[1:]):
            if option == "--filter":
                for value in text.partition("=")[2].split(","):
                    leaks.value(value)
        done = subprocess.run([program("exportq"), *arguments], cwd=self.home, env=self.environment(**settings),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.assertIsNone(SANITIZER.search(err), err)
        self.assertEqual(status, done.returncode, (arguments, out, err))
        if arguments[:1] == ("token",):
            for word in re.findall(r"[\w.-]{40,}", out):
                leaks.secret(word, leaks.TOKEN)
        self.assertEqual([], leaks.MEMORY.search(err, (leaks.TOKEN, leaks.SETTING, leaks.CREDENTIAL)))
        return out, err

    def ask(self, *arguments):
        """The one JSON document it prints."""
        return json.loads(self.run_cli(DONE, *arguments, "--json")[0])

    def read(self, name):
        with open(os.path.join(self.home, name), "rb") as file:
            return file.read()


class Commands(Cli):
    def setUp(self):
        super().setUp()
        self.server = self.serve(EXPORT_DOWNLOADS_PER_JOB=0, EXPORT_MAX_ACTIVE_PER_USER=200)

    def test_create_alone_says_how_to_get_the_file_and_shows_what_was_asked_for(self):
        out, err = self.run_cli(DONE, "create", "notes", "--filter", "tags=a,b", "--locale", "de-DE", "--request-id", "r-7")
        self.assertIn("filter: tags=a,b\nlocale: de-DE\nrequest id: r-7\n", out)
        id = re.match("id: (.*)", out)[1]
        self.assertEqual("exportq: exportq watch %s waits for its end; exportq download %s then takes the file\n"
                         % (id, id), err)
        self.assertEqual("", self.run_cli(DONE, "create", "notes", "--json")[1])

    def test_create_with_an_output_waits_and_saves_the_file(self):
        out, err = self.run_cli(DONE, "create", "notes", "--filter", "tags=a,b", "--filter", "done=false",
                                "--columns", "id,tag", "-o", "notes.csv")
        self.assertEqual([["id", "tag"], ["2", "b"], ["4", "a"]],
                         list(csv.reader(io.StringIO(self.read("notes.csv").decode()))))
        self.assertIn("state: COMPLETED\n", out)
        self.assertIn("exportq: saved notes.csv\n", err)
        self.assertEqual(["notes.csv"], os.listdir(self.home))

    def test_what_the_file_could_not_carry_is_told(self):
        for format, told in (("csv", []), ("xlsx", ["kept as text, for a spreadsheet would change them: 1"])):
            out, _ = self.run_cli(DONE, "create", "notes", "--format", format, "--wait")
            self.assertEqual(told, re.findall("^warning: (.*)$", out, re.MULTILINE), format)

    def test_to_standard_output_goes_the_file_and_nothing_else(self):
        for more in ((), ("--json",)):
            out, _ = self.run_cli(DONE, "create", "notes", "--columns", "id", "--format", "ndjson", "-o", "-", *more)
            self.assertEqual([{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}],
                             [json.loads(line) for line in out.splitlines()])
        self.assertEqual([], os.listdir(self.home))

    def test_every_option_of_create_reaches_the_job(self):
        job = self.ask("create", "rows", "--filter", "count=3", "--format", "csv", "--limit", "2", "--delimiter",
                       "tab", "--newline", "crlf", "--bom", "--no-formula-guard", "--exact-numbers", "string",
                       "--locale", "de-DE", "--time-zone", "Europe/Berlin", "--header", "titles", "--null", "NULL",
                       "--places", "2", "--compress", "gzip", "--request-id", "r-1")["job"]
        self.assertEqual(("rows", "csv", "2", "r-1", "alice"),
                         tuple(job[name] for name in ("type", "format", "limit", "requestId", "owner")))
        self.assertEqual([{"name": "count", "values": ["3"]}], job["filters"])
        look = job["presentation"]
        self.assertEqual(("\t", True, "NEWLINE_CRLF", "FORMULA_GUARD_OFF", "EXACT_NUMBERS_STRING"),
                         tuple(look[name] for name in ("delimiter", "bom", "newline", "formulaGuard",
                                                       "exactNumbers")))
        self.assertEqual(("de-DE", "Europe/Berlin", "HEADER_TITLES", "NULL", {"digits": 2}, "COMPRESSION_GZIP"),
                         tuple(look[name] for name in ("locale", "timeZone", "header", "nullText", "places",
                                                       "compression")))
        self.run_cli(DONE, "download", self.completed(job["id"]), "-o", "rows.csv.gz")
        self.assertEqual(b"\xef\xbb\xbfid\tname\thalf", gzip.decompress(self.read("rows.csv.gz")).split(b"\r\n")[0])

    def test_the_name_of_the_file_says_its_format_and_compression_unless_asked_otherwise(self):
        plain, gzipped, zstd = ("COMPRESSION_" + name for name in ("UNSPECIFIED", "GZIP", "ZSTD"))
        asked = {"a.xlsx": ("xlsx", plain), "b.json.gz": ("json", gzipped), "c.ndjson.zst": ("ndjson", zstd),
                 "d.csv": ("csv", plain), "e.txt": ("csv", plain), "json": ("csv", plain), ".gz": ("csv", plain)}
        for name, (format, compression) in asked.items():
            out, err = self.run_cli(DONE, "create", "notes", "-o", name, "--json")
            self.assertEqual(name == "e.txt", "e.txt is going to be csv; --format" in err, err)
            job = json.loads(out)["job"]
            self.assertEqual((format, compression), (job["format"], job["presentation"]["compression"]), name)
        job = json.loads(self.run_cli(DONE, "create", "notes", "-o", "f.xlsx.gz", "--json", "--format", "json",
                                      "--compress", "none")[0])["job"]
        self.assertEqual(("json", plain), (job["format"], job["presentation"]["compression"]))

    def completed(self, id):
        self.run_cli(DONE, "watch", id)
        return id

    def test_json_is_one_message_of_the_proto(self):
        job = self.ask("create", "notes", "--wait")["job"]
        self.assertEqual("JOB_STATE_COMPLETED", job["state"])
        self.assertEqual("4", job["file"]["rows"])
        self.assertRegex(job["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(job, self.ask("get", job["id"])["job"])
        self.assertEqual([job], self.ask("list")["jobs"])
        self.assertEqual([], self.ask("list", "--state", "failed")["jobs"])
        self.assertEqual({}, self.ask("delete", job["id"]))
        self.assertEqual(sorted(["rows", "wide", "stuck", "endless", "notes", "torn"]),
                         [each["name"] for each in self.ask("types")["types"]])
        self.assertEqual("STATUS_OK", self.ask("health")["status"])

    def test_a_watch_as_json_is_a_line_a_change(self):
        id = self.ask("create", "notes")["job"]["id"]
        out, _ = self.run_cli(DONE, "watch", id, "--json")
        states = [json.loads(line)["job"]["state"] for line in out.splitlines()]
        self.assertEqual("JOB_STATE_COMPLETED", states[-1])

    def test_a_job_that_fails_or_is_cancelled_is_status_1(self):
        _, err = self.run_cli(JOB_FAILED, "create", "torn", "--wait")
        self.assertRegex(err, r"(?m)^exportq: job \S+ is FAILED: .*; the type's SQL or the data has to change")
        id = self.ask("create", "stuck")["job"]["id"]
        self.run_cli(DONE, "cancel", id)
        for more in ((), ("--json",)):
            self.run_cli(JOB_FAILED, "watch", id, *more)
        self.run_cli(DONE, "retry", id)
        self.run_cli(DONE, "cancel", id)

    def test_what_the_server_refuses_is_status_4_with_its_words(self):
        for arguments, word in ((("get", "nope"), "nope"), (("create", "nope"), "nope"),
                                (("create", "notes", "--format", "docx"), "docx"),
                                (("create", "two\nlines"), "two lines"),
                                (("types", "nope"), "exportq types"),
                                (("download", "--download-token", "v1.x.y.z"), "token")):
            _, err = self.run_cli(REFUSED, *arguments)
            self.assertRegex(err, r"^exportq: .*%s.*\n$" % word)

    def test_a_file_that_is_there_is_replaced_only_by_force(self):
        id = self.completed(self.ask("create", "notes")["job"]["id"])
        with open(os.path.join(self.home, "mine.csv"), "w", encoding="ascii") as file:
            file.write("mine")
        for arguments in (("download", id), ("create", "notes")):
            _, err = self.run_cli(USAGE, *arguments, "-o", "mine.csv")
            self.assertIn("--force", err)
            self.assertEqual(b"mine", self.read("mine.csv"))
        self.run_cli(DONE, "download", id, "-o", "mine.csv", "--force")
        self.assertTrue(self.read("mine.csv").startswith(b"id,"))

    def test_what_is_no_file_is_written_as_it_is_and_a_bad_place_is_told_before_the_job_is_made(self):
        self.run_cli(DONE, "create", "notes", "-o", "/dev/null")
        for path in ("nowhere/notes.csv", ".", ""):
            self.run_cli(USAGE, "create", "notes", "-o", path, "--force")
        self.assertEqual(1, len(self.ask("list")["jobs"]))
        self.assertEqual([], os.listdir(self.home))

    def test_a_pipe_is_written_to_and_not_replaced(self):
        pipe = os.path.join(self.home, "pipe")
        os.mkfifo(pipe)
        for more in ((), ("--force",)):
            process = self.start("create", "notes", "--columns", "id", "-o", "pipe", *more)
            with open(pipe, "rb") as file:
                self.assertEqual(b"id\n1\n2\n3\n4\n", file.read())
            _, err = process.communicate(timeout=PATIENCE_S)
            self.assertEqual(DONE, process.returncode, err)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.assertEqual(["pipe"], os.listdir(self.home))

    def test_bash_completes_commands_options_formats_and_the_names_the_server_has(self):
        id = self.completed(self.ask("create", "notes")["job"]["id"])
        for words, expected in ((("do",), "download"), (("create", "no"), "notes"), (("types", "wi"), "wide"),
                                (("create", "notes", "--fo"), "--format --force"), (("get", ""), id),
                                (("create", "notes", "--format", ""), "csv json ndjson xlsx"),
                                (("--server", "x", "list", "--state", "c"), "completed cancelled"),
                                (("list", "--type", "to"), "torn"), (("list", "-s", "q"), "queued"),
                                (("list", "-t", "to"), "torn"), (("help", "cr"), "create"),
                                (("create", "notes", "--filter", "mo"), "mood="),
                                (("create", "--bom", "--limit", "2", "notes", "--filter", "be"), "before="),
                                (("create", "notes", "--columns", "t"), "text tag"),
                                (("create", "notes", "--columns", "id,te"), "id,text"),
                                (("create", "--columns", "t"), ""), (("create", "--locale", ""), ""),
                                (("create", "--null", "no"), ""), (("create", "notes", "--limit", ""), ""),
                                (("create", "--compress", "gzip", "no"), "notes"),
                                (("audit", "--s"), "--server --since"), (("audit", "--action", "t"), "token"),
                                (("audit", "--action", "create,de"), "create,delete"), (("audit", "-j", ""), id),
                                (("audit", "--since", ""), ""), (("deliveries", "-s", "g"), "given_up"),
                                (("deliveries", ""), id), (("resend", ""), ""),
                                (("create", "notes", "--filter", "mood", "=", ""), "")):
            self.assertEqual(expected.split(), self.complete(*words), words)

    def test_bash_asks_the_server_and_for_the_user_that_the_line_names(self):
        id = self.caller(self.server, "bob").create("notes").id
        host, port = self.server.address.split(":")
        nowhere = {"EXPORTQ_SERVER": "127.0.0.1:1"}
        for server in (["--server", self.server.address], ["--server", host, ":", port],
                       ["--server", "=", host, ":", port], ["--server=" + self.server.address]):
            self.assertEqual([id], self.complete(*server, "--user", "bob", "get", "", **nowhere), server)
            self.assertEqual([], self.complete(*server, "get", "", **nowhere), server)

    def complete(self, *words, **settings):
        """What bash offers for the last word."""
        script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _exportq; echo "${COMPREPLY[*]}"'
        settings = {**settings, "PATH": os.path.dirname(program("exportq")) + ":" + os.environ["PATH"]}
        done = subprocess.run(["bash", "--norc", "-c", script, "-", COMPLETION, "exportq", *words], text=True,
                              env=self.environment(**settings), capture_output=True, timeout=PATIENCE_S, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout.split()

    def test_download_takes_the_suggested_name_or_a_token(self):
        id = self.completed(self.ask("create", "notes")["job"]["id"])
        self.run_cli(DONE, "download", id)
        (name,) = os.listdir(self.home)
        self.assertRegex(name, r"^notes-\d{8}-\d{6}\.csv$")
        token = self.run_cli(DONE, "token", id)[0].strip()
        self.run_cli(DONE, "download", "--download-token", token, "-o", "again.csv")
        self.assertEqual(self.read(name), self.read("again.csv"))
        self.assertIn("--force", self.run_cli(USAGE, "download", id)[1])  # the suggested name is taken

    def test_a_list_goes_over_pages(self):
        caller = self.caller(self.server)
        for _ in range(105):
            caller.create("notes", limit=1)
        self.assertEqual(103, len(self.ask("list", "--limit", "103")["jobs"]))
        self.assertEqual(105, len(self.ask("list", "--limit", "1000")["jobs"]))
        out, err = self.run_cli(DONE, "list", "--limit", "7")
        self.assertEqual(8, len(out.splitlines()))
        self.assertEqual("exportq: there are more than these 7: --limit N\n", err)
        self.assertEqual("", self.run_cli(DONE, "list", "--limit", "105")[1])
        self.assertEqual(7, len(self.ask("list", "-n7", "-tnotes")["jobs"]))


class Broken(Cli):
    """When the wire breaks, or somebody loses patience."""

    def test_a_server_that_is_not_there_is_status_3_with_the_next_step(self):
        _, err = self.run_cli(NOT_REACHED, "list", "--server", "127.0.0.1:1")
        self.assertRegex(err, r"^exportq: could not reach 127\.0\.0\.1:1: Connection refused; .*exportqd.*\n$")

    def test_an_address_that_leads_to_no_grpc_is_status_3_with_the_next_step(self):
        quiet = type("Quiet", (http.server.BaseHTTPRequestHandler,), {"log_message": lambda *_: None})
        web = http.server.HTTPServer(("127.0.0.1", 0), quiet)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        self.addCleanup(web.server_close)
        self.addCleanup(web.shutdown)
        other = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(other.close)
        threading.Thread(target=lambda: other.accept()[0].sendall(b"220 mail\r\n"), daemon=True).start()
        for port in (web.server_port, other.getsockname()[1]):
            _, err = self.run_cli(NOT_REACHED, "list", "--server", "127.0.0.1:%d" % port)
            self.assertRegex(err, r"^exportq: could not reach 127\.0\.0\.1:%d: what answers there does not speak gRPC; "
                             r"is it the browser's door\? .*EXPORT_LISTEN.*\n$" % port)
        for address in ("http://127.0.0.1:8080", "https://example.org/exports"):
            _, err = self.run_cli(NOT_REACHED, "list", EXPORTQ_SERVER=address)
            self.assertEqual("exportq: %s is an %s// address; the command line speaks gRPC: --server HOST:PORT "
                             "(EXPORTQ_SERVER), by default 127.0.0.1:50051, and --tls where there is TLS\n"
                             % (address, address.split("//")[0]), err)
        self.assertIn("queued, running", self.run_cli(USAGE, "list", "--state", "foo", "--server", "127.0.0.1:1")[1])
        self.assertIn("/nope: No such file", self.run_cli(USAGE, "list", "--tls-ca", "/nope")[1])
        _, err = self.run_cli(NOT_REACHED, "list", "--server", "nohost.invalid:50051")
        self.assertRegex(err, "no address of that name; check the name in --server")
        for address in ("127.0.0.1:99999", "127.0.0.1:", "localhost:http"):
            self.assertIn("HOST:PORT", self.run_cli(USAGE, "list", "--server", address)[1])

    def test_a_download_that_breaks_resumes_where_it_stopped(self):
        self.server = self.serve()
        # more than fits between the two, or the server has sent all before the client has read anything
        id = self.ask("create", "wide", "--filter", "count=15000", "--wait")["job"]["id"]
        cutter = Cutter(self.server.address, after=600_000, times=3)
        self.addCleanup(cutter.close)
        self.run_cli(DONE, "download", id, "-o", "wide.csv", "--server", cutter.address)
        self.assertEqual(3, cutter.cuts)
        rows = list(csv.reader(io.StringIO(self.read("wide.csv").decode())))
        self.assertEqual(["15000", "%0990d" % 15000], rows[15000])
        self.assertEqual(["wide.csv"], os.listdir(self.home))
        self.assertIn("already", self.run_cli(REFUSED, "download", id, "-o", "twice.csv")[1])

    def test_a_download_that_was_stopped_goes_on_the_next_time(self):
        self.server = self.serve()
        id = self.ask("create", "wide", "--filter", "count=30000", "--wait")["job"]["id"]
        cutter = Cutter(self.server.address, after=600_000, times=1, stalls=True)
        self.addCleanup(cutter.close)
        process = self.start("download", id, "-o", "wide.csv", "--server", cutter.address)
        part = os.path.join(self.home, "wide.csv.%s.part" % id)
        wait_until(lambda: os.path.exists(part) and os.path.getsize(part) > 400_000, "some of the file is there")
        _, err = self.run_cli(REFUSED, "download", id, "-o", "wide.csv")
        self.assertIn("another", err)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(INTERRUPTED, process.returncode, err)
        self.assertIn("exportq download %s" % id, err.decode())
        self.assertEqual([os.path.basename(part)], os.listdir(self.home))
        cutter.close()
        self.run_cli(DONE, "download", id, "-o", "wide.csv")
        self.assertEqual(["wide.csv"], os.listdir(self.home))
        self.assertEqual(30001, len(self.read("wide.csv").splitlines()))
        self.server.wait_for(r"event=download\.ended job=%s from=[1-9]" % id)

    def test_a_server_that_vanishes_while_waited_for_is_status_3_with_the_next_step(self):
        self.server = self.serve()
        process = self.start("create", "endless", "--wait")
        wait_until(lambda: self.ask("list", "--state", "running")["jobs"], "the job runs")
        (job,) = self.ask("list", "--state", "running")["jobs"]
        self.assertEqual("exportq: created job %s\n" % job["id"], process.stderr.readline().decode())
        self.assertRegex(process.stderr.readline().decode(), "QUEUED|QUERYING|WRITING")
        self.server.kill()
        _, err = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(NOT_REACHED, process.returncode, err)
        # Not that the job goes on, which a queue in memory could not keep.
        self.assertRegex(err.decode().splitlines()[-1], "^exportq: the connection to %s broke: .*; when a server "
                         "answers again, exportq watch %s shows whether" % (self.server.address, job["id"]))

    def test_control_c_while_waiting_leaves_the_job_and_says_how_to_go_on(self):
        self.server = self.serve()
        process = self.start("create", "endless", "--wait")
        wait_until(lambda: self.ask("list", "--state", "running")["jobs"], "the job runs")
        self.assertRegex(process.stderr.readline().decode(), "created job")
        self.assertRegex(process.stderr.readline().decode(), "QUEUED|QUERYING|WRITING")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(INTERRUPTED, process.returncode, err)
        (job,) = self.ask("list", "--state", "running")["jobs"]
        self.assertIn("exportq watch %s" % job["id"], err.decode())
        self.assertIn("exportq cancel %s" % job["id"], err.decode())
        self.run_cli(DONE, "cancel", job["id"])

    def test_a_job_that_was_created_is_named_whatever_fails_later(self):
        self.server = self.serve(EXPORT_MAX_WATCHES_PER_USER=1, EXPORT_MAX_DOWNLOADS_PER_USER=1, EXPORT_WORKERS=1)
        busy = self.ask("create", "endless")["job"]["id"]
        watch = self.start("watch", busy)
        wait_until(lambda: "_WATCHES_PER_USER=1: 1 in use" in self.run_cli(DONE, "health")[0], "the watch is open")
        _, err = self.run_cli(REFUSED, "create", "notes", "--wait")
        (job,) = self.ask("list", "--type", "notes")["jobs"]
        created, refused, told = err.splitlines()
        self.assertEqual("exportq: created job " + job["id"], created)
        self.assertIn("EXPORT_MAX_WATCHES_PER_USER", refused)
        for command in ("get", "download"):
            self.assertIn("exportq %s %s " % (command, job["id"]), told + " ")
        self.run_cli(DONE, "get", job["id"])
        watch.kill()
        watch.communicate(timeout=PATIENCE_S)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([program("exportq"), "create", "torn"], env=self.environment(), stdout=full,
                                  stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        (job,) = self.ask("list", "--type", "torn")["jobs"]
        self.assertEqual(JOB_FAILED, done.returncode)
        self.assertIn("exportq get " + job["id"], done.stderr.decode())
        self.assertIn("No space left", done.stderr.decode())
        self.run_cli(DONE, "cancel", busy)

    def test_a_file_that_cannot_be_taken_leaves_the_name_of_its_job(self):
        self.server = self.serve(EXPORT_MAX_DOWNLOADS_PER_USER=1)
        id = self.ask("create", "wide", "--filter", "count=30000", "--wait")["job"]["id"]
        cutter = Cutter(self.server.address, after=600_000, times=1, stalls=True)
        self.addCleanup(cutter.close)
        process = self.start("download", id, "-o", "wide.csv", "--server", cutter.address)
        wait_until(lambda: "_DOWNLOADS_PER_USER=1: 1 in use" in self.run_cli(DONE, "health")[0], "the download is open")
        out, err = self.run_cli(REFUSED, "create", "notes", "-o", "-")
        (job,) = self.ask("list", "--type", "notes")["jobs"]
        self.assertEqual("", out)
        self.assertIn("exportq download " + job["id"], err.splitlines()[-1])
        process.kill()
        process.communicate(timeout=PATIENCE_S)

    def test_a_terminal_gets_a_bar_as_wide_as_it_is(self):
        self.server = self.serve()
        try:
            near, far = pty.openpty()
        except OSError as error:  # a chroot without /dev/pts
            self.skipTest(str(error))
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 70, 0, 0))
        process = self.start("create", "rows", "--filter", "count=200000", "--wait", stderr=far)
        os.close(far)
        drawn = b""
        try:
            while data := os.read(near, 65536):
                drawn += data
        except OSError:
            pass  # the end of a terminal
        os.close(near)
        process.communicate(timeout=PATIENCE_S)
        self.assertEqual(DONE, process.returncode)
        lines = [line for line in drawn.decode().replace("\r\n", "\r").split("\r") if line]
        self.assertIn("[##", lines[-1])
        self.assertIn("100%  COMPLETED  200000 rows", lines[-1])
        for line in lines:
            self.assertLessEqual(len(line.replace("\x1b[K", "")), 70)
            self.assertEqual("100%" in line, "COMPLETED" in line)

    def test_a_full_disk_is_no_success(self):
        self.server = self.serve()
        with open("/dev/full", "wb") as full:
            done = subprocess.run([program("exportq"), "types"], env=self.environment(), stdout=full,
                                  stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        self.assertEqual(JOB_FAILED, done.returncode)
        self.assertIn(b"No space left", done.stderr)


class Usage(Cli):
    """Needs no server."""

    def test_mistakes_are_status_2_and_name_what_is_wrong(self):
        for arguments, word in (((), "command"), (("nope",), "nope"), (("create",), "type"),
                                (("create", "a", "b"), "b"), (("create", "a", "--limit", "0"), "--limit"),
                                (("create", "a", "--limit", "x"), "--limit"), (("create", "a", "--formt"), "--formt"),
                                (("create", "a", "--filter", "x"), "NAME=VALUE"),
                                (("create", "a", "--filter", "x="), "has no value"),
                                (("create", "a", "--newline", "cr"), "lf, crlf"),
                                (("create", "a", "--compress", "rar"), "gzip, zstd"),
                                (("get",), "id"), (("get", "a", "b"), "id"), (("get", "--wait"), "--wait"),
                                (("list", "--state", "done"), "done"), (("list", "x"), "x"),
                                (("download",), "--download-token"), (("health", "x"), "health"),
                                (("list", "--server"), "--server needs a value"), (("--json=1", "list"), "--json"),
                                (("list", "--tls-ca", "/nope"), "/nope"), (("list", "--tls-ca", __file__), "PEM"),
                                (("list", "--server", ""), "HOST:PORT"),
                                (("list", "--server", "127.0.0.1"), "lacks the port"),
                                (("list", "--user", "j\u00fcrgen"), "x-exportq-user")):
            out, err = self.run_cli(USAGE, *arguments)
            self.assertEqual("", out)
            self.assertRegex(err, r"^exportq: .*--help\n$")
            self.assertIn(word, err)

    def test_a_token_goes_with_no_name_of_a_user(self):
        nobody = {"EXPORTQ_USER": ""}
        for arguments, settings, word in (
                (("list", "--token", "t", "--user", "bob"), nobody, "EXPORTQ_USER"), (("list", "--token", "t"), {}, "EXPORTQ_USER"),
                (("list", "--user", "bob"), {"EXPORTQ_TOKEN": "t"}, "EXPORTQ_TOKEN"),
                (("list", "--token", "a\nb"), nobody, "authorization")):
            out, err = self.run_cli(USAGE, *arguments, **settings)
            self.assertEqual("", out)
            self.assertRegex(err, r"\Aexportq: [^\n]*%s[^\n]*--help\n\Z" % word)

    def test_each_command_has_help_with_an_example(self):
        out, _ = self.run_cli(DONE, "--help")
        commands = "create list get watch download cancel retry delete token types audit deliveries resend health".split()
        for command in commands:
            self.assertRegex(out, r"(?m)^  %s " % command)
            own, _ = self.run_cli(DONE, command, "--help")
            self.assertIn("exportq " + command, own.split("examples:", 1)[1])
            self.assertEqual(own, self.run_cli(DONE, "help", command)[0])
        self.assertEqual(out, self.run_cli(DONE, "help")[0])
        self.assertEqual(self.run_cli(DONE, "--version"), self.run_cli(DONE, "version"))
        self.assertRegex(self.run_cli(DONE, "--version")[0], r"^exportq \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
