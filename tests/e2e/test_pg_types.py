# SPDX-License-Identifier: Apache-2.0
"""Every type of PostgreSQL, with the values that break exporters: what is in the file is what psql prints, but
for what the contract says otherwise. psql is asked about the same rows, and its print is turned by those few
rules into what the file has to say."""

import csv
import decimal
import io
import json
import re
import subprocess
import unittest

from postgres import PersistentCase
from support import pb

BIG_PART = 'Zürich, "東京"\n'
BIG_TIMES = 50_000_000 // len(BIG_PART.encode())
SINGLE = {
    "empties": "SELECT 1 AS a, ''::text AS b, null::text AS c, ''::bytea AS d, '{}'::json AS e, null::numeric AS f",
    "big": "SELECT 1 AS a, repeat('Zürich, \"東京\"' || chr(10), %d) AS b, 2 AS c" % BIG_TIMES,
}
SCHEMA = """
create type mood as enum ('sad', 'ok, "fine"', '=happy');
create domain price as numeric(20, 4) check (value >= 0);
create domain code as text;
create domain moment as timestamptz;
create type pair as (a integer, b text);
create table every (id integer primary key, %s);
"""
TIMES = ["2025-08-01 12:34:56", "2025-08-01 12:34:56.1", "2025-08-01 12:34:56.123", "2025-08-01 12:34:56.123456",
         "2025-08-01 12:34:56.000001", "1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "1883-11-18 12:03:58",
         "0001-01-01 00:00:00", "0001-12-31 23:59:59.5 BC", "0001-01-01 00:00:00 BC", "4713-01-01 00:00:00 BC",
         "9999-12-31 23:59:59.999999", "10000-01-01 00:00:00", "294276-12-31 23:59:59.999999", "infinity", "-infinity"]
TEXTS = ["plain", "", " ", " spaces around ", "comma, semicolon; tab\t", 'a "quoted" word', '"', '""', "line\nfeed",
         "carriage\rreturn", "both\r\nends\n", "\\N", "\\.", "NULL", "back\\slash\\n",
         "Zürich – 東京 🗻 e\u0301 \u202eabc",
         "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", "'quoted", "0049", "1E5", "TRUE", "2025-01-01",
         "12345678901234567890", "\x01\x02\x1b\x7f\u0085\u2028\ufeff\ufffe\uffff",
         "\U0010fffd"]  # psql itself drops U+10FFFF
NUMERICS = ["0", "-0.0", "1.500", "-1.10", "0.1", "1e400", "-1e400", "1e-400", "9" * 60, "-" + "9" * 60,
            "0." + "123456789" * 7, "12345678901234567890.123456789012345678901234567890", "9007199254740993",
            "0.000001", "NaN", "Infinity", "-Infinity", "1e131071"]
JSONS = ['null', 'true', '"text"', '0', '-0.0', '1e400', '12345678901234567890.12345', '[]', '{}',
         '[1, "two", null, {"three": [3.0]}]', '{"a,b": "c\\"d\\\\e\\n\\u00fc", "b": null}', '"\\ud83d\\uddfb"']

