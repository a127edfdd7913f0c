# SPDX-License-Identifier: Apache-2.0
"""Our files, read by programs that nobody here wrote: equal values, types and numbers of rows, of the golden rows
(golden.py) from SQLite and from PostgreSQL. Where a program reads less than the file says, the test says what.

Python's csv and json, gzip and zstd · openpyxl · LibreOffice · exceljs and DuckDB · psql; and for xlsx the rules of
the format itself (xlsx_rules.py).
"""

import contextlib
import datetime
import functools
import gzip
import json
import unittest
from decimal import Decimal

import golden
import readers
import xlsx_rules
from exported import COMPRESSIONS, Exported
from postgres import query
from support import pb

TABLES = ("golden", "extra")
FORMATS = ("csv", "json", "ndjson", "xlsx")
DAY_ZERO = datetime.datetime(1899, 12, 30)  # what readers take a time of day to be in
MILLISECOND = datetime.timedelta(milliseconds=1)
PLAIN = {"formula_guard": pb.FORMULA_GUARD_OFF}
# Kinds of cells by what is expected of them, as LibreOffice calls them.
KINDS = {type(None): None, str: "string", float: "float", bool: "float", datetime.date: "date",
         datetime.datetime: "date", datetime.time: "time"}
# How DuckDB is told of the columns; json is VARCHAR in csv.
JSON_COLUMNS = ("j", "jb", "ia", "ta")
DUCKDB_TYPES = {"id": "BIGINT", "i": "BIGINT", "f": "DOUBLE", "b": "BOOLEAN"}


def as_moment(value):
    """A date, a time or a time of day as one kind; anything else as None."""
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    return datetime.datetime.combine(DAY_ZERO, value) if isinstance(value, datetime.time) else None


def shown_moment(text):
    """A time as LibreOffice shows it, one of a day in English unless it has thousandths."""
    for shape in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"):
        with contextlib.suppress(ValueError):
            return datetime.datetime.strptime(text, shape)
    for shape in ("%I:%M:%S %p", "%H:%M:%S.%f"):
        with contextlib.suppress(ValueError):
            return datetime.datetime.combine(DAY_ZERO, datetime.datetime.strptime(text, shape).time())
    raise AssertionError("%r is no time" % text)


def header(table, source):
    """Of a sheet: a column of timestamps names the zone."""
    return [name + " (UTC)" if name in ("ts", "tz") else name for name in golden.columns(table, source)]


