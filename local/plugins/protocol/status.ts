import { Metadata, status } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import { InitializationError } from "./resource-provider.ts";
import { toStruct } from "./values.ts";

/** A failed call in the form of grpc-js. */
export interface CallFailure {
  code: status;
  details: string;
  metadata?: Metadata;
}

/**
 * Converts an error of a provider to a gRPC status. For a partial failure, the trailer `grpc-status-details-bin` contains
 * `ErrorResourceInitFailed`, which the engine reads there.
 */
export function failureOf(error: unknown): CallFailure {
  const details = error instanceof Error ? error.message : String(error);
  if (!(error instanceof InitializationError)) return { code: status.UNKNOWN, details };
  const detail = new providerPb.ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(toStruct(error.outputs));
  detail.setInputs(toStruct(error.inputs));
  detail.setReasonsList([...error.reasons]);
  const packed = new anyPb.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const rich = new statusPb.Status();
  rich.setCode(status.UNKNOWN);
  rich.setMessage(details);
  rich.addDetails(packed);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
  return { code: status.UNKNOWN, details, metadata };
}
