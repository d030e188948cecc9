import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { deployedStack } from "../bench/deployed-stack.ts";
import { UserError } from "../contract/user-error.ts";
import type { ClusterApi } from "../host/cluster-api.ts";
import { runCommand, tryCommand } from "../host/run-command.ts";
import { step } from "../host/steps.ts";
import type { ReachedStack } from "../loadtest/cluster-search.ts";
import { beginRelease, type ReleaseOptions, requireSameCheckout } from "../release/begin.ts";
import { ClusterView } from "../release/cluster-view.ts";
import { leaseHolder, ReleaseLease } from "../release/lease.ts";
import { abort, resume } from "../release/next-step.ts";
import { previewErrors } from "../release/planned-changes.ts";
import type { Release } from "../release/record.ts";
import { RecordStore, type Records } from "../release/record-store.ts";
import { runRelease } from "../release/run-release.ts";
import { type ReleaseTools, stackPorts } from "../release/stack-ports.ts";
import { endText, statusText } from "../release/status-text.ts";
import { projectRoot, type StackChoice, sectionOf } from "./stack.ts";
import { deploy, runLoadtest } from "./workspace.ts";

/** The stack that a release changes, and its cluster. */
export interface ReleasePlace {
  stack: StackChoice;
  env: NodeJS.ProcessEnv;
  outputs: ReachedStack;
  api: ClusterApi;
}

/** Prints the open release and the last ones. @returns the exit code: 1 when a part of the record is damaged */
export async function showStatus({ api, outputs }: ReleasePlace): Promise<number> {
  const records = await new RecordStore(api, outputs.namespace).load();
  console.log(statusText(records, await leaseHolder(api, outputs.namespace)));
  return records.damaged.length === 0 ? 0 : 1;
}

/** Releases what this checkout describes. @returns the exit code @throws {UserError} */
export async function beginNewRelease(at: ReleasePlace, options: ReleaseOptions): Promise<number> {
  const { outputs, api, stack } = at;
  refuseImageBesideFolder(stack, options);
  return withLease(at, async (records, run) => {
    if (records.open !== undefined)
      throw new UserError(
        `the release ${records.open.id} is open, at ${records.open.step}: a stack has one release at a time`,
        "npm run release -- --resume goes on with it, --abort takes it back",
        { exitCode: 2 },
      );
    const release = await step("Compare this checkout with the stack", async () =>
      beginRelease({
        options,
        stack: stack.name,
        outputs,
        api,
        view: new ClusterView(api, outputs.namespace),
        preview: (variables) => preview(at, variables),
        who: who(),
        git: await gitState(),
        now: new Date(),
      }),
    );
    if (release !== undefined) return run(release);
    console.log("nothing to release: the stack has what this checkout describes");
    return 0;
  });
}

/** The image would be recorded in stack config, where the folder is. */
function refuseImageBesideFolder({ configFile }: StackChoice, { image }: ReleaseOptions): void {
  const text = existsSync(configFile) ? readFileSync(configFile, "utf8") : "";
  const { source } = sectionOf(text, "api") ?? {};
  const { context } = (source ?? {}) as { context?: unknown };
  if (image === null || image === undefined || context === undefined) return;
  throw new UserError(
    `--image ${image}: the stack builds its API from a folder, api.source.context (${context})`,
    "leave --image out to release what is in the folder; or remove api.source.context first, and pulumi up",
    { exitCode: 2 },
  );
}

/** Goes on with the open release. Without one, it reports how the last one ended. @returns the exit code */
export async function resumeRelease(at: ReleasePlace): Promise<number> {
  return withLease(at, async ({ open, ended: [last] }, run) => {
    if (open === undefined) {
      if (last === undefined) throw noneOpen();
      throw new UserError(
        `no release is open; the last one: ${endText(last)}`,
        "npm run release begins one",
        {
          exitCode: 2,
        },
      );
    }
    const release = resume(open, { now: new Date().toISOString(), hasPassedBefore: false });
    await requireSameCheckout(release, (variables) => preview(at, variables));
    return run(release);
  });
}

