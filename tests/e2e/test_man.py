# SPDX-License-Identifier: Apache-2.0
"""The man pages, which the build fills in from what the programs say themselves."""

import glob
import os
import re
import subprocess
import unittest

from server import program, run_once

PAGES = os.path.join(os.path.dirname(program("exportqd")), os.pardir, "man")


class ManPages(unittest.TestCase):
    def text(self, page):
        done = subprocess.run(["groff", "-k", "-man", "-ww", "-Tutf8", os.path.join(PAGES, page)], capture_output=True,
                              text=True, check=True, env={**os.environ, "GROFF_NO_SGR": "1", "LC_ALL": "C.UTF-8"})
        self.assertEqual("", done.stderr, page)
        return re.sub(".\b", "", done.stdout)

    def test_there_is_one_for_each_program_and_for_types_and_none_has_mistakes(self):
        pages = {os.path.basename(path) for path in glob.glob(os.path.join(PAGES, "*.[1-8]"))}
        self.assertEqual({"exportq.1", "exportq-types.5", "exportqd.8", "exportq-worker.8"}, pages)
        for page in pages:
            self.assertNotRegex(self.text(page), "@[A-Z]+@")

    def test_every_setting_is_in_its_programs_page(self):
        for name in ("exportqd", "exportq-worker"):
            settings = set(re.findall(r"^  ([A-Z][A-Z0-9_]+) \(default", run_once(["--help"], name=name)[1], re.MULTILINE))
            self.assertGreater(len(settings), 15)
            text = self.text(name + ".8")
            self.assertEqual(set(), {each for each in settings if each not in text})

    def test_every_command_is_in_the_page_of_exportq(self):
        commands = re.findall(r"^  ([a-z]+)  ", run_once(["--help"], name="exportq")[1], re.MULTILINE)
        self.assertGreater(len(commands), 10)
        text = self.text("exportq.1")
        for command in commands:
            self.assertRegex(text, r"(?m)^ +exportq %s" % command)


if __name__ == "__main__":
    unittest.main()
