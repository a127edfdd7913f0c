# SPDX-License-Identifier: Apache-2.0
"""Programs that nobody here wrote, reading our files. Each gives rows of what it read, the header first.
Where a program is missing the test is skipped, and says how to get it."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import node
from bindings import ROOT

PATIENCE_S = 120
READERS = os.path.join(ROOT, "tests/clients/readers")
ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
CSV_OF_LIBREOFFICE = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


def tool(name, package):
    path = shutil.which(name)
    if not path:
        raise unittest.SkipTest("%s is not here; tools/install clients gets it, as %s" % (name, package))
    return path


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False, **options)
    if done.returncode:
        raise AssertionError("%s ended with %d: %s" % (command[0], done.returncode, done.stderr[-2000:]))
    return done.stdout


def read_csv(text, delimiter=","):
    """Python's own, when it is strict."""
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def decompressed(path, compression):
    """What a plain gunzip or zstd gives, after it found the file whole."""
    program = {"gzip": "gzip", "zstd": "zstd"}[compression]
    run(tool(program, program), "-t", "-q", path)
    return run(program, "-d", "-c", "-q", path)


def unescaped(text):
    """A text of xlsx without its escapes (ECMA-376 part 1, 22.9.2.19): openpyxl and exceljs leave them in."""
    return ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)


def read_openpyxl(path, read_only=False):
    """The rows of each sheet, by its name."""
    try:
        import openpyxl
    except ImportError as error:
        raise unittest.SkipTest("openpyxl is not here; tools/install test gets it, as python3-openpyxl") from error
    book = openpyxl.load_workbook(path, read_only=read_only)
    sheets = {sheet.title: [[unescaped(value) if isinstance(value, str) else value for value in row]
                            for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}
    book.close()
    return sheets


def parts(data):
    """Names and bytes of the parts of an xlsx, in their order, but for when it was made."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return [(name, re.sub(rb">[^<]*</dcterms:", b"></dcterms:", package.read(name))) for name in package.namelist()]


# ---- LibreOffice ----

def convert(home, paths, to, *options):
    """Converts all the files at one start of LibreOffice, which has a profile and a directory in `home`. It speaks
    English, whatever the environment does: it calls TRUE by another name elsewhere."""
    soffice = tool("soffice", "libreoffice-calc-nogui")
    out = os.path.join(home, "libreoffice-" + re.sub(r"\W.*", "", to))
    run(soffice, "-env:UserInstallation=" + Path(home, "profile").as_uri(), "--headless", "--norestore",
        *options, "--convert-to", to, "--outdir", out, *paths, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return out


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def read_libreoffice(home, paths, *options):
    """The rows of the first sheet of each file as texts, by path: values as they are, not as they are shown."""
    out = convert(home, paths, CSV_OF_LIBREOFFICE, *options)
    rows = {}
    for path in paths:
        (name,) = [name for name in os.listdir(out) if name.startswith(stem(path) + "-")]
        with open(os.path.join(out, name), encoding="utf-8", newline="") as file:
            rows[path] = read_csv(file.read())
    return rows


def read_libreoffice_kinds(home, paths, *options):
    """What LibreOffice takes each cell for, in rows, by path: (kind, value); the kind is string, float, date, time
    or None, the value None for texts. Its own format tells them apart, where csv cannot."""
    out = convert(home, paths, "fods", *options)
    kinds = {}
    for path in paths:
        sheet = ElementTree.parse(os.path.join(out, stem(path) + ".fods")).find(".//%stable" % TABLE)
        kinds[path] = [kinds_of_row(row) for row in sheet.iter(TABLE + "table-row")]
    return kinds


def kinds_of_row(row):
    kinds = []
    for cell in row:
        kind = cell.get(OFFICE + "value-type")
        value = cell.get(OFFICE + ("value" if kind == "float" else "%s-value" % kind))
        kinds += int(cell.get(TABLE + "number-columns-repeated", 1)) * [(kind, value)]
    return kinds


# ---- Node ----

def read_node(sheets=(), queries=()):
    """The rows of each sheet by exceljs and the answers of DuckDB: see tests/clients/readers/read.js."""
    environment = {**os.environ, "NODE_PATH": node.modules("readers")}
    asked = json.dumps({"sheets": list(sheets), "queries": list(queries)})
    out = run("node", os.path.join(READERS, "read.js"), env=environment, input=asked.encode())
    read = json.loads(out)
    for rows in read["sheets"]:
        for row in rows:
            row[:] = [unescaped(value) if isinstance(value, str) else value for value in row]
    return read["sheets"], read["queries"]
