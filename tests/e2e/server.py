# SPDX-License-Identifier: Apache-2.0
"""The programs of a test's own: started with settings, waited for by condition, ended by pid."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import grpc

import leaks
from bindings import ROOT

START_S = 30
STOP_S = 60
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:")


def program(name):
    """The program under test: in EXPORTQ_BIN, else the debug build's."""
    return os.path.join(os.environ.get("EXPORTQ_BIN") or os.path.join(ROOT, "build/debug/bin"), name)


def is_sanitized(path):
    """Whether a program carries a sanitizer: it is then slow, and its memory is not its own."""
    with open(path, "rb") as file:
        image = file.read()
    return b"__asan_init" in image or b"__tsan_init" in image


def is_plain():
    """Whether figures of time and memory of the program under test mean something."""
    return not is_sanitized(program("exportqd"))


def environment(settings):
    """The test's settings, and none that happen to be set around it."""
    ours = ("EXPORT_", "ENABLE_", "DATABASE_URL", "EXPORTQ_", "STATE_DIRECTORY", "PG", "AWS_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    clean["EXPORT_HTTP_LISTEN"] = "off"  # one of many servers here; a test that wants it says where
    clean.update({name: str(value) for name, value in settings.items() if value is not None})
    return clean


def run_once(arguments, settings=None, timeout=30, name="exportqd"):
    """Runs a program to its end, for what ends by itself. Gives exit status, stdout, stderr."""
    leaks.settings(settings or {})
    done = subprocess.run([program(name), *arguments], env=environment(settings or {}), text=True,
                          capture_output=True, timeout=timeout, check=False)
    assert not SANITIZER.search(done.stderr), done.stderr
    leaks.check(done.stdout + done.stderr, name)
    return done.returncode, done.stdout, done.stderr


def wait_until(condition, what, seconds=20):
    """Waits for a condition; gives its first true value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain: %s" % (seconds, what))
        time.sleep(0.01)


class Server:
    """A server in a process of its own. As a context manager it must end with 0 and in silence."""

    name = "exportqd"
    ready = r'event\W+server\.listening\W+address\W+([^\s"]+)'  # in both formats

    def __init__(self, kit=None, demo=False, state=None, **settings):
        self.home = tempfile.mkdtemp(prefix="exportq-e2e-")
        self.state = state or os.path.join(self.home, "state")
        self.arguments = ["--demo"] if demo else []
        self.settings = {"EXPORT_LISTEN": "127.0.0.1:0", "EXPORT_STATE_DIR": self.state, "EXPORT_WORKERS": 2}
        if kit:
            self.settings.update(ENABLE_EXPORT_QUEUE=1, EXPORT_SOURCE_URL="sqlite:" + kit.database,
                                 EXPORT_TYPES_DIR=kit.types)
        self.settings.update(settings)
        self.lines = []
        self.process = None
        self.changed = threading.Condition()

    def start(self):
        """Starts the process and waits until it serves; a server's `address` is then known."""
        return self.launch().await_ready()

    def launch(self):
        self.lines = []
        leaks.settings(self.settings)
        self.process = subprocess.Popen([program(self.name), *self.arguments], env=environment(self.settings),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        return self

    def await_ready(self):
        self.address = self.wait_for(self.ready, START_S).group(1)
        return self

    def _read(self, stderr):
        for line in stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)  # the end
            self.changed.notify_all()
        stderr.close()

    def log(self):
        """What it wrote to stderr so far."""
        with self.changed:
            return "\n".join(line for line in self.lines if line is not None)

    def wait_for(self, pattern, seconds=20):
        """Waits for a line of the log; gives the match."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for line in self.lines:
                    found = line is not None and re.search(pattern, line)
                    if found:
                        return found
                if None in self.lines or not self.changed.wait(max(0, end - time.monotonic())):
                    break
        raise AssertionError("no line %r in the log of the server:\n%s" % (pattern, self.log()))

    def channel(self, *options):
        """A connection of its own: channels of equal options would share one."""
        return leaks.watched(grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1),
                                                                          *options]))

    def signal(self, number=signal.SIGTERM):
        leaks.check_command_line(self.process.pid)
        self.process.send_signal(number)

    def wait(self, seconds=STOP_S):
        """Waits for its end, and finds nothing in its log that must not be there; gives the exit status."""
        status = self.process.wait(seconds)
        self.reader.join(10)
        leaks.check(self.log(), "the log of " + self.name)
        return status

    def stop(self):
        """Ends it politely, and asserts that it leaves so."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal()
        self.assert_clean(self.wait())

    def assert_clean(self, status):
        log = self.log()
        assert not SANITIZER.search(log), "the sanitizer speaks:\n" + log
        assert status == 0, "%s ended with %d:\n%s" % (self.name, status, log)

    def kill(self):
        """As a power cut would."""
        self.signal(signal.SIGKILL)
        self.wait()
        self.process = None

    def close(self):
        """Leaves nothing behind, whatever happened."""
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def cpu_seconds(self):
        """Processor time that it used so far."""
        with open("/proc/%d/stat" % self.process.pid, encoding="ascii") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def memory(self, name="VmRSS"):
        """Bytes of memory, as the kernel counts them."""
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            found = re.search(name + r":\s+(\d+) kB", file.read())
        return int(found.group(1)) * 1024

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
        finally:
            self.close()


class Worker(Server):
    """An exportq-worker; it has no address."""

    name = "exportq-worker"
    ready = r"(event\W+worker\.ready)"
