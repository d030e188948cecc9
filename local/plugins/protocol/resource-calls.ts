import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { answer } from "./answer.ts";
import type { EngineLog } from "./engine-log.ts";
import type {
  CallContext,
  CheckResult,
  DiffKind,
  DiffResult,
  ResourceProvider,
} from "./resource-provider.ts";
import { fromStruct, type Properties, toStruct } from "./values.ts";

const { Kind } = providerPb.PropertyDiff;
const kinds: Record<DiffKind, providerPb.PropertyDiff.Kind> = {
  add: Kind.ADD,
  delete: Kind.DELETE,
  update: Kind.UPDATE,
};

/** A message about one resource, with all optional fields. */
interface ResourceRequest {
  getUrn(): string;
  getPreview?(): boolean;
  getTimeout?(): number;
}

function contextOf(request: ResourceRequest, log: EngineLog, signal: AbortSignal): CallContext {
  const urn = request.getUrn();
  // urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>; a name may itself contain "::".
  const [, , types = "", ...name] = urn.split("::");
  return {
    urn,
    type: types.split("$").at(-1) ?? "",
    name: name.join("::"),
    preview: request.getPreview?.() ?? false,
    timeoutSeconds: request.getTimeout?.() ?? 0,
    signal,
    log: (severity, message, options) => log.log(urn, severity, message, options?.ephemeral ?? false),
  };
}

function diffResponse(result: DiffResult): providerPb.DiffResponse {
  const response = new providerPb.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
  response.setChanges(result.changes.size > 0 ? DIFF_SOME : DIFF_NONE);
  response.setHasdetaileddiff(true);
  const topLevel = new Set<string>();
  for (const [path, kind] of result.changes) {
    const diff = new providerPb.PropertyDiff();
    diff.setKind(kinds[kind]);
    diff.setInputdiff(true);
    response.getDetaileddiffMap().set(path, diff);
    topLevel.add(path.split(/[.[]/)[0] ?? path);
  }
  response.setDiffsList([...topLevel]);
  return response;
}

/** Result of Check and CheckConfig. */
export function checkResponse(result: CheckResult): providerPb.CheckResponse {
  const response = new providerPb.CheckResponse();
  response.setInputs(toStruct(result.inputs));
  for (const { property, reason } of result.failures) {
    const failure = new providerPb.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

/** Handlers of the calls on resources: they convert messages to the plain values of `provider`, and its results back. */
export function resourceCalls(provider: ResourceProvider, log: EngineLog, signal: AbortSignal) {
  const context = (request: ResourceRequest): CallContext => contextOf(request, log, signal);
  /** Old engines do not send the old inputs, so the state replaces them. */
  const oldInputs = (request: providerPb.DiffRequest | providerPb.UpdateRequest): Properties =>
    fromStruct(request.getOldInputs() ?? request.getOlds());
  return {
    check: answer(log, async (request: providerPb.CheckRequest) =>
      checkResponse(
        await provider.check(
          { olds: fromStruct(request.getOlds()), news: fromStruct(request.getNews()) },
          context(request),
        ),
      ),
    ),
    diff: answer(log, async (request: providerPb.DiffRequest) =>
      diffResponse(
        await provider.diff(
          {
            id: request.getId(),
            state: fromStruct(request.getOlds()),
            oldInputs: oldInputs(request),
            newInputs: fromStruct(request.getNews()),
            ignoreChanges: request.getIgnorechangesList(),
          },
          context(request),
        ),
      ),
    ),
    create: answer(log, async (request: providerPb.CreateRequest) => {
      const result = await provider.create(fromStruct(request.getProperties()), context(request));
      const response = new providerPb.CreateResponse();
      response.setId(result.id);
      response.setProperties(toStruct(result.outputs));
      return response;
    }),
    read: answer(log, async (request: providerPb.ReadRequest) => {
      const result = await provider.read(
        {
          id: request.getId(),
          state: fromStruct(request.getProperties()),
          inputs: fromStruct(request.getInputs()),
        },
        context(request),
      );
      const response = new providerPb.ReadResponse();
      if (!result) return response;
      response.setId(result.id);
      response.setProperties(toStruct(result.outputs));
      response.setInputs(toStruct(result.inputs));
      return response;
    }),
    update: answer(log, async (request: providerPb.UpdateRequest) => {
      const outputs = await provider.update(
        {
          id: request.getId(),
          state: fromStruct(request.getOlds()),
          oldInputs: oldInputs(request),
          newInputs: fromStruct(request.getNews()),
          ignoreChanges: request.getIgnorechangesList(),
        },
        context(request),
      );
      const response = new providerPb.UpdateResponse();
      response.setProperties(toStruct(outputs));
      return response;
    }),
    delete: answer(log, async (request: providerPb.DeleteRequest) => {
      await provider.delete(
        { id: request.getId(), state: fromStruct(request.getProperties()) },
        context(request),
      );
      return new emptyPb.Empty();
    }),
  };
}
