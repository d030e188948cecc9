import assert from "node:assert/strict";
import { test } from "node:test";
import { networkSettings } from "../config/network-settings.ts";
import { validate } from "../config/validate.ts";
import { stackFlows } from "./network-flows.ts";
import { policiesOf, policyName, policyOf } from "./network-policies.ts";

const settingsOf = (config: Record<string, unknown> = {}) => networkSettings(validate(config));
const elsewhere = { cluster: { kubeContext: "c" }, registry: { address: "r.example.org" } };

test("policies admit what the flows of a group draw, from both ends, and isolate their own direction only", () => {
  const flows = stackFlows(settingsOf());
  const { policyTypes, ingress, egress } = policyOf("database", "ingress", flows) as {
    policyTypes: string[];
    ingress: { from: object[] }[];
    egress?: object[];
  };
  assert.deepEqual([policyTypes, egress], [["Ingress"], undefined]);
  const ofDatabase = policiesOf(flows).filter(({ group }) => group === "database");
  assert.deepEqual(
    ofDatabase.map(({ direction }) => direction),
    ["ingress"],
  );
  const own = (spec: ReturnType<typeof policyOf>) => [Object.keys(spec).sort(), spec.policyTypes];
  for (const { group, direction } of policiesOf(flows))
    assert.deepEqual(own(policyOf(group, direction, flows)), [
      [direction, "podSelector", "policyTypes"].sort(),
      [direction === "ingress" ? "Ingress" : "Egress"],
    ]);
  const ports = [{ port: 5432, protocol: "TCP" }];
  const from = (name: string) => ({
    from: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } }],
    ports,
  });
  assert.deepEqual(ingress[0], from("api"));
  assert.ok(ingress.some((rule) => JSON.stringify(rule) === JSON.stringify(from("database-password"))));
  for (const rule of ingress) assert.equal(rule.from.length, 1);
  assert.deepEqual((policyOf("api", "egress", flows).egress as object[])[1], {
    to: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "database" } } }],
    ports,
  });
});

test("an outside database is reached on the port of its URL, and has no policy and no password Job", () => {
  const portOf = (url: string) => settingsOf({ ...elsewhere, database: { url } }).outsideDatabasePort;
  assert.equal(portOf("postgres://u:p@db.example.org/n"), 5432);
  assert.equal(portOf("postgresql://u:p%23@db.example.org:80/n?sslmode=require"), 80);
  assert.equal(portOf("postgres://u:p@[fd00::1]:6543/n?port=6000"), 6000);
  const flows = stackFlows(settingsOf({ ...elsewhere, database: { url: "postgres://u:p@h:6543/n" } }));
  assert.ok(!policiesOf(flows).some(({ group }) => group.startsWith("database")));
  const rule = (policyOf("api", "egress", flows).egress as { to?: object[]; ports: { port: number }[] }[])[1];
  assert.deepEqual([rule?.to, rule?.ports[0]?.port], [undefined, 6543]);
});

test("without a database there are no connections to one, and none of its Jobs", () => {
  const flows = stackFlows(
    settingsOf({ api: { contract: { live: "/live" } }, database: { enabled: false } }),
  );
  assert.ok(!flows.some(({ from, to }) => `${from} ${to}`.includes("database")));
  assert.ok(flows.some(({ from, to }) => from === "api" && to === "redis"));
});

test("metrics are for the namespaces and networks of stack config only, and single addresses get a prefix", () => {
  const readers = (config: object) =>
    stackFlows(settingsOf({ network: config })).filter(({ from }) => from === "metrics readers");
  assert.deepEqual(readers({}), []);
  const found = readers({ metricsNamespaces: ["monitoring"], metricsNetworks: ["192.0.2.7", "fd00::7"] });
  assert.deepEqual(
    found.map(({ to, ports }) => [to, ports[0]?.port]),
    [
      ["api", 9000],
      ["redis-controller", 8083],
    ],
  );
  assert.deepEqual(found[0]?.peers, [
    { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } },
    { ipBlock: { cidr: "192.0.2.7/32" } },
    { ipBlock: { cidr: "fd00::7/128" } },
  ]);
});

test("the API server is one address on the embedded cluster, and any address elsewhere unless stack config names it", () => {
  const peersOf = (config: Record<string, unknown>) =>
    stackFlows(settingsOf(config)).find(({ to }) => to === "API server")?.peers;
  assert.deepEqual(peersOf({}), [{ ipBlock: { cidr: "10.42.0.1/32" } }]);
  assert.equal(peersOf(elsewhere), undefined);
  const named = { ...elsewhere, network: { apiServers: ["198.51.100.0/24"] } };
  assert.deepEqual(peersOf(named), [{ ipBlock: { cidr: "198.51.100.0/24" } }]);
});

test("network.egress is for the API's pods and for those of compared images", () => {
  const egress = [{ network: "203.0.113.0/24", ports: [443, 8443] }];
  const found = stackFlows(settingsOf({ network: { egress } })).filter(({ to }) => to === "network.egress");
  assert.deepEqual(
    found.map(({ from, ports }) => [from, ports.map(({ port, protocol }) => `${port}/${protocol}`)]),
    [
      ["api", ["443/TCP", "8443/TCP"]],
      ["compared-image", ["443/TCP", "8443/TCP"]],
    ],
  );
});

test("DNS servers of the embedded cluster are admitted by their addresses, and those of another cluster by their ports", () => {
  const dnsOf = (config: Record<string, unknown>) =>
    stackFlows(settingsOf(config)).find(({ to }) => to === "DNS");
  assert.deepEqual(dnsOf({})?.peers?.at(-1), { ipBlock: { cidr: "10.42.0.1/32" } });
  const unknown = dnsOf(elsewhere);
  assert.equal(unknown?.peers, undefined);
  assert.deepEqual(new Set(unknown?.ports.map(({ port }) => port)), new Set([53, 5353]));
  const given = dnsOf({ ...elsewhere, network: { dnsServers: ["192.0.2.53"] } });
  assert.deepEqual(given?.peers?.at(-1), { ipBlock: { cidr: "192.0.2.53/32" } });
});

test("a policy that admits something else has another name, so that it comes before the former one goes", () => {
  const namesOf = (port: number) => {
    const source = { image: "r.example.org/shop:1" };
    const flows = stackFlows(settingsOf({ api: { source, contract: { live: "/alive", port } } }));
    return policiesOf(flows).map(({ group, direction }) =>
      policyName(group, direction, policyOf(group, direction, flows)),
    );
  };
  const before = namesOf(3000);
  assert.deepEqual(namesOf(3000), before);
  const changed = namesOf(4000).filter((name) => !before.includes(name));
  const groups = changed.map((name) => name.replace(/-[0-9a-f]{10}$/, ""));
  assert.deepEqual(groups.toSorted(), ["api-ingress", "compared-image-ingress", "nginx-egress"]);
});
