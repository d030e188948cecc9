import assert from "node:assert/strict";
import { test } from "node:test";
import { parseClusterNodes } from "./cluster-nodes.ts";
import { planFailovers, type Witness } from "./plan-failover.ts";

/** Primaries a, b, c and their replicas d, e, f. */
const nodes = ["a", "b", "c", "d", "e", "f"];

/** What a node sees, with further flags of some nodes. */
function witness(name: string, flags: Record<string, string> = {}): Witness {
  const lines = nodes.map((id, index) => {
    const isPrimary = index < 3;
    const own = [...(id === name ? ["myself"] : []), isPrimary ? "master" : "slave"];
    const all = [...own, ...(flags[id] === undefined ? [] : [flags[id]])].join(",");
    const slots = isPrimary ? ` ${index * 100}-${index * 100 + 99}` : "";
    return `${id} 10.0.0.${index}:6379@16379 ${all} ${isPrimary ? "-" : nodes[index - 3]} 0 1 ${index} connected${slots}`;
  });
  return { name, known: parseClusterNodes(lines.join("\n")) };
}
const suspecting = (...names: string[]) => names.map((name) => witness(name, { a: "fail?" }));

test("planFailovers finds a silent primary that most primaries suspect, and its replicas", () => {
  const found = [{ goneId: "a", replicas: ["d"] }];
  assert.deepEqual(planFailovers([...suspecting("b", "c"), witness("d")]), found);
  assert.deepEqual(planFailovers(["b", "c", "d"].map((name) => witness(name, { a: "fail" }))), found);
});

test("planFailovers leaves a primary that replies, or that only one other suspects, as it is", () => {
  assert.deepEqual(planFailovers([witness("a"), ...suspecting("b", "c", "d")]), []);
  assert.deepEqual(planFailovers([...suspecting("b"), witness("c"), witness("d")]), []);
  // Replicas have no vote.
  assert.deepEqual(planFailovers([...suspecting("b", "d", "e", "f")]), []);
});

test("planFailovers finds nothing without a replica that replies, and nothing without a majority", () => {
  assert.deepEqual(planFailovers(suspecting("b", "c", "e")), []);
  assert.deepEqual(
    planFailovers(["c", "d", "e"].map((name) => witness(name, { a: "fail?", b: "fail?" }))),
    [],
  );
});

test("planFailovers leaves a node in its handshake alone", () => {
  assert.deepEqual(
    planFailovers([witness("b", { a: "handshake" }), witness("c", { a: "handshake" }), witness("d")]),
    [],
  );
});
