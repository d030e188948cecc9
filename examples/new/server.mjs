import { createServer } from "node:http";
import { answer } from "./routes.mjs";

const server = createServer(async (request, response) => {
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    // The client has gone.
    return;
  }
  const { status, body } = answer(request.method ?? "GET", request.url ?? "/", Buffer.concat(chunks).toString());
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
});
server.listen(Number(process.env.PORT ?? 3000));

// The gateway sends no more requests when this comes. Those in progress may end.
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
