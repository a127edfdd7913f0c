# SPDX-License-Identifier: Apache-2.0
"""Every format from PostgreSQL to a finished file, beside those who would write it otherwise: psql, a C program
on libxlsxwriter, a Node program. Prints a table in Markdown and draws build/bench/files.svg."""
import datetime
import os
import re
import shutil
import statistics
from pathlib import Path

from .chart import draw_bars
from .peers import NODE, Run, is_node_ready, run_bare_xlsx, run_node, run_psql
from .place import BENCH, COLUMNS, cpu_seconds, note, quiet, ratio_of, report, timed

MANY = 2_000_000
SOME = 400_000  # of the same table, for Node: its speed does not depend on how many
SHEET = 200_000  # of the same table, for xlsx
RUNS = 3
BIG = 2_500_000  # three sheets
LOOKS = {
    "csv, gzip": {"compression": "COMPRESSION_GZIP"},
    "csv, zstd": {"compression": "COMPRESSION_ZSTD"},
    "csv, de-DE": {"locale": "de-DE"},
    "csv, excel": {"dialect": "DIALECT_EXCEL"},
}
OURS = "exportq"
TARGETS = (("csv", "psql \\copy", 1.15), ("json", "psql row_to_json", 2.5), ("ndjson", "psql row_to_json", 2.5),
           ("xlsx", "libxlsxwriter, C", 3))


class Measured:
    """What runs of one program on one format took."""

    def __init__(self, format, who):
        self.format = format
        self.who = who
        self.runs = []

    def rates(self):
        return [run.rows / run.seconds for run in self.runs]

    def rate(self):
        return statistics.median(self.rates())

    def cpu_us(self):
        return statistics.median(run.cpu_s / run.rows * 1e6 for run in self.runs)

    def memory(self):
        return max(run.memory for run in self.runs)


def query(place, count):
    limit = "" if count == MANY else " WHERE id <= %d" % count
    return "SELECT %s FROM %s%s" % (COLUMNS, place.rows(MANY), limit)


def as_json(place, count):
    return "SELECT row_to_json(t) FROM (%s) AS t" % query(place, count)


def export(place, server, caller, count, format, look):
    """One export of ours, from the request to its completion."""
    pb = place.support.pb
    used = cpu_seconds(server.process.pid)
    seconds, job = timed(lambda: caller.completed(caller.create(
        "rows%d" % count, format, presentation=pb.Presentation(**look)).id))
    used = cpu_seconds(server.process.pid) - used
    caller.DeleteJob(id=job.id)
    if job.file.rows != count:
        note("%d rows in the file, of %d" % (job.file.rows, count))
    return Run(job.file.rows, seconds, used, server.memory("VmHWM"))


def measure(place, count, ours, peers):
    """Runs formats of ours, told as name, format and look, and programs of others in turn, on a server that did
    nothing before, so that its peak memory is theirs."""
    with place.server({"rows%d" % count: query(place, count)}) as server:
        caller = place.support.Caller(server.channel(), timeout=600)
        all_of = [(Measured(name, OURS), lambda format=format, look=look: export(
            place, server, caller, count, format, look)) for name, format, look in ours]
        all_of += [(Measured(format, who), action) for format, who, action in peers]
        for _ in range(RUNS):
            for measured, action in all_of:
                measured.runs.append(action())
    return [measured for measured, _ in all_of]


def measure_all(place):
    file = place.home / "peer"
    has_node = is_node_ready(NODE, "pg-query-stream, fast-csv and exceljs")
    source = place.source()
    place.rows(MANY)

    def node(format, who, count):
        return [(format, who, lambda: run_node(format, source, query(place, count), file))] if has_node else []

    def psql(format, who, what, options):
        return (format, who, lambda: run_psql(source, what(place, MANY), file, options, MANY))

    measured = measure(place, MANY, [("csv", "csv", {})], [
        psql("csv", "psql \\copy", query, "csv header"), *node("csv", "Node, fast-csv", SOME)])
    # both beside one run of the peer, which takes long
    measured += measure(place, MANY, [("json", "json", {}), ("ndjson", "ndjson", {})], [
        psql("json", "psql row_to_json", as_json, ""), *node("json", "Node, JSON.stringify", SOME)])
    measured += measure(place, SHEET, [("xlsx", "xlsx", {})], [
        ("xlsx", "libxlsxwriter, C", lambda: run_bare_xlsx(source, query(place, SHEET), file)),
        *node("xlsx", "Node, exceljs", SHEET)])
    looks = measure(place, MANY, [(name, "csv", look) for name, look in LOOKS.items()], [])
    return measured, looks


# ---- Telling ----


