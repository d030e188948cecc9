import { isIPv4 } from "node:net";
import { UserError } from "../../contract/user-error.ts";
import { runCommand } from "../../host/run-command.ts";
import { network } from "./network.ts";

/** A line of `ip -json route show`, as far as it matters here; see ip-route(8). */
export interface Route {
  dst: string;
  dev?: string;
  type?: string;
}

const ranges = [network.podRange, network.serviceRange] as const;

/**
 * The routes by which packets for the cluster's pods and Services would leave through somebody else's interface: the
 * kernel prefers the narrower route, and among equal ones the older.
 */
export function routesInTheWay(routes: readonly Route[]): Route[] {
  return routes.filter(
    ({ dst, dev, type }) =>
      dev !== network.bridge && type !== "unreachable" && ranges.some((range) => contains(range, dst)),
  );
}

function contains(range: string, destination: string): boolean {
  const [outer, inner] = [parseRange(range), parseRange(destination)];
  if (outer === undefined || inner === undefined || inner.prefix < outer.prefix) return false;
  const size = 2 ** (32 - outer.prefix);
  return Math.floor(inner.address / size) === Math.floor(outer.address / size);
}

function parseRange(text: string): { address: number; prefix: number } | undefined {
  const [address, prefix = "32"] = text.split("/");
  if (address === undefined || !isIPv4(address)) return undefined;
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return { address: number, prefix: Number(prefix) };
}

/**
 * Checks that no other network of this machine has addresses of the cluster's ranges.
 *
 * @throws {UserError} that names the route and its interface.
 */
export async function requireFreeRanges(): Promise<void> {
  const routes = JSON.parse(await runCommand("ip", ["-4", "-json", "route", "show"])) as Route[];
  const [taken] = routesInTheWay(routes);
  if (taken === undefined) return;
  const via = taken.dev ?? "no interface";
  throw new UserError(
    `The cluster's pods and Services have addresses of ${ranges.join(" and ")}; this machine already routes ${taken.dst} by ${via}`,
    `Remove that network if it is a remainder (ip link del ${via}), or stop what made it, such as another cluster; then run the command again.`,
  );
}
