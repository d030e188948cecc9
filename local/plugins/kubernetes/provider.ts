import type {
  CallContext,
  CheckArgs,
  CheckFailure,
  CheckResult,
  DeleteArgs,
  DiffArgs,
  DiffResult,
  ReadArgs,
  ReadResult,
  ResourceProvider,
  UpdateArgs,
} from "../protocol/resource-provider.ts";
import { InitializationError } from "../protocol/resource-provider.ts";
import { containsUnknown, isMap, type Properties, unknown } from "../protocol/values.ts";
import type { ApiClient } from "./api-client.ts";
import { awaitRuleOf, isSkipped, timeoutSecondsOf } from "./await/rules.ts";
import { waitUntilGone } from "./await/wait-until-gone.ts";
import { NotReadyError, reasonsNotReady, waitUntilReady } from "./await/wait-until-ready.ts";
import {
  createObject,
  deleteObject,
  dryRunCreate,
  findObject,
  updateObject,
  withNamespace,
} from "./cluster-objects.ts";
import { changesBetween, detailedDiff, mustDeleteFirst } from "./diff.ts";
import { isForced, newFieldManager } from "./field-manager.ts";
import {
  annotationOf,
  autonamed,
  formatId,
  hexSuffix,
  type Manifest,
  metadataOf,
  objectName,
  parseId,
} from "./manifest.ts";
import { liveOf, merged, previewOfNew, secretInputPaths, stateOf } from "./outputs.ts";
import { configFailures, type ProviderConfig, parseConfig } from "./provider-config.ts";
import { importedInputs, refreshedInputs } from "./refresh.ts";
import { needsReplacement } from "./replace-rules.ts";
import { parseResourceType, type ResourceType } from "./resource-type.ts";
import { isNamespaced } from "./scope.ts";

/** The kubernetes plugin: objects of any kind by server-side apply, and waiting for those that take time. */
export function kubernetesProvider(version: string): ResourceProvider {
  return new KubernetesProvider(version);
}

class KubernetesProvider implements ResourceProvider {
  readonly name = "kubernetes";
  readonly version: string;
  #config: ProviderConfig = parseConfig({});
  #connection: Promise<{ api: ApiClient; namespace?: string }> | undefined;

  constructor(version: string) {
    this.version = version;
  }

  async checkConfig(inputs: Properties): Promise<CheckResult> {
    return { inputs, failures: configFailures(inputs.values) };
  }

  /** Another cluster: everything has to be made there, and to go from the old one. */
  diffConfig(olds: Manifest, news: Manifest): readonly string[] {
    const changed = ["kubeconfig", "context"].filter((key) => olds[key] !== news[key]);
    return changed.some((key) => olds[key] === unknown || news[key] === unknown) ? [] : changed;
  }

  async configure(values: Manifest): Promise<void> {
    this.#config = parseConfig(values);
  }

