import type { Properties, PropertyMap } from "./values.ts";

export type Severity = "debug" | "info" | "warning" | "error";

/** Parameters of every call on a resource. */
export interface CallContext {
  readonly urn: string;
  /** The type token, for example `docker:index/image:Image`. */
  readonly type: string;
  /** The logical name from the program. */
  readonly name: string;
  /** Whether nothing may be changed. */
  readonly preview: boolean;
  /** From `customTimeouts`; 0 when the program gave none. */
  readonly timeoutSeconds: number;
  /** Aborted when the user cancels the deployment. */
  readonly signal: AbortSignal;
  /** Shows a line beside the resource. The next line replaces an ephemeral line. */
  log(severity: Severity, message: string, options?: { ephemeral?: boolean }): void;
}

export interface CheckFailure {
  /** Path of the wrong input, for example `build.context`; empty for the resource as a whole. */
  readonly property: string;
  readonly reason: string;
}

export interface CheckArgs {
  /** The inputs of the last deployment; empty values for a new resource. */
  readonly olds: Properties;
  readonly news: Properties;
}
export interface CheckResult {
  readonly inputs: Properties;
  readonly failures: readonly CheckFailure[];
}

export type DiffKind = "add" | "delete" | "update";
export interface DiffArgs {
  readonly id: string;
  /** The outputs of the last deployment or refresh. */
  readonly state: Properties;
  readonly oldInputs: Properties;
  readonly newInputs: Properties;
  readonly ignoreChanges: readonly string[];
}
export interface DiffResult {
  /** Kinds of change by path (see `formatPath`); empty when nothing changed. */
  readonly changes: ReadonlyMap<string, DiffKind>;
}

export interface CreateResult {
  /** Empty in a preview when it is not known yet. */
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
 * The part of a plugin that implements its resources. `serve` makes it a gRPC service for Pulumi. All values are plain
 * JSON, with the paths of secrets beside them. An error fails the operation with its message. A change never replaces a
 * resource.
 */
export interface ResourceProvider {
  /** The plugin's name, as in `resource-<name>`. */
  readonly name: string;
  readonly version: string;
  /** Checks the configuration of a provider resource. Without this method, every configuration is accepted. */
  checkConfig?(config: Properties): Promise<CheckResult>;
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
