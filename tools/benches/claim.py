# SPDX-License-Identifier: Apache-2.0
"""Creating and running jobs beside ten million finished ones, and in an empty queue."""
import os
import subprocess

from .place import ROOT, note, report

JOBS = 10_000_000
CREATE_S, ROUNDS = 5, 4000
ONE_ROW = {"one": "SELECT 1 AS one"}

# As a server leaves them: four of five completed, ids by time, many owners. The indexes are made
# after, by their own definitions.
FILL = """
SET synchronous_commit = off; SET maintenance_work_mem = '1GB';
CREATE TEMP TABLE made AS SELECT indexname, indexdef FROM pg_indexes
  WHERE schemaname = 'exportq' AND tablename = 'job' AND indexname NOT LIKE '%pkey';
SELECT format('DROP INDEX exportq.%I', indexname) FROM made \\gexec
INSERT INTO exportq.job (id, owner, type, format, spec, state, attempt, max_attempts, revision, created_ms, started_ms,
    completed_ms, next_attempt_ms, expires_ms, file_key, file_name, file_content_type, file_sha256, file_size, file_rows)
SELECT (lpad(to_hex(at), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid,
    'owner ' || i % 50000, 'trades', 'csv', '{}',
    (ARRAY['COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED', 'EXPIRED', 'COMPLETED', 'COMPLETED', 'COMPLETED',
           'COMPLETED', 'FAILED'])[i % 10 + 1], 1, 3, 4, at, at + 5, at + 900, at, 4102444800000 + i,
    'trades-' || i, 'trades-20250101-000000.csv', 'text/csv', md5(i::text) || md5((-i)::text), 4000 + i % 1000, 100
FROM generate_series(1, :count::bigint) AS i, LATERAL (SELECT 1735689600000 + i * 100 AS at) AS clock;
SELECT indexdef FROM made \\gexec
VACUUM ANALYZE exportq.job;
CHECKPOINT;
"""


def migrated(place):
    """A new database with the queue's schema; all its statements are counted."""
    database = place.database()
    done = subprocess.run([ROOT / "build/release/bin/exportqd", "--migrate"], check=False, capture_output=True, text=True,
                          env={**os.environ, "ENABLE_EXPORT_QUEUE": "1", "ENABLE_PERSIST_EXPORT": "1",
                               "DATABASE_URL": database})
    assert done.returncode == 0, done.stderr
    place.psql("CREATE EXTENSION pg_stat_statements", database)
    place.psql("ALTER DATABASE %s SET pg_stat_statements.track = 'top'" % database.rsplit("/", 1)[1])
    return database


def database_ms(place, database):
    """How long the database worked on statements since the last look."""
    return float(place.psql(
        "SELECT coalesce(sum(total_exec_time), 0) FROM pg_stat_statements"
        " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database());"
        "SELECT FROM pg_stat_statements_reset()", database).split("\n")[0])


def measure(place, database):
    """Of creating and of running: jobs a second, and milliseconds of the database for each."""
    with place.server(ONE_ROW, database) as server:
        place.load("round", server, "one", 16, 4, 500, 0)  # not counted: pages and plans warm up
        database_ms(place, database)
        ran = place.load("round", server, "one", 16, 4, ROUNDS, 0)
        run_ms = database_ms(place, database) / ran["ok"]
    with place.server(ONE_ROW, database, EXPORT_WORKERS=0) as server:
        place.load("create", server, "one", 8, 32, 1)
        database_ms(place, database)
        made = place.load("create", server, "one", 8, 32, CREATE_S)
        create_ms = database_ms(place, database) / made["ok"]
    return {"create": (made["ok"] / made["seconds"], create_ms), "run": (ran["ok"] / ran["seconds"], run_ms)}


def bench_claim10m(place):
    empty = measure(place, migrated(place))
    full_database = migrated(place)
    note("making %s finished jobs" % format(JOBS, ","))
    place.psql(FILL.replace(":count", str(JOBS)), full_database)
    full = measure(place, full_database)
    size = place.psql("SELECT pg_size_pretty(pg_total_relation_size('exportq.job'))", full_database)
    lines = []
    for name, what in (("create", "creating a job"), ("run", "creating, claiming, running and settling one")):
        for table, (speed, cost) in (("in an empty queue", empty[name]), ("beside the finished", full[name])):
            lines.append(("%s, %s" % (what, table), "%8.3f ms of the database, %s/s" % (cost, format(round(speed), ","))))
    ratios = ["%s %.2f of the database, %.2f of the rate" % (
        name, full[name][1] / empty[name][1], empty[name][0] / full[name][0]) for name in ("create", "run")]
    report("claim10m, beside %s finished jobs (%s)" % (format(JOBS, ","), size), lines,
           "; ".join(ratios) + "; below 1: the full one is faster; target at most 2")
