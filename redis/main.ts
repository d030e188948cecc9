import { controllerName, controllerPort, refusedExitCode } from "../contract/redis-controller.ts";
import { TopologyRefused } from "./actions.ts";
import { admitUsers, settleUsers } from "./admission.ts";
import { awaitTopology } from "./await-topology.ts";
import { readCheckConfig } from "./check/check-config.ts";
import { runCheck } from "./check/run-check.ts";
import { Controller } from "./controller.ts";
import { serveController } from "./controller-server.ts";
import { accessOfPod, Kubernetes } from "./kubernetes.ts";
import { Lease } from "./lease.ts";
import { readAwaitConfig, readControllerConfig, readUsersConfig } from "./program-config.ts";
import { findHosts, findLeavingPods } from "./redis-pods.ts";

/*
 * The Redis program of the API image. It logs each step and exits with 0, with 1 when it fails, or with 3
 * (contract/redis-controller.ts). Its settings are environment variables; program-config.ts lists them.
 *
 * `node redis.js control` forms the Redis Cluster, repairs it and changes its shape, until it is stopped.
 * `node redis.js await` waits until the controller reports the wanted shape. `node redis.js admit` lets the nodes accept
 * further passwords of their users, and `node redis.js settle` these only. `node redis.js check` writes numbered keys and reports lost ones, one line of JSON a second; SIGTERM ends the writes, and
 * the report follows.
 */

/** Without progress. */
const awaitTimeoutMs = 120_000;
const usersTimeoutMs = 20_000;

async function control(): Promise<void> {
  const config = readControllerConfig(process.env);
  const kubernetes = new Kubernetes(accessOfPod(process.env));
  const { namespace, podName: holder } = config;
  const controller = new Controller({
    ...config,
    findLeaving: () => findLeavingPods(kubernetes, namespace, config.nodes),
    findHosts: () => findHosts(kubernetes, namespace, config.nodes),
    lease: new Lease({ kubernetes, namespace, name: controllerName, holder }),
    log: console.log,
  });
  await serveController(controller, controllerPort);
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort());
  await controller.run(stop.signal);
}

async function awaitShape(): Promise<void> {
  const config = readAwaitConfig(process.env);
  exitOnSignal();
  const startedMs = Date.now();
  await awaitTopology({ ...config, timeoutMs: awaitTimeoutMs, log: console.log });
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  console.log(
    `done: ${config.shards} shards of 1 + ${config.replicasPerShard}, all slots served (${seconds} s)`,
  );
}

async function admit(): Promise<void> {
  const config = readUsersConfig(process.env);
  exitOnSignal();
  const count = await admitUsers({ ...config, timeoutMs: usersTimeoutMs, log: console.log });
  console.log(`${count} of ${config.nodes.length} nodes accept the new passwords beside those in use`);
}

async function settle(): Promise<void> {
  const config = readUsersConfig(process.env);
  exitOnSignal();
  await settleUsers({ ...config, timeoutMs: usersTimeoutMs, log: console.log });
  console.log(`all ${config.nodes.length} nodes accept the new passwords only`);
}

async function check(): Promise<void> {
  const ending = new AbortController();
  process.once("SIGTERM", () => ending.abort());
  const print = (line: object) => console.log(JSON.stringify(line));
  print({ report: await runCheck({ ...readCheckConfig(process.env), signal: ending.signal, print }) });
}

/** The first process of a container has no default for this signal. */
function exitOnSignal(): void {
  process.on("SIGTERM", () => process.exit(143));
}

const program = { control, await: awaitShape, admit, settle, check }[process.argv[2] ?? ""];
if (program === undefined) {
  console.error("usage: redis.js control | await | admit | settle | check");
  process.exit(2);
}
program().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(error instanceof TopologyRefused ? refusedExitCode : 1);
  },
);
