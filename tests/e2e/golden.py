# SPDX-License-Identifier: Apache-2.0
"""The golden rows: every value that broke another exporter, once in SQLite and once in PostgreSQL, with what
csv, json and xlsx have to say of it.

A case is one row: its number, its name and one value, in the column of the value's type; the other columns of
the row are null. The table `golden` has the cases that both databases can hold, so that both give the same
bytes; `extra` has those of one database alone, and PostgreSQL's own types.

What is expected of a case:
    csv   its text, before the formula guard; None is null
    json  its value; every number a Decimal, so that digits and scale count
    xlsx  None: no value · str: a text cell · float: a number · bool · datetime, date, time: a real one
"""

import contextlib
import datetime
import json
import sqlite3
from collections import namedtuple
from decimal import Decimal

from postgres import query

__all__ = ["CASES", "NAME", "TEXT", "Case", "cases", "columns", "exact_json", "fidelity", "make_postgres",
           "make_sqlite", "rows"]

NAME = 'case, "named"'  # of the column with the case's name: a header cell that must be quoted
TEXT = "=text"          # of the column of texts: a header cell that is guarded

# The columns of golden: name, type noted for SQLite, type in PostgreSQL. What has an odd name cannot be
# noted, and needs it not.
COLUMNS = [("id", "bigint", "bigint"), (NAME, None, "text"), (TEXT, None, "text"), ("i", "bigint", "bigint"),
           ("n", "decimal", "numeric"), ("f", "number", "float8"), ("b", "boolean", "boolean"), ("d", "date", "date"),
           ("ts", "timestamp", "timestamp"), ("j", "json", "json"), ("by", None, "bytea")]
# And those that extra has besides, in PostgreSQL.
OWN_COLUMNS = [("iv", "interval"), ("ia", "integer[]"), ("ta", "text[]"), ("u", "uuid"), ("m", "mood"),
               ("r", "int4range"), ("tm", "time"), ("tz", "timestamptz"), ("jb", "jsonb"), ("p", "pair")]
SCHEMA = "create type mood as enum ('sad', 'ok, \"fine\"', '=happy');\ncreate type pair as (a integer, b text);\n"

NOT_FINITE = ("NaN", "Infinity", "-Infinity")
GUARDED = tuple("=+-@\t\r\n＝＋－＠")
BOTH, SQLITE, POSTGRES = "both", "sqlite", "postgres"

Case = namedtuple("Case", "name column value csv json xlsx source")


def exact_json(text):
    """Numbers digit for digit; NaN is not JSON."""
    def refuse(constant):
        raise ValueError(constant + " is not JSON")
    return json.loads(text, parse_int=Decimal, parse_float=Decimal, parse_constant=refuse)


def text(name, value, source=BOTH, read=None):
    read = value if read is None else read
    return Case(name, TEXT, value, read, read, read, source)


def number(name, column, value, xlsx, source=BOTH, csv=None):
    """A number by its digits; csv where the shortest form differs from them."""
    said = value if csv is None else csv
    return Case(name, column, value, said, None if said in NOT_FINITE else Decimal(said), xlsx, source)


def string(name, column, value, xlsx=None, source=BOTH, csv=None):
    """What json has as a string; in xlsx a text unless said otherwise."""
    said = value if csv is None else csv
    return Case(name, column, value, said, said, said if xlsx is None else xlsx, source)


def never(name, column, value, source=POSTGRES):
    """An infinite date or time, by PostgreSQL's name."""
    return Case(name, column, value, value.replace("inf", "Inf"), None, None, source)


def value_of_json(name, column, value, source=BOTH):
    return Case(name, column, value, value, exact_json(value), value, source)


def moment(name, value, said, column="ts", source=BOTH):
    """A timestamp that a spreadsheet has too; `said` is of UTC."""
    return Case(name, column, value, said, said, datetime.datetime.fromisoformat(said[:-1].ljust(26, "0")), source)


def array(name, column, value, items):
    return Case(name, column, value, value, items, value, POSTGRES)


LONG = "x" * 32766 + "ü"  # a cell of xlsx has room for 32,767 UTF-16 units

