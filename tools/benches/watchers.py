# SPDX-License-Identifier: Apache-2.0
"""Ten thousand WatchJob streams on one persistent server: what they weigh, how fast they are told."""
import contextlib
import subprocess

from .place import ROOT, process, report

# A client reads a thousand streams quickly; gRPC searches longer, the more calls a client has.
PART = 1_000
CROWD, FEW = 9 * PART, PART
GATES = {"crowd": 1, "few": 2}
# A job waits at its gate until the gate's lock is released.
TYPES = {name: "SELECT pg_advisory_xact_lock_shared(%d)::text AS gate" % key for name, key in GATES.items()}


def shut(stack, place, key):
    """A session that keeps a gate shut until its standard input ends."""
    command = ["psql", "-qAtX", "-d", place.source()]
    session = stack.enter_context(process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    session.stdin.write("SELECT pg_advisory_lock(%d), 'shut';\n" % key)
    session.stdin.flush()
    assert "shut" in session.stdout.readline()
    return session


def watch(stack, server, job, count):
    """Starts watchers; gives their clients once each has been told how the job stands."""
    command = [ROOT / "build/release/bin/watchers", server.address, job.id, PART]
    clients = [stack.enter_context(process(command, stdout=subprocess.PIPE)) for _ in range(count // PART)]
    for client in clients:
        assert client.stdout.readline() == "ready\n", "the watchers did not all come"
    return clients


def told_after(caller, session, clients, job):
    """Milliseconds from the job's completion until the last of its watchers saw it."""
    session.stdin.close()
    last_ms = max(int(client.stdout.readline()) for client in clients)
    return last_ms - caller.get(job.id).completed.ToMilliseconds()


def connections(place):
    return int(place.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'exportq%'"))


def bench_watchers(place):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(place.server(TYPES))
        gates = {name: shut(stack, place, key) for name, key in GATES.items()}
        caller = place.support.Caller(server.channel(), owner="alice")
        jobs = {name: caller.create(name) for name in TYPES}
        for job in jobs.values():
            caller.started(job.id)
        before, connections_before = server.memory(), connections(place)
        crowd = watch(stack, server, jobs["crowd"], CROWD)
        few = watch(stack, server, jobs["few"], FEW)
        weight = (server.memory() - before) / (CROWD + FEW)
        connections_with = connections(place)
        few_ms = told_after(caller, gates["few"], few, jobs["few"])
        crowd_ms = told_after(caller, gates["crowd"], crowd, jobs["crowd"])
    report("watchers, %s WatchJob streams on one server" % format(CROWD + FEW, ","), [
        ("memory of the server for each; target 25", "%12.1f KB" % (weight / 1e3)),
        ("completion to the last of %s that watch it; target 100" % format(FEW, ","), "%12d ms" % few_ms),
        ("completion to the last of %s" % format(CROWD, ","), "%12d ms" % crowd_ms),
        ("connections to the databases without, and with them", "%12d, %d" % (connections_before, connections_with)),
    ])