class Golden:
    """The tests of one source; `source` is its name."""

    source = None

    @classmethod
    def setUpClass(cls):
        cls.exported = Exported(cls.source)
        cls.addClassCleanup(cls.exported.close)

    def file(self, table, format, compression=None, **presentation):
        found = self.exported.file(table, format, compression, **presentation)
        self.assertEqual(len(golden.cases(table, self.source)), found.job.file.rows)
        return found

    def check_cells(self, table, got, value, number, check):
        """Calls check(expected, read, column, case) for each cell; `case` is None in the columns that are not its."""
        cases, names = golden.cases(table, self.source), golden.columns(table, self.source)
        self.assertEqual(len(cases), len(got))
        for case, want, row in zip(cases, golden.rows(table, self.source, value, number), got):
            self.assertEqual(len(want), len(row))
            for name, expected, cell in zip(names, want, row):
                with self.subTest(table=table, case=case.name, column=name):
                    check(expected, cell, name, case if name == case.column else None)

    def sheet_paths(self):
        return [self.file(table, "xlsx").path for table in TABLES]

    # ---- csv, json, ndjson ----

    def said_in_csv(self, case):
        return "'" + case.csv if case.value is not None and golden.is_guarded(case) else case.csv

    def test_csv_is_read_by_python_when_it_is_strict(self):
        for table in TABLES:
            head, *rows = readers.read_csv(self.file(table, "csv").data.decode())
            names = golden.columns(table, self.source)
            self.assertEqual(["'" + name if name.startswith("=") else name for name in names], head)
            self.check_cells(table, rows, self.said_in_csv, str,
                             lambda want, got, *_: self.assertEqual("" if want is None else want, got))

    def check_json_value(self, want, got, *_):
        self.assertEqual((type(want), str(want), want), (type(got), str(got), got))

    def check_objects(self, table, objects):
        for each in objects:
            self.assertEqual(golden.columns(table, self.source), list(each))
        rows = [list(each.values()) for each in objects]
        self.check_cells(table, rows, lambda case: case.json, Decimal, self.check_json_value)

    def test_json_is_read_by_python_digit_for_digit(self):
        for table in TABLES:
            self.check_objects(table, golden.exact_json(self.file(table, "json").data.decode()))

    def test_ndjson_is_an_object_a_line(self):
        for table in TABLES:
            *lines, rest = self.file(table, "ndjson").data.decode().split("\n")
            self.assertEqual("", rest)
            self.check_objects(table, [golden.exact_json(line) for line in lines])

    def test_a_compressed_file_is_the_plain_one_for_gunzip_and_zstd(self):
        readers.tool("zstd", "zstd")
        for table in TABLES:
            for format in FORMATS:
                plain = self.file(table, format)
                for name, compression in COMPRESSIONS.items():
                    with self.subTest(table=table, format=format, compression=name):
                        packed = self.file(table, format, name)
                        unpacked = readers.decompressed(packed.path, name)
                        if format == "xlsx":  # two jobs, so two times of creation
                            self.assertEqual(readers.parts(plain.data), readers.parts(unpacked))
                        else:
                            self.assertEqual(plain.data, unpacked)
                        self.assertEqual(compression.content_type, packed.job.file.content_type)
                        if name == "gzip":  # no name and no time
                            self.assertEqual(unpacked, gzip.decompress(packed.data))
                            self.assertEqual(bytes(5), packed.data[3:8])

    def test_a_file_without_rows_is_valid_in_each_format(self):
        for format, data in (("csv", b"i\n"), ("json", b"[]\n"), ("ndjson", b"")):
            self.assertEqual(data, self.exported.file("nothing", format).data)
        path = self.exported.file("nothing", "xlsx").path
        self.assertEqual([], xlsx_rules.check(path))
        self.assertEqual({"nothing": [["i"]]}, readers.read_openpyxl(path))

    def test_the_fidelity_report_counts_exactly(self):
        for table in TABLES:
            for format in FORMATS:
                for compression in (None, *COMPRESSIONS):
                    with self.subTest(table=table, format=format, compression=compression):
                        warnings = self.file(table, format, compression).job.warnings
                        want = golden.fidelity(table, self.source, format)
                        self.assertEqual(want, {name: getattr(warnings, name) for name in want})
            self.assertEqual(0, self.file(table, "csv", **PLAIN).job.warnings.cells_guarded)

    # ---- xlsx ----

    def check_sheet(self, table, rows, check):
        self.check_cells(table, rows, lambda case: case.xlsx, float, check)

    def check_sheet_cell(self, want, got, *_):
        """Numbers are the doubles themselves; times are read to the millisecond."""
        if as_moment(want):
            self.assertIsNotNone(as_moment(got), "%r is no date" % (got,))
            self.assertLess(abs(as_moment(want) - as_moment(got)), MILLISECOND)
            self.assertEqual(isinstance(want, datetime.time), isinstance(got, datetime.time))
        elif isinstance(want, float):
            self.assertIn(type(got), (int, float))
            self.assertEqual(repr(want), repr(float(got)))
        else:
            self.assertEqual((type(want), want), (type(got), got))

    def test_xlsx_keeps_the_rules_of_the_format(self):
        for path in self.sheet_paths():
            self.assertEqual([], xlsx_rules.check(path))

    def test_xlsx_is_read_by_openpyxl_in_both_of_its_ways(self):
        for table in TABLES:
            for read_only in (False, True):
                sheets = readers.read_openpyxl(self.file(table, "xlsx").path, read_only)
                self.assertEqual([table], list(sheets))
                head, *rows = sheets[table]
                self.assertEqual(header(table, self.source), head)
                self.check_sheet(table, rows, self.check_sheet_cell)

    def check_libreoffice_cell(self, want, got, *_):
        """It shows 15 digits, thousandths of seconds, and CRLF as one line break."""
        if as_moment(want):
            self.assertLess(abs(as_moment(want) - shown_moment(got)), MILLISECOND)
        elif isinstance(want, float):
            self.assertAlmostEqual(1.0, float(got) / want if want else 1 + float(got), delta=5e-15)
        elif isinstance(want, bool):
            self.assertEqual(str(want).upper(), got)
        else:
            self.assertEqual("" if want is None else want.replace("\r\n", "\n"), got)

    def test_xlsx_is_read_by_libreoffice(self):
        sheets = readers.read_libreoffice(self.exported.home, self.sheet_paths())
        for table, (head, *rows) in zip(TABLES, sheets.values()):
            self.assertEqual(header(table, self.source), head)
            self.check_sheet(table, rows, self.check_libreoffice_cell)

    def check_kind(self, want, got, *_):
        """A boolean is a number to it that looks like one, and the cell of an empty text none."""
        self.assertEqual(None if want == "" else KINDS[type(want)], got[0])

    def test_libreoffice_takes_each_cell_for_what_it_is(self):
        sheets = readers.read_libreoffice_kinds(self.exported.home, self.sheet_paths())
        for table, (_, *rows) in zip(TABLES, sheets.values()):
            count = len(golden.cases(table, self.source))
            width = len(golden.columns(table, self.source))
            rows = [row[:width] for row in rows[:count]]  # it counts the empty rest of its sheet too
            self.check_sheet(table, rows, self.check_kind)

    def check_exceljs_cell(self, want, got, *_):
        """It reads a time of day as one of the day zero, and an empty text as none."""
        if as_moment(want):
            got = datetime.datetime.fromisoformat(got["date"].removesuffix("Z"))
            self.assertLess(abs(as_moment(want) - got), MILLISECOND)
        else:
            self.check_sheet_cell(None if want == "" else want, got)

    def test_xlsx_is_read_by_exceljs(self):
        sheets, _ = readers.read_node(self.sheet_paths())
        for table, (head, *rows) in zip(TABLES, sheets):
            self.assertEqual(header(table, self.source), head)
            self.check_sheet(table, rows, self.check_exceljs_cell)

    # ---- DuckDB ----

    def duckdb_query(self, table, format, compression):
        """All columns, and what DuckDB itself makes of dates and times."""
        def named(name):
            return "'%s'" % name.replace("'", "''")
        json_type = "VARCHAR" if format == "csv" else "JSON"
        types = {name: json_type if name in JSON_COLUMNS else DUCKDB_TYPES.get(name, "VARCHAR")
                 for name in golden.columns(table, self.source)}
        how = {"csv": "header=true, auto_detect=false, delim=',', new_line='\\n', quote='\"', escape='\"',"
                      " nullstr='', allow_quoted_nulls=false",
               "json": "format='array'", "ndjson": "format='newline_delimited'"}
        path = self.file(table, format, compression, **PLAIN).path
        read = "try_cast(d AS DATE)::VARCHAR, try_cast(ts AS TIMESTAMP)::VARCHAR"
        return "SELECT *, %s FROM read_%s(%s, %s, columns={%s})" % (read,
            "csv" if format == "csv" else "json", named(path), how[format],
            ", ".join("%s: '%s'" % (named(name), type) for name, type in types.items()))

    def check_duckdb_cell(self, format, want, got, name, case):
        want = case.json if case and format != "csv" else want
        if want is None:
            self.assertIsNone(got)
        elif name in JSON_COLUMNS and format != "csv":  # fractions in JSON are doubles to it
            self.assertEqual(json.loads(json.dumps(want, default=float)), json.loads(got, parse_int=float))
        elif name == "n" and format != "csv":
            self.assertEqual(float(want), float(got))
        elif name == "f":
            self.assertEqual(str(float(want) + 0.0), str(float(got) + 0.0))  # JavaScript writes -0 as 0
        elif name == "b":
            self.assertIs(want in (True, "true"), got)
        else:
            self.assertEqual(str(want), got)

    def check_duckdb_row(self, case, day, moment):
        """What is a real date in a sheet is one to DuckDB, to the microsecond."""
        want = as_moment(case.xlsx)
        if case.column == "d" and want:
            self.assertEqual(str(case.xlsx), day)
        if case.column == "ts" and want:
            self.assertEqual(want, datetime.datetime.fromisoformat(moment.ljust(26, "0") if "." in moment else moment))

    def test_duckdb_reads_all_but_xlsx_plain_and_compressed(self):
        wanted = [(table, format, compression) for table in TABLES for format in FORMATS[:3]
                  for compression in (None, *COMPRESSIONS)]
        _, answers = readers.read_node(queries=[self.duckdb_query(*each) for each in wanted])
        for (table, format, _), rows in zip(wanted, answers):
            for case, row in zip(golden.cases(table, self.source), rows):
                with self.subTest(table=table, format=format, case=case.name):
                    self.check_duckdb_row(case, *row[-2:])
            self.check_cells(table, [row[:-2] for row in rows], lambda case: case.csv, str,
                             functools.partial(self.check_duckdb_cell, format))


class FromSqlite(Golden, unittest.TestCase):
    source = "sqlite"


class FromPostgres(Golden, unittest.TestCase):
    source = "postgres"

    def test_psql_copies_csv_into_a_table_of_the_same_types(self):
        for table in TABLES:
            path = self.file(table, "csv", **PLAIN).path
            self.assertEqual([["0", "0"]], query(self.exported.url, """
                create table back (like {0});
                \\copy back from '{1}' with (format csv, header true)
                select (select count(*) from (select t::text from {0} t except all select t::text from back t) x),
                       (select count(*) from (select t::text from back t except all select t::text from {0} t) x);
                drop table back;""".format(table, path)))


if __name__ == "__main__":
    unittest.main()