TEXTS = [
    text("empty text", ""), text("plain", "plain"), text("spaces around", " x "), text("one space", " "),
    text("comma", "a,b"), text("semicolon", "a;b"), text("quote", 'q"q'), text("only quotes", '""'),
    text("CR", "a\rb"), text("LF", "a\nb"), text("CRLF", "a\r\nb"), text("LF at the ends", "\na\n"),
    text("TAB", "a\tb"), text("end mark of COPY", "\\."), text("null of COPY", "\\N"), text("NULL", "NULL"),
    text("backslash", "a\\b"), text("formula", "=1+1"),
    text("formula with a call", '=HYPERLINK("http://a.example","b")'), text("plus", "+1"), text("minus", "-1"),
    text("at", "@SUM(A1)"), text("TAB first", "\t=1"), text("CR first", "\r=1"), text("LF first", "\n=1"),
    text("formula after spaces", "  =1"), text("negative number as text", "-1.5"), text("full-width equals", "＝1"),
    text("full-width at", "＠1"), text("apostrophe", "'quoted"), text("address", "https://a.example/?b=1&c=<d>"),
    text("mail address", "mailto:a@a.example"), text("007", "007"), text("long digits", "12345678901234567890"),
    text("1E5", "1E5"), text("TRUE", "TRUE"), text("date in text", "2025-01-01"),
    text("markup", "<a b=\"c\">&amp;</a>"), text("end of CDATA", "]]>"), text("escape of xlsx", "_x0041_"),
    text("overlapping escapes", "_x0041_x0042_"), text("no escape", "_x12345_"),
    text("escaped underscore", "_x005F_x0041_"), text("lower-case escape", "_x00e4_"), text("U+0001", "a\x01b"),
    text("U+001F", "a\x1fb"), text("U+007F", "a\x7fb"), text("U+0085", "a\x85b"), text("U+2028", "a\u2028b"),
    text("U+FEFF", "a\ufeffb"), text("U+FFFE", "a\ufffeb"), text("U+FFFF", "a\uffffb"), text("emoji", "😀"),
    text("emoji of many", "👩‍👩‍👧"), text("combining mark", "e\u0301"), text("right to left", "שלום"),
    text("direction marks", "\u202eabc\u202c"), text("CJK", "取引"), text("last code point of a plane", "\U0010fffd"),
    text("longest text of a cell", LONG), text("NUL", "a\0z", SQLITE, "a\ufffdz"),
    text("invalid UTF-8", b"a\xffz", SQLITE, "a\ufffdz"),
    text("lone surrogate", b"a\xed\xa0\x80z", SQLITE, "a\ufffd\ufffd\ufffdz"),
]

NUMBERS = [
    number("0", "i", "0", 0.0), number("minus 1 as number", "i", "-1", -1.0),
    number("15 digits", "i", "999999999999999", 999999999999999.0),
    number("2^53+1", "i", "9007199254740993", "9007199254740993"),
    number("2^63-1", "i", "9223372036854775807", "9223372036854775807"),
    number("minus 2^63", "i", "-9223372036854775808", "-9223372036854775808"),
    number("zero with scale", "n", "0.00", 0.0), number("scale kept", "n", "1.10", 1.1),
    number("negative decimal", "n", "-1.50", -1.5),
    number("15 digits of decimal", "n", "1234567890123.45", 1234567890123.45),
    number("16 digits of decimal", "n", "12345678901234.56", "12345678901234.56"),
    number("60 digits", "n", "9" * 60, "9" * 60),
    number("60 places", "n", "0." + "123456789" * 6, "0." + "123456789" * 6),
    number("small decimal", "n", "0.000001", 0.000001), number("1e400", "n", "1" + "0" * 400, "1" + "0" * 400),
    number("NaN of decimal", "n", "NaN", None), number("Infinity of decimal", "n", "Infinity", None),
    number("minus infinity of decimal", "n", "-Infinity", None), number("0 of float", "f", "0", 0.0),
    number("0.1", "f", "0.1", 0.1), number("0.1+0.2", "f", "0.30000000000000004", 0.1 + 0.2),
    number("17 digits", "f", "1.2345678901234567", 1.2345678901234567), number("1e6", "f", "1000000", 1e6),
    number("below 1e15", "f", "999999999999999", 999999999999999.0), number("1e22", "f", "1e+22", 1e22),
    number("1e-5", "f", "0.00001", 1e-5), number("1e308", "f", "1e+308", 1e308),
    number("least normal", "f", "2.2250738585072014e-308", 2.2250738585072014e-308),
    number("Infinity", "f", "Infinity", None), number("minus infinity", "f", "-Infinity", None),
    number("least double", "f", "5e-324", 5e-324), number("minus 0", "f", "-0", 0.0, POSTGRES),
    number("NaN", "f", "NaN", None, POSTGRES), Case("true", "b", "true", "true", True, True, BOTH),
    Case("false", "b", "false", "false", False, False, BOTH),
]