# column → its type, how its text differs from psql's, and values; every column has a null besides. An array's
# kind is "array of" that of its elements.
COLUMNS = {
    "b": ("boolean", "boolean", ["true", "false"]),
    "i2": ("smallint", "number", ["-32768", "-1", "0", "32767"]),
    "i4": ("integer", "number", ["-2147483648", "0", "2147483647"]),
    "i8": ("bigint", "number", ["-9223372036854775808", "9007199254740993", "0", "9223372036854775807"]),
    "f4": ("real", "float", ["0", "-0", "0.1", "1.17549435e-38", "1e-45", "3.4028235e38", "-3.4028235e38", "16777217",
                             "1e15", "1e-5", "NaN", "Infinity", "-Infinity"]),
    "f8": ("double precision", "float", [
        "0", "-0", "0.1", "0.30000000000000004", "1e6", "123456789012345", "999999999999999.9", "1e15", "1e16", "1e-4",
        "1e-5", "1e-6", "2.2250738585072014e-308", "5e-324", "1.7976931348623157e308", "-1.7976931348623157e308",
        "9007199254740993", "NaN", "Infinity", "-Infinity"]),
    "n": ("numeric", "number", NUMERICS),
    "n2": ("numeric(12, 2)", "number", ["0", "1234567890.10", "-0.01", "NaN"]),
    "price": ("price", "number", ["0", "12.5", "9999999999999999.9999"]),
    "t": ("text", "text", TEXTS),
    "vc": ("varchar(40)", "text", [text for text in TEXTS if len(text) <= 40]),
    "ch": ("char(8)", "text", ["a", "", "=1", "ü"]),
    "nm": ("name", "text", ["a name", '"']),
    "one": ('"char"', "text", ["x", "="]),
    "code": ("code", "text", ["a", "", "=1+1"]),
    "mood": ("mood", "text", ["sad", 'ok, "fine"', "=happy"]),
    "x": ("xml", "text", ["<a b=\"c\">d, e</a>"]),
    "d": ("date", "date", ["2025-08-01", "1970-01-01", "1899-12-30", "0001-01-01", "0001-12-31 BC", "0001-01-01 BC",
                           "4713-01-01 BC", "9999-12-31", "10000-01-01", "5874897-12-31", "infinity", "-infinity"]),
    "ts": ("timestamp", "timestamp", TIMES),
    "tz": ("timestamptz", "timestamp", TIMES + ["2025-10-26 02:30:00+02", "2025-08-01 12:34:56.123456-09:30"]),
    "ts0": ("timestamp(0)", "timestamp", ["2025-08-01 12:34:56.5"]),
    "moment": ("moment", "timestamp", ["2025-08-01 12:34:56.123456+05:45", "infinity"]),
    "tm": ("time", "other", ["00:00:00", "23:59:59.999999", "24:00:00"]),
    "tmz": ("timetz", "other", ["12:34:56.5+02", "00:00:00-15:59"]),
    "iv": ("interval", "other", ["0", "1 year 2 mons -3 days 04:05:06.789", "-00:00:00.000001", "178000000 years"]),
    "j": ("json", "json", JSONS + ['{"b" : 1,\n "a":\r\n\t2, "b": 3}', '  [ 1 , 2 ]  ']),
    "jb": ("jsonb", "json", JSONS + ['{"b": 1, "a": 2, "b": 3}']),
    "by": ("bytea", "other", ["", "\\x00ff", "\\x" + "00010203fdfeff" * 9, "text"]),
    "u": ("uuid", "other", ["00000000-0000-0000-0000-000000000000", "0198a7b0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"]),
    "ta": ("text[]", "array of text", [
        "{}", '{NULL,"NULL",null}', '{"",""}', r'{"a,b","say \"hi\"","back\\slash","{brace}"}',
        '{"line\nfeed","ü"," "}', "{{a,b},{c,NULL}}", "[0:1]={a,b}", '{"=1"}']),
    "ia": ("integer[]", "array of number", ["{}", "{1,NULL,-3}", "{{1,2},{3,4}}"]),
    "na": ("numeric[]", "array of number", ["{NaN,Infinity,1.50,1e400,NULL}"]),
    "tza": ("timestamptz[]", "array of timestamp", ["{2025-08-01 12:34:56.5+02,infinity}"]),
    "ba": ("boolean[]", "array of boolean", ["{t,NULL,f}"]),
    "fa": ("double precision[]", "array of number", ["{0.1,NaN,-1.5,-Infinity}"]),
    "ja": ("jsonb[]", "array of json", [r'{NULL,"null","{\"a\": [1.0, \"\\\"\"]}",3}']),
    "xa": ("box[]", "array of other", ["{(2,2),(1,1);(1,1),(0,0)}"]),
    "ma": ("mood[]", "array of other", ['{sad,"ok, \\"fine\\"",NULL}']),
    "pair": ("pair", "other", ['(1,"a, ""b""")', "(,)", '(-1,"=1")']),
    "r": ("int4range", "other", ["empty", "[1,5)", "(,3)"]),
    "mr": ("tstzmultirange", "other", ["{[2025-01-01 00:00+00,2025-02-01 00:00+00)}"]),
    "ip": ("inet", "other", ["::1", "10.0.0.0/8"]),
    "mac": ("macaddr", "other", ["08:00:2b:01:02:03"]),
    "bits": ("bit varying", "other", ["", "0101"]),
    "pt": ("point", "other", ["(1.5,-0)"]),
    "tv": ("tsvector", "other", ["'a':1 'fat,':2"]),
    "o": ("oid", "number", ["0", "4294967295"]),
}
ARRAY_OF = "array of "
TOKEN = re.compile(r'[{},]|"((?:[^"\\]|\\.)*)"|[^{},"]+', re.DOTALL)
INFINITE = {"infinity": "Infinity", "-infinity": "-Infinity"}
NOT_FINITE = ("NaN", "Infinity", "-Infinity")
NULL = "\x03"  # how psql prints it here


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def is_odd_time(text):
    """BC, or after 9999: it stays as PostgreSQL prints it."""
    return text.endswith(" BC") or text.index("-") != 4


