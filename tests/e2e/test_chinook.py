# SPDX-License-Identifier: Apache-2.0
"""A real database that nobody made for this: Chinook's invoice lines, joined to what was sold to whom."""

import csv
import contextlib
import io
import json
import os
import sqlite3
import subprocess
import unittest

import readers
import xlsx_rules
from bindings import ROOT
from server import program, environment
from support import Caller, Kit, Server

CHINOOK = os.environ.get("CHINOOK") or os.path.join(os.path.dirname(ROOT), "shared/data/chinook/chinook.sqlite")
LINES = 2240

SELECT = """SELECT l.InvoiceLineId AS line, i.InvoiceDate AS date, c.FirstName || ' ' || c.LastName AS customer,
       c.Company AS company, i.BillingCountry AS country, t.Name AS track, t.Composer AS composer,
       al.Title AS album, ar.Name AS artist, l.UnitPrice AS price, l.Quantity AS quantity,
       t.Milliseconds AS milliseconds, t.Bytes AS bytes
FROM InvoiceLine l
JOIN Invoice i ON i.InvoiceId = l.InvoiceId
JOIN Customer c ON c.CustomerId = i.CustomerId
JOIN Track t ON t.TrackId = l.TrackId
LEFT JOIN Album al ON al.AlbumId = t.AlbumId
LEFT JOIN Artist ar ON ar.ArtistId = al.ArtistId
WHERE (:country IS NULL OR i.BillingCountry = :country)
ORDER BY l.InvoiceLineId
"""

TYPE = """-- title: Invoice lines
-- filter country text: Country of the customer
-- shared
""" + SELECT

# Mistakes, the line of the file that is told, and words of the reason.
MISTAKES = {
    "an unknown column": ("-- title: T\n-- shared\nSELECT TrackId,\n       Colour FROM Track\n", None, ["Colour"]),
    "an unknown table": ("-- title: T\n-- shared\nSELECT a FROM Nothing\n", None, ["Nothing"]),
    "a mistyped parameter": ("-- title: T\n-- filter genre integer: G\n-- shared\nSELECT Name FROM Track\n"
                             "WHERE GenreId = :gener\n", 5, ["gener"]),
    "a typo in the header": ("-- title: T\n-- fitler genre integer: G\n-- shared\nSELECT Name FROM Track\n", 2, ["fitler"]),
    "no owner": ("-- title: T\nSELECT Name FROM Track\n", None, ["owner", "shared"]),
    "no title": ("-- shared\nSELECT Name FROM Track\n", None, ["title"]),
    "two columns of one name": ("-- title: T\n-- shared\nSELECT Name AS a, Composer AS a FROM Track\n", None, ['"a"']),
    "two statements": ("-- title: T\n-- shared\nSELECT Name FROM Track;\nDROP TABLE Track\n", None, ["one SELECT"]),
    "no SELECT": ("-- title: T\n-- shared\nDELETE FROM Track\n", None, ["SELECT"]),
    "an unknown filter type": ("-- title: T\n-- filter g colour: G\n-- shared\nSELECT Name FROM Track\n"
                               "WHERE :g\n", 2, ["colour"]),
    "a column that is not there": ("-- title: T\n-- not default: Nmae\n-- shared\nSELECT Name FROM Track\n", 2, ["Nmae"]),
    "broken SQL": ("-- title: T\n-- shared\nSELECT Name\nFORM Track WHERE\n", None, ["syntax"]),
}


