# SPDX-License-Identifier: Apache-2.0
"""Python's own view of the proto: generated once per run, from the repository's files."""

import atexit
import importlib
import os
import shutil
import sys
import tempfile

import grpc_tools
from grpc_tools import protoc

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

ROOTS = [os.path.join(ROOT, "proto"), os.path.join(ROOT, "rpc", "proto")]

PROTOS = [
    "exportqueue/v1/export.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto",
]


def generate():
    """Generates the bindings into a directory that is gone at exit, and puts it on the path."""
    out = tempfile.mkdtemp(prefix="exportq-bindings-")
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    # Debian ships the well-known types with protoc, pip's grpc_tools with itself.
    bundled = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
    roots = ROOTS + [path for path in (bundled, "/usr/include") if os.path.isdir(path)]
    arguments = ["protoc"] + ["-I" + path for path in roots]
    # Services only of the export proto: a generated package "grpc" would hide the library's.
    plain = protoc.main(arguments + ["--python_out=" + out] + PROTOS)
    served = protoc.main(arguments + ["--grpc_python_out=" + out, PROTOS[0]])
    if plain or served:
        raise SystemExit("the bindings could not be generated from proto/")
    sys.path.insert(0, out)
    extend("google", os.path.join(out, "google"))
    extend("grpc", os.path.join(out, "grpc"))


def extend(package, directory):
    """Lets an installed package have generated parts too."""
    path = importlib.import_module(package).__path__
    if directory not in list(path):
        path.append(directory)


generate()

pb = importlib.import_module("exportqueue.v1.export_pb2")
pb_grpc = importlib.import_module("exportqueue.v1.export_pb2_grpc")
error_details_pb = importlib.import_module("google.rpc.error_details_pb2")
status_pb = importlib.import_module("google.rpc.status_pb2")
health_pb = importlib.import_module("grpc.health.v1.health_pb2")
reflection_pb = importlib.import_module("grpc.reflection.v1.reflection_pb2")
