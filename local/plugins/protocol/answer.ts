import { type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import type { EngineLog } from "./engine-log.ts";

type Unary<Request, Response> = (
  call: ServerUnaryCall<Request, Response>,
  callback: sendUnaryData<Response>,
) => void;

/** Runs one call. An error becomes the status of the call. Log lines are delivered before the response. */
export function answer<Request, Response>(
  log: EngineLog,
  handle: (request: Request) => Promise<Response> | Response,
): Unary<Request, Response> {
  return (call, callback) => {
    void (async () => {
      try {
        const response = await handle(call.request);
        await log.flush();
        callback(null, response);
      } catch (error) {
        await log.flush();
        const details = error instanceof Error ? error.message : String(error);
        callback({ code: status.UNKNOWN, details }, null);
      }
    })();
  };
}

/** Responds to a call that this plugin does not implement. */
export const refused =
  (what: string): Unary<unknown, never> =>
  (_call, callback) => {
    callback({ code: status.UNIMPLEMENTED, details: `${what} is not supported by this plugin` }, null);
  };
