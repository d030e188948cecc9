import { setMaxListeners } from "node:events";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { answer, refused } from "./answer.ts";
import { EngineLog } from "./engine-log.ts";
import { checkResponse, resourceCalls } from "./resource-calls.ts";
import type { ResourceProvider } from "./resource-provider.ts";
import { fromStruct, type PropertyMap } from "./values.ts";

/** Reads `docker:config:host` and `host` as `host`. The provider's own args have precedence. */
function configuration(request: providerPb.ConfigureRequest): PropertyMap {
  const config: PropertyMap = {};
  for (const [key, value] of request.getVariablesMap().entries())
    config[key.split(":").at(-1) ?? key] = value;
  return { ...config, ...fromStruct(request.getArgs()).values };
}

/** Returns the service for `provider`. `cancel` aborts all running calls. */
function implementation(provider: ResourceProvider, log: EngineLog, cancel: AbortController) {
  return {
    handshake: answer(log, (request: providerPb.ProviderHandshakeRequest) => {
      log.connect(request.getEngineAddress());
      const response = new providerPb.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptResources(false);
      response.setAcceptOutputs(false);
      return response;
    }),
    attach: answer(log, (request: pluginPb.PluginAttach) => {
      log.connect(request.getAddress());
      return new emptyPb.Empty();
    }),
    getPluginInfo: answer(log, () => {
      const response = new pluginPb.PluginInfo();
      response.setVersion(provider.version);
      return response;
    }),
    getSchema: answer(log, () => {
      const response = new providerPb.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: provider.name, version: provider.version, resources: {} }));
      return response;
    }),
    checkConfig: answer(log, async (request: providerPb.CheckRequest) => {
      const inputs = fromStruct(request.getNews());
      return checkResponse((await provider.checkConfig?.(inputs)) ?? { inputs, failures: [] });
    }),
    diffConfig: answer(log, (request: providerPb.DiffRequest) => {
      const olds = fromStruct(request.getOldInputs() ?? request.getOlds()).values;
      const news = fromStruct(request.getNews()).values;
      const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
      const changed = keys.filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
      const response = new providerPb.DiffResponse();
      const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
      response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
      response.setDiffsList(changed);
      return response;
    }),
    configure: answer(log, async (request: providerPb.ConfigureRequest) => {
      await provider.configure(configuration(request));
      const response = new providerPb.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setAcceptresources(false);
      response.setAcceptoutputs(false);
      return response;
    }),
    cancel: answer(log, () => {
      cancel.abort(new Error("the deployment was cancelled"));
      return new emptyPb.Empty();
    }),
    invoke: refused("Invoke (functions such as getRegistryImage)"),
    call: refused("Call"),
    construct: refused("Construct (components)"),
    parameterize: refused("Parameterize"),
    list: refused("List"),
    getMapping: answer(log, () => new providerPb.GetMappingResponse()),
    getMappings: answer(log, () => new providerPb.GetMappingsResponse()),
    ...resourceCalls(provider, log, cancel.signal),
  };
}

/**
 * Starts the gRPC server on a free loopback port. Without `engineAddress`, the engine attaches later.
 *
 * @returns the port, and `close` for tests.
 */
export async function startServer(
  provider: ResourceProvider,
  engineAddress?: string,
): Promise<{ port: number; close: () => void }> {
  const log = new EngineLog();
  if (engineAddress) log.connect(engineAddress);
  const cancel = new AbortController();
  // Every running call may add a listener.
  setMaxListeners(0, cancel.signal);
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(
    providerService.ResourceProviderService as never,
    implementation(provider, log, cancel) as never,
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };
}

/**
 * Runs a plugin process: serves `provider`, prints the port as the first line on stdout, as the engine expects, and ends
 * when the engine has ended.
 */
export async function serve(provider: ResourceProvider): Promise<void> {
  const engine = process.ppid;
  const address = process.argv.slice(2).find((arg) => /^[^-].*:\d+$/.test(arg));
  const { port } = await startServer(provider, address);
  process.stdout.write(`${port}\n`);
  setInterval(() => {
    if (process.ppid !== engine) process.exit(1);
  }, 1000).unref();
}
