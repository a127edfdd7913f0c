# SPDX-License-Identifier: Apache-2.0
"""Any number of rows in constant memory. Run over a build without sanitizers, which have memory of their own."""

import time
import unittest

from postgres import PersistentCase
from server import is_plain
from support import Case

FEW, MANY, MANY_OF_POSTGRES = 50_000, 1_000_000, 2_000_000
MOST = 64 * 1024 * 1024
ROWS_OF_POSTGRES = """-- title: As many rows as asked for
-- filter count integer: How many
-- shared
SELECT i AS id, 'row ' || i AS name, i * 0.5 AS half, timestamptz 'epoch' + i * interval '1 second' AS at
FROM generate_series(1, :count) AS i
"""


class Peak:
    """What the server holds at its peak, as the kernel counts it."""

    def peak(self, rows, format):
        """The largest resident size of a fresh server that exported and handed over so many rows."""
        server = self.serve()
        alice = self.caller(server)
        begin = time.monotonic()
        job = alice.completed(alice.rows(rows, format=format).id)
        took = time.monotonic() - begin
        self.assertEqual(rows, job.file.rows)
        read = sum(len(response.chunk) for response in alice.Download(token=alice.token(job.id)))
        self.assertEqual(job.file.size, read)
        peak = server.memory("VmHWM")
        print("    %-6s %9d rows, %6.1f MB file in %5.2f s: peak %.1f MiB"
              % (format, rows, job.file.size / 1e6, took, peak / 2 ** 20), flush=True)
        server.stop()
        return peak

    def check_formats(self, formats, many):
        for format in formats:
            with self.subTest(format):
                less, more = self.peak(FEW, format), self.peak(many, format)
                self.assertLess(more, MOST)
                self.assertLess(more - less, 8 * 1024 * 1024)


class Memory(Peak, Case):
    """Rows of SQLite."""

    def test_a_million_rows_take_no_more_memory_than_fifty_thousand(self):
        self.check_formats(("csv", "json", "ndjson"), MANY)


class MemoryOfPostgres(Peak, PersistentCase):
    """Rows of PostgreSQL, which libpq would gather if it were let."""

    kit_types = {"rows": ROWS_OF_POSTGRES}

    def setUp(self):
        super().setUp()
        self.persistent["EXPORT_SOURCE_URL"] = None  # that of the queue

    def test_two_million_rows_take_no_more_memory_than_fifty_thousand(self):
        self.check_formats(("csv",), MANY_OF_POSTGRES)


def load_tests(_loader, tests, _pattern):
    """Under a sanitizer there is nothing to measure: no test then, rather than one that is skipped."""
    if is_plain():
        return tests
    print("    the program under test is sanitized: its memory says nothing", flush=True)
    return unittest.TestSuite()


if __name__ == "__main__":
    unittest.main()
