import { writeFileSync } from "node:fs";
import { createServer } from "node:http";

// An API that breaks one rule of docs/own-api.md, or several: BREAK names them.
const broken = new Set((process.env.BREAK ?? "").split(","));
const port = broken.has("port") ? 4000 : Number(process.env.PORT ?? 3000);
const host = broken.has("localhost") ? "127.0.0.1" : "0.0.0.0";

if (broken.has("crash")) throw new Error("no database");
if (broken.has("root-user") && process.getuid?.() !== 0) throw new Error("EACCES: permission denied, the key of root");
if (broken.has("root-files")) writeFileSync("/app/state.json", "{}");
if (broken.has("silent")) setInterval(() => {}, 1000);
else start();

function start() {
  const server = createServer(async (request, response) => {
    try {
      for await (const _ of request);
    } catch {
      // The client has gone.
      return;
    }
    response.statusCode = statusOf(request.url);
    response.end("{}");
  }).listen(port, host);
  if (broken.has("ignores-sigterm")) return;
  process.on("SIGTERM", () => {
    if (broken.has("cuts-off")) process.exit(0);
    server.close(() => process.exit(0));
  });
}

function statusOf(path) {
  if (path === "/healthz") return broken.has("needs-database") ? 503 : 200;
  return path === "/ready" && !broken.has("no-ready") ? 200 : 404;
}
