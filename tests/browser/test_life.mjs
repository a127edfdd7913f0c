// SPDX-License-Identifier: Apache-2.0
//
// The life of an export, as somebody at the page lives it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ask, card, press, saved, until } from "./kit.mjs";

export const tests = {
  async "an export is asked for with filters and columns, and its file holds just that"(scene) {
    const server = await scene.serve();
    const page = await scene.signedIn(server);
    await page.selectOption("#type", "notes");
    await page.getByLabel("Written on or after this day").fill("2025-08-02");
    await page.getByLabel("Mood", { exact: true }).selectOption("good");
    for (const tag of ["a", "b", "c, d"]) {
      await page.getByLabel("Any of these tags", { exact: true }).fill(tag);
      await page.keyboard.press("Enter");
    }
    await page.getByRole("button", { name: "Remove a" }).click();
    await page.getByLabel("At least this weight").fill("0.25");
    await page.getByLabel("Done or not", { exact: true }).selectOption("Yes");
    await page.getByLabel("Written before", { exact: true }).fill("2025-08-04");
    await page.getByLabel("Time of day: Written before").fill("02:00"); // in Berlin: midnight in UTC
    await page.click("#columns-box summary");
    await page.click("#columns-none");
    await page.getByLabel("text", { exact: true }).check();
    await page.getByLabel("id", { exact: true }).check();
    await page.getByLabel("secret", { exact: true }).check();
    await page.getByRole("button", { name: "Move text up" }).click();
    await page.getByRole("button", { name: "Move text up" }).click();
    await page.click("#create");
    await page.locator("#done").getByText("Asked for: Notes.").waitFor();
    await until(page, "Notes", "Ready");
    assert.match(await card(page, "Notes").locator(".asked").textContent(),
      /^Written on or after this day: 2025-08-02 · .*Mood: good · .*Any of these tags: b, c, d · .*Columns: text, id, secret/);
    const file = await saved(page, () => press(page, "Notes", "Download"));
    assert.match(file.name, /^notes-.*\.csv$/);
    const text = readFileSync(file.path, "utf8").replaceAll("\r\n", "\n");
    assert.equal(text.replace("\uFEFF", ""), 'text,id,secret\n"comma, ""quote""",2,hush\nZürich – 東京,3,hush\n');
    const [job] = await server.ask("jobs");
    assert.deepEqual(job.params, { from: "2025-08-02", mood: "good", tags: ["b", "c, d"], least: "0.25", done: "true",
      before: "2025-08-04T00:00:00.000Z", selectedColumns: ["text", "id", "secret"] });
    assert.equal(createHash("sha256").update(readFileSync(file.path)).digest("hex"), job.sha256);
    await page.locator("#speed svg").first().waitFor();
  },

  async "a file is handed over once, and the page says how to get it again"(scene) {
    const page = await scene.signedIn(await scene.serve());
    await ask(page, "rows", { "How many": "3" });
    await until(page, "Rows in number", "Ready");
    await page.route(/jobs\/[0-9a-f-]+$/, route => route.abort()); // it does not learn of it by itself
    await saved(page, () => press(page, "Rows in number", "Download"));
    await press(page, "Rows in number", "Download");
    await card(page, "Rows in number").getByText("Use again fills the form with it; then press Export.").waitFor();
    assert.equal(await card(page, "Rows in number").locator(".trouble").isVisible(), false);
    await page.reload();
    await card(page, "Rows in number").getByText("The file was downloaded").waitFor();
    assert.equal(await card(page, "Rows in number").getByRole("button", { name: "Download" }).count(), 0);
    await press(page, "Rows in number", "Use again");
    assert.equal(await page.getByLabel("How many").inputValue(), "3");
  },

  async "a card says soon after a download that its file is no longer to be had"(scene) {
    const page = await scene.signedIn(await scene.serve());
    await ask(page, "rows", { "How many": "3" });
    await until(page, "Rows in number", "Ready");
    await saved(page, () => press(page, "Rows in number", "Download"));
    await until(page, "Rows in number", "Downloaded");
    assert.equal(await card(page, "Rows in number").getByText(/works once/).count(), 0);
    assert.equal(await card(page, "Rows in number").getByRole("button", { name: "Download" }).count(), 0);
  },

  async "Use again asks for the very same file, whatever stands in the options"(scene) {
    const server = await scene.serve();
    const page = await scene.signedIn(server);
    const looks = { compression: "gzip", locale: "de-DE", timeZone: "Europe/Berlin", header: "titles" };
    for (const presentation of [looks, { delimiter: ";" }]) {
      const body = JSON.stringify({ type: "rows", format: "csv", params: { count: "2" }, presentation });
      await server.ask("jobs", { method: "POST", body });
      await page.locator("#jobs > li").first().getByText(Object.keys(presentation)[0], { exact: false }).waitFor({ state: "attached" });
    }
    const again = async index => {
      await page.locator("#jobs > li").nth(index).getByRole("button", { name: "Use again" }).click();
    };
    await page.locator("#jobs > li").nth(1).getByText("csv, gzip").waitFor();
    await again(1);
    await page.click("#create");
    await page.locator("#jobs > li").nth(2).waitFor();
    assert.deepEqual((await server.ask("jobs"))[0].presentation, looks);
    await page.locator("#create:enabled").waitFor();
    await again(1); // the one with a delimiter
    await page.locator("#notice").getByText("no input for: delimiter").waitFor();
    assert.deepEqual(await page.locator("#compression, #locale, #time-zone, #header").evaluateAll(all => all.map(each => each.value)),
      ["", "", "", ""]);
  },

  async "what runs shows its progress, is cancelled, tried again and deleted"(scene) {
    const server = await scene.serve();
    const page = await scene.signedIn(server);
    await ask(page, "endless");
    await card(page, "Endless rows").getByText(/Writing: [\d,]{5,} rows, /).waitFor();
    assert.ok(await card(page, "Endless rows").getByRole("progressbar").isVisible());
    await press(page, "Endless rows", "Cancel");
    await until(page, "Endless rows", "Cancelled");
    await press(page, "Endless rows", "Retry");
    await until(page, "Endless rows", "Running");
    await press(page, "Endless rows", "Cancel");
    await until(page, "Endless rows", "Cancelled");
    await press(page, "Endless rows", "Delete");
    await page.getByRole("button", { name: "Keep it" }).click();
    assert.equal(await page.locator("#jobs > li").count(), 1);
    await press(page, "Endless rows", "Delete");
    await page.locator("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("None yet").waitFor();
    assert.equal(await page.locator("#notice").isVisible(), false);
    assert.deepEqual(await server.ask("jobs"), []);
  },

  async "that there are too many exports is said until one of them ends"(scene) {
    const page = await scene.signedIn(await scene.serve({ settings: { EXPORT_MAX_ACTIVE_PER_USER: "1" } }));
    await ask(page, "endless");
    await until(page, "Endless rows", "Running");
    await page.locator("#create:enabled").waitFor();
    await page.click("#create");
    await page.locator("#new-problem").getByText("which is the limit; wait").waitFor();
    await press(page, "Endless rows", "Cancel");
    await page.locator("#new-problem").waitFor({ state: "hidden" });
  },

  async "an export that fails says why"(scene) {
    const page = await scene.signedIn(await scene.serve());
    await ask(page, "torn");
    await until(page, "Torn", "Failed");
    assert.match(await card(page, "Torn").locator(".trouble").textContent(), /row 1.*at|at.*row 1/);
    const buttons = await card(page, "Torn").locator("button:visible").evaluateAll(all => all.map(each => each.textContent));
    assert.deepEqual(buttons, ["Use again", "Retry", "Delete"]); // what failed by its data fails again
  },

  async "what the server refuses is said at the input that is meant"(scene) {
    const page = await scene.signedIn(await scene.serve());
    await page.selectOption("#type", "rows");
    await page.click("#options-box summary");
    await page.fill("#locale", "nowhere");
    await page.click("#options-box summary");
    await page.click("#create");
    await page.locator("#locale-problem").getByText("nowhere").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "locale");
    await page.fill("#locale", "de-DE");
    await page.getByLabel("How many").fill("1e3");
    await page.click("#create");
    await page.locator("#filter-0-problem").getByText('"1e3" is not a whole number', { exact: false }).waitFor();
    assert.doesNotMatch(await page.locator("#filter-0-problem").textContent(), /filter/);
    assert.equal(await page.getByLabel("How many").getAttribute("aria-invalid"), "true");
    await page.click("#columns-box summary");
    await page.click("#columns-none");
    await page.click("#create");
    await page.locator("#columns-problem").getByText("Choose one column at least").waitFor();
    await page.click("#columns-usual");
    await page.getByLabel("How many").fill("1");
    await page.fill("#limit", "0");
    await page.evaluate(() => { document.getElementById("new").noValidate = true; });
    await page.click("#create");
    await page.locator("#limit-problem").getByText("give 1 or more").waitFor();
    await page.fill("#limit", "");
    await page.evaluate(() => { document.getElementById("request-id").removeAttribute("maxLength"); });
    await page.fill("#request-id", "r".repeat(129));
    await page.click("#create");
    await page.locator("#request-id-problem").getByText("at most 128").waitFor();
  },

  async "an answer that is late does not undo what an event told"(scene) {
    const page = await scene.signedIn(await scene.serve());
    await page.route("**/api/exports/jobs", async route => {
      const response = await route.fetch();
      if (route.request().method() === "POST") await until(page, "Rows in number", "Ready");
      await route.fulfill({ response });
    });
    await ask(page, "rows", { "How many": "3" });
    await page.locator("#create:enabled").waitFor();
    await until(page, "Rows in number", "Ready");
  },

  async "what another client of the owner does appears by itself, and nothing of others"(scene) {
    const server = await scene.serve();
    const page = await scene.signedIn(server);
    await page.getByText("None yet").waitFor();
    const make = headers => server.ask("jobs", { method: "POST", headers,
      body: JSON.stringify({ type: "rows", format: "json", params: { count: "2" } }) });
    await make({ "X-Exportq-User": "bob" });
    await make({ "X-Request-Id": "hers" });
    await until(page, "Rows in number", "Ready");
    assert.equal(await page.locator("#jobs > li").count(), 1);
    await page.getByText("hers").waitFor({ state: "attached" });
    const [job] = await server.ask("jobs");
    await server.ask(`jobs/${job.id}`, { method: "DELETE" });
    await page.getByText("None yet").waitFor();
    await page.locator("#notice").getByText("Rows in number was deleted elsewhere").waitFor();
  },

  async "older exports come page by page"(scene) {
    const server = await scene.serve();
    for (const count of ["1", "2", "3", "4", "5"]) {
      const { id } = await server.ask("jobs", { method: "POST", body: JSON.stringify({ type: "rows", format: "csv",
        params: { count } }) });
      while ((await server.ask(`jobs/${id}`)).status !== "completed"); // an event tells of what is active
    }
    const page = await scene.page();
    await page.route(/\/api\/exports\/jobs(\?|$)/, route => {
      const url = new URL(route.request().url());
      url.searchParams.set("pageSize", "2");
      route.continue({ url: url.href });
    });
    await page.goto(`${server.url}/exports`);
    await page.locator("#secret").waitFor();
    assert.equal(await page.inputValue("#secret"), "local"); // whom the demo has rows of
    await page.fill("#secret", "alice");
    await page.keyboard.press("Enter");
    const rows = async () => (await page.locator(".job [data-part=facts]").allTextContents()).map(text => text.match(/(\d+) rows?/)[1]);
    await page.locator("#jobs > li:nth-child(2)").waitFor();
    assert.deepEqual(await rows(), ["5", "4"]);
    await page.click("#older");
    await page.locator("#jobs > li:nth-child(4)").waitFor();
    await page.click("#older");
    await page.locator("#jobs > li:nth-child(5)").waitFor();
    assert.deepEqual(await rows(), ["5", "4", "3", "2", "1"]);
    await page.locator("#older").waitFor({ state: "hidden" });
  },
};
