# SPDX-License-Identifier: Apache-2.0
"""Ten thousand WatchJob streams on one persistent server: what they weigh, how fast they are told."""
import subprocess

from .place import ROOT, process, report

CROWD, FEW = 9_000, 1_000
GATES = {"crowd": 1, "few": 2}
# A job waits at its gate until the gate's lock is released.
TYPES = {name: "SELECT pg_advisory_xact_lock_shared(%d)::text AS gate" % key for name, key in GATES.items()}


def gate(place, key):
    """A session that keeps a gate shut until its standard input ends."""
    shut = ["psql", "-qAtX", "-d", place.source()]
    return process(shut, stdin=subprocess.PIPE, stdout=subprocess.PIPE), "SELECT pg_advisory_lock(%d), 'shut';\n" % key


def shut(session, statement):
    session.stdin.write(statement)
    session.stdin.flush()
    assert "shut" in session.stdout.readline()


def watch(server, job, count):
    """Starts watchers; gives the process once each has been told how the job stands."""
    return process([ROOT / "build/release/bin/watchers", server.address, job.id, count], stdout=subprocess.PIPE)


def ready(crowd):
    assert crowd.stdout.readline() == "ready\n", "the watchers did not all come"


def told_after(caller, session, crowd, job):
    """Milliseconds from the job's completion until the last of a crowd saw it."""
    session.stdin.close()
    last_ms = int(crowd.stdout.readline())
    return last_ms - caller.get(job.id).completed.ToMilliseconds()


def bench_watchers(place):
    listening = ("SELECT count(*) FILTER (WHERE query ILIKE 'listen%'), count(*) FROM pg_stat_activity"
                 " WHERE application_name LIKE 'exportq%'")
    holds = {name: gate(place, key) for name, key in GATES.items()}
    with place.server(TYPES) as server, holds["crowd"][0] as crowd_gate, holds["few"][0] as few_gate:
        shut(crowd_gate, holds["crowd"][1])
        shut(few_gate, holds["few"][1])
        caller = place.support.Caller(server.channel(), owner="alice")
        jobs = {name: caller.create(name) for name in TYPES}
        for job in jobs.values():
            caller.started(job.id)
        before = server.memory()
        with watch(server, jobs["crowd"], CROWD) as crowd, watch(server, jobs["few"], FEW) as few:
            ready(crowd)
            ready(few)
            weight = (server.memory() - before) / (CROWD + FEW)
            listeners = place.psql(listening).split("|")
            few_ms = told_after(caller, few_gate, few, jobs["few"])
            crowd_ms = told_after(caller, crowd_gate, crowd, jobs["crowd"])
    report("watchers, %s WatchJob streams on one server" % format(CROWD + FEW, ","), [
        ("memory of the server for each; target 25", "%12.1f KB" % (weight / 1e3)),
        ("completion to the last of %s that watch it; target 100" % format(FEW, ","), "%12d ms" % few_ms),
        ("completion to the last of %s" % format(CROWD, ","), "%12d ms" % crowd_ms),
        ("connections to the database, of them listening", "%12s, %s" % (listeners[1], listeners[0])),
    ])
