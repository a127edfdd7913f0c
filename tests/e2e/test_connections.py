# SPDX-License-Identifier: Apache-2.0
"""How many connections there may be, and how long one may say nothing."""

import os
import resource
import socket
import time
import unittest

import grpc

import http2
from server import run_once
from support import Caller, Case, wait_until


class Connections(Case):
    def connect(self, server, count):
        """Sockets that were connected by the kernel; the server may hang up on them."""
        host, port = server.address.rsplit(":", 1)
        made = [socket.create_connection((host, int(port)), timeout=20) for _ in range(count)]
        for each in made:
            self.addCleanup(each.close)
        return made

    def still_serves(self, server):
        channel = server.channel()
        self.addCleanup(channel.close)
        grpc.channel_ready_future(channel).result(20)
        Caller(channel).Health()

    def open_files(self, server):
        return len(os.listdir("/proc/%d/fd" % server.process.pid))

    def sockets(self, server):
        """Connections that the server has, its listener not counted."""
        links = "/proc/%d/fd" % server.process.pid
        count = 0
        for name in os.listdir(links):
            try:
                count += os.readlink(os.path.join(links, name)).startswith("socket:")
            except FileNotFoundError:
                continue
        return count - 1

    def serves(self, server):
        with server.channel() as channel:
            try:
                grpc.channel_ready_future(channel).result(1)
                return True
            except grpc.FutureTimeoutError:
                return False

    def count_refused(self, connections):
        return sum(self.is_refused(each) for each in connections)

    def is_refused(self, each):
        each.settimeout(0.01)
        try:
            return each.recv(1, socket.MSG_PEEK) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def test_a_server_out_of_descriptors_serves_on_once_there_are_some(self):
        server = self.serve()
        self.still_serves(server)
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (self.open_files(server) + 20, hard))
        made = self.connect(server, 60)
        wait_until(lambda: self.count_refused(made) >= 40, "what is beyond is refused")
        for each in made:
            each.close()
        self.still_serves(server)

    def test_connections_beyond_the_limit_are_closed_and_room_is_found_again(self):
        server = self.serve(EXPORT_MAX_CONNECTIONS=20)
        for _ in range(3):
            made = self.connect(server, 50)
            wait_until(lambda all=made: self.count_refused(all) == 30, "30 of 50 are refused")
            for each in made:
                each.close()
            wait_until(lambda: self.serves(server), "the places are free again")
            wait_until(lambda: self.sockets(server) <= 1, "the server has closed them")

    def test_a_limit_that_files_do_not_allow_is_an_error_at_start(self):
        settings = {"EXPORT_LISTEN": "127.0.0.1:0", "EXPORT_MAX_CONNECTIONS": 1_000_000}
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard >= 1_000_300:
            self.skipTest("this machine allows them")
        status, _, err = run_once([], settings)
        self.assertEqual(1, status)
        self.assertRegex(err, "1000000 connections .*LimitNOFILE")

    def test_a_connection_without_calls_is_closed_after_a_while(self):
        server = self.serve(EXPORT_IDLE_TIMEOUT="1s", EXPORT_HANDSHAKE_TIMEOUT="1h")
        connection = http2.Connection(server.address)
        self.addCleanup(connection.close)
        connection.call()
        connection.ended()
        self.assertIn(http2.GOAWAY, [kind for kind, *_ in connection.frames()])
        alice = self.caller(server)  # a stream is a call, however silent
        watch = alice.WatchJob()
        begun = time.monotonic()
        wait_until(lambda: time.monotonic() - begun > 2.5, "longer than that")
        job = alice.rows(1)
        self.assertEqual(job.id, next(watch).job.id)
        watch.cancel()

    def test_a_connection_that_says_nothing_is_closed(self):
        server = self.serve(EXPORT_HANDSHAKE_TIMEOUT="1s")
        silent = self.connect(server, 1)[0]
        silent.settimeout(20)
        self.assertEqual(b"", self.read_all(silent))

    def read_all(self, connection):
        """What comes after the server's hello, to the end."""
        data = b""
        while True:
            more = connection.recv(4096)
            if not more:
                return data if data[3:4] != bytes([http2.SETTINGS]) else b""
            data += more

    def test_a_call_that_never_sends_its_request_ends(self):
        server = self.serve(EXPORT_REQUEST_TIMEOUT="1s")
        connection = http2.Connection(server.address)
        self.addCleanup(connection.close)
        connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.call_fields()))
        self.assertIn(b"grpc-status\x014", connection.ended()[0])

    def test_the_limit_of_headers_can_be_set(self):
        pairs = (("x-filling", "y" * 30_000),)
        for limit, expected in (("8KB", b"grpc-status\x018"), ("64KB", b"grpc-status\x010")):
            server = self.serve(EXPORT_MAX_METADATA_BYTES=limit)
            connection = http2.Connection(server.address)
            self.addCleanup(connection.close)
            fields = http2.call_fields(more=pairs)
            connection.send(http2.frame(http2.HEADERS, 0, 1, fields[:10_000]))
            connection.send(http2.frame(http2.CONTINUATION, 0, 1, fields[10_000:20_000]))
            connection.send(http2.frame(http2.CONTINUATION, http2.END_HEADERS, 1, fields[20_000:]))
            connection.send(http2.frame(http2.DATA, http2.END_STREAM, 1, http2.message()))
            self.assertIn(expected, connection.ended()[0])


if __name__ == "__main__":
    unittest.main()
