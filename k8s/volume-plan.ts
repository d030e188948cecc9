import type { Problem } from "../config/problem.ts";
import type { RedisServer } from "../config/sections/redis.ts";
import { type Bytes, formatBytes } from "../config/units.ts";

/** What stack config asks of a StatefulSet's volumes. */
export interface VolumeWish {
  /** Name of the StatefulSet and of its section in stack config. */
  name: "redis" | "database";
  /** Size of each volume. */
  storage: Bytes;
  /** Undefined: the class that the volumes have, or the cluster's default class for new ones. */
  storageClass?: string | undefined;
  /** Number of the volumes; another number stands for other volumes. */
  generation: number;
  /** Whether the volumes must not be replaced by others. */
  isProtected?: boolean;
  /** The server that reads Redis' volumes. */
  server?: RedisServer;
}

/** What the cluster has of a StatefulSet. */
export interface LiveSet {
  /** Name in the template of its claims. */
  templateName: string;
  /** Size in that template. */
  templateStorage: Bytes;
  storageClass?: string | undefined;
  replicas: number;
  uid: string;
  /** Value of its annotation `madeAnnotation`. */
  made?: string | undefined;
  /** Value of its annotation `serverAnnotation`. */
  server?: string | undefined;
  /** Value of its annotation `usersAnnotation`. */
  users?: string | undefined;
}

/** A claim of a volume that the cluster has. */
export interface LiveClaim {
  name: string;
  requested: Bytes;
  /** Size of the volume; undefined before it is bound. */
  capacity?: Bytes | undefined;
  storageClass?: string | undefined;
  /** Whether only the file system is left to grow, when the pod starts the next time. */
  growsAtNextMount?: boolean | undefined;
}

/** A claim that must get another size. */
export interface Growth {
  claim: string;
  from: Bytes;
  to: Bytes;
}

/** What becomes of a StatefulSet's volumes. */
export interface VolumePlan {
  /** Name for the template of its claims. */
  templateName: string;
  /** Whether the StatefulSet keeps the template of its claims, which cannot be changed. */
  keepsTemplate: boolean;
  /** Whether the StatefulSet that the cluster has is replaced. */
  isReplaced: boolean;
  /** When the StatefulSet that the cluster has was made; undefined: by an earlier version of the program, or there is none. */
  made: string | undefined;
  /** Whether the cluster has the StatefulSet. */
  isPresent: boolean;
  growths: Growth[];
  problems: Problem[];
  /** What the user should know: volumes that are replaced as asked. */
  notices: string[];
}

/** Name in the template of the claims. The first generation has the name that volumes had before there were generations. */
export function templateNameOf(generation: number): string {
  return generation === 1 ? "data" : `data-${generation}`;
}

/** The claims that belong to a StatefulSet's pods. */
export function claimsOf(name: string, templateName: string, claims: readonly LiveClaim[]): LiveClaim[] {
  const pattern = new RegExp(`^${templateName}-${name}-\\d+$`);
  return claims.filter((claim) => pattern.test(claim.name));
}

/**
 * Compares stack config with the volumes that the cluster has. A claim can only grow, and the rest of a volume never
 * changes, so every other wish is a problem whose fix makes other volumes.
 *
 * @param live undefined when the cluster has no such StatefulSet
 * @param claims all claims of the namespace
 */
export function planVolumes(
  wish: VolumeWish,
  live: LiveSet | undefined,
  claims: readonly LiveClaim[],
): VolumePlan {
  const templateName = templateNameOf(wish.generation);
  const keepsTemplate = live?.templateName === templateName;
  const own = claimsOf(wish.name, templateName, claims);
  const problems = [
    ...(keepsTemplate ? serverProblems(wish, live) : protectionProblems(wish, live)),
    ...classProblems(wish, keepsTemplate ? live : undefined, own),
    ...own
      .filter((claim) => isShrunk(wish, claim))
      .slice(0, 1)
      .map((claim) => shrinkProblem(wish, claim)),
  ];
  const growths = own
    .filter((claim) => claim.requested !== wish.storage && !isShrunk(wish, claim))
    .map(({ name, requested }) => ({ claim: name, from: requested, to: wish.storage }));
  const isReplaced = live !== undefined && !keepsTemplate;
  return {
    templateName,
    keepsTemplate,
    isReplaced,
    made: live?.made,
    isPresent: live !== undefined,
    growths,
    problems,
    notices: isReplaced
      ? [replacementNotice(wish, live, own)]
      : own.flatMap((claim) => lateNotice(wish, claim)),
  };
}

