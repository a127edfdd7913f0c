# SPDX-License-Identifier: Apache-2.0
"""Libraries from npm, at the versions that a package-lock.json pins."""

import os
import shutil
import subprocess
import unittest

from bindings import ROOT


def modules(name):
    """Where the libraries of tests/clients/NAME are, installed if need be; skips where there is no npm."""
    if not shutil.which("npm"):
        raise unittest.SkipTest("npm is not here; tools/install clients gets it, as nodejs and npm")
    home, installed = os.path.join(ROOT, "tests/clients", name), os.path.join(ROOT, "build/tools", name)
    found = os.path.join(installed, "node_modules")
    locked, done = os.path.join(home, "package-lock.json"), os.path.join(found, ".package-lock.json")
    if not os.path.exists(done) or os.path.getmtime(done) < os.path.getmtime(locked):
        os.makedirs(installed, exist_ok=True)
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(os.path.join(home, file), installed)
        ran = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=installed, text=True, timeout=600,
                             capture_output=True, check=False)
        if ran.returncode:
            raise unittest.SkipTest("npm ci did not work for tests/clients/%s: %s" % (name, ran.stderr.strip()[-300:]))
    return found
