# SPDX-License-Identifier: Apache-2.0
"""How PostgreSQL runs the queue's statements once most jobs in the table are history: by index, always.

PLAN_JOBS=10000000 asks it of a table as large as it may become."""

import glob
import os
import re
import unittest

from bindings import ROOT
from postgres import PersistentCase
from server import run_once

FINISHED = int(os.environ.get("PLAN_JOBS", "200000"))
ID = "'01a212d5-7e32-7001-8a3d-5999de95c008'"
HOLDER = "%s, 7, 1, 'w'" % ID
DRAFTS = '\'[{"n": 0, "id": %s, "owner": "o1", "request_id": "r1", "type": "t", "format": "csv", "spec": {},' \
    ' "actor": "o1", "address": "::1"}]\'' \
    % ID.replace("'", '"')

# The parameters of each statement; None: it reads no table of ours, or only the small one.
PARAMETERS = {
    "active_of_all": "1000",
    "active_of_owners": "'[\"o1\"]'",
    "cancel": "null, %s, 1000, 0, 'o1', '::1'" % ID,
    "claim_deliveries": "null, 32, 60000, 8, 8, 1000, 'died'",
    "claim_jobs": "null, 1, 74, 0, 30000, '{7}', '{w}'",
    "complete_jobs": "null, %s, 1000, 0" % DRAFTS,
    "count": "",
    "create_jobs": "null, %s, 5, 3" % DRAFTS,
    "due_in": "null, 0",
    "expire": "null, %s, 1000" % ID,
    "fail": "null, %s, 'code', 'text', true, '{1000,2000,4000}', 0.1, 1000, 0" % HOLDER,
    "find_orphans": "array[%s]::uuid[], '{1}', '{key}'" % ID,
    "get_job": ID,
    "get_jobs": "array[%s]::uuid[], '{1}'" % ID,
    "heartbeat": "null, 30000, array[%s]::uuid[], '{7}', '{1}', '{w}'" % ID,
    "list_audit": "null, 'o1', null, null, null, null, 51",
    "list_audit_of_actor": "null, null, null, null, null, null, 51, 'o1'",
    "list_deliveries": "null, 'o1', null, null, 51",
    "list_expired": "null, 100, 4102444800000, %s" % ID,
    "list_jobs": "'o1', null, null, null, null, 51",
    "lock_job": ID,
    "lock_owner": None,
    "lock_owners": None,
    "no_sync": None,
    "missing_jobs": "array[%s]::uuid[]" % ID,
    "notify": None,
    "now": None,
    "queue_id": None,
    "progress": "%s, 3, 1, 1, 1, 1" % HOLDER,
    "prune": "null, 100",
    "prune_deliveries": "null, 100, 1000, 1000",
    "release": "null, %s" % HOLDER,
    "remove": "null, %s, 'o1', '::1'" % ID,
    "resend_delivery": "null, %s, 'o1', 'o1', '::1'" % ID,
    "rescue": "null, 100, 'code', 'text', '{1000,2000,4000}', 1000, 0, 0.1, 30000",
    "retry": "null, %s, 5, 3, 1, 'o1', '::1'" % ID,
    "set_webhooks": None,
    "settle_delivery": "null, %s, 1, 'DELIVERED', 0, 200, '', true, true" % ID,
    "save_download": "%s, 1, 0, 0, 0, 0, 0, false, 0, 'token', 'o1', '::1', 1" % ID,
}
NOT_PREPARED = {"list_deliveries", "list_jobs", "list_audit", "list_audit_of_actor"}  # planned for its values each time


def statements():
    for path in sorted(glob.glob(os.path.join(ROOT, "sql/queries/*.sql"))):
        with open(path, encoding="utf-8") as file:
            yield os.path.basename(path)[:-4], re.sub(r"--[^\n]*", "", file.read())


