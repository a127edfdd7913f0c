# SPDX-License-Identifier: Apache-2.0
"""The same rows give the same bytes: in a second job, from either database, whatever locale the server runs in. And
`dialect=excel`, which is to be read the same in every locale of a spreadsheet.

xlsx says when its job was created, so that of two jobs all parts are compared but for that time; that two attempts
of one job give identical bytes is a unit test's (a first attempt that fails after its file is hard to arrange here).
"""

import datetime
import math
import os
import re
import shutil
import subprocess
import unittest

import golden
import readers
from bindings import ROOT
from exported import COMPRESSIONS, Exported
from postgres import query
from support import pb

FORMATS = ("csv", "json", "ndjson", "xlsx")
LOCALES = os.path.join(ROOT, "build/locales")
# glibc's newlocale, which libp11-kit calls as it is loaded, loses what LOCPATH says.
KNOWN_LEAK = "print_suppressions=0:suppressions=" + os.path.join(LOCALES, "known-leaks")
WRITTEN_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{3}|\d{6}))?$")


class Same(unittest.TestCase):
    """Of the rows that both databases can hold."""

    @classmethod
    def setUpClass(cls):
        cls.sqlite = Exported("sqlite")
        cls.addClassCleanup(cls.sqlite.close)

    def assert_same(self, format, one, other):
        if format == "xlsx":
            self.assertEqual(readers.parts(one.data), readers.parts(other.data))
        else:
            self.assertEqual(one.job.file.sha256, other.job.file.sha256)

    def test_the_same_job_twice_gives_the_same_bytes(self):
        for format in FORMATS:
            for compression in (None, *COMPRESSIONS):
                if format == "xlsx" and compression:
                    continue  # of other bytes, for the time of creation
                with self.subTest(format=format, compression=compression):
                    first = self.sqlite.file("golden", format, compression)
                    second = self.sqlite.file("golden", format, compression, again=1)
                    self.assertNotEqual(first.job.id, second.job.id)
                    self.assert_same(format, first, second)

    def test_sqlite_and_postgresql_give_the_same_bytes(self):
        postgres = Exported("postgres")
        self.addCleanup(postgres.close)
        for format in FORMATS:
            for compression in (None, *COMPRESSIONS) if format != "xlsx" else (None,):
                with self.subTest(format=format, compression=compression):
                    self.assert_same(format, self.sqlite.file("golden", format, compression),
                                     postgres.file("golden", format, compression))
        self.check_that_psql_reads_the_same(postgres.url)

    def check_that_psql_reads_the_same(self, url):
        """The rows of SQLite, copied into a table of PostgreSQL's, are those of its own."""
        path = self.sqlite.file("golden", "csv", formula_guard=pb.FORMULA_GUARD_OFF).path
        self.assertEqual([["0", "0"]], query(url, """
            create table back (like golden);
            \\copy back from '%s' with (format csv, header true)
            select (select count(*) from (select t::text from golden t except all select t::text from back t) x),
                   (select count(*) from (select t::text from back t except all select t::text from golden t) x);
            """ % path))

    def check_locale(self, name, decimal_point):
        environment = {"LC_ALL": name, "LANG": name, "LOCPATH": compiled(name), "LSAN_OPTIONS": KNOWN_LEAK}
        asked = subprocess.run(["locale", "decimal_point"], env={**os.environ, **environment}, text=True,
                               capture_output=True, check=True)
        self.assertEqual((decimal_point, ""), (asked.stdout.strip(), asked.stderr))
        local = Exported("sqlite", **environment)
        self.addCleanup(local.close)
        for format in FORMATS:
            with self.subTest(locale=name, format=format):
                self.assert_same(format, self.sqlite.file("golden", format), local.file("golden", format))

    def test_a_server_in_germany_writes_no_decimal_commas(self):
        self.check_locale("de_DE.UTF-8", ",")

    def test_a_server_in_turkey_knows_its_i(self):
        self.check_locale("tr_TR.UTF-8", ",")


def compiled(name):
    """A directory with this locale, which the machine need not have."""
    if not shutil.which("localedef") or not os.path.isdir("/usr/share/i18n/locales"):
        raise unittest.SkipTest("localedef has no sources here; tools/install test gets them, as locales")
    os.makedirs(LOCALES, exist_ok=True)
    with open(os.path.join(LOCALES, "known-leaks"), "w", encoding="ascii") as file:
        file.write("leak:argz_add_sep\n")
    if not os.path.isdir(os.path.join(LOCALES, name)):
        language, _, charset = name.partition(".")
        readers.run("localedef", "--no-archive", "-i", language, "-f", charset, os.path.join(LOCALES, name))
    return LOCALES


