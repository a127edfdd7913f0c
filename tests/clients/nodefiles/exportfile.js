// SPDX-License-Identifier: Apache-2.0
//
// What tools/bench files measures exportq beside: one export, written as a Node team writes it.
// Rows are streamed out of PostgreSQL (pg-query-stream) through fast-csv, JSON.stringify or exceljs'
// streaming writer into a file. Prints what it took as a JSON object.
//
//   node exportfile.js csv|json|xlsx DATABASE_URL QUERY FILE
"use strict";

const fs = require("node:fs");
const { Transform } = require("node:stream");
const { pipeline } = require("node:stream/promises");
const { stream: excel } = require("exceljs");
const { format } = require("fast-csv");
const { Client, types } = require("pg");
const QueryStream = require("pg-query-stream");

const [kind, databaseUrl, query, file] = process.argv.slice(2);
const ROWS_AT_ONCE = 1000;
const CHUNK = 64 * 1024;
const { INT8, NUMERIC } = types.builtins;
const TIME_STYLE = { numFmt: "yyyy-mm-dd hh:mm:ss.000" };

// Times are Dates, as pg gives them, and RFC 3339 in the file, as exportq's are. Numbers stay the texts
// that pg gives, which is what is cheap; only in a spreadsheet they have to be numbers.
if (kind === "xlsx") {
  types.setTypeParser(INT8, Number);
  types.setTypeParser(NUMERIC, Number);
}

let count = 0;

function withTimesAsText(row) {
  count++;
  for (const key in row) if (row[key] instanceof Date) row[key] = row[key].toISOString();
  return row;
}

function toJsonArray() {
  let text = "[";
  let separator = "\n";
  return new Transform({
    writableObjectMode: true,
    transform(row, _, done) {
      count++;
      text += separator + JSON.stringify(row);
      separator = ",\n";
      const whole = text.length < CHUNK ? null : text;
      if (whole) text = "";
      done(null, whole);
    },
    flush(done) {
      done(null, text + "\n]\n");
    },
  });
}

async function writeXlsx(rows) {
  const workbook = new excel.xlsx.WorkbookWriter({ filename: file, useStyles: true, useSharedStrings: false });
  const sheet = workbook.addWorksheet("export");
  for await (const row of rows) {
    if (!sheet.columns) {
      sheet.columns = Object.entries(row).map(([key, value]) => (
        { header: key, key, style: value instanceof Date ? TIME_STYLE : {} }));
    }
    sheet.addRow(row).commit();
    count++;
  }
  sheet.commit();
  await workbook.commit();
}

const writers = {
  csv: (rows) => pipeline(rows, format({ headers: true, transform: withTimesAsText }), fs.createWriteStream(file)),
  json: (rows) => pipeline(rows, toJsonArray(), fs.createWriteStream(file)),
  xlsx: writeXlsx,
};

async function main() {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  const options = { batchSize: ROWS_AT_ONCE, highWaterMark: ROWS_AT_ONCE };
  await writers[kind](client.query(new QueryStream(query, [], options)));
  const seconds = (performance.now() - began) / 1e3;
  const cpu = process.cpuUsage(cpuBegan);
  console.log(JSON.stringify({
    rows: count, seconds, cpu_s: (cpu.user + cpu.system) / 1e6, memory: process.resourceUsage().maxRSS * 1024,
  }));
  await client.end();
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
