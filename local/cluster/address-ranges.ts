import { isIPv4 } from "node:net";
import { UserError } from "../../contract/user-error.ts";
import { runCommand } from "../../host/run-command.ts";
import { network } from "./network.ts";

/** The fields that this module needs of a route in `ip -json route show`; see ip-route(8). */
export interface Route {
  dst: string;
  dev?: string;
  type?: string;
}

const ranges = [network.podRange, network.serviceRange] as const;

/**
 * Returns the routes that would send packets for the cluster's pods and Services to another interface. The kernel
 * prefers the narrower of two routes, and the older of two routes for the same range.
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
 * Checks that no other network of this machine uses addresses of the cluster's ranges.
 *
 * @throws {UserError} that names the route and its interface.
 */
export async function requireFreeRanges(): Promise<void> {
  const routes = JSON.parse(await runCommand("ip", ["-4", "-json", "route", "show"])) as Route[];
  const [taken] = routesInTheWay(routes);
  if (taken === undefined) return;
  const via = taken.dev ?? "no interface";
  throw new UserError(
    `the cluster's pods and Services need the addresses ${ranges.join(" and ")}, but this machine routes ${taken.dst} to ${via}`,
    `remove that network if nothing uses it (ip link del ${via}), or stop the program that created it, such as another cluster; then run the command again`,
  );
}
