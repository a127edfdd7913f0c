// SPDX-License-Identifier: Apache-2.0
//
// What the tests share: a browser for all, and for each a scene, which has servers, pages and files of
// its own, all gone afterwards. A page that logs a violation of its policy, or throws, fails its test.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium as browsers } from "playwright-core";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const BIN = process.env.EXPORTQ_BIN || join(ROOT, "build/debug/bin");
const PATIENCE_MS = 20000;

export class Skip extends Error {}

// Rows as many as asked for, an export that never ends, one that fails, and one with an input of each kind.
export const TYPES = {
  rows: `-- title: Rows in number
-- filter count integer: How many
-- shared
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT i AS id, 'row ' || i AS name, i * 0.5 AS half FROM n
`,
  endless: `-- title: Endless rows
-- shared
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n
`,
  torn: `-- title: Torn
-- column at timestamp: When
-- shared
SELECT 1 AS id, 'yesterday' AS at
`,
  notes: `-- title: Notes
-- column at timestamp: Written
-- column done boolean: Done
-- filter from date: Written on or after this day
-- filter mood enum(good, bad): Mood
-- filter tags text[]: Any of these tags
-- filter least number: At least this weight
-- filter done boolean: Done or not
-- filter before timestamp: Written before
-- filter word text: With this text
-- not default: secret
SELECT id, at, text, weight, done, mood, tag, 'hush' AS secret FROM notes
WHERE owner = :owner AND (:from IS NULL OR at >= :from) AND (:mood IS NULL OR mood = :mood)
  AND (:tags IS NULL OR tag IN (SELECT value FROM json_each(:tags)))
  AND (:least IS NULL OR weight >= :least) AND (:done IS NULL OR done = :done)
  AND (:before IS NULL OR at < :before) AND (:word IS NULL OR text = :word)
ORDER BY id
`,
};

const NOTES = `CREATE TABLE notes(id INTEGER PRIMARY KEY, owner TEXT, at TEXT, text TEXT, weight, done INTEGER, mood TEXT,
  tag TEXT);
INSERT INTO notes VALUES
  (1, 'alice', '2025-08-01 12:34:56.000', 'plain', 1.5, 1, 'good', 'a'),
  (2, 'alice', '2025-08-02 00:00:00.000', 'comma, "quote"', 0.25, 1, 'good', 'b'),
  (3, 'alice', '2025-08-03 23:59:59.999', 'Zürich – 東京', 2.5, 1, 'good', 'b'),
  (4, 'alice', '2025-08-04 01:02:03.000', 'late', 9.5, 1, 'good', 'a'),
  (5, 'bob', '2025-08-02 01:02:03.000', 'not hers', 2.0, 1, 'good', 'b');`;

// A port that a server may leave and come back to: below those that the kernel gives to whoever asks.
const given = new Set();
async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(() => true, () => false);
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

// An exportqd that may be ended and started again at the same address.
class Server {
  constructor(scene, settings, args) {
    Object.assign(this, { scene, settings, args, process: null, log: "" });
  }

  async start(settings = {}) {
    this.log = "";
    this.process = spawn(join(BIN, "exportqd"), this.args, {
      env: { PATH: process.env.PATH, ...this.settings, ...settings }, stdio: ["ignore", "ignore", "pipe"] });
    this.ended = once(this.process, "exit");
    await new Promise((resolve, reject) => {
      this.process.stderr.setEncoding("utf8").on("data", text => {
        this.log += text;
        if (/event\W+server\.http_listening/.test(this.log)) resolve();
      });
      this.process.once("exit", () => reject(new Error(`exportqd did not start:\n${this.log}`)));
    });
    return this;
  }

  async stop() {
    if (!this.process) return;
    this.process.kill("SIGTERM");
    const [status] = await this.ended;
    this.process = null;
    assert.equal(status, 0, `exportqd ended with ${status}:\n${this.log}`);
  }

  async kill() {
    this.process?.kill("SIGKILL");
    await this.ended;
    this.process = null;
  }

