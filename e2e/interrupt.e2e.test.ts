import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findByEnvironment, isAlive, type ProcessIdentity, sendSignal } from "../host/process-table.ts";
import { markerName, type RunRecord, recordsFolder } from "../scripts/pulumi-run.ts";
import { closeClusterView, deployments, until } from "./cluster-view.ts";
import { inLongForm } from "./long-form.ts";
import { NpmCommand } from "./npm-command.ts";
import { configure, createStack, destroyStack, outputs, stackName, up } from "./test-stack.ts";

const namespace = `breakwater-${stackName}`;

/** The files of records; one that is being written has another name. */
const recordFiles = () => readdirSync(recordsFolder).filter((name) => name.endsWith(".json"));

/** The record of the only run of pulumi in this checkout. */
function record(): { marker: string; run: RunRecord } {
  const [file = "", ...others] = recordFiles();
  assert.deepEqual(others, []);
  const run = JSON.parse(readFileSync(join(recordsFolder, file), "utf8")) as RunRecord;
  return { marker: file.replace(".json", ""), run };
}

/** Starts `npm run up` and waits until it creates the API. The stack's earlier objects are kept. */
async function upUntilTheApi(): Promise<NpmCommand> {
  const command = new NpmCommand("up");
  await until("the API's Deployment", async () => (await deployments(namespace)).includes("api"));
  return command;
}

function isPlugin({ pid }: ProcessIdentity): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pulumi-resource-kubernetes");
  } catch {
    return false;
  }
}

/** Starts `npm run up` and waits until Pulumi runs with its plugins. */
async function upUntilThePlugins() {
  const command = new NpmCommand("up");
  await until("pulumi", async () => recordFiles().length > 0 && record().run.pulumi !== undefined);
  const { marker, run } = record();
  // A plugin is in a process group of its own, so that it outlives a terminal's signal.
  await until("pulumi's plugins", async () => (await findByEnvironment(markerName, marker)).some(isPlugin));
  assert.ok(run.pulumi);
  return { command, marker, run: { ...run, pulumi: run.pulumi } };
}

async function isFinishedBy(command: NpmCommand): Promise<void> {
  assert.equal(await command.end(), 0, command.output);
  const { endpoint } = await outputs();
  assert.equal((await fetch(`${endpoint}/api/light`)).status, 200);
  await up("--expect-no-changes");
  assert.deepEqual(readdirSync(recordsFolder), []);
}

before(async () => {
  await createStack();
  await configure("redis.replicasPerShard", "0");
});
after(async () => {
  closeClusterView();
  await destroyStack();
});

test("npm run up ends in order after Ctrl-C and says how to go on, and the next one finishes the stack", async () => {
  const command = await upUntilTheApi();
  const { marker } = record();
  command.signal("SIGINT");
  assert.equal(await command.end(), 130, command.output);
  assert.match(command.output, /interrupted: pulumi ends what it has begun/);
  assert.match(command.output, /✗ interrupted\n {2}the next npm run up -- --stack e2e goes on/);
  assert.deepEqual(await findByEnvironment(markerName, marker), []);
  await isFinishedBy(new NpmCommand("up"));
});

test("npm run up names the signal that ended pulumi, and leaves no process of it", inLongForm, async () => {
  await configure("api.env.ROUND", "1");
  const { command, marker, run } = await upUntilThePlugins();
  await sendSignal(run.pulumi, "SIGKILL");
  assert.equal(await command.end(), 1, command.output);
  assert.match(command.output, /✗ pulumi up was ended by SIGKILL\n {2}npm run up .* goes on/);
  assert.deepEqual(await findByEnvironment(markerName, marker), []);
  await isFinishedBy(new NpmCommand("up"));
});

test("npm run up ends what an up that was killed with its pulumi has left running", async () => {
  await configure("api.env.ROUND", "2");
  const { command, marker, run } = await upUntilThePlugins();
  // It cannot end by itself then.
  const stopped = (await findByEnvironment(markerName, marker)).find(isPlugin);
  assert.ok(stopped);
  await sendSignal(stopped, "SIGSTOP");
  command.signal("SIGKILL");
  await sendSignal(run.pulumi, "SIGKILL");
  await until("the command's end", async () => !(await isAlive(run.command)));
  const left = await findByEnvironment(markerName, marker);
  assert.ok(left.length > 0);
  const next = new NpmCommand("up");
  await isFinishedBy(next);
  assert.match(next.output, /ended \d+ process\(es\) of a pulumi that was killed/);
  assert.deepEqual(await findByEnvironment(markerName, marker), []);
});
