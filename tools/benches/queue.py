# SPDX-License-Identifier: Apache-2.0
"""The queue in PostgreSQL: creating, small exports from request to file, latency, an idle server."""
import json
import socket
import statistics
import subprocess
import time

from .peers import is_node_ready
from .place import COLUMNS, ROOT, cpu_seconds, note, process, quiet, rate, ratio_of, report

ONE_ROW = {"one": "SELECT 1 AS one"}
CREATE_RUNS, CREATE_S = 3, 5
CONNECTIONS, CALLS_AT_ONCE = 8, 32
SMALL_JOBS, SMALL_ROWS, SMALL_RUNS = 4000, 100, 2
AT_ONCE = 16
WORKERS = 32  # of ours: each waits for the disk twice a job
LATENCY_JOBS, PAUSE_MS = 300, 25
IDLE_S = 10
BULLMQ = ROOT / "tests/clients/bullmq"


def bench_create(place):
    """Many owners create jobs that nobody runs, in turn with pgbench."""
    ours, peers = [], []
    with place.server(ONE_ROW, EXPORT_WORKERS=0) as server:
        for _ in range(CREATE_RUNS):
            peers.append(place.durable_inserts(16, CREATE_S)[0])
            run = place.load("create", server, "one", CONNECTIONS, CALLS_AT_ONCE, CREATE_S)
            ours.append(run["ok"] / run["seconds"])
        # the limit was in force: the owner of the next five jobs gets no sixth
        refused = is_sixth_refused(place, server)
    report("create, CreateJob beside a one-row durable insert, median of %d pairs" % CREATE_RUNS, [
        ("CreateJob, %d connections of %d calls" % (CONNECTIONS, CALLS_AT_ONCE), rate(statistics.median(ours))),
        ("pgbench, 16 clients", rate(statistics.median(peers))),
        ("the last run: p50, p99", "%12.1f, %.1f ms" % (run["p50_ms"], run["p99_ms"])),
        ("  cores of the load, exportqd, PostgreSQL", run["cores"]),
        ("  refused though below the limit", "%12d" % run["refused"]),
        ("a sixth job of one owner", "%12s" % ("refused" if refused else "NOT REFUSED")),
    ], ratio_of(ours, peers, "1.5, and 20,000/s"))


def is_sixth_refused(place, server):
    support = place.support
    caller = support.Caller(server.channel(), owner="six")
    for _ in range(5):
        caller.create("one")
    try:
        caller.create("one")
    except support.grpc.RpcError as error:
        return error.code() == support.grpc.StatusCode.RESOURCE_EXHAUSTED
    return False


def small_query(place):
    return "SELECT %s FROM %s WHERE id <= %d ORDER BY id" % (COLUMNS, place.rows(1000), SMALL_ROWS)


def bench_small(place):
    """The same small exports through exportqd and through BullMQ, in turn."""
    is_peer_here = is_node_ready(BULLMQ, "BullMQ", "redis-server")
    ours, peers, adds = [], [], []
    database = place.database()
    with place.server({"small": small_query(place)}, database, EXPORT_WORKERS=WORKERS) as server:
        for _ in range(SMALL_RUNS):
            run = place.load("round", server, "small", AT_ONCE, 4, SMALL_JOBS, 0)
            ours.append(run["ok"] / run["seconds"])
            if is_peer_here:
                peer = run_bullmq(place)
                peers.append(peer["jobs"] / peer["seconds"])
                adds.append(peer["jobs"] / peer["add_s"])
    check_files(place, database)
    lines = [("CreateJob to COMPLETED seen, %d connections of 4 jobs" % AT_ONCE, rate(statistics.median(ours))),
             ("  p50, p99 of one", "%12.1f, %.1f ms" % (run["p50_ms"], run["p99_ms"])),
             ("  cores of the load, exportqd, PostgreSQL", run["cores"])]
    if is_peer_here:
        lines += [("BullMQ on Redis, pg, fast-csv; %d at once" % AT_ONCE, rate(statistics.median(peers))),
                  ("  adding alone", rate(statistics.median(adds)))]
    report("small, %d exports of %d rows to csv files, median of %d pairs" % (SMALL_JOBS, SMALL_ROWS, SMALL_RUNS),
           lines, ratio_of(ours, peers, "5, and 2,500/s") if is_peer_here else None)


def check_files(place, database):
    """Nothing was left out to be fast."""
    wrong = place.psql("SELECT count(*) FROM exportq.job WHERE state <> 'COMPLETED' OR file_rows <> %d"
                       % SMALL_ROWS, database)
    if wrong != "0":
        note("%s jobs did not give a file of %d rows" % (wrong, SMALL_ROWS))


def run_bullmq(place):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home, out = place.fresh("redis"), place.fresh("bullmq")
    redis = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", home,
             "--logfile", home / "log"]
    with process(redis, stdout=subprocess.DEVNULL):
        place.support.wait_until(lambda: "Ready to accept connections" in read(home / "log"), "redis-server starts")
        told = quiet(["node", BULLMQ / "smallexports.js", port, place.source(), small_query(place), out, SMALL_JOBS,
                      AT_ONCE], timeout=110)
    return json.loads(told)


def read(path):
    return path.read_text("utf-8") if path.exists() else ""


def bench_latency(place):
    """One job at a time on a server that has nothing else to do."""
    with place.server(ONE_ROW) as server:
        place.load("round", server, "one", 1, 1, 50, PAUSE_MS)  # not counted: connections open
        run = place.load("round", server, "one", 1, 1, LATENCY_JOBS, PAUSE_MS)
        insert_ms = place.durable_inserts(1, 3)[1]
    report("latency, a one-row export from the call of CreateJob to COMPLETED seen, %d in turn" % LATENCY_JOBS, [
        ("p50; target 5", "%12.2f ms" % run["p50_ms"]),
        ("p99; target 25", "%12.2f ms" % run["p99_ms"]),
        ("the slowest", "%12.2f ms" % run["max_ms"]),
        ("one durable insert on this machine, mean (pgbench)", "%12.2f ms" % insert_ms),
    ])


def transactions(place, database):
    return int(place.psql("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '%s'"
                          % database.rsplit("/", 1)[1]))


def bench_idle(place):
    """A server without jobs, after it has had some."""
    database = place.database()
    with place.server(ONE_ROW, database) as server:
        place.load("round", server, "one", 1, 1, 20, 0)
        time.sleep(2)  # what the jobs left to do is done
        used, made = cpu_seconds(server.process.pid), transactions(place, database)
        time.sleep(IDLE_S)
        used, made = cpu_seconds(server.process.pid) - used, transactions(place, database) - made
        memory, peak = server.memory() / 1e6, server.memory("VmHWM") / 1e6
    report("idle, %d s without a job" % IDLE_S, [
        ("processor; target 0.5 %", "%12.2f %% of a core" % (used / IDLE_S * 100)),
        ("memory; target 30 MB", "%12.1f MB (peak %.1f)" % (memory, peak)),
        ("transactions on the database", "%12.1f /s" % (made / IDLE_S)),
    ])
