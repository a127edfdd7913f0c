# SPDX-License-Identifier: Apache-2.0
"""Any number of rows in constant memory. Run over a build without sanitizers, which have memory of their own."""

import time
import unittest

from server import is_plain
from support import Case

FEW, MANY = 50_000, 1_000_000
MOST = 64 * 1024 * 1024


class Memory(Case):
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

    def test_a_million_rows_take_no_more_memory_than_fifty_thousand(self):
        for format in ("csv", "json", "ndjson"):
            with self.subTest(format):
                few, many = self.peak(FEW, format), self.peak(MANY, format)
                self.assertLess(many, MOST)
                self.assertLess(many - few, 8 * 1024 * 1024)


def load_tests(_loader, tests, _pattern):
    """Under a sanitizer there is nothing to measure: no test then, rather than one that is skipped."""
    if is_plain():
        return tests
    print("    the program under test is sanitized: its memory says nothing", flush=True)
    return unittest.TestSuite()


if __name__ == "__main__":
    unittest.main()