/** Takes the open release back. @returns the exit code @throws {UserError} when there is none, or it has passed */
export async function abortRelease(at: ReleasePlace): Promise<number> {
  return withLease(at, async ({ open }, run) => {
    if (open === undefined) throw noneOpen();
    const facts = { now: new Date().toISOString(), hasPassedBefore: false };
    const back = abort(open, `aborted by ${who()}`, facts);
    if (back !== undefined) return run(back);
    throw new UserError(
      `the release ${open.id} has passed its gates, and the stack's own pool is getting the new version`,
      "npm run release -- --resume ends it; then release the old version",
    );
  });
}

type Run = (release: Release) => Promise<number>;

/** Works on the record while no other process does. An open release whose record is damaged is refused. */
async function withLease(
  at: ReleasePlace,
  work: (records: Records, run: Run) => Promise<number>,
): Promise<number> {
  const { api, outputs, stack } = at;
  const holder = `${who()}, process ${process.pid}, ${randomBytes(3).toString("hex")}`;
  const lease = await step("Take the Lease of releases", (report) =>
    ReleaseLease.acquire(api, outputs.namespace, holder, report),
  );
  try {
    const store = new RecordStore(api, outputs.namespace);
    const records = await store.load();
    for (const { what, fix, blocks } of records.damaged) {
      if (blocks) throw new UserError(what, fix);
      console.error(`! ${what}\n  ${fix}`);
    }
    const run = async (release: Release): Promise<number> => {
      const { ended } = records;
      const view = new ClusterView(api, outputs.namespace);
      const folder = join(projectRoot, ".build", "releases");
      const ports = stackPorts({ tools: toolsOf(at), view, store, ended, lost: lease.lost, folder });
      const end = await runRelease(release, ports);
      if (end.stopped === undefined) console.log(`\n${endText(end.release)}`);
      else
        console.error(
          `\n✗ ${end.release.id} stops at ${end.stopped}\n  correct it, then: npm run release -- --stack ${stack.name} --resume`,
        );
      return end.exitCode;
    };
    return await work(records, run);
  } finally {
    await lease.release();
  }
}

function toolsOf({ env, stack }: ReleasePlace): ReleaseTools {
  return {
    up: (variables) => deploy({ ...env, ...variables }, stack),
    configure: async (path, value) => {
      const args = ["config", "set", "--stack", stack.name, "--path", path, value];
      await runCommand("pulumi", args, { cwd: projectRoot, env });
    },
    loadtest: (args) => runLoadtest(env, stack, args),
    outputs: () => deployedStack(stack.name),
    print: (line) => console.error(line),
  };
}

async function preview({ env, stack }: ReleasePlace, variables: Readonly<Record<string, string>>) {
  const args = ["preview", "--json", "--non-interactive", "--stack", stack.name];
  const { exitCode, stdout, stderr } = await tryCommand("pulumi", args, {
    cwd: projectRoot,
    env: { ...env, ...variables },
  });
  if (exitCode === 0) return stdout;
  const why = previewErrors(stdout) || stderr.trim().split("\n").slice(-3).join("; ");
  throw new UserError(`pulumi preview failed: ${why}`, "correct it and start the release again");
}

function who(): string {
  return `${userInfo().username}@${hostname()}`;
}

async function gitState(): Promise<Release["git"]> {
  const git = (...args: string[]) =>
    tryCommand("git", args, { cwd: projectRoot }).catch(() => ({ exitCode: 1, stdout: "" }));
  const commit = await git("rev-parse", "HEAD");
  const changes = await git("status", "--porcelain");
  return {
    commit: commit.exitCode === 0 ? commit.stdout.trim() : null,
    dirty: changes.exitCode === 0 && changes.stdout.trim() !== "",
  };
}

function noneOpen(): UserError {
  return new UserError("no release is open", "see the last ones: npm run release -- --status", {
    exitCode: 2,
  });
}
