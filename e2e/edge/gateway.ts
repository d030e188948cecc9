import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { apiPathsOf } from "../../config/api-paths.ts";
import { derivePools } from "../../config/derive.ts";
import { validate } from "../../config/validate.ts";
import { fillAddress } from "../../nginx/cache.ts";
import { jsModule, programFiles } from "../../nginx/js-module.ts";
import { renderNginxConf } from "../../nginx/nginx-conf.ts";
import type { NginxSettings } from "../../nginx/settings.ts";
import { DnsServer } from "./dns-server.ts";
import { freePort } from "./free-port.ts";
import { nginxCommand } from "./nginx-binary.ts";
import { type RawResponse, requestText, sendRaw } from "./raw-http.ts";
import { type TlsFiles, TlsFolder, testFiles } from "./tls-folder.ts";

/** The settings of the default stack config, in front of one pool on a port. */
export function gatewaySettings(podPort: number, changes: Partial<NginxSettings> = {}): NginxSettings {
  const { nginx, api } = validate({});
  return {
    ...nginx,
    uploadMax: api.uploadMax,
    paths: apiPathsOf(api.contract),
    pools: derivePools(api).map((pool) => ({ ...pool, server: `pods.test:${podPort}` })),
    resolver: "127.0.0.1",
    ...changes,
  };
}

/** The real Nginx with the rendered configuration, in a folder and on a port of its own. */
export class Gateway {
  readonly port: number;
  readonly tlsPort: number;
  readonly probePort: number;
  readonly metricsPort: number;
  readonly dns: DnsServer;
  readonly tls: TlsFolder;
  readonly #process: ChildProcess;
  readonly #folder: string;
  #stderr = "";

  private constructor(ports: Ports, dns: DnsServer, tls: TlsFolder, folder: string, process: ChildProcess) {
    this.port = ports.port;
    this.tlsPort = ports.tlsPort;
    this.probePort = ports.probePort;
    this.metricsPort = ports.metricsPort;
    this.dns = dns;
    this.tls = tls;
    this.#folder = folder;
    this.#process = process;
    process.stderr?.on("data", (chunk) => {
      this.#stderr += chunk;
    });
  }

  /**
   * @param addresses those that DNS has for every pool at the start.
   * @param adapt changes the text, for a time limit that no option sets.
   * @param tls its files, for settings with TLS
   */
  static async start(
    settings: NginxSettings,
    addresses: readonly string[] = ["127.0.0.1"],
    adapt = (conf: string): string => conf,
    tls: TlsFiles = testFiles(),
  ): Promise<Gateway> {
    const dns = await DnsServer.start(settings.resolver);
    dns.addresses = addresses;
    const folder = mkdtempSync(join(tmpdir(), "edge-"));
    // The worker processes of root's Nginx belong to another user.
    chmodSync(folder, 0o755);
    const ports = { ...(await freePorts()), dnsPort: dns.port };
    const [program, ...args] = await nginxCommand();
    writePrograms(folder, settings);
    const conf = writeConf(folder, adapt(renderNginxConf(settings)), ports, args);
    const tlsFolder = new TlsFolder(join(folder, "breakwater-tls"), tls);
    // Nginx opens /dev/stdout, which it cannot when that is the socket that Node.js calls a pipe.
    const stdout = openSync(join(folder, "stdout"), "a");
    const child = spawn(program, [...args, "-e", "stderr", "-c", conf], {
      stdio: ["ignore", stdout, "pipe"],
    });
    closeSync(stdout);
    const gateway = new Gateway(ports, dns, tlsFolder, folder, child);
    await gateway.#listening();
    return gateway;
  }

