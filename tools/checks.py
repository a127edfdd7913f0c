#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks of the house that no compiler makes: who includes whom (the table of ARCHITECTURE.md), one
door per foreign library, no include cycle, each header compiles alone, sizes, and the first line of
each file. Prints "file:line: reason" and fails if there is any. Needs a build, for the generated
headers: that of tools/build debug, or the directory that is given."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

MAY_INCLUDE = {
    "base": {"base"},
    "rpc": {"base", "rpc"},
    "http": {"base", "http"},
    "pg": {"base", "pg"},
    "queue": {"base", "pg", "queue"},
    "export": {"base", "pg", "export"},
    "files": {"base", "files"},
    "worker": {"base", "queue", "export", "files", "worker"},
    "engine": {"base", "queue", "export", "files", "worker", "engine"},
    "identity": {"base", "identity"},
    "webhook": {"base", "queue", "webhook"},
    "server": {"base", "pg", "rpc", "http", "queue", "export", "files", "worker", "engine", "identity", "webhook",
               "server"},
    "client": {"base", "rpc", "client"},
}

# A foreign header and the only files that may include it.
DOORS = [
    (r"grpc/(?!health|reflection).*\.h", r"rpc/"),
    (r"openssl/", r"(base/digest|identity/(jwk|jwks_pem|signature)|server/certificate)\.c"),
    (r"microhttpd\.h", r"http/"),
    (r"gnutls/", r"http/tls\."),
    (r"libpq-fe\.h", r"(pg/|queue/store_pg|export/source_pg)"),
    (r"sqlite3\.h", r"export/(source_sqlite.*\.[ch]|sqlite_script\.c)"),
    (r"isa-l", r"export/deflate\.c"),
    (r"zstd\.h", r"export/compress\.c"),
    (r"xlsxwriter", r"export/workbook\.c"),
    (r"minizip/", r"export/package\.c"),
    (r"unicode/", r"export/(locale|zone)\.c"),
    (r"curl/", r"(files/s3_http|webhook/(url|post))\.c"),
    (r"expat\.h", r"(files/s3_xml\.c|tests/)"),
    (r"jansson\.h", r"(client/json\.[ch]|queue/(spec_json|store_pg).*|identity/(jwk|jwks|jwt)\.c|server/http_.*|"
                    r"webhook/payload\.c)"),
    (r"exportqueue/", r"(server|client)/"),
]

# Files over 500 lines, each with the reason that was found good enough.
LONG_FILES = {
    "server/page/exports.js":
        "the page's one script: a page without a build step is read, cached and checked as one file",
    "proto/exportqueue/v1/export.proto":
        "the whole contract in one file, half of it comments: a client copies one file",
}
MAX_LINES = 500
SOURCES = (".c", ".h", ".py", ".proto", ".sql", ".js", ".bash")
SCRIPTS = ("tools/", ".ci/")

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def tracked(*endings):
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [n for n in names if n.endswith(endings) and (ROOT / n).is_file()]


def includes(name):
    for number, line in enumerate((ROOT / name).read_text().split("\n"), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def check_includes(name):
    folder = name.split("/")[0]
    if folder not in MAY_INCLUDE:
        return
    for number, _, target in includes(name):
        to = target.split("/")[0]
        if to in MAY_INCLUDE and (ROOT / target).exists() and to not in MAY_INCLUDE[folder]:
            yield f"{name}:{number}: {folder}/ may not include {to}/"
        if to in ("tests", "tools"):
            yield f"{name}:{number}: nobody includes {to}/"
        local = ROOT / Path(name).parent / target
        if "/" not in target and local.exists():
            yield f"{name}:{number}: write the include from the root: {folder}/{target}"
        for pattern, allowed in DOORS:
            if re.match(pattern, target) and not re.match(allowed, name):
                yield f"{name}:{number}: {target} has one door, and it is not here"


def check_cycles(headers):
    graph = {h: [t for _, _, t in includes(h) if t in headers] for h in headers}
    done = set()

    def visit(header, path):
        if header in path:
            yield f"{header}:1: include cycle: {' -> '.join(path[path.index(header):] + [header])}"
            return
        if header in done:
            return
        for target in graph[header]:
            yield from visit(target, path + [header])
        done.add(header)

    for header in headers:
        yield from visit(header, [])


def check_alone(headers, flags):
    for header in headers:
        ran = subprocess.run(
            ["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
             f"-I{ROOT}", *flags, "-xc", "-"],
            input=f'#include "{header}"\n', capture_output=True, text=True)
        if ran.returncode:
            reason = next((line for line in ran.stderr.splitlines() if "error: " in line), "")
            yield f"{header}:1: does not compile alone: {reason}"


def check_text(name):
    text = (ROOT / name).read_text()
    lines = text.split("\n")
    if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(lines[:2]):
        yield f"{name}:1: begin with the SPDX line"
    if len(lines) > MAX_LINES and name not in LONG_FILES:
        yield f"{name}:{len(lines)}: over {MAX_LINES} lines; split it, or defend it in LONG_FILES"
    for number, line in enumerate(lines, 1):
        if re.search(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b", line):
            yield f"{name}:{number}: leave no note for later; open an issue"


def generated_include_flags():
    generated = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build/debug") / "generated"
    if not generated.is_dir():
        sys.exit("no generated headers to compile against; first: tools/build debug")
    libpq = subprocess.run(["pkg-config", "--cflags", "libpq"], capture_output=True, text=True, check=True)
    return [f"-isystem{d}" for d in sorted(generated.glob("*")) if d.is_dir()] + libpq.stdout.split()


def main():
    sources = tracked(".c", ".h")
    ours = [n for n in sources if n.split("/")[0] in MAY_INCLUDE]
    headers = [n for n in ours if n.endswith(".h")]
    problems = []
    for name in sources:
        problems += check_includes(name)
    problems += check_cycles(headers)
    problems += check_alone(headers, generated_include_flags())
    for name in tracked(""):
        if name.endswith(SOURCES) or name.startswith(SCRIPTS):
            problems += check_text(name)
    problems += [f"{n}:1: generated code does not belong in git" for n in tracked(".pb-c.c", ".pb-c.h")]
    print("\n".join(problems) if problems else f"{len(sources)} C files keep to the house")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
