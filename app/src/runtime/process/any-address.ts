import { networkInterfaces } from "node:os";

/**
 * Address to listen on for all networks: `::`, which takes IPv4 too, or `0.0.0.0` where the kernel has no IPv6.
 *
 * @param interfaces as `networkInterfaces` returns them
 */
export function anyAddress(interfaces = networkInterfaces()): "::" | "0.0.0.0" {
  const hasIpv6 = Object.values(interfaces).some((addresses) =>
    addresses?.some(({ family }) => family === "IPv6"),
  );
  return hasIpv6 ? "::" : "0.0.0.0";
}
