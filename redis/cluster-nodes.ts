/** A slot that is being moved, as CLUSTER NODES reports it of the node itself. */
export interface OpenSlot {
  slot: number;
  direction: "migrating" | "importing";
  /** Node that the slot goes to or comes from. */
  nodeId: string;
}

/** One line of CLUSTER NODES: what a node knows about another node, or about itself. */
export interface KnownNode {
  id: string;
  /** Empty when the node does not know its own address yet. */
  ip: string;
  port: number;
  busPort: number;
  isSelf: boolean;
  role: "primary" | "replica";
  /** Neither failed nor suspected to have failed, and past the first handshake. */
  isHealthy: boolean;
  inHandshake: boolean;
  /** ID of a replica's primary; undefined for a primary. */
  primaryId: string | undefined;
  configEpoch: number;
  /** Whether the connection to the node is up. Redis reports this from the first attempt to connect. */
  isLinked: boolean;
  /** Ranges of slots that the node owns: first and last slot. */
  slots: [number, number][];
  /** Slots that the node itself is moving; empty for other nodes. */
  open: OpenSlot[];
}

/**
 * Parses the reply to CLUSTER NODES. Redis' documentation of that command has the format.
 *
 * @throws {SyntaxError} when a line does not have that format.
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
  // ip:port@busPort[,hostname[,key=value]…]; an IPv6 address has colons of its own.
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
    isHealthy: !["fail", "fail?", "handshake", "noaddr"].some((flag) => flags.includes(flag)),
    inHandshake: flags.includes("handshake"),
    primaryId: primaryId === "-" ? undefined : primaryId,
    configEpoch: Number(epoch),
    isLinked: link === "connected",
    slots: slots.filter((range) => !range.startsWith("[")).map(parseRange),
    open: slots.filter((range) => range.startsWith("[")).map(parseOpenSlot),
  };
}

function parseRange(range: string): [number, number] {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
  if (first === undefined) throw new SyntaxError(`not a slot range: ${range}`);
  return [Number(first), Number(last ?? first)];
}

function parseOpenSlot(text: string): OpenSlot {
  const [, slot, arrow, nodeId] = /^\[(\d+)-([<>])-([^\]]+)\]$/.exec(text) ?? [];
  if (nodeId === undefined) throw new SyntaxError(`not an open slot: ${text}`);
  return { slot: Number(slot), direction: arrow === ">" ? "migrating" : "importing", nodeId };
}