TIMES = [
    string("a day", "d", "2025-08-01", datetime.date(2025, 8, 1)),
    string("1970-01-01", "d", "1970-01-01", datetime.date(1970, 1, 1)),
    string("leap day", "d", "2024-02-29", datetime.date(2024, 2, 29)), string("1899-12-31", "d", "1899-12-31"),
    string("1900-03-01", "d", "1900-03-01", datetime.date(1900, 3, 1)), string("0001-01-01", "d", "0001-01-01"),
    string("9999-12-31", "d", "9999-12-31", datetime.date(9999, 12, 31)), string("10000-01-01", "d", "10000-01-01"),
    string("44 BC", "d", "0044-03-15 BC"), never("infinite day", "d", "infinity"),
    never("minus infinite day", "d", "-infinity"),
    moment("a time", "2025-08-01 12:34:56", "2025-08-01T12:34:56.000Z"),
    moment("milliseconds", "2025-08-01 12:34:56.789", "2025-08-01T12:34:56.789Z"),
    moment("microseconds", "2025-08-01 12:34:56.123456", "2025-08-01T12:34:56.123456Z"),
    moment("before 1970", "1969-12-31 23:59:59.999", "1969-12-31T23:59:59.999Z"),
    moment("first 02:30 of October in Berlin", "2025-10-26 00:30:00", "2025-10-26T00:30:00.000Z"),
    moment("second 02:30", "2025-10-26 01:30:00", "2025-10-26T01:30:00.000Z"),
    moment("last second of 9999", "9999-12-31 23:59:59", "9999-12-31T23:59:59.000Z"),
    string("last microsecond of 9999", "ts", "9999-12-31 23:59:59.999999", csv="9999-12-31T23:59:59.999999Z"),
    string("before 1900", "ts", "1883-11-18 12:03:58", csv="1883-11-18T12:03:58.000Z"),
    string("year 10000", "ts", "10000-01-01 00:00:00"), string("time BC", "ts", "0044-03-15 12:00:00 BC"),
    never("infinite time", "ts", "infinity"), never("minus infinite time", "ts", "-infinity"),
]

OTHERS = [
    value_of_json("json null", "j", "null"), value_of_json("json text", "j", '"=1"'),
    value_of_json("json of 20 digits", "j", '{"a": 12345678901234567890}'),
    value_of_json("json with a key twice", "j", '{"b": 1, "a": [2.50, null], "b": 3}'),
    value_of_json("json on lines", "j", '{"a":\r\n\t[1,\n 2]}'), string("bytes", "by", "\\x00ff"),
    string("no bytes", "by", "\\x"), string("interval", "iv", "1 year 2 mons 3 days 04:05:06.789", source=POSTGRES),
    string("negative interval", "iv", "-04:05:06", source=POSTGRES),
    array("integers", "ia", "{1,NULL,-3}", [Decimal(1), None, Decimal(-3)]),
    array("matrix", "ia", "{{1,2},{3,4}}", [[Decimal(1), Decimal(2)], [Decimal(3), Decimal(4)]]),
    array("texts", "ta", '{"a,b","say \\"hi\\"",NULL,"NULL",""}', ["a,b", 'say "hi"', None, "NULL", ""]),
    array("no texts", "ta", "{}", []),
    string("uuid", "u", "0198a7b0-1c2d-7e3f-8a4b-5c6d7e8f9a0b", source=POSTGRES),
    string("enum", "m", 'ok, "fine"', source=POSTGRES), string("enum like a formula", "m", "=happy", source=POSTGRES),
    string("range", "r", "[1,5)", source=POSTGRES),
    string("time of day", "tm", "12:34:56", datetime.time(12, 34, 56), POSTGRES),
    string("milliseconds of a day", "tm", "07:00:01.789", datetime.time(7, 0, 1, 789000), POSTGRES),
    string("24:00:00", "tm", "24:00:00", source=POSTGRES),
    moment("instant", "2025-08-01 12:34:56.5+02", "2025-08-01T10:34:56.500Z", "tz", POSTGRES),
    value_of_json("jsonb of 1e400", "jb", '{"a": 1%s}' % ("0" * 400), POSTGRES),
    string("composite", "p", '(1,"a, ""b""")', source=POSTGRES),
]

CASES = [Case("null", "i", None, None, None, None, BOTH)] + TEXTS + NUMBERS + TIMES + OTHERS


def cases(table, database):
    """The rows of a table in a database, in their order: they are numbered from 1."""
    return [case for case in CASES if case.source == (BOTH if table == "golden" else database)]


def columns(table, database):
    """Names of the columns, in the order of the files."""
    own = OWN_COLUMNS if (table, database) == ("extra", POSTGRES) else []
    return [name for name, *_ in COLUMNS + own]


