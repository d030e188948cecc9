import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { projectRoot } from "../scripts/stack.ts";
import { stackName } from "./test-stack.ts";

/** `npm run SCRIPT` on the tests' stack, in a process group of its own, as a shell starts it. */
export class NpmCommand {
  readonly process: ChildProcess;
  output = "";

  /** @param script name of the script, for example `up` */
  constructor(script: string, ...args: string[]) {
    this.process = spawn("npm", ["run", script, "--", "--stack", stackName, ...args], {
      cwd: projectRoot,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
  }

  /** Sends a signal to the whole group, as a terminal does. SIGKILL is what a power failure does. */
  signal(signal: NodeJS.Signals): void {
    process.kill(-(this.process.pid ?? 0), signal);
  }

  /** Waits for the end. @returns the exit code as a shell reports it: 128 and the number of a signal that ended it */
  async end(): Promise<number | null> {
    const { exitCode, signalCode } = this.process;
    if (exitCode === null && signalCode === null) await once(this.process, "close");
    const signal = this.process.signalCode;
    return signal === null ? this.process.exitCode : 128 + constants.signals[signal];
  }
}
