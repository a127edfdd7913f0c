# SPDX-License-Identifier: Apache-2.0
"""A big file over gRPC, beside the same bytes from a server that is gRPC's C core and nothing else."""
import json
import statistics
import subprocess

from .place import COLUMNS, ROOT, process, quiet, ratio_of, report

BIN = ROOT / "build/release/bin"
CHUNK = 64 * 1024  # as exportqd's
RUNS = 5


def drain(address, token):
    return json.loads(quiet([BIN / "load", "drain", address, token]))


def speed(run):
    return run["bytes"] / run["seconds"] / 1e6


def bench_download(place):
    types = {"rows": "SELECT %s FROM %s" % (COLUMNS, place.rows(2_000_000))}
    ours, peers = [], []
    with place.server(types, EXPORT_DOWNLOADS_PER_JOB=0) as server:
        caller = place.support.Caller(server.channel(), timeout=600)
        job = caller.completed(caller.create("rows").id)
        with process([BIN / "bare", job.file.size, CHUNK], stdout=subprocess.PIPE) as bare:
            address = bare.stdout.readline().strip()
            for _ in range(RUNS):
                peers.append(speed(drain(address, "any")))
                run = drain(server.address, caller.token(job.id))
                assert run["bytes"] == job.file.size, run
                ours.append(speed(run))
        memory = server.memory("VmHWM") / 1e6
    report("download, %.0f MB over gRPC, median of %d pairs" % (job.file.size / 1e6, RUNS), [
        ("Download of exportqd", "%12.0f MB/s" % statistics.median(ours)),
        ("a bare C core stream of such messages", "%12.0f MB/s" % statistics.median(peers)),
        ("peak memory of the server", "%12.1f MB" % memory),
    ], ratio_of(ours, peers, "0.7"))