class Plans(PersistentCase):
    """No statement reads the whole table."""

    filled = None  # the database of all tests here

    def setUp(self):
        super().setUp()
        if not Plans.filled:
            self.fill()
            Plans.filled = self.url
        self.url = Plans.filled

    def fill(self):
        run_once(["--migrate"], {"DATABASE_URL": self.url})
        self.query("""
            insert into exportq.job (id, owner, request_id, type, format, spec, state, max_attempts, created_ms,
                                     completed_ms, next_attempt_ms, expires_ms, file_key)
            select gen_random_uuid(), 'o' || n %% 1000, 'r' || n, 't', 'csv', '{}',
                   (array['COMPLETED', 'FAILED', 'CANCELLED', 'EXPIRED'])[1 + n %% 4], 3, n, n, 0,
                   4102444800000, 'key'
            from generate_series(1, %d) as n;
            insert into exportq.audit (at_ms, action, actor, address, job, owner, type)
            select n, 'create', case when n %% 50 = 0 then 'admin' else 'o' || n %% 1000 end, '::1',
                   gen_random_uuid(), 'o' || n %% 1000, 't'
            from generate_series(1, %d) as n;
            insert into exportq.delivery (url, state, attempt, created_ms, next_ms, settled_ms, job, owner, request_id, type,
                                          format, job_state, job_attempt, job_created_ms, job_started_ms, job_expires_ms,
                                          error_code, error_message, file_name, file_sha256, file_size, file_rows)
            select 'https://example.org/' || n %% 10, case when n %% 1000 = 0 then 'PENDING' else 'DELIVERED' end, 1, n,
                   4102444800000, n, gen_random_uuid(), 'o' || n %% 1000, '', 't', 'csv', 'COMPLETED', 1, n, n, n, '', '',
                   'file', 'digest', 1, 1
            from generate_series(1, %d) as n;
            vacuum analyze exportq.job, exportq.audit, exportq.delivery""" % (FINISHED, FINISHED, FINISHED))

    def plan(self, name, sql):
        if name in NOT_PREPARED:
            mode = "force_custom_plan"
        else:
            mode = "force_generic_plan"  # what a prepared statement comes to after a few runs
        arguments = "(%s)" % PARAMETERS[name] if PARAMETERS[name] else ""
        rows = self.query("set plan_cache_mode = %s; prepare it as %s; explain execute it%s" % (mode, sql, arguments))
        return "\n".join(row[0] for row in rows)

    def test_every_statement_goes_by_an_index(self):
        for name, sql in statements():
            with self.subTest(name):
                self.assertIn(name, PARAMETERS, "a new statement: say how it is called")
                if PARAMETERS[name] is None:
                    continue
                plan = self.plan(name, sql)
                self.assertNotRegex(plan, r"Seq Scan on (exportq\.)?(job|audit|delivery)\b", plan)
                self.assertRegex(plan, r"Index|on counter", plan)

    def test_active_jobs_of_all_owners_go_by_the_index_of_the_active_ones(self):
        lists = dict(statements())
        for name, parameters in (("active_of_all", "1000"),
                                 ("list_jobs", "null, '{QUEUED,RUNNING}', null, null, null, 1000")):
            with self.subTest(name):
                mode = "force_custom_plan" if name in NOT_PREPARED else "force_generic_plan"
                rows = self.query("set plan_cache_mode = %s; prepare it as %s; explain execute it(%s)"
                                  % (mode, lists[name], parameters))
                self.assertIn("job_active", "\n".join(row[0] for row in rows))

    def test_lists_go_by_the_index_of_the_owner_whatever_else_is_asked(self):
        sql = dict(statements())["list_jobs"]
        for parameters in ("'o1', '{QUEUED,RUNNING}', null, null, null, 51", "'o1', null, 't', null, %s, 51" % ID,
                           "'o1', null, null, 'r1', null, 51", "null, null, null, null, null, 51"):
            with self.subTest(parameters):
                rows = self.query("set plan_cache_mode = force_custom_plan; prepare it as %s; explain execute it(%s)"
                                  % (sql, parameters))
                self.assertNotIn("Seq Scan", "\n".join(row[0] for row in rows))

    def test_the_audit_goes_by_an_index_whatever_is_asked(self):
        by_name = dict(statements())
        for name, parameters, index in (
                ("list_audit", "null, null, null, null, null, null, 51", "audit_pkey"),
                ("list_audit", "1000, 'o1', null, null, null, null, 51", "audit_of_owner"),
                ("list_audit", "null, null, %s, null, null, null, 51" % ID, "audit_of_job"),
                ("list_audit", "null, null, null, '{create}', %d, null, 51" % (FINISHED - 10), "audit_of_time"),
                ("list_audit", "null, null, null, null, null, 10, 51", "audit_of_time"),
                ("list_audit_of_actor", "null, null, null, null, null, null, 51, 'o1'", "audit_of_others"),
                ("list_audit_of_actor", "null, null, null, null, null, null, 51, 'x'", "audit_of_owner")):
            with self.subTest(parameters):
                rows = self.query("set plan_cache_mode = force_custom_plan; prepare it as %s; explain execute it(%s)"
                                  % (by_name[name], parameters))
                plan = "\n".join(row[0] for row in rows)
                self.assertIn(index, plan)
                self.assertNotIn("Seq Scan", plan)

    def test_the_log_of_webhooks_goes_by_an_index_whatever_is_asked(self):
        sql = dict(statements())["list_deliveries"]
        for parameters, index in (("null, null, null, null, 51", "delivery_in_order"),
                                  ("1000, 'o1', null, null, 51", "delivery_of_owner"),
                                  ("null, 'o1', null, '{GIVEN_UP}', 51", "delivery_to_look_at"),
                                  ("null, 'o1', null, '{PENDING,GIVEN_UP}', 51", "delivery_to_look_at"),
                                  ("null, 'o1', %s, null, 51" % ID, "delivery_of_job"),
                                  ("null, null, %s, '{PENDING}', 51" % ID, "delivery_of_job")):
            with self.subTest(parameters):
                rows = self.query("set plan_cache_mode = force_custom_plan; prepare it as %s; explain execute it(%s)"
                                  % (sql, parameters))
                plan = "\n".join(row[0] for row in rows)
                self.assertIn(index, plan)
                self.assertNotIn("Seq Scan", plan)


if __name__ == "__main__":
    unittest.main()
