import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's package; `npm test` installs it when it is missing. */
const executablePath = "/usr/bin/chromium";

/** The screen of a browser. */
export interface View {
  width: number;
  height: number;
  colorScheme: "light" | "dark";
  /** Screen pixels per CSS pixel. */
  scale?: number;
}

/** An open page, with its errors and requests. */
export interface OpenPage {
  page: Page;
  /** Errors on the console and of scripts. */
  errors: string[];
  /** Requested addresses, the page's own included. */
  requests: string[];
}

/** A headless browser. It has no sandbox, because root cannot use one, and opens only pages of this project. */
export function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox", ...flags] });
}

/** Opens a report and waits until its plots are drawn. */
export async function openReport(browser: Browser, file: string, view: View): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: view.width, height: view.height },
    colorScheme: view.colorScheme,
    deviceScaleFactor: view.scale ?? 1,
  });
  await context.addInitScript({ path: join(import.meta.dirname, "page-probes.js") });
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
  // uPlot draws in a microtask after its creation. Two frames later, the canvas is complete.
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  return { page, errors, requests };
}
