# SPDX-License-Identifier: Apache-2.0
"""The process: what it leaves behind, what others can see of it, and the units that fence it in."""

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import grpc

import leaks
from bindings import ROOT
from postgres import SECRET, PersistentCase, Worker
from server import environment, is_plain, program, run_once, wait_until
from support import Case, replace

UNITS = [os.path.join(ROOT, "packaging/systemd", name) for name in ("exportqd.service", "exportq-worker.service")]
OTHER = "k2:" + base64.b64encode(bytes(range(100, 132))).decode()


class Memory(Case):
    """What is in memory stays there."""

    def test_no_core_is_dumped_and_no_debugger_may_attach(self):
        server = self.serve()
        home = "/proc/%d" % server.process.pid
        with open(home + "/limits", encoding="ascii") as file:
            limit = next(line for line in file if line.startswith("Max core file size"))
        self.assertEqual(["0", "0"], limit.split()[4:6])
        self.assertEqual(0, os.stat(home + "/environ").st_uid)  # root's, whoever runs it: it is not dumpable

    def test_files_are_their_users_alone(self):
        server = self.serve()
        alice = self.caller(server)
        alice.completed(alice.rows(10).id)
        found = [path for base, _, names in os.walk(server.state) for path in [base] + [os.path.join(base, n) for n in names]]
        self.assertGreater(len(found), 1)
        for path in found:
            self.assertEqual(0, os.stat(path).st_mode & 0o077, path)

    def test_root_is_warned(self):
        server = self.serve()
        self.assertEqual(os.geteuid() == 0, "level=warning event=process.root" in server.log())


class Secrets(Case):
    """Settings that nobody else is to see."""

    def refuse(self, said, *flags, **settings):
        status, out, err = run_once(["--check", *flags], settings)
        self.assertEqual((2, ""), (status, out), err)
        self.assertIn(said, err)
        return err

    def test_a_secret_is_taken_from_no_flag(self):
        for flag in (["--download-secret", SECRET], ["--download-secret=" + SECRET],
                     ["--database-url", "postgres://app:hushhush@db/x"], ["--source-url=postgres://db/x?password=hushhush"]):
            err = self.refuse("_FILE", *flag)
            self.assertNotIn("hushhush", err)
            self.assertNotIn(SECRET, err)

    def test_a_url_without_a_password_may_be_a_flag(self):
        for url in ("postgres://app@127.0.0.1:1/x", "postgres://127.0.0.1:1/a@b", "sqlite:/a:b@c"):
            _, _, err = run_once(["--check", "--source-url", url], {"ENABLE_EXPORT_QUEUE": 1})
            self.assertNotIn("list of processes", err)

    def test_a_secret_may_be_in_a_file(self):
        path = os.path.join(self.kit.home, "secret")
        with open(path, "w", encoding="ascii") as file:
            file.write("\n " + SECRET + "\n\n")
        server = self.serve(EXPORT_DOWNLOAD_SECRET_FILE=path)
        alice = self.caller(server)
        self.assertTrue(alice.token(alice.completed(alice.rows(1).id).id).startswith("v1.k1."))
        self.refuse("both", EXPORT_DOWNLOAD_SECRET=SECRET, EXPORT_DOWNLOAD_SECRET_FILE=path)
        self.refuse("cannot be read: No such file or directory", EXPORT_DOWNLOAD_SECRET_FILE=path + ".none")
        self.refuse("unknown setting", EXPORT_LISTEN_FILE=path)

    def test_the_check_masks_them(self):
        url = "sqlite:" + self.kit.database
        settings = {"ENABLE_EXPORT_QUEUE": 1, "EXPORT_SOURCE_URL": url, "EXPORT_TYPES_DIR": self.kit.types,
                    "EXPORT_DOWNLOAD_SECRET": SECRET, "EXPORT_EVENTS_URL": "postgres://app:hushhush@db/x",
                    "EXPORT_STATE_DIR": self.kit.home}
        status, out, err = run_once(["--check"], settings)
        self.assertEqual(0, status, err)
        self.assertNotIn("hushhush", out)
        self.assertNotIn(SECRET.split(":")[1], out)

    def test_the_command_line_client_shows_no_token(self):
        silent = socket.create_server(("127.0.0.1", 0))  # a server that answers lets the client end
        self.addCleanup(silent.close)
        for words in (["--token", "hush-hush-token", "watch"], ["watch", "--token=hush-hush-token"]):
            client = subprocess.Popen([program("exportq"), "--server", "127.0.0.1:%d" % silent.getsockname()[1], *words],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment({}))
            self.addCleanup(client.wait)
            self.addCleanup(client.kill)
            wait_until(lambda: "token" in self.words(client) and "hush" not in self.words(client), "it is wiped")

    @staticmethod
    def words(process):
        with open("/proc/%d/cmdline" % process.pid, encoding="utf-8") as file:
            return file.read()


