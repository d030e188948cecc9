import { Client } from "undici";
import { type ApiPrefix, atGateway } from "../../contract/api-prefix.ts";
import { UserError } from "../../contract/user-error.ts";
import { poll } from "../../host/poll.ts";
import { pathPrefix } from "./http-form.ts";
import { isCertificateError, type TlsSettings, tlsOptions } from "./tls.ts";

/** Consecutive responses that count as steady. */
const steadyCount = 5;
const intervalMs = 200;
const probeTimeoutMs = 3000;
const defaultBoundMs = 30_000;

/** How the endpoint answers. */
export interface FrontDoorOptions {
  tls?: TlsSettings | undefined;
  signal?: AbortSignal;
  /** Prefix of the API's paths. Default: `/api/`. */
  prefix?: ApiPrefix | undefined;
  /** Time after which the wait ends. */
  boundMs?: number;
}

/**
 * Waits until an endpoint responds several times in a row. Pods are ready before the gateway has their addresses, and a
 * run that begins then would measure that. Each probe has a connection of its own. A response with a status below 500 is
 * good: the gateway responds with 502, 503 or 504 when no pod can, and an API without the route responds with 404.
 *
 * @returns false when the endpoint responded at least once, but not steadily: then the load shows how often it fails
 * @throws {UserError} when there was no response below 500 within the bound, or the certificate is not accepted.
 */
export async function waitForFrontDoor(endpoint: string, options: FrontDoorOptions = {}): Promise<boolean> {
  const { tls, prefix, signal, boundMs = defaultBoundMs } = options;
  const path = `${pathPrefix(endpoint)}${atGateway("/light", prefix)}`;
  let inARow = 0;
  let everGood = false;
  let outcome = "";
  const steady = await poll({ intervalMs, timeoutMs: boundMs, ...(signal ? { signal } : {}) }, async () => {
    const problem = await probe(endpoint, path, tls);
    inARow = problem === undefined ? inARow + 1 : 0;
    everGood ||= problem === undefined;
    outcome = problem ?? "";
    return inARow === steadyCount;
  });
  if (steady) return true;
  if (everGood) return false;
  throw new UserError(
    `${endpoint} did not respond within ${boundMs / 1000} s: ${outcome}`,
    "look at the pods behind it",
  );
}

/** @returns why the response was not good */
async function probe(
  endpoint: string,
  path: string,
  tls: TlsSettings | undefined,
): Promise<string | undefined> {
  const client = new Client(new URL(endpoint).origin, {
    connect: { timeout: probeTimeoutMs, ...(tls ? tlsOptions(tls) : {}) },
    headersTimeout: probeTimeoutMs,
    bodyTimeout: probeTimeoutMs,
  });
  try {
    const { statusCode, body } = await client.request({ method: "GET", path, reset: true });
    const text = await body.text();
    return statusCode < 500 ? undefined : `HTTP ${statusCode} ${text.slice(0, 200)}`.trimEnd();
  } catch (error) {
    const { message, code = "" } = error as NodeJS.ErrnoException;
    if (!isCertificateError(code)) return message || code;
    throw new UserError(
      `the certificate of ${endpoint} is not accepted: ${message}`,
      "give the certificate of its authority with --ca FILE, or accept any certificate with --insecure",
      { cause: error },
    );
  } finally {
    await client.destroy();
  }
}
