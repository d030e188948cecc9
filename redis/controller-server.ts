import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Controller } from "./controller.ts";
import { renderMetrics } from "./metrics.ts";

/** A step may take as long as a large key needs to move. After this the loop hangs, and a new process helps. */
const longestStepMs = 300_000;

/**
 * Serves what a controller knows: `/status` as JSON, `/metrics` for Prometheus, and `/health`, which is 503 when its loop hangs.
 *
 * @param port 0 for any
 * @returns the server and its port
 */
export async function serveController(
  controller: Controller,
  port: number,
): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? "").split("?");
    if (path === "/status") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(controller.status));
    } else if (path === "/metrics") {
      response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
      response.end(renderMetrics(controller));
    } else if (path === "/health") {
      response.statusCode = controller.silentMs < longestStepMs ? 200 : 503;
      response.end();
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  server.listen(port);
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}
