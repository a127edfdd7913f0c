# SPDX-License-Identifier: Apache-2.0
"""A wire that breaks, between a client and its server."""

import socket
import threading

PATIENCE_S = 60


class Cutter:
    """A door in front of a server that breaks its first connections after so many bytes, or stops there."""

    def __init__(self, address, after, times, stalls=False):
        self.stalls = stalls
        self.is_open = threading.Event()
        host, port = address.rsplit(":", 1)
        self.server = (host, int(port))
        self.after = after
        self.times = times
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return  # closed
            far = socket.create_connection(self.server)
            threading.Thread(target=self._copy, args=(near, far, None), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near, self.after), daemon=True).start()

    def _copy(self, source, target, after):
        passed = 0
        try:
            while data := source.recv(65536):
                target.sendall(data)
                passed += len(data)
                if after is not None and passed > after and self.cuts < self.times:
                    self.cuts += 1
                    if not self.stalls:
                        break
                    self.is_open.wait(PATIENCE_S)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other direction was quicker
            each.close()

    def close(self):
        self.is_open.set()
        self.listener.close()
