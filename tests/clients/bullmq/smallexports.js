// SPDX-License-Identifier: Apache-2.0
//
// What tools/bench small measures exportq beside: the same small exports, written as a Node team
// writes them. One process adds all jobs to a BullMQ queue and works them off; each job reads its
// rows from PostgreSQL and writes a csv file. Prints what it took as a JSON object.
//
//   node smallexports.js REDIS_PORT DATABASE_URL QUERY DIRECTORY JOBS AT_ONCE
"use strict";

const path = require("node:path");
const { Queue, Worker } = require("bullmq");
const { writeToPath } = require("fast-csv");
const { Pool } = require("pg");

const [redisPort, databaseUrl, query, directory, jobsText, atOnceText] = process.argv.slice(2);
const JOBS = Number(jobsText);
const AT_ONCE = Number(atOnceText);
const BATCH = 500;
const NAME = "exports";

function writeFile(file, rows) {
  return new Promise((resolve, reject) => {
    writeToPath(file, rows, { headers: true }).on("error", reject).on("finish", resolve);
  });
}

async function addJobs(queue) {
  for (let done = 0; done < JOBS; done += BATCH) {
    const count = Math.min(BATCH, JOBS - done);
    await queue.addBulk(Array.from({ length: count }, (_, i) => ({
      name: "csv",
      data: { owner: `owner-${done + i}`, number: done + i },
    })));
  }
}

async function main() {
  const connection = { host: "127.0.0.1", port: Number(redisPort), maxRetriesPerRequest: null };
  const pool = new Pool({ connectionString: databaseUrl, max: AT_ONCE });
  const queue = new Queue(NAME, { connection });
  await queue.waitUntilReady();

  let rowCount = 0;
  let completed = 0;
  let worker;
  const finished = new Promise((resolve, reject) => {
    worker = new Worker(NAME, async (job) => {
      const { rows } = await pool.query(query);
      await writeFile(path.join(directory, `export-${job.data.number}.csv`), rows);
      rowCount += rows.length;
      return { rows: rows.length };
    }, { connection, concurrency: AT_ONCE, autorun: false });
    worker.on("completed", () => { if (++completed === JOBS) resolve(); });
    worker.on("failed", (_, error) => reject(error));
    worker.on("error", reject);
  });
  await worker.waitUntilReady();

  const began = performance.now();
  await addJobs(queue);
  const added = performance.now();
  worker.run().catch(() => {}); // ends with close()
  await finished;
  const ended = performance.now();
  console.log(JSON.stringify({
    jobs: completed, rows: rowCount, add_s: (added - began) / 1e3, seconds: (ended - began) / 1e3,
  }));
  await worker.close();
  await queue.close();
  await pool.end();
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
