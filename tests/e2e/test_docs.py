# SPDX-License-Identifier: Apache-2.0
"""README.md and docs/ do what they say: each command is run, each snippet is that of a file, each setting exists.

A block of commands is a ```sh, and is run in the order of its page, in one shell, in a directory of its own that has
the repository's folders. What cannot be run says why, on the line before it:

    <!-- not run: REASON -->
    <!-- only with EXPORTQ_DOCS=all: REASON -->

Ports, programs and /tmp/exportq are replaced by a test's own, and ID by the newest job's; `sleep 1` waits for
the servers that were begun before it."""

import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from bindings import ROOT
from postgres import Postgres
from server import Server, environment, program, run_once

PAGES = ["README.md"] + sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "docs/*.md")))
FENCE = re.compile(r"(?ms)^(?:<!-- ([^\n]*) -->\n)?```([^\n]*)\n(.*?)^```$")
RUN_S = 120

# Blocks in other languages, and what tries them.
TRIED = {
    ("docs/clients.md", "python"): "quoted", ("docs/clients.md", "js"): "quoted",
    ("docs/clients.md", "go"): "quoted", ("docs/clients.md", "java"): "quoted",
    ("docs/webhooks.md", "js"): "test_webhooks.py", ("docs/webhooks.md", "python"): "test_webhooks.py",
    ("docs/type-files.md", "sql"): "served here", ("docs/operating.md", "sql"): "run here",
    ("docs/operating.md", "yaml"): "test_metrics.py",
}
FREE = ("text", "ini")  # what programs print; settings, whose names are looked up

INVOICES_SQLITE = """
create table Invoice(InvoiceId integer primary key, InvoiceDate text, BillingCountry text);
create table Track(TrackId integer primary key, Name text, Composer text);
create table InvoiceLine(InvoiceLineId integer primary key, InvoiceId, TrackId, UnitPrice, Quantity);
insert into Invoice values (1, '2026-01-05', 'Germany');
insert into Track values (7, 'Air', 'Bach');
insert into InvoiceLine values (1, 1, 7, 0.99, 2);
"""
INVOICES_POSTGRES = """
create table invoice(id bigint primary key, customer_id text, country text, state text, invoiced_at timestamptz, tag text);
create table invoice_line(id bigint primary key, invoice_id bigint, track text, price numeric, quantity int);
"""
PRELUDE = """
set -eo pipefail
trap '[ $? = 0 ] || { builtin kill $(jobs -p); builtin wait; } 2>/dev/null' EXIT
kill() { builtin kill "$@" && wait; }
await() { for port; do
    for ((try = 0; try < 600; try++)); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2; command sleep 0.05; done
    echo "nobody listens at $port" >&2; return 1
done; }
newest() { exportq list --limit 1 --json | sed -n 's/.*"id": *"\\([^"]*\\)".*/\\1/p' | head -n 1; }
"""


