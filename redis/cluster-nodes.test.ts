import assert from "node:assert/strict";
import { test } from "node:test";
import { parseClusterNodes } from "./cluster-nodes.ts";

const id = "07c37dfeb235213a872192d90877d0cd55635b91";
const primaryId = "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1";

interface Fields {
  address?: string;
  flags?: string;
  primary?: string;
  epoch?: string;
  link?: string;
  slots?: string;
}

function line(fields: Fields = {}): string {
  const { address = "10.42.0.7:6379@16379", flags = "master", primary = "-" } = fields;
  const { epoch = "1", link = "connected", slots = "" } = fields;
  return `${id} ${address} ${flags} ${primary} 0 1426238317239 ${epoch} ${link} ${slots}`.trimEnd();
}

function parse(fields: Fields = {}) {
  const [node] = parseClusterNodes(line(fields));
  assert.ok(node);
  return node;
}

test("parseClusterNodes reads a primary with its slots", () => {
  assert.deepEqual(
    parse({ address: "10.42.0.7:6379@16379,redis-0.redis,shard-id=69bc", epoch: "3", slots: "0-5460 5462" }),
    {
      id,
      ip: "10.42.0.7",
      port: 6379,
      busPort: 16_379,
      isSelf: false,
      role: "primary",
      isHealthy: true,
      inHandshake: false,
      primaryId: undefined,
      configEpoch: 3,
      isLinked: true,
      slots: [
        [0, 5460],
        [5462, 5462],
      ],
      open: [],
    },
  );
});

test("parseClusterNodes reads a replica with its primary", () => {
  const node = parse({ flags: "myself,slave", primary: primaryId });
  assert.deepEqual([node.role, node.primaryId, node.isSelf, node.slots], ["replica", primaryId, true, []]);
});

test("parseClusterNodes gives an empty address when the node does not know its own", () => {
  for (const address of [
    ":6379@16379",
    ":6379@16379,redis-0.redis",
    ":6379@16379,,tls-port=0,shard-id=69bc",
  ]) {
    const node = parse({ address, flags: "myself,master" });
    assert.deepEqual([node.ip, node.port, node.busPort], ["", 6379, 16_379]);
  }
});

test("parseClusterNodes keeps the colons of an IPv6 address", () => {
  assert.equal(parse({ address: "fd00::a:7:6379@16379" }).ip, "fd00::a:7");
});

test("parseClusterNodes reports a node as unhealthy when it failed, may have failed, has no address or is in its handshake", () => {
  for (const flags of ["master,fail?", "slave,fail", "master,noaddr", "handshake"])
    assert.equal(parse({ flags }).isHealthy, false, flags);
  for (const flags of ["master", "slave", "myself,slave,nofailover"])
    assert.equal(parse({ flags }).isHealthy, true, flags);
  assert.equal(parse({ flags: "handshake" }).inHandshake, true);
  assert.equal(parse({ flags: "master,fail" }).inHandshake, false);
});

test("parseClusterNodes reports a disconnected node as not linked", () => {
  assert.equal(parse({ link: "disconnected" }).isLinked, false);
});

test("parseClusterNodes reads slots that are being moved apart from those that the node owns", () => {
  const node = parse({ slots: `0-10 [11->-${primaryId}] [12-<-${primaryId}] 16383` });
  assert.deepEqual(node.slots, [
    [0, 10],
    [16_383, 16_383],
  ]);
  assert.deepEqual(node.open, [
    { slot: 11, direction: "migrating", nodeId: primaryId },
    { slot: 12, direction: "importing", nodeId: primaryId },
  ]);
});

test("parseClusterNodes accepts both line endings and skips empty lines", () => {
  assert.equal(parseClusterNodes(`${line()}\r\n${line()}\n\n`).length, 2);
  assert.deepEqual(parseClusterNodes(""), []);
});

test("parseClusterNodes refuses a line of another format", () => {
  const refused = [
    "OK",
    line({ address: "10.42.0.7:6379" }),
    line({ address: "10.42.0.7@16379" }),
    line({ epoch: "connected" }),
    line({ slots: "0-x" }),
    line({ slots: "-5" }),
  ];
  for (const text of refused) assert.throws(() => parseClusterNodes(text), SyntaxError, text);
});
