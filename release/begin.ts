import { randomBytes } from "node:crypto";
import type { V1Service } from "@kubernetes/client-node";
import { releaseImageVariable, releaseVariable } from "../contract/release-overlay.ts";
import { UserError } from "../contract/user-error.ts";
import { type ClusterApi, servicePath } from "../host/cluster-api.ts";
import type { ReachedStack } from "../loadtest/cluster-search.ts";
import type { ClusterView, StackPool } from "./cluster-view.ts";
import { overlayOf } from "./overlay.ts";
import { type PlannedChanges, plannedChanges } from "./planned-changes.ts";
import { newRelease, type Release } from "./record.ts";
import { stableName } from "./stack-ports.ts";

/** What the user wants of a new release. */
export interface ReleaseOptions {
  image: string | undefined;
  canaryWeight: number;
  canaryPods: number;
  onInvalid: "hold" | "back";
  allowBoth: boolean;
  scenarios: readonly string[];
  duration: string | undefined;
  connections: number | undefined;
  repeats: number;
}

/** What a new release is made from. */
export interface BeginInput {
  options: ReleaseOptions;
  stack: string;
  outputs: ReachedStack;
  view: ClusterView;
  api: Pick<ClusterApi, "getJson">;
  /** Output of `pulumi preview --json`. @throws {UserError} when it fails */
  preview(variables: Readonly<Record<string, string>>): Promise<string>;
  who: string;
  git: Release["git"];
  now: Date;
}

const schemaNote =
  "the database's schema and data: both versions have used the same database, and what the new one changed there stays";

/**
 * Looks at the stack and at what this checkout would change, and refuses what a release cannot do, before anything changes.
 *
 * @returns the record to begin with; undefined when there is nothing to release
 * @throws {UserError}
 */
export async function beginRelease(input: BeginInput): Promise<Release | undefined> {
  const { options, outputs, view, preview, stack, who, git, now } = input;
  const [first, ...others] = outputs.workloads.filter(({ role }) => role === "api");
  if (first?.name !== stableName || others.length > 0)
    throw refused(
      `the stack has the pools ${[first, ...others].map((each) => each?.name).join(", ")}: a release makes its canary beside a single pool`,
      "pulumi config rm --path api.pools, and npm run up; or shift the weights of your own pools as docs/pools.md describes",
    );
  const old = await view.pool(stableName);
  if (old === undefined || old.replicas === 0)
    throw refused(
      "no pod of an old version runs, which the new one could be compared with",
      "deploy the first version with npm run up",
    );
  requireWhole(old);
  requireScenarios(options, outputs);
  await requireReachableService(input);
  const given: Record<string, string> =
    options.image === undefined ? {} : { [releaseImageVariable]: options.image };
  const changes = plannedChanges(await preview(given));
  if (changes?.image === undefined)
    throw new UserError(
      "pulumi preview did not report the Deployment of the API",
      "see what it reports: npm run pulumi -- preview",
    );
  if (!changes.api) return nothingToRelease(changes);
  requireSamePorts(changes);
  requireOneKindOfChange(changes, options);
  const stamp = now.toISOString();
  const id = `r-${stamp.slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}-${randomBytes(2).toString("hex")}`;
  const { image: nextImage } = changes;
  return newRelease({
    id,
    stack,
    startedAt: stamp,
    startedBy: who,
    git,
    old: old.version,
    next: { image: nextImage, digests: [], configHash: "", podHash: "" },
    givenImage: options.image ?? null,
    kitImage: await view.kitImage(),
    stableReplicas: old.replicas,
    canaryReplicas: Math.min(options.canaryPods, old.replicas),
    canaryWeight: options.canaryWeight,
    onInvalid: options.onInvalid,
    load: {
      scenarios: [...options.scenarios],
      duration: options.duration ?? null,
      connections: options.connections ?? null,
      repeats: options.repeats,
    },
    notRolledBack: [schemaNote, ...changes.persistent, ...changes.kept],
    rendered: { old: await view.rendered(stableName, outputs), next: {} },
  });
}

/**
 * Refuses to go on with a release from a checkout that makes another version, before anything changes: a step that fails would
 * take the release back.
 *
 * @throws {UserError}
 */
export async function requireSameCheckout(release: Release, preview: BeginInput["preview"]): Promise<void> {
  if (overlayOf(release)?.image === null || release.step === "ended") return;
  const image = release.givenImage ?? (release.step === "settle" ? release.next.image : null);
  await preview({ [releaseVariable]: release.id, ...(image !== null && { [releaseImageVariable]: image }) });
}

function requireScenarios({ scenarios }: ReleaseOptions, { loadtest }: ReachedStack): void {
  const known = loadtest.scenarios.map(({ name }) => name);
  const unknown = scenarios.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw refused(`--scenario ${unknown}: must be a scenario of the stack`, `it has: ${known.join(", ")}`);
}

function nothingToRelease({ any }: PlannedChanges): undefined {
  if (!any) return undefined;
  throw refused(
    "this checkout and its stack config change nothing of the API's pods: a release compares two versions of them",
    "deploy the other changes with npm run up",
  );
}

/** The old version is what its Deployment says only when all its pods are of that, and as many as the stack wants. */
function requireWhole({ unfinished }: StackPool): void {
  if (unfinished === undefined) return;
  throw refused(
    `the old version cannot be compared: ${unfinished}`,
    "end that first: npm run up; npm run capacity -- --restore",
  );
}

/** The old pods keep their port, and the gateway has one port for all pods. */
function requireSamePorts({ ports }: PlannedChanges): void {
  if (ports.length === 0) return;
  throw refused(
    `the API's ports change (Service ${ports.join(", ")}): the gateway could not reach the old pods beside the new ones`,
    "deploy a change of api.contract.port, or from the kit's API to your own, with npm run up",
  );
}

function requireOneKindOfChange({ persistent }: PlannedChanges, { allowBoth }: ReleaseOptions): void {
  if (persistent.length === 0 || allowBoth) return;
  throw refused(
    `the API changes together with Redis' topology or with storage (${persistent.join("; ")}): these cannot be rolled back`,
    "deploy them first with npm run up from the old checkout, then release; or give --allow-both",
  );
}

/** The comparison loads a pod of each version from here, past the gateway. */
async function requireReachableService({ outputs, api }: BeginInput): Promise<void> {
  const service = await api.getJson<V1Service>(servicePath(outputs.namespace, "nginx"));
  if (service.spec?.type !== "ClusterIP") return;
  throw refused(
    "nginx.serviceType is ClusterIP: a release loads the gateway and a pod of each version from here",
    "pulumi config set --path nginx.serviceType NodePort, or LoadBalancer; then npm run up",
  );
}

function refused(what: string, fix: string): UserError {
  return new UserError(what, fix, { exitCode: 2 });
}