  // Asks beside the page, as alice.
  async ask(path, options = {}) {
    const response = await fetch(`${this.url}/api/exports/${path}`, { ...options,
      headers: { "X-Exportq-User": "alice", "Content-Type": "application/json", ...options.headers } });
    return (await response.json()).data;
  }
}

class Scene {
  constructor(browser) {
    Object.assign(this, { browser, home: mkdtempSync(join(tmpdir(), "exportq-browser-")), servers: [], contexts: [],
      cleanups: [], complaints: [] });
  }

  async serve({ types = TYPES, args = [], settings = {} } = {}) {
    const folder = join(this.home, `types-${this.servers.length}`);
    const database = join(this.home, "shop.sqlite");
    mkdirSync(folder);
    for (const [name, text] of Object.entries(types)) writeFileSync(join(folder, `${name}.sql`), text);
    if (!this.servers.length) execFileSync("sqlite3", [database, NOTES]);
    const port = await freePort();
    const source = args.includes("--demo") ? {} : { ENABLE_EXPORT_QUEUE: "1", EXPORT_SOURCE_URL: `sqlite:${database}`,
      EXPORT_TYPES_DIR: folder };
    const server = new Server(this, { EXPORT_LISTEN: "127.0.0.1:0", EXPORT_HTTP_LISTEN: `127.0.0.1:${port}`,
      EXPORT_STATE_DIR: join(this.home, `state-${this.servers.length}`), EXPORT_WORKERS: "2", ...source, ...settings }, args);
    server.url = `http://127.0.0.1:${port}`;
    this.servers.push(server);
    return server.start();
  }

  async page(options = {}) {
    const context = await this.browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin", reducedMotion: "reduce",
      viewport: { width: 1200, height: 900 }, ...options });
    this.contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("pageerror", error => this.complaints.push(`the page threw: ${error.stack}`));
    page.on("console", message => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.complaints.push(message.text());
    });
    return page;
  }

  // The page of a server, with somebody signed in.
  async signedIn(server, { name = "alice", ...options } = {}) {
    const page = await this.page(options);
    await page.goto(`${server.url}/exports`);
    await page.fill("#secret", name);
    await page.press("#secret", "Enter");
    await page.waitForSelector("#type option", { state: "attached" });
    return page;
  }

  async postgres() {
    const folder = join(this.home, "postgres");
    const script = join(ROOT, "tests/support/postgres");
    let url;
    try {
      url = execFileSync(script, ["start", folder], { encoding: "utf8" }).trim().split("\n").pop();
    } catch (error) {
      if (error.status === 77) throw new Skip(error.stdout.trim());
      throw error;
    }
    this.cleanups.push(() => execFileSync(script, ["remove", folder]));
    return url;
  }

  async close(isGood) {
    for (const context of this.contexts) await context.close();
    try {
      for (const server of this.servers) await (isGood ? server.stop() : server.kill());
    } finally {
      for (const server of this.servers) if (server.process) await server.kill();
      for (const cleanup of this.cleanups) cleanup();
      rmSync(this.home, { recursive: true, force: true });
    }
    if (isGood) assert.deepEqual(this.complaints, []);
  }
}

export class Stage {
  static async open(executablePath) {
    const stage = new Stage();
    // root has no sandbox, nor has a container; it only sees pages of ours
    stage.browser = await browsers.launch({ executablePath, args: ["--no-sandbox"] });
    return stage;
  }

  async play(test) {
    const scene = new Scene(this.browser);
    let isGood = false;
    try {
      await test(scene);
      isGood = true;
    } finally {
      await scene.close(isGood);
    }
  }

  close() {
    return this.browser.close();
  }
}

// ---- what one does and sees on the page ----

export const card = (page, title) => page.locator("#jobs > li").filter({ has: page.locator("h3", { hasText: title }) }).first();

export const until = (page, title, state) => card(page, title).locator(".state", { hasText: state }).waitFor();

export async function ask(page, type, fields = {}) {
  await page.selectOption("#type", type);
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  await page.click("#create");
}

export async function press(page, title, button) {
  await card(page, title).getByRole("button", { name: button }).click();
}

export async function saved(page, act) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  assert.equal(await download.failure(), null);
  return { name: download.suggestedFilename(), path: await download.path() };
}
