// SPDX-License-Identifier: Apache-2.0
//
// Reads files as programs that nobody here wrote do: sheets by exceljs, all else by DuckDB. What is
// wanted comes as JSON on stdin, what was read goes as JSON to stdout:
//
//     {"sheets": [PATH…], "queries": [SQL…]} → {"sheets": [ROWS…], "queries": [ROWS…]}
//
// The rows of a sheet are lists of its first sheet's values: null, a text, a number, a boolean,
// {"date": ISO}, and anything else, which is not expected, as {"other": …}. Those of a query are
// DuckDB's own JSON.
"use strict";

const { DuckDBInstance } = require("@duckdb/node-api");
const ExcelJS = require("exceljs");

function plain(value) {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return { date: value.toISOString() };
  return typeof value === "object" ? { other: value } : value;
}

async function readSheet(path) {
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.readFile(path);
  const sheet = workbook.worksheets[0];
  const rows = [];
  for (let number = 1; number <= sheet.rowCount; number++) {
    const row = sheet.getRow(number);
    const values = [];
    for (let column = 1; column <= sheet.columnCount; column++) values.push(plain(row.getCell(column).value));
    rows.push(values);
  }
  return rows;
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const asked = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  const connection = await (await DuckDBInstance.create()).connect();
  const read = { sheets: [], queries: [] };
  for (const path of asked.sheets) read.sheets.push(await readSheet(path));
  for (const sql of asked.queries) read.queries.push((await connection.runAndReadAll(sql)).getRowsJson());
  process.stdout.write(JSON.stringify(read));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