class Excel(unittest.TestCase):
    """What is for a spreadsheet alone."""

    @classmethod
    def setUpClass(cls):
        cls.exported = Exported("sqlite")
        cls.addClassCleanup(cls.exported.close)

    def check_time(self, case, text):
        """No offset and no T; what is no time of a spreadsheet is as the database prints it."""
        want = case.csv
        if want and want.endswith("Z"):
            day, clock, fraction = WRITTEN_TIME.match(text).groups()
            self.assertEqual(want, "%sT%s.%sZ" % (day, clock, fraction or "000"))
        else:
            self.assertEqual(want or "", text)

    def test_dialect_excel_is_utf_16_with_tabs(self):
        file = self.exported.file("golden", "csv", dialect=pb.DIALECT_EXCEL)
        self.assertEqual(b"\xff\xfe", file.data[:2])
        text = file.data[2:].decode("utf-16-le")
        self.assertTrue(text.endswith("\r\n"))
        head, *rows = readers.read_csv(text, "\t")
        names = golden.columns("golden", "sqlite")
        self.assertEqual(len(names), len(head))
        self.assertEqual(len(golden.cases("golden", "sqlite")), len(rows))
        for case, row in zip(golden.cases("golden", "sqlite"), rows):
            with self.subTest(case.name):
                got = dict(zip(names, row))
                self.assertEqual(case.name, got[golden.NAME])
                if case.column == "ts":
                    self.check_time(case, got["ts"])
                else:
                    guard = "'" if case.value is not None and golden.is_guarded(case) else ""
                    self.assertEqual(guard + (case.csv or ""), got[case.column])
        ends = re.findall("\r?\n", re.sub('"[^"]*"', "", text))  # outside of quotes
        self.assertEqual(["\r\n"] * (1 + len(rows)), ends)

    def check_cell_in_germany(self, case, kind, value):
        """A number is one, a day is one, a time is one to the hundredth of a second that LibreOffice tells."""
        if isinstance(case.xlsx, float):
            self.assertEqual("float", kind)
            self.assertTrue(math.isclose(case.xlsx, float(value), rel_tol=5e-15, abs_tol=1e-307), value)
        else:
            self.assertEqual("date", kind)
            read = datetime.datetime.fromisoformat(re.sub(r"\.(\d\d)$", r".\g<1>0", value))
            want = case.xlsx if case.column == "ts" else datetime.datetime.combine(case.xlsx, datetime.time())
            self.assertLessEqual(abs(want - read), datetime.timedelta(milliseconds=10))

    def test_libreoffice_in_germany_takes_numbers_and_times_of_dialect_excel_for_what_they_are(self):
        utf_16, german = "65535", "1031"
        file = self.exported.file("golden", "csv", dialect=pb.DIALECT_EXCEL, locale="de-DE")
        filter_in = "--infilter=Text - txt - csv (StarCalc):9,34,%s,1,,%s,false,true" % (utf_16, german)
        read = readers.read_libreoffice_kinds(self.exported.home, [file.path], filter_in)[file.path][1:]
        cases, names = golden.cases("golden", "sqlite"), golden.columns("golden", "sqlite")
        self.assertGreaterEqual(len(read), len(cases))
        seen = 0
        for number, (case, row) in enumerate(zip(cases, read), 1):
            self.assertEqual(("float", str(number)), row[0])
            if case.column in ("i", "n", "f", "d", "ts") and case.xlsx is not None and not isinstance(case.xlsx, str):
                with self.subTest(case.name):
                    self.check_cell_in_germany(case, *row[names.index(case.column)])
                seen += 1
        self.assertGreater(seen, 30)

    def test_a_text_too_long_for_a_cell_fails_in_xlsx_and_names_row_and_column(self):
        caller = self.exported.caller
        job = caller.ended(caller.create("tooLong", "xlsx").id)
        self.assertEqual(pb.JOB_STATE_FAILED, job.state)
        self.assertEqual(("FORMAT_LIMIT", False), (job.error.code, job.error.retryable))
        for word in ("row 2", "note", "32767", "csv"):
            self.assertIn(word, job.error.message)
        self.assertEqual(2, self.exported.file("tooLong", "csv").job.file.rows)


if __name__ == "__main__":
    unittest.main()
