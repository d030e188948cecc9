import { randomBytes } from "node:crypto";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { startServer } from "../../protocol/server.ts";
import { fromStruct, type Properties, type PropertyMap, toStruct } from "../../protocol/values.ts";
import { kubernetesProvider } from "../provider.ts";

/** What the engine keeps of a resource. */
export interface Stored {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
  readonly state: Properties;
  readonly initErrors: readonly string[];
}

export interface Options {
  readonly preview?: boolean;
  readonly timeoutSeconds?: number;
  readonly ignoreChanges?: readonly string[];
}

/** The engine's side of the protocol, over gRPC, for tests. */
export class PluginClient {
  readonly #client: InstanceType<typeof providerService.ResourceProviderClient>;
  readonly #stop: () => void;

  private constructor(client: InstanceType<typeof providerService.ResourceProviderClient>, stop: () => void) {
    this.#client = client;
    this.#stop = stop;
  }

  /** Starts a plugin in this process, configured with `config`. */
  static async start(config: PropertyMap): Promise<PluginClient> {
    const { port, close } = await startServer(kubernetesProvider("0.0.0"));
    const client = new providerService.ResourceProviderClient(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
    );
    const plugin = new PluginClient(client, () => {
      client.close();
      close();
    });
    const request = new providerPb.ConfigureRequest();
    request.setArgs(toStruct({ values: config, secretPaths: [] }));
    await call((done) => client.configure(request, done));
    return plugin;
  }

  close(): void {
    this.#stop();
  }

  async check(
    type: string,
    name: string,
    values: PropertyMap,
    olds?: Properties,
    secretPaths: Properties["secretPaths"] = [],
  ): Promise<{ inputs: Properties; failures: string[] }> {
    const request = new providerPb.CheckRequest();
    request.setUrn(urnOf(type, name));
    request.setNews(toStruct({ values, secretPaths }));
    if (olds) request.setOlds(toStruct(olds));
    request.setRandomseed(randomBytes(32));
    const response = await call<providerPb.CheckResponse>((done) => this.#client.check(request, done));
    const failures = response.getFailuresList().map((f) => `${f.getProperty()}: ${f.getReason()}`);
    return { inputs: fromStruct(response.getInputs()), failures };
  }

  async diff(old: Stored, inputs: Properties) {
    const request = new providerPb.DiffRequest();
    request.setUrn(urnOf(old.type, old.name));
    request.setId(old.id);
    request.setOlds(toStruct(old.state));
    request.setOldInputs(toStruct(old.inputs));
    request.setNews(toStruct(inputs));
    const response = await call<providerPb.DiffResponse>((done) => this.#client.diff(request, done));
    return {
      changed: [...response.getDetaileddiffMap().getEntryList()].map(([path]) => path).sort(),
      replaces: response.getReplacesList().sort(),
      deleteFirst: response.getDeletebeforereplace(),
    };
  }

  /** Checks and creates. */
  async create(type: string, name: string, values: PropertyMap, options: Options = {}): Promise<Stored> {
    const { inputs, failures } = await this.check(type, name, values);
    if (failures.length > 0) throw new Error(failures.join("; "));
    const request = new providerPb.CreateRequest();
    request.setUrn(urnOf(type, name));
    request.setProperties(toStruct(inputs));
    request.setPreview(options.preview ?? false);
    request.setTimeout(options.timeoutSeconds ?? 0);
    const response = await call<providerPb.CreateResponse>((done) =>
      this.#client.create(request, done),
    ).catch(partialResult);
    return {
      type,
      name,
      inputs,
      id: response.getId(),
      state: fromStruct(response.getProperties()),
      initErrors: "reasons" in response ? response.reasons : [],
    };
  }

  /** Checks and updates, as an up with `values` in the program. */
  async update(old: Stored, values: PropertyMap, options: Options = {}): Promise<Stored> {
    const { inputs, failures } = await this.check(old.type, old.name, values, old.inputs);
    if (failures.length > 0) throw new Error(failures.join("; "));
    const request = new providerPb.UpdateRequest();
    request.setUrn(urnOf(old.type, old.name));
    request.setId(old.id);
    request.setOlds(toStruct(old.state));
    request.setOldInputs(toStruct(old.inputs));
    request.setNews(toStruct(inputs));
    request.setPreview(options.preview ?? false);
    request.setTimeout(options.timeoutSeconds ?? 0);
    request.setIgnorechangesList([...(options.ignoreChanges ?? [])]);
    const response = await call<providerPb.UpdateResponse>((done) =>
      this.#client.update(request, done),
    ).catch(partialResult);
    return {
      ...old,
      inputs,
      state: fromStruct(response.getProperties()),
      initErrors: "reasons" in response ? response.reasons : [],
    };
  }

  /** Refreshes; with empty inputs and state, imports. Undefined when the object is gone. */
  async read(old: Stored): Promise<Stored | undefined> {
    const request = new providerPb.ReadRequest();
    request.setUrn(urnOf(old.type, old.name));
    request.setId(old.id);
    request.setProperties(toStruct(old.state));
    request.setInputs(toStruct(old.inputs));
    const response = await call<providerPb.ReadResponse>((done) => this.#client.read(request, done)).catch(
      partialResult,
    );
    if (response.getId() === "") return undefined;
    return {
      ...old,
      id: response.getId(),
      inputs: fromStruct(response.getInputs()),
      state: fromStruct(response.getProperties()),
      initErrors: "reasons" in response ? response.reasons : [],
    };
  }

  async delete(old: Stored, options: Options = {}): Promise<void> {
    const request = new providerPb.DeleteRequest();
    request.setUrn(urnOf(old.type, old.name));
    request.setId(old.id);
    request.setProperties(toStruct(old.state));
    request.setTimeout(options.timeoutSeconds ?? 0);
    await call<emptyPb.Empty>((done) => this.#client.delete(request, done));
  }

  async cancel(): Promise<void> {
    await call<emptyPb.Empty>((done) => this.#client.cancel(new emptyPb.Empty(), done));
  }
}

const urnOf = (type: string, name: string): string => `urn:pulumi:test::plugin::${type}::${name}`;

async function call<Response>(
  start: (done: (error: ServiceError | null, response: Response) => void) => void,
): Promise<Response> {
  return await new Promise((resolve, reject) => {
    start((error, response) => (error ? reject(error) : resolve(response)));
  });
}

/** Reads what a resource that did not become ready leaves in the state; other errors are thrown on. */
function partialResult(error: unknown) {
  const [details] = (error as ServiceError).metadata?.get("grpc-status-details-bin") ?? [];
  const packed = details
    ? statusPb.Status.deserializeBinary(details as Buffer).getDetailsList()[0]
    : undefined;
  const detail = packed?.unpack(
    providerPb.ErrorResourceInitFailed.deserializeBinary,
    "pulumirpc.ErrorResourceInitFailed",
  );
  if (!detail) throw error instanceof Error ? new Error((error as ServiceError).details) : error;
  return Object.assign(detail, { reasons: detail.getReasonsList() });
}
