// SPDX-License-Identifier: Apache-2.0
//
// The server goes away and comes back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { TYPES, ask, press, saved, until } from "./kit.mjs";

const away = page => page.getByRole("heading", { name: "The server cannot be reached" });

// Saves waiting; it may have come back by itself by then.
const tryNow = page => page.evaluate(() => document.getElementById("away-now").click());

export const tests = {
  async "in memory mode a restart ends exports, and the page says so and goes on"(scene) {
    const server = await scene.serve();
    const page = await scene.signedIn(server);
    await ask(page, "endless");
    await until(page, "Endless rows", "Running");
    await page.selectOption("#type", "rows");
    await page.getByLabel("How many").fill("7");
    await server.kill();
    await away(page).waitFor();
    await page.click("#create");
    await page.getByText("Nothing is lost: press Export again").waitFor();
    await server.start();
    await tryNow(page);
    await page.locator("#notice").getByText("1 export is no longer there. This server keeps exports in memory").waitFor();
    await away(page).waitFor({ state: "hidden" });
    assert.equal(await page.getByLabel("How many").inputValue(), "7");
    await page.click("#create");
    await until(page, "Rows in number", "Ready");
    assert.equal((await server.ask("jobs")).length, 1);
  },

  async "with a database a restart in the middle of an export loses nothing"(scene) {
    const DATABASE_URL = await scene.postgres();
    const secret = { EXPORT_DOWNLOAD_SECRET: "k1:c2hvdyBtZSB0aGUgd2F5IHRvIHRoZSBuZXh0IHdoaXNreSBiYXI" };
    const server = await scene.serve({ settings: { DATABASE_URL, ENABLE_PERSIST_EXPORT: "1", EXPORT_WORKERS: "0", ...secret } });
    const page = await scene.signedIn(server);
    await ask(page, "rows", { "How many": "5" });
    await until(page, "Rows in number", "Waiting");
    await server.kill();
    await away(page).waitFor();
    await server.start({ EXPORT_WORKERS: "2" });
    await until(page, "Rows in number", "Ready");
    await away(page).waitFor({ state: "hidden" });
    const file = await saved(page, () => press(page, "Rows in number", "Download"));
    assert.equal(readFileSync(file.path, "utf8").trim().split("\n").length, 6);
    await ask(page, "endless");
    await until(page, "Endless rows", "Running");
    await press(page, "Endless rows", "Cancel");
    await until(page, "Endless rows", "Cancelled");
  },

  async "a type that the restarted server has beside the others appears, and what was typed stays"(scene) {
    const server = await scene.serve({ types: { rows: TYPES.rows } });
    const page = await scene.signedIn(server);
    assert.equal(await page.locator("#type option").count(), 1);
    await page.getByLabel("How many").fill("12");
    await server.stop();
    await away(page).waitFor();
    const { settings } = await scene.serve({ types: TYPES }); // for its folder
    await server.start({ EXPORT_TYPES_DIR: settings.EXPORT_TYPES_DIR });
    await tryNow(page);
    await page.waitForSelector("#type option:nth-child(4)", { state: "attached" });
    assert.equal(await page.getByLabel("How many").inputValue(), "12");
  },

  async "a request whose answer was lost is the same export when asked for again"(scene) {
    const server = await scene.serve();
    const page = await scene.signedIn(server);
    let isFirst = true;
    await page.route("**/api/exports/jobs", async route => {
      if (route.request().method() !== "POST" || !isFirst) return route.continue();
      isFirst = false;
      await route.fetch();
      await route.abort("connectionreset");
    });
    await ask(page, "rows", { "How many": "4" });
    await page.getByText("Nothing is lost: press Export again").waitFor();
    await page.click("#create");
    await until(page, "Rows in number", "Ready");
    assert.equal((await server.ask("jobs")).length, 1);
  },

  async "a page that opens before its server waits for it"(scene) {
    const server = await scene.serve();
    const page = await scene.page();
    await page.route("**/api/health", route => route.abort("connectionrefused"));
    await page.goto(`${server.url}/exports`);
    await away(page).waitFor();
    await page.unroute("**/api/health");
    await tryNow(page);
    await page.getByLabel("Your name").waitFor();
  },

  async "what no event told of is found at the next look, a minute later"(scene) {
    const server = await scene.serve();
    const make = count => server.ask("jobs", { method: "POST", body: JSON.stringify({ type: "rows", params: { count } }) });
    const page = await scene.page();
    let streams = 0;
    page.on("request", request => { streams += request.url().endsWith("/events"); });
    await page.clock.install();
    await page.goto(`${server.url}/exports`);
    await page.fill("#secret", "alice");
    await page.keyboard.press("Enter");
    await page.getByText("None yet").waitFor();
    await page.route("**/api/exports/jobs", route => route.fulfill({ json: { data: [], error: null, nextPageToken: "" } }));
    for (const count of [1, 2]) { // what is heard in between shows that the wire is there
      await make(count);
      await page.locator("#jobs > li[data-status=completed]").nth(count - 1).waitFor();
      await page.clock.fastForward(40000);
    }
    await page.getByText("None yet").waitFor();
    assert.equal(streams, 1);
  },

  async "a tab that nobody sees holds no connection, and catches up when it is seen"(scene) {
    const server = await scene.serve();
    const page = await scene.page();
    await page.clock.install();
    await page.goto(`${server.url}/exports`);
    await page.fill("#secret", "alice");
    await page.keyboard.press("Enter");
    const turn = hidden => page.evaluate(is => {
      Object.defineProperty(document, "hidden", { value: is, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await page.getByText("None yet").waitFor();
    const closed = page.waitForEvent("requestfailed", request => request.url().endsWith("/events"));
    await turn(true);
    await page.clock.fastForward(25000);
    await closed;
    await server.ask("jobs", { method: "POST", body: JSON.stringify({ type: "rows", format: "csv", params: { count: "2" } }) });
    assert.equal(await page.locator("#jobs > li").count(), 0);
    await turn(false);
    await until(page, "Rows in number", "Ready");
    assert.equal(await page.locator("#away").isVisible(), false);
  },
};
