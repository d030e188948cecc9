import { Client } from "undici";
import type { RunSettings } from "../run-context.ts";
import { pathPrefix, toHttpRequest } from "./load-driver.ts";
import type { RequestOfKind } from "./planned-request.ts";
import { tlsOptions } from "./tls.ts";

const timeoutMs = 10_000;
const shownCharacters = 200;

/** Sends a request once. @returns why the response is not right; undefined when it is */
export async function tryRequest(
  { endpoint, tls }: Pick<RunSettings, "endpoint" | "tls">,
  request: RequestOfKind,
): Promise<string | undefined> {
  const client = new Client(new URL(endpoint).origin, {
    connect: { timeout: timeoutMs, ...tlsOptions(tls) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  try {
    const { statusCode, body } = await client.request(
      toHttpRequest({ ...request, id: "load-trial" }, pathPrefix(endpoint)),
    );
    const text = await body.text();
    const shown = text.slice(0, shownCharacters);
    const isExpected = request.statuses?.includes(statusCode) ?? (statusCode >= 200 && statusCode <= 299);
    if (!isExpected) return `HTTP ${statusCode} ${shown}`.trimEnd();
    return request.verify(text) ? undefined : `HTTP ${statusCode} with another body than expected: ${shown}`;
  } catch (error) {
    const { message, code = "failed" } = error as NodeJS.ErrnoException;
    return message || code;
  } finally {
    await client.destroy();
  }
}
