# SPDX-License-Identifier: Apache-2.0
"""Programs of others that the benches measure beside."""
import shutil
import subprocess

from .place import ROOT, note


def is_node_ready(directory, who, *programs):
    """Whether Node programs in a directory can be run; installs what their lock file says. Tells why not."""
    missing = [name for name in (*programs, "node", "npm") if not shutil.which(name)]
    if missing:
        note("skipped: %s, for %s is not here; tools/install bench" % (who, " and ".join(missing)))
        return False
    if (directory / "node_modules").exists():
        return True
    done = subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=directory, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        note("skipped: %s, for npm ci did not work in %s: %s"
             % (who, directory.relative_to(ROOT), done.stderr.strip()[-300:]))
    return done.returncode == 0
