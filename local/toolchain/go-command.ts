import { homedir, totalmem } from "node:os";
import { join } from "node:path";
import { type CommandOptions, runCommand, tryCommand } from "../../host/run-command.ts";
import { modulesDir } from "./lock.ts";
import type { ModuleName } from "./tools.ts";

/** How `go` is run. */
export interface GoOptions {
  onLine?: (line: string) => void;
  /** Folder for the compiler's temporary files, which a killed `go` leaves behind. The system's own by default. */
  temporary?: string;
}

/**
 * Runs `go` in the folder of a module and returns its standard output. Other programs of the machine come first, and when
 * this process ends in any way, so do `go` and its compilers.
 *
 * @throws {UserError} with the last lines of `go`, when it fails.
 */
export function runGo(module: ModuleName, args: readonly string[], options: GoOptions = {}): Promise<string> {
  return runCommand("go", args, {
    ...commandOptions(module, options),
    fix: "check that go is on PATH, that the Go module proxy can be reached (go env GOPROXY) and that the disk has space, then run the command again; it keeps finished packages",
  });
}

/** Runs `go` as `runGo` does, and reports no failure. */
export async function tryGo(module: ModuleName, args: readonly string[]): Promise<void> {
  await tryCommand("go", args, commandOptions(module, {})).catch(() => {});
}

function commandOptions(module: ModuleName, { onLine, temporary }: GoOptions): CommandOptions {
  return {
    cwd: join(modulesDir, module),
    env: goEnvironment(process.env, temporary),
    onLine,
    isBackground: true,
  };
}

/**
 * Returns the environment of `go`. Fewer collections of garbage save a twentieth of the compiler's CPU time. A compiler that
 * uses a quarter of the memory collects more often; one runs for each CPU.
 *
 * @param own variables of this process; its own GOGC and GOMEMLIMIT stay.
 * @param temporary see GoOptions.
 */
export function goEnvironment(own: NodeJS.ProcessEnv, temporary?: string): NodeJS.ProcessEnv {
  const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return {
    GOGC: "400",
    GOMEMLIMIT: `${Math.floor(memoryBytes / 4 / 1024 ** 2)}MiB`,
    // Go keeps its caches there, and reads no user database.
    HOME: homedir(),
    ...own,
    CGO_ENABLED: "0",
    GOFLAGS: "",
    GOWORK: "off",
    ...(temporary === undefined ? {} : { GOTMPDIR: temporary }),
  };
}
