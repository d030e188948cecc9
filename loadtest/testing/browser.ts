import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's own; `npm test` installs it when it is missing. */
const executablePath = "/usr/bin/chromium";

/** How a page is looked at. */
export interface View {
  width: number;
  height: number;
  colorScheme: "light" | "dark";
  /** Pixels of the screen for each CSS pixel. */
  scale?: number;
}

/** A page that is open, and what it did that a report must not do. */
export interface OpenPage {
  page: Page;
  /** Errors on the console and of scripts. */
  errors: string[];
  /** Addresses that the page asked for, its own included. */
  requests: string[];
}

/** A headless browser without a sandbox, which root has none of; it opens only files that this project wrote. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** Opens a file as a reader's browser does, and waits until its plots are drawn. */
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
  // uPlot draws in a microtask after it was made; two frames later all of it is on the canvas.
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  return { page, errors, requests };
}
