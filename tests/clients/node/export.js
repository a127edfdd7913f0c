// SPDX-License-Identifier: Apache-2.0
//
// Asks for an export, watches it, and saves the file: node export.js ADDRESS TYPE FILE
"use strict";

const { createHash } = require("crypto");
const { writeFileSync } = require("fs");
const path = require("path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [address, type, file] = process.argv.slice(2);
const proto = process.env.PROTO || path.join(__dirname, "../../../proto");
const definition = loader.loadSync("exportqueue/v1/export.proto", {
  includeDirs: [proto], keepCase: true, enums: String, longs: Number, oneofs: true,
});
const { ExportService } = grpc.loadPackageDefinition(definition).exportqueue.v1;
const service = new ExportService(address, grpc.credentials.createInsecure());
const me = new grpc.Metadata();
me.set("x-exportq-user", "local"); // with EXPORT_AUTH: me.set("authorization", "Bearer " + token)

const call = (rpc, request) => new Promise((resolve, reject) => {
  const options = { deadline: Date.now() + 30_000 };
  service[rpc](request, me, options, (error, response) => (error ? reject(error) : resolve(response)));
});

async function main() {
  let { job } = await call("CreateJob", { type, format: "csv" });

  for await (const change of service.WatchJob({ id: job.id }, me)) {
    job = change.job; // the stream ends when the job has
    console.log(job.state, job.progress ? job.progress.rows_done : 0);
  }
  if (job.state !== "JOB_STATE_COMPLETED") throw new Error("no file: " + job.error.message);

  const { token } = await call("CreateDownloadToken", { id: job.id });
  const chunks = [];
  for await (const part of service.Download({ token }, me)) {
    if (part.part === "chunk") chunks.push(part.chunk); // the first part is the header
  }
  const bytes = Buffer.concat(chunks);
  if (createHash("sha256").update(bytes).digest("hex") !== job.file.sha256) throw new Error("the file is not whole");
  writeFileSync(file, bytes);
  service.close();
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