class Rotation(PersistentCase):
    """Keys of download tokens, exchanged while servers are at work."""

    def test_keys_are_exchanged_under_load_and_no_good_token_is_refused(self):
        path = os.path.join(self.kit.home, "secret")
        self.persistent["EXPORT_DOWNLOAD_SECRET_FILE"] = path
        del self.persistent["EXPORT_DOWNLOAD_SECRET"]
        self.put(path, SECRET)
        servers = [self.serve(EXPORT_WORKERS=1, EXPORT_DOWNLOADS_PER_JOB=0, EXPORT_MAX_TOKENS_PER_MINUTE=0) for _ in range(2)]
        callers = [self.caller(server) for server in servers]
        ids = [callers[0].completed(callers[0].rows(5).id).id for _ in range(4)]
        failures, keys, stop = [], [], threading.Event()

        def hand_over(number):
            while not stop.is_set():
                try:  # what one server signs, the other takes
                    token = callers[number % 2].token(ids[number])
                    callers[(number + 1) % 2].download(token)
                    keys.append(token.split(".")[1])
                except grpc.RpcError as error:
                    failures.append(error.details())

        threads = [threading.Thread(target=hand_over, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            # A new key is told to all first, and signs only then.
            for text, key, times in ((SECRET + "," + OTHER, "k1", 1), (OTHER + "," + SECRET, "k2", 2), ("damaged", "k2", 2),
                                     (OTHER + "," + SECRET, "k2", 3)):
                self.put(path, text)
                event = "keys.reload_failed" if text == "damaged" else "keys.reloaded"
                wait_until(lambda: all(server.log().count("event=" + event) >= (1 if text == "damaged" else times)
                                       for server in servers), "all servers have read " + event)
                before = len(keys)
                wait_until(lambda: keys[before:].count(key) >= 20, "tokens of " + key)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual([], failures)

    @staticmethod
    def put(path, text):
        leaks.secret(text)
        replace(path, text)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not here; tools/install test installs it")
class Units(unittest.TestCase):
    """packaging/systemd, as systemd judges it."""

    def test_each_is_fenced_in(self):
        for unit in UNITS:
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(0, done.returncode, done.stdout[-200:] + done.stderr)

    def test_each_is_understood(self):
        """As it is once it is installed, but for the program and the user."""
        for unit in UNITS:
            with tempfile.TemporaryDirectory() as home, open(unit, encoding="utf-8") as file:
                text = file.read().replace("/usr/bin/exportq", "/bin/true #").replace("=exportq\n", "=root\n")
                copy = os.path.join(home, os.path.basename(unit))
                with open(copy, "w", encoding="utf-8") as out:
                    out.write(text)
                done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True,
                                      check=False)
                told = [line for line in done.stderr.splitlines() if os.path.basename(unit) in line]
                self.assertEqual([], told)


@unittest.skipUnless(shutil.which("strace") and shutil.which("systemd-analyze"),
                     "strace or systemd-analyze is not here: not looked whether the units allow what the programs call")
class Calls(PersistentCase):
    """What the programs ask of the kernel is what the units allow."""

    @staticmethod
    def allowed():
        """By the lines of the unit, in their order."""
        calls = set()
        with open(UNITS[0], encoding="utf-8") as file:
            lines = [line.strip().split("=", 1)[1] for line in file if line.startswith("SystemCallFilter=")]
        for line in lines:
            is_taken_away = line.startswith("~")
            for word in line.lstrip("~").split():
                names = {word}
                if word.startswith("@"):
                    names = Calls.group(word)
                calls = calls - names if is_taken_away else calls | names
        return calls

    @staticmethod
    def group(name):
        told = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout
        words = {line.strip() for line in told.splitlines()[1:] if line.strip() and not line.strip().startswith("#")}
        return set().union(*(Calls.group(word) if word.startswith("@") else {word} for word in words))

    def test_the_units_allow_what_the_programs_call(self):
        server = self.serve(EXPORT_WORKERS=1)
        worker = self.work(EXPORT_WORKERS=1)
        alice = self.caller(server)
        tracers, traces = [], []
        for node in (server, worker):
            traces.append(os.path.join(self.kit.home, "trace-%d" % node.process.pid))
            tracers.append(subprocess.Popen(["strace", "-f", "-qq", "-o", traces[-1], "-p", str(node.process.pid)]))
        wait_until(lambda: all(os.path.exists(path) and os.path.getsize(path) for path in traces), "both are traced")
        for format in ("csv", "json", "xlsx"):
            for _ in range(3):
                alice.file(alice.completed(alice.rows(20000, format=format).id).id)
        for tracer in tracers:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(20)
        text = "".join(open(path, encoding="utf-8", errors="replace").read() for path in traces)  # pylint: disable=consider-using-with
        called = {line.split("(")[0].split()[-1] for line in text.splitlines() if "(" in line and "resumed" not in line}
        self.assertIn("sendmsg", called)
        if is_plain():  # a sanitizer asks for more than the program does
            self.assertEqual(set(), called - self.allowed())
            self.assertNotRegex(text, r"(mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC")


if __name__ == "__main__":
    unittest.main()
