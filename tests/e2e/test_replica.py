# SPDX-License-Identifier: Apache-2.0
"""What is exported is a hot standby; the queue is on the primary. What the primary does may end a query on the
standby at any time: that is no failure of the job."""

import unittest

from postgres import PersistentCase, Postgres, Standby, query, wait_until
from support import pb

MANY, SOME, FEW = 2000, 60, 10  # 100 s, 3 s, half a second

TYPES = {
    "where": "-- title: Where it runs\n-- shared\nSELECT pg_is_in_recovery() AS standby, id FROM item ORDER BY id\n",
    "brief": "-- title: Takes its time for some rows\n-- shared\n"
             "SELECT id, pg_sleep(0.05)::text AS nothing FROM item LIMIT %d\n" % SOME,
    "slow": "-- title: Takes its time for every row\n-- shared\nSELECT id, pg_sleep(0.05)::text AS nothing FROM item\n",
}


class Replica(PersistentCase):
    """A pair of servers for all tests here; of a standby that waits for no query."""

    kit_types = TYPES
    settings = {"EXPORT_RETRY_BASE_MS": 100, "EXPORT_RETRY_CAP_MS": 500, "EXPORT_MAX_ATTEMPTS": 20}

    @classmethod
    def setUpClass(cls):
        cls.primary = Postgres("wal_level=replica", "autovacuum=off")
        cls.addClassCleanup(cls.primary.remove)
        cls.standby = Standby(cls.primary, "max_standby_streaming_delay=50ms", "hot_standby_feedback=off")
        cls.addClassCleanup(cls.standby.remove)

    def new_postgres(self):
        return self.primary

    def setUp(self):
        super().setUp()
        self.query("create table item as select id from generate_series(1, %d) as id" % MANY)
        self.standby.catch_up()
        self.source = self.standby.here(self.url)
        self.persistent["EXPORT_SOURCE_URL"] = self.source
        self.alice = self.caller(self.serve())

    def queries_of(self, job):
        return query(self.source, "select pid from pg_stat_activity where state = 'active'"
                                  " and application_name = 'exportq/job/%s'" % job.id)

    def interrupted(self, sql):
        """A long export that begins on the standby and is stopped by what this does on the primary. Gives what
        is seen of it up to its end."""
        watch = self.alice.WatchJob(id=self.alice.create("slow").id)
        job = next(watch).job
        first = wait_until(lambda: self.queries_of(job), "the query runs on the standby")
        self.query(sql)
        wait_until(lambda: self.query("vacuum item") == [] and first[0] not in self.queries_of(job),
                   "the standby stops the query")
        return [response.job for response in watch]

    def check_retried(self, seen):
        conflicts = [job for job in seen if job.state == pb.JOB_STATE_QUEUED and job.attempt == 1]
        self.assertTrue(conflicts, seen)
        self.assertEqual({("SOURCE_CONFLICT", True)}, {(job.error.code, job.error.retryable) for job in conflicts})
        self.assertIn("hot_standby_feedback", conflicts[0].error.message)
        last = seen[-1]
        self.assertEqual((pb.JOB_STATE_COMPLETED, FEW, ""), (last.state, last.file.rows, last.error.code), last)
        self.assertGreater(last.attempt, 1)

    def test_an_export_reads_the_standby(self):
        job = self.alice.create("where")
        self.assertEqual(["standby,id"] + ["true,%d" % id for id in range(1, MANY + 1)],
                         self.alice.file(job.id).decode().splitlines())

    def test_what_is_committed_on_the_primary_comes_once_the_standby_has_it(self):
        self.query("truncate item; insert into item values (7)")
        self.standby.catch_up()
        self.assertEqual(b"standby,id\ntrue,7\n", self.alice.file(self.alice.create("where").id))

    def test_a_query_whose_rows_are_vacuumed_away_runs_again(self):
        self.check_retried(self.interrupted("delete from item where id > %d" % FEW))

    def test_a_query_whose_table_is_replaced_runs_again(self):
        self.check_retried(self.interrupted(
            "begin; drop table item; create table item as select id from generate_series(1, %d) as id; commit" % FEW))

    def test_a_query_whose_table_is_gone_runs_again_and_says_so(self):
        seen = self.interrupted("begin; drop table item; create table item (other text); commit")
        last = seen[-1]
        self.assertEqual((pb.JOB_STATE_FAILED, "SOURCE_SCHEMA", False),
                         (last.state, last.error.code, last.error.retryable), last)
        self.assertGreater(last.attempt, 1)

    def test_a_standby_that_restarts_costs_an_attempt_and_no_more(self):
        watch = self.alice.WatchJob(id=self.alice.create("brief").id)
        job = next(watch).job
        wait_until(lambda: self.queries_of(job), "the query runs on the standby")
        self.standby.stop("immediate")
        self.standby.start()
        last = [response.job for response in watch][-1]
        self.assertEqual((pb.JOB_STATE_COMPLETED, SOME), (last.state, last.file.rows), last)
        self.assertGreater(last.attempt, 1)


if __name__ == "__main__":
    unittest.main()
