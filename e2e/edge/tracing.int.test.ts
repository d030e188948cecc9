import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start();
  gateway = await Gateway.start(gatewaySettings(pod.port, { accessLog: true }));
  await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

const light = "GET /api/light HTTP/1.1";
const begun = /^00-(?!0{32})[0-9a-f]{32}-0{15}1-00$/;
const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";

for (const valid of [
  `00-${trace}-${span}-01`,
  `00-${trace}-${span}-00`,
  `00-${trace}-${span}-ff`,
  `cc-${trace}-${span}-01`,
  `cc-${trace}-${span}-01-more.fields`,
])
  test(`the gateway passes on the trace ${valid} with its state, and logs it`, async () => {
    const headers = [`traceparent: ${valid}`, "tracestate: vendor=1", `X-Request-ID: ${valid}`];
    const { body } = await gateway.request(light, ...headers);
    const received = JSON.parse(body).headers;
    assert.deepEqual([received.traceparent, received.tracestate], [valid, "vendor=1"]);
    assert.equal((await gateway.logged(valid)).traceparent, valid);
  });

for (const [what, ...headers] of [
  ["no traceparent"],
  ["an empty one", "traceparent:"],
  ["the version ff", `traceparent: ff-${trace}-${span}-01`],
  ["version 00 with more fields", `traceparent: 00-${trace}-${span}-01-x`],
  ["a trace of zeros", `traceparent: 00-${"0".repeat(32)}-${span}-01`],
  ["a span of zeros", `traceparent: 00-${trace}-${"0".repeat(16)}-01`],
  ["upper case", `traceparent: 00-${trace.toUpperCase()}-${span}-01`],
  ["a short trace", `traceparent: 00-${trace.slice(1)}-${span}-01`],
  ["two of them", `traceparent: 00-${trace}-${span}-01`, `traceparent: 00-${trace}-${span}-01`],
  ["bytes above ASCII", `traceparent: cc-${trace}-${span}-01-\xe4`],
  ["a later version that is long", `traceparent: cc-${trace}-${span}-01-${"x".repeat(300)}`],
] as const)
  test(`the gateway begins a trace without a state when the client sends ${what}`, async () => {
    const received = async () =>
      JSON.parse((await gateway.request(light, ...headers, "tracestate: a=1")).body).headers;
    const [first, second] = [await received(), await received()];
    assert.match(first.traceparent, begun);
    assert.notEqual(first.traceparent, second.traceparent);
    assert.equal(first.tracestate, undefined);
  });

test("the gateway begins the given share of traces as sampled", async () => {
  const shares = new Map<number, number>();
  for (const traceSampling of [100, 50]) {
    const sampling = await Gateway.start(gatewaySettings(pod.port, { traceSampling }));
    try {
      await sampling.until(light, ({ status }) => status === 200);
      pod.received.length = 0;
      await Promise.all(
        Array.from({ length: 200 }, () => fetch(`http://127.0.0.1:${sampling.port}/api/light`)),
      );
      const sampled = pod.received.filter(({ headers }) => headers.traceparent?.endsWith("-01"));
      shares.set(traceSampling, sampled.length);
    } finally {
      await sampling.stop();
    }
  }
  assert.equal(shares.get(100), 200);
  // Outside of these bounds by chance once in 10^11 runs.
  assert.ok((shares.get(50) ?? 0) > 50 && (shares.get(50) ?? 0) < 150, `${shares.get(50)} of 200`);
});
