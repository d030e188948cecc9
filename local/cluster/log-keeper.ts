import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dataPaths } from "../paths.ts";
import { writeConfigFile } from "./config-file.ts";
import { places } from "./layout.ts";
import { type Daemon, logLimitBytes } from "./process-supervisor.ts";

const intervalSeconds = 10;

/** The script of the daemon, with the arguments folder, most bytes of a log, seconds between two looks. */
export const boundLogs = join(import.meta.dirname, "bound-logs.sh");

/**
 * The daemon that bounds the logs of all daemons while they run: each has at most the limit, the part before it in a file
 * `.1` as much again, and what the daemon writes in ten seconds.
 */
export async function logKeeperDaemon(): Promise<Daemon> {
  const script = await writeConfigFile(join(places.config, "bound-logs"), await readFile(boundLogs, "utf8"));
  return {
    name: "log-keeper",
    command: "/bin/sh",
    args: [script, dataPaths.logs, String(logLimitBytes), String(intervalSeconds)],
    configFiles: [script],
  };
}
