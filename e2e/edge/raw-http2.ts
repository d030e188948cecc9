import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";

/** Types of frames. */
export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, continuation: 9 } as const;
/** Flags of a frame with headers. */
export const endStream = 1;
export const endHeaders = 4;
/** Number of the setting for the window of each new stream. */
export const windowSetting = 4;

/** A frame of HTTP/2 (RFC 9113). */
export function frame(
  type: keyof typeof frameTypes,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = frameTypes[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A number as HPACK has it (RFC 7541), after the bits of `first`. */
function integer(value: number, bits: number, first: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([first | value]);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function string(text: string): Buffer {
  return Buffer.concat([integer(text.length, 7, 0), Buffer.from(text, "latin1")]);
}

/** A header; an indexed one comes into the table, as number 62. */
export function header(name: string, value: string, isIndexed = false): Buffer {
  return Buffer.concat([Buffer.from([isIndexed ? 0x40 : 0]), string(name), string(value)]);
}

/** The headers of a request. */
export function requestHeaders(method: "GET" | "POST", path: string): Buffer {
  const fixed = Buffer.from([method === "GET" ? 0x82 : 0x83, 0x87, 0x04]);
  return Buffer.concat([fixed, string(path), Buffer.from([0x01]), string("edge.test")]);
}

/** A connection of HTTP/2 that sends frames as they are. */
export class RawHttp2 {
  readonly #socket: TLSSocket;
  #received = Buffer.alloc(0);

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("error", () => socket.destroy());
  }

  /** @param reads whether the client reads what the server sends */
  static async open(port: number, { settings = Buffer.alloc(0), reads = true } = {}): Promise<RawHttp2> {
    const socket = connect({ port, host: "127.0.0.1", ALPNProtocols: ["h2"], rejectUnauthorized: false });
    const client = new RawHttp2(socket);
    await once(socket, "secureConnect");
    if (reads) client.read();
    else socket.pause();
    socket.write(
      Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame("settings", 0, 0, settings)]),
    );
    return client;
  }

  /** Reads what the server sends from now on. */
  read(): void {
    this.#socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    this.#socket.resume();
  }

  get isClosed(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  /** Number of frames with headers that came: one for each response. */
  get responses(): number {
    let count = 0;
    for (let at = 0; at + 9 <= this.#received.length; at += 9 + this.#received.readUIntBE(at, 3))
      if (this.#received[at + 3] === frameTypes.headers) count += 1;
    return count;
  }

  /** Sends bytes, and waits until the server takes more; a second at most, since a server that closes takes none. */
  async send(...frames: Buffer[]): Promise<void> {
    if (this.isClosed || this.#socket.write(Buffer.concat(frames))) return;
    const ended = ["drain", "close"].map((event) => once(this.#socket, event).catch(() => {}));
    await Promise.race([...ended, sleep(1000)]);
  }

  close(): void {
    this.#socket.destroy();
  }
}
