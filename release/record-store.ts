import { Value } from "@sinclair/typebox/value";
import { endedPrefix, overlayKey, releasesName } from "../contract/release-overlay.ts";
import { UserError } from "../contract/user-error.ts";
import { ApiError, type ClusterApi, configMapPath } from "../host/cluster-api.ts";
import { overlayOf } from "./overlay.ts";
import { type Release, releaseSchema } from "./record.ts";

/** Key of the open release. */
const openKey = "open";
/** Releases that have ended and stay. */
const keptReleases = 10;
/** Kubernetes refuses a ConfigMap of more than 1 MiB. */
const maxBytes = 900_000;

/** A part of the record that cannot be read. */
export interface Damage {
  /** What is wrong, with the key. */
  what: string;
  fix: string;
  /** Whether no release can be made before it is mended. */
  blocks: boolean;
}

/** What the cluster has of a stack's releases. */
export interface Records {
  open: Release | undefined;
  /** Releases that have ended, the newest first. */
  ended: Release[];
  damaged: Damage[];
}

interface ConfigMap {
  metadata: { resourceVersion?: string };
  data?: Record<string, string>;
}

/** What the store uses of the cluster. */
export type RecordApi = Pick<ClusterApi, "getJson" | "create" | "patch">;

/** The record of a stack's releases: a ConfigMap in its namespace, which every machine sees and which survives this one. */
export class RecordStore {
  readonly #api: RecordApi;
  readonly #namespace: string;
  /** Text of the open release that this process wrote or read last. */
  #known: string | undefined;

  constructor(api: RecordApi, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /** Reads all releases. What cannot be read is reported as damage. @throws {ApiError} when the cluster does not respond */
  async load(): Promise<Records> {
    const { data = {} } = (await this.#read()) ?? { data: {} };
    this.#known = data[openKey];
    const damaged: Damage[] = [];
    const read = (key: string): Release | undefined => {
      const release = parseRelease(data[key] ?? "");
      if (typeof release === "object") return release;
      const what = `${releasesName}, key ${key}: ${release}`;
      damaged.push({ what, fix: this.#fixOf(key), blocks: key === openKey });
      return undefined;
    };
    const open = data[openKey] === undefined ? undefined : read(openKey);
    const keys = Object.keys(data).filter((key) => key.startsWith(endedPrefix));
    const ended = keys.map(read).filter((release) => release !== undefined);
    if (data[openKey] === undefined && data[overlayKey] !== undefined)
      damaged.push({
        what: `${releasesName} has an overlay, but no open release`,
        fix: this.#fixOf(overlayKey),
        blocks: true,
      });
    return { open, ended: ended.toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1)), damaged };
  }

  /**
   * Writes a release and what `pulumi up` reads of it, in one request. A release that has ended joins the last ten.
   *
   * @throws {UserError} when another process has changed the open release since this one read it.
   * @throws {ApiError}
   */
  async save(release: Release): Promise<void> {
    const found = await this.#read();
    const data = found?.data ?? {};
    if (data[openKey] !== this.#known) throw changedElsewhere();
    const text = JSON.stringify(release);
    const overlay = overlayOf(release);
    const changes: Record<string, string | null> =
      overlay === undefined
        ? { [openKey]: null, [overlayKey]: null, ...keptOf(data, release) }
        : { [openKey]: text, [overlayKey]: JSON.stringify(overlay) };
    try {
      await this.#write(found, changes);
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) throw changedElsewhere();
      throw error;
    }
    this.#known = overlay === undefined ? undefined : text;
  }

  async #read(): Promise<ConfigMap | undefined> {
    try {
      return await this.#api.getJson<ConfigMap>(configMapPath(this.#namespace, releasesName));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #write(found: ConfigMap | undefined, changes: Record<string, string | null>): Promise<void> {
    if (found === undefined) {
      const data = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null));
      const metadata = { name: releasesName, namespace: this.#namespace };
      await this.#api.create(configMapPath(this.#namespace), {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata,
        data,
      });
      return;
    }
    const { resourceVersion } = found.metadata;
    await this.#api.patch(configMapPath(this.#namespace, releasesName), {
      metadata: { resourceVersion },
      data: changes,
    });
  }

  #fixOf(key: string): string {
    const keys = key === openKey || key === overlayKey ? [openKey, overlayKey] : [key];
    const data = Object.fromEntries(keys.map((each) => [each, null]));
    const removal = `kubectl -n ${this.#namespace} patch configmap ${releasesName} --type merge -p '${JSON.stringify({ data })}'`;
    return key === openKey || key === overlayKey
      ? `remove it: ${removal}; then deploy the version that is to serve: check it out, npm run up`
      : `remove it: ${removal}`;
  }
}

/** Reads a release. @returns why it is none, when it is none */
export function parseRelease(text: string): Release | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (typeof schema === "number" && schema > 1)
    return `has the schema ${schema} of a newer Breakwater, and this one reads 1`;
  if (Value.Check(releaseSchema, value)) return value;
  const [error] = Value.Errors(releaseSchema, value);
  return `is no release: ${error?.path || "/"} ${error?.message ?? ""}`.trim();
}

/** Keys to write and to remove when a release ends. Texts of configuration that are also in another record go first. */
function keptOf(data: Readonly<Record<string, string>>, release: Release): Record<string, string | null> {
  const { rendered } = release;
  const ended = { ...release, rendered: { old: withoutTexts(rendered.old), next: rendered.next } };
  const all = { ...data, [endedPrefix + release.id]: JSON.stringify(ended) };
  // An id begins with the time of the release.
  const newest = Object.keys(all)
    .filter((key) => key.startsWith(endedPrefix))
    .sort()
    .toReversed();
  const changes: Record<string, string | null> = {};
  let bytes = 0;
  for (const [index, key] of newest.entries()) {
    const text = all[key] ?? "";
    bytes += text.length;
    if (index >= keptReleases || bytes > maxBytes) changes[key] = null;
    else if (text !== data[key]) changes[key] = text;
  }
  return changes;
}

function withoutTexts(rendered: Release["rendered"]["old"]): Release["rendered"]["old"] {
  return Object.fromEntries(
    Object.entries(rendered).map(([name, { sha256 }]) => [name, { sha256, text: null }]),
  );
}

function changedElsewhere(): UserError {
  return new UserError(
    "another process has changed the record of the release",
    "see what it does: npm run release -- --status",
  );
}
