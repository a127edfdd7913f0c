// SPDX-License-Identifier: Apache-2.0
//
// By keyboard, with a screen reader, on a phone, in the dark, and who may see what.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ask, card, press, saved, until } from "./kit.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function assertAccessible(page, where) {
  if (!await page.evaluate(() => "axe" in window)) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  const grave = violations.filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `${where}: ${each.id}: ${each.nodes.map(node => node.html).join(" ")}`);
  assert.deepEqual(grave, []);
}

async function assertFits(page, where) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= room, `${where}: the page is ${wide} wide, the window ${room}`);
}

// Jobs in each state, all that opens open, a problem at an input, and the dialog at last.
async function visit(scene, options) {
  const server = await scene.serve();
  const page = await scene.page(options);
  await page.goto(`${server.url}/exports`);
  await page.getByLabel("Your name").waitFor();
  await assertAccessible(page, "signing in");
  await assertFits(page, "signing in");
  await page.fill("#secret", "alice");
  await page.press("#secret", "Enter");
  await page.waitForSelector("#type option", { state: "attached" });
  await ask(page, "torn");
  await ask(page, "rows", { "How many": "30" });
  await until(page, "Rows in number", "Ready");
  await saved(page, () => press(page, "Rows in number", "Download"));
  await ask(page, "endless");
  await until(page, "Endless rows", "Running");
  await press(page, "Endless rows", "Cancel");
  await until(page, "Endless rows", "Cancelled");
  await ask(page, "endless");
  await until(page, "Endless rows", "Running");
  await page.selectOption("#type", "notes");
  await page.getByLabel("Any of these tags", { exact: true }).fill("a".repeat(80));
  await page.keyboard.press("Enter");
  await page.evaluate(() => { for (const box of document.querySelectorAll("details")) box.open = true; });
  await page.fill("#time-zone", "Nowhere/At_All");
  await page.click("#create");
  await page.locator("#time-zone-problem").getByText("Nowhere").waitFor();
  await assertAccessible(page, "all open");
  await assertFits(page, "all open");
  await press(page, "Torn", "Delete");
  await assertAccessible(page, "the dialog");
  await page.keyboard.press("Escape");
  await server.kill();
  await page.locator("#away").waitFor();
  await assertAccessible(page, "away");
  await assertFits(page, "away");
}

export const tests = {
  "axe finds nothing serious in the light": scene => visit(scene, { colorScheme: "light" }),

  "axe finds nothing serious in the dark, on a phone, and nothing is wider than it": scene =>
    visit(scene, { colorScheme: "dark", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }),

  async "an export is asked for, fetched and deleted by keyboard alone"(scene) {
    const server = await scene.serve();
    const page = await scene.page();
    const keys = page.keyboard;
    const focused = () => page.evaluate(() => {
      const at = document.activeElement;
      return at.id || at.ariaLabel || at.textContent;
    });
    const tabTo = async what => {
      for (let i = 0; i < 60; i++) {
        if (what.test(await focused())) return;
        await keys.press("Tab");
      }
      assert.fail(`no Tab leads to ${what}`);
    };
    await page.goto(`${server.url}/exports`);
    await page.getByLabel("Your name").waitFor();
    await keys.type("alice");
    await keys.press("Enter");
    await page.waitForSelector("#type option", { state: "attached" });
    assert.equal(await focused(), "type");
    await keys.type("Rows");
    await tabTo(/^filter-0$/);
    await keys.type("3");
    await tabTo(/^Columns/);
    await keys.press("Enter");
    await tabTo(/^Move half up$/);
    await keys.press("Enter");
    await keys.press("Space");
    assert.equal(await focused(), "Move half up");
    await tabTo(/^create$/);
    await keys.press("Enter");
    await until(page, "Rows in number", "Ready");
    await tabTo(/^Download: Rows in number/);
    const file = await saved(page, () => keys.press("Enter"));
    assert.match(readFileSync(file.path, "utf8"), /^\uFEFF?half,id,name\r?\n0\.5,1,row 1\r?\n/);
    await tabTo(/^Delete: Rows in number/);
    await keys.press("Enter");
    assert.equal(await focused(), "confirm-no"); // what a hasty Enter does harms nothing
    await keys.press("Escape");
    assert.match(await focused(), /^Delete: Rows in number/);
    await page.locator("button:focus[aria-disabled=false]").waitFor();
    await keys.press("Enter");
    await tabTo(/^confirm-yes$/);
    await keys.press("Enter");
    await page.getByText("None yet").waitFor();
    assert.equal(await focused(), "list-title");
  },

  async "a screen reader is told what happens, and a button that goes leaves the focus near"(scene) {
    const page = await scene.signedIn(await scene.serve());
    const told = text => page.locator("#live").getByText(text).waitFor();
    await ask(page, "endless");
    await told("Asked for: Endless rows. It is in the list.");
    await until(page, "Endless rows", "Running");
    const cancel = card(page, "Endless rows").getByRole("button", { name: "Cancel" });
    await cancel.focus();
    await page.keyboard.press("Enter");
    await told("Endless rows: Cancelled");
    assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), "Endless rows, Cancelled");
  },

  async "a token opens the door, a wrong one is named, and none outlives the tab"(scene) {
    const page = await scene.page();
    const server = await scene.serve();
    let auth = "none";
    const token = "eq_of_the_test.secret";
    await page.route("**/api/**", async route => {
      const request = route.request();
      if (request.url().endsWith("/api/health")) {
        const health = await (await route.fetch()).json();
        health.data.auth = [auth];
        return route.fulfill({ json: health });
      }
      const headers = request.headers();
      if (auth === "none") return route.continue();
      if (headers.authorization !== `Bearer ${token}` || headers["x-exportq-user"])
        return route.fulfill({ status: 401, json: { error: { code: "UNAUTHENTICATED", message: "that key is unknown" } } });
      await route.continue({ headers: { ...headers, authorization: undefined, "x-exportq-user": "alice" } });
    });
    await page.goto(`${server.url}/exports`);
    await page.getByLabel("Your name").fill("alice");
    await page.keyboard.press("Enter");
    await page.getByText("None yet").waitFor();
    auth = "key"; // the server is another one now
    await page.click("#create");
    assert.equal(await page.getByLabel("Your token").getAttribute("type"), "password");
    await page.getByLabel("Your token").fill("wrong");
    await page.keyboard.press("Enter");
    await page.locator("#secret-problem").getByText("that key is unknown").waitFor();
    await page.getByLabel("Your token").fill(`Bearer ${token}`);
    await page.keyboard.press("Enter");
    await ask(page, "rows", { "How many": "2" });
    await until(page, "Rows in number", "Ready");
    await page.reload();
    await until(page, "Rows in number", "Ready");
    assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, ""]);
    await page.click("#sign-out");
    await page.getByLabel("Your token").waitFor();
    assert.equal(await page.locator("#jobs > li").count(), 0);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  },
};
