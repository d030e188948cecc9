import express from "express";

// An API that knows nothing of the kit: it keeps items in memory, and writes what happens to standard output.
const app = express();
app.use(express.json());

const items = new Map<string, { id: string; size: string }>();
let ready = true;

app.get("/healthz", (_request, response) => void response.json({ alive: true }));
app.get("/ready", (_request, response) => void response.status(ready ? 200 : 503).json({ ready }));
app.get(
  "/items",
  (_request, response) => void response.json({ count: items.size, pod: process.env.POD_NAME }),
);
app.get("/items/:id", (request, response) => {
  const item = items.get(request.params.id);
  response.status(item ? 200 : 404).json(item ?? { error: "no such item" });
});
app.post("/items", (request, response) => {
  const { id, size } = request.body as { id: string; size: string };
  items.set(id, { id, size });
  if (items.size > 1000) items.delete(items.keys().next().value ?? "");
  response.status(201).json({ id, size });
});

const server = app.listen(Number(process.env.PORT ?? 3000));

// Kubernetes sends SIGTERM when the gateway has stopped sending requests; those in progress may end.
process.on("SIGTERM", () => {
  ready = false;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
