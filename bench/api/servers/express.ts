import express from "express";
import { keepAliveTimeoutMs, port } from "./answers.ts";

// As few parts as Express has; the two headers that it adds by itself are off, so that answers are the same.
const app = express();
app.disable("x-powered-by");
app.set("etag", false);
app.get("/light", (request, response) => {
  response.set("x-request-id", request.get("x-request-id"));
  response.json({ ok: true });
});
app.listen(port, "127.0.0.1").keepAliveTimeout = keepAliveTimeoutMs;