  /** Process id of the master process. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Memory of all its processes, shared pages counted once. */
  memoryBytes(): number {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8");
    const pids = [String(this.pid), ...children.trim().split(" ")];
    const kibibytes = pids.map((pid) =>
      Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]),
    );
    return kibibytes.reduce((sum, each) => sum + each, 0) * 1024;
  }

  /** Number of responses that Nginx keeps in files. */
  temporaryFiles(): number {
    const names = readdirSync(join(this.#folder, "proxy"), { recursive: true, withFileTypes: true });
    return names.filter((name) => name.isFile()).length;
  }

  /** The responses that Nginx keeps in its cache: number and size of their files. */
  keptFiles(): { files: number; bytes: number } {
    const names = readdirSync(join(this.#folder, "cache"), { recursive: true, withFileTypes: true });
    const files = names.filter((name) => name.isFile());
    const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    return { files: files.length, bytes };
  }

  /** What Nginx wrote to its error log. */
  get log(): string {
    return this.#stderr;
  }

  /** Sends a request with the usual headers on a connection of its own. */
  request(line: string, ...headers: string[]): Promise<RawResponse> {
    return sendRaw(this.port, requestText(line, headers));
  }

  send(text: string): Promise<RawResponse> {
    return sendRaw(this.port, text);
  }

  /** Waits until a request passes the check. @throws {Error} when none does within the time. */
  async until(line: string, check: (response: RawResponse) => boolean, limitMs = 15_000): Promise<number> {
    const start = Date.now();
    for (;;) {
      const response = await this.request(line);
      if (check(response)) return Date.now() - start;
      if (Date.now() - start > limitMs) throw new Error(`${line} gives ${response.status}: ${response.body}`);
      await sleep(50);
    }
  }

  /** The lines of the access log, once there are so many. @throws {Error} when they are not JSON in UTF-8. */
  async accessLog(count: number): Promise<Record<string, unknown>[]> {
    for (let waits = 0; waits < 100; waits++) {
      const bytes = readFileSync(join(this.#folder, "stdout"));
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      const lines = text.split("\n").filter((line) => line !== "");
      if (lines.length >= count) return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      await sleep(50);
    }
    throw new Error(`the access log has fewer than ${count} lines`);
  }

  /** The line of the access log with the request id. @throws {Error} when there is none, or more than one. */
  async logged(requestId: unknown): Promise<Record<string, unknown>> {
    for (let count = 1; ; count++) {
      const lines = (await this.accessLog(count)).filter(({ request }) => request === requestId);
      if (lines.length === 1) return lines[0] ?? {};
    }
  }

  /** Sends the signal with which Kubernetes stops the pod, and waits until Nginx has ended. @returns the time in ms. */
  async drain(): Promise<number> {
    const start = Date.now();
    this.#process.kill("SIGQUIT");
    if (this.#process.exitCode === null) await once(this.#process, "exit");
    return Date.now() - start;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill("SIGTERM");
      await once(this.#process, "exit");
    }
    this.dns.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #listening(): Promise<void> {
    for (let waits = 0; waits < 200; waits++) {
      if (this.#process.exitCode !== null) throw new Error(`Nginx ended: ${this.#stderr}`);
      if (await connects(this.port)) return;
      await sleep(50);
    }
    throw new Error(`Nginx does not listen: ${this.#stderr}`);
  }
}

/** What `nginx -t` says about the rendered configuration; `ok` is its verdict. */
export async function checkConf(
  settings: NginxSettings,
  tls = testFiles(),
): Promise<{ ok: boolean; messages: string }> {
  const folder = mkdtempSync(join(tmpdir(), "edge-"));
  try {
    const [program, ...args] = await nginxCommand();
    writePrograms(folder, settings);
    const conf = writeConf(folder, renderNginxConf(settings), { ...(await freePorts()), dnsPort: 53 }, args);
    new TlsFolder(join(folder, "breakwater-tls"), tls);
    const { status, stderr } = spawnSync(program, [...args, "-t", "-e", "stderr", "-c", conf], {
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    });
    return { ok: status === 0, messages: stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ports extends Awaited<ReturnType<typeof freePorts>> {
  dnsPort: number;
}

async function freePorts() {
  const [port, tlsPort, probePort, metricsPort, fillPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  return { port, tlsPort, probePort, metricsPort, fillPort };
}

/** Writes the programs that the configuration loads. */
function writePrograms(folder: string, settings: NginxSettings): void {
  mkdirSync(join(folder, "breakwater"), { recursive: true });
  for (const [name, text] of Object.entries(programFiles(settings)))
    writeFileSync(join(folder, "breakwater", name), text.replaceAll("/tmp/", `${folder}/`));
}

/** Writes the configuration with ports and a folder for temporary files that several servers can have at a time. */
function writeConf(folder: string, conf: string, ports: Ports, command: readonly string[]): string {
  const root = command.at(-1)?.replace(/usr\/sbin\/nginx$/, "");
  const text = conf
    .replaceAll("/tmp/", `${folder}/`)
    .replaceAll("/etc/", `${folder}/`)
    .replace(jsModule, `${root}${jsModule.slice(1)}`)
    .replaceAll(fillAddress, `127.0.0.1:${ports.fillPort}`)
    .replaceAll(/(listen (?:\[::\]:)?)8080\b/g, `$1${ports.port}`)
    .replaceAll(/(listen (?:\[::\]:)?)8081\b/g, `$1${ports.probePort}`)
    .replaceAll(/(listen (?:\[::\]:)?)8082\b/g, `$1${ports.metricsPort}`)
    .replaceAll(/(listen (?:\[::\]:)?)8443\b/g, `$1${ports.tlsPort}`)
    .replace(/(resolver \S+) /, `$1:${ports.dnsPort} `);
  const path = join(folder, "nginx.conf");
  writeFileSync(path, text);
  return path;
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
