/** Address of a Redis server. */
export interface RedisNode {
  host: string;
  /** 1 to 65535. */
  port: number;
}

/**
 * Parses a list of addresses, `host:port,host:port`; an IPv6 address is in brackets. Spaces around an address and empty entries are ignored.
 *
 * @param problems receives one line for each address that cannot be parsed
 */
export function parseRedisNodes(value: string, problems: string[]): RedisNode[] {
  const nodes: RedisNode[] = [];
  for (const address of value.split(",").map((part) => part.trim())) {
    if (address === "") continue;
    const [, v6, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:@/\s[\]]+)):(\d{1,5})$/.exec(address) ?? [];
    const host = v6 ?? name;
    if (host && Number(port) >= 1 && Number(port) <= 65_535) nodes.push({ host, port: Number(port) });
    else problems.push(`REDIS_NODES: "${address}" must look like host:port; separate nodes by commas`);
  }
  return nodes;
}
