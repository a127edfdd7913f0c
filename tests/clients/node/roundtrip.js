// SPDX-License-Identifier: Apache-2.0
//
// The whole round from Node: create, watch, token, download, parse. What was seen is printed as one
// line of JSON.
//
//     node roundtrip.js ADDRESS TYPE ROWS
"use strict";

const crypto = require("crypto");
const path = require("path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const proto = path.join(__dirname, "../../../proto");
const definition = loader.loadSync("exportqueue/v1/export.proto", {
  includeDirs: [proto],
  keepCase: true,
  longs: Number,
  enums: String,
  oneofs: true,
});
const { ExportService } = grpc.loadPackageDefinition(definition).exportqueue.v1;

const [address, type, rows] = process.argv.slice(2);
const client = new ExportService(address, grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
metadata.set("x-exportq-user", "node");

function ask(rpc, request) {
  return new Promise((resolve, reject) => {
    const deadline = new Date(Date.now() + 60_000);
    client[rpc](request, metadata, { deadline }, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

async function watch(id) {
  const states = [];
  for await (const { job } of client.WatchJob({ id }, metadata)) {
    if (states[states.length - 1] !== job.state) states.push(job.state);
  }
  return states;
}

async function download(token) {
  const chunks = [];
  let file;
  for await (const response of client.Download({ token }, metadata)) {
    if (response.part === "header") file = response.header.file;
    else chunks.push(response.chunk);
  }
  return { file, bytes: Buffer.concat(chunks) };
}

async function refusal(rpc, request) {
  try {
    await ask(rpc, request);
  } catch (error) {
    return { code: grpc.status[error.code], details: error.details };
  }
  throw new Error(rpc + " was not refused");
}

async function main() {
  const types = (await ask("ListExportTypes", {})).types.map((each) => each.name);
  const filters = [{ name: "count", values: [rows] }];
  const { job } = await ask("CreateJob", { type, format: "json", filters });
  const states = await watch(job.id);
  const { token } = await ask("CreateDownloadToken", { id: job.id });
  const { file, bytes } = await download(token);
  const sha256 = crypto.createHash("sha256").update(bytes).digest("hex");
  const seen = {
    types,
    states,
    whole: bytes.length === file.size && sha256 === file.sha256,
    rows: JSON.parse(bytes.toString("utf8")),
    refused: await refusal("CreateJob", { type: "nothing" }),
    spent: await refusal("CreateDownloadToken", { id: job.id }),
  };
  console.log(JSON.stringify(seen));
  client.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
