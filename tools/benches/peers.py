# SPDX-License-Identifier: Apache-2.0
"""Programs that write the same rows to a file: what they take of time, of a processor and of memory."""
import collections
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from .place import ROOT, note, quiet

Run = collections.namedtuple("Run", "rows seconds cpu_s memory")
NODE = ROOT / "tests/clients/nodefiles"
LOOK_S = 0.02


def watch_memory(pid, has_ended, peaks):
    """Notes the peak memory of a process while it is there: what wait4() tells of it includes who started it."""
    while not has_ended.wait(LOOK_S):
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/%d/status" % pid).read_text(encoding="ascii"))
            if found:
                peaks.append(int(found.group(1)) * 1024)


def run_psql(url, query, file, options, rows):
    """psql writes a file where exportqd writes its own."""
    command = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", "\\copy (%s) to '%s' %s" % (query, file, options)]
    has_ended, peaks = threading.Event(), []
    begin = time.monotonic()
    process = subprocess.Popen(command)
    watcher = threading.Thread(target=watch_memory, args=(process.pid, has_ended, peaks))
    watcher.start()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    has_ended.set()
    watcher.join()
    if process.returncode:
        sys.exit("psql failed")
    return Run(rows, seconds, used.ru_utime + used.ru_stime, max(peaks))


def run_told(command):
    """A program that tells itself what its work took, without its start."""
    return Run(**json.loads(quiet(command, timeout=300)))


def run_bare_xlsx(url, query, file):
    return run_told([ROOT / "build/release/bin/bare_xlsx", url, query, file, file.parent])


def run_node(format, url, query, file):
    return run_told(["node", NODE / "exportfile.js", format, url, query, file])


def is_node_ready(directory, who, *programs):
    """Whether Node programs in a directory can be run; installs what their lock file says. Tells why not."""
    missing = [name for name in (*programs, "node", "npm") if not shutil.which(name)]
    if missing:
        note("skipped: %s, for %s is not here; tools/install bench" % (who, " and ".join(missing)))
        return False
    if (directory / "node_modules/.package-lock.json").exists():  # which npm writes last
        return True
    done = subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=directory, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        note("skipped: %s, for npm ci did not work in %s: %s"
             % (who, directory.relative_to(ROOT), done.stderr.strip()[-300:]))
    return done.returncode == 0