@unittest.skipUnless(os.path.exists(CHINOOK), "there is no Chinook database at %s" % CHINOOK)
class Chinook(unittest.TestCase):
    """Invoice lines as files, against what sqlite3 itself returns."""

    @classmethod
    def setUpClass(cls):
        cls.kit = Kit({"invoiceLines": TYPE})
        cls.kit.database = CHINOOK
        cls.server = Server(cls.kit)
        cls.server.start()
        cls.caller = Caller(cls.server.channel())
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % CHINOOK, uri=True)) as db:
            db.row_factory = sqlite3.Row
            cls.expected = [dict(row) for row in db.execute(SELECT, {"country": None})]

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.stop()
        finally:
            cls.server.close()
            cls.kit.close()

    def export(self, format, **fields):
        return self.caller.file(self.caller.create("invoiceLines", format, **fields).id).decode("utf-8")

    def assert_same(self, rows):
        self.assertEqual(LINES, len(rows))
        for expected, row in zip(self.expected, rows):
            self.assertEqual(list(expected), list(row))
            self.assertEqual(expected, row)
            self.assertEqual([type(value) for value in expected.values()], [type(value) for value in row.values()])

    def test_the_database_has_what_is_expected(self):
        self.assertEqual(LINES, len(self.expected))
        self.assertTrue(any(row["composer"] is None for row in self.expected))

    def test_json_reads_back_value_for_value(self):
        self.assert_same(json.loads(self.export("json")))

    def test_ndjson_reads_back_value_for_value(self):
        self.assert_same([json.loads(line) for line in self.export("ndjson").splitlines()])

    def test_csv_reads_back_value_for_value(self):
        text = self.export("csv")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        self.assertEqual(LINES, len(rows))
        for expected, row in zip(self.expected, rows):
            # csv has texts only: each is read as the type the database gave.
            self.assertEqual(list(expected), list(row))
            self.assertEqual(expected, {name: self.typed(value, row[name]) for name, value in expected.items()})
            self.assertTrue(all(row[name] == "" for name, value in expected.items() if value is None))

    def test_xlsx_reads_back_value_for_value(self):
        data = self.caller.file(self.caller.create("invoiceLines", "xlsx").id)
        self.assertEqual([], xlsx_rules.check(io.BytesIO(data)))
        head, *rows = readers.read_openpyxl(io.BytesIO(data))["invoiceLines"]
        self.assert_same([dict(zip(head, row)) for row in rows])

    def typed(self, value, text):
        """A text of csv, as the type that the database's value has."""
        if value is None:
            return None
        is_guarded = isinstance(value, str) and value.lstrip(" ")[:1] in tuple("=+-@\t\r\n＝＋－＠")
        return type(value)(text[1:] if is_guarded else text)

    def test_csv_without_the_formula_guard_is_what_the_database_has(self):
        rows = csv.DictReader(io.StringIO(self.export("csv", presentation={"formula_guard": 2}), newline=""))
        for expected, row in zip(self.expected, rows):
            self.assertEqual({name: "" if value is None else str(value) for name, value in expected.items()}, row)

    def test_a_filter_chooses_what_sqlite_would(self):
        rows = json.loads(self.export("json", filters={"country": "Germany"}))
        self.assertEqual([row for row in self.expected if row["country"] == "Germany"], rows)
        self.assertGreater(len(rows), 100)

    def test_a_type_file_with_mistakes_is_refused_with_file_line_and_reason(self):
        for mistake, (text, line, said) in MISTAKES.items():
            with self.subTest(mistake):
                kit = Kit({"invoiceLines": TYPE, "second": text})
                self.addCleanup(kit.close)
                settings = {"ENABLE_EXPORT_QUEUE": 1, "EXPORT_SOURCE_URL": "sqlite:" + CHINOOK,
                            "EXPORT_TYPES_DIR": kit.types, "EXPORT_STATE_DIR": kit.home + "/state",
                            "EXPORT_LISTEN": "127.0.0.1:0"}
                done = subprocess.run([program("exportqd")], env=environment(settings), capture_output=True,
                                      text=True, timeout=30, check=False)
                self.assertNotEqual(0, done.returncode)
                self.assertRegex(done.stderr, r"second\.sql:%s: " % (line or r"\d+"))
                for word in said:
                    self.assertIn(word, done.stderr)
                self.assertNotIn("Sanitizer", done.stderr)


if __name__ == "__main__":
    unittest.main()