def machine(place):
    """One line: when, where, and what else the machine has to do."""
    load = os.getloadavg()[0]
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace"))
    return "Of %s, on %d cores (%s), PostgreSQL %s, load %.1f at the start." % (
        datetime.date.today().isoformat(), os.cpu_count(), cpu.group(1) if cpu else os.uname().machine,
        place.psql("SHOW server_version").split()[0], load)


def count_text(figure):
    return format(round(figure), ",")


def print_table(measured):
    """In Markdown, for docs/performance.md. The ratio is of ours to each peer of the same format."""
    ours = {each.format: each.rate() for each in measured if each.who == OURS}
    lines = [("format", "who", "rows", "rows/s", "exportq : it", "peak memory", "processor, a row"),
             ("---", "---", "--:", "--:", "--:", "--:", "--:")]
    for each in measured:
        ratio = "" if each.who == OURS else "%.2f" % (ours[each.format] / each.rate())
        lines.append((each.format, each.who, count_text(each.runs[0].rows), count_text(each.rate()), ratio,
                      "%.0f MB" % (each.memory() / 1e6), "%.2f µs" % each.cpu_us()))
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        cells = [cell.ljust(width) if i < 2 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        print("| %s |" % " | ".join(cells))
    print()


def print_ratios(measured):
    by_name = {(each.format, each.who): each for each in measured}
    for format, peer, target in TARGETS:
        of = "json" if format == "ndjson" else format
        ours, peers = by_name[format, OURS].rates(), by_name[of, peer].rates()
        print("%s: %s" % (format, ratio_of(ours, peers, target)))
    print()


def draw(where, measured):
    groups = []
    for each in measured:
        name = "json" if each.format == "ndjson" else each.format
        if not groups or groups[-1][0] != name:
            groups.append((name, []))
        who = "%s, %s" % (each.who, each.format) if each.format == "ndjson" else each.who
        groups[-1][1].append((who, each.rate(), each.who == OURS))
    path = BENCH / "files.svg"
    path.write_text(draw_bars("Rows a second, from PostgreSQL to a finished file", groups, where), "utf-8")
    print("chart: build/bench/files.svg; to keep it: cp build/bench/files.svg docs/files-speed.svg\n", flush=True)


def bench_files(place):
    where = machine(place)
    measured, looks = measure_all(place)
    print("files, every format beside its peers, median of %d\n\n%s\n" % (RUNS, where))
    print_table(measured)
    print_table(looks)
    print_ratios(measured)
    draw(where, measured)


# ---- A file of three sheets ----


def read_with_libreoffice(place, file):
    """Seconds that LibreOffice takes to read all sheets and to write them as csv, and how many rows they have."""
    out, home = place.fresh("csv"), place.fresh("office")
    all_sheets = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    seconds, _ = timed(quiet, ["soffice", "-env:UserInstallation=file://%s" % home, "--headless", "--convert-to",
                               all_sheets, "--outdir", out, file])
    rows = 0
    for sheet in out.iterdir():
        rows += int(quiet(["wc", "-l", sheet]).split()[0]) - 1  # without its header
    return seconds, len(list(out.iterdir())), rows


def bench_xlsx2m5(place):
    with place.server({"rows": "SELECT %s FROM %s" % (COLUMNS, place.rows(BIG))}) as server:
        caller = place.support.Caller(server.channel(), timeout=600)
        used = cpu_seconds(server.process.pid)
        seconds, job = timed(lambda: caller.completed(caller.create("rows", "xlsx").id))
        used = cpu_seconds(server.process.pid) - used
        memory = server.memory("VmHWM")
        lines = [("request to COMPLETED", "%12.2f s %12s rows/s" % (seconds, count_text(BIG / seconds))),
                 ("processor", "%12.2f µs a row" % (used / BIG * 1e6)),
                 ("sheets; target 3", "%12d" % job.warnings.sheets),
                 ("peak memory; target 64", "%12.1f MB" % (memory / 1e6))]
        if shutil.which("soffice"):
            note("LibreOffice opens the file, which takes minutes")
            file = place.home / "big.xlsx"
            shutil.copy(next(path for path in Path(server.state).rglob("*")
                             if path.is_file() and path.stat().st_size == job.file.size), file)
            office_s, sheets, rows = read_with_libreoffice(place, file)
            lines.append(("LibreOffice opened it", "%12.0f s, %d sheets, %s rows" % (office_s, sheets, count_text(rows))))
        else:
            note("skipped: LibreOffice, which is not here")
    report("xlsx2m5, %s rows to xlsx, %.0f MB" % (count_text(BIG), job.file.size / 1e6), lines)