  /** Only what has to talk to the cluster pays for reading the kubeconfig. */
  async #connect(): Promise<{ api: ApiClient; namespace?: string }> {
    this.#connection ??= import("./connection.ts").then(({ openConnection }) => openConnection(this.#config));
    return await this.#connection;
  }
  readonly #api = async (): Promise<ApiClient> => (await this.#connect()).api;

  async check({ olds, news, autonaming, randomSeed }: CheckArgs, context: CallContext): Promise<CheckResult> {
    const type = parseResourceType(context.type);
    const failures: CheckFailure[] = [];
    let inputs: Manifest = { ...news.values, apiVersion: type.apiVersion, kind: type.kind };
    if (inputs.metadata === undefined || inputs.metadata === null) inputs.metadata = {};
    if (inputs.metadata !== unknown && !isMap(inputs.metadata)) {
      failures.push({ property: "metadata", reason: "must be an object" });
      return { inputs: news, failures };
    }
    const proposed =
      autonaming && autonaming.mode !== "disable"
        ? autonaming.proposedName
        : objectName(context.name, hexSuffix(randomSeed, "name"));
    if (metadataOf(inputs).generateName === undefined) {
      if (
        autonaming?.mode === "disable" &&
        metadataOf(inputs).name === undefined &&
        inputs.metadata !== unknown
      ) {
        failures.push({
          property: "metadata.name",
          reason: "is required because the project's autonaming is disabled; give the object a name",
        });
      } else {
        inputs = autonamed(inputs, olds.values, proposed);
      }
    }
    if (inputs.metadata !== unknown && metadataOf(inputs).namespace === undefined) {
      const namespaced = await isNamespaced(type, this.#api);
      if (namespaced) {
        const namespace = this.#config.namespace ?? (await this.#connect()).namespace ?? "default";
        inputs = withNamespace(inputs, namespace);
      }
    }
    try {
      awaitRuleOf(type, inputs);
      timeoutSecondsOf(context.timeoutSeconds, inputs);
    } catch (error) {
      failures.push({ property: "metadata.annotations", reason: (error as Error).message });
    }
    const checked = { values: inputs, secretPaths: news.secretPaths };
    return { inputs: { ...checked, secretPaths: secretInputPaths(checked) }, failures };
  }

  async diff({ oldInputs, newInputs }: DiffArgs, context: CallContext): Promise<DiffResult> {
    const type = parseResourceType(context.type);
    const changes = detailedDiff(changesBetween(oldInputs.values, newInputs.values), (path) =>
      needsReplacement(type, path, this.#config.mutableData),
    );
    return { changes, deleteBeforeReplace: mustDeleteFirst(oldInputs.values, newInputs.values) };
  }

  async create(inputs: Properties, context: CallContext): Promise<{ id: string; outputs: Properties }> {
    const type = parseResourceType(context.type);
    const force = isForced(inputs.values, this.#config.patchForce);
    const book = { inputs, initialApiVersion: type.apiVersion, fieldManager: newFieldManager() };
    if (context.preview) {
      const shown = containsUnknown(inputs.values)
        ? undefined
        : await this.#explain("Preview failed", async () =>
            dryRunCreate(await this.#api(), type, inputs.values),
          );
      const object = previewOfNew(shown ?? inputs.values, inputs.values);
      return { id: "", outputs: stateOf(object, book) };
    }
    const made = await this.#explain(
      `resource "${formatId(inputs.values)}" was not successfully created by the Kubernetes API server`,
      async () => {
        const api = await this.#api();
        if (!force) return await createObject(api, type, context.type, inputs.values);
        const options = { manager: book.fieldManager, force, dryRun: false, ignoreChanges: [] };
        return await updateObject(api, type, inputs.values, options);
      },
    );
    const live = await this.#awaitReady(type, made, inputs, book.fieldManager, "created", context);
    return { id: formatId(live), outputs: stateOf(live, book) };
  }

  async update(args: UpdateArgs, context: CallContext): Promise<Properties> {
    const type = parseResourceType(context.type);
    const inputs = args.newInputs;
    const known = args.state.values.__fieldManager;
    const fieldManager =
      typeof known === "string" && known !== "" && known !== unknown ? known : newFieldManager();
    const book = { inputs, initialApiVersion: initialApiVersion(args.state, type), fieldManager };
    const options = {
      manager: fieldManager,
      force: isForced(inputs.values, this.#config.patchForce),
      dryRun: context.preview,
      ignoreChanges: args.ignoreChanges,
    };
    if (context.preview && containsUnknown(inputs.values)) {
      return stateOf(merged(liveOf(args.state.values), inputs.values) as Manifest, book);
    }
    const what = context.preview
      ? "Preview failed"
      : `update of resource "${args.id}" was refused by the Kubernetes API server`;
    const applied = await this.#explain(what, async () =>
      updateObject(await this.#api(), type, inputs.values, options),
    );
    if (context.preview) return stateOf(applied, book);
    const live = await this.#awaitReady(type, applied, inputs, fieldManager, "updated", context);
    return stateOf(live, book);
  }

  async read({ id, state, inputs }: ReadArgs, context: CallContext): Promise<ReadResult | undefined> {
    const type = parseResourceType(context.type);
    const api = await this.#api();
    const place = parseId(id);
    const fallback = this.#config.namespace ?? (await this.#connect()).namespace;
    const live = await findObject(api, type, place.namespace ?? fallback, place.name);
    if (!live) return undefined;
    const isImport = Object.keys(inputs.values).length === 0;
    const values = isImport
      ? importedInputs(live)
      : ((refreshedInputs(inputs.values, liveOf(state.values), live) ?? {}) as Manifest);
    const readInputs: Properties = { values, secretPaths: [] };
    const found: Properties = {
      values,
      secretPaths: secretInputPaths({ ...readInputs, secretPaths: inputs.secretPaths }),
    };
    const known = state.values.__fieldManager;
    const outputs = stateOf(live, {
      inputs: found,
      initialApiVersion: initialApiVersion(state, type),
      fieldManager: typeof known === "string" ? known : undefined,
    });
    const result = { id: formatId(live), outputs, inputs: found };
    const rule = isImport ? undefined : awaitRuleOf(type, values);
    const reasons = rule ? await reasonsNotReady(api, live, rule) : [];
    if (reasons.length > 0) {
      throw new InitializationError(`"${id}" is not ready`, { ...result, reasons });
    }
    return result;
  }

  async delete({ id, state }: DeleteArgs, context: CallContext): Promise<void> {
    const type = parseResourceType(context.type);
    const api = await this.#api();
    const { namespace, name } = parseId(id);
    const object: Manifest = { metadata: { name, ...(namespace ? { namespace } : {}) } };
    const policy = annotationOf(state.values, "pulumi.com/deletionPropagationPolicy") ?? "foreground";
    const propagationPolicy = `${policy.charAt(0).toUpperCase()}${policy.slice(1).toLowerCase()}`;
    const going = await deleteObject(api, type, object, propagationPolicy);
    if (!going || isSkipped(state.values)) return;
    const seconds = timeoutSecondsOf(context.timeoutSeconds, state.values);
    await waitUntilGone(api, type, going, seconds, context);
  }

  /** Waits as the kind and its annotations say; a failure leaves the object in the state. */
  async #awaitReady(
    type: ResourceType,
    live: Manifest,
    inputs: Properties,
    fieldManager: string,
    done: "created" | "updated",
    context: CallContext,
  ): Promise<Manifest> {
    const rule = awaitRuleOf(type, inputs.values);
    if (!rule) return live;
    const seconds = timeoutSecondsOf(context.timeoutSeconds, inputs.values);
    try {
      return await waitUntilReady(await this.#api(), type, live, rule, seconds, context);
    } catch (error) {
      const object = error instanceof NotReadyError ? error.object : live;
      const reasons = error instanceof NotReadyError ? error.reasons : [(error as Error).message];
      const id = formatId(object);
      const book = { inputs, initialApiVersion: type.apiVersion, fieldManager };
      const [first, ...others] = reasons;
      const message = `resource "${id}" was successfully ${done}, but the Kubernetes API server reported that it failed to fully initialize or become live: ${first}`;
      // The engine shows the reasons alone.
      throw new InitializationError(message, {
        id,
        inputs,
        outputs: stateOf(object, book),
        reasons: [message, ...others],
      });
    }
  }

  async #explain<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function initialApiVersion(state: Properties, type: ResourceType): string {
  const known = state.values.__initialApiVersion;
  return typeof known === "string" ? known : type.apiVersion;
}