def rows(table, database, value, number=str):
    """Whole rows: of each case its number, its name and what `value` says of it; else None."""
    names = columns(table, database)
    for place, case in enumerate(cases(table, database), 1):
        row = dict.fromkeys(names)
        row.update({"id": number(place), NAME: case.name, case.column: value(case)})
        yield list(row.values())


def is_guarded(case):
    is_text = case.column in (TEXT, "m")
    return is_text and case.csv.lstrip(" ").startswith(GUARDED)


def is_kept_as_text(case):
    """A number or a time that is a text in xlsx."""
    return case.column in ("i", "n", "f", "d", "ts", "tz", "tm") and isinstance(case.xlsx, str)


def fidelity(table, database, format):
    """What the job's warnings have to say: guarded, non_finite, text_replaced, kept_as_text, sheets."""
    rows = cases(table, database)
    is_lost = [case for case in rows if case.value is not None and case.column != "j" and case.json is None]
    return {"cells_guarded": 1 + sum(map(is_guarded, rows)) if format == "csv" else 0,  # 1: the header's
            "non_finite": 0 if format == "csv" else len(is_lost),
            "text_replaced": sum(case.column == TEXT and case.csv != case.value for case in rows),
            "kept_as_text": sum(map(is_kept_as_text, rows)) if format == "xlsx" else 0,
            "sheets": 1 if format == "xlsx" else 0}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def select(table, names):
    return "SELECT %s FROM %s ORDER BY id\n" % (", ".join(map(quoted, names)), table)


def add_types(kit, database):
    """Types of both tables, of no rows, and of a text that is longer than a cell of a sheet."""
    kit.add_type("nothing", "-- title: No rows\n-- shared\n-- column i bigint\nSELECT i FROM golden WHERE id < 0\n")
    kit.add_type("tooLong", "-- title: Too long\n-- shared\nSELECT 1 AS id, 'short' AS note UNION ALL\n"
                            "SELECT 2, replace('%s', 'x', '%s')\n" % ("x" * 32, "0123456789abcdef" * 64))
    for table in ("golden", "extra"):
        notes = "".join("-- column %s %s\n" % (name, noted) for name, noted, _ in COLUMNS if noted)
        kit.add_type(table, "-- title: %s rows\n-- shared\n%s%s" % (
            table.capitalize(), notes if database == SQLITE else "", select(table, columns(table, database))))


def bound(case):
    """A case's value as SQLite keeps it."""
    if case.value is None or isinstance(case.value, bytes):
        return case.value
    kinds = {"i": int, "f": float, "b": lambda text: int(text == "true"), "by": lambda text: bytes.fromhex(text[2:])}
    return kinds.get(case.column, str)(case.value)


def make_sqlite(kit):
    """Both tables in the kit's database, and their types."""
    add_types(kit, SQLITE)
    with contextlib.closing(sqlite3.connect(kit.database)) as db, db:
        for table in ("golden", "extra"):
            names = columns(table, SQLITE)
            db.execute("CREATE TABLE %s(%s)" % (table, ", ".join(map(quoted, names))))
            for number, case in enumerate(cases(table, SQLITE), 1):
                is_broken = isinstance(case.value, bytes)
                db.execute("INSERT INTO %s(id, %s, %s) VALUES (?, ?, %s)" % (
                    table, quoted(NAME), quoted(case.column), "CAST(? AS TEXT)" if is_broken else "?"),
                    (number, case.name, bound(case)))


def literal(value):
    """A text for PostgreSQL, whatever is in it."""
    if value is None:
        return "NULL"
    plain = {"'": "''", "\\": "\\\\"}
    return "E'" + "".join(plain.get(c) or (c if c.isprintable() else "\\U%08x" % ord(c)) for c in value) + "'"


def make_postgres(kit, url):
    """The same in a database of PostgreSQL's."""
    add_types(kit, POSTGRES)
    lines = [SCHEMA]
    for table in ("golden", "extra"):
        own = OWN_COLUMNS if table == "extra" else []
        described = ["%s %s" % (quoted(name), type) for name, *_, type in COLUMNS + own]
        lines.append("create table %s(%s);" % (table, ", ".join(described)))
        for number, case in enumerate(cases(table, POSTGRES), 1):
            lines.append("insert into %s(id, %s, %s) values (%d, %s, %s);" % (
                table, quoted(NAME), quoted(case.column), number, literal(case.name), literal(case.value)))
    query(url, "\n".join(lines))


assert len({case.name for case in CASES}) == len(CASES)
assert not any(case.name.startswith(GUARDED) for case in CASES)
