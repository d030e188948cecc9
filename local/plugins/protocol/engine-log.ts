import { credentials } from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import type { Severity } from "./resource-provider.ts";

const severities = {
  debug: enginePb.LogSeverity.DEBUG,
  info: enginePb.LogSeverity.INFO,
  warning: enginePb.LogSeverity.WARNING,
  error: enginePb.LogSeverity.ERROR,
} as const;

/** Sends lines to the engine's log, in order. Lines before `connect` and lines that the engine refuses are lost. */
export class EngineLog {
  #client: engineService.EngineClient | undefined;
  #sent: Promise<void> = Promise.resolve();

  /** @param address host:port of the engine, from Handshake, Attach or the command line */
  connect(address: string): void {
    this.#client?.close();
    this.#client = new engineService.EngineClient(address, credentials.createInsecure());
  }

  log(urn: string, severity: Severity, message: string, ephemeral: boolean): void {
    const client = this.#client;
    if (!client) return;
    const request = new enginePb.LogRequest();
    request.setUrn(urn);
    request.setSeverity(severities[severity]);
    request.setMessage(message);
    request.setEphemeral(ephemeral);
    this.#sent = this.#sent.then(() => new Promise((resolve) => client.log(request, () => resolve())));
  }

  /** Resolves when all lines have arrived, so that no line arrives after the end of its resource. */
  flush(): Promise<void> {
    return this.#sent;
  }
}
