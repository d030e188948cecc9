import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../contract/user-error.ts";
import { findByEnvironment, sendSignal, waitUntilGone } from "../host/process-table.ts";
import { runCommand, tryCommand } from "../host/run-command.ts";

const marker = "PROOF_UP";
const endMs = 20_000;

/** Changes the stack's config and deploys it, in the environment and folder of this process. */
export class StackChange {
  readonly #stack: string;

  constructor(stack: string) {
    this.#stack = stack;
  }

  /** A value of stack config; undefined when the stack's file does not have it. */
  async get(path: string): Promise<string | undefined> {
    const { exitCode, stdout } = await tryCommand("pulumi", [
      ...["config", "get", "--path", path, "--stack", this.#stack],
    ]);
    return exitCode === 0 ? stdout.trim() : undefined;
  }

  /** @param value undefined: removes it, so that the default counts */
  async set(path: string, value: string | undefined): Promise<void> {
    const change = value === undefined ? ["rm", "--path", path] : ["set", "--path", path, value];
    await runCommand("pulumi", ["config", ...change, "--stack", this.#stack]);
  }

  /** Runs `pulumi up`. @returns the time that it took, in ms @throws {UserError} when it fails, with its last lines */
  async up(): Promise<number> {
    const startMs = Date.now();
    const { exitCode, stdout, stderr } = await tryCommand("pulumi", this.#upArguments);
    if (exitCode === 0) return Date.now() - startMs;
    const lines = `${stdout}\n${stderr}`.trim().split("\n").slice(-15).join("\n");
    throw new UserError(`pulumi up failed:\n${lines}`, "pulumi up deploys the stack again");
  }

  /**
   * Runs `pulumi up` and kills it, with all processes that it started, after a time. Removes its lock then.
   *
   * @returns whether it was killed; false: it had ended before
   */
  async killedUp(afterMs: number): Promise<boolean> {
    const run = randomUUID();
    const env = { ...process.env, [marker]: run };
    const ended = tryCommand("pulumi", this.#upArguments, { env });
    const isEnded = await Promise.race([ended.then(() => true), sleep(afterMs, false)]);
    if (isEnded) return false;
    const processes = await findByEnvironment(marker, run);
    for (const each of processes) await sendSignal(each, "SIGKILL");
    await ended;
    await waitUntilGone(processes, endMs);
    await tryCommand("pulumi", ["cancel", "--yes", "--stack", this.#stack]);
    return true;
  }

  get #upArguments(): string[] {
    return [
      "up",
      "--yes",
      "--skip-preview",
      "--non-interactive",
      "--suppress-outputs",
      "--stack",
      this.#stack,
    ];
  }
}
