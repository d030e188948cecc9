/** One line of CLUSTER NODES: what one node knows of another, or of itself. */
export interface KnownNode {
  id: string;
  /** Empty: the node does not know its own address yet. */
  ip: string;
  port: number;
  busPort: number;
  isSelf: boolean;
  role: "primary" | "replica";
  /** Neither confirmed nor suspected to be away, and past the first handshake. */
  isWell: boolean;
  inHandshake: boolean;
  /** Id of the replica's primary. */
  primaryId: string | undefined;
  configEpoch: number;
  isLinked: boolean;
  /** First and last slot, both served. Slots on the move are left out. */
  slots: [number, number][];
}

/**
 * Reads the answer to CLUSTER NODES. The format is in Redis' documentation of that command.
 *
 * @throws SyntaxError when a line is of another form.
 */
export function parseClusterNodes(text: string): KnownNode[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(parseLine);
}

function parseLine(line: string): KnownNode {
  const [id = "", address = "", flagText = "", primaryId = "-", , , epoch = "", link = "", ...slots] = line
    .trim()
    .split(" ");
  // ip:port@busPort[,hostname[,key=value]…]; the address may hold colons of its own.
  const [, ip = "", port, busPort] = /^([^,@]*):(\d+)@(\d+)(?:,|$)/.exec(address) ?? [];
  if (port === undefined || !/^\d+$/.test(epoch))
    throw new SyntaxError(`not a line of CLUSTER NODES: ${line}`);
  const flags = flagText.split(",");
  return {
    id,
    ip,
    port: Number(port),
    busPort: Number(busPort),
    isSelf: flags.includes("myself"),
    role: flags.includes("slave") ? "replica" : "primary",
    isWell: !["fail", "fail?", "handshake", "noaddr"].some((flag) => flags.includes(flag)),
    inHandshake: flags.includes("handshake"),
    primaryId: primaryId === "-" ? undefined : primaryId,
    configEpoch: Number(epoch),
    isLinked: link === "connected",
    slots: slots.filter((range) => !range.startsWith("[")).map(parseRange),
  };
}

function parseRange(range: string): [number, number] {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
  if (first === undefined) throw new SyntaxError(`not a slot range: ${range}`);
  return [Number(first), Number(last ?? first)];
}