def said(kind, text):
    """What the csv says of a value, given psql's text."""
    if kind == "boolean":
        return {"t": "true", "f": "false"}[text]
    if kind not in ("date", "timestamp"):
        return text
    if text in INFINITE:
        return INFINITE[text]
    if kind == "date" or is_odd_time(text):
        return text
    day, time = text.removesuffix("+00").split(" ")
    time, _, fraction = time.partition(".")
    fraction = fraction.ljust(6, "0")
    return "%sT%s.%sZ" % (day, time, fraction.removesuffix("000"))


def valued(kind, text):
    """The value in json, given psql's text."""
    if kind == "boolean":
        return text == "t"
    if kind in ("number", "float"):
        return None if text in NOT_FINITE else decimal.Decimal(text)
    if kind == "json":
        return exact_json(text)
    if kind.startswith(ARRAY_OF):
        return array(kind.removeprefix(ARRAY_OF), text)
    if text in INFINITE and kind in ("date", "timestamp"):
        return None
    return said(kind, text)


def array(kind, text):
    """Nested lists of what the elements are in json; an array of boxes is cut at its semicolons."""
    if ";" in text:
        return text.strip("{}").split(";")
    lists = [[]]
    for token in TOKEN.finditer(text.partition("=")[2] if text.startswith("[") else text):
        if token[0] == "{":
            lists[-1].append([])
            lists.append(lists[-1][-1])
        elif token[0] == "}":
            lists.pop()
        elif token[0] == "NULL":
            lists[-1].append(None)
        elif token[0] != ",":
            is_quoted = token[1] is not None
            lists[-1].append(valued(kind, re.sub(r"(?s)\\(.)", r"\1", token[1]) if is_quoted else token[0]))
    return lists[0][0]


def count_lost(kind, text, value):
    """How many values there are in psql's text and not in json."""
    if text is None or kind in ("json", ARRAY_OF + "json"):
        return 0
    if not isinstance(value, list):
        return int(value is None)
    inner = sum(count_lost(kind, "", item) for item in value)
    return inner - len(re.findall("(?<=[{,])NULL(?=[,}])", text))


def exact_json(text):
    """Numbers as they stand there, not as doubles; NaN is not JSON."""
    def refuse(constant):
        raise ValueError(constant + " is not JSON")
    return json.loads(text, parse_int=decimal.Decimal, parse_float=decimal.Decimal, parse_constant=refuse)


