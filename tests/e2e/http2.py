# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 by hand, for clients that do not keep the rules."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
ACK = 1


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame; `length` lies about its payload."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(value):
    """An HPACK string, without Huffman."""
    value = value.encode("latin-1")
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, out = len(value) - 127, [127]
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    return bytes(out + [rest]) + value


def fields(*pairs):
    """A header block of literals that are not indexed."""
    return b"".join(b"\x00" + text(name) + text(value) for name, value in pairs)


def call_fields(path="/exportqueue.v1.ExportService/Health", content_type="application/grpc", method="POST",
                te="trailers", more=()):
    pairs = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost")]
    pairs += [("content-type", content_type)] if content_type else []
    pairs += [("te", te)] if te else []
    return fields(*pairs, *more)


def message(body=b"", flag=0, length=None):
    """A gRPC message with its prefix; `length` lies about it."""
    return bytes([flag]) + struct.pack(">I", len(body) if length is None else length) + body


class Connection:
    """A socket that has said hello."""

    def __init__(self, address, hello=PREFACE + frame(SETTINGS)):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.rest = b""
        self.send(hello)

    def send(self, data):
        self.socket.sendall(data)

    def call(self, stream=1, body=None, flags=END_HEADERS, **asked):
        """The frames of a call: headers, and its body with the end of the stream."""
        self.send(frame(HEADERS, flags, stream, call_fields(**asked))
                  + frame(DATA, END_STREAM, stream, message() if body is None else body))

    def frames(self):
        """Frames as (kind, flags, stream, payload) until the peer closes or is silent for long."""
        while True:
            while len(self.rest) < 9 or len(self.rest) < 9 + int.from_bytes(self.rest[:3], "big"):
                try:
                    data = self.socket.recv(65536)
                except ConnectionResetError:
                    return
                if not data:
                    return
                self.rest += data
            size = int.from_bytes(self.rest[:3], "big")
            head, payload = self.rest[:9], self.rest[9:9 + size]
            self.rest = self.rest[9 + size:]
            yield head[3], head[4], int.from_bytes(head[5:9], "big"), payload

    def ended(self, stream=1):
        """Reads to the end of a stream, or of the connection; gives its header blocks and what ended it."""
        blocks = b""
        for kind, flags, number, payload in self.frames():
            if kind == HEADERS and number == stream:
                blocks += payload
            is_last = kind == RST_STREAM or kind in (DATA, HEADERS) and flags & END_STREAM
            if kind == GOAWAY or number == stream and is_last:
                return blocks, kind
        return blocks, None

    def close(self):
        self.socket.close()
