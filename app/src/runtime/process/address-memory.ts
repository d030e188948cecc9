import { type LookupAddress, lookup } from "node:dns";
import { type LookupFunction, Socket } from "node:net";

/** Time after which a connection uses the last known addresses instead of those that DNS is still looked up for. */
const patienceMs = 500;

type Callback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
type LookupAll = (host: string, callback: Callback) => void;

const lookupAll: LookupAll = (host, callback) => lookup(host, { all: true }, callback);

/** Threads of Node.js for lookups, files and cryptography: the log-in at the database takes turns on them with all lookups. */
const threads = Number(process.env.UV_THREADPOOL_SIZE) || 4;

/**
 * The last known addresses of hosts, for connections that open while DNS does not respond. A lookup that hangs occupies a
 * thread of Node.js, so there is at most one for each host, and together they take half of the threads. When DNS responds
 * that a host does not exist, its last known addresses are not used.
 */
export class AddressMemory {
  readonly #known = new Map<string, LookupAddress[]>();
  readonly #waiting = new Map<string, Callback[]>();
  /** Hosts whose lookups wait for a thread, in this order. */
  readonly #queue: string[] = [];
  #running = 0;
  readonly #lookupAll: LookupAll;
  readonly #maxRunning: number;

  /**
   * @param find looks a host up. Default: as every connection of Node.js does.
   * @param maxRunning lookups at the same time; at least 1.
   */
  constructor(find = lookupAll, maxRunning = Math.max(1, Math.floor(threads / 2))) {
    this.#lookupAll = find;
    this.#maxRunning = maxRunning;
  }

  /** A socket that connects to the last known addresses when DNS fails or takes long. */
  socket(): Socket {
    const socket = new Socket();
    const connect = socket.connect.bind(socket) as (options: object) => Socket;
    const { lookup } = this;
    // pg calls it with a port and a host, and with one path for a Unix socket.
    socket.connect = ((port: number | string, host?: string) =>
      connect(typeof port === "number" ? { port, host, lookup } : { path: port })) as Socket["connect"];
    return socket;
  }

  readonly lookup: LookupFunction = (host, { all }, callback) => {
    let isDone = false;
    const finish: Callback = (error, addresses) => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      const [first] = addresses;
      if (all === true || first === undefined) callback(error, addresses);
      else callback(error, first.address, first.family);
    };
    const known = this.#known.get(host);
    const timer = known && setTimeout(() => finish(null, known), patienceMs);
    this.#find(host, (error, addresses) => {
      if (error && known && error.code !== "ENOTFOUND") finish(null, known);
      else finish(error, addresses);
    });
  };

  #find(host: string, callback: Callback): void {
    const waiting = this.#waiting.get(host);
    if (waiting !== undefined) {
      waiting.push(callback);
      return;
    }
    this.#waiting.set(host, [callback]);
    this.#queue.push(host);
    this.#runNext();
  }

  #runNext(): void {
    if (this.#running >= this.#maxRunning) return;
    const host = this.#queue.shift();
    if (host === undefined) return;
    this.#running++;
    this.#lookupAll(host, (error, addresses) => {
      this.#running--;
      if (!error) this.#known.set(host, addresses);
      const callbacks = this.#waiting.get(host) ?? [];
      this.#waiting.delete(host);
      for (const each of callbacks) each(error, addresses ?? []);
      this.#runNext();
    });
  }
}

/** The memory of all connections of this process, which share its threads. */
export const addressMemory = new AddressMemory();
