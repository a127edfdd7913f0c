# SPDX-License-Identifier: Apache-2.0
"""In memory mode: SQLite to csv beside sqlite3, and a crowd that watches one job."""
import statistics
import shutil
import subprocess
import time

from .place import BENCH, ROOT, note

ROWS = 5_000_000
RUNS = 5
WATCHERS = 1000

QUERY = "SELECT id, symbol, side, quantity, price, fee, at, note, pnl, flag FROM rows"
TYPES = {
    "rows": f"-- title: Rows\n-- shared\n{QUERY}\n",
    # works for some seconds, so that all watchers are there before it ends
    "slow": "-- title: Slow\n-- shared\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
            "SELECT i + 1 FROM n WHERE i < 30000000) SELECT max(i) AS i FROM n\n",
}
MAKE = f"""
PRAGMA journal_mode = off; PRAGMA synchronous = off;
CREATE TABLE rows (id INTEGER PRIMARY KEY, symbol TEXT, side TEXT, quantity INTEGER, price REAL,
                   fee REAL, at TEXT, note TEXT, pnl REAL, flag INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
INSERT INTO rows SELECT i, 'SYM' || (i % 97), CASE i % 2 WHEN 0 THEN 'LONG' ELSE 'SHORT' END,
  i % 1000, (i * 7919 % 1000003) / 100.0, (i % 350) / 100.0,
  strftime('%Y-%m-%d %H:%M:%S', 1700000000 + i * 13, 'unixepoch'),
  CASE i % 5 WHEN 0 THEN 'plain note ' || i WHEN 1 THEN 'with, comma and "quotes" ' || i
             WHEN 2 THEN '' WHEN 3 THEN NULL ELSE 'über größe ' || i END,
  (i % 20011 - 10000) / 100.0, i % 2 FROM n;
"""


def make_rows():
    database = BENCH / "rows.db"
    if not database.exists():
        note(f"making {ROWS:,} rows (once)")
        draft = BENCH / "rows.db.draft"
        draft.unlink(missing_ok=True)
        subprocess.run(["sqlite3", str(draft)], input=MAKE, text=True, check=True,
                       stdout=subprocess.DEVNULL)
        draft.rename(database)
    return database


def start_server(support, source):
    """A server whose files lie on the disk the peer writes to."""
    state = BENCH / "state"
    shutil.rmtree(state, ignore_errors=True)
    kit = support.Kit(TYPES)
    kit.database = str(source)
    return support.Server(kit, state=str(state), EXPORT_MAX_WATCHES_PER_USER=2 * WATCHERS)


def run_job(caller, limit):
    """Seconds from the request to COMPLETED, and the file."""
    begin = time.monotonic()
    job = caller.completed(caller.create("rows", limit=limit).id)
    seconds = time.monotonic() - begin
    caller.DeleteJob(id=job.id)
    return seconds, job.file


def run_peer(database):
    begin = time.monotonic()
    with open(BENCH / "peer.csv", "wb") as out:
        subprocess.run(["sqlite3", "-csv", "-header", str(database), QUERY], stdout=out, check=True)
    return time.monotonic() - begin


def bench_sqlite(place):
    support = place.support
    database = make_rows()
    ours, peers = [], []
    run_peer(database)  # not counted: it warms the page cache
    with start_server(support, database) as server:
        caller = support.Caller(server.channel())
        run_job(caller, 50_000)
        small = server.memory("VmHWM") / 1e6
        for _ in range(RUNS):
            seconds, file = run_job(caller, 0)
            ours.append(seconds)
            peers.append(run_peer(database))
        large = server.memory("VmHWM") / 1e6
    ratios = [peer / mine for mine, peer in zip(ours, peers)]
    print(f"csv, {file.rows:,} rows of SQLite, {file.size / 1e6:.0f} MB, median of {RUNS} pairs")
    for what, runs in (("exportqd, request to COMPLETED", ours), ("sqlite3 -csv -header", peers)):
        print(f"  {what:32} {statistics.median(runs):6.2f} s "
              f"{file.rows / statistics.median(runs):12,.0f} rows/s")
    print(f"  ratio {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f}); "
          "above 1: exportqd is faster")
    print(f"  peak memory of the server: {small:.1f} MB after 50,000 rows, {large:.1f} MB after "
          f"{file.rows:,}")


def watch_all(server, job_id):
    """When the last watcher saw the job's end, in milliseconds since 1970."""
    crowd = [ROOT / "build/release/bin/watchers", server.address, job_id, str(WATCHERS)]
    return int(subprocess.run(crowd, text=True, stdout=subprocess.PIPE, check=True).stdout.split()[-1])


def bench_watch(place):
    support = place.support
    lasts = []
    with start_server(support, make_rows()) as server:
        caller = support.Caller(server.channel(), owner="alice")
        for _ in range(RUNS):
            job = caller.create("slow")
            last_seen = watch_all(server, job.id)
            lasts.append(last_seen - caller.GetJob(id=job.id).job.completed.ToMilliseconds())
        memory = server.memory("VmHWM") / 1e6
    print(f"watch, {WATCHERS} watchers of one job")
    print(f"  from completion to the last that saw it {statistics.median(lasts):5.0f} ms, "
          f"median of {RUNS} (from {min(lasts)} to {max(lasts)})")
    print(f"  peak memory of the server: {memory:.1f} MB")
