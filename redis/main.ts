import { refusedExitCode } from "../contract/redis-formation.ts";
import { TopologyRefused } from "./actions.ts";
import { admitPassword } from "./admission.ts";
import { readCheckConfig } from "./check/check-config.ts";
import { runCheck } from "./check/run-check.ts";
import { readAdmissionConfig, readFormConfig } from "./form-config.ts";
import { reconcile } from "./reconcile.ts";

/*
 * The Redis program of the API image. It logs each step and exits with 0, with 1 when it fails, or with 3
 * (contract/redis-formation.ts). Its settings are environment variables; form-config.ts lists them.
 *
 * `node redis.js form` forms the Redis Cluster, repairs it, or changes its shape. `node redis.js admit` lets its nodes accept
 * a further password. `node redis.js check` writes numbered keys and reports lost ones, one line of JSON a second; SIGTERM ends
 * the writes, and the report follows.
 */

/** Without progress. */
const formTimeoutMs = 120_000;
const admitTimeoutMs = 20_000;

async function form(): Promise<void> {
  const config = readFormConfig(process.env);
  const startedAt = Date.now();
  const actions = await reconcile({ ...config, timeoutMs: formTimeoutMs, log: console.log });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const shape = `${config.nodes.length} nodes, ${config.shards} shards, all slots served`;
  console.log(`${actions === 0 ? "nothing to do" : "done"}: ${shape} (${seconds} s)`);
}

async function admit(): Promise<void> {
  const config = readAdmissionConfig(process.env);
  const count = await admitPassword({ ...config, timeoutMs: admitTimeoutMs, log: console.log });
  console.log(`${count} of ${config.nodes.length} nodes accept the new password`);
}

async function check(): Promise<void> {
  const ending = new AbortController();
  process.removeAllListeners("SIGTERM").on("SIGTERM", () => ending.abort());
  const print = (line: object) => console.log(JSON.stringify(line));
  print({ report: await runCheck({ ...readCheckConfig(process.env), signal: ending.signal, print }) });
}

const program = { form, admit, check }[process.argv[2] ?? ""];
if (program === undefined) {
  console.error("usage: redis.js form | admit | check");
  process.exit(2);
}
// The first process of a container has no default for this signal.
process.on("SIGTERM", () => process.exit(143));
program().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(error instanceof TopologyRefused ? refusedExitCode : 1);
  },
);