def text_of(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return file.read()


def blocks(page):
    """All of a page, as (mark, language, text)."""
    return [(mark or "", language, text) for mark, language, text in FENCE.findall(text_of(page))]


def is_run(mark, text=""):
    if text.startswith("grpcurl") and os.environ.get("CI") != "true":  # tools/test --only clients installs it
        return os.path.exists(os.path.join(ROOT, "build/tools/bin/grpcurl")) or shutil.which("grpcurl")
    if mark.startswith("only with EXPORTQ_DOCS=all: "):
        return os.environ.get("EXPORTQ_DOCS") == "all"
    return not mark.startswith("not run: ")


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


class Scratch:
    """A directory with the repository's folders, and the ports that a page's own become."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="exportq-docs-")
        os.chmod(self.home, 0o755)
        for name in ("proto", "tests", "tools", "docs"):
            os.symlink(os.path.join(ROOT, name), self.path(name))
        os.mkdir(self.path("bin"))
        os.symlink("/usr/bin/python3", self.path("bin/python3"))
        self.ports = {port: free_port() for port in (50051, 50061, 50062, 50071, 8080)}
        tools = os.path.join(ROOT, "build/tools/bin")
        self.settings = {
            "PATH": ":".join([self.path("bin"), os.path.dirname(program("exportqd")), tools, os.environ["PATH"]]),
            "HOME": self.home, "TMPDIR": self.home, "XDG_STATE_HOME": self.path("state"),
            "EXPORT_LISTEN": self.address(50051), "EXPORT_HTTP_LISTEN": self.address(8080),
            "EXPORTQ_SERVER": self.address(50051),
            # what these would keep under HOME is fetched once for all runs
            "GOPATH": os.environ.get("GOPATH") or os.path.expanduser("~/go"),
            "GOCACHE": os.environ.get("GOCACHE") or os.path.expanduser("~/.cache/go-build"),
            "npm_config_cache": os.environ.get("npm_config_cache") or os.path.expanduser("~/.npm"),
            "MAVEN_OPTS": "-Dmaven.repo.local=" + os.path.expanduser("~/.m2/repository"),
        }

    def path(self, name):
        return os.path.join(self.home, name)

    def address(self, port):
        return "127.0.0.1:%d" % self.ports[port]

    def close(self):
        if os.path.isdir(self.path("exportq/postgres")):
            subprocess.run([os.path.join(ROOT, "tests/support/postgres"), "remove", self.path("exportq/postgres")], check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def own(self, text):
        """A block as it is run here."""
        text = text.replace("$PWD/build/release/bin", os.path.dirname(program("exportqd")))
        text = text.replace("/tmp/exportq/bin", os.path.join(ROOT, "build/tools/bin"))  # made once for all runs
        text = text.replace("/tmp/exportq", self.path("exportq")).replace("/srv/exports", self.path("files"))
        text = re.sub(r"\b(127\.0\.0\.1):(50051|50061|50062|50071|8080)\b",
                      lambda found: self.address(int(found.group(2))), text)
        begun = re.findall(r"exportqd [^\n&]*--listen 127\.0\.0\.1:(\d+)[^\n]*&", text) or [str(self.ports[50051])]
        text = re.sub(r"(?m)^sleep 1$", "await " + " ".join(begun), text)
        return re.sub(r"(?<![\w$])ID(?!\w)", "$(newest)", text)

    def run(self, script, **settings):
        """Runs it to its end with all that it began; gives the status and what was said."""
        process = subprocess.Popen(["bash", "-c", PRELUDE + script], cwd=self.home, text=True, start_new_session=True,
                                   env=environment({**self.settings, **settings}), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            said = process.communicate(timeout=RUN_S)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said = process.communicate()[0] + "\nit did not end in %d s" % RUN_S
            return 1, said
        try:
            os.killpg(process.pid, signal.SIGKILL)
            return process.returncode or 1, said + "\nit left something running"
        except ProcessLookupError:
            return process.returncode, said


class Commands(unittest.TestCase):
    """The commands of a page, run."""

    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def run_page(self, page, languages=("sh",), change=lambda text: text, **settings):
        script = ""
        for number, (mark, language, text) in enumerate(blocks(page), 1):
            if language in languages and is_run(mark, text):
                body = self.scratch.own(text) if language == "sh" else "psql -v ON_ERROR_STOP=1 -d postgres <<'SQL'\n%s\nSQL\n" % text
                script += "echo '--- block %d of %s'\n%s" % (number, page, change(body))
        self.assertTrue(script, page)
        status, said = self.scratch.run(script, **settings)
        self.assertEqual(0, status, "\n".join(said.splitlines()[-40:]))

    def serve(self):
        """The server that a page takes for granted."""
        server = Server(demo=True, EXPORT_LISTEN=self.scratch.address(50051), EXPORT_HTTP_LISTEN=self.scratch.address(8080))
        self.addCleanup(server.close)
        server.start()
        self.addCleanup(server.stop)

    def database(self):
        """A PostgreSQL, and the settings by which psql finds it."""
        url = re.fullmatch(r"postgres(?:ql)?://([^@]*)@([^:/]*):(\d+)/\S+", Postgres.get().url)
        return {"PGUSER": url.group(1), "PGHOST": url.group(2), "PGPORT": url.group(3)}

    def test_the_quickstart_gives_a_file(self):
        self.run_page("docs/quickstart.md")
        with open(self.scratch.path("trades.csv"), encoding="utf-8") as file:
            self.assertEqual(1001, len(list(file)))
        self.assertTrue(os.path.getsize(self.scratch.path("goals.json")))

    def test_a_table_of_ones_own_is_exported(self):
        self.run_page("docs/own-table.md")
        with open(self.scratch.path("shop/orders.csv"), encoding="utf-8") as file:
            self.assertEqual(["id,customer,placed,total", "1,Ada,2026-01-05T10:00:00.000Z,12.5"], file.read().split())

    def test_each_client_gets_the_same_file(self):
        for needed in ("go", "npm"):
            if not shutil.which(needed):
                self.skipTest("%s is not here; tools/install clients gets it" % needed)
        self.serve()
        self.run_page("docs/clients.md")
        files = sorted(glob.glob(self.scratch.path("exportq/*.csv")))
        self.assertEqual(4 if os.environ.get("EXPORTQ_DOCS") == "all" else 3, len(files))
        seen = set()
        for path in files:
            with open(path, "rb") as file:
                seen.add(file.read())
        self.assertEqual(1, len(seen))
        self.assertGreater(len(seen.pop()), 1000)

    def test_the_readme_works(self):
        self.serve()
        # a watch of a job that has ended ends, too
        self.run_page("README.md")

    def test_the_commands_about_security_work(self):
        self.serve()
        self.run_page("docs/security.md", change=lambda text: "exportq create goals -o goals.csv\n" + text)

    def test_the_type_files_are_served(self):
        texts = [text for _, language, text in blocks("docs/type-files.md") if language == "sql"]
        os.mkdir(self.scratch.path("types"))
        with open(self.scratch.path("types/invoiceLines.sql"), "w", encoding="utf-8") as file:
            file.write(texts[0])
        subprocess.run(["sqlite3", self.scratch.path("shop.db"), INVOICES_SQLITE], check=True)
        self.run_page("docs/type-files.md")
        with open(self.scratch.path("lines.csv"), encoding="utf-8") as file:
            self.assertEqual(["line,date,track,price,quantity", "1,2026-01-05,Air,0.99,2"], file.read().split())
        with open(self.scratch.path("types/invoiceLines.sql"), "w", encoding="utf-8") as file:
            file.write(texts[1])
        where = self.database()
        url = "postgres://%(PGUSER)s@%(PGHOST)s:%(PGPORT)s/postgres" % where
        status, said = self.scratch.run("psql -q -d postgres -c \"$TABLES\" && exportqd --check", **where, TABLES=INVOICES_POSTGRES,
                                        ENABLE_EXPORT_QUEUE=1, EXPORT_SOURCE_URL=url, EXPORT_TYPES_DIR="types")
        self.assertEqual(0, status, said)

    def test_what_operating_and_webhooks_say_is_done_to_a_database(self):
        where = self.database()
        at = "@%(PGHOST)s:%(PGPORT)s/" % where
        os.mkdir(self.scratch.path("files"))

        def change(text):
            text = text.replace("@db/", at).replace("\\connect shop postgres", "\\connect shop %(PGUSER)s" % where)
            if text.startswith("pg_restore"):
                text = "psql -q -d queue -c 'drop schema exportq cascade'\n" + text
            elif "create database queue" in text:
                text += "psql -q -d postgres -c 'create database shop'\npsql -q -d shop -c 'create table note(id int)'\n"
            elif text.startswith("psql -v") and "from exportq.jobs" in text:
                text = text.replace("-d postgres", "-d queue")
            return text
        self.run_page("docs/operating.md", ("sh", "sql"), change, DATABASE_URL="postgres://%s" % where["PGUSER"] + at + "queue", **where)
        self.assertTrue(os.path.isdir(self.scratch.path("exports.copy")))
        self.run_page("docs/webhooks.md", **where)


class Pages(unittest.TestCase):
    """All that is on the pages."""

    def test_each_block_is_one_that_somebody_tries(self):
        tested = re.findall(r'run_page\("([^"]+)"', text_of("tests/e2e/test_docs.py"))
        for page in PAGES:
            for mark, language, text in blocks(page):
                where = "%s: ```%s\n%s" % (page, language, text)
                if language == "sh":
                    self.assertTrue(page in tested or not is_run(mark), "no test runs the commands of " + where)
                elif language not in FREE:
                    self.assertIn((page, language), TRIED, "nothing tries " + where)
            self.assertEqual(text_of(page).count("\n```"), 2 * len(blocks(page)), page)

    def test_each_quoted_program_is_that_of_its_file(self):
        quoted = [(mark, text) for mark, language, text in blocks("docs/clients.md") if language != "sh"]
        self.assertEqual(4, len(quoted))
        for path, text in quoted:
            self.assertEqual(text_of(path), text, path)

    def test_each_setting_in_a_block_of_settings_exists(self):
        known = re.findall(r"(?m)^  ([A-Z0-9_]+) \(default", run_once(["--help"])[1])
        for page in PAGES:
            for _, language, text in blocks(page):
                for name in re.findall(r"(?m)^([A-Za-z0-9_]+)=", text) if language == "ini" else ():
                    self.assertIn(name, known, page)

    def test_the_reference_of_settings_is_what_the_programs_say(self):
        done = subprocess.run([os.path.join(ROOT, "tools/reference"), os.path.dirname(program("exportqd"))],
                              capture_output=True, text=True, env=environment({}), check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(done.stdout, text_of("docs/settings.md"), "tools/reference >docs/settings.md mends it")

    def test_links_between_the_pages_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", FENCE.sub("", text_of(page))):
                path = os.path.join(ROOT, os.path.dirname(page), target)
                self.assertTrue(os.path.exists(path), "%s: %s" % (page, target))


if __name__ == "__main__":
    unittest.main()
