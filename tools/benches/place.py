# SPDX-License-Identifier: Apache-2.0
"""Where the benches stand: a PostgreSQL that keeps what it was told, servers on it, tables to export, the
load, and how figures are printed. All that is started here ends with the run."""
import base64
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "build/bench"
POSTGRES = ROOT / "tests/support/postgres"

# As in service on a small machine: what is committed is on the disk.
SETTINGS = ("fsync=on", "shared_buffers=1GB", "max_wal_size=4GB", "checkpoint_timeout=15min",
            "shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track=none")

COLUMNS = ("id, uuid, symbol, account, side, quantity, price, fee, pnl, \"entryAt\", \"exitAt\", tag, note")
# 13 columns, about 170 bytes a row as csv
MAKE_ROWS = """
CREATE UNLOGGED TABLE {table} AS SELECT i AS id, md5(i::text)::uuid AS uuid,
  'SYM' || (i % 97) AS symbol, 'account ' || (i % 13) AS account,
  CASE i % 2 WHEN 0 THEN 'LONG' ELSE 'SHORT' END AS side,
  (i % 1000)::numeric(18, 6) AS quantity, (i * 7919 % 1000003 / 100.0)::numeric(18, 6) AS price,
  (i % 350 / 100.0)::numeric(18, 6) AS fee, ((i % 20011 - 10000) / 100.0)::numeric(18, 6) AS pnl,
  timestamptz '2024-01-01Z' + i * interval '13.037 s' AS "entryAt",
  timestamptz '2024-01-01Z' + i * interval '13.537 s' AS "exitAt",
  CASE i % 3 WHEN 0 THEN NULL ELSE 'tag ' || (i % 31) END AS tag,
  CASE i % 4 WHEN 0 THEN 'a plain note of ordinary length ' || i
             WHEN 1 THEN 'with, comma and "quotes" ' || i
             WHEN 2 THEN '' ELSE 'über größe, the longer note of them all ' || i END AS note
FROM generate_series(1, {count}::bigint) AS i;
ALTER TABLE {table} ADD PRIMARY KEY (id);
VACUUM ANALYZE {table};
"""


