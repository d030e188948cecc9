import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { debianCommand } from "./debian-program.ts";
import { freePort } from "./free-port.ts";

/** The real Prometheus, which scrapes one port twice a second. */
export class Prometheus {
  readonly #url: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(port: number, folder: string, process: ChildProcess) {
    this.#url = `http://127.0.0.1:${port}/api/v1`;
    this.#folder = folder;
    this.#process = process;
  }

  static async start(target: number): Promise<Prometheus> {
    const [program, ...args] = await debianCommand({
      name: "prometheus",
      suite: "trixie",
      packages: ["prometheus"],
      path: "usr/bin/prometheus",
    });
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
    const job = { job_name: "gateway", static_configs: [{ targets: [`127.0.0.1:${target}`] }] };
    // JSON is YAML, too.
    const config = { global: { scrape_interval: "500ms" }, scrape_configs: [job] };
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
    const options = [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const child = spawn(program, [...args, ...options], { stdio: "ignore" });
    return new Prometheus(port, folder, child);
  }

  /**
   * Waits for a scrape, and returns the value of a query after it.
   *
   * @throws {Error} when Prometheus could not read the metrics, or does not scrape within a minute
   */
  async query(query: string): Promise<number> {
    for (let waits = 0; waits < 600; waits++) {
      if (this.#process.exitCode !== null) throw new Error(`Prometheus ended with ${this.#process.exitCode}`);
      const targets = await this.#get<{ activeTargets: { health: string; lastError: string }[] }>("targets");
      const [target] = targets?.activeTargets ?? [];
      if (target?.health === "down") throw new Error(target.lastError);
      const found = await this.#get<{ result: { value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(query)}`,
      );
      const value = found?.result[0]?.value[1];
      if (target?.health === "up" && value !== undefined) return Number(value);
      await sleep(100);
    }
    throw new Error("Prometheus does not scrape");
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill("SIGTERM");
      await once(this.#process, "exit");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #get<T>(path: string): Promise<T | undefined> {
    try {
      const response = await fetch(`${this.#url}/${path}`);
      return response.ok ? ((await response.json()) as { data: T }).data : undefined;
    } catch {
      // It does not listen yet.
      return undefined;
    }
  }
}
