import { createServer, type Server } from "node:http";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";

/** Probes and metrics for the cluster: GET /livez, /readyz, /metrics. Not meant to be reached from outside. */
export function createInternalServer(
  health: Pick<Health, "live" | "ready">,
  metrics: Pick<Metrics, "contentType" | "render">,
): Server {
  return createServer((request, response) => {
    const send = (status: number, contentType: string, body: string) => {
      response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    const sendJson = (status: number, body: string) => send(status, "application/json", body);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return sendJson(
        405,
        '{"statusCode":405,"error":"Method Not Allowed","message":"only GET is served here"}',
      );
    }
    switch (request.url?.split("?", 1)[0]) {
      case "/livez":
        return sendJson(health.live.status, health.live.body);
      case "/readyz":
        return sendJson(health.ready.status, health.ready.body);
      case "/metrics":
        return void metrics.render().then(
          (text) => send(200, metrics.contentType, text),
          () => sendJson(500, '{"statusCode":500,"error":"Internal Server Error","message":"no metrics"}'),
        );
      default:
        return sendJson(
          404,
          '{"statusCode":404,"error":"Not Found","message":"served here: /livez, /readyz, /metrics"}',
        );
    }
  });
}
