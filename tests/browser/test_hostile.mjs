// SPDX-License-Identifier: Apache-2.0
//
// Whatever a text says, it stays text: from type files of the server's own, from other clients, and in
// each field of an answer.
import assert from "node:assert/strict";
import { ask, card, until } from "./kit.mjs";

const CORPUS = [
  `<img data-evil src=x onerror="window.evil=1">`,
  `<script data-evil>window.evil=1</script>`,
  `"><svg data-evil onload=window.evil=1>`,
  `' onfocus='window.evil=1' autofocus data-evil='`,
  `</title></textarea></style></template><iframe data-evil srcdoc="<script>parent.evil=1</script>"></iframe>`,
  `<a data-evil href="javascript:window.evil=1">x</a>`,
  `javascript:window.evil=1`,
  `{{constructor.constructor('window.evil=1')()}} \${window.evil=1}`,
  `<math data-evil><mtext><table><mglyph><style><img data-evil src=x onerror=window.evil=1>`,
  `\u202e<b data-evil>gnp.exe</b>\u0000`,
];
const ALL = CORPUS.join(" ");
const flat = text => text.replace(/\s+/g, " ");

async function assertHarmless(page, texts) {
  await page.evaluate(() => { for (const box of document.querySelectorAll("details")) box.open = true; });
  const seen = await page.evaluate(() => ({
    evil: window.evil, made: document.querySelectorAll("[data-evil], iframe, a[href^='javascript' i]").length,
    scripts: document.scripts.length, text: document.body.textContent }));
  assert.equal(seen.evil, undefined);
  assert.equal(seen.made, 0);
  assert.equal(seen.scripts, 1);
  for (const text of texts) assert.ok(flat(seen.text).includes(flat(text)), `it does not show ${text}`);
}

export const tests = {
  async "markup in type files, filters, references and errors stays text"(scene) {
    const inSql = CORPUS.filter(text => !text.includes("\u0000")); // no type file holds that
    const types = Object.fromEntries(inSql.map((text, i) => [`evil${i}`, `-- title: ${text}
-- filter word text: ${text}
-- filter kind enum(${text.replace(/[(),]/g, "")}, good): Kind ${text}
-- shared
SELECT 1 AS one, 2 AS "${text.replaceAll('"', '""')}" WHERE :word IS NOT NULL AND :kind IS NULL
`]));
    types.torn = `-- title: ${CORPUS[0]}
-- column ${"at"} timestamp: ${CORPUS[0]}
-- shared
SELECT '${CORPUS[0]}' AS at
`;
    const server = await scene.serve({ types, settings: { EXPORT_MAX_ACTIVE_PER_USER: "100" } });
    const page = await scene.signedIn(server, { name: CORPUS[0] });
    for (const [i, text] of inSql.entries()) {
      await page.selectOption("#type", `evil${i}`);
      await page.getByLabel(text, { exact: true }).first().fill(text);
      await assertHarmless(page, [text, `Kind ${text}`]);
      await page.fill("#request-id", text);
      await page.click("#create");
      await until(page, text, "Ready");
    }
    await ask(page, "torn");
    await page.locator(".job[data-status=failed]").waitFor();
    await assertHarmless(page, [...inSql, ...inSql.map(text => `word: ${text}`)]);
  },

  async "markup in each text of each answer stays text"(scene) {
    const server = await scene.serve();
    const page = await scene.page();
    const jobs = ["queued", "running", "completed", "failed", "expired", ALL].map((status, i) => ({
      id: `${i}${ALL}`, type: ALL, format: ALL, status, createdAt: 1e12 + i, startedAt: 1e12 + i, completedAt: 1e12 + 9,
      nextAttemptAt: 2e12, expiresAt: 2e12, error: { code: ALL, message: `why ${i} ${ALL}`, retryable: true },
      filename: `file ${ALL}`, requestId: `reference ${ALL}`, owner: ALL, attempt: 2, maxAttempts: ALL, rows: 5, size: 9,
      sha256: `sum ${ALL}`, params: { [ALL]: [ALL, ALL] }, warnings: i % 2 ? [ALL, { message: ALL }] : { [ALL]: 3 },
      progress: { phase: ALL, rowsDone: 1, rowsTotal: 10, rowsTotalKind: ALL, bytesWritten: 5 } }));
    const type = { name: ALL, title: ALL, formats: [ALL], columns: [{ name: ALL, title: ALL, type: ALL, isDefault: true }],
      filters: ["text", "integer", "date", "timestamp", "boolean", "enum", ALL].map((kind, i) => ({ name: `${i}${ALL}`, type: kind,
        description: `${kind} ${ALL}`, isList: i === 6, choices: kind === "enum" ? [ALL] : [] })) };
    const answers = { "/api/health": { auth: ["none", ALL], mode: ALL, status: ALL, version: ALL, uptime: 5 },
      "/api/exports/types": [type], "/api/exports/jobs": jobs };
    await page.route("**/api/**", route => {
      const { pathname } = new URL(route.request().url());
      if (route.request().method() === "GET" && answers[pathname])
        return route.fulfill({ json: { data: answers[pathname], error: null } });
      if (pathname === "/api/exports/events")
        return route.fulfill({ status: 200, headers: { "content-type": "text/event-stream" },
          body: jobs.map(job => `event: job\nid: ${ALL.replaceAll("\u0000", "")}\ndata: ${JSON.stringify(job)}\n\n`).join("") +
            `event: error\ndata: ${JSON.stringify({ code: ALL, message: `ended ${ALL}` })}\n\n` });
      return route.fulfill({ status: 400, json: { error: { code: ALL, message: `refused ${ALL}`, field: ALL } } });
    });
    await page.goto(`${server.url}/exports`);
    await page.fill("#secret", "alice");
    await page.press("#secret", "Enter");
    await page.locator(".job[data-status=failed]").waitFor();
    await page.locator("#away").waitFor();
    await page.click("#create");
    await page.locator("#new-problem").waitFor();
    await card(page, ALL).locator("xpath=../li[@data-status='completed']").getByRole("button", { name: "Download" }).click();
    await page.locator(".job[data-status=completed] .trouble").waitFor();
    await assertHarmless(page, [`ended ${ALL}`, `refused ${ALL}`, `why 3 ${ALL}`, `sum ${ALL}`, `file ${ALL}`,
      `reference ${ALL}`, `timestamp ${ALL}`, `${ALL} · keeps`]);
  },
};