def note(text):
    """Tells whoever waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def quiet(command, **options):
    """Runs a program to its end; gives what it printed."""
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, check=False, **options)
    if done.returncode:
        sys.exit("%s failed:\n%s" % (" ".join(str(word) for word in command[:3]), done.stderr[-2000:]))
    return done.stdout


def timed(action, *arguments):
    """Seconds that a call takes, and what it gives."""
    begin = time.monotonic()
    result = action(*arguments)
    return time.monotonic() - begin, result


def report(title, lines, ratio=None):
    """Prints a bench: what, figure, unit; at the end the ratio."""
    print(title)
    for what, figure in lines:
        print("  %-52s %s" % (what, figure))
    if ratio:
        print("  ratio " + ratio)
    print(flush=True)


def ratio_of(better, worse, target):
    """The ratio of pairs, told with its spread."""
    ratios = [mine / peer for mine, peer in zip(better, worse)]
    spread = " (from %.2f to %.2f)" % (min(ratios), max(ratios)) if len(ratios) > 1 else ""
    return "%.2f%s; above 1: exportqd is faster; target %s" % (statistics.median(ratios), spread, target)


def rate(figure, unit="/s"):
    return "%12s %s" % (format(round(figure), ","), unit)


def stat(path):
    """What the kernel tells of a process, from its state on."""
    return (path / "stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()


def cpu_seconds(pid, has_children=False):
    """Processor time of a process so far, if wished with the processes that it started."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*") if has_children else [Path("/proc/%d" % pid)]:
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = stat(path)
            if pid in (int(path.name), int(fields[1])):
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Place:
    """A context manager; what was not asked for is not started."""

    def __init__(self, support):
        self.support = support
        self.home = Path(tempfile.mkdtemp(prefix="run-", dir=BENCH))
        self.url = None
        self.tables = set()
        self.databases = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.url:
            quiet([POSTGRES, "remove", self.home / "postgres"])
        shutil.rmtree(self.home, ignore_errors=True)

    def postgres(self):
        """The URL of the server's first database; the server is started when it is first asked for."""
        if not self.url:
            self.url = quiet([POSTGRES, "start", self.home / "postgres", *SETTINGS]).strip()
        return self.url

    def psql(self, statements, url=None):
        """Runs statements; gives what they print."""
        command = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", url or self.postgres()]
        return quiet(command, input=statements).strip()

    def database(self):
        """The URL of a new, empty database."""
        self.databases += 1
        name = "bench_%d" % self.databases
        self.psql("CREATE DATABASE " + name)
        return self.named(name)

    def named(self, name):
        return self.postgres().rsplit("/", 1)[0] + "/" + name

    def source(self):
        """The URL of the database with the tables to export."""
        if not self.tables:
            self.psql("CREATE DATABASE source")
            self.tables.add("")
        return self.named("source")

    def rows(self, count):
        """The name of a table of so many rows."""
        table = "rows_%d" % count
        source = self.source()
        if table not in self.tables:
            if count >= 1_000_000:
                note("making %s rows" % format(count, ","))
            self.psql(MAKE_ROWS.format(table=table, count=count), source)
            self.tables.add(table)
        return table

    def fresh(self, name):
        """A new, empty directory on the disk that all files go to. It goes with the run: files that were just
        removed make new ones slow on some file systems."""
        return Path(tempfile.mkdtemp(prefix=name + "-", dir=self.home))

    def server(self, types, database=None, **settings):
        """A persistent server; as a context manager it starts and ends. Types by name: a SELECT each."""
        directory = self.fresh("types")
        for name, query in types.items():
            (directory / (name + ".sql")).write_text("-- title: %s\n-- shared\n%s\n" % (name, query), "utf-8")
        asked = {
            "ENABLE_EXPORT_QUEUE": 1, "ENABLE_PERSIST_EXPORT": 1, "DATABASE_URL": database or self.database(),
            "EXPORT_SOURCE_URL": self.source(), "EXPORT_TYPES_DIR": directory,
            "EXPORT_DOWNLOAD_SECRET": "bench:" + base64.b64encode(bytes(range(32))).decode(),
            # the load is that of few owners
            "EXPORT_MAX_CREATED_PER_MINUTE": 0, "EXPORT_MAX_TOKENS_PER_MINUTE": 0,
            "EXPORT_MAX_WATCHES_PER_USER": 16000,
            **settings,
        }
        return self.support.Server(state=str(self.fresh("state")), **asked)

    def processor(self, server):
        """Processor time so far of the server and of PostgreSQL with its sessions."""
        postmaster = int((self.home / "postgres/data/postmaster.pid").read_text(encoding="ascii").split()[0])
        return cpu_seconds(server.process.pid), cpu_seconds(postmaster, has_children=True)

    def load(self, mode, server, kind, *numbers):
        """Runs tools/load; gives its figures, with what the server and PostgreSQL took of a core."""
        command = [ROOT / "build/release/bin/load", mode, server.address, kind, *numbers]
        before = self.processor(server)
        figures = json.loads(quiet(command, timeout=300))
        took = [now - then for now, then in zip(self.processor(server), before)]
        figures["cores"] = "%12.2f, %.2f, %.2f" % tuple(
            seconds / figures["seconds"] for seconds in [figures["cpu_s"], *took])
        if figures["failed"]:
            note("%d calls of the load failed" % figures["failed"])
        return figures

    def durable_inserts(self, clients, seconds):
        """What pgbench makes of one-row inserts, each a transaction: how many in a second, ms of one."""
        database = self.named("peer")
        if "peer" not in self.tables:
            self.source()
            self.psql("CREATE DATABASE peer")
            self.psql("CREATE TABLE job (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text, type text,"
                      " spec text, created timestamptz DEFAULT now())", database)
            (self.home / "insert.sql").write_text(
                "\\set owner random(1, 100000)\n"
                "INSERT INTO job (owner, type, spec) VALUES ('owner ' || :owner, 'trades', '{\"format\": \"csv\"}');\n")
            self.tables.add("peer")
        told = quiet(["pgbench", "-n", "-M", "prepared", "-c", clients, "-j", min(clients, 2), "-T", seconds,
                      "-f", self.home / "insert.sql", database])
        return (float(re.search(r"tps = ([0-9.]+)", told).group(1)),
                float(re.search(r"latency average = ([0-9.]+)", told).group(1)))


@contextlib.contextmanager
def process(command, **options):
    """A program that is ended when it is no longer needed."""
    started = subprocess.Popen([str(word) for word in command], text=True, **options)
    try:
        yield started
    finally:
        if started.poll() is None:
            started.terminate()
        started.wait(30)
