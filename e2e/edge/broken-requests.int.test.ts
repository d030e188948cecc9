import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { BrokenRequest } from "./broken-request.ts";
import { brokenRequests, keptBytes } from "./broken-requests.ts";
import { type Exchange, exchange, type Response } from "./exchange.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { NodePod } from "./node-pod.ts";
import { podHeader, RecordingPod } from "./recording-pod.ts";

/** Connections on which nothing more comes are closed soon, which ends an exchange. */
const quick = (conf: string): string =>
  conf
    .replace("keepalive_timeout 65s", "keepalive_timeout 1s")
    .replaceAll(/(client_(?:header|body)_timeout) \w+/g, "$1 5s");

const identified = (text: string, id: string): string => text.replaceAll("=ID=", id);

for (const [reader, start] of [
  ["a parser that takes nothing with two meanings", () => RecordingPod.start()],
  ["the parser of Node.js", () => NodePod.start()],
] as const)
  describe(`in front of ${reader}`, () => {
    let pod: RecordingPod | NodePod;
    let gateway: Gateway;
    before(async () => {
      pod = await start();
      gateway = await Gateway.start(gatewaySettings(pod.port), ["127.0.0.1"], quick);
      await gateway.until("GET /healthz/started HTTP/1.1", ({ status }) => status === 200);
    });
    after(async () => {
      await gateway?.stop();
      pod?.stop();
    });

    test("a pod receives exactly the requests that the gateway has accepted, and errors have one form", async (context) => {
      await Promise.all(
        brokenRequests.map(async (request, index) => {
          const id = `c${String(index).padStart(3, "0")}`;
          const result = await exchange(gateway.port, [identified(request.bytes, id)]);
          await context.test(request.what, () => {
            assertOutcome(request, id, result);
          });
        }),
      );
      assert.deepEqual(pod.faults, []);
    });

    test("bytes that separate nothing reach the pod, which may refuse them", async () => {
      for (const [index, request] of keptBytes.entries()) {
        const id = `k${String(index).padStart(3, "0")}`;
        const { responses } = await exchange(gateway.port, [identified(request.bytes, id)]);
        if (responses[0]?.headers.get(podHeader.toLowerCase()) === "refused")
          assert.deepEqual(received(id), []);
        else
          assert.deepEqual(
            received(id),
            request.responses.map((text) => identified(String(text), id)),
          );
      }
    });

    test("HTTP/0.9 reaches no pod", async () => {
      for (const line of ["GET /api/v09x/a\r\n", "GET http://edge.test/api/v09x/a\r\n\r\n"]) {
        const { rest, isClosed } = await exchange(gateway.port, [line]);
        assert.equal(JSON.parse(rest).error, "Bad Request");
        assert.ok(isClosed);
      }
      assert.deepEqual(received("v09x"), []);
    });

    test("the connections to the pod still give each request its own response", async () => {
      for (let index = 0; index < 20; index++) {
        const { body } = await gateway.request(`GET /api/good/${index} HTTP/1.1`);
        assert.match(body, new RegExp(`GET /good/${index}\\b`));
      }
      assert.doesNotMatch(gateway.log, /\[(alert|crit|emerg)\]/);
    });

    function received(id: string): string[] {
      return pod.requests
        .filter(({ target }) => target.includes(id))
        .map(({ method, target, body }) => `${method} ${target} ${body}`);
    }

    function assertOutcome(
      { responses }: BrokenRequest,
      id: string,
      { isClosed, ...result }: Exchange,
    ): void {
      const expected = responses.map((each) => (typeof each === "string" ? identified(each, id) : each));
      assert.deepEqual(
        result.responses.map((response) => summary(response)),
        expected.map((each) => (typeof each === "string" ? (/^\S+ \S+/.exec(each)?.[0] ?? "") : each)),
      );
      assert.deepEqual(
        received(id),
        expected.filter((each) => typeof each === "string"),
      );
      assert.equal(result.rest, "");
      assert.ok(isClosed, "the gateway has not closed the connection");
    }
  });

/** The request that a pod has echoed, or the status of an error in the gateway's own form. */
function summary({ status, headers, body }: Response): string | number {
  if (headers.get(podHeader.toLowerCase()) === "1") return body;
  const { error, message, requestId, ...more } = JSON.parse(body);
  assert.ok(error && message && requestId, body);
  assert.deepEqual(more, {});
  assert.equal(headers.get("content-type"), "application/json; charset=utf-8");
  assert.equal(headers.get("x-request-id"), requestId);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  return status;
}
