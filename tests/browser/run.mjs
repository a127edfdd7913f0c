// SPDX-License-Identifier: Apache-2.0
//
// Drives the page /exports in Debian's Chromium, against the exportqd in EXPORTQ_BIN.
//
//     node run.mjs                      all tests
//     node run.mjs keyboard restart     those with one of these in their name
//     node run.mjs --screenshots DIR    pictures of the page for the docs instead
//
// One line per test, details only of what failed. Other programs than /usr/bin/chromium: CHROMIUM.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const AT_ONCE = 3; // they wait more than they work
const here = dirname(fileURLToPath(import.meta.url));

function install() {
  const installed = join(here, "node_modules/.package-lock.json");
  const locked = join(here, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(locked).mtimeMs) return;
  const ran = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here, encoding: "utf8" });
  if (ran.status !== 0) skipAll(`npm ci did not work in tests/browser: ${ran.stderr?.trim().slice(-300)}`);
}

function skipAll(reason) {
  console.log(`skipped: ${reason}`);
  console.log("0 passed, 0 failed, 1 skipped");
  process.exit(0);
}

const chromium = process.env.CHROMIUM || "/usr/bin/chromium";
if (!existsSync(chromium)) skipAll("no Chromium here; tools/install clients gets one");
install();

const { Stage, Skip } = await import("./kit.mjs");
const stage = await Stage.open(chromium);
const counts = { passed: 0, failed: 0, skipped: 0 };

async function run(name, test) {
  const begin = Date.now();
  let result = "passed";
  let why;
  try {
    await stage.play(test);
  } catch (error) {
    why = error;
    result = error instanceof Skip ? "skipped" : "failed";
  }
  counts[result]++;
  console.log(`${((Date.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${result.padEnd(7)}  ${name}`);
  if (result === "skipped") console.log(`skipped: ${name}: ${why.message}`);
  if (result === "failed") console.log(`FAILED: ${name}\n${why.stack}`);
}

async function chosen(wanted) {
  const all = [];
  for (const file of ["access", "life", "away", "hostile"]) { // the long ones first
    const { tests } = await import(`./test_${file}.mjs`);
    for (const [name, test] of Object.entries(tests))
      if (!wanted.length || wanted.some(word => name.includes(word) || file === word)) all.push([name, test]);
  }
  return all;
}

const wanted = process.argv.slice(2);
if (wanted[0] === "--screenshots") {
  const { take } = await import("./screenshots.mjs");
  await run("screenshots", scene => take(scene, wanted[1] ?? "docs/screenshots"));
} else {
  const left = await chosen(wanted);
  const work = async () => { while (left.length) await run(...left.shift()); };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
await stage.close();
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed ? 1 : 0);
