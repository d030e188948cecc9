import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseNodePort } from "./node-port.ts";

const own = { namespace: "breakwater-mine", service: "nginx", name: "http" };
const other = { port: 30_080, namespace: "breakwater-local", service: "nginx" };
const ownPort = (port: number) => ({ port, ...own });

test("chooseNodePort refuses a given port that another Service has, and names its owner and a free port", () => {
  for (const used of [[other], [ownPort(30_090), other]]) {
    const { problems } = chooseNodePort("nginx.nodePort", 30_080, 30_080, own, [
      ...used,
      { ...other, port: 30_081 },
    ]);
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.path, "nginx.nodePort");
    assert.match(problems[0]?.rule ?? "", /Service nginx in the namespace breakwater-local/);
    assert.match(problems[0]?.fix ?? "", /--path nginx\.nodePort 30082$/);
  }
});

test("chooseNodePort takes a given port that is free or the gateway's own", () => {
  for (const used of [[], [ownPort(30_080)], [{ ...other, port: 30_081 }]])
    assert.deepEqual(chooseNodePort("nginx.nodePort", 30_080, undefined, own, used), {
      port: 30_080,
      problems: [],
    });
});

test("chooseNodePort gives a new gateway the preferred port or the next free one", () => {
  assert.equal(chooseNodePort("nginx.nodePort", undefined, 30_080, own, []).port, 30_080);
  assert.equal(chooseNodePort("nginx.nodePort", undefined, 30_080, own, [other]).port, 30_081);
  assert.equal(chooseNodePort("nginx.nodePort", undefined, undefined, own, [other]).port, undefined);
});

test("chooseNodePort lets a gateway keep its port when stack config names none", () => {
  assert.equal(chooseNodePort("nginx.nodePort", undefined, 30_080, own, [ownPort(30_123)]).port, 30_123);
  assert.equal(
    chooseNodePort("nginx.nodePort", undefined, undefined, own, [ownPort(30_123)]).port,
    undefined,
  );
});

test("chooseNodePort keeps the ports of HTTP and HTTPS apart", () => {
  const used = [ownPort(30_123), { ...ownPort(30_456), name: "https" }];
  const https = { ...own, name: "https" };
  assert.equal(chooseNodePort("nginx.nodePort", undefined, 30_080, own, used).port, 30_123);
  assert.equal(chooseNodePort("nginx.tls.nodePort", undefined, 30_443, https, used).port, 30_456);
  assert.equal(
    chooseNodePort("nginx.tls.nodePort", undefined, 30_443, https, [ownPort(30_123)]).port,
    30_443,
  );
  const { problems } = chooseNodePort("nginx.tls.nodePort", 30_080, 30_443, https, [other]);
  assert.equal(problems[0]?.path, "nginx.tls.nodePort");
});

test("chooseNodePort names no port when none above the given one is free", () => {
  const { problems } = chooseNodePort("nginx.nodePort", 32_767, 30_080, own, [{ ...other, port: 32_767 }]);
  assert.match(problems[0]?.fix ?? "", /kubectl get services --all-namespaces/);
});
