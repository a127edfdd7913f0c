# SPDX-License-Identifier: Apache-2.0
"""Certificates of an authority that exists for one test, made by openssl."""

import os
import subprocess


def openssl(*arguments, **more):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60, **more)


class Authority:
    """An authority in a directory; `path` is its certificate."""

    def __init__(self, directory, name="authority"):
        self.directory = directory
        self.path = os.path.join(directory, name + ".pem")
        self.key = os.path.join(directory, name + ".key")
        self.count = 0
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=" + name, "-keyout", self.key, "-out", self.path)

    def pem(self):
        with open(self.path, "rb") as file:
            return file.read()

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", rsa=False):
        """Paths of a certificate for these names and of its key."""
        self.count += 1
        path, key = (os.path.join(self.directory, name + end) for end in (".pem", ".key"))
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        request = openssl("req", "-newkey", *kind, "-nodes", "-subj", "/CN=" + name, "-keyout", key).stdout
        extensions = path + ".ext"
        with open(extensions, "w", encoding="ascii") as file:
            file.write("subjectAltName=%s\n" % names)
        openssl("x509", "-req", "-CA", self.path, "-CAkey", self.key, "-days", "1", "-extfile", extensions,
                "-set_serial", str(1000 + self.count), "-out", path, input=request)
        return path, key
