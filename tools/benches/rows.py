# SPDX-License-Identifier: Apache-2.0
"""Many rows of PostgreSQL to a file, beside psql's \\copy of the same query."""
import statistics

from .place import COLUMNS, note, quiet, ratio_of, report, timed

FEW, MANY, VERY_MANY = 100_000, 2_000_000, 10_000_000
RUNS = 3


def query(place, count):
    return "SELECT %s FROM %s" % (COLUMNS, place.rows(count))


def export(caller, type, format):
    job = caller.completed(caller.create(type, format).id)
    caller.DeleteJob(id=job.id)
    return job.file


def copy(place, what):
    """psql writes a file where exportqd writes its own."""
    quiet(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", place.source(), "-c", "\\copy (%s) to '%s' %s" % what])


def as_csv(place, count):
    return query(place, count), place.home / "peer.csv", "csv header"


def as_json(place, count):
    return "SELECT row_to_json(t) FROM (%s) AS t" % query(place, count), place.home / "peer.json", ""


def pairs(place, caller, count, formats, peer, runs):
    """Seconds of each format, by its name, and of psql; and the file of the last export."""
    took = {format: [] for format in formats}
    peers = []
    for _ in range(runs):
        peers.append(timed(copy, place, peer(place, count))[0])
        for format in formats:
            seconds, file = timed(export, caller, "rows%d" % count, format)
            if file.rows != count:
                note("%d rows in the file, of %d" % (file.rows, count))
            took[format].append(seconds)
    return took, peers, file


def line(what, seconds, count):
    middle = statistics.median(seconds)
    return what, "%12.2f s %12s rows/s" % (middle, format(round(count / middle), ","))


def bench(place, count, runs, formats, peer, told):
    """Runs and prints one format, or two that have the same peer."""
    what, target = told
    few, many = "rows%d" % FEW, "rows%d" % count
    with place.server({few: query(place, FEW), many: query(place, count)}) as server:
        caller = place.support.Caller(server.channel(), timeout=600)
        export(caller, few, formats[0])
        small = server.memory("VmHWM") / 1e6
        took, peers, file = pairs(place, caller, count, formats, peer, runs)
        large = server.memory("VmHWM") / 1e6
    lines = [line("%s, request to COMPLETED" % format, took[format], count) for format in formats]
    lines += [line("psql \\copy (%s)" % what, peers, count),
              ("peak memory after %s rows" % format_count(FEW), "%12.1f MB" % small),
              ("peak memory after %s rows; target 64" % format_count(count), "%12.1f MB" % large)]
    ratios = "\n  ratio ".join("%s %s" % (format, ratio_of(peers, took[format], target)) for format in formats)
    report("%s, %s rows of PostgreSQL, 13 columns, %.0f MB, median of %d"
           % (" and ".join(formats), format_count(count), file.size / 1e6, runs), lines, ratios)


def format_count(count):
    return format(count, ",")


def bench_csv(place):
    bench(place, MANY, RUNS, ["csv"], as_csv, ("csv header", "1.15"))


def bench_json(place):
    bench(place, MANY, RUNS, ["json", "ndjson"], as_json, ("row_to_json", "2.5"))


def bench_csv10m(place):
    bench(place, VERY_MANY, 1, ["csv"], as_csv, ("csv header", "1.15"))
