import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A request as a pod read it. Bytes are characters from 0 to 255. */
export interface ReadRequest {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: string;
}

/** Header of every response of a pod, by which a client distinguishes it from one of the gateway. */
export const podHeader = "X-Pod";

/**
 * A pod that reads what arrives more strictly than any server, and keeps it. What has more than one meaning in HTTP/1.1, is
 * counted as a fault.
 */
export class RecordingPod {
  readonly requests: ReadRequest[] = [];
  readonly faults: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<RecordingPod> {
    const pod = new RecordingPod();
    pod.#server.listen(0, "127.0.0.1");
    await once(pod.#server, "listening");
    return pod;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    let rest = "";
    socket.on("data", (chunk) => {
      rest += chunk.toString("latin1");
      try {
        for (let found = readRequest(rest); found !== undefined; found = readRequest(rest)) {
          rest = rest.slice(found.length);
          this.requests.push(found.request);
          socket.write(responseTo(found.request), "latin1");
        }
      } catch (error) {
        this.faults.push(`${(error as Error).message} in ${JSON.stringify(rest.slice(0, 500))}`);
        socket.destroy();
      }
    });
  }
}

function responseTo({ method, target }: ReadRequest): string {
  const text = `${method} ${target}`;
  const head = `HTTP/1.1 200 OK\r\n${podHeader}: 1\r\nContent-Length: ${text.length}\r\n\r\n`;
  return method === "HEAD" ? head : head + text;
}

/**
 * Returns the first request of the bytes, and its length; undefined while a part of it is missing.
 *
 * @throws {Error} when two servers could read it differently.
 */
export function readRequest(bytes: string): { request: ReadRequest; length: number } | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = bytes.slice(0, end).split("\r\n");
  const [, method = "", target = ""] =
    /^([A-Z_-]+) (\/[^\p{Cc} #]*) HTTP\/1\.1$/u.exec(first) ?? fail("no request line");
  const headers = lines.map((line): [string, string] => {
    const [, name = "", value = ""] = /^([\w!#$%&'*+.^`|~-]+): (.*)$/s.exec(line) ?? fail("no header");
    if (/[\0\r\n]/.test(value)) fail("a header with two meanings");
    return [name.toLowerCase(), value];
  });
  const values = (name: string) => headers.filter(([each]) => each === name).map(([, value]) => value);
  if (values("host").length !== 1) fail("not one Host");
  const [length, ...lengths] = values("content-length");
  const [coding, ...codings] = values("transfer-encoding");
  if (lengths.length + codings.length > 0 || (length !== undefined && coding !== undefined))
    fail("more than one length");
  const start = end + 4;
  if (coding !== undefined) {
    if (coding !== "chunked") fail("an unknown coding");
    const chunked = readChunks(bytes.slice(start));
    if (chunked === undefined) return undefined;
    return { request: { method, target, headers, body: chunked.body }, length: start + chunked.length };
  }
  if (!/^\d{1,9}$/.test(length ?? "0")) fail("no length");
  const size = Number(length ?? 0);
  if (bytes.length < start + size) return undefined;
  const body = bytes.slice(start, start + size);
  return { request: { method, target, headers, body }, length: start + size };
}

function readChunks(bytes: string): { body: string; length: number } | undefined {
  let body = "";
  let at = 0;
  for (;;) {
    const [line, digits = ""] = /^([0-9a-f]{1,8})\r\n/.exec(bytes.slice(at)) ?? [];
    if (line === undefined) {
      if (/^[0-9a-f]{0,8}\r?$/.test(bytes.slice(at))) return undefined;
      fail("no size of a chunk");
    }
    const size = Number.parseInt(digits, 16);
    const start = at + (line?.length ?? 0);
    if (bytes.length < start + size + 2) return undefined;
    if (bytes.slice(start + size, start + size + 2) !== "\r\n") fail("no end of a chunk");
    body += bytes.slice(start, start + size);
    at = start + size + 2;
    if (size === 0) return { body, length: at };
  }
}

function fail(what: string): never {
  throw new Error(what);
}
