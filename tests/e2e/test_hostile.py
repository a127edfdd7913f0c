# SPDX-License-Identifier: Apache-2.0
"""Clients that do not keep the rules. Whatever they do, the server goes on serving, and ends cleanly."""

import contextlib
import os
import random
import socket
import struct
import threading
import unittest

import grpc

import http2
from server import is_plain
from support import Case, pb, wait_until

SERVICE = "/exportqueue.v1.ExportService/"
INVALID = grpc.StatusCode.INVALID_ARGUMENT
CANCELLED_CALLS = 5000
MAX_CALLS = 20000  # the default of EXPORT_MAX_CALLS


class Hostile(Case):
    """One server for each way to misbehave."""

    settings = {"EXPORT_WORKERS": 1}

    def setUp(self):
        super().setUp()
        self.kit.add_type("rows", "-- title: Rows\n-- filter count integer: How many\n-- shared\n"
                                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)\n"
                                  "SELECT i FROM n\n")
        self.server = self.serve()
        self.alice = self.caller(self.server)
        self.addCleanup(self.still_serves)

    def still_serves(self):
        """What every test ends with: a whole export."""
        job = self.alice.completed(self.alice.rows(10).id)
        self.assertEqual(b"i\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", self.alice.file(job.id))
        self.assertEqual(0, self.alice.Health().running)

    def raw(self, rpc, body, stream=False):
        """A call with bytes of our choice; gives its status and message."""
        channel = self.server.channel()
        self.addCleanup(channel.close)
        try:
            if stream:
                list(channel.unary_stream(SERVICE + rpc)(body, timeout=20))
            else:
                channel.unary_unary(SERVICE + rpc)(body, timeout=20)
        except grpc.RpcError as error:
            return error.code(), error.details()
        return grpc.StatusCode.OK, ""

    def connect(self, **hello):
        connection = http2.Connection(self.server.address, **hello)
        self.addCleanup(connection.close)
        return connection

    def test_messages_that_do_not_decode_are_invalid(self):
        whole = pb.CreateJobRequest(type="rows", columns=["i"], limit=3, request_id="r").SerializeToString()
        bodies = {
            "cut in a length": whole[:-1],
            "a length beyond the end": b"\x0a\xff\xff\xff\xff\x0f",
            "a varint without end": b"\x28" + b"\xff" * 11,
            "a field of number 0": b"\x02\x00",
            "an unknown wire type": b"\x0f",
            "a group without end": b"\x0b",
            "text that is not UTF-8": b"\x0a\x02\xc3\x28",
            "noise": random.Random(7).randbytes(500),
        }
        for what, body in bodies.items():
            with self.subTest(what):
                code, message = self.raw("CreateJob", body)
                self.assertEqual(INVALID, code, message)
                self.assertTrue(message)
        for rpc in ("WatchJob", "Download"):
            self.assertEqual(INVALID, self.raw(rpc, b"\x0a\xff\xff\xff\xff\x0f", stream=True)[0])
        self.assertEqual([], list(self.alice.ListJobs().jobs))

    def test_any_truncation_or_flipped_bit_gets_an_answer(self):
        whole = pb.CreateJobRequest(
            type="rows", format="csv", filters=[pb.Filter(name="count", values=["3"])], columns=["i"], limit=2,
            presentation=pb.Presentation(delimiter=";", bom=True), request_id="r").SerializeToString()
        seed = 20250801
        dice = random.Random(seed)
        bodies = [whole[:end] for end in range(len(whole))]
        for _ in range(500):
            bent = bytearray(whole)
            for _ in range(dice.randint(1, 4)):
                bent[dice.randrange(len(bent))] ^= 1 << dice.randrange(8)
            bodies.append(bytes(bent))
        channel = self.server.channel()
        self.addCleanup(channel.close)
        create = channel.unary_unary(SERVICE + "CreateJob", response_deserializer=pb.CreateJobResponse.FromString)
        allowed = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.RESOURCE_EXHAUSTED,
                   grpc.StatusCode.ALREADY_EXISTS}
        for body in bodies:
            try:
                job = create(body, timeout=20, metadata=(("x-exportq-user", "mallory"),)).job
                self.caller_of("mallory").DeleteJob(id=job.id)
            except grpc.RpcError as error:
                self.assertIn(error.code(), allowed, "seed %d, %r: %s" % (seed, body, error.details()))

    def caller_of(self, owner):
        self.callers = getattr(self, "callers", {})
        if owner not in self.callers:
            self.callers[owner] = self.caller(self.server, owner)
        return self.callers[owner]

    def test_unknown_fields_are_ignored(self):
        known = pb.CreateJobRequest(type="rows", filters=[pb.Filter(name="count", values=["1"])]).SerializeToString()
        more = b"\xf8\x3f\x01" + b"\xf2\x3f\x05hello" + b"\xf5\x3f\x00\x00\x00\x00" + b"\xf1\x3f" + bytes(8)
        self.assertEqual(grpc.StatusCode.OK, self.raw("CreateJob", more + known + more)[0])
        self.assertEqual(INVALID, self.raw("CreateJob", b"\xf2\x3f\x05hello")[0])  # and are no type

    def test_messages_over_the_limit_are_refused_whatever_they_hold(self):
        for body in (b"\x0a" + bytes(3) + bytes(2_000_000), bytes(20_000_000)):
            for rpc, stream in (("CreateJob", False), ("WatchJob", True), ("Health", False)):
                code, message = self.raw(rpc, body, stream)
                self.assertEqual(grpc.StatusCode.RESOURCE_EXHAUSTED, code, message)

    def test_a_small_message_cannot_become_a_large_one(self):
        # Half a million empty filters in a megabyte: each takes much more once it is decoded.
        before = self.server.memory()
        for body in (b"\x1a\x00" * 490_000, b"\x22\x00" * 490_000, b"\x1a\x02\x12\x00" * 240_000):
            code, message = self.raw("CreateJob", body)
            self.assertIn(code, (INVALID, grpc.StatusCode.RESOURCE_EXHAUSTED), message)
            self.assertTrue(message)
        if is_plain():
            self.assertLess(self.server.memory("VmHWM") - before, 64e6)

    def answer(self, **asked):
        """What a call by hand is told at its end, which must come."""
        connection = self.connect()
        connection.call(**asked)
        blocks, kind = connection.ended()
        connection.close()
        return b"grpc-status\x010" in blocks, kind

    def test_a_wrong_method_or_path_is_no_call(self):
        for asked in ({"method": "GET"}, {"method": "PUT"}, {"path": "/"}, {"path": ""}, {"path": "//"},
                      {"path": "/" + "x" * 5000}):
            with self.subTest(**asked):
                self.assertFalse(self.answer(**asked)[0])

    def test_a_wrong_content_type_does_no_harm(self):
        # gRPC's core takes the header away before a server sees it, and does not refuse with 415 as
        # its protocol would have it: the call is one like any other.
        create = pb.CreateJobRequest(type="rows", filters=[pb.Filter(name="count", values=["1"])]).SerializeToString()
        for content_type in ("text/html", "application/json", "application/grpc+json", "", None):
            with self.subTest(content_type):
                _, kind = self.answer(content_type=content_type)
                self.assertIsNotNone(kind)
                is_ok, _ = self.answer(content_type=content_type, path=SERVICE + "CreateJob",
                                       body=http2.message(b'{"type": "rows"}'))
                self.assertFalse(is_ok)
                self.assertTrue(self.answer(content_type=content_type, path=SERVICE + "CreateJob",
                                            body=http2.message(create))[0])
                self.caller_of("local").DeleteJob(id=self.caller_of("local").ListJobs().jobs[0].id)

    def test_a_message_with_a_strange_flag_is_taken_for_an_empty_one(self):
        # So says gRPC's core 1.51, and no server can tell: rpc/rpc.h. The day this fails, say so there.
        for body in (http2.message(b"noise", flag=7), b'{"page_size": 1}'):
            with self.subTest(body):
                self.assertTrue(self.answer(path=SERVICE + "ListJobs", body=body)[0])
                self.assertFalse(self.answer(path=SERVICE + "CreateJob", body=body)[0])
                self.assertFalse(self.answer(path=SERVICE + "DeleteJob", body=body)[0])

    def test_a_call_must_say_that_it_takes_trailers(self):
        for te in (None, "gzip"):
            connection = self.connect()
            connection.call(te=te)
            blocks, _ = connection.ended()
            self.assertRegex(blocks, b"(Missing|Bad) :te header")

    def test_a_message_with_a_lying_prefix_is_refused(self):
        create = pb.CreateJobRequest(type="rows", filters=[pb.Filter(name="count", values=["1"])]).SerializeToString()
        bodies = {"cut": http2.message(create, length=100), "a strange flag": http2.message(create, flag=7),
                  "huge": http2.message(create, length=0xFFFFFFFF), "half a prefix": b"\x00\x00", "none at all": b"",
                  "too short": http2.message(create, length=3)}
        for what, body in bodies.items():
            with self.subTest(what):
                is_ok, kind = self.answer(path=SERVICE + "CreateJob", body=body)
                self.assertFalse(is_ok)
                self.assertIsNotNone(kind)
        self.assertTrue(self.answer(path=SERVICE + "CreateJob", body=http2.message(create))[0])
        self.caller_of("local").DeleteJob(id=self.caller_of("local").ListJobs().jobs[0].id)

    def test_a_caller_has_one_name_and_it_is_text(self):
        user = "x-exportq-user"
        for pairs in (((user, "\xe9"),), ((user, "\xed\xa0\x80"),), ((user, "alice"), (user, "bob")),
                      ((user, ""), (user, "bob"))):
            with self.subTest(pairs):
                connection = self.connect()
                connection.call(path=SERVICE + "ListJobs", more=pairs)
                self.assertRegex(connection.ended()[0], b"x-exportq-user must be one name")
        connection = self.connect()
        connection.call(path=SERVICE + "ListJobs", more=((user, "J\xc3\xbcrgen"),))
        self.assertIn(b"grpc-status\x010", connection.ended()[0])

    def test_garbage_on_the_wire_closes_only_its_own_connection(self):
        seed = 42
        dice = random.Random(seed)
        hello = http2.PREFACE + http2.frame(http2.SETTINGS)
        headers = http2.call_fields()
        wires = [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 1000, b"\xff" * 1000,
            http2.PREFACE[:10], http2.PREFACE + b"\xff" * 100, hello + http2.frame(99, 255, 1, b"x" * 100),
            hello + http2.frame(http2.SETTINGS, payload=b"123"),
            hello + http2.frame(http2.SETTINGS, payload=struct.pack(">HI", 4, 0xFFFFFFFF)),
            hello + http2.frame(http2.SETTINGS, length=0xFFFFFF), hello + http2.frame(http2.DATA, 0, 0, b"x"),
            hello + http2.frame(http2.DATA, 0, 7, b"x"), hello + http2.frame(http2.HEADERS, 4, 2, headers),
            hello + http2.frame(http2.HEADERS, 4, 1, b"\xff" * 50), hello + http2.frame(http2.HEADERS, 4, 1, b"\x80"),
            hello + http2.frame(http2.HEADERS, 0, 1, headers) + http2.frame(http2.PING, payload=bytes(8)),
            hello + http2.frame(http2.HEADERS, 0, 1, headers[:20]) + http2.frame(http2.CONTINUATION, 0, 1, b"") * 1000,
            hello + http2.frame(http2.WINDOW_UPDATE, 0, 0, bytes(4)), hello + http2.frame(http2.PING, payload=b"short"),
            hello + http2.frame(http2.WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 2,
            hello + http2.frame(http2.PUSH_PROMISE, 4, 1, bytes(4)), hello + http2.frame(http2.GOAWAY, payload=b"x"),
            hello + http2.frame(http2.RST_STREAM, 0, 1, bytes(4)), hello + http2.frame(http2.RST_STREAM, 0, 0, b"x"),
            hello + http2.frame(http2.HEADERS, 0x2C, 1, b"\xff" + headers),
        ] + [hello + dice.randbytes(dice.randint(1, 3000)) for _ in range(100)]
        watch = self.alice.WatchJob()  # another's call goes on meanwhile
        for wire in wires:
            connection = self.connect(hello=wire)
            connection.socket.shutdown(socket.SHUT_WR)
            try:
                for _ in connection.frames():
                    pass
            except TimeoutError:
                self.fail("seed %d: the connection stays open after %r" % (seed, wire[:80]))
            connection.close()
        job = self.alice.rows(1)
        self.assertEqual(job.id, next(watch).job.id)
        watch.cancel()

    def test_half_open_connections_cost_others_nothing(self):
        hellos = [b"", http2.PREFACE[:5], http2.PREFACE, http2.PREFACE + http2.frame(http2.SETTINGS)]
        held = [self.connect(hello=hellos[i % 4]) for i in range(400)]
        for connection in held[3::4]:  # calls that never send their message
            connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.call_fields(path=SERVICE + "CreateJob")))
        self.still_serves()
        for connection in held[::2]:  # some vanish without a word
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.still_serves()

    def test_one_connection_cannot_take_every_place_for_calls(self):
        connection = self.connect()
        next(kind for kind, *_ in connection.frames() if kind == http2.SETTINGS)
        connection.send(http2.frame(http2.SETTINGS, http2.ACK))  # gRPC's core holds nobody to what is not acknowledged
        head = http2.call_fields(path=SERVICE + "CreateJob")
        wire = b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, 2 * i + 1, head) for i in range(MAX_CALLS + 50))
        refusals = (http2.RST_STREAM, http2.GOAWAY, http2.HEADERS)
        with contextlib.suppress(OSError):  # the server had enough of it
            connection.send(wire)
            any(kind in refusals for kind, *_ in connection.frames())
        self.still_serves()

    def test_streams_that_are_reset_at_once_leave_nothing(self):
        watch = {"path": SERVICE + "WatchJob"}
        for _ in range(10):
            connection = self.connect()
            wire = b""
            for stream in range(1, 400, 2):
                wire += http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.call_fields(**watch))
                wire += http2.frame(http2.DATA, http2.END_STREAM, stream, http2.message())
                wire += http2.frame(http2.RST_STREAM, 0, stream, struct.pack(">I", 8))
            try:
                connection.send(wire)
            except OSError:
                pass  # the server had enough of it
            connection.close()
        self.still_serves()

    def test_thousands_of_cancelled_calls_leave_nothing(self):
        callers = [self.caller(self.server) for _ in range(4)]
        for caller in callers:
            caller.Health()  # is connected
        job = self.alice.create("stuck")
        self.alice.started(job.id)
        fds = "/proc/%d/fd" % self.server.process.pid
        before = len(os.listdir(fds))

        def cancel(caller, count):
            for i in range(count):
                call = caller.WatchJob(id=job.id if i % 2 else "")
                if i % 3 == 0:
                    next(call)
                call.cancel()
        threads = [threading.Thread(target=cancel, args=(caller, CANCELLED_CALLS // 4)) for caller in callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.alice.CancelJob(id=job.id)
        wait_until(lambda: len(os.listdir(fds)) <= before, "no file stays open")

    def test_deadlines_that_are_over_before_they_began_get_an_answer(self):
        for timeout in (0.000001, 0.001, 0.01):
            for rpc in ("WatchJob", "Health"):
                self.alice.timeout = timeout
                try:
                    for _ in getattr(self.alice, rpc)() if rpc == "WatchJob" else [self.alice.Health()]:
                        pass
                except grpc.RpcError as error:
                    self.assertEqual(grpc.StatusCode.DEADLINE_EXCEEDED, error.code())
        self.alice.timeout = 60

    def test_huge_metadata_is_refused(self):
        for pairs in ([("x-filling", "y" * 2_000_000)], [("x-%d" % i, "y" * 1000) for i in range(500)]):
            channel = self.server.channel(("grpc.max_metadata_size", 10_000_000))
            self.addCleanup(channel.close)
            call = channel.unary_unary(SERVICE + "Health")
            with self.assertRaises(grpc.RpcError) as caught:
                call(b"", metadata=pairs, timeout=20)
            self.assertIn(caught.exception.code(), (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE,
                                                    grpc.StatusCode.INTERNAL))


if __name__ == "__main__":
    unittest.main()
