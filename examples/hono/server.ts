import { serve } from "@hono/node-server";
import { Hono } from "hono";

// An API that knows nothing of the kit: words, and how long they are.
const app = new Hono();
let ready = true;

app.get("/healthz", (context) => context.json({ alive: true }));
app.get("/ready", (context) => context.json({ ready }, ready ? 200 : 503));
app.get("/words/:word", (context) => {
  const word = context.req.param("word");
  return context.json({ word, length: [...word].length });
});

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });

process.on("SIGTERM", () => {
  ready = false;
  server.close(() => process.exit(0));
});
