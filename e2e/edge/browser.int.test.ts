import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { validate } from "../../config/validate.ts";
import { launchBrowser } from "../../loadtest/testing/browser.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { testFiles } from "./tls-folder.ts";

let pod: EchoPod;
let gateway: Gateway;
let browser: Browser;
let page: Page;

before(async () => {
  pod = await EchoPod.start();
  pod.handle = ({ url }, response) => {
    if (url === "/page") {
      response.writeHead(200, {
        "content-type": "text/html",
        "content-security-policy": "default-src 'self'",
      });
      return response.end("<!doctype html><title>Test</title>") !== undefined;
    }
    if (url !== "/events") return false;
    response.writeHead(200, { "content-type": "text/event-stream" });
    let sent = 0;
    const timer = setInterval(() => response.write(`data: ${++sent}\n\n`), 50);
    response.on("close", () => clearInterval(timer));
    return true;
  };
  const { nginx } = validate({ nginx: { tls: { secret: "edge" }, streamPaths: ["/api/events"] } });
  gateway = await Gateway.start(gatewaySettings(pod.port, nginx), ["127.0.0.1"]);
  const key = new X509Certificate(testFiles().certificate).publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(key).digest("base64");
  browser = await launchBrowser([`--ignore-certificate-errors-spki-list=${pin}`]);
  page = await browser.newPage();
  const address = `https://localhost:${gateway.tlsPort}/api/page`;
  for (let tries = 0; (await page.goto(address))?.status() !== 200; tries++) {
    assert.ok(tries < 300);
    await sleep(50);
  }
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  pod?.stop();
});

test("a browser speaks HTTP/2 with the gateway", async () => {
  const protocols = await page.evaluate(async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => fetch(`/api/users/${index}`)));
    for (const answer of answers) await answer.text();
    return performance
      .getEntriesByType("resource")
      .filter(({ name }) => name.includes("/users/"))
      .map((entry) => entry.toJSON())
      .map(({ responseStatus, nextHopProtocol }) => [responseStatus, nextHopProtocol]);
  });
  assert.deepEqual(protocols, Array(40).fill([200, "h2"]));
});

test("a browser's upload reaches the pod", async () => {
  const length = await page.evaluate(async () => {
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(300_000)]), "file.bin");
    const answer = await fetch("/api/upload", { method: "POST", body: form });
    return ((await answer.json()) as { length: number }).length;
  });
  assert.ok(length > 300_000);
});

test("server-sent events reach a browser one by one", async () => {
  const events = await page.evaluate(
    () =>
      new Promise<string[]>((done, fail) => {
        const seen: string[] = [];
        const source = new EventSource("/api/events");
        source.onerror = () => fail(new Error("the stream ended"));
        source.onmessage = ({ data }) => {
          if (seen.push(data as string) === 3) {
            source.close();
            done(seen);
          }
        };
      }),
  );
  assert.deepEqual(events, ["1", "2", "3"]);
});
