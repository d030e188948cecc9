import { createServer } from "node:http";
import { contentType, keepAliveTimeoutMs, port, user } from "./answers.ts";

// node:http alone: the minimum that sends the same responses.
const users = new Map<string, string>();
for (let id = 1; id <= 1000; id++) users.set(`/users/${id}`, JSON.stringify(user(id)));

const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
  const requestId = request.headers["x-request-id"] as string;
  if (request.url === "/light") {
    const body = JSON.stringify({ ok: true });
    response.writeHead(200, {
      "x-request-id": requestId,
      "content-type": contentType,
      "content-length": body.length,
    });
    return response.end(body);
  }
  const found = users.get(request.url ?? "");
  if (found === undefined) return response.writeHead(404).end();
  response.writeHead(200, {
    "x-request-id": requestId,
    "x-cache-status": "HIT",
    "x-cache": "HIT",
    "content-type": contentType,
    "content-length": Buffer.byteLength(found),
  });
  return response.end(found);
});
server.listen(port, "127.0.0.1");
