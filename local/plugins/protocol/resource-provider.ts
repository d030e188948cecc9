import type { Properties, PropertyMap } from "./values.ts";

export type Severity = "debug" | "info" | "warning" | "error";

/** What every call on a resource comes with. */
export interface CallContext {
  readonly urn: string;
  /** The type token, for example `kubernetes:core/v1:ConfigMap`. */
  readonly type: string;
  /** The logical name from the program. */
  readonly name: string;
  /** True when nothing may be changed. */
  readonly preview: boolean;
  /** From `customTimeouts`; 0 when the program gave none. */
  readonly timeoutSeconds: number;
  /** Aborted when the person cancels the deployment. */
  readonly signal: AbortSignal;
  /** Shows a line beside the resource. Ephemeral lines are replaced by the next one and not kept. */
  log(severity: Severity, message: string, options?: { ephemeral?: boolean }): void;
}

export interface CheckFailure {
  /** Path of the wrong input, for example `spec.replicas`; empty for the resource as a whole. */
  readonly property: string;
  readonly reason: string;
}

/** From the project's autonaming configuration; absent when the person configured none. */
export interface Autonaming {
  readonly proposedName: string;
  readonly mode: "propose" | "enforce" | "disable";
}

export interface CheckArgs {
  /** The inputs of the last deployment; empty values for a new resource. */
  readonly olds: Properties;
  readonly news: Properties;
  readonly autonaming?: Autonaming;
  /** The same for the same resource in preview and deployment. Names are made from it. */
  readonly randomSeed: Uint8Array;
}
export interface CheckResult {
  readonly inputs: Properties;
  readonly failures: readonly CheckFailure[];
}

export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";
export interface DiffArgs {
  readonly id: string;
  /** The outputs of the last deployment or refresh. */
  readonly state: Properties;
  readonly oldInputs: Properties;
  readonly newInputs: Properties;
  readonly ignoreChanges: readonly string[];
}
export interface DiffResult {
  /** Paths (see `formatPath`) with what happens there; empty when nothing changed. */
  readonly changes: ReadonlyMap<string, DiffKind>;
  readonly deleteBeforeReplace: boolean;
}

export interface CreateResult {
  /** Empty in a preview that cannot know it. */
  readonly id: string;
  readonly outputs: Properties;
}
export interface ReadArgs {
  readonly id: string;
  /** Empty values on import. */
  readonly state: Properties;
  readonly inputs: Properties;
}
export interface ReadResult {
  readonly id: string;
  readonly outputs: Properties;
  readonly inputs: Properties;
}
export interface UpdateArgs {
  readonly id: string;
  readonly state: Properties;
  readonly oldInputs: Properties;
  readonly newInputs: Properties;
  readonly ignoreChanges: readonly string[];
}
export interface DeleteArgs {
  readonly id: string;
  readonly state: Properties;
}

/**
 * The part of a plugin that knows its resources. `serve` turns it into Pulumi's gRPC service: all values come in and go
 * out as plain JSON with secret paths beside them. Any error thrown fails the operation with its message;
 * `InitializationError` from create, update or read keeps the resource in the state with the reasons.
 */
export interface ResourceProvider {
  /** The plugin's name, as in `resource-<name>`. */
  readonly name: string;
  readonly version: string;
  /** Checks the configuration of an explicit or default provider resource; accepted unchanged when absent. */
  checkConfig?(config: Properties): Promise<CheckResult>;
  /** Paths of configuration that need all resources replaced when they change; none when absent. */
  diffConfig?(olds: PropertyMap, news: PropertyMap): readonly string[];
  /** Called once per process with known values before any call on a resource. */
  configure(config: PropertyMap): Promise<void>;
  check(args: CheckArgs, context: CallContext): Promise<CheckResult>;
  diff(args: DiffArgs, context: CallContext): Promise<DiffResult>;
  create(inputs: Properties, context: CallContext): Promise<CreateResult>;
  /** Returns undefined when the resource is gone. */
  read(args: ReadArgs, context: CallContext): Promise<ReadResult | undefined>;
  update(args: UpdateArgs, context: CallContext): Promise<Properties>;
  delete(args: DeleteArgs, context: CallContext): Promise<void>;
}

/** The resource exists but did not become ready: it is stored with `reasons` as initErrors and tried again by the next up. */
export class InitializationError extends Error {
  readonly id: string;
  readonly outputs: Properties;
  readonly inputs: Properties;
  readonly reasons: readonly string[];

  constructor(
    message: string,
    partial: { id: string; outputs: Properties; inputs: Properties; reasons: readonly string[] },
  ) {
    super(message);
    this.name = "InitializationError";
    this.id = partial.id;
    this.outputs = partial.outputs;
    this.inputs = partial.inputs;
    this.reasons = partial.reasons;
  }
}