class Types(PersistentCase):
    """One table, a column a type."""

    kit_types = {}

    def setUp(self):
        super().setUp()
        self.persistent["EXPORT_SOURCE_URL"] = None  # that of the queue
        self.query(SCHEMA % ", ".join("%s %s" % (name, type) for name, (type, _, _) in COLUMNS.items()))
        self.count = 1 + max(len(values) for _, _, values in COLUMNS.values())
        rows = []
        for number in range(self.count):  # where a column has no more values it has nulls
            cells = [literal(values[number]) if number < len(values) else "null" for _, _, values in COLUMNS.values()]
            rows.append("insert into every values (%d, %s);" % (number, ", ".join(cells)))
        self.query("set timezone = 'UTC';" + "".join(rows))
        for name, sql in {"every": self.select(), **SINGLE}.items():
            self.kit.add_type(name, "-- title: Of many types\n-- shared\n%s\n" % sql)
        self.alice = self.caller(self.serve())

    def select(self):
        return "SELECT %s FROM every ORDER BY id" % ", ".join(COLUMNS)

    def psql(self):
        """The rows as psql prints them, each a list of texts; None for null."""
        done = subprocess.run(["psql", "-Xq", "--csv", "-t", "-P", "null=" + NULL, "-c", "set timezone = 'UTC'",
                               "-c", self.select(), self.url], capture_output=True, check=True)
        rows = list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
        self.assertEqual(self.count, len(rows))
        return [[None if text == NULL else text for text in row] for row in rows]

    def export(self, format="csv", **presentation):
        """The job and its file's text."""
        job = self.alice.create("every", format, presentation=pb.Presentation(**presentation))
        job = self.alice.completed(job.id)
        self.assertEqual(self.count, job.file.rows)
        return job, self.alice.file(job.id).decode()

    def values(self):
        """Each value that is not null: row number, column name, kind, psql's text."""
        for number, row in enumerate(self.psql()):
            for (name, (_, kind, _)), text in zip(COLUMNS.items(), row):
                yield number, name, kind, text

    def check_float(self, want, got):
        """The same digits; never an exponent where the number is easily written without."""
        if want in NOT_FINITE:
            self.assertEqual(want, got)
            return
        self.assertEqual(decimal.Decimal(want).as_tuple().sign, decimal.Decimal(got).as_tuple().sign)
        self.assertEqual(decimal.Decimal(want), decimal.Decimal(got))
        self.assertLessEqual(len(decimal.Decimal(got).normalize().as_tuple().digits),
                             len(decimal.Decimal(want).normalize().as_tuple().digits))
        if decimal.Decimal("1e-5") <= abs(decimal.Decimal(want)) < decimal.Decimal("1e15"):
            self.assertNotIn("e", got.lower())

    def check_csv(self, got, expect):
        lines = list(csv.reader(io.StringIO(got, newline="")))
        self.assertEqual(list(COLUMNS), lines[0])
        names = lines[0]
        self.assertEqual(self.count, len(lines) - 1)
        for number, name, kind, text in self.values():
            value = lines[1 + number][names.index(name)]
            with self.subTest(column=name, psql=text):
                if text is None:
                    self.assertEqual("", value)
                elif kind == "float":
                    self.check_float(text, value)
                else:
                    self.assertEqual(expect(kind, text), value)

    def test_csv_read_back_is_what_psql_prints(self):
        job, got = self.export(formula_guard=pb.FORMULA_GUARD_OFF)
        self.assertEqual(0, job.warnings.cells_guarded)
        self.check_csv(got, said)

    def test_the_formula_guard_touches_text_and_nothing_else(self):
        job, got = self.export()
        guarded = []

        def expect(kind, text):
            is_formula = text.lstrip(" ")[:1] in tuple("=+-@\t\r\n＝＋－＠")
            if kind != "text" or not is_formula:
                return said(kind, text)
            guarded.append(text)
            return "'" + text
        self.check_csv(got, expect)
        self.assertGreater(len(guarded), 10)
        self.assertEqual(len(guarded), job.warnings.cells_guarded)

    def check_objects(self, objects):
        """Gives how many values json cannot hold."""
        self.assertEqual(self.count, len(objects))
        lost = 0
        for number, name, kind, text in self.values():
            self.assertEqual(list(COLUMNS), list(objects[number]))
            value = objects[number][name]
            with self.subTest(column=name, psql=text):
                want = None if text is None else valued(kind, text)
                self.assertEqual((type(want), want), (type(value), value))
            lost += count_lost(kind, text, value)
        return lost

    def test_json_is_valid_and_equal_in_value(self):
        job, got = self.export("json")
        lost = self.check_objects(exact_json(got))
        self.assertGreater(lost, 10)
        self.assertEqual(lost, job.warnings.non_finite)

    def test_ndjson_is_an_object_a_line_whatever_is_in_it(self):
        job, got = self.export("ndjson")
        self.assertTrue(got.endswith("}\n"))
        lost = self.check_objects([exact_json(line) for line in got[:-1].split("\n")])
        self.assertEqual(lost, job.warnings.non_finite)

    def test_exact_numbers_are_psqls_digits_as_strings(self):
        _, got = self.export("json", exact_numbers=pb.EXACT_NUMBERS_STRING)
        objects = exact_json(got)
        for number, name, _, text in self.values():
            if name in ("i8", "n", "n2", "price") and text is not None and text not in NOT_FINITE:
                self.assertEqual(text, objects[number][name])

    def test_null_and_empty_text_differ_in_csv(self):
        # A bytea of no bytes is "\\x", which is not empty.
        self.assertEqual(b'a,b,c,d,e,f\n1,"",,\\x,{},\n', self.alice.file(self.alice.create("empties").id))

    def test_a_text_of_50_mb_comes_whole(self):
        text = BIG_PART * BIG_TIMES
        got = self.alice.file(self.alice.create("big").id)
        self.assertTrue(got == b'a,b,c\n1,"%s",2\n' % text.replace('"', '""').encode(), got[:100])
        got = json.loads(self.alice.file(self.alice.create("big", "json").id))
        self.assertTrue(got == [{"a": 1, "b": text, "c": 2}])


def setUpModule():
    csv.field_size_limit(1 << 30)
    decimal.getcontext().prec = 200_000  # numerics of PostgreSQL have up to 131,072 digits before the point
    decimal.getcontext().Emin, decimal.getcontext().Emax = decimal.MIN_EMIN, decimal.MAX_EMAX


if __name__ == "__main__":
    unittest.main()
