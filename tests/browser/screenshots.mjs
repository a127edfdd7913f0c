// SPDX-License-Identifier: Apache-2.0
//
// Pictures of the page with the demo journal, for the docs.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { ask, press, saved, until } from "./kit.mjs";

export async function take(scene, folder) {
  const to = name => ({ path: join(resolve(folder), name) });
  mkdirSync(resolve(folder), { recursive: true });
  const server = await scene.serve({ args: ["--demo"] });
  const page = await scene.signedIn(server);
  for (const type of ["trades", "tagPerformance", "dailyPnl", "trades", "goals"]) {
    await ask(page, type);
    await page.locator(".job").first().locator(".state", { hasText: "Ready" }).waitFor();
  }
  await page.selectOption("#type", "trades");
  await page.getByLabel("Entered at or after this time", { exact: true }).fill("2025-08-01");
  await page.getByLabel("In this state").selectOption("CLOSED");
  await page.click("#create");
  await page.locator(".job").first().getByText("CLOSED").first().waitFor();
  await page.locator(".job").first().locator(".state", { hasText: "Ready" }).waitFor();
  await page.click("#columns-box summary");
  await saved(page, () => press(page, "Trades", "Download"));
  await until(page, "Trades", "Downloaded");
  await page.screenshot(to("exports-light.png"));
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot(to("exports-dark.png"));
  const phone = await scene.signedIn(server, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await until(phone, "Trades", "Downloaded");
  await phone.evaluate(() => document.getElementById("list-title").scrollIntoView());
  await phone.screenshot(to("exports-phone.png"));
  await server.kill();
  await phone.locator("#away").waitFor();
  await phone.evaluate(() => scrollTo(0, 0));
  await phone.screenshot(to("exports-away.png"));
  await server.start();
}