/** The problem of claims that the API server does not let grow. @param reason the API server's message */
export function growthProblem(wish: VolumeWish, growth: Growth, reason: string): Problem {
  return {
    path: `${wish.name}.storage`,
    value: formatBytes(wish.storage),
    rule: `needs the volume of ${growth.claim} to grow from ${formatBytes(growth.from)}, which the cluster refuses (${reason})`,
    fix: fixOf(wish, "storage", formatBytes(growth.from)),
  };
}

/** A smaller size is possible only while an expansion has not been carried out. */
function isShrunk({ storage }: VolumeWish, { requested, capacity }: LiveClaim): boolean {
  return storage < requested && (capacity === undefined || storage <= capacity);
}

function shrinkProblem(wish: VolumeWish, { name, requested }: LiveClaim): Problem {
  return {
    path: `${wish.name}.storage`,
    value: formatBytes(wish.storage),
    rule: `must be at least ${formatBytes(requested)}, the size of ${name}: a volume cannot get smaller`,
    fix: fixOf(wish, "storage", formatBytes(requested)),
  };
}

function classProblems(wish: VolumeWish, live: LiveSet | undefined, own: readonly LiveClaim[]): Problem[] {
  const { storageClass } = wish;
  if (storageClass === undefined) return [];
  const classes = own.length > 0 ? own.map((claim) => claim.storageClass) : live && [live.storageClass];
  const other = classes?.find((name) => name !== undefined && name !== storageClass);
  if (other === undefined) return [];
  return [
    {
      path: "cluster.storageClass",
      value: storageClass,
      rule: `is not the class of the volumes of ${wish.name}, which is ${other}: a volume cannot change its class`,
      fix: fixOf(wish, "cluster.storageClass", other),
    },
  ];
}

function protectionProblems(
  { name, generation, isProtected }: VolumeWish,
  live: LiveSet | undefined,
): Problem[] {
  if (live === undefined || !isProtected) return [];
  const present = generationOf(live.templateName);
  const rule = `replaces the volume number ${present}, which ${name}.protect refuses`;
  const fix = `set it back: pulumi config set --path ${name}.volumeGeneration ${present}, or first: pulumi config set --path ${name}.protect false, and pulumi up`;
  return [{ path: `${name}.volumeGeneration`, value: generation, rule, fix }];
}

/** Another server cannot read the files of the one before (docs/decisions.md#redis-and-valkey). */
function serverProblems({ name, server, generation }: VolumeWish, live: LiveSet): Problem[] {
  const present = live.server ?? "redis";
  if (server === undefined || server === present) return [];
  return [
    {
      path: `${name}.server`,
      value: server,
      rule: `cannot read the volumes of the StatefulSet ${name}, which ${present} has written`,
      fix: fixOf({ name, generation }, "server", present),
    },
  ];
}

/** Two ways out: the value that fits the volumes, or other volumes. */
function fixOf(
  { name, generation }: Pick<VolumeWish, "name" | "generation">,
  option: string,
  value: string,
): string {
  const path = option.includes(".") ? option : `${name}.${option}`;
  const back = `set it back: pulumi config set --path ${path} '${value}'`;
  const next = `pulumi config set --path ${name}.volumeGeneration ${generation + 1}`;
  const effect =
    name === "redis"
      ? "which empties the cache"
      : "which starts with an empty database; docs/configuration.md#volumes says how its data gets there";
  return `${back}, or make new volumes: ${next}, ${effect}`;
}

/** The size that the claim asks for was accepted by an earlier `pulumi up`, so nothing else would report its absence. */
function lateNotice(
  { storage }: VolumeWish,
  { name, requested, capacity, growsAtNextMount }: LiveClaim,
): string[] {
  if (requested !== storage || capacity === undefined || capacity >= requested) return [];
  const left = growsAtNextMount ? "it grows when its pod restarts" : "kubectl describe pvc says why";
  return [`the volume of ${name} still has ${formatBytes(capacity)} of ${formatBytes(requested)}: ${left}`];
}

function generationOf(templateName: string): number {
  return Number(/\d+$/.exec(templateName)?.[0] ?? 1);
}

function replacementNotice(
  { name, generation }: VolumeWish,
  live: LiveSet,
  own: readonly LiveClaim[],
): string {
  const what = `${name}.volumeGeneration is ${generation}: the StatefulSet ${name} is replaced`;
  if (name === "redis") return `${what}, and the cache starts empty`;
  const [claim] = own;
  const begins = claim === undefined ? "a new, empty volume" : `the volume that ${claim.name} has kept`;
  return `${what} and starts with ${begins}; the present data stays in the claim ${live.templateName}-${name}-0`;
}
