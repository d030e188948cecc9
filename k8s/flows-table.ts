import type { NetworkSettings } from "../contract/network.ts";
import { type Flow, type FlowPort, stackFlows } from "./network-flows.ts";

const every: NetworkSettings = {
  policies: true,
  metricsNamespaces: ["any"],
  metricsNetworks: [],
  egress: [{ network: "0.0.0.0/0", ports: [], protocol: "TCP" }],
  dnsServers: [],
  hasTls: true,
  hasGatewayMetrics: true,
};

/** The table of docs/network.md: every flow that a stack can have. */
export function flowsTable(): string {
  const own = stackFlows(every);
  const outside = stackFlows({ ...every, outsideDatabasePort: 5432 }).filter(
    ({ to }) => to === "outside database",
  );
  const rows = new Map<string, Flow[]>();
  for (const flow of [...own, ...outside]) {
    const key = JSON.stringify([flow.to, flow.ports, flow.purpose]);
    rows.set(key, [...(rows.get(key) ?? []), flow]);
  }
  const lines = [...rows.values()].map((flows) => {
    const [{ to, ports, purpose } = { to: "", ports: [], purpose: "" }] = flows;
    const shown = to === "outside database" ? "of the URL" : portsOf(ports);
    return [flows.map(({ from }) => from).join(", "), to, shown, purpose];
  });
  return [["from", "to", "ports", "for"], ["---", "---", "---", "---"], ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function portsOf(ports: readonly FlowPort[]): string {
  if (ports.length === 0) return "as given";
  return ports.map(({ port, protocol }) => (protocol === "UDP" ? `${port}/UDP` : String(port))).join(", ");
}
