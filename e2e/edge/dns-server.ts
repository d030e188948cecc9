import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, isIPv6, type Server } from "node:net";

const typeA = 1;
const typeAaaa = 28;
const nameError = 3;
const failureCodes = { "a server failure": 2, "a refusal": 5 } as const;

/** Largest response over UDP to a client that announces no larger one. */
const udpBytes = 512;
const truncated = 0x0200;

/** A DNS server on the loopback address. It gives every name the same addresses, with a TTL of one second. */
export class DnsServer {
  /** The addresses of every name; none: the name does not exist. */
  addresses: readonly string[] = [];
  /** The addresses of a name, in lower case. */
  addressesOf = (_name: string): readonly string[] => this.addresses;
  /** Whether a name without addresses exists. */
  hasName = false;
  /** How queries fail. */
  failure: "silence" | keyof typeof failureCodes | undefined;
  /** Number of queries since the start. */
  queries = 0;
  /** Types of the queries since the start: 1 is A, 28 is AAAA. */
  readonly queried = new Set<number>();
  readonly #udp: Socket;
  readonly #tcp: Server;

  private constructor(tcp: Server, udp: Socket) {
    this.#tcp = tcp;
    this.#udp = udp;
    udp.on("message", (query, { port, address }) => {
      const response = this.#response(query);
      if (response.length > udpBytes) {
        const head = response.subarray(0, 12 + question(query).length);
        head.writeUInt16BE(head.readUInt16BE(2) | truncated, 2);
        head.writeUInt16BE(0, 6);
        udp.send(head, port, address);
      } else if (this.failure !== "silence") udp.send(response, port, address);
    });
    tcp.on("connection", (socket) => {
      socket.on("error", () => socket.destroy());
      socket.on("data", (data) => {
        const response = this.#response(data.subarray(2));
        const length = Buffer.alloc(2);
        length.writeUInt16BE(response.length);
        if (this.failure !== "silence") socket.write(Buffer.concat([length, response]));
      });
    });
  }

  static async start(address = "127.0.0.1"): Promise<DnsServer> {
    const tcp = createServer().listen(0, address);
    await once(tcp, "listening");
    const udp = createSocket(isIPv6(address) ? "udp6" : "udp4");
    udp.bind((tcp.address() as AddressInfo).port, address);
    await once(udp, "listening");
    return new DnsServer(tcp, udp);
  }

  get port(): number {
    return this.#udp.address().port;
  }

  stop(): void {
    this.#udp.close();
    this.#tcp.close();
  }

  #response(query: Buffer): Buffer {
    const asked = question(query);
    const type = asked.readUInt16BE(asked.length - 4);
    this.queried.add(type);
    this.queries += 1;
    const failure = this.failure === undefined || this.failure === "silence" ? 0 : failureCodes[this.failure];
    const addresses = failure === 0 ? this.addressesOf(nameOf(asked)) : [];
    const records = addresses.flatMap((address) => recordOf(address, type));
    const header = Buffer.alloc(12);
    header.writeUInt16BE(query.readUInt16BE(0), 0);
    header.writeUInt16BE(0x8180 | (failure || (addresses.length === 0 && !this.hasName ? nameError : 0)), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, asked, ...records]);
  }
}

/** Name, type and class of the first question. */
function question(query: Buffer): Buffer {
  return query.subarray(12, query.indexOf(0, 12) + 5);
}

/** The name of a question, as "a.b.c". */
function nameOf(question: Buffer): string {
  const labels: string[] = [];
  for (let at = 0, length = question[0] ?? 0; length > 0; at += length + 1, length = question[at] ?? 0)
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
  return labels.join(".").toLowerCase();
}

/** A record whose name is a pointer to the question; none for an address of the other family. */
function recordOf(address: string, type: number): Buffer[] {
  if (type !== (isIPv6(address) ? typeAaaa : typeA)) return [];
  const data = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split(".").map(Number));
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(1, 6);
  head.writeUInt16BE(data.length, 10);
  return [Buffer.concat([head, data])];
}

function ipv6Bytes(address: string): Buffer {
  const [left = "", right = ""] = address.split("::");
  const groups = (half: string): number[] =>
    half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(left), groups(right)];
  const middle = Array<number>(8 - before.length - after.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...before, ...middle, ...after].forEach((group, index) => {
    bytes.writeUInt16BE(group, index * 2);
  });
  return bytes;
}
