# SPDX-License-Identifier: Apache-2.0
"""Floods on loopback: the server's memory is bounded, and who behaves is served meanwhile.

Times are printed, for a person to look at; only what cannot depend on the machine's mood is asserted. A flood comes
from other machines, whose processors the server does not share: here it is made beforehand, and then only sent."""

import contextlib
import os
import subprocess
import sys
import threading
import time
import unittest

import http2
from floods import reset_calls
from server import is_plain
from support import Caller, Case

QUIET_CALLS = 500
LEAST_CALLS, LEAST_S = 50, 2
MEGABYTE = 1_000_000
SLOW_READERS = 10


class Floods(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve(EXPORT_DOWNLOADS_PER_JOB=0)
        self.callers = [self.caller(self.server) for _ in range(2)]

    def timed(self, seconds):
        begun = time.perf_counter()
        self.callers[len(seconds) % 2].Health()
        seconds.append(time.perf_counter() - begun)

    def measure(self, is_over, least):
        """p99, count and maximum of calls, each of which must succeed, in milliseconds."""
        seconds = []
        while not is_over() or len(seconds) < least:
            self.timed(seconds)
        ordered = [1000 * each for each in sorted(seconds)]
        return ordered[int(len(seconds) * 0.99)], len(seconds), ordered[-1]

    def report(self, name, flood_s, quiet, during, before):
        print("%s: %.1f s; %d good calls, p99 %.1f ms, quiet %.1f ms, ratio %.1f, %.0f ms at most; memory %d MB, "
              "%d MB at most, %d MB before" % (name, flood_s, during[1], during[0], quiet[0], during[0] / quiet[0], during[2],
                                self.server.memory() // MEGABYTE, self.server.memory("VmHWM") // MEGABYTE,
                                before // MEGABYTE))

    def flood(self, name, most_mb):
        self.measure(lambda: True, 50)  # warm
        quiet = self.measure(lambda: True, QUIET_CALLS)
        process = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), "floods.py"), name,
                                    self.server.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        self.assertEqual("begun\n", process.stdout.readline())
        before, begun = self.server.memory(), time.monotonic()
        told = []
        reader = threading.Thread(target=lambda: told.append(process.stdout.readline()))
        reader.start()
        during = self.measure(lambda: not reader.is_alive() and time.monotonic() > begun + LEAST_S, LEAST_CALLS)
        flood_s = time.monotonic() - begun
        self.report(name, flood_s, quiet, during, before)
        self.assertEqual(["held\n"], told)
        process.stdout.close()
        if is_plain():
            self.assertLess(self.server.memory("VmHWM") - before, most_mb * MEGABYTE)
        self.assertEqual(1, len(self.callers[0].ListJobs(page_size=1).jobs or [1]))

    def test_connections_that_say_nothing(self):
        self.flood("silent", 30)

    def test_streams_that_are_opened_and_reset_at_once(self):
        self.flood("resets", 300)

    def test_headers_beyond_the_limit(self):
        self.flood("headers_beyond_the_limit", 100)

    def test_a_client_that_resets_calls_is_cut_off_once_it_does_nothing_else(self):
        patient = http2.Connection(self.server.address)
        patient.send(reset_calls(0, 500))
        hasty = http2.Connection(self.server.address)
        with contextlib.suppress(OSError):  # it may be cut off before all is sent
            hasty.send(reset_calls(0, 20_000))
        self.assertEqual((b"", None), hasty.ended(2 * 20_000 + 1))
        patient.call(stream=2 * 500 + 1)
        self.assertEqual(http2.HEADERS, patient.ended(2 * 500 + 1)[1])
        self.server.wait_for("event=connection.cut address=127.0.0.1")

    def test_headers_without_end(self):
        self.flood("bombs", 250)

    def test_headers_without_end_of_those_who_know_the_limit(self):
        self.flood("bombs_of_those_who_know_the_limit", 250)

    def test_downloads_that_nobody_reads(self):
        alice = self.caller(self.server)
        jobs = [alice.completed(alice.create("wide", filters={"count": "30000"}).id)  # 30 MB each
                for _ in range(SLOW_READERS)]
        quiet = self.measure(lambda: True, QUIET_CALLS)
        before, begun = self.server.memory(), time.monotonic()
        streams = []
        for job in jobs:
            reader = Caller(self.channel_of_its_own())
            stream = reader.Download(token=reader.token(job.id))
            next(stream)
            streams.append(stream)  # of which nothing more is read
        end = time.monotonic() + 2
        during = self.measure(lambda: time.monotonic() > end, LEAST_CALLS)
        self.report("slow readers", time.monotonic() - begun, quiet, during, before)
        if is_plain():
            self.assertLess(self.server.memory("VmHWM") - before, 150 * MEGABYTE)
        for stream in streams:
            stream.cancel()

    def channel_of_its_own(self):
        channel = self.server.channel()
        self.addCleanup(channel.close)
        return channel


if __name__ == "__main__":
    unittest.main()
